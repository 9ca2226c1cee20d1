#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The work of one request and of one chunk stays within its bounds.

The bounds are in work_bounds.py, what is counted and how in counted_work.py.
With --measure it prints what is counted beside the bounds, and no count is a
failure: for new bounds, when the work has changed for a reason.

FCGI_LOAD          the load generator
FCGI_STREAM_BUILD  how all was compiled; instructions need gcc -O2
"""

import sys

from support import work_bounds
from support.cold_files import cached_pages, evict, need_direct_io, warm
from support.counted_work import (Load, calls_of_load, check, instructions_of_load,
                          need_callgrind)
from support.harness import KIB, MIB, Skip, main, need_strace, test

CHUNK = 256 * KIB
# The loads of a kind; from each to the other, all grows by so many units.
FEW, MANY = 50, 250
SHORT, LONG = 8 * MIB, 40 * MIB

MEASURE = "--measure" in sys.argv


def report(table):
    """Prints a table as comments."""
    print("#", table.replace("\n", "\n# "), flush=True)


def check_work(case, count, load, bounds):
    """Checks the work of a load, or prints it."""
    check(case, count, load, bounds, report if MEASURE else None)


def small_requests(case, *words):
    """Requests for a file that fits into one record, on one connection."""
    stored = case.store("small", 4 * KIB)
    need_cached(stored)
    common = (*words, f"--expect-length={stored.size}", "/small")
    return Load((f"--requests={FEW}", *common),
                (f"--requests={MANY}", *common), MANY - FEW)


def chunks(case, before=None):
    """The same file to a nearer and to a farther byte."""
    stored = case.store("large", LONG)
    load = Load(*(("--requests=1", f"--expect-length={length}",
                   f"--range=0-{length - 1}", "/large")
                  for length in (SHORT, LONG)), (LONG - SHORT) // CHUNK)
    if before:
        load.before = lambda: before(stored)
    else:
        need_cached(stored)
    return load


def need_cached(stored):
    """Skips the test if a file does not stay in the page cache."""
    warm(stored, 0, stored.size)
    if not all(cached_pages(stored)):
        raise Skip("the file does not stay in the page cache")


# --- system calls ------------------------------------------------------------

@test(timeout=120)
def system_calls_of_a_small_request_on_a_kept_connection(case):
    need_strace(case)
    check_work(case, calls_of_load, small_requests(case, "--keep"),
               work_bounds.SMALL_KEPT_CALLS)


@test(timeout=120)
def system_calls_of_a_small_request_on_a_new_connection(case):
    need_strace(case)
    check_work(case, calls_of_load, small_requests(case),
               work_bounds.SMALL_NEW_CALLS)


@test(timeout=120)
def system_calls_of_a_cached_chunk(case):
    need_strace(case)
    check_work(case, calls_of_load, chunks(case),
               work_bounds.HOT_CHUNK_CALLS)


@test(timeout=120)
def system_calls_of_a_cold_chunk(case):
    need_direct_io(case)
    need_strace(case)
    check_work(case, calls_of_load, chunks(case, before=evict),
               work_bounds.COLD_CHUNK_CALLS)


# --- instructions ------------------------------------------------------------

@test(timeout=120)
def instructions_of_a_small_request(case):
    need_callgrind(case)
    check_work(case, instructions_of_load, small_requests(case, "--keep"),
               work_bounds.SMALL_KEPT_INSTRUCTIONS)


@test(timeout=120)
def instructions_of_a_cached_chunk(case):
    need_callgrind(case)
    check_work(case, instructions_of_load, chunks(case),
               work_bounds.HOT_CHUNK_INSTRUCTIONS)


@test(timeout=120)
def instructions_of_a_cold_chunk(case):
    need_direct_io(case)
    need_callgrind(case)
    check_work(case, instructions_of_load, chunks(case, before=evict),
               work_bounds.COLD_CHUNK_INSTRUCTIONS)


if __name__ == "__main__":
    if MEASURE:
        sys.argv.remove("--measure")
    main()
