#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action archive: zip with each CRC-32 in front of its file.

FCGI_STREAM_NODE_MODULES  the folder that has unzipper
"""

import mmap
import os
import pathlib
import re
import struct
import subprocess
import zlib

from support.archives import (ARCHIVE, FIRST, check_bsdtar_pipe, check_resumed,
                              check_unpacked, check_zip, check_zip_tools,
                              names_in, store_tree, wait_until_settled,
                              zip_name)
from support.chromium import node_module
from support.harness import (GIB, GROWTH, MIB, SLOWNESS, TOP, Skip,
                             check_response, descriptors, equal, found, main,
                             need, open_files, peak_memory, program, run_tool,
                             test, tool_environment, true, wait_until)
from support.nginx import Nginx
from support.responses import check_error

READERS = TOP / "tests" / "functional" / "readers"
LONG_AGO = 1_600_000_000


# --- the archive -------------------------------------------------------------

def local_headers(data):
    """The local headers in their order, as one who reads a pipe sees them.

    Each is its flags, CRC-32, size and name; the bytes must fit.
    """
    at, headers = 0, []
    while data[at:at + 4] == b"PK\3\4":
        flags, crc, size, length, extra = struct.unpack_from(
            "<6xH6xI4xIHH", data, at)
        start = at + 30 + length + extra
        equal(zlib.crc32(data[start:start + size]), crc, f"CRC at {at}")
        headers.append((flags, crc, size, data[at + 30:at + 30 + length]))
        at = start + size
    equal(data[at:at + 4], b"PK\1\2", "what follows the last file")
    return headers


@test
def every_reader_of_the_whole_archive_can_unpack_it(case):
    tree = store_tree(case)
    response = case.start().fetch("/", **FIRST)
    check_response(response, 200)
    equal(response.header("Content-Length"), str(response.length), "length")
    data = bytes(response.body)
    headers = local_headers(data)
    equal(len(headers), len(tree), "local headers")
    equal([flags & 8 for flags, *_ in headers], [0] * len(tree), "bits 3")
    check_zip(data, tree, case.root)
    path = case.dir / "tree.zip"
    path.write_bytes(data)
    check_zip_tools(path)
    in_zip = {zip_name(name): content for name, content in tree.items()}
    check_bsdtar_pipe(case, data, in_zip, "bsdtar")
    for tool in (["unzip", "-qq", path, "-d", case.dir / "unzip"],
                 ["7z", "x", path, f"-o{case.dir / '7z'}"]):
        run_tool(*tool)
        check_unpacked(case.dir / tool[0], in_zip, tool[0])


def unpack(case, data, *words, **env):
    """Lets a program unpack an archive from a pipe: status and errors."""
    folder = case.dir / "unpacked"
    folder.mkdir()
    done = subprocess.run(
        [*words, folder], input=data, capture_output=True, check=False,
        timeout=50 * SLOWNESS, env={**tool_environment(), **env})
    return folder, done.returncode, done.stderr.decode(errors="replace")


DEFLATE = {**ARCHIVE, "STREAM_FORMAT": "zip-deflate"}


def check_reader(case, words, forms=(FIRST, DEFLATE), refused=(), **env):
    """Fails unless a program unpacks these forms, and no other, from a pipe."""
    tree = store_tree(case, odd=False)
    daemon = case.start()
    for extra in (*forms, *refused):
        response = daemon.fetch("/", **extra)
        folder, status, errors = unpack(case, response.body, *words, **env)
        equal(status != 0, extra in refused, f"{extra} is refused, {errors}")
        if extra not in refused:
            check_unpacked(folder, tree, f"{words[0]} with {extra}")
        run_tool("rm", "-rf", folder)


@test
def java_unpacks_it_from_a_pipe(case):
    need("java", "javac")
    check_reader(case, ["java", READERS / "Unzip.java"], refused=[ARCHIVE])


@test
def busybox_unpacks_it_from_a_pipe(case):
    need("busybox")
    check_reader(case, ["busybox", "unzip", "-q", "-", "-d"], forms=[FIRST],
                 refused=[ARCHIVE, DEFLATE])


@test
def unzipper_unpacks_it_from_a_pipe(case):
    need("node")
    modules = node_module("unzipper").parent
    check_reader(case, ["node", READERS / "unzip.mjs"], refused=[ARCHIVE],
                 FCGI_STREAM_NODE_MODULES=str(modules))


@test(timeout=120)
def it_is_resumed_at_200_offsets(case):
    check_resumed(case, FIRST, 4)


@test
def length_and_tag_depend_on_the_choice_alone(case):
    store_tree(case)
    cold, warm = case.start(), case.start()
    whole = warm.fetch("/", **FIRST)
    check_response(whole, 200)
    last = warm.fetch("/", **ARCHIVE)
    for daemon in (cold, warm):
        for method in ("HEAD", "GET"):
            response = daemon.fetch("/", method, **FIRST)
            for name in ("ETag", "Content-Length"):
                equal(response.header(name), whole.header(name), name)
    true(last.header("ETag") != whole.header("ETag"), "the same tag")
    true(last.length > whole.length, "descriptors have no length")
    # Each is the other's stranger.
    for etag, extra, status in ((last.header("ETag"), FIRST, 200),
                                (whole.header("ETag"), FIRST, 206),
                                (whole.header("ETag"), ARCHIVE, 200)):
        response = cold.fetch("/", HTTP_RANGE="bytes=9-", HTTP_IF_RANGE=etag,
                              **extra)
        equal(response.status, status, f"If-Range {etag} with {extra}")
    equal(warm.fetch("/", **{**FIRST, "STREAM_ZIP_CRC": "last"}).body,
          last.body, "the default")
    for form in ("tar", "tar.gz"):
        response = [warm.fetch("/", STREAM_FORMAT=form, **extra).body
                    for extra in (ARCHIVE, FIRST)]
        true(response[0] == response[1], f"another {form}")


@test(timeout=300)
def members_above_4_gib_have_their_crc_first(case):
    size = 4 * GIB + 5
    with open(case.root / "large", "wb") as out:
        out.truncate(size)
        out.seek(size - 3)
        out.write(b"end")
    case.store("last", 100)
    daemon = case.start()
    head = daemon.fetch("/", "HEAD", **FIRST)
    length = int(head.header("Content-Length"))
    start = daemon.fetch("/", HTTP_RANGE="bytes=0-99", **FIRST)
    check_response(start, 206)
    flags, crc, packed, _, _, extra = struct.unpack_from(
        "<6xH6xIIIHH", start.body)
    equal((flags & 8, packed), (0, 0xffffffff), "flags and size")
    equal(struct.unpack_from("<HHQQ", start.body, 35), (1, 16, size, size),
          "zip64 field")
    at = 30 + 5 + extra + size
    rest = daemon.fetch("/", HTTP_RANGE=f"bytes={at - 3}-", **FIRST)
    check_response(rest, 206)
    equal(bytes(rest.body[:7]), b"endPK\3\4", "what follows the file")
    found(b"PK\1\2", bytes(rest.body), "directory")
    entry = rest.body.index(b"PK\1\2")
    equal(struct.unpack_from("<16xI", rest.body, entry)[0], crc, "CRC-32")
    equal(length, at - 3 + rest.length, "length")
    # 7z compares the one with the other.
    path = case.dir / "large.zip"
    with open(path, "wb") as out:
        out.write(start.body[:30 + 5 + extra])
        out.seek(at - 3)
        out.write(rest.body)
    text = run_tool("7z", "t", path, timeout=300).decode(errors="replace")
    true("Everything is Ok" in text and "Warning" not in text, text)


# --- what is known, and what is read -----------------------------------------

def bytes_read(daemon):
    """How many bytes the worker has read so far, from memory or disk."""
    text = pathlib.Path(f"/proc/{daemon.worker}/io").read_text()
    return int(found(r"rchar: (\d+)", text, "io").group(1))


def read_for(daemon, path="/", **extra):
    """Fetches the first bytes: what was read for them, and their CRC-32."""
    before = bytes_read(daemon)
    response = daemon.fetch(path, HTTP_RANGE="bytes=0-99",
                            **{**FIRST, **extra})
    check_response(response, 206)
    return (bytes_read(daemon) - before,
            struct.unpack_from("<14xI", response.body)[0])


def digest(*words):
    """Stores digests; skips the test where files have no attributes."""
    done = subprocess.run([program(), "digest", *words], text=True,
                          capture_output=True, check=False)
    if "user attributes" in done.stderr:
        raise Skip("no user attributes here")
    equal((done.returncode, done.stderr), (0, ""), "digest")


def set_crc(path, crc):
    """Replaces the CRC-32 in a file's attribute."""
    name = "user.digest.crc32"
    text = os.getxattr(path, name).decode()
    os.setxattr(path, name, f"{crc:08x}{text[8:]}".encode())


