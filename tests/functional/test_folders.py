#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action file: folders, their index, redirects, and hidden names."""

import os

from support.harness import check_file, check_response, equal, main, test, true
from support.responses import check_error

INDEX = {"STREAM_INDEX": "index.html"}


def check_redirect(response, location, what):
    """Fails unless it is a 308 to just this place."""
    check_response(response, 308, what=what)
    equal(response.header("Location"), location, f"Location of {what}")


# --- folders -----------------------------------------------------------------

@test
def folders_without_an_index_are_not_found(case):
    case.store("folder/index.html", b"index")
    (case.root / "empty").mkdir()
    daemon = case.start()
    for path in ("/", "/folder", "/folder/", "/folder/."):
        check_error(daemon.fetch(path), 404, what=path)
    for path in ("/", "/empty/", "/empty/."):
        check_error(daemon.fetch(path, **INDEX), 404, what=path)


@test
def a_folder_with_a_slash_gets_its_index(case):
    top = case.store("index.html", b"top")
    inner = case.store("a/b/index.html", b"inner")
    daemon = case.start()
    for path, stored in (("/", top), ("/.", top), ("//", top),
                         ("/a/b/", inner), ("/a//b/./", inner),
                         ("/a/b/index.html", inner)):
        response = daemon.fetch(path, **INDEX)
        check_file(response, stored, path)
        equal(response.header("Content-Type"), "text/html", path)
    response = daemon.fetch("/a/b/", "HEAD", **INDEX)
    equal(response.header("Content-Length"), "5", "Content-Length of HEAD")
    response = daemon.fetch("/a/b/", HTTP_RANGE="bytes=1-2", **INDEX)
    check_response(response, 206, b"nn")


@test
def the_first_index_that_is_there_counts(case):
    case.store("a/two.html", b"two")
    case.store("a/three.txt", b"three")
    case.store("b/three.txt", b"three")
    (case.root / "c" / "one").mkdir(parents=True)
    case.store("c/two.html", b"two")
    daemon = case.start()
    names = {"STREAM_INDEX": " one  two.html\tthree.txt "}
    check_response(daemon.fetch("/a/", **names), 200, b"two")
    response = daemon.fetch("/b/", **names)
    check_response(response, 200, b"three")
    equal(response.header("Content-Type"), "text/plain", "Content-Type")
    check_error(daemon.fetch("/c/", **names), 404, what="a folder as index")


@test
def an_index_that_leaves_its_folder_is_the_operators_mistake(case):
    case.store("secret", b"secret")
    (case.root / "a").mkdir()
    daemon = case.start()
    for name in ("../secret", "..", "x/../../secret", "/secret", "."):
        check_error(daemon.fetch("/a/", STREAM_INDEX=name), 500, what=name)
    daemon.wait_log("STREAM_INDEX")
    (case.root / "a" / "index.html").symlink_to(case.dir / "outside")
    (case.dir / "outside").write_bytes(b"outside")
    check_error(daemon.fetch("/a/", **INDEX), 403, what="a link outside")


@test
def a_folder_without_its_slash_is_redirected(case):
    for name in ("folder", "a/b", "with space", "100%", "c:d", "q?h#"):
        case.store(f"{name}/index.html", b"index")
    daemon = case.start()
    for path, uri, location in (
            ("/folder", "/folder", "./folder/"),
            ("/folder", "/folder?a=b&c", "./folder/?a=b&c"),
            ("/folder", "/prefix/folder", "./folder/"),
            ("/folder", "http://host/x/folder?q", "./folder/?q"),
            ("/folder", "//evil.example", "./evil.example/"),
            ("/a/b", "/a/b", "./b/"),
            ("/with space", "/with%20space", "./with%20space/"),
            ("/100%", "/100%25", "./100%25/"),
            ("/c:d", "/c:d", "./c:d/"),
            ("/q?h#", "/q%3fh%23?x", "./q%3fh%23/?x"),
            ("/q?h#", None, "./q%3Fh%23/"),
            ("/folder", None, "./folder/")):
        for method in ("GET", "HEAD"):
            response = daemon.fetch(path, method, REQUEST_URI=uri, **INDEX)
            check_redirect(response, location, f"{method} {path} from {uri}")
    response = daemon.fetch("/folder", REQUEST_URI="/a\r\nb: c", **INDEX)
    true(response.status in (308, 404), f"{response!r}")
    true(b"\nb:" not in response.head, "a field was injected")


@test
def a_folder_whose_slash_the_client_has_gets_its_index(case):
    stored = case.store("folder/index.html", b"index")
    daemon = case.start()
    for uri in ("/", "/was/rewritten/", "/x/?a=b"):
        response = daemon.fetch("/none", STREAM_PATH="/folder",
                                REQUEST_URI=uri, **INDEX)
        check_file(response, stored, f"rewritten from {uri}")


@test
def an_index_that_cannot_be_opened_is_not_passed_over(case):
    case.store("a/two.html", b"two")
    (case.dir / "outside").write_bytes(b"outside")
    (case.root / "a" / "one.html").symlink_to(case.dir / "outside")
    response = case.start().fetch("/a/", STREAM_INDEX="one.html two.html")
    check_error(response, 403, what="the first index leads out")


@test
def a_file_with_a_trailing_slash_is_not_found(case):
    stored = case.store("file", 10)
    daemon = case.start()
    check_file(daemon.fetch("/file"), stored)
    for path in ("/file/", "/file/.", "/file//", "/file/x"):
        check_error(daemon.fetch(path), 404, what=path)
        check_error(daemon.fetch(path, **INDEX), 404, what=path)


# --- dot-files ---------------------------------------------------------------

@test
def dot_files_are_hidden_unless_they_are_allowed(case):
    names = (".hidden", ".git/config", "a/.b/c", "...", ".well-known/x")
    for name in names:
        case.store(name, 10)
    seen = case.store("a.b/c.", 10)
    daemon = case.start()
    for value, status in ((None, 404), ("", 404), ("deny", 404),
                          ("ALLOW", 404), ("allow", 200)):
        for name in names:
            response = daemon.fetch(f"/{name}", STREAM_DOTFILES=value)
            equal(response.status, status, f"{name} with {value}")
    check_file(daemon.fetch("/a.b/c."), seen)
    check_file(daemon.fetch("/./a.b/./c."), seen)


@test
def a_hidden_folder_is_not_redirected_to(case):
    case.store(".git/index.html", b"index")
    daemon = case.start()
    for path in ("/.git", "/.git/"):
        check_error(daemon.fetch(path, **INDEX), 404, what=path)
    allowed = {"STREAM_DOTFILES": "allow", **INDEX}
    check_redirect(daemon.fetch("/.git", **allowed), "./.git/", "/.git")
    check_response(daemon.fetch("/.git/", **allowed), 200, b"index")


@test
def a_document_root_may_have_a_dot(case):
    stored = case.store(".private/file", 10)
    daemon = case.start()
    response = daemon.fetch("/file", DOCUMENT_ROOT=f"{case.root}/.private")
    check_file(response, stored)
    hidden = case.store("index.d/.index", b"i")
    response = daemon.fetch("/index.d/", STREAM_INDEX=".index")
    check_file(response, hidden, "an index is not hidden")
    os.unlink(hidden.path)


if __name__ == "__main__":
    main()
