#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real clients behind a real nginx: curl, wget, aria2c, ffmpeg."""

import email.utils
import hashlib
import itertools
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

from support.harness import (GIB, MIB, SLOWNESS, equal, found, kill_session, main,
                     need, open_files, run_tool, test, tool_environment, true,
                     wait_until)
from support.nginx import check_same, start_both
from support.videos import ffmpeg, make_video

SIZES = (0, 1, 3 * MIB + 7)
HUGE = 4 * GIB + 1
SHARED_MEMORY = "/dev/shm"


def curl(*words, expected=0):
    """Runs curl, without the user's settings: what it prints."""
    return run_tool("curl", "-q", "--silent", "--show-error", *words,
                    expected=expected)


def curl_status(target, *words):
    """Has curl write to a file: the status of the response."""
    printed = curl("-o", target, "-w", "%{http_code}", *words)
    return int(printed)


def wget(*words, expected=0):
    """Runs wget, without the user's settings."""
    run_tool("wget", "--no-config", "--no-hsts", "--no-verbose",
             "--tries=1", "--timeout=20", *words, expected=expected)


ARIA2C = ("aria2c", "--no-conf", "--quiet", "--max-tries=1", "--timeout=20",
          "--file-allocation=none", "--max-connection-per-server=8",
          "--split=8", "--min-split-size=1M")


def begin_tool(case, *words, stdout=subprocess.DEVNULL):
    """Starts a program that is killed at the test's end at the latest."""
    need(words[0])
    process = subprocess.Popen(
        [str(word) for word in words], stdin=subprocess.DEVNULL,
        stdout=stdout, stderr=subprocess.DEVNULL,
        start_new_session=True, env=tool_environment())
    case.defer(kill_session, process)
    return process


def size_of(path):
    """The size of a file, 0 while it is not there."""
    return path.stat().st_size if path.exists() else 0


def set_age(path, seconds):
    """Dates a file back; returns the time as a whole number."""
    then = int(time.time()) - seconds
    os.utime(path, (then, then))
    return then


def check_piece(content, stored, first, length, what):
    """Fails unless these are the file's bytes from first on."""
    equal(len(content), length, f"length of {what}")
    equal(hashlib.sha256(content).hexdigest(),
          hashlib.sha256(stored.piece(first, length)).hexdigest(),
          f"SHA-256 of {what}")


def wait_closed(daemon, name):
    """Waits until the worker has closed a file: nothing more is sent."""
    wait_until(lambda: not any(opened.endswith(f"/{name}")
                               for opened in open_files(daemon.worker)),
               f"{name} is closed")


def range_starts(nginx):
    """Where the ranges began that nginx has finished, "bytes=N-…" each."""
    return {int(request["range"].removeprefix("bytes=").partition("-")[0])
            for request in nginx.requests() if request["status"] == "206"}


# --- curl --------------------------------------------------------------------

@test
def curl_takes_whole_files(case):
    _, nginx = start_both(case)
    got = case.dir / "got"
    for size, how in itertools.product(SIZES, ((), ("--compressed",))):
        stored = case.store("file.txt", size)
        head = case.dir / "head"
        status = curl_status(got, "-D", head, *how, nginx.url("file.txt"))
        equal(status, 200, f"status for {size} bytes")
        check_same(got, stored, f"{size} bytes with {how}")
        true("content-encoding" not in head.read_text().lower(),
             "an encoding that was not asked of the daemon")


@test
def curl_takes_ranges(case):
    stored = case.store("file", 3 * MIB + 7)
    size = stored.size
    _, nginx = start_both(case)
    got = case.dir / "got"
    for text, first, length in (
            ("0-0", 0, 1), ("0-", 0, size), ("100-1099", 100, 1000),
            ("-1", size - 1, 1), (f"{size - 1}-", size - 1, 1),
            (f"-{size + 1}", 0, size), (f"5-{size + 5}", 5, size - 5),
            (f"{MIB - 1}-{2 * MIB}", MIB - 1, MIB + 2)):
        status = curl_status(got, "-r", text, nginx.url("file"))
        equal(status, 206, f"status for {text}")
        check_piece(got.read_bytes(), stored, first, length, text)
    status = curl_status(got, "-r", f"{size}-", nginx.url("file"))
    equal(status, 416, "status past the end")


