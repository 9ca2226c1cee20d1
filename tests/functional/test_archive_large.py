#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action archive: many and large members, many clients, real clients."""

import os
import random
import zipfile

from support import fastcgi
from support.archives import (ARCHIVE, check_zip, check_zip_tools, names_in,
                      store_tree, store_tree_in)
from support.harness import (GIB, GROWTH, MIB, check_response, equal, main,
                     open_files, peak_memory, run_tool, test, true,
                     wait_until)
from support.nginx import curl, start_both
from support.responses import check_error

# --- many and large ----------------------------------------------------------

def make_many(case, count, size):
    """A folder of so many sparse files of this size."""
    folder = case.root / "many"
    folder.mkdir()
    for number in range(count):
        path = folder / f"a-name-of-usual-length-{number:06}"
        # Links are quickly made, but there may be no more than 65,000 of one.
        if number % 50_000:
            os.link(first, path)
            continue
        first = path
        first.touch()
        os.truncate(first, size)


@test(timeout=120)
def more_members_than_16_bits_can_count(case):
    make_many(case, 70_000, 0)
    (case.root / "many" / "b").write_bytes(b"x")
    response = case.start().fetch("/many/", **ARCHIVE)
    equal(len(names_in(response)), 70_001, "number of members")
    path = case.dir / "many.zip"
    path.write_bytes(response.body)
    check_zip_tools(path)


@test(timeout=300)
def as_many_members_as_the_limit_allows_take_bounded_memory(case):
    make_many(case, 100_000, MIB)
    daemon = case.start("--buffer-memory=16M")
    head = daemon.fetch("/many/", "HEAD", **ARCHIVE)
    size = int(head.header("Content-Length"))
    true(size > 100_000 << 20, f"{size} bytes")
    # The last of the members' bytes, and the end: they need no CRC-32.
    response = daemon.fetch("/many/", HTTP_RANGE="bytes=-98", **ARCHIVE)
    check_response(response, 206)
    equal(bytes(response.body[:4]), b"PK\6\6", "end of the directory")
    equal(int.from_bytes(response.body[24:32], "little"), 100_000, "count")
    at = int.from_bytes(response.body[48:56], "little")
    response = daemon.fetch(
        "/many/", HTTP_RANGE=f"bytes={at - 200_000}-{at - 1}", **ARCHIVE)
    check_response(response, 206)
    equal(bytes(response.body[-16:-12]), b"PK\7\x08", "the last descriptor")
    # A worker holds as many as --member-memory is for.
    started = []
    for _ in range(2):
        connection, response = daemon.begin("/many/", **ARCHIVE)
        connection.receive_bytes(response, 1)
        started.append(connection)
    while len(started) < 10:
        connection, response = daemon.begin("/many/", **ARCHIVE)
        connection.receive_bytes(response, 1)
        if response.status == 503:
            break
        started.append(connection)
    true(len(started) < 10, "ten archives of 100,000 files in 64 MiB")
    for connection in started:
        connection.close()
    daemon.wait_access(count=len(started), end="aborted")
    check_response(daemon.fetch("/many/", "HEAD", **ARCHIVE), 200)
    # One more is one too many.
    (case.root / "many" / "b").touch()
    check_error(daemon.fetch("/many/", **ARCHIVE), 403, what="100,001")
    peak = peak_memory(daemon.worker)
    true(peak < 384 * MIB * GROWTH, f"{peak} bytes of memory")


@test(timeout=120)
def clients_that_leave_in_mid_search_give_their_turn_back(case):
    make_many(case, 40_000, 0)
    case.store("small", 10)
    daemon = case.start()
    folder = str(case.root / "many")
    for _ in range(20):
        connection, _ = daemon.begin("/many/", **ARCHIVE)
        wait_until(lambda: folder in open_files(daemon.worker)
                   or connection.waiting(), "it is searched")
        connection.close()
    for _ in range(20):
        check_error(daemon.fetch("/", "POST", b"none\n", **ARCHIVE), 404)
    equal(names_in(daemon.fetch("/", QUERY_STRING="f=small", **ARCHIVE)),
          ["small"], "names")
    true(len(daemon.access(path="/many/", end="aborted")) > 16,
         "too few left in time")


