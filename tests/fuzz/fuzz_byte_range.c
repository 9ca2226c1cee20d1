/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/byte_range. The input is a Range field. */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/policy/byte_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t file_sizes[] = { 0, 1, 2, 500, 1000, UINT64_C(1) << 32,
	INT64_MAX, UINT64_MAX - 1, UINT64_MAX };

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* A range that is asked for in its plain form gives itself. */
static void check_round_trip(const struct byte_range *range, uint64_t file_size)
{
	struct byte_range again = { 0, 0 };
	char field[64];

	snprintf(field, sizeof(field), "bytes=%" PRIu64 "-%" PRIu64,
	    range->first, range->first + (range->length - 1));
	require(byte_range_parse(field, file_size, &again) ==
	    BYTE_RANGE_SATISFIABLE);
	require(again.first == range->first && again.length == range->length);
}

static enum byte_range_result check(const char *field, uint64_t file_size)
{
	struct byte_range range = { 0, 0 };
	char text[BYTE_RANGE_CONTENT_RANGE_MAX];
	enum byte_range_result result =
	    byte_range_parse(field, file_size, &range);

	if (result != BYTE_RANGE_SATISFIABLE) {
		require(range.first == 0 && range.length == 0);
		return result;
	}
	require(range.length > 0 && range.length <= file_size);
	require(range.first <= file_size - range.length);
	require(byte_range_format_content_range(
		    text, sizeof(text), &range, file_size) == 0);
	check_round_trip(&range, file_size);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = sizeof(file_sizes) / sizeof(file_sizes[0]);
	char *field = strndup((const char *)data, size);
	bool malformed;

	require(field != NULL);
	/* A field is malformed for every size, or for none that isn't empty. */
	malformed = check(field, 1) == BYTE_RANGE_IGNORED;
	for (size_t i = 0; i < count; i++) {
		bool ignored =
		    check(field, file_sizes[i]) == BYTE_RANGE_IGNORED;

		require(file_sizes[i] == 0 || ignored == malformed);
		require(!malformed || ignored);
	}
	free(field);
	return 0;
}
