/* SPDX-License-Identifier: MIT */
/*
 * A member costs its struct, its name and, where it has one, its digest: these
 * stand one after another in blocks, the first of which is small, for the many
 * requests that have few.
 */
#include "config.h"
#include "fcgi_app/members/member_list.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "common/memory_budget.h"
#include "common/min.h"
#include "fcgi_app/members/parts_etag.h"
#include "fcgi_app/policy/digest_record.h"

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
	size_t room;         /* members that fit in members.list */
	size_t missing_room; /* names that fit in members.missing */
	size_t most;
	struct memory_budget *budget;
	size_t held;          /* bytes out of it */
	struct block *blocks; /* the one being filled first */
};

static struct member_list *self(struct members *members)
{
	return container_of(members, struct member_list, members);
}

/* Takes bytes out of the budget until the list is freed. */
static int hold(struct member_list *list, size_t bytes)
{
	if (!memory_budget_take(list->budget, bytes))
		return -ENOBUFS;
	list->held += bytes;
	return 0;
}

static void give_back(struct member_list *list, size_t bytes)
{
	memory_budget_give_back(list->budget, bytes);
	list->held -= bytes;
}

int member_list_reserve(struct members *members, size_t bytes)
{
	return hold(self(members), bytes);
}

struct members *member_list_new(struct memory_budget *budget, size_t most)
{
	struct member_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->most = most;
	list->budget = budget;
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
	give_back(list, list->held);
	free(members->list);
	free(members->missing);
	free(list);
}

/* --- names and digests
 * ---------------------------------------------------------------- */

/* Puts a block in front. Returns 0, -ENOBUFS or -ENOMEM. */
static int add_block(struct member_list *list, size_t size)
{
	struct block *block;
	int r = hold(list, sizeof(*block) + size);

	if (r < 0)
		return r;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return -ENOMEM;
	block->next = list->blocks;
	block->size = size;
	block->used = 0;
	list->blocks = block;
	return 0;
}

/* Makes sure that the first block has room for `size` bytes. */
static int find_block(struct member_list *list, size_t size)
{
	const struct block *block = list->blocks;
	size_t room = BLOCK_MIN;

	if (block && block->size - block->used >= size)
		return 0;
	if (block)
		room = block->size < BLOCK_MAX ? 2 * block->size : BLOCK_MAX;
	return add_block(list, room > size ? room : size);
}

/* Returns 0, -ENOBUFS or -ENOMEM. */
static int copy_bytes(struct member_list *list, const void *bytes, size_t size,
    const void **ret_copy)
{
	int r = find_block(list, size);

	if (r < 0)
		return r;
	*ret_copy =
	    memcpy(list->blocks->text + list->blocks->used, bytes, size);
	list->blocks->used += size;
	return 0;
}

/* --- members -------------------------------------------------------------- */

static int set_room(struct member_list *list, size_t room)
{
	size_t more = room > list->room ? room - list->room : 0;
	struct member *grown;
	int r = hold(list, more * sizeof(*grown));

	if (r < 0)
		return r;
	grown = reallocarray(list->members.list, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	if (room < list->room)
		give_back(list, (list->room - room) * sizeof(*grown));
	list->members.list = grown;
	list->room = room;
	return 0;
}

static bool is_full(const struct member_list *list)
{
	return list->members.count + list->members.missing_count >= list->most;
}

static int make_room(struct member_list *list)
{
	size_t room = list->room > 0 ? 2 * list->room : LIST_MIN;

	if (is_full(list))
		return -E2BIG;
	if (list->members.count < list->room)
		return 0;
	return set_room(list, size_min(room, list->most));
}

struct etag_content member_content(const struct member *member)
{
	return (struct etag_content){
		.version = file_version_of_identity(&member->file),
		.sha256 = member->sha256,
	};
}

int member_list_add(struct members *members, const char *name,
    const struct stat *st, const uint8_t *sha256)
{
	struct member_list *list = self(members);
	const void *copy = NULL, *digest = NULL;
	int r = make_room(list);

	if (r == 0)
		r = copy_bytes(list, name, strlen(name) + 1, &copy);
	if (r == 0 && sha256)
		r = copy_bytes(list, sha256, DIGEST_SHA256_SIZE, &digest);
	if (r < 0)
		return r;
	members->list[members->count++] = (struct member){
		.name = copy,
		.file = file_identity_of_stat(st),
		.sha256 = digest,
		.mode = st->st_mode,
	};
	if (!S_ISREG(st->st_mode))
		members->list[members->count - 1].file.size = 0;
	return 0;
}

int member_list_repeat(struct members *members)
{
	int r = make_room(self(members));

	if (r < 0)
		return r;
	assert(members->count > 0);
	members->list[members->count] = members->list[members->count - 1];
	members->count++;
	return 0;
}

void member_list_tag(struct members *members)
{
	struct parts_etag tag;

	parts_etag_init(&tag);
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];
		const struct etag_content content = member_content(member);

		parts_etag_add(&tag, member->name, &content);
	}
	parts_etag_format(&tag, members->etag);
}

