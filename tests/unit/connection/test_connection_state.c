/* SPDX-License-Identifier: MIT */
/* Timers, and what is sent in which state. */
#include "config.h"
#include "fcgi_app/connection/connection_state.h"

#include <errno.h>
#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fcgi/fcgi_output.h"
#include "fcgi_app/request/request.h"
#include "tests/unit/support/connection_events.h"
#include "tests/unit/support/connection_fixture.h"
#include "tests/unit/support/front_side.h"
#include "tests/unit/support/unit.h"

/* --- time ----------------------------------------------------------------- */

/* Returns whether the timer began anew when this happened. */
static bool begins_anew(
    struct connection_fixture *f, enum connection_event event)
{
	uv_timer_t *timer = &connection_fixture_first(f)->timer.handle;

	f->options.head_timeout_ms = 2 * HOUR_MS;
	connection_events_happen(f, event);
	f->options.head_timeout_ms = HOUR_MS;
	return uv_timer_get_due_in(timer) > HOUR_MS;
}

static void times_a_head_as_a_whole(void **state)
{
	struct connection_fixture *f = *state;

	assert_false(begins_anew(f, PART_OF_HEADER));
	assert_false(begins_anew(f, PART_OF_HEADER));
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_HEAD);
	connection_fixture_teardown(state);
	connection_fixture_setup(state);
	f = *state;
	connection_events_bring(f, FROM_HEAD);
	assert_false(begins_anew(f, PART_OF_HEADER));
}

static void times_a_body_by_its_pieces(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_BODY);
	assert_false(begins_anew(f, PART_OF_HEADER));
	connection_fixture_teardown(state);
	connection_fixture_setup(state);
	f = *state;
	connection_events_bring(f, FROM_BODY);
	assert_true(begins_anew(f, BODY_BYTES));
}

/* The rest of one that nobody wants has one time for all. */
static void times_the_rest_of_a_body_as_a_whole(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_HOLDING);
	assert_false(begins_anew(f, BODY_BYTES));
	connection_events_happen(f, TIME_IS_OVER);
	assert_int_equal(connection_fixture_state(f), CONNECTION_LINGERING);
	assert_false(begins_anew(f, BODY_BYTES));
}

/* The end of the turn has yet to come when the connection's time is over. */
static void leaves_a_request_alone_that_is_over(void **state)
{
	static const enum connection_from froms[] = { FROM_BODY, FROM_PAUSED,
		FROM_FULL, FROM_HOLDING };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(froms); i++) {
		struct connection_fixture *f;

		connection_fixture_setup((void **)&f);
		connection_events_bring(f, froms[i]);
		request_break(f->request, -ETIME);
		connection_fixture_expire(f);
		assert_non_null(f->request);
		connection_fixture_run(f);
		assert_int_equal(
		    connection_fixture_state(f), CONNECTION_CLOSED);
		assert_string_equal(f->reason, strerror(ETIME));
		connection_fixture_teardown((void **)&f);
	}
}

/* --- answers -------------------------------------------------------------- */

/* All of an answer has left but its end: it was not cut short. */
static void tells_why_an_answer_was_cut_short(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_HOLDING);
	f->reason = "";
	connection_events_happen(f, PEER_LEAVES);
	assert_null(f->reason);
	connection_fixture_teardown(state);
	connection_fixture_setup(state);
	f = *state;
	connection_events_bring(f, FROM_PAUSED);
	connection_events_happen(f, PEER_LEAVES);
	assert_string_equal(f->reason, "peer closed the connection");
	connection_fixture_teardown(state);
	connection_fixture_setup(state);
	f = *state;
	connection_events_bring(f, FROM_HOLDING);
	f->reason = "";
	connection_events_happen(f, ABORT_REQUEST);
	assert_null(f->reason);
	front_side_check(f, "OE");
	connection_events_bring(f, FROM_PAUSED);
	connection_events_happen(f, ABORT_REQUEST);
	assert_string_equal(f->reason, "front aborted the request");
}

/* An action that waited for the body may answer all the same. */
static void answers_before_the_body_is_whole(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_BODY);
	connection_fixture_stream(f, FULL_SIZE, false);
	connection_fixture_run(f);
	assert_int_equal(connection_fixture_state(f), CONNECTION_ANSWERING);
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_SEND);
	front_side_check(f, "o");
	assert_int_equal(connection_fixture_state(f), CONNECTION_HOLDING);
	connection_events_happen(f, BODY_END);
	front_side_check(f, "OE");
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
}

/* Then the body's time has nothing to do with the answer. */
static void goes_on_answering_when_the_body_stalls(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_BODY);
	connection_fixture_stream(f, 1000, true);
	connection_fixture_run(f);
	connection_events_happen(f, TIME_IS_OVER);
	front_side_check(f, "o");
	assert_int_equal(connection_fixture_state(f), CONNECTION_ANSWERING);
	connection_events_happen(f, ACTION_ENDS);
	front_side_check(f, "o");
	assert_int_equal(connection_fixture_state(f), CONNECTION_HOLDING);
}

