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
    for code in (200, 201, 303, 404, 418, 599):
        response = ask(daemon, "/status", query=f"code={code}")
        check_response(response, code, b"with a status\n")
        equal(response.header("Location"), "/elsewhere", f"{code}")
    for code in (204, 304):
        response = ask(daemon, "/status", query=f"code={code}")
        check_response(response, code, b"")
        equal(response.header("Content-Length"), None, f"{code}")
    for code in (199, 600):
        response = ask(daemon, "/status", query=f"code={code}")
        check_response(response, 200, what=f"refused status {code}")
    check(ask(daemon, "/nothing"), b"", Content_Length="0")
    response = ask(daemon, "/refuse")
    check_response(response, 410, b"410 Gone\n")
    daemon.wait_log("it is gone")
    check_response(ask(daemon, "/unknown"), 404)


@test
def methods_that_it_does_not_have_are_refused(case):
    daemon = start_ways(case)
    response = ask(daemon, "/text", "PUT")
    check_response(response, 405)
    equal(response.header("Allow"), "GET, HEAD, POST, OPTIONS", "Allow")
    check_response(ask(daemon, "/text", "OPTIONS"), 204)
    response = daemon.fetch("/text", STREAM_ACTION="wayss")
    check_response(response, 404)


# --- files and descriptors ---------------------------------------------------

@test
def a_file_is_sent_as_by_the_action_file(case):
    stored = case.store("a.txt", 300 * KIB + 7)
    (case.root / "folder").mkdir()
    (case.dir / "outside").write_bytes(b"outside")
    (case.root / "out").symlink_to(case.dir / "outside")
    daemon = start_ways(case)
    name = {"STREAM_WAYS_FILE": "/a.txt"}
    response = ask(daemon, "/file", **name)
    check_file(response, stored)
    equal(response.header("Content-Type"), "text/plain", "Content-Type")
    equal(response.header("X-Way"), "file", "the action's field")
    etag = daemon.fetch("/a.txt").header("ETag")
    equal(response.header("ETag"), etag, "ETag")
    check_response(ask(daemon, "/file", HTTP_RANGE="bytes=5-9", **name), 206,
                   stored.piece(5, 5))
    check_response(ask(daemon, "/file", HTTP_IF_NONE_MATCH=etag, **name), 304)
    response = ask(daemon, "/file", "HEAD", **name)
    equal(response.header("Content-Length"), str(stored.size), "of a HEAD")
    response = ask(daemon, "/file", query="code=404", **name,
                   HTTP_RANGE="bytes=5-9")
    check_response(response, 404, stored.content())
    for path, status in (("/none", 404), ("/out", 403), ("/../a", 404),
                         ("/folder", 404), (None, 404)):
        response = ask(daemon, "/file", STREAM_WAYS_FILE=path)
        true(response.status in (status, 403), f"{path}: {response!r}")


@test
def a_pipe_is_sent_to_its_end(case):
    daemon = start_ways(case)
    check(ask(daemon, "/pipe"), b"through a pipe", Content_Length=None)
    check(ask(daemon, "/pipe", "HEAD"), b"")
    daemon.wait_access(count=2, status=200, end="complete")


@test
def a_descriptor_of_a_regular_file_is_read_like_a_file(case):
    stored = case.store("big", 3 * MIB + 5)
    daemon = start_ways(case)
    name = {"STREAM_WAYS_FILE": str(stored.path)}
    check_file(ask(daemon, "/fd", **name), stored)
    response = ask(daemon, "/fd", HTTP_RANGE="bytes=1048570-1048579", **name)
    check_response(response, 206, stored.piece(1048570, 10))
    equal(response.header("Content-Type"), "text/x-fd", "Content-Type")
    for path, status in ((str(case.dir), 404), ("/none/at/all", 500),
                         ("/dev/null", 500)):
        response = ask(daemon, "/fd", STREAM_WAYS_FILE=path)
        check_response(response, status, what=path)
    for chunk in (0, MIB + 1):
        response = ask(daemon, "/fd", query=f"chunk={chunk}", **name)
        check(response, b"", Content_Length="0")
    check_file(ask(daemon, "/fd", query=f"chunk={MIB}", **name), stored)
    wait_until(lambda: not [
        name for name in os.listdir(f"/proc/{daemon.worker}/fd")
        if os.path.exists(f"/proc/{daemon.worker}/fd/{name}") and
        os.readlink(f"/proc/{daemon.worker}/fd/{name}") == str(case.dir)],
        "the folder's descriptor is closed")


@test
def a_fifo_that_stalls_is_waited_for(case):
    path = case.dir / "fifo"
    os.mkfifo(path)
    daemon = start_ways(case)
    connection, response = daemon.begin(
        "/fd", STREAM_ACTION="ways", STREAM_WAYS_FILE=str(path))
    # Opening it for writing succeeds when the daemon has it open.
    with open(path, "wb", buffering=0) as writer:
        for number in range(5):
            line = b"line %d\n" % number
            writer.write(line)
            connection.receive(
                response, until=lambda text=line: text in response.body)
            true(not response.over, "it ended early")
    connection.receive(response)
    check(response, b"".join(b"line %d\n" % n for n in range(5)))


@test
def a_fifo_whose_client_leaves_is_closed(case):
    path = case.dir / "fifo"
    os.mkfifo(path)
    daemon = start_ways(case)
    connection, _ = daemon.begin(
        "/fd", STREAM_ACTION="ways", STREAM_WAYS_FILE=str(path))
    writer = os.open(path, os.O_WRONLY)
    case.defer(os.close, writer)
    os.write(writer, b"x")
    connection.close()
    daemon.wait_access(end="aborted")

    def nobody_reads():
        try:
            os.write(writer, b"x")
        except BrokenPipeError:
            return True
        return False
    wait_until(nobody_reads, "the reading end is closed")


@test
def a_source_that_fails_breaks_the_connection(case):
    daemon = start_ways(case)
    response = ask(daemon, "/reset")
    true(response.broken and not response.complete, f"{response!r}")
    equal(bytes(response.body), b"begun", "what came before")
    daemon.wait_log(r"Remote I/O error: \"/reset\"")


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
    check(ask(daemon, "/thread"), b"5050\n", Content_Length="5")
    check(ask(daemon, "/thread", "HEAD"), b"", Content_Length="5")


@test
def a_short_answer_has_a_length(case):
    daemon = start_ways(case)
    check(ask(daemon, "/short"), b"one two 3", Content_Length="9")
    check(ask(daemon, "/short", "HEAD"), b"", Content_Length="9")
    check(ask(daemon, "/too-much"), bytes(65536), Content_Length="65536")
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
    expected = [-errno.EINVAL] + [late] * 8
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
