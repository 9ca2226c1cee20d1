#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action concat: several files as one, over FastCGI."""

import hashlib
import os
import pathlib
import random
import re
import resource
import shutil
import tempfile
import urllib.parse

from support.fastcgi import Response, request
from support.harness import (GIB, KIB, MIB, SANITIZED, Skip, check_response,
                     descriptors, equal, found, main, need, open_files,
                     peak_memory, test, true, wait_until)
from support.responses import check_error, multipart_parts

PARTS_MAX = 10000
QUERY_MAX = 1000
LATER = "Thu, 01 Jan 2099 00:00:00 GMT"
TEXT_MAX = 1 << 20
SHARED_MEMORY = "/dev/shm"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def query(*names):
    """A query that names these files."""
    return "&".join("f=" + urllib.parse.quote(name) for name in names)


def ask(daemon, *names, path="/", method="GET", **extra):
    """One request for files by their names."""
    return daemon.fetch(path, method, STREAM_ACTION="concat",
                        QUERY_STRING=query(*names), **extra)


def joined(*parts):
    """The bytes of files, one after another."""
    return b"".join(part.content() for part in parts)


def serve(case, **how):
    """A daemon and three files: small, empty, of several chunks."""
    parts = {name: case.store(name, size)
             for name, size in (("a", 1000), ("void", 0), ("b", MIB + 7))}
    return case.start(**how), parts


# --- lists -------------------------------------------------------------------

@test
def files_are_joined_in_the_order_of_the_query(case):
    daemon, parts = serve(case)
    for names in (("a", "b"), ("b", "a"), ("a",), ("b", "a", "b", "b"),
                  ("void", "a", "void", "void", "b", "void")):
        content = joined(*(parts[name] for name in names))
        response = ask(daemon, *names)
        check_response(response, 200, content, f"{names}")
        equal(response.header("Content-Length"), str(len(content)),
              "Content-Length")
        equal(response.header("Accept-Ranges"), "bytes", "Accept-Ranges")
        head = ask(daemon, *names, method="HEAD")
        check_response(head, 200, b"", f"HEAD of {names}")
        equal(head.headers, response.headers, "fields of HEAD")
    daemon.wait_access(action="concat", method="HEAD", end="complete")


@test
def nothing_but_empty_files_is_an_empty_answer(case):
    daemon, _ = serve(case)
    response = ask(daemon, "void", "void")
    check_response(response, 200, b"")
    equal(response.header("Content-Length"), "0", "Content-Length")


@test
def names_count_from_the_folder_at_the_path(case):
    daemon, _ = serve(case)
    one = case.store("films/one", 100)
    two = case.store("films/new/two", 200)
    for path in ("/films", "/films/", "//films/./"):
        check_response(ask(daemon, "new/two", "one", path=path), 200,
                       joined(two, one), path)
    check_response(ask(daemon, "films/one", path="/"), 200, joined(one))


@test
def other_keys_of_the_query_are_passed_over(case):
    daemon, parts = serve(case)
    response = daemon.fetch("/", STREAM_ACTION="concat",
                            QUERY_STRING="x=1&f=a&F=b&&%66=a&token=f=b")
    check_response(response, 200, joined(parts["a"], parts["a"]))


@test
def names_may_have_any_byte(case):
    daemon, _ = serve(case)
    names = ["with space", "100%", "%41", "a&f=b", "a+b", "a#b", "a?b",
             "new\nline", "tab\t", 'double"quote', "ünïcödé 🎬", "a...",
             "\x7f\x01", os.fsdecode(b"\xff\xfe"), "x" * 255]
    parts = [case.store(name, 10 + number)
             for number, name in enumerate(names)]
    raw = [os.fsencode(name) for name in names]
    check_response(ask(daemon, *raw), 200, joined(*parts))


@test
def links_within_the_root_are_followed(case):
    daemon, parts = serve(case)
    (case.root / "folder").mkdir()
    (case.root / "folder" / "link").symlink_to("../a")
    check_response(ask(daemon, "link", path="/folder"), 200,
                   parts["a"].content())


