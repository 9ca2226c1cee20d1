# SPDX-License-Identifier: MIT
"""The table of requests that go through every front server.

A row is a request and what must come of it, whatever the front.  Where a front
forces something else, the row says so under the front's name, with the reason.
"""

import dataclasses
import os

from support.fronts import NginxCache
from support.harness import KIB

# All files are as old as this, so that dates are strong validators.
MTIME = 1_700_000_000
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
LATER = "Wed, 15 Nov 2023 22:13:20 GMT"
EARLIER = "Mon, 13 Nov 2023 22:13:20 GMT"
SIZE = 100_003


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


# The slice module ignores several ranges: the whole file comes.
CACHE_WHOLE = {CACHE: {"status": 200, "part": (0, SIZE), "parts": None,
                       "fields": WHOLE}}

# nginx takes no body above 1 MiB unless it is told to.
NGINX_413 = {name: {"status": 413, "fields": {"Allow": None}}
             for name in ("nginx", CACHE)}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n" * 600_000

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
    # Over CONNECTION_BODY_MAX, and made of what could be taken for requests.
    Row("POST with a large body", 405, method="POST", body=SMUGGLED,
        fields={"Allow": "GET, HEAD, OPTIONS"}, but=NGINX_413),
    Row("GET after that too", 200, fields=WHOLE, part=(0, SIZE)),
    Row("the start page", 200, "/", file="index.html"),
]

RANGES = [
    range_row("the first byte", "bytes=0-0", 0, 1),
    range_row("a part", "bytes=1000-1999", 1000, 1000),
    range_row("an open range", "bytes=100000-", 100_000, 3),
    range_row("a suffix", "bytes=-500", SIZE - 500, 500),
    range_row("a suffix longer than the file", "bytes=-999999", 0, SIZE),
    range_row("an end beyond the file", "bytes=100002-999999", 100_002, 1),
    Row("a range past the end", 416, send={"Range": f"bytes={SIZE}-"},
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
    Row("a way out after encoded slashes", 403, "/folder%2f..%2f..%2fx",
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
