#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action list through nginx, as examples/nginx-actions.conf sets it up.

Its clients are curl and a headless Chromium.
"""

import io
import json
import os
import urllib.parse
import zipfile

from support.chromium import Browser, check_node
from support.fronts import start_daemon
from support.harness import MIB, equal, found, main, test, true
from support.listings import NginxList, Page, make_files
from support.nginx import curl

TIME = 1582979696  # 2020-02-29 12:34:56
ODD = [b"javascript:alert(1)", b"<b>&\"'x", b"q?h#%41", b"new\nline",
       b"bad\xff\xfe", "ä\u202ex".encode(), b"a:b", b"//", b"x" * 255]


def start_site(case, params=None):
    """Files and folders, a daemon and an nginx."""
    for name, size, time in (("b2.txt", 10, 3), ("b10.iso", 5 * MIB, 1),
                             ("A.jpg", 2000, 2), ("c.mp4", 3 * MIB, 4)):
        case.store(f"top/{name}", size)
        os.utime(case.root / "top" / name, (TIME + time, TIME + time))
    case.store("top/folder 10/x/y z/file", 100)
    (case.root / "top" / "folder 2").mkdir()
    case.store("index/index.html", b"<!doctype html><title>index</title>")
    daemon = start_daemon(case)
    return daemon, NginxList(case, daemon, params)


ROWS = ["folder 2/", "folder 10/", "A.jpg", "b2.txt", "b10.iso", "c.mp4"]
BY_SIZE = ["folder 2/", "folder 10/", "b10.iso", "c.mp4", "A.jpg", "b2.txt"]


# --- curl --------------------------------------------------------------------

@test
def curl_gets_pages_json_and_files(case):
    _, nginx = start_site(case)
    text = curl(nginx.url("top/")).decode()
    found('<a href="folder%202/">', text, "the page")
    listing = json.loads(curl("-H", "Accept: application/json",
                              nginx.url("top/")))
    equal([entry["name"] for entry in listing["entries"]],
          [row.rstrip("/") for row in ROWS], "names")
    listing = json.loads(curl(nginx.url() + "?format=json&order=desc"))
    equal([entry["name"] for entry in listing["entries"]],
          ["top", "index"], "names in the root")
    content = (case.root / "top" / "c.mp4").read_bytes()
    true(curl(nginx.url("top/c.mp4")) == content, "wrong bytes of a file")
    true(curl("-r", "1000-1999", nginx.url("top/c.mp4")) == content[1000:2000],
         "wrong bytes of a range")
    true(b"<title>index" in curl(nginx.url("index/")), "no index")
    found("Disallow: /zip/\n", curl(nginx.url("robots.txt")).decode(),
          "what robots are told")
    equal(curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}",
               nginx.url("top/folder 2")).decode(),
          f"308 {nginx.url('top/folder 2/')}", "a redirect")
    head = curl("-I", nginx.url("top/")).decode()
    found("(?i)content-type: text/html; charset=utf-8", head, "HEAD")
    equal(curl("-o", "/dev/null", "-w", "%{http_code}",
               nginx.url("none/")), b"404", "no folder")


@test
def odd_names_can_be_fetched_by_their_links(case):
    folder = os.fsencode(case.root / "odd")
    os.mkdir(folder)
    names = [name for name in ODD if b"/" not in name]
    for name in names:
        with open(os.path.join(folder, name), "wb") as out:
            out.write(name)
    _, nginx = start_site(case)
    entries = json.loads(curl(nginx.url("odd/") + "?format=json"))["entries"]
    equal(len(entries), len(names), "number of names")
    got = {curl("-g", urllib.parse.urljoin(nginx.url("odd/"), entry["href"]))
           for entry in entries}
    equal(got, set(names), "what is behind the links")


@test(timeout=120)
def a_client_that_leaves_in_the_middle_stops_the_listing(case):
    make_files(case.root / "large", 30000)
    daemon, nginx = start_site(case)
    client = nginx.client(receive_buffer=8192)
    client.send("/large/")
    client.read_head()
    client.close()
    line = daemon.wait_access(path="/large/", end="aborted")
    true(int(line["bytes"]) < 8 * MIB, f"{line['bytes']} bytes were sent")
    listing = json.loads(curl(nginx.url("large/") + "?format=json"))
    equal(len(listing["entries"]), 30000, "entries")


def check_members(case, data, names, folder="top"):
    """Fails unless a zip archive has these members, as they are stored."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        equal(sorted(archive.namelist()), sorted(names), "members")
        for name in names:
            stored = case.root / folder / name
            if not name.endswith("/"):
                true(archive.read(name) == stored.read_bytes(),
                     f"wrong bytes of {name}")


