#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Actions in shared objects: every way to answer that action.h has."""

import errno
import os
import re
import socket
import subprocess

from support.harness import (KIB, MIB, SANITIZED, TOP, Skip, check_file,
                     check_response, equal, found, main, need, peak_memory,
                     program, test, true, wait_until)
from support.modules import ask, check, much_bytes, start_ways
from support.nginx import Nginx, curl


# --- whole bodies ------------------------------------------------------------

@test
def a_text_is_sent_whole(case):
    daemon = start_ways(case)
    body = "hällo\n".encode()
    check(ask(daemon, "/text"), body, Content_Length="7", X_Way="text",
          Content_Type="text/plain; charset=utf-8",
          X_Content_Type_Options="nosniff")
    check(ask(daemon, "/text", "HEAD"), b"", Content_Length="7", X_Way="text")
    daemon.wait_access(count=2, action="ways", status=200, end="complete")


@test
def a_body_with_validators_has_ranges_and_preconditions(case):
    daemon = start_ways(case)
    body = much_bytes(1000)
    check(ask(daemon, "/tagged"), body, ETag='"v1"', Accept_Ranges="bytes",
          Last_Modified="Sun, 09 Sep 2001 01:46:40 GMT", X_Way="tagged",
          Cache_Control="max-age=7")
    response = ask(daemon, "/tagged", HTTP_RANGE="bytes=10-19")
    check_response(response, 206, body[10:20])
    equal(response.header("X-Way"), "tagged", "the action's field in a 206")
    response = ask(daemon, "/tagged", HTTP_IF_NONE_MATCH='"v1"')
    check_response(response, 304, b"")
    equal(response.header("Cache-Control"), "max-age=7", "field of the 304")
    equal(response.header("Content-Language"), None, "field of the 304")
    check_response(ask(daemon, "/tagged", HTTP_IF_MATCH='"v2"'), 412)
    check_response(ask(daemon, "/tagged", HTTP_RANGE="bytes=1000-"), 416)
    response = ask(daemon, "/tagged", "POST", HTTP_RANGE="bytes=1-2")
    check_response(response, 200, body)


@test
def what_the_operator_sets_goes_first(case):
    daemon = start_ways(case)
    operator = {"STREAM_CACHE_CONTROL": "no-store",
                "STREAM_CONTENT_TYPE": "text/x-mine",
                "STREAM_CORS": "*"}
    for path in ("/tagged", "/text"):
        response = ask(daemon, path, **operator)
        equal(response.header("Cache-Control"), "no-store", path)
        equal(response.header("Content-Type"), "text/x-mine", path)
        equal(response.header("Access-Control-Allow-Origin"), "*", path)
    response = ask(daemon, "/text", STREAM_EXPIRES="sometime")
    check_response(response, 500)
    daemon.wait_log('STREAM_EXPIRES="[^"]*": not a time ')


@test
def statuses_and_empty_answers(case):
    daemon = start_ways(case)
    for code, reason in ((200, "OK"), (201, "Created"), (207, "Multi-Status"),
                         (303, "See Other"), (404, "Not Found"),
                         (425, "Too Early"), (599, "Unknown")):
        response = ask(daemon, "/status", query=f"code={code}")
        check_response(response, code, b"with a status\n")
        equal(response.header("Location"), "/elsewhere", f"{code}")
        equal(response.header("Status"), f"{code} {reason}", "the phrase")
    for code in (204, 304):
        response = ask(daemon, "/status", query=f"code={code}")
        check_response(response, code, b"")
        equal(response.header("Content-Length"), None, f"{code}")
    for code in (199, 600):
        response = ask(daemon, "/status", query=f"code={code}")
        check_response(response, 200, what=f"refused status {code}")
    check(ask(daemon, "/empty"), b"", Content_Length="0")
    response = ask(daemon, "/refuse")
    check_response(response, 410, b"410 Gone\n")
    daemon.wait_log("it is gone")
    check_response(ask(daemon, "/unknown"), 404)


@test
def fields_leave_in_the_order_of_their_calls(case):
    daemon = start_ways(case)
    response = ask(daemon, "/fields")
    names = [name for name, _ in response.headers
             if name.startswith("X-") and len(name) == 3 or name == "Link"]
    equal(names, ["X-C", "Link", "X-A", "Link", "X-B"], "the order")
    values = [value for name, value in response.headers if name == "Link"]
    equal(values, ["</1>; rel=prev", "</2>; rel=next"], "of the same name")
    equal([value for name, value in response.headers
           if name == "Content-Type"], ["text/second"], "the last type")


@test
def methods_that_it_does_not_have_are_refused(case):
    daemon = start_ways(case)
    response = ask(daemon, "/text", "PUT")
    check_response(response, 405)
    equal(response.header("Allow"), "GET, HEAD, POST, OPTIONS", "Allow")
    check_response(ask(daemon, "/text", "OPTIONS"), 204)
    response = daemon.fetch("/text", STREAM_ACTION="wayss")
    check_response(response, 404)


