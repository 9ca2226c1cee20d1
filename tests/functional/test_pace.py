#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""STREAM_RATE and STREAM_BURST: how fast a response leaves.

That times are right is what is tested here, so they are asserted on.  A busy
machine gets a second try, not a wider bound.
"""

import pathlib
import re
import selectors
import signal
import time

from support import fastcgi
from support.cold_files import evict
from support.harness import (KIB, MIB, SANITIZED, TRIES, Failure, check_file,
                     check_response, cpu_seconds, descriptors, equal, found,
                     late, main, open_files, peak_memory, run_tool, test, true,
                     wait_idle, wait_until)
from support.nginx import check_same, curl, start_both
from support.responses import check_error, check_partial, multipart_parts

TOLERANCE = 0.05
# What leaves at once without a burst: 1/32 s's worth, at most 16 KiB or 1.25
# ms's worth.
FIRST_SECONDS = 1 / 32
# The loop's clock has milliseconds.
TICK_SECONDS = 0.001


def timed(function, *args, **how):
    """The seconds that a call took, and its result."""
    begun = time.monotonic()
    result = function(*args, **how)
    return time.monotonic() - begun, result


def check_seconds(ideal, measure):
    """Fails unless measure() gives these seconds, within 5 %, at last."""
    for _ in range(TRIES):
        seconds = measure()
        # No byte too early: that is no matter of how busy the machine is.
        true(seconds > ideal * (1 - TOLERANCE), f"only {seconds:.3f} s "
             f"instead of {ideal:.3f}")
        if seconds < ideal * (1 + TOLERANCE):
            return
    late(f"{seconds:.3f} s instead of {ideal:.3f}")


def voluntary_switches(pid):
    """How often a process has waited for something."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(found(r"\nvoluntary_ctxt_switches:\s+(\d+)", text,
                     "status").group(1))


# --- rates -------------------------------------------------------------------

def check_rate(case, size, rate, ideal, **extra):
    """Fails unless a file of this size arrives whole, in the ideal time."""
    stored = case.store("file", size)
    daemon = case.start()

    def fetch():
        seconds, response = timed(daemon.fetch, "/file", keep_body=False,
                                  STREAM_RATE=rate, **extra)
        check_file(response, stored)
        return seconds
    check_seconds(ideal, fetch)


@test
def eight_kib_a_second_are_accurate(case):
    check_rate(case, 48 * KIB, "8K", 6)


@test
def a_mib_a_second_is_accurate(case):
    check_rate(case, 3 * MIB, "1M", 3)


@test
def a_hundred_mib_a_second_are_accurate(case):
    check_rate(case, 200 * MIB, "100M", 2)


@test
def a_file_that_is_not_in_memory_keeps_the_rate_too(case):
    stored = case.store("file", 32 * MIB)
    daemon = case.start("--page-cache=never")

    def fetch():
        evict(stored)
        seconds, response = timed(daemon.fetch, "/file", keep_body=False,
                                  STREAM_RATE="20M")
        check_file(response, stored)
        return seconds
    check_seconds(1.6, fetch)


@test
def a_rate_that_is_no_round_number_is_accurate(case):
    check_rate(case, 250_007, "123457", 250_007 / 123_457)


@test
def the_burst_is_free(case):
    check_rate(case, 5 * MIB, "512K", 2, STREAM_BURST="4M")


@test
def what_the_burst_covers_is_not_slowed_down(case):
    stored = case.store("file", 3 * MIB)
    daemon = case.start()
    response = daemon.fetch("/file", STREAM_RATE="1", STREAM_BURST="3M")
    check_file(response, stored)


@test
def no_rate_is_no_limit(case):
    stored = case.store("file", 3 * MIB)
    daemon = case.start()
    for extra in ({"STREAM_RATE": "0"}, {"STREAM_RATE": ""},
                  {"STREAM_BURST": "1"},
                  {"STREAM_RATE": "0", "STREAM_BURST": "1"}):
        check_file(daemon.fetch("/file", **extra), stored, str(extra))
    check_file(daemon.fetch("/file", STREAM_RATE="1024G"), stored, "1 TiB/s")


# --- smoothness, and what waiting costs --------------------------------------

def arrivals(connection, response, size, begun):
    """When how many bytes had arrived, in seconds from then on."""
    times = []
    while response.length < size:
        connection.receive_bytes(response, response.length + 1)
        true(not response.broken, "the stream broke")
        times.append((time.monotonic() - begun, response.length))
    return times


