/* SPDX-License-Identifier: MIT */
/* Where a request leads: its document root, and the path beneath that. */
#ifndef FCGI_APP_REQUEST_REQUEST_PLACE_H
#define FCGI_APP_REQUEST_REQUEST_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "fcgi_app/request/request.h"
#include "fcgi_app/setup/roots.h"

struct file_open_target;

/* A place; `root.below` points into `folder`, so it must not be copied. */
struct request_place {
	struct roots_place root;
	char folder[PATH_MAX]; /* DOCUMENT_ROOT, normal */
	/* From path_rule_relative(): with a slash at its end if it had one. */
	char path[PATH_MAX];
};

/* Why a request leads nowhere. */
struct request_place_fault {
	int status; /* of the response */
	char why[REQUEST_FAULT_MAX];
};

/*
 * Finds the document root of the request, which must be at or beneath a --root
 * (403) that is there (503), and `path`, in the form of a request's (NULL: the
 * request's own), beneath it. All places of a request are beneath the folder
 * that the root was when it was first asked. Hidden names are 404 unless
 * STREAM_DOTFILES is "allow". Returns false, with the reason in *ret_fault, if
 * there is no such place.
 */
bool request_place_find(struct request *request, const char *path,
    struct request_place *ret, struct request_place_fault *ret_fault);

/* Returns whether names that begin with a dot may be seen (STREAM_DOTFILES). */
bool request_place_shows_hidden(const struct request *request);

/*
 * Returns what to open for it; the target points into `place`, and its root is
 * the request's.
 */
struct file_open_target request_place_target(const struct request_place *place);

#endif
