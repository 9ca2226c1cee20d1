#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Master and workers: death, replacement, draining, signals."""

import array
import contextlib
import fcntl
import os
import pathlib
import signal
import termios
import time

from support import fastcgi
from support.harness import (MIB, SLOWNESS, check_file, cpu_seconds, descriptors,
                     equal, found, main, need, session, test, true, wait_idle,
                     wait_until)

LARGE = 64 * MIB


def begin_large(case, daemon, keep=False):
    """A stream of a large file of which a first part was read."""
    stored = case.store("large", LARGE)
    connection, response = daemon.begin("/large", keep=keep)
    connection.receive_bytes(response, MIB)
    return stored, connection, response


def check_ends(daemon, within, status=0):
    """Fails unless it ends by itself in that time, without a trace."""
    begun = time.monotonic()
    daemon.expected_status = status
    equal(daemon.wait_exit(), status, "exit status")
    passed = time.monotonic() - begun
    true(passed < within * SLOWNESS, f"it took {passed:.1f} s to end")
    daemon.check_traces()


def refuses(daemon):
    """True when no new connection can be made."""
    try:
        fastcgi.Connection(daemon.address).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    return False


# --- workers that die --------------------------------------------------------

def busy_and_idle(daemon, before):
    """Which of two workers has taken a connection, and which has not."""
    now = {pid: descriptors(pid) for pid in before}
    grown = [pid for pid in before if now[pid] > before[pid]]
    others = [pid for pid in before if pid not in grown]
    return (grown[0], others[0]) if len(grown) == 1 else None


@test
def a_killed_worker_is_replaced_and_the_others_go_on(case):
    daemon = case.start(workers=2)
    daemon.deaths_expected = True
    for pid in daemon.workers():
        wait_idle(pid)
    before = {pid: descriptors(pid) for pid in daemon.workers()}
    stored, connection, response = begin_large(case, daemon)
    _, idle = wait_until(lambda: busy_and_idle(daemon, before),
                         "one worker has the connection")
    os.kill(idle, signal.SIGKILL)
    wait_until(lambda: idle not in daemon.workers()
               and daemon.workers(2), "a new worker")
    daemon.wait_log(rf"(warning|error) .*\b{idle}\b")
    check_file(connection.receive(response), stored)
    for _ in range(20):
        check_file(daemon.fetch("/large", keep_body=False), stored)


@test
def the_streams_of_a_killed_worker_break_visibly(case):
    daemon = case.start()
    daemon.deaths_expected = True
    stored, connection, response = begin_large(case, daemon)
    os.kill(daemon.worker, signal.SIGKILL)
    true(connection.receive(response).broken, "it looks complete")
    check_file(daemon.fetch("/large"), stored, "the next response")


@test
def a_worker_that_drains_is_no_error(case):
    daemon = case.start()
    daemon.deaths_expected = True
    worker = daemon.worker
    stored, connection, response = begin_large(case, daemon)
    os.kill(worker, signal.SIGTERM)
    check_file(connection.receive(response), stored)
    daemon.wait_log(rf" notice worker {worker} has drained; a new one starts")
    wait_until(lambda: worker not in daemon.workers() and daemon.workers(1),
               "a new worker")
    check_file(daemon.fetch("/large"), stored)
    true(" error " not in daemon.log(), "there is an error in the log")


@test
def repeated_deaths_are_answered_more_and_more_slowly(case):
    stored = case.store("file", 1000)
    daemon = case.start()
    daemon.deaths_expected = True
    gaps = []
    while len(gaps) < 4:
        os.kill(daemon.worker, signal.SIGKILL)
        begun = time.monotonic()
        wait_until(lambda: not daemon.workers(), "the worker is gone")
        wait_until(daemon.workers, "a new worker", 30)
        gaps.append(time.monotonic() - begun)
    true(max(gaps) > 0.1, f"restarted without a pause: {gaps}")
    true(gaps[-1] > gaps[0], f"the pauses do not grow: {gaps}")
    check_file(daemon.fetch("/file"), stored)
    true(cpu_seconds(daemon.master) < 1, "the master is busy")


