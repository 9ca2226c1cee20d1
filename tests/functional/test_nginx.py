#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole way: a client, nginx with nginx-example.conf, fcgi-stream."""

import os
import re
import urllib.parse

from support.harness import (GIB, KIB, MIB, SLOWNESS, check_file, descriptors, equal, found,
                     main, need, open_files, test, true, wait_idle,
                     wait_until)
from support.nginx import Nginx, check_same, curl, start_both

SIZES = (0, 1, 4095, 4096, 4097, 65535, 65536, 65537, MIB - 1, MIB, MIB + 1,
         17 * MIB + 3)


# --- whole files -------------------------------------------------------------

@test
def files_of_every_size_arrive_whole(case):
    _, nginx = start_both(case)
    for size in SIZES:
        stored = case.store(f"size-{size}", size)
        curl("--fail", "-o", case.dir / "got", nginx.url(f"size-{size}"))
        check_same(case.dir / "got", stored, f"{size} bytes")


@test
def the_example_is_accepted_without_a_warning(case):
    _, nginx = start_both(case)
    text = nginx.stderr.read_text()
    true(not re.search(r"\[(warn|error|emerg|crit)\]", text), text)


@test
def the_start_page_is_index_html(case):
    stored = case.store("index.html", b"<!doctype html>hello\n")
    _, nginx = start_both(case)
    status, fields, body = nginx.ask("/")
    equal((status, body), (200, stored.content()), "the start page")
    found("^text/html", fields["Content-Type"], "Content-Type")


@test(timeout=120)
def sixty_four_downloads_at_once_arrive_whole(case):
    need("curl")
    files = [case.store(f"file-{number}", 2 * MIB + number)
             for number in range(1, 65)]
    daemon, nginx = start_both(case, workers=2)
    curl("--fail", "--parallel", "--parallel-max", 64, "--parallel-immediate",
         "-o", case.dir / "got-#1", nginx.url("file-") + "[1-64]")
    for number, stored in enumerate(files, 1):
        check_same(case.dir / f"got-{number}", stored, stored.path.name)
    daemon.wait_access(count=64, status=200, end="complete")


@test
def a_name_forges_no_line_in_the_error_log_of_nginx(case):
    case.store("folder/file", 1)
    (case.root / "folder" / "out").symlink_to(case.dir)
    _, nginx = start_both(case, params={"STREAM_ACTION": "archive"})
    forged = "2026/11/22 00:00:00 [alert] 1#1: forged"
    query = urllib.parse.quote(f"out/x\n{forged}")
    curl("-o", case.dir / "got", nginx.url("folder/") + f"?f={query}")
    log = nginx.run_dir / "error.log"
    wait_until(lambda: "fcgi-stream " in log.read_text(), "a line")
    lines = log.read_text().splitlines()
    equal([line for line in lines if line.startswith(forged)], [], "forged")


@test
def names_survive_the_way_through_nginx(case):
    _, nginx = start_both(case)
    for name in ("with space", "100%", "%41", "what?", "a#b", "a+b", "a;b",
                 'double"quote', "single'quote", "ünïcödé 🎬.mp4"):
        stored = case.store(name, 100)
        curl("--fail", "-o", case.dir / "got", nginx.url(name))
        check_same(case.dir / "got", stored, name)


@test
def it_is_started_by_spawn_fcgi_too(case):
    need("nginx", "spawn-fcgi")
    path = case.dir / "s"
    daemon = case.launch("--workers=1", address=f"unix:{path}", prefix=[
        "spawn-fcgi", "-n", "-s", str(path), "--"])
    daemon.leaves_socket = True
    stored = case.store("file", 3 * MIB)
    nginx = Nginx(case, daemon.wait_ready())
    curl("--fail", "-o", case.dir / "got", nginx.url("file"))
    check_same(case.dir / "got", stored, "file")


