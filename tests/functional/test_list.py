#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action list, over FastCGI: folders as a page and as JSON."""

import os
import signal
import subprocess

from support import fastcgi
from support.harness import (MIB, SANITIZED, Skip, check_file, check_response,
                     descriptors, equal, found, main, open_files,
                     peak_memory, test, true, wait_idle, wait_until)
from support.listings import (JSON, LIST, Page, folders_open, json_listing,
                      json_names, make_files, name_of, page_names, start_odd)
from support.responses import check_error, check_partial

TIME = 1582979696  # 2020-02-29 12:34:56


def some_files(case):
    """A folder with two files and two folders."""
    case.store("dir/file 10", 2000)
    case.store("dir/file 2", 3000)
    os.utime(case.root / "dir/file 10", (TIME, TIME))
    for name in ("sub 9", "sub 10"):
        (case.root / "dir" / name).mkdir()


# --- listings ----------------------------------------------------------------

@test
def a_folder_is_listed_as_json(case):
    some_files(case)
    listing = json_listing(case.start().fetch("/dir/", **JSON))
    equal((listing["path"], listing["sort"], listing["order"]),
          ("/dir/", "name", "asc"), "what it is")
    true(all(entry.keys() >= {"name", "href", "type", "mtime", "readable"}
             for entry in listing["entries"]), f"{listing}")
    equal([(entry["name"], entry["href"], entry["type"], entry.get("size"))
           for entry in listing["entries"]],
          [("sub 9", "sub%209/", "directory", None),
           ("sub 10", "sub%2010/", "directory", None),
           ("file 2", "file%202", "file", 3000),
           ("file 10", "file%2010", "file", 2000)], "entries")
    equal(listing["entries"][3]["mtime"], "2020-02-29T12:34:56Z", "mtime")


@test
def a_folder_is_listed_as_a_page(case):
    some_files(case)
    response = case.start().fetch("/dir/", **LIST)
    equal(page_names(response),
          [b"sub 9/", b"sub 10/", b"file 2", b"file 10"], "names")
    policy = response.header("Content-Security-Policy")
    found("default-src 'none'", policy, "Content-Security-Policy")
    equal(response.header("X-Content-Type-Options"), "nosniff", "nosniff")
    for field in ("Content-Length", "ETag", "Last-Modified", "Accept-Ranges"):
        equal(response.header(field), None, field)
    text = response.body.decode()
    found(r'title="2,000 bytes">2\.0 KiB</td><td class="m">'
          r'<time datetime="2020-02-29T12:34:56Z">2020-02-29 12:34</time>',
          text, "a row")
    found("2 folders, 2 files, 4.9 KiB", text, "the sum")


@test
def the_format_is_chosen_by_query_and_accept(case):
    some_files(case)
    daemon = case.start()
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    for query, accept, kind in (
            ("", None, "html"), ("", "*/*", "html"), ("", browser, "html"),
            ("", "application/json", "json"), ("", "image/png", "html"),
            ("", "application/json, text/plain, */*", "json"),
            ("", "text/html;q=0.1, application/json;q=0.2", "json"),
            ("", "text/html;q=0.2, application/json;q=0.1", "html"),
            ("format=json", browser, "json"),
            ("format=html", "application/json", "html")):
        response = daemon.fetch("/dir/", QUERY_STRING=query,
                                HTTP_ACCEPT=accept, **LIST)
        check_response(response, 200)
        found(kind, response.header("Content-Type"), f"{query} {accept}")
        equal(response.header("Vary"), None if query else "Accept",
              f"Vary of {query} {accept}")


@test
def a_bad_query_is_refused(case):
    stored = case.store("file", 10)
    daemon = case.start()
    for query in ("format=xml", "sort=", "sort=names", "order=up",
                  "x=1&order"):
        response = daemon.fetch("/", QUERY_STRING=query, **LIST)
        check_error(response, 400, what=query)
        # Of a file it is none.
        check_file(daemon.fetch("/file", QUERY_STRING=query, **LIST), stored)
    for query in ("", "x", "utm_source=y&&", "a=b&sort=size"):
        check_response(daemon.fetch("/", QUERY_STRING=query, **LIST), 200)


