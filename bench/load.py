# SPDX-License-Identifier: MIT
"""The load generator as a subprocess."""

import contextlib
import json
import subprocess

from support.checks import Failure


class Load:
    """Runs fcgi_load and reads its report."""

    def __init__(self, program):
        self.program = program

    def command(self, peer, files, **options):
        """Its command line; an option of None or False is left out."""
        words = [str(self.program), "--json", *peer.words()]
        for name, value in options.items():
            option = "--" + name.replace("_", "-")
            if value is True:
                words.append(option)
            elif value not in (None, False):
                if isinstance(value, float):
                    value = round(value, 3)
                words.append(f"{option}={value}")
        return words + [file.request_path for file in files]

    def run(self, peer, files, limit=180, **options):
        """A run to its end, at most `limit` seconds: its report."""
        with self.background(peer, files, limit, **options) as finish:
            return finish()

    @contextlib.contextmanager
    def background(self, peer, files, limit=180, **options):
        """Starts a run; what is given waits for its end and reports.

        A run that was not waited for is broken off at the end.
        """
        command = self.command(peer, files, **options)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

        def finish():
            try:
                output, errors = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                raise Failure(f"no end in {limit} s") from None
            if process.returncode:
                raise Failure(errors.decode(errors="replace")[-500:].strip())
            return json.loads(output)
        try:
            yield finish
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def check(self, peer, file, copy=None, times=2):
        """Fails unless the peer sends this file's bytes so many times.

        They are compared with the file, or with a copy of it that is given:
        to compare brings what is compared with into the page cache.
        """
        options = ({"expect_length": file.size} if peer.own_bytes else
                   {"check": copy or file.path})
        report = self.run(peer, [file], requests=times, connections=1,
                          **options)
        if report["requests"] != times or error_count(report):
            raise Failure(
                f"{peer.name} does not send {file.path.name}: "
                f"{report['requests']} of {times}, {report['errors']}")


def error_count(report):
    """All errors of a report."""
    return sum(report["errors"].values())


def measured(peer, run):
    """A report with what the peer's processes used for it.

    cpu_seconds is user and system time of the server, without nginx in
    front of it; that is front_cpu_seconds.
    """
    before, front_before = peer.cpu(), peer.front_cpu()
    report = run()
    used = peer.cpu() - before
    report.update(load_cpu_seconds=report.get("cpu_seconds"),
                  cpu_seconds=used,
                  front_cpu_seconds=peer.front_cpu() - front_before,
                  failed=error_count(report))
    if report["bytes"]:
        report["cpu_ns_per_byte"] = used * 1e9 / report["bytes"]
    if report["requests"]:
        report["cpu_us_per_request"] = used * 1e6 / report["requests"]
    return report
