#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action archive: zip and tar, made on the fly and resumed."""

import io
import os
import zipfile

from support.archives import (ARCHIVE, check_bsdtar_pipe, check_tar,
                      check_resumed, check_unpacked, check_zip, check_zip_tools,
                      names_in, store_tree, zip_name)
from support.harness import (MIB, check_response, equal, main, run_tool, test,
                     true)
from support.responses import check_error, multipart_parts

TAR = {**ARCHIVE, "STREAM_FORMAT": "tar"}
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


# --- whole archives ----------------------------------------------------------

@test
def a_tree_is_a_zip_archive_for_every_reader(case):
    tree = store_tree(case)
    response = case.start().fetch("/", **ARCHIVE)
    check_response(response, 200)
    equal(response.header("Content-Length"), str(response.length), "length")
    equal(response.header("Content-Type"), "application/zip", "Content-Type")
    equal(response.header("Content-Disposition"),
          'attachment; filename="archive.zip"', "Content-Disposition")
    equal(response.header("Accept-Ranges"), "bytes", "Accept-Ranges")
    equal(response.header("Last-Modified"), None, "Last-Modified")
    data = bytes(response.body)
    check_zip(data, tree, case.root)
    path = case.dir / "tree.zip"
    path.write_bytes(data)
    check_zip_tools(path)
    in_zip = {zip_name(name): content for name, content in tree.items()}
    check_bsdtar_pipe(case, data, in_zip, "bsdtar")
    for tool in (["unzip", "-qq", path, "-d"], ["7z", "x", path, "-o"]):
        folder = case.dir / tool[0]
        words = [*tool[:-1], f"-o{folder}"] if tool[0] == "7z" \
            else [*tool, folder]
        run_tool(*words)
        check_unpacked(folder, in_zip, tool[0])


@test
def times_and_permissions_are_kept(case):
    store_tree(case, odd=False)
    path = case.dir / "tree.zip"
    for extra, words in ((ARCHIVE, ["unzip", "-qq"]),
                         (TAR, ["tar", "xpf"])):
        path.write_bytes(case.start().fetch("/a/", **extra).body)
        folder = case.dir / words[0]
        folder.mkdir()
        run_tool(*words, path, "-d" if words[0] == "unzip" else "-C", folder)
        # unzip knows no time before 1970.
        names = ["one", "b/block", "b"] + ["b/over"] * (extra is TAR)
        for name in names:
            made, stat = os.stat(folder / name), os.stat(case.root / "a" / name)
            equal(made.st_mode, stat.st_mode, f"mode of {name}")
            equal(int(made.st_mtime), int(stat.st_mtime), f"time of {name}")


@test
def a_tree_is_a_tar_archive_for_every_reader(case):
    tree = store_tree(case)
    response = case.start().fetch("/", **TAR)
    check_response(response, 200)
    equal(response.header("Content-Length"), str(response.length), "length")
    equal(response.header("Content-Type"), "application/x-tar", "type")
    data = bytes(response.body)
    check_tar(data, tree, case.root)
    path = case.dir / "tree.tar"
    path.write_bytes(data)
    check_bsdtar_pipe(case, data, tree, "bsdtar")
    (case.dir / "gnu").mkdir()
    run_tool("tar", "xf", path, "-C", case.dir / "gnu")
    check_unpacked(case.dir / "gnu", tree, "GNU tar")
    run_tool("7z", "t", path)


@test
def a_zip_in_a_zip_is_unpacked_from_a_pipe(case):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("member", b"PK\7\x08" * 1000)
    stored = {"inner.zip": inner.getvalue(), "marks": b"PK\7\x08PK\3\4" * 999}
    for name, content in stored.items():
        case.store(name, content)
    data = bytes(case.start().fetch("/", **ARCHIVE).body)
    check_zip(data, stored, case.root)
    check_bsdtar_pipe(case, data, stored, "bsdtar")