@test
def bad_names_are_refused_with_their_status(case):
    daemon, _ = serve(case)
    case.store("folder/file", 10)
    case.store(".hidden", 10)
    (case.dir / "outside").write_bytes(b"secret")
    (case.root / "out").symlink_to(case.dir / "outside")
    (case.root / "up").symlink_to("../outside")
    (case.root / "loop").symlink_to("loop")
    os.mkfifo(case.root / "pipe")
    for status, *names in (
            (400,), (400, ""), (400, "a", "./b"), (400, "folder//file"),
            (400, "folder/"), (400, "a\0b"), (403, "../outside"),
            (403, "folder/../a"), (403, "/a"), (403, "a", "out"), (403, "up"),
            (403, "loop"), (404, "a", "none"), (404, "a/b"), (404, "folder"),
            (404, "pipe"), (404, ".hidden"), (404, "x" * 256)):
        check_error(ask(daemon, *names), status, what=f"{names}")
    check_error(ask(daemon, "a", path="/none"), 404)
    check_error(ask(daemon, "a", path="/a"), 404)
    check_error(ask(daemon, "a", path="/../"), 403)
    check_error(ask(daemon, "a", method="POST"), 405)
    check_response(ask(daemon, ".hidden", STREAM_DOTFILES="allow"), 200)
    daemon.wait_log(r' notice \S+: No such file.*: "none" in "/" beneath "')
    daemon.wait_log(r' error \S+: leads out of its root: "out" in "/" beneath "')
    daemon.wait_log(r" error \S+: name 2: empty, or ")


@test
def a_name_forges_nothing_in_the_log(case):
    daemon, _ = serve(case)
    for action in ("concat", "archive"):
        for name, shown in ((r'a" in "/other', r'a\x22 in \x22/other'),
                            (r'b\x22', r'b\x5cx22'),
                            ('c\nd', r'c\x0ad')):
            check_error(daemon.fetch("/", STREAM_ACTION=action,
                                     QUERY_STRING=query(name)), 404)
            line = f': No such file or directory: "{shown}" in "/"'
            daemon.wait_log(f" notice .*{re.escape(line)} beneath ",
                            count=1 if action == "concat" else 2)
    check_error(daemon.fetch('/a": "/b'), 404)
    daemon.wait_log(re.escape(r'directory: "/a\x22: \x22/b" beneath "'))


@test
def an_unreadable_file_is_refused_before_the_head(case):
    prefix = ()
    if os.geteuid() == 0:
        need("setpriv")
        prefix = NOBODY
    case.dir.chmod(0o755)
    daemon, parts = serve(case, prefix=prefix, listen="127.0.0.1:0")
    check_response(ask(daemon, "a", "b"), 200)
    parts["b"].path.chmod(0)
    check_error(ask(daemon, "a", "b"), 403)
    daemon.wait_log(r' error \S+: Permission denied: "b" in "/" beneath "')


@test
def so_many_files_and_no_more(case):
    case.store("p", 3)
    daemon = case.start()
    names = "&".join(["f=p"] * QUERY_MAX)
    for action in ("concat", "archive"):
        response = daemon.fetch("/", STREAM_ACTION=action, QUERY_STRING=names)
        check_response(response, 200, what=action)
        if action == "concat":
            true(response.body == (case.root / "p").read_bytes() * QUERY_MAX,
                 "the bytes")
        response = daemon.fetch("/", STREAM_ACTION=action,
                                QUERY_STRING=names + "&f=p")
        check_error(response, 413, what=action)


# --- list files --------------------------------------------------------------

def ask_list(daemon, content, **extra):
    """One request by a list file with these bytes."""
    (daemon.case.root / "list").write_bytes(content)
    return daemon.fetch(extra.pop("path", "/"), STREAM_ACTION="concat",
                        STREAM_LIST="/list", **extra)


