# SPDX-License-Identifier: MIT
"""Work of the daemon that can be counted: system calls and instructions.

Time is noisy where tests run, but counts are not.  Each count is of two loads
that differ only in their number of units (requests or chunks), for which a
daemon is started afresh: the difference is of the units alone, without start,
first request and end.

System calls are those of the event loop's thread, in all and by name;
"other threads" is what all other threads and the master do.  Left out is what
threads do to wait for each other, since it depends on the moment: sched_yield,
by which libuv spins, and futex in the other threads.

Instructions are those of the event loop's thread under callgrind, by where
they are:
  program   fcgi-stream itself
  libfcgi   libfcgi
  libuv     libuv; the loop spins there while a pool thread wakes it
  copies    memcpy(3) and its like: with the bytes, so per chunk nearly all
  others    the C library and all else
and so are calls from one of the above into another, which are few and exact:
  printf calls, allocation calls, copy calls, cached reads (preadv2),
  submits (io_submit), library calls (all of them)
"""

import collections
import json
import os
import platform
import re
import subprocess

from support.harness import SANITIZED, SLOWNESS, Skip, equal, need, program, true

# A sanitizer's runtime asks for memory as it likes.
NOT_COUNTED = ("sched_yield", *(
    ("mmap", "munmap", "madvise") if SANITIZED else ()))

# The C library is to copy and compare in the same way on all processors, and
# not with "rep movsb", each byte of which counts as an instruction.
PLAIN_PROCESSOR = "glibc.cpu.hwcaps=" + ",".join(
    f"-{name}" for name in (
        "AVX512F", "AVX512VL", "AVX512BW", "AVX2", "AVX", "BMI2", "ERMS",
        "FSRM", "AVX_Fast_Unaligned_Load"))

# valgrind 3.19 does not know openat2(2), and without it nothing is served.
# What it forbids does not matter here.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>

struct how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