def widest_gap(daemon, rate, seconds):
    """The longest time without a byte."""
    begun = time.monotonic()
    connection, response = daemon.begin("/file", STREAM_RATE=str(rate))
    times = arrivals(connection, response, rate * seconds, begun)
    for at, length in times:
        # Never ahead of its time
        true(length <= rate * (at + FIRST_SECONDS + TICK_SECONDS),
             f"{length} bytes after {at:.3f} s")
    connection.receive(response)
    return max(after[0] - before[0]
               for before, after in zip(times, times[1:]))


@test
def bytes_come_evenly(case):
    case.store("file", 16 * KIB)
    daemon = case.start()
    for _ in range(TRIES):
        gap = widest_gap(daemon, 8 * KIB, 2)
        if gap < 0.2:
            return
    late(f"nothing for {gap:.3f} s")


@test
def waiting_costs_next_to_nothing(case):
    stored = case.store("file", 32 * KIB)
    daemon = case.start()
    connection, response = daemon.begin("/file", STREAM_RATE="8K")
    connection.receive_bytes(response, 1)
    switches = voluntary_switches(daemon.worker)
    used = cpu_seconds(daemon.worker)
    check_file(connection.receive(response), stored)
    switches = voluntary_switches(daemon.worker) - switches
    used = cpu_seconds(daemon.worker) - used
    # 32 pieces, and the end.
    true(switches < 80, f"it woke up {switches} times in 4 s")
    true(SANITIZED or used < 0.05, f"{used} s of CPU in 4 s")


@test
def a_paused_stream_holds_no_buffer(case):
    case.store("large", 16 * MIB)
    daemon = case.start("--buffer-memory=1M")
    streams = [daemon.begin("/large", STREAM_RATE="16") for _ in range(50)]
    for connection, response in streams:
        connection.receive_bytes(response, 1)
    stored = case.store("other", 5 * MIB)
    check_file(daemon.fetch("/other"), stored)


# --- many at once ------------------------------------------------------------

def read_all(selector):
    """Reads what comes until all are closed: the seconds each took."""
    seconds = []
    while selector.get_map():
        for key, _ in selector.select():
            if not key.fileobj.recv(1 << 20):
                selector.unregister(key.fileobj)
                seconds.append(time.monotonic() - key.data)
    return seconds


def run_many(daemon, count):
    """Fetches as often at once; the seconds that each took."""
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            begun = time.monotonic()
            connection, _ = daemon.begin("/file", STREAM_RATE="32K")
            connection.socket.setblocking(False)
            selector.register(connection.socket, selectors.EVENT_READ, begun)
        return read_all(selector)


@test(timeout=90)
def five_hundred_streams_have_the_same_pace(case):
    stored = case.store("file", 128 * KIB)
    daemon = case.start()
    for tries in (1, 2):
        seconds = run_many(daemon, 500)
        equal(len(seconds), 500, "streams that ended")
        daemon.wait_access(count=500 * tries, bytes=stored.size,
                           end="complete")
        if max(seconds) < 4 * (1 + TOLERANCE):
            true(min(seconds) > 4 * (1 - 2 * TOLERANCE),
                 f"{min(seconds):.3f} s instead of 4")
            return
    late(f"{min(seconds):.3f} to {max(seconds):.3f} s instead of 4")


# --- leaving -----------------------------------------------------------------

def leave_in_pauses(daemon, rounds, count):
    """Clients that leave while their streams wait for the timer."""
    for _ in range(rounds):
        over = len(daemon.access(path="/large", end="aborted"))
        streams = [daemon.begin("/large", STREAM_RATE="10")
                   for _ in range(count)]
        for connection, response in streams:
            connection.receive_bytes(response, 1)
        for connection, _ in streams:
            connection.close()
        daemon.wait_access(count=over + count, path="/large", end="aborted")


@test
def clients_that_leave_in_a_pause_leave_nothing_behind(case):
    case.store("large", 16 * MIB)
    daemon = case.start()
    wait_idle(daemon.worker)
    before = descriptors(daemon.worker)
    leave_in_pauses(daemon, 1, 100)
    # A timer that stays has some 200 bytes: 600 of them show each time.
    for _ in range(TRIES):
        peak = peak_memory(daemon.worker)
        leave_in_pauses(daemon, 6, 100)
        grown = peak_memory(daemon.worker) - peak
        if SANITIZED or grown < 100 * KIB:
            break
    else:
        raise Failure(f"{grown} bytes more in memory")
    wait_until(lambda: descriptors(daemon.worker) <= before,
               "no descriptor is left in the worker")
    large = [name for name in open_files(daemon.worker) if "large" in name]
    equal(large, [], "files that are still open")