# --- bit by bit --------------------------------------------------------------

@test
def bytes_are_written_when_there_is_room(case):
    daemon = start_ways(case)
    for size in (0, 1, 4999, 65535, 65536, 65537, 3 * MIB + 1):
        response = ask(daemon, "/much", query=f"size={size}")
        check(response, much_bytes(size))
        length = str(size) if size <= 65536 else None
        if size != 65536:
            equal(response.header("Content-Length"), length, f"{size}")
        check(ask(daemon, "/much", query=f"size={size}&known"),
              much_bytes(size), Content_Length=str(size))
        response = ask(daemon, "/much", "HEAD", query=f"size={size}&known")
        check(response, b"", Content_Length=str(size))
    wait_until(lambda: daemon.log().count(": gone") == 21, "all are gone")


@test
def a_drain_that_is_set_late_is_called(case):
    daemon = start_ways(case)
    for size in (1, 65537, 3 * MIB + 1):
        response = ask(daemon, "/drained-late", query=f"size={size}")
        check(response, much_bytes(size))
        response = ask(daemon, "/drained-late", query=f"size={size}&first")
        check(response, b"first " + much_bytes(size))
    check(ask(daemon, "/drained-late", "HEAD", query="size=9"), b"")
    wait_until(lambda: daemon.log().count(": gone") == 7, "all are gone")


@test
def a_failure_has_a_status_before_the_head_and_breaks_after_it(case):
    daemon = start_ways(case)
    response = ask(daemon, "/much", query="size=100&fail")
    check_response(response, 500, what="a failure in time")
    response = ask(daemon, "/much", query=f"size={MIB}&fail")
    true(response.broken, f"{response!r}")
    equal(bytes(response.body), much_bytes(MIB), "what came before")
    for size in (100, MIB):
        response = ask(daemon, "/much", query=f"size={size}&promise")
        true(response.broken or response.status == 500, f"{response!r}")
        true(not (response.complete and response.status == 200), "too short")
    daemon.wait_log("ended before the bytes that action_length", count=2)


@test
def an_answer_goes_on_from_a_timer(case):
    daemon = start_ways(case)
    check(ask(daemon, "/later"), b"tick 3\ntick 2\ntick 1\n",
          Content_Length=None, X_Accel_Buffering="no")
    check(ask(daemon, "/later", "HEAD"), b"")
    connection, response = daemon.begin(
        "/later", STREAM_ACTION="ways", QUERY_STRING="every=1500&head")
    first = connection.read_record()
    response.take(first)
    equal(response.status, 200, "the head leaves first")
    equal(len(first.content) % 8, 0, "what nginx would wait behind")


@test
def an_answer_comes_from_a_job_in_the_thread_pool(case):
    daemon = start_ways(case)
    # It prints twice and ends, in one callback.
    check(ask(daemon, "/thread"), b"5050\n", Content_Length="5")
    check(ask(daemon, "/thread", "HEAD"), b"", Content_Length="5")
    check_response(ask(daemon, "/thread", query="fail"), 404)


@test
def a_short_answer_has_a_length(case):
    daemon = start_ways(case)
    check(ask(daemon, "/short"), b"one two 3", Content_Length="9")
    check(ask(daemon, "/short", "HEAD"), b"", Content_Length="9")
    check(ask(daemon, "/all-the-room"), bytes(65536), Content_Length="65536")
    daemon.wait_log(": full")


# --- clients that leave ------------------------------------------------------

@test
def clients_that_leave_do_no_harm(case):
    stored = case.store("file", 8 * MIB)
    daemon = start_ways(case)
    for path_info, query in (
            ("/much", f"size={64 * MIB}"), ("/later", "ticks=100000&every=1"),
            ("/later", "every=40"), ("/thread", "ms=30"), ("/file", ""),
            ("/body", ""), ("/fd", "")):
        name = str(stored.path) if path_info == "/fd" else "/file"
        for reads in (0, 1):
            if reads and path_info not in ("/much", "/file", "/fd"):
                continue
            connection, response = daemon.begin(
                path_info, STREAM_ACTION="ways", QUERY_STRING=query,
                STREAM_WAYS_FILE=name)
            if reads:
                connection.receive(response, until=lambda: response.head)
            connection.close()
    check_file(ask(daemon, "/file", STREAM_WAYS_FILE="/file"), stored)
    daemon.wait_log("the client has left", count=1)
    wait_until(lambda: len(daemon.access()) == 11, "all requests are over")


@test
def a_client_that_leaves_is_an_error_value(case):
    daemon = start_ways(case)
    connection, response = daemon.begin(
        "/later", STREAM_ACTION="ways", QUERY_STRING="ticks=1000000&every=1")
    connection.receive(response, until=lambda: response.length > 100)
    connection.close()
    daemon.wait_access(end="aborted")
    daemon.wait_log("the client has left")
    check(ask(daemon, "/text"), "hällo\n".encode())


