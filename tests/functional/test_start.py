#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts: several at once, with too little, as another user, with signals."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from support import fastcgi
from support.harness import (SANITIZED, SLOWNESS, TOP, Skip, check_file, equal,
                             found, main, need, program, test, true,
                             wait_until)
from support.modules import build_module
from support.users import OtherUser

MANY = 70
# An action whose load waits until a file is there.
SLOW = """
#include <fcgi_stream/action.h>
#include <unistd.h>
static void start(struct action *action) { action_send_text(action, "x"); }
static int load(void)
{
	close(creat("%s", 0600));
	while (access("%s", F_OK) != 0)
		usleep(1000);
	return 0;
}
const struct action_module fcgi_stream_action = {
	.size = sizeof(struct action_module), .abi_version = ACTION_ABI_VERSION,
	.methods = ACTION_GET, .start = start, .load = load };
"""
# As if descriptors were used up while a file is there.
LIMIT = """
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>
int memfd_create(const char *name, unsigned int flags);

int memfd_create(const char *name, unsigned int flags)
{
	if (access("%s", F_OK) != 0)
		return (int)syscall(SYS_memfd_create, name, flags);
	errno = EMFILE;
	return -1;
}
"""


def ended(daemon):
    """Whether it has ended."""
    return daemon.process.poll() is not None


def answers(address):
    """Whether a connection is taken there."""
    try:
        fastcgi.Connection(address).close()
    except OSError:
        return False
    return True


# --- several at once ---------------------------------------------------------

def start_many(case, path, count):
    """Starts on one path at once; those that serve, and those that don't."""
    address = f"unix:{path}"
    daemons = [case.launch(f"--listen={address}", "--workers=1",
                           address=address) for _ in range(count)]

    def decided():
        return all(ended(one) or "notice ready" in one.log()
                   for one in daemons)
    wait_until(decided, "each has started or ended")
    return ([one for one in daemons if not ended(one)],
            [one for one in daemons if ended(one)])


