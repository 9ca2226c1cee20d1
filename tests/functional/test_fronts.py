#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One table of requests through every front server.

Each front runs with its example file (see fronts.py).  A row of the table is
a request and what must come of it, whatever the front.  Where a front forces
something else, the row says so under the front's name, with the reason.
"""

import dataclasses
import os
import signal

from fronts import FRONTS, Haproxy, NginxCache, start_daemon
from harness import (Failure, KIB, MIB, equal, main, test, true,
                     wait_idle, wait_until)
from responses import multipart_parts

# All files are as old as this, so that dates are strong validators.
MTIME = 1_700_000_000
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
LATER = "Wed, 15 Nov 2023 22:13:20 GMT"
EARLIER = "Mon, 13 Nov 2023 22:13:20 GMT"
SIZE = 100_003
CHUNK = 256 * KIB


# --- the table ---------------------------------------------------------------

@dataclasses.dataclass
class Row:
    """A request and what must come of it."""

    what: str
    status: int
    target: str = "/file.txt"
    method: str = "GET"
    # Fields that are sent; {etag} stands for the file's.
    send: dict = dataclasses.field(default_factory=dict)
    body: bytes = None
    # Fields that must come back: a value, None for one that must not come, or
    # ... for one that may be anything.
    fields: dict = dataclasses.field(default_factory=dict)
    # The part of /file.txt that must come: first byte and length.
    part: tuple = None
    # The parts that must come as multipart/byteranges.
    parts: list = None
    # The file that must come as a whole.
    file: str = None
    # Parameters that the front is to send.
    params: dict = dataclasses.field(default_factory=dict)
    # By name of a front: what differs there.
    but: dict = dataclasses.field(default_factory=dict)

    def behind(self, front):
        """The row as it is behind this front."""
        changes = self.but.get(front, {})
        fields = {**self.fields, **changes.get("fields", {})}
        return dataclasses.replace(self, **{**changes, "fields": fields})


WHOLE = {"Content-Length": str(SIZE), "Content-Type": "text/plain",
         "Accept-Ranges": "bytes", "Last-Modified": DATE, "ETag": "{etag}",
         "Content-Range": None, "Transfer-Encoding": None, "Status": None,
         "X-Accel-Buffering": None}


def piece(first, length):
    """The fields of a 206 with this part of /file.txt."""
    return {**WHOLE, "Content-Length": str(length),
            "Content-Range": f"bytes {first}-{first + length - 1}/{SIZE}"}


def range_row(what, field, first, length, **more):
    """A row for a range that is satisfied."""
    return Row(what, 206, send={"Range": field, **more.pop("send", {})},
               fields=piece(first, length), part=(first, length),
               but=more.pop("but", CACHE_206), **more)


# nginx as a cache answers ranges and preconditions by itself, so it is its
# reading of RFC 9110 that counts: a 206 has no Accept-Ranges, and a malformed
# Range is answered 416, where the RFC (14.2) has it ignored.
CACHE = NginxCache.name
CACHE_206 = {CACHE: {"fields": {"Accept-Ranges": None}}}
CACHE_416 = {CACHE: {"status": 416, "part": None, "fields": {
    **dict.fromkeys(WHOLE), "Content-Range": f"bytes */{SIZE}",
    "Content-Length": Ellipsis, "Content-Type": Ellipsis}}}


# Of several ranges the slice module makes no use: the whole file comes.
CACHE_WHOLE = {CACHE: {"status": 200, "part": (0, SIZE), "parts": None,
                       "fields": WHOLE}}

METHODS = [
    Row("GET", 200, fields=WHOLE, part=(0, SIZE)),
    Row("HEAD", 200, method="HEAD", fields=WHOLE),
    Row("GET after HEAD", 200, fields=WHOLE, part=(0, SIZE)),
    Row("HEAD of a range", 206, method="HEAD", send={"Range": "bytes=5-9"},
        fields=piece(5, 5), but=CACHE_206),
    Row("OPTIONS", 204, method="OPTIONS",
        fields={"Allow": "GET, HEAD, OPTIONS"}),
    Row("DELETE", 405, method="DELETE",
        fields={"Allow": "GET, HEAD, OPTIONS"}),
    Row("POST with a body", 405, method="POST", body=bytes(300 * KIB),
        fields={"Allow": "GET, HEAD, OPTIONS"}),
    Row("GET after that", 200, fields=WHOLE, part=(0, SIZE)),
    Row("the start page", 200, "/", file="index.html"),
]

RANGES = [
    range_row("the first byte", "bytes=0-0", 0, 1),
    range_row("a part", "bytes=1000-1999", 1000, 1000),
    range_row("an open range", "bytes=100000-", 100_000, 3),
    range_row("a suffix", "bytes=-500", SIZE - 500, 500),
    range_row("a suffix longer than the file", "bytes=-999999", 0, SIZE),
    range_row("an end beyond the file", "bytes=100002-999999", 100_002, 1),
    Row("a range behind the end", 416, send={"Range": f"bytes={SIZE}-"},
        fields={"Content-Range": f"bytes */{SIZE}"}),
    Row("an empty suffix", 416, send={"Range": "bytes=-0"},
        fields={"Content-Range": f"bytes */{SIZE}"}),
    Row("several ranges", 206, send={"Range": "bytes=10-19,0-0,-5"},
        fields={**WHOLE, "Content-Type": Ellipsis, "Content-Length": Ellipsis},
        parts=[(10, 10), (0, 1), (SIZE - 5, 5)], but=CACHE_WHOLE),
    range_row("several ranges that touch", "bytes=10-19,0-9", 0, 20,
              but=CACHE_WHOLE),
    Row("another unit", 200, send={"Range": "lines=0-5"}, fields=WHOLE,
        part=(0, SIZE)),
    Row("a malformed range", 200, send={"Range": "bytes=abc"}, fields=WHOLE,
        part=(0, SIZE), but=CACHE_416),
    Row("a range backwards", 200, send={"Range": "bytes=9-5"}, fields=WHOLE,
        part=(0, SIZE), but=CACHE_416),
]

CONDITIONS = [
    Row("If-None-Match with the tag", 304, send={"If-None-Match": "{etag}"},
        fields={"ETag": "{etag}"}),
    Row("If-None-Match with another tag", 200,
        send={"If-None-Match": '"other"'}, fields=WHOLE, part=(0, SIZE)),
    Row("If-None-Match with a star", 304, send={"If-None-Match": "*"},
        fields={"ETag": "{etag}"}),
    Row("If-None-Match before If-Modified-Since", 200,
        send={"If-None-Match": '"other"', "If-Modified-Since": LATER},
        fields=WHOLE, part=(0, SIZE)),
    Row("If-Modified-Since with the date", 304,
        send={"If-Modified-Since": DATE}, fields={"ETag": "{etag}"}),
    Row("If-Modified-Since with a later date", 304,
        send={"If-Modified-Since": LATER}, fields={"ETag": "{etag}"}),
    Row("If-Modified-Since with an earlier date", 200,
        send={"If-Modified-Since": EARLIER}, fields=WHOLE, part=(0, SIZE)),
    Row("If-Match with the tag", 200, send={"If-Match": "{etag}"},
        fields=WHOLE, part=(0, SIZE)),
    Row("If-Match with another tag", 412, send={"If-Match": '"other"'}),
    Row("If-Unmodified-Since with an earlier date", 412,
        send={"If-Unmodified-Since": EARLIER}),
    Row("304 of HEAD", 304, method="HEAD",
        send={"If-None-Match": "{etag}"}, fields={"ETag": "{etag}"}),
    range_row("If-Range with the tag", "bytes=5-9", 5, 5,
              send={"If-Range": "{etag}"}),
    range_row("If-Range with the date", "bytes=5-9", 5, 5,
              send={"If-Range": DATE}),
    Row("If-Range with another tag", 200,
        send={"Range": "bytes=5-9", "If-Range": '"other"'}, fields=WHOLE,
        part=(0, SIZE)),
    Row("If-Range with another date", 200,
        send={"Range": "bytes=5-9", "If-Range": EARLIER}, fields=WHOLE,
        part=(0, SIZE)),
]

# nginx and Apache answer paths that lead above the root themselves; lighttpd
# goes no higher than the root, and so finds the file.
ABOVE = {name: {"status": 400} for name in ("nginx", CACHE, "apache")}
IN_ROOT = {"lighttpd": {"status": 200, "part": (0, SIZE)}}
TEXT_404 = {"Content-Type": "text/plain", "Content-Length": "14"}
ERRORS = [
    Row("no such file", 404, "/none", fields=TEXT_404),
    Row("HEAD of no such file", 404, "/none", "HEAD", fields=TEXT_404),
    Row("a folder", 404, "/folder"),
    Row("a folder with its slash", 404, "/folder/"),
    Row("a file with a slash", 404, "/file.txt/"),
    Row("a file as a folder", 404, "/file.txt/more"),
    Row("a link out of the root", 403, "/outside"),
    Row("a name of 256 bytes", 404, "/" + 256 * "n"),
    Row("a path of 4200 bytes", 404, "/" + 2100 * "d/"),
    # Apache refuses it by itself, with another status.
    Row("NUL", 400, "/file.txt%00", but={"apache": {"status": 404}}),
    Row("a way out of the root", 403, "/../file.txt",
        but={**ABOVE, **IN_ROOT}),
    Row("an encoded way out", 403, "/%2e%2e/file.txt",
        but={**ABOVE, **IN_ROOT}),
    # Apache decodes the slashes after it has removed "..": 404 for "/x".
    Row("a way out behind encoded slashes", 403, "/folder%2f..%2f..%2fx",
        but={**ABOVE, "apache": {"status": 404}, "lighttpd": {"status": 404}}),
    # lighttpd takes it for the file "%zz"; HAProxy fails to decode it.
    Row("a broken escape", 400, "/%zz",
        but={"lighttpd": {"status": 404}, "haproxy": {"status": 500}}),
    Row("GET after all that", 200, fields=WHOLE, part=(0, SIZE)),
]

NAMES = ("with space", "100%", "%41", "%2541", "%2F", "what?", "a#b", "a+b",
         "a;b", "a&b=c", 'double"quote', "single'quote", "back\\slash",
         "pipe|", "ünïcödé 🎬.mp4", "a:b@c", "~", "a...", 255 * "n")
CONTROLS = ("two\nlines", "\r", "\x01\x7f")
NOT_UTF_8 = b"\xff\xfe"


def name_row(name, **more):
    """A row for a file of that name, each byte of which is encoded."""
    quoted = "".join(f"%{byte:02X}" for byte in os.fsencode(name))
    return Row(f"the name {name!r}", 200, f"/names/{quoted}",
               file=f"names/{name}", **more)


PATHS = [name_row(name) for name in NAMES] + [
    # lighttpd refuses control characters; told not to, it makes "_" of them.
    *(name_row(name, but={"lighttpd": {"status": 400, "file": None}})
      for name in CONTROLS),
    name_row(os.fsdecode(NOT_UTF_8)),
    Row("a plain name, nothing encoded", 200, "/names/a+b;c,d(e)'!*$&=@:~",
        file="names/a+b;c,d(e)'!*$&=@:~"),
    Row("an encoded slash", 200, "/folder%2Finner", file="folder/inner"),
    Row("doubled slashes", 200, "//folder///inner", file="folder/inner"),
    Row("a dot in between", 200, "/./folder/./inner", file="folder/inner"),
    Row("a query", 200, "/file.txt?a=b&c=%zz", part=(0, SIZE)),
    Row("an absolute target", 200, "http://fronts.test/folder/inner",
        file="folder/inner"),
]

INDEX = {"STREAM_INDEX": "index.html"}
PACKED = {"STREAM_PRECOMPRESSED": "gzip"}
FIELDS = {"STREAM_CORS": "https://a.example", "STREAM_CONTENT_TYPE": "text/csv",
          "STREAM_CHARSET": "utf-8", "STREAM_DISPOSITION": "attachment",
          "STREAM_FILENAME": "a b.txt",
          "STREAM_CACHE_CONTROL": "public, max-age=60"}

# What an operator sets: the front sends it, whatever the client asks for.
PARAMETERS = [
    Row("STREAM_PATH", 200, "/none", file="folder/inner",
        params={"STREAM_PATH": "/folder/inner"}),
    Row("STREAM_PATH with a percent sign", 200, "/none", file="names/%2541",
        params={"STREAM_PATH": "/names/%2541"}),
    Row("an action that there is not", 404,
        params={"STREAM_ACTION": "none"}),
    Row("a name that begins with a dot", 404, "/.hidden"),
    Row("STREAM_DOTFILES", 200, "/.hidden", file=".hidden",
        params={"STREAM_DOTFILES": "allow"}),
    Row("a start page", 200, "/folder/", file="folder/index.html",
        fields={"Content-Type": "text/html"}, params=INDEX),
    Row("a folder without its slash", 308, "/folder?a=b", params=INDEX,
        fields={"Location": "./folder/?a=b"}),
    Row("HEAD of a folder without its slash", 308, "/folder", "HEAD",
        params=INDEX, fields={"Location": "./folder/"}),
    Row("an odd folder without its slash", 308, "/a%3Fb%20%25", params=INDEX,
        fields={"Location": "./a%3Fb%20%25/"}),
    Row("that folder with its slash", 200, "/a%3Fb%20%25/", params=INDEX,
        file="a?b %/index.html"),
    Row("a neighbour", 200, "/page.html", send={"Accept-Encoding": "gzip"},
        file="page.html.gz", params=PACKED,
        fields={"Content-Encoding": "gzip", "Content-Type": "text/html",
                "Vary": "Accept-Encoding"}),
    Row("no neighbour", 200, "/page.html", file="page.html", params=PACKED,
        fields={"Content-Encoding": None, "Vary": "Accept-Encoding"}),
    Row("fields of the operator", 200, part=(0, SIZE), params=FIELDS,
        fields={"Content-Disposition": 'attachment; filename="a b.txt"',
                "Cache-Control": "public, max-age=60",
                "Content-Type": "text/csv; charset=utf-8",
                "X-Content-Type-Options": "nosniff",
                "Access-Control-Allow-Origin": "https://a.example",
                "Vary": "Origin"},
        send={"Origin": "https://a.example"}),
    Row("a preflight request", 204, method="OPTIONS", params=FIELDS,
        fields={"Access-Control-Allow-Origin": "https://a.example",
                "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
                "Access-Control-Max-Age": "86400"},
        send={"Origin": "https://a.example",
              "Access-Control-Request-Method": "GET",
              "Access-Control-Request-Headers": "range"}),
    Row("404 for another origin's page", 404, "/none", params=FIELDS,
        fields={"Access-Control-Allow-Origin": "https://a.example"},
        send={"Origin": "https://a.example"}),
    Row("a client cannot set them", 200, send={"STREAM_PATH": "/none",
                                               "STREAM-PATH": "/none"},
        fields=WHOLE, part=(0, SIZE)),
]

GROUPS = {
    "methods and statuses": METHODS,
    "ranges": RANGES,
    "preconditions": CONDITIONS,
    "errors": ERRORS,
    "odd paths": PATHS,
    "parameters": PARAMETERS,
}


# --- running a row -----------------------------------------------------------

def store(case, name, content):
    """A file of a known age."""
    stored = case.store(name, content)
    os.utime(stored.path, (MTIME, MTIME))
    return stored


def store_all(case):
    """The files that the rows ask for, with their own names as content."""
    files = {"file.txt": store(case, "file.txt", SIZE)}
    for row in (row for rows in GROUPS.values() for row in rows if row.file):
        files[row.file] = store(case, row.file, os.fsencode(row.file))
    (case.root / "outside").symlink_to("/etc/passwd")
    return files


def check_fields(answer, expected):
    """Fails unless the answer has these fields."""
    for name, value in expected.items():
        actual = answer.field(name)
        if value is Ellipsis:
            continue
        equal(actual, value, name)


def check_row(row, answer, files, etag):
    """Fails unless the answer is what the row expects."""
    equal(answer.status, row.status, "status")
    true(answer.complete, f"{answer!r}")
    check_fields(answer, {
        name: value.replace("{etag}", etag) if isinstance(value, str)
        else value for name, value in row.fields.items()})
    if row.part:
        content = files["file.txt"].piece(*row.part)
        true(answer.body == content, f"wrong bytes in {answer!r}")
    if row.file:
        true(answer.body == files[row.file].content(),
             f"wrong bytes in {answer!r}")
    if row.parts:
        parts = multipart_parts(answer.field("Content-Type"), answer.body)
        equal([(first, content, size) for first, content, size, _ in parts],
              [(first, files["file.txt"].piece(first, length), SIZE)
               for first, length in row.parts], "parts")
    true(b"root:" not in answer.body, "a file outside the root was sent")


def run_row(row, client, files, etag):
    """Sends a row's request; says what is wrong with the answer, or None."""
    send = {name: value.replace("{etag}", etag)
            for name, value in row.send.items()}
    try:
        answer = client.ask(row.target, row.method, send, row.body)
        check_row(row, answer, files, etag)
    except (Failure, ConnectionError, TimeoutError) as error:
        client.close()
        return f"{row.what} ({row.method} {row.target[:80]} {send}): {error}"
    return None


