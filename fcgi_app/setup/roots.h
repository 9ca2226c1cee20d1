/* SPDX-License-Identifier: MIT */
/* The folders that may be served. */
#ifndef FCGI_APP_SETUP_ROOTS_H
#define FCGI_APP_SETUP_ROOTS_H

#include <stdbool.h>
#include <stddef.h>

struct options;
struct root_folder;
struct roots;

/*
 * Opens each --root. A mistake is logged with the option's value; NULL then. A
 * warning names each that this process may not enter. Blocks.
 */
struct roots *roots_open(const struct options *options);

/* NULL is allowed. */
void roots_close(struct roots *roots);

/* Where a DOCUMENT_ROOT lies. */
struct roots_place {
	int fd;            /* of the root, O_PATH; stays the folder's */
	const char *below; /* the rest of the name, "" for the root itself */
	/* Its file system is known to be a disk or memory of this machine. */
	bool is_local;
	/* Stays the roots'; for later use it takes a reference. */
	struct root_folder *folder;
};

/*
 * Finds the innermost root that `document_root`, normalised by
 * path_rule_normalize(), is or lies beneath. `below` points into
 * `document_root`. Returns 0; -EXDEV if no root has it; or -ENOENT if the root
 * that has it is not there now.
 */
int roots_find(const struct roots *roots, const char *document_root,
    struct roots_place *ret_place);

/* --- for root_watch.c ----------------------------------------------------- */

size_t roots_count(const struct roots *roots);

/* Returns the name of a root as --root has it. */
const char *roots_name(const struct roots *roots, size_t root);

/* Returns where it leads, which stays the roots', or NULL: nowhere. */
struct root_folder *roots_folder(const struct roots *roots, size_t root);

/*
 * Lets a root lead to `folder`, which it takes over, or to NULL, nowhere.
 * Returns the one before, for the caller to root_folder_unref(). What runs
 * beneath it is not disturbed.
 */
struct root_folder *roots_exchange(
    struct roots *roots, size_t root, struct root_folder *folder);

/* Logs, for the operator, that this process may not enter a root's folder. */
void roots_warn_closed(const struct roots *roots, size_t root);

#endif
