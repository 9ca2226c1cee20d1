# SPDX-License-Identifier: MIT
"""The functional tests' harness: TAP output, folders, processes and waits.

A test program registers functions with @test and ends with main().  Each test
gets a Case: a temporary folder with an empty file root in it, and ways to
start daemons and to connect to them.  At its end every daemon is stopped, and
how it leaves is part of the test: exit status 0, no sanitizer report, no
worker lost on the way, no process and no socket left behind.

FCGI_STREAM            the program to test
FCGI_STREAM_SANITIZED  1: a sanitizer build, slower and larger than usual
"""

import contextlib
import fnmatch
import hashlib
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
from support import fastcgi  # noqa: E402
from support.checks import (  # noqa: E402,F401
    Failure, GROWTH, SANITIZED, SLOWNESS, Skip, TRIES, check_file, check_response,
    equal, found, late, need, need_strace, run_tool, tool_environment, tool_path, true,
    wait_until)
from support.procfs import (  # noqa: E402,F401
    children, cpu_seconds, descriptors, kill_session, open_files,
    peak_memory, session, wait_idle)

TOP = pathlib.Path(__file__).resolve().parents[3]
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BAD_SIGNS = re.compile(
    r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer"
    r"|runtime error:|Assertion .* failed|stack smashing|buffer overflow")
ACCESS_FIELD = re.compile(r'([\w-]+)=("(?:[^"\\]|\\.)*"|\S+)')


# --- files to serve ----------------------------------------------------------

def blocks(size, seed):
    """Random but repeatable bytes, a block at a time."""
    for number, at in enumerate(range(0, size, MIB)):
        maker = random.Random((seed << 20) + number)
        yield maker.randbytes(min(MIB, size - at))


class Stored:
    """A file under a served root, with its SHA-256."""

    def __init__(self, path, parts):
        self.path = path
        self.size = 0
        sha256 = hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as out:
            for part in parts:
                out.write(part)
                sha256.update(part)
                self.size += len(part)
        self.digest = sha256.hexdigest()

    def content(self):
        """All bytes."""
        return self.path.read_bytes()

    def piece(self, first, length):
        """Some of the bytes."""
        with open(self.path, "rb") as source:
            source.seek(first)
            return source.read(length)


# --- the daemon --------------------------------------------------------------