long syscall(long number, ...)
{
    static long (*real)(long, ...);
    long a[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_openat2) {
        const struct how *how = (const struct how *)a[2];

        return openat((int)a[0], (const char *)a[1], (int)how->flags,
            (mode_t)how->mode);
    }
    if (real == 0)
        real = dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
"""
SHIM_NAME = "openat2.so"

ROUNDS = 3


class Load:
    """Two loads of the same kind, and by how many units they differ."""

    def __init__(self, less, more, units, before=None):
        self.words = (less, more)
        self.units = units
        # Called before each load, when its daemon is ready.
        self.before = before or (lambda: None)


def run_load(daemon, words):
    """Runs fcgi_load to its end; fails unless all went well."""
    done = subprocess.run(
        [os.environ["FCGI_LOAD"], f"--connect={daemon.address}", "--json",
         f"--root={daemon.case.root}", *words],
        capture_output=True, check=False, timeout=40 * SLOWNESS)
    equal(done.returncode, 0, f"status of fcgi_load, {done.stderr!r}")
    report = json.loads(done.stdout)
    true(report["requests"] > 0, f"no requests: {report}")
    equal(sum(report["errors"].values()), 0, f"errors in {report}")


def end(daemon):
    """Stops it; skips the test if it could not read as it does usually."""
    daemon.stop()
    if "aio-max-nr" in daemon.log():
        raise Skip("others have used up fs.aio-max-nr")


# --- system calls ------------------------------------------------------------

def calls_of_load(case, load, words):
    """All system calls of a daemon's life under this load, by name."""
    trace = case.dir / "trace"
    daemon = case.start(
        env={"ASAN_OPTIONS": "detect_leaks=0"},
        prefix=["strace", "-f", "-s", "0", "-e", "signal=none", "-o",
                str(trace), "--"])
    worker = str(daemon.worker)
    load.before()
    run_load(daemon, words)
    end(daemon)
    return count_calls(trace.read_text().splitlines(), worker)


def count_calls(lines, worker):
    """The calls in a trace, by name; one in two parts counts once."""
    counts = collections.Counter()
    for line in lines:
        match = re.match(r"(\d+) +(\w+)\(", line)
        if not match or match.group(2) in NOT_COUNTED:
            continue
        if match.group(1) == worker:
            counts[match.group(2)] += 1
            counts["total"] += 1
        elif match.group(2) != "futex":
            counts["other threads"] += 1
    return counts


# --- instructions ------------------------------------------------------------

def need_callgrind(case):
    """Skips the test where the bounds do not hold; makes the shim."""
    if SANITIZED:
        raise Skip("valgrind does not run with a sanitizer's runtime")
    if platform.machine() != "x86_64":
        raise Skip("the bounds are for x86-64")
    # What becomes a call and what does not is for the compiler to say.
    build = os.environ.get("FCGI_STREAM_BUILD", "gcc -O2").split()
    if "-O2" not in build or {"clang", "--coverage"} & set(build):
        raise Skip("the bounds are for gcc -O2")
    need("cc", "valgrind")
    done = subprocess.run(
        ("valgrind", "-q", "--tool=callgrind", "--vgdb=no",
         f"--callgrind-out-file={case.dir}/probe", program(), "--version"),
        capture_output=True, check=False)
    # valgrind 3.19 cannot read what clang 14 writes for a debugger.
    if done.returncode:
        raise Skip("valgrind does not run this program")
    subprocess.run(("cc", "-O1", "-shared", "-fPIC", "-o",
                    case.dir / SHIM_NAME, "-x", "c", "-", "-ldl"),
                   input=SHIM.encode(), check=True)


def instructions_of_load(case, load, words):
    """Instructions and calls of the loop's thread under this load."""
    daemon = case.start(
        env={"LD_PRELOAD": str(case.dir / SHIM_NAME),
             "GLIBC_TUNABLES": PLAIN_PROCESSOR},
        prefix=["valgrind", "-q", "--tool=callgrind", "--vgdb=no",
                "--trace-children=yes", "--separate-threads=yes",
                f"--callgrind-out-file={case.dir}/callgrind.%p"])
    worker = daemon.worker
    load.before()
    run_load(daemon, words)
    end(daemon)
    path = case.dir / f"callgrind.{worker}-01"
    return Profile(path.read_text().splitlines()).counts


class Profile:
    """What a file of callgrind counts.

    Its format: valgrind's manual, "Callgrind Format Specification".  A name
    follows its number where that is first used.
    """

    PLACE = re.compile(r"(c?ob|c?fn)=\((\d+)\)(?: (.*))?")
    COPY = re.compile(r"mem(cpy|move|pcpy)")
    KINDS = (
        ("copy calls", COPY),
        ("printf calls", re.compile(r"(v?(s|sn|f|d|as)?printf|fcgx_vfprintf)"
                                    r"(_chk)?$|FCGX_V?FPrintF")),
        ("allocation calls", re.compile(
            r"(malloc|calloc|realloc|free|strn?dup|"
            r"aligned_alloc|posix_memalign)$")),
        ("cached reads", re.compile(r"preadv(64)?v?2$")),
        ("submits", re.compile(r"io_submit$")),
    )

    def __init__(self, lines):
        self.counts = collections.Counter()
        self._names = {}
        self._here = {}
        self._calls = 0
        for line in lines:
            self._take(line)

    def _take(self, line):
        match = self.PLACE.match(line)
        if match:
            self._move(*match.groups())
        elif line.startswith("calls="):
            self._calls = int(line[6:].split()[0])
        elif line and (line[0] in "+-*" or line[0].isdigit()):
            self._cost(line)

    def _move(self, key, number, name):
        kind = key[-2:]
        if name is not None:
            self._names[kind, number] = name
        self._here[key] = self._names[kind, number]
        # A callee without an object is in the caller's.
        if key == "ob":
            self._here.pop("cob", None)

    def _cost(self, line):
        """A line of cost; behind calls= it is the callee's."""
        if self._calls:
            self._call(self._calls)
            self._calls = 0
            self._here.pop("cob", None)
            return
        group = self._group(self._here.get("ob", ""), self._here["fn"])
        if group:
            cost = int(line.split()[1])
            self.counts[group] += cost
            self.counts["total"] += cost

    def _call(self, number):
        caller = self._group(self._here.get("ob", ""), "")
        callee = self._here.get("cob", self._here.get("ob", ""))
        name = self._here["cfn"].lstrip("_")
        if caller in (None, "others") or callee == self._here.get("ob"):
            return
        self.counts["library calls"] += number
        for kind, pattern in self.KINDS:
            if pattern.match(name):
                self.counts[kind] += number

    def _group(self, path, function):
        """Whose instructions they are; None if only a test's."""
        name = os.path.basename(path)
        if name == SHIM_NAME:
            return None
        if name == os.path.basename(program()):
            return "program"
        for library in ("libfcgi", "libuv"):
            if name.startswith(library + "."):
                return library
        return "copies" if self.COPY.match(function.lstrip("_")) else "others"


# --- bounds ------------------------------------------------------------------

def per_unit(runs, load):
    """The counts of one unit: of each load the least that was seen."""
    names = {name for pair in runs for counts in pair for name in counts}
    less, more = ({name: min(counts[name] for counts in side)
                   for name in names} for side in zip(*runs))
    return {name: (more[name] - less[name]) / load.units for name in names}


def excesses(measured, bounds):
    """The names of what is above its bound.

    What has no bound of its own counts as "any other", if that has one.
    """
    values = dict(measured)
    if "any other" in bounds:
        values["any other"] = sum(
            value for name, value in measured.items() if name not in bounds)
    return values, [name for name in bounds
                    if values.get(name, 0) > bounds[name]]


def check(case, count, load, bounds, report=None):
    """Fails if a unit of this load takes more than the bounds allow.

    A machine that is busy can only add work, such as a wait that ends early.
    So what is above its bound is counted again, and the least counts.

    count   calls_of_load or instructions_of_load
    report  called with each value and its bound instead of failing
    """
    runs = []
    for _ in range(ROUNDS):
        runs.append([count(case, load, words) for words in load.words])
        measured, above = excesses(per_unit(runs, load), bounds)
        if not above and not report:
            return
    table = "\n".join(
        f"{name:18} {value:12.3f}  bound {bounds.get(name, '-')}"
        for name, value in sorted(measured.items())
        if name in bounds or abs(value) > 0.005)
    if report:
        report(table)
    else:
        true(not above, f"too much: {', '.join(above)}\n{table}")
