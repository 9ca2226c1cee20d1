# SPDX-License-Identifier: MIT
"""Following a file: reading the answers, and growing the file."""

import os
import pathlib

from support.harness import KIB, Failure, equal, found, true, wait_until

# Long enough for these tests, and shorter than the default.
ROTATE = "200ms"


def append(path, *lines):
    """Appends lines, each with its newline, in one write."""
    with open(path, "ab", buffering=0) as out:
        out.write(b"".join(line + b"\n" for line in lines))


class Follower:
    """A request for a file that grows, over FastCGI."""

    def __init__(self, daemon, path, **params):
        self.connection, self.response = daemon.begin(
            path, STREAM_ACTION="follow", **params)

    @property
    def body(self):
        """What has come so far."""
        return bytes(self.response.body)

    def read(self, count):
        """All bytes, as soon as there are so many."""
        self.connection.receive_bytes(self.response, count)
        true(not self.response.over, f"{self.response!r} is over")
        return self.body

    def read_until(self, condition, what):
        """Reads on until the condition is true."""
        self.connection.receive(self.response, until=condition)
        true(condition(), f"{what}: {self.response!r} {self.body[-300:]!r}")

    def expect(self, expected, what="what came"):
        """Fails unless just these bytes have come, and no end."""
        self.connection.receive_bytes(self.response, len(expected))
        equal(self.body, expected, what)
        true(not self.response.over, f"{what}: {self.response!r} is over")

    def expect_end(self, expected, what="all that came"):
        """Fails unless it ends in good order with just these bytes."""
        self.connection.receive(self.response)
        true(self.response.complete, f"{what}: {self.response!r}")
        equal(self.body, expected, what)

    def close(self):
        """The client leaves."""
        self.connection.close()


class Events:
    """A stream of events as it is read (WHATWG HTML, 9.2.6)."""

    def __init__(self, body):
        self.lines = []
        self.ids = []
        self.kinds = []
        self.last_id = None
        self.comments = 0
        self.retry = None
        *blocks, self.rest = body.split(b"\n\n")
        for block in blocks:
            self._take(block)

    def _take(self, block):
        """One block, up to an empty line."""
        data, kind = [], "message"
        for line in block.split(b"\n"):
            name, _, value = line.partition(b": ")
            if line.startswith(b":"):
                self.comments += 1
            elif name == b"data":
                data.append(value)
            elif name == b"id":
                self.last_id = value.decode()
            elif name == b"retry":
                self.retry = int(value)
            elif name == b"event":
                kind = value.decode()
            else:
                raise Failure(f"not a field of an event: {line!r}")
        if data:
            self.lines.append(b"\n".join(data))
            self.ids.append(self.last_id)
            self.kinds.append(kind)


class EventFollower(Follower):
    """The same, as events."""

    def __init__(self, daemon, path, last_id=None, **params):
        super().__init__(daemon, path, HTTP_ACCEPT="text/event-stream",
                         HTTP_LAST_EVENT_ID=last_id, **params)

    @property
    def events(self):
        """The events that have come so far."""
        return Events(self.body)

    def read_lines(self, count):
        """The events, as soon as there are so many."""
        self.read_until(lambda: len(self.events.lines) >= count,
                        f"{count} events")
        return self.events

    def expect_lines(self, *expected):
        """Fails unless just these lines come."""
        equal(self.read_lines(len(expected)).lines, list(expected), "lines")


def inotify_watches(pid):
    """The watches that a process has (proc(5), fdinfo)."""
    lines = []
    for path in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            text = path.read_text()
        except FileNotFoundError:
            continue
        lines += [line for line in text.splitlines()
                  if line.startswith("inotify ")]
    return lines


def wait_watches(pid, count):
    """Waits until a process has so many watches."""
    wait_until(lambda: len(inotify_watches(pid)) == count,
               f"{count} watches, not {inotify_watches(pid)}")


def replace_atomically(path, content):
    """Another file takes the name in one step."""
    other = path.with_name(path.name + ".new")
    other.write_bytes(content)
    os.rename(other, path)


def follow(daemon, **params):
    """The bytes of a.log."""
    return Follower(daemon, "/a.log", STREAM_ROTATE=ROTATE, **params)


def follow_events(daemon, **params):
    """The lines of a.log."""
    return EventFollower(daemon, "/a.log", STREAM_ROTATE=ROTATE, **params)


def ask(daemon, path="/a.log", method="GET", **params):
    """A request that is answered at once."""
    return daemon.fetch(path, method, STREAM_ACTION="follow", **params)


def store(case, content=b"", name="a.log"):
    """A file to follow."""
    return case.store(name, content).path


def memory(pid):
    """What a process has in memory, in bytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return KIB * int(found(r"VmRSS:\s*(\d+)", text, "VmRSS").group(1))
