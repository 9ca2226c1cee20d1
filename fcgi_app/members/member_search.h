/* SPDX-License-Identifier: MIT */
/* Finds the files that make up an answer of several, in the thread pool. */
#ifndef FCGI_APP_MEMBERS_MEMBER_SEARCH_H
#define FCGI_APP_MEMBERS_MEMBER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct member_search;
struct members;
struct memory_budget;
struct request_place;

/* Names in a tree have no more components than this. */
#define MEMBER_SEARCH_DEPTH_MAX 64

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
	/* What may not be read is missing, and no error. */
	bool may_miss;
	/* Their entity tag: it takes a while, so it is made in the pool. */
	bool tag;
	/* The digests that are stored with them. */
	bool digests;
	/*
	 * Members, with those that are missing; -E2BIG: there are more, or a
	 * tree is too deep.
	 */
	size_t most;
	/* For the memory of the search and of what it finds; outlives both. */
	struct memory_budget *budget;
};

/*
 * 0 or -errno. The callback owns the members, which are never NULL:
 * member_list_free(). After an error their list must not be used.
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
 * A name must lead to a regular file (with `trees`, or to a folder) beneath the
 * document root, through links too: -ENOENT, -EXDEV …, -EISDIR, or -ENXIO
 * (neither file nor folder) with the name if one does not.
 *
 * In a tree, links to files count as these files; a link to anything else, one
 * that leads nowhere or out of the root, and what is neither file nor folder is
 * left out.
 *
 * What may not be read is missing: members->missing. Without `may_miss` the
 * search ends with -EACCES then, and with the first of them as the name.
 *
 * -ENOBUFS: the memory budget is exhausted.
 *
 * The root of the place must stay open until the search has ended. Returns
 * NULL with errno ENOMEM, or ENOBUFS as above, if it can't begin.
 */
struct member_search *member_search_start(uv_loop_t *loop,
    const struct member_search_params *params, member_search_done_fn *done,
    void *context);

/* `done` will not be called; the search ends soon. */
void member_search_cancel(struct member_search *search);

#endif