@test
def an_empty_folder_is_an_empty_archive(case):
    daemon = case.start()
    response = daemon.fetch("/", **ARCHIVE)
    equal(names_in(response), [], "members")
    equal(response.length, 22, "length of an empty zip archive")
    response = daemon.fetch("/", **TAR)
    check_response(response, 200, bytes(1024))
    (case.root / "only").write_bytes(b"")
    equal(names_in(daemon.fetch("/", **ARCHIVE)), ["only"], "members")


@test
def the_archive_is_called_like_its_folder(case):
    case.store("a/my files/x", 10)
    case.store("a/ünï/x", 10)
    daemon = case.start()
    for path, extra, expected in (
            ("/a/my files/", {}, 'attachment; filename="my files.zip"'),
            ("/a/my files", {}, 'attachment; filename="my files.zip"'),
            ("/a//", TAR, 'attachment; filename="a.tar"'),
            ("/", {}, 'attachment; filename="archive.zip"'),
            ("/a/ünï/", {}, 'attachment; filename="_n_.zip"; '
             "filename*=UTF-8''%C3%BCn%C3%AF.zip"),
            ("/a/", {"STREAM_DISPOSITION": "inline"},
             'inline; filename="a.zip"'),
            ("/a/", {"STREAM_FILENAME": "all.zip"},
             'attachment; filename="all.zip"')):
        response = daemon.fetch(path, "HEAD", **{**ARCHIVE, **extra})
        equal(response.header("Content-Disposition"), expected, path)
    check_error(daemon.fetch("/a/", STREAM_DISPOSITION="x", **ARCHIVE), 500)


@test
def the_form_is_that_of_the_query_or_the_operators(case):
    case.store("x", 10)
    daemon = case.start()
    for query, preset, kind in (
            ("", None, "zip"), ("format=tar", None, "x-tar"),
            ("", "tar", "x-tar"), ("format=zip", "tar", "zip")):
        response = daemon.fetch("/", QUERY_STRING=query, STREAM_FORMAT=preset,
                                **ARCHIVE)
        equal(response.header("Content-Type"), f"application/{kind}", query)
    check_error(daemon.fetch("/", QUERY_STRING="format=rar", **ARCHIVE), 400)
    check_error(daemon.fetch("/", STREAM_FORMAT="rar", **ARCHIVE), 500)
    daemon.wait_log("STREAM_FORMAT")


# --- parts of archives -------------------------------------------------------

@test(timeout=120)
def a_zip_archive_is_resumed_at_200_offsets(case):
    check_resumed(case, ARCHIVE, 1)


@test(timeout=120)
def a_tar_archive_is_resumed_at_200_offsets(case):
    check_resumed(case, TAR, 2)


@test
def several_ranges_are_sent_as_multipart(case):
    store_tree(case)
    daemon = case.start()
    whole = daemon.fetch("/", **ARCHIVE)
    response = case.start().fetch(
        "/", HTTP_RANGE="bytes=0-99,5000-7000,-800", **ARCHIVE)
    check_response(response, 206)
    parts = multipart_parts(response.header("Content-Type"),
                            bytes(response.body))
    equal(len(parts), 3, "number of parts")
    for first, content, *_ in parts:
        true(whole.body[first:first + len(content)] == content,
             f"bytes from {first}")


