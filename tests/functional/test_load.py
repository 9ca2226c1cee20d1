#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The load generator bench/fcgi_load: what it sends, counts and finds.

FCGI_LOAD  the program to test
"""

import contextlib
import json
import os
import socket
import subprocess
import threading

from support import fastcgi
from support.harness import (BAD_SIGNS, GIB, KIB, MIB, SLOWNESS, equal, free_port,
                     main, test, true)
from support.nginx import start_both

ERRORS = ("connect", "closed", "protocol", "status", "length", "content",
          "timeout")
BODY = b"hello"


# --- running it --------------------------------------------------------------

def run(address, *words, expected=0):
    """Runs fcgi_load to its end; returns what it prints."""
    done = subprocess.run(
        [os.environ["FCGI_LOAD"], f"--connect={address}", *map(str, words)],
        capture_output=True, check=False, timeout=50 * SLOWNESS)
    errors = done.stderr.decode()
    true(not BAD_SIGNS.search(errors), errors)
    equal(done.returncode, expected, f"status, {errors!r}")
    return done.stdout.decode()


def load(address, *words, expected=0):
    """Runs fcgi_load and returns its report."""
    return json.loads(run(address, "--json", *words, expected=expected))


def ask(daemon, *words):
    """Runs it against a daemon that serves the case's root."""
    return load(daemon.address, f"--root={daemon.case.root}", *words)


def check_errors(report, **expected):
    """Fails unless these errors were found, so often, and no other."""
    equal(report["errors"], {name: expected.get(name, 0) for name in ERRORS},
          "errors")


def check_requests(report, count, size):
    """Fails unless there were so many good requests and nothing else."""
    check_errors(report)
    equal(report["requests"], count, "requests")
    equal(report["bytes"], count * size, "bytes")


# --- a backend that does as it is told ---------------------------------------

class Backend:
    """Answers each request with the same bytes, and notes what it is sent.

    No bytes at all means no answer; with close the connection ends after it.
    """

    def __init__(self, case, answer, close=False, http=False):
        self.answer = answer
        self.close = close
        self.http = http
        self.connections = 0
        self.requests = []
        self.address = f"unix:{case.dir}/backend"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.address[5:])
        self.listener.listen(64)
        case.defer(self.listener.close)
        case.defer(self.listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, connection):
        # It may be reset, as what is left unread at the end of a run is.
        with contextlib.suppress(OSError), connection, \
                connection.makefile("rb") as stream:
            while self._read(stream):
                connection.sendall(self.answer)
                if self.close:
                    return

    def _read(self, stream):
        """Reads a request and notes it; False at the stream's end."""
        request = (self._read_http if self.http else self._read_fcgi)(stream)
        if request:
            self.requests.append(request)
        return bool(request)

    @staticmethod
    def _read_http(stream):
        lines = []
        while not lines or lines[-1] not in (b"\r\n", b""):
            lines.append(stream.readline())
        return b"".join(lines)

    @staticmethod
    def _read_fcgi(stream):
        params = b""
        while True:
            header = stream.read(8)
            if len(header) < 8:
                return None
            length = int.from_bytes(header[4:6], "big")
            content = stream.read(length + header[6])[:length]
            if header[1] == fastcgi.PARAMS:
                params += content
            elif header[1] == fastcgi.STDIN and length == 0:
                return fastcgi.unpack_pairs(params)


def answer(head=b"Status: 200 OK\r\n\r\n", body=BODY):
    """A response in records."""
    return (fastcgi.stream(fastcgi.STDOUT, head + body, size=7, padding=3)
            + fastcgi.record(fastcgi.END_REQUEST, 1, bytes(8)))


# --- what it sends -----------------------------------------------------------

@test
def connections_are_kept_or_made_for_each_request(case):
    kept = Backend(case, answer())
    check_requests(load(kept.address, "--requests=50", "--connections=5",
                        "--keep", "/"), 50, len(BODY))
    equal(kept.connections, 5, "kept connections")
    os.unlink(kept.address[5:])
    fresh = Backend(case, answer(), close=True)
    check_requests(load(fresh.address, "--requests=50", "--connections=5",
                        "/"), 50, len(BODY))
    equal(fresh.connections, 50, "fresh connections")


@test
def paths_are_taken_in_turn(case):
    backend = Backend(case, answer())
    load(backend.address, "--requests=7", "--keep", "/a", "/b", "/c")
    equal("".join(request["DOCUMENT_URI"] for request in backend.requests),
          "/a/b/c/a/b/c/a", "paths")


