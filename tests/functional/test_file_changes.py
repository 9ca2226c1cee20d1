#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A file that changes while it is streamed: whole as it was, or broken."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

from support.cold_files import evict, need_direct_io
from support.harness import (MIB, SANITIZED, Skip, check_file, check_response, equal,
                     found, main, need, test, true)

LARGE = 64 * MIB
LONG_AGO = 1_000_000_000


def store_old(case, name, size=LARGE):
    """A file that was modified long ago."""
    stored = case.store(name, size)
    os.utime(stored.path, (LONG_AGO, LONG_AGO))
    return stored


def begin(case, daemon, size=LARGE, cold=False, **extra):
    """A stream of an old file of which a first part was read."""
    stored = store_old(case, "large", size)
    if cold:
        evict(stored)
    connection, response = daemon.begin("/large", **extra)
    connection.receive_bytes(response, MIB)
    return stored, connection, response


def check_broken(daemon, original, connection, response, why, count=1):
    """Fails unless the stream breaks with these words and no wrong byte."""
    connection.receive(response)
    true(response.broken, f"{response!r} looks complete")
    true(MIB <= response.length < len(original), f"{response!r}")
    true(original.startswith(response.body), "wrong bytes were sent")
    daemon.wait_log(rf' error \S+: ({why}): "/large"')
    line = daemon.wait_access(count, path="/large", end="aborted")
    found(rf"^({why})$", line["reason"], "reason in the access log")
    true(int(line["bytes"]) >= response.length, f"bytes in {line}")


@contextlib.contextmanager
def in_place(path):
    """The file, open to be changed where it is."""
    with open(path, "r+b", buffering=0) as out:
        yield out


# --- what breaks a stream ----------------------------------------------------

