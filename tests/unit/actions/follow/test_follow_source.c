/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_source and follow_cursor, with
 * real files. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/file/file_open.h"
#include "tests/unit/support/follow_client.h"
#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

/* All of a file's bytes, and on. */
static struct follow_plan bytes_plan(void)
{
	return (struct follow_plan){ .length = UINT64_MAX, .line_max = 4096 };
}

static struct follow_plan events_plan(void)
{
	return (struct follow_plan){
		.length = UINT64_MAX,
		.events = true,
		.line_max = 4096,
	};
}

/* --- bytes ---------------------------------------------------------------- */

static void bytes_come_as_the_file_grows(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct follow_client *client;

	follow_fixture_append(f, "a", "one\n");
	client = follow_client_open(f, &plan);
	follow_client_expect(f, client, "one\n");
	assert_true(client->waits);
	follow_fixture_append(f, "a", "tw");
	follow_client_expect(f, client, "one\ntw");
	follow_fixture_append(f, "a", "o\n");
	follow_client_expect(f, client, "one\ntwo\n");
	follow_client_close(client);
}

static void what_was_not_taken_comes_again(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct follow_client *client;

	follow_fixture_append(f, "a", "0123456789");
	client = follow_client_open(f, &plan);
	client->takes = 3;
	follow_client_expect(f, client, "0123456789");
	follow_fixture_append(f, "a", "abcd");
	follow_client_expect(f, client, "0123456789abcd");
	follow_client_close(client);
}

static void a_part_ends_where_it_should(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct follow_client *client;

	follow_fixture_append(f, "a", "0123");
	plan.offset = 2;
	plan.length = 4;
	client = follow_client_open(f, &plan);
	client->takes = 3;
	follow_client_expect(f, client, "23");
	follow_fixture_append(f, "a", "456789");
	follow_client_expect_end(f, client, 0);
	assert_string_equal(client->text, "2345");
	follow_client_close(client);
}

static void a_part_is_of_one_file(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct follow_client *live, *cut, *exact;

	follow_fixture_append(f, "a", "0123");
	plan.length = 100;
	live = follow_client_open(f, &plan);
	follow_client_expect(f, live, "0123");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "abc");
	follow_client_expect_end(f, live, 0);
	assert_string_equal(live->text, "0123");
	cut = follow_client_open(f, &plan);
	follow_client_expect(f, cut, "abc");
	follow_fixture_cut(f, "a", 0);
	follow_client_expect_end(f, cut, -ESTALE);
	plan.is_exact = true;
	exact = follow_client_open(f, &plan);
	follow_fixture_remove(f, "a");
	follow_client_expect_end(f, exact, -ENODATA);
	follow_client_close(live);
	follow_client_close(cut);
	follow_client_close(exact);
}

static void bytes_go_on_in_the_next_file(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct follow_client *client;

	follow_fixture_append(f, "a", "one\n");
	client = follow_client_open(f, &plan);
	follow_client_expect(f, client, "one\n");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "new\n");
	follow_fixture_append(f, "a.1", "late\n");
	follow_client_expect(f, client, "one\nlate\nnew\n");
	follow_fixture_cut(f, "a", 2);
	follow_client_expect(f, client, "one\nlate\nnew\nne");
	follow_fixture_remove(f, "a");
	follow_client_expect_end(f, client, 0);
	follow_client_close(client);
}

/* Nobody watches it: it must not wait for ever. */
static void a_past_file_that_is_cut_breaks(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct follow_file *present;
	struct follow_client *client;

	follow_fixture_append(f, "a", "new");
	follow_fixture_append(f, "a.1", "old");
	present = follow_fixture_open(f, "a");
	client = follow_client_of(
	    follow_fixture_open_past(f, "a.1", present), &plan);
	follow_file_unref(present);
	follow_fixture_wait(f, 3 * FOLLOW_FIXTURE_ROTATE);
	follow_fixture_cut(f, "a.1", 0);
	follow_client_expect_end(f, client, -ESTALE);
	follow_client_close(client);
}

/* --- ends ----------------------------------------------------------------- */

static void silence_ends_it(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	uint64_t begun = uv_hrtime();
	struct follow_client *client;

	plan.idle_ms = 100;
	follow_fixture_append(f, "a", "1");
	client = follow_client_open(f, &plan);
	follow_client_expect(f, client, "1");
	follow_fixture_wait(f, 60);
	follow_fixture_append(f, "a", "2");
	follow_client_expect_end(f, client, 0);
	assert_string_equal(client->text, "12");
	assert_true((uv_hrtime() - begun) / 1000000 >= 155);
	follow_client_close(client);
}

