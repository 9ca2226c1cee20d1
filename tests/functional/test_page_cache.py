#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--page-cache: which files stay in memory, and how often the disk is read."""

import os
import pathlib
import threading

from support.cold_files import cached_pages, evict, need_direct_io, warm
from support.harness import (KIB, MIB, Skip, check_file, check_response, equal, found,
                     main, open_files, test, true, wait_idle, wait_until)


def share(stored):
    """How much of a file is in the page cache, 0 to 1."""
    pages = cached_pages(stored)
    return sum(pages) / len(pages)


def read_from_disk(pid):
    """Bytes that a process has had read from disks."""
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(found(r"\nread_bytes: (\d+)", text, "io").group(1))


def start(case, *options, **how):
    """A daemon on files that can be read past the page cache."""
    need_direct_io(case)
    return case.start(*options, **how)


def fetch(daemon, stored, what=""):
    """One client after the other."""
    check_file(daemon.fetch(f"/{stored.path.name}"), stored, what)
    # What was asked of the kernel may still be on its way.
    wait_idle(daemon.worker)


def fetch_together(daemon, stored, count):
    """So many clients that all start before the first byte is taken."""
    streams = [daemon.begin(f"/{stored.path.name}", keep_body=False)
               for _ in range(count)]
    problems = []

    def receive(connection, response):
        try:
            check_file(connection.receive(response), stored)
        except Exception as error:  # pylint: disable=broad-except
            problems.append(error)
    threads = [threading.Thread(target=receive, args=stream)
               for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(problems, [], "what clients met")


def wait_cached(stored):
    """Waits until nearly all of it is in memory; some may be dropped again."""
    wait_until(lambda: share(stored) > 0.9, f"{stored.path.name} in memory")


# --- auto --------------------------------------------------------------------

@test
def a_file_that_is_read_once_stays_out_of_memory(case):
    daemon = start(case)
    stored = case.store("once", 16 * MIB)
    evict(stored)
    fetch(daemon, stored)
    true(share(stored) < 0.1, f"{share(stored):.0%} of it are in memory")


@test
def a_file_that_is_read_again_comes_into_memory(case):
    daemon = start(case)
    stored = case.store("twice", 16 * MIB)
    evict(stored)
    fetch(daemon, stored, "first")
    evict(stored)
    fetch(daemon, stored, "second")
    wait_cached(stored)
    before = read_from_disk(daemon.worker)
    fetch(daemon, stored, "third")
    more = read_from_disk(daemon.worker) - before
    true(more < stored.size / 4, f"the third time read {more} bytes")


@test
def questions_without_an_answer_in_bytes_are_no_use_of_a_file(case):
    daemon = start(case)
    stored = case.store("asked", 16 * MIB)
    etag = daemon.fetch("/asked", "HEAD").header("etag")
    response = daemon.fetch("/asked", HTTP_IF_NONE_MATCH=etag)
    equal(response.status, 304, "status")
    evict(stored)
    fetch(daemon, stored)
    true(share(stored) < 0.1, f"{share(stored):.0%} of it are in memory")


@test
def another_version_of_a_file_is_another_file(case):
    daemon = start(case)
    stored = case.store("file", 16 * MIB)
    fetch(daemon, stored)
    stored = case.store("file", 16 * MIB + 1)
    evict(stored)
    fetch(daemon, stored)
    true(share(stored) < 0.1, f"{share(stored):.0%} of it are in memory")


@test
def a_small_file_comes_into_memory_at_once(case):
    daemon = start(case)
    for size in (1, 4096, 100 * KIB, 256 * KIB):
        stored = case.store(f"small-{size}", size)
        evict(stored)
        fetch(daemon, stored)
        wait_cached(stored)
    stored = case.store("less-small", 256 * KIB + 1)
    evict(stored)
    fetch(daemon, stored)
    true(share(stored) < 0.5, f"{share(stored):.0%} of it are in memory")


@test
def a_short_range_of_a_known_file_brings_in_little(case):
    daemon = start(case)
    stored = case.store("known", 16 * MIB)
    fetch(daemon, stored)
    evict(stored)
    for first in (0, 5 * MIB, 11 * MIB + 3):
        field = f"bytes={first}-{first + 9999}"
        response = daemon.fetch("/known", HTTP_RANGE=field)
        check_response(response, 206, stored.piece(first, 10000), field)
    wait_idle(daemon.worker)
    true(share(stored) < 0.1, f"{share(stored):.0%} of it are in memory")


# --- always and never --------------------------------------------------------

@test
def with_always_all_comes_into_memory(case):
    daemon = start(case, "--page-cache=always")
    stored = case.store("once", 16 * MIB)
    evict(stored)
    fetch(daemon, stored)
    wait_cached(stored)


@test
def with_never_nothing_comes_into_memory(case):
    daemon = start(case, "--page-cache=never")
    for size in (5000, 16 * MIB):
        stored = case.store(f"file-{size}", size)
        evict(stored)
        for _ in range(3):
            fetch(daemon, stored)
        fetch_together(daemon, stored, 4)
        equal(share(stored), 0, "share of it in memory")


@test
def with_never_a_file_in_memory_arrives_whole(case):
    daemon = start(case, "--page-cache=never")
    stored = case.store("file", 4 * MIB + 77)
    warm(stored, 0, stored.size)
    fetch(daemon, stored)
    # Not yet on the disk.
    stored = case.store("new", 4 * MIB + 77)
    fetch(daemon, stored)


# --- together ----------------------------------------------------------------

def check_shared(case, option, most):
    """20 clients on one cold file: how many times it may be read."""
    daemon = start(case, option)
    stored = case.store("shared", 64 * MIB)
    evict(stored)
    before = read_from_disk(daemon.worker)
    fetch_together(daemon, stored, 20)
    times = (read_from_disk(daemon.worker) - before) / stored.size
    if times < 0.5:
        raise Skip("the bytes from disk are not counted here")
    true(times <= most, f"the file was read {times:.2f} times")


@test(timeout=180)
def many_clients_of_a_cold_file_read_it_once(case):
    check_shared(case, "--page-cache=auto", 1.2)


@test(timeout=180)
def many_clients_of_a_cold_file_read_it_once_with_always(case):
    check_shared(case, "--page-cache=always", 1.2)


@test
def clients_of_a_file_share_its_descriptors(case):
    daemon = start(case)
    stored = case.store("shared", 32 * MIB)
    evict(stored)
    streams = [daemon.begin("/shared") for _ in range(10)]
    for connection, _ in streams:
        wait_until(connection.waiting, "a first byte")
    wait_idle(daemon.worker)
    count = open_files(daemon.worker).count(os.path.realpath(stored.path))
    true(count <= 2, f"the file is open {count} times")
    for connection, response in streams:
        check_file(connection.receive(response), stored)
    wait_until(lambda: os.path.realpath(stored.path)
               not in open_files(daemon.worker), "the file is closed")


@test
def a_client_that_leaves_takes_nobody_along(case):
    for mode in ("auto", "always", "never"):
        daemon = start(case, f"--page-cache={mode}")
        stored = case.store(mode, 8 * MIB + 5)
        evict(stored)
        streams = [daemon.begin(f"/{mode}") for _ in range(8)]
        for connection, _ in streams[::2]:
            connection.close()
        for connection, response in streams[1::2]:
            check_file(connection.receive(response), stored, mode)


# --- holes -------------------------------------------------------------------

@test(timeout=120)
def holes_do_not_fill_memory(case):
    size = 256 * MIB + 100
    for mode in ("auto", "always", "never"):
        daemon = start(case, f"--page-cache={mode}")
        stored = case.store(f"sparse-{mode}", b"data")
        os.truncate(stored.path, size)
        stored.size = size
        for _ in range(2):
            response = daemon.fetch(f"/{stored.path.name}", keep_body=False)
            equal((response.status, response.length), (200, size), mode)
        true(share(stored) < 0.05, f"{mode}: {share(stored):.0%} in memory")


if __name__ == "__main__":
    main()
