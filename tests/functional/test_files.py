#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action file: bytes, heads, names and what is no plain file."""

import email.utils
import os
import socket
import stat
import time

from support.harness import (KIB, MIB, Failure, Skip, check_file, check_response,
                     equal, found, main, need, test, true)
from support.responses import check_error

SIZES = (0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 256 * KIB - 1,
         256 * KIB, 256 * KIB + 1, MIB - 1, MIB, MIB + 1)
LONG_AGO = 1_000_000_000
WITHOUT_DAC = ("setpriv", "--inh-caps=-dac_override,-dac_read_search",
               "--bounding-set=-dac_override,-dac_read_search")


# --- whole files and their heads ---------------------------------------------

@test
def files_of_every_size_arrive_whole(case):
    daemon = case.start()
    for size in SIZES:
        stored = case.store(f"size-{size}", size)
        response = daemon.fetch(f"/size-{size}")
        check_file(response, stored, f"{size} bytes")
        equal(response.header("Content-Length"), str(size), "Content-Length")
        equal(response.app_status, 0, "application status")
        equal(response.stderr, b"", "error output")


@test
def the_chunk_size_does_not_change_a_byte(case):
    stored = case.store("file", 3 * MIB + 77)
    for size in ("16K", "64K", "100K", "1M"):
        daemon = case.start(f"--chunk-size={size}")
        check_file(daemon.fetch("/file"), stored, f"chunks of {size}")
        daemon.stop()


@test
def the_head_tells_all_about_the_file(case):
    stored = case.store("page.html", 1000)
    os.utime(stored.path, (LONG_AGO, LONG_AGO))
    response = case.start().fetch("/page.html")
    found(r"^Status: 200 OK\r\n", response.head.decode() + "\r\n", "head")
    found("^text/html", response.header("Content-Type"), "Content-Type")
    equal(response.header("Content-Length"), "1000", "Content-Length")
    equal(response.header("Last-Modified"),
          email.utils.formatdate(LONG_AGO, usegmt=True), "Last-Modified")
    found(r'^"[!#-~]+"$', response.header("ETag"), "ETag")
    equal(response.header("Accept-Ranges"), "bytes", "Accept-Ranges")
    equal(response.header("Content-Range"), None, "Content-Range")
    true(len(response.head) < 4000, "the head is too long for nginx")


@test
def head_requests_get_the_same_head_and_no_body(case):
    daemon = case.start()
    for size in (0, 1000, 3 * MIB):
        case.store("file", size)
        full = daemon.fetch("/file")
        response = daemon.fetch("/file", "HEAD")
        check_response(response, 200, b"", f"HEAD of {size} bytes")
        equal(response.headers, full.headers, "fields of HEAD and of GET")
    check_response(daemon.fetch("/none", "HEAD"), 404, b"", "HEAD of none")


@test
def buffering_is_off_for_bodies_larger_than_a_chunk_only(case):
    for options, chunk in (((), 256 * KIB), (("--chunk-size=64K",),
                                             64 * KIB)):
        daemon = case.start(*options)
        case.store("file", 4 * chunk)
        for length, expected in ((chunk - 1, None), (chunk, None),
                                 (chunk + 1, "no")):
            response = daemon.fetch("/file", HTTP_RANGE=f"bytes=-{length}")
            equal(response.header("X-Accel-Buffering"), expected,
                  f"X-Accel-Buffering for {length} bytes")
        whole = daemon.fetch("/file")
        equal(whole.header("X-Accel-Buffering"), "no", "X-Accel-Buffering")


