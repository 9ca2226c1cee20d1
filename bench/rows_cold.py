# SPDX-License-Identifier: MIT
"""Rows on files that are not in the page cache."""

import json
import operator
import os
import pathlib
import re
import subprocess

from support.checks import Failure, Skip, need, tool_environment
from support.cold_files import cached_pages
from files import GIB, KIB, MIB, Evictor, evict_all, make_new
from load import error_count
from measure import AGAIN, OURS, Goal, against, own
from row import Row
from rows_hot import NGINX

FIO_BLOCK = "256k"
FIO_DEPTH = 4


def fio(files):
    """Bytes per second that fio reads from the files, each in its own job."""
    need("fio")
    words = ["fio", "--output-format=json", "--ioengine=libaio", "--direct=1",
             "--rw=read", f"--bs={FIO_BLOCK}", f"--iodepth={FIO_DEPTH}",
             "--group_reporting"]
    for file in files:
        words += [f"--name={file.path.name}", f"--filename={file.path}"]
    done = subprocess.run(words, capture_output=True, check=False,
                          timeout=180, env=tool_environment())
    if done.returncode:
        raise Failure(f"fio: {done.stderr.decode()[-500:]}")
    # It may write notes before the JSON.
    report = json.loads(done.stdout[done.stdout.index(b"{"):])
    used = sum(job["usr_cpu"] + job["sys_cpu"] for job in report["jobs"])
    read = report["jobs"][0]["read"]
    return {"bytes_per_second": read["bw_bytes"], "bytes": read["io_bytes"],
            "cpu_percent": used}


def device_bytes(folder):
    """Bytes read so far from the device that a folder is on, or None."""
    device = os.stat(folder).st_dev
    name = [str(os.major(device)), str(os.minor(device))]
    for line in pathlib.Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        if fields[:2] == name:
            return int(fields[5]) * 512
    return None


def cached_share(files):
    """Which part of the files is in the page cache."""
    pages = [page for file in files for page in cached_pages(file)]
    return sum(pages) / len(pages)


class ColdRow(Row):
    """Files that come from the disk, for servers with one process each."""

    nginx_workers = 1
    copy = True

    def prepare(self, bench, case):
        super().prepare(bench, case)
        for file in self.files:
            self.check_cold(file)
        (bench.files.root / "copy.bin").unlink()

    def check(self, peer):
        """Nothing yet: each file is compared on its way from the disk."""

    def check_cold(self, file):
        """Leaves out the peers that send other bytes than a new file's.

        They are compared with a copy, so that nothing but the peer reads the
        file.
        """
        copy = self.bench.files.copy(file)
        for name, peer in list(self.running.items()):
            try:
                make_new([file])
                self.bench.load.check(peer, file, copy, times=1)
            except (Skip, Failure, OSError) as error:
                self.note(f"without {name}: {error}")
                del self.running[name]


class Cold1(ColdRow):
    """A disk's speed for one client."""

    name = "cold1"
    title = "a cold file, one client"
    peers = (OURS, *NGINX)
    columns = Row.columns + (("cached_share", "then in the page cache", 1),)
    full_size = GIB
    quick_size = 512 * MIB

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        self.size = self.quick_size if quick else self.full_size

    def variants(self):
        again = [AGAIN] if OURS in self.running else []
        return [*super().variants(), *again, "fio"]

    def measure(self, name):
        make_new(self.files)
        if name == "fio":
            return fio(self.files)
        peer = self.running[OURS if name == AGAIN else name]
        if name == AGAIN:
            self.want(peer)
        before = device_bytes(self.bench.files.root)
        figures = self.load(peer, connections=self.count,
                            requests=self.count)
        if before is not None:
            figures["device_bytes"] = (
                device_bytes(self.bench.files.root) - before)
        return {**figures, "cached_share": cached_share(self.files)}

    def want(self, peer):
        """Asks for a byte of each file."""
        self.bench.load.run(peer, self.files, range="0-0", connections=1,
                            requests=self.count)
        evict_all(self.files)

    def goals(self):
        return [against("bytes_per_second", "fio", at_least=0.9),
                *(against("bytes_per_second", name) for name in NGINX),
                *(against("bytes_per_second", name, AGAIN)
                  for name in ("fio", *NGINX))]


