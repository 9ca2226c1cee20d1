#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Options: what is accepted, what is refused and in which words."""

import os
import signal
import socket

from support.harness import (KIB, check_file, equal, found, main, test, true)

OPTIONS = ("root", "listen", "workers", "chunk-size", "aio-depth",
           "buffer-memory", "member-memory", "max-connections", "head-timeout",
           "send-timeout", "drain-timeout", "access-log", "probe", "action",
           "help", "version")

BAD_VALUES = (
    ("--workers", "", "0", "-1", "two", "1.5", "2x", "1000000000"),
    ("--chunk-size", "", "0", "-1", "12Q", "K", "1.5M", "0x1000", "256 K",
     "99999999999999999999", "20000000000G", "1T0"),
    ("--aio-depth", "", "0", "-5", "deep", "99999999999"),
    ("--buffer-memory", "", "0", "-64M", "much", "64MM"),
    ("--member-memory", "", "0", "-64M", "much", "64MM"),
    ("--max-connections", "", "0", "-1", "all", "99999999999"),
    ("--head-timeout", "", "0s", "-1s", "soon", "10q", "10s5"),
    ("--send-timeout", "", "-1s", "1d2", "99999999999999999999s"),
    ("--drain-timeout", "", "-1s", "later", "ms"),
    ("--access-log", "", "maybe", "1x"),
    ("--listen", "", "nonsense", "unix:", "unix:" + "x" * 200, "127.0.0.1",
     "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:65536", "127.0.0.1:-1",
     "127.0.0.1:x", "127.0.0.1:1x", "[::1]", "[::1", "[::1]:x", "::1:9000",
     ":9000", "/path/without/unix"),
    ("--root", "", "/nonexistent/folder", "/dev/null"),
)


def refuse(case, *options, env=None):
    """Runs with these options; fails unless it is refused; the errors."""
    status, output, errors = case.run(*options, env=env)
    equal(status, 2, f"exit status with {options}, which says {errors!r}")
    equal(output, "", f"standard output with {options}")
    true(errors.strip(), f"{options} are refused without a word")
    return errors


@test
def help_lists_every_option(case):
    status, output, errors = case.run("--help")
    equal((status, errors), (0, ""), "status and errors of --help")
    for option in OPTIONS:
        found(rf"--{option}\b", output, "help")


@test
def version_gives_name_and_number(case):
    status, output, errors = case.run("--version")
    equal((status, errors), (0, ""), "status and errors of --version")
    found(r"^fcgi-stream \d+\.\d+", output, "version")


def register_bad_values(option, *values):
    """Adds the test that bad values of one option are refused."""
    def body(case):
        usual = [f"--root={case.root}", f"--listen=unix:{case.dir}/s"]
        usual = [word for word in usual if not word.startswith(option)]
        accepted = []
        for value in values:
            word = f"{option}={value}"
            if case.run(*usual, word)[0] is None:
                accepted.append(value)
                continue
            found(option.lstrip("-"), refuse(case, *usual, word), word)
            true(not (case.dir / "s").exists(), "a socket is left behind")
        equal(accepted, [], f"values that {option} takes")
    body.__name__ = f"bad_values_of_{option}_are_refused"
    test(body)


for row in BAD_VALUES:
    register_bad_values(*row)


@test
def a_root_is_required(case):
    found("root", refuse(case, f"--listen=unix:{case.dir}/s"), "errors")


@test
def a_place_to_listen_is_required(case):
    errors = refuse(case, f"--root={case.root}",
                    env={"LISTEN_FDS": "", "LISTEN_PID": ""})
    found("listen", errors, "errors")


@test
def unknown_options_and_stray_words_are_refused(case):
    usual = [f"--root={case.root}", f"--listen=unix:{case.dir}/s"]
    found("colour", refuse(case, *usual, "--colour=red"), "errors")
    found("stray", refuse(case, *usual, "stray"), "errors")


@test
def units_of_sizes_and_durations_are_understood(case):
    stored = case.store("file", 300 * KIB)
    for options in (("--chunk-size=64K", "--buffer-memory=8192K",
                     "--head-timeout=500ms"),
                    ("--chunk-size=1M", "--buffer-memory=1G",
                     "--send-timeout=1h", "--drain-timeout=1m"),
                    ("--chunk-size=131072", "--max-connections=10",
                     "--aio-depth=1", "--head-timeout=2m")):
        daemon = case.start(*options)
        check_file(daemon.fetch("/file"), stored)
        daemon.stop()


@test
def the_log_says_when_all_workers_are_ready(case):
    daemon = case.start(workers=3)
    line = daemon.wait_log(r"^(\S+) fcgi-stream\[(\d+)\] notice ready: (.*)$")
    found(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", line.group(1), "time")
    equal(int(line.group(2)), daemon.process.pid, "process id in the log")
    found("^3 workers, listening on unix:", line.group(3), "text")
    equal(len(daemon.workers()), 3, "number of workers")


@test
def without_workers_option_there_is_one_for_each_core(case):
    daemon = case.launch(f"--listen=unix:{case.dir}/s")
    daemon.wait_ready()
    equal(len(daemon.workers()), len(os.sched_getaffinity(0)),
          "number of workers")


@test
def an_address_in_use_is_an_error_that_leaves_nothing_behind(case):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, errors = case.run(
            f"--root={case.root}", f"--listen=unix:{case.dir}/first",
            f"--listen=127.0.0.1:{port}")
    true(status, "it started with an address in use")
    found(rf"127\.0\.0\.1:{port}.*(in use|EADDRINUSE)", errors, "errors")
    true(not (case.dir / "first").exists(), "a socket is left behind")


@test
def the_access_log_has_a_line_for_each_request(case):
    stored = case.store("folder/file.txt", 1000)
    daemon = case.start("--access-log=on")
    daemon.fetch("/folder/file.txt", HTTP_RANGE="bytes=0-9")
    daemon.fetch("/folder/file.txt", method="HEAD")
    line = daemon.wait_access(status=206)
    found(rf"^{daemon.worker}-\w+$", line["id"], "id")
    found(r"^\d+\.\d{3}$", line["duration"], "duration")
    del line["id"], line["duration"]
    equal(line, {"action": "file", "method": "GET", "bytes": "10",
                 "path": "/folder/file.txt", "status": "206",
                 "end": "complete"}, "access line")
    equal(daemon.wait_access(status=200)["bytes"], "0", "bytes of HEAD")
    equal(stored.size, 1000, "size")


@test
def request_ids_of_the_access_log_differ(case):
    case.store("file", 10)
    daemon = case.start()
    for _ in range(5):
        daemon.fetch("/file")
    daemon.wait_access(count=5)
    equal(len({line["id"] for line in daemon.access()}), 5, "different ids")


@test
def the_access_log_escapes_what_could_forge_a_line(case):
    name = 'a"b\\c\n2026 access\x01\x7f end'
    case.store(name, 10)
    daemon = case.start()
    daemon.fetch("/" + name)
    daemon.wait_access(status=200)
    line = daemon.wait_log(r" access .*status=200.*").group()
    found(r'path="/a\\x22b\\x5cc\\x0a2026 access\\x01\\x7f end"',
          line.replace("\\x5C", "\\x5c").replace("\\x0A", "\\x0a")
          .replace("\\x7F", "\\x7f"), "line")


@test
def the_access_log_can_be_turned_off(case):
    case.store("file", 10)
    daemon = case.start("--access-log=off")
    daemon.fetch("/file")
    daemon.stop(signal.SIGTERM)
    equal(daemon.access(), [], "access lines")


if __name__ == "__main__":
    main()