def ask_form(nginx, page, number, *fields):
    """What curl gets that submits a form of a page, with more fields."""
    form = page.forms[number]
    how = ["--data", urllib.parse.urlencode([*form["fields"], *fields])]
    if form.get("method") != "post":
        how.insert(0, "--get")
    return curl("--fail", *how, nginx.url().rstrip("/") + form["action"])


@test
def the_forms_for_archives_lead_to_them(case):
    _, nginx = start_site(case)
    case.store("100%/a+b", 10)
    for path, names in (("top/folder 10/x/", ["y z/", "y z/file"]),
                        ("100%/", ["a+b"])):
        page = Page(curl(nginx.url(path)))
        equal([link for link in page.links if "zip" in link], [], "links")
        equal(page.forms[0]["action"], f"/zip/{urllib.parse.quote(path)}",
              "where the form leads")
        check_members(case, ask_form(nginx, page, 0), names, path)
    names = [value for name, value in page.fields if name == "f"]
    equal(names, ["a+b"], "what can be chosen")
    check_members(case, ask_form(nginx, page, -1, ("f", names[0])), names,
                  "100%")


# --- a browser ---------------------------------------------------------------

def visit(case, nginx, path="top/", **options):
    """What a browser saw: the looks, and nothing that is wrong with it."""
    browser = Browser(case, "list", page=nginx.url(path), **options)
    value = browser.value
    equal(value["errors"], [], "messages on the console")
    strange = [url for url in value["requests"]
               if not url.startswith((nginx.url(), "data:"))]
    equal(strange, [], "requests to elsewhere")
    browser.close()
    return value


@test(timeout=120)
def a_page_has_all_that_is_needed_to_use_it(case):
    check_node()
    _, nginx = start_site(case)
    value = visit(case, nginx, "top/folder 10/x/")
    look = value["looks"][0]
    equal((look["title"], look["lang"], look["h1"]),
          ("Index of /top/folder 10/x/", "en", "x"), "title, language, heading")
    equal(look["crumbs"], [
        ["Files", nginx.url()], ["top", nginx.url("top/")],
        ["folder 10", nginx.url("top/folder 10/")]], "folders above")
    equal(look["heads"], [["Name", "ascending"], ["Size", None],
                          ["Modified (UTC)", None]], "headers")
    equal(look["hrefs"], [nginx.url("top/folder 10/x/y z/")], "links")
    roles = {tuple(node) for node in value["tree"]}
    for node in (("navigation", "Folders above"), ("heading", "x"),
                 ("table", "Folders and files"), ("columnheader", "Name"),
                 ("columnheader", "Size"), ("button", "Name"),
                 ("button", "Download folder as ZIP"), ("rowheader", "y z/"),
                 ("link", "y z/"), ("status", "")):
        true(node in roles, f"no {node} in {sorted(roles)}")
    true("RootWebArea" in dict(value["tree"]), "no page")


@test(timeout=120)
def its_colours_have_contrast(case):
    check_node()
    _, nginx = start_site(case)
    for dark in (False, True):
        value = visit(case, nginx, dark=dark)
        true(len(value["contrast"]) > 4, f"{value['contrast']}")
        weak = {name: ratio for name, ratio in value["contrast"].items()
                if ratio < 4.5}
        equal(weak, {}, f"text of little contrast, dark: {dark}")
        os.rename(case.dir / "browser", case.dir / f"browser-{dark}")


