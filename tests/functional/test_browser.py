#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real browser, headless Chromium, behind a real nginx.

The scripts in the folder "browser" drive it, with playwright-core from npm.

FCGI_STREAM_NODE_MODULES  the folder that has playwright-core and pdfjs-dist
"""

import base64
import email
import hashlib
import os
import re
import shutil
import signal
import threading

from support.chromium import Browser, check_node, node_module
from support.harness import (KIB, MIB, TOP, children, equal, found, main, test, true,
                     wait_until)
from support.modules import build_module
from support.nginx import start_both
from support.videos import make_video


def start_site(case, body="", **how):
    """A daemon, an nginx, and a start page."""
    check_node()
    daemon, nginx = start_both(case, **how)
    case.store("index.html", b"<!doctype html><title>x</title>"
               b"<link rel=icon href=data:,>" + body.encode())
    return daemon, nginx


def fetch(case, nginx, *requests, host="127.0.0.1"):
    """Has a page call fetch(): a path and what is given to it, each."""
    browser = Browser(case, "fetch", page=nginx.url("index.html"), requests=[
        {"url": nginx.url(path, host) + init.pop("query", ""), **init}
        for path, init in requests])
    for result in browser.value:
        true("error" not in result, result.get("error"))
        if result["body"] is not None:
            result["body"] = base64.b64decode(result["body"])
    return browser.value


def check_fetched(result, status, content, what):
    """Fails unless fetch() got this status and these bytes."""
    equal(result["status"], status, f"status of {what}")
    equal(result["length"], len(content), f"length of {what}")
    equal(result["digest"], hashlib.sha256(content).hexdigest(),
          f"SHA-256 of {what}")


# --- video -------------------------------------------------------------------

def check_ranges_of(browser, name, size):
    """Fails unless the video came in ranges, one from where it seeked to."""
    seen = [response for response in browser.responses
            if response["url"].endswith(name)]
    starts = []
    for response in seen:
        equal(response["status"], 206, f"status for {response['range']}")
        match = found(r"^bytes (\d+)-(\d+)/(\d+)$", response["contentRange"],
                      "Content-Range")
        first, last, total = map(int, match.groups())
        equal((last, total), (size - 1, size), "end of the range and size")
        equal(response["range"], f"bytes={first}-", "Range")
        starts.append(first)
    true(len(starts) >= 3, f"only these ranges: {starts}")
    true(any(size * 0.8 < first < size * 0.98 for first in starts),
         f"it did not seek: {starts}")


def check_video(case, name):
    """Plays a video in the browser, seeks to its end and back."""
    check_node()
    size = make_video(case, name).stat().st_size
    daemon, nginx = start_site(case, f"<video muted src={name}></video>")
    browser = Browser(case, "video", page=nginx.url("index.html"))
    duration = browser.value["duration"]
    true(63 < duration < 66, f"it takes the video for {duration} s long")
    equal(browser.value["seeked"], 2, "number of seeked events")
    start, end, back = browser.value["places"]
    true(start["from"] < 1, f"it began at {start}")
    true(duration - 3.1 < end["from"] < duration, f"at the end: {end}")
    true(0.9 < back["from"] < 2, f"back again: {back}")
    equal([place["colour"] for place in (start, end, back)],
          ["red", "blue", "red"], "colours of the picture")
    check_ranges_of(browser, name, size)
    browser.close()
    daemon.wait_access(count=3, path=f"/{name}", status=206)
    # 304: asked for again by its cache. 0: given up before the head.
    statuses = {line["status"] for line in daemon.access(path=f"/{name}")}
    true(statuses <= {"206", "304", "0"}, f"statuses in the log: {statuses}")


@test(timeout=120)
def a_webm_plays_and_is_seeked(case):
    check_video(case, "video.webm")


@test(timeout=120)
def an_mp4_with_its_index_at_the_end_plays_and_is_seeked(case):
    check_video(case, "video.mp4")


# --- fetch() -----------------------------------------------------------------

@test(timeout=120)
def fetch_takes_a_range(case):
    stored = case.store("file", 3 * MIB + 7)
    size = stored.size
    daemon, nginx = start_site(case)
    ranges = {"bytes=0-99": (0, 100), "bytes=-5": (size - 5, 5),
              f"bytes={MIB}-": (MIB, size - MIB)}
    results = fetch(case, nginx, ("file", {}), *(
        ("file", {"headers": {"Range": text}}) for text in ranges))
    check_fetched(results[0], 200, stored.content(), "the whole file")
    for result, (text, (first, length)) in zip(results[1:], ranges.items()):
        check_fetched(result, 206, stored.piece(first, length), text)
        equal(result["fields"]["content-range"],
              f"bytes {first}-{first + length - 1}/{size}", "Content-Range")
    daemon.wait_access(count=3, path="/file", status=206)


@test(timeout=120)
def fetch_takes_several_ranges_as_multipart(case):
    stored = case.store("file.txt", 3 * MIB + 7)
    _, nginx = start_site(case)
    result, = fetch(case, nginx, (
        "file.txt", {"headers": {"Range": "bytes=0-99,1000-1099"}}))
    equal(result["status"], 206, "status")
    kind = result["fields"]["content-type"]
    boundary = found(r'^multipart/byteranges; *boundary="?([^";]+)"?$', kind,
                     "Content-Type").group(1)
    equal(result["fields"]["content-length"], str(result["length"]),
          "Content-Length")
    parts = re.split(rb"(?:^|\r\n)--" + re.escape(boundary.encode())
                     + rb"(?:\r\n|--)", result["body"])
    equal(len(parts), 4, f"delimiters in {result['body']!r}")
    equal((parts[0], parts[3].strip(b"\r\n")), (b"", b""), "around the parts")
    for part, first in zip(parts[1:3], (0, 1000)):
        head, _, content = part.partition(b"\r\n\r\n")
        fields = email.message_from_bytes(head)
        equal(fields["Content-Range"],
              f"bytes {first}-{first + 99}/{stored.size}", "Content-Range")
        found("^text/plain", fields["Content-Type"], "Content-Type of a part")
        true(content == stored.piece(first, 100), f"wrong bytes at {first}")


@test(timeout=120)
def fetch_asks_on_a_condition(case):
    stored = case.store("file", 1000)
    daemon, nginx = start_site(case)
    fields = nginx.ask("/file", "HEAD")[1]
    tag, date = fields["ETag"], fields["Last-Modified"]
    whole, same, other, since, failed = fetch(case, nginx, *(
        ("file", {"headers": headers}) for headers in (
            {}, {"If-None-Match": tag}, {"If-None-Match": '"other"'},
            {"If-Modified-Since": date}, {"If-Match": '"other"'})))
    equal(whole["fields"]["etag"], tag, "ETag")
    check_fetched(whole, 200, stored.content(), "the file")
    check_fetched(same, 304, b"", "the same file")
    equal(same["fields"]["etag"], tag, "ETag of a 304")
    check_fetched(other, 200, stored.content(), "another file")
    check_fetched(since, 304, b"", "an old file")
    equal(failed["status"], 412, "status of a failed If-Match")
    daemon.wait_access(count=2, path="/file", status=304, bytes=0)


@test(timeout=120)
def a_fetch_that_is_aborted_ends_its_stream(case):
    case.store("large", 256 * MIB)
    daemon, nginx = start_site(case)
    browser = Browser(case, "abort", page=nginx.url("index.html"),
                      url=nginx.url("large"))
    equal(browser.value["error"], "AbortError", "how reading ended")
    true(browser.value["received"] > 0, "nothing came")
    line = daemon.wait_access(path="/large", end="aborted")
    true(int(line["bytes"]) < 128 * MIB, f"{line['bytes']} bytes were sent")
    equal(browser.process.poll(), None, "the browser's exit status")


# --- other origins -----------------------------------------------------------

@test(timeout=120)
def a_page_of_another_origin_reads_ranges_if_that_is_allowed(case):
    stored = case.store("file", 3 * MIB)
    daemon, nginx = start_site(case, params={"STREAM_CORS": "*"})
    plain, range_, checked, absent = fetch(
        case, nginx, ("file", {}),
        ("file", {"headers": {"Range": "bytes=1000-1999"}}),
        ("file", {"headers": {"Range": "bytes=5-9", "If-Match": "*"}}),
        ("none", {}), host="localhost")
    check_fetched(plain, 200, stored.content(), "the file")
    check_fetched(range_, 206, stored.piece(1000, 1000), "a range")
    check_fetched(checked, 206, stored.piece(5, 5), "a range with If-Match")
    equal(absent["status"], 404, "status of a file that is not there")
    equal(range_["fields"].get("content-range"),
          f"bytes 1000-1999/{stored.size}", "Content-Range")
    for name in ("accept-ranges", "content-length", "etag", "last-modified"):
        true(name in range_["fields"], f"the page may not see {name}")
    line = daemon.wait_access(method="OPTIONS", path="/file")
    true(line["status"] in ("200", "204"), f"preflight: {line}")


@test(timeout=120)
def a_page_of_another_origin_reads_nothing_if_not(case):
    case.store("file", 1000)
    _, nginx = start_site(case)
    browser = Browser(case, "fetch", page=nginx.url("index.html"), requests=[
        {"url": nginx.url("file", "localhost"), "headers": headers}
        for headers in ({}, {"Range": "bytes=0-9"}, {"If-Match": "*"})])
    for result in browser.value:
        equal(result, {"error": "TypeError: Failed to fetch"}, "the result")


@test(timeout=120)
def a_page_of_another_origin_sends_what_the_action_takes(case):
    case.store("a.log", b"one\ntwo\n")
    case.store("a.log.end", b"")
    case.store("folder/file", b"content")
    cors = {"STREAM_ACTION": "$arg_action", "STREAM_CORS": "*",
            "STREAM_END_MARKER": ".end"}
    _, nginx = start_site(case, params=cors)
    events, archive = fetch(
        case, nginx,
        ("a.log", {"query": "?action=follow", "headers": {
            "Accept": "text/event-stream", "Last-Event-ID": "none",
            "Cache-Control": "no-cache"}}),
        ("folder/", {"query": "?action=archive", "method": "POST",
                     "headers": {"Content-Type": "application/json"},
                     "body": '["file"]'}), host="localhost")
    equal(events["status"], 200, "status of the events")
    found(rb"data: one\n[^\x00]*data: two\n", events["body"], "the events")
    equal(archive["status"], 200, "status of the archive")
    found(rb"^PK", archive["body"], "the archive")


# --- PDF.js ------------------------------------------------------------------

def pdf_stream(content):
    """A stream object of a PDF."""
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (
        len(content), content)


def pdf_objects(pages):
    """The objects of a PDF, from number 1 on: first all small ones."""
    pages_at, texts_at = 4, 4 + pages
    yield b"<< /Type /Catalog /Pages 2 0 R >>"
    yield b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, b" ".join(
        b"%d 0 R" % (pages_at + page) for page in range(pages)))
    yield b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    for page in range(pages):
        yield (b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Reso"
               b"urces << /Font << /F 3 0 R >> >> /Contents %d 0 R >>"
               % (texts_at + 2 * page))
    for page in range(1, pages + 1):
        yield pdf_stream(b"BT /F 24 Tf 72 720 Td (Page %d.) Tj ET" % page)
        yield pdf_stream(os.urandom(128 * KIB))


def make_pdf(pages):
    """A PDF with a text on each page, and 128 KiB that nobody needs."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(pdf_objects(pages), 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table, count = len(out), len(offsets) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        count, table)
    return bytes(out)


