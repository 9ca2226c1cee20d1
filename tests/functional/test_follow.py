#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow: the bytes of a file that grows, and many clients."""

import os
import signal
import time

from support.follows import (Follower, append, ask, follow, follow_events,
                     inotify_watches, memory, store, wait_watches)
from support.harness import (GIB, GROWTH, MIB, check_response, descriptors,
                     equal, main, need_strace, run_tool, test, true, wait_idle,
                     wait_until)

# As RFC 8673 has it.
VERY_LARGE = (1 << 53) - 1


# --- bytes -------------------------------------------------------------------

@test
def what_is_there_and_what_is_appended_comes(case):
    path = store(case, b"one\npart")
    daemon = case.start()
    one = follow(daemon)
    one.expect(b"one\npart")
    append(path, b"ial", b"two")
    one.expect(b"one\npartial\ntwo\n")
    equal(one.response.status, 200, "status")
    for name, value in (("Content-Type", "text/plain"),
                        ("Cache-Control", "no-store"),
                        ("X-Accel-Buffering", "no"),
                        ("Accept-Ranges", None), ("Vary", "Accept"),
                        ("Content-Length", None), ("ETag", None)):
        equal(one.response.header(name), value, name)


@test
def the_head_comes_before_the_first_byte(case):
    path = store(case)
    daemon = case.start()
    one = follow(daemon)
    one.read_until(lambda: one.response.head, "the head")
    append(path, b"one")
    one.expect(b"one\n")


@test
def a_large_file_comes_whole_and_goes_on(case):
    stored = case.store("a.log", 40 * MIB + 7)
    daemon = case.start("--buffer-memory=1M")
    one = follow(daemon)
    one.read(stored.size)
    append(stored.path, b"the end")
    one.read(stored.size + 8)
    true(one.body == stored.content(), "wrong bytes")


@test
def an_append_wakes_every_follower_of_the_file(case):
    path = store(case, b"one\n")
    daemon = case.start()
    all_ = [follow(daemon) for _ in range(150)]
    for one in all_:
        one.expect(b"one\n")
    equal(len(inotify_watches(daemon.worker)), 1, "watches of 150 followers")
    append(path, b"two")
    for one in all_:
        one.expect(b"one\ntwo\n")


@test
def head_is_answered_without_following(case):
    store(case, b"one\n")
    daemon = case.start()
    live = ask(daemon, method="HEAD")
    check_response(live, 200, b"")
    equal(live.header("Content-Type"), "text/plain", "Content-Type")
    part = ask(daemon, method="HEAD", HTTP_RANGE="bytes=0-")
    check_response(part, 206, b"")
    equal(part.header("Content-Range"), "bytes 0-3/*", "Content-Range")
    events = ask(daemon, method="HEAD", QUERY_STRING="format=events")
    check_response(events, 200, b"")
    equal(events.header("Content-Type"), "text/event-stream", "Content-Type")
    wait_watches(daemon.worker, 0)


@test
def what_can_not_be_followed_has_a_status(case):
    store(case, b"one\n")
    (case.root / "folder").mkdir()
    os.mkfifo(case.root / "fifo")
    daemon = case.start()
    for path, status in (("/none", 404), ("/folder", 404), ("/folder/", 404),
                         ("/fifo", 404), ("/../a.log", 403),
                         ("/a.log/", 404)):
        equal(ask(daemon, path).status, status, f"status of {path}")
    for query in ("lines=x", "lines=10001", "lines=1&lines=1", "format=zip"):
        equal(ask(daemon, QUERY_STRING=query).status, 400, query)
    for name, value in (("STREAM_IDLE", "soon"), ("STREAM_ROTATE", "-1"),
                        ("STREAM_HEARTBEAT", "1d"), ("STREAM_FORMAT", "zip"),
                        ("STREAM_END_MARKER", "/end"),
                        ("STREAM_CHARSET", "no token")):
        equal(ask(daemon, **{name: value}).status, 500, f"{name}={value}")
    equal(ask(daemon, method="POST").header("Allow"), "GET, HEAD, OPTIONS",
          "Allow")


# --- the last lines ----------------------------------------------------------

def check_lines(daemon, path, content):
    """Compares with what tail(1) says."""
    path.write_bytes(content)
    for count in (1, 2, 3, 1000, 10000):
        expected = run_tool("tail", "-n", count, path)
        one = follow(daemon, QUERY_STRING=f"lines={count}")
        one.expect(expected, f"the last {count} lines of {content[:20]!r}")
        equal(one.response.header("Accept-Ranges"), None, "Accept-Ranges")
        one.close()