@test
def a_listing_is_sorted_as_it_is_asked_for(case):
    for name, size, time in (("b2", 10, 3), ("b10", 30, 1), ("A", 20, 2),
                             ("c", 20, 2)):
        case.store(name, size)
        os.utime(case.root / name, (time, time))
    for name in ("z1", "z2"):
        (case.root / name).mkdir()
        os.utime(case.root / name, (9, 9))
    daemon = case.start()
    for query, names in (
            ("", "z1/ z2/ A b2 b10 c"),
            ("order=desc", "z2/ z1/ c b10 b2 A"),
            ("sort=size", "z1/ z2/ b2 A c b10"),
            ("sort=size&order=desc", "z1/ z2/ b10 A c b2"),
            ("sort=time", "z1/ z2/ b10 A c b2"),
            ("sort=time&order=desc", "z1/ z2/ b2 A c b10")):
        expected = names.encode().split()
        response = daemon.fetch("/", QUERY_STRING=f"{query}&format=json",
                                **LIST)
        equal(json_names(response), expected, f"JSON with {query}")
        response = daemon.fetch("/", QUERY_STRING=query, **LIST)
        equal(page_names(response), expected, f"page with {query}")


@test
def names_of_any_bytes_survive(case):
    names = [bytes([byte]) for byte in range(1, 256)
             if chr(byte) not in "./"]
    names += [b"javascript:alert(1)", b"a:b", b"?", b"#x", b"%41", b"\\",
              b"<script>alert(1)<", b'"><img src=x>', b"a&amp;b",
              "ä€😀\u202egnp.exe".encode(), b"\xff\xfe", b"\xc3", b"x" * 255,
              b'"' * 255, b"\x01" * 255, b"\xff" * 255, b"a\r\nb"]
    names = sorted(set(names))
    folder = os.fsencode(case.root / "dir")
    os.mkdir(folder)
    for name in names:
        with open(os.path.join(folder, name), "wb") as out:
            out.write(name)
    daemon = case.start()
    true(sorted(json_names(daemon.fetch("/dir/", **JSON))) == names,
         "other names in JSON")
    response = daemon.fetch("/dir/", STREAM_LIST_ARCHIVE="/zip", **LIST)
    true(sorted(page_names(response)) == names, "other names on the page")
    page = Page(response.body)
    true("img" not in page.tags and page.tags.count("script") == 1,
         f"tags that came of names: {set(page.tags)}")
    values = [value.encode() for name, value in page.fields if name == "f"]
    true(set(values) <= set(names), "the form has names that are not there")
    true(len(values) > 90 and b"\n" not in values, f"{len(values)} values")
    for href in page.entries:
        name = name_of(href)
        response = daemon.fetch(b"/dir/" + name, **LIST)
        check_response(response, 200, name, f"{name!r}")


@test
def what_is_hidden_or_cannot_be_had_is_left_out(case):
    (case.dir / "outside").write_bytes(b"outside")
    case.store("dir/file", 10)
    case.store("dir/.hidden", 20)
    case.store("beside", 30)
    folder = case.root / "dir"
    for name, target in (("inside", "file"), ("up", "../beside"),
                         ("sub", ".."), ("out", "../../outside"),
                         ("absolute", "/etc/passwd"), ("dead", "none"),
                         ("loop", "loop"), ("proc", "/proc/self")):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    daemon = case.start()
    seen = [b"sub/", b"file", b"inside", b"up"]
    response = daemon.fetch("/dir/", **JSON)
    equal(json_names(response), seen, "names")
    equal([entry.get("size") for entry in json_listing(response)["entries"]],
          [None, 10, 10, 30], "sizes")
    equal(page_names(daemon.fetch("/dir/", **LIST)), seen, "on the page")
    response = daemon.fetch("/dir/", STREAM_DOTFILES="allow", **JSON)
    equal(json_names(response), [b"sub/", b".hidden", b"file", b"inside",
                                 b"up"], "names with what is hidden")
    # The document root is the bound, not the --root.
    response = daemon.fetch("/", DOCUMENT_ROOT=str(folder), **JSON)
    equal(json_names(response), [b"file", b"inside"], "names in a root")