@test(timeout=120)
def it_fits_a_phone(case):
    check_node()
    case.store(f"top/{'long' * 60}.txt", 10)
    _, nginx = start_site(case)
    for width, below in ((320, True), (480, True), (600, False)):
        value = visit(case, nginx, width=width)
        look = value["looks"][0]
        true(not look["tooWide"], f"it is wider than {width}")
        equal(look["dateBelow"], below, f"date below the name at {width}")
        roles = {tuple(node) for node in value["tree"]}
        for node in (("table", "Folders and files"), ("columnheader", "Name"),
                     ("columnheader", "Modified (UTC)"),
                     ("rowheader", "b2.txt")):
            true(node in roles, f"no {node} at {width} in {sorted(roles)}")
        os.rename(case.dir / "browser", case.dir / f"browser-{width}")


@test(timeout=120)
def a_click_on_a_header_sorts_without_the_server(case):
    check_node()
    daemon, nginx = start_site(case)
    value = visit(case, nginx, steps=[
        {"click": "thead .s button"}, {"click": "thead .s button"},
        {"click": "thead .n button"}, {"click": "thead .n button"},
        {"click": "thead .m button"}, {"reload": True}])
    looks = value["looks"]
    equal(looks[0]["rows"], ROWS, "rows")
    equal(looks[1]["rows"], BY_SIZE, "by size")
    equal([head[1] for head in looks[1]["heads"]],
          [None, "descending", None], "aria-sort")
    equal(looks[1]["status"], "Sorted by size, descending", "what is said")
    equal(looks[1]["url"], nginx.url("top/") + "?sort=size&order=desc", "URL")
    equal(looks[2]["rows"], [*ROWS[:2], "b2.txt", "A.jpg", "c.mp4",
                             "b10.iso"], "by size, up")
    equal(looks[3]["rows"], ROWS, "by name")
    equal(looks[4]["rows"], [*ROWS[1::-1], *ROWS[:1:-1]], "by name, down")
    equal(looks[5]["rows"][2:], ["c.mp4", "b2.txt", "A.jpg", "b10.iso"],
          "by time")
    equal(len(daemon.access(path="/top/")), 2, "requests for the page")
    equal(looks[6]["rows"], looks[5]["rows"], "rows by the server")
    equal(looks[6]["heads"], looks[5]["heads"], "headers by the server")


@test(timeout=120)
def it_works_without_its_script(case):
    check_node()
    daemon, nginx = start_site(case)
    value = visit(case, nginx, script=False, steps=[
        {"click": "thead .s button", "leads": True},
        {"click": "thead .s button", "leads": True},
        {"click": "text=folder 10", "leads": True}])
    first, down, up, folder = value["looks"]
    equal(first["rows"], ROWS, "rows")
    equal((first["disabled"], first["selectAll"]), (False, False),
          "what only the script can do")
    equal(down["rows"], BY_SIZE, "by size")
    equal(down["heads"][1], ["Size", "descending"], "header")
    equal(up["url"], nginx.url("top/") + "?sort=size&order=asc", "URL")
    equal(folder["url"], nginx.url("top/folder 10/"), "where a click leads")
    equal(len(daemon.access(path="/top/")), 3, "requests for the page")


@test(timeout=120)
def the_script_sorts_as_the_server_does(case):
    check_node()
    names = ["1", "2", "10", "010", "a", "A", "a1", "a01", "a10", "a2b", "Z",
             "_", "-", " x", "é", "漢", "😀", "~", "a.b", "a b", "ab", "9" * 30,
             "9" * 29 + "8", "0", "00"]
    for name in names:
        case.store(f"many/{name}", 1)
    daemon, nginx = start_site(case)
    value = visit(case, nginx, "many/", steps=[
        {"click": "thead .n button"}, {"click": "thead .n button"}])
    first, down, up = (look["rows"] for look in value["looks"])
    equal(sorted(first), sorted(name.strip() for name in names), "names")
    equal(down, first[::-1], "order of the script, down")
    equal(up, first, "order of the script")
    equal(len(daemon.access(path="/many/")), 1, "requests for the page")