@test
def a_list_file_names_the_parts(case):
    daemon, parts = serve(case)
    content = joined(parts["b"], parts["a"])
    for text in (b"b\na\n", b"b\na", b"b\r\n\r\n\na\r\n"):
        # The query is not looked at.
        check_response(ask_list(daemon, text, QUERY_STRING="f=a&f=../b"),
                       200, content, f"{text}")
    two = case.store("folder/# two+%41", 5)
    check_response(ask_list(daemon, b"# two+%41\n", path="/folder"), 200,
                   two.content())
    many = b"a\n" * PARTS_MAX
    response = ask_list(daemon, many)
    equal(response.length, 1000 * PARTS_MAX, "length of 10,000 parts")


@test
def a_bad_list_file_is_refused(case):
    daemon, _ = serve(case)
    for status, text in (
            (404, b""), (404, b"\n\r\n"), (404, b"none\n"), (404, b".list\n"),
            (500, b"a\n../b\n"), (500, b"a\n/b\n"), (500, b"a\0\n"),
            (500, b"a\n" * (PARTS_MAX + 1)), (500, b"\n" * (TEXT_MAX + 1)),
            (404, b"\n" * TEXT_MAX)):
        check_error(ask_list(daemon, text), status, what=f"{text[:20]}")
    for status, name in ((404, "/none"), (404, "/"), (403, "/../list"),
                         (400, "list"), (404, "/.list")):
        response = daemon.fetch("/", STREAM_ACTION="concat",
                                STREAM_LIST=name)
        check_error(response, status, what=name)
    daemon.wait_log(r" notice \S+: STREAM_LIST=\".*\": the list names no file")


# --- heads and ranges --------------------------------------------------------

@test
def the_type_is_that_of_all_parts(case):
    daemon, _ = serve(case)
    for name in ("a.png", "b.png", "a.txt", "none"):
        case.store(name, 10)
    for names, expected in (
            (("a.png", "b.png"), "image/png"), (("a.txt",), "text/plain"),
            (("a.png", "a.txt"), "application/octet-stream"),
            (("a.txt", "none"), "application/octet-stream")):
        equal(ask(daemon, *names).header("Content-Type"), expected,
              f"Content-Type of {names}")
    response = ask(daemon, "a.png", "a.txt", STREAM_CONTENT_TYPE="text/x",
                   STREAM_CHARSET="utf-8", STREAM_DISPOSITION="attachment",
                   STREAM_FILENAME="all", STREAM_CACHE_CONTROL="no-cache")
    equal(response.header("Content-Type"), "text/x; charset=utf-8", "type")
    found("^attachment; filename=\"?all", response.header(
        "Content-Disposition"), "Content-Disposition")
    equal(response.header("Cache-Control"), "no-cache", "Cache-Control")
    check_error(ask(daemon, "a.png", STREAM_CONTENT_TYPE="?"), 500)
    check_error(ask(daemon, "a.png", STREAM_EXPIRES="?"), 500)


@test
def ranges_count_over_all_parts(case):
    daemon, parts = serve(case)
    names = ("a", "void", "b", "a")
    content = joined(*(parts[name] for name in names))
    maker = random.Random(5)
    size = len(content)
    pieces = [(0, 1), (999, 1), (999, 2), (1000, 1), (size - 1, 1),
              (size - 1001, 2), (0, size)]
    for _ in range(40):
        first = maker.randrange(size)
        pieces.append((first, maker.randrange(1, size - first + 1)))
    for first, length in pieces:
        response = ask(daemon, *names,
                       HTTP_RANGE=f"bytes={first}-{first + length - 1}")
        check_response(response, 206, content[first:first + length],
                       f"{length} bytes from {first}")
        equal(response.header("Content-Range"),
              f"bytes {first}-{first + length - 1}/{size}", "Content-Range")
    response = ask(daemon, *names, HTTP_RANGE=f"bytes={size}-")
    check_error(response, 416)
    equal(response.header("Content-Range"), f"bytes */{size}", "of a 416")