@test
def it_is_reached_over_tcp_too(case):
    stored = case.store("file", 3 * MIB)
    _, nginx = start_both(case, listen="127.0.0.1:0")
    curl("--fail", "-o", case.dir / "got", nginx.url("file"))
    check_same(case.dir / "got", stored, "file")


# --- heads, ranges, errors ---------------------------------------------------

@test
def head_requests_get_the_length_and_no_body(case):
    _, nginx = start_both(case)
    for size in (0, 1000, 3 * MIB):
        case.store("file.txt", size)
        status, fields, body = nginx.ask("/file.txt", "HEAD")
        equal((status, body), (200, b""), f"HEAD of {size} bytes")
        equal(fields["Content-Length"], str(size), "Content-Length")
        equal(fields["Accept-Ranges"], "bytes", "Accept-Ranges")
        true(fields["ETag"] and fields["Last-Modified"], "no validators")


@test
def ranges_pass_through_nginx(case):
    stored = case.store("file", MIB + 10)
    _, nginx = start_both(case)
    for field, first, length in (("bytes=0-0", 0, 1), ("bytes=-5", MIB + 5, 5),
                                 ("bytes=1000-400000", 1000, 399001),
                                 ("bytes=5-", 5, MIB + 5)):
        status, fields, body = nginx.ask("/file", Range=field)
        equal(status, 206, f"status for {field}")
        equal(fields["Content-Range"],
              f"bytes {first}-{first + length - 1}/{stored.size}",
              f"Content-Range for {field}")
        true(body == stored.piece(first, length), f"wrong bytes for {field}")
    status, fields, _ = nginx.ask("/file", Range=f"bytes={stored.size}-")
    equal(status, 416, "status of an unsatisfiable range")
    equal(fields["Content-Range"], f"bytes */{stored.size}", "Content-Range")


@test
def the_tail_of_a_5_gib_file_arrives_by_range(case):
    stored = case.store("huge", 0)
    with open(stored.path, "r+b") as out:
        out.seek(5 * GIB - 1000)
        out.write(os.urandom(1000))
    _, nginx = start_both(case)
    body = curl("--fail", "-r", "-2000000", nginx.url("huge"))
    true(body == stored.piece(5 * GIB - 2_000_000, 2_000_000), "wrong bytes")
    status, fields, _ = nginx.ask("/huge", "HEAD")
    equal((status, fields["Content-Length"]), (200, str(5 * GIB)), "HEAD")


@test
def curl_resumes_a_download(case):
    stored = case.store("file", 8 * MIB)
    daemon, nginx = start_both(case)
    got = case.dir / "got"
    got.write_bytes(stored.piece(0, 3 * MIB + 17))
    curl("--fail", "-C", "-", "-o", got, nginx.url("file"))
    check_same(got, stored, "the resumed file")
    line = daemon.wait_access(status=206)
    equal(int(line["bytes"]), 5 * MIB - 17, "bytes of the rest")


@test
def errors_pass_through_nginx(case):
    case.store("file", 10)
    (case.root / "folder").mkdir()
    (case.root / "outside").symlink_to("/etc/passwd")
    _, nginx = start_both(case)
    for path, method, expected in (
            ("/none", "GET", 404), ("/none", "HEAD", 404),
            ("/folder", "GET", 404), ("/folder/", "GET", 404),
            ("/outside", "GET", 403), ("/%2e%2e/x", "GET", 400),
            ("/file", "PUT", 405), ("/file", "DELETE", 405)):
        status, fields, body = nginx.ask(path, method)
        equal(status, expected, f"status of {method} {path}")
        true(b"root:" not in body, "a file outside the root was sent")
        if expected == 405:
            equal(sorted(fields["Allow"].replace(" ", "").split(",")),
                  ["GET", "HEAD", "OPTIONS"], "Allow")
    connection = nginx.connect()
    connection.request("POST", "/file", body=bytes(500 * KIB))
    equal(connection.getresponse().status, 405, "status of POST")


