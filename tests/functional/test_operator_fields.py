#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Header fields that the operator sets with STREAM_ parameters."""

import email.utils
import os
import time

from support.harness import (MIB, check_file, check_response, equal, found, main,
                     test, true)
from support.modules import start_ways
from support.responses import check_error

HEAD_MAX = 4096


# --- caching -----------------------------------------------------------------

@test
def cache_control_is_passed_on(case):
    case.store("file", 10)
    daemon = case.start()
    value = "public, max-age=31536000, immutable"
    fields = {"STREAM_CACHE_CONTROL": value}
    tag = daemon.fetch("/file").header("ETag")
    for status, extra in ((200, {}), (206, {"HTTP_RANGE": "bytes=0-1"}),
                          (206, {"HTTP_RANGE": "bytes=0-1,5-6"}),
                          (304, {"HTTP_IF_NONE_MATCH": tag})):
        response = daemon.fetch("/file", **fields, **extra)
        check_response(response, status)
        equal(response.header("Cache-Control"), value, f"with {status}")
    response = daemon.fetch("/none", **fields)
    equal(response.header("Cache-Control"), None, "Cache-Control of a 404")
    equal(daemon.fetch("/file").header("Cache-Control"), None, "without")


@test
def expires_gives_both_fields(case):
    case.store("file", 10)
    daemon = case.start()
    tag = daemon.fetch("/file").header("ETag")
    for value, seconds, control in (
            ("1h", 3600, "max-age=3600"), ("30d", 2592000, "max-age=2592000"),
            ("0", 0, "max-age=0"), ("-1", -1, "no-cache"),
            ("max", None, "max-age=315360000"), ("epoch", None, "no-cache")):
        for extra in ({}, {"HTTP_IF_NONE_MATCH": tag}):
            before = int(time.time())
            response = daemon.fetch("/file", STREAM_EXPIRES=value, **extra)
            after = int(time.time())
            date = email.utils.parsedate_to_datetime(
                response.header("Expires")).timestamp()
            equal(response.header("Cache-Control"), control, value)
            if seconds is not None:
                true(before + seconds <= date <= after + seconds,
                     f"{value}: {response.header('Expires')}")
            elif value == "epoch":
                true(0 <= date <= 1, response.header("Expires"))
            else:
                true(date > before + 300_000_000, response.header("Expires"))
    response = daemon.fetch("/file", STREAM_EXPIRES="1h",
                            STREAM_CACHE_CONTROL="private")
    equal(response.header("Cache-Control"), "private", "both set")
    found("GMT$", response.header("Expires"), "Expires")
    response = daemon.fetch("/file", STREAM_EXPIRES="off")
    equal((response.header("Expires"), response.header("Cache-Control")),
          (None, None), "off")


@test
def a_mistake_of_the_operator_is_a_500_with_a_log_line(case):
    case.store("file", 10)
    daemon = case.start()
    for name, value in (("STREAM_EXPIRES", "soon"),
                        ("STREAM_EXPIRES", "1x"),
                        ("STREAM_DISPOSITION", "attachement"),
                        ("STREAM_CONTENT_TYPE", "text/" + "x" * 400),
                        ("STREAM_CONTENT_TYPE", "nonsense"),
                        ("STREAM_CHARSET", "a b"),
                        ("STREAM_CONTENT_TYPE", "text/plain\r\nX-A: b"),
                        ("STREAM_CACHE_CONTROL", "a\nX-A: b"),
                        ("STREAM_CACHE_CONTROL", "x" * HEAD_MAX)):
        response = daemon.fetch("/file", **{name: value})
        check_error(response, 500, what=f"{name}={value[:20]}")
        true(b"X-A" not in response.head, "a field was injected")
    for name in ("STREAM_EXPIRES", "STREAM_DISPOSITION",
                 "STREAM_CONTENT_TYPE", "response head over its bound",
                 'response head: malformed field "Cache-Control"'):
        daemon.wait_log(f"error .*{name}")


# --- types -------------------------------------------------------------------