@test(timeout=120)
def pdf_js_reads_a_page_by_ranges(case):
    library = node_module("pdfjs-dist")
    daemon, nginx = start_site(case)
    for name in ("pdf.min.mjs", "pdf.worker.min.mjs"):
        shutil.copy(library / "build" / name, case.root / name)
    stored = case.store("large.pdf", make_pdf(80))
    browser = Browser(case, "pdf", page=nginx.url("index.html"),
                      url=nginx.url("large.pdf"), numbers=[1, 80, 40],
                      library=nginx.url("pdf.min.mjs"),
                      worker=nginx.url("pdf.worker.min.mjs"))
    equal(browser.value, {"pages": 80, "texts": [
        f"Page {number}." for number in (1, 80, 40)]}, "what it read")
    browser.close()
    daemon.wait_access(count=4, path="/large.pdf", status=206)
    ranges = daemon.access(path="/large.pdf", status=206)
    sent = sum(int(line["bytes"]) for line in ranges)
    true(sent < stored.size / 4, f"{sent} bytes of {stored.size} by ranges")


# --- EventSource -------------------------------------------------------------

# The page is a file as ever; the log is followed.
FOLLOW = {"STREAM_ACTION": "$arg_action", "STREAM_ROTATE": "300ms"}


def watch_log(case, nginx, *steps):
    """Has examples/follow.html show a.log, and does these steps."""
    page = (TOP / "examples" / "follow.html").read_text()
    equal(page.count("a.log?lines=100"), 1, "the source in the page")
    case.store("follow.html", page.replace(
        "a.log?lines=100", "a.log?lines=100&amp;action=follow").encode())
    return Browser(case, "follow", page=nginx.url("follow.html"),
                   log=str(case.root / "a.log"), steps=steps)


