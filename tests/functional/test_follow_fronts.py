#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow through real fronts: nginx, with curl, and the others."""

import contextlib
import os
import signal
import subprocess

from support.fronts import Apache, Caddy, Haproxy, Lighttpd, start_daemon
from support.follows import Events, append, store, wait_watches
from support.harness import (MIB, TOP, equal, found, main, need, test, tool_environment,
                     true, wait_until)
from support.nginx import curl, start_both

FOLLOW = {"STREAM_ACTION": "follow", "STREAM_ROTATE": "200ms"}


class Curl:
    """A curl that does not buffer, and what it has written so far."""

    def __init__(self, case, nginx, query="", *words):
        need("curl")
        self.output = case.dir / f"curl-{len(list(case.dir.iterdir()))}"
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                ["curl", "--silent", "--show-error", "--no-buffer", *words,
                 nginx.url("a.log") + query],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=tool_environment())
        case.defer(self.stop)

    @property
    def body(self):
        """What has come so far."""
        return self.output.read_bytes()

    def expect(self, expected, what="what came"):
        """Waits until just these bytes have come."""
        wait_until(lambda: len(self.body) >= len(expected), what)
        equal(self.body, expected, what)

    def expect_lines(self, *expected):
        """Waits until just these events have come."""
        wait_until(lambda: len(Events(self.body).lines) >= len(expected),
                   f"events {expected}")
        equal(Events(self.body).lines, list(expected), "lines")

    def expect_end(self, expected, status=0):
        """Waits for its end, with just these bytes."""
        equal(self.process.wait(20), status, "curl's status")
        equal(self.body, expected, "all that came")

    def stop(self):
        """Ends it."""
        self.process.kill()
        self.process.wait()


@test
def what_is_appended_passes_nginx_at_once(case):
    path = store(case, b"one\n")
    daemon, nginx = start_both(case, params=FOLLOW)
    raw = Curl(case, nginx)
    events = Curl(case, nginx, "?lines=1", "-H", "Accept: text/event-stream")
    raw.expect(b"one\n")
    events.expect_lines(b"one")
    for number in range(5):
        append(path, b"%d" % number)
        raw.expect(path.read_bytes())
        events.expect_lines(*path.read_bytes().splitlines())
    path.unlink()
    raw.expect_end(b"one\n0\n1\n2\n3\n4\n")
    equal(events.process.wait(20), 0, "curl's status")
    daemon.wait_access(count=2, action="follow", end="complete")


@test
def compressed_events_come_at_once_too(case):
    path = store(case, b"one\n")
    _, nginx = start_both(case, params=FOLLOW)
    events = Curl(case, nginx, "?format=events", "--compressed")
    events.expect_lines(b"one")
    append(path, b"two")
    events.expect_lines(b"one", b"two")


@test
def a_growing_range_passes_nginx(case):
    path = store(case, b"0123456789")
    _, nginx = start_both(case, params=FOLLOW)
    live = Curl(case, nginx, "", "--range", "4-9007199254740991",
                "--dump-header", str(case.dir / "head"))
    live.expect(b"456789")
    head = (case.dir / "head").read_text()
    found(r"^HTTP/1.1 206", head, "status")
    found(r"(?i)content-range: bytes 4-9007199254740991/\*", head, "field")
    append(path, b"abc")
    live.expect(b"456789abc\n")
    status, fields, body = nginx.ask("/a.log", Range="bytes=-6")
    equal((status, body), (206, b"89abc\n"), "what is there")
    equal(fields["Content-Range"], "bytes 8-13/*", "Content-Range")
    equal(fields["Content-Length"], "6", "Content-Length")
    status, fields, _ = nginx.ask("/a.log", Range="bytes=15-")
    equal((status, fields["Content-Range"]), (416, "bytes */14"), "beyond it")


@test
def head_passes_nginx(case):
    store(case, b"one\n")
    _, nginx = start_both(case, params=FOLLOW)
    status, fields, body = nginx.ask("/a.log", "HEAD")
    equal((status, body), (200, b""), "HEAD")
    equal(fields["Cache-Control"], "no-store", "Cache-Control")
    equal(fields["Content-Length"], None, "Content-Length")