@test
def what_digest_stored_is_not_read(case):
    stored = case.store("file", 16 * MIB)
    os.utime(stored.path, (LONG_AGO, LONG_AGO))
    right = zlib.crc32(stored.content())
    options = "--page-cache=always"
    equal(read_for(case.start(options))[0] // MIB, 16, "MiB read without it")
    digest(stored.path)
    daemon = case.start(options)
    number, crc = read_for(daemon)
    true(number < MIB, f"{number} bytes read")
    equal(crc, right, "CRC-32")
    # As well for a range of the other form.
    fresh = case.start(options)
    before = bytes_read(fresh)
    response = fresh.fetch("/", HTTP_RANGE="bytes=-200", **ARCHIVE)
    check_response(response, 206)
    true(bytes_read(fresh) - before < MIB, "it was read for the end")
    check_zip(bytes(fresh.fetch("/", **FIRST).body),
              {"file": stored.content()}, case.root)
    # It is of one version of the content only.
    os.utime(stored.path, (LONG_AGO + 1, LONG_AGO + 1))
    set_crc(stored.path, 1)
    number, crc = read_for(case.start(options))
    true(number > 16 * MIB, f"{number} bytes read of a changed file")
    equal(crc, right, "CRC-32 of a changed file")


@test
def many_stored_ones_are_asked_for_in_batches(case):
    tree = {}
    for number in range(300):
        name = f"file-{number:03}"
        tree[name] = case.store(name, 100 + number).content()
    digest("-r", case.root)
    for name in ("file-007", "file-100", "file-299"):
        os.removexattr(case.root / name, "user.digest.crc32")
    (case.root / "empty").touch()
    (case.root / "folder").mkdir()
    tree.update({"empty": b"", "folder": None})
    daemon = case.start()
    for _ in range(2):
        check_zip(bytes(daemon.fetch("/", **FIRST).body), tree, case.root)


@test
def a_stored_crc_that_is_wrong_makes_no_complete_archive(case):
    stored = case.store("f", 3 * MIB)
    digest(stored.path)
    set_crc(stored.path, 12345)
    wait_until_settled(stored.path)
    daemon = case.start()
    response = daemon.fetch("/", **FIRST)
    true(response.broken, f"{response!r} looks complete")
    daemon.wait_log('error "f": content changed without its times')
    equal(names_in(daemon.fetch("/", **FIRST)), ["f"], "after that")


@test
def content_that_changed_without_its_times_breaks_it_off(case):
    """The same as in test_archive_changes, but the CRC-32 has left already."""
    path = case.root / "f"
    path.write_bytes(b"A" * 4096)
    daemon = case.start()

    def mark():
        stat = os.stat(path)
        return stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns

    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 4096) as mapped:
        while True:
            mapped[0:1] = b"B"
            wait_until_settled(path)
            before = mark()
            check_response(daemon.fetch("/", **FIRST), 200)
            mapped[0:1] = b"C"
            response = daemon.fetch("/", **FIRST)
            # The kernel may have written the page out, and notice the time.
            if mark() == before:
                break
    true(response.broken, f"{response!r} looks complete")
    equal(names_in(daemon.fetch("/", **FIRST)), ["f"], "after that")


