/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/follow_source and follow_cursor, with real files. */
#include "config.h"
#include "fcgi_app/follow_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/file_open.h"
#include "common/source.h"
#include "tests/unit/follow_fixture.h"
#include "tests/unit/unit.h"

#define TEXT_MAX 65536

/* A client, as the pump is one. */
struct client {
	struct source *source;
	bool waits; /* for a read in flight */
	bool ended;
	int error;
	size_t takes; /* bytes of a chunk, at most; 0: all */
	uint64_t length;
	const char *wanted;
	char text[TEXT_MAX + 1];
};

static void take(struct client *client, struct source_chunk *chunk)
{
	size_t n = chunk->length;

	client->ended = n == 0;
	if (client->takes > 0 && n > client->takes)
		n = client->takes;
	assert_true(client->length + n <= TEXT_MAX);
	if (n > 0)
		memcpy(client->text + client->length, chunk->data, n);
	client->length += n;
	client->text[client->length] = '\0';
	client->source->ops->release(client->source, chunk);
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct client *client = context;
	struct source_chunk lent;

	assert_true(client->waits);
	client->waits = false;
	client->error = error;
	if (error < 0)
		return;
	lent = *chunk;
	take(client, &lent);
}

static void read_on(struct client *client)
{
	struct source_chunk chunk;
	int r = client->source->ops->read(
	    client->source, client->length, FOLLOW_FIXTURE_CHUNK, &chunk);

	client->waits = r == 0;
	if (r < 0)
		client->error = r;
	else if (r > 0)
		take(client, &chunk);
}

/* Reads as long as there is something at once. */
static void client_reads(struct client *client)
{
	while (!client->waits && !client->ended && client->error == 0)
		read_on(client);
}

/* True: what was wanted came. */
static bool has_text(void *context)
{
	struct client *client = context;

	client_reads(client);
	return client->wanted ? strcmp(client->text, client->wanted) == 0
			      : client->ended || client->error < 0;
}

static void expect(
    struct follow_fixture *f, struct client *client, const char *text)
{
	client->wanted = text;
	follow_fixture_run(f, has_text, client);
	assert_false(client->ended);
	assert_int_equal(client->error, 0);
}

static void expect_end(
    struct follow_fixture *f, struct client *client, int error)
{
	client->wanted = NULL;
	follow_fixture_run(f, has_text, client);
	assert_int_equal(client->error, error);
}

/* All of a file's bytes, and on. */
static struct follow_plan bytes_plan(void)
{
	return (struct follow_plan){ .length = UINT64_MAX };
}

static struct follow_plan events_plan(void)
{
	return (struct follow_plan){ .length = UINT64_MAX, .events = true };
}

static struct client *open_client(
    struct follow_fixture *f, const struct follow_plan *plan)
{
	struct client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	client->source = follow_source_new(follow_fixture_open(f, "a"), plan);
	assert_non_null(client->source);
	assert_true(client->source->size == SOURCE_SIZE_UNKNOWN);
	client->source->done = on_done;
	client->source->context = client;
	return client;
}

static void close_client(struct client *client)
{
	if (client->waits)
		client->source->ops->cancel(client->source);
	client->source->ops->close(client->source);
	free(client);
}

/* --- bytes ---------------------------------------------------------------- */

static void bytes_come_as_the_file_grows(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct client *client;

	follow_fixture_append(f, "a", "one\n");
	client = open_client(f, &plan);
	expect(f, client, "one\n");
	assert_true(client->waits);
	follow_fixture_append(f, "a", "tw");
	expect(f, client, "one\ntw");
	follow_fixture_append(f, "a", "o\n");
	expect(f, client, "one\ntwo\n");
	close_client(client);
}

static void what_was_not_taken_comes_again(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct client *client;

	follow_fixture_append(f, "a", "0123456789");
	client = open_client(f, &plan);
	client->takes = 3;
	expect(f, client, "0123456789");
	follow_fixture_append(f, "a", "abcd");
	expect(f, client, "0123456789abcd");
	close_client(client);
}

