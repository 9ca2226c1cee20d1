# SPDX-License-Identifier: MIT
"""A headless Chromium that does what a script in "browser" says.

The scripts drive it with playwright-core from npm.

FCGI_STREAM_NODE_MODULES  the folder that has playwright-core
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess

from support.harness import (SLOWNESS, TOP, Failure, Skip, found, kill_session, need,
                     run_tool, tool_environment, tool_path, wait_until)

SCRIPTS = TOP / "tests" / "functional" / "browser"
SECONDS = 60 * SLOWNESS


def node_module(name):
    """The folder of a package from npm; skips the test without it."""
    folder = os.environ.get("FCGI_STREAM_NODE_MODULES")
    if not folder:
        raise Skip(f"{name} is not installed: no FCGI_STREAM_NODE_MODULES")
    path = pathlib.Path(folder).resolve() / name
    if not path.is_dir():
        raise Skip(f"{name} is not installed in {folder}")
    return path


def check_node():
    """Skips the test unless node is new enough for playwright-core."""
    need("node", "chromium")
    package = json.loads(
        (node_module("playwright-core") / "package.json").read_text())
    least = found(r"\d+", package["engines"]["node"], "engines").group()
    version = run_tool("node", "--version").decode().strip()
    if int(version.lstrip("v").partition(".")[0]) < int(least):
        raise Skip(f"node {version} is too old, playwright-core needs {least}")


def processes_of(case):
    """The processes that have to do with the test's folder."""
    name = os.fsencode(case.dir / "browser")
    pids = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            folder = pathlib.Path("/proc") / pid
            if any(name in (folder / part).read_bytes()
                   for part in ("cmdline", "environ")):
                pids.append(int(pid))
    return pids


class Browser:
    """A Chromium that has done what a script says, and is still open.

    value is what the script returned, responses what the browser got.
    """

    def __init__(self, case, scenario, **options):
        check_node()
        self.case = case
        home = case.dir / "browser"
        home.mkdir()
        options.update(
            chromium=shutil.which("chromium", path=tool_path()),
            profile=str(home / "profile"), seconds=SECONDS)
        self.errors = home / "errors"
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                ["node", SCRIPTS / "run.mjs", scenario, json.dumps(options)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                start_new_session=True,
                env={**tool_environment(), "HOME": str(home),
                     "TMPDIR": str(home),
                     "FCGI_STREAM_NODE_MODULES":
                     str(node_module("playwright-core").parent)})
        case.defer(self.close)
        self.value, self.responses = self.answer()

    def answer(self):
        """What the script says when it is done."""
        line = self.process.stdout.readline()
        said = json.loads(line) if line else {"error": "it said nothing"}
        if "error" in said:
            errors = self.errors.read_text(errors="backslashreplace")
            raise Failure(f"{said['error']}\n{errors[-2000:]}")
        return said["value"], said["responses"]

    def close(self):
        """Ends the browser; fails if a process of it stays."""
        try:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20 * SLOWNESS)
            # A Chromium whose driver is gone leaves by itself.
            kill_session(self.process)
            wait_until(lambda: not processes_of(self.case),
                       "the browser is gone")
        finally:
            self.process.stdout.close()