static void a_drain_ends_it_when_all_was_read(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan bytes = bytes_plan();
	const struct follow_plan events = events_plan();
	struct follow_client *waiting, *late, *lines;

	follow_fixture_append(f, "a", "12");
	waiting = follow_client_open(f, &bytes);
	follow_client_expect(f, waiting, "12");
	late = follow_client_open(f, &bytes);
	lines = follow_client_open(f, &events);
	follow_file_drain(f->hub);
	follow_client_expect_end(f, waiting, 0);
	follow_client_expect_end(f, late, 0);
	assert_string_equal(late->text, "12");
	/* A line that is not whole comes whole, when the client comes back. */
	follow_client_expect_end(f, lines, 0);
	assert_null(strstr(lines->text, "data"));
	follow_client_close(waiting);
	follow_client_close(late);
	follow_client_close(lines);
}

static void it_can_be_left_at_any_time(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plans[] = { bytes_plan(), events_plan(),
		{ .length = UINT64_MAX,
		    .events = true,
		    .line_max = 4096,
		    .from_lines = true,
		    .lines = 10000,
		    .idle_ms = 1000,
		    .beat_ms = 1000 } };
	char line[1001];

	memset(line, 'x', sizeof(line));
	line[999] = '\n';
	line[1000] = '\0';
	for (int i = 0; i < 200; i++)
		follow_fixture_append(f, "a", line);
	for (size_t i = 0; i < ARRAY_LENGTH(plans); i++) {
		for (int reads = 0; reads < 4; reads++) {
			struct follow_client *client =
			    follow_client_open(f, &plans[i]);

			for (int k = 0; k < reads; k++) {
				if (!client->waits)
					follow_client_read(client);
				uv_run(&f->loop, UV_RUN_NOWAIT);
			}
			follow_client_close(client);
		}
	}
}

/* --- events --------------------------------------------------------------- */

/* The data of the events, a line each. */
static void strip(const char *text, char *ret)
{
	while (*text) {
		size_t length = strcspn(text, "\n") + 1;

		if (strncmp(text, "data: ", 6) == 0) {
			memcpy(ret, text + 6, length - 6);
			ret += length - 6;
		}
		text += length;
	}
	*ret = '\0';
}

static bool has_data(void *context)
{
	struct follow_client *client = context;
	char data[FOLLOW_CLIENT_TEXT];

	follow_client_reads(client);
	strip(client->text, data);
	return strcmp(data, client->wanted) == 0;
}

static void expect_data(
    struct follow_fixture *f, struct follow_client *client, const char *data)
{
	client->wanted = data;
	follow_fixture_run(f, has_data, client);
}

static void lines_come_when_they_are_whole(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = events_plan();
	struct follow_client *client;
	uint64_t before;

	follow_fixture_append(f, "a", "one\ntw");
	client = follow_client_open(f, &plan);
	client->takes = 7;
	expect_data(f, client, "one\n");
	before = client->length;
	follow_fixture_append(f, "a", "o");
	follow_fixture_wait(f, 50);
	follow_client_has(client);
	assert_int_equal(client->length, before);
	follow_fixture_append(f, "a", "\nthree\n");
	expect_data(f, client, "one\ntwo\nthree\n");
	follow_fixture_append(f, "a", "rest");
	follow_fixture_remove(f, "a");
	follow_client_expect_end(f, client, 0);
	expect_data(f, client, "one\ntwo\nthree\nrest\nfinished\n");
	assert_non_null(strstr(client->text, "data: rest\nid: "));
	follow_client_close(client);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		count++;
	return count;
}

static bool has_next_line(void *context)
{
	struct follow_client *client = context;

	follow_client_reads(client);
	return strstr(client->text, "data: next\n") != NULL;
}

/* A piece of an event has come, and no more is read. */
static bool has_begun(void *context)
{
	struct follow_client *client = context;

	if (!client->waits)
		follow_client_read(client);
	return strstr(client->text, "data: x") != NULL;
}

/* The last that came says that it begins anew. */
static bool is_at_start(void *context)
{
	static const char note[] = "-0\n\n";
	const struct follow_client *client = context;

	follow_client_reads(context);
	return strcmp(client->text + client->length - strlen(note), note) == 0;
}

static void lines_go_on_in_the_next_file(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = events_plan();
	struct follow_client *client;

	follow_fixture_append(f, "a", "one\nrest");
	client = follow_client_open(f, &plan);
	expect_data(f, client, "one\n");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "new\n");
	expect_data(f, client, "one\nrest\nnew\n");
	assert_non_null(strstr(client->text, "-0\n\n"));
	assert_null(strstr(client->text, "gap"));
	follow_fixture_cut(f, "a", 3);
	follow_fixture_run(f, is_at_start, client);
	follow_fixture_append(f, "a", "\n");
	expect_data(f, client, "one\nrest\nnew\ncut\nnew\n");
	assert_non_null(strstr(client->text, "event: gap\ndata: cut\nid: "));
	follow_client_close(client);
}