@test
def the_last_lines_are_those_of_tail(case):
    path = store(case)
    daemon = case.start()
    numbers = b"".join(b"line %d\n" % number for number in range(20000))
    for content in (b"one\n", b"one", b"one\ntwo\nthree", b"\n\n\n\n",
                    numbers, b"x" * 100000 + b"\n" + b"y" * 70000,
                    numbers + b"part"):
        check_lines(daemon, path, content)


@test
def no_lines_at_all_begin_at_the_end(case):
    path = store(case, b"one\npart")
    daemon = case.start()
    one = follow(daemon, QUERY_STRING="lines=0")
    one.read_until(lambda: one.response.head, "the head")
    lines = follow_events(daemon, QUERY_STRING="lines=0")
    lines.read_until(lambda: lines.events.last_id, "the start")
    append(path, b"ial", b"two")
    one.expect(b"ial\ntwo\n")
    lines.expect_lines(b"partial", b"two")


@test
def the_last_lines_go_on_with_what_is_appended(case):
    path = store(case, b"".join(b"%d\n" % n for n in range(100000)))
    daemon = case.start()
    one = follow_events(daemon, QUERY_STRING="lines=2")
    one.expect_lines(b"99998", b"99999")
    append(path, b"100000")
    one.expect_lines(b"99998", b"99999", b"100000")


# --- ranges ------------------------------------------------------------------

@test
def a_range_of_what_is_there_ends(case):
    path = store(case, b"0123456789")
    daemon = case.start()
    for method, field, first, last in (
            ("GET", "bytes=-3", 7, 9), ("GET", "bytes=2-5", 2, 5),
            ("HEAD", "bytes=0-", 0, 9), ("HEAD", "bytes=4-", 4, 9)):
        response = ask(daemon, method=method, HTTP_RANGE=field)
        check_response(response, 206, b"0123456789"[first:last + 1]
                       if method == "GET" else b"", field)
        equal(response.header("Content-Range"), f"bytes {first}-{last}/*",
              f"Content-Range of {field}")
        equal(response.header("Content-Length"), str(last - first + 1),
              f"Content-Length of {field}")
    for field in ("bytes=11-", f"bytes=11-{VERY_LARGE}", "bytes=-0"):
        response = ask(daemon, HTTP_RANGE=field)
        equal(response.status, 416, f"status of {field}")
        equal(response.header("Content-Range"), "bytes */10",
              f"Content-Range of {field}")
    path.write_bytes(b"")
    equal(ask(daemon, method="HEAD", HTTP_RANGE="bytes=0-").status, 416,
          "an empty file")


@test
def a_range_of_all_is_no_range(case):
    path = store(case)
    daemon = case.start()
    one = follow(daemon, HTTP_RANGE="bytes=0-")
    one.read_until(lambda: one.response.head, "the head")
    append(path, b"one")
    one.expect(b"one\n")
    later = follow(daemon, HTTP_RANGE="bytes=0-")
    append(path, b"two")
    for each in (one, later):
        each.expect(b"one\ntwo\n")
        equal(each.response.status, 200, "status")
        for name in ("Content-Range", "Content-Length", "Accept-Ranges"):
            equal(each.response.header(name), None, name)


@test
def a_resume_goes_on_with_what_is_appended(case):
    path = store(case, b"0123456789")
    daemon = case.start()
    all_ = {first: follow(daemon, HTTP_RANGE=f"bytes={first}-")
            for first in (4, 10)}
    all_[4].expect(b"456789")
    append(path, b"abc")
    for first, one in all_.items():
        one.expect(path.read_bytes()[first:], f"from {first}")
        equal(one.response.status, 206, "status")
        equal(one.response.header("Content-Range"),
              f"bytes {first}-{VERY_LARGE}/*", "Content-Range")
        equal(one.response.header("Content-Length"), None, "Content-Length")
    path.unlink()
    for first, one in all_.items():
        one.expect_end(b"0123456789abc\n"[first:], f"from {first}")


@test
def what_was_appended_a_moment_ago_is_in_range(case):
    path = store(case, b"0123456789")
    daemon = case.start()
    one = follow(daemon)
    one.expect(b"0123456789")
    last_id = follow_events(daemon, QUERY_STRING="lines=0")
    last_id.read_until(lambda: last_id.events.last_id, "the start")
    file_id = last_id.events.last_id.partition("-")[0]
    connection, response = daemon.begin(
        "/a.log", keep=True, method="HEAD", STREAM_ACTION="follow")
    connection.receive(response)
    os.kill(daemon.worker, signal.SIGSTOP)
    append(path, b"abc")
    _, part = daemon.begin("/a.log", keep=True, connection=connection,
                           STREAM_ACTION="follow", HTTP_RANGE="bytes=-4")
    again = follow_events(daemon, last_id=f"{file_id}-14")
    os.kill(daemon.worker, signal.SIGCONT)
    connection.receive(part)
    check_response(part, 206, b"abc\n")
    append(path, b"next")
    again.expect_lines(b"next")


