# SPDX-License-Identifier: MIT
"""What several test programs expect of responses, beyond the harness."""

import email
import email.policy
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

    Fails unless it keeps to RFC 2046, 5.1.1 to the letter, with an empty
    preamble and its CRLF, which old clients need, and no epilogue; and unless
    Python's parser of mail reads the same.
    """
    boundary = found(r"^multipart/byteranges; boundary=([0-9A-Za-z'()+_,./:=?"
                     r"-]{1,70})$", content_type, "Content-Type").group(1)
    delimiter = b"\r\n--" + boundary.encode()
    preamble, *texts, epilogue = bytes(body).split(delimiter)
    equal((preamble, epilogue), (b"", b"--\r\n"), "around the parts")
    parts = [multipart_part(text) for text in texts]
    check_mail(content_type, body, parts)
    return parts


def multipart_part(text):
    """One part, given from the end of its delimiter on."""
    true(text.startswith(b"\r\n"), f"after a delimiter: {text[:80]!r}")
    head, blank, content = text[2:].partition(b"\r\n\r\n")
    true(blank, f"a part without an empty line: {text[:200]!r}")
    fields = dict(re.split(": ", line, maxsplit=1)
                  for line in head.decode().split("\r\n"))
    first, last, size = map(int, found(
        r"^bytes (\d+)-(\d+)/(\d+)$", fields["Content-Range"],
        "Content-Range").groups())
    equal(len(content), last - first + 1, "length of a part")
    return first, content, size, fields


def check_mail(content_type, body, parts):
    """Fails unless a strict reader of mail finds just these parts."""
    mail = email.message_from_bytes(
        f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n".encode()
        + body, policy=email.policy.compat32.clone(raise_on_defect=True))
    # The preamble's own line end is not a part of it, nor is the epilogue's.
    equal((mail.preamble or "", mail.epilogue or ""), ("", ""),
          "around the parts, as mail")
    equal([(dict(part.items()), part.get_payload(decode=True))
           for part in mail.get_payload()],
          [(fields, content) for _, content, _, fields in parts],
          "parts, as mail")
