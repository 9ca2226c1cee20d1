#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One table of requests through every front server.

Each front runs with its example file (see fronts.py).  The table is in
front_rows.py.
"""

import os
import pathlib
import signal
import time

from support.front_rows import CACHE, DATE, GROUPS, MTIME, SIZE
from support.fronts import FRONTS, Haproxy, NginxCache, start_daemon
from support.harness import (Failure, KIB, MIB, TRIES, equal, late, main, test,
                     true, wait_idle, wait_until)
from support.modules import build_module
from support.responses import multipart_parts

CHUNK = 256 * KIB
WAYS = pathlib.Path(__file__).parent / "support" / "ways.c"


# --- running a row -----------------------------------------------------------

def store(case, name, content):
    """A file of a known age."""
    stored = case.store(name, content)
    os.utime(stored.path, (MTIME, MTIME))
    return stored


def store_all(case):
    """The files that the rows ask for, with their own names as content."""
    files = {"file.txt": store(case, "file.txt", SIZE)}
    for row in (row for rows in GROUPS.values() for row in rows if row.file):
        files[row.file] = store(case, row.file, os.fsencode(row.file))
    (case.root / "outside").symlink_to("/etc/passwd")
    return files


def check_fields(answer, expected):
    """Fails unless the answer has these fields."""
    for name, value in expected.items():
        actual = answer.field(name)
        if value is Ellipsis:
            continue
        equal(actual, value, name)


def check_row(row, answer, files, etag):
    """Fails unless the answer is what the row expects."""
    equal(answer.status, row.status, "status")
    true(answer.complete, f"{answer!r}")
    check_fields(answer, {
        name: value.replace("{etag}", etag) if isinstance(value, str)
        else value for name, value in row.fields.items()})
    if row.part:
        content = files["file.txt"].piece(*row.part)
        true(answer.body == content, f"wrong bytes in {answer!r}")
    if row.file:
        true(answer.body == files[row.file].content(),
             f"wrong bytes in {answer!r}")
    if row.parts:
        parts = multipart_parts(answer.field("Content-Type"), answer.body)
        equal([(first, content, size) for first, content, size, _ in parts],
              [(first, files["file.txt"].piece(first, length), SIZE)
               for first, length in row.parts], "parts")
    true(b"root:" not in answer.body, "a file outside the root was sent")


def run_row(row, client, files, etag):
    """Sends a row's request; says what is wrong with the answer, or None."""
    send = {name: value.replace("{etag}", etag)
            for name, value in row.send.items()}
    try:
        answer = client.ask(row.target, row.method, send, row.body)
        check_row(row, answer, files, etag)
    except (Failure, ConnectionError, TimeoutError) as error:
        client.close()
        return f"{row.what} ({row.method} {row.target[:80]} {send}): {error}"
    return None


def run_rows(case, front_class, rows):
    """Runs rows, with one instance for each set of parameters in them."""
    files = store_all(case)
    daemon = start_daemon(case)
    etag = daemon.fetch("/file.txt", "HEAD").header("ETag")
    rows = [row.behind(front_class.name) for row in rows]
    wrong = []
    for params in {str(row.params): row.params for row in rows}.values():
        front = front_class(case, daemon, params)
        client = front.client()
        wrong += [run_row(row, client, files, etag)
                  for row in rows if row.params == params]
        client.close()
        front.stop()
    wrong = [text for text in wrong if text]
    wrong += [f"a body was taken for requests: {line}"
              for line in daemon.access(path="/smuggled")[:1]]
    true(not wrong, "\n".join(wrong))


def for_each_front(body=None, fronts=FRONTS, timeout=60):
    """Registers a test of a front, once for each."""
    def register(body):
        for front_class in fronts:
            def run(case, front_class=front_class):
                body(case, front_class)
            run.__name__ = f"{front_class.name}: {body.__name__}"
            test(run, timeout=timeout)
        return body
    return register(body) if body else register


def register_groups():
    """One test for each front and group of rows."""
    for name, rows in GROUPS.items():
        def run(case, front_class, rows=rows):
            run_rows(case, front_class, rows)
        run.__name__ = name
        for_each_front(run)


register_groups()


# --- more than one row -------------------------------------------------------

def start_both(case, front_class, params=None, **how):
    """A daemon and a front."""
    daemon = start_daemon(case, **how)
    return daemon, front_class(case, daemon, params)


# Apache leaves out the length of what is empty.
NO_LENGTH_0 = ("apache",)


@for_each_front(timeout=120)
def files_of_every_size_arrive_whole(case, front_class):
    _, front = start_both(case, front_class, workers=2)
    client = front.client()
    for size in (0, 1, 4 * KIB, CHUNK, CHUNK + 1, MIB, 100 * MIB + 7):
        stored = case.store(f"size-{size}", size)
        answer = client.ask(f"/size-{size}", keep=False)
        equal((answer.status, answer.length, answer.digest),
              (200, size, stored.digest), f"answer of {size} bytes")
        equal(answer.field("Content-Length"), str(size), "Content-Length")
        head = client.ask(f"/size-{size}", "HEAD")
        hidden = size == 0 and front.name in NO_LENGTH_0
        equal(head.field("Content-Length"), None if hidden else str(size),
              f"Content-Length for HEAD of {size} bytes")