def run_rows(case, front_class, rows):
    """Runs rows, with one instance for each set of parameters in them."""
    files = store_all(case)
    daemon = start_daemon(case)
    etag = daemon.fetch("/file.txt", "HEAD").header("ETag")
    rows = [row.behind(front_class.name) for row in rows]
    wrong = []
    for params in {str(row.params): row.params for row in rows}.values():
        front = front_class(case, daemon, params)
        client = front.client()
        wrong += [run_row(row, client, files, etag)
                  for row in rows if row.params == params]
        client.close()
        front.stop()
    wrong = [text for text in wrong if text]
    true(not wrong, "\n".join(wrong))


def for_each_front(body=None, fronts=FRONTS, timeout=60):
    """Registers a test of a front, once for each."""
    def register(body):
        for front_class in fronts:
            def run(case, front_class=front_class):
                body(case, front_class)
            run.__name__ = f"{front_class.name}: {body.__name__}"
            test(run, timeout=timeout)
        return body
    return register(body) if body else register


def register_groups():
    """One test for each front and group of rows."""
    for name, rows in GROUPS.items():
        def run(case, front_class, rows=rows):
            run_rows(case, front_class, rows)
        run.__name__ = name
        for_each_front(run)


register_groups()


# --- more than one row -------------------------------------------------------

