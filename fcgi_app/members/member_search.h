/* SPDX-License-Identifier: MIT */
/* The files that make up an answer of several: found in the thread pool. */
#ifndef FCGI_APP_MEMBERS_MEMBER_SEARCH_H
#define FCGI_APP_MEMBERS_MEMBER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <uv.h>

#include "common/file/file_identity.h"
#include "fcgi_app/policy/etag.h"

struct member_search;
struct memory_budget;
struct request_place;

/* Names in a tree have no more components than this. */
#define MEMBERS_DEPTH_MAX 64

/* What a member was when it was found: a regular file or a folder. */
struct member {
	/*
	 * Relative to the folder that was searched: no slash in front or at
	 * the end, no "." and no ".." in it. One that was asked for several
	 * times on end is the same pointer.
	 */
	const char *name;
	struct file_identity file; /* the size of a folder is 0 */
	mode_t mode;
};

/* In the order that was asked for; a tree in the order of its names' bytes. */
struct members {
	size_t count;
	struct member *list;
	/*
	 * In case of an error: the name it is about; NULL: it is about the
	 * folder that was searched.
	 */
	const char *failed;
	/* If it was wished: a strong one over all of them, in their order. */
	char etag[ETAG_MAX];
};

/* What to look for. All is copied. */
struct member_search_params {
	/* The folder, beneath its document root. */
	const struct request_place *place;
	/* Names in it, in the form of a member's; NULL: all that is in it. */
	const char *const *names;
	size_t name_count;
	/* Folders are members, and so is all that is in them. */
	bool trees;
	/* Names in a tree that begin with a dot are members too. */
	bool hidden;
	/* Their entity tag: it takes a while, so it is made in the pool. */
	bool tag;
	/* Members; -E2BIG: there are more, or a tree is too deep. */
	size_t most;
	/* For the memory of the search and of what it finds; outlives both. */
	struct memory_budget *budget;
};

/*
 * 0 or -errno. The members, never NULL, belong to whoever is told:
 * members_free(). After an error their list is of no use.
 */
typedef void member_search_done_fn(
    void *context, int error, struct members *members);

/*
 * Looks for them in the thread pool of `loop`; `done` is called from the loop,
 * never from inside this call. No more than three descriptors are open at once.
 *
 * A name that equals the one before it is not looked up again. Only files and
 * folders are opened: a named pipe's writer must not take this for a reader.
 *
 * A name must lead to a regular file that can be read (with `trees`, or to a
 * folder) beneath the document root, through links too: -ENOENT, -EACCES,
 * -EXDEV …, -EISDIR, or -ENXIO (neither file nor folder) with the name if one
 * does not.
 *
 * In a tree, links to files count as these files; a link to anything else, one
 * that leads nowhere or out of the root, and what is neither file nor folder is
 * left out. A file or folder in it that can't be read is an error: -EACCES.
 *
 * -ENOBUFS: the budget does not last.
 *
 * The root of the place must stay open until it has ended. NULL, and an errno:
 * ENOMEM, or ENOBUFS as above.
 */
struct member_search *member_search_start(uv_loop_t *loop,
    const struct member_search_params *wish, member_search_done_fn *done,
    void *context);

/* `done` will not be called; the search ends soon. */
void member_search_cancel(struct member_search *search);

/*
 * Counts bytes that somebody keeps for the members, out of their budget, until
 * they are freed. 0 or -ENOBUFS.
 */
int members_reserve(struct members *members, size_t bytes);

/* NULL is allowed. */
void members_free(struct members *members);

#endif
