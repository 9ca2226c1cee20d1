#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action archive: members that may not be read refuse it, or are left out."""

import gzip
import io
import os
import random
import shutil
import subprocess
import tarfile
import zipfile

from support.archives import (ARCHIVE, FIRST, check_bsdtar_pipe,
                              check_zip_tools, names_in)
from support.harness import (MIB, Skip, check_response, equal, found, main,
                             need, program, test, true, wait_idle)
from support.responses import check_error

SKIP = {**ARCHIVE, "STREAM_ARCHIVE_UNREADABLE": "skip"}
TEXT = "MISSING-FILES.txt"


def start_as_nobody(case, *options):
    """A daemon with few rights, from a folder that it can enter."""
    words = []
    if os.geteuid() == 0:
        need("setpriv")
        words = ["setpriv", "--reuid=65534", "--regid=65534",
                 "--clear-groups"]
        if subprocess.run([*words, "true"], check=False).returncode:
            raise Skip("setpriv cannot become somebody else")
    os.chmod(case.dir, 0o777)
    copy = case.dir / "copy"
    if not copy.exists():
        shutil.copy(program(), copy)
    return case.start(
        *options,
        prefix=[*words, "sh", "-c", f'shift; exec {copy} "$@"', "sh"])


def close(case, name):
    """Lets nobody but root read a file or folder, up to the test's end."""
    before = os.stat(case.root / name).st_mode & 0o777
    os.chmod(case.root / name, 0)
    case.defer(os.chmod, case.root / name, before)


def store_tree(case):
    """Files and folders, some of them closed: all others, and those."""
    tree = {}
    for name, size in (("a/one", 700), ("a/two", 0), ("b", 100_000),
                       ("z/last", 3 * MIB)):
        tree[name] = case.store(name, size).content()
    tree.update({"a": None, "z": None})
    for name in ("a/closed", "closed/inner", "m\nn", "z/secret.bin"):
        case.store(name, 5000)
    for name in ("a/closed", "closed", "m\nn", "z/secret.bin"):
        close(case, name)
    return tree, b"a/closed\nclosed/\nm%0An\nz/secret.bin\n"


def unzip(response):
    """The members of a zip archive: {name: bytes}."""
    check_response(response, 200)
    with zipfile.ZipFile(io.BytesIO(bytes(response.body))) as archive:
        equal(archive.testzip(), None, "the first bad member")
        return {name: archive.read(name) for name in archive.namelist()}


# --- refused -----------------------------------------------------------------

@test
def a_member_that_may_not_be_read_refuses_the_archive(case):
    case.store("a/open", 10)
    os.chmod(case.store("b/closed", 10).path, 0)
    case.store("c/closed/file", 10)
    close(case, "c/closed")
    daemon = start_as_nobody(case)
    equal(names_in(daemon.fetch("/a/", **ARCHIVE)), ["open"], "what is open")
    for path, query in (("/b/", ""), ("/", "f=b/closed"), ("/c/", ""),
                        ("/", "f=a&f=b"), ("/c/closed/", "")):
        check_error(daemon.fetch(path, QUERY_STRING=query, **ARCHIVE), 403,
                    what=f"{path} {query}")
    daemon.wait_log(r'Permission denied: "b/closed" in "/" beneath "')
    daemon.wait_log(r'Permission denied: "closed" in "/b/" beneath "')
    daemon.wait_log(r'Permission denied: "closed/" in "/c/" beneath "')