@test
def an_empty_folder_is_listed(case):
    (case.root / "dir").mkdir()
    daemon = case.start()
    equal(json_names(daemon.fetch("/dir/", **JSON)), [], "names")
    response = daemon.fetch("/dir/", **LIST)
    equal(page_names(response), [], "names on the page")
    found("This folder is empty", response.body.decode(), "the page")


@test
def a_deep_folder_leads_up(case):
    path = "/".join(f"d{number}" for number in range(12))
    case.store(f"{path}/file", 1)
    response = case.start().fetch(f"/{path}/", **LIST)
    up = [link for link in Page(response.body).links
          if link.startswith("../")]
    equal(up, ["../" * times for times in range(8, 0, -1)], "links up")


# --- files, indexes, redirects -----------------------------------------------

@test
def a_file_is_sent_as_ever(case):
    stored = case.store("dir/file.txt", 1000)
    daemon = case.start()
    check_file(daemon.fetch("/dir/file.txt", **LIST), stored)
    response = daemon.fetch("/dir/file.txt", HTTP_RANGE="bytes=5-9", **LIST)
    check_partial(response, stored, 5, 5)
    for path in ("/none", "/none/", "/dir/file.txt/", "/dir/none"):
        check_error(daemon.fetch(path, **LIST), 404, what=path)


@test
def a_folder_without_its_slash_is_redirected(case):
    (case.root / "a b").mkdir()
    daemon = case.start()
    for index in (None, "index.html"):
        response = daemon.fetch("/a b", REQUEST_URI="/a%20b?sort=size",
                                STREAM_INDEX=index, **LIST)
        check_response(response, 308)
        equal(response.header("Location"), "./a%20b/?sort=size", "Location")


@test
def an_index_goes_before_the_listing(case):
    index = case.store("with/index.html", b"index")
    case.store("without/file", 10)
    (case.root / "odd" / "index.html").mkdir(parents=True)
    daemon = case.start()
    wish = {"STREAM_INDEX": "index.htm index.html", **JSON}
    check_file(daemon.fetch("/with/", **wish), index)
    equal(json_names(daemon.fetch("/without/", **wish)), [b"file"], "names")
    check_error(daemon.fetch("/odd/", **wish), 404, what="a folder as index")
    equal(json_names(daemon.fetch("/with/", **JSON)), [b"index.html"],
          "names without an index")


@test
def what_is_out_of_reach_is_refused(case):
    (case.dir / "out").mkdir()
    (case.root / "link").symlink_to(case.dir / "out")
    case.store(".git/config", 10)
    daemon = case.start()
    check_error(daemon.fetch("/link/", **LIST), 403, what="a link outside")
    check_error(daemon.fetch("/../", **LIST), 403, what="..")
    check_error(daemon.fetch("/.git/", **LIST), 404, what="hidden")
    response = daemon.fetch("/.git/", STREAM_DOTFILES="allow", **JSON)
    equal(json_names(response), [b"config"], "names of a hidden folder")
    response = daemon.fetch("/", "POST", **LIST)
    check_error(response, 405, what="POST")
    equal(response.header("Allow"), "GET, HEAD, OPTIONS", "Allow")


def start_with_few_rights(case):
    """A daemon that no privilege helps to read a file."""
    if os.geteuid() != 0:
        return case.start()
    case.dir.chmod(0o711)
    try:
        return case.start(listen="127.0.0.1:0", user=65534, group=65534,
                          extra_groups=[])
    except (OSError, subprocess.SubprocessError) as error:
        raise Skip(f"cannot become somebody else: {error}") from None


