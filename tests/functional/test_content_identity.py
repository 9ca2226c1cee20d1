#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What changes a content and what does not: tags, resumes, running answers."""

import os
import re
import shutil
import subprocess

from support.archives import ARCHIVE
from support.harness import (MIB, Skip, check_response, equal, main, need,
                     program, run_tool, test, true, wait_idle, wait_until)

CONCAT = {"STREAM_ACTION": "concat", "QUERY_STRING": "f=a&f=b&f=c"}
TAR = {**ARCHIVE, "STREAM_FORMAT": "tar"}
ARCHIVES = ("zip", "zip with sums first", "tar")
# Answers that are like a file, each by its name.
WHOLES = {
    "file": ("/folder/b", {}),
    "list": ("/folder/b", {"STREAM_ACTION": "list"}),
    "concat": ("/folder/", CONCAT),
    "concat by a list": ("/folder/", {"STREAM_ACTION": "concat",
                                      "STREAM_LIST": "/names"}),
    "zip": ("/folder/", ARCHIVE),
    "zip with sums first": ("/folder/", {**ARCHIVE,
                                         "STREAM_ZIP_CRC": "first"}),
    "tar": ("/folder/", TAR),
}
# And those that are compressed, which have neither length nor tag.
PACKED = {form: ("/folder/", {**ARCHIVE, "STREAM_FORMAT": form})
          for form in ("tar.gz", "tar.zst", "zip-deflate")}


def store(case):
    """The files of all these answers, modified one after another."""
    for number, name in enumerate("abc"):
        stored = case.store(f"folder/{name}", 8 * MIB + number)
        os.utime(stored.path, ns=(0, (10**9 + number) * 10**9 + number))
    case.store("names", b"a\nb\nc\n")
    return case.root / "folder" / "b"


def fetch(daemon, name, method="GET", **extra):
    """One of the answers."""
    path, params = {**WHOLES, **PACKED}[name]
    return daemon.fetch(path, method, **params, **extra)


def store_digest(path):
    """What an operator does in the midst of the day."""
    done = subprocess.run([program(), "digest", "--force", path],
                          capture_output=True, text=True, check=False)
    if "no user attributes" in done.stderr:
        raise Skip("no user attributes here")
    equal(done.returncode, 0, done.stderr)


def give_away(path):
    """To somebody else, if that can be."""
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        os.chown(path, os.geteuid(), os.getegid())


def set_attribute(path):
    """One that means nothing to us."""
    try:
        os.setxattr(path, "user.any", b"x")
    except OSError as error:
        raise Skip(f"no user attributes here: {error.strerror}") from None


def snapshot(path):
    """Links of all files, as many backups are made of."""
    target = path.parents[2] / "snapshot"
    run_tool("rm", "-rf", target)
    run_tool("cp", "-al", path.parent, target)


def put_a_copy_there(path):
    """The same content in another file."""
    copy = path.parents[2] / "copy"
    run_tool("cp", "-p", path, copy)
    run_tool("mv", copy, path)


# None of them changes a byte.
HARMLESS = {
    "ln": lambda path: run_tool("ln", "-f", path, path.parents[2] / "link"),
    "cp -al": snapshot,
    "chown": give_away,
    "touch -a": lambda path: run_tool("touch", "-a", path),
    "setfattr": set_attribute,
    "digest": store_digest,
    "cp -p; mv": put_a_copy_there,
}


def chmod(path):
    """Another mode, and back: an archive tells the mode of its members."""
    mode = os.stat(path).st_mode
    run_tool("chmod", "600", path)
    run_tool("chmod", f"{mode & 0o777:o}", path)


# --- tags --------------------------------------------------------------------

@test(timeout=120)
def what_leaves_the_bytes_leaves_tags_and_resumes(case):
    path = store(case)
    daemon = case.start()
    before = {name: fetch(daemon, name) for name in WHOLES}
    for what, change in {**HARMLESS, "chmod": chmod}.items():
        inode, changed = os.stat(path).st_ino, os.stat(path).st_ctime_ns
        while (os.stat(path).st_ino, os.stat(path).st_ctime_ns) == (
                inode, changed):
            change(path)
        for name, whole in before.items():
            tag = whole.header("ETag")
            head = fetch(daemon, name, "HEAD", HTTP_IF_MATCH=tag)
            equal((head.status, head.header("ETag")), (200, tag),
                  f"{name} after {what}")
            equal(head.header("Last-Modified"), whole.header("Last-Modified"),
                  f"the date of {name} after {what}")
            part = fetch(daemon, name, HTTP_RANGE="bytes=-500000",
                         HTTP_IF_RANGE=tag)
            check_response(part, 206, whole.body[-500000:],
                           f"{name} resumed after {what}")
            equal(fetch(daemon, name, HTTP_IF_NONE_MATCH=tag).status, 304,
                  f"{name} asked for again after {what}")