/* The peer has taken all, and waits for us. */
static void drops_nobody_for_a_late_source(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_FULL);
	f->source.late = true;
	front_side_check(f, "o");
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_SEND);
	connection_events_happen(f, TIME_IS_OVER);
	assert_int_equal(connection_fixture_state(f), CONNECTION_ANSWERING);
}

/* What the peer waited before it took something does not count. */
static void counts_from_what_the_peer_took_last(void **state)
{
	static uint8_t bytes[4 << 20];
	struct connection_fixture *f = *state;
	struct peer_timer *timer;

	connection_events_bring(f, FROM_FULL);
	timer = &connection_fixture_first(f)->timer;
	timer->waiting_since = 0;
	assert_true(recv(f->peer, bytes, sizeof(bytes), 0) > 0);
	connection_fixture_run(f);
	assert_true(timer->waiting);
	assert_true(timer->waiting_since > 0);
}

/* --- a peer that sends no more -------------------------------------------- */

static const enum connection_from unhurried[] = { FROM_WAITING, FROM_PAUSED,
	FROM_UNREAD };

/* Its answer is whole, and the connection closed then. */
static void answers_a_peer_that_sends_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(unhurried); i++) {
		struct connection_fixture *f;

		connection_fixture_setup((void **)&f);
		connection_events_bring(f, unhurried[i]);
		connection_events_happen(f, PEER_ENDS);
		connection_events_happen(f, ACTION_ENDS);
		front_side_check(f, "oOE.");
		assert_null(f->reason);
		assert_int_equal(
		    connection_fixture_state(f), CONNECTION_CLOSED);
		connection_fixture_teardown((void **)&f);
	}
}

/* Although nothing is read any more. */
static void notices_that_such_a_peer_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(unhurried); i++) {
		struct connection_fixture *f;

		connection_fixture_setup((void **)&f);
		connection_events_bring(f, unhurried[i]);
		connection_events_happen(f, PEER_ENDS);
		connection_events_happen(f, PEER_LEAVES);
		assert_int_equal(
		    connection_fixture_state(f), CONNECTION_CLOSED);
		assert_string_equal(f->reason, "peer closed the connection");
		connection_fixture_teardown((void **)&f);
	}
}

/* What it leaves unread makes the kernel report an error. */
static void notices_that_such_a_peer_closes_unread(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_FULL);
	assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(
	    connection_fixture_first(f)->events, UV_PRIORITIZED | UV_WRITABLE);
	connection_events_happen(f, PEER_CLOSES);
	assert_int_equal(connection_fixture_state(f), CONNECTION_CLOSED);
	assert_string_equal(f->reason, "peer closed the connection");
}

/* --- aborts --------------------------------------------------------------- */

/* A reply waits then, so that an end has to wait as well. */
static void fill_while_answering(struct connection_fixture *f)
{
	while (fcgi_output_pending(connection_fixture_first(f)->output) == 0) {
		front_side_send_record(f, 99, 0, NULL, 0);
		connection_fixture_run(f);
	}
}

/* The end waits for room, as replies do, and then the next request is heard. */
static void keeps_the_connection_of_an_aborted_request(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_FULL);
	fill_while_answering(f);
	front_side_send_record(f, FCGI_ABORT_REQUEST, 1, NULL, 0);
	connection_fixture_run(f);
	assert_null(f->request);
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_SEND);
	front_side_check(f, "omOE");
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_OFF);
	f->conduct = CONDUCT_ANSWERS;
	front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
	front_side_check(f, "oOE");
}

static const struct {
	const char *body; /* NULL: none of it came */
	bool ends;
	uint64_t size; /* of the answer, 0: none has begun */
	const char *sees;
} unkept[] = {
	{ NULL, true, 0, "OE." },
	{ "abc", false, 0, "OE." },
	{ NULL, true, FULL_SIZE, "omOE." },
};

static void closes_after_an_aborted_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(unkept); i++) {
		struct connection_fixture *f;

		connection_fixture_setup((void **)&f);
		front_side_send_request(
		    f, FCGI_RESPONDER, false, unkept[i].body, unkept[i].ends);
		connection_fixture_run(f);
		if (unkept[i].size > 0) {
			connection_fixture_stream(f, unkept[i].size, false);
			connection_fixture_run(f);
			fill_while_answering(f);
		}
		front_side_send_record(f, FCGI_ABORT_REQUEST, 1, NULL, 0);
		connection_fixture_run(f);
		if (unkept[i].size > 0)
			assert_int_equal(
			    connection_fixture_state(f), CONNECTION_LINGERING);
		front_side_check(f, unkept[i].sees);
		assert_int_equal(
		    connection_fixture_state(f), CONNECTION_CLOSED);
		connection_fixture_teardown((void **)&f);
	}
}

