/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/request_place.h"

#include <stdio.h>
#include <string.h>

#include "common/file/file_open.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"

/* Says that `what` breaks a rule on paths. True if it does. */
static bool breaks_rule(enum path_rule_result rule, const char *what,
    struct request_place_fault *ret)
{
	const char *how = "";

	switch (rule) {
	case PATH_RULE_OK:
		return false;
	case PATH_RULE_MALFORMED:
		ret->status = 400;
		how = "missing or not absolute";
		break;
	case PATH_RULE_OUTSIDE:
		ret->status = 403;
		how = "has a \"..\" in it";
		break;
	case PATH_RULE_TOO_LONG:
		ret->status = 404;
		how = "too long";
		break;
	}
	snprintf(ret->why, sizeof(ret->why), "%s: %s", what, how);
	return true;
}

static bool find_root(const struct request *request, struct request_place *ret,
    struct request_place_fault *ret_fault)
{
	const char *name = request_param(request, "DOCUMENT_ROOT");

	if (breaks_rule(path_rule_normalize(
			    name ? name : "", ret->folder, sizeof(ret->folder)),
		"DOCUMENT_ROOT", ret_fault))
		return false;
	if (roots_find(request->services->roots, ret->folder, &ret->root) == 0)
		return true;
	ret_fault->status = 403;
	strcpy(ret_fault->why, "DOCUMENT_ROOT is beneath no --root");
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
	if (breaks_rule(path_rule_relative(path, ret->path, sizeof(ret->path)),
		"path", ret_fault))
		return false;
	if (!path_rule_is_hidden(ret->path) ||
	    request_place_shows_hidden(request))
		return true;
	ret_fault->status = 404;
	strcpy(ret_fault->why, "hidden, STREAM_DOTFILES is not \"allow\"");
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
