#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action file: preconditions, one range of bytes, and several."""

import email.utils
import os

from support.harness import (GIB, KIB, MIB, check_file, check_response, equal, found,
                     main, test, true)
from support.modules import start_ways
from support.responses import check_error, check_partial, multipart_parts

LONG_AGO = 1_000_000_000
PARTS_MAX = 64


# --- ranges ------------------------------------------------------------------

@test
def satisfiable_ranges_get_just_these_bytes(case):
    stored = case.store("file", 1000)
    daemon = case.start()
    for field, first, length in (
            ("bytes=0-0", 0, 1), ("bytes=0-499", 0, 500),
            ("bytes=500-", 500, 500), ("bytes=999-999", 999, 1),
            ("bytes=-1", 999, 1), ("bytes=-999", 1, 999),
            ("bytes=-1000", 0, 1000), ("bytes=-2000", 0, 1000),
            ("bytes=0-", 0, 1000), ("bytes=0-999", 0, 1000),
            ("bytes=0-1000", 0, 1000), ("bytes=990-99999", 990, 10),
            ("Bytes=1-2", 1, 2), ("bytes=5-5\t", 5, 1),
            ("bytes=0-99999999999999999999999", 0, 1000),
            ("bytes=-99999999999999999999999", 0, 1000)):
        response = daemon.fetch("/file", HTTP_RANGE=field)
        check_partial(response, stored, first, length, field)


@test
def unsatisfiable_ranges_get_416_with_the_length(case):
    case.store("file", 1000)
    daemon = case.start()
    for field in ("bytes=1000-", "bytes=1000-1000", "bytes=5000-6000",
                  "bytes=-0", "bytes=99999999999999999999999-"):
        response = daemon.fetch("/file", HTTP_RANGE=field)
        check_error(response, 416, what=field)
        equal(response.header("Content-Range"), "bytes */1000",
              f"Content-Range for {field}")
        true(not response.header("X-Accel-Buffering"), "X-Accel-Buffering")


@test
def other_range_fields_are_ignored(case):
    stored = case.store("file", 1000)
    daemon = case.start()
    for field in ("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2",
                  "bytes=1", "bytes=1-2-3", "bytes=0x1-2", "bytes=+1-2",
                  "bytes=--5", "bytes 1-2", "items=0-1", "bytes=0-1,5-2",
                  "bytes=0-1,x", "bytes=0-1;5-6", "bytes=1.5-2"):
        check_file(daemon.fetch("/file", HTTP_RANGE=field), stored, field)
    empty = case.store("empty", 0)
    for field in ("bytes=0-", "bytes=0-0"):
        check_file(daemon.fetch("/empty", HTTP_RANGE=field), empty, field)


@test
def head_of_a_range_is_that_of_get(case):
    case.store("file", 1000)
    daemon = case.start()
    for field in ("bytes=0-9", "bytes=1000-", "bytes=x"):
        full = daemon.fetch("/file", HTTP_RANGE=field)
        response = daemon.fetch("/file", "HEAD", HTTP_RANGE=field)
        check_response(response, full.status, b"", field)
        equal(response.headers, full.headers, f"fields for {field}")


@test
def ranges_at_every_alignment_have_the_right_bytes(case):
    stored = case.store("file", 2 * MIB + 5)
    daemon = case.start("--chunk-size=64K")
    for first in (0, 1, 511, 512, 4095, 4096, 4097, 65535, 65536, 65537,
                  MIB - 1, MIB, 2 * MIB + 4):
        for length in (1, 2, 4096, 65535, 65536, 65537, 3 * 65536, 2 * MIB):
            length = min(length, stored.size - first)
            field = f"bytes={first}-{first + length - 1}"
            response = daemon.fetch("/file", HTTP_RANGE=field)
            check_partial(response, stored, first, length, field)


@test
def if_range_lets_a_range_through_only_for_the_same_file(case):
    stored = case.store("file", 1000)
    os.utime(stored.path, (LONG_AGO, LONG_AGO))
    daemon = case.start()
    tag = daemon.fetch("/file").header("ETag")
    date = email.utils.formatdate(LONG_AGO, usegmt=True)
    later = email.utils.formatdate(LONG_AGO + 1, usegmt=True)
    for field, holds in ((tag, True), (tag + "\t", True), (date, True),
                         ("W/" + tag, False), ('"other"', False),
                         (tag.strip('"'), False), (later, False),
                         ("garbage", False), ("*", False), ("", False),
                         (f'{tag}, "other"', False)):
        response = daemon.fetch("/file", HTTP_RANGE="bytes=10-19",
                                HTTP_IF_RANGE=field)
        if holds:
            check_partial(response, stored, 10, 10, f"If-Range: {field}")
        elif field:
            check_file(response, stored, f"If-Range: {field}")
    response = daemon.fetch("/file", HTTP_IF_RANGE=tag)
    check_file(response, stored, "If-Range without Range")


