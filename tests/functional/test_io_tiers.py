#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reading: page cache, kernel AIO on cold files, and thread pool."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from support.cold_files import cached_pages, evict, need_direct_io, warm
from support.harness import (KIB, MIB, SANITIZED, Skip, check_file, check_response,
                     descriptors, equal, main, need, need_strace, peak_memory,
                     test, true, wait_idle, wait_until)

TRACED = ("io_setup,io_submit,io_getevents,io_pgetevents,read,readv,pread64,"
          "preadv,preadv2,sendfile,splice,copy_file_range,mmap")


# --- no wait at all ----------------------------------------------------------

def need_cached_look_ups(case):
    """Skips where the loop can't open a file itself."""
    release = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    if release < (5, 12):
        raise Skip("needs Linux 5.12")
    kind = subprocess.run(["stat", "-f", "-c", "%T", case.root], check=True,
                          capture_output=True, text=True).stdout.strip()
    if kind not in ("ext2/ext3", "xfs", "btrfs"):
        raise Skip(f"files on {kind} are opened by threads")


def switches(pid):
    """How often each other thread of a process has gone to sleep."""
    counts = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as text:
            counts[task] = re.search(r"^voluntary_ctxt_switches:\s+(\d+)",
                                     text.read(), re.MULTILINE)[1]
    del counts[str(pid)]
    return counts


def ran_since(pid, before):
    """The threads that have worked since, as nothing else wakes them."""
    return {task for task, count in switches(pid).items()
            if count != before.get(task)}


@test
def what_is_in_memory_needs_no_thread(case):
    need_cached_look_ups(case)
    stored = case.store("file", 100 * KIB)
    (case.root / "folder").mkdir()
    daemon = case.start()
    wait_idle(daemon.worker)
    before = switches(daemon.worker)
    for _ in range(20):
        check_file(daemon.fetch("/file"), stored)
        check_response(daemon.fetch("/folder"), 404)
    daemon.wait_log("action=file", count=40)
    log = ran_since(daemon.worker, before)
    true(len(log) <= 1, f"threads beside the log's: {log}")
    # Attributes may have to be read from the disk.
    check_file(daemon.fetch("/file", HTTP_WANT_REPR_DIGEST="sha-256=1"),
               stored)
    true(ran_since(daemon.worker, before) - log, "no thread")


# --- kernel AIO --------------------------------------------------------------

@test
def cold_files_of_every_size_arrive_whole(case):
    need_direct_io(case)
    daemon = case.start()
    for size in (1, 511, 512, 513, 4095, 4096, 4097, 65537, 256 * KIB - 1,
                 256 * KIB, 256 * KIB + 1, MIB + 1, 16 * MIB + 12345):
        stored = case.store(f"cold-{size}", size)
        evict(stored)
        check_file(daemon.fetch(f"/cold-{size}"), stored, f"{size} bytes")


@test
def unaligned_ranges_of_a_cold_file_have_the_right_bytes(case):
    need_direct_io(case)
    stored = case.store("cold", 2 * MIB + 1000)
    daemon = case.start("--chunk-size=64K")
    for first in (1, 511, 512, 513, 4095, 4096, 4097, 65535, 65537,
                  MIB - 1, stored.size - 1):
        for length in (1, 511, 4096, 65536, 300 * KIB, stored.size):
            evict(stored)
            length = min(length, stored.size - first)
            field = f"bytes={first}-{first + length - 1}"
            response = daemon.fetch("/cold", HTTP_RANGE=field)
            check_response(response, 206, stored.piece(first, length), field)


@test
def a_partly_cached_file_arrives_whole(case):
    need_direct_io(case)
    stored = case.store("cold", 8 * MIB + 5)
    daemon = case.start()
    for first, length in ((0, MIB), (3 * MIB, MIB), (MIB + 4096, 4096),
                          (8 * MIB, 5), (7 * MIB - 100, 200)):
        evict(stored)
        warm(stored, first, length)
        pages = cached_pages(stored)
        true(any(pages) and not all(pages), "the file is not partly cached")
        check_file(daemon.fetch("/cold"), stored, f"{first} + {length}")


def fetch_all(daemon, files):
    """Asks for all files at once and compares each."""
    streams = [daemon.begin(f"/{stored.path.name}") for stored in files]
    for (connection, response), stored in zip(streams, files):
        check_file(connection.receive(response), stored, stored.path.name)