@test
def media_types_follow_the_last_extension(case):
    daemon = case.start()
    for name, expected in (
            ("a.txt", "text/plain"), ("a.html", "text/html"),
            ("a.css", "text/css"), ("a.js", "(text|application)/javascript"),
            ("a.json", "application/json"), ("a.svg", r"image/svg\+xml"),
            ("a.jpg", "image/jpeg"), ("A.JPG", "image/jpeg"),
            ("a.png", "image/png"), ("a.webp", "image/webp"),
            ("a.mp4", "video/mp4"), ("a.webm", "video/webm"),
            ("a.mp3", "audio/mpeg"), ("a.pdf", "application/pdf"),
            ("a.zip", "application/zip"), ("a.tar.gz", "application/gzip"),
            ("a.iso", "application/x-iso9660-image"),
            ("a.unheard-of", "application/octet-stream"),
            ("plain", "application/octet-stream"),
            (".html", "application/octet-stream"),
            ("folder.html/plain", "application/octet-stream")):
        case.store(name, 1)
        response = daemon.fetch("/" + name, STREAM_DOTFILES="allow")
        found(f"^{expected}(;|$)", response.header("Content-Type"), name)


@test
def types_of_the_web_win_over_those_of_the_system(case):
    daemon = case.start()
    for name, expected in (
            ("a.ts", "video/mp2t"), ("a.mts", "video/mp2t"),
            ("a.m4b", "audio/mp4"), ("a.br", "application/x-brotli"),
            ("a.whl", "application/x-wheel+zip"),
            ("a.parquet", "application/vnd.apache.parquet"),
            ("a.ipynb", "application/x-ipynb+json"),
            ("a.toml", "application/toml"), ("a.ass", "text/x-ssa"),
            ("a.rs", "text/plain"), ("a.asc", "text/plain")):
        case.store(name, 1)
        for path, params in ((f"/{name}", {}),
                             (f"/{name}", {"STREAM_ACTION": "list"}),
                             ("/", {"STREAM_ACTION": "concat",
                                    "QUERY_STRING": f"f={name}&f={name}"})):
            response = daemon.fetch(path, **params)
            equal(response.header("Content-Type"), expected,
                  f"{name} with {params}")
    equal(daemon.fetch("/a.ts", "HEAD", STREAM_ACTION="follow",
                       STREAM_CHARSET="utf-8").header("Content-Type"),
          "video/mp2t", "a.ts followed")


@test
def the_types_of_the_operator_win_over_all_others(case):
    types = case.dir / "types"
    types.write_text("# mine\ntext/vnd.trolltech.linguist ts\nx/mine  txt\n"
                     "x/two css unheard-of\nx/three css\n")
    daemon = case.start(f"--media-types={types}")
    for name, expected in (
            ("a.ts", "text/vnd.trolltech.linguist"), ("a.txt", "x/mine"),
            ("a.css", "x/two"), ("a.unheard-of", "x/two"),
            ("a.m4b", "audio/mp4")):
        case.store(name, 1)
        equal(daemon.fetch(f"/{name}").header("Content-Type"), expected, name)
    equal(daemon.fetch("/a.ts", STREAM_CONTENT_TYPE="video/mp2t").header(
        "Content-Type"), "video/mp2t", "STREAM_CONTENT_TYPE")


@test
def types_that_cannot_be_read_stop_the_start(case):
    for name, why in (("none", "No such file or directory"),
                      (".", "Input/output error|Is a directory")):
        status, _, errors = case.run(
            f"--root={case.root}", f"--listen=unix:{case.dir}/s",
            f"--media-types={case.dir}/{name}")
        equal(status, 2, f"exit status with {name}")
        found(f"error --media-types={case.dir}/{name}: ({why})$",
              errors.strip(), "errors")


@test
def last_modified_is_never_in_the_future(case):
    stored = case.store("file", 10)
    ahead = time.time() + 1_000_000
    os.utime(stored.path, (ahead, ahead))
    before = int(time.time())
    response = case.start().fetch("/file")
    date = email.utils.parsedate_to_datetime(response.header("Last-Modified"))
    true(before <= date.timestamp() <= time.time(), f"{date}")