def start_both(case, front_class, params=None, **how):
    """A daemon and a front."""
    daemon = start_daemon(case, **how)
    return daemon, front_class(case, daemon, params)


# Apache leaves out the length of what is empty.
NO_LENGTH_0 = ("apache",)


@for_each_front(timeout=120)
def files_of_every_size_arrive_whole(case, front_class):
    _, front = start_both(case, front_class, workers=2)
    client = front.client()
    for size in (0, 1, 4 * KIB, CHUNK, CHUNK + 1, MIB, 100 * MIB + 7):
        stored = case.store(f"size-{size}", size)
        answer = client.ask(f"/size-{size}", keep=False)
        equal((answer.status, answer.length, answer.digest),
              (200, size, stored.digest), f"answer of {size} bytes")
        equal(answer.field("Content-Length"), str(size), "Content-Length")
        head = client.ask(f"/size-{size}", "HEAD")
        hidden = size == 0 and front.name in NO_LENGTH_0
        equal(head.field("Content-Length"), None if hidden else str(size),
              f"Content-Length for HEAD of {size} bytes")


# After a 412 of its own, nginx ends the client's connection unannounced.
ENDS_CONNECTION = {CACHE: (412,)}


@for_each_front
def client_connections_are_kept_over_every_status(case, front_class):
    store_all(case)
    _, front = start_both(case, front_class)
    client = front.client()
    expected = 1
    for target, method, send, status in (
            ("/file.txt", "GET", {}, 200), ("/file.txt", "HEAD", {}, 200),
            ("/file.txt", "GET", {"Range": "bytes=5-9"}, 206),
            ("/file.txt", "GET", {"If-Modified-Since": DATE}, 304),
            ("/file.txt", "GET", {"Range": "bytes=999999-"}, 416),
            ("/none", "GET", {}, 404), ("/outside", "GET", {}, 403),
            ("/file.txt", "OPTIONS", {}, 204),
            ("/file.txt", "PUT", {}, 405),
            ("/file.txt", "GET", {"If-Match": '"other"'}, 412),
            ("/file.txt", "GET", {}, 200)):
        answer = client.ask(target, method, send)
        equal(answer.status, status, f"status of {method} {target} {send}")
        equal(client.connections, expected, f"connections up to {status}")
        expected += status in ENDS_CONNECTION.get(front.name, ())