@test
def an_archive_tells_modes_and_so_does_its_tag(case):
    path = store(case)
    daemon = case.start()
    before = {name: fetch(daemon, name, "HEAD").header("ETag")
              for name in WHOLES}
    for mode, same in ((0o600, False), (0o4644, True)):
        os.chmod(path, mode)
        for name, tag in before.items():
            equal(fetch(daemon, name, "HEAD").header("ETag") == tag,
                  same or name not in ARCHIVES, f"{name}: {mode:o}")


def wait_for_the_clock(case, path):
    """Until what is written now has a later time than this file."""
    probe = case.dir / "clock"
    probe.touch()

    def is_later():
        os.utime(probe)
        return os.stat(probe).st_mtime_ns > os.stat(path).st_mtime_ns
    wait_until(is_later, "the next tick of the clock")


def overwrite(path):
    """Another byte in the same length."""
    with open(path, "r+b") as out:
        out.write(b"x")


def replace(path):
    """Another content by rename, a nanosecond older."""
    time = os.stat(path).st_mtime_ns - 1
    new = path.parents[2] / "new"
    new.write_bytes(bytes(os.stat(path).st_size))
    os.utime(new, ns=(time, time))
    os.rename(new, path)


HARMFUL = {
    "overwritten": overwrite,
    "replaced": replace,
    "longer": lambda path: os.truncate(path, os.stat(path).st_size + 1),
    "shorter": lambda path: os.truncate(path, os.stat(path).st_size - 1),
    "touched": os.utime,
    "a nanosecond later": lambda path: os.utime(
        path, ns=(0, os.stat(path).st_mtime_ns + 1)),
}


@test(timeout=120)
def what_changes_the_bytes_changes_tags_and_stops_resumes(case):
    path = store(case)
    daemon = case.start()
    tags = {name: [fetch(daemon, name, "HEAD").header("ETag")]
            for name in WHOLES}
    for what, change in HARMFUL.items():
        wait_for_the_clock(case, path)
        change(path)
        for name, old in tags.items():
            head = fetch(daemon, name, "HEAD", HTTP_RANGE="bytes=5-",
                         HTTP_IF_RANGE=old[-1])
            equal(head.status, 200, f"{name} resumed after {what}")
            true(head.header("ETag") not in old,
                 f"{name} has an old tag after {what}")
            old.append(head.header("ETag"))


@test
def nothing_tells_of_the_machine(case):
    path = store(case)
    stat = os.stat(path)
    daemon = case.start()
    heads = [fetch(daemon, name, "HEAD").head.decode() for name in WHOLES]
    listing = daemon.fetch("/folder/", STREAM_ACTION="list",
                           QUERY_STRING="format=json")
    check_response(listing, 200)
    words = set(re.findall("[0-9a-f]+", " ".join(
        [*heads, bytes(listing.body).decode()])))
    for name, number in (("inode", stat.st_ino), ("device", stat.st_dev),
                         ("ctime", stat.st_ctime_ns),
                         ("second of ctime", int(stat.st_ctime))):
        # What is shorter may come by chance.
        for word in (str(number), f"{number:x}"):
            true(len(word) < 5 or word not in words, f"{name}: {word}")


# --- answers that run --------------------------------------------------------

def begin(daemon, name):
    """An answer of which the first bytes have come: "b" is not open yet."""
    path, params = {**WHOLES, **PACKED}[name]
    connection, response = daemon.begin(path, **params)
    connection.receive_bytes(response, 1)
    wait_idle(daemon.worker)
    return connection, response


RUNNING = {**WHOLES, **PACKED}


@test(timeout=300)
def what_leaves_the_bytes_disturbs_no_running_answer(case):
    path = store(case)
    daemon = case.start()
    for name in RUNNING:
        whole = bytes(fetch(daemon, name).body)
        connection, response = begin(daemon, name)
        for change in {**HARMLESS, "chmod": chmod}.values():
            change(path)
        connection.receive(response)
        check_response(response, 200, whole, name)