class Cold8(Cold1):
    """And for several, each with a file of its own."""

    name = "cold8"
    title = "8 cold files, 8 clients"
    count = 8
    # As much in all for one client as for several, within reason.
    full_size = 512 * MIB
    quick_size = 128 * MIB


def fetched_bytes(pids):
    """Bytes that processes have made the kernel read from devices."""
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/io").read_text()
        total += int(re.search(r"^read_bytes: (\d+)", text, re.M)[1])
    return total


class Latency(ColdRow):
    """Small requests from the page cache beside streams from the disk."""

    name = "latency"
    title = "4 KiB requests idle, and beside 64 streams of cold files"
    peers = (OURS, "libfcgi", "php-fpm", "nginx-sendfile", "nginx-threads")
    connections = 68
    count = 64
    columns = (("idle_p99_us", "p99 idle, us", 1),
               ("loaded_p99_us", "p99 loaded, us", 1),
               ("p99_ratio", "ratio", 1),
               ("unfinished", "unanswered", 1),
               ("cold_bytes_per_second", "cold MB/s", 1e-6))

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        # More than all of them get in the time: each is read once.
        self.size = 48 * MIB if quick else 96 * MIB
        self.hot = []

    def make_files(self):
        self.hot = self.bench.files.make(4, 4 * KIB)
        super().make_files()

    def check(self, peer):
        self.bench.load.check(peer, self.hot[0])

    def ask(self, peer, seconds):
        """The small requests.

        Those without an answer at the end count with their age.
        """
        return self.bench.load.run(peer, self.hot, seconds=seconds, keep=True,
                                   connections=4)

    def measure(self, name):
        peer = self.running[name]
        seconds = max(self.seconds, 1)
        make_new(self.files)
        idle = self.ask(peer, seconds)
        with Evictor(self.files), self.bench.load.background(
                peer, self.files, seconds=seconds + 0.8, copy=True,
                connections=64) as finish:
            loaded = self.ask(peer, seconds + 0.5)
            cold = finish()
        return self.judge(idle, loaded, cold)

    @staticmethod
    def judge(idle, loaded, cold):
        """Figures from three reports."""
        p99 = {"idle": idle["ttfb_us"]["p99"],
               "loaded": loaded["ttfb_us"]["p99"]}
        return {"idle_p99_us": p99["idle"], "loaded_p99_us": p99["loaded"],
                "p99_ratio": p99["loaded"] / p99["idle"],
                "unfinished": loaded["unfinished"],
                "failed": sum(map(error_count, (idle, loaded, cold))),
                "cold_bytes_per_second": cold["bytes_per_second"]}

    def goals(self):
        return [Goal(f"p99 loaded / idle, {name}",
                     lambda figures, name=name: figures[name]["p99_ratio"],
                     at_most=3 if name == OURS else None)
                for name in self.peers]


class Together(ColdRow):
    """Many clients that begin to fetch the same cold file."""

    name = "together"
    title = "200 clients fetch one cold file together"
    peers = (OURS, "nginx-sendfile")
    connections = 200
    most_rounds = 3
    columns = Row.columns + (("fetched_ratio", "fetched / file", 1),
                             ("device_ratio", "read by anybody / file", 1))

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        self.size = 64 * MIB if quick else 256 * MIB

    def measure(self, name):
        make_new(self.files)
        peer = self.running[name]
        before = self.read_so_far(peer)
        figures = self.load(
            peer, connections=self.connections, requests=self.connections,
            seconds=15 if self.quick else 30)
        device, fetched = map(operator.sub, self.read_so_far(peer), before)
        # If the time was up first: what the fastest client has got.
        reached = min(self.size, figures["connection_bytes"]["most"])
        return {"device_ratio": device / reached,
                "fetched_ratio": fetched / reached, **figures}

    def read_so_far(self, peer):
        """Bytes read from the disk by anybody, and those for the peer."""
        return (device_bytes(self.bench.files.root) or 0,
                fetched_bytes(peer.pids()))

    def goals(self):
        return [own("bytes fetched from the disk / file", "fetched_ratio",
                    at_most=1.2),
                against("bytes_per_second", "nginx-sendfile", at_least=1)]


ROWS = (Cold1, Cold8, Latency, Together)