@test
def parameters_are_sent(case):
    backend = Backend(case, answer())
    long = "x" * 300
    load(backend.address, "--requests=1", "--root=/srv", "--range=5-9",
         "--param=STREAM_ACTION=file", "--param=SERVER_NAME=own",
         f"--param=LONG={long}", "/a/b?c=d")
    sent = backend.requests[0]
    for name, value in (
            ("DOCUMENT_ROOT", "/srv"), ("REQUEST_METHOD", "GET"),
            ("DOCUMENT_URI", "/a/b"), ("QUERY_STRING", "c=d"),
            ("REQUEST_URI", "/a/b?c=d"), ("HTTP_RANGE", "bytes=5-9"),
            ("SCRIPT_FILENAME", "/srv/a/b"), ("STREAM_ACTION", "file"),
            ("SERVER_NAME", "own"), ("LONG", long)):
        equal(sent.get(name), value, name)


@test
def http_heads_are_sent(case):
    backend = Backend(
        case, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", http=True)
    check_requests(
        load(backend.address, "--http", "--requests=9", "--keep", "--range=-7",
             "--param=X-Y=z", "/a?b"), 9, len(BODY))
    equal(backend.connections, 1, "connections")
    equal(backend.requests[0], b"GET /a?b HTTP/1.1\r\nHost: localhost\r\n"
          b"Range: bytes=-7\r\nX-Y: z\r\n\r\n", "head")
    load(backend.address, "--http", "--requests=1", "--param=Host=x", "/")
    equal(backend.requests[-1], b"GET / HTTP/1.1\r\nConnection: close\r\n"
          b"Host: x\r\n\r\n", "head with a host of its own")


# --- what it finds -----------------------------------------------------------

def check_finds(case, kind, backend_answer, *words, **how):
    """Fails unless each of three answers is an error of this kind."""
    backend = Backend(case, backend_answer, **how)
    report = load(backend.address, "--requests=3", *words, "/")
    os.unlink(backend.address[5:])
    equal(report["requests"], 0, "requests")
    check_errors(report, **{kind: 3})


@test
def each_error_is_counted_by_its_kind(case):
    other = case.store("other", b"hallo")
    check_finds(case, "closed", answer()[:-1], close=True)
    check_finds(case, "closed", b"", close=True)
    check_finds(case, "protocol", fastcgi.BREAK)
    check_finds(case, "protocol", fastcgi.record(
        fastcgi.END_REQUEST, 1, bytes(8)))
    check_finds(case, "status", answer(b"Status: 404 Not Found\r\n\r\n"))
    check_finds(case, "length", answer(b"Content-Length: 6\r\n\r\n"))
    check_finds(case, "length", answer(), "--expect-length=4")
    check_finds(case, "content", answer(), f"--check={other.path}")
    check_finds(case, "timeout", answer()[:-1], "--timeout=0.3")
    check_finds(case, "protocol", b"SSH-2.0\r\n\r\n", "--http", http=True)
    check_finds(case, "closed",
                b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                "--http", http=True, close=True)


@test
def nobody_to_connect_to_is_exit_status_1(case):
    report = load(f"unix:{case.dir}/nobody", "--requests=2", "/", expected=1)
    check_errors(report, connect=2)
    report = load(f"127.0.0.1:{free_port()}", "--requests=2", "/", expected=1)
    check_errors(report, connect=2)


@test
def bodies_are_checked(case):
    stored = case.store("file", 3 * MIB + 5)
    other = case.store("other", 3 * MIB + 5)
    daemon = case.start()
    common = ("--requests=20", "--connections=3", "--keep", "/file")
    check_requests(ask(daemon, f"--check={stored.path}", *common),
                   20, stored.size)
    check_requests(ask(daemon, f"--expect-length={stored.size}", *common),
                   20, stored.size)
    check_requests(ask(daemon, f"--check={stored.path}",
                       "--range=77777-2777777", *common), 20, 2700001)
    check_errors(ask(daemon, f"--check={other.path}", *common), content=20)
    check_errors(ask(daemon, "--expect-length=1", *common), length=20)
    check_errors(ask(daemon, f"--check={stored.path}", "--requests=4",
                     "/absent"), status=4)


@test
def a_check_of_the_last_bytes_sees_them(case):
    stored = case.store("file", 100 * KIB)
    wrong = case.store("wrong", stored.content()[:-1] + b"?")
    daemon = case.start(listen="127.0.0.1:0")
    common = ("--requests=2", "/file")
    check_requests(ask(daemon, f"--check={stored.path}", "--range=-9",
                       *common), 2, 9)
    check_errors(ask(daemon, f"--check={wrong.path}", "--range=-9", *common),
                 content=2)
    check_requests(ask(daemon, *common), 2, stored.size)


@test
def a_request_that_nobody_answers_counts_with_its_age(case):
    for said, unfinished in ((b"", 3), (answer()[:-1], 0)):
        backend = Backend(case, said)
        report = load(backend.address, "--seconds=0.5", "--connections=5",
                      "--stall=2", "/")
        os.unlink(backend.address[5:])
        check_errors(report)
        equal(report["requests"], 0, "requests")
        equal(report["unfinished"], unfinished, "unfinished")
        # All of them began in the first moment.
        equal(report["ttfb_us"]["p50"] >= 400000, unfinished > 0,
              f"times to the first byte {report['ttfb_us']}")


# --- how it reads ------------------------------------------------------------

def large_file(case):
    """A file that no test reads to its end."""
    path = case.root / "large"
    with open(path, "wb") as out:
        out.truncate(64 * GIB)
    return path


@test
def paced_connections_get_the_same_and_no_more(case):
    large_file(case)
    pace = 256 * KIB
    for listen in (None, "127.0.0.1:0"):
        daemon = case.start(listen=listen)
        report = ask(daemon, "--connections=20", f"--pace={pace}",
                     "--seconds=3", "--warm-up=1", "/large")
        check_errors(report)
        share = {name: number / report["seconds"] / pace
                 for name, number in report["connection_bytes"].items()}
        # It may catch up on what it could not read in time.
        true(share["most"] < 1.3, f"shares of the pace: {share}")
        true(share["least"] > 0.5, f"shares of the pace: {share}")
        true(share["least"] / share["most"] > 0.7,
             f"shares of the pace: {share}")


@test
def stalled_connections_read_nothing_and_hold_nobody_up(case):
    stored = case.store("file", 8 * MIB)
    daemon = case.start()
    report = ask(daemon, "--connections=4", "--stall=2", "--requests=6",
                 f"--expect-length={stored.size}", "/file")
    check_requests(report, 6, stored.size)
    true(report["connection_bytes"]["least"] > 0, "a stalled one is counted")
    daemon.wait_access(count=8, path="/file")
    sent = sorted(int(line["bytes"]) for line in daemon.access())
    equal(sent[2:], [stored.size] * 6, "bytes of whole responses")
    true(sent[1] < stored.size / 2, f"stalled ones were sent {sent[:2]}")


@test
def unfinished_responses_count_by_their_bytes(case):
    large_file(case)
    daemon = case.start()
    report = ask(daemon, "--connections=3", "--ramp=0.1", "--seconds=1.4",
                 "--warm-up=0.2", "--sample=0.3", "/large")
    check_errors(report)
    equal(report["requests"], 0, "requests")
    true(1.1 < report["seconds"] < 1.4 * SLOWNESS + 1, "measured seconds")
    true(report["bytes"] > 0, "no bytes")
    samples = report["samples"]
    true(1 <= len(samples) <= 4, f"samples {samples}")
    mean = sum(samples) / len(samples)
    true(0.5 < mean / report["bytes_per_second"] < 2, f"samples {samples}")


@test
def the_warm_up_is_not_counted(case):
    backend = Backend(case, answer())
    report = load(backend.address, "--keep", "--requests=20",
                  "--warm-up=1h", "/")
    check_requests(report, 0, 0)
    equal(report["ttfb_us"]["max"], 0, "longest time to a first byte")
    equal(len(backend.requests), 20, "requests that were sent")


@test
def times_are_in_order(case):
    backend = Backend(case, answer())
    report = load(backend.address, "--keep", "--seconds=0.6",
                  "--warm-up=0.3", "/")
    check_errors(report)
    true(0 < report["requests"] < len(backend.requests), "all were counted")
    times = report["total_us"]
    true(0 < report["ttfb_us"]["p50"] <= times["p50"] <= times["p99"]
         <= times["p99_9"] <= times["max"], f"times {report}")


# --- through a web server, and its report ------------------------------------

@test
def http_through_nginx(case):
    stored = case.store("file", 2 * MIB + 3)
    _, nginx = start_both(case)
    address = f"127.0.0.1:{nginx.port}"
    for words in ((), ("--keep",), ("--keep", "--copy"),
                  (f"--check={stored.path}", "--keep")):
        check_requests(
            load(address, "--http", "--requests=30", "--connections=3",
                 *words, "/file"), 30, stored.size)
    check_requests(
        load(address, "--http", "--requests=3", "--range=5-104",
             f"--check={stored.path}", "/file"), 3, 100)
    check_errors(load(address, "--http", "--requests=3", "/absent"), status=3)


@test
def the_report_for_a_reader_has_the_same_figures(case):
    backend = Backend(case, answer(b"Status: 500 No\r\n\r\n"))
    text = run(backend.address, "--requests=7", "--sample=1", "/")
    true("requests          0 in" in text, text)
    true("errors            status 7\n" in text, text)


@test
def a_wrong_command_line_is_exit_status_2(case):
    run(f"unix:{case.dir}/s", "--requests=1", expected=2)
    run(f"unix:{case.dir}/s", "/", expected=2)
    run(f"unix:{case.dir}/s", "--requests=1", "--check=/absent", "/",
        expected=1)


if __name__ == "__main__":
    main()
