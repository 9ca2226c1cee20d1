/* SPDX-License-Identifier: MIT */
/* What becomes of heads and bodies, in whatever pieces they come. */
#include "config.h"
#include "fcgi_app/connection/connection_input.h"

#include <fastcgi.h>
#include <unistd.h>

#include "tests/unit/support/connection_events.h"
#include "tests/unit/support/connection_fixture.h"
#include "tests/unit/support/front_side.h"
#include "tests/unit/support/unit.h"

/* A record or two may come at a time, or a byte. */
static void takes_a_request_in_any_pieces(void **state)
{
	struct connection_fixture *f = *state;
	uint8_t bytes[512];
	size_t length =
	    front_side_make_request(bytes, FCGI_RESPONDER, true, "abc", true);

	f->conduct = CONDUCT_READS_BODY;
	for (size_t piece = 1; piece <= length; piece++) {
		for (size_t at = 0; at < length; at += piece) {
			size_t rest = length - at;

			front_side_send(
			    f, bytes + at, rest < piece ? rest : piece);
			connection_fixture_run(f);
		}
		front_side_check(f, "oOE");
		assert_int_equal(f->requests, piece);
		assert_string_equal(f->body, "abc");
		assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
	}
}

/* An empty body that comes with the head is over before the request starts. */
static void starts_after_what_came_with_the_head(void **state)
{
	struct connection_fixture *f = *state;

	f->conduct = CONDUCT_ANSWERS;
	front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
	front_side_check(f, "oOE");
	assert_false(f->was_body_pending);
	front_side_send_request(f, FCGI_RESPONDER, true, NULL, false);
	front_side_check(f, "o");
	assert_true(f->was_body_pending);
	front_side_send_record(f, FCGI_STDIN, 1, NULL, 0);
	front_side_check(f, "OE");
}

static void closes_when_it_is_not_to_be_kept(void **state)
{
	struct connection_fixture *f = *state;

	f->conduct = CONDUCT_ANSWERS;
	front_side_send_request(f, FCGI_RESPONDER, false, NULL, true);
	front_side_check(f, "oOE.");
}

static void refuses_a_body_over_its_limit(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_BODY);
	front_side_send_record(f, FCGI_STDIN, 1, "0123456789012", 13);
	front_side_check(f, "ro");
	assert_int_equal(connection_fixture_state(f), CONNECTION_HOLDING);
	front_side_send_record(f, FCGI_STDIN, 1, NULL, 0);
	front_side_check(f, "ORE");
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
}

static void keeps_the_connection_after_an_unknown_role(void **state)
{
	struct connection_fixture *f = *state;

	front_side_send_request(f, UNKNOWN_ROLE, true, "abc", true);
	front_side_check(f, "U");
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
	assert_int_equal(f->requests, 0);
}

/* One over the limit is told so, and not kept although it asks for that. */
static void closes_after_a_request_over_the_limit(void **state)
{
	struct connection_fixture *f = *state;
	int first = f->peer;

	connection_fixture_connect(f);
	front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
	front_side_check(f, "roORE.");
	assert_int_equal(f->requests, 0);
	assert_int_equal(f->all.count, 1);
	close(first);
	connection_fixture_run(f);
}

/* Read to that it is not reset, but not for ever. */
static void bounds_a_body_after_the_answer(void **state)
{
	static const uint8_t zeros[RECORD_MAX];
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_LINGERING);
	for (uint64_t n = 0; n < CONNECTION_BODY_MAX; n += RECORD_MAX) {
		front_side_send_record(f, FCGI_STDIN, 1, zeros, RECORD_MAX);
		connection_fixture_run(f);
	}
	front_side_check(f, "");
	assert_int_equal(connection_fixture_state(f), CONNECTION_LINGERING);
	front_side_send_record(f, FCGI_STDIN, 1, zeros, 1);
	front_side_check(f, ".");
}

/* The bound is for what comes after the answer. */
static void lets_a_body_be_long_while_it_is_answered(void **state)
{
	static const uint8_t zeros[RECORD_MAX];
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_UNREAD);
	for (uint64_t n = 0; n <= CONNECTION_BODY_MAX; n += RECORD_MAX) {
		front_side_send_record(f, FCGI_STDIN, 1, zeros, RECORD_MAX);
		connection_fixture_run(f);
	}
	front_side_send_record(f, FCGI_STDIN, 1, NULL, 0);
	connection_fixture_run(f);
	connection_events_happen(f, ACTION_ENDS);
	front_side_check(f, "oOE");
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
	/* And that of the next request counts anew. */
	connection_events_bring(f, FROM_LINGERING);
	connection_events_happen(f, BODY_BYTES);
	assert_int_equal(connection_fixture_state(f), CONNECTION_LINGERING);
}

int main(void)
{
#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, connection_fixture_setup, connection_fixture_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(takes_a_request_in_any_pieces),
		TEST(starts_after_what_came_with_the_head),
		TEST(closes_when_it_is_not_to_be_kept),
		TEST(refuses_a_body_over_its_limit),
		TEST(keeps_the_connection_after_an_unknown_role),
		TEST(closes_after_a_request_over_the_limit),
		TEST(bounds_a_body_after_the_answer),
		TEST(lets_a_body_be_long_while_it_is_answered),
	};

	return cmocka_run_group_tests_name(
	    "connection_input", tests, NULL, NULL);
}