@test
def curl_takes_ranges_of_tiny_files(case):
    _, nginx = start_both(case)
    got = case.dir / "got"
    stored = {"one": case.store("one", 1), "none": case.store("none", 0)}
    for name, text, expected in (("one", "0-0", 206), ("one", "-5", 206),
                                 ("one", "1-", 416), ("none", "0-", 200)):
        status = curl_status(got, "-r", text, nginx.url(name))
        equal(status, expected, f"status for {text} of {name}")
        if expected != 416:
            check_same(got, stored[name], f"{text} of {name}")


@test
def curl_resumes_a_download_that_was_cut(case):
    stored = case.store("file", 16 * MIB + 5)
    daemon, nginx = start_both(case)
    got = case.dir / "got"
    process = begin_tool(case, "curl", "-q", "--silent", "--limit-rate", "4M",
                         "-o", got, nginx.url("file"))
    wait_until(lambda: size_of(got) >= MIB, "curl has a part of it")
    kill_session(process)
    had = size_of(got)
    true(had < stored.size, "curl was too fast to be cut")
    curl("--fail", "-C", "-", "-o", got, nginx.url("file"))
    check_same(got, stored, "the resumed file")
    line = daemon.wait_access(status=206)
    equal(int(line["bytes"]), stored.size - had, "bytes of the rest")
    curl_status(got, "-C", "-", nginx.url("file"))
    check_same(got, stored, "the file after resuming what is whole")


@test
def curl_asks_by_time(case):
    stored = case.store("file", 1000)
    then = set_age(stored.path, 3600)
    daemon, nginx = start_both(case)
    got = case.dir / "got"
    for number, (sign, seconds, status) in enumerate((
            ("", -10, 200), ("", 0, 304), ("", 10, 304),
            ("-", -10, 412), ("-", 0, 200), ("-", 10, 200)), 1):
        got.write_bytes(b"")
        date = email.utils.formatdate(then + seconds, usegmt=True)
        curl("-o", got, "-z", sign + date, nginx.url("file"))
        line = daemon.wait_access(count=number, path="/file")
        equal(line["status"], str(status), f"status for '{sign}{date}'")
        # curl judges by Last-Modified too, in its own way where it is equal.
        if status == 200 and seconds != 0:
            check_same(got, stored, "the file")
        elif status == 304:
            equal(size_of(got), 0, "bytes of a 304")


@test
def curl_compares_entity_tags(case):
    stored = case.store("file", 1000)
    _, nginx = start_both(case)
    got, tag = case.dir / "got", case.dir / "tag"
    equal(curl_status(got, "--etag-save", tag, nginx.url("file")), 200,
          "first status")
    check_same(got, stored, "the file")
    saved = tag.read_text()
    found('^"[^"]+"', saved, "the entity tag")
    again = case.dir / "again"
    compare = ("--etag-compare", tag, "--etag-save", tag, nginx.url("file"))
    equal(curl_status(again, *compare), 304, "second status")
    equal(size_of(again), 0, "bytes of a 304")
    stored = case.store("file", 1001)
    equal(curl_status(again, *compare), 200, "status of another file")
    check_same(again, stored, "the other file")
    true(tag.read_text() != saved, "the same tag for another file")


# --- more than 4 GiB ---------------------------------------------------------

def store_huge(case):
    """A sparse file with bytes of its own where 31 and 32 bits end."""
    stored = case.store("huge", 0)
    with open(stored.path, "r+b") as out:
        for first in (2 * GIB - 8, 4 * GIB - 15):
            out.seek(first)
            out.write(os.urandom(16))
    stored.size = stored.path.stat().st_size
    equal(stored.size, HUGE, "size of the file")
    return stored


