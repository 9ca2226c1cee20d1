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

from support import fastcgi
from files import KIB, MIB, evict_all, make_new
from front import make_peer
from load import error_count
from machine import output_of
from measure import AGAIN, OURS, Goal, own
from support.procfs import peak_memory
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


def bytes_read(pid, field):
    """What a process has read from files, a field of /proc/PID/io.

    rchar: by read(2) and its like; not by asynchronous I/O, as the kernel's
    AIO counts nothing there.  read_bytes: from the disk, in any way.
    """
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(re.search(rf"^{field}: (\d+)", text, re.M)[1])


def exact_cpu(pid):
    """Seconds of processor time of a process whose threads all live on.

    In nanoseconds (/proc/PID/schedstat), where stat has hundredths.
    """
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


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
    title = "concurrent streams at 64 KiB/s each, so many"
    peers = (OURS,)
    most_rounds = 3
    count = 4
    size = 16 * MIB
    columns = (("cpu_ns_per_byte", "CPU ns/byte", 1),
               ("slowest_to_median", "slowest / median", 1),
               ("pace_ratio", "of the pace", 1),
               ("memory_per_stream", "bytes/stream", 1),
               ("socket_memory", "in sockets, MB", 1e-6))

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        self.connections = 2000 if quick else 10000

    def prepare(self, bench, case):
        # A stream has two descriptors in the worker: socket and file.
        possible = (bench.descriptors - 100) // 2
        if self.connections > possible:
            bench.note(f"{self.name}: {possible} streams, as a process may "
                       f"have {bench.descriptors} descriptors")
            self.connections = possible
        super().prepare(bench, case)

    def variants(self):
        return ["100", "1000", str(self.connections)]

    def measure(self, name):
        # A worker of its own: the peak of memory is over its life.
        peer = make_peer(OURS, self.case, self)
        peer.start()
        try:
            return self.play(peer, int(name))
        finally:
            peer.server.stop()
            self.case.daemons.remove(peer.server)

    def play(self, peer, streams):
        """So many streams."""
        worker = peer.pids()[0]
        self.load(peer, connections=64, seconds=0.5)
        before = peak_memory(worker)
        with Watcher(lambda: unix_memory(
                peer.address.removeprefix("unix:"))) as watcher:
            figures = self.paced(peer, worker, streams)
        grown = peak_memory(worker) - before
        return {**figures, **self.judge(figures, grown, streams),
                "socket_memory": watcher.most}

    def paced(self, peer, worker, streams):
        """The report, and the cost of a byte while all streams play."""
        warm_up = 1 + streams / 2000 + 0.5
        seconds = 4 if self.quick else 12
        with self.bench.load.background(
                peer, self.files, connections=streams, pace=PACE, keep=True,
                ramp=round(streams / 2000, 2), warm_up=warm_up,
                seconds=warm_up + seconds) as finish:
            time.sleep(warm_up + 0.05)
            used, begun = exact_cpu(worker), time.monotonic()
            time.sleep(seconds - 0.2)
            share = (exact_cpu(worker) - used) / (time.monotonic() - begun)
            report = finish()
        return {**report, "failed": error_count(report), "cpu_share": share,
                "cpu_ns_per_byte": share * 1e9 / report["bytes_per_second"]}

    @staticmethod
    def judge(figures, grown, streams):
        """Figures that the goals are about.

        The memory is the peak of the worker's less the peak that a few fast
        clients have made, which have filled the pool of chunks as far as it
        ever gets. If more chunks were in use later, they count.
        """
        share = figures["connection_bytes"]
        return {"streams": streams,
                "slowest_to_median": share["least"] / share["median"],
                "pace_ratio": figures["bytes_per_second"] / (PACE * streams),
                "memory_per_stream": grown / streams}

    def goals(self):
        most = str(self.connections)
        return [own("speed / pace asked for", "pace_ratio", most,
                    at_least=0.95),
                own("slowest stream / median", "slowest_to_median", most,
                    at_least=0.9),
                own("bytes of memory for a stream", "memory_per_stream", most,
                    at_most=8 * KIB),
                own("streams that failed", "failed", most, at_most=0),
                Goal(f"cost of a byte with {most} / with 100",
                     lambda figures: figures[most]["cpu_ns_per_byte"] /
                     figures["100"]["cpu_ns_per_byte"], at_most=1.5)]


class Stalled(Row):
    """A client that asks for a large file and reads nothing."""

    name = "stalled"
    title = "a client that reads nothing of a large file in the page cache"
    peers = (OURS, "libfcgi", "twiggy")
    most_rounds = 1
    columns = (("read_bytes", "read, KiB", 1 / KIB),
               ("queued_bytes", "in the socket, KiB", 1 / KIB),
               ("grown_mib", "memory grown, MiB", 1))
    # What tells that a file is read, in /proc/PID/io.
    field = "rchar"

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
        return self.stall(self.running[name])

    def stall(self, peer):
        """Asks, waits until the server has done what it can, and looks."""
        pid = peer.pids()[0]
        before = bytes_read(pid, self.field)
        memory = status_bytes(pid, "VmRSS")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(peer.address.removeprefix("unix:"))
            client.sendall(self.request(peer))
            self.settle(pid)
            queued = array.array("i", [0])
            fcntl.ioctl(client, termios.FIONREAD, queued)
            read = bytes_read(pid, self.field) - before
            grown = status_bytes(pid, "VmRSS") - memory
        return {"read_bytes": read, "queued_bytes": queued[0],
                "beyond_chunks": max(0, read - queued[0]) / CHUNK,
                "grown_mib": grown / MIB}

    def settle(self, pid):
        """Waits until the server neither reads nor grows for a second."""
        limit = time.monotonic() + 30
        seen, since = None, time.monotonic()
        while time.monotonic() < min(limit, since + 1):
            now = bytes_read(pid, self.field), status_bytes(pid, "VmRSS")
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(0.05)

    def goals(self):
        return [own("chunks read beyond what the socket holds",
                    "beyond_chunks", at_most=1),
                own("MiB of memory grown, twiggy", "grown_mib", "twiggy"),
                own("MiB of memory grown, libfcgi", "grown_mib", "libfcgi")]


class StalledCold(Stalled):
    """The same where the file is not in the page cache."""

    name = "stalled-cold"
    title = "a client that reads nothing of a large file on the disk"
    field = "read_bytes"

    def variants(self):
        again = [AGAIN] if OURS in self.running else []
        return [*super().variants(), *again]

    def measure(self, name):
        peer = self.running[OURS if name == AGAIN else name]
        make_new(self.files)
        if name == AGAIN:
            self.load(peer, range="0-0", requests=1)
            evict_all(self.files)
        return self.stall(peer)

    def goals(self):
        return [own(f"chunks fetched beyond what the socket holds, {name}",
                    "beyond_chunks", name) for name in (OURS, AGAIN)]


ROWS = (Streams, Stalled, StalledCold)