@test(timeout=120)
def it_works_with_the_keyboard_alone(case):
    check_node()
    daemon, nginx = start_site(case)
    tab = {"press": "Tab"}
    value = visit(case, nginx, steps=[
        *[tab] * 9, {"press": "Space"}, {"press": "Shift+Tab"},
        {"press": "Enter", "leads": True}, {"goto": nginx.url("top/")},
        *[tab] * 5,
        {"press": "Enter"}])
    looks = value["looks"]
    equal([look["focus"] for look in looks[1:10]], [
        "a Files", "button Download folder as ZIP",
        "input Select all files", "button Name", "button Size",
        "button Modified (UTC)", "a folder 2/", "a folder 10/",
        "input Select A.jpg"], "what Tab leads to")
    for look in looks[1:10]:
        equal(look["outline"], "solid", f"outline of {look['focus']}")
    equal(looks[10]["button"], "Download 1 selected as ZIP", "the button")
    equal(looks[12]["url"], nginx.url("top/folder 10/"), "where Enter leads")
    equal(looks[-1]["rows"], BY_SIZE, "rows after Enter on a header")
    equal(looks[-1]["focus"], "button Size", "focus after it")
    daemon.wait_access(path="/top/folder 10/", status=200)


@test(timeout=120)
def folders_and_files_are_followed(case):
    check_node()
    daemon, nginx = start_site(case)
    value = visit(case, nginx, "", steps=[
        {"click": selector, "leads": True} for selector in (
            "text=top", "text=folder 10", "text=x/", "nav >> text=top",
            "text=b2.txt")])
    equal([look["url"] for look in value["looks"]], [
        nginx.url(path) for path in (
            "", "top/", "top/folder 10/", "top/folder 10/x/", "top/",
            "top/b2.txt")], "where the clicks lead")
    equal(value["looks"][0]["rows"], ["index/", "top/"], "rows of the root")
    daemon.wait_access(path="/top/b2.txt", status=200, bytes=10)


@test(timeout=120)
def what_is_selected_is_had_as_zip(case):
    check_node()
    case.store("top/ä&b=c.txt", 10)
    daemon, nginx = start_site(case)
    some, every = case.dir / "some.zip", case.dir / "every.zip"
    value = visit(case, nginx, steps=[
        {"check": "[value='b2.txt']"}, {"check": "[value='ä&b=c.txt']"},
        {"click": "footer button", "saves": str(some)},
        {"check": "thead input"},
        {"click": "header >> text=Download", "saves": str(every)}])
    first, one, two, _, all_of_them, last = value["looks"]
    equal((first["button"], first["disabled"]),
          ("Download selected as ZIP", True), "the button")
    equal((one["button"], one["disabled"]),
          ("Download 1 selected as ZIP", False), "the button with one")
    equal(two["button"], "Download 2 selected as ZIP", "the button with two")
    equal(all_of_them["button"], "Download 5 selected as ZIP",
          "the button with all")
    equal(last["url"], nginx.url("top/"), "where the reader is")
    equal(value["posts"], [{
        "url": nginx.url("zip/top/"),
        "body": "format=zip&f=b2.txt&f=%C3%A4%26b%3Dc.txt"}], "what is posted")
    equal([url for url in value["requests"] if "/zip/" in url],
          [nginx.url("zip/top/"), nginx.url("zip/top/") + "?format=zip"],
          "what is asked for")
    check_members(case, some.read_bytes(), ["b2.txt", "ä&b=c.txt"])
    check_members(case, every.read_bytes(), [
        "A.jpg", "b10.iso", "b2.txt", "c.mp4", "folder 10/", "folder 10/x/",
        "folder 10/x/y z/", "folder 10/x/y z/file", "folder 2/", "ä&b=c.txt"])
    daemon.wait_access(2, path="/top/", action="archive", status=200)