@test
def curl_takes_ranges_around_4_gib(case):
    stored = store_huge(case)
    daemon, nginx = start_both(case)
    head = curl("--head", nginx.url("huge")).decode().lower()
    found(f"\r\ncontent-length: {HUGE}\r\n", head, "the head")
    for first, last in ((2 * GIB - 8, 2 * GIB + 7), (4 * GIB - 2, 4 * GIB - 1),
                        (4 * GIB - 1, 4 * GIB), (4 * GIB, 4 * GIB),
                        (4 * GIB - MIB, 4 * GIB)):
        body = curl("--fail", "-r", f"{first}-{last}", nginx.url("huge"))
        check_piece(body, stored, first, last - first + 1, f"{first}-{last}")
    for text, length in ((f"{4 * GIB}-", 1), ("-1", 1), ("-2000000", 2000000)):
        body = curl("--fail", "-r", text, nginx.url("huge"))
        check_piece(body, stored, HUGE - length, length, text)
    got = case.dir / "got"
    got.touch()
    os.truncate(got, HUGE - 10)
    curl("--fail", "-C", "-", "-o", got, nginx.url("huge"))
    equal(size_of(got), HUGE, "size of the resumed file")
    line = daemon.wait_access(status=206, bytes=10)
    equal(line["end"], "complete", "end of the rest")


@test(timeout=120)
def curl_takes_all_of_4_gib_and_a_byte(case):
    # Where files are in memory, reading a hole costs no memory and little
    # time. Elsewhere it is all put into the page cache.
    if os.access(SHARED_MEMORY, os.W_OK):
        case.root = pathlib.Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
        case.defer(shutil.rmtree, case.root)
    stored = store_huge(case)
    daemon, nginx = start_both(case)
    process = begin_tool(case, "curl", "-q", "--silent", "--fail",
                         nginx.url("huge"), stdout=subprocess.PIPE)
    with process.stdout as body:
        run_tool("cmp", "-", stored.path, stdin=body, timeout=100)
    equal(process.wait(20 * SLOWNESS), 0, "curl's status")
    line = daemon.wait_access(path="/huge")
    equal((int(line["bytes"]), line["end"]), (HUGE, "complete"), "the stream")


# --- wget --------------------------------------------------------------------

@test
def wget_takes_whole_files(case):
    _, nginx = start_both(case)
    got = case.dir / "got"
    for size in SIZES:
        stored = case.store("file", size)
        wget("-O", got, nginx.url("file"))
        check_same(got, stored, f"{size} bytes")


@test
def wget_resumes_a_download_that_was_cut(case):
    stored = case.store("file", 16 * MIB + 5)
    daemon, nginx = start_both(case)
    got = case.dir / "file"
    process = begin_tool(case, "wget", "--no-config", "--no-hsts", "-q",
                         "--limit-rate=4m", "-P", case.dir, nginx.url("file"))
    wait_until(lambda: size_of(got) >= MIB, "wget has a part of it")
    kill_session(process)
    had = size_of(got)
    true(had < stored.size, "wget was too fast to be cut")
    wget("-c", "-P", case.dir, nginx.url("file"))
    check_same(got, stored, "the resumed file")
    line = daemon.wait_access(status=206)
    equal(int(line["bytes"]), stored.size - had, "bytes of the rest")
    wget("-c", "-P", case.dir, nginx.url("file"))
    daemon.wait_access(status=416)
    check_same(got, stored, "the file after resuming what is whole")


@test
def wget_takes_only_what_is_newer(case):
    stored = case.store("file", 1000)
    then = set_age(stored.path, 7200)
    daemon, nginx = start_both(case)
    got = case.dir / "file"
    wget("-N", "-P", case.dir, nginx.url("file"))
    check_same(got, stored, "the file")
    equal(int(got.stat().st_mtime), then, "the time of the copy")
    wget("-N", "-P", case.dir, nginx.url("file"))
    daemon.wait_access(status=304)
    stored = case.store("file", 1001)
    then = set_age(stored.path, 3600)
    wget("-N", "-P", case.dir, nginx.url("file"))
    check_same(got, stored, "the newer file")
    equal(int(got.stat().st_mtime), then, "the time of the newer copy")
    daemon.wait_access(count=3, path="/file")
    equal([line["status"] for line in daemon.access(path="/file")],
          ["200", "304", "200"], "what was answered")


@test
def wget_asks_whether_files_are_there(case):
    case.store("file", 3 * MIB)
    daemon, nginx = start_both(case)
    wget("--spider", nginx.url("file"))
    line = daemon.wait_access(method="HEAD", path="/file")
    equal((line["status"], line["bytes"]), ("200", "0"), "what was sent")
    wget("--spider", nginx.url("none"), expected=8)


# --- aria2c ------------------------------------------------------------------