@test
def a_folder_that_may_not_be_read_is_refused(case):
    # It is the owner's own, or root's.
    for name, mode in (("shut", 0o311), ("blind", 0o644)):
        case.store(f"{name}/secret", 10)
        (case.root / name).chmod(mode)
        case.defer((case.root / name).chmod, 0o755)
    daemon = start_with_few_rights(case)
    check_error(daemon.fetch("/shut/", **LIST), 403, what="not readable")
    # Names can be read there, but nothing could be had by them.
    equal(json_names(daemon.fetch("/blind/", **JSON)), [], "names")


@test
def what_may_not_be_read_is_marked(case):
    for name, mode in (("open", 0o644), ("shut", 0), ("all/x", 0o644),
                       ("enter/index.html", 0o644), ("none/x", 0o644)):
        case.store(f"dir/{name}", 10).path.chmod(mode)
    folder = case.root / "dir"
    (folder / "link").symlink_to("shut")
    for name, mode in (("enter", 0o111), ("none", 0)):
        (folder / name).chmod(mode)
        case.defer((folder / name).chmod, 0o755)
    daemon = start_with_few_rights(case)
    entries = json_listing(daemon.fetch("/dir/", **JSON))["entries"]
    readable = {entry["href"]: entry["readable"] for entry in entries}
    equal(readable, {"all/": True, "enter/": False, "none/": False,
                     "link": False, "open": True, "shut": False},
          "what is readable")
    equal({href: daemon.fetch(f"/dir/{href}", STREAM_INDEX="index.html",
                              **LIST).status for href in readable},
          {href: 200 if good else 403 for href, good in readable.items()},
          "statuses")
    response = daemon.fetch("/dir/", STREAM_LIST_ARCHIVE="/zip", **LIST)
    page = Page(response.body)
    equal(page.entries, [href for href, good in readable.items() if good],
          "links on the page")
    equal([value for name, value in page.fields if name == "f"], ["open"],
          "what can be selected")
    equal(response.body.count(b"not readable"), 4, "marks")


# --- the head ----------------------------------------------------------------

@test
def head_has_the_fields_and_no_body(case):
    some_files(case)
    daemon = case.start()
    for wish in (LIST, JSON):
        get = daemon.fetch("/dir/", **wish)
        response = daemon.fetch("/dir/", "HEAD", **wish)
        check_response(response, 200, b"")
        equal(response.head, get.head, "head")
        # No part of it can be had, and no condition made.
        response = daemon.fetch("/dir/", HTTP_RANGE="bytes=0-9",
                                HTTP_IF_NONE_MATCH="*", **wish)
        check_response(response, 200, get.body)
    equal(daemon.fetch("/none/", "HEAD", **LIST).status, 404, "no folder")
    wait_until(lambda: not [name for name in open_files(daemon.worker)
                            if name.endswith("/dir")], "the folder is closed")


@test
def the_probe_is_found_where_folders_are_listed(case):
    for options, status in (((), 404), (("--probe",), 200)):
        response = case.start(*options).fetch(
            "/.fcgi-stream-probe", QUERY_STRING="test=echo", **LIST)
        equal(response.status, status, f"status with {options}")


@test
def the_operators_fields_are_added(case):
    (case.root / "dir").mkdir()
    daemon = case.start()
    wish = {"STREAM_CACHE_CONTROL": "no-cache", "STREAM_EXPIRES": "1h",
            "STREAM_CORS": "*", **JSON}
    response = daemon.fetch("/dir/", **wish)
    equal(response.header("Cache-Control"), "no-cache", "Cache-Control")
    equal(response.header("Access-Control-Allow-Origin"), "*", "CORS")
    true(response.header("Expires"), "no Expires")
    response = daemon.fetch("/dir/", STREAM_EXPIRES="soon", **LIST)
    check_error(response, 500, what="an expiry that is none")