@test
def preconditions_are_answered_304_or_412(case):
    case.store("file", 1000)
    daemon = case.start()
    first = daemon.fetch("/file")
    tag, date = first.header("ETag"), first.header("Last-Modified")
    old = "Sun, 06 Nov 1994 08:49:37 GMT"
    for status, fields in (
            (304, {"HTTP_IF_NONE_MATCH": tag}),
            (304, {"HTTP_IF_NONE_MATCH": f'"x", W/{tag}\t'}),
            (304, {"HTTP_IF_NONE_MATCH": tag, "HTTP_RANGE": "bytes=0-9"}),
            (304, {"HTTP_IF_MODIFIED_SINCE": date}),
            (200, {"HTTP_IF_NONE_MATCH": '"x"',
                   "HTTP_IF_MODIFIED_SINCE": date}),
            (200, {"HTTP_IF_MODIFIED_SINCE": old}),
            (412, {"HTTP_IF_MATCH": '"x"'}),
            (412, {"HTTP_IF_UNMODIFIED_SINCE": old}),
            (206, {"HTTP_IF_MATCH": tag, "HTTP_RANGE": "bytes=0-9"})):
        for method in ("GET", "HEAD"):
            response = daemon.fetch("/file", method=method, **fields)
            true(response.complete, f"{fields}: {response!r}")
            equal(response.status, status, f"status of {method} with {fields}")
            if status == 304:
                equal((response.header("ETag"), response.header("Content-Type"),
                       response.header("Content-Length"), bytes(response.body)),
                      (tag, None, None, b""), f"304 for {fields}")


@test
def the_tail_of_a_5_gib_file_is_served_by_range(case):
    stored = case.store("huge", 0)
    with open(stored.path, "r+b") as out:
        for at in (4 * GIB - 500, 5 * GIB - 1000):
            out.seek(at)
            out.write(os.urandom(1000))
    stored.size = 5 * GIB
    daemon = case.start()
    response = daemon.fetch("/huge", "HEAD")
    check_response(response, 200, b"")
    equal(response.header("Content-Length"), str(5 * GIB), "Content-Length")
    for field, first, length in (
            ("bytes=-1000", 5 * GIB - 1000, 1000),
            (f"bytes={5 * GIB - 3 * MIB}-", 5 * GIB - 3 * MIB, 3 * MIB),
            (f"bytes={4 * GIB - 1}-{4 * GIB}", 4 * GIB - 1, 2),
            (f"bytes={4 * GIB - MIB}-{4 * GIB + MIB}", 4 * GIB - MIB,
             2 * MIB + 1)):
        response = daemon.fetch("/huge", HTTP_RANGE=field)
        check_partial(response, stored, first, length, field)
    response = daemon.fetch("/huge", HTTP_RANGE=f"bytes={5 * GIB}-")
    check_error(response, 416)


# --- without ranges ----------------------------------------------------------

# Each action whose answers have ranges: where, and with which parameters.
RANGED = {
    "file": ("/a.txt", {}),
    "list": ("/a.txt", {"STREAM_ACTION": "list"}),
    "concat": ("/", {"STREAM_ACTION": "concat",
                     "QUERY_STRING": "f=a.txt&f=b.txt"}),
    "zip": ("/", {"STREAM_ACTION": "archive"}),
    "tar": ("/", {"STREAM_ACTION": "archive", "STREAM_FORMAT": "tar"}),
    "follow": ("/a.txt", {"STREAM_ACTION": "follow",
                          "STREAM_END_MARKER": ".end"}),
    "a module's file": ("/file", {"STREAM_ACTION": "ways"}),
    "a module's bytes": ("/tagged", {"STREAM_ACTION": "ways"}),
}


def start_ranged(case):
    """A daemon with the module of the table, and the files."""
    daemon = start_ways(case)
    for name, size in (("a.txt", 5000), ("b.txt", 300), ("a.txt.end", 0),
                       ("file", 4000)):
        case.store(name, size)
    return daemon


