#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow: files that are renamed, replaced or cut."""

import gzip
import os
import resource
import shutil
import time

from support.follows import (EventFollower, Follower, append, ask, follow,
                     follow_events, replace_atomically, store, wait_watches)
from support.harness import equal, main, test, true, wait_until
from support.users import OtherUser


# --- while it is followed ----------------------------------------------------

@test
def a_rotation_by_rename_loses_nothing(case):
    path = store(case, b"one\n")
    daemon = case.start()
    one, lines = follow(daemon), follow_events(daemon)
    one.expect(b"one\n")
    lines.expect_lines(b"one")
    with open(path, "ab", buffering=0) as old:
        os.rename(path, case.root / "a.log.1")
        append(path, b"new one")
        old.write(b"late\npart")
    one.expect(b"one\nlate\npartnew one\n")
    append(path, b"new two")
    one.expect(b"one\nlate\npartnew one\nnew two\n")
    lines.expect_lines(b"one", b"late", b"part", b"new one", b"new two")
    wait_watches(daemon.worker, 1)
    for number in (2, 3):
        replace_atomically(path, b"file %d\n" % number)
        lines.read_lines(4 + number)
    equal(lines.events.lines[5:], [b"file 2", b"file 3"], "lines")


@test
def a_file_with_another_name_left_is_not_kept(case):
    path = store(case, b"one\n")
    daemon = case.start()
    one = follow(daemon)
    one.expect(b"one\n")
    os.link(path, case.root / "a.log.1")
    replace_atomically(path, b"two\n")
    one.expect(b"one\ntwo\n")
    os.link(path, case.root / "a.log.2")
    os.unlink(path)
    one.expect_end(b"one\ntwo\n")


@test
def two_rotations_at_once_lose_nothing(case):
    path = store(case, b"one\n")
    daemon = case.start()
    params = {"STREAM_ROTATE": "2s"}
    one = Follower(daemon, "/a.log", **params)
    lines = EventFollower(daemon, "/a.log", **params)
    one.expect(b"one\n")
    lines.expect_lines(b"one")
    os.link(path, case.root / "a.log.2")
    replace_atomically(path, b"two\n")
    wait_watches(daemon.worker, 2)
    os.rename(path, case.root / "a.log.1")
    append(path, b"three")
    one.expect(b"one\ntwo\nthree\n")
    lines.expect_lines(b"one", b"two", b"three")


# --- for who comes back ------------------------------------------------------

def ids_of(daemon, count):
    """The ids of the first events of a.log, of a client that left."""
    first = follow_events(daemon)
    ids = first.read_lines(count).ids
    first.close()
    wait_watches(daemon.worker, 0)
    return ids


def rotate(path, name, *lines):
    """Renames a file, and makes a younger one of its name."""
    os.rename(path, path.parent / name)
    # The clock of files is coarse.
    time.sleep(0.02)
    append(path, *lines)