def paced_times(front, size):
    """When bytes of a paced file come: seconds since the request."""
    client = front.client()
    begun = time.monotonic()
    client.send("/file")
    answer = client.read_head()
    times = [0.0]
    while answer.length < size:
        client.read_some(answer, answer.length + 1)
        times.append(time.monotonic() - begun)
    client.close()
    return times


@for_each_front
def a_pace_reaches_the_client(case, front_class):
    stored = case.store("file", 24 * KIB)
    _, front = start_both(case, front_class, {"STREAM_RATE": "8K"})
    for _ in range(TRIES):
        times = paced_times(front, stored.size)
        # 4 KiB is what Apache and Caddy pass on at once.
        gap = max(b - a for a, b in zip(times, times[1:]))
        true(times[-1] > 3 * 0.95, f"{times[-1]:.3f} s instead of 3")
        if times[-1] < 3 * 1.05 and gap < 0.7:
            return
    late(f"{times[-1]:.3f} s instead of 3, {gap:.3f} s without a byte")


# After a 412 of its own, nginx ends the client's connection unannounced.
ENDS_CONNECTION = {CACHE: (412,)}


@for_each_front
def client_connections_are_kept_over_every_status(case, front_class):
    store_all(case)
    _, front = start_both(case, front_class)
    client = front.client()
    expected = 1
    for target, method, send, status in (
            ("/file.txt", "GET", {}, 200), ("/file.txt", "HEAD", {}, 200),
            ("/file.txt", "GET", {"Range": "bytes=5-9"}, 206),
            ("/file.txt", "GET", {"If-Modified-Since": DATE}, 304),
            ("/file.txt", "GET", {"Range": "bytes=999999-"}, 416),
            ("/none", "GET", {}, 404), ("/outside", "GET", {}, 403),
            ("/file.txt", "OPTIONS", {}, 204),
            ("/file.txt", "PUT", {}, 405),
            ("/file.txt", "GET", {"If-Match": '"other"'}, 412),
            ("/file.txt", "GET", {}, 200)):
        answer = client.ask(target, method, send)
        equal(answer.status, status, f"status of {method} {target} {send}")
        equal(client.connections, expected, f"connections up to {status}")
        expected += status in ENDS_CONNECTION.get(front.name, ())


# Those that drop what comes with FCGI_STDERR.
NO_ERROR_LOG = ("caddy",)


@for_each_front
def a_mistake_of_the_operator_is_in_the_log_of_the_front(case, front_class):
    store_all(case)
    _, front = start_both(case, front_class, {"STREAM_ACTION": "achive"})
    client = front.client()
    for _ in range(2):
        answer = client.ask("/file.txt")
        equal((answer.status, answer.complete), (404, True), "answer")
    equal(client.connections, 1, "connections of the client")
    if front.name not in NO_ERROR_LOG:
        wait_until(lambda: "the nearest is archive" in front.errors(),
                   "a line in its error log")


# --- the cache ---------------------------------------------------------------

@for_each_front(fronts=[NginxCache])
def only_the_slices_that_are_asked_for_are_fetched_and_only_once(
        case, front_class):
    stored = case.store("large", 64 * MIB)
    daemon, front = start_both(case, front_class)
    first = 40 * MIB - 10
    for _ in range(3):
        answer = front.ask("/large", fields={
            "Range": f"bytes={first}-{first + 19}"})
        equal(answer.status, 206, "status")
        true(answer.body == stored.piece(first, 20), "wrong bytes")
    # The slices on both sides of the border, and the first, for the size.
    daemon.wait_access(count=2, path="/large", status=206)
    true(len(daemon.access(path="/large")) <= 3, "more than the slices")
    daemon.stop()
    daemon.leaves_socket = True
    answer = front.ask("/large", fields={
        "Range": f"bytes={first}-{first + 19}"})
    true(answer.body == stored.piece(first, 20), "not served from the cache")


# --- streams that do not come to their end -----------------------------------

# The answer of a cache comes in slices, each from a request of its own.
def sent(daemon, path):
    """How many bytes of a file fcgi-stream has sent."""
    return sum(int(line["bytes"]) for line in daemon.access(path=path))


@for_each_front
def a_client_that_leaves_ends_its_stream(case, front_class):
    case.store("large", 256 * MIB)
    daemon, front = start_both(case, front_class)
    for count in (1, 500 * KIB, 3 * MIB):
        client = front.client(receive_buffer=8192)
        client.send("/large")
        answer = client.read_head()
        client.read_some(answer, count)
        client.close()
    if front.name == CACHE:
        wait_until(lambda: daemon.access(path="/large"), "an access line")
        wait_idle(daemon.worker)
    else:
        daemon.wait_access(count=3, path="/large", end="aborted")
    true(sent(daemon, "/large") < 64 * MIB, "far more was read than taken")


