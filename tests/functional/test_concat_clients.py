#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action concat behind a real nginx: curl, aria2c, wget, ffmpeg."""

import hashlib
import os
import random
import socket

from support.harness import MIB, equal, found, main, need, run_tool, test, true
from support.nginx import curl, start_both
from support.videos import ffmpeg

CONCAT = {"STREAM_ACTION": "concat"}


class Joined:
    """Files in a folder, and all their bytes."""

    def __init__(self, case, *sizes):
        parts = [case.store(f"parts/part {number}", size)
                 for number, size in enumerate(sizes)]
        self.content = b"".join(part.content() for part in parts)
        self.query = "?" + "&".join(f"f=part+{number}"
                                    for number in range(len(sizes)))
        (case.root / "list").write_text(
            "".join(f"{part.path.name}\n" for part in parts))

    def check(self, path, what):
        """Fails unless the file at path has the same bytes."""
        content = path.read_bytes()
        equal(len(content), len(self.content), f"length of {what}")
        equal(hashlib.sha256(content).hexdigest(),
              hashlib.sha256(self.content).hexdigest(), f"SHA-256 of {what}")


# --- curl and wget -----------------------------------------------------------

@test
def curl_takes_all_parts(case):
    joined = Joined(case, MIB, 0, 3 * MIB + 7, 1)
    daemon, nginx = start_both(case, params=CONCAT)
    got = case.dir / "got"
    curl("--fail", "-o", got, nginx.url("parts/") + joined.query)
    joined.check(got, "all parts")
    line = daemon.wait_access(action="concat", status=200)
    equal(int(line["bytes"]), len(joined.content), "bytes")
    head = curl("--head", nginx.url("parts/") + joined.query).decode().lower()
    found(f"\r\ncontent-length: {len(joined.content)}\r\n", head, "the head")


@test
def curl_takes_a_list_file(case):
    joined = Joined(case, MIB, 5, 2 * MIB)
    _, nginx = start_both(
        case, params={**CONCAT, "STREAM_LIST": "/list"})
    got = case.dir / "got"
    curl("--fail", "-o", got, nginx.url("parts/") + "?f=list")
    joined.check(got, "all parts")


@test
def errors_reach_the_client(case):
    Joined(case, 100)
    _, nginx = start_both(case, params=CONCAT)
    for query, status in (("", 400), ("?f=none", 404), ("?f=../x", 403),
                          ("?f=%2e%2e/x", 403), ("?f=part+0&f=", 400)):
        equal(nginx.ask("/parts/" + query)[0], status, f"status for {query}")


@test(timeout=120)
def downloads_are_resumed_anywhere(case):
    joined = Joined(case, MIB, 17, 0, 2 * MIB + 1, MIB - 1)
    _, nginx = start_both(case, params=CONCAT)
    maker = random.Random(11)
    got = case.dir / "got"
    size = len(joined.content)
    offsets = [1, MIB - 1, MIB, MIB + 17, size - 1]
    offsets += [maker.randrange(1, size) for _ in range(45)]
    for offset in offsets:
        got.write_bytes(joined.content[:offset])
        curl("--fail", "-C", "-", "-o", got, nginx.url("parts/") + joined.query)
        joined.check(got, f"what was resumed at {offset}")


@test
def wget_resumes_too(case):
    joined = Joined(case, 2 * MIB, 2 * MIB + 5)
    _, nginx = start_both(case, params=CONCAT)
    got = case.dir / "got"
    got.write_bytes(joined.content[:2 * MIB + 3])
    run_tool("wget", "--no-config", "--no-hsts", "--no-verbose", "-c",
             "--tries=1", "-O", got, nginx.url("parts/") + joined.query)
    joined.check(got, "the resumed file")


@test
def a_changed_part_is_not_taken_for_a_whole(case):
    joined = Joined(case, *[4 * MIB] * 8)
    daemon, nginx = start_both(case, params=CONCAT)
    client = nginx.begin("/parts/" + joined.query, "Connection: close")
    received = client.recv(4096)
    os.truncate(case.root / "parts" / "part 7", 5)
    # A small one was for the beginning; with that it would take long.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIB)
    while piece := client.recv(1 << 16):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    found(rf"Content-Length: {len(joined.content)}\r\n", head.decode(),
          "the head")
    true(len(body) < len(joined.content), "a whole body")
    true(joined.content.startswith(body), "wrong bytes were sent")
    daemon.wait_log(r' error \S+: file was changed: "part 7" in "/parts/" beneath "')


# --- segments ----------------------------------------------------------------

@test
def aria2c_fetches_ranges_at_once(case):
    joined = Joined(case, *[3 * MIB + 11] * 5)
    # At its full speed the first request would have all before the others.
    daemon, nginx = start_both(case, params={**CONCAT, "STREAM_RATE": "4M"})
    run_tool("aria2c", "--no-conf", "--quiet", "--max-tries=1", "-x4", "-s4",
             "--min-split-size=1M", "--file-allocation=none", "-d", case.dir,
             "-o", "got", nginx.url("parts/") + joined.query)
    joined.check(case.dir / "got", "the segments")
    daemon.wait_access(action="concat", status=206)


# --- video -------------------------------------------------------------------

def packets(source):
    """The packets of a video's first stream, as ffprobe counts them."""
    return int(run_tool(
        "ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0",
        "-show_entries", "stream=nb_read_packets", "-of",
        "default=nokey=1:noprint_wrappers=1", source).split()[0])


@test(timeout=120)
def ffmpeg_plays_joined_segments(case):
    need("ffmpeg", "ffprobe")
    folder = case.root / "parts"
    folder.mkdir()
    names = []
    for number, colour in enumerate(("red", "green", "blue")):
        names.append(f"segment{number}.ts")
        ffmpeg("-f", "lavfi", "-i", f"color=c={colour}:size=320x180:rate=25",
               "-t", 2, "-c:v", "mpeg2video", "-output_ts_offset", 2 * number,
               "-f", "mpegts", folder / names[-1])
    _, nginx = start_both(
        case, params={**CONCAT, "STREAM_CONTENT_TYPE": "video/mp2t"})
    url = nginx.url("parts/") + "?" + "&".join(f"f={name}" for name in names)
    equal(nginx.ask(url.partition(str(nginx.port))[2], "HEAD")[1]
          ["Content-Type"], "video/mp2t", "Content-Type")
    equal(packets(url), sum(packets(folder / name) for name in names),
          "packets of all segments")
    # The middle of the last segment is blue.
    pixel = ffmpeg("-ss", 5, "-i", url, "-frames:v", 1, "-vf", "scale=1:1",
                   "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    equal(len(pixel), 3, "bytes of a pixel")
    true(pixel[2] > 128 > pixel[0], f"not blue: {list(pixel)}")


if __name__ == "__main__":
    main()