@test
def it_can_be_stopped_while_no_worker_is_there(case):
    daemon = case.start()
    daemon.deaths_expected = True
    for _ in range(3):
        wait_until(daemon.workers, "a worker", 30)
        os.kill(daemon.worker, signal.SIGKILL)
        wait_until(lambda: not daemon.workers(), "the worker is gone")
    daemon.send_signal(signal.SIGTERM)
    check_ends(daemon, 5)


@test
def workers_go_away_when_the_master_is_killed(case):
    daemon = case.start(workers=3)
    daemon.deaths_expected = True
    daemon.leaves_socket = True
    daemon.expected_status = -signal.SIGKILL
    kept = daemon.connect()
    kept.ask(daemon.params("/none"), keep=True)
    os.kill(daemon.master, signal.SIGKILL)
    wait_until(lambda: not session(daemon.process), "the workers are gone")


# --- what it is given at its start ------------------------------------------

@test
def missing_standard_descriptors_do_no_harm(case):
    stored = case.store("file", 300000)
    for number, missing in enumerate(("0<&-", "1>&-", "2>&-",
                                      "0<&- 1>&- 2>&-")):
        address = f"unix:{case.dir}/missing-{number}"
        daemon = case.launch(
            f"--listen={address}", "--workers=1", address=address,
            prefix=["sh", "-c", f'exec "$@" {missing}', "sh"])
        wait_until(lambda: not refuses(daemon), f"it runs with {missing}")
        for _ in range(3):
            check_file(daemon.fetch("/file"), stored, missing)
            equal(daemon.fetch("/none").status, 404, f"status, {missing}")


@test
def the_descriptor_limit_is_raised_as_far_as_allowed(case):
    need("prlimit")
    daemon = case.start(prefix=("prlimit", "--nofile=100:900"))
    for pid in daemon.workers():
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        found(r"Max open files\s+900\s+900", limits, "limits")


def launch_with_log(case, log):
    """A daemon that logs to this descriptor."""
    address = f"unix:{case.dir}/s"
    daemon = case.launch(f"--listen={address}", "--workers=1",
                         address=address, stderr=log)
    wait_until(lambda: not refuses(daemon), "it runs")
    return daemon


def check_kept_connection(daemon, path, requests):
    """Fails unless so many requests are answered on one connection."""
    connection = daemon.connect()
    for _ in range(requests):
        response = connection.ask(daemon.params(path), keep=True)
        true(response.complete, f"{response!r}")


def fill_log(daemon, reading):
    """Asks until nothing more fits into the pipe that the log goes to."""
    # Two lines of 2 KiB each: more than all the pipes on the way can hold.
    check_kept_connection(daemon, "/" + "a/" * 950, 2000)
    size = fcntl.fcntl(reading, fcntl.F_GETPIPE_SZ)
    wait = array.array("i", [0])
    fcntl.ioctl(reading, termios.FIONREAD, wait)
    true(wait[0] > size // 2, f"{wait[0]} of {size} bytes wait to be read")
    # Not even a short line fits.
    writing = os.open(f"/proc/self/fd/{reading}", os.O_WRONLY | os.O_NONBLOCK)
    for length in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, length * b"x")
    os.close(writing)


@test
def a_log_that_nobody_reads_holds_up_nobody(case):
    case.store("file", 10)
    reading, writing = os.pipe()
    try:
        daemon = launch_with_log(case, writing)
        os.close(writing)
        fill_log(daemon, reading)
        check_kept_connection(daemon, "/file", 100)
    finally:
        os.close(reading)


@test
def a_log_that_nobody_reads_does_not_keep_it_from_stopping(case):
    reading, writing = os.pipe()
    try:
        daemon = launch_with_log(case, writing)
        os.close(writing)
        fill_log(daemon, reading)
        daemon.process.send_signal(signal.SIGTERM)
        equal(daemon.process.wait(15 * SLOWNESS), 0, "exit status")
    finally:
        os.close(reading)