class Daemon:
    """A running fcgi-stream, its log and its processes."""

    def __init__(self, case, command, address=None, env=None, **how):
        self.case = case
        self.known_address = address
        self.expected_status = 0
        self.deaths_expected = False
        self.leaves_socket = not (address or "").startswith("unix:")
        self.master = None
        self.first_workers = []
        self.log_path = case.dir / f"daemon-{len(case.daemons)}.log"
        self.started = " ".join(map(str, command))
        environment = {**os.environ, "PATH": tool_path(), **(env or {})}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, start_new_session=True,
                env={key: value for key, value in environment.items()
                     if value is not None},
                **{"stdin": subprocess.DEVNULL, "stdout": log,
                   "stderr": log, **how})
        case.daemons.append(self)

    # starting

    def wait_ready(self):
        """Waits for the master's word that all workers run."""
        line = self.wait_log(r"fcgi-stream\[(\d+)\] notice ready: (\d+) ")
        self.master = int(line.group(1))
        self.first_workers = wait_until(
            lambda: self.workers(int(line.group(2))), "all workers run")
        return self

    @property
    def addresses(self):
        """All addresses in the log line that says ready."""
        line = self.wait_log(r"notice ready: .*listening on (.*)")
        return re.split(r",\s*|\s+", line.group(1).strip())

    @property
    def address(self):
        """Where to connect, in the form of --listen."""
        return self.known_address or self.addresses[0]

    # the log

    def log(self):
        """All that the daemon has written."""
        return self.log_path.read_text(errors="backslashreplace")

    def wait_log(self, pattern, count=1):
        """Waits until the log has so many matches; returns the last."""
        def matches():
            # First the exit, then the log: it may be the last words.
            over = self.process.poll() is not None
            hits = list(re.finditer(pattern, self.log(), re.MULTILINE))
            if len(hits) < count and over:
                raise Failure(f"fcgi-stream has ended with status "
                              f"{self.process.returncode}, no /{pattern}/")
            return hits[count - 1] if len(hits) >= count else None
        return wait_until(matches, f"/{pattern}/ in the log")

    def access(self, **fields):
        """The access lines with these field values, as dictionaries."""
        lines = [line.partition(" access ")[2]
                 for line in self.log().splitlines(True)
                 if " access " in line and line.endswith("\n")]
        found_lines = [{name: value.strip('"')
                        for name, value in ACCESS_FIELD.findall(line)}
                       for line in lines]
        return [line for line in found_lines
                if all(line.get(name) == str(value)
                       for name, value in fields.items())]

    def wait_access(self, count=1, **fields):
        """Waits for so many access lines with these values; the last."""
        return wait_until(
            lambda: len(self.access(**fields)) >= count
            and self.access(**fields)[-1],
            f"{count} access lines with {fields}")

    # the processes

    def workers(self, number=None):
        """The workers' process ids; empty until there are number of them."""
        pids = children(self.master)
        return pids if number in (None, len(pids)) else []

    @property
    def worker(self):
        """The process id of the only worker."""
        pids = self.workers()
        equal(len(pids), 1, "number of workers")
        return pids[0]

    # talking to it

    def connect(self, **how):
        """A connection that is closed at the test's end."""
        return self.case.connect(self.address, **how)

    def params(self, path, method="GET", **extra):
        """Parameters of a request for a path below the case's root."""
        return fastcgi.cgi_params(self.case.root, path, method, **extra)

    def fetch(self, path, method="GET", body=b"", keep_body=True, **extra):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.ask(self.params(path, method, **extra),
                                  body=body, keep_body=keep_body)

    def begin(self, path, keep=False, connection=None, keep_body=True,
              **extra):
        """Sends a request and reads nothing: connection and response."""
        connection = connection or self.connect()
        connection.send(fastcgi.request(self.params(path, **extra),
                                        keep=keep))
        return connection, fastcgi.Response(keep_body)

    # stopping

    def send_signal(self, number):
        """Sends a signal to the master."""
        # From then on its workers may leave at any time.
        self.deaths_expected |= number in (
            signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
        os.kill(self.master or self.process.pid, number)

    def wait_exit(self, timeout=30):
        """The exit status, once it has ended by itself."""
        try:
            return self.process.wait(timeout * SLOWNESS)
        except subprocess.TimeoutExpired:
            raise Failure(f"still runs after {timeout * SLOWNESS} s") from None

    def stop(self, number=signal.SIGTERM):
        """Ends it with a signal, and checks how it leaves."""
        if self.process.poll() is None:
            if not self.deaths_expected and self.master:
                equal(self.workers(), self.first_workers, "workers at stop")
            self.send_signal(number)
        equal(self.wait_exit(), self.expected_status, "exit status")
        self.check_traces()

    def check_traces(self):
        """Fails on a sanitizer's report, a process or a socket left."""
        bad = BAD_SIGNS.search(self.log())
        true(not bad, f"the log has: {bad and bad.group()}")
        wait_until(lambda: not session(self.process),
                   "all its processes are gone")
        if not self.leaves_socket:
            true(not os.path.lexists(self.known_address[5:]),
                 "the socket is left behind")


class Case:
    """What one test has: a folder, a file root, daemons, connections."""

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fs-"))
        self.root = self.dir / "root"
        self.root.mkdir()
        self.daemons = []
        self._cleanups = contextlib.ExitStack()

    def defer(self, function, *args):
        """Calls the function at the test's end, before daemons stop."""
        self._cleanups.callback(function, *args)

    def store(self, name, content):
        """A file below the root: of these bytes, or of so many."""
        if isinstance(content, int):
            seed = int(hashlib.sha256(os.fsencode(name)).hexdigest()[:8], 16)
            return Stored(self.root / name, blocks(content, seed))
        return Stored(self.root / name, [content])

    def connect(self, address, **how):
        """A connection that is closed at the test's end."""
        how.setdefault("timeout", 20 * SLOWNESS)
        connection = fastcgi.Connection(address, **how)
        self.defer(connection.close)
        return connection

    def run(self, *options, env=None):
        """Runs the program to its end: exit status, output, errors.

        The status is None if it started to serve instead.
        """
        streams = [self.dir / "output", self.dir / "errors"]
        with open(streams[0], "wb") as out, open(streams[1], "wb") as err:
            process = subprocess.Popen(
                [program(), *map(str, options)], stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})}, start_new_session=True,
                stdout=out, stderr=err)
        try:
            wait_until(lambda: process.poll() is not None or
                       "notice ready" in streams[1].read_text(),
                       "an end or a start")
            status = process.poll()
        finally:
            kill_session(process)
        output, errors = (path.read_text() for path in streams)
        true(not BAD_SIGNS.search(errors), errors)
        return status, output, errors

    def launch(self, *options, prefix=(), roots=None, **how):
        """Starts the program and does not wait for it."""
        command = [*prefix, program()]
        command += [f"--root={root}" for root in roots or [self.root]]
        return Daemon(self, command + list(options), **how)

    def start(self, *options, listen=None, workers=1, **how):
        """Starts a daemon on a socket of its own; waits until ready."""
        if listen is None:
            listen = f"unix:{self.dir}/s{len(self.daemons)}"
            how.setdefault("address", listen)
        usual = [f"--listen={listen}", f"--workers={workers}",
                 "--drain-timeout=5s"]
        given = [option.partition("=")[0] for option in options]
        usual = [option for option in usual
                 if option.partition("=")[0] not in given]
        return self.launch(*usual, *options, **how).wait_ready()

    def finish(self, check):
        """Closes and stops all; with check, a bad end is a failure."""
        self._cleanups.close()
        try:
            for daemon in self.daemons:
                if check:
                    daemon.stop()
        finally:
            for daemon in self.daemons:
                kill_session(daemon.process)

    def remove(self):
        """Deletes the temporary folder."""
        shutil.rmtree(self.dir, ignore_errors=True)


