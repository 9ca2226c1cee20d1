/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/request_place.h"

#include <string.h>

#include "common/file/file_open.h"
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

static bool find_root(const struct request *request, struct request_place *ret,
    struct request_place_fault *ret_fault)
{
	const char *name = request_param(request, "DOCUMENT_ROOT");
	enum path_rule_result rule = path_rule_normalize(
	    name ? name : "", ret->folder, sizeof(ret->folder));
	const char *text = "not at or beneath a --root";

	if (rule == PATH_RULE_OK &&
	    roots_find(request->services->roots, ret->folder, &ret->root) == 0)
		return true;
	ret_fault->status = 403;
	if (rule != PATH_RULE_OK) {
		ret_fault->status = faults[rule].status;
		text = faults[rule].text;
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

bool request_place_find(const struct request *request, const char *path,
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
	};
}
