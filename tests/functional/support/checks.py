# SPDX-License-Identifier: MIT
"""Expectations and waits: what every test says of what it sees."""

import os
import re
import shutil
import subprocess
import time

SANITIZED = os.environ.get("FCGI_STREAM_SANITIZED") == "1"
# Bounds of memory are for a program without sanitizers, times this.
GROWTH = 4 if SANITIZED else 1
# Limits of time are there only to end what would never end: a machine may be
# busy with other things, so they are as many times what an idle one needs.
SLOWNESS = 5 * GROWTH
# Whether something comes late shows only where the machine is at leisure, if
# only for once: it is tried as often.
TRIES = 10


class Failure(Exception):
    """What was expected did not happen."""


class Skip(Exception):
    """The test cannot run here; the text says why."""


# --- expectations and waits --------------------------------------------------

def true(condition, what):
    """Fails with the text unless the condition holds."""
    if not condition:
        raise Failure(what)


def equal(actual, expected, what):
    """Fails with both values unless they are the same."""
    if actual != expected:
        raise Failure(f"{what}: expected {expected!r}, got {actual!r}")


def found(pattern, text, what):
    """Fails unless the regular expression occurs in the text."""
    match = re.search(pattern, text)
    if not match:
        raise Failure(f"{what}: no /{pattern}/ in {text!r}")
    return match


def late(what):
    """Something came late each time: skips if others keep the machine busy."""
    load = os.getloadavg()[0]
    if load > 2 * os.cpu_count():
        raise Skip(f"{what}, at a load of {load}")
    raise Failure(what)


def wait_until(condition, what, timeout=15):
    """Polls until the condition is true, and returns its value."""
    limit = time.monotonic() + timeout * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > limit:
            raise Failure(f"waited {timeout * SLOWNESS} s, and still not: {what}")
        time.sleep(0.01)


def need(*tools):
    """Skips the test unless these programs are installed."""
    for tool in tools:
        if not shutil.which(tool, path=tool_path()):
            raise Skip(f"{tool} is not installed")


def need_strace(case):
    """Skips the test where no process can be traced."""
    need("strace")
    done = subprocess.run(["strace", "-f", "-o", case.dir / "probe", "true"],
                          capture_output=True, check=False)
    if done.returncode:
        raise Skip("strace is not allowed to trace")


def tool_path():
    """PATH with the folders of system programs, which users often lack."""
    return os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def tool_environment():
    """The environment for a client: no proxy, messages in English."""
    env = {name: value for name, value in os.environ.items()
           if not name.lower().endswith("_proxy")}
    return {**env, "PATH": tool_path(), "LC_ALL": "C.UTF-8"}


def run_tool(*words, expected=0, timeout=50, stdin=subprocess.DEVNULL):
    """Runs an installed program to its end: what it printed, as bytes."""
    need(words[0])
    done = subprocess.run(
        [str(word) for word in words], stdin=stdin, capture_output=True,
        check=False, timeout=timeout * SLOWNESS, env=tool_environment())
    equal(done.returncode, expected,
          f"status of {words[0]}, {done.stderr[-500:]!r}")
    return done.stdout


def check_response(response, status, body=None, what="response"):
    """Fails unless it is complete, with this status and body."""
    true(response.complete, f"{what}: {response!r} is not complete")
    equal(response.status, status, f"status of {what}")
    if body is not None:
        equal(len(response.body), len(body), f"length of {what}")
        true(response.body == body, f"wrong bytes in {what}")


def check_file(response, stored, what="response"):
    """Fails unless it is a complete 200 with just this file's bytes."""
    check_response(response, 200, what=what)
    equal(response.length, stored.size, f"length of {what}")
    equal(response.digest, stored.digest, f"SHA-256 of {what}")
