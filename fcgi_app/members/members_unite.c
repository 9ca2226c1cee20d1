/* SPDX-License-Identifier: MIT */
/*
 * A table of numbers of members, from 1 on, found by a hash of their names. It
 * is at most half full, and hashed with a secret: names that all meet in one
 * place can't be made up.
 */
#include "config.h"
#include "fcgi_app/members/members_unite.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/members/member_search.h"

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

/* Adds member `index`; false: its name is there already. */
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

int members_unite(struct members *members)
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
