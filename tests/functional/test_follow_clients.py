#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action follow behind nginx: players of a recording, and resumes."""

import subprocess
import time

from support.chromium import Browser, check_node
from support.follows import append, inotify_watches, store, wait_watches
from support.harness import (SLOWNESS, equal, main, need, run_tool, test,
                     tool_environment, true, wait_until)
from support.nginx import start_both
from support.videos import ffmpeg

SECONDS = 20
MARKER = ".end"
FOLLOW = {"STREAM_ACTION": "follow", "STREAM_ROTATE": "200ms",
          "STREAM_END_MARKER": MARKER}


def make_recording(case):
    """A recording in MPEG-TS, as bytes."""
    need("ffmpeg")
    path = case.dir / "made.ts"
    ffmpeg("-f", "lavfi", "-i", f"testsrc=duration={SECONDS}:rate=25", "-c:v",
           "mpeg4", "-b:v", "1M", "-f", "mpegts", path)
    return path.read_bytes()


def frames(source):
    """The digest of every frame of a recording."""
    return ffmpeg("-i", source, "-map", "0", "-c", "copy", "-f", "framemd5",
                  "-")


class Recorder:
    """Writes a recording bit by bit: a part of it is there already."""

    def __init__(self, case, content):
        self.content = content
        self.path = store(case, content[:len(content) // 10], "rec.ts")
        self.done = len(content) // 10

    def go_on(self, part):
        """Writes on, up to such a part of it."""
        end = int(len(self.content) * part)
        with open(self.path, "ab", buffering=0) as out:
            out.write(self.content[self.done:end])
        self.done = end

    def finish(self):
        """Says that it is whole."""
        self.go_on(1)
        self.path.with_name(self.path.name + MARKER).touch()


class Client:
    """A program that reads while the file grows."""

    def __init__(self, case, *words):
        need(words[0])
        self.output = case.dir / "client.log"
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, cwd=case.dir,
                env={**tool_environment(), "HOME": str(case.dir)})
        case.defer(self.stop)

    def expect_end(self, status=0):
        """Waits until it is over."""
        try:
            found = self.process.wait(60 * SLOWNESS)
        except subprocess.TimeoutExpired:
            found = "no end"
        equal(found, status, f"status, {self.output.read_bytes()[-800:]!r}")

    def stop(self):
        """Ends it."""
        self.process.kill()
        self.process.wait()


def watch_it_grow(case, *words):
    """Lets a client read a recording that grows as long as it reads.

    In its words URL is the address and OUT the file that it writes. Returns
    the recording and what is in that file.
    """
    daemon, nginx = start_both(case, params=FOLLOW)
    recorder = Recorder(case, make_recording(case))
    out = case.dir / "out"
    words = [str(word).replace("URL", nginx.url("rec.ts"))
             .replace("OUT", str(out)) for word in words]
    client = Client(case, *words)
    wait_until(lambda: inotify_watches(daemon.worker), "the client has come")
    for part in range(2, 10):
        time.sleep(0.2)
        recorder.go_on(part / 10)
    equal(client.process.poll(), None, "it is over before the file is")
    recorder.finish()
    client.expect_end()
    equal({line["status"] for line in nginx.requests()}, {"200"}, "statuses")
    daemon.wait_access(action="follow", end="complete")
    return recorder, out.read_bytes()


# --- players -----------------------------------------------------------------

@test(timeout=180)
def ffmpeg_gets_every_frame_of_a_recording_that_grows(case):
    need("ffmpeg")
    recorder, text = watch_it_grow(
        case, "ffmpeg", "-nostdin", "-v", "error", "-i", "URL", "-map", "0",
        "-c", "copy", "-flush_packets", 1, "-f", "framemd5", "OUT")
    true(text == frames(recorder.path), "other frames")


@test(timeout=180)
def mpv_gets_every_byte_of_a_recording_that_grows(case):
    need("mpv", "ffmpeg")
    recorder, content = watch_it_grow(
        case, "mpv", "--no-config", "--no-terminal", "--stream-dump=OUT",
        "URL")
    true(content == recorder.content, "other bytes")


def check_finished(case, params):
    """All of a recording that does not grow any more is played."""
    _, nginx = start_both(case, params={**FOLLOW, **params})
    content = make_recording(case)
    path = store(case, content, "rec.ts")
    url = nginx.url("rec.ts")
    if not params:
        path.with_name(path.name + MARKER).touch()
    true(frames(url) == frames(path), "other frames")
    return url


@test(timeout=180)
def a_finished_recording_is_played_to_its_end(case):
    url = check_finished(case, {})
    length = run_tool("ffprobe", "-v", "error", "-show_entries",
                      "format=duration", "-of", "csv=p=0", url)
    true(abs(float(length) - SECONDS) < 1, f"{length} seconds")
    ffmpeg("-ss", SECONDS - 2, "-i", url, "-frames:v", 1, "-f", "null", "-")


@test(timeout=180)
def one_that_nobody_writes_any_more_ends_after_the_idle_time(case):
    check_finished(case, {"STREAM_IDLE": "2s"})


@test(timeout=180)
def mpv_plays_a_finished_recording(case):
    need("mpv")
    url = check_finished(case, {})
    text = run_tool("mpv", "--no-config", "--vo=null", "--ao=null",
                    "--untimed", "--msg-level=all=warn", url)
    true(b"Error" not in text and b"Failed" not in text, f"{text}")


@test(timeout=180)
def a_browser_plays_a_video_that_grows(case):
    check_node()
    need("ffmpeg")
    # The noise makes it large: the browser keeps some 64 KiB back.
    content = ffmpeg("-f", "lavfi", "-i", "testsrc=duration=10:rate=25,"
                     "noise=alls=50:allf=t", "-c:v", "libvpx", "-deadline",
                     "realtime", "-b:v", "2M", "-g", 25, "-f", "webm",
                     "-live", 1, "pipe:1")
    path = store(case, content[:len(content) // 3], "rec.webm")
    rest = case.dir / "rest"
    rest.write_bytes(content[len(content) // 3:])
    case.store("index.html", b"<!doctype html><title>x</title>"
               b"<link rel=icon href=data:,>"
               b"<video muted src='rec.webm?action=follow'></video>")
    _, nginx = start_both(
        case, params={**FOLLOW, "STREAM_ACTION": "$arg_action"})
    browser = Browser(
        case, "recording", page=nginx.url("index.html"), file=str(path),
        rest=str(rest), marker=f"{path}{MARKER}", until=5)
    equal(browser.value["title"], "", "its error")
    true(9.5 < browser.value["time"] < 10.5, f"ended: {browser.value}")
    browser.close()


# --- resumes -----------------------------------------------------------------

def resume(case, *words):
    """Lets a client go on with what it has of a log, while that grows."""
    need(words[0])
    path = store(case, b"one\ntwo\n")
    daemon, nginx = start_both(case, params=FOLLOW)
    out = case.dir / "a.log"
    out.write_bytes(b"one\n")
    words = [{"URL": nginx.url("a.log"), "OUT": out}.get(word, word)
             for word in words]
    client = Client(case, *words)
    wait_until(lambda: out.read_bytes() == b"one\ntwo\n", "what is there")
    append(path, b"three")
    wait_until(lambda: out.read_bytes() == path.read_bytes(), "an append")
    (case.root / f"a.log{MARKER}").touch()
    client.expect_end()
    equal(out.read_bytes(), path.read_bytes(), "all of it")
    wait_watches(daemon.worker, 0)
    return nginx


@test
def curl_goes_on_where_it_was(case):
    nginx = resume(case, "curl", "--silent", "--show-error", "--no-buffer",
                   "--continue-at", "-", "--output", "OUT", "URL")
    equal([line["status"] for line in nginx.requests()], ["206"], "statuses")


@test
def wget_goes_on_where_it_was(case):
    nginx = resume(case, "wget", "--no-verbose", "--continue", "URL")
    # It takes the last byte that it was told of for one that is missing.
    equal([line["status"] for line in nginx.requests()], ["206", "416"],
          "statuses")


if __name__ == "__main__":
    main()
