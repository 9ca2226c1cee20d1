# SPDX-License-Identifier: MIT
"""A server that a test runs: started, waited for, stopped."""

import os
import signal
import socket
import subprocess

from support.harness import (Failure, SLOWNESS, kill_session, session, tool_path,
                     wait_until)


class Server:
    """A private instance on a free port of loopback, with its own folder."""

    # How it may end when it is told to.
    stop_statuses = (0, -signal.SIGTERM, 128 + signal.SIGTERM)

    def __init__(self, case, name, port):
        self.case = case
        self.name = name
        self.port = port
        self.run_dir = case.dir / f"{name}-{port}"
        self.run_dir.mkdir()
        self.stderr = case.dir / f"{self.run_dir.name}.stderr"
        self.process = None

    def start(self, *command):
        """Runs the command and waits until the port takes connections."""
        with open(self.stderr, "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=errors,
                stderr=errors, start_new_session=True, cwd=self.run_dir,
                env={**os.environ, "PATH": tool_path(),
                     "HOME": str(self.run_dir),
                     "XDG_CONFIG_HOME": str(self.run_dir)})
        self.case.defer(self.stop)
        wait_until(self.answers, f"{self.name} answers")

    def answers(self):
        """True when its port takes connections."""
        if self.process.poll() is not None:
            self.crashed(self.process.returncode)
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def crashed(self, status):
        """It ended by itself, or not as it was told."""
        raise Failure(f"{self.name} ended with {status}: {self.errors()}")

    def errors(self):
        """The end of what it wrote to its error logs."""
        paths = [self.stderr, self.run_dir / "error.log"]
        return "".join(path.read_text(errors="replace")[-1000:]
                       for path in paths if path.exists())

    def stop(self):
        """Ends it by its process id; fails if a process of it is left."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20 * SLOWNESS)
            if status not in self.stop_statuses:
                self.crashed(status)
            wait_until(lambda: not session(self.process),
                       f"all processes of {self.name} are gone")
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} does not stop") from None
        finally:
            kill_session(self.process)
