# SPDX-License-Identifier: MIT
"""Trees to pack, and the programs that unpack them."""

import io
import os
import pathlib
import random
import re
import tarfile
import time
import zipfile

from support.harness import check_response, equal, run_tool, true, wait_until

ARCHIVE = {"STREAM_ACTION": "archive"}
# With each CRC-32 in front of its file.
FIRST = {**ARCHIVE, "STREAM_ZIP_CRC": "first"}
# Names of one tree, and what zip makes of those it cannot have.
ODD_NAMES = {
    "with blank": None, "-rf": None, "100%": None, "ünïcödé 🎬.mp4": None,
    "a;b&c'd`e$f#g": None, "n" * 255: None, "ü" * 127: None,
    "x\\..\\..\\evil": "x%5C..%5C..%5Cevil", "C:\\evil": "C%3A%5Cevil",
    "file:stream": "file%3Astream",
    'a*b?c"d<e>f|g': "a%2Ab%3Fc%22d%3Ce%3Ef%7Cg",
    "new\nline": "new%0Aline", "nul": "%6Eul", "COM1.txt": "%43OM1.txt",
    "dot.": "dot%2E", "blank ": "blank%20", "caf\udce9": "caf%E9",
    "%41": "%2541",
}


def store_tree(case, odd=True):
    """Files of many sizes and names: all members as {name: bytes or None}."""
    sizes = {"a/one": 1, "a/b/block": 512, "a/b/over": 513, "empty": 0,
             "large": 700_001, "z/last": 65536}
    if odd:
        sizes.update({f"odd/{name}": 10 + len(name) for name in ODD_NAMES})
        sizes["/".join(["deep" * 20] * 12)] = 77
    tree = {}
    for name, size in sizes.items():
        tree[name] = case.store(name, size).content()
        for parent in pathlib.PurePath(name).parents:
            tree[str(parent)] = None
    (case.root / "no files").mkdir()
    tree["no files"] = None
    del tree["."]
    os.chmod(case.root / "a/one", 0o750)
    for number, name in enumerate(sorted(tree)):
        time = 1_600_000_000 + 1001 * number
        os.utime(case.root / name, (time, time))
    os.utime(case.root / "a/b/over", (-5, -5))
    return tree


def store_tree_in(case, folder):
    """The same in a folder below the root, which the names leave out."""
    top = case.root
    case.root = top / folder
    case.root.mkdir()
    tree = store_tree(case)
    case.root = top
    return tree


def wait_until_settled(path):
    """So long a file must be left alone before its CRC-32 is remembered."""
    wait_until(lambda: time.time() > os.stat(path).st_ctime + 3.1,
               f"{path} is old enough")


def names_in(response):
    """The names of a zip archive's members, in their order."""
    check_response(response, 200)
    with zipfile.ZipFile(io.BytesIO(bytes(response.body))) as archive:
        equal(archive.testzip(), None, "the first bad member")
        return archive.namelist()


def zip_name(name):
    """The name that a member has in a zip archive."""
    return "/".join(ODD_NAMES.get(part) or part for part in name.split("/"))


def check_names(actual, expected, what):
    """Fails unless the names are the same, once each, in any order."""
    equal(sorted(set(expected) - set(actual)), [], f"missing to {what}")
    equal(sorted(set(actual) - set(expected)), [], f"unknown to {what}")
    equal(len(actual), len(set(actual)), f"different names for {what}")


def check_zip(data, tree, root):
    """Fails unless Python finds just this tree in a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        equal(archive.testzip(), None, "the first bad member")
        members = {info.filename: info for info in archive.infolist()}
        check_names(members, [
            zip_name(name) + ("/" if content is None else "")
            for name, content in tree.items()], "zipfile")
        equal(len(archive.infolist()), len(members), "number of members")
        for name, content in tree.items():
            info = members[zip_name(name) + ("/" if content is None else "")]
            stat = os.stat(root / name)
            equal(info.external_attr >> 16, stat.st_mode, f"mode of {name}")
            if content is not None:
                true(archive.read(info) == content, f"bytes of {name}")


def check_tar(data, tree, root, mode="r:"):
    """Fails unless Python finds just this tree in a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(data), mode=mode) as archive:
        members = archive.getmembers()
        check_names([member.name for member in members], tree, "tarfile")
        for member in members:
            stat = os.stat(root / member.name)
            content = tree[member.name]
            equal(member.isdir(), content is None, f"kind of {member.name}")
            equal(member.mode, stat.st_mode & 0o7777, f"mode of {member.name}")
            equal(int(member.mtime), int(stat.st_mtime),
                  f"time of {member.name}")
            if content is not None:
                true(archive.extractfile(member).read() == content,
                     f"bytes of {member.name}")


def read_tree(folder):
    """All that is in a folder, as store_tree() tells it."""
    tree = {}
    for top, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            path = os.path.join(top, name)
            key = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
            is_file = os.path.isfile(path)
            tree[key] = pathlib.Path(os.fsdecode(path)).read_bytes() \
                if is_file else None
    return tree


def check_unpacked(folder, tree, what):
    """Fails unless a program has made just this tree."""
    made = read_tree(folder)
    check_names(made, tree, what)
    for name, content in tree.items():
        true(made[name] == content, f"bytes of {name!r} by {what}")


def check_bsdtar_pipe(case, data, tree, what):
    """Fails unless bsdtar unpacks it from a pipe, where it can't seek."""
    folder = case.dir / "piped"
    folder.mkdir()
    source = case.dir / "piped.data"
    source.write_bytes(data)
    with open(source, "rb") as file:
        run_tool("sh", "-c", f"cat | bsdtar -xpf - -C '{folder}'", stdin=file)
    check_unpacked(folder, tree, what)
    run_tool("rm", "-rf", folder)


def check_zip_tools(path):
    """Fails unless unzip, bsdtar and 7z find no fault with a zip archive."""
    text = run_tool("unzip", "-tq", path, timeout=300).decode(errors="replace")
    true(re.search("No errors detected", text), text)
    run_tool("bsdtar", "-tf", path, timeout=300)
    text = run_tool("7z", "t", path, timeout=300).decode(errors="replace")
    true("Everything is Ok" in text, text)
    true("Warning" not in text, text)


def check_resumed(case, extra, seed):
    """Resumes at random offsets; the CRC-32 are unknown, then known."""
    store_tree(case)
    whole = case.start().fetch("/", **extra)
    daemon = case.start()
    etag = whole.header("ETag")
    chosen = random.Random(seed)
    for number in range(200):
        offset = chosen.randrange(whole.length)
        response = daemon.fetch("/", HTTP_RANGE=f"bytes={offset}-",
                                HTTP_IF_RANGE=etag, **extra)
        check_response(response, 206, what=f"resumed at {offset}")
        true(response.body == whole.body[offset:], f"bytes from {offset}")
        if number % 50 == 49:
            daemon = case.start()
    for first, last in ((0, 0), (1, 30), (700, 1500), (whole.length - 1,) * 2):
        response = daemon.fetch("/", HTTP_RANGE=f"bytes={first}-{last}",
                                **extra)
        check_response(response, 206, whole.body[first:last + 1])
