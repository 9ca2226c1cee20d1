/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/multipart_body. */
#include "config.h"

#include "fcgi_app/request/multipart_body.h"

#include <stdlib.h>
#include <string.h>

#include "common/stream/source.h"
#include "common/stream/source_memory.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/multipart.h"
#include "tests/unit/support/unit.h"

#define TEXT "0123456789abcdefghij"

/* Counts what the body asks of the representation. */
struct content {
	unsigned int opened;
	unsigned int released;
};

static struct source *open_content(void *context)
{
	((struct content *)context)->opened++;
	return source_memory_new(TEXT, strlen(TEXT), NULL, NULL);
}

static void release_content(void *context)
{
	((struct content *)context)->released++;
}

static struct source *make_body(
    struct content *content, const struct byte_range_set *set)
{
	/* Copied by the body, so they may go. */
	char boundary[] = "BOUNDARY", type[] = "text/x";
	const struct multipart multipart = {
		.boundary = boundary,
		.content_type = type,
		.size = strlen(TEXT),
		.set = set,
	};
	const struct source_maker bytes = {
		.open = open_content,
		.release = release_content,
		.context = content,
	};
	struct source *body = multipart_body_new(&multipart, &bytes);
	uint64_t length = 0;

	assert_non_null(body);
	assert_int_equal(multipart_length(&multipart, &length), 0);
	assert_int_equal(body->size, length);
	memset(boundary, '!', sizeof(boundary));
	memset(type, '!', sizeof(type));
	return body;
}

/* Reads all of it, at most `step` bytes at a time. */
static void read_all(struct source *body, size_t step, char *to)
{
	uint64_t at = 0;

	while (at < body->size) {
		struct source_chunk chunk;

		assert_int_equal(body->ops->read(body, at, step, &chunk), 1);
		assert_in_range(chunk.length, 1, step);
		memcpy(to + at, chunk.data, chunk.length);
		at += chunk.length;
		body->ops->release(body, &chunk);
	}
	to[at] = '\0';
}

static const char expected[] = "\r\n"
			       "--BOUNDARY\r\n"
			       "Content-Type: text/x\r\n"
			       "Content-Range: bytes 5-6/20\r\n\r\n"
			       "56\r\n"
			       "--BOUNDARY\r\n"
			       "Content-Type: text/x\r\n"
			       "Content-Range: bytes 19-19/20\r\n\r\n"
			       "j\r\n"
			       "--BOUNDARY\r\n"
			       "Content-Type: text/x\r\n"
			       "Content-Range: bytes 0-3/20\r\n\r\n"
			       "0123\r\n"
			       "--BOUNDARY--\r\n";

static void gives_parts_and_delimiters(void **state)
{
	static const size_t steps[] = { 1, 2, 7, 100, 65536 };
	struct byte_range_set set = { 3, { { 5, 2 }, { 19, 1 }, { 0, 4 } } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		struct content content = { 0 };
		struct source *body = make_body(&content, &set);
		char text[1024];

		assert_int_equal(content.opened, 0);
		read_all(body, steps[i], text);
		assert_string_equal(text, expected);
		assert_int_equal(content.opened, 3);
		assert_int_equal(content.released, 0);
		body->ops->close(body);
		assert_int_equal(content.released, 1);
	}
}

static void copies_what_it_needs(void **state)
{
	struct byte_range_set *set = calloc(1, sizeof(*set));
	struct content content = { 0 };
	struct source *body;
	char text[1024];

	(void)state;
	assert_non_null(set);
	*set = (struct byte_range_set){ 3, { { 5, 2 }, { 19, 1 }, { 0, 4 } } };
	body = make_body(&content, set);
	free(set);
	read_all(body, 100, text);
	assert_string_equal(text, expected);
	body->ops->close(body);
}

static void takes_the_most_parts(void **state)
{
	struct byte_range_set set = { .count = BYTE_RANGE_PARTS_MAX };
	struct content content = { 0 };
	static char text[BYTE_RANGE_PARTS_MAX * MULTIPART_DELIMITER_MAX * 2];
	struct source *body;

	(void)state;
	for (size_t i = 0; i < set.count; i++)
		set.parts[i] = (struct byte_range){ i % 20, 1 };
	body = make_body(&content, &set);
	read_all(body, 65536, text);
	assert_string_equal(text + strlen(text) - 14, "--BOUNDARY--\r\n");
	assert_int_equal(content.opened, BYTE_RANGE_PARTS_MAX);
	body->ops->close(body);
	assert_int_equal(content.released, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_parts_and_delimiters),
		cmocka_unit_test(copies_what_it_needs),
		cmocka_unit_test(takes_the_most_parts),
	};

	return cmocka_run_group_tests_name("multipart_body", tests, NULL, NULL);
}