@test
def the_refusal_names_the_first_three(case):
    store_tree(case)
    chosen = random.Random(5)
    case.store("a/\"quo\\ted\"", 10)
    close(case, "a/\"quo\\ted\"")
    daemon = start_as_nobody(case)
    for form in ("zip", "tar", "tar.gz", "zip-deflate"):
        for word in (None, "fail"):
            response = daemon.fetch("/", STREAM_FORMAT=form, **{
                **SKIP, "STREAM_ARCHIVE_UNREADABLE": word})
            check_error(response, 403)
            equal(response.header("Content-Type"),
                  "text/plain; charset=utf-8", "type")
            equal(response.header("X-Content-Type-Options"), "nosniff",
                  "sniffing")
            lines = response.body.decode().splitlines()
            equal((lines[0], len(lines)), ("403 Forbidden", 4), "lines")
            equal(lines[1:], sorted(lines[1:]), "order")
    response = daemon.fetch("/a/", **ARCHIVE)
    equal(bytes(response.body),
          b'403 Forbidden\n"\\x22quo\\x5cted\\x22"\n"closed"\n', "text")
    response = daemon.fetch("/", "POST", b"m\nb\nclosed/inner\n", **ARCHIVE)
    check_error(response, 404)
    response = daemon.fetch("/", "POST", b"b\nclosed/inner\n", **ARCHIVE)
    equal(bytes(response.body), b'403 Forbidden\n"closed/inner"\n', "text")
    # Of its order: a folder has another one.
    names = [f"many/{number:02}" for number in range(30)]
    for name in chosen.sample(names, len(names)):
        case.store(name, 1)
        close(case, name)
    response = daemon.fetch("/many/", **ARCHIVE)
    equal(bytes(response.body), b'403 Forbidden\n"00"\n"01"\n"02"\n', "text")
    head = daemon.fetch("/a/", "HEAD", **ARCHIVE)
    equal((head.status, head.length), (403, 0), "HEAD")


@test
def a_word_that_is_neither_is_refused(case):
    daemon = case.start()
    response = daemon.fetch("/", **{
        **SKIP, "STREAM_ARCHIVE_UNREADABLE": "ignore"})
    check_error(response, 500)
    daemon.wait_log('STREAM_ARCHIVE_UNREADABLE="ignore": not fail or skip')


# --- left out ----------------------------------------------------------------

@test
def what_may_not_be_read_is_left_out_of_every_form(case):
    tree, text = store_tree(case)
    tree[TEXT] = text
    daemon = start_as_nobody(case)
    in_zip = {name + ("/" if content is None else ""): content or b""
              for name, content in tree.items()}
    for extra in ({}, {"STREAM_ZIP_CRC": "first"},
                  {"STREAM_FORMAT": "zip-deflate"}):
        response = daemon.fetch("/", **SKIP, **extra)
        equal(unzip(response), in_zip, f"members with {extra}")
        path = case.dir / "tree.zip"
        path.write_bytes(response.body)
        check_zip_tools(path)
    plain = daemon.fetch("/", STREAM_FORMAT="tar", **SKIP)
    packed = daemon.fetch("/", STREAM_FORMAT="tar.gz", **SKIP)
    check_response(packed, 200)
    true(gzip.decompress(packed.body) == plain.body, "not the bytes of tar")
    with tarfile.open(fileobj=io.BytesIO(bytes(plain.body))) as archive:
        equal(archive.getnames()[-1], TEXT, "the last member")
    check_bsdtar_pipe(case, bytes(plain.body), tree, "bsdtar")
    daemon.wait_log(r'notice \S+: left out 4 that may not be read, the first '
                    r'is "a/closed": "/" beneath')


@test
def an_archive_from_which_nothing_is_missing_says_nothing(case):
    case.store("a", 10)
    daemon = case.start()
    plain, skipping = (daemon.fetch("/", **extra) for extra in (ARCHIVE, SKIP))
    equal(skipping.body, plain.body, "body")
    equal(skipping.header("ETag"), plain.header("ETag"), "ETag")


@test
def lists_are_done_without_what_may_not_be_read(case):
    tree, _ = store_tree(case)
    daemon = start_as_nobody(case)
    wanted = ["b", "closed", "z/secret.bin", "a/closed", "b", "closed/inner"]
    expected = {"b": tree["b"], TEXT: b"a/closed\nclosed/\nclosed/inner\n"
                b"z/secret.bin\n"}
    query = "&".join(f"f={name}" for name in wanted)
    equal(unzip(daemon.fetch("/", QUERY_STRING=query, **SKIP)), expected,
          "by a query")
    body = "\n".join(wanted).encode()
    equal(unzip(daemon.fetch("/", "POST", body, **SKIP)), expected,
          "by a POST")
    # All that was asked for may be missing.
    equal(unzip(daemon.fetch("/", QUERY_STRING="f=closed", **SKIP)),
          {TEXT: b"closed/\n"}, "nothing else")
    # The mistakes of the one who asks stay his.
    for query, status in (("f=b&f=none", 404), ("f=../x", 403),
                          ("f=.hidden", 404)):
        check_error(daemon.fetch("/", QUERY_STRING=query, **SKIP), status)
    check_error(daemon.fetch("/closed/", **SKIP), 403)