# --- while files are read for the head ---------------------------------------

def store_sparse(case, name, size):
    """A file of holes that takes long to sum up."""
    with open(case.root / name, "wb") as out:
        out.truncate(size)


def begin_reading(case, daemon, name, **extra):
    """Begins an archive, and waits until a file is read for its head."""
    connection, response = daemon.begin("/", **{**FIRST, **extra})
    wait_until(lambda: str(case.root / name) in open_files(daemon.worker),
               f"{name} is read")
    return connection, response


@test
def others_are_served_while_files_are_read_for_a_head(case):
    store_sparse(case, "huge", 200 * GIB)
    stored = case.store("small", 100_000)
    daemon = case.start()
    waiting = [begin_reading(case, daemon, "huge") for _ in range(20)]
    for _ in range(20):
        check_response(daemon.fetch("/small"), 200, stored.content())
        equal(daemon.fetch("/", "HEAD", **FIRST).status, 200, "HEAD")
        equal(names_in(daemon.fetch("/", QUERY_STRING="f=small", **FIRST)),
              ["small"], "another archive")
    for connection, response in waiting:
        equal((connection.waiting(), response.over), (0, False), "an answer")
        connection.close()
    daemon.wait_access(count=20, end="aborted")
    wait_until(lambda: str(case.root / "huge")
               not in open_files(daemon.worker), "reading ends")
    true(peak_memory(daemon.worker) < 96 * MIB * GROWTH, "memory")