@test
def the_etag_changes_with_size_and_time(case):
    daemon = case.start()
    stored = case.store("file", b"one")
    tags = []
    for content, time in ((b"one", 0), (b"one", 1), (b"one", 10**9),
                          (b"three", 0)):
        stored.path.write_bytes(content)
        os.utime(stored.path, ns=(0, LONG_AGO * 10**9 + time))
        tags.append(daemon.fetch("/file").header("ETag"))
        equal(daemon.fetch("/file").header("ETag"), tags[-1], "ETag again")
    equal(len(set(tags)), len(tags), "different tags")


# --- names and paths ---------------------------------------------------------

@test
def names_are_taken_byte_by_byte(case):
    daemon = case.start()
    for name in ("with space", "100%", "%41", "a%2fb", "what?", "a#b", "a+b",
                 'double"quote', "single'quote", "back\\slash", "new\nline",
                 "tab\tbed", "\x01\x7f", "a;b&c=d", "-dash", "~", "ünïcödé",
                 "日本語.txt", "🎬.mp4", "...", "..a", "a..", ".hidden",
                 "x" * 255, "deep/" * 50 + "file"):
        stored = case.store(name, 100)
        response = daemon.fetch("/" + name, STREAM_DOTFILES="allow")
        check_file(response, stored, repr(name))
    name = b"latin-\xe9\xff"
    path = os.path.join(os.fsencode(case.root), name)
    with open(path, "wb") as out:
        out.write(b"not UTF-8")
    response = daemon.fetch(b"/" + name)
    check_response(response, 200, b"not UTF-8")


@test
def the_path_comes_from_the_first_parameter_of_three(case):
    for name in ("one", "two", "three", "three/deep"):
        if name != "three":
            case.store(name, name.encode())
    daemon = case.start()

    def body(**params):
        response = daemon.fetch("/none", **params)
        equal(response.status, 200, f"status with {params}")
        return bytes(response.body)

    equal(body(STREAM_PATH="/one", DOCUMENT_URI="/two", SCRIPT_NAME="/none"),
          b"one", "STREAM_PATH first")
    equal(body(DOCUMENT_URI="/two", SCRIPT_NAME="/none"), b"two",
          "DOCUMENT_URI second")
    for script, rest in (("/three/deep", None), ("/three", "/deep"),
                         ("", "/three/deep"), (None, "/three/deep")):
        equal(body(DOCUMENT_URI=None, SCRIPT_NAME=script, PATH_INFO=rest),
              b"three/deep", f"SCRIPT_NAME {script} and PATH_INFO {rest}")


@test
def a_missing_or_odd_path_is_an_error(case):
    case.store("file", 10)
    daemon = case.start()
    response = daemon.fetch("/x", DOCUMENT_URI=None, SCRIPT_NAME=None)
    check_error(response, 400, 404, what="no path")
    for path in ("", "file", "/file/", "/file/.", "/file/x", "/", "//",
                 "/" + "x" * 256, "/" + "x/" * 3000):
        check_error(daemon.fetch(path, SCRIPT_NAME=path, DOCUMENT_URI=path),
                    400, 403, 404, what=repr(path[:20]))


@test
def a_path_with_a_nul_never_gets_the_file_before_it(case):
    case.store("file", 10)
    daemon = case.start()
    for path in ("/file\0", "/file\0.jpg", "\0/file"):
        response = daemon.fetch(path)
        true(response.broken or response.status in (400, 403, 404),
             f"{path!r} is answered with {response!r}")


@test
def dot_dot_in_a_path_is_forbidden(case):
    case.store("folder/file", 10)
    (case.dir / "secret").write_bytes(b"secret")
    daemon = case.start()
    for path in ("/..", "/../secret", "/folder/../../secret",
                 "/folder/../folder/file", "//../secret", "/./../secret",
                 "/folder/..", "/../root/folder/file"):
        check_error(daemon.fetch(path), 403, what=path)


# --- document roots ----------------------------------------------------------