def aria2_has(control):
    """How many bytes its control file says it has.

    That file begins, in network byte order, with: version (2 bytes), flags
    (4), length of the info hash (4) and the hash, length of a piece (4), of
    the file (8), of what was uploaded (8), of the bit field (4), bit field.
    """
    content = control.read_bytes() if control.exists() else b""
    if len(content) < 34:
        return 0
    at = 10 + struct.unpack_from(">I", content, 6)[0]
    piece, _, _, length = struct.unpack_from(">IQQI", content, at)
    bits = content[at + 24:at + 24 + length]
    return piece * sum(byte.bit_count() for byte in bits)


def again(nginx, field):
    """A field of all requests for "…?again" that nginx has finished."""
    return [request[field] for request in nginx.requests()
            if request["path"].endswith("?again")]


@test
def aria2c_takes_whole_files(case):
    _, nginx = start_both(case)
    for size in SIZES:
        stored = case.store(f"file{size}", size)
        run_tool(*ARIA2C, f"--dir={case.dir}", nginx.url(f"file{size}"))
        check_same(case.dir / f"file{size}", stored, f"{size} bytes")


@test
def aria2c_takes_a_file_in_segments_at_once(case):
    stored = case.store("file", 64 * MIB + 3)
    daemon, nginx = start_both(case, workers=2)
    run_tool(*ARIA2C, f"--dir={case.dir}", nginx.url("file"),
             f"--checksum=sha-256={stored.digest}")
    check_same(case.dir / "file", stored, "the file")
    daemon.wait_access(count=4, path="/file", status=206)
    wait_until(lambda: len(range_starts(nginx)) >= 4, "four segments")


@test
def aria2c_resumes_after_being_killed(case):
    stored = case.store("file", 64 * MIB + 3)
    daemon, nginx = start_both(case)
    control = case.dir / "file.aria2"
    words = (*ARIA2C, f"--dir={case.dir}", "--out=file",
             f"--checksum=sha-256={stored.digest}")
    process = begin_tool(case, *words, "--max-overall-download-limit=16M",
                         "--auto-save-interval=1", nginx.url("file"))
    wait_until(lambda: aria2_has(control) >= 30 * MIB, "aria2c has a part")
    kill_session(process)
    true(aria2_has(control) < stored.size, "aria2c was too fast")
    run_tool(*words, nginx.url("file") + "?again")
    check_same(case.dir / "file", stored, "the resumed file")
    true(not control.exists(), "aria2c does not take it for complete")
    wait_until(lambda: "206" in again(nginx, "status"), "ranges of the rest")
    wait_closed(daemon, "file")
    sent = sum(map(int, again(nginx, "bytes")))
    true(sent < stored.size, f"{sent} bytes were sent again")


# --- ffmpeg ------------------------------------------------------------------

def probe(source):
    """What ffprobe says of a video."""
    return run_tool("ffprobe", "-v", "error", "-of", "json", "-show_entries",
                    "format=duration,size:stream=codec_name,width,duration",
                    source).decode()


def frame(source, second):
    """The SHA-256 of a frame that ffmpeg seeks and decodes."""
    return ffmpeg("-ss", second, "-i", source, "-map", "0:v", "-frames:v", 1,
                  "-f", "framehash", "-hash", "sha256", "-").decode()


def check_seeking(case, name):
    """Lets ffprobe and ffmpeg loose on a video; it is large, they seek."""
    need("ffmpeg", "ffprobe")
    daemon, nginx = start_both(case)
    path = make_video(case, name)
    equal(probe(nginx.url(name)), probe(path), "what ffprobe says")
    equal(frame(nginx.url(name), 62), frame(path, 62), "the frame")
    size = path.stat().st_size
    daemon.wait_access(count=4, path=f"/{name}", status=206)
    wait_until(lambda: max(range_starts(nginx), default=0) > size * 0.9,
               "ffmpeg seeks to the end")
    wait_closed(daemon, name)
    sent = sum(int(line["bytes"])
               for line in daemon.access(path=f"/{name}", status=206))
    true(sent < size, f"{sent} bytes of {size} were sent")


@test(timeout=120)
def ffmpeg_seeks_in_an_mp4_with_its_index_at_the_end(case):
    check_seeking(case, "video.mp4")


@test(timeout=120)
def ffmpeg_seeks_in_a_webm(case):
    check_seeking(case, "video.webm")


if __name__ == "__main__":
    main()