@test
def a_stop_does_not_wait_for_slow_streams_forever(case):
    case.store("file", MIB)
    daemon = case.start("--drain-timeout=1s")
    connection, response = daemon.begin("/file", STREAM_RATE="10")
    connection.receive_bytes(response, 1)
    daemon.send_signal(signal.SIGTERM)
    connection.receive(response)
    true(response.broken, "it was complete")
    daemon.wait_access(end="aborted", reason="worker stopped")
    equal(daemon.wait_exit(), 0, "exit status")


@test
def pauses_do_not_count_for_the_send_timeout(case):
    stored = case.store("file", 3 * KIB)
    daemon = case.start("--send-timeout=300ms")
    check_file(daemon.fetch("/file", STREAM_RATE="1K"), stored)
    # Longer than the timeout between two bytes.
    small = case.store("small", 3)
    check_file(daemon.fetch("/small", STREAM_RATE="1"), small)


@test
def a_client_that_takes_nothing_still_has_the_send_timeout(case):
    case.store("large", 64 * MIB)
    daemon = case.start("--send-timeout=1s")
    daemon.begin("/large", STREAM_RATE="4M")
    line = daemon.wait_access(path="/large")
    equal(line["reason"], "peer took nothing for --send-timeout", "reason")


def has_stopped(connection):
    """Whether nothing has come for the time of some pieces."""
    before = connection.waiting()
    time.sleep(0.5)
    return connection.waiting() == before


@test
def a_client_that_stalls_gets_no_more_than_its_pace_after_that(case):
    case.store("large", 64 * MIB)
    daemon = case.start()
    connection, response = daemon.begin("/large", STREAM_RATE="1M",
                                        keep_body=False)
    connection.receive_bytes(response, 1)
    # The socket is full, and the stream waits for it.
    wait_until(lambda: connection.waiting() >= 32 * KIB and
               has_stopped(connection), "the socket is full")
    begun = time.monotonic()
    held = connection.waiting()
    connection.receive_bytes(response, response.length + 3 * MIB)
    seconds = time.monotonic() - begun
    # The socket's content, what is left of a piece, 1/4 s's worth.
    free = (held + 64 * KIB) / MIB + 0.25
    true(seconds > (3 - free) * (1 - TOLERANCE),
         f"3 MiB after a stall in {seconds:.3f} s, {held} of them at hand")


@test
def a_file_cut_short_breaks_a_paced_stream_too(case):
    stored = case.store("file", MIB)
    daemon = case.start()
    connection, response = daemon.begin("/file", STREAM_RATE="64K",
                                        STREAM_BURST="64K")
    connection.receive_bytes(response, 64 * KIB)
    with open(stored.path, "r+b") as file:
        file.truncate(100 * KIB)
    connection.receive(response)
    true(response.broken, "it was complete")
    daemon.wait_access(end="aborted", reason="file became shorter")


# --- heads, ranges, mistakes -------------------------------------------------

@test
def only_bodies_have_a_pace(case):
    case.store("file", MIB)
    daemon = case.start()
    tag = daemon.fetch("/file").header("ETag")
    for status, method, extra in (
            (200, "HEAD", {}), (304, "GET", {"HTTP_IF_NONE_MATCH": tag}),
            (204, "OPTIONS", {}), (405, "PUT", {}),
            (416, "GET", {"HTTP_RANGE": "bytes=2000000-"})):
        response = daemon.fetch("/file", method, STREAM_RATE="1", **extra)
        check_response(response, status)
    check_error(daemon.fetch("/none", STREAM_RATE="1"), 404)


@test
def each_range_is_a_response_with_its_own_burst(case):
    stored = case.store("file", MIB)
    daemon = case.start()
    connection = daemon.connect()
    for first in (0, 100, 999_999):
        response = connection.ask(
            daemon.params("/file", HTTP_RANGE=f"bytes={first}-{first + 9999}",
                          STREAM_RATE="1", STREAM_BURST="10000"), keep=True)
        check_partial(response, stored, first, 10000)


@test
def several_ranges_keep_the_rate_together(case):
    stored = case.store("file", MIB)
    daemon = case.start()

    def fetch():
        seconds, response = timed(
            daemon.fetch, "/file", STREAM_RATE="16K",
            HTTP_RANGE="bytes=0-8191,100000-108191,-8192")
        check_response(response, 206)
        parts = multipart_parts(response.header("Content-Type"),
                                response.body)
        equal([part[1] for part in parts],
              [stored.piece(first, 8192)
               for first in (0, 100000, MIB - 8192)], "parts")
        return seconds * 16 * KIB / response.length
    check_seconds(1, fetch)