@test
def a_log_that_breaks_ends_nothing(case):
    case.store("file", 10)
    reading, writing = os.pipe()
    daemon = launch_with_log(case, writing)
    os.close(writing)
    os.close(reading)
    check_kept_connection(daemon, "/file", 2000)


# --- stopping ----------------------------------------------------------------

def check_stream_completes(case, send_signal, **how):
    """Fails unless a download outlives the signal and then all ends."""
    daemon = case.start("--drain-timeout=10m", workers=2, **how)
    stored, connection, response = begin_large(case, daemon, keep=True)
    send_signal(daemon)
    wait_until(lambda: refuses(daemon), "no new connection is taken")
    check_file(connection.receive(response), stored)
    true(connection.is_closed(), "the connection is kept")
    check_ends(daemon, 10)


@test
def sigterm_lets_a_download_complete(case):
    check_stream_completes(case, lambda it: it.send_signal(signal.SIGTERM))


@test
def a_tcp_port_is_closed_while_a_download_completes(case):
    check_stream_completes(case, lambda it: it.send_signal(signal.SIGTERM),
                           listen="127.0.0.1:0")


@test
def sigint_lets_a_download_complete(case):
    check_stream_completes(case, lambda it: it.send_signal(signal.SIGINT))


@test
def control_c_on_a_terminal_lets_a_download_complete(case):
    check_stream_completes(
        case, lambda it: os.killpg(it.process.pid, signal.SIGINT))


@test
def sigterm_for_the_whole_group_lets_a_download_complete(case):
    check_stream_completes(
        case, lambda it: os.killpg(it.process.pid, signal.SIGTERM))


@test
def idle_connections_do_not_hold_up_the_end(case):
    daemon = case.start("--drain-timeout=10m", workers=2)
    idle = [daemon.connect() for _ in range(5)]
    for connection in idle:
        connection.ask(daemon.params("/none"), keep=True)
    fresh = daemon.connect()
    half = daemon.connect()
    half.send(fastcgi.begin())
    daemon.send_signal(signal.SIGTERM)
    check_ends(daemon, 20)
    for connection in idle + [fresh, half]:
        true(connection.is_closed(), "the connection is still open")


@test
def the_drain_timeout_ends_streams_that_do_not(case):
    daemon = case.start("--drain-timeout=1s")
    _, connection, response = begin_large(case, daemon)
    begun = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    check_ends(daemon, 15)
    true(time.monotonic() - begun > 0.8, "it did not wait for the stream")
    true(connection.receive(response).broken, "it looks complete")
    daemon.wait_access(path="/large", end="aborted")


@test
def a_second_signal_ends_it_at_once(case):
    for second in (signal.SIGTERM, signal.SIGINT):
        daemon = case.start("--drain-timeout=5m", workers=2)
        _, connection, response = begin_large(case, daemon)
        daemon.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(daemon), "no new connection is taken")
        daemon.send_signal(second)
        check_ends(daemon, 10)
        true(connection.receive(response).broken, "it looks complete")


@test
def the_socket_is_there_again_for_the_next_start(case):
    stored = case.store("file", 1000)
    address = f"unix:{case.dir}/same"
    for _ in range(3):
        daemon = case.start(listen=address, address=address)
        check_file(daemon.fetch("/file"), stored)
        daemon.stop()


@test
def a_worker_that_drains_serves_nothing_new_on_old_connections(case):
    case.store("small", 1000)
    daemon = case.start("--drain-timeout=10m")
    idle = daemon.connect()
    idle.ask(daemon.params("/small"), keep=True)
    stored, connection, response = begin_large(case, daemon)
    daemon.send_signal(signal.SIGTERM)
    true(idle.is_closed(), "an idle connection was answered")
    check_file(connection.receive(response), stored)
    check_ends(daemon, 10)


if __name__ == "__main__":
    main()
