/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/request_place.h"

#include <errno.h>
#include <string.h>

#include "common/file/file_open.h"
#include "common/file/root_folder.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"

/* What a path's fault is called, and the status that it is answered with. */
static const struct {
	int status;
	const char *text;
} faults[] = {
	[PATH_RULE_MALFORMED] = { 400, "missing, or not an absolute path" },
	[PATH_RULE_OUTSIDE] = { 403, "has a \"..\" component" },
	[PATH_RULE_TOO_LONG] = { 404, "path too long" },
};

/* What the request has found before stays, or it would see two trees. */
static int find_folder(struct request *request, struct request_place *ret)
{
	int r;

	if (request->root) {
		ret->root = (struct roots_place){
			.fd = request->root->fd,
			.below = ret->folder + request->root_length,
			.is_local = request->root->is_local,
			.folder = request->root,
		};
		return 0;
	}
	r = roots_find(request->services->roots, ret->folder, &ret->root);
	if (r < 0)
		return r;
	request->root = root_folder_ref(ret->root.folder);
	request->root_length = (size_t)(ret->root.below - ret->folder);
	return 0;
}

static bool find_root(struct request *request, struct request_place *ret,
    struct request_place_fault *ret_fault)
{
	const char *name = request_param(request, "DOCUMENT_ROOT");
	enum path_rule_result rule = path_rule_normalize(
	    name ? name : "", ret->folder, sizeof(ret->folder));
	const char *text = "not at or beneath a --root";
	int r;

	ret_fault->status = 403;
	if (rule != PATH_RULE_OK) {
		ret_fault->status = faults[rule].status;
		text = faults[rule].text;
	} else {
		r = find_folder(request, ret);
		if (r == 0)
			return true;
		if (r == -ENOENT) {
			ret_fault->status = 503;
			text = "its --root is not there now";
		}
	}
	request_param_fault(request, "DOCUMENT_ROOT", text, ret_fault->why);
	return false;
}

bool request_place_shows_hidden(const struct request *request)
{
	const char *dotfiles = request_param(request, "STREAM_DOTFILES");

	return dotfiles && strcmp(dotfiles, "allow") == 0;
}

static bool find_path(const struct request *request, const char *path,
    struct request_place *ret, struct request_place_fault *ret_fault)
{
	enum path_rule_result rule =
	    path_rule_relative(path, ret->path, sizeof(ret->path));

	if (rule != PATH_RULE_OK) {
		ret_fault->status = faults[rule].status;
		strcpy(ret_fault->why, faults[rule].text);
		return false;
	}
	if (!path_rule_is_hidden(ret->path) ||
	    request_place_shows_hidden(request))
		return true;
	ret_fault->status = 404;
	strcpy(ret_fault->why, "hidden, and STREAM_DOTFILES is not \"allow\"");
	return false;
}

bool request_place_find(struct request *request, const char *path,
    struct request_place *ret, struct request_place_fault *ret_fault)
{
	return find_root(request, ret, ret_fault) &&
	    find_path(request, path ? path : request->path, ret, ret_fault);
}

struct file_open_target request_place_target(const struct request_place *place)
{
	return (struct file_open_target){
		.root_fd = place->root.fd,
		.below = place->root.below,
		.path = place->path,
		.is_local = place->root.is_local,
		.root = place->root.folder,
	};
}
