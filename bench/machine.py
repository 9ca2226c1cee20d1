# SPDX-License-Identifier: MIT
"""On what, and of which versions, the figures are."""

import os
import pathlib
import platform
import re
import subprocess

PACKAGES = ("libfcgi0ldbl", "nginx", "php8.2-fpm", "twiggy",
            "libanyevent-aio-perl", "starman", "fio", "gcc")


def output_of(*words):
    """What a command prints, on one line; empty if it fails."""
    try:
        done = subprocess.run(words, capture_output=True, check=True,
                              text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return " ".join(done.stdout.split())


def field(path, name):
    """The value of a line "name: value"."""
    text = pathlib.Path(path).read_text(errors="replace")
    match = re.search(rf"^{name}\s*:\s*(.*)$", text, re.M)
    return match[1] if match else "unknown"


def package_versions():
    """The versions of the peers' Debian packages that are installed."""
    pairs = ((name, output_of("dpkg-query", "-W", "-f=${Version}", name))
             for name in PACKAGES)
    return {name: version for name, version in pairs if version}


def describe(folder, top):
    """The machine, for the head of a report."""
    return {
        "cores": os.cpu_count(),
        "processor": field("/proc/cpuinfo", "model name"),
        "memory_bytes": int(field("/proc/meminfo", "MemTotal").split()[0])
        * 1024,
        "kernel": platform.release(),
        "file_system": output_of("stat", "-f", "-c", "%T", str(folder)),
        "fcgi_stream": output_of(
            "git", "-C", str(top), "describe", "--always", "--dirty"),
        "versions": package_versions(),
    }