@for_each_front
def a_client_that_takes_nothing_holds_its_stream_back(case, front_class):
    case.store("large", 256 * MIB)
    daemon, front = start_both(case, front_class)
    client = front.client(receive_buffer=8192)
    client.send("/large")
    client.read_head()
    wait_idle(daemon.worker)
    spooled = [path.name for path in front.run_dir.rglob("*")
               if path.is_file() and path.stat().st_size > 2 * MIB]
    equal(spooled, [], f"what {front.name} wrote to disk")
    client.close()
    daemon.wait_access(path="/large")
    wait_idle(daemon.worker)
    true(sent(daemon, "/large") < 16 * MIB,
         f"{sent(daemon, '/large')} bytes were sent")


@for_each_front
def fields_of_an_action_keep_their_order(case, front_class):
    module = build_module(case, WAYS)
    daemon = start_daemon(case, f"--action=ways={module}")
    front = front_class(case, daemon, {"STREAM_ACTION": "ways"})
    answer = front.client().ask("/fields")
    equal((answer.status, answer.body), (200, b"fields\n"), "the answer")
    equal(answer.field("Content-Type"), "text/second", "the last type")
    links = [value for name, value in answer.fields if name.lower() == "link"]
    # Apache joins fields of one name (RFC 9110, 5.3), Caddy sorts the names.
    equal(", ".join(links), "</1>; rel=prev, </2>; rel=next", "the links")


def check_broken(case, front_class, breaks, **fields):
    """Breaks a stream in its middle; fails if the client can't tell."""
    stored = case.store("large", 256 * MIB)
    small = case.store("small", 10)
    daemon, front = start_both(case, front_class)
    client = front.client(receive_buffer=8192)
    client.send("/large", fields=fields)
    answer = client.read_head()
    breaks(daemon, stored)
    client.read_body(answer, keep=False)
    equal(answer.status, 200, "status")
    # The cache may get what is left from the next worker, and be right.
    right = front.name == CACHE and answer.digest == stored.digest
    true(right or not answer.complete, f"{answer!r} looks complete")
    client.close()
    return daemon, front, small


@for_each_front
def a_file_cut_short_is_seen_as_incomplete(case, front_class):
    daemon, front, small = check_broken(
        case, front_class,
        lambda _, stored: os.truncate(stored.path, 128 * MIB))
    if front.name != CACHE:
        daemon.wait_access(path="/large", end="aborted")
    equal(front.ask("/small").body, small.content(), "another file")


@for_each_front
def a_worker_that_is_killed_is_seen_as_incomplete(case, front_class):
    def kill(daemon, _):
        old = daemon.worker
        os.kill(old, signal.SIGKILL)
        daemon.deaths_expected = True
        wait_until(lambda: daemon.workers() not in ([], [old]),
                   "another worker")

    # Else nginx and Apache let the client wait for their keep-alive timeout.
    _, front, small = check_broken(case, front_class, kill,
                                   Connection="close")
    equal(front.ask("/small").body, small.content(), "another file")


# --- the daemon comes and goes -----------------------------------------------

# lighttpd has no way to add a field by the status.
NO_RETRY_AFTER = ("lighttpd",)


@for_each_front
def while_the_daemon_is_away_clients_are_told_to_retry(case, front_class):
    stored = case.store("file", 1000)
    other = case.store("other", 1000)
    daemon, front = start_both(case, front_class)
    client = front.client()
    equal(client.ask("/file").body, stored.content(), "file")
    daemon.stop()
    daemon.leaves_socket = True  # It becomes the next daemon's.
    if front_class is Haproxy:
        wait_until(lambda: front.server_status() == "DOWN", "DOWN")
    answer = front.ask("/other")
    equal(answer.status, 503, "status")
    if front.name not in NO_RETRY_AFTER:
        true(int(answer.field("Retry-After")) > 0, "no Retry-After")
    start_daemon(case, address=daemon.address, listen=daemon.address)
    wait_until(lambda: front.ask("/other").body == other.content(),
               "the file is served again")


@for_each_front(fronts=[Haproxy])
def health_checks_tell_of_a_daemon_that_is_stopped(case, front_class):
    daemon, front = start_both(case, front_class)
    daemon.wait_access(count=2, path="/health-check", status=404)
    equal(front.server_status(), "UP", "server")
    daemon.stop()
    daemon.leaves_socket = True  # It becomes the next daemon's.
    wait_until(lambda: front.server_status() == "DOWN", "DOWN")
    daemon = start_daemon(case, address=daemon.address, listen=daemon.address)
    wait_until(lambda: front.server_status() == "UP", "UP")


@for_each_front(fronts=[Haproxy])
def health_checks_tell_of_a_daemon_that_hangs(case, front_class):
    daemon, front = start_both(case, front_class)
    daemon.wait_access(path="/health-check", status=404)
    os.kill(daemon.worker, signal.SIGSTOP)
    case.defer(os.kill, daemon.worker, signal.SIGCONT)
    wait_until(lambda: front.server_status() == "DOWN", "DOWN")
    os.kill(daemon.worker, signal.SIGCONT)
    wait_until(lambda: front.server_status() == "UP", "UP")


if __name__ == "__main__":
    main()