def numbers(first, last):
    """Lines with these numbers."""
    return [f"line {number}" for number in range(first, last + 1)]


def text(lines):
    """The same as it stands in a file."""
    return "".join(line + "\n" for line in lines)


@test(timeout=120)
def an_event_source_shows_a_log_as_it_grows(case):
    case.store("a.log", text(numbers(1, 150)).encode())
    daemon, nginx = start_site(case, params=FOLLOW)
    picture = case.dir / "page.png"
    odd = ["<b>&amp;</b>", "\ufffd", "ünïcödé 🎬", "a\tb", "  two blanks"]
    browser = watch_log(
        case, nginx, {"lines": 100, "state": "live"},
        {"append": text(numbers(151, 152)), "lines": 102},
        {"append": "half ", "lines": 102}, {"append": "a line\n", "lines": 103},
        {"append": text(odd), "lines": 108, "shot": str(picture)},
        {"remove": True, "state": "finished"})
    equal(browser.value, numbers(51, 152) + ["half a line"] + odd, "lines")
    true(picture.stat().st_size > 5000, "the picture is empty")
    daemon.wait_access(count=1, path="/a.log", end="complete")
    equal(len(daemon.access(path="/a.log")), 1, "requests for the log")


@test(timeout=180)
def an_event_source_misses_nothing_when_connections_break(case):
    case.store("a.log", text(numbers(1, 3)).encode())
    daemon, nginx = start_site(case, params=FOLLOW)
    daemon.deaths_expected = True
    # A worker each for `worker_processes auto`; they come after the port.
    wait_until(lambda: len(children(nginx.process.pid)) == os.cpu_count(),
               "all of nginx's workers")
    fronts = [{"kill": pid} for pid in children(nginx.process.pid)]
    rotated = str(case.root / "a.log.1")
    browser = watch_log(
        case, nginx, {"lines": 3, "state": "live"},
        *fronts, {"append": text(numbers(4, 6)), "lines": 6},
        {"kill": daemon.worker}, {"append": text(numbers(7, 9)), "lines": 9},
        {"append": text(numbers(10, 11)), "rename": rotated,
         "write": text(numbers(12, 13)), "lines": 13},
        {"append": text(numbers(14, 15)), "lines": 15})
    equal(browser.value, numbers(1, 15), "lines")
    answers = [response["status"] for response in browser.responses
               if "/a.log?" in response["url"]]
    equal(answers.count(200), 3, f"one, and one for each kill: {answers}")