@test
def the_layout_takes_memory_as_well(case):
    """The list of these files has room, but not with their layout."""
    make_many(case, 8_100, 0)
    daemon = case.start("--member-memory=1M")
    check_error(daemon.fetch("/many/", **ARCHIVE), 503)
    daemon.wait_log("--member-memory is used up")
    query = "&".join(f"f=a-name-of-usual-length-{number:06}"
                     for number in range(900))
    equal(len(names_in(daemon.fetch("/many/", QUERY_STRING=query,
                                    **ARCHIVE))), 900, "members")


FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded", **ARCHIVE}


@test
def the_bodies_of_posts_take_memory_while_they_come(case):
    case.store("large", 8 * MIB)
    daemon = case.start("--member-memory=1M")
    body = b"f=large&" + b"x" * 700_000
    params = daemon.params("/", "POST", CONTENT_LENGTH=str(len(body)), **FORM)
    # Who sends nothing has said how much it will be.
    waiting = daemon.connect()
    waiting.send(fastcgi.head(params))
    wait_until(lambda: daemon.fetch("/", "POST", body, CONTENT_LENGTH=str(
        len(body)), **FORM).status == 503, "there is no room for a second one")
    daemon.wait_log("--member-memory is used up")
    equal(names_in(daemon.fetch("/", QUERY_STRING="f=large", **ARCHIVE)),
          ["large"], "what a query gets")
    waiting.close()
    daemon.wait_access(method="POST", status=0)
    # A body that was read takes none, however long the download takes.
    slow = daemon.connect()
    slow.send(fastcgi.request(params, body=body))
    slow.receive_bytes(fastcgi.Response(keep_body=False), 1)
    response = daemon.fetch("/", "POST", body, CONTENT_LENGTH=str(len(body)),
                            **FORM)
    equal(names_in(response), ["large"], "what a second one gets")
    # Without a length it may be as long as a list can be.
    check_error(daemon.fetch("/", "POST", b"f=large", **FORM), 503)


def send_sparse(daemon, path, to, **extra):
    """Fetches into a file with holes: the number of bytes."""
    with daemon.connect() as connection, open(to, "wb") as out:
        connection.send(fastcgi.request(daemon.params(path, **extra)))
        response = fastcgi.Response()
        while not response.over:
            connection.receive(response, until=lambda: response.over or
                               len(response.body) > 16 * MIB)
            if response.body.count(0) < len(response.body):
                out.write(response.body)
            else:
                out.seek(len(response.body), os.SEEK_CUR)
            response.body.clear()
        out.truncate()
    check_response(response, 200)
    return response.length


@test(timeout=300)
def a_member_above_4_gib_and_one_after_it(case):
    size = 4 * GIB + 5
    with open(case.root / "large", "wb") as out:
        out.truncate(size)
        out.seek(size - 3)
        out.write(b"end")
    case.store("last", 100)
    daemon = case.start("--buffer-memory=16M")
    path = case.dir / "large.zip"
    length = send_sparse(daemon, "/", path, **ARCHIVE)
    true(length > size, f"{length} bytes")
    with zipfile.ZipFile(path) as archive:
        equal([(info.filename, info.file_size, info.header_offset > size)
               for info in archive.infolist()],
              [("large", size, False), ("last", 100, True)], "members")
        equal(len(archive.read("last")), 100, "the last member")
    check_zip_tools(path)
    with open(path, "rb") as whole:
        for offset in (size - 10, size + 20, length - 150, length - 90):
            response = daemon.fetch("/", HTTP_RANGE=f"bytes={offset}-",
                                    **ARCHIVE)
            whole.seek(offset)
            check_response(response, 206, whole.read())
    os.unlink(path)
    peak = peak_memory(daemon.worker)
    true(peak < 64 * MIB * GROWTH, f"{peak} bytes of memory")


