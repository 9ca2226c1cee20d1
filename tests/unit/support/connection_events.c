/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/connection_events.h"

#include <fastcgi.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi_app/request/request.h"
#include "tests/unit/support/connection_fixture.h"
#include "tests/unit/support/front_side.h"
#include "tests/unit/support/unit.h"

static void stream(struct connection_fixture *f, uint64_t size, bool late)
{
	f->conduct = CONDUCT_WAITS;
	front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
	connection_fixture_run(f);
	connection_fixture_stream(f, size, late);
}

void connection_events_bring(
    struct connection_fixture *f, enum connection_from from)
{
	static const uint8_t begin[8] = { 0, FCGI_RESPONDER, FCGI_KEEP_CONN };

	switch (from) {
	case FROM_NEW:
		break;
	case FROM_IDLE:
	case FROM_HEAD:
		f->conduct = CONDUCT_ANSWERS;
		front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
		front_side_check(f, "oOE");
		if (from == FROM_HEAD)
			front_side_send_record(
			    f, FCGI_BEGIN_REQUEST, 1, begin, sizeof(begin));
		break;
	case FROM_BODY:
		f->conduct = CONDUCT_READS_BODY;
		front_side_send_request(f, FCGI_RESPONDER, true, "abc", false);
		break;
	case FROM_WAITING:
	case FROM_UNREAD:
		f->conduct = CONDUCT_WAITS;
		front_side_send_request(
		    f, FCGI_RESPONDER, true, NULL, from == FROM_WAITING);
		break;
	case FROM_PAUSED:
		stream(f, 1000, true);
		front_side_check(f, "o");
		break;
	case FROM_FULL:
		stream(f, FULL_SIZE, false);
		break;
	case FROM_HOLDING:
		f->conduct = CONDUCT_ANSWERS;
		front_side_send_request(f, FCGI_RESPONDER, true, NULL, false);
		front_side_check(f, "o");
		break;
	case FROM_LINGERING:
		front_side_send_request(f, UNKNOWN_ROLE, false, NULL, false);
		front_side_check(f, "U");
		break;
	}
	connection_fixture_run(f);
}

static void end_action(struct connection_fixture *f)
{
	if (f->source.in_flight)
		mock_source_complete(&f->source);
	else
		request_error(f->request, 404, NULL, NULL);
}

void connection_events_happen(
    struct connection_fixture *f, enum connection_event event)
{
	static const uint8_t begin[8] = { 0, FCGI_RESPONDER };
	static const uint8_t other[8] = { 0, UNKNOWN_ROLE, FCGI_KEEP_CONN };

	switch (event) {
	case PEER_LEAVES:
		/* To the other side as good as a close; it can still look. */
		assert_int_equal(shutdown(f->peer, SHUT_RDWR), 0);
		break;
	case PEER_ENDS:
		assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
		break;
	case PEER_CLOSES:
		close(f->peer);
		f->peer = -1;
		break;
	case TIME_IS_OVER:
		connection_fixture_expire(f);
		break;
	case PART_OF_HEADER:
		front_side_send(f, "\1", 1);
		break;
	case REQUEST:
		f->conduct = CONDUCT_WAITS;
		front_side_send_request(f, FCGI_RESPONDER, true, NULL, true);
		break;
	case OTHER_ROLE:
		front_side_send_record(
		    f, FCGI_BEGIN_REQUEST, 1, other, sizeof(other));
		break;
	case SECOND_REQUEST:
		front_side_send_record(
		    f, FCGI_BEGIN_REQUEST, 2, begin, sizeof(begin));
		break;
	case BODY_BYTES:
		front_side_send_record(f, FCGI_STDIN, 1, "xyz", 3);
		break;
	case BODY_END:
		front_side_send_record(f, FCGI_STDIN, 1, NULL, 0);
		break;
	case MANAGEMENT:
		front_side_send_record(f, 99, 0, NULL, 0);
		break;
	case ABORT_REQUEST:
		front_side_send_record(f, FCGI_ABORT_REQUEST, 1, NULL, 0);
		break;
	case GARBAGE:
		front_side_send(f, "GET / HTTP/1.1\r\n\r\n", 18);
		break;
	case ACTION_ENDS:
		end_action(f);
		break;
	case PEER_READS: /* as after each event */
		break;
	case DRAIN:
		connections_drain(&f->all);
		break;
	case STOP:
		connections_abort(&f->all, "worker stopped");
		break;
	}
	connection_fixture_run(f);
}

void connection_events_log(
    struct connection_fixture *f, enum connection_event event)
{
	int saved = dup(STDERR_FILENO);
	int fd = memfd_create("log", MFD_CLOEXEC);
	ssize_t n;

	assert_true(saved >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	connection_events_happen(f, event);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fd, f->log, sizeof(f->log) - 1, 0);
	f->log[n > 0 ? n : 0] = '\0';
	close(fd);
}
