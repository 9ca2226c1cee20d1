#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow: a file that grows, as bytes and as events."""

import os
import signal
import time

from follows import (Events, EventFollower, Follower, append,
                     inotify_watches, replace_atomically, wait_watches)
from harness import (KIB, MIB, SLOWNESS, check_response, descriptors, equal,
                     found, main, need_strace, run_tool, test, true,
                     wait_idle, wait_until)

VERY_LARGE = (1 << 53) - 1
ROTATE = "200ms"


def store(case, content=b"", name="a.log"):
    """A file to follow."""
    return case.store(name, content).path


def follow(daemon, **params):
    """Its bytes."""
    return Follower(daemon, "/a.log", STREAM_ROTATE=ROTATE, **params)


def follow_events(daemon, **params):
    """Its lines."""
    return EventFollower(daemon, "/a.log", STREAM_ROTATE=ROTATE, **params)


def ask(daemon, path="/a.log", method="GET", **params):
    """A request that is answered at once."""
    return daemon.fetch(path, method, STREAM_ACTION="follow", **params)


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
                        ("Accept-Ranges", "bytes"), ("Vary", "Accept"),
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
def an_open_range_is_what_is_there_now(case):
    path = store(case, b"0123456789")
    daemon = case.start()
    for field, first, last in (("bytes=0-", 0, 9), ("bytes=4-", 4, 9),
                               ("bytes=-3", 7, 9), ("bytes=2-5", 2, 5)):
        response = ask(daemon, HTTP_RANGE=field)
        check_response(response, 206, b"0123456789"[first:last + 1], field)
        equal(response.header("Content-Range"), f"bytes {first}-{last}/*",
              f"Content-Range of {field}")
        equal(response.header("Content-Length"), str(last - first + 1),
              f"Content-Length of {field}")
    for field in ("bytes=10-", f"bytes=11-{VERY_LARGE}", "bytes=-0"):
        response = ask(daemon, HTTP_RANGE=field)
        equal(response.status, 416, f"status of {field}")
        equal(response.header("Content-Range"), "bytes */10",
              f"Content-Range of {field}")
    path.write_bytes(b"")
    equal(ask(daemon, HTTP_RANGE="bytes=0-").status, 416, "an empty file")


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
    part = follow(daemon, HTTP_RANGE="bytes=1-")
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


# --- events ------------------------------------------------------------------

@test
def each_line_is_an_event_when_it_is_whole(case):
    path = store(case, b"one\npart")
    daemon = case.start()
    one = follow_events(daemon)
    one.expect_lines(b"one")
    append(path, b"ial", b"", b"data: x\r", b"a\rb", b"\xff\xc3\xa4")
    one.expect_lines(b"one", b"partial", b"", b"data: x", b"a\nb",
                     "\ufffdä".encode())
    equal(one.response.header("Content-Type"), "text/event-stream", "type")
    equal(one.events.retry, 2000, "retry")
    offsets = [int(id_.partition("-")[2]) for id_ in one.events.ids]
    equal(offsets, [4, 12, 13, 22, 26, 30], "offsets in the ids")


@test
def the_format_is_chosen_by_query_accept_or_operator(case):
    store(case, b"one\n")
    daemon = case.start()
    for events, params in (
            (True, {"QUERY_STRING": "format=events"}),
            (True, {"HTTP_ACCEPT": "text/event-stream"}),
            (True, {"STREAM_FORMAT": "events"}),
            (True, {"STREAM_FORMAT": "raw",
                    "HTTP_ACCEPT": "text/event-stream"}),
            (False, {"STREAM_FORMAT": "events",
                     "QUERY_STRING": "format=raw"}),
            (False, {"HTTP_ACCEPT": "*/*"}), (False, {})):
        one = follow(daemon, **params)
        one.read(4)
        equal(one.response.header("Content-Type"),
              "text/event-stream" if events else "text/plain", f"{params}")


@test
def a_long_line_becomes_several_events(case):
    line = b"x" * 8191 + "ä".encode() + b"y" * 20000
    store(case, line + b"\nlast\n")
    daemon = case.start("--chunk-size=16K")
    one = follow_events(daemon)
    lines = one.read_lines(5).lines
    equal(lines[-1], b"last", "the next line")
    equal([len(part) for part in lines[:-1]], [8191, 8192, 8192, 3618],
          "lengths of the parts")
    true(b"".join(lines[:-1]) == line, "wrong bytes")