@test
def a_stop_waits_for_what_an_action_has_taken(case):
    daemon = start_ways(case)
    connection, response = daemon.begin(
        "/later", STREAM_ACTION="ways", QUERY_STRING="ticks=3&every=100")
    connection.receive(response, until=lambda: response.length > 0)
    daemon.send_signal(15)
    connection.receive(response)
    check(response, b"tick 3\ntick 2\ntick 1\n")
    equal(daemon.wait_exit(), 0, "exit status")


@test
def slow_clients_cost_little(case):
    if SANITIZED:
        raise Skip("a sanitizer's memory is not the daemon's")
    daemon = start_ways(case)
    before = peak_memory(daemon.worker)
    clients = [daemon.begin("/much", STREAM_ACTION="ways",
                            QUERY_STRING=f"size={64 * MIB}")
               for _ in range(300)]
    for connection, response in clients:
        connection.receive(response, until=lambda r=response: r.head)
    grown = peak_memory(daemon.worker) - before
    # A queue of 64 KiB each, and what every connection has.
    true(grown < 300 * 120 * KIB, f"grew by {grown // 300} bytes for each")
    for connection, _ in clients:
        connection.close()


# --- mistakes ----------------------------------------------------------------

@test
def mistakes_are_error_values(case):
    daemon = start_ways(case)
    late = -errno.EALREADY
    expected = [-errno.EINVAL] + [late] * 5
    response = ask(daemon, "/misbehave")
    equal([int(line) for line in response.body.split()], expected,
          "what the calls return")
    equal(response.header("X-Late"), None, "a field after the head")
    expected = f"{-errno.EINVAL} {-errno.EINVAL} {-errno.ENOSPC}"
    check(ask(daemon, "/bad-field"), expected.encode())
    true("an answer can end twice" not in daemon.log(), "it ended twice")


# --- through nginx -----------------------------------------------------------

@test
def every_way_works_through_nginx(case):
    daemon = start_ways(case)
    stored = case.store("a.txt", 5 * MIB)
    nginx = Nginx(case, daemon, {"STREAM_ACTION": "ways",
                                 "STREAM_WAYS_FILE": "/a.txt"})
    equal(curl(nginx.url("text")), "hällo\n".encode(), "text")
    equal(curl(nginx.url("short")), b"one two 3", "short")
    equal(curl(nginx.url("pipe")), b"through a pipe", "pipe")
    equal(curl(nginx.url("thread")), b"5050\n", "thread")
    equal(curl(nginx.url("later")), b"tick 3\ntick 2\ntick 1\n", "later")
    equal(curl("-r", "3-7", nginx.url("tagged")), b"defgh", "a range")
    equal(curl(nginx.url("much") + f"?size={3 * MIB}"), much_bytes(3 * MIB),
          "much")
    equal(curl("--data-binary", "hello", nginx.url("body")), b"5:hello",
          "a body")
    true(curl(nginx.url("file")) == stored.content(), "file")
    head = curl("-I", nginx.url("short")).decode()
    found("(?i)content-length: 9", head, "HEAD")
    # 18: the transfer was cut, or 92 and 56 by version.
    need("curl")
    done = subprocess.run(
        ["curl", "-s", "-o", case.dir / "got",
         nginx.url("much") + f"?size={MIB}&fail"], check=False)
    true(done.returncode != 0, "a broken answer looked whole")


@test
def the_head_leaves_at_once_through_nginx(case):
    daemon = start_ways(case)
    nginx = Nginx(case, daemon, {"STREAM_ACTION": "ways"})
    client = nginx.begin("/later?every=1500&head")
    true(client.recv(100).startswith(b"HTTP/1.1 200"), "no head")
    client.shutdown(socket.SHUT_RDWR)
    client.close()
    daemon.wait_access(end="aborted")


# --- the interface -----------------------------------------------------------

@test
def the_program_exports_the_interface_and_nothing_else(case):
    need("nm")
    if SANITIZED:
        raise Skip("a sanitizer exports its own")
    done = subprocess.run(["nm", "-D", "--defined-only", program()],
                          capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in done.stdout.splitlines()
             if "@" not in line}
    text = (TOP / "fcgi_app" / "action_api" / "action.h").read_text()
    text = re.sub(r"/\*.*?\*/|^#.*?$", "", text, flags=re.DOTALL | re.M)
    declared = set(re.findall(r"\b(action_\w+)\(", text))
    declared -= {name for name in declared if name.endswith("_fn")}
    true(len(declared) > 20, f"{declared}")
    equal(sorted(declared - names), [], "declared, but not exported")
    equal(sorted(name for name in names - declared
                 if not name.startswith(("_", "argp_"))), [],
          "exported, but not declared")


if __name__ == "__main__":
    main()
