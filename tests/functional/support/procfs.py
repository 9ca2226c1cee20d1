# SPDX-License-Identifier: MIT
"""What /proc tells of processes."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

from support.checks import found, wait_until

KIB = 1 << 10


def process_stat(pid):
    """The fields of /proc/PID/stat from the state on, None when gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def living(condition):
    """Process ids for which condition(fields of stat) holds, no zombies."""
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    stats = ((pid, process_stat(pid)) for pid in pids)
    return sorted(pid for pid, stat in stats
                  if stat and stat[0] not in "ZX" and condition(stat))


def children(parent):
    """The living children of a process."""
    return living(lambda stat: int(stat[1]) == parent)


def session(process):
    """All living processes of the session that a process began."""
    return living(lambda stat: int(stat[3]) == process.pid)


def kill_session(process):
    """Ends a process and all that came of it at once."""
    for pid in session(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)


def descriptors(pid):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid):
    """User and system time that a process has used."""
    stat = process_stat(pid)
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def wait_idle(pid):
    """Waits until a process has hardly run for a while."""
    def used():
        text = pathlib.Path(f"/proc/{pid}/schedstat").read_text()
        return int(text.split()[0])

    def idle():
        before = used()
        time.sleep(0.2)
        return used() - before < 2_000_000
    wait_until(idle, f"process {pid} is idle")


def open_files(pid):
    """The regular files and folders that a process has open."""
    names = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            names.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return [name for name in names if name.startswith("/")]


def peak_memory(pid):
    """The most resident memory that a process ever had, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(found(r"VmHWM:\s+(\d+) kB", status, "status").group(1)) * KIB
