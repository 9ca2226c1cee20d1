/* SPDX-License-Identifier: MIT */
/* The states of a connection as a table, and what the log calls them. */
#include "config.h"
#include "fcgi_app/connection/connection.h"

#include <fastcgi.h>
#include <string.h>

#include "tests/unit/support/connection_events.h"
#include "tests/unit/support/connection_fixture.h"
#include "tests/unit/support/front_side.h"
#include "tests/unit/support/unit.h"

/* --- the table ------------------------------------------------------------ */

#define NEW CONNECTION_NEW, PEER_TIMER_HEAD
#define IDLE CONNECTION_IDLE, PEER_TIMER_OFF
#define HEAD CONNECTION_HEAD, PEER_TIMER_HEAD
#define BODY CONNECTION_BODY, PEER_TIMER_BODY
#define ANSWERING CONNECTION_ANSWERING, PEER_TIMER_OFF
#define SENDING CONNECTION_ANSWERING, PEER_TIMER_SEND
#define HOLDING CONNECTION_HOLDING, PEER_TIMER_BODY
#define LINGERING CONNECTION_LINGERING, PEER_TIMER_BODY
#define CLOSED CONNECTION_CLOSED, PEER_TIMER_OFF

static const struct row {
	enum connection_from from;
	enum connection_event event;
	enum connection_state state;
	enum peer_timer_use timer;
	const char *sees; /* in that state and since; NULL: an answer cut off */
} rows[] = {
	{ FROM_NEW, PEER_LEAVES, CLOSED, "." },
	{ FROM_NEW, PEER_ENDS, CLOSED, "." },
	{ FROM_NEW, TIME_IS_OVER, CLOSED, "." },
	{ FROM_NEW, PART_OF_HEADER, NEW, "" },
	{ FROM_NEW, REQUEST, ANSWERING, "" },
	{ FROM_NEW, OTHER_ROLE, IDLE, "U" },
	{ FROM_NEW, BODY_BYTES, NEW, "" },
	{ FROM_NEW, MANAGEMENT, NEW, "m" },
	{ FROM_NEW, ABORT_REQUEST, NEW, "" },
	{ FROM_NEW, GARBAGE, CLOSED, "." },
	{ FROM_NEW, DRAIN, CLOSED, "." },
	{ FROM_NEW, STOP, CLOSED, "." },

	{ FROM_IDLE, PEER_LEAVES, CLOSED, "." },
	{ FROM_IDLE, PEER_ENDS, CLOSED, "." },
	{ FROM_IDLE, TIME_IS_OVER, IDLE, "" },
	{ FROM_IDLE, PART_OF_HEADER, HEAD, "" },
	{ FROM_IDLE, REQUEST, ANSWERING, "" },
	{ FROM_IDLE, OTHER_ROLE, IDLE, "U" },
	{ FROM_IDLE, SECOND_REQUEST, HEAD, "" },
	{ FROM_IDLE, BODY_BYTES, IDLE, "" },
	{ FROM_IDLE, BODY_END, IDLE, "" },
	{ FROM_IDLE, MANAGEMENT, IDLE, "m" },
	{ FROM_IDLE, ABORT_REQUEST, IDLE, "" },
	{ FROM_IDLE, GARBAGE, CLOSED, "." },
	{ FROM_IDLE, DRAIN, CLOSED, "." },
	{ FROM_IDLE, STOP, CLOSED, "." },

	{ FROM_HEAD, PEER_LEAVES, CLOSED, "." },
	{ FROM_HEAD, PEER_ENDS, CLOSED, "." },
	{ FROM_HEAD, TIME_IS_OVER, CLOSED, "." },
	{ FROM_HEAD, PART_OF_HEADER, HEAD, "" },
	{ FROM_HEAD, SECOND_REQUEST, HEAD, "M" },
	{ FROM_HEAD, BODY_BYTES, CLOSED, "." },
	{ FROM_HEAD, MANAGEMENT, HEAD, "m" },
	{ FROM_HEAD, ABORT_REQUEST, IDLE, "E" },
	{ FROM_HEAD, GARBAGE, CLOSED, "." },
	{ FROM_HEAD, DRAIN, CLOSED, "." },
	{ FROM_HEAD, STOP, CLOSED, "." },

	{ FROM_BODY, PEER_LEAVES, CLOSED, "." },
	{ FROM_BODY, PEER_ENDS, CLOSED, "roORE." },
	{ FROM_BODY, TIME_IS_OVER, LINGERING, "roORE" },
	{ FROM_BODY, PART_OF_HEADER, BODY, "" },
	{ FROM_BODY, REQUEST, CLOSED, "." },
	{ FROM_BODY, SECOND_REQUEST, BODY, "M" },
	{ FROM_BODY, BODY_BYTES, BODY, "" },
	{ FROM_BODY, BODY_END, IDLE, "oOE" },
	{ FROM_BODY, MANAGEMENT, BODY, "m" },
	{ FROM_BODY, ABORT_REQUEST, IDLE, "OE" },
	{ FROM_BODY, GARBAGE, CLOSED, "." },
	{ FROM_BODY, ACTION_ENDS, HOLDING, "o" },
	{ FROM_BODY, DRAIN, BODY, "" },
	{ FROM_BODY, STOP, CLOSED, "." },

	{ FROM_WAITING, PEER_LEAVES, CLOSED, "." },
	{ FROM_WAITING, PEER_ENDS, ANSWERING, "" },
	{ FROM_WAITING, TIME_IS_OVER, ANSWERING, "" },
	{ FROM_WAITING, PART_OF_HEADER, ANSWERING, "" },
	{ FROM_WAITING, REQUEST, CLOSED, "." },
	{ FROM_WAITING, SECOND_REQUEST, ANSWERING, "M" },
	{ FROM_WAITING, BODY_BYTES, CLOSED, "." },
	{ FROM_WAITING, BODY_END, ANSWERING, "" },
	{ FROM_WAITING, MANAGEMENT, ANSWERING, "m" },
	{ FROM_WAITING, ABORT_REQUEST, IDLE, "OE" },
	{ FROM_WAITING, GARBAGE, CLOSED, "." },
	{ FROM_WAITING, ACTION_ENDS, IDLE, "oOE" },
	{ FROM_WAITING, DRAIN, ANSWERING, "" },
	{ FROM_WAITING, STOP, CLOSED, "." },

	{ FROM_UNREAD, PEER_ENDS, ANSWERING, "" },
	{ FROM_UNREAD, BODY_BYTES, ANSWERING, "" },
	{ FROM_UNREAD, BODY_END, ANSWERING, "" },
	{ FROM_UNREAD, ABORT_REQUEST, IDLE, "OE" },
	{ FROM_UNREAD, ACTION_ENDS, HOLDING, "o" },

	/* What has begun must not look complete. */
	{ FROM_PAUSED, PEER_LEAVES, CLOSED, "." },
	{ FROM_PAUSED, PEER_ENDS, ANSWERING, "" },
	{ FROM_PAUSED, TIME_IS_OVER, ANSWERING, "" },
	{ FROM_PAUSED, REQUEST, CLOSED, "X." },
	{ FROM_PAUSED, BODY_END, ANSWERING, "" },
	{ FROM_PAUSED, MANAGEMENT, ANSWERING, "m" },
	{ FROM_PAUSED, ABORT_REQUEST, IDLE, "OE" },
	{ FROM_PAUSED, GARBAGE, CLOSED, "X." },
	{ FROM_PAUSED, ACTION_ENDS, IDLE, "oOE" },
	{ FROM_PAUSED, DRAIN, ANSWERING, "" },
	{ FROM_PAUSED, STOP, CLOSED, "X." },

	{ FROM_FULL, PEER_LEAVES, CLOSED, NULL },
	{ FROM_FULL, PEER_ENDS, CLOSED, "oOE." },
	{ FROM_FULL, TIME_IS_OVER, CLOSED, NULL },
	{ FROM_FULL, MANAGEMENT, IDLE, "omoOE" },
	{ FROM_FULL, ABORT_REQUEST, IDLE, "oOE" },
	{ FROM_FULL, PEER_READS, IDLE, "oOE" },
	{ FROM_FULL, STOP, CLOSED, NULL },
	{ FROM_FULL, DRAIN, CLOSED, "oOE." },

	{ FROM_HOLDING, PEER_LEAVES, CLOSED, "." },
	{ FROM_HOLDING, PEER_ENDS, CLOSED, "OE." },
	{ FROM_HOLDING, TIME_IS_OVER, LINGERING, "OE" },
	{ FROM_HOLDING, PART_OF_HEADER, HOLDING, "" },
	{ FROM_HOLDING, REQUEST, CLOSED, "X." },
	{ FROM_HOLDING, SECOND_REQUEST, HOLDING, "M" },
	{ FROM_HOLDING, BODY_BYTES, HOLDING, "" },
	{ FROM_HOLDING, BODY_END, IDLE, "OE" },
	{ FROM_HOLDING, MANAGEMENT, HOLDING, "m" },
	{ FROM_HOLDING, ABORT_REQUEST, IDLE, "OE" },
	{ FROM_HOLDING, GARBAGE, CLOSED, "X." },
	{ FROM_HOLDING, DRAIN, HOLDING, "" },
	{ FROM_HOLDING, STOP, CLOSED, "X." },

	{ FROM_LINGERING, PEER_LEAVES, CLOSED, "." },
	{ FROM_LINGERING, PEER_ENDS, CLOSED, "." },
	{ FROM_LINGERING, TIME_IS_OVER, CLOSED, "." },
	{ FROM_LINGERING, PART_OF_HEADER, LINGERING, "" },
	{ FROM_LINGERING, REQUEST, CLOSED, "." },
	{ FROM_LINGERING, SECOND_REQUEST, LINGERING, "M" },
	{ FROM_LINGERING, BODY_BYTES, LINGERING, "" },
	{ FROM_LINGERING, BODY_END, CLOSED, "." },
	{ FROM_LINGERING, MANAGEMENT, LINGERING, "m" },
	{ FROM_LINGERING, ABORT_REQUEST, CLOSED, "." },
	{ FROM_LINGERING, GARBAGE, CLOSED, "." },
	{ FROM_LINGERING, DRAIN, CLOSED, "." },
	{ FROM_LINGERING, STOP, CLOSED, "." },
};

