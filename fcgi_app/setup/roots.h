/* SPDX-License-Identifier: MIT */
/* The folders that may be served, opened once at the start. */
#ifndef FCGI_APP_SETUP_ROOTS_H
#define FCGI_APP_SETUP_ROOTS_H

#include <stdbool.h>
#include <stddef.h>

struct options;
struct roots;

/*
 * Opens each --root. A mistake is logged with the option's value; NULL then.
 */
struct roots *roots_open(const struct options *options);

/* NULL is allowed. */
void roots_close(struct roots *roots);

/* Where a DOCUMENT_ROOT lies. */
struct roots_place {
	int fd;            /* of the root, O_PATH; stays the roots' */
	const char *below; /* the rest of the name, "" for the root itself */
	/* Its file system is known to be a disk or memory of this machine. */
	bool is_local;
};

/*
 * Finds the innermost root that `document_root`, normalised by
 * path_rule_normalize(), is or lies beneath. `below` points into
 * `document_root`. Returns 0, or -EXDEV if no root has it.
 */
int roots_find(const struct roots *roots, const char *document_root,
    struct roots_place *ret_place);

#endif
