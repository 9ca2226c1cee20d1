#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that end before all of them has come or been answered.

The front aborts one, sends no more, or asks for what is no responder.
"""

import socket
import struct

from support import fastcgi
from support.fastcgi import (ABORT_REQUEST, END_REQUEST, GET_VALUES_RESULT,
                     PARAMS, REQUEST_COMPLETE, STDIN, UNKNOWN_ROLE, Record,
                     Response, record)
from support.harness import (MIB, check_file, check_response, equal, found,
                     main, need, run_tool, test, true, wait_idle)

LARGE = 16 * MIB


def serve(case, size=1000):
    """A daemon and a file of this size that it serves as /file."""
    stored = case.store("file", size)
    return case.start(), stored


# --- roles and ends of streams -----------------------------------------------

@test
def a_role_is_refused_before_the_rest_of_the_request(case):
    """5.5; what follows of it is no matter, and may be long."""
    daemon, stored = serve(case)
    rest = (fastcgi.stream(PARAMS, b"x" * 100_000, 7)
            + fastcgi.stream(STDIN, bytes(100_000), 7))
    for keep in (True, False):
        connection = daemon.connect()
        connection.send(fastcgi.begin(7, keep, fastcgi.AUTHORIZER))
        answer = connection.read_record()
        equal((answer.request_id, answer.end_request()[1]),
              (7, UNKNOWN_ROLE), "answer")
        connection.send(rest)
        if keep:
            check_file(connection.ask(daemon.params("/file")), stored)
        else:
            true(connection.is_closed(), "kept without FCGI_KEEP_CONN")
    # Nothing of it comes: that is waited for, but not for long.
    connection = case.start("--head-timeout=1s").connect()
    connection.send(fastcgi.begin(7, role=fastcgi.AUTHORIZER))
    equal(connection.read_record().kind, END_REQUEST, "type of the answer")
    true(connection.is_closed(), "it stays open")


@test
def ends_of_streams_may_be_repeated(case):
    """A stream that has ended has ended; bytes after it are a mistake."""
    daemon, stored = serve(case, LARGE)
    connection, response = daemon.begin("/file", keep=True)
    connection.receive_bytes(response, MIB)
    ends = record(STDIN, 1) + record(PARAMS, 1)
    connection.send(ends * 1000)
    check_file(connection.receive(response), stored)
    connection.send(ends)
    check_file(connection.ask(daemon.params("/file")), stored)
    connection, response = daemon.begin("/file", keep=True)
    connection.receive_bytes(response, MIB)
    connection.send(record(STDIN, 1, b"x"))
    true(connection.receive(response).broken, "bytes after the end are taken")


# --- aborts -------------------------------------------------------------------

def check_aborted(connection, response):
    """Fails unless END_REQUEST comes before the whole answer."""
    connection.receive(response)
    true(response.complete, "no END_REQUEST")
    equal((response.app_status, response.protocol_status),
          (1, REQUEST_COMPLETE), "status of the aborted request")
    true(response.length < LARGE, "it was sent to the end")


@test
def abort_request_ends_a_stream_at_once(case):
    """5.4: with END_REQUEST, and the connection stays."""
    daemon, stored = serve(case, LARGE)
    connection = daemon.connect()
    for step in range(8):
        connection.send(fastcgi.request(daemon.params("/file"), keep=True))
        response = Response()
        connection.receive_bytes(response, 1 + step * MIB)
        connection.send(record(ABORT_REQUEST, 1))
        check_aborted(connection, response)
    line = daemon.wait_access(count=8, end="aborted")
    equal(line["path"], "/file", "path of the aborted stream")
    true(int(line["bytes"]) < LARGE, "bytes of the aborted stream")
    found("front aborted the request", line.get("reason"), "reason")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def abort_request_without_keep_conn_closes_after_the_end(case):
    daemon, _ = serve(case, LARGE)
    connection, response = daemon.begin("/file")
    connection.receive_bytes(response, MIB)
    connection.send(record(ABORT_REQUEST, 1))
    check_aborted(connection, response)
    true(connection.is_closed(), "it stays open")


@test
def abort_request_inside_a_head_or_body_keeps_the_connection(case):
    daemon, stored = serve(case)
    post = daemon.params("/", "POST", STREAM_ACTION="archive")
    head = fastcgi.head(daemon.params("/file"), keep=True)
    connection = daemon.connect()
    for data in (fastcgi.begin(1, keep=True), head[:-8],
                 fastcgi.head(post, keep=True),
                 fastcgi.head(post, keep=True) + record(STDIN, 1, b"a\n")):
        connection.send(data)
        connection.wait_taken()
        connection.send(record(ABORT_REQUEST, 1))
        response = connection.receive(Response())
        true(response.complete, f"no END_REQUEST after {data!r}")
        # What is still on its way of it is ignored.
        connection.send(record(PARAMS, 1) + record(STDIN, 1, b"b")
                        + record(STDIN, 1))
        check_file(connection.ask(daemon.params("/file"), keep=True), stored)
    connection = daemon.connect()
    connection.send(fastcgi.begin(1) + record(ABORT_REQUEST, 1))
    equal(connection.read_record().kind, END_REQUEST, "type of the answer")
    true(connection.is_closed(), "kept without FCGI_KEEP_CONN")


# --- a front that sends no more ----------------------------------------------

@test
def who_sends_no_more_gets_its_answer(case):
    """Over AF_UNIX, which tells that from a close."""
    daemon, stored = serve(case, LARGE)
    for keep in (False, True):
        connection, response = daemon.begin("/file", keep=keep)
        connection.receive_bytes(response, MIB)
        connection.socket.shutdown(socket.SHUT_WR)
        check_file(connection.receive(response), stored)
        true(connection.is_closed(), "it stays open")
    connection = daemon.connect()
    connection.send(fastcgi.request(daemon.params("/file"), keep=True))
    connection.socket.shutdown(socket.SHUT_WR)
    check_file(connection.receive(Response()), stored)
    daemon.wait_access(count=3, status=200, end="complete")


@test
def a_tool_that_sends_no_more_gets_its_answer(case):
    """socat ends its sending side with its input."""
    need("socat")
    daemon, stored = serve(case, LARGE)
    sent = case.dir / "request"
    sent.write_bytes(fastcgi.request(daemon.params("/file"), keep=True))
    with open(sent, "rb") as stdin:
        got = run_tool("socat", "-t", 20, "-",
                       f"UNIX-CONNECT:{daemon.address[5:]}", stdin=stdin)
    response, at = Response(), 0
    while at < len(got):
        _, kind, number, size, padding = struct.unpack_from("!BBHHB", got, at)
        response.take(Record(kind, number, got[at + 8:at + 8 + size]))
        at += 8 + size + padding
    check_file(response, stored)


@test
def who_sends_no_more_waits_for_nothing(case):
    daemon, _ = serve(case)
    for data in (b"", fastcgi.begin(), fastcgi.begin()[:5],
                 fastcgi.get_values("FCGI_MAX_CONNS")):
        connection = daemon.connect()
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        if len(data) > 16:
            equal(connection.read_record().kind, GET_VALUES_RESULT, "answer")
        true(connection.is_closed(), f"it stays open after {data!r}")
    # A body that is cut is no body.
    params = daemon.params("/", "POST", STREAM_ACTION="archive")
    connection = daemon.connect()
    connection.send(fastcgi.head(params) + record(STDIN, 1, b"file\n"))
    connection.socket.shutdown(socket.SHUT_WR)
    check_response(connection.receive(Response()), 400)
    # One that nobody reads is not waited for.
    connection = daemon.connect()
    connection.send(fastcgi.head(daemon.params("/none"))
                    + record(STDIN, 1, b"x"))
    connection.socket.shutdown(socket.SHUT_WR)
    check_response(connection.receive(Response()), 404)


@test
def who_sends_no_more_is_still_seen_to_leave(case):
    """Also while nothing is sent to it, and without work meanwhile."""
    daemon, _ = serve(case)
    (case.root / "log").write_text("line\n")
    connection = daemon.connect()
    connection.send(fastcgi.request(
        daemon.params("/log", STREAM_ACTION="follow"), keep=True))
    response = Response()
    connection.receive_bytes(response, 5)
    connection.socket.shutdown(socket.SHUT_WR)
    wait_idle(daemon.worker)
    with open(case.root / "log", "a", encoding="ascii") as log:
        log.write("more\n")
    connection.receive_bytes(response, 10)
    equal(response.length, 10, "bytes of the growing file")
    wait_idle(daemon.worker)
    connection.close()
    line = daemon.wait_access(path="/log", end="aborted")
    found("peer closed", line.get("reason"), "reason")


@test
def over_tcp_who_sends_no_more_is_gone(case):
    case.store("file", LARGE)
    daemon = case.start(listen="127.0.0.1:0")
    connection, response = daemon.begin("/file")
    connection.receive_bytes(response, MIB)
    connection.socket.shutdown(socket.SHUT_WR)
    true(connection.receive(response).broken, "it was sent to the end")
    daemon.wait_access(end="aborted")


if __name__ == "__main__":
    main()