@test
def the_document_root_must_be_at_or_beneath_a_root(case):
    stored = case.store("inner/file", 10)
    (case.dir / "root2").mkdir()
    (case.dir / "root2" / "file").write_bytes(b"other")
    (case.root / "way-out").symlink_to(case.dir / "root2")
    daemon = case.start()
    root = str(case.root)
    for allowed in (root + "/inner", root + "/inner/", root + "//inner"):
        check_file(daemon.fetch("/file", DOCUMENT_ROOT=allowed), stored,
                   allowed)
    for refused in (str(case.dir), "/", root + "2", root + "/../root2",
                    root + "/inner/..", root + "/way-out"):
        check_error(daemon.fetch("/file", DOCUMENT_ROOT=refused), 403,
                    what=refused)
    for refused in ("", "root", ".", None):
        check_error(daemon.fetch("/file", DOCUMENT_ROOT=refused), 400, 403,
                    what=repr(refused))
    check_error(daemon.fetch("/file", DOCUMENT_ROOT=root + "/none"),
                403, 404, what="a missing document root")


@test
def several_roots_are_served(case):
    one = case.store("one/file", 100)
    two = case.store("two/file", 200)
    case.store("three/file", 300)
    roots = [case.root / "one", case.root / "two"]
    daemon = case.start(roots=roots)
    for root, stored in zip(roots, (one, two)):
        check_file(daemon.fetch("/file", DOCUMENT_ROOT=str(root)), stored)
    response = daemon.fetch("/file", DOCUMENT_ROOT=str(case.root / "three"))
    check_error(response, 403)


@test
def a_root_may_be_the_whole_system_or_lie_in_another(case):
    outer = case.store("a/file", 100)
    inner = case.store("a/b/file", 200)
    for roots in (["/"], [case.root / "a", case.root / "a" / "b"]):
        daemon = case.start(roots=roots)
        for folder, path, stored in (("a", "/file", outer),
                                     ("a", "/b/file", inner),
                                     ("a/b", "/file", inner)):
            response = daemon.fetch(path,
                                    DOCUMENT_ROOT=f"{case.root}/{folder}")
            check_file(response, stored, f"{path} below {folder}")
        daemon.stop()


@test
def a_root_that_is_a_symbolic_link_is_served(case):
    stored = case.store("file", 10)
    link = case.dir / "link"
    link.symlink_to(case.root)
    daemon = case.start(roots=[link])
    check_file(daemon.fetch("/file", DOCUMENT_ROOT=str(link)), stored)


# --- methods and actions -----------------------------------------------------

@test
def other_methods_get_405_with_allow(case):
    case.store("file", 10)
    daemon = case.start()
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE",
                   "PROPFIND", "get", "FOO"):
        response = daemon.fetch("/file", method)
        check_error(response, 405, what=method)
        equal(sorted(response.header("Allow").replace(" ", "").split(",")),
              ["GET", "HEAD", "OPTIONS"], f"Allow for {method}")


@test
def options_tell_what_is_allowed(case):
    case.store("file", 1000)
    daemon = case.start()
    for path in ("/file", "/nothing"):
        response = daemon.fetch(path, method="OPTIONS")
        true(response.complete, f"{response!r}")
        equal((response.status, response.header("Allow"),
               response.header("Content-Length"), bytes(response.body)),
              (204, "GET, HEAD, OPTIONS", None, b""), f"OPTIONS {path}")


@test
def an_unknown_action_gets_404_and_a_log_line(case):
    stored = case.store("file", 10)
    daemon = case.start()
    for name in ("teleport", "FILE", "file ", "x" * 1000):
        response = daemon.fetch("/file", STREAM_ACTION=name)
        check_error(response, 404, what=f"action {name[:20]}")
    daemon.wait_log(r' error \S+: STREAM_ACTION="teleport": .*: "/file"')
    check_file(daemon.fetch("/file", STREAM_ACTION="file"), stored)


