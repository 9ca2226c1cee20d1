#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Actions in shared objects that send, or open, files and descriptors."""

import os

from support.harness import (KIB, MIB, check_file, check_response, equal, main,
                     test, true, wait_until)
from support.modules import ask, check, start_ways


# --- files and descriptors ---------------------------------------------------

@test
def a_file_is_sent_as_by_the_action_file(case):
    stored = case.store("a.txt", 300 * KIB + 7)
    (case.root / "folder").mkdir()
    (case.dir / "outside").write_bytes(b"outside")
    (case.root / "out").symlink_to(case.dir / "outside")
    daemon = start_ways(case)
    name = {"STREAM_WAYS_FILE": "/a.txt"}
    response = ask(daemon, "/file", **name)
    check_file(response, stored)
    equal(response.header("Content-Type"), "text/plain", "Content-Type")
    equal(response.header("X-Way"), "file", "the action's field")
    etag = daemon.fetch("/a.txt").header("ETag")
    equal(response.header("ETag"), etag, "ETag")
    check_response(ask(daemon, "/file", HTTP_RANGE="bytes=5-9", **name), 206,
                   stored.piece(5, 5))
    check_response(ask(daemon, "/file", HTTP_IF_NONE_MATCH=etag, **name), 304)
    response = ask(daemon, "/file", "HEAD", **name)
    equal(response.header("Content-Length"), str(stored.size), "of a HEAD")
    response = ask(daemon, "/file", query="code=404", **name,
                   HTTP_RANGE="bytes=5-9")
    check_response(response, 404, stored.content())
    for path, status in (("/none", 404), ("/out", 403), ("/../a", 404),
                         ("/folder", 404), (None, 404)):
        response = ask(daemon, "/file", STREAM_WAYS_FILE=path)
        true(response.status in (status, 403), f"{path}: {response!r}")


@test
def the_log_names_the_file_that_an_action_sends(case):
    (case.root / "folder").mkdir()
    daemon = start_ways(case)
    for name, status in (("/none", 404), ("/folder", 404), ("/.dot", 404)):
        for path in ("/file", "/opened?send"):
            path, _, query = path.partition("?")
            response = ask(daemon, path, query=query, STREAM_WAYS_FILE=name)
            check_response(response, status, what=f"{path} {name}")
            daemon.wait_log(f': "{name}" in "{path}" beneath "{case.root}"')
    stored = case.store("changes", 8 * MIB)
    connection, response = daemon.begin(
        "/file", STREAM_ACTION="ways", STREAM_WAYS_FILE="/changes")
    connection.receive(response, until=lambda: response.head)
    stored.path.write_bytes(b"another")
    connection.receive(response)
    true(response.broken, f"{response!r}")
    daemon.wait_log(': "/changes" in "/file"')


@test
def an_action_opens_what_the_built_in_ones_may(case):
    (case.root / "hello").write_bytes(b"hello")
    (case.root / "second").write_bytes(b"second")
    (case.root / "folder").mkdir()
    (case.root / ".dot").write_bytes(b"hidden")
    (case.dir / "outside").write_bytes(b"outside")
    (case.root / "out").symlink_to(case.dir / "outside")
    (case.root / "up").symlink_to("../outside")
    (case.root / "in").symlink_to("hello")
    os.mkfifo(case.root / "fifo")
    daemon = start_ways(case)

    def opened(name, query="", **extra):
        return ask(daemon, "/opened", query=query, STREAM_WAYS_FILE=name,
                   **extra)
    check(opened("/hello"), b"5 100000: hello", Content_Length="15")
    check(opened("/in"), b"5 100000: hello")
    check(opened("/none", "twice"), b"6 100000: second")
    check(opened("/.dot", STREAM_DOTFILES="allow"), b"6 100000: hidden")
    check(opened("/fifo"), b"0 10000: ")
    true(opened("/folder").body.endswith(b" 40000: "), "a folder")
    # The status is that of a built-in action for the same name.
    for name in ("/none", "/.dot", "/out", "/up", "/../outside", "/hello/x",
                 "/" + "a" * 300):
        for query in ("", "send"):
            usual = daemon.fetch(name).status
            check_response(opened(name, query), usual, what=name)
    for folder in (str(case.dir), "/", "/etc"):
        response = opened("/hello", DOCUMENT_ROOT=folder)
        check_response(response, 403, what=f"DOCUMENT_ROOT={folder}")
    daemon.wait_log("not at or beneath a --root", count=3)
    response = opened("/hello", "send", HTTP_RANGE="bytes=1-2")
    check_response(response, 206, b"el")
    # Without a name: what is at the request's path.
    check_response(ask(daemon, "/opened", query="send"), 404)