@test
def a_queue_of_one_serves_many_cold_streams(case):
    need_direct_io(case)
    files = [case.store(f"cold-{number}", 2 * MIB + number)
             for number in range(24)]
    daemon = case.start("--aio-depth=1")
    for stored in files:
        evict(stored)
    fetch_all(daemon, files)


@test
def a_queue_deeper_than_the_host_allows_serves_all_the_same(case):
    need_direct_io(case)
    limit = int(pathlib.Path("/proc/sys/fs/aio-max-nr").read_text())
    workers = limit // 4096 + 1
    if workers > 64:
        raise Skip(f"it would take {workers} workers")
    files = [case.store(f"cold-{number}", MIB) for number in range(40)]
    daemon = case.start("--aio-depth=4096", workers=workers)
    daemon.wait_log(r" warning .*aio-max-nr")
    for stored in files:
        evict(stored)
    fetch_all(daemon, files)


@test
def little_buffer_memory_serves_many_streams(case):
    need_direct_io(case)
    files = [case.store(f"cold-{number}", 2 * MIB + number)
             for number in range(50)]
    for stored in files[::2]:
        evict(stored)
    daemon = case.start("--buffer-memory=2M")
    fetch_all(daemon, files)
    daemon.wait_access(count=50, end="complete")
    peak = peak_memory(daemon.worker)
    true(SANITIZED or peak < 16 * MIB, f"memory rose to {peak / MIB} MiB")


@test
def memory_for_a_single_chunk_serves_many_streams(case):
    need_direct_io(case)
    files = [case.store(f"cold-{number}", 4 * MIB + number)
             for number in range(10)]
    for stored in files:
        evict(stored)
    daemon = case.start("--chunk-size=1M", "--buffer-memory=1M")
    fetch_all(daemon, files)


@test
def slow_cold_streams_do_not_starve_a_fast_one(case):
    need_direct_io(case)
    files = [case.store(f"cold-{number}", 4 * MIB) for number in range(40)]
    for stored in files:
        evict(stored)
    daemon = case.start("--buffer-memory=2M")
    slow = [daemon.begin(f"/{stored.path.name}") for stored in files[1:]]
    for connection, _ in slow:
        wait_until(connection.waiting, "a first byte")
    check_file(daemon.fetch("/cold-0"), files[0])


@test
def clients_that_leave_while_reads_are_in_flight_harm_nobody(case):
    need_direct_io(case)
    files = [case.store(f"cold-{number}", 4 * MIB) for number in range(20)]
    daemon = case.start("--buffer-memory=2M", "--aio-depth=4")
    check_file(daemon.fetch("/cold-0"), files[0])
    wait_idle(daemon.worker)
    before = descriptors(daemon.worker)
    for stored in files:
        evict(stored)
    for stored in files[1:]:
        connection, _ = daemon.begin(f"/{stored.path.name}")
        connection.close()
    check_file(daemon.fetch("/cold-0"), files[0])
    wait_until(lambda: descriptors(daemon.worker) == before,
               f"{before} descriptors in the worker")
    for stored in files:
        check_file(daemon.fetch(f"/{stored.path.name}"), stored)


# --- the other tiers ---------------------------------------------------------

@test
def files_on_tmpfs_arrive_whole(case):
    if not os.access("/dev/shm", os.W_OK):
        raise Skip("no /dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fs-", dir="/dev/shm"))
    case.defer(shutil.rmtree, folder)
    case.root = folder
    daemon = case.start()
    files = [case.store(f"size-{size}", size)
             for size in (0, 1, 4095, 4097, 256 * KIB + 1, 4 * MIB + 3)]
    for stored in files:
        check_file(daemon.fetch(f"/{stored.path.name}"), stored)
    fetch_all(daemon, files)
    response = daemon.fetch(f"/size-{256 * KIB + 1}",
                            HTTP_RANGE="bytes=4095-70000")
    check_response(response, 206, files[4].piece(4095, 65906))


@test
def a_sparse_file_is_read_as_zeros(case):
    stored = case.store("sparse", 0)
    os.truncate(stored.path, 3 * MIB + 100)
    response = case.start().fetch("/sparse")
    check_response(response, 200, bytes(3 * MIB + 100))