@test
def a_client_that_leaves_nginx_ends_its_stream(case):
    path = store(case, b"one\n")
    daemon, nginx = start_both(case, params=FOLLOW)
    raw, events = Curl(case, nginx), Curl(case, nginx, "?format=events")
    raw.expect(b"one\n")
    events.expect_lines(b"one")
    wait_watches(daemon.worker, 1)
    raw.stop()
    events.stop()
    daemon.wait_access(count=2, action="follow", end="aborted")
    wait_watches(daemon.worker, 0)
    append(path, b"two")


@test
def curl_resumes_by_the_id_after_a_restart(case):
    path = store(case, b"one\ntwo\n")
    daemon, nginx = start_both(case, params=FOLLOW)
    first = Curl(case, nginx, "?format=events")
    first.expect_lines(b"one", b"two")
    daemon.send_signal(signal.SIGTERM)
    equal(first.process.wait(20), 0, "curl's status: a stop is no error")
    daemon.wait_exit()
    daemon.leaves_socket = True  # it is that of the next one
    append(path, b"three")
    os.rename(path, case.root / "a.log.1")
    append(path, b"four")
    case.start(listen=f"unix:{case.dir}/s0", address=f"unix:{case.dir}/s0")
    again = Curl(case, nginx, "?format=events", "-H",
                 f"Last-Event-ID: {Events(first.body).ids[-1]}")
    again.expect_lines(b"three", b"four")


@test
def a_slow_client_holds_up_nobody_and_misses_nothing(case):
    stored = case.store("a.log", 24 * MIB)
    _, nginx = start_both(case, "--buffer-memory=1M", params=FOLLOW)
    slow = nginx.begin("/a.log")
    fast = Curl(case, nginx)
    wait_until(lambda: len(fast.body) == stored.size, "the fast one")
    append(stored.path, b"end")
    wait_until(lambda: fast.body.endswith(b"end\n"), "what is appended")
    received = b""
    while not received.endswith(b"end\n\r\n"):
        part = slow.recv(1 << 20)
        true(part, "the slow one was broken off")
        received += part
    true(len(received) > stored.size, "the slow one misses something")


# --- other fronts ------------------------------------------------------------

class Reader:
    """A client of any front that reads what comes, when it comes."""

    def __init__(self, front, target, **fields):
        self.client = front.client()
        self.client.send(target, fields={
            name.replace("_", "-"): value for name, value in fields.items()})
        self.client.socket.setblocking(False)
        self.received = b""

    def has(self, text):
        """Whether this has come."""
        with contextlib.suppress(BlockingIOError):
            self.received += self.client.socket.recv(1 << 16)
        return text in self.received


def with_setting(front_class, behind, setting):
    """A front whose example has one more setting (docs/FOLLOW.md)."""
    class Following(front_class):
        """The front for what grows."""

        def configuration(self, daemon, params):
            text = super().configuration(daemon, params)
            equal(text.count(behind), 1, f"{behind} in the example")
            return text.replace(behind, behind + setting)
    true(setting.strip() in (TOP / "docs" / "FOLLOW.md").read_text(),
         f"docs/FOLLOW.md does not say {setting}")
    return Following


def check_front(case, front_class):
    """What is appended passes a front at once, and a stop ends it."""
    path = store(case, b"first line\n")
    daemon = start_daemon(case)
    front = front_class(case, daemon, FOLLOW)
    events = Reader(front, "/a.log", Accept="text/event-stream")
    raw = Reader(front, "/a.log")
    for number in range(4):
        line = path.read_bytes().splitlines()[-1]
        for one in (events, raw):
            wait_until(lambda one=one: one.has(line), f"{line} of {number}")
        append(path, b"appended line %d" % number)
    true(raw.received.startswith(b"HTTP/1.1 200"), f"{raw.received[:99]}")
    path.unlink()
    daemon.wait_access(count=2, action="follow", end="complete")


@test
def what_is_appended_passes_apache(case):
    check_front(case, with_setting(Apache, "enablereuse=on",
                                   " flushpackets=on"))


@test
def what_is_appended_passes_lighttpd(case):
    check_front(case, Lighttpd)


@test
def what_is_appended_passes_haproxy(case):
    check_front(case, Haproxy)


@test
def what_is_appended_passes_caddy(case):
    check_front(case, with_setting(Caddy, "header_down -Status\n",
                                   "flush_interval -1\n"))


if __name__ == "__main__":
    main()
