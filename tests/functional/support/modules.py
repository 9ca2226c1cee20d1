# SPDX-License-Identifier: MIT
"""Shared objects for --action, built by the tests."""

import os
import pathlib
import shlex
import subprocess

from support.harness import TOP, check_response, equal

ALPHABET = bytes(range(ord("a"), ord("z") + 1))


def build_module(case, source, *flags, name=None, include=None):
    """Compiles a source file to a shared object; returns its path."""
    if include is None:
        # As it is installed, without an installation.
        include = case.dir / "include"
        (include / "fcgi_stream").mkdir(parents=True, exist_ok=True)
        header = include / "fcgi_stream" / "action.h"
        if not header.exists():
            header.symlink_to(TOP / "fcgi_app" / "action_api" / "action.h")
    target = case.dir / (name or f"{source.stem}.so")
    command = [*shlex.split(os.environ["FCGI_STREAM_BUILD"]), "-g", "-fPIC",
               "-shared", f"-I{include}", *flags, "-o", target, source]
    done = subprocess.run([str(word) for word in command],
                          capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""), f"build of {source.name}")
    return target


def start_ways(case, *options, **how):
    """A daemon with the action `ways`, of tests/functional/support/ways.c."""
    path = build_module(case, pathlib.Path(__file__).with_name("ways.c"))
    return case.start(f"--action=ways={path}", *options, **how)


def ask(daemon, path, method="GET", query="", body=b"", **extra):
    """One request to the action `ways`."""
    return daemon.fetch(path, method, body=body, STREAM_ACTION="ways",
                        QUERY_STRING=query, **extra)


def much_bytes(size):
    """What /much and /tagged send."""
    return (ALPHABET * (size // 26 + 1))[:size]


def check(response, body, **fields):
    """Fails unless it is a complete 200 with this body and these fields."""
    check_response(response, 200, body)
    for name, value in fields.items():
        name = name.replace("_", "-")
        equal(response.header(name), value, name)
