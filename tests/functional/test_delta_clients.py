#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that fetch what has changed, by many ranges at once: zsync, zckdl."""

from support.harness import KIB, MIB, main, need, run_tool, test, true, wait_until
from support.nginx import curl, start_both

BLOCK = 2 * KIB
# zsync asks for a few of them in one request, so it needs some dozens.
REQUESTS_MAX = 200


def damage(content, step):
    """The same bytes but one in each step."""
    old = bytearray(content)
    for place in range(step // 2, len(old), step):
        old[place] ^= 0xff
    return bytes(old)


def ranges(nginx):
    """The Range fields of the requests that were answered 206."""
    return [request["range"] for request in nginx.requests()
            if request["status"] == "206"]


def wait_multipart(nginx):
    """Waits for the log line of a request for several ranges."""
    wait_until(lambda: any("," in field for field in ranges(nginx)),
               "a request for several ranges")


def sync(case, nginx, url):
    """Lets zsync make the new file out of an old one that is damaged."""
    need("zsync", "zsyncmake")
    new, old, control = (case.dir / name for name in ("new", "old", "zsync"))
    out = case.dir / "out"
    curl("--fail", "-o", new, url)
    old.write_bytes(damage(new.read_bytes(), 20 * KIB))
    run_tool("zsyncmake", "-b", BLOCK, "-u", url, "-o", control, new)
    run_tool("zsync", "-q", "-i", old, "-o", out, control)
    true(out.read_bytes() == new.read_bytes(), f"other bytes from {url}")
    wait_multipart(nginx)
    true(len(ranges(nginx)) <= REQUESTS_MAX, f"{len(ranges(nginx))} requests")


@test
def zsync_updates_a_file(case):
    case.store("file.bin", 3 * MIB + 7)
    _, nginx = start_both(case)
    sync(case, nginx, nginx.url("file.bin"))


@test
def zsync_updates_joined_files(case):
    case.store("parts/a.bin", MIB + 1)
    case.store("parts/b.bin", 2 * MIB)
    _, nginx = start_both(case, params={"STREAM_ACTION": "concat"})
    sync(case, nginx, nginx.url("parts/") + "?f=a.bin&f=b.bin")


@test
def zsync_updates_an_archive(case):
    case.store("parts/a.bin", MIB + 1)
    case.store("parts/b.bin", 2 * MIB)
    _, nginx = start_both(case, params={"STREAM_ACTION": "archive"})
    sync(case, nginx, nginx.url("parts/") + "?format=tar")


@test
def zckdl_updates_a_file(case):
    need("zck", "zckdl")
    daemon, nginx = start_both(case)
    new, old = (case.dir / name for name in ("new", "old"))
    stored = case.store("new.zck", b"")
    # Chunks are cut where the content says so: text that changes at places.
    lines = [f"{number:06d} {number * number % 99991:x}\n" * 20
             for number in range(20000)]
    new.write_text("".join(lines))
    lines[500::2000] = ["changed\n"] * len(lines[500::2000])
    old.write_text("".join(lines))
    run_tool("zck", "-o", stored.path, new)
    run_tool("zck", "-o", case.dir / "old.zck", old)
    size = stored.path.stat().st_size
    run_tool("env", "-C", case.dir, "zckdl", "-q", "-s", "old.zck",
             nginx.url("new.zck"))
    true((case.dir / "new.zck").read_bytes() == stored.path.read_bytes(),
         "other bytes")
    wait_multipart(nginx)
    sent = sum(int(line["bytes"]) for line in daemon.access(path="/new.zck"))
    true(sent < size / 2, f"{sent} bytes of {size} were sent")


if __name__ == "__main__":
    main()