@test(timeout=120)
def many_events_come_whole_to_a_slow_client(case):
    lines = [b"%d %s" % (n, b"z" * (n % 300)) for n in range(60000)]
    path = store(case, b"\n".join(lines) + b"\n")
    daemon = case.start("--buffer-memory=1M")
    one = follow_events(daemon)
    one.connection.largest_read = 50000
    size = path.stat().st_size
    one.read_until(lambda: len(one.body) > size and
                   one.body.endswith(b"%s\n\n" % lines[-1]), "the last line")
    true(Events(one.body).lines == lines, "wrong lines")


@test
def a_client_that_comes_back_misses_nothing(case):
    path = store(case, b"one\ntwo\n")
    daemon = case.start()
    one = follow_events(daemon)
    events = one.read_lines(2)
    one.close()
    append(path, b"three", b"four")
    again = follow_events(daemon, last_id=events.ids[0])
    again.expect_lines(b"two", b"three", b"four")
    again = follow_events(daemon, last_id=events.ids[1],
                          QUERY_STRING="lines=1")
    again.expect_lines(b"three", b"four")
    start = follow_events(daemon, QUERY_STRING="lines=1")
    start.read_until(lambda: start.events.last_id, "the start")
    start.close()
    append(path, b"five", b"six")
    again = follow_events(daemon, last_id=start.events.last_id
                          if not start.events.lines else start.events.ids[0],
                          QUERY_STRING="lines=1")
    equal(again.read_lines(2).lines[-2:], [b"five", b"six"], "lines")


@test
def an_id_of_something_else_begins_at_the_start(case):
    store(case, b"one\ntwo\n")
    daemon = case.start()
    known = follow_events(daemon).read_lines(1).ids[0].partition("-")[0]
    for last_id in ("x", "-", "0" * 16 + "-4", f"{known}-1000",
                    f"{known}-99999999999999999999", "💥"):
        again = follow_events(daemon, last_id=last_id)
        again.expect_lines(b"one", b"two")


@test
def silence_is_filled_with_comments(case):
    path = store(case, b"one\n")
    daemon = case.start()
    one = follow_events(daemon, STREAM_HEARTBEAT="50ms")
    quiet = follow_events(daemon, STREAM_HEARTBEAT="0")
    one.read_until(lambda: one.events.comments >= 3, "comments")
    append(path, b"two")
    one.expect_lines(b"one", b"two")
    quiet.expect_lines(b"one", b"two")
    equal(quiet.events.comments, 0, "comments of heartbeat 0")


# --- its end -----------------------------------------------------------------

@test
def a_file_that_is_deleted_ends_with_its_rest(case):
    path = store(case, b"one\n")
    daemon = case.start()
    one, lines = follow(daemon), follow_events(daemon)
    one.expect(b"one\n")
    lines.expect_lines(b"one")
    with open(path, "ab", buffering=0) as out:
        os.unlink(path)
        out.write(b"two\npart")
        one.expect_end(b"one\ntwo\npart")
    lines.connection.receive(lines.response)
    true(lines.response.complete, f"{lines.response!r}")
    equal(lines.events.lines, [b"one", b"two", b"part", b"finished"],
          "lines")
    equal(lines.events.kinds[-1], "end", "the last event")
    daemon.wait_access(count=2, action="follow", end="complete")
    equal(ask(daemon).status, 404, "status afterwards")
    wait_watches(daemon.worker, 0)


@test
def a_file_that_is_renamed_away_ends(case):
    path = store(case, b"one\n")
    daemon = case.start()
    one = follow(daemon)
    one.expect(b"one\n")
    os.rename(path, case.root / "other")
    append(case.root / "other", b"two")
    one.expect_end(b"one\ntwo\n")


@test
def an_end_marker_ends_it(case):
    path = store(case, b"one\n", "sub/a.log")
    daemon = case.start()
    params = {"STREAM_END_MARKER": ".end"}
    one = Follower(daemon, "/sub/a.log", **params)
    lines = EventFollower(daemon, "/sub/a.log", **params)
    one.expect(b"one\n")
    equal(lines.read_lines(1).lines, [b"one"], "lines")
    wait_watches(daemon.worker, 2)
    (path.parent / "other.end").touch()
    append(path, b"two", b"three")
    (path.parent / "a.log.end").touch()
    one.expect_end(b"one\ntwo\nthree\n")
    lines.connection.receive(lines.response)
    equal(lines.events.lines, [b"one", b"two", b"three", b"finished"],
          "lines")
    late = Follower(daemon, "/sub/a.log", **params)
    late.expect_end(b"one\ntwo\nthree\n", "after the end")
    last_id = lines.events.last_id
    again = ask(daemon, "/sub/a.log", HTTP_LAST_EVENT_ID=last_id,
                HTTP_ACCEPT="text/event-stream", **params)
    check_response(again, 204, b"", "to come back")
    earlier = EventFollower(daemon, "/sub/a.log", lines.events.ids[1],
                            **params)
    earlier.connection.receive(earlier.response)
    equal(earlier.events.lines, [b"three", b"finished"], "to come back early")
    wait_watches(daemon.worker, 0)