@test(timeout=300)
def what_changes_the_bytes_breaks_every_running_answer(case):
    path = store(case)
    spare = case.dir / "spare"
    shutil.copy2(path, spare)
    daemon = case.start()
    for name in RUNNING:
        for what, change in HARMFUL.items():
            # One that is open stays the file that it was, or has grown.
            if name in ("file", "list") and what in ("replaced", "longer"):
                continue
            connection, response = begin(daemon, name)
            change(path)
            connection.receive(response)
            true(response.broken, f"{name} looks complete: {what}")
            run_tool("cp", "-p", spare, path)


@test
def an_open_file_stays_what_it_was(case):
    path = store(case)
    whole = path.read_bytes()
    daemon = case.start()
    connection, response = begin(daemon, "file")
    replace(path)
    connection.receive(response)
    check_response(response, 200, whole)


# --- tags made of digests ----------------------------------------------------

def digest(*paths):
    """Stores digests of what is there now."""
    for path in paths:
        store_digest(path)


@test
def a_digest_is_the_tag_whatever_the_time(case):
    path = store(case)
    stored = [path.parent / name for name in "abc"]
    digest(*stored)
    daemon = case.start("--etag=digest")
    names = [name for name in WHOLES if name not in ARCHIVES]
    before = {name: fetch(daemon, name).header("ETag") for name in names}
    equal(before["file"], f'"{sha256(path)}"', "the tag of a file")
    os.utime(path)
    for name in names:
        true(fetch(daemon, name, "HEAD").header("ETag") != before[name],
             f"{name}: the digest may be of older bytes")
    digest(path)
    for name in names:
        equal(fetch(daemon, name, "HEAD").header("ETag"), before[name], name)


@test
def digests_tell_contents_apart_that_have_one_time(case):
    path = store(case)
    time = os.stat(path).st_mtime_ns
    digest(path)
    # With the size of the old one, and the time: a build that is reproducible.
    new = case.dir / "new"
    new.write_bytes(bytes(os.stat(path).st_size))
    os.utime(new, ns=(time, time))
    digest(new)
    daemon = case.start("--etag=digest")
    by_time = case.start()
    before = {name: fetch(daemon, name).header("ETag") for name in WHOLES}
    fooled = fetch(by_time, "file").header("ETag")
    # One whose turn has not come is not taken for the old one either.
    running = [begin(daemon, name) for name in RUNNING
               if name not in ("file", "list")]
    os.rename(new, path)
    for connection, response in running:
        connection.receive(response)
        true(response.broken, f"{response!r} looks complete")
    for name in WHOLES:
        head = fetch(daemon, name, "HEAD", HTTP_RANGE="bytes=5-",
                     HTTP_IF_RANGE=before[name])
        equal(head.status, 200, f"{name} resumed")
        true(head.header("ETag") != before[name], name)
    equal(fetch(by_time, "file").header("ETag"), fooled,
          "a tag of size and time")


@test
def files_without_a_valid_digest_have_tags_of_their_time(case):
    path = store(case)
    by_time, by_digest = case.start(), case.start("--etag=digest")

    def check():
        for name in WHOLES:
            equal(fetch(by_digest, name, "HEAD").header("ETag"),
                  fetch(by_time, name, "HEAD").header("ETag"), name)
    check()
    digest(path)
    true(fetch(by_digest, "file").header("ETag") !=
         fetch(by_time, "file").header("ETag"), "a digest that is valid")
    overwrite(path)
    check()
    os.setxattr(path, "user.digest.sha256", b"garbage")
    check()


def sha256(path):
    """What sha256sum(1) says."""
    need("sha256sum")
    return run_tool("sha256sum", path).split()[0].decode()


@test
def digests_are_stored_while_all_is_sent(case):
    path = store(case)
    daemon = case.start("--etag=digest")
    for name in RUNNING:
        whole = bytes(fetch(daemon, name).body)
        connection, response = begin(daemon, name)
        digest(path)
        connection.receive(response)
        check_response(response, 200, whole, name)
        os.removexattr(path, "user.digest.sha256")


# --- precompressed neighbours ------------------------------------------------

@test
def a_neighbour_of_the_same_size_and_time_has_another_tag(case):
    for name in ("page", "page.gz", "page.br"):
        os.utime(case.store(name, b"x" * 100).path, (1, 1))
    daemon = case.start()
    tags = {daemon.fetch("/page", STREAM_PRECOMPRESSED="gzip br",
                         HTTP_ACCEPT_ENCODING=coding).header("ETag")
            for coding in ("identity", "gzip", "br")}
    equal(len(tags), 3, f"different tags in {tags}")


if __name__ == "__main__":
    main()