def program():
    """The program to test."""
    return os.environ["FCGI_STREAM"]


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """A TCP port that was free a moment ago."""
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


# --- running -----------------------------------------------------------------

TESTS = []


def test(function=None, timeout=60):
    """Registers a test; its name is the function's, in words."""
    def register(body):
        TESTS.append((body.__name__.replace("_", " "), body, timeout))
        return body
    return register(function) if function else register


class TimedOut(Exception):
    """The test took too long."""


def _alarm(*_):
    raise TimedOut("timed out")


def _diagnose(text):
    """Prints lines that TAP takes as comments."""
    for line in text.splitlines():
        print("#", line, flush=True)


def _explain(error, case):
    """Prints why a test failed, and the end of each daemon's log."""
    _diagnose(f"{type(error).__name__}: {error}")
    frames = traceback.extract_tb(error.__traceback__)
    _diagnose("".join(traceback.format_list(frames[-6:])))
    for daemon in case.daemons:
        _diagnose(f"--- {daemon.started}")
        lines = daemon.log().splitlines()
        _diagnose("\n".join(line[:400] for line in lines[-60:]))


def _attempt(body, case, timeout):
    """Runs a test with all that it started; returns what it raised."""
    problem = None
    try:
        signal.setitimer(signal.ITIMER_REAL, timeout * SLOWNESS, 5)
        body(case)
    except Exception as error:  # pylint: disable=broad-except
        problem = error
    try:
        signal.setitimer(signal.ITIMER_REAL, 60 * SLOWNESS, 5)
        case.finish(check=problem is None)
    except Exception as error:  # pylint: disable=broad-except
        problem = problem or error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return problem


def _run_one(number, name, body, timeout):
    """Runs a test and prints its line; whether it has not failed."""
    case = Case(name)
    begun = time.monotonic()
    problem = None
    try:
        problem = _attempt(body, case, timeout)
        if problem and not isinstance(problem, Skip):
            _explain(problem, case)
    finally:
        case.finish(check=False)
        case.remove()
    if isinstance(problem, Skip):
        print(f"ok {number} - {name} # SKIP {problem}", flush=True)
        return True
    verdict = "not ok" if problem else "ok"
    print(f"{verdict} {number} - {name}", flush=True)
    if os.environ.get("FCGI_STREAM_TIMES"):
        _diagnose(f"{time.monotonic() - begun:.2f} s")
    return not problem


def _terminated(*_):
    raise SystemExit(1)


def main():
    """Runs the tests whose name matches a pattern given, or all.

    Ends with status 1 if one fails.
    """
    if not os.access(os.environ.get("FCGI_STREAM", ""), os.X_OK):
        print("Bail out! FCGI_STREAM does not name a program")
        sys.exit(1)
    os.environ["FCGI_STREAM"] = os.path.abspath(program())
    words = [word.replace("_", " ") for word in sys.argv[1:]] or [""]
    patterns = [f"*{word}*" for word in words]
    chosen = [item for item in TESTS
              if any(fnmatch.fnmatch(item[0], p) for p in patterns)]
    if not chosen:
        print("Bail out! No test has such a name")
        sys.exit(1)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.umask(0o022)
    sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGTERM, _terminated)
    print(f"1..{len(chosen)}", flush=True)
    passed = [_run_one(number, *item)
              for number, item in enumerate(chosen, 1)]
    sys.exit(not all(passed))
