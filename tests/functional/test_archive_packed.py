#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action archive: forms that are compressed while they are sent."""

import gzip
import os

from support.archives import (ARCHIVE, check_bsdtar_pipe, check_names, check_tar,
                      check_zip_tools, check_unpacked, names_in, read_tree,
                      store_tree, store_tree_in, zip_name)
from support.harness import (GIB, GROWTH, MIB, check_response, cpu_seconds,
                     descriptors, equal, found, main, peak_memory,
                     run_tool, test, true, wait_idle, wait_until)
from support.nginx import curl, start_both
from support.responses import check_error

GZ, ZST, DEFLATE = ({**ARCHIVE, "STREAM_FORMAT": form}
                    for form in ("tar.gz", "tar.zst", "zip-deflate"))
FORMS = (GZ, ZST, DEFLATE)


def fetch_packed(daemon, path, extra, **more):
    """Fetches an archive; fails unless its head is that of a packed one."""
    response = daemon.fetch(path, **more, **extra)
    check_response(response, 200)
    equal(response.header("Content-Length"), None, "Content-Length")
    equal(response.header("Accept-Ranges"), "none", "Accept-Ranges")
    equal(response.header("ETag"), None, "ETag")
    return bytes(response.body)


@test
def a_tree_is_a_tar_gz(case):
    tree = store_tree(case)
    daemon = case.start()
    data = fetch_packed(daemon, "/", GZ)
    check_tar(gzip.decompress(data), tree, case.root)
    check_bsdtar_pipe(case, data, tree, "bsdtar")
    equal(fetch_packed(daemon, "/", GZ), data, "the same tree once more")
    plain = daemon.fetch("/", STREAM_FORMAT="tar", **ARCHIVE)
    true(gzip.decompress(data) == plain.body, "not the bytes of tar")


@test
def a_tree_is_a_tar_zst(case):
    tree = store_tree(case)
    data = fetch_packed(case.start(), "/", ZST)
    check_bsdtar_pipe(case, data, tree, "bsdtar")


@test
def a_tree_is_a_deflated_zip(case):
    tree = store_tree(case)
    case.store("text", b"all the same " * 100_000)
    tree["text"] = b"all the same " * 100_000
    data = fetch_packed(case.start(), "/", DEFLATE)
    in_zip = {zip_name(name): content for name, content in tree.items()}
    check_bsdtar_pipe(case, data, in_zip, "bsdtar")
    path = case.dir / "tree.zip"
    path.write_bytes(data)
    check_zip_tools(path)
    for tool in (["unzip", "-qq", path, "-d", case.dir / "unzip"],
                 ["7z", "x", path, f"-o{case.dir / '7z'}"]):
        run_tool(*tool)
        check_unpacked(case.dir / tool[0], in_zip, tool[0])
    true(len(data) < sum(len(content or b"") for content in tree.values())
         - 1_200_000, "the text is not compressed")


@test(timeout=120)
def a_deflated_zip_of_many_members_is_complete(case):
    """Its directory is longer than all that may wait for the client."""
    folder = case.root / "many"
    folder.mkdir()
    (folder / "0").write_bytes(b"x")
    names = [f"{number:06}-{'n' * 230}" for number in range(32_000)]
    for name in names:
        os.link(folder / "0", folder / name)
    daemon = case.start()
    response = daemon.fetch("/many/", **DEFLATE)
    equal(names_in(response), ["0", *names], "names")
    at = int.from_bytes(response.body[-6:-2], "little")
    true(response.length - at > 8 * MIB, f"directory at {at}")
    before = descriptors(daemon.worker)
    connection, response = daemon.begin("/many/", **DEFLATE)
    connection.receive_bytes(response, at + 100_000)
    connection.close()
    wait_until(lambda: descriptors(daemon.worker) <= before, "all is closed")
    daemon.wait_access(path="/many/", end="aborted")


@test
def packed_archives_of_nothing_and_of_lists(case):
    (case.root / "none").mkdir()
    tree = store_tree(case, odd=False)
    daemon = case.start()
    equal(gzip.decompress(fetch_packed(daemon, "/none/", GZ)), bytes(1024),
          "tar of nothing")
    response = daemon.fetch("/none/", **DEFLATE)
    equal(names_in(response), [], "zip of nothing")
    query = "f=a/one&format=zip-deflate&f=empty&f=a/one"
    response = daemon.fetch("/", QUERY_STRING=query, **ARCHIVE)
    equal(names_in(response), ["a/one", "empty"], "zip of a list")
    response = daemon.fetch("/", "POST", b"a\nempty\n", **ZST)
    check_response(response, 200)
    check_bsdtar_pipe(case, response.body, {
        name: content for name, content in tree.items()
        if name in ("a", "empty") or name.startswith("a/")}, "bsdtar")
    for extra, suffix, kind in ((GZ, "tar.gz", "gzip"),
                                (ZST, "tar.zst", "zstd"),
                                (DEFLATE, "zip", "zip")):
        response = daemon.fetch("/a/", "HEAD", **extra)
        check_response(response, 200, b"")
        equal(response.header("Content-Type"), f"application/{kind}", "type")
        equal(response.header("Content-Disposition"),
              f'attachment; filename="a.{suffix}"', "Content-Disposition")
        response = daemon.fetch("/a/", HTTP_RANGE="bytes=0-9", **extra)
        check_response(response, 200, what="a range of a packed archive")
    check_error(daemon.fetch("/a/", STREAM_EXPIRES="x", **GZ), 500)


