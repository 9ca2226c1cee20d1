# SPDX-License-Identifier: MIT
"""Rows on files that are in the page cache."""

import time

from files import KIB, MIB, Evictor, evict_all
from load import error_count
from measure import Goal, OURS, OURS_ALL, against, own
from row import Row

NGINX = ("nginx-sendfile", "nginx-threads", "nginx-directio")


class HotRow(Row):
    """Kept connections that ask for the next file at once."""

    def prepare(self, bench, case):
        super().prepare(bench, case)
        for peer in self.running.values():
            bench.load.run(peer, self.files, seconds=0.2, keep=True,
                           connections=self.connections)

    def measure(self, name):
        return self.load(self.running[name], seconds=self.seconds,
                         keep=True, connections=self.connections)


class Large2(HotRow):
    """Large files for a few clients."""

    name = "large-2"
    title = "100 MB files from the page cache, 2 connections"
    peers = (OURS, OURS_ALL, "libfcgi", "null", "sendfile")
    connections = 2
    count = 4
    size = 100_000_000

    def goals(self):
        return [against("bytes_per_second", "libfcgi", OURS_ALL, at_least=2),
                against("bytes_per_second", "libfcgi"),
                against("bytes_per_second", "sendfile", at_least=0.75),
                against("bytes_per_second", "null"),
                against("cpu_ns_per_byte", "libfcgi"),
                against("cpu_ns_per_byte", "sendfile"),
                against("cpu_ns_per_byte", "null")]


class Large64(Large2):
    """The same for many."""

    name = "large-64"
    title = "100 MB files from the page cache, 64 connections"
    connections = 64


class Small(HotRow):
    """Small files, where a request costs more than its bytes."""

    name = "small"
    title = "4 KiB files, 16 kept connections"
    peers = (OURS, OURS_ALL, "libfcgi", "null", "sendfile")
    connections = 16
    count = 16
    size = 4 * KIB
    columns = (("requests_per_second", "requests/s", 1),
               ("cpu_us_per_request", "CPU us/request", 1))

    def goals(self):
        return [against("requests_per_second", "libfcgi", OURS_ALL,
                        at_least=1.1),
                against("requests_per_second", "libfcgi"),
                against("requests_per_second", "null", at_least=0.9),
                against("cpu_us_per_request", "libfcgi"),
                against("cpu_us_per_request", "null")]


class Front(HotRow):
    """Behind nginx, as clients see it."""

    name = "front"
    title = "10 MB files through nginx, 16 connections"
    peers = (OURS, OURS_ALL, "null", "php-fpm", "twiggy", "starman", *NGINX)
    behind_nginx = True
    connections = 16
    count = 4
    size = 10_000_000
    columns = Row.columns + (("front_cpu_seconds", "nginx CPU s", 1),)

    def goals(self):
        speed = "bytes_per_second"
        # PHP-FPM and Starman use every core, the others one.
        return [against(speed, "null", at_least=0.95),
                against(speed, "php-fpm", OURS_ALL, at_least=1.2),
                against(speed, "php-fpm"),
                against(speed, "twiggy", at_least=1.2),
                against(speed, "starman", OURS_ALL, at_least=1.2),
                against(speed, "starman"),
                *(against(speed, name, OURS_ALL) for name in NGINX)]


class GrowthStreams(Row):
    """What a request costs while there are many others."""

    name = "growth-streams"
    title = "cost of a 4 KiB request among so many kept connections"
    count = 16
    size = 4 * KIB
    columns = (("cpu_us_per_request", "CPU us/request", 1),
               ("requests_per_second", "requests/s", 1),
               ("ttfb_p99_us", "p99 of the first byte, us", 1))
    peers = (OURS,)
    most_rounds = 5

    def variants(self):
        return [str(number) for number in (1, 10, 100, 1000, 10000)
                if number < self.bench.descriptors - 200]

    def measure(self, name):
        # The cost is that while all connections are there: to make them
        # and to close them is not what grows here.
        peer, number = self.running[OURS], int(name)
        warm_up = round(0.5 + number / 4000, 2)
        seconds = max(1, self.seconds)
        with self.bench.load.background(
                peer, self.files, connections=number, keep=True,
                warm_up=warm_up, seconds=warm_up + seconds) as finish:
            time.sleep(warm_up + 0.05)
            used, begun = peer.cpu(), time.monotonic()
            time.sleep(seconds - 0.15)
            share = (peer.cpu() - used) / (time.monotonic() - begun)
            report = finish()
        return {**report, "connections": number,
                "failed": error_count(report), "cpu_share": share,
                "ttfb_p99_us": report["ttfb_us"]["p99"],
                "cpu_us_per_request":
                    share * 1e6 / report["requests_per_second"]}

    def goals(self):
        return [Goal(f"cost with {most} / with 10",
                     lambda figures, most=most:
                     figures[most]["cpu_us_per_request"] /
                     figures["10"]["cpu_us_per_request"],
                     at_most=1.5 if most == "10000" else None)
                for most in ("1000", "10000")] + [
                    own("p99 of the first byte with 10000, us",
                        "ttfb_p99_us", "10000")]


class GrowthBytes(Row):
    """What a byte costs in files of all sizes."""

    name = "growth-bytes"
    title = "cost of a byte of a sparse file of so many MiB"
    columns = (("cpu_ns_per_byte", "CPU ns/byte", 1),
               ("bytes_per_second", "MB/s", 1e-6))
    peers = (OURS,)
    most_rounds = 3

    def __init__(self, quick, seconds):
        super().__init__(quick, seconds)
        self.sets = {}

    def make_files(self):
        # So many of a size that they have a gigabyte together.
        sizes = [1, 8, 64, 512, 4096] if self.quick else [
            1, 4, 16, 64, 256, 1024, 4096, 32768]
        for size in sizes:
            self.sets[str(size)] = [
                self.bench.files.sparse(number, size * MIB)
                for number in range(max(1, 1024 // size))]
        self.files = self.sets["1"]

    def prepare(self, bench, case):
        super().prepare(bench, case)
        self.measure("1")

    def variants(self):
        return list(self.sets)

    def measure(self, name):
        # The first read of a hole puts zeros into the page cache, and costs
        # more than the next: so each is read once. These pages are dropped
        # soon, to be used again: a virtual machine may have to ask for more.
        files = self.sets[name]
        evict_all(files)
        with Evictor(files):
            figures = self.load(self.running[OURS], files, keep=True,
                                requests=len(files), connections=1)
        return {"mebibytes": int(name), **figures}

    def goals(self):
        largest = "4096" if self.quick else "32768"
        return [Goal("cost per byte of the largest / of 1 MiB files",
                     lambda figures: figures[largest]["cpu_ns_per_byte"] /
                     figures["1"]["cpu_ns_per_byte"], at_most=1.5)]


ROWS = (Large2, Large64, Small, Front)
GROWTH = (GrowthStreams, GrowthBytes)
