/* SPDX-License-Identifier: MIT */
/*
 * A member costs its struct and its name: the names stand one behind another
 * in blocks, the first of which is small, for the many requests that have few.
 */
#include "config.h"
#include "fcgi_app/member_list.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "fcgi_app/members.h"

/* The bytes of the first block, and of any from the seventh on. */
#define BLOCK_MIN ((size_t)1 << 10)
#define BLOCK_MAX ((size_t)64 << 10)
/* Room for members in the first list; it is doubled as it fills. */
#define LIST_MIN ((size_t)8)

struct block {
	struct block *next;
	size_t size; /* bytes of text */
	size_t used;
	char text[];
};

struct member_list {
	struct members members;
	size_t room; /* members that fit in members.list */
	size_t most;
	struct block *blocks; /* the one being filled first */
};

static struct member_list *self(struct members *members)
{
	return container_of(members, struct member_list, members);
}

struct members *member_list_new(size_t most)
{
	struct member_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->most = most;
	return &list->members;
}

void member_list_free(struct members *members)
{
	struct member_list *list;

	if (!members)
		return;
	list = self(members);
	while (list->blocks) {
		struct block *block = list->blocks;

		list->blocks = block->next;
		free(block);
	}
	free(members->list);
	free(list);
}

/* --- names ---------------------------------------------------------------- */

/* A block with room for `size` bytes; NULL: out of memory. */
static struct block *find_block(struct member_list *list, size_t size)
{
	struct block *block = list->blocks;
	size_t room = BLOCK_MIN;

	if (block && block->size - block->used >= size)
		return block;
	if (block)
		room = block->size < BLOCK_MAX ? 2 * block->size : BLOCK_MAX;
	if (room < size)
		room = size;
	block = malloc(sizeof(*block) + room);
	if (!block)
		return NULL;
	block->next = list->blocks;
	block->size = room;
	block->used = 0;
	list->blocks = block;
	return block;
}

static const char *copy_name(struct member_list *list, const char *name)
{
	size_t size = strlen(name) + 1;
	struct block *block = find_block(list, size);
	char *copy;

	if (!block)
		return NULL;
	copy = block->text + block->used;
	memcpy(copy, name, size);
	block->used += size;
	return copy;
}

/* --- members -------------------------------------------------------------- */

static int set_room(struct member_list *list, size_t room)
{
	struct member *grown =
	    reallocarray(list->members.list, room, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->members.list = grown;
	list->room = room;
	return 0;
}

static int make_room(struct member_list *list)
{
	size_t room = list->room > 0 ? 2 * list->room : LIST_MIN;

	if (list->members.count >= list->most)
		return -E2BIG;
	if (list->members.count < list->room)
		return 0;
	return set_room(list, room < list->most ? room : list->most);
}

int member_list_add(
    struct members *members, const char *name, const struct stat *st)
{
	struct member_list *list = self(members);
	int r = make_room(list);
	const char *copy;

	if (r < 0)
		return r;
	copy = copy_name(list, name);
	if (!copy)
		return -ENOMEM;
	members->list[members->count++] = (struct member){
		.name = copy,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
		.device = st->st_dev,
		.inode = st->st_ino,
		.mode = st->st_mode,
	};
	return 0;
}

void member_list_blame(struct members *members, const char *name)
{
	members->failed = copy_name(self(members), name);
}

static int compare(const void *a, const void *b)
{
	const struct member *one = a;
	const struct member *other = b;

	return strcmp(one->name, other->name);
}

void member_list_sort(struct members *members, size_t first)
{
	if (members->count > first + 1)
		qsort(members->list + first, members->count - first,
		    sizeof(*members->list), compare);
}

void member_list_trim(struct members *members)
{
	/* That less memory can't be had is no harm. */
	if (members->count > 0)
		set_room(self(members), members->count);
}
