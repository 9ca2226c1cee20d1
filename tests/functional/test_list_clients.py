#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that read a listing's page: mirrors, a mount, readers of indexes.

All through nginx, with the configuration of examples/nginx-actions.conf.
"""

import collections
import html
import os
import re
import subprocess
import urllib.parse

from support.fronts import start_daemon
from support.harness import (Skip, equal, found, main, need, run_tool, test,
                     tool_environment, true, wait_until)
from support.listings import NginxList
from support.nginx import curl

TIME = 1582979696  # 2020-02-29 12:34:56
NAMES = ["plain.txt", "with blanks.txt", "Größe äöü.txt", "it's \"quoted\"",
         "a&b;c=d,e+f", "<i>&amp;", "100% sure", "50%", "number #1", "why?",
         "a:b", "http:x", "CAPITALS.TXT", "[brackets]", "back\\slash", "漢字",
         "dots.."]
# lftp takes a "~" at the start for a home folder; httpdirfs knows neither that
# nor empty files; wget cuts names after 236 bytes.
EMPTY, LONG, TILDE = "empty", "long " + "n" * 230, "~user"


def store_tree(case, *more):
    """Files of all names in folders of all names; returns the files' names."""
    names = [*NAMES, *more]
    stored = [f"tree/{name}" for name in names]
    stored += [f"tree/folder {name}/in {name[:200]}" for name in NAMES]
    stored += ["tree/deep/er/and/deeper/file"]
    for number, name in enumerate(stored):
        size = 0 if name.endswith(EMPTY) else 1 + number * 1000 % 7919
        path = case.store(name, size).path
        os.utime(path, (TIME + number, TIME + number))
    return [name.removeprefix("tree/") for name in stored]


def start_site(case):
    """A daemon, and an nginx with listings and archives."""
    daemon = start_daemon(case)
    return daemon, NginxList(case, daemon)


def check_copy(case, copy):
    """Fails unless a copy of the tree has its files, and nothing else."""
    done = subprocess.run(["diff", "-r", case.root / "tree", copy],
                          capture_output=True, check=False)
    equal((done.returncode, done.stdout[:1000].decode(), done.stderr),
          (0, "", b""), "what diff says")


def check_requests(daemon, names):
    """Fails unless each file was fetched once, and no archive at all."""
    # What the client has left is still being logged.
    daemon.wait_access(path=f"/tree/{names[-1]}", method="GET")
    lines = daemon.access(method="GET")
    paths = [line["path"] for line in lines if line["status"] == "200"]
    fetched = collections.Counter(
        path for path in paths if not path.endswith("/"))
    equal(len(fetched), len(names), f"files that were fetched: {fetched}")
    equal(set(fetched.values()), {1}, f"how often: {fetched}")
    pages = collections.Counter(path for path in paths if path.endswith("/"))
    true(set(pages.values()) == {1}, f"pages that came more often: {pages}")
    equal(daemon.access(action="archive"), [], "archives")
    equal([line["path"] for line in daemon.access()
           if line["status"] not in ("200", "308")], [], "what was refused")


# --- mirrors -----------------------------------------------------------------

@test(timeout=120)
def wget_fetches_the_tree_and_nothing_else(case):
    names = store_tree(case, EMPTY, TILDE, LONG)
    daemon, nginx = start_site(case)
    # Without asking robots.txt, which would keep it from the archives.
    run_tool("wget", "--no-config", "--no-hsts", "--no-verbose", "--tries=1",
             "--recursive", "--level=inf", "--no-host-directories",
             "--execute=robots=off", "--restrict-file-names=nocontrol",
             "--reject=index.html*", "-P", case.dir / "copy",
             nginx.url("tree/"))
    check_copy(case, case.dir / "copy" / "tree")
    # Upwards, too, as nothing was said against that.
    daemon.wait_access(path="/", status=200)
    check_requests(daemon, names)