@test
def when_the_daemon_is_away_clients_are_told_to_retry(case):
    case.store("file", 10)
    daemon, nginx = start_both(case)
    equal(nginx.ask("/file")[0], 200, "status before")
    daemon.stop()
    status, fields, _ = nginx.ask("/file")
    equal(status, 503, "status")
    true(int(fields["Retry-After"]) > 0, "no Retry-After")


# --- connections -------------------------------------------------------------

def sockets(pid):
    """The sockets that a process has open, by their inode."""
    found_names = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            name = os.readlink(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            continue
        if name.startswith("socket:"):
            found_names.add(name)
    return found_names


@test
def nginx_keeps_its_connections_to_the_daemon(case):
    stored = case.store("file", 1000)
    daemon, nginx = start_both(case)
    before = sockets(daemon.worker)
    client = nginx.connect()
    seen = set()
    for _ in range(200):
        status, _, body = nginx.ask("/file", connection=client)
        equal((status, body), (200, stored.content()), "response")
        seen |= sockets(daemon.worker) - before
    equal(len(seen), 1, "connections used for 200 requests")
    equal(sockets(daemon.worker) - before, seen, "connections afterwards")


@test
def a_client_that_leaves_ends_its_stream_at_once(case):
    case.store("large", 256 * MIB)
    daemon, nginx = start_both(case)
    equal(nginx.ask("/none")[0], 404, "status")
    wait_idle(daemon.worker)
    before = descriptors(daemon.worker)
    for count in (1, 500 * KIB, 3 * MIB):
        client = nginx.begin("/large")
        left = count
        while left > 0:
            left -= len(client.recv(min(left, 65536)))
        client.close()
    daemon.wait_access(count=3, path="/large", end="aborted")
    wait_until(lambda: descriptors(daemon.worker) <= before,
               "no descriptor is left in the worker")
    large = [name for name in open_files(daemon.worker) if "large" in name]
    equal(large, [], "files that are still open")
    for line in daemon.access(path="/large"):
        true(int(line["bytes"]) < 64 * MIB, f"{line['bytes']} bytes read")


@test
def a_client_that_reads_nothing_holds_its_stream_back(case):
    case.store("large", 256 * MIB)
    daemon, nginx = start_both(case)
    client = nginx.begin("/large")
    client.recv(1)
    wait_idle(daemon.worker)
    spooled = [path for path in nginx.run_dir.rglob("*")
               if path.is_file() and path.stat().st_size > MIB]
    equal(spooled, [], "what nginx wrote to disk")
    client.close()
    line = daemon.wait_access(path="/large")
    equal(line["end"], "aborted", "end of the stream")
    true(int(line["bytes"]) < 32 * MIB, f"{line['bytes']} bytes were sent")


def read_to_end(client):
    """Counts the bytes that come until the connection is closed."""
    received = 0
    while True:
        part = client.recv(1 << 20)
        if not part:
            return received
        received += len(part)


def check_cut_short(case, *fields):
    """Cuts a file short in mid-stream; fails if the client can't tell."""
    stored = case.store("large", 256 * MIB)
    daemon, nginx = start_both(case)
    client = nginx.begin("/large", *fields)
    # nginx takes a mere close for the end, and keeps the client waiting for
    # its keepalive_timeout of 15 s: it must be told that the stream broke.
    client.settimeout(10 * SLOWNESS)
    client.recv(1)
    os.truncate(stored.path, 128 * MIB)
    true(read_to_end(client) < 256 * MIB, "a shorter file arrived whole")
    daemon.wait_access(path="/large", end="aborted")
    small = case.store("small", 10)
    equal(nginx.ask("/small")[2], small.content(), "another file after that")
    check_file(daemon.fetch("/small"), small)


@test
def a_file_cut_short_is_seen_as_incomplete_by_the_client(case):
    check_cut_short(case, "Connection: close")


@test
def a_file_cut_short_ends_a_kept_client_connection_too(case):
    check_cut_short(case)


if __name__ == "__main__":
    main()
