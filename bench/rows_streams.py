# SPDX-License-Identifier: MIT
"""Rows on many slow clients, and on one that does not read at all."""

import array
import fcntl
import pathlib
import re
import socket
import termios
import threading
import time

import fastcgi
from files import KIB, MIB
from front import make_peer
from machine import output_of
from measure import OURS, own
from procfs import peak_memory
from row import Row

CHUNK = 256 * KIB
PACE = 64 * KIB


def status_bytes(pid, field):
    """A field of /proc/PID/status that is in kB, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M)[1]) * KIB


def unix_memory(path):
    """Bytes of kernel memory that wait in the sockets below this path."""
    lines = output_of("ss", "-xamH", "src", path)
    return sum(map(int, re.findall(r"skmem:\(r\d+,rb\d+,t(\d+)", lines)))


def bytes_read(pid):
    """What a process has read from files by read(2) and its like."""
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(re.search(r"^rchar: (\d+)", text, re.M)[1])


class Watcher:
    """The most of a figure while a run goes on."""

    def __init__(self, look):
        self.look = look
        self.most = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        """Looks once a second."""
        while not self.stop.wait(1):
            self.most = max(self.most, self.look())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


class Streams(Row):
    """Thousands of players that all take just what they play."""

    name = "streams"
    title = "concurrent streams at 64 KiB/s each"
    peers = (OURS,)
    most_rounds = 3
    count = 4
    size = 16 * MIB
    columns = (("streams", "streams", 1),
               ("slowest_to_median", "slowest / median", 1),
               ("pace_ratio", "of the pace", 1),
               ("memory_per_stream", "bytes/stream", 1),
               ("cpu_seconds", "CPU s", 1),
               ("socket_memory", "in sockets, MB", 1e-6))

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        self.connections = 2000 if quick else 10000
        self.ramp = 2 if quick else 5

    def prepare(self, bench, case):
        # A stream has two descriptors in the worker: socket and file.
        possible = (bench.descriptors - 100) // 2
        if self.connections > possible:
            bench.note(f"{self.name}: {possible} streams, as a process may "
                       f"have {bench.descriptors} descriptors")
            self.connections = possible
        super().prepare(bench, case)

    def measure(self, name):
        # A worker of its own: the peak of memory is over its life.
        peer = make_peer(name, self.case, self)
        peer.start()
        worker = peer.pids()[0]
        self.load(peer, connections=64, seconds=0.5)
        before = peak_memory(worker)
        with Watcher(lambda: unix_memory(
                peer.address.removeprefix("unix:"))) as watcher:
            figures = self.load(
                peer, connections=self.connections, pace=PACE, keep=True,
                ramp=self.ramp, warm_up=self.ramp + 1,
                seconds=self.ramp + (5 if self.quick else 20))
        grown = peak_memory(worker) - before
        peer.server.stop()
        self.case.daemons.remove(peer.server)
        return {**figures, **self.judge(figures, grown),
                "socket_memory": watcher.most}

    def judge(self, figures, grown):
        """Figures that the goals are about.

        The memory is the peak of the worker's less the peak that a few fast
        clients have made, which have filled the pool of chunks as far as it
        ever gets. If more chunks were in use later, they count.
        """
        share = figures["connection_bytes"]
        return {"streams": self.connections,
                "slowest_to_median": share["least"] / share["median"],
                "pace_ratio": figures["bytes_per_second"] /
                (PACE * self.connections),
                "memory_per_stream": grown / self.connections}

    def goals(self):
        return [own("speed / pace asked for", "pace_ratio",
                    at_least=0.95),
                own("slowest stream / median", "slowest_to_median",
                    at_least=0.9),
                own("bytes of memory for a stream", "memory_per_stream",
                    at_most=8 * KIB),
                own("streams that failed", "failed", at_most=0)]


class Stalled(Row):
    """A client that asks for a large file and reads nothing."""

    name = "stalled"
    title = "a client that reads nothing of a large file in the page cache"
    peers = (OURS, "libfcgi", "twiggy")
    most_rounds = 1
    columns = (("read_bytes", "read, KiB", 1 / KIB),
               ("queued_bytes", "of these in the socket, KiB", 1 / KIB),
               ("grown_mib", "memory grown, MiB", 1))

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        self.size = 256 * MIB if quick else 1024 * MIB

    def request(self, peer):
        """The bytes of a request."""
        path = self.files[0].request_path
        if peer.http:
            return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        return fastcgi.request(fastcgi.cgi_params(self.case.root, path))

    def measure(self, name):
        peer = self.running[name]
        pid = peer.pids()[0]
        before = bytes_read(pid)
        memory = status_bytes(pid, "VmRSS")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(peer.address.removeprefix("unix:"))
            client.sendall(self.request(peer))
            self.settle(pid)
            queued = array.array("i", [0])
            fcntl.ioctl(client, termios.FIONREAD, queued)
            read = bytes_read(pid) - before
            grown = status_bytes(pid, "VmRSS") - memory
        return {"read_bytes": read, "queued_bytes": queued[0],
                "beyond_chunks": max(0, read - queued[0]) / CHUNK,
                "grown_mib": grown / MIB}

    def settle(self, pid):
        """Waits until the server neither reads nor grows for a second."""
        limit = time.monotonic() + 30
        seen, since = None, time.monotonic()
        while time.monotonic() < min(limit, since + 1):
            now = bytes_read(pid), status_bytes(pid, "VmRSS")
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.05)

    def goals(self):
        return [own("chunks read beyond what the socket holds",
                    "beyond_chunks", at_most=1),
                own("MiB of memory grown, twiggy", "grown_mib", "twiggy"),
                own("MiB of memory grown, libfcgi", "grown_mib", "libfcgi")]


ROWS = (Streams, Stalled)
