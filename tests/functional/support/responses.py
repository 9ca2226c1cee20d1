# SPDX-License-Identifier: MIT
"""What several test programs expect of responses, beyond the harness."""

import re

from support.harness import check_response, equal, found, true


def check_error(response, *statuses, what="response"):
    """Fails unless it is one of these errors, in a short plain text."""
    true(response.status in statuses,
         f"status of {what}: expected {statuses}, got {response!r}")
    check_response(response, response.status, what=what)
    found("^text/plain", response.header("Content-Type"), "Content-Type")
    equal(response.header("Content-Length"), str(response.length),
          f"Content-Length of {what}")
    true(0 < response.length < 500, f"{what}: {response.length} bytes")


def check_partial(response, stored, first, length, what="part"):
    """Fails unless it is a 206 with just these bytes of the file."""
    check_response(response, 206, stored.piece(first, length), what)
    equal(response.header("Content-Range"),
          f"bytes {first}-{first + length - 1}/{stored.size}",
          f"Content-Range of {what}")
    equal(response.header("Content-Length"), str(length),
          f"Content-Length of {what}")


def multipart_parts(content_type, body):
    """The parts of a multipart/byteranges body: first byte, bytes, fields.

    Fails unless it keeps to RFC 2046, 5.1.1 to the letter.
    """
    boundary = found(r"^multipart/byteranges; boundary=([0-9A-Za-z'()+_,./:=?"
                     r"-]{1,70})$", content_type, "Content-Type").group(1)
    mark = b"--" + boundary.encode()
    true(body.startswith(mark + b"\r\n"), f"starts with {body[:80]!r}")
    true(body.endswith(b"\r\n" + mark + b"--\r\n"),
         f"ends with {body[-80:]!r}")
    inner = body[len(mark) + 2:-len(mark) - 6]
    parts = []
    for text in inner.split(b"\r\n" + mark + b"\r\n"):
        head, blank, content = text.partition(b"\r\n\r\n")
        true(blank, f"a part without an empty line: {text[:200]!r}")
        fields = dict(re.split(": ", line, maxsplit=1)
                      for line in head.decode().split("\r\n"))
        first, last, size = map(int, found(
            r"^bytes (\d+)-(\d+)/(\d+)$", fields["Content-Range"],
            "Content-Range").groups())
        equal(len(content), last - first + 1, "length of a part")
        parts.append((first, content, size, fields))
    return parts