@test
def a_tree_of_100_gib_is_measured_and_resumed(case):
    for number in range(10):
        with open(case.root / f"{number}", "wb") as out:
            out.truncate(10 * GIB)
            out.seek(10 * GIB - 4)
            out.write(b"end.")
    daemon = case.start("--buffer-memory=16M")
    for extra in ({}, {"STREAM_FORMAT": "tar"}):
        head = daemon.fetch("/", "HEAD", **extra, **ARCHIVE)
        size = int(head.header("Content-Length"))
        true(size > 100 * GIB, f"{size} bytes")
    # Of tar: the last member and the end.
    response = daemon.fetch("/", HTTP_RANGE=f"bytes={size - 1028}-",
                            STREAM_FORMAT="tar", **ARCHIVE)
    check_response(response, 206, b"end." + bytes(1024))
    # Of zip: a part of a member, and the very end, need no CRC-32.
    response = daemon.fetch("/", HTTP_RANGE=f"bytes={60 * GIB}-{61 * GIB}",
                            keep_body=False, **ARCHIVE)
    check_response(response, 206)
    response = daemon.fetch("/", HTTP_RANGE="bytes=-98", **ARCHIVE)
    equal(bytes(response.body[:4]), b"PK\6\6", "the end")
    # One that needs it can be left again.
    connection, response = daemon.begin("/", HTTP_RANGE="bytes=-200",
                                        **ARCHIVE)
    wait_until(lambda: any(name.startswith(f"{case.root}/")
                           for name in open_files(daemon.worker)),
               "a member is read")
    connection.close()
    daemon.wait_access(end="aborted")
    peak = peak_memory(daemon.worker)
    true(peak < 64 * MIB * GROWTH, f"{peak} bytes of memory")


@test(timeout=120)
def a_thousand_archives_at_once(case):
    tree = store_tree(case, odd=False)
    daemon = case.start("--buffer-memory=16M", workers=2)
    started = [daemon.begin("/", **ARCHIVE) for _ in range(1000)]
    bodies = set()
    for connection, response in started:
        connection.receive(response)
        check_response(response, 200)
        bodies.add(bytes(response.body))
        connection.close()
    equal(len(bodies), 1, "different archives")
    check_zip(bodies.pop(), tree, case.root)
    for pid in daemon.workers():
        true(peak_memory(pid) < 128 * MIB * GROWTH, "memory of a worker")


# --- real clients, through nginx ---------------------------------------------

def start_with_tree(case, **params):
    """A daemon, an nginx, an archive's address and its bytes."""
    store_tree_in(case, "tree")
    case.store("tree/video", 30 * MIB)
    daemon, nginx = start_both(
        case, params={"STREAM_ACTION": "archive", **params})
    whole = daemon.fetch("/tree/", **ARCHIVE, **params)
    check_response(whole, 200)
    return daemon, nginx, bytes(whole.body)


@test
def curl_goes_on_with_an_archive(case):
    _, nginx, whole = start_with_tree(case)
    path = case.dir / "got.zip"
    chosen = random.Random(3)
    for offset in [chosen.randrange(len(whole)) for _ in range(10)]:
        path.write_bytes(whole[:offset])
        curl("--fail", "-C", "-", "-o", path, nginx.url("tree/"))
        true(path.read_bytes() == whole, f"resumed by curl at {offset}")
    check_zip_tools(path)


@test
def wget_and_aria2_fetch_an_archive_in_parts(case):
    _, nginx, whole = start_with_tree(case)
    path = case.dir / "tree.zip"
    path.write_bytes(whole[:12_345_678])
    run_tool("wget", "-q", "-c", "-O", path, nginx.url("tree/"))
    true(path.read_bytes() == whole, "resumed by wget")
    run_tool("aria2c", "-q", "-x8", "-s8", "-k1M", "-d", case.dir, "-o",
             "aria.zip", nginx.url("tree/"))
    true((case.dir / "aria.zip").read_bytes() == whole, "fetched by aria2c")


@test
def curl_posts_a_list_through_nginx(case):
    _, nginx, _ = start_with_tree(case)
    path = case.dir / "got.zip"
    for words in (["-H", "Content-Type: text/plain", "--data-binary",
                   "a/one\nempty\n"],
                  ["--data-urlencode", "f=a/one", "-d", "f=empty"],
                  ["-H", "Content-Type: application/json", "--data",
                   '["a/one", "empty"]']):
        curl("--fail", "-o", path, *words, nginx.url("tree/"))
        with zipfile.ZipFile(path) as archive:
            equal(archive.namelist(), ["a/one", "empty"], words)
    curl("--fail", "-OJ", "--output-dir", case.dir, nginx.url("tree/a/"))
    with zipfile.ZipFile(case.dir / "a.zip") as archive:
        equal(len(archive.namelist()), 4, "members of a.zip")


if __name__ == "__main__":
    main()
