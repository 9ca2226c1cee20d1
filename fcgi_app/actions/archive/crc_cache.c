/* SPDX-License-Identifier: MIT */
/*
 * A hash table over slots in an array. The key is hashed to 128 bits with a
 * secret, so that nobody can make two files that share one; only the hash is
 * kept. Slots are linked by their numbers, in chains and by age; 0 is the end
 * of a list, and slot 0 holds the ends of the list by age.
 *
 * The array is not touched before it is used: a worker that makes no zip
 * archives does not pay for it.
 */
#include "config.h"
#include "fcgi_app/actions/archive/crc_cache.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/members/member_list.h"

struct slot {
	uint64_t hash[2];
	struct crc_state state;
	uint32_t chained; /* the next with the same bucket */
	uint32_t newer;
	uint32_t older;
};

struct crc_cache {
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	uint32_t most;
	uint32_t used;
	uint32_t mask;
	struct slot *slots;
	uint32_t *buckets; /* numbers of slots */
};

_Static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(uint64_t[2]),
    "a hash is two words");

static void hash(
    const struct crc_cache *cache, const struct member *member, uint64_t ret[2])
{
	uint64_t key[FILE_IDENTITY_WORDS];

	file_identity_pack(&member->file, key);
	crypto_shorthash_siphashx24((unsigned char *)ret,
	    (const unsigned char *)key, sizeof(key), cache->secret);
}

static uint32_t *bucket(const struct crc_cache *cache, const uint64_t hash[2])
{
	return &cache->buckets[hash[0] & cache->mask];
}

/* --- by age --------------------------------------------------------------- */

static void unlink_slot(struct crc_cache *cache, uint32_t number)
{
	const struct slot *slot = &cache->slots[number];

	cache->slots[slot->newer].older = slot->older;
	cache->slots[slot->older].newer = slot->newer;
}

static void link_newest(struct crc_cache *cache, uint32_t number)
{
	struct slot *ends = &cache->slots[0];
	struct slot *slot = &cache->slots[number];

	slot->newer = 0;
	slot->older = ends->older;
	cache->slots[ends->older].newer = number;
	ends->older = number;
}

/* --- chains --------------------------------------------------------------- */

/* Returns the slot of a file, the newest from now on; 0 if it has none. */
static uint32_t use(struct crc_cache *cache, const uint64_t key[2])
{
	uint32_t number = *bucket(cache, key);

	while (number != 0 &&
	    memcmp(cache->slots[number].hash, key, 2 * sizeof(*key)) != 0)
		number = cache->slots[number].chained;
	if (number != 0) {
		unlink_slot(cache, number);
		link_newest(cache, number);
	}
	return number;
}

/*
 * Returns a slot that is in no list: an unused one, else that of the oldest
 * file.
 */
static uint32_t take_slot(struct crc_cache *cache)
{
	uint32_t number;
	uint32_t *at;

	if (cache->used < cache->most)
		return ++cache->used;
	number = cache->slots[0].newer;
	at = bucket(cache, cache->slots[number].hash);
	while (*at != number)
		at = &cache->slots[*at].chained;
	*at = cache->slots[number].chained;
	unlink_slot(cache, number);
	return number;
}

/* --- the interface -------------------------------------------------------- */

static uint32_t power_of_two(size_t least)
{
	uint32_t power = 1;

	while (power < least)
		power *= 2;
	return power;
}

struct crc_cache *crc_cache_new(size_t most)
{
	struct crc_cache *cache = calloc(1, sizeof(*cache));
	uint32_t buckets = power_of_two(most);

	assert(most > 0 && most <= INT32_MAX);
	if (!cache)
		return NULL;
	cache->most = (uint32_t)most;
	cache->mask = buckets - 1;
	cache->slots = calloc(most + 1, sizeof(cache->slots[0]));
	cache->buckets = calloc(buckets, sizeof(cache->buckets[0]));
	if (!cache->slots || !cache->buckets) {
		crc_cache_free(cache);
		return NULL;
	}
	randombytes_buf(cache->secret, sizeof(cache->secret));
	return cache;
}

void crc_cache_free(struct crc_cache *cache)
{
	if (!cache)
		return;
	free(cache->slots);
	free(cache->buckets);
	free(cache);
}

struct crc_state crc_cache_find(
    struct crc_cache *cache, const struct member *member)
{
	uint64_t key[2];

	hash(cache, member, key);
	/* The state of slot 0, which is no file's, is that nothing is known. */
	return cache->slots[use(cache, key)].state;
}

static uint32_t add_slot(struct crc_cache *cache, const uint64_t key[2])
{
	uint32_t number = take_slot(cache);
	struct slot *slot = &cache->slots[number];

	memcpy(slot->hash, key, sizeof(slot->hash));
	slot->state = (struct crc_state){ 0 };
	slot->chained = *bucket(cache, key);
	*bucket(cache, key) = number;
	link_newest(cache, number);
	return number;
}

void crc_cache_add(struct crc_cache *cache, const struct member *member,
    const struct crc_state *state)
{
	uint64_t key[2];
	uint32_t number;

	if (state->fresh)
		return;
	hash(cache, member, key);
	number = use(cache, key);
	if (number == 0)
		number = add_slot(cache, key);
	if (cache->slots[number].state.offset <= state->offset)
		cache->slots[number].state = *state;
}