@test
def the_type_and_its_charset_can_be_set(case):
    for name in ("a.txt", "a.html", "a.png", "a.json", "a.svg", "a.js"):
        case.store(name, 10)
    daemon = case.start()
    for name, extra, expected in (
            ("a.txt", {"STREAM_CHARSET": "utf-8"}, "text/plain; charset=utf-8"),
            ("a.html", {"STREAM_CHARSET": "utf-8"}, "text/html; charset=utf-8"),
            ("a.svg", {"STREAM_CHARSET": "utf-8"},
             "image/svg+xml; charset=utf-8"),
            ("a.png", {"STREAM_CHARSET": "utf-8"}, "image/png"),
            ("a.json", {"STREAM_CHARSET": "utf-8"}, "application/json"),
            ("a.png", {"STREAM_CONTENT_TYPE": "text/x"}, "text/x"),
            ("a.png", {"STREAM_CONTENT_TYPE": "text/x",
                       "STREAM_CHARSET": "koi8-r"}, "text/x; charset=koi8-r"),
            ("a.png", {"STREAM_CONTENT_TYPE": "text/x; charset=a",
                       "STREAM_CHARSET": "b"}, "text/x; charset=a"),
            ("a.txt", {"STREAM_CONTENT_TYPE": "application/octet-stream"},
             "application/octet-stream"),
            ("a.txt", {"STREAM_CONTENT_TYPE": ""}, "text/plain")):
        response = daemon.fetch(f"/{name}", **extra)
        check_response(response, 200)
        equal(response.header("Content-Type"), expected, f"{name} {extra}")


@test
def nosniff_is_on_unless_it_is_turned_off(case):
    case.store("file", 10)
    daemon = case.start()
    for path, status in (("/file", 200), ("/none", 404)):
        response = daemon.fetch(path)
        check_response(response, status)
        equal(response.header("X-Content-Type-Options"), "nosniff", path)
        response = daemon.fetch(path, STREAM_NOSNIFF="off")
        equal(response.header("X-Content-Type-Options"), None, path)


@test
def dispositions_name_the_file(case):
    case.store("file", 10)
    daemon = case.start()
    for extra, expected in (
            ({}, None),
            ({"STREAM_DISPOSITION": "attachment"}, "attachment"),
            ({"STREAM_DISPOSITION": "inline", "STREAM_FILENAME": "a b.txt"},
             'inline; filename="a b.txt"'),
            ({"STREAM_FILENAME": "x.txt"}, 'inline; filename="x.txt"')):
        response = daemon.fetch("/file", **extra)
        check_response(response, 200)
        equal(response.header("Content-Disposition"), expected, f"{extra}")
        response = daemon.fetch("/file", HTTP_RANGE="bytes=0-1", **extra)
        check_response(response, 206)
        equal(response.header("Content-Disposition"), expected, f"206 {extra}")
    response = daemon.fetch("/file", STREAM_DISPOSITION="attachment",
                            STREAM_FILENAME="€ rates.txt")
    found(r"""^attachment; filename="[ -~]+"; """
          r"""filename\*=UTF-8''%E2%82%AC%20rates\.txt$""",
          response.header("Content-Disposition"), "Content-Disposition")
    for name in ('a"b', "a\\b", "a\r\nX-A: b", "../../etc/passwd",
                 "a\x7fb", "n" * 255):
        response = daemon.fetch("/file", STREAM_DISPOSITION="attachment",
                                STREAM_FILENAME=name)
        check_response(response, 200, what=name)
        true(b"\nX-A" not in response.head, "a field was injected")
        value = response.header("Content-Disposition")
        true("/" not in value.replace("UTF-8''", ""), value)


@test
def heads_stay_under_4_kib_with_everything_set(case):
    stored = case.store("file", 2 * MIB)
    daemon = case.start()
    extra = {
        "STREAM_CACHE_CONTROL": "public, max-age=1, " + "x" * 200,
        "STREAM_EXPIRES": "max", "STREAM_CHARSET": "utf-8",
        "STREAM_CONTENT_TYPE": "text/" + "x" * 250,
        "STREAM_DISPOSITION": "attachment",
        "STREAM_FILENAME": "€" * 85, "STREAM_PRECOMPRESSED": "br gzip",
        "STREAM_CORS": "https://" + "h" * 200 + ".example",
        "HTTP_ORIGIN": "https://" + "h" * 200 + ".example",
        "HTTP_WANT_REPR_DIGEST": "sha-256=1",
    }
    for field in (None, "bytes=0-0", "bytes=0-0,5-5"):
        response = daemon.fetch("/file", HTTP_RANGE=field, **extra)
        true(response.status in (200, 206), f"{response!r}")
        true(len(response.head) + 16 < HEAD_MAX, f"{len(response.head)} bytes")
    check_file(daemon.fetch("/file", **extra), stored)