@test
def an_archive_with_some_missing_is_resumed(case):
    store_tree(case)
    daemon = start_as_nobody(case)
    chosen = random.Random(5)
    for extra in ({}, {"STREAM_ZIP_CRC": "first"}, {"STREAM_FORMAT": "tar"}):
        whole = daemon.fetch("/", **SKIP, **extra)
        check_response(whole, 200)
        head = daemon.fetch("/", "HEAD", **SKIP, **extra)
        for name in ("ETag", "Content-Length"):
            equal(head.header(name), whole.header(name), name)
        offsets = [chosen.randrange(whole.length) for _ in range(15)]
        offsets += [whole.length - back for back in (1, 50, 150, 300, 1500)]
        for number, offset in enumerate(offsets):
            if number == 10:
                daemon = start_as_nobody(case)
            response = daemon.fetch("/", HTTP_RANGE=f"bytes={offset}-",
                                    HTTP_IF_RANGE=whole.header("ETag"),
                                    **SKIP, **extra)
            check_response(response, 206, whole.body[offset:],
                           f"resumed at {offset}")


@test
def the_tag_changes_with_what_is_missing(case):
    for name in ("a", "b", "c"):
        case.store(name, 10)
        os.utime(case.root / name, (5, 5))
    daemon = start_as_nobody(case)

    def tag():
        head = daemon.fetch("/", "HEAD", **SKIP)
        return head.header("ETag"), head.header("Content-Length")
    tags = [tag()]
    os.chmod(case.root / "a", 0)
    tags.append(tag())
    # The same length, and the same members but for their names.
    os.rename(case.root / "a", case.root / "d")
    tags.append(tag())
    equal(len({one for one, _ in tags}), 3, f"different tags in {tags}")
    equal(tags[1][1], tags[2][1], "length")


@test
def the_text_has_a_name_of_its_own(case):
    case.store(TEXT.lower(), b"mine")
    case.store(f"_{TEXT}/inner", b"also mine")
    case.store("closed", 10)
    close(case, "closed")
    daemon = start_as_nobody(case)
    members = unzip(daemon.fetch("/", **SKIP))
    equal(members, {TEXT.lower(): b"mine", f"_{TEXT}/": b"",
                    f"_{TEXT}/inner": b"also mine",
                    f"__{TEXT}": b"closed\n"}, "members")


@test
def those_left_out_count(case):
    for name in ("a", "b", "c"):
        case.store(name, 10)
    close(case, "c")
    daemon = start_as_nobody(case)
    for most, status in (("3", 200), ("2", 403)):
        response = daemon.fetch("/", STREAM_ARCHIVE_MAX_FILES=most, **SKIP)
        equal(response.status, status, f"a limit of {most}")


@test
def a_member_that_is_closed_later_breaks_the_archive(case):
    case.store("a", 8 * MIB)
    case.store("b", 8 * MIB)
    daemon = start_as_nobody(case)
    for extra in (SKIP, {**FIRST, **SKIP}):
        connection, response = daemon.begin("/", **extra)
        connection.receive_bytes(response, 1)
        wait_idle(daemon.worker)
        os.chmod(case.root / "b", 0)
        connection.receive(response)
        os.chmod(case.root / "b", 0o644)
        true(response.broken, f"{response!r} looks complete")
    line = daemon.wait_access(path="/", end="aborted", count=2)
    found("Permission denied", line["reason"], "reason")


if __name__ == "__main__":
    main()