def leave_stale(path):
    """A socket that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@test(timeout=180)
def of_many_starts_at_once_one_wins_and_the_others_say_so(case):
    stored = case.store("file", 1000)
    for number in range(4 if SANITIZED else 12):
        path = case.dir / f"socket-{number}"
        if number % 2 == 0:
            leave_stale(path)
        winners, losers = start_many(case, path, 8)
        for one in losers:
            one.leaves_socket = True
            one.expected_status = 2
            found("another process listens on it", one.log(), "errors")
        equal(len(winners), 1, "how many serve")
        check_file(winners[0].fetch("/file"), stored, "what the winner sends")
        winners[0].wait_ready().stop()


# --- too little --------------------------------------------------------------

class Manager:
    """What systemd hears of a service."""

    def __init__(self, case):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{case.dir}/notify")
        os.chmod(f"{case.dir}/notify", 0o777)
        self.socket.setblocking(False)
        self.env = {"NOTIFY_SOCKET": f"{case.dir}/notify"}
        case.defer(self.socket.close)

    def heard(self):
        """All that has come."""
        words = ""
        with contextlib.suppress(BlockingIOError):
            while True:
                words += self.socket.recv(4096).decode()
        return words


def check_gives_up(daemon, reason, manager):
    """Fails unless it ends with this reason, and never was ready."""
    daemon.expected_status = 1
    equal(daemon.wait_exit(), 1, "exit status")
    found(rf" error worker can't start: {reason}", daemon.log(), "errors")
    found(r" error giving up: no worker could start in 5 tries", daemon.log(),
          "errors")
    true("notice ready" not in daemon.log(), "it says that it is ready")
    true("READY" not in manager.heard(), "systemd is told that it is ready")
    true(not answers(daemon.address), "somebody listens")


@test
def workers_without_descriptors_end_it_with_the_reason(case):
    need("prlimit")
    manager = Manager(case)
    address = f"unix:{case.dir}/s"
    daemon = case.launch(
        f"--listen={address}", "--workers=2", address=address,
        env=manager.env, prefix=("prlimit", "--nofile=12"))
    check_gives_up(daemon, r"Too many open files \(see ulimit -n\)", manager)


@test
def workers_without_threads_end_it_with_the_reason(case):
    if SANITIZED:
        raise Skip("a sanitizer needs threads of its own")
    user = OtherUser(case)
    manager = Manager(case)
    for workers, limits in ((1, "--nproc=6"), (3, "--nproc=9"),
                            (1, "--as=150000000")):
        daemon = user.launch(f"--workers={workers}", limits=[limits],
                             env=manager.env)
        check_gives_up(daemon, r"Resource temporarily unavailable \(threads: "
                       "see ulimit -u", manager)


@test
def it_is_ready_when_a_worker_serves_at_last(case):
    if SANITIZED:
        raise Skip("a sanitizer does not let itself be preloaded")
    manager = Manager(case)
    stored = case.store("file", 1000)
    used_up = case.dir / "used-up"
    used_up.touch()
    source = case.dir / "limit.c"
    source.write_text(LIMIT % used_up)
    address = f"unix:{case.dir}/s"
    daemon = case.launch(
        f"--listen={address}", "--workers=1", address=address,
        env={**manager.env,
             "LD_PRELOAD": str(build_module(case, source))})
    daemon.wait_log("worker can't start: Too many open files")
    true("notice ready" not in daemon.log(), "it says that it is ready")
    used_up.unlink()
    daemon.wait_ready()
    check_file(daemon.fetch("/file"), stored)
    found("READY=1", manager.heard(), "what systemd hears")


@test
def a_current_folder_that_may_not_be_entered_does_no_harm(case):
    user = OtherUser(case)
    stored = case.store("file", 1000)
    private = case.dir / "private"
    private.mkdir(0o700)
    daemon = user.launch("--workers=1", cwd=private).wait_ready()
    check_file(daemon.fetch("/file"), stored)


def pipe_size(user):
    """How large a new pipe of this user is."""
    done = subprocess.run(user.command(
        "python3", "-c", "import fcntl, os\n"
        "print(fcntl.fcntl(os.pipe()[1], fcntl.F_GETPIPE_SZ))"),
        capture_output=True, text=True, check=True)
    return int(done.stdout)


@test(timeout=180)
def many_workers_of_a_user_without_privileges_start(case):
    if SANITIZED:
        raise Skip("too much for sanitizers")
    user = OtherUser(case)
    stored = case.store("file", 1000)
    daemon = user.launch(f"--workers={MANY}").wait_ready()
    wait_until(lambda: len(daemon.workers()) == MANY, "all workers are there")
    time.sleep(0.5)
    equal(daemon.workers(), daemon.first_workers, "workers after a while")
    true(" error " not in daemon.log(), "a worker had to be started anew")
    # There is room left for others of that user.
    equal(pipe_size(user), 65536, "bytes of another pipe of this user")
    second = user.launch("--workers=2").wait_ready()
    check_file(second.fetch("/file"), stored)
    check_file(daemon.fetch("/file"), stored)


# --- signals -----------------------------------------------------------------

MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGPIPE)


@test
def signals_without_a_meaning_end_nothing(case):
    stored = case.store("file", 1000)
    daemon = case.start(workers=2)
    for pid in (daemon.master, *daemon.workers()):
        for number in MEANINGLESS:
            for _ in range(3):
                os.kill(pid, number)
    for name in ("SIGUSR1", "SIGUSR2", "SIGHUP"):
        daemon.wait_log(rf" notice {name}: ")
    for _ in range(10):
        check_file(daemon.fetch("/file"), stored)
    equal(daemon.workers(), daemon.first_workers, "workers")


@test
def nor_while_it_starts(case):
    begun, go_on = case.dir / "begun", case.dir / "go-on"
    source = case.dir / "slow.c"
    source.write_text("#include <fcntl.h>\n" + SLOW % (begun, go_on))
    module = build_module(case, source)
    address = f"unix:{case.dir}/s"
    daemon = case.launch(f"--listen={address}", "--workers=1",
                         f"--action=slow={module}", address=address)
    wait_until(begun.exists, "it loads its action")
    for number in MEANINGLESS:
        daemon.process.send_signal(number)
    go_on.touch()
    daemon.wait_ready()


@test
def a_log_without_a_reader_does_not_hide_why_it_ends(case):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([program(), "--root=/none/such"], stderr=writing,
                          stdin=subprocess.DEVNULL, check=False)
    os.close(writing)
    equal(done.returncode, 2, "exit status")


@test
def what_is_opened_is_no_standard_descriptor(case):
    for number, missing in enumerate(("0<&-", "1>&-", "2>&-",
                                      "0<&- 1>&- 2>&-")):
        address = f"unix:{case.dir}/missing-{number}"
        daemon = case.launch(
            f"--listen={address}", "--workers=1", address=address,
            prefix=["sh", "-c", f'exec "$@" {missing}', "sh"])
        wait_until(lambda: answers(daemon.address), "it listens")
        for name in missing.replace("<&-", "").replace(">&-", "").split():
            equal(os.readlink(f"/proc/{daemon.process.pid}/fd/{name}"),
                  "/dev/null", f"descriptor {name} with {missing}")
        # Without standard error nothing tells that it is ready.
        wait_until(lambda: daemon.fetch("/none").status == 404, "it serves")


# --- spawn-fcgi --------------------------------------------------------------

def stop_by_file(pid_file):
    """Ends the process that a file names, and waits for that."""
    with contextlib.suppress(FileNotFoundError, ValueError,
                             ProcessLookupError):
        pid = int(pid_file.read_text())
        os.kill(pid, signal.SIGTERM)
        limit = time.monotonic() + 15 * SLOWNESS
        while time.monotonic() < limit and \
                pathlib.Path(f"/proc/{pid}/fd").exists() and \
                os.readlink(f"/proc/{pid}/exe"):
            time.sleep(0.01)


@test
def spawn_fcgi_leaves_it_in_the_background(case):
    need("spawn-fcgi")
    stored = case.store("file", 1000)
    path, pid_file = case.dir / "s", case.dir / "pid"
    case.defer(stop_by_file, pid_file)
    done = subprocess.run(
        ["spawn-fcgi", "-s", path, "-M", "0660", "-P", pid_file, "--",
         program(), f"--root={case.root}", "--workers=1",
         "--drain-timeout=1s"], capture_output=True, text=True, check=False,
        timeout=30 * SLOWNESS)
    equal(done.returncode, 0, f"status of spawn-fcgi: {done}")
    pid = int(pid_file.read_text())
    with case.connect(f"unix:{path}") as connection:
        check_file(connection.ask(fastcgi.cgi_params(case.root, "/file")),
                   stored)
    for number in (1, 2):
        equal(os.readlink(f"/proc/{pid}/fd/{number}"), "/dev/null",
              f"descriptor {number}: its log")
    stop_by_file(pid_file)
    wait_until(lambda: not answers(f"unix:{path}"), "it has ended")


@test
def its_folder_in_run_is_made_at_each_boot(case):
    need("systemd-tmpfiles")
    if os.getuid() != 0:
        raise Skip("needs root, to give a folder to another user")
    (case.dir / "etc").mkdir()
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", case.dir / "etc")
    done = subprocess.run(
        ["systemd-tmpfiles", f"--root={case.dir}", "--create",
         TOP / "examples" / "systemd" / "fcgi-stream.tmpfiles"],
        capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""), "status and errors")
    made = case.dir / "run" / "fcgi-stream"
    equal((made.owner(), made.group(), oct(made.stat().st_mode & 0o777)),
          ("www-data", "www-data", "0o750"), "owner, group and mode")


if __name__ == "__main__":
    main()
