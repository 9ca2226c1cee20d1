#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow: lines as events, the end of a file, its rotation."""

import json
import os
import resource
import signal
import time

from support.follows import (EventFollower, Events, Follower, append, ask, follow,
                     follow_events, memory, replace_atomically, store,
                     wait_watches)
from support.harness import (GROWTH, MIB, SLOWNESS, check_response, equal, main,
                     test, true, wait_until)


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
    true(grown < 16 * MIB * GROWTH, f"{grown >> 10} KiB for 100")
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
