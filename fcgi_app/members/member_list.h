/* SPDX-License-Identifier: MIT */
/* Members while they are being found: a list and the memory of its names. */
#ifndef FCGI_APP_MEMBERS_MEMBER_LIST_H
#define FCGI_APP_MEMBERS_MEMBER_LIST_H

#include <stddef.h>
#include <sys/stat.h>

struct members;
struct memory_budget;

/*
 * An empty list that takes up to `most` members, and its memory out of
 * *budget, which outlives it. NULL: out of memory.
 */
struct members *member_list_new(struct memory_budget *budget, size_t most);

/* NULL is allowed. */
void member_list_free(struct members *members);

/*
 * Adds a regular file or a folder; the name is copied. 0; -E2BIG: there are
 * `most` already; -ENOBUFS: the budget is used up; or -ENOMEM.
 */
int member_list_add(
    struct members *members, const char *name, const struct stat *st);

/* Adds the member that was added last once more. As member_list_add(). */
int member_list_repeat(struct members *members);

/* Takes more bytes out of the budget, up to the list's end. 0 or -ENOBUFS. */
int member_list_reserve(struct members *members, size_t bytes);

/*
 * Says which name an error is about; it is copied. Out of memory it is not
 * said.
 */
void member_list_blame(struct members *members, const char *name);

/* Sorts the members from index `first` on by the bytes of their names. */
void member_list_sort(struct members *members, size_t first);

/* Makes the entity tag of all members. */
void member_list_tag(struct members *members);

/* No more will be added: gives back the room for them. */
void member_list_trim(struct members *members);

#endif