def archive_forms(response):
    """How, where and with what a page's forms ask for an archive."""
    return [(form.get("method"), form["action"], form["fields"])
            for form in Page(response.body).forms if "action" in form]


@test
def a_page_leads_to_an_archive(case):
    case.store("a b/ä/x.txt", 10)
    daemon = case.start()
    fields = [("format", "zip")]
    for value in ("/zip", "/zip/", "/zip//"):
        response = daemon.fetch("/a b/ä/", STREAM_LIST_ARCHIVE=value, **LIST)
        equal(archive_forms(response),
              [(None, "/zip/a%20b/%C3%A4/", fields),
               ("post", "/zip/a%20b/%C3%A4/", fields)], "forms")
        page = Page(response.body)
        true(("f", "x.txt") in page.fields, "no field")
        equal(page.links, ["../../", "../", "x.txt"], "links")
    equal(archive_forms(daemon.fetch("/a b/", **LIST)), [], "forms")
    # "//a" would be another host.
    for path, action in (("/a b/", "/a%20b/"), ("/", "/")):
        response = daemon.fetch(path, STREAM_LIST_ARCHIVE="/", **LIST)
        equal(archive_forms(response)[0], (None, action, fields),
              f"the form of {path}")
    for value in ("zip", "//host/zip", "/zip?x", '/"', "/" + 1024 * "z"):
        response = daemon.fetch("/", STREAM_LIST_ARCHIVE=value, **LIST)
        check_error(response, 500, what=value)
    daemon.wait_log('STREAM_LIST_ARCHIVE=".*": not a URL.s absolute path')


@test
def buttons_keep_the_rest_of_the_query(case):
    case.store("x.txt", 10)
    daemon = case.start()
    wish = {"STREAM_LIST_ARCHIVE": "/zip", **LIST}
    kept = [("md5", "a-_b"), ("to", "1 2'")]
    page = Page(daemon.fetch(
        "/", QUERY_STRING="md5=a-_b&sort=size&f=y&to=1+2%27", **wish).body)
    equal([(form.get("method"), form.get("action"), form["fields"])
           for form in page.forms], [
        (None, "/zip/", [("format", "zip"), *kept]),
        *((None, None, [kept[0], ("f", "y"), kept[1], ("sort", sort),
                        ("order", order)])
          for sort, order in (("name", "asc"), ("size", "desc"),
                              ("time", "desc"))),
        ("post", "/zip/?md5=a-_b&to=1+2%27", [("format", "zip")])], "forms")
    equal(page.links, ["x.txt"], "links")
    # As the same page, it is to be found without a query.
    for query, robots in (("", False), ("x=1", True), ("sort=name", True),
                          (f"x={'y' * 5000}", True)):
        text = daemon.fetch("/", QUERY_STRING=query, **wish).body.decode()
        equal('<meta name="robots" content="noindex">' in text, robots,
              f"robots of {query[:20]}")
    # More than is kept is not kept in part.
    for query, count in ((f"x={'y' * 2046}", 1), (f"x={'y' * 2047}", 0),
                         ("&".join(["x"] * 32), 32),
                         ("&".join(["x"] * 33), 0)):
        form = Page(daemon.fetch("/", QUERY_STRING=query, **wish).body).forms[0]
        equal(len(form["fields"]), 1 + count, f"fields of {query[:20]}")


# --- large folders, slow clients ---------------------------------------------

@test
def up_to_10000_entries_are_sorted(case):
    folder = case.root / "dir"
    names = make_files(folder, 9999)
    (folder / "sub").mkdir()
    daemon = case.start()
    listing = json_listing(daemon.fetch("/dir/", **JSON))
    equal(listing["sort"], "name", "sort of 10,000")
    equal([entry["name"] for entry in listing["entries"]], ["sub", *names],
          "names in order")
    (folder / "one more").touch()
    listing = json_listing(daemon.fetch("/dir/", **JSON))
    equal((listing["sort"], listing["order"]), (None, None), "order of more")
    equal(sorted(entry["name"] for entry in listing["entries"]),
          sorted([*names, "sub", "one more"]), "names")
    text = daemon.fetch("/dir/", **LIST).body.decode()
    found("in no particular order", text, "the page")
    true("<button" not in text.partition("<tbody>")[0], "headers that sort")