# --- the cache ---------------------------------------------------------------

@for_each_front(fronts=[NginxCache])
def only_the_slices_that_are_asked_for_are_fetched_and_only_once(
        case, front_class):
    stored = case.store("large", 64 * MIB)
    daemon, front = start_both(case, front_class)
    first = 40 * MIB - 10
    for _ in range(3):
        answer = front.ask("/large", fields={
            "Range": f"bytes={first}-{first + 19}"})
        equal(answer.status, 206, "status")
        true(answer.body == stored.piece(first, 20), "wrong bytes")
    # The slices on both sides of the border, and the first, for the size.
    daemon.wait_access(count=2, path="/large", status=206)
    true(len(daemon.access(path="/large")) <= 3, "more than the slices")
    daemon.stop()
    daemon.leaves_socket = True
    answer = front.ask("/large", fields={
        "Range": f"bytes={first}-{first + 19}"})
    true(answer.body == stored.piece(first, 20), "not served from the cache")


# --- streams that do not come to their end -----------------------------------

# The answer of a cache comes in slices, each from a request of its own.
def sent(daemon, path):
    """How many bytes of a file fcgi-stream has sent."""
    return sum(int(line["bytes"]) for line in daemon.access(path=path))


@for_each_front
def a_client_that_leaves_ends_its_stream(case, front_class):
    case.store("large", 256 * MIB)
    daemon, front = start_both(case, front_class)
    for count in (1, 500 * KIB, 3 * MIB):
        client = front.client(receive_buffer=8192)
        client.send("/large")
        answer = client.read_head()
        client.read_some(answer, count)
        client.close()
    if front.name == CACHE:
        wait_until(lambda: daemon.access(path="/large"), "an access line")
        wait_idle(daemon.worker)
    else:
        daemon.wait_access(count=3, path="/large", end="aborted")
    true(sent(daemon, "/large") < 64 * MIB, "far more was read than taken")