static const struct {
	enum connection_state state;
	enum peer_timer_use timer;
	bool watches_room;
} states[] = {
	[FROM_NEW] = { NEW, false },
	[FROM_IDLE] = { IDLE, false },
	[FROM_HEAD] = { HEAD, false },
	[FROM_BODY] = { BODY, false },
	[FROM_WAITING] = { ANSWERING, false },
	[FROM_PAUSED] = { ANSWERING, false },
	[FROM_FULL] = { SENDING, true },
	[FROM_UNREAD] = { ANSWERING, false },
	[FROM_HOLDING] = { HOLDING, false },
	[FROM_LINGERING] = { LINGERING, false },
};

/* Each state has its timer, and its events. */
static void comes_into_each_state(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		struct connection_fixture *f;
		int events = UV_READABLE;

		connection_fixture_setup((void **)&f);
		connection_events_bring(f, (enum connection_from)i);
		if (states[i].watches_room)
			events |= UV_WRITABLE;
		assert_int_equal(connection_fixture_state(f), states[i].state);
		assert_int_equal(connection_fixture_timer(f), states[i].timer);
		assert_int_equal(connection_fixture_first(f)->events, events);
		connection_fixture_teardown((void **)&f);
	}
	(void)state;
}

static void run_row(const struct row *row)
{
	struct connection_fixture *f;

	connection_fixture_setup((void **)&f);
	connection_events_bring(f, row->from);
	connection_events_log(f, row->event);
	if (row->sees)
		front_side_check(f, row->sees);
	else
		front_side_check_cut(f);
	assert_int_equal(connection_fixture_state(f), row->state);
	assert_int_equal(connection_fixture_timer(f), row->timer);
	assert_int_equal(f->changes, row->state == CONNECTION_CLOSED);
	if (connection_fixture_first(f))
		assert_int_equal(connection_fixture_first(f)->events,
		    row->event == PEER_ENDS ? UV_PRIORITIZED : UV_READABLE);
	connection_fixture_teardown((void **)&f);
}