def restart_after(case, daemon, nginx, line):
    """Starts the daemon anew once the log has a line and a client a 503."""
    path = case.root / "a.log"
    wait_until(lambda: path.read_text().endswith(line), "the line", 60)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait_exit()
    daemon.leaves_socket = True  # it is that of the next one
    wait_until(lambda: any(request["status"] == "503"
                           for request in nginx.requests()), "a 503", 60)
    case.start(listen=daemon.known_address, address=daemon.known_address)


@test(timeout=180)
def a_page_misses_nothing_when_the_daemon_is_started_anew(case):
    case.store("a.log", text(numbers(1, 3)).encode())
    daemon, nginx = start_site(case, params=FOLLOW)
    other = threading.Thread(target=restart_after, args=(
        case, daemon, nginx, text(["line 5"])))
    other.start()
    case.defer(other.join)
    browser = watch_log(
        case, nginx, {"lines": 3, "state": "live"},
        {"append": text(numbers(4, 5)), "state": "connecting"},
        {"append": text(numbers(6, 7)), "lines": 7, "state": "live"},
        {"append": text(numbers(8, 9)), "lines": 9})
    equal(browser.value, numbers(1, 9), "lines")


@test(timeout=120)
def an_event_source_gets_the_events_of_the_example(case):
    check_node()
    module = build_module(case, TOP / "examples" / "action_events.c")
    daemon, nginx = start_both(
        case, f"--action=events={module}",
        params={"STREAM_ACTION": "events", "STREAM_INTERVAL": "20"})
    browser = Browser(case, "events", url=nginx.url("x"), count=10)
    equal(len(browser.value), 10, "events")
    times = [int(text) for text in browser.value]
    true(times == sorted(times) and times[0] > 1 << 30, f"{times}")
    # The page has closed its source, the browser is still open.
    daemon.wait_access(action="events", end="aborted")
    browser.close()


if __name__ == "__main__":
    main()