# --- system calls ------------------------------------------------------------

def start_traced(case):
    """A daemon whose reads are written to the file trace."""
    return case.start(env={"ASAN_OPTIONS": "detect_leaks=0"}, prefix=[
        "strace", "-f", "-y", "-s", "0", "-o", str(case.dir / "trace"),
        "-e", f"trace={TRACED}", "--"])


def loop_calls(case, daemon, worker):
    """The traced calls of the worker's event loop, once it has ended."""
    daemon.stop()
    lines = (case.dir / "trace").read_text().splitlines()
    return whole_calls([line.split(None, 1)[1] for line in lines
                        if line.split(None, 1)[0] == str(worker)])


def whole_calls(lines):
    """One thread's calls, of which strace cuts one in two lines when another
    thread's comes in between."""
    calls = []
    begun = ""
    for line in lines:
        if line.endswith("<unfinished ...>"):
            begun = line.removesuffix("<unfinished ...>")
            continue
        calls.append(begun + re.sub(r"^<\.\.\. \w+ resumed>", "", line))
        begun = ""
    return calls


def check_loop_never_waits(calls, name):
    """Fails if the loop's thread read this file in a way that blocks."""
    for call in calls:
        match = re.match(r"(\w+)\(", call)
        if not match or f"{name}>" not in call:
            continue
        if match.group(1) == "preadv2" and "RWF_NOWAIT" in call:
            continue
        equal(match.group(1), "io_submit", f"how the loop reads: {call}")


@test(timeout=120)
def a_cold_file_is_read_by_io_submit_and_nothing_that_blocks(case):
    need_direct_io(case)
    need_strace(case)
    stored = case.store("cold", 8 * MIB)
    daemon = start_traced(case)
    worker = daemon.worker
    evict(stored)
    check_file(daemon.fetch("/cold"), stored)
    calls = loop_calls(case, daemon, worker)
    submits = [call for call in calls if call.startswith("io_submit(")]
    if "aio-max-nr" in daemon.log():
        raise Skip("others have used up fs.aio-max-nr")
    true(submits, "no io_submit, but " + "\n".join(calls[-40:]))
    check_loop_never_waits(calls, "cold")


@test(timeout=120)
def a_cached_file_is_read_without_io_submit(case):
    need_strace(case)
    stored = case.store("cached", 4 * MIB)
    warm(stored, 0, stored.size)
    if not all(cached_pages(stored)):
        raise Skip("the file does not stay in the page cache")
    daemon = start_traced(case)
    worker = daemon.worker
    check_file(daemon.fetch("/cached"), stored)
    calls = loop_calls(case, daemon, worker)
    equal([call for call in calls if call.startswith("io_submit(")], [],
          "calls of io_submit")
    check_loop_never_waits(calls, "cached")


# --- reads that fail ----------------------------------------------------------

FAULTS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/uio.h>

ssize_t preadv2(int fd, const struct iovec *iov, int count, off_t offset,
    int flags)
{
    ssize_t (*real)(int, const struct iovec *, int, off_t, int) =
        dlsym(RTLD_NEXT, "preadv2");
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_size == 12345) {
        errno = EIO;
        return -1;
    }
    return real(fd, iov, count, offset, flags);
}
"""


def start_with_faults(case):
    """A daemon for which files of 12345 bytes can't be read."""
    if SANITIZED:
        raise Skip("a sanitizer's runtime must be loaded first")
    need("cc")
    library = case.dir / "faults.so"
    subprocess.run(("cc", "-shared", "-fPIC", "-o", library, "-x", "c", "-",
                    "-ldl"), input=FAULTS.encode(), check=True)
    return case.start(prefix=("env", f"LD_PRELOAD={library}"))


@test
def a_file_that_cannot_be_read_is_a_500(case):
    case.store("file", 12345)
    good = case.store("good", 1000)
    daemon = start_with_faults(case)
    connection = daemon.connect()
    response = connection.ask(daemon.params("/file"), keep=True)
    true(response.complete, f"{response!r}")
    equal(response.status, 500, "status")
    equal(daemon.wait_access(path="/file")["status"], "500", "logged status")
    check_file(connection.ask(daemon.params("/good")), good)


if __name__ == "__main__":
    main()
