#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action archive: checksums that are remembered, and what changes."""

import io
import mmap
import os
import pathlib
import time
import zipfile

from support.archives import ARCHIVE, names_in, store_tree, wait_until_settled
from support.harness import (MIB, TRIES, check_response, descriptors, equal, found,
                     late, main, open_files, test, true, wait_idle, wait_until)

# --- checksums ---------------------------------------------------------------

def bytes_read(daemon):
    """How many bytes the worker has read so far, from memory or disk."""
    text = pathlib.Path(f"/proc/{daemon.worker}/io").read_text()
    return int(found(r"rchar: (\d+)", text, "io").group(1))


def count_read(case, daemon, first):
    """Fetches the rest of an archive; what was read for that."""
    before = bytes_read(daemon)
    whole = case.start().fetch("/", **ARCHIVE)
    response = daemon.fetch("/", HTTP_RANGE=f"bytes={first}-", **ARCHIVE)
    check_response(response, 206, whole.body[first:])
    return bytes_read(daemon) - before


@test
def checksums_are_remembered_and_gone_on_with(case):
    case.store("file", 32 * MIB)
    always = "--page-cache=always"
    cold, warm, half = (case.start(always) for _ in range(3))
    near = 32 * MIB
    true(32 * MIB < count_read(case, cold, near) < 34 * MIB, "a cold worker")
    wait_until_settled(case.root / "file")
    count_read(case, cold, near)
    true(count_read(case, cold, near) < MIB, "the second time")
    warm.fetch("/", **ARCHIVE)
    true(count_read(case, warm, near) < MIB, "after all of it")
    # What a client had of the beginning need not be read for the rest.
    connection, response = half.begin("/", **ARCHIVE)
    connection.receive_bytes(response, 16 * MIB)
    connection.close()
    half.wait_access(end="aborted")
    true(count_read(case, half, response.length) < 17 * MIB, "resumed")


@test
def what_many_wait_for_is_read_once(case):
    (case.root / "file").write_bytes(bytes(512 * MIB))
    wait_until_settled(case.root / "file")
    daemon = case.start("--page-cache=always")
    before = bytes_read(daemon)
    started = []
    for number in range(4):
        started.append(daemon.begin("/", HTTP_RANGE="bytes=-200", **ARCHIVE))
        wait_until(lambda: bytes_read(daemon) - before
                   > 40 * MIB * (number + 1), "some of it is read")
    # The next goes on where one that leaves has been.
    started.pop(0)[0].close()
    for connection, response in started:
        connection.receive(response)
        check_response(response, 206)
        equal(bytes(response.body), bytes(started[0][1].body), "the end")
    read = bytes_read(daemon) - before
    true(read < 576 * MIB, f"{read} bytes read")


@test
def a_checksum_of_a_file_changed_just_now_is_not_remembered(case):
    """It may be changed again, and have the same times."""
    daemon = case.start("--page-cache=always")
    for _ in range(TRIES):
        case.store("file", 4 * MIB)
        begun = time.monotonic()
        daemon.fetch("/", HTTP_RANGE="bytes=-200", **ARCHIVE)
        before = bytes_read(daemon)
        daemon.fetch("/", HTTP_RANGE="bytes=-200", **ARCHIVE)
        number = bytes_read(daemon) - before
        if time.monotonic() - begun < 1:
            true(number >= 4 * MIB, f"{number} bytes read")
            return
    late("a file was old before it was read")


# --- what changes ------------------------------------------------------------

@test
def changes_that_leave_the_times_do_not_damage_later_archives(case):
    """Stores through a map need not change them at once (mmap(2), NOTES)."""
    path = case.root / "f"
    path.write_bytes(b"A" * 4096)
    daemon = case.start()

    def fetch(what, expected):
        response = daemon.fetch("/", **ARCHIVE)
        with zipfile.ZipFile(io.BytesIO(bytes(response.body))) as archive:
            equal(archive.read("f")[:1], expected, what)

    def mark():
        stat = os.stat(path)
        return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns

    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 4096) as mapped:
        mapped[0:1] = b"B"
        fetch("a fresh file", b"B")
        mapped[0:1] = b"C"
        fetch("a fresh file that was changed", b"C")
        while True:
            wait_until_settled(path)
            before = mark()
            fetch("an old file", b"C")
            mapped[0:1] = b"D"
            # The kernel may have written the page out, and notice this time.
            fetch("an old file that was changed", b"D")
            if mark() == before:
                break
            mapped[0:1] = b"C"
    daemon.wait_log('error "f": content changed without its times')
    fetch("the file as it stays", b"D")