@test
def a_client_that_reads_nothing_stops_the_compressor(case):
    case.store("large", 256 * MIB)
    daemon = case.start()
    for extra in FORMS:
        connection, response = daemon.begin("/", **extra)
        connection.receive_bytes(response, 1)
        wait_idle(daemon.worker)
        used = cpu_seconds(daemon.worker)
        connection.receive_bytes(response, 20 * MIB)
        true(cpu_seconds(daemon.worker) > used, "it did not go on")
        connection.close()
    daemon.wait_access(count=3, end="aborted")
    true(peak_memory(daemon.worker) < 128 * MIB * GROWTH, "memory")


@test
def clients_that_leave_a_packed_archive_leave_nothing(case):
    store_tree(case, odd=False)
    case.store("large", 32 * MIB)
    daemon = case.start()
    fetch_packed(daemon, "/a/", GZ)
    before = descriptors(daemon.worker)
    for extra in FORMS:
        for received in (0, 1, 100_000, 4_000_000):
            connection, response = daemon.begin("/", **extra)
            if received:
                connection.receive_bytes(response, received)
            connection.close()
    wait_until(lambda: descriptors(daemon.worker) == before,
               "all is closed again")
    for extra in FORMS:
        fetch_packed(daemon, "/a/", extra)


@test
def a_member_that_vanishes_breaks_a_packed_archive(case):
    for extra in FORMS:
        case.store("a", 16 * MIB)
        case.store("b", MIB)
        daemon = case.start()
        connection, response = daemon.begin("/", **extra)
        connection.receive_bytes(response, 1)
        wait_idle(daemon.worker)
        os.unlink(case.root / "b")
        connection.receive(response)
        true(response.broken, f"{response!r} looks complete")
        line = daemon.wait_access(path="/", end="aborted")
        found("No such file", line["reason"], "reason")
        daemon.wait_log(r' error \S+: No such file[^:]*: "b" in "')


def begin_slowly(daemon, extra):
    """A client that takes a byte of an archive, and no more for now."""
    connection, response = daemon.begin("/", **extra)
    connection.receive_bytes(response, 1)
    return connection, response


@test
def slow_clients_hold_no_turn_of_the_compressors(case):
    case.store("large", 4 * MIB)
    daemon = case.start()
    slow = [begin_slowly(daemon, GZ) for _ in range(40)]
    body = fetch_packed(daemon, "/", GZ)
    for connection, response in slow[::8]:
        connection.receive(response)
        check_response(response, 200, body)


@test
def compressors_take_a_share_of_the_memory(case):
    case.store("large", 64 * MIB)
    daemon = case.start("--member-memory=16M")
    for extra, most in ((ZST, 2), (GZ, 12), (DEFLATE, 12)):
        started = [begin_slowly(daemon, extra) for _ in range(most)]
        response = daemon.fetch("/", **extra)
        check_error(response, 503, what="one compressor more")
        equal(response.header("Retry-After"), "1", "Retry-After")
        daemon.wait_log("--member-memory is used up")
        # Half of it is for all others.
        check_response(daemon.fetch("/", keep_body=False, **ARCHIVE), 200)
        for connection, _ in started:
            connection.close()
        wait_until(lambda: daemon.fetch("/", keep_body=False,
                                        **extra).status == 200,
                   "there is room again")
    true(peak_memory(daemon.worker) < 96 * MIB * GROWTH,
         f"{peak_memory(daemon.worker)} bytes of memory")


@test
def many_compress_at_once(case):
    case.store("large", MIB)
    daemon = case.start()
    bodies = {}
    started = [(number % 3, *daemon.begin("/", **FORMS[number % 3]))
               for number in range(18)]
    for form, connection, response in started:
        connection.receive(response)
        check_response(response, 200)
        equal(bodies.setdefault(form, response.body), response.body, "body")


@test
def a_stop_breaks_off_archives_in_any_state(case):
    case.store("a", 32 * MIB)
    with open(case.root / "b", "wb") as out:
        out.truncate(200 * GIB)
    daemon = case.start("--drain-timeout=0s")
    plain = [{}, {"HTTP_RANGE": "bytes=-100"}, {"STREAM_FORMAT": "tar"}]
    started = [daemon.begin("/", **{**ARCHIVE, **extra})
               for extra in [*plain, *FORMS] * 4]
    for number, (connection, response) in enumerate(started[:12]):
        if number % 6 != 1:
            connection.receive_bytes(response, 1)
    daemon.stop()
    for connection, response in started:
        connection.receive(response)
        true(response.broken, f"{response!r} looks complete")


@test(timeout=120)
def a_large_sparse_tree_takes_bounded_memory(case):
    with open(case.root / "sparse", "wb") as out:
        out.truncate(GIB)
    daemon = case.start("--buffer-memory=16M")
    response = daemon.fetch("/", keep_body=False, **ZST)
    check_response(response, 200)
    true(peak_memory(daemon.worker) < 64 * MIB * GROWTH,
         f"{peak_memory(daemon.worker)} bytes of memory")


@test
def packed_archives_pass_through_nginx(case):
    tree = store_tree_in(case, "tree")
    _, nginx = start_both(case, params={"STREAM_ACTION": "archive"})
    path, folder = case.dir / "got", case.dir / "folder"
    for form in ("tar.gz", "tar.zst", "zip-deflate"):
        curl("--fail", "-o", path, nginx.url("tree/") + f"?format={form}")
        folder.mkdir()
        run_tool("bsdtar", "-xf", path, "-C", folder)
        check_names(read_tree(folder), [
            zip_name(name) if form == "zip-deflate" else name
            for name in tree], form)
        run_tool("rm", "-rf", folder)


if __name__ == "__main__":
    main()