@test
def a_marker_in_the_root_counts_too(case):
    store(case, b"one\n")
    daemon = case.start()
    one = follow(daemon, STREAM_END_MARKER=".end")
    one.expect(b"one\n")
    (case.root / "a.log.end").touch()
    one.expect_end(b"one\n")


@test
def silence_for_the_idle_time_ends_it(case):
    path = store(case, b"one\n")
    daemon = case.start()
    begun = time.monotonic()
    one = follow(daemon, STREAM_IDLE="1s")
    lines = follow_events(daemon, STREAM_IDLE="1s", STREAM_HEARTBEAT="100ms")
    one.expect(b"one\n")
    time.sleep(0.6)
    append(path, b"two")
    one.expect_end(b"one\ntwo\n")
    true(time.monotonic() - begun >= 1.6, "it did not wait from the append on")
    lines.connection.receive(lines.response)
    true(lines.response.complete, f"{lines.response!r}")
    equal(lines.events.lines, [b"one", b"two"], "lines: comments are no life")


@test
def a_stop_ends_followers_at_once_and_in_good_order(case):
    store(case, b"one\npart")
    daemon = case.start("--drain-timeout=1m")
    one, lines = follow(daemon), follow_events(daemon)
    one.expect(b"one\npart")
    lines.expect_lines(b"one")
    begun = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    one.expect_end(b"one\npart")
    lines.connection.receive(lines.response)
    true(lines.response.complete, f"{lines.response!r}")
    equal(lines.events.lines, [b"one"], "lines")
    daemon.wait_exit()
    true(time.monotonic() - begun < 10 * SLOWNESS, "the stop was held up")


@test
def a_follower_that_catches_up_may_do_so_before_a_stop(case):
    stored = case.store("a.log", 32 * MIB)
    daemon = case.start("--drain-timeout=1m")
    one = follow(daemon)
    one.read(MIB)
    daemon.send_signal(signal.SIGTERM)
    one.connection.receive(one.response)
    true(one.response.complete, f"{one.response!r}")
    equal(one.response.digest, stored.digest, "SHA-256")


@test
def waiting_does_not_count_as_a_slow_client(case):
    path = store(case, b"one\n")
    daemon = case.start("--send-timeout=1s")
    one = follow(daemon)
    one.expect(b"one\n")
    time.sleep(2.5)
    append(path, b"two")
    one.expect(b"one\ntwo\n")


# --- rotation ----------------------------------------------------------------

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
    later.expect_lines(b"four", b"five")
    in_new = follow_events(daemon, last_id=again.events.ids[2])
    in_new.expect_lines(b"five")


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
    lines.expect_lines(b"one", b"two", b"new")
    true(lines.events.ids[2].endswith("-4"), f"ids: {lines.events.ids}")


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


# --- clients that leave, and many of them ------------------------------------

@test
def whoever_leaves_leaves_nothing_behind(case):
    path = store(case, b"".join(b"%d\n" % n for n in range(200000)))
    daemon = case.start()
    ask(daemon, HTTP_RANGE="bytes=0-")
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
    true(len(calls) < 3, f"system calls in 3 s: {calls[:20]}")
    append(path, b"two")
    for one in all_[:50]:
        one.expect(b"one\ntwo\n")


@test(timeout=180)
def a_thousand_followers_cost_one_watch_and_little_memory(case):
    path = store(case, b"one\n")
    daemon = case.start()
    first = follow_events(daemon)
    first.expect_lines(b"one")
    before = rss(daemon.worker)
    all_ = [follow(daemon) if n % 2 else follow_events(daemon)
            for n in range(1000)]
    for one in all_:
        one.read(4)
    wait_watches(daemon.worker, 1)
    for number in range(20):
        append(path, b"%d" % number * 100)
    for one in all_:
        one.read_until(lambda one=one: b"19" * 100 in one.body, "the last")
    grown = rss(daemon.worker) - before
    true(grown < 64 * MIB * SLOWNESS, f"{grown >> 10} KiB for 1,000")
    for one in all_:
        one.close()
    first.close()
    wait_watches(daemon.worker, 0)


def rss(pid):
    """Memory that a process has, in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return KIB * int(found(r"VmRSS:\s*(\d+)", status.read(),
                               "VmRSS").group(1))


if __name__ == "__main__":
    main()