def overwrite_all(path, byte=b"x", size=LARGE):
    """Other bytes in every place, the same number."""
    with in_place(path) as out:
        for _ in range(size // MIB):
            out.write(byte * MIB)


def overwrite_the_last_byte(path):
    """One byte far past what is being sent."""
    with in_place(path) as out:
        out.seek(LARGE - 1)
        out.write(b"x")


def touch(path):
    """Another time of modification and the same bytes."""
    os.utime(path)


def set_back(path):
    """A time of modification before that which it had."""
    os.utime(path, (LONG_AGO, LONG_AGO - 1))


def cut_and_grow(path):
    """The same size again, with zeros."""
    os.truncate(path, LARGE // 2)
    os.truncate(path, LARGE)


def cut_to_a_half(path):
    """Shorter, and the end lies ahead of what is being sent."""
    os.truncate(path, LARGE // 2)


def cut_to_nothing(path):
    """Shorter than what was sent already."""
    os.truncate(path, 0)


def replace_by_a_longer_one(path):
    """What cp does with a longer file: it cuts, writes, and makes longer."""
    with open(path, "wb", buffering=0) as out:
        for _ in range(LARGE // MIB + 1):
            out.write(b"x" * MIB)


CHANGED, SHORTER = "file was changed", "file became shorter"
BREAKING = ((overwrite_all, CHANGED), (overwrite_the_last_byte, CHANGED),
            (touch, CHANGED), (set_back, CHANGED),
            (cut_and_grow, f"{CHANGED}|{SHORTER}"),
            (replace_by_a_longer_one, f"{CHANGED}|{SHORTER}"),
            (cut_to_a_half, SHORTER), (cut_to_nothing, SHORTER))


@test(timeout=120)
def a_changed_file_breaks_the_connection(case):
    daemon = case.start()
    for count, (change, why) in enumerate(BREAKING, 1):
        stored, connection, response = begin(case, daemon)
        original = stored.content()
        change(stored.path)
        check_broken(daemon, original, connection, response, why, count)
    small = case.store("small", 10)
    check_file(daemon.fetch("/small"), small)


@test(timeout=120)
def a_changed_cold_file_breaks_the_connection(case):
    need_direct_io(case)
    daemon = case.start()
    for count, (change, why) in enumerate(BREAKING, 1):
        stored = store_old(case, "large")
        original = stored.content()
        evict(stored)
        connection, response = daemon.begin("/large")
        connection.receive_bytes(response, MIB)
        change(stored.path)
        check_broken(daemon, original, connection, response, why, count)


@test(timeout=120)
def a_changed_file_on_tmpfs_breaks_the_connection(case):
    if not os.access("/dev/shm", os.W_OK):
        raise Skip("no /dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fs-", dir="/dev/shm"))
    case.defer(shutil.rmtree, folder)
    case.root = folder
    daemon = case.start()
    for count, (change, why) in enumerate(BREAKING, 1):
        stored, connection, response = begin(case, daemon)
        original = stored.content()
        change(stored.path)
        check_broken(daemon, original, connection, response, why, count)


@test
def a_part_of_a_changed_file_breaks_too(case):
    daemon = case.start()
    stored, connection, response = begin(
        case, daemon, HTTP_RANGE=f"bytes={MIB}-{LARGE - MIB}")
    original = stored.content()[MIB:]
    overwrite_all(stored.path)
    check_broken(daemon, original, connection, response, CHANGED)


@test
def all_streams_of_a_changed_file_break(case):
    daemon = case.start(workers=2)
    stored = store_old(case, "large")
    original = stored.content()
    streams = [daemon.begin("/large") for _ in range(20)]
    for connection, response in streams:
        connection.receive_bytes(response, MIB)
    overwrite_all(stored.path)
    for connection, response in streams:
        connection.receive(response)
        true(response.broken, f"{response!r} looks complete")
        true(original.startswith(response.body), "wrong bytes were sent")
    daemon.wait_access(count=20, end="aborted", reason=CHANGED)
    check_response(daemon.fetch("/large"), 200, stored.content(), "after it")


LATER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/stat.h>

int statx(int fd, const char *path, int flags, unsigned mask, struct statx *stx)
{
    int (*real)(int, const char *, int, unsigned, struct statx *) =
        dlsym(RTLD_NEXT, "statx");
    int r = real(fd, path, flags, mask, stx);

    if (r == 0 && stx->stx_size == 12345)
        stx->stx_mtime.tv_sec++;
    return r;
}
"""


@test
def a_file_changed_before_its_first_byte_is_sent_is_a_500(case):
    if SANITIZED:
        raise Skip("a sanitizer's runtime must be loaded first")
    need("cc")
    library = case.dir / "later.so"
    subprocess.run(("cc", "-shared", "-fPIC", "-o", library, "-x", "c", "-",
                    "-ldl"), input=LATER.encode(), check=True)
    case.store("file", 12345)
    good = case.store("good", 1000)
    daemon = case.start(prefix=("env", f"LD_PRELOAD={library}"))
    connection = daemon.connect()
    response = connection.ask(daemon.params("/file"), keep=True)
    true(response.complete, f"{response!r}")
    equal(response.status, 500, "status")
    daemon.wait_log(rf' error \S+: {CHANGED}: "/file"')
    check_file(connection.ask(daemon.params("/good")), good)


# --- what does not -----------------------------------------------------------

def append(path):
    """More bytes after the last, as a log gets them."""
    with open(path, "ab", buffering=0) as out:
        for _ in range(4):
            out.write(b"x" * MIB)


def replace(path):
    """Another file by the same name."""
    other = path.with_name("other")
    other.write_bytes(b"x" * LARGE)
    os.rename(other, path)


def change_mode(path):
    """Another time of change, but not of modification."""
    os.chmod(path, 0o640)


def set_attribute(path):
    """What fcgi-stream digest does."""
    with contextlib.suppress(OSError):
        os.setxattr(path, "user.digest.test", b"x")


HARMLESS = (append, replace, os.unlink, change_mode, set_attribute)


@test(timeout=120)
def a_file_whose_bytes_stay_arrives_whole_as_it_was(case):
    daemon = case.start()
    for change in HARMLESS:
        stored, connection, response = begin(case, daemon)
        change(stored.path)
        check_file(connection.receive(response), stored, change.__name__)
    daemon.wait_access(count=len(HARMLESS), path="/large", end="complete")


@test(timeout=120)
def a_cold_file_whose_bytes_stay_arrives_whole_as_it_was(case):
    need_direct_io(case)
    daemon = case.start()
    for change in HARMLESS:
        stored, connection, response = begin(case, daemon, cold=True)
        change(stored.path)
        check_file(connection.receive(response), stored, change.__name__)


@test
def a_file_that_was_deleted_is_gone_for_the_next_request(case):
    daemon = case.start()
    stored, connection, response = begin(case, daemon)
    stored.path.unlink()
    check_file(connection.receive(response), stored)
    equal(daemon.fetch("/large").status, 404, "status after that")


@test
def the_next_request_gets_what_the_file_is_now(case):
    daemon = case.start()
    for change in (append, replace, overwrite_all, touch, cut_to_a_half):
        stored, connection, _ = begin(case, daemon)
        change(stored.path)
        connection.close()
        check_response(daemon.fetch("/large"), 200, stored.content(),
                       change.__name__)


@test
def no_byte_of_a_later_version_is_ever_sent(case):
    daemon = case.start()
    stored = store_old(case, "large", 8 * MIB)
    stored.path.write_bytes(bytes(stored.size))
    for number in range(1, 31):
        os.utime(stored.path, (LONG_AGO, LONG_AGO))
        connection, response = daemon.begin("/large")
        connection.receive_bytes(response, 1)
        # It writes while this reads.
        writer = threading.Thread(target=overwrite_all, args=(
            stored.path, bytes([number]), stored.size))
        writer.start()
        connection.receive(response)
        writer.join()
        equal(set(response.body), {number - 1}, "versions in the body")
        true(response.broken or response.length == stored.size,
             f"{response!r} is not whole")


if __name__ == "__main__":
    main()
