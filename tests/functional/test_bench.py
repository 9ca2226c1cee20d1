#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark works: a small row of it, and how it counts.

How fast anything is, is no matter here.
"""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

from support import fastcgi
from support.harness import (MIB, SLOWNESS, TOP, Skip, equal, found, kill_session, main,
                     program, run_tool, test, true, wait_until)

sys.path.append(str(TOP / "bench"))
# pylint: disable=wrong-import-position
import bench  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
from support.cold_files import cached_pages, need_direct_io  # noqa: E402
from files import evict_all, make_new  # noqa: E402
from peer import SocketServer  # noqa: E402
from row import Row  # noqa: E402

PEERS = ["fcgi-stream", "fcgi-stream, all cores", "libfcgi", "null",
         "sendfile"]


def load_program():
    """The load generator of the build that is tested."""
    path = os.environ.get("FCGI_LOAD") or (
        pathlib.Path(program()).parent / "bench" / "fcgi_load")
    if not os.access(path, os.X_OK):
        raise Skip("bench/fcgi_load is not built")
    return pathlib.Path(path)


def peers_folder():
    """Where the peers of the build that is tested are."""
    folder = pathlib.Path(program()).parent / "bench" / "peers"
    if not os.access(folder / "null_backend", os.X_OK):
        raise Skip("the peers are not built")
    return folder


def start_bench(case, *options):
    """Starts a row on small files; its process."""
    process = subprocess.Popen(
        [sys.executable, TOP / "bench" / "bench.py", "--only=small",
         f"--load={load_program()}", f"--peers={peers_folder()}",
         f"--out={case.dir}/out", f"--files={case.dir}/files", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "TMPDIR": str(case.dir)})
    case.defer(kill_session, process)
    return process


def commands(case):
    """The command lines of all processes that name the case's folder."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode())
    return [line for line in lines if str(case.dir) in line]


@test
def a_row_is_measured_on_all_its_peers(case):
    process = start_bench(case, "--rounds=1", "--seconds=0.3")
    output, errors = process.communicate(timeout=50 * SLOWNESS)
    equal(process.returncode, 0, f"status, {errors}")
    result = json.loads((case.dir / "out" / "results.json").read_text())
    equal(result["notes"], [], "notes")
    row, = result["rows"]
    equal(list(row["medians"]), PEERS, "peers")
    for name, figures in row["medians"].items():
        true(figures["requests"] > 0, f"no answer of {name}")
        equal(figures["failed"], 0, f"errors of {name}")
        true(figures["cpu_seconds"] >= 0, f"processor time of {name}")
    found(r"\| small \| requests per second / libfcgi \|", output, "table")
    equal(list((case.dir / "files").iterdir()), [], "files left behind")


@test
def an_interrupted_run_leaves_nothing_behind(case):
    process = start_bench(case, "--seconds=30")
    wait_until(lambda: any("--seconds=30" in line and "--keep" in line
                           for line in commands(case)), "a run goes on")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30 * SLOWNESS)
    equal(process.returncode, 130, "status")
    wait_until(lambda: not commands(case), "all processes are gone")
    equal(list((case.dir / "files").iterdir()), [], "files left behind")
    equal(list(case.dir.glob("fs-*")), [], "folders left behind")


@test
def a_peer_outlives_clients_that_leave(case):
    stored = case.store("file", 8 * MIB + 5)
    case.store("small", 4096)
    for name, *words in (("null_backend", stored.size),
                         ("sendfile_backend",), ("libfcgi_threads", 4)):
        server = SocketServer(case, name, 0)
        server.start(peers_folder() / name, str(server.path),
                     *map(str, words))
        address = f"unix:{server.path}"
        asked = fastcgi.request(fastcgi.cgi_params(case.root, "/file"),
                                keep=True)
        # Each of these leaves in the middle of answers.
        for _ in range(12):
            run_tool(load_program(), f"--connect={address}", "--keep",
                     f"--root={case.root}", "--connections=16",
                     "--seconds=0.05", "/small")
        with case.connect(address) as client:
            for _ in range(2):
                client.send(asked)
                response = client.receive(fastcgi.Response())
                equal(response.length, stored.size, f"length from {name}")
                true(name == "null_backend" or
                     response.digest == stored.digest, f"bytes from {name}")


