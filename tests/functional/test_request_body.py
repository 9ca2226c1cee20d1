#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Request bodies on their way to an action that asks for them."""

import threading

from support import fastcgi
from support.harness import MIB, check_response, equal, main, test, true
from support.modules import ask, check, much_bytes, start_ways
from support.nginx import Nginx, curl


@test
def a_body_is_handed_over_whole(case):
    daemon = start_ways(case)
    for size in (0, 1, 999, 1000):
        body = much_bytes(size)
        expected = b"%d:" % size + body
        check(ask(daemon, "/body", "POST", body=body), expected,
              Content_Length=str(len(expected)))
        with daemon.connect() as connection:
            connection.send(fastcgi.head(daemon.params(
                "/body", "POST", STREAM_ACTION="ways")))
            for at in range(size):
                connection.send(fastcgi.record(fastcgi.STDIN, 1,
                                               body[at:at + 1]))
            connection.send(fastcgi.record(fastcgi.STDIN))
            response = fastcgi.Response()
            connection.receive(response)
        check(response, expected)


@test
def a_body_of_another_length_is_400(case):
    daemon = start_ways(case)
    for length, body, status in (("3", b"abc", 200), ("0", b"", 200),
                                 ("x", b"abc", 200), ("4", b"abc", 400),
                                 ("2", b"abc", 400), ("1", b"", 400)):
        params = daemon.params("/body", "POST", STREAM_ACTION="ways",
                               CONTENT_LENGTH=length)
        with daemon.connect() as connection:
            connection.send(fastcgi.request(params, body=body))
            response = fastcgi.Response()
            connection.receive(response)
        equal(response.status, status, f"{body} of {length}")
    daemon.wait_log('CONTENT_LENGTH=".": the request body has [03] bytes', count=3)


@test
def a_body_over_its_limit_is_413(case):
    daemon = start_ways(case)
    check_response(ask(daemon, "/body", "POST", body=bytes(1001)), 413)
    check_response(ask(daemon, "/body", "POST", body=bytes(200000)), 413)
    query = f"most={16 * MIB}"
    body = b"x" * (16 * MIB)
    check(ask(daemon, "/body", "POST", body=body, query=query), body)
    response = ask(daemon, "/body", "POST", body=body + b"x", query=query)
    check_response(response, 413)
    # More than may be asked for: the action has no answer then.
    check_response(ask(daemon, "/body", "POST",
                       query=f"most={16 * MIB + 1}"), 500)
    daemon.wait_log("request body over [0-9]+ bytes", count=3)


@test
def a_connection_is_kept_after_a_body(case):
    daemon = start_ways(case)
    params = daemon.params("/body", "POST", STREAM_ACTION="ways")
    with daemon.connect() as connection:
        for size in (0, 10, 1000, 1001, 30000, 5):
            body = much_bytes(size)
            connection.send(fastcgi.request(params, keep=True, body=body))
            response = fastcgi.Response()
            connection.receive(response)
            if size <= 1000:
                check(response, b"%d:" % size + body)
            else:
                check_response(response, 413)


@test
def get_values_is_answered_while_a_body_is_waited_for(case):
    daemon = start_ways(case)
    params = daemon.params("/body", "POST", STREAM_ACTION="ways")
    with daemon.connect() as connection:
        connection.send(fastcgi.head(params)
                        + fastcgi.record(fastcgi.STDIN, 1, b"some"))
        connection.send(fastcgi.get_values("FCGI_MPXS_CONNS"))
        answer = connection.read_record()
        equal((answer.kind, answer.request_id),
              (fastcgi.GET_VALUES_RESULT, 0), "the first record")
        connection.send(fastcgi.record(fastcgi.STDIN))
        response = fastcgi.Response()
        connection.receive(response)
        check(response, b"4:some")


