#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action list on disks that are slow or that fail."""

import errno

from support.harness import check_file, check_response, equal, main, test, wait_until
from support.listings import (JSON, LIST, folders_open, json_names, make_files,
                      start_odd)
from support.responses import check_error

# What needs the thread pool to be opened.
DIGEST = {**LIST, "HTTP_WANT_REPR_DIGEST": "sha-256=1"}


@test
def slow_listings_leave_threads_to_others(case):
    names = make_files(case.root / "dir", 20)
    (case.root / "dir" / "gate").touch()
    stored = case.store("file", 1000)
    daemon = start_odd(case, OPEN=case.dir / "open",
                       REACHED=case.dir / "reached")
    clients = [daemon.begin("/dir/", **JSON) for _ in range(100)]
    wait_until(lambda: len(folders_open(daemon, "dir")) == 100,
               "all are under way")
    check_file(daemon.fetch("/file", **DIGEST), stored)
    # Who leaves gives up its place in the line, but for 8 that are at work.
    for connection, _ in clients[::2]:
        connection.close()
    daemon.wait_access(50, path="/dir/", end="aborted")
    wait_until(lambda: len(folders_open(daemon, "dir")) <= 50 + 8,
               "folders are closed")
    (case.dir / "open").touch()
    for connection, response in clients[1::2]:
        connection.receive(response)
        equal(len(json_names(response)), len(names) + 1, "names")
    wait_until(lambda: not folders_open(daemon, "dir"), "all are closed")


@test
def listings_take_turns(case):
    make_files(case.root / "large", 200)
    case.store("small/file", 1)
    daemon = start_odd(case, DELAY="10000")
    clients = [daemon.begin("/large/", **JSON) for _ in range(20)]
    wait_until(lambda: len(folders_open(daemon, "large")) == 20,
               "all are under way")
    equal(json_names(daemon.fetch("/small/", **JSON)), [b"file"], "names")
    # No large one was read to its end before it.
    equal(len(folders_open(daemon, "large")), 20, "folders that are read")
    for connection, response in clients:
        connection.receive(response)
        check_response(response, 200)
        equal(len(json_names(response)), 200, "names")


@test
def no_error_of_a_disk_ends_a_worker(case):
    make_files(case.root / "dir", 50)
    for number in (errno.ENOSPC, errno.EAGAIN, errno.EIO, errno.EUCLEAN):
        for at in (1, 20):
            daemon = start_odd(case, FAIL_AT=at, FAIL_ERRNO=number)
            worker = daemon.worker
            check_error(daemon.fetch("/dir/", **LIST), 500,
                        what=errno.errorcode[number])
            equal(len(json_names(daemon.fetch("/dir/", **JSON))), 50, "names")
            equal(daemon.worker, worker, "the worker")
            equal(folders_open(daemon, "dir"), [], "folders left open")


@test
def one_bad_entry_hides_no_others(case):
    for name in ("a", "bad", "z"):
        case.store(f"dir/{name}", 10)
    for number in (errno.ENOTCONN, errno.EHOSTDOWN, errno.EUCLEAN,
                   errno.EPERM, errno.EOVERFLOW, errno.ENOSPC, errno.ESTALE):
        daemon = start_odd(case, BAD_ERRNO=number)
        equal(json_names(daemon.fetch("/dir/", **JSON)), [b"a", b"z"],
              f"names with {errno.errorcode[number]}")
    for number, status in ((errno.EIO, 500), (errno.EMFILE, 503),
                           (errno.ENFILE, 503), (errno.ENOMEM, 503)):
        daemon = start_odd(case, BAD_ERRNO=number)
        check_error(daemon.fetch("/dir/", **LIST), status,
                    what=errno.errorcode[number])


if __name__ == "__main__":
    main()