@test
def a_range_beyond_the_end_is_followed(case):
    path = store(case, b"0123456789")
    daemon = case.start()
    live = follow(daemon, HTTP_RANGE=f"bytes=4-{VERY_LARGE}")
    next_ = follow(daemon, HTTP_RANGE=f"bytes=10-{VERY_LARGE}")
    to_come = follow(daemon, HTTP_RANGE="bytes=8-12")
    live.expect(b"456789")
    next_.read_until(lambda: next_.response.head, "the head")
    equal(live.response.status, 206, "status")
    equal(live.response.header("Content-Range"), f"bytes 4-{VERY_LARGE}/*",
          "Content-Range")
    equal(live.response.header("Content-Length"), None, "Content-Length")
    append(path, b"abcdef")
    live.expect(b"456789abcdef\n")
    next_.expect(b"abcdef\n")
    to_come.expect_end(b"89abc")
    equal(to_come.response.header("Content-Range"), "bytes 8-12/*",
          "Content-Range")


@test
def a_range_of_a_finished_file_tells_its_length(case):
    store(case, b"0123456789")
    (case.root / "a.log.end").touch()
    daemon = case.start()
    params = {"STREAM_END_MARKER": ".end"}
    for field, first, last in (("bytes=0-", 0, 9), ("bytes=4-", 4, 9),
                               ("bytes=-3", 7, 9),
                               (f"bytes=2-{VERY_LARGE}", 2, 9)):
        for method in ("GET", "HEAD"):
            part = ask(daemon, method=method, HTTP_RANGE=field, **params)
            check_response(part, 206, b"0123456789"[first:last + 1]
                           if method == "GET" else b"", field)
            equal(part.header("Content-Range"), f"bytes {first}-{last}/10",
                  f"Content-Range of {field}")
        whole = ask(daemon, method=method, **params)
        check_response(whole, 200, b"0123456789" if method == "GET" else b"")
        equal(whole.header("Content-Length"), "10", "Content-Length")
        equal(whole.header("Accept-Ranges"), "bytes", "Accept-Ranges")
    for field in ("bytes=10-", f"bytes=10-{VERY_LARGE}"):
        none = ask(daemon, HTTP_RANGE=field, **params)
        equal(none.status, 416, f"status of {field}")
        equal(none.header("Content-Range"), "bytes */10",
              f"Content-Range of {field}")


@test
def a_range_is_of_one_file(case):
    path = store(case, b"0123456789")
    daemon = case.start()
    live = follow(daemon, HTTP_RANGE=f"bytes=4-{VERY_LARGE}")
    live.expect(b"456789")
    os.rename(path, case.root / "a.log.1")
    path.write_bytes(b"of another file\n")
    live.expect_end(b"456789")
    cut = follow(daemon, HTTP_RANGE=f"bytes=4-{VERY_LARGE}")
    cut.expect(b"nother file\n")
    path.write_bytes(b"")
    cut.connection.receive(cut.response)
    true(cut.response.broken, f"it looks complete: {cut.response!r}")
    daemon.wait_log(r"file was changed: \"/a.log\"")


@test
def a_part_that_is_cut_off_meanwhile_breaks(case):
    stored = case.store("a.log", 64 * MIB)
    daemon = case.start()
    part = follow(daemon, HTTP_RANGE=f"bytes=1-{stored.size - 1}")
    part.read(MIB)
    os.truncate(stored.path, 1000)
    part.connection.receive(part.response)
    true(part.response.broken, f"it looks complete: {part.response!r}")


@test
def other_wishes_make_no_range(case):
    store(case, b"0123456789")
    daemon = case.start()
    for params in ({"HTTP_IF_RANGE": '"x"'}, {"QUERY_STRING": "lines=5"}):
        one = follow(daemon, HTTP_RANGE="bytes=4-", **params)
        one.expect(b"0123456789", f"with {params}")
        equal(one.response.status, 200, f"status with {params}")


# --- odd files ---------------------------------------------------------------

@test
def a_huge_sparse_file_is_followed_at_its_end(case):
    path = store(case)
    size = 100 * GIB
    os.truncate(path, size)
    append(path, b"", b"last")
    daemon = case.start()
    one = follow(daemon, QUERY_STRING="lines=1")
    one.expect(b"last\n")
    lines = follow_events(daemon, QUERY_STRING="lines=1")
    lines.expect_lines(b"last")
    live = follow(daemon, HTTP_RANGE=f"bytes={size + 1}-{VERY_LARGE}")
    live.expect(b"last\n")
    append(path, b"more")
    for one in (one, live):
        one.expect(b"last\nmore\n")
    again = follow_events(daemon, last_id=lines.events.ids[0])
    again.expect_lines(b"more")
    true(again.events.ids[0].endswith(f"-{size + 11}"), "offset in the id")