/* Longer than what is looked at at once, and than the text that waits. */
static void a_long_line_is_one_event(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = events_plan();
	struct follow_client *client;
	char line[50002], expected[50100];

	plan.line_max = 50000;
	memset(line, 'x', sizeof(line));
	line[50000] = '\0';
	follow_fixture_append(f, "a", line);
	client = follow_client_open(f, &plan);
	client->takes = 1000;
	/* Nothing of it is sent until it is whole. */
	follow_fixture_wait(f, 50);
	follow_client_reads(client);
	assert_null(strstr(client->text, "data"));
	follow_fixture_append(f, "a", "\nnext\n");
	sprintf(expected, "%s\nnext\n", line);
	expect_data(f, client, expected);
	assert_null(strstr(client->text, "part"));
	follow_client_close(client);
}

static void a_longer_one_comes_in_parts(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = events_plan();
	struct follow_client *client;
	char line[2501];

	plan.line_max = 1024;
	memset(line, 'x', sizeof(line));
	line[2500] = '\0';
	follow_fixture_append(f, "a", line);
	follow_fixture_append(f, "a", "\nnext\n");
	client = follow_client_open(f, &plan);
	follow_fixture_run(f, has_next_line, client);
	assert_int_equal(count_of(client->text, "event: part\ndata: x"), 2);
	assert_int_equal(count_of(client->text, "event: part-end\ndata: x"), 1);
	assert_int_equal(count_of(client->text, "\n\ndata: next\n"), 1);
	follow_client_close(client);
}

/* What was sent of it can't be taken back, and its rest is gone. */
static void a_cut_within_an_event_breaks(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = events_plan();
	struct follow_client *client;
	char line[40002];

	plan.line_max = 50000;
	memset(line, 'x', sizeof(line));
	line[40000] = '\n';
	line[40001] = '\0';
	follow_fixture_append(f, "a", line);
	client = follow_client_open(f, &plan);
	follow_fixture_run(f, has_begun, client);
	follow_fixture_cut(f, "a", 0);
	follow_client_expect_end(f, client, -ESTALE);
	follow_client_close(client);
}

static void beats_come_in_silence_only(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = events_plan();
	struct follow_client *client;

	plan.beat_ms = 50;
	plan.idle_ms = 400;
	follow_fixture_append(f, "a", "one\n");
	client = follow_client_open(f, &plan);
	expect_data(f, client, "one\n");
	assert_null(strstr(client->text, "\n:\n"));
	follow_client_expect_end(f, client, 0);
	assert_non_null(strstr(client->text, "\n:\n\n:\n\n:\n\n"));
	follow_client_close(client);
}

/* --- the last lines ------------------------------------------------------- */

static void the_last_lines_come_first(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct follow_client *bytes, *events;

	for (int i = 0; i < 3000; i++)
		follow_fixture_append(f, "a", "not these, and not here\n");
	follow_fixture_append(f, "a", "one\ntwo\nre");
	plan.from_lines = true;
	plan.lines = 2;
	bytes = follow_client_open(f, &plan);
	plan.events = true;
	plan.lines = 0;
	events = follow_client_open(f, &plan);
	follow_client_expect(f, bytes, "two\nre");
	follow_fixture_append(f, "a", "st\n");
	follow_client_expect(f, bytes, "two\nrest\n");
	expect_data(f, events, "rest\n");
	follow_client_close(bytes);
	follow_client_close(events);
}

static void a_file_may_be_cut_while_they_are_looked_for(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct follow_client *client;

	for (int i = 0; i < 3000; i++)
		follow_fixture_append(f, "a", "not these, and not here\n");
	plan.from_lines = true;
	plan.lines = 10000;
	client = follow_client_open(f, &plan);
	follow_client_read(client);
	assert_true(client->waits);
	follow_fixture_cut(f, "a", 3);
	follow_client_expect(f, client, "not");
	follow_client_close(client);
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(bytes_come_as_the_file_grows),
		WITH_FIXTURE(what_was_not_taken_comes_again),
		WITH_FIXTURE(a_part_ends_where_it_should),
		WITH_FIXTURE(a_part_is_of_one_file),
		WITH_FIXTURE(bytes_go_on_in_the_next_file),
		WITH_FIXTURE(a_past_file_that_is_cut_breaks),
		WITH_FIXTURE(silence_ends_it),
		WITH_FIXTURE(a_drain_ends_it_when_all_was_read),
		WITH_FIXTURE(it_can_be_left_at_any_time),
		WITH_FIXTURE(lines_come_when_they_are_whole),
		WITH_FIXTURE(lines_go_on_in_the_next_file),
		WITH_FIXTURE(a_long_line_is_one_event),
		WITH_FIXTURE(a_longer_one_comes_in_parts),
		WITH_FIXTURE(a_cut_within_an_event_breaks),
		WITH_FIXTURE(beats_come_in_silence_only),
		WITH_FIXTURE(the_last_lines_come_first),
		WITH_FIXTURE(a_file_may_be_cut_while_they_are_looked_for),
	};

	need_openat2();
	return cmocka_run_group_tests_name("follow_source", tests, NULL, NULL);
}
