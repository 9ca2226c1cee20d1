#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow: lines as events, and the end of a file."""

import json
import os
import signal
import time

from support.follows import (EventFollower, Events, Follower, append, ask, follow,
                     follow_events, memory, store, wait_watches)
from support.harness import (MIB, SANITIZED, SLOWNESS, Skip, check_response, equal,
                             main, test, true)


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
def a_long_line_is_one_event(case):
    lines = [json.dumps({"n": n, "text": "ä" * n * 40000}) for n in range(4)]
    path = store(case, "\n".join(lines).encode() + b"\n")
    daemon = case.start("--chunk-size=16K")
    one = follow_events(daemon)
    one.expect_lines(*(line.encode() for line in lines))
    equal([json.loads(line)["n"] for line in one.events.lines], [0, 1, 2, 3],
          "parsed")
    line = b"x" * (1 << 20)
    with open(path, "ab", buffering=0) as out:
        out.write(line[:500000])
        time.sleep(0.3)
        equal(len(one.events.lines), 4, "events before its newline")
        out.write(line[500000:] + b"\n")
    equal(one.read_lines(5).lines[-1], line, "a line as long as allowed")
    true("part" not in one.events.kinds, f"{one.events.kinds}")


@test
def a_longer_line_comes_in_parts(case):
    line = b"x" * 1023 + "ä".encode() + b"y" * 2000
    store(case, b"one\n" + line + b"\nlast\n")
    daemon = case.start()
    one = follow_events(daemon, STREAM_LINE_MAX="1K")
    lines = one.read_lines(5).lines
    equal([lines[0], lines[-1]], [b"one", b"last"], "the others")
    equal(one.events.kinds,
          ["message", "part", "part", "part-end", "message"], "types")
    equal([len(part) for part in lines[1:-1]], [1023, 1024, 978], "lengths")
    true(b"".join(lines[1:-1]) == line, "wrong bytes")
    for last_id, kinds in ((one.events.ids[1],
                            ["part", "part-end", "message"]),
                           (one.events.ids[2], ["part-end", "message"]),
                           (one.events.ids[3], ["message"])):
        again = follow_events(daemon, last_id=last_id, STREAM_LINE_MAX="1K")
        equal(again.read_lines(len(kinds)).kinds, kinds, f"after {last_id}")
        equal(b"".join(again.events.lines),
              b"".join(lines[-len(kinds):]), f"after {last_id}")


@test
def the_longest_line_has_a_limit(case):
    store(case, b"one\n")
    daemon = case.start()
    for value, status in (("1K", 200), ("1G", 200), ("1023", 500),
                          ("1073741825", 500), ("2G", 500), ("0", 500),
                          ("1MB", 500)):
        equal(ask(daemon, method="HEAD", STREAM_LINE_MAX=value).status,
              status, value)


@test(timeout=180)
def slow_clients_of_long_lines_take_little_memory(case):
    if SANITIZED:
        raise Skip("a sanitizer keeps what is freed for a while")
    line = b"\xff" * (4 * MIB)
    store(case, b"one\n" + line + b"\n")
    daemon = case.start()
    first = follow_events(daemon, STREAM_LINE_MAX="8M")
    first.expect_lines(b"one")
    before = memory(daemon.worker)
    slow = [follow_events(daemon, STREAM_LINE_MAX="8M") for _ in range(100)]
    for one in slow:
        one.expect_lines(b"one")
        one.read(10000)
    grown = memory(daemon.worker) - before
    true(grown < 16 * MIB, f"{grown >> 10} KiB for 100")
    equal(first.read_lines(2).lines[1], "\ufffd".encode() * len(line),
          "the line")


@test(timeout=120)
def many_events_come_whole_to_a_slow_client(case):
    lines = [b"%d %s" % (n, b"z" * (n % 300)) for n in range(60000)]
    path = store(case, b"\n".join(lines) + b"\n")
    daemon = case.start("--buffer-memory=1M")
    one = follow_events(daemon)
    one.connection.largest_read = 50000
    size = path.stat().st_size
    last = b"data: %s\nid: " % lines[-1]
    one.read_until(lambda: len(one.body) > size and
                   last in one.body[-len(last) - 50:] and
                   one.body.endswith(b"\n\n"), "the last line")
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
    again = follow_events(daemon, QUERY_STRING=f"after={events.ids[0]}")
    again.expect_lines(b"two", b"three", b"four")
    again = follow_events(daemon, last_id=events.ids[1],
                          QUERY_STRING=f"after={events.ids[0]}")
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
        equal(again.read_lines(3).lines[1:], [b"one", b"two"], "lines")
        equal(again.events.kinds[0], "gap", "what comes first")


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
    one = follow(daemon, STREAM_IDLE="3s")
    lines = follow_events(daemon, STREAM_IDLE="3s", STREAM_HEARTBEAT="100ms")
    one.expect(b"one\n")
    time.sleep(0.6)
    append(path, b"two")
    one.expect_end(b"one\ntwo\n")
    true(time.monotonic() - begun >= 3.6, "it did not wait from the append on")
    lines.connection.receive(lines.response)
    true(lines.response.complete, f"{lines.response!r}")
    equal(lines.events.lines, [b"one", b"two"], "lines: comments are no life")


@test
def a_stop_ends_followers_at_once_and_in_good_order(case):
    store(case, b"one\npart")
    daemon = case.start("--drain-timeout=10m")
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
    daemon.wait_exit()


@test
def waiting_does_not_count_as_a_slow_client(case):
    path = store(case, b"one\n")
    daemon = case.start("--send-timeout=1s")
    one = follow(daemon)
    one.expect(b"one\n")
    time.sleep(2.5)
    append(path, b"two")
    one.expect(b"one\ntwo\n")


if __name__ == "__main__":
    main()