@test
def a_kept_connection_has_one_pace_after_the_other(case):
    stored = case.store("file", 8 * KIB)
    daemon = case.start()
    connection = daemon.connect()
    for rate in ("16K", "32K", "", "64K"):
        response = connection.ask(
            daemon.params("/file", STREAM_RATE=rate), keep=True)
        check_file(response, stored, f"rate {rate}")


@test
def a_paced_body_is_not_buffered_by_nginx(case):
    case.store("file", 10 * KIB)
    daemon = case.start()
    for extra, expected in (({}, None), ({"STREAM_RATE": "1M"}, "no"),
                            ({"STREAM_RATE": "1", "STREAM_BURST": "10K"},
                             None)):
        response = daemon.fetch("/file", **extra)
        equal(response.header("X-Accel-Buffering"), expected, str(extra))
    case.store("large", MIB)
    response = daemon.fetch("/large", STREAM_RATE="100M")
    equal(response.header("X-Accel-Buffering"), "no", "a large file")


@test
def a_bad_rate_is_a_500(case):
    case.store("file", 10)
    daemon = case.start()
    for name, value in (("STREAM_RATE", "fast"), ("STREAM_RATE", "-1"),
                        ("STREAM_RATE", "8k/s"), ("STREAM_RATE", "1025G"),
                        ("STREAM_BURST", "much")):
        params = {"STREAM_RATE": "8K", name: value}
        for extra in ({}, {"HTTP_RANGE": "bytes=0-1"}):
            check_error(daemon.fetch("/file", **params, **extra), 500,
                        what=f"{name}={value}")
        equal(daemon.fetch("/file", "HEAD", **params).status, 500, "HEAD")
    daemon.wait_log(r'error .*: STREAM_RATE=".*": not a rate .*: "/file"', 12)
    daemon.wait_log(r'error .*: STREAM_BURST=".*": not a size .*: "/file"', 3)


@test
def other_actions_have_it_too(case):
    daemon = case.start("--probe")

    def fetch():
        seconds, response = timed(
            daemon.fetch, "/x", STREAM_ACTION="probe", STREAM_RATE="16K",
            QUERY_STRING="test=body&size=16384")
        check_response(response, 200)
        equal(response.length, 16 * KIB, "length")
        return seconds
    check_seconds(1, fetch)


# --- through nginx -----------------------------------------------------------

@test(timeout=90)
def curl_and_wget_get_it_through_nginx(case):
    stored = case.store("file", 300 * KIB)
    # As from a map of the operator: what depends on the request.
    daemon, nginx = start_both(case, params={"STREAM_RATE": "$arg_rate"})
    got = case.dir / "got"
    url = nginx.url("file")

    def with_curl():
        seconds, _ = timed(curl, "--fail", "-o", got, f"{url}?rate=100K")
        check_same(got, stored, "curl's file")
        return seconds

    def with_wget():
        seconds, _ = timed(run_tool, "wget", "--no-config", "-q", "--tries=1",
                           "-O", got, f"{url}?rate=100K")
        check_same(got, stored, "wget's file")
        return seconds
    check_seconds(3, with_curl)
    check_seconds(3, with_wget)
    curl("--fail", "-o", got, url)
    check_same(got, stored, "a file without a rate")
    # A client that has all may leave before the front has seen the end.
    daemon.wait_access(count=3, status=200, bytes=str(300 * KIB))


@test
def bytes_come_evenly_through_nginx(case):
    case.store("file", 16 * KIB)
    _, nginx = start_both(case, params={"STREAM_RATE": "8K"})
    for _ in range(TRIES):
        client = nginx.begin("/file", "Connection: close")
        gap, latest, total = 0, None, 0
        while part := client.recv(65536):
            now = time.monotonic()
            gap = max(gap, now - (latest or now))
            latest = now
            total += len(part)
        true(total > 16 * KIB, f"only {total} bytes")
        if gap < 0.25:
            return
    late(f"nothing for {gap:.3f} s")


@test
def a_client_of_nginx_that_leaves_in_a_pause_is_noticed(case):
    case.store("file", MIB)
    daemon, nginx = start_both(case, params={"STREAM_RATE": "1"})
    client = nginx.begin("/file")
    client.recv(1)
    client.close()
    line = daemon.wait_access(path="/file")
    equal(line["end"], "aborted", "end of the stream")
    true(re.match("peer closed|front aborted", line["reason"]),
         line["reason"])


if __name__ == "__main__":
    main()