static void goes_from_state_to_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		/* For the log: which row it is that fails. */
		print_message("# %d, event %d\n", rows[i].from, rows[i].event);
		run_row(&rows[i]);
	}
}

/* --- the log -------------------------------------------------------------- */

static void names_the_state_in_the_log(void **state)
{
	static const struct {
		enum connection_from from;
		enum connection_event event;
		const char *text;
	} cases[] = {
		{ FROM_NEW, TIME_IS_OVER,
		    " connection dropped while waiting for its first request: "
		    "request head not complete within --head-timeout\n" },
		{ FROM_NEW, GARBAGE,
		    " connection dropped while waiting for its first request: "
		    "not a FastCGI record of version 1\n" },
		{ FROM_IDLE, GARBAGE, " connection dropped while idle: not a" },
		{ FROM_HEAD, TIME_IS_OVER,
		    " connection dropped while reading a request's head: " },
		{ FROM_BODY, GARBAGE,
		    " 7-1: connection dropped while reading a request's "
		    "body: not a" },
		{ FROM_FULL, TIME_IS_OVER,
		    " 7-1: connection dropped while answering: "
		    "peer took nothing for --send-timeout\n" },
		{ FROM_HOLDING, GARBAGE,
		    " 7-1: connection dropped while reading the rest of a "
		    "request's body: not a" },
		{ FROM_LINGERING, TIME_IS_OVER,
		    " connection dropped while lingering after the answer: "
		    "request body not complete within" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct connection_fixture *f;

		connection_fixture_setup((void **)&f);
		connection_events_bring(f, cases[i].from);
		connection_events_log(f, cases[i].event);
		assert_non_null(strstr(f->log, cases[i].text));
		connection_fixture_teardown((void **)&f);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_into_each_state),
		cmocka_unit_test(goes_from_state_to_state),
		cmocka_unit_test(names_the_state_in_the_log),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