@test(timeout=180)
def two_thousand_files_are_selected_at_once(case):
    check_node()
    names = [f"{number:04d} & {'ä' * 80}{'n' * 80}.txt"
             for number in range(2000)]
    folder = case.root / "many"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(name.encode())
    daemon, nginx = start_site(case)
    path = case.dir / "many.zip"
    value = visit(case, nginx, "many/", steps=[
        {"check": "thead input"},
        {"click": "footer button", "saves": str(path)}])
    equal(value["looks"][1]["button"], "Download 2000 selected as ZIP",
          "the button")
    equal(len(value["posts"]), 1, "how often it was posted")
    true(len(value["posts"][0]["body"]) > MIB, "a small list")
    check_members(case, path.read_bytes(), names, "many")
    daemon.wait_access(path="/many/", action="archive", status=200)


class SignedList(NginxList):
    """One that lets only those in who have a signature."""

    def insert(self, text, params):
        """Looks for it in the query, as a signed link has it."""
        lock = 'if ($arg_md5 != "a-_B9") { return 403; }'
        return super().insert(text, params).replace(
            "fastcgi_pass fcgi_stream;", f"{lock} fastcgi_pass fcgi_stream;")


@test(timeout=180)
def a_signature_stays_with_every_button(case):
    check_node()
    start_site(case)
    nginx = SignedList(case, case.daemons[0])
    page, key = nginx.url("top/"), "md5=a-_B9&expires=12"
    equal(curl("-o", "/dev/null", "-w", "%{http_code}", page), b"403",
          "status without it")
    folder, some = case.dir / "folder.zip", case.dir / "some.zip"
    for script in (True, False):
        leads = {} if script else {"leads": True}
        browser = Browser(
            case, "list", page=f"{page}?{key}", script=script, steps=[
                {"click": "thead .s button", **leads},
                {"click": "thead .s button", **leads}, {"reload": True},
                {"click": "header button", "saves": str(folder)},
                {"check": "[value='b2.txt']"},
                {"click": "footer button", "saves": str(some)}])
        looks = browser.value["looks"]
        equal([look["rows"] for look in looks[:4]],
              [ROWS, BY_SIZE, *[[*ROWS[:2], "b2.txt", "A.jpg", "c.mp4",
                                 "b10.iso"]] * 2], "rows")
        equal(looks[1]["url"], f"{page}?{key}&sort=size&order=desc", "URL")
        equal(browser.value["posts"], [{
            "url": f"{nginx.url('zip/top/')}?{key}",
            "body": "format=zip&f=b2.txt"}], "what is posted")
        check_members(case, some.read_bytes(), ["b2.txt"])
        true(len(zipfile.ZipFile(folder).namelist()) > 6, "the folder")
        browser.close()
        os.rename(case.dir / "browser", case.dir / f"browser-{script}")


@test(timeout=120)
def a_query_cannot_break_the_script(case):
    check_node()
    _, nginx = start_site(case)
    value = Browser(
        case, "list", page=nginx.url("top/") + "?elements=1&querySelector=2"
        "&method=3&submit=4&id=5&%22%3E%3Cb%3E=6",
        steps=[{"click": "thead .s button"}]).value
    equal(value["errors"], [], "messages on the console")
    equal(value["looks"][1]["rows"], BY_SIZE, "rows")


@test(timeout=120)
def odd_names_do_no_harm_in_a_browser(case):
    check_node()
    folder = os.fsencode(case.root / "odd")
    os.mkdir(folder)
    names = [name for name in ODD if b"/" not in name]
    for name in names:
        with open(os.path.join(folder, name), "wb") as out:
            out.write(b"<script>console.log(1)</script>")
    _, nginx = start_site(case, {"STREAM_CONTENT_TYPE": "text/plain"})
    value = visit(case, nginx, "odd/", steps=[
        {"click": "text=javascript", "leads": True},
        {"goto": nginx.url("odd/")}, {"click": "thead .n button"}])
    equal({urllib.parse.unquote_to_bytes(urllib.parse.urlsplit(href).path)
           for href in value["looks"][0]["hrefs"]},
          {b"/odd/" + name for name in names}, "links")
    equal(value["looks"][1]["url"],
          nginx.url("odd/") + "javascript%3Aalert%281%29", "after a click")
    equal(value["looks"][3]["rows"], value["looks"][0]["rows"][::-1],
          "rows, sorted the other way round")


if __name__ == "__main__":
    main()