@test
def several_ranges_are_a_multipart(case):
    daemon, parts = serve(case)
    content = joined(parts["a"], parts["b"], parts["a"])
    response = ask(daemon, "a", "b", "a",
                   HTTP_RANGE="bytes=990-1009,0-0,500000-1049999,-5")
    check_response(response, 206)
    pieces = multipart_parts(response.header("Content-Type"),
                             bytes(response.body))
    equal([piece[0] for piece in pieces],
          [990, 0, 500000, len(content) - 5], "the parts")
    for first, piece, size, _ in pieces:
        equal(size, len(content), "size of all")
        true(piece == content[first:first + len(piece)], f"bytes at {first}")


@test
def preconditions_are_about_all_parts(case):
    daemon, parts = serve(case)
    os.utime(parts["a"].path, (1_000_000_000, 1_000_000_000))
    os.utime(parts["b"].path, (1_100_000_000, 1_100_000_000))
    names = ("a", "b")
    first = ask(daemon, *names)
    tag = first.header("ETag")
    found('^"[0-9a-f]{64}"$', tag, "ETag")
    equal(first.header("Last-Modified"), None, "Last-Modified")
    equal(ask(daemon, *names).header("ETag"), tag, "ETag again")
    for fields, status in (
            ({"HTTP_IF_NONE_MATCH": tag}, 304),
            ({"HTTP_IF_MATCH": '"x"'}, 412),
            ({"HTTP_IF_MODIFIED_SINCE": LATER}, 200),
            ({"HTTP_RANGE": "bytes=5-9", "HTTP_IF_RANGE": LATER}, 200),
            ({"HTTP_RANGE": "bytes=5-9", "HTTP_IF_RANGE": tag}, 206),
            ({"HTTP_RANGE": "bytes=5-9", "HTTP_IF_RANGE": '"x"'}, 200)):
        equal(ask(daemon, *names, **fields).status, status, f"{fields}")
    tags = {tag}
    for others in (("b", "a"), ("a",), ("a", "b", "a"), ("a", "void", "b")):
        tags.add(ask(daemon, *others).header("ETag"))
    equal(len(tags), 5, "tags of different lists")
    os.utime(parts["a"].path, ns=(1, 1_000_000_000 * 10**9 + 1))
    true(ask(daemon, *names).header("ETag") not in tags,
         "the tag of a list of which one part was touched")


@test
def a_part_replaced_by_an_older_one_makes_another_whole(case):
    daemon, parts = serve(case)
    other = case.root / "other"
    other.write_bytes(bytes(parts["a"].size))
    os.utime(other, (1_000_000_000, 1_000_000_000))
    before = ask(daemon, "a", "b")
    other.rename(parts["a"].path)
    content = bytes(parts["a"].size) + parts["b"].content()
    tag = {"HTTP_IF_NONE_MATCH": before.header("ETag")}
    for fields in (tag, {"HTTP_IF_MODIFIED_SINCE": LATER},
                   {"HTTP_RANGE": "bytes=5-9", "HTTP_IF_RANGE": LATER},
                   {"HTTP_RANGE": "bytes=5-9",
                    "HTTP_IF_RANGE": before.header("ETag")}):
        check_response(ask(daemon, "a", "b", **fields), 200, content,
                       f"{list(fields)}")


@test
def a_list_that_names_other_files_makes_another_whole(case):
    daemon, parts = serve(case)
    twin = case.store("twin", bytes(reversed(parts["a"].content())))
    time = os.stat(parts["a"].path).st_mtime_ns
    os.utime(twin.path, ns=(time, time))
    before = ask_list(daemon, b"a\nb\n")
    for text, content in ((b"b\na\n", joined(parts["b"], parts["a"])),
                          (b"twin\nb\n", joined(twin, parts["b"]))):
        response = ask_list(daemon, text,
                            HTTP_IF_NONE_MATCH=before.header("ETag"))
        check_response(response, 200, content, f"{text}")


# --- large -------------------------------------------------------------------

def sparse(case, name, size, tail=b""):
    """A file with a hole, and these bytes at its end."""
    path = case.root / name
    with open(path, "wb") as out:
        out.truncate(size)
        out.seek(size - len(tail))
        out.write(tail)


