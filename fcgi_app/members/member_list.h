/* SPDX-License-Identifier: MIT */
/* The files that an answer is made of, and the memory of their names. */
#ifndef FCGI_APP_MEMBERS_MEMBER_LIST_H
#define FCGI_APP_MEMBERS_MEMBER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/file/file_identity.h"
#include "fcgi_app/policy/etag.h"

struct memory_budget;

/* What a member was when it was found: a regular file or a folder. */
struct member {
	/*
	 * Relative to the folder that was searched: no slash in front or at
	 * the end, no "." and no ".." in it. One that was asked for several
	 * times in a row is the same pointer.
	 */
	const char *name;
	struct file_identity file; /* the size of a folder is 0 */
	/* The digest stored with it; NULL: not known, or not asked for. */
	const uint8_t *sha256;
	mode_t mode;
	/*
	 * Another file with the same content has been opened in its place, or
	 * it has changed otherwise since: nothing is to be remembered of it.
	 */
	bool replaced;
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
	/* Those that can't be read, see member_list_miss(). */
	size_t missing_count;
	const char **missing;
	/* Of member_list_tag(): a strong one over all of them, in order. */
	char etag[ETAG_MAX];
};

/*
 * Returns an empty list that takes up to `most` members, and its memory out of
 * *budget, which outlives it; NULL if out of memory.
 */
struct members *member_list_new(struct memory_budget *budget, size_t most);

/* NULL is allowed. */
void member_list_free(struct members *members);

/* Returns what clients take for its content. */
struct etag_content member_content(const struct member *member);

/*
 * Adds a regular file or a folder; name and digest (NULL: none) are copied.
 * Returns 0; -E2BIG: there are `most` already; -ENOBUFS: the memory budget is
 * exhausted; or -ENOMEM.
 */
int member_list_add(struct members *members, const char *name,
    const struct stat *st, const uint8_t *sha256);

/*
 * Notes a name that would be a member, but can't be read; it is copied, with a
 * slash after that of a folder. Same contract as member_list_add(): missing
 * ones count.
 */
int member_list_miss(struct members *members, const char *name, bool is_folder);

/* Sorts the names that are missing by their bytes; each stays once. */
void member_list_order_missing(struct members *members);

/* Adds the last member once more. Same contract as member_list_add(). */
int member_list_repeat(struct members *members);

/*
 * Counts bytes that somebody keeps for the members, out of their budget, until
 * they are freed. Returns 0 or -ENOBUFS.
 */
int member_list_reserve(struct members *members, size_t bytes);

/* Sets the name that an error is about, a copy; without memory for it, none. */
void member_list_blame(struct members *members, const char *name);

/* Sorts the members from index `first` on by the bytes of their names. */
void member_list_sort(struct members *members, size_t first);

/*
 * Keeps only the first of all members with the same name; the order stays.
 * Returns 0, or -ENOMEM with all members still there.
 */
int member_list_unite(struct members *members);

/* Makes the entity tag of all members. */
void member_list_tag(struct members *members);

/*
 * No more will be added, but for one if some are missing: gives back the room
 * for them.
 */
void member_list_trim(struct members *members);

#endif
