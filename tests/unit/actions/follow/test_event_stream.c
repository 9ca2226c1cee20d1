/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/event_stream, by WHATWG HTML, 9.2. */
#include "config.h"

#include "fcgi_app/actions/follow/event_stream.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/unit.h"

static const struct event_id place = { 0x1f, 42 };

/* --- ids ------------------------------------------------------------------ */

static void ids_are_read_as_they_are_written(void **state)
{
	static const struct event_id ids[] = {
		{ 0, 0 },
		{ 0x123456789abcdef0, 7 },
		{ UINT64_MAX, UINT64_MAX },
	};
	char text[EVENT_ID_MAX];
	struct event_id read;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		size_t length = event_id_format(&ids[i], text);

		assert_int_equal(length, strlen(text));
		assert_true(length < EVENT_ID_MAX);
		assert_int_equal(event_id_parse(text, &read), 0);
		assert_int_equal(read.file, ids[i].file);
		assert_int_equal(read.offset, ids[i].offset);
	}
	assert_int_equal(strlen(text), EVENT_ID_MAX - 1);
	event_id_format(&place, text);
	assert_string_equal(text, "000000000000001f-42");
	assert_int_equal(event_id_parse("000000000000001f-42\t", &read), 0);
}

static void other_ids_are_none(void **state)
{
	static const char *const texts[] = {
		"",
		"42",
		"000000000000001f",
		"000000000000001f-",
		"000000000000001F-42",
		"00000000000001f-42",
		"0000000000000001f-42",
		"000000000000001f-42x",
		"000000000000001f--42",
		"000000000000001f 42",
		"000000000000001f-18446744073709551616",
	};
	struct event_id read = { 1, 2 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (event_id_parse(texts[i], &read) != -EINVAL)
			fail_msg("row %zu: %s", i, texts[i]);
	assert_int_equal(read.file, 1);
	assert_int_equal(read.offset, 2);
}

/* --- notes ---------------------------------------------------------------- */

#define ID "id: 000000000000001f-42\n\n"

static void notes(void **state)
{
	const struct event_id last = { UINT64_MAX, UINT64_MAX };
	char text[EVENT_STREAM_NOTE_MAX];

	(void)state;
	text[event_stream_id(&place, text)] = '\0';
	assert_string_equal(text, ID);
	assert_true(event_stream_id(&last, text) <= EVENT_ID_MAX + 6);
	text[event_stream_begin(&place, EVENT_GAP_NONE, text)] = '\0';
	assert_string_equal(text, "retry: 2000\n" ID);
	text[event_stream_move(&place, EVENT_GAP_NONE, text)] = '\0';
	assert_string_equal(text, ID);
	text[event_stream_beat(text)] = '\0';
	assert_string_equal(text, ":\n\n");
	text[event_stream_end(text)] = '\0';
	assert_string_equal(text, "event: end\ndata: finished\n\n");
}

/* A client that gets the id gets the gap. */
static void gaps(void **state)
{
	static const struct {
		enum event_gap gap;
		const char *expected;
	} rows[] = {
		{ EVENT_GAP_CUT, "event: gap\ndata: cut\n" ID },
		{ EVENT_GAP_GONE, "event: gap\ndata: gone\n" ID },
		{ EVENT_GAP_BETWEEN, "event: gap\ndata: between\n" ID },
		{ EVENT_GAP_ID, "event: gap\ndata: id\n" ID },
	};
	const struct event_id last = { UINT64_MAX, UINT64_MAX };
	char text[EVENT_STREAM_NOTE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		text[event_stream_move(&place, rows[i].gap, text)] = '\0';
		assert_string_equal(text, rows[i].expected);
		assert_true(event_stream_begin(&last, rows[i].gap, text) <
		    sizeof(text));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_read_as_they_are_written),
		cmocka_unit_test(other_ids_are_none),
		cmocka_unit_test(notes),
		cmocka_unit_test(gaps),
	};

	return cmocka_run_group_tests_name("event_stream", tests, NULL, NULL);
}
