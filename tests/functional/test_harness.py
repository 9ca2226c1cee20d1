#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of a functional test that is run by hand."""

import os
import subprocess
import sys

from support.harness import TOP, equal, main, test

TEST_PROGRAM = """
from support.harness import Skip, main, test, true

@test
def passes(case):
    pass

@test
def is_skipped(case):
    raise Skip("for a reason")

@test
def fails(case):
    true(False, "as it has to")

main()
"""


def run(case, *names):
    """Runs tests of the program above: its status and what it prints."""
    path = case.dir / "test_made_up.py"
    path.write_text(TEST_PROGRAM)
    done = subprocess.run(
        [sys.executable, path, *names], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(TOP / "tests/functional")})
    return done.returncode, [line for line in done.stdout.splitlines()
                             if not line.startswith("#")]


@test
def a_failure_gives_status_1(case):
    equal(run(case), (1, ["1..3", "ok 1 - passes",
                          "ok 2 - is skipped # SKIP for a reason",
                          "not ok 3 - fails"]), "status and lines")


@test
def without_a_failure_the_status_is_0(case):
    equal(run(case, "passes", "skipped"),
          (0, ["1..2", "ok 1 - passes",
               "ok 2 - is skipped # SKIP for a reason"]), "status and lines")


if __name__ == "__main__":
    main()