def check_growth(daemon, before, limit, what):
    """Fails if a worker has had more memory than that on top of before."""
    if SANITIZED:
        return
    grown = peak_memory(daemon.worker) - before
    true(grown < limit, f"{what} took {grown} bytes more")


@test(timeout=180)
def a_hundred_thousand_entries_take_little_memory(case):
    names = make_files(case.root / "dir", 100000)
    daemon = case.start("--send-timeout=10m")
    # What is needed in any case, for the first answer.
    equal(len(json_names(daemon.fetch("/", **JSON))), 1, "entries")
    before = peak_memory(daemon.worker)
    response = daemon.fetch("/dir/", **JSON)
    equal(sorted(entry["name"] for entry in json_listing(response)["entries"]),
          sorted(names), "names")
    response = daemon.fetch("/dir/", **LIST)
    equal(len(page_names(response)), len(names), "names on the page")
    true(response.length > 20 * MIB, f"{response.length} bytes")
    check_growth(daemon, before, 8 * MIB, "two listings")
    stalled = [daemon.begin("/dir/", keep_body=False, **LIST)
               for _ in range(200)]
    for connection, response in stalled:
        connection.receive_bytes(response, 1)
    check_growth(daemon, before, 80 * MIB, "200 that wait")
    # They go on where they were, and others are not held up.
    check_response(daemon.fetch("/", **JSON), 200)
    connection, response = stalled[77]
    response.keep_body = False
    connection.receive(response)
    check_response(response, 200)
    for connection, _ in stalled:
        connection.close()
    daemon.wait_access(199, path="/dir/", end="aborted")
    if SANITIZED:
        raise Skip("all but memory was checked: a sanitizer keeps what is "
                   "freed")


@test
def a_client_that_leaves_ends_the_reading(case):
    make_files(case.root / "dir", 12000)
    daemon = case.start()
    check_response(daemon.fetch("/", **JSON), 200)
    before = descriptors(daemon.worker)
    connections = [daemon.begin("/dir/", **LIST) for _ in range(20)]
    for connection, response in connections[:10]:
        connection.receive_bytes(response, 1)
    # Ten have begun to be answered, ten maybe not.
    for connection, _ in connections:
        connection.close()
    daemon.wait_access(20, path="/dir/")
    wait_until(lambda: not folders_open(daemon, "dir"), "folders are closed")
    wait_until(lambda: descriptors(daemon.worker) <= before,
               "descriptors are back")
    equal(len(json_names(daemon.fetch("/dir/", **JSON))), 12000, "names")


@test
def a_sorted_folder_is_closed_before_it_is_sent(case):
    make_files(case.root / "dir", 5000)
    daemon = case.start()
    connection, response = daemon.begin("/dir/", **LIST)
    connection.receive_bytes(response, 1)
    wait_until(lambda: not folders_open(daemon, "dir"), "it is closed")
    connection.receive(response)
    equal(len(page_names(response)), 5000, "names")


@test
def a_folder_that_goes_meanwhile_ends_the_list(case):
    names = make_files(case.root / "dir", 12000)
    daemon = case.start()
    connection, response = daemon.begin("/dir/", **JSON)
    connection.receive_bytes(response, 1)
    for name in names:
        (case.root / "dir" / name).unlink()
    (case.root / "dir").rmdir()
    connection.receive(response)
    # What was read until then, and a proper end.
    got = {name.decode() for name in json_names(response)}
    true(got <= set(names), "names that never were")
    check_error(daemon.fetch("/dir/", **JSON), 404)