@test
def a_root_that_is_gone_is_the_same_to_an_action(case):
    (case.root / "hello").write_bytes(b"hello")
    daemon = start_ways(case)
    os.rename(case.root, case.dir / "away")
    case.defer(os.rename, case.dir / "away", case.root)
    wait_until(lambda: daemon.fetch("/hello").status == 503, "503")
    for path in ("/opened", "/file"):
        check_response(ask(daemon, path, STREAM_WAYS_FILE="/hello"), 503,
                       what=path)


@test
def nothing_stays_open_of_what_an_action_opened(case):
    (case.root / "hello").write_bytes(b"hello")
    daemon = start_ways(case)
    folder = f"/proc/{daemon.worker}/fd"
    ask(daemon, "/opened", STREAM_WAYS_FILE="/hello")
    before = len(os.listdir(folder))
    for _ in range(50):
        connection, _ = daemon.begin("/opened", STREAM_ACTION="ways",
                                     STREAM_WAYS_FILE="/hello")
        connection.close()
    wait_until(lambda: len(daemon.access()) == 51, "all requests are over")
    wait_until(lambda: len(os.listdir(folder)) <= before,
               "all descriptors are closed")


@test
def a_pipe_is_sent_to_its_end(case):
    daemon = start_ways(case)
    check(ask(daemon, "/pipe"), b"through a pipe", Content_Length=None)
    check(ask(daemon, "/pipe", "HEAD"), b"")
    daemon.wait_access(count=2, status=200, end="complete")


@test
def a_descriptor_of_a_regular_file_is_read_like_a_file(case):
    stored = case.store("big", 3 * MIB + 5)
    daemon = start_ways(case)
    name = {"STREAM_WAYS_FILE": str(stored.path)}
    check_file(ask(daemon, "/fd", **name), stored)
    response = ask(daemon, "/fd", HTTP_RANGE="bytes=1048570-1048579", **name)
    check_response(response, 206, stored.piece(1048570, 10))
    equal(response.header("Content-Type"), "text/x-fd", "Content-Type")
    for path, status in ((str(case.dir), 404), ("/none/at/all", 500),
                         ("/dev/null", 500)):
        response = ask(daemon, "/fd", STREAM_WAYS_FILE=path)
        check_response(response, status, what=path)
    for chunk in (0, MIB + 1):
        response = ask(daemon, "/fd", query=f"chunk={chunk}", **name)
        check_response(response, 500, what=f"{chunk=}")
    check_file(ask(daemon, "/fd", query=f"chunk={MIB}", **name), stored)
    wait_until(lambda: not [
        name for name in os.listdir(f"/proc/{daemon.worker}/fd")
        if os.path.exists(f"/proc/{daemon.worker}/fd/{name}") and
        os.readlink(f"/proc/{daemon.worker}/fd/{name}") == str(case.dir)],
        "the folder's descriptor is closed")


@test
def a_fifo_that_stalls_is_waited_for(case):
    path = case.dir / "fifo"
    os.mkfifo(path)
    daemon = start_ways(case)
    connection, response = daemon.begin(
        "/fd", STREAM_ACTION="ways", STREAM_WAYS_FILE=str(path))
    # Opening it for writing succeeds when the daemon has it open.
    with open(path, "wb", buffering=0) as writer:
        for number in range(5):
            line = b"line %d\n" % number
            writer.write(line)
            connection.receive(
                response, until=lambda text=line: text in response.body)
            true(not response.over, "it ended early")
    connection.receive(response)
    check(response, b"".join(b"line %d\n" % n for n in range(5)))


@test
def a_fifo_whose_client_leaves_is_closed(case):
    path = case.dir / "fifo"
    os.mkfifo(path)
    daemon = start_ways(case)
    connection, _ = daemon.begin(
        "/fd", STREAM_ACTION="ways", STREAM_WAYS_FILE=str(path))
    writer = os.open(path, os.O_WRONLY)
    case.defer(os.close, writer)
    os.write(writer, b"x")
    connection.close()
    daemon.wait_access(end="aborted")

    def nobody_reads():
        try:
            os.write(writer, b"x")
        except BrokenPipeError:
            return True
        return False
    wait_until(nobody_reads, "the reading end is closed")


@test
def a_source_that_fails_breaks_the_connection(case):
    daemon = start_ways(case)
    response = ask(daemon, "/reset")
    true(response.broken and not response.complete, f"{response!r}")
    equal(bytes(response.body), b"begun", "what came before")
    daemon.wait_log(r"Remote I/O error: \"/reset\"")


if __name__ == "__main__":
    main()
