# SPDX-License-Identifier: MIT
"""A user without privileges, whose limits count."""

import os
import shutil

from support.harness import Daemon, Skip, need, program

# Limits count for all processes of a user: no account has this number, and each
# test program its own, as another copy of the tests may run.
NUMBER = 100000 + os.getpid()


class OtherUser:
    """Runs daemons as a user of no account; needs root."""

    def __init__(self, case):
        if os.getuid() != 0:
            raise Skip("needs root, to run as another user")
        need("setpriv")
        self.case = case
        case.dir.chmod(0o755)
        self.folder = case.dir / "user"
        self.folder.mkdir()
        os.chown(self.folder, NUMBER, NUMBER)
        # The build may be where others may not go.
        self.program = case.dir / "fcgi-stream"
        shutil.copy(program(), self.program)

    def command(self, *words):
        """The command, run as this user."""
        return ["setpriv", f"--reuid={NUMBER}", f"--regid={NUMBER}",
                "--clear-groups", "--", *words]

    def launch(self, *options, limits=(), roots=None, **how):
        """Starts the program and does not wait for it."""
        number = len(self.case.daemons)
        address = f"unix:{self.folder}/s{number}"
        limited = ("prlimit", *limits) if limits else ()
        need(*limited[:1])
        roots = [f"--root={root}" for root in roots or [self.case.root]]
        return Daemon(self.case, self.command(
            *limited, self.program, *roots, f"--listen={address}",
            "--drain-timeout=5s", *options), address=address, **how)