@test
def a_stop_breaks_off_what_waits(case):
    make_files(case.root / "dir", 12000)
    daemon = case.start("--drain-timeout=0")
    connection, response = daemon.begin("/dir/", **LIST)
    connection.receive_bytes(response, 1)
    daemon.send_signal(signal.SIGTERM)
    equal(daemon.wait_exit(), 0, "exit status")
    connection.receive(response)
    true(not response.complete, f"{response!r}")


@test
def a_folder_that_cannot_be_read_at_first_is_a_500(case):
    make_files(case.root / "dir", 50)
    daemon = start_odd(case, FAIL_AT=20)
    check_error(daemon.fetch("/dir/", **LIST), 500, what="the first try")
    daemon.wait_log('error .*: Input/output error: "/dir/"')
    equal(len(json_names(daemon.fetch("/dir/", **JSON))), 50, "names")
    equal(folders_open(daemon, "dir"), [], "folders left open")


@test
def a_folder_that_cannot_be_read_on_breaks_the_connection(case):
    make_files(case.root / "dir", 11000)
    daemon = start_odd(case, FAIL_AT=10900)
    connection, response = daemon.begin("/dir/", **JSON)
    connection.receive(response)
    equal(response.status, 200, "status")
    true(not response.complete, f"{response!r} looks complete")
    true(response.length > MIB, f"{response.length} bytes")
    daemon.wait_log('error .*: Input/output error: "/dir/"')
    daemon.wait_access(path="/dir/", end="aborted")
    equal(folders_open(daemon, "dir"), [], "folders left open")


@test
def a_client_that_takes_nothing_stops_the_reading(case):
    make_files(case.root / "dir", 12000)
    daemon = start_odd(case, FAIL_AT=11900)
    connection, response = daemon.begin("/dir/", **LIST)
    connection.receive_bytes(response, 1)
    wait_idle(daemon.worker)
    # It did not get as far as to the error.
    true("Input/output error" not in daemon.log(), "all was read at once")
    true(folders_open(daemon, "dir"), "the folder is closed")
    connection.receive(response)
    true(not response.complete, f"{response!r} looks complete")
    true(response.length > 2 * MIB, f"{response.length} bytes")
    daemon.wait_log("Input/output error")


@test
def a_slow_folder_holds_up_nobody(case):
    names = make_files(case.root / "dir", 50)
    (case.root / "dir" / "gate").touch()
    stored = case.store("file", 1000)
    daemon = start_odd(case, OPEN=case.dir / "open",
                       REACHED=case.dir / "reached")
    leaver, _ = daemon.begin("/dir/", **JSON)
    wait_until((case.dir / "reached").exists, "the gate is reached")
    stayer, response = daemon.begin("/dir/", **JSON)
    check_file(daemon.fetch("/file", **LIST), stored)
    leaver.close()
    daemon.wait_access(path="/dir/", end="aborted")
    check_file(daemon.fetch("/file", **LIST), stored)
    (case.dir / "open").touch()
    stayer.receive(response)
    equal(len(json_names(response)), len(names) + 1, "names")
    wait_until(lambda: not folders_open(daemon, "dir"), "folders are closed")


@test
def many_at_once_all_get_all(case):
    make_files(case.root / "dir", 3000)
    daemon = case.start("--workers=2")
    waiting = [daemon.begin("/dir/", **(JSON if number % 2 else LIST))
               for number in range(60)]
    bodies = set()
    for connection, response in waiting:
        connection.receive(response)
        check_response(response, 200)
        bodies.add(response.digest)
    equal(len(bodies), 2, "different answers")


@test
def requests_follow_each_other_on_a_connection(case):
    make_files(case.root / "dir", 2000)
    daemon = case.start()
    with daemon.connect() as connection:
        for _ in range(5):
            for path, count in (("/dir/", 2000), ("/", 1)):
                connection.send(fastcgi.request(
                    daemon.params(path, **JSON), keep=True))
                response = connection.receive(fastcgi.Response())
                equal(len(json_names(response)), count, f"names of {path}")


if __name__ == "__main__":
    main()
