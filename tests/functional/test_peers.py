#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Slow, stalled, leaving and too many peers."""

import contextlib
import random
import threading
import time

from support import fastcgi
from support.fastcgi import PARAMS, Response, record
from support.harness import (KIB, MIB, SANITIZED, SLOWNESS, check_file,
                     check_response, cpu_seconds, descriptors, equal, found,
                     main, need, open_files, peak_memory, test, true,
                     wait_idle, wait_until)

MEMORY_LIMIT = 16 * MIB


def check_memory(daemon):
    """Fails if the worker ever had more memory than it should."""
    peak = peak_memory(daemon.worker)
    true(SANITIZED or peak < MEMORY_LIMIT,
         f"the worker's memory rose to {peak / MIB:.1f} MiB")


def in_threads(function, items):
    """Calls the function with each item at once; fails if one does."""
    problems = []

    def call(item):
        try:
            function(item)
        except Exception as error:  # pylint: disable=broad-except
            problems.append(error)

    threads = [threading.Thread(target=call, args=(item,), daemon=True)
               for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def check_drop_time(connection, begun, least):
    """Waits for the daemon to close; fails if it was in a hurry."""
    true(connection.is_closed(), "it was answered")
    passed = time.monotonic() - begun
    true(passed >= least, f"dropped after {passed:.2f} s already")


# --- stalled and slow --------------------------------------------------------

@test
def half_a_head_is_dropped_at_the_timer_and_holds_nobody_up(case):
    stored = case.store("file", 1000)
    daemon = case.start("--head-timeout=1s")
    head = fastcgi.head(daemon.params("/file"))
    stalled = [daemon.connect() for _ in range(3)]
    begun = time.monotonic()
    for connection, length in zip(stalled, (3, 16, len(head) - 4)):
        connection.send(head[:length])
    for _ in range(20):
        check_file(daemon.fetch("/file"), stored)
    check_drop_time(stalled[0], begun, 0.8)
    for connection in stalled[1:]:
        true(connection.is_closed(), "half a head was answered")
    daemon.wait_log(r"(notice|warning|error) .*(head|time)")


@test
def trickling_bytes_do_not_extend_the_head_timeout(case):
    daemon = case.start("--head-timeout=1s")
    connection = daemon.connect()
    piece = record(PARAMS, 1, b"\x01\x01ab")
    begun = time.monotonic()
    connection.send(fastcgi.begin())
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while not connection.waiting():
            connection.send(piece)
            time.sleep(0.02)
    true(connection.is_closed(), "it was answered")
    passed = time.monotonic() - begun
    true(passed > 0.8, f"dropped after {passed:.2f} s already")


@test
def an_idle_kept_connection_outlives_the_head_timeout(case):
    stored = case.store("file", 1000)
    daemon = case.start("--head-timeout=300ms")
    kept = daemon.connect()
    check_file(kept.ask(daemon.params("/file"), keep=True), stored)
    for _ in range(3):
        stalled = daemon.connect()
        stalled.send(fastcgi.begin())
        true(stalled.is_closed(), "half a head was answered")
    check_file(kept.ask(daemon.params("/file"), keep=True), stored)


@test
def a_body_that_never_ends_does_not_keep_the_connection(case):
    stored = case.store("file", 1000)
    daemon = case.start("--head-timeout=500ms")
    connection = daemon.connect()
    connection.send(fastcgi.head(daemon.params("/file")))
    check_file(connection.receive(Response()), stored)
    true(connection.is_closed(), "the connection stays open")


@test(timeout=120)
def clients_that_read_nothing_cost_little_memory_and_hold_nobody_up(case):
    large = case.store("large", 256 * MIB)
    small = case.store("small", 3 * MIB)
    daemon = case.start()
    streams = [daemon.begin("/large", keep_body=False) for _ in range(4)]
    for connection, _ in streams:
        wait_until(connection.waiting, "a first byte")
    wait_idle(daemon.worker)
    check_memory(daemon)
    for _ in range(20):
        check_file(daemon.fetch("/small"), small)
    connection, response = streams[0]
    check_file(connection.receive(response), large, "a late reader's body")
    check_memory(daemon)
    for connection, _ in streams[1:]:
        connection.close()
    daemon.wait_access(count=3, end="aborted")
    check_memory(daemon)


@test
def a_waiting_stream_costs_no_processor_time(case):
    case.store("large", 64 * MIB)
    daemon = case.start()
    streams = [daemon.begin("/large") for _ in range(20)]
    for connection, _ in streams:
        wait_until(connection.waiting, "a first byte")
    wait_idle(daemon.worker)
    before = cpu_seconds(daemon.worker)
    time.sleep(1)
    used = cpu_seconds(daemon.worker) - before
    true(used < 0.1, f"{used:.2f} s of processor time in 1 s of waiting")


@test
def slow_readers_get_the_exact_bytes(case):
    stored = case.store("file", 2 * MIB + 321)
    for listen in (None, "127.0.0.1:0"):
        daemon = case.start(listen=listen)

        def read_slowly(size):
            connection = daemon.connect(receive_buffer=4096)
            connection.largest_read = size
            connection.pause = 0.0005
            check_file(connection.ask(daemon.params("/file")), stored,
                       f"{size} bytes at a time")

        in_threads(read_slowly, (1000, 1777, 4096, 8192, 65536, 100000))
        daemon.stop()


@test
def fast_readers_do_not_starve_the_others(case):
    large = case.store("large", 64 * MIB)
    small = case.store("small", 1000)
    daemon = case.start()
    threads = [threading.Thread(
        target=lambda: check_file(daemon.fetch("/large", keep_body=False),
                                  large), daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        check_file(daemon.fetch("/small"), small)
    for thread in threads:
        thread.join()
    daemon.wait_access(count=4, path="/large", end="complete")


@test
def a_client_that_reads_nothing_is_dropped_at_the_send_timeout(case):
    stored = case.store("large", 16 * MIB)
    daemon = case.start("--send-timeout=3s")
    stalled, cut_off = daemon.begin("/large")
    steady, response = daemon.begin("/large")
    begun = time.monotonic()
    while time.monotonic() - begun < 6:
        steady.receive_bytes(response, response.length + 128 * KIB)
        time.sleep(0.05)
    check_file(steady.receive(response), stored, "the steady reader's body")
    daemon.wait_access(end="aborted")
    true(stalled.receive(cut_off).broken, "it was sent to the end")


# --- floods ------------------------------------------------------------------

def flood(connection, piece, most):
    """Sends pieces, reading nothing, until it is full or cut off."""
    connection.socket.settimeout(1)
    sent = 0
    with contextlib.suppress(OSError):
        while sent < most:
            sent += connection.socket.send(piece[sent % len(piece):])
    return sent


@test
def a_flood_of_management_records_costs_little_memory(case):
    stored = case.store("file", 1000)
    daemon = case.start()
    for piece in (fastcgi.get_values("FCGI_MAX_CONNS") * 1000,
                  record(99, 0) * 2000):
        flood(daemon.connect(), piece, 64 * MIB)
        check_file(daemon.fetch("/file"), stored)
    check_memory(daemon)


@test(timeout=120)
def an_endless_request_body_is_cut_off_after_the_answer(case):
    large = case.store("large", 8 * MIB)
    small = case.store("small", 1000)
    daemon = case.start("--head-timeout=1s")
    connection = daemon.connect()
    connection.send(fastcgi.head(daemon.params("/large")))
    wait_until(connection.waiting, "a first byte")
    flood(connection, record(fastcgi.STDIN, 1, bytes(60000)) * 4, 64 * MIB)
    check_file(daemon.fetch("/small"), small)
    check_memory(daemon)
    response = Response(keep_body=False)
    connection.socket.settimeout(connection.timeout)
    connection.receive(response)
    check_file(response, large, "an answer beside an endless body")
    true(connection.is_closed(), "the connection stays open")


@test
def a_flood_beside_a_stalled_stream_costs_little_memory(case):
    case.store("large", 64 * MIB)
    small = case.store("small", 1000)
    daemon = case.start()
    for piece in (fastcgi.get_values("FCGI_MAX_CONNS") * 1000,
                  fastcgi.begin(2) * 2000):
        connection, _ = daemon.begin("/large")
        wait_until(connection.waiting, "a first byte")
        flood(connection, piece, 64 * MIB)
        check_file(daemon.fetch("/small"), small)
    check_memory(daemon)


# --- leaving -----------------------------------------------------------------

def leave_at_every_stage(case, daemon, leave):
    """Starts requests and gives up at each point there is."""
    head = fastcgi.head(daemon.params("/large"))
    for length in (0, 1, 8, 12, 16, 100, len(head) - 1, len(head)):
        connection = daemon.connect()
        connection.send(head[:length])
        leave(connection)
    for count in (1, 100 * KIB, 5 * MIB):
        connection, response = daemon.begin("/large")
        leave(connection.receive_bytes(response, count) and connection)
    stalled, _ = daemon.begin("/large")
    wait_until(stalled.waiting, "a first byte")
    wait_idle(daemon.worker)
    leave(stalled)
    for path in ("/small", "/none"):
        kept = daemon.connect()
        kept.ask(daemon.params(path), keep=True)
        leave(kept)
        unread, _ = daemon.begin(path)
        leave(unread)


def check_nothing_is_left(daemon, before):
    """Waits until the worker has no more open than before."""
    wait_until(lambda: descriptors(daemon.worker) == before,
               f"{before} descriptors in the worker")
    large = [name for name in open_files(daemon.worker) if "large" in name]
    equal(large, [], "files that are still open")


@test
def clients_may_leave_at_every_stage(case):
    case.store("large", 32 * MIB)
    small = case.store("small", 1000)
    for listen, leave in ((None, fastcgi.Connection.close),
                          ("127.0.0.1:0", fastcgi.Connection.close),
                          ("127.0.0.1:0", fastcgi.Connection.reset)):
        daemon = case.start(listen=listen)
        for path in ("/large", "/small"):
            true(daemon.fetch(path).complete, "it is not served")
        wait_idle(daemon.worker)
        before = descriptors(daemon.worker)
        leave_at_every_stage(case, daemon, leave)
        check_nothing_is_left(daemon, before)
        check_file(daemon.fetch("/small"), small)
        daemon.stop()


@test
def a_leaving_client_ends_its_stream_at_once_with_a_reason(case):
    case.store("large", 64 * MIB)
    daemon = case.start()
    connection, response = daemon.begin("/large")
    connection.receive_bytes(response, MIB)
    connection.close()
    line = daemon.wait_access(path="/large")
    equal(line["end"], "aborted", "end of the stream")
    true(line["reason"], "no reason")
    equal(line["status"], "200", "status")
    sent = int(line["bytes"])
    true(MIB <= sent < 8 * MIB, f"{sent} bytes are said to be sent")


# --- many --------------------------------------------------------------------

@test(timeout=120)
def three_hundred_connections_are_served_at_once(case):
    stored = case.store("file", 600 * KIB)
    daemon = case.start()
    streams = [daemon.begin("/file") for _ in range(300)]
    for connection, _ in streams:
        wait_until(connection.waiting, "a first byte on every connection")
    for connection, response in streams:
        check_file(connection.receive(response), stored)
    daemon.wait_access(count=300, end="complete")


@test
def connections_beyond_the_limit_get_503(case):
    stored = case.store("file", 1000)
    daemon = case.start("--max-connections=3")
    kept = [daemon.connect() for _ in range(3)]
    for connection in kept:
        check_file(connection.ask(daemon.params("/file"), keep=True), stored)
    for _ in range(3):
        response = daemon.fetch("/file")
        check_response(response, 503)
        found(r"^\d+$", response.header("Retry-After"), "Retry-After")
    for connection in kept:
        check_file(connection.ask(daemon.params("/file"), keep=True), stored)
    kept[0].close()
    wait_until(lambda: daemon.fetch("/file").status == 200,
               "a place is free again")


class Mixture:
    """Clients that ask, read slowly, leave or abort, by chance."""

    def __init__(self, daemon, files):
        self.daemon = daemon
        self.files = files

    def run(self, seed):
        """Some connections with some requests each."""
        chance = random.Random(seed)
        for _ in range(15):
            with fastcgi.Connection(self.daemon.address, 60 * SLOWNESS,
                                    receive_buffer=4096) as connection:
                while chance.random() < 0.7 and self.ask(connection, chance):
                    pass

    def ask(self, connection, chance):
        """One request; false if the connection is given up."""
        stored = chance.choice(self.files)
        first = chance.randrange(stored.size)
        last = chance.randrange(first, stored.size)
        data = fastcgi.request(self.daemon.params(
            f"/{stored.path.name}", HTTP_RANGE=f"bytes={first}-{last}"),
            keep=True, body=bytes(chance.choice((0, 0, 10, 70000))))
        if chance.random() < 0.1:
            connection.send(data[:chance.randrange(len(data))])
            return False
        connection.send(data)
        response = Response()
        if chance.random() < 0.2:
            connection.receive_bytes(response, chance.randrange(last + 1))
            connection.send(record(fastcgi.ABORT_REQUEST, 1))
            return False
        if chance.random() < 0.3:
            connection.send(fastcgi.get_values("FCGI_MAX_REQS"))
        connection.largest_read = chance.choice((700, 8000, 1 << 20))
        check_response(connection.receive(response), 206,
                       stored.piece(first, last + 1 - first))
        return True


@test(timeout=120)
def a_mixture_of_clients_gets_the_right_bytes(case):
    files = [case.store(f"file-{size}", size)
             for size in (1, 4097, 100000, MIB + 7, 6 * MIB + 3)]
    for listen in (None, "127.0.0.1:0"):
        daemon = case.start("--buffer-memory=2M", listen=listen)
        in_threads(Mixture(daemon, files).run, range(16))
        wait_idle(daemon.worker)
        check_file(daemon.fetch("/file-1"), files[0])
        wait_until(lambda: not [name for name in open_files(daemon.worker)
                                if "/file-" in name], "all files are closed")
        daemon.stop()


def check_no_spinning(daemon):
    """Fails if the worker is busy with nothing, or talks about it."""
    before, log_before = cpu_seconds(daemon.worker), len(daemon.log())
    time.sleep(1.5)
    used = cpu_seconds(daemon.worker) - before
    true(used < 0.3, f"{used:.2f} s of processor time in 1.5 s")
    grown = daemon.log()[log_before:].count("\n")
    true(grown < 20, f"{grown} log lines in 1.5 s")


@test
def without_free_descriptors_it_waits_and_goes_on_later(case):
    need("prlimit")
    stored = case.store("file", 1000)
    daemon = case.start("--head-timeout=1m",
                        prefix=("prlimit", "--nofile=64:64"))
    peers = [daemon.connect() for _ in range(100)]
    for connection in peers:
        connection.send(fastcgi.begin())
    wait_until(lambda: descriptors(daemon.worker) > 50, "many connections")
    wait_idle(daemon.worker)
    check_no_spinning(daemon)
    for connection in peers:
        connection.close()
    check_file(daemon.fetch("/file"), stored)


@test
def a_file_that_finds_no_descriptor_gets_503(case):
    need("prlimit")
    case.store("large", 4 * MIB)
    daemon = case.start(prefix=("prlimit", "--nofile=64:64"))
    streams = [daemon.begin("/large") for _ in range(60)]
    statuses = []
    for connection, response in streams:
        connection.receive(response)
        true(response.complete, f"{response!r} is not complete")
        true(response.status in (200, 503), f"{response!r}")
        statuses.append(response.status)
        connection.close()
    true(200 in statuses, "nobody was served")
    wait_until(lambda: daemon.fetch("/large").status == 200,
               "all is well again")


if __name__ == "__main__":
    main()
