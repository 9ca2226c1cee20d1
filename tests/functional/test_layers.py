#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes run one way: down the tree of folders, and in no circle."""

import pathlib
import re

from support.harness import TOP, equal, main, test, true

# What the files of each folder may include beside that folder's own: folders
# (without those in them) or single files.
COMMON = "common common/file common/reader common/stream common/fcgi"
POLICY = "fcgi_app/policy " + COMMON
REQUEST = "fcgi_app/request fcgi_app/setup " + POLICY
ACTION = "fcgi_app/action_api " + REQUEST
ACTIONS = [f"fcgi_app/actions/{name}" for name in
           ("archive", "concat", "file", "follow", "list", "probe")]
FOLDERS = {
    "common": "",
    "common/file": "common",
    "common/reader": "common common/file",
    "common/stream": "common common/file common/reader",
    "common/fcgi": "common common/stream/writer.h",
    "fcgi_app/policy": "common common/file/file_identity.h "
                       "common/file/file_version.h",
    "fcgi_app/setup": POLICY,
    "fcgi_app/request": "fcgi_app/setup " + POLICY,
    "fcgi_app/action_api": REQUEST,
    "fcgi_app/members": REQUEST,
    "fcgi_app/actions/archive": "fcgi_app/members " + ACTION,
    "fcgi_app/actions/concat": "fcgi_app/members " + ACTION,
    "fcgi_app/actions/file": ACTION,
    "fcgi_app/actions/follow": ACTION,
    "fcgi_app/actions/list": "fcgi_app/actions/file " + ACTION,
    "fcgi_app/actions/probe": ACTION,
    "fcgi_app/actions": " ".join(ACTIONS) + " " + ACTION,
    "fcgi_app/connection": "fcgi_app/actions " + REQUEST,
    "fcgi_app/process": "fcgi_app/connection fcgi_app/actions " + ACTION,
    "fcgi_app/command": "fcgi_app/process fcgi_app/actions " + ACTION,
    "fcgi_app": "fcgi_app/command",
    "doctor": "common fcgi_app/actions/probe/probe_query.h",
    "bench": "bench/load",
    "bench/load": "common common/fcgi",
    "bench/peers": "common common/fcgi",
    "bench/micro": "",
}

# Files that compute and nothing else, beside the policies: they know neither
# the loop nor the file system. What they need of the system all the same
# stands beside them.
PURE = {
    "fcgi_app/actions/archive/archive_form": "",
    "fcgi_app/actions/archive/archive_member": "",
    "fcgi_app/actions/archive/tar_format": "sys/stat.h",  # S_ISDIR()
    "fcgi_app/actions/archive/zip_format": "sys/stat.h",  # S_ISDIR()
    "fcgi_app/actions/archive/zip_name": "",
    "fcgi_app/actions/follow/event_lines": "",
    "fcgi_app/actions/follow/event_stream": "",
    "fcgi_app/actions/follow/follow_query": "",
    "fcgi_app/actions/follow/follow_range": "",
    "fcgi_app/actions/follow/last_lines": "",
    "fcgi_app/actions/follow/rotated_name": "",
    "fcgi_app/actions/list/list_assets": "",
    "fcgi_app/actions/list/list_form": "",
    "fcgi_app/actions/list/list_html": "",
    "fcgi_app/actions/list/list_json": "",
    "fcgi_app/actions/list/list_order": "",
    "fcgi_app/actions/list/list_page": "",
    "fcgi_app/actions/list/list_query": "",
    "fcgi_app/actions/list/natural_order": "",
    "fcgi_app/actions/list/size_text": "",
    "fcgi_app/actions/list/text_out": "",
    "fcgi_app/actions/probe/probe_query": "",
    "fcgi_app/members/name_list": "",
    "fcgi_app/members/parts_etag": "",
    "common/container_of": "",
    "common/escaped_text": "",
    # They are made of a struct stat.
    "common/file/file_identity": "sys/stat.h",
    "common/file/file_version": "sys/stat.h",
    "common/min": "",
    "common/parse_number": "",
    "common/utf8": "",
}
PURE_FOLDER = "fcgi_app/policy"
# ISO C, and those of POSIX and of libraries that touch bytes alone.
PURE_SYSTEM = set("""assert ctype errno inttypes limits stdarg stdbool stddef
    stdint stdio stdlib string time search strings sys/types jansson sodium
    """.split())

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Include:
    """One #include line."""

    def __init__(self, path, line, system, target):
        self.where = f"{path}:{line}"
        self.path = path
        self.folder = str(pathlib.PurePath(path).parent)
        self.system = system
        self.target = target
        self.arrow = f"{self.where}: {path} -> {target}"


def module(path):
    """A .c file, its .h and its _internal.h, which are one thing."""
    return re.sub(r"(_internal)?\.[ch]$", "", path)


def includes(top):
    """All #include lines below a folder, but for that of config.h."""
    for path in sorted(top.rglob("*.[ch]")):
        name = str(path.relative_to(top))
        if not name.startswith(("common/", "fcgi_app/", "doctor/", "bench/")):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match.group(2) != "config.h":
                yield Include(name, number, match.group(1) == "<",
                              match.group(2))