/* All of its answer is on the way: there is one end, not two. */
static void ends_once_what_was_ended_already(void **state)
{
	struct connection_fixture *f = *state;

	f->conduct = CONDUCT_WAITS;
	front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
	connection_fixture_run(f);
	request_error(f->request, 404, NULL, NULL);
	/* The pump runs at the end of a turn, and the request goes after it. */
	stream_group_run(&f->services.streams);
	assert_true(f->request->is_over);
	front_side_send_record(f, FCGI_ABORT_REQUEST, 1, NULL, 0);
	front_side_check(f, "oOE");
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
}

/* --- replies -------------------------------------------------------------- */

/* Management records until their replies find no room. */
static void fill_with_replies(struct connection_fixture *f)
{
	while (!(connection_fixture_first(f)->events & UV_WRITABLE)) {
		front_side_send_record(f, 99, 0, NULL, 0);
		connection_fixture_run(f);
		assert_non_null(connection_fixture_first(f));
	}
}

static const struct {
	enum connection_from from;
	enum connection_state state;
	enum peer_timer_use timer;
} quiet[] = {
	{ FROM_NEW, CONNECTION_NEW, PEER_TIMER_HEAD },
	{ FROM_IDLE, CONNECTION_IDLE, PEER_TIMER_OFF },
	{ FROM_HOLDING, CONNECTION_HOLDING, PEER_TIMER_BODY },
	{ FROM_LINGERING, CONNECTION_LINGERING, PEER_TIMER_BODY },
};

/* They are timed as an answer is, and then the state's own time comes back. */
static void waits_for_room_for_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(quiet); i++) {
		struct connection_fixture *f;

		connection_fixture_setup((void **)&f);
		connection_events_bring(f, quiet[i].from);
		fill_with_replies(f);
		assert_int_equal(connection_fixture_state(f), quiet[i].state);
		assert_int_equal(connection_fixture_timer(f), PEER_TIMER_SEND);
		front_side_check(f, "m");
		assert_int_equal(connection_fixture_state(f), quiet[i].state);
		assert_int_equal(connection_fixture_timer(f), quiet[i].timer);
		assert_int_equal(
		    connection_fixture_first(f)->events, UV_READABLE);
		connection_fixture_teardown((void **)&f);
	}
}

/* It goes after the replies that wait already. */
static void waits_for_room_for_an_end_that_was_held(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_HOLDING);
	fill_with_replies(f);
	connection_events_happen(f, BODY_END);
	assert_int_equal(connection_fixture_state(f), CONNECTION_ANSWERING);
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_SEND);
	front_side_check(f, "mOE");
	assert_int_equal(connection_fixture_state(f), CONNECTION_IDLE);
}

static void drops_a_peer_that_takes_no_replies(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_IDLE);
	fill_with_replies(f);
	connection_events_log(f, TIME_IS_OVER);
	assert_int_equal(connection_fixture_state(f), CONNECTION_CLOSED);
	assert_non_null(strstr(
	    f->log, " connection dropped while idle: peer took nothing for"));
}

/* What comes meanwhile does not give it more time. */
static void times_replies_whatever_comes(void **state)
{
	struct connection_fixture *f = *state;

	connection_events_bring(f, FROM_IDLE);
	fill_with_replies(f);
	f->options.send_timeout_ms = 2 * HOUR_MS;
	connection_events_happen(f, PART_OF_HEADER);
	assert_int_equal(connection_fixture_state(f), CONNECTION_HEAD);
	assert_int_equal(connection_fixture_timer(f), PEER_TIMER_SEND);
	assert_true(uv_timer_get_due_in(
			&connection_fixture_first(f)->timer.handle) <= HOUR_MS);
}

static void drops_a_flood(void **state)
{
	struct connection_fixture *f = *state;

	for (size_t i = 0; i < 100000 && connection_fixture_first(f); i++)
		connection_events_log(f, MANAGEMENT);
	assert_int_equal(connection_fixture_state(f), CONNECTION_CLOSED);
	assert_non_null(strstr(
	    f->log, "sends management requests faster than it reads the"));
}

int main(void)
{
#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, connection_fixture_setup, connection_fixture_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(times_a_head_as_a_whole),
		TEST(times_a_body_by_its_pieces),
		TEST(times_the_rest_of_a_body_as_a_whole),
		TEST(leaves_a_request_alone_that_is_over),
		TEST(tells_why_an_answer_was_cut_short),
		TEST(answers_before_the_body_is_whole),
		TEST(goes_on_answering_when_the_body_stalls),
		TEST(drops_nobody_for_a_late_source),
		TEST(counts_from_what_the_peer_took_last),
		TEST(answers_a_peer_that_sends_no_more),
		TEST(notices_that_such_a_peer_leaves),
		TEST(notices_that_such_a_peer_closes_unread),
		TEST(keeps_the_connection_of_an_aborted_request),
		TEST(closes_after_an_aborted_request),
		TEST(ends_once_what_was_ended_already),
		TEST(waits_for_room_for_an_end_that_was_held),
		TEST(waits_for_room_for_replies),
		TEST(drops_a_peer_that_takes_no_replies),
		TEST(times_replies_whatever_comes),
		TEST(drops_a_flood),
	};

	return cmocka_run_group_tests_name(
	    "connection_state", tests, NULL, NULL);
}