@test
def an_error_keeps_what_its_status_needs(case):
    case.store("file", 10)
    case.store("folder/index.html", 10)
    origin = "https://" + "h" * 3900
    extra = {"STREAM_CORS": origin, "HTTP_ORIGIN": origin,
             "STREAM_INDEX": "index.html", "REQUEST_URI": "/folder"}
    daemon = case.start()
    for path, method, status, field, value, more in (
            ("/folder", "GET", 308, "Location", "./folder/", {}),
            ("/file", "PUT", 405, "Allow", "GET, HEAD, OPTIONS", {}),
            ("/file", "GET", 416, "Content-Range", "bytes */10",
             {"HTTP_RANGE": "bytes=10-"})):
        response = daemon.fetch(path, method, **extra, **more)
        check_response(response, status)
        equal(response.header(field), value, f"{field} of {status}")


# --- cross-origin requests ---------------------------------------------------

@test
def any_origin_may_read_if_the_operator_says_so(case):
    case.store("file", 1000)
    daemon = case.start()
    tag = daemon.fetch("/file").header("ETag")
    cors = {"STREAM_CORS": "*", "HTTP_ORIGIN": "https://a.example"}
    for status, extra in ((200, {}), (206, {"HTTP_RANGE": "bytes=0-1"}),
                          (304, {"HTTP_IF_NONE_MATCH": tag}),
                          (412, {"HTTP_IF_MATCH": '"x"'}),
                          (416, {"HTTP_RANGE": "bytes=1000-"})):
        response = daemon.fetch("/file", **cors, **extra)
        check_response(response, status)
        equal(response.header("Access-Control-Allow-Origin"), "*", status)
        exposed = response.header("Access-Control-Expose-Headers").lower()
        for name in ("accept-ranges", "content-range", "content-length",
                     "content-encoding", "etag"):
            true(name in exposed, f"{name} is not exposed: {exposed}")
        equal(response.header("Vary"), None, "Vary")
    response = daemon.fetch("/file", HTTP_ORIGIN="https://a.example")
    equal(response.header("Access-Control-Allow-Origin"), None, "without")


@test
def listed_origins_may_read_and_others_may_not(case):
    case.store("file", 1000)
    daemon = case.start()
    listed = "https://a.example, http://b.example:8080"
    for origin, allowed in (("https://a.example", True),
                            ("http://b.example:8080", True),
                            ("https://a.example\t", True),
                            ("http://a.example", False),
                            ("https://a.example.evil", False),
                            ("null", False), (None, False)):
        response = daemon.fetch("/file", STREAM_CORS=listed,
                                HTTP_ORIGIN=origin)
        check_response(response, 200)
        equal(response.header("Access-Control-Allow-Origin"),
              origin.strip() if allowed else None, origin)
        equal(response.header("Vary"), "Origin", f"Vary for {origin}")