@test
def parts_make_more_than_4_gib(case):
    daemon = case.start()
    for name in "ab":
        sparse(case, name, 3 * GIB, b"the end of " + name.encode())
    size = 6 * GIB
    head = ask(daemon, "a", "b", method="HEAD")
    equal(head.header("Content-Length"), str(size), "Content-Length")
    for first, expected in (
            (3 * GIB - 12, b"the end of a" + bytes(4)),
            (4 * GIB - 8, bytes(16)), (size - 16, bytes(4) + b"the end of b")):
        response = ask(daemon, "a", "b",
                       HTTP_RANGE=f"bytes={first}-{first + 15}")
        check_response(response, 206, expected, f"bytes at {first}")


@test
def parts_make_no_more_than_an_offset_can_say(case):
    if not os.access(SHARED_MEMORY, os.W_OK):
        raise Skip("no file system in memory, for files of 2^62 bytes")
    case.root = pathlib.Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
    case.defer(shutil.rmtree, case.root)
    try:
        sparse(case, "a", (1 << 62) - 4096, b"end")
        sparse(case, "b", 1 << 62, b"End")
    except OSError as error:
        raise Skip(f"no file of 2^62 bytes here: {error}") from None
    sparse(case, "c", 4095)
    daemon = case.start()
    names = ("a", "b", "c")
    head = ask(daemon, *names, method="HEAD")
    equal(head.header("Content-Length"), str((1 << 63) - 1), "Content-Length")
    response = ask(daemon, *names, HTTP_RANGE="bytes=-4100")
    check_response(response, 206, bytes(2) + b"End" + bytes(4095))
    sparse(case, "c", 4096)
    check_error(ask(daemon, *names), 400)
    check_error(ask(daemon, "b", "b", "b", "b", "b"), 400)


# --- changes and ends --------------------------------------------------------

def begin(case, count=8):
    """A stream of large parts of which a first bit was read."""
    parts = [case.store(f"p{number}", 2 * MIB) for number in range(count)]
    daemon = case.start()
    connection, response = daemon.begin(
        "/", STREAM_ACTION="concat",
        QUERY_STRING=query(*(part.path.name for part in parts)))
    connection.receive_bytes(response, 1)
    return daemon, parts, connection, response


def check_broken(daemon, parts, connection, response, why):
    """Fails unless it breaks off, and the log names the fifth part."""
    content = joined(*parts[:4])
    connection.receive(response)
    true(response.broken, f"{response!r} looks complete")
    true(content.startswith(response.body), "wrong bytes were sent")
    daemon.wait_log(rf' error \S+: ({why}): "p4" in "/" beneath "')
    line = daemon.wait_access(action="concat", end="aborted")
    found(why, line["reason"], "reason in the access log")


@test
def a_part_that_has_gone_breaks_the_answer(case):
    daemon, parts, connection, response = begin(case)
    parts[4].path.rename(case.root / "elsewhere")
    check_broken(daemon, parts, connection, response,
                 "No such file or directory")


@test
def a_part_that_was_replaced_breaks_the_answer(case):
    daemon, parts, connection, response = begin(case)
    other = case.root / "other"
    other.write_bytes(parts[4].content())
    other.rename(parts[4].path)
    check_broken(daemon, parts, connection, response, "file was changed")


@test
def a_part_that_became_a_folder_breaks_the_answer(case):
    daemon, parts, connection, response = begin(case)
    parts[4].path.unlink()
    parts[4].path.mkdir()
    check_broken(daemon, parts, connection, response, "file was changed")


@test
def a_part_that_was_cut_breaks_the_answer(case):
    daemon, parts, connection, response = begin(case)
    os.truncate(parts[4].path, MIB)
    check_broken(daemon, parts, connection, response, "file was changed")


@test
def parts_that_were_sent_may_change(case):
    daemon, parts, connection, response = begin(case)
    content = joined(*parts)
    connection.receive_bytes(response, 4 * MIB + 1)
    parts[0].path.unlink()
    os.truncate(parts[1].path, 0)
    connection.receive(response)
    check_response(response, 200, content)
    daemon.wait_access(action="concat", end="complete")


