#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several machines with copies of the same files: they are the same files."""

import os
import re
import subprocess
import time

from support.archives import ARCHIVE
from support.fronts import Haproxy, NginxCache, start_daemon
from support.harness import (MIB, Skip, equal, main, need, program, run_tool,
                     test, true)
from support.nginx import curl

# What each machine answers for itself.
REQUESTS = {
    "a file": ("/one", {}),
    "files as one": ("/", {"STREAM_ACTION": "concat",
                           "QUERY_STRING": "f=one&f=folder/two"}),
    "a list of files": ("/", {"STREAM_ACTION": "concat",
                              "STREAM_LIST": "/list"}),
    "a zip archive": ("/", ARCHIVE),
    "a tar archive": ("/", {**ARCHIVE, "STREAM_FORMAT": "tar"}),
    "a neighbour": ("/page", {"STREAM_PRECOMPRESSED": "gzip",
                              "HTTP_ACCEPT_ENCODING": "gzip"}),
}
COPIES = {
    "cp -a": ("cp", "-a", "{root}", "{copy}"),
    "rsync -a": ("rsync", "-a", "{root}/", "{copy}"),
    "rsync -aX": ("rsync", "-aX", "{root}/", "{copy}"),
}


def store(case):
    """A tree whose times have nanoseconds."""
    for name, content in (("one", 5 * MIB), ("folder/two", 3 * MIB + 7),
                          ("list", b"folder/two\none\n"), ("page", 100),
                          ("page.gz", 100)):
        case.store(name, content)
    (case.root / "empty").mkdir()
    # rsync -a leaves a folder's time if the second is the same.
    for name in ("empty", "folder"):
        os.utime(case.root / name, ns=(1, time.time_ns() // 10**9 * 10**9 + 1))


def make_copy(case, how):
    """The tree as another machine has it."""
    copy = case.dir / "copy"
    run_tool("rm", "-rf", copy)
    run_tool(*(word.format(root=case.root, copy=copy)
               for word in COPIES[how]))
    before, after = (os.stat(top / "one") for top in (case.root, copy))
    true(before.st_ino != after.st_ino, "the same file")
    return copy


def tags(daemon, root):
    """What a machine calls each of the answers."""
    result = {}
    for name, (path, params) in REQUESTS.items():
        response = daemon.fetch(path, "HEAD", DOCUMENT_ROOT=str(root),
                                **params)
        equal(response.status, 200, name)
        result[name] = response.header("ETag")
    return result


def digest(folder):
    """Stores the digests of all files in a folder."""
    try:
        os.setxattr(folder, "user.test", b"x")
    except OSError as error:
        raise Skip(f"no user attributes here: {error.strerror}") from None
    run_tool(program(), "digest", "--recursive", folder)


# --- tags of copies ----------------------------------------------------------

def check_copies(case, ways, *options):
    """Fails unless two machines have the same tags."""
    for how in ways:
        copy = make_copy(case, how)
        first = case.start(*options)
        second = case.start(*options, roots=[copy])
        equal(tags(second, copy), tags(first, case.root), how)


@test
def copies_have_the_same_tags(case):
    store(case)
    need("rsync")
    check_copies(case, COPIES)


@test
def digests_are_copied_and_are_valid_there(case):
    store(case)
    need("rsync")
    digest(case.root)
    check_copies(case, ("cp -a", "rsync -aX"), "--etag=digest")
    copy = case.dir / "copy"
    check = [program(), "digest", "--check", "--recursive"]
    run_tool(*check, copy)
    # And a copy that was written to has none any more.
    with open(copy / "one", "r+b") as out:
        out.write(b"x")
    run_tool(*check, copy / "one", expected=1)


@test
def digests_are_the_same_where_the_times_are_not(case):
    store(case)
    for name in ("one", "folder/two"):
        os.utime(case.root / name, (1, 1))
    digest(case.root)
    first = case.start("--etag=digest")
    copy = case.dir / "copy"
    run_tool("cp", "-r", case.root, copy)
    # Older than its file it would not be taken.
    os.utime(copy / "page.gz")
    second = case.start("--etag=digest", roots=[copy])
    here = tags(first, case.root)
    true(tags(second, copy)["a file"] != here["a file"],
         "a copy without a digest")
    digest(copy)
    there = tags(second, copy)
    for name in REQUESTS:
        # An archive tells the times of its members.
        equal(there[name] == here[name], "archive" not in name, name)


# --- behind one front --------------------------------------------------------

class TwoHaproxy(Haproxy):
    """The example with one more line for a machine."""

    def __init__(self, case, daemons, params=None):
        self.daemons = daemons
        super().__init__(case, daemons[0], params)

    def configuration(self, daemon, params):
        text = super().configuration(daemon, params)
        line = re.search(r"^ +server local .*\n", text, re.MULTILINE)
        other = line.group().replace("local", "other", 1).replace(
            *(one.address.removeprefix("unix:") for one in self.daemons))
        return text.replace(line.group(), line.group() + other)


class TwoNginxCache(NginxCache):
    """The same."""

    def __init__(self, case, daemons, params=None):
        self.daemons = daemons
        super().__init__(case, daemons[0], params)

    def configuration(self, daemon, params):
        text = super().configuration(daemon, params)
        line = re.search(r"^ +server unix:.*;\n", text, re.MULTILINE)
        other = line.group().replace(
            *(one.address.removeprefix("unix:") for one in self.daemons))
        return text.replace(line.group(), line.group() + other)


def start_copies(case):
    """Two daemons: the second has a copy under the same path."""
    need("unshare", "mount")
    copy = make_copy(case, "cp -a")
    words = ["unshare", "--mount", "sh", "-c",
             'mount --bind "$0" "$1" && shift && exec "$@"',
             str(copy), str(case.root)]
    done = subprocess.run([*words, "true"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise Skip(f"no folder can be mounted here: {done.stderr.strip()}")
    return start_daemon(case), start_daemon(case, prefix=words)


def check_resumes(case, front, daemons, path):
    """Resumes a download that was cut, again and again, with If-Range."""
    stored = case.root / path.lstrip("/")
    content = stored.read_bytes()
    head = front.ask(path, "HEAD")
    equal(head.status, 200, path)
    got = case.dir / "got"
    for at in range(MIB, len(content), 600_000):
        got.write_bytes(content[:at])
        status = curl("--fail", "-C", "-", "-H",
                      f"If-Range: {head.field('ETag')}", "-o", got,
                      "-w", "%{http_code}",
                      f"http://127.0.0.1:{front.port}{path}")
        equal(status, b"206", f"status of the rest from {at}")
        true(got.read_bytes() == content, f"wrong bytes from {at}")
    for daemon in daemons:
        daemon.wait_access(status=206)


def check_parts(front, content, path):
    """Puts a file together of parts that come from anywhere."""
    tag = front.ask(path, "HEAD").field("ETag")
    whole = b""
    while len(whole) < len(content):
        last = min(len(whole) + 400_000, len(content)) - 1
        part = front.ask(path, fields={
            "Range": f"bytes={len(whole)}-{last}", "If-Range": tag})
        equal((part.status, part.field("ETag")), (206, tag),
              f"the part from {len(whole)}")
        whole += part.body
    true(whole == content, "wrong bytes")


@test(timeout=120)
def downloads_go_on_from_another_machine_through_haproxy(case):
    store(case)
    daemons = start_copies(case)
    front = TwoHaproxy(case, daemons)
    check_resumes(case, front, daemons, "/one")
    check_parts(front, (case.root / "one").read_bytes(), "/one")
    for _ in range(4):
        front.ask("/one", keep=False)
    for daemon in daemons:
        daemon.wait_access(status=200)


@test(timeout=120)
def an_archive_goes_on_from_another_machine_through_haproxy(case):
    store(case)
    daemons = start_copies(case)
    front = TwoHaproxy(case, daemons, {"STREAM_ACTION": "archive"})
    whole = front.ask("/folder/")
    equal(whole.status, 200, "status")
    check_parts(front, bytes(whole.body), "/folder/")
    for daemon in daemons:
        daemon.wait_access(status=206)


@test(timeout=120)
def slices_of_several_machines_make_one_file_in_the_cache_of_nginx(case):
    store(case)
    daemons = start_copies(case)
    front = TwoNginxCache(case, daemons)
    url = f"http://127.0.0.1:{front.port}"
    for name in ("one", "folder/two"):
        curl("--fail", "-o", case.dir / "got", f"{url}/{name}")
        true((case.dir / "got").read_bytes() ==
             (case.root / name).read_bytes(), f"wrong bytes of {name}")
    for daemon in daemons:
        daemon.wait_access(path="/one", status=206)
    # As many of them as there are are in the cache now.
    check_parts(front, (case.root / "one").read_bytes(), "/one")
    log = (front.run_dir / "error.log").read_text()
    true("mismatch" not in log, log)


@test(timeout=120)
def a_download_is_resumed_through_the_cache_of_nginx(case):
    store(case)
    daemons = start_copies(case)
    front = TwoNginxCache(case, daemons)
    check_resumes(case, front, daemons, "/one")


@test(timeout=120)
def a_machine_whose_file_differs_breaks_the_download_off(case):
    store(case)
    daemons = start_copies(case)
    os.utime(case.dir / "copy" / "one")
    front = TwoNginxCache(case, daemons)
    answer = front.ask("/one")
    true(not answer.complete, f"{answer!r} looks complete")


if __name__ == "__main__":
    main()