@test
def clients_that_leave_while_files_are_read_leave_nothing(case):
    store_sparse(case, "huge", 200 * GIB)
    case.store("a", 1000)
    daemon = case.start()
    names_in(daemon.fetch("/", QUERY_STRING="f=a", **FIRST))
    before = descriptors(daemon.worker)
    for extra in ({}, {"HTTP_RANGE": "bytes=3-"}, {"HTTP_RANGE": "bytes=-9"},
                  {"HTTP_RANGE": "bytes=0-3,-200"}):
        for wait in (False, True):
            connection, response = daemon.begin("/", **{**FIRST, **extra})
            if wait and extra.get("HTTP_RANGE") != "bytes=-9":
                wait_until(lambda: str(case.root / "huge")
                           in open_files(daemon.worker), "it is read")
            connection.close()
    wait_until(lambda: descriptors(daemon.worker) == before,
               "all is closed again")
    names_in(daemon.fetch("/", QUERY_STRING="f=a", **FIRST))


@test
def what_was_read_for_one_is_not_read_again(case):
    case.store("file", 64 * MIB)
    daemon = case.start("--page-cache=always")
    wait_until_settled(case.root / "file")
    before = bytes_read(daemon)
    connection, _ = daemon.begin("/", **FIRST)
    wait_until(lambda: bytes_read(daemon) - before > 16 * MIB, "it is read")
    connection.close()
    daemon.wait_access(end="aborted")
    number, _ = read_for(daemon)
    whole = bytes_read(daemon) - before
    true(whole < 80 * MIB, f"{whole} bytes read, {number} of them again")


@test
def what_fails_before_the_head_has_a_status(case):
    store_sparse(case, "huge", 4 * GIB)
    gone = case.store("more", 100)
    daemon = case.start()
    connection, response = begin_reading(case, daemon, "huge")
    gone.path.unlink()
    connection.receive(response)
    check_error(response, 404)
    daemon.wait_log(r'No such file[^:]*: "more" in "/" beneath')


@test
def a_front_that_does_not_wait_so_long_gives_up(case):
    (case.root / "tree").mkdir()
    store_sparse(case, "tree/huge", 200 * GIB)
    daemon = case.start()

    class Impatient(Nginx):
        """Waits a second for a piece of an answer."""

        def configuration(self, backend, params):
            text = super().configuration(backend, params)
            return re.sub("fastcgi_read_timeout .*;",
                          "fastcgi_read_timeout 1s;", text)
    nginx = Impatient(case, daemon, FIRST)
    # It is a 504 that the example shows as 503.
    equal(nginx.ask("/tree/")[0], 503, "status")
    daemon.wait_access(end="aborted")
    equal(nginx.ask("/tree/", "HEAD")[0], 200, "status of HEAD")


if __name__ == "__main__":
    main()
