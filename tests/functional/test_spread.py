#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How connections are spread over the workers."""

import os
import signal

from support.harness import (equal, free_port, main, test, true, wait_idle,
                     wait_until)

WORKERS = 4
# More than the least loaded worker has, at most.
UNEVEN = 4
ATTEMPTS = 20


def sockets(pid):
    """How many sockets a process has open."""
    count = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            link = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue
        count += link.startswith("socket:")
    return count


def spread(daemon, before):
    """How many connections each worker has accepted since."""
    return [sockets(pid) - before[pid] for pid in daemon.workers()]


def counts(daemon):
    """How many sockets each worker has before there is a connection."""
    for pid in daemon.workers():
        wait_idle(pid)
    return {pid: sockets(pid) for pid in daemon.workers()}


def wait_spread(daemon, before, total):
    """The spread once all connections are accepted."""
    return wait_until(
        lambda: sum(now := spread(daemon, before)) == total and now,
        f"{total} connections are accepted")


def is_even(now):
    """Whether no worker has many more connections than another."""
    return max(now) - min(now) <= UNEVEN


def check_even(attempt):
    """Fails unless an attempt is even.

    On a busy machine a worker may not run for so long that the others go on
    without it, as they should: then it is tried again.
    """
    seen = []
    for _ in range(ATTEMPTS):
        seen.append(attempt())
        if is_even(seen[-1]):
            return
    true(False, f"connections of the workers: {seen}")


@test
def connections_one_after_the_other_are_spread_evenly(case):
    stored = case.store("file", b"text")

    def attempt():
        daemon = case.start(workers=WORKERS)
        before = counts(daemon)
        for number in range(1, 65):
            connection = daemon.connect()
            response = connection.ask(daemon.params("/file"), keep=True)
            equal(response.body, stored.content(), "body")
            now = wait_spread(daemon, before, number)
            if not is_even(now):
                break
        return now

    check_even(attempt)


@test
def connections_at_once_are_spread_evenly(case):
    def attempt(listen):
        daemon = case.start(workers=WORKERS, listen=listen)
        before = counts(daemon)
        for total in 64, 128:
            for _ in range(64):
                daemon.connect()
            now = wait_spread(daemon, before, total)
            if not is_even(now):
                break
        return now

    check_even(lambda: attempt(None))
    check_even(lambda: attempt(f"127.0.0.1:{free_port()}"))


def catches_up(daemon, before):
    """Connects once more; true when the first worker has as many as any."""
    total = sum(spread(daemon, before)) + 1
    daemon.connect()
    now = wait_spread(daemon, before, total)
    return now[0] >= max(now) - 1


@test
def a_stopped_worker_does_not_hinder_the_others(case):
    def attempt():
        daemon = case.start(workers=WORKERS)
        before = counts(daemon)
        stopped = daemon.workers()[0]
        os.kill(stopped, signal.SIGSTOP)
        case.defer(os.kill, stopped, signal.SIGCONT)
        for _ in range(64):
            daemon.connect()
        now = wait_spread(daemon, before, 64)
        equal(now[0], 0, "connections of the stopped worker")
        # It makes good for that when it goes on.
        os.kill(stopped, signal.SIGCONT)
        wait_until(lambda: catches_up(daemon, before),
                   "all have as many again")
        return now[1:]

    check_even(attempt)


@test
def a_new_worker_has_its_share(case):
    daemon = case.start(workers=WORKERS)
    daemon.deaths_expected = True
    before = counts(daemon)
    for _ in range(64):
        daemon.connect()
    wait_spread(daemon, before, 64)
    killed = daemon.workers()[0]
    left = sum(spread(daemon, before)[1:])
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: killed not in daemon.workers()
               and daemon.workers(WORKERS), "a new worker")
    new = [pid for pid in daemon.workers() if pid not in before][0]
    wait_idle(new)
    before[new] = sockets(new)
    for _ in range(16):
        daemon.connect()
    now = dict(zip(daemon.workers(), wait_spread(daemon, before, left + 16)))
    true(now[new] >= 12, f"connections of the workers: {now}")


if __name__ == "__main__":
    main()