@test
def ranges_can_be_turned_off_for_every_action(case):
    daemon = start_ranged(case)
    for what, (path, params) in RANGED.items():
        whole = daemon.fetch(path, **params)
        check_response(whole, 200, what=what)
        equal(whole.header("Accept-Ranges"), "bytes", what)
        tag = whole.header("ETag")
        for field in ("bytes=0-9", "bytes=-10", "bytes=0-9,20-29",
                      "bytes=99999999-"):
            for if_range in (None, tag, '"other"'):
                name = f"{what}: {field}, If-Range: {if_range}"
                response = daemon.fetch(
                    path, HTTP_RANGE=field, HTTP_IF_RANGE=if_range,
                    STREAM_RANGES="off", **params)
                check_response(response, 200, whole.body, name)
                equal(response.header("Content-Length"),
                      whole.header("Content-Length"), f"length, {name}")
                equal(response.header("Accept-Ranges"), "none", name)
                equal(response.header("ETag"), tag, f"ETag, {name}")


@test
def ranges_that_are_on_are_ranges(case):
    daemon = start_ranged(case)
    for what, (path, params) in RANGED.items():
        whole = daemon.fetch(path, **params)
        for word in ("on", "", None):
            response = daemon.fetch(path, HTTP_RANGE="bytes=10-19",
                                    STREAM_RANGES=word, **params)
            check_response(response, 206, whole.body[10:20], what)


@test
def without_ranges_conditions_still_hold(case):
    daemon = start_ranged(case)
    off = {"STREAM_RANGES": "off", "HTTP_RANGE": "bytes=0-1"}
    for what, (path, params) in RANGED.items():
        tag = daemon.fetch(path, **params).header("ETag")
        if not tag:
            continue
        for status, field, value in ((304, "HTTP_IF_NONE_MATCH", tag),
                                     (412, "HTTP_IF_MATCH", '"other"')):
            response = daemon.fetch(path, **{field: value}, **off, **params)
            check_response(response, status, what=f"{what}: {field}")
        response = daemon.fetch(path, "HEAD", **off, **params)
        check_response(response, 200, b"", f"HEAD of {what}")
        equal(response.header("Accept-Ranges"), "none", f"HEAD of {what}")


@test
def another_word_for_ranges_is_a_mistake(case):
    daemon = start_ranged(case)
    for what, (path, params) in RANGED.items():
        for word in ("no", "OFF", "0", "off "):
            response = daemon.fetch(path, STREAM_RANGES=word, **params)
            check_error(response, 500, what=f"{what}: {word!r}")
    daemon.wait_log('error .*STREAM_RANGES="OFF": not on or off')


# --- several ranges ----------------------------------------------------------

def check_multipart(response, stored, wanted, what):
    """Fails unless it is a 206 with just these (first, length) parts."""
    check_response(response, 206, what=what)
    equal(response.header("Content-Length"), str(response.length),
          f"Content-Length of {what}")
    equal(response.header("Content-Range"), None, f"Content-Range of {what}")
    parts = multipart_parts(response.header("Content-Type"), response.body)
    equal([(first, len(content)) for first, content, _, _ in parts], wanted,
          f"parts of {what}")
    for first, content, size, _ in parts:
        equal(size, stored.size, f"complete length in {what}")
        true(content == stored.piece(first, len(content)),
             f"wrong bytes at {first} in {what}")
    return parts


@test
def several_ranges_come_in_one_body_in_the_order_asked(case):
    stored = case.store("file.txt", 2 * MIB)
    daemon = case.start("--chunk-size=64K")
    for field, wanted in (
            ("bytes=0-1,5-6", [(0, 2), (5, 2)]),
            ("bytes=-10,0-9", [(2 * MIB - 10, 10), (0, 10)]),
            ("bytes=100-199 , ,, 0-0,\t-1", [(100, 100), (0, 1),
                                            (2 * MIB - 1, 1)]),
            ("bytes=4095-4097,65535-65537,1048576-1300000",
             [(4095, 3), (65535, 3), (MIB, 1300001 - MIB)]),
            ("bytes=0-0,9999999-,5-5", [(0, 1), (5, 1)]),
            ("bytes=50-59,0-9,40-49,60-69", [(40, 30), (0, 10)])):
        response = daemon.fetch("/file.txt", HTTP_RANGE=field)
        for part in check_multipart(response, stored, wanted, field):
            equal(part[3]["Content-Type"], "text/plain", "type of a part")