@test
def a_mere_404_is_no_error_in_the_log(case):
    case.store(".hidden", 10)
    (case.root / "folder").mkdir()
    daemon = case.start()
    for path, why in (("/none", "No such file or directory"),
                      ("/.hidden", "hidden"), ("/folder", "a folder"),
                      ("/" + "x" * 5000, "too long")):
        check_error(daemon.fetch(path), 404, what=path[:20])
        daemon.wait_log(rf' notice \S+: .*{why}.*: "{path[:20]}')
    check_error(daemon.fetch("/../x"), 403, what="/../x")
    daemon.wait_log(r' error \S+: .*: "/../x"')
    equal(daemon.log().count(" error "), 1, "errors in the log")


# --- what is no plain file ---------------------------------------------------

@test
def a_missing_file_gets_404(case):
    case.store("file", 10)
    daemon = case.start()
    for path in ("/none", "/none/deep", "/file2", "/fil"):
        check_error(daemon.fetch(path), 404, what=path)


@test
def folders_pipes_and_sockets_get_404_and_never_hang(case):
    (case.root / "folder").mkdir()
    os.mkfifo(case.root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(case.root / "socket"))
        server.listen()
        daemon = case.start()
        for path in ("/", "/folder", "/folder/", "/pipe", "/socket"):
            for method in ("GET", "HEAD"):
                response = daemon.fetch(path, method)
                equal(response.status, 404, f"status of {method} {path}")
        writer = os.open(case.root / "pipe", os.O_RDWR)
        case.defer(os.close, writer)
        check_error(daemon.fetch("/pipe"), 404, what="a pipe with a writer")


@test
def devices_get_404(case):
    try:
        os.mknod(case.root / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(case.root / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        os.mknod(case.root / "loop", 0o666 | stat.S_IFBLK, os.makedev(7, 0))
    except PermissionError:
        raise Skip("only root makes devices") from None
    daemon = case.start()
    for path in ("/null", "/zero", "/loop"):
        check_error(daemon.fetch(path), 403, 404, what=path)


@test
def symbolic_links_are_followed_inside_the_root_only(case):
    stored = case.store("folder/file", 10)
    outside = case.dir / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    for name, target in (
            ("inside", "folder/file"), ("folder/up", "../folder/file"),
            ("file-out", outside / "secret"), ("folder-out", outside),
            ("relative-out", "../outside/secret"), ("proc", "/proc/self/fd"),
            ("chain", "relative-out"), ("top", "/")):
        (case.root / name).symlink_to(target)
    daemon = case.start()
    for path in ("/inside", "/folder/up"):
        check_file(daemon.fetch(path), stored, path)
    for path in ("/file-out", "/folder-out/secret", "/relative-out",
                 "/proc/0", "/chain", "/top/etc/passwd", "/folder-out"):
        check_error(daemon.fetch(path), 403, what=path)
    (case.root / "other").mkdir()
    (case.root / "other" / "link").symlink_to("../folder/file")
    response = daemon.fetch("/link", DOCUMENT_ROOT=f"{case.root}/other")
    check_error(response, 403, what="a link out of the document root")


@test
def broken_symbolic_links_and_loops_are_errors(case):
    (case.root / "dangling").symlink_to("none")
    (case.root / "loop").symlink_to("loop")
    daemon = case.start()
    check_error(daemon.fetch("/dangling"), 404, what="a dangling link")
    check_error(daemon.fetch("/loop"), 403, 404, what="a loop")


@test
def an_unreadable_file_gets_403(case):
    case.store("file", 10)
    case.store("folder/file", 10)
    os.chmod(case.root / "file", 0)
    os.chmod(case.root / "folder", 0)
    case.defer(os.chmod, case.root / "folder", 0o755)
    prefix = ()
    if os.geteuid() == 0:
        need("setpriv")
        prefix = WITHOUT_DAC
    daemon = case.start(prefix=prefix)
    if os.geteuid() == 0 and has_dac_override(daemon.worker):
        raise Skip("cannot take CAP_DAC_OVERRIDE from root")
    for path in ("/file", "/folder/file"):
        check_error(daemon.fetch(path), 403, what=path)


def has_dac_override(pid):
    """True if no file mode stops this process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) & 1 << 1)
    raise Failure("no CapEff in /proc")


if __name__ == "__main__":
    main()
