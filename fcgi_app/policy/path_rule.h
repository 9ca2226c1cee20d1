/* SPDX-License-Identifier: MIT */
/*
 * Rules for paths, on text alone: which paths of a request and which document
 * roots are acceptable, and in what form they go to openat2(2).
 *
 * These rules keep the logs and the answers clear; it is the kernel that keeps
 * a file beneath its root (RESOLVE_BENEATH), symbolic links included.
 * A path is bytes here: '%' is no escape, and no encoding is assumed.
 */
#ifndef FCGI_APP_POLICY_PATH_RULE_H
#define FCGI_APP_POLICY_PATH_RULE_H

#include <stdbool.h>
#include <stddef.h>

enum path_rule_result {
	PATH_RULE_OK,
	PATH_RULE_MALFORMED, /* not an absolute path: 400 */
	PATH_RULE_OUTSIDE,   /* leads, or may lead, out of the root: 403 */
	PATH_RULE_TOO_LONG   /* no file can have that name: 404 */
};

/*
 * Brings a folder's absolute path (DOCUMENT_ROOT, --root) into its one normal
 * form: doubled slashes, "." components and the slash at the end removed.
 *
 * ret: size bytes; PATH_MAX is always enough. Untouched unless PATH_RULE_OK.
 * A ".." component gives PATH_RULE_OUTSIDE, since its meaning depends on
 * symbolic links. A component above NAME_MAX bytes, or a result that does not
 * fit into size or PATH_MAX with its NUL, gives PATH_RULE_TOO_LONG.
 */
enum path_rule_result path_rule_normalize(
    const char *path, char *ret, size_t size);

/*
 * Returns PATH_RULE_OK if document_root is root or a folder beneath it, by
 * whole components (/srv/ab is not beneath /srv/a), else PATH_RULE_OUTSIDE.
 * Both are normalized.
 *
 * *ret_rest: the part of document_root below root, without a leading slash, ""
 * if they are the same. It points into document_root.
 */
enum path_rule_result path_rule_below(
    const char *root, const char *document_root, const char **ret_rest);

/*
 * Turns the path of a request, already percent-decoded by the front, into a
 * path relative to the document root: no slash in front, doubled slashes and
 * "." components removed, "." for the root itself.
 *
 * A slash at the end is kept, and so is the meaning of "/." there, so that the
 * open of "file/" fails with ENOTDIR as it does everywhere else.
 *
 * ret and the results: as path_rule_normalize().
 */
enum path_rule_result path_rule_relative(
    const char *path, char *ret, size_t size);

/*
 * Returns whether a path from path_rule_relative() names a folder: the root
 * itself, or it has a slash at the end.
 */
bool path_rule_is_folder(const char *relative);

/*
 * Returns whether a component of a path from path_rule_relative() begins with a
 * dot, as ls(1) hides them.
 */
bool path_rule_is_hidden(const char *relative);

/*
 * Appends a name, such as that of a folder's index, to a folder's path from
 * path_rule_relative(), which may lack its slash: the text of `name` up to
 * `length`.
 *
 * ret: as path_rule_normalize(). A name that is empty, "." or "..", or has a
 * slash in it, gives PATH_RULE_MALFORMED.
 */
enum path_rule_result path_rule_in_folder(const char *relative,
    const char *name, size_t length, char *ret, size_t size);

/*
 * Appends a relative path, of one component or more, to a folder's path from
 * path_rule_relative(), which may lack its slash.
 *
 * name: not looked at; see name_list.h for one that a client sent.
 * ret: as path_rule_normalize(); PATH_RULE_OK or PATH_RULE_TOO_LONG.
 */
enum path_rule_result path_rule_join(
    const char *relative, const char *name, char *ret, size_t size);

/* Returns how many components a relative path has that is none of a folder. */
size_t path_rule_depth(const char *path);

#endif