@test
def few_parts_are_open_at_a_time(case):
    daemon, _, connection, response = begin(case, count=16)
    for megabytes in range(1, 32, 3):
        connection.receive_bytes(response, megabytes * MIB)
        names = {name for name in open_files(daemon.worker)
                 if name.startswith(f"{case.root}/p")}
        true(1 <= len(names) <= 3, f"open: {names}")
    connection.receive(response)
    true(response.complete, f"{response!r}")


@test
def a_client_may_leave_at_any_time(case):
    parts = [case.store(f"p{number}", MIB) for number in range(4)]
    daemon = case.start()
    check_response(ask(daemon, "p0"), 200)
    before = wait_until(lambda: descriptors(daemon.worker), "descriptors")
    names = query(*(part.path.name for part in parts))
    lists = ({"QUERY_STRING": names}, {"STREAM_LIST": "/list"})
    (case.root / "list").write_text("p0\np1\np2\np3\n")
    for number in range(60):
        connection, response = daemon.begin(
            "/", STREAM_ACTION="concat", **lists[number % 2])
        connection.receive_bytes(response, number // 4 * 200 * KIB)
        connection.close()
    daemon.wait_access(count=61, action="concat")
    wait_until(lambda: descriptors(daemon.worker) <= before,
               "all descriptors are closed")
    check_response(ask(daemon, "p1", "p3"), 200, joined(parts[1], parts[3]))


def raise_limit(number):
    """Allows this process so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise Skip(f"no more than {hard} descriptors allowed")
    if soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


@test(timeout=180)
def a_thousand_at_once_need_little_memory(case):
    clients = 100 if SANITIZED else 1000
    raise_limit(clients + 200)
    parts = [case.store(f"p{number}", 20 * KIB + number)
             for number in range(50)]
    daemon = case.start("--buffer-memory=16M")
    connections = []
    for number in range(clients):
        order = parts[number % 50:] + parts[:number % 50]
        connection = daemon.connect()
        connection.send(request(daemon.params(
            "/", STREAM_ACTION="concat",
            QUERY_STRING=query(*(part.path.name for part in order)))))
        digest = hashlib.sha256(joined(*order)).hexdigest()
        connections.append((connection, Response(keep_body=False), digest))
    # Each has begun, and waits for its client.
    for connection, response, _ in connections:
        connection.receive(response, until=lambda: connection and
                           response.head is not None)
    names = [name for name in open_files(daemon.worker) if "/p" in name]
    true(len(names) <= 2 * len(parts), f"{len(names)} files are open")
    if not SANITIZED:
        peak = peak_memory(daemon.worker)
        true(peak < 40 * MIB, f"{peak / MIB:.0f} MiB for {clients} answers")
    for connection, response, digest in connections:
        connection.receive(response)
        true(response.complete, f"{response!r}")
        equal(response.digest, digest, "SHA-256")
        connection.close()


@test(timeout=120)
def stalled_clients_hold_no_more_than_their_memory(case):
    for number in range(3000):
        case.store(f"tree/{number:04}", 300)
    case.store("large", 8 * MIB)
    (case.root / "list").write_bytes(b"large\n" + b"tree/0000\n" * 9999)
    daemon = case.start("--member-memory=4M")
    for what, params in (
            ("list", {"STREAM_ACTION": "concat", "STREAM_LIST": "/list"}),
            ("tree", {"STREAM_ACTION": "archive", "STREAM_FORMAT": "tar"})):
        held = []
        for _ in range(60):
            connection, response = daemon.begin("/", **params)
            connection.receive(response, until=lambda it=response:
                               it.head is not None)
            held.append((connection, response))
        statuses = [response.status for _, response in held]
        true(2 <= statuses.count(200) <= 12, f"{what}: {statuses}")
        equal(set(statuses), {200, 503}, what)
        refused = held[statuses.index(503)][1]
        true(int(refused.header("Retry-After")) > 0, "Retry-After")
        for connection, _ in held:
            connection.close()
        # What they held is free again.
        wait_until(lambda what=params: daemon.fetch("/", **what).status == 200,
                   f"{what}: an answer")
    daemon.wait_log(r" error \S+: --member-memory is used up")


if __name__ == "__main__":
    main()