def is_pure(path):
    """Whether a file is held to compute and nothing else."""
    return module(path) in PURE or path.startswith(PURE_FOLDER + "/")


def upward(lines):
    """The arrows that the table of folders forbids."""
    for line in lines:
        to = str(pathlib.PurePath(line.target).parent)
        may = FOLDERS.get(line.folder, "").split()
        if not line.system and to != line.folder and to not in may \
                and line.target not in may:
            yield line.arrow


def impure(lines):
    """The arrows of pure files to the system or to what is not pure."""
    for line in lines:
        if not is_pure(line.path):
            continue
        if line.system:
            may = line.target[:-2] in PURE_SYSTEM or \
                line.target in PURE.get(module(line.path), "").split()
        else:
            may = is_pure(line.target)
        if not may:
            yield line.arrow


def circles(lines):
    """The arrows between modules from which a way leads back."""
    arrows, below = [], {}
    for line in lines:
        pair = module(line.path), module(line.target)
        if not line.system and pair[0] != pair[1]:
            arrows.append((line, *pair))
            below.setdefault(pair[0], set()).add(pair[1])

    def leads(start, goal):
        seen, todo = set(), [start]
        while todo:
            name = todo.pop()
            if name == goal:
                return True
            if name not in seen:
                seen.add(name)
                todo += below.get(name, ())
        return False
    return [line.arrow for line, first, second in arrows
            if leads(second, first)]


@test
def includes_run_down_the_tree(case):
    lines = list(includes(TOP))
    true(len(lines) > 1000, f"only {len(lines)} #include lines")
    equal(sorted({line.folder for line in lines} - set(FOLDERS)), [],
          "folders of which the table has no row")
    equal(list(upward(lines)), [], "forbidden includes")


@test
def pure_files_know_neither_loop_nor_files(case):
    equal([name for name in PURE
           if not any((TOP / (name + end)).exists() for end in (".c", ".h"))],
          [], "pure files that are not there")
    equal(list(impure(includes(TOP))), [], "forbidden includes")


@test
def includes_make_no_circle(case):
    equal(circles(includes(TOP)), [], "includes that make a circle")


def made_up(case, files):
    """The #include lines of a tree of files with these contents."""
    for name, text in files.items():
        path = case.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#include "config.h"\n' + text)
    return list(includes(case.dir))


@test
def a_forbidden_include_is_found(case):
    lines = made_up(case, {
        "common/stream/stream.c": '#include "common/file/aio_file.h"\n'
        '#include "common/fcgi/fcgi_scan.h"\n',
        "common/fcgi/writer_fcgi.h": '#include "common/stream/writer.h"\n'
        '# include "common/stream/stream.h" /* one too many */\n',
        "fcgi_app/actions/list/listing.c": '\n'
        '#include "fcgi_app/actions/file/file_action.h"\n'
        '#include "fcgi_app/actions/follow/follow_hub.h"\n'})
    equal(list(upward(lines)), [
        "common/fcgi/writer_fcgi.h:3: common/fcgi/writer_fcgi.h -> "
        "common/stream/stream.h",
        "common/stream/stream.c:3: common/stream/stream.c -> "
        "common/fcgi/fcgi_scan.h",
        "fcgi_app/actions/list/listing.c:4: fcgi_app/actions/list/listing.c "
        "-> fcgi_app/actions/follow/follow_hub.h"], "found")


@test
def an_impure_include_is_found(case):
    lines = made_up(case, {
        "fcgi_app/policy/etag.c": '#include <string.h>\n#include <uv.h>\n'
        '#include "fcgi_app/request/request.h"\n',
        "fcgi_app/actions/archive/tar_format.c": '#include <sys/stat.h>\n'
        '#include <fcntl.h>\n'
        '#include "fcgi_app/actions/archive/archive_member.h"\n',
        "fcgi_app/setup/log.c": '#include <unistd.h>\n'})
    equal([arrow.split(" ", 1)[1] for arrow in impure(lines)], [
        "fcgi_app/actions/archive/tar_format.c -> fcntl.h",
        "fcgi_app/policy/etag.c -> uv.h",
        "fcgi_app/policy/etag.c -> fcgi_app/request/request.h"], "found")


@test
def a_circle_is_found(case):
    lines = made_up(case, {
        "common/a.c": '#include "common/a.h"\n#include "common/b.h"\n',
        "common/b.c": '#include "common/c_internal.h"\n',
        "common/c.h": '#include "common/a.h"\n',
        "common/c_internal.h": '#include "common/c.h"\n',
        "common/d.c": '#include "common/a.h"\n'})
    equal([arrow.split(" ", 1)[1] for arrow in circles(lines)], [
        "common/a.c -> common/b.h", "common/b.c -> common/c_internal.h",
        "common/c.h -> common/a.h"], "found")


if __name__ == "__main__":
    main()
