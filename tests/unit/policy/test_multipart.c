/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/multipart. */
#include "config.h"

#include "fcgi_app/policy/multipart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/policy/byte_range.h"
#include "tests/unit/support/unit.h"

/* Of the bytes 0x00, 0x11 to 0xff */
#define BOUNDARY "00112233445566778899aabbccddeeff"

static void boundaries(void **state)
{
	uint8_t random[MULTIPART_RANDOM_SIZE];
	char boundary[MULTIPART_BOUNDARY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)(0x11 * i);
	multipart_boundary(random, boundary);
	assert_string_equal(boundary, BOUNDARY);
	memset(random, 0, sizeof(random));
	multipart_boundary(random, boundary);
	assert_string_equal(boundary, "00000000000000000000000000000000");
	/* RFC 2046, 5.1.1 */
	assert_true(MULTIPART_BOUNDARY_MAX - 1 <= 70);
}

static const struct byte_range_set two = {
	.count = 2,
	.parts = { { 500, 500 }, { 7000, 1000 } },
};

static const struct {
	const char *type;
	size_t index;
	const char *text;
} delimiters[] = {
	/* RFC 9110, 15.3.7.2 has this one as its example. */
	{ "application/pdf", 0,
	    "\r\n--" BOUNDARY "\r\nContent-Type: application/pdf\r\n"
	    "Content-Range: bytes 500-999/8000\r\n\r\n" },
	{ "application/pdf", 1,
	    "\r\n--" BOUNDARY "\r\nContent-Type: application/pdf\r\n"
	    "Content-Range: bytes 7000-7999/8000\r\n\r\n" },
	{ "application/pdf", 2, "\r\n--" BOUNDARY "--\r\n" },
	{ "text/plain; charset=utf-8", 0,
	    "\r\n--" BOUNDARY "\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Range: bytes 500-999/8000\r\n\r\n" },
	{ NULL, 0,
	    "\r\n--" BOUNDARY "\r\nContent-Range: bytes 500-999/8000\r\n\r\n" },
	{ NULL, 1,
	    "\r\n--" BOUNDARY
	    "\r\nContent-Range: bytes 7000-7999/8000\r\n\r\n" },
	{ NULL, 2, "\r\n--" BOUNDARY "--\r\n" },
};

static void formats_delimiters(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(delimiters); i++) {
		const struct multipart m = { BOUNDARY, delimiters[i].type, 8000,
			&two };
		size_t expected = strlen(delimiters[i].text);
		char buf[MULTIPART_DELIMITER_MAX] = "before";
		size_t length = 12345;

		/* One byte too small: nothing is written. */
		assert_int_equal(
		    multipart_format_delimiter(
			&m, delimiters[i].index, buf, expected, &length),
		    -ENOSPC);
		assert_string_equal(buf, "before");
		assert_int_equal(length, 12345);
		assert_int_equal(
		    multipart_format_delimiter(
			&m, delimiters[i].index, buf, expected + 1, &length),
		    0);
		assert_string_equal(buf, delimiters[i].text);
		assert_int_equal(length, expected);
	}
}

static void counts_the_body(void **state)
{
	const struct multipart m = { BOUNDARY, "application/pdf", 8000, &two };
	uint64_t length = 0;
	uint64_t expected = 500 + 1000;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		expected += strlen(delimiters[i].text);
	assert_int_equal(multipart_length(&m, &length), 0);
	assert_true(length == expected);
}

/* The largest body that can be counted, and one byte more. */
static void counts_up_to_64_bits(void **state)
{
	const uint64_t half = UINT64_C(1) << 63;
	struct byte_range_set set = {
		.count = 2,
		.parts = { { 0, half }, { half, half - 1000 } },
	};
	const struct multipart m = { BOUNDARY, "a/b", UINT64_MAX, &set };
	uint64_t length = 0;

	(void)state;
	assert_int_equal(multipart_length(&m, &length), 0);
	/* A last position of as many digits leaves the delimiters alike. */
	set.parts[1].length += UINT64_MAX - length;
	assert_int_equal(multipart_length(&m, &length), 0);
	assert_true(length == UINT64_MAX);
	set.parts[1].length++;
	length = 12345;
	assert_int_equal(multipart_length(&m, &length), -EOVERFLOW);
	/* Over it with the second part, before the last delimiter */
	set.parts[1].length = half;
	assert_int_equal(multipart_length(&m, &length), -EOVERFLOW);
	assert_true(length == 12345);
}

static void has_room_for_the_longest(void **state)
{
	static const struct byte_range_set set = {
		.count = 2,
		.parts = { { UINT64_MAX - 3, 1 }, { UINT64_MAX - 1, 1 } },
	};
	char type[CONTENT_TYPE_MAX + 2] = { 0 };
	char buf[MULTIPART_DELIMITER_MAX];
	struct multipart m = { BOUNDARY, type, UINT64_MAX, &set };
	uint64_t body;
	size_t length;

	(void)state;
	memset(type, 'a', CONTENT_TYPE_MAX);
	for (size_t i = 0; i <= set.count; i++)
		assert_int_equal(multipart_format_delimiter(
				     &m, i, buf, sizeof(buf), &length),
		    0);
	assert_int_equal(multipart_length(&m, &body), 0);
	type[CONTENT_TYPE_MAX] = 'a';
	assert_int_equal(
	    multipart_format_delimiter(&m, 1, buf, sizeof(buf), &length),
	    -ENOSPC);
	assert_int_equal(multipart_length(&m, &body), -ENOSPC);
}

static void refuses_control_characters(void **state)
{
	static const struct {
		const char *type;
		int result;
	} cases[] = {
		{ "text/plain\r\nX: y", -EINVAL },
		{ "text/plain\n", -EINVAL },
		{ "\rtext/plain", -EINVAL },
		{ "text/\x7fplain", -EINVAL },
		{ "text/\x1fplain", -EINVAL },
		{ "text/plain;\tcharset=utf-8", 0 },
		{ "text/plain; x=\"\xc3\xa4\"", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct multipart m = { BOUNDARY, cases[i].type, 8000,
			&two };
		char buf[MULTIPART_DELIMITER_MAX] = "before";
		uint64_t body;
		size_t length;

		assert_int_equal(multipart_format_delimiter(
				     &m, 0, buf, sizeof(buf), &length),
		    cases[i].result);
		assert_int_equal(multipart_length(&m, &body), cases[i].result);
		if (cases[i].result)
			assert_string_equal(buf, "before");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(boundaries),
		cmocka_unit_test(formats_delimiters),
		cmocka_unit_test(counts_the_body),
		cmocka_unit_test(counts_up_to_64_bits),
		cmocka_unit_test(has_room_for_the_longest),
		cmocka_unit_test(refuses_control_characters),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
