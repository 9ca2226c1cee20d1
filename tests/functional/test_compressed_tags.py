#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fronts that compress answers and change their tags: caches go on working."""

import gzip
import os

from support.fronts import Apache, Nginx, start_daemon
from support.harness import Skip, equal, main, test, true

TEXT = b"".join(b"line %d of what is worth compressing\n" % number
                for number in range(5000))
MODULES = "/usr/lib/apache2/modules"


class ApacheCompressing(Apache):
    """The example, with a filter on all answers."""

    def __init__(self, case, daemon, module, filters):
        self.lines = [f"LoadModule filter_module {MODULES}/mod_filter.so",
                      f"LoadModule {module}_module {MODULES}/mod_{module}.so",
                      '<Location "/">', f"SetOutputFilter {filters}",
                      "</Location>", ""]
        if not os.path.exists(f"{MODULES}/mod_{module}.so"):
            raise Skip(f"Apache has no mod_{module} here")
        super().__init__(case, daemon)

    def configuration(self, daemon, params):
        return super().configuration(daemon, params) + "\n".join(self.lines)


class NginxCompressing(Nginx):
    """The example, with gzip for text."""

    def configuration(self, daemon, params):
        text = super().configuration(daemon, params)
        place = "default_type text/plain;"
        equal(text.count(place), 1, f"{place} in the example")
        return text.replace(
            place, f"{place}\n    gzip on;\n    gzip_types text/plain;")


def check_compressed(front, daemon, coding):
    """The tag of a compressed answer, which is not ours."""
    answer = front.ask("/text.txt", fields={"Accept-Encoding": coding})
    equal((answer.status, answer.field("Content-Encoding")), (200, coding),
          "the answer")
    if coding == "gzip":
        true(gzip.decompress(answer.body) == TEXT, "wrong bytes")
    ours = daemon.fetch("/text.txt", "HEAD").header("ETag")
    tag = answer.field("ETag")
    true(tag != ours, f"the tag {tag} is as it was")
    return tag


def check_known(front, daemon, coding, tag):
    """Fails unless who has that is told so, by fcgi-stream."""
    for field in (tag, f'"other", {tag}'):
        answer = front.ask("/text.txt", fields={
            "Accept-Encoding": coding, "If-None-Match": field})
        equal((answer.status, answer.length), (304, 0), field)
    daemon.wait_access(count=2, status=304)
    other = front.ask("/text.txt", fields={
        "Accept-Encoding": coding, "If-None-Match": tag.replace("-", "1-", 1)})
    equal(other.status, 200, "status for another tag")


def check_no_part(front, daemon, coding, tag):
    """Bytes of ours would not fit what the client has: it gets all anew.

    Or Apache cuts a part out of what it has compressed.
    """
    whole = front.ask("/text.txt", fields={"Accept-Encoding": coding})
    answer = front.ask("/text.txt", fields={
        "Accept-Encoding": coding, "Range": "bytes=1000-", "If-Range": tag})
    equal(answer.field("Content-Encoding"), coding, "coding of the rest")
    if answer.status == 206:
        true(answer.body == whole.body[1000:], "wrong bytes in the rest")
    else:
        equal(answer.status, 200, "status of the rest")
        true(answer.body == whole.body, "wrong bytes")
    equal(daemon.access(status=206), [], "parts of ours")
    answer = front.ask("/text.txt", fields={
        "Accept-Encoding": coding, "Range": "bytes=1000-", "If-Match": tag})
    equal(answer.status, 412, "the answer to If-Match")


def start(case):
    """A daemon and the file."""
    case.store("text.txt", TEXT)
    return start_daemon(case)


@test
def what_apache_has_deflated_is_known_again(case):
    daemon = start(case)
    front = ApacheCompressing(case, daemon, "deflate", "DEFLATE")
    tag = check_compressed(front, daemon, "gzip")
    true(tag.endswith('-gzip"'), tag)
    check_known(front, daemon, "gzip", tag)
    check_no_part(front, daemon, "gzip", tag)


@test
def what_apache_has_compressed_with_brotli_is_known_again(case):
    daemon = start(case)
    front = ApacheCompressing(case, daemon, "brotli", "BROTLI_COMPRESS")
    tag = check_compressed(front, daemon, "br")
    true(tag.endswith('-br"'), tag)
    check_known(front, daemon, "br", tag)
    check_no_part(front, daemon, "br", tag)


@test
def what_nginx_has_compressed_is_known_again(case):
    daemon = start(case)
    front = NginxCompressing(case, daemon)
    tag = check_compressed(front, daemon, "gzip")
    true(tag.startswith("W/"), tag)
    check_known(front, daemon, "gzip", tag)
    check_no_part(front, daemon, "gzip", tag)


if __name__ == "__main__":
    main()
