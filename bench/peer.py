# SPDX-License-Identifier: MIT
"""The servers that are measured, each as its own users would run it.

All are private instances below a row's temporary folder, on sockets of their
own, and are stopped by their process ids when the row ends.
"""

import os
import pathlib
import shutil
import socket

from support.checks import need, tool_path
from measure import OURS, OURS_ALL
from support.procfs import cpu_seconds, session
from support.server import Server

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = HERE / "peers"


class SocketServer(Server):
    """A server on an AF_UNIX socket."""

    # Not every peer knows how to end well; that is not what is measured.
    stop_statuses = range(-64, 256)

    def __init__(self, case, name, number):
        super().__init__(case, name, number)
        self.path = case.dir / f"{name}.sock"

    def answers(self):
        """True when its socket takes connections."""
        if self.process.poll() is not None:
            self.crashed(self.process.returncode)
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.path))
            except OSError:
                return False
        return True


class Peer:
    """A server under measurement; `plan` says what a row wants of it."""

    name = ""
    # Whether it speaks HTTP itself, and can only be behind proxy_pass.
    http = False
    # Whether it sends bytes of its own instead of the file's.
    own_bytes = False

    def __init__(self, case, plan):
        self.case = case
        self.plan = plan
        self.address = None
        self.server = None

    def start(self):
        """Runs it and waits until it answers; Skip if it cannot be had."""
        raise NotImplementedError

    def params(self):
        """The FastCGI parameters it needs besides the usual ones."""
        return {}

    def words(self):
        """How the load generator reaches it."""
        given = [f"--param={name}={value}"
                 for name, value in self.params().items()]
        http = ["--http"] if self.http else []
        return [f"--connect={self.address}", f"--root={self.case.root}",
                *http, *given]

    def pids(self):
        """Its processes."""
        return session(self.server.process)

    def cpu(self):
        """Seconds of processor time that it has used."""
        return sum(cpu_seconds(pid) for pid in self.pids())

    def front_cpu(self):
        """The same of nginx in front of it."""
        return 0.0

    def run(self, *command):
        """Starts a program that listens on a socket of this name."""
        self.server = SocketServer(self.case, self.name, os.getpid())
        self.address = f"unix:{self.server.path}"
        need(command[0])
        self.server.start(
            *[str(word).replace("SOCKET", str(self.server.path))
              for word in command])


class Ours(Peer):
    """fcgi-stream with one worker, without an access log as the others."""

    name = OURS
    workers = 1

    def start(self):
        options = ["--access-log=off", *self.plan.daemon_options]
        self.server = self.case.start(*options, workers=self.workers)
        self.address = self.server.address

    def pids(self):
        return self.server.workers()


class OursOnAllCores(Ours):
    """As it runs by default: one worker for each core."""

    name = OURS_ALL
    workers = os.cpu_count()


class Backend(Peer):
    """A program of bench/peers."""

    program = ""

    def arguments(self):
        """What follows the socket on the command line."""
        return []

    def start(self):
        self.run(self.plan.bench.peers / self.program, "SOCKET",
                 *self.arguments())


class Libfcgi(Backend):
    """The textbook: a thread for each connection."""

    name = "libfcgi"
    program = "libfcgi_threads"

    def arguments(self):
        return [max(16, self.plan.connections + 8)]


class Null(Backend):
    """The limit: no file at all."""

    name = "null"
    program = "null_backend"
    own_bytes = True

    def arguments(self):
        return [self.plan.size]


class Sendfile(Backend):
    """The limit of zero-copy."""

    name = "sendfile"
    program = "sendfile_backend"


class Php(Peer):
    """PHP-FPM and readfile()."""

    name = "php-fpm"

    def start(self):
        programs = ["php-fpm", "php-fpm8.2", "php-fpm8.3", "php-fpm8.4"]
        program = next((word for word in programs if shutil.which(
            word, path=tool_path())), programs[0])
        config = self.case.dir / "php-fpm.conf"
        text = (SETTINGS / "php-fpm.conf").read_text()
        config.write_text(text.replace("RUN_DIR", str(self.case.dir)))
        as_root = ["--allow-to-run-as-root"] if not os.getuid() else []
        self.run(program, "--nodaemonize", "--fpm-config", config, *as_root)

    def params(self):
        return {"SCRIPT_FILENAME": SETTINGS / "readfile.php"}


class Twiggy(Peer):
    """Perl on an event loop: AnyEvent::AIO and the writer of PSGI."""

    name = "twiggy"
    http = True

    def start(self):
        os.environ["BENCH_ROOT"] = str(self.case.root)
        self.run("twiggy", "--listen", "SOCKET", SETTINGS / "twiggy.psgi")


class Starman(Peer):
    """Perl with processes: a file handle as the body."""

    name = "starman"
    http = True

    def start(self):
        os.environ["BENCH_ROOT"] = str(self.case.root)
        self.run("starman", "--listen", "SOCKET", "--workers", "16",
                 "--env", "deployment", SETTINGS / "starman.psgi")


FASTCGI = {peer.name: peer for peer in (
    Ours, OursOnAllCores, Libfcgi, Null, Sendfile, Php)}
HTTP = {peer.name: peer for peer in (Twiggy, Starman)}
