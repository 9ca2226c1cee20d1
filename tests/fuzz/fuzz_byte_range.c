/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/byte_range. The input is a Range field. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/byte_range.h"

static const uint64_t file_sizes[] = { 0, 1, 2, 500, 1000, UINT64_C(1) << 32,
	INT64_MAX, UINT64_MAX - 1, UINT64_MAX };

/* No two parts touch, none is empty, and all are within the file. */
static void check_parts(const struct byte_range_set *set, uint64_t file_size)
{
	uint64_t sum = 0;

	require(set->count > 0 && set->count <= BYTE_RANGE_PARTS_MAX);
	for (size_t i = 0; i < set->count; i++) {
		const struct byte_range *part = &set->parts[i];
		char text[BYTE_RANGE_CONTENT_RANGE_MAX];

		require(part->length > 0 && part->length <= file_size);
		require(part->first <= file_size - part->length);
		require(part->length <= file_size - sum);
		sum += part->length;
		require(byte_range_format_content_range(
			    text, sizeof(text), part, file_size) == 0);
		for (size_t j = 0; j < i; j++) {
			const struct byte_range *other = &set->parts[j];

			require(part->first > other->first + other->length ||
			    other->first > part->first + part->length);
		}
	}
}

static bool is_same(
    const struct byte_range_set *a, const struct byte_range_set *b)
{
	return a->count == b->count &&
	    memcmp(a->parts, b->parts, a->count * sizeof(a->parts[0])) == 0;
}

/* Parts that are asked for in their plain form give themselves. */
static void check_round_trip(
    const struct byte_range_set *set, uint64_t file_size)
{
	char field[BYTE_RANGE_PARTS_MAX * 48] = "bytes=";
	size_t used = strlen(field);
	struct byte_range_set again;

	for (size_t i = 0; i < set->count; i++) {
		const struct byte_range *part = &set->parts[i];

		used += (size_t)snprintf(field + used, sizeof(field) - used,
		    "%" PRIu64 "-%" PRIu64 ",", part->first,
		    part->first + (part->length - 1));
	}
	require(used < sizeof(field));
	require(byte_range_parse(field, file_size, &again) ==
	    BYTE_RANGE_SATISFIABLE);
	require(is_same(set, &again));
}

static enum byte_range_result check(const char *field, uint64_t file_size)
{
	struct byte_range_set set = { .count = SIZE_MAX };
	enum byte_range_result result =
	    byte_range_parse(field, file_size, &set);

	if (result != BYTE_RANGE_SATISFIABLE) {
		require(set.count == SIZE_MAX);
		return result;
	}
	check_parts(&set, file_size);
	check_round_trip(&set, file_size);
	return result;
}

/* The same with something behind it. */
static enum byte_range_result check_with(
    const char *field, const char *end, uint64_t file_size)
{
	size_t n = strlen(field) + strlen(end) + 1;
	char *longer = malloc(n);
	enum byte_range_result result;

	require(longer != NULL);
	snprintf(longer, n, "%s%s", field, end);
	result = check(longer, file_size);
	free(longer);
	return result;
}

static void check_size(const char *field, uint64_t file_size, bool malformed)
{
	bool ignored = check(field, file_size) == BYTE_RANGE_IGNORED;

	/*
	 * A malformed field is so for every size. One that is not is never
	 * ignored, if it asks for one range of a file that isn't empty.
	 */
	require(!malformed || ignored);
	require(file_size == 0 || strchr(field, ',') || ignored == malformed);
	/* Malformed at the end is malformed, and nothing at the end isn't. */
	require(check_with(field, ",5-4", file_size) == BYTE_RANGE_IGNORED);
	require(ignored ==
	    (check_with(field, ", ,", file_size) == BYTE_RANGE_IGNORED));
}

int fuzz_byte_range(const uint8_t *data, size_t size)
{
	size_t count = sizeof(file_sizes) / sizeof(file_sizes[0]);
	char *field = strndup((const char *)data, size);
	bool malformed;

	require(field != NULL);
	/* One range is ignored for one byte only if it is malformed. */
	malformed =
	    !strchr(field, ',') && check(field, 1) == BYTE_RANGE_IGNORED;
	for (size_t i = 0; i < count; i++)
		check_size(field, file_sizes[i], malformed);
	free(field);
	return 0;
}