void member_list_blame(struct members *members, const char *name)
{
	const void *copy;

	if (copy_bytes(self(members), name, strlen(name) + 1, &copy) == 0)
		members->failed = copy;
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
	size_t count = members->count + (members->missing_count > 0);

	/* Its failure only leaves the list as large as it is. */
	if (count > 0)
		set_room(self(members), count);
}

/* --- names that are missing ----------------------------------------------- */

static int make_missing_room(struct member_list *list)
{
	size_t room =
	    list->missing_room > 0 ? 2 * list->missing_room : LIST_MIN;
	const char **grown;
	int r;

	if (is_full(list))
		return -E2BIG;
	if (list->members.missing_count < list->missing_room)
		return 0;
	r = hold(list, (room - list->missing_room) * sizeof(*grown));
	if (r < 0)
		return r;
	grown = reallocarray(list->members.missing, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->members.missing = grown;
	list->missing_room = room;
	return 0;
}

int member_list_miss(struct members *members, const char *name, bool is_folder)
{
	struct member_list *list = self(members);
	size_t length = strlen(name);
	int r = make_missing_room(list);
	char *copy;

	if (r == 0)
		r = find_block(list, length + is_folder + 1);
	if (r < 0)
		return r;
	copy = list->blocks->text + list->blocks->used;
	strcpy(stpcpy(copy, name), is_folder ? "/" : "");
	list->blocks->used += length + is_folder + 1;
	members->missing[members->missing_count++] = copy;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void member_list_order_missing(struct members *members)
{
	size_t count = 0;

	if (members->missing_count == 0)
		return;
	qsort(members->missing, members->missing_count,
	    sizeof(*members->missing), compare_names);
	for (size_t i = 0; i < members->missing_count; i++)
		if (i == 0 ||
		    strcmp(members->missing[i], members->missing[i - 1]) != 0)
			members->missing[count++] = members->missing[i];
	members->missing_count = count;
}

/* --- names that came more than once --------------------------------------- */

/*
 * A table of numbers of members, from 1 on, found by a hash of their names. It
 * is at most half full, and hashed with a secret, so nobody can make up names
 * that all meet in one place.
 */
struct table {
	const struct members *members;
	size_t mask;
	uint32_t *numbers; /* 0: free */
	unsigned char secret[crypto_shorthash_KEYBYTES];
};

_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "one word");

static uint64_t hash(const struct table *table, const char *name)
{
	uint64_t value;

	crypto_shorthash((unsigned char *)&value, (const unsigned char *)name,
	    strlen(name), table->secret);
	return value;
}

/* Adds member `index`. Returns false if its name is there already. */
static bool add(struct table *table, size_t index)
{
	const struct member *list = table->members->list;
	const char *name = list[index].name;
	size_t at = hash(table, name) & table->mask;

	for (; table->numbers[at] != 0; at = (at + 1) & table->mask)
		if (strcmp(list[table->numbers[at] - 1].name, name) == 0)
			return false;
	table->numbers[at] = (uint32_t)index + 1;
	return true;
}

int member_list_unite(struct members *members)
{
	struct table table = { .members = members };
	size_t size = 16;
	size_t count = 0;

	while (size < 2 * members->count)
		size *= 2;
	table.mask = size - 1;
	table.numbers = calloc(size, sizeof(table.numbers[0]));
	if (!table.numbers)
		return -ENOMEM;
	randombytes_buf(table.secret, sizeof(table.secret));
	for (size_t i = 0; i < members->count; i++) {
		members->list[count] = members->list[i];
		if (add(&table, count))
			count++;
	}
	members->count = count;
	free(table.numbers);
	return 0;
}