@test
def a_body_that_stalls_is_408(case):
    daemon = start_ways(case, "--head-timeout=300ms")
    params = daemon.params("/body", "POST", STREAM_ACTION="ways")
    for sent in (b"", b"some"):
        with daemon.connect() as connection:
            connection.send(fastcgi.head(params, keep=True))
            if sent:
                connection.send(fastcgi.record(fastcgi.STDIN, 1, sent))
            response = fastcgi.Response()
            connection.receive(response)
            check_response(response, 408)
            true(connection.is_closed(), "it is kept")
    daemon.wait_log("no more of the request body within --head-timeout", count=2)


@test
def a_slow_body_that_goes_on_is_waited_for(case):
    daemon = start_ways(case, "--head-timeout=2s")
    params = daemon.params("/body", "POST", STREAM_ACTION="ways")
    with daemon.connect() as connection:
        connection.send(fastcgi.head(params))
        pause = threading.Event()
        for _ in range(6):
            connection.send(fastcgi.record(fastcgi.STDIN, 1, b"x"))
            pause.wait(0.5)
        connection.send(fastcgi.record(fastcgi.STDIN))
        response = fastcgi.Response()
        connection.receive(response)
    check(response, b"6:xxxxxx")


@test
def an_answer_under_way_outlives_the_bodys_time(case):
    daemon = start_ways(case, "--head-timeout=200ms")
    params = daemon.params("/later", "POST", STREAM_ACTION="ways",
                           QUERY_STRING="ticks=5&every=150")
    with daemon.connect() as connection:
        connection.send(fastcgi.head(params))
        connection.send(fastcgi.record(fastcgi.STDIN, 1, b"never ended"))
        response = fastcgi.Response()
        connection.receive(response)
    check(response, b"".join(b"tick %d\n" % n for n in (5, 4, 3, 2, 1)))


@test
def an_answer_that_is_being_opened_needs_no_body(case):
    for rest, time in ((bytes(100), "60s"), (b"end", "60s"), (None, "200ms")):
        daemon = start_ways(case, f"--head-timeout={time}")
        params = daemon.params("/hurry", "POST", STREAM_ACTION="ways",
                               CONTENT_LENGTH=None)
        with daemon.connect() as connection:
            connection.send(fastcgi.head(params, keep=True))
            connection.send(fastcgi.record(fastcgi.STDIN, 1, b"begin"))
            threading.Event().wait(0.4)
            if rest is not None:
                connection.send(fastcgi.record(fastcgi.STDIN, 1, rest))
                connection.send(fastcgi.record(fastcgi.STDIN))
            response = fastcgi.Response()
            connection.receive(response)
            check_response(response, 404)
        daemon.wait_access(count=1)
        true("a body came" not in daemon.log(), "it is handed over")
        daemon.stop()


@test
def a_client_that_leaves_inside_its_body_is_forgotten(case):
    daemon = start_ways(case)
    params = daemon.params("/body", "POST", STREAM_ACTION="ways")
    for _ in range(3):
        with daemon.connect() as connection:
            connection.send(fastcgi.head(params))
            connection.send(fastcgi.record(fastcgi.STDIN, 1, b"some"))
    daemon.wait_access(count=3, end="aborted")
    check(ask(daemon, "/body", "POST", body=b"x"), b"1:x")


@test
def bodies_arrive_through_nginx(case):
    daemon = start_ways(case)
    nginx = Nginx(case, daemon, {"STREAM_ACTION": "ways"})
    for size in (0, 1, 1000):
        body = much_bytes(size)
        (case.dir / "body").write_bytes(body)
        got = curl("--data-binary", f"@{case.dir}/body", nginx.url("body"))
        equal(got, b"%d:" % size + body, f"a body of {size} bytes")
    (case.dir / "body").write_bytes(bytes(1001))
    status = curl("-o", case.dir / "got", "-w", "%{http_code}",
                  "--data-binary", f"@{case.dir}/body", nginx.url("body"))
    equal(status, b"413", "status of a body over its limit")


if __name__ == "__main__":
    main()