@test
def preflights_are_answered(case):
    case.store("file", 1000)
    daemon = case.start()
    asked = {"HTTP_ORIGIN": "https://a.example",
             "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET",
             "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "range"}
    for path in ("/file", "/none"):
        response = daemon.fetch(path, "OPTIONS", STREAM_CORS="*", **asked)
        check_response(response, 204, b"")
        equal(response.header("Access-Control-Allow-Origin"), "*", path)
        found(r"\bGET\b", response.header("Access-Control-Allow-Methods"),
              "methods")
        found(r"(?i)\brange\b",
              response.header("Access-Control-Allow-Headers"), "headers")
        found(r"^\d+$", response.header("Access-Control-Max-Age"), "max age")
    for extra in ({"STREAM_CORS": "https://b.example", **asked},
                  {"STREAM_CORS": "*"}, asked):
        response = daemon.fetch("/file", "OPTIONS", **extra)
        check_response(response, 204, b"")
        equal(response.header("Access-Control-Allow-Methods"), None, extra)


@test
def preflights_tell_what_each_action_takes(case):
    daemon = start_ways(case)
    usual = {"if-match", "if-modified-since", "if-none-match", "if-range",
             "if-unmodified-since", "range", "want-repr-digest"}
    get = {"GET", "HEAD", "OPTIONS"}
    for action, methods, more in (
            ("file", get, set()), ("list", get, set()), ("concat", get, set()),
            ("follow", get, {"last-event-id", "cache-control"}),
            ("archive", get | {"POST"}, {"content-type"}),
            ("ways", get | {"POST"}, {"content-type", "x-ticket", "x-way"})):
        response = daemon.fetch(
            "/none", "OPTIONS", STREAM_ACTION=action,
            STREAM_CORS="https://a.example", HTTP_ORIGIN="https://a.example",
            HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET",
            HTTP_ACCESS_CONTROL_REQUEST_HEADERS="x-ticket,last-event-id")
        check_response(response, 204, b"", action)
        for field, expected in (("Allow-Methods", methods),
                                ("Allow-Headers", usual | more)):
            listed = response.header(f"Access-Control-{field}").split(", ")
            equal(sorted(name.lower() if field == "Allow-Headers" else name
                         for name in listed), sorted(expected),
                  f"{field} of {action}")
        equal(sorted(response.header("Allow").split(", ")), sorted(methods),
              f"Allow of {action}")


# --- precompressed neighbours ------------------------------------------------

OFFERED = {"STREAM_PRECOMPRESSED": "br zstd gzip"}


def neighbours(case):
    """A file with three neighbours, all of different content."""
    stored = {"": case.store("page.html", b"plain" * 100)}
    for suffix in ("br", "zst", "gz"):
        stored[suffix] = case.store(f"page.html.{suffix}",
                                    suffix.encode() * 50)
    return stored


@test
def a_neighbour_is_chosen_by_accept_encoding(case):
    stored = neighbours(case)
    daemon = case.start()
    tags = set()
    for accept, suffix, coding in (
            (None, "", None), ("", "", None), ("identity", "", None),
            ("gzip", "gz", "gzip"), ("x-gzip", "gz", "gzip"),
            ("gzip, deflate, br, zstd", "br", "br"),
            ("gzip;q=1, br;q=0.5", "gz", "gzip"),
            ("br;q=0, *", "zst", "zstd"), ("*;q=0", "", None),
            ("gzip;q=0.5, identity", "", None), ("zstd\t", "zst", "zstd"),
            ("compress", "", None)):
        for method in ("GET", "HEAD"):
            response = daemon.fetch("/page.html", method, **OFFERED,
                                    HTTP_ACCEPT_ENCODING=accept)
            check_response(response, 200, what=accept)
            equal(response.header("Content-Encoding"), coding, accept)
            equal(response.header("Vary"), "Accept-Encoding", accept)
            equal(response.header("Content-Type"), "text/html", accept)
            equal(response.header("Content-Length"),
                  str(stored[suffix].size), accept)
            if method == "GET":
                equal(response.digest, stored[suffix].digest, accept)
        tags.add((suffix, response.header("ETag")))
    equal(len(tags), 4, "ETags of four representations")
    equal(len({tag for _, tag in tags}), 4, "different ETags")
    response = daemon.fetch("/page.html", HTTP_ACCEPT_ENCODING="gzip")
    equal((response.digest, response.header("Vary")),
          (stored[""].digest, None), "without STREAM_PRECOMPRESSED")


@test
def ranges_and_preconditions_are_those_of_the_neighbour(case):
    stored = neighbours(case)
    daemon = case.start()
    fields = {**OFFERED, "HTTP_ACCEPT_ENCODING": "gzip"}
    tag = daemon.fetch("/page.html", **fields).header("ETag")
    response = daemon.fetch("/page.html", HTTP_RANGE="bytes=10-19", **fields)
    check_response(response, 206, stored["gz"].piece(10, 10))
    equal(response.header("Content-Range"), "bytes 10-19/100", "range")
    equal(response.header("Content-Encoding"), "gzip", "coding")
    response = daemon.fetch("/page.html", HTTP_IF_NONE_MATCH=tag, **fields)
    check_response(response, 304, b"")
    equal(response.header("Vary"), "Accept-Encoding", "Vary of 304")
    response = daemon.fetch("/page.html", HTTP_IF_NONE_MATCH=tag, **OFFERED)
    check_file(response, stored[""], "another representation's tag")


@test
def a_neighbour_that_is_missing_old_or_odd_is_passed_over(case):
    stored = case.store("page.html", b"plain")
    daemon = case.start()
    fields = {**OFFERED, "HTTP_ACCEPT_ENCODING": "br, zstd, gzip"}
    check_file(daemon.fetch("/page.html", **fields), stored, "no neighbour")
    (case.root / "page.html.br").mkdir()
    os.mkfifo(case.root / "page.html.zst")
    packed = case.store("page.html.gz", b"packed")
    check_response(daemon.fetch("/page.html", **fields), 200, b"packed")
    os.utime(packed.path, (1_000_000_000, 1_000_000_000))
    check_file(daemon.fetch("/page.html", **fields), stored, "an old one")
    os.unlink(stored.path)
    check_error(daemon.fetch("/page.html", **fields), 404,
                what="a neighbour of nothing")


if __name__ == "__main__":
    main()