@test
def any_name_can_be_followed(case):
    daemon = case.start()
    for name in ("x" * 255, "a\nb", "ü 🎬", os.fsdecode(b"\xff\xfe"),
                 "%41?#&lines=1", " ", "a.log.end"):
        path = case.root / name
        path.write_bytes(b"one\n")
        one = Follower(daemon, os.fsencode("/" + name),
                       STREAM_END_MARKER=".end", STREAM_ROTATE="100ms")
        one.expect(b"one\n", f"of {name!r}")
        append(path, b"two")
        one.expect(b"one\ntwo\n", f"of {name!r}")
        # At once: a name that is gone for longer than that ends it.
        append(case.root / "next", b"three")
        os.rename(case.root / "next", path)
        one.expect(b"one\ntwo\nthree\n", f"of {name!r}")
        path.unlink()
        one.expect_end(b"one\ntwo\nthree\n", f"of {name!r}")


@test
def a_link_is_followed_to_its_file_and_not_out_of_the_root(case):
    path = store(case, b"one\n", "real.log")
    os.symlink("real.log", case.root / "a.log")
    outside = case.dir / "outside.log"
    outside.write_bytes(b"secret\n")
    daemon = case.start()
    one = follow(daemon)
    one.expect(b"one\n")
    os.rename(path, case.root / "real.log.1")
    append(path, b"two")
    one.expect(b"one\ntwo\n")
    os.unlink(path)
    os.symlink(outside, path)
    one.expect_end(b"one\ntwo\n")
    equal(ask(daemon).status, 403, "status of what leads out of the root")


# --- clients that leave, and many of them ------------------------------------

@test
def a_client_that_leaves_leaves_nothing_behind(case):
    path = store(case, b"".join(b"%d\n" % n for n in range(200000)))
    daemon = case.start()
    ask(daemon, HTTP_RANGE="bytes=0-9")
    wait_idle(daemon.worker)
    before = descriptors(daemon.worker)
    for params in ({}, {"QUERY_STRING": "lines=10000"},
                   {"QUERY_STRING": "format=events"},
                   {"STREAM_END_MARKER": ".end"}):
        for count in (0, 1, 300000):
            one = follow(daemon, **params)
            one.connection.receive_bytes(
                one.response, min(count, 40000 if params else count))
            one.close()
    daemon.wait_access(count=12, end="aborted")
    wait_watches(daemon.worker, 0)
    wait_until(lambda: descriptors(daemon.worker) <= before + 1,
               "the descriptors are back")
    append(path, b"nobody listens")
    wait_idle(daemon.worker)


@test
def no_work_is_done_while_nothing_happens(case):
    need_strace(case)
    path = store(case, b"one\n")
    daemon = case.start()
    all_ = [follow(daemon) for _ in range(50)]
    all_ += [follow_events(daemon) for _ in range(50)]
    for one in all_:
        one.read(4)
    wait_idle(daemon.worker)
    trace = case.dir / "trace"
    # 130: strace was interrupted.
    run_tool("timeout", "--preserve-status", "-s", "INT", "3", "strace",
             "-f", "-o", trace, "-p", daemon.worker, expected=130)
    calls = [line for line in trace.read_text().splitlines()
             if "resumed>" not in line and "unfinished" not in line
             and "detached" not in line]
    # Twice a second the root's name is looked at, whoever follows: open, two
    # statx or close, epoll.
    true(len(calls) < 50, f"system calls in 3 s: {calls[:60]}")
    append(path, b"two")
    for one in all_[:50]:
        one.expect(b"one\ntwo\n")


@test(timeout=180)
def a_thousand_followers_cost_one_watch_and_little_memory(case):
    path = store(case, b"one\n")
    daemon = case.start()
    first = follow_events(daemon)
    first.expect_lines(b"one")
    before = memory(daemon.worker)
    all_ = [follow(daemon) if n % 2 else follow_events(daemon)
            for n in range(1000)]
    for one in all_:
        one.read(4)
    wait_watches(daemon.worker, 1)
    for number in range(20):
        append(path, b"%d" % number * 100)
    for one in all_:
        one.read_until(lambda one=one: b"19" * 100 in one.body, "the last")
    grown = memory(daemon.worker) - before
    true(grown < 64 * MIB * GROWTH, f"{grown >> 10} KiB for 1,000")
    for one in all_:
        one.close()
    first.close()
    wait_watches(daemon.worker, 0)


if __name__ == "__main__":
    main()