@test
def ranges_that_touch_become_one(case):
    stored = case.store("file", 1000)
    daemon = case.start()
    for field, first, length in (
            ("bytes=0-9,10-19", 0, 20), ("bytes=10-19,0-9", 0, 20),
            ("bytes=0-99,50-149", 0, 150), ("bytes=0-499,500-999", 0, 1000),
            ("bytes=0-9,20-29,5-25", 0, 30), ("bytes=0-0,2000-", 0, 1)):
        response = daemon.fetch("/file", HTTP_RANGE=field)
        check_partial(response, stored, first, length, field)


@test
def too_many_parts_or_bytes_get_the_whole_file(case):
    stored = case.store("file", 1000)
    daemon = case.start()

    def field(count):
        return "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(count))
    response = daemon.fetch("/file", HTTP_RANGE=field(PARTS_MAX))
    check_multipart(response, stored,
                    [(2 * n, 1) for n in range(PARTS_MAX)], "64 parts")
    for many in (field(PARTS_MAX + 1), "bytes=0-,0-0", "bytes=0-998,0-1",
                 "bytes=" + "0-," * 5000 + "0-"):
        check_file(daemon.fetch("/file", HTTP_RANGE=many), stored, many[:40])
    response = daemon.fetch("/file", HTTP_RANGE="bytes=0-498,500-999,499-499")
    check_partial(response, stored, 0, 1000, "just all of it")


@test
def many_small_parts_arrive_and_do_not_pile_up(case):
    stored = case.store("file", 4 * MIB)
    daemon = case.start()
    for length in (1, 1800, 1950, 4000, 4095, 4096, 4097, 30000):
        wanted = [(n * 60000, length) for n in range(PARTS_MAX)]
        field = "bytes=" + ",".join(
            f"{first}-{first + length - 1}" for first, length in wanted)
        response = daemon.fetch("/file", HTTP_RANGE=field)
        check_multipart(response, stored, wanted, f"64 x {length}")


@test
def several_ranges_and_none_in_the_file_get_416(case):
    case.store("file", 1000)
    response = case.start().fetch("/file", HTTP_RANGE="bytes=1000-,-0,2000-")
    check_error(response, 416)
    equal(response.header("Content-Range"), "bytes */1000", "Content-Range")


@test
def head_of_several_ranges_is_that_of_get(case):
    case.store("file", 100 * KIB)
    daemon = case.start()
    fields = {"HTTP_RANGE": "bytes=0-9,90000-99999"}
    full = daemon.fetch("/file", **fields)
    response = daemon.fetch("/file", "HEAD", **fields)
    check_response(response, 206, b"")
    types = [one.header("Content-Type") for one in (full, response)]
    true(types[0] != types[1], "the same boundary in two responses")
    for one in types:
        found("^multipart/byteranges; boundary=", one, "Content-Type")
    fields = [[pair for pair in one.headers if pair[0] != "Content-Type"]
              for one in (full, response)]
    equal(fields[0], fields[1], "other fields of GET and of HEAD")


@test
def large_parts_of_a_huge_file_are_streamed(case):
    stored = case.store("huge", 0)
    with open(stored.path, "r+b") as out:
        for at in (0, 4 * GIB - 500, 4 * GIB + 1 - 900):
            out.seek(at)
            out.write(os.urandom(900))
        out.truncate(4 * GIB + 1)
    stored.size = 4 * GIB + 1
    daemon = case.start()
    response = daemon.fetch(
        "/huge", HTTP_RANGE=f"bytes=-3000000,0-2999999,{4 * GIB - 600 - MIB * 8}-"
        f"{4 * GIB - 600 - MIB * 4}")
    check_multipart(response, stored, [
        (4 * GIB + 1 - 3000000, 3000000), (0, 3000000),
        (4 * GIB - 600 - MIB * 8, MIB * 4 + 1)], "parts around 4 GiB")


@test
def a_file_cut_short_breaks_a_multipart_body(case):
    stored = case.store("file", 64 * MIB)
    daemon = case.start()
    connection, response = daemon.begin(
        "/file", HTTP_RANGE="bytes=0-99,1000000-60000000")
    connection.receive_bytes(response, MIB)
    os.truncate(stored.path, 32 * MIB)
    connection.receive(response)
    true(response.broken, f"{response!r} looks complete")
    true(MIB <= len(response.body) < 32 * MIB, f"{response!r}")
    daemon.wait_access(end="aborted", reason="file became shorter")


if __name__ == "__main__":
    main()