@for_each_front
def a_client_that_takes_nothing_holds_its_stream_back(case, front_class):
    case.store("large", 256 * MIB)
    daemon, front = start_both(case, front_class)
    client = front.client(receive_buffer=8192)
    client.send("/large")
    client.read_head()
    wait_idle(daemon.worker)
    spooled = [path.name for path in front.run_dir.rglob("*")
               if path.is_file() and path.stat().st_size > 2 * MIB]
    equal(spooled, [], f"what {front.name} wrote to disk")
    client.close()
    daemon.wait_access(path="/large")
    wait_idle(daemon.worker)
    true(sent(daemon, "/large") < 16 * MIB,
         f"{sent(daemon, '/large')} bytes were sent")


def check_broken(case, front_class, breaks, **fields):
    """Breaks a stream in its middle; fails if the client can't tell."""
    stored = case.store("large", 256 * MIB)
    small = case.store("small", 10)
    daemon, front = start_both(case, front_class)
    client = front.client(receive_buffer=8192)
    client.send("/large", fields=fields)
    answer = client.read_head()
    breaks(daemon, stored)
    client.read_body(answer, keep=False)
    equal(answer.status, 200, "status")
    # The cache may get what is left from the next worker, and be right.
    right = front.name == CACHE and answer.digest == stored.digest
    true(right or not answer.complete, f"{answer!r} looks complete")
    client.close()
    return daemon, front, small