@test
def preconditions_hold_for_the_whole_archive(case):
    store_tree(case, odd=False)
    daemon = case.start()
    head = daemon.fetch("/", "HEAD", **ARCHIVE)
    etag = head.header("ETag")
    equal(head.length, 0, "length of a HEAD's body")
    whole = daemon.fetch("/", **ARCHIVE)
    equal((whole.header("ETag"), whole.header("Content-Length")),
          (etag, head.header("Content-Length")), "GET after HEAD")
    true(etag != daemon.fetch("/", "HEAD", **TAR).header("ETag"),
         "zip and tar have the same tag")
    for extra, status in (
            ({"HTTP_IF_NONE_MATCH": etag}, 304),
            ({"HTTP_IF_NONE_MATCH": '"other"'}, 200),
            ({"HTTP_IF_MATCH": '"other"'}, 412),
            ({"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
            ({"HTTP_IF_UNMODIFIED_SINCE": "Sat, 01 Jan 2000 00:00:00 GMT"},
             200),
            ({"HTTP_RANGE": f"bytes={whole.length}-"}, 416),
            ({"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": '"other"'}, 200),
            ({"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE":
              "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
            ({"HTTP_RANGE": "bytes=0-9", "HTTP_IF_RANGE": etag}, 206)):
        equal(daemon.fetch("/", **extra, **ARCHIVE).status, status, extra)


@test
def the_tag_changes_with_every_member(case):
    store_tree(case, odd=False)
    daemon = case.start()

    def tag():
        return daemon.fetch("/", "HEAD", **ARCHIVE).header("ETag")
    tags = [tag()]
    for change in (lambda: os.utime(case.root / "empty", (5, 5)),
                   lambda: os.chmod(case.root / "empty", 0o600),
                   lambda: os.rename(case.root / "empty", case.root / "else"),
                   lambda: os.rmdir(case.root / "no files"),
                   lambda: (case.root / "a" / "new").mkdir()):
        change()
        tags.append(tag())
    equal(len(set(tags)), len(tags), "different tags")
    equal(tag(), tags[-1], "the tag without a change")


# --- lists -------------------------------------------------------------------

@test
def files_are_named_by_a_query(case):
    store_tree(case)
    daemon = case.start()
    for query, names in (
            ("f=empty&f=a/one", ["empty", "a/one"]),
            ("f=a%2Fone&x=y&format=zip", ["a/one"]),
            ("f=odd/with+blank&f=odd/with%20blank", ["odd/with blank"]),
            ("f=a", ["a/", "a/b/", "a/b/block", "a/b/over", "a/one"]),
            ("f=a/b/over&f=a&f=a/b/over&f=a/b", ["a/b/over", "a/", "a/b/",
                                                 "a/b/block", "a/one"])):
        response = daemon.fetch("/", QUERY_STRING=query, **ARCHIVE)
        equal(names_in(response), names, query)


@test
def files_are_named_by_a_posted_list(case):
    store_tree(case)
    daemon = case.start()
    for body, kind in ((b"empty\na/one\r\n\nempty\n", "text/plain"),
                       (b"f=empty&x=y&f=a%2Fone", FORM),
                       (b"%66=empty&&f=a/one&",
                        "Application/X-WWW-Form-urlencoded ; charset=utf-8"),
                       (b"empty\na/one", None),
                       (b'["empty", "a\\u002fone"]', "application/json"),
                       (b' ["empty","a/one"]\n',
                        "Application/JSON; charset=utf-8")):
        response = daemon.fetch("/", "POST", body, CONTENT_TYPE=kind,
                                CONTENT_LENGTH=str(len(body)), **ARCHIVE)
        equal(names_in(response), ["empty", "a/one"], body)
        equal(response.header("Accept-Ranges"), None, "Accept-Ranges")
    # A form has what a query has, and counts before it.
    response = daemon.fetch("/", "POST", b"f=empty&format=tar",
                            CONTENT_TYPE=FORM, QUERY_STRING="format=zip",
                            **ARCHIVE)
    equal(response.header("Content-Type"), "application/x-tar", "the form")
    # Ranges and preconditions are for GET.
    response = daemon.fetch("/", "POST", b"empty", HTTP_RANGE="bytes=0-9",
                            HTTP_IF_NONE_MATCH="*", **ARCHIVE)
    equal(names_in(response), ["empty"], "POST with a range")


@test
def lists_that_are_wrong_are_refused(case):
    store_tree(case)
    case.store(".secret", 10)
    case.store("a/.git/config", 10)
    (case.dir / "outside").write_bytes(b"outside")
    (case.root / "link").symlink_to(case.dir / "outside")
    os.mkfifo(case.root / "fifo")
    daemon = case.start()
    for query, status in (
            ("f=none", 404), ("f=a/none&f=empty", 404), ("f=../outside", 403),
            ("f=/etc/passwd", 403), ("f=a/../../outside", 403), ("f=", 400),
            ("f=.secret", 404), ("f=a/.git/config", 404), ("f=link", 403),
            ("f=fifo", 404), ("f=empty/", 400), ("f=a%00b", 400),
            (f"f={'n' * 256}", 404)):
        check_error(daemon.fetch("/", QUERY_STRING=query, **ARCHIVE), status,
                    what=query)
    for body, kind, status in (
            (b"", None, 400), (b"\n\n", None, 400), (b"[]", JSON, 400),
            (b"{}", JSON, 400), (b'["a"', JSON, 400), (b"[1]", JSON, 400),
            (b"", FORM, 400), (b"format=tar", FORM, 400),
            (b"f=empty&f=", FORM, 400), (b"f=a%00", FORM, 400),
            (b"f=empty\0", FORM, 400), (b"f=empty&format=rar", FORM, 400),
            (b"empty\na/one", FORM, 400), (b"f=/etc/passwd", FORM, 403),
            (b"f=none", FORM, 404), (b"f=.secret", FORM, 404),
            (b"empty", "text/html", 415), (b"f=empty", "x", 415),
            (b"empty", "multipart/form-data; boundary=x", 415),
            (b"n" * (MIB + 1), None, 413), (b"x&" * (3 * MIB // 2 + 1), FORM,
                                            413),
            (b"f=" + b"n" * (MIB + 1), FORM, 413)):
        response = daemon.fetch("/", "POST", body, CONTENT_TYPE=kind,
                                **ARCHIVE)
        check_error(response, status, what=(body[:40], kind))
    daemon.wait_log('CONTENT_TYPE="text/html": not text/plain, application')
    for path in ("/empty", "/none/", "/.git/"):
        check_error(daemon.fetch(path, **ARCHIVE), 404, what=path)
    check_response(daemon.fetch("/", "PUT", **ARCHIVE), 405)


@test
def hidden_names_are_left_out_unless_they_are_allowed(case):
    case.store("seen", 10)
    case.store(".hidden", 10)
    case.store("a/.git/config", 10)
    daemon = case.start()
    equal(names_in(daemon.fetch("/", **ARCHIVE)), ["a/", "seen"], "names")
    equal(names_in(daemon.fetch("/", STREAM_DOTFILES="allow", **ARCHIVE)),
          [".hidden", "a/", "a/.git/", "a/.git/config", "seen"], "all names")
    equal(names_in(daemon.fetch("/", STREAM_DOTFILES="allow",
                                QUERY_STRING="f=.hidden", **ARCHIVE)),
          [".hidden"], "a hidden name that was asked for")


@test
def links_to_files_are_files_and_others_are_left_out(case):
    tree = {"file": case.store("file", 10).content()}
    (case.dir / "outside").write_bytes(b"outside")
    for name, target in (("to-file", "file"), ("to-nothing", "none"),
                         ("to-folder", "."), ("out", "../outside"),
                         ("out-again", case.dir / "outside")):
        (case.root / name).symlink_to(target)
    os.mkfifo(case.root / "fifo")
    tree["to-file"] = tree["file"]
    response = case.start().fetch("/", **ARCHIVE)
    check_zip(bytes(response.body), tree, case.root)


@test
def the_number_of_files_has_a_limit(case):
    for number in range(7):
        case.store(f"a/file-{number}", 3)
    daemon = case.start()
    for most, status in (("8", 200), ("7", 403), ("1", 403), ("1000000", 200),
                         ("0", 500), ("1000001", 500), ("x", 500)):
        response = daemon.fetch("/", STREAM_ARCHIVE_MAX_FILES=most, **ARCHIVE)
        equal(response.status, status, f"a limit of {most}")
    daemon.wait_log("more files than STREAM_ARCHIVE_MAX_FILES")
    # A list is not even read to its end if it has more names.
    for most, status in (("2", 200), ("1", 403)):
        response = daemon.fetch("/", "POST", b"a/file-0\na/file-1\n",
                                STREAM_ARCHIVE_MAX_FILES=most, **ARCHIVE)
        equal(response.status, status, f"{most}: 2 names")


if __name__ == "__main__":
    main()
