#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers that fcgi-stream breaks off itself, seen by a client of nginx.

nginx takes a mere close for the end of the answer, and a client that keeps its
connection would wait for the rest until keepalive_timeout: nginx must be told.
"""

import os
import signal

from support.harness import MIB, SLOWNESS, main, test, true, wait_until
from support.nginx import start_both

SIZE = 256 * MIB
# What nginx says of the break.
TOLD = "upstream sent unsupported FastCGI protocol version: 0"


def read_to_end(client):
    """Counts the bytes that come until the connection is closed."""
    received = 0
    while True:
        part = client.recv(1 << 20)
        if not part:
            return received
        received += len(part)


def check_broken(case, cause, *options):
    """Fails unless the client of a kept connection sees what `cause` did."""
    case.store("large", SIZE)
    daemon, nginx = start_both(case, *options)
    daemon.deaths_expected = True
    client = nginx.begin("/large")
    client.settimeout(60 * SLOWNESS)
    client.recv(1)
    cause(daemon)
    daemon.wait_access(path="/large", end="aborted")
    true(read_to_end(client) < SIZE, "it looks complete")
    log = nginx.run_dir / "error.log"
    wait_until(lambda: TOLD in log.read_text(), "nginx is told")


@test
def a_worker_that_must_stop_at_once(case):
    check_broken(case, lambda it: os.kill(it.worker, signal.SIGQUIT))


@test
def a_drain_that_takes_too_long(case):
    check_broken(case, lambda it: it.send_signal(signal.SIGTERM),
                 "--drain-timeout=300ms")


@test
def a_second_signal(case):
    def both(daemon):
        daemon.send_signal(signal.SIGTERM)
        daemon.wait_log("notice stopping")
        daemon.send_signal(signal.SIGTERM)
    check_broken(case, both, "--drain-timeout=10m")


@test
def a_client_that_takes_nothing_for_too_long(case):
    check_broken(case, lambda it: None, "--send-timeout=500ms")


if __name__ == "__main__":
    main()
