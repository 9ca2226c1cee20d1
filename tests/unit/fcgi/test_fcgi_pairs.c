/* SPDX-License-Identifier: MIT */
/* Unit tests of common/fcgi/fcgi_pairs. */
#include "config.h"

#include "common/fcgi/fcgi_pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

/* A length of four bytes, as a row of escapes. */
#define LONG(length) "\x80\x00\x00" length

/* Pairs in a block of their own, so that a look beyond it is noticed. */
struct block {
	uint8_t *bytes;
	struct fcgi_pair_reader reader;
};

static struct block make_block(const void *bytes, size_t length)
{
	struct block block = { .bytes = malloc(length) };

	assert_non_null(block.bytes);
	memcpy(block.bytes, bytes, length);
	block.reader.next = block.bytes;
	block.reader.left = length;
	return block;
}

static void check_pair(
    const struct fcgi_pair *pair, const char *name, const char *value)
{
	assert_int_equal(pair->name_length, strlen(name));
	assert_memory_equal(pair->name, name, strlen(name));
	assert_int_equal(pair->value_length, strlen(value));
	assert_memory_equal(pair->value, value, strlen(value));
}

static void nothing_is_no_pair(void **state)
{
	struct fcgi_pair_reader reader = { NULL, 0 };
	struct fcgi_pair pair;

	(void)state;
	assert_int_equal(fcgi_pair_next(&reader, &pair), 0);
	assert_int_equal(fcgi_pair_next(&reader, &pair), 0);
}

#define BYTES(text) (text), sizeof(text) - 1

static void reads_one_pair(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *name, *value;
	} cases[] = {
		{ BYTES("\0\0"), "", "" },
		{ BYTES("\1\0A"), "A", "" },
		{ BYTES("\0\1x"), "", "x" },
		{ BYTES("\3\5abc12345"), "abc", "12345" },
		/* Four bytes may be used for a short length, too (3.4). */
		{ BYTES(LONG("\3") "\5abc12345"), "abc", "12345" },
		{ BYTES("\3" LONG("\5") "abc12345"), "abc", "12345" },
		{ BYTES(LONG("\3") LONG("\5") "abc12345"), "abc", "12345" },
		{ BYTES(LONG("\0") LONG("\0")), "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct block block =
		    make_block(cases[i].bytes, cases[i].length);
		struct fcgi_pair pair;

		assert_int_equal(fcgi_pair_next(&block.reader, &pair), 1);
		check_pair(&pair, cases[i].name, cases[i].value);
		assert_int_equal(block.reader.left, 0);
		assert_int_equal(fcgi_pair_next(&block.reader, &pair), 0);
		free(block.bytes);
	}
}

static void reads_pairs_in_their_order(void **state)
{
	struct block block =
	    make_block(BYTES("\1\1aA\0\0\2" LONG("\1") "bbB\1\0c"));
	struct fcgi_pair pair;

	(void)state;
	assert_int_equal(fcgi_pair_next(&block.reader, &pair), 1);
	check_pair(&pair, "a", "A");
	assert_int_equal(fcgi_pair_next(&block.reader, &pair), 1);
	check_pair(&pair, "", "");
	assert_int_equal(fcgi_pair_next(&block.reader, &pair), 1);
	check_pair(&pair, "bb", "B");
	assert_int_equal(fcgi_pair_next(&block.reader, &pair), 1);
	check_pair(&pair, "c", "");
	assert_int_equal(fcgi_pair_next(&block.reader, &pair), 0);
	free(block.bytes);
}

/* Writes a length as shortly as it can be; returns its size. */
static size_t put_length(uint8_t *to, size_t length)
{
	if (length < 128) {
		to[0] = (uint8_t)length;
		return 1;
	}
	to[0] = (uint8_t)(0x80 | length >> 24);
	to[1] = (uint8_t)(length >> 16);
	to[2] = (uint8_t)(length >> 8);
	to[3] = (uint8_t)length;
	return 4;
}

/* A pair of `name` times 'n' and `value` times 'v'; returns its size. */
static size_t put_pair(uint8_t *to, size_t name, size_t value)
{
	size_t at = put_length(to, name);

	at += put_length(to + at, value);
	memset(to + at, 'n', name);
	memset(to + at + name, 'v', value);
	return at + name + value;
}

#define LENGTH_MOST 0x012345

static void reads_lengths_of_one_and_four_bytes(void **state)
{
	static const size_t lengths[] = { 0, 1, 126, 127, 128, 129, 255, 256,
		65535, 65536, LENGTH_MOST };
	static uint8_t bytes[2 * (LENGTH_MOST + 4)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(lengths); j++) {
			size_t length = put_pair(bytes, lengths[i], lengths[j]);
			struct fcgi_pair_reader reader = { bytes, length };
			struct fcgi_pair pair;

			assert_int_equal(fcgi_pair_next(&reader, &pair), 1);
			assert_int_equal(pair.name_length, lengths[i]);
			assert_int_equal(pair.value_length, lengths[j]);
			assert_ptr_equal(
			    pair.value, bytes + length - lengths[j]);
			assert_ptr_equal(pair.name, pair.value - lengths[i]);
			assert_int_equal(reader.left, 0);
		}
	}
}

/* Cut anywhere but between pairs: an error, and no look beyond the cut. */
static void refuses_every_cut(void **state)
{
	static const size_t lengths[] = { 0, 3, 127, 128, 300 };
	uint8_t bytes[2 * 304];
	struct fcgi_pair pair;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(lengths); j++) {
			size_t length = put_pair(bytes, lengths[i], lengths[j]);

			for (size_t cut = 1; cut < length; cut++) {
				struct block block = make_block(bytes, cut);

				assert_int_equal(
				    fcgi_pair_next(&block.reader, &pair),
				    -EPROTO);
				free(block.bytes);
			}
		}
	}
}

static void refuses_lengths_beyond_the_end(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{ BYTES("\xff\xff\xff\xff\0") },
		{ BYTES("\0\xff\xff\xff\xff") },
		{ BYTES("\xff\xff\xff\xff\xff\xff\xff\xff") },
		/* Their sum is 2^32 and fits 32 bits no more. */
		{ BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"
			"ab") },
		{ BYTES("\x80\x00\x00\x01\xff\xff\xff\xff"
			"ab") },
		{ BYTES("\2\1ab") },
		{ BYTES("\1\2ab") },
		{ BYTES("\3\0ab") },
		{ BYTES("\0\3ab") },
		{ BYTES("\x7f") },
		{ BYTES("\x80") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct block block =
		    make_block(cases[i].bytes, cases[i].length);
		struct fcgi_pair pair = { .name_length = 47 };

		assert_int_equal(fcgi_pair_next(&block.reader, &pair), -EPROTO);
		assert_int_equal(pair.name_length, 47);
		free(block.bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_no_pair),
		cmocka_unit_test(reads_one_pair),
		cmocka_unit_test(reads_pairs_in_their_order),
		cmocka_unit_test(reads_lengths_of_one_and_four_bytes),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(refuses_lengths_beyond_the_end),
	};

	return cmocka_run_group_tests_name("fcgi_pairs", tests, NULL, NULL);
}