@test(timeout=120)
def lftp_mirrors_the_tree_and_nothing_else(case):
    need("lftp")
    names = store_tree(case, EMPTY, LONG)
    daemon, nginx = start_site(case)
    run_tool("lftp", "--norc", "-c", "set net:max-retries 1;"
             f" mirror --no-perms {nginx.url('tree/')} {case.dir}/copy")
    check_copy(case, case.dir / "copy")
    check_requests(daemon, names)


# --- a mount -----------------------------------------------------------------

def mount(case, url):
    """Where httpdirfs has mounted a listing, until the test's end."""
    need("httpdirfs", "fusermount")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Skip("/dev/fuse cannot be used")
    point, errors = case.dir / "mount", case.dir / "httpdirfs.stderr"
    point.mkdir()
    with open(errors, "wb") as stderr:
        process = subprocess.Popen(
            ["httpdirfs", "-f", "-s", url, point], stdin=subprocess.DEVNULL,
            stdout=stderr, stderr=stderr,
            env={**tool_environment(), "HOME": str(case.dir)})

    def leave():
        subprocess.run(["fusermount", "-u", "-z", point], check=False,
                       capture_output=True)
        if process.poll() is None:
            process.terminate()
        process.wait()
    case.defer(leave)
    wait_until(lambda: os.path.ismount(point) or process.poll() is not None,
               "it is mounted")
    if process.poll() is not None:
        said = errors.read_text(errors="replace")
        true("mount" in said or "fuse" in said, said[-500:])
        raise Skip(f"nothing can be mounted: {said.strip()[-100:]}")
    return point


@test(timeout=120)
def httpdirfs_mounts_the_tree(case):
    store_tree(case, LONG)
    daemon, nginx = start_site(case)
    point = mount(case, nginx.url("tree/"))
    check_copy(case, point)
    stat = (point / NAMES[0]).stat()
    equal(int(stat.st_mtime), TIME, "time of a file")
    equal(daemon.access(action="archive"), [], "archives")


# --- readers of indexes ------------------------------------------------------

# What such a reader knows of Apache's, nginx's and lighttpd's pages: one entry
# in a line, a link that is called as its decoded address, then size and date.
ENTRY = re.compile(r'<a href="([^"]*)">([^<]*)</a>(.*)')
SIZE = re.compile(r">\s*([0-9.]+) ?([BKMG])(?:iB)?</td>")
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2})")
UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def read_index(page):
    """The entries that such a reader finds: size and date of each name."""
    entries = {}
    for line in page.splitlines():
        match = ENTRY.search(line)
        if not match:
            continue
        link, text, rest = match.groups()
        name = html.unescape(text)
        if urllib.parse.unquote(link) != name:
            continue
        size = SIZE.search(rest)
        entries[name] = (
            size and float(size[1]) * UNITS[size[2]],
            "{}-{}-{} {}:{}".format(*DATE.search(rest).groups()))
    return entries


@test
def a_reader_of_indexes_finds_every_entry(case):
    store_tree(case, EMPTY, TILDE, LONG)
    for number in range(10):
        case.store(f"tree/size {number}", 3 ** (2 * number)).path.touch()
    _, nginx = start_site(case)
    page = curl(nginx.url("tree/")).decode()
    found("<title>Index of /tree/</title>", page, "the title")
    entries = read_index(page)
    folder = case.root / "tree"
    equal(sorted(entries), sorted(
        entry.name + "/" * entry.is_dir() for entry in folder.iterdir()),
          "names")
    for name, (size, date) in entries.items():
        stat = (folder / name).stat()
        found(date, run_tool("date", "-u", "-d", f"@{int(stat.st_mtime)}",
                             "+%F %R").decode(), f"date of {name}")
        if name.endswith("/"):
            equal(size, None, f"size of {name}")
        else:
            true(abs(size - stat.st_size) <= stat.st_size / 15,
                 f"size of {name}: {size}, not {stat.st_size}")


if __name__ == "__main__":
    main()