@for_each_front
def a_file_cut_short_is_seen_as_incomplete(case, front_class):
    daemon, front, small = check_broken(
        case, front_class,
        lambda _, stored: os.truncate(stored.path, 128 * MIB))
    if front.name != CACHE:
        daemon.wait_access(path="/large", end="aborted")
    equal(front.ask("/small").body, small.content(), "another file")


@for_each_front
def a_worker_that_is_killed_is_seen_as_incomplete(case, front_class):
    def kill(daemon, _):
        old = daemon.worker
        os.kill(old, signal.SIGKILL)
        daemon.deaths_expected = True
        wait_until(lambda: daemon.workers() not in ([], [old]),
                   "another worker")

    # Else nginx and Apache let the client wait for their keep-alive timeout.
    _, front, small = check_broken(case, front_class, kill,
                                   Connection="close")
    equal(front.ask("/small").body, small.content(), "another file")


# --- the daemon comes and goes -----------------------------------------------

# lighttpd has no way to add a field by the status.
NO_RETRY_AFTER = ("lighttpd",)


@for_each_front
def while_the_daemon_is_away_clients_are_told_to_retry(case, front_class):
    stored = case.store("file", 1000)
    other = case.store("other", 1000)
    daemon, front = start_both(case, front_class)
    client = front.client()
    equal(client.ask("/file").body, stored.content(), "file")
    daemon.stop()
    daemon.leaves_socket = True  # It becomes the next daemon's.
    if front_class is Haproxy:
        wait_until(lambda: front.server_status() == "DOWN", "DOWN")
    answer = front.ask("/other")
    equal(answer.status, 503, "status")
    if front.name not in NO_RETRY_AFTER:
        true(int(answer.field("Retry-After")) > 0, "no Retry-After")
    start_daemon(case, address=daemon.address, listen=daemon.address)
    wait_until(lambda: front.ask("/other").body == other.content(),
               "the file is served again")


@for_each_front(fronts=[Haproxy])
def health_checks_tell_of_a_daemon_that_is_stopped(case, front_class):
    daemon, front = start_both(case, front_class)
    daemon.wait_access(count=2, path="/health-check", status=404)
    equal(front.server_status(), "UP", "server")
    daemon.stop()
    daemon.leaves_socket = True  # It becomes the next daemon's.
    wait_until(lambda: front.server_status() == "DOWN", "DOWN")
    daemon = start_daemon(case, address=daemon.address, listen=daemon.address)
    wait_until(lambda: front.server_status() == "UP", "UP")


@for_each_front(fronts=[Haproxy])
def health_checks_tell_of_a_daemon_that_hangs(case, front_class):
    daemon, front = start_both(case, front_class)
    daemon.wait_access(path="/health-check", status=404)
    os.kill(daemon.worker, signal.SIGSTOP)
    case.defer(os.kill, daemon.worker, signal.SIGCONT)
    wait_until(lambda: front.server_status() == "DOWN", "DOWN")
    os.kill(daemon.worker, signal.SIGCONT)
    wait_until(lambda: front.server_status() == "UP", "UP")


if __name__ == "__main__":
    main()