@test
def a_goal_is_judged_by_the_median_of_ratios(case):
    goal = measure.against("speed", "peer", at_least=2)
    rounds = [{"fcgi-stream": {"speed": ours}, "peer": {"speed": theirs}}
              for ours, theirs in ((30, 10), (8, 4), (1, 10))]
    summary = goal.summary(rounds)
    equal(summary["values"], [3, 2, 0.1], "ratios")
    equal((summary["median"], summary["met"]), (2, True), "median, verdict")
    equal(goal.summary([{"fcgi-stream": {"speed": 1}}]), None,
          "goal without the peer")
    at_most = measure.own("memory", "memory", at_most=8)
    for value, met in ((8, True), (8.1, False)):
        summary = at_most.summary([{"fcgi-stream": {"memory": value}}])
        equal(summary["met"], met, f"verdict on {value}")
    equal([measure.rotated(["a", "b", "c"], turn) for turn in (0, 1, 5)],
          [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]], "orders")


class HalfBroken(Row):
    """Two variants, of which one never works."""

    name = "half"
    title = "a row for the test"
    columns = (("speed", "MB/s", 1),)

    def prepare(self, bench, case):
        self.bench = bench

    def variants(self):
        return ["good", "bad"]

    def measure(self, name):
        return {"speed": 1 / ["bad", "good"].index(name)}

    def goals(self):
        return [measure.own("speed", "speed", name)
                for name in ("good", "bad")]


class Broken(HalfBroken):
    """It does not even begin."""

    name = "none"

    def prepare(self, bench, case):
        raise KeyError("nothing")


@test
def what_goes_wrong_costs_no_other_figure(case):
    options = argparse.Namespace(
        full=False, rounds=2, seconds=1, load=load_program(), peers=None,
        files=case.dir / "files", out=case.dir / "out")
    run = bench.Bench(options)
    run.run([Broken, HalfBroken])
    result = json.loads((case.dir / "out" / "results.json").read_text())
    row, = result["rows"]
    equal(row["medians"], {"good": {"speed": 1}}, "figures")
    equal([goal["what"] for goal in row["goals"]], ["speed"], "goals")
    equal(result["notes"],
          ["none: left out: KeyError: 'nothing'",
           "half: a round without bad: ZeroDivisionError: division by zero"],
          "notes")
    found(r"half: a round without bad", report.markdown(result), "tables")


@test
def a_new_file_is_one_that_nobody_has_wanted(case):
    need_direct_io(case)
    stored = case.store("file", 16 * MIB)
    daemon = case.start(workers=1)
    shares = []
    for prepare in (make_new, make_new, evict_all):
        prepare([stored])
        run_tool(load_program(), f"--connect={daemon.address}",
                 f"--root={case.root}", "--requests=1", "/file")
        pages = cached_pages(stored)
        shares.append(sum(pages) / len(pages))
    true(shares[0] < 0.2 and shares[1] < 0.2 and shares[2] > 0.9,
         f"read through the page cache: {shares}")


@test
def tables_replace_those_between_the_markers(case):
    page = case.dir / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.update(page, "new\n")
    report.update(page, "newer \\1\n")
    equal(page.read_text(),
          f"before\n{report.BEGIN}\nnewer \\1\n{report.END}\nafter\n", "page")
    for value, text in ((0, "0"), (0.05, "0.0500"), (0.5, "0.50"),
                        (12.34, "12.3"), (99999.6, "100,000")):
        equal(report.number(value), text, f"number {value}")


if __name__ == "__main__":
    main()