static void a_part_ends_where_it_should(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct client *client;

	follow_fixture_append(f, "a", "0123");
	plan.offset = 2;
	plan.length = 4;
	client = open_client(f, &plan);
	client->takes = 3;
	expect(f, client, "23");
	follow_fixture_append(f, "a", "456789");
	expect_end(f, client, 0);
	assert_string_equal(client->text, "2345");
	close_client(client);
}

static void a_part_is_of_one_file(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct client *live, *cut, *exact;

	follow_fixture_need_open();
	follow_fixture_append(f, "a", "0123");
	plan.length = 100;
	live = open_client(f, &plan);
	expect(f, live, "0123");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "abc");
	expect_end(f, live, 0);
	assert_string_equal(live->text, "0123");
	cut = open_client(f, &plan);
	expect(f, cut, "abc");
	follow_fixture_cut(f, "a", 0);
	expect_end(f, cut, -ESTALE);
	plan.is_exact = true;
	exact = open_client(f, &plan);
	follow_fixture_remove(f, "a");
	expect_end(f, exact, -ENODATA);
	close_client(live);
	close_client(cut);
	close_client(exact);
}

static void bytes_go_on_in_the_next_file(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct client *client;

	follow_fixture_need_open();
	follow_fixture_append(f, "a", "one\n");
	client = open_client(f, &plan);
	expect(f, client, "one\n");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "new\n");
	follow_fixture_append(f, "a.1", "late\n");
	expect(f, client, "one\nlate\nnew\n");
	follow_fixture_cut(f, "a", 2);
	expect(f, client, "one\nlate\nnew\nne");
	follow_fixture_remove(f, "a");
	expect_end(f, client, 0);
	close_client(client);
}

/* Nobody watches it: it must not wait for ever. */
static void a_past_file_that_is_cut_breaks(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = bytes_plan();
	struct file_open_result result;
	struct follow_file *present;
	struct client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	follow_fixture_append(f, "a", "new");
	follow_fixture_append(f, "a.1", "old");
	present = follow_fixture_open(f, "a");
	result = follow_fixture_result(f, "a.1");
	client->source = follow_source_new(
	    follow_file_open_past(f->hub, &result, present), &plan);
	follow_file_unref(present);
	client->source->done = on_done;
	client->source->context = client;
	follow_fixture_cut(f, "a.1", 0);
	expect_end(f, client, -ESTALE);
	close_client(client);
}

/* --- ends ----------------------------------------------------------------- */

static void silence_ends_it(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	uint64_t begun = uv_hrtime();
	struct client *client;

	plan.idle_ms = 100;
	follow_fixture_append(f, "a", "1");
	client = open_client(f, &plan);
	expect(f, client, "1");
	follow_fixture_wait(f, 60);
	follow_fixture_append(f, "a", "2");
	expect_end(f, client, 0);
	assert_string_equal(client->text, "12");
	assert_true((uv_hrtime() - begun) / 1000000 >= 155);
	close_client(client);
}

static void a_drain_ends_it_when_all_was_read(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan bytes = bytes_plan();
	const struct follow_plan events = events_plan();
	struct client *waiting, *late, *lines;

	follow_fixture_append(f, "a", "12");
	waiting = open_client(f, &bytes);
	expect(f, waiting, "12");
	late = open_client(f, &bytes);
	lines = open_client(f, &events);
	follow_hub_drain(f->hub);
	expect_end(f, waiting, 0);
	expect_end(f, late, 0);
	assert_string_equal(late->text, "12");
	/* A line that is not whole comes whole, when the client comes back. */
	expect_end(f, lines, 0);
	assert_null(strstr(lines->text, "data"));
	close_client(waiting);
	close_client(late);
	close_client(lines);
}