def members_open(case, daemon):
    """The names of files below the root that the worker has open."""
    return {name for name in open_files(daemon.worker)
            if name.startswith(f"{case.root}/")}


def check_broken(case, change, reason):
    """Changes a member that is not sent yet; the client must see it."""
    case.store("a", 8 * MIB)
    case.store("b", 8 * MIB)
    daemon = case.start()
    connection, response = daemon.begin("/", **ARCHIVE)
    connection.receive_bytes(response, 1)
    wait_idle(daemon.worker)
    change(case.root / "b")
    connection.receive(response)
    true(response.broken, f"{response!r} looks complete")
    line = daemon.wait_access(path="/", end="aborted")
    found(reason, line["reason"], "reason")
    daemon.wait_log(rf' error \S+: {reason}.*: "b" in "')
    true(not members_open(case, daemon), "a file is still open")


@test
def a_member_that_vanishes_breaks_the_archive(case):
    check_broken(case, os.unlink, "No such file")


@test
def a_member_that_is_written_to_breaks_the_archive(case):
    check_broken(case, lambda path: path.write_bytes(b"new"), "file was changed")


@test
def a_member_that_is_replaced_breaks_the_archive(case):
    def replace(path):
        os.rename(path, case.dir / "old")
        path.write_bytes((case.dir / "old").read_bytes())
        os.utime(path, ns=(1, os.stat(case.dir / "old").st_mtime_ns + 1))
    check_broken(case, replace, "file was changed")


@test
def empty_members_are_sent_as_they_were_found(case):
    case.store("a", 8 * MIB)
    case.store("b", 0)
    (case.root / "c").mkdir()
    daemon = case.start()
    connection, response = daemon.begin("/", **ARCHIVE)
    connection.receive_bytes(response, 1)
    wait_idle(daemon.worker)
    (case.root / "b").write_bytes(b"it has grown")
    (case.root / "c").rmdir()
    connection.receive(response)
    equal(names_in(response), ["a", "b", "c/"], "names")


@test
def a_client_that_leaves_leaves_nothing_behind(case):
    store_tree(case)
    for name in range(3):
        case.store(f"large-{name}", 16 * MIB)
    daemon = case.start()
    check_response(daemon.fetch("/a/", **ARCHIVE), 200)
    before = descriptors(daemon.worker)
    etag = daemon.fetch("/", "HEAD", **ARCHIVE)
    size = int(etag.header("Content-Length"))
    for extra in ({}, {"HTTP_RANGE": "bytes=3000000-"},
                  {"HTTP_RANGE": "bytes=-100"}, {"STREAM_FORMAT": "tar"},
                  {"HTTP_RANGE": f"bytes=0-9,{size - 9000}-{size}"}):
        for received in (0, 1, 100_000):
            connection, response = daemon.begin("/", **extra, **ARCHIVE)
            if received:
                connection.receive_bytes(response, min(received, 100))
            connection.close()
    wait_until(lambda: descriptors(daemon.worker) == before,
               "all is closed again")
    names_in(daemon.fetch("/", **ARCHIVE))


@test
def one_file_is_open_at_a_time(case):
    for number in range(20):
        case.store(f"file-{number}", MIB)
    daemon = case.start()
    connection, response = daemon.begin("/", **ARCHIVE)
    for received in range(MIB // 2, 20 * MIB, MIB):
        connection.receive_bytes(response, received)
        wait_idle(daemon.worker)
        names = members_open(case, daemon)
        true(len(names) <= 1, f"open at {received}: {names}")
    connection.receive(response)
    equal(len(names_in(response)), 20, "members")



if __name__ == "__main__":
    main()
