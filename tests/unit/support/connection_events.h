/* SPDX-License-Identifier: MIT */
/* Brings a connection into any state, and lets anything happen to it. */
#ifndef TESTS_UNIT_SUPPORT_CONNECTION_EVENTS_H
#define TESTS_UNIT_SUPPORT_CONNECTION_EVENTS_H

struct connection_fixture;

#define UNKNOWN_ROLE 9

/* How a connection is brought into a state. */
enum connection_from {
	FROM_NEW,
	FROM_IDLE,
	FROM_HEAD,
	FROM_BODY,
	FROM_WAITING, /* ANSWERING, nothing has left yet */
	FROM_PAUSED,  /* ANSWERING, the source is late */
	FROM_FULL,    /* ANSWERING, the socket has no room */
	FROM_UNREAD,  /* ANSWERING, an answer without the body's end */
	FROM_HOLDING,
	FROM_LINGERING,
};

enum connection_event {
	PEER_LEAVES,
	PEER_ENDS, /* it sends no more, but reads */
	PEER_CLOSES,
	TIME_IS_OVER,
	PART_OF_HEADER,
	REQUEST,
	OTHER_ROLE, /* BEGIN_REQUEST of one that is unknown, to be kept */
	SECOND_REQUEST,
	BODY_BYTES,
	BODY_END,
	MANAGEMENT,
	ABORT_REQUEST,
	GARBAGE,
	ACTION_ENDS,
	PEER_READS,
	DRAIN,
	STOP,
};

/* Brings a new connection there; what the front sees on the way is checked. */
void connection_events_bring(
    struct connection_fixture *f, enum connection_from from);

void connection_events_happen(
    struct connection_fixture *f, enum connection_event event);

/* The same, with what is logged meanwhile in f->log. */
void connection_events_log(
    struct connection_fixture *f, enum connection_event event);

#endif