static void it_can_be_left_at_any_time(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plans[] = { bytes_plan(), events_plan(),
		{ .length = UINT64_MAX,
		    .events = true,
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
			struct client *client = open_client(f, &plans[i]);

			for (int k = 0; k < reads; k++) {
				if (!client->waits)
					read_on(client);
				uv_run(&f->loop, UV_RUN_NOWAIT);
			}
			close_client(client);
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
	struct client *client = context;
	char data[TEXT_MAX];

	client_reads(client);
	strip(client->text, data);
	return strcmp(data, client->wanted) == 0;
}

static void expect_data(
    struct follow_fixture *f, struct client *client, const char *data)
{
	client->wanted = data;
	follow_fixture_run(f, has_data, client);
}

static void lines_come_when_they_are_whole(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = events_plan();
	struct client *client;
	uint64_t before;

	follow_fixture_append(f, "a", "one\ntw");
	client = open_client(f, &plan);
	client->takes = 7;
	expect_data(f, client, "one\n");
	before = client->length;
	follow_fixture_append(f, "a", "o");
	follow_fixture_wait(f, 50);
	has_text(client);
	assert_int_equal(client->length, before);
	follow_fixture_append(f, "a", "\nthree\n");
	expect_data(f, client, "one\ntwo\nthree\n");
	follow_fixture_append(f, "a", "rest");
	follow_fixture_remove(f, "a");
	expect_end(f, client, 0);
	expect_data(f, client, "one\ntwo\nthree\nrest\nfinished\n");
	assert_non_null(strstr(client->text, "-18\ndata: rest\n"));
	close_client(client);
}

/* The last that came says that it begins anew. */
static bool is_at_start(void *context)
{
	static const char note[] = "-0\n\n";
	const struct client *client = context;

	client_reads(context);
	return strcmp(client->text + client->length - strlen(note), note) == 0;
}

static void lines_go_on_in_the_next_file(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_plan plan = events_plan();
	struct client *client;

	follow_fixture_need_open();
	follow_fixture_append(f, "a", "one\nrest");
	client = open_client(f, &plan);
	expect_data(f, client, "one\n");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "new\n");
	expect_data(f, client, "one\nrest\nnew\n");
	assert_non_null(strstr(client->text, "-0\n\n"));
	assert_non_null(strstr(client->text, "-4\ndata: new\n"));
	follow_fixture_cut(f, "a", 3);
	follow_fixture_run(f, is_at_start, client);
	follow_fixture_append(f, "a", "\n");
	expect_data(f, client, "one\nrest\nnew\nnew\n");
	close_client(client);
}

static void beats_come_in_silence_only(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = events_plan();
	struct client *client;

	plan.beat_ms = 50;
	plan.idle_ms = 400;
	follow_fixture_append(f, "a", "one\n");
	client = open_client(f, &plan);
	expect_data(f, client, "one\n");
	assert_null(strstr(client->text, "\n:\n"));
	expect_end(f, client, 0);
	assert_non_null(strstr(client->text, "\n:\n\n:\n\n:\n\n"));
	close_client(client);
}

/* --- the last lines ------------------------------------------------------- */

static void the_last_lines_come_first(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct client *bytes, *events;

	for (int i = 0; i < 3000; i++)
		follow_fixture_append(f, "a", "not these, and not here\n");
	follow_fixture_append(f, "a", "one\ntwo\nre");
	plan.from_lines = true;
	plan.lines = 2;
	bytes = open_client(f, &plan);
	plan.events = true;
	plan.lines = 0;
	events = open_client(f, &plan);
	expect(f, bytes, "two\nre");
	follow_fixture_append(f, "a", "st\n");
	expect(f, bytes, "two\nrest\n");
	expect_data(f, events, "rest\n");
	close_client(bytes);
	close_client(events);
}

static void a_file_may_be_cut_while_they_are_looked_for(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_plan plan = bytes_plan();
	struct client *client;

	for (int i = 0; i < 3000; i++)
		follow_fixture_append(f, "a", "not these, and not here\n");
	plan.from_lines = true;
	plan.lines = 10000;
	client = open_client(f, &plan);
	read_on(client);
	assert_true(client->waits);
	follow_fixture_cut(f, "a", 3);
	expect(f, client, "not");
	close_client(client);
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
		WITH_FIXTURE(beats_come_in_silence_only),
		WITH_FIXTURE(the_last_lines_come_first),
		WITH_FIXTURE(a_file_may_be_cut_while_they_are_looked_for),
	};

	return cmocka_run_group_tests_name("follow_source", tests, NULL, NULL);
}