@test
def a_client_finds_its_file_by_any_name(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    last_id = ids_of(daemon, 2)[0]
    append(path, b"three")
    rotate(path, "a.log-20261130", b"new")
    os.chmod(case.root / "a.log-20261130", 0o600)
    before = "a.log-20261130"
    for name in ("a.log-20261130", "a.log.1", "a.log.old", "a.1.log", "other",
                 "ü x"):
        os.rename(case.root / before, case.root / name)
        again = follow_events(daemon, last_id=last_id)
        again.expect_lines(b"two", b"three", b"new")
        true("gap" not in again.events.kinds, f"a gap with {name}")
        before = name
    # Its writer has not noticed yet.
    again = follow_events(daemon, last_id=last_id)
    again.expect_lines(b"two", b"three")
    append(case.root / before, b"late")
    again.expect_lines(b"two", b"three", b"late", b"new")


@test
def a_client_gets_the_files_between(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    ids = ids_of(daemon, 2)
    rotate(path, "a.log-1", b"three")
    rotate(path, "a.log-2", b"four", b"five")
    store(case, b"of another program\n", "a-3.log")
    store(case, b"a copy\n", "a.log-2.bak")
    rotate(path, "a.log-3", b"six")
    for last_id, lines in ((ids[0], [b"two", b"three", b"four", b"five",
                                     b"six"]),
                           (ids[1], [b"three", b"four", b"five", b"six"])):
        again = follow_events(daemon, last_id=last_id)
        again.expect_lines(*lines)
        true("gap" not in again.events.kinds, "a gap")
    # It comes back between these.
    later = follow_events(daemon, last_id=again.events.ids[1])
    later.expect_lines(b"five", b"six")


@test
def what_may_be_missing_is_told(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    last_id = ids_of(daemon, 2)[0]
    rotate(path, "a.log-1", b"three")
    rotate(path, "a.log-2", b"four")
    packed = case.root / "a.log-2.gz"
    with open(case.root / "a.log-2", "rb") as plain, \
            gzip.open(packed, "wb") as out:
        shutil.copyfileobj(plain, out)
    shutil.copystat(case.root / "a.log-2", packed)
    os.unlink(case.root / "a.log-2")
    between = follow_events(daemon, last_id=last_id)
    between.expect_lines(b"between", b"two", b"four")
    equal(between.events.kinds[0], "gap", "type")
    os.unlink(case.root / "a.log-1")
    for wrong, reason in ((last_id, b"gone"), ("0" * 16 + "-4", b"gone"),
                          (between.events.ids[-1] + "00", b"cut"),
                          ("yesterday", b"id")):
        gap = follow_events(daemon, last_id=wrong)
        gap.expect_lines(reason, b"four")
        equal(gap.events.kinds, ["gap", "message"], "types")
        by_query = follow_events(daemon, QUERY_STRING=f"after={wrong}")
        by_query.expect_lines(reason, b"four")
        # The id of the gap is that of the place from which it goes on.
        after = follow_events(daemon, last_id=gap.events.ids[0])
        after.expect_lines(b"four")


@test
def a_file_between_others_that_is_too_much_is_told(case):
    path = store(case, b"one\n")
    daemon = case.start()
    last_id = ids_of(daemon, 1)[0]
    for number in range(10):
        rotate(path, f"a.log.{number:02}", b"%d" % number)
    again = follow_events(daemon, last_id=last_id)
    again.expect_lines(b"between", *(b"%d" % n for n in range(8)), b"9")


@test
def a_client_finds_its_file_among_many(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    last_id = ids_of(daemon, 2)[0]
    for number in range(20000):
        (case.root / f"x{number}").touch()
    append(path, b"three")
    rotate(path, "a.log-20261130", b"new")
    again = follow_events(daemon, last_id=last_id)
    again.expect_lines(b"two", b"three", b"new")
    # By a name of its own it is one of too many to ask: told, not found.
    os.rename(case.root / "a.log-20261130", case.root / "other")
    kinds = follow_events(daemon, last_id=last_id).read_lines(2).kinds
    true(kinds in (["gap", "message"], ["message", "message"]), f"{kinds}")


@test
def a_file_with_another_name_is_found_by_that(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    last_id = ids_of(daemon, 2)[0]
    os.link(path, case.root / "backup")
    replace_atomically(path, b"new\n")
    again = follow_events(daemon, last_id=last_id)
    again.expect_lines(b"two", b"new")


@test
def a_file_in_another_folder_is_not_found(case):
    path = store(case, b"one\n", "sub/a.log")
    daemon = case.start()
    first = EventFollower(daemon, "/sub/a.log", STREAM_ROTATE="200ms")
    last_id = first.read_lines(1).ids[0]
    first.close()
    os.rename(path, case.root / "a.log.1")
    append(path, b"new")
    again = EventFollower(daemon, "/sub/a.log", last_id)
    again.expect_lines(b"gone", b"new")


@test
def a_rotated_file_that_can_not_be_read_is_a_gap(case):
    path = store(case, b"one\ntwo\n")
    if os.geteuid() == 0:  # who may read all files
        daemon = OtherUser(case).launch("--workers=1").wait_ready()
    else:
        daemon = case.start()
    last_id = ids_of(daemon, 2)[0]
    rotate(path, "a.log.1", b"new")
    os.chmod(case.root / "a.log.1", 0)
    follow_events(daemon, last_id=last_id).expect_lines(b"gone", b"new")


@test
def a_client_that_comes_back_after_a_rotation_gets_the_rest(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    events = follow_events(daemon).read_lines(2)
    append(path, b"three")
    os.rename(path, case.root / "a.log.1")
    append(path, b"four")
    again = follow_events(daemon, last_id=events.ids[0])
    again.expect_lines(b"two", b"three", b"four")
    append(path, b"five")
    again.expect_lines(b"two", b"three", b"four", b"five")
    os.rename(case.root / "a.log.1", case.root / "a.log.2")
    later = follow_events(daemon, last_id=events.ids[0])
    later.expect_lines(b"two", b"three", b"four", b"five")
    in_new = follow_events(daemon, last_id=again.events.ids[2])
    in_new.expect_lines(b"five")


@test
def a_client_that_comes_back_in_a_rotation_misses_nothing(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    params = {"STREAM_ROTATE": "2s"}
    first = EventFollower(daemon, "/a.log", **params)
    last_id = first.read_lines(2).ids[0]
    first.close()
    wait_watches(daemon.worker, 0)
    with open(path, "ab", buffering=0) as old:
        os.rename(path, case.root / "a.log.1")
        again = EventFollower(daemon, "/a.log", last_id, **params)
        again.expect_lines(b"two")
        old.write(b"three\n")
        again.expect_lines(b"two", b"three")
        append(path, b"new")
        late = EventFollower(daemon, "/a.log", last_id, **params)
        late.expect_lines(b"two", b"three")
        old.write(b"four\n")
    for one in (again, late):
        one.expect_lines(b"two", b"three", b"four", b"new")
    path.unlink()
    other = EventFollower(daemon, "/a.log", "0" * 16 + "-4", **params)
    other.connection.receive(other.response)
    equal(other.response.status, 404, "status of an id of no file")


@test
def a_client_with_all_of_the_past_gets_a_finished_file(case):
    path = store(case, b"one\n")
    daemon = case.start()
    params = {"STREAM_END_MARKER": ".end", "STREAM_ROTATE": "200ms"}
    first = EventFollower(daemon, "/a.log", **params)
    last_id = first.read_lines(1).ids[0]
    first.close()
    os.rename(path, case.root / "a.log.1")
    append(path, b"two")
    (case.root / "a.log.end").touch()
    again = EventFollower(daemon, "/a.log", last_id, **params)
    again.connection.receive(again.response)
    equal(again.events.lines, [b"two", b"finished"], "lines")


def allow_descriptors(pid, count):
    """Lets a process open so many more; returns the limit that it had."""
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    free = [n for n in range(max(used) + count + 2) if n not in used]
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[count], before[1]))
    return before


@test
def what_can_not_be_told_of_the_past_has_a_status(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    first = follow_events(daemon)
    last_id = first.read_lines(2).ids[0]
    first.close()
    wait_watches(daemon.worker, 0)
    # It has the descriptor of inotify(7).
    store(case, b"", "other.log")
    Follower(daemon, "/other.log", QUERY_STRING="format=events").read(1)
    os.rename(path, case.root / "a.log.1")
    append(path, b"three")
    params = {"STREAM_ACTION": "follow", "STREAM_ROTATE": "200ms",
              "HTTP_ACCEPT": "text/event-stream",
              "HTTP_LAST_EVENT_ID": last_id}
    connection, head = daemon.begin("/a.log", keep=True, method="HEAD",
                                    **params)
    connection.receive(head)
    before = allow_descriptors(daemon.worker, 1)
    _, refused = daemon.begin("/a.log", keep=True, connection=connection,
                              **params)
    connection.receive(refused, until=lambda: refused.head)
    resource.prlimit(daemon.worker, resource.RLIMIT_NOFILE, before)
    equal(refused.status, 503, "status without a descriptor")
    follow_events(daemon, last_id=last_id).expect_lines(b"two", b"three")


@test
def a_file_that_is_cut_begins_anew(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    one, lines = follow(daemon), follow_events(daemon)
    one.expect(b"one\ntwo\n")
    lines.expect_lines(b"one", b"two")
    os.truncate(path, 0)
    wait_until(lambda: lines.events.last_id.endswith("-0") or
               lines.connection.receive_bytes(
                   lines.response, lines.response.length + 1) is None,
               "the cut is noticed")
    append(path, b"new")
    one.expect(b"one\ntwo\nnew\n")
    lines.expect_lines(b"one", b"two", b"cut", b"new")
    equal(lines.events.kinds[2], "gap", "its sign")
    true(lines.events.ids[3].endswith("-4"), f"ids: {lines.events.ids}")


@test
def a_name_that_comes_back_is_the_same_file(case):
    path = store(case, b"one\n")
    daemon = case.start()
    one = follow(daemon)
    one.expect(b"one\n")
    os.rename(path, case.root / "away")
    os.rename(case.root / "away", path)
    time.sleep(0.5)
    append(path, b"two")
    one.expect(b"one\ntwo\n")


if __name__ == "__main__":
    main()
