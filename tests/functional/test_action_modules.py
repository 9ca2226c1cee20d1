#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--action: what is loaded, what is not, and a build outside the tree."""

import os
import pathlib
import re
import shlex
import subprocess

from support import harness
from support.harness import (TOP, check_response, equal, found, main, need, program,
                     run_tool, test, true, wait_until)
from support.modules import build_module, start_ways
from support.nginx import Nginx

EXAMPLE = TOP / "examples" / "action_events.c"
GOOD = """
#include <fcgi_stream/action.h>
static void start(struct action *action) { action_send_text(action, "%s"); }
const struct action_module fcgi_stream_action = {
	.size = %s, .abi_version = %s, .methods = %s, .start = %s, .load = %s,
	.reserved = %s, .request_fields = %s };
"""
# As one looks that was built with the header of a later version.
LONGER = """
#include <fcgi_stream/action.h>
static void start(struct action *action) { action_send_text(action, "longer"); }
struct longer { struct action_module known; long more[%d]; };
extern const struct longer longer __asm__("fcgi_stream_action");
const struct longer longer = { .known = { .size = %s,
	.abi_version = ACTION_ABI_VERSION, .methods = ACTION_GET,
	.start = start }, .more = { [%d] = %d } };
"""


def write_module(case, name, size="sizeof(struct action_module)",
                 version="ACTION_ABI_VERSION", methods="ACTION_GET",
                 start="start", load="0", reserved="0", fields="0",
                 more=""):
    """Builds a module that answers with its name, or is wrong."""
    path = case.dir / f"{name}.c"
    path.write_text(more + GOOD % (name, size, version, methods, start, load,
                                    reserved, fields))
    return build_module(case, path, "-Wno-unused-function")


def refuse(case, option, pattern):
    """Fails unless the option is refused, with this reason."""
    status, _, errors = case.run(
        f"--root={case.root}", f"--listen=unix:{case.dir}/s",
        f"--action={option}")
    equal(status, 2, f"exit status of --action={option}")
    found(pattern, errors, f"errors of --action={option}")
    true(not os.path.lexists(case.dir / "s"), "a socket was left")


# --- loading -----------------------------------------------------------------

@test
def several_modules_are_loaded(case):
    first, second = write_module(case, "first"), write_module(case, "second")
    longest = "a" + "b" * 31
    daemon = case.start(f"--action=one={first}", f"--action=two={second}",
                        f"--action={longest}={first}")
    for action, body in (("one", b"first"), ("two", b"second"),
                         (longest, b"first")):
        check_response(daemon.fetch("/x", STREAM_ACTION=action), 200, body)
        daemon.wait_access(action=action, status=200)
    check_response(daemon.fetch("/x", "POST", STREAM_ACTION="one"), 405)
    stored = case.store("file", b"still there")
    check_response(daemon.fetch("/file"), 200, stored.content())


@test
def the_parameters_of_a_module_are_its_own(case):
    """Any name may be one; for a built-in action it is a mistake."""
    case.store("file", 10)
    module = write_module(case, "own")
    daemon = case.start(f"--action=own={module}")
    for action, body in (("own", b"own"), ("", None)):
        check_response(daemon.fetch("/file", STREAM_ACTION=action,
                                    STREAM_INTERVALL=action or "file"),
                       200, body)
    daemon.wait_log(' warning .*STREAM_INTERVALL="file": no parameter of ')
    equal(daemon.log().count(" warning "), 1, "warnings")


@test
def bad_names_are_refused(case):
    path = write_module(case, "good")
    for name in ("", "A", "1a", "-a", "a b", "a.b", "a" * 33, "ä"):
        refuse(case, f"{name}={path}", "begins with a letter")
    refuse(case, "name", "not NAME=")
    for name in ("file", "probe"):
        refuse(case, f"{name}={path}", "built-in")
    status, _, errors = case.run(
        f"--root={case.root}", f"--listen=unix:{case.dir}/s",
        f"--action=a={path}", f"--action=a={path}")
    equal(status, 2, "exit status of a name twice")
    found("is the name of another --action", errors, "errors of a name twice")


@test
def what_is_no_module_is_refused(case):
    refuse(case, "a=", "not a path")
    refuse(case, "a=libc.so.6", "not a path")
    refuse(case, f"a={case.dir}/none.so", "none.so: cannot open")
    refuse(case, f"a={case.root}", "annot read file data|Is a directory")
    (case.dir / "text.so").write_text("text")
    refuse(case, f"a={case.dir}/text.so", "file too short|invalid ELF")
    empty = case.dir / "empty.c"
    empty.write_text("int nothing;\n")
    refuse(case, f"a={build_module(case, empty)}",
           "does not export `fcgi_stream_action`")
    missing = write_module(case, "missing", load="no_such_function",
                           more="int no_such_function(void);\n")
    refuse(case, f"a={missing}", "undefined symbol: no_such_function")


@test
def a_module_of_another_version_is_refused(case):
    for version in ("0", "ACTION_ABI_VERSION + 1"):
        path = write_module(case, "version", version=version)
        refuse(case, f"a={path}", "ACTION_ABI_VERSION")
    size = "sizeof(struct action_module)"
    first = "offsetof(struct action_module, request_fields)"
    for wrong in ("0", f"{first} - 1", f"{first} - 8", f"{first} + 1",
                  f"{size} - 1", f"{size} + 1", f"{size} + 8", "4096", "4097",
                  "0xffffffff"):
        path = write_module(case, "size", size=wrong)
        refuse(case, f"a={path}", "`size` is .*, not sizeof")
    path = write_module(case, "reserved", reserved="7")
    refuse(case, f"a={path}", "`reserved` is 7, not 0")
    for methods in ("0", "8"):
        path = write_module(case, "methods", methods=methods)
        refuse(case, f"a={path}", "`methods`")
    refuse(case, f"a={write_module(case, 'start', start='0')}", "`start` is NULL")
    # What has come later is not looked at in an older one.
    path = write_module(case, "older", size=first, fields='"bad, , list"')
    daemon = case.start(f"--action=a={path}")
    check_response(daemon.fetch("/", STREAM_ACTION="a"), 200, b"older")


@test
def a_module_of_a_newer_header_is_good_if_it_uses_nothing_of_it(case):
    def longer(number, more, size):
        path = case.dir / f"longer{number}{more}.c"
        path.write_text(LONGER % (number, size, number - 1, more))
        return build_module(case, path)
    for number in (1, 1000):
        path = longer(number, 0, "sizeof(longer)")
        daemon = case.start(f"--action=a={path}")
        check_response(daemon.fetch("/", STREAM_ACTION="a"), 200, b"longer")
        refuse(case, f"a={longer(number, 1, 'sizeof(longer)')}",
               "made for a newer version")
        for wrong in ("sizeof(longer) + 8", "sizeof(longer) - 1"):
            path = longer(number, 0, wrong)
            refuse(case, f"a={path}", "`size` is .*, not sizeof")


@test
def request_fields_are_names_with_commas(case):
    longest = "X-" + "a" * 1022
    for fields in ("", " ", "X-A,X-B", "X-A, ", ", X-A", "X A", "X-A:",
                   "X-A\\r\\nX-B", "X-A, , X-B", longest + "a"):
        path = write_module(case, "fields", fields=f'"{fields}"')
        refuse(case, f"a={path}", "`request_fields` is not a list")
    for fields in ("X-A", "X-A, X-B", longest):
        path = write_module(case, "fields", fields=f'"{fields}"')
        daemon = case.start(f"--action=a={path}")
        response = daemon.fetch(
            "/", "OPTIONS", STREAM_ACTION="a", STREAM_CORS="*",
            HTTP_ORIGIN="https://a", HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
        found(f", {fields}$", response.header("Access-Control-Allow-Headers"),
              "Access-Control-Allow-Headers")


@test
def load_is_called_once_in_the_master(case):
    body = ("#include <stdio.h>\n#include <unistd.h>\n"
            "static int load(void) { fprintf(stderr, \"loaded by %d\\n\","
            " (int)getpid()); return 0; }\n")
    path = write_module(case, "loads", load="load", more=body)
    daemon = case.start(f"--action=a={path}", workers=2)
    found_pids = re.findall(r"loaded by (\d+)", daemon.log())
    equal(found_pids, [str(daemon.master)], "who called load()")
    body = "static int load(void) { return -13; }\n"
    path = write_module(case, "denied", load="load", more=body)
    refuse(case, f"a={path}", "Permission denied")


@test
def so_many_modules_and_no_more(case):
    path = write_module(case, "good")
    options = [f"--action=a{number}={path}" for number in range(33)]
    daemon = case.start(*options[:32])
    check_response(daemon.fetch("/", STREAM_ACTION="a31"), 200, b"good")
    status, _, errors = case.run(f"--root={case.root}",
                                 f"--listen=unix:{case.dir}/s", *options)
    equal(status, 2, "exit status of 33 modules")
    found("more than 32 times", errors, "errors")


@test
def a_worker_that_is_replaced_has_the_actions_too(case):
    daemon = start_ways(case)
    daemon.deaths_expected = True
    worker = daemon.worker
    os.kill(worker, 9)
    wait_until(lambda: daemon.workers(1) not in ([], [worker]),
               "a new worker")
    response = daemon.fetch("/text", STREAM_ACTION="ways")
    check_response(response, 200, "hällo\n".encode())


# --- the example -------------------------------------------------------------

def check_events(case, daemon):
    """Fails unless curl gets events through nginx, until it leaves."""
    need("curl")
    nginx = Nginx(case, daemon, {"STREAM_ACTION": "events",
                                 "STREAM_INTERVAL": "5"})
    with subprocess.Popen(["curl", "-sN", nginx.url("x")],
                          stdout=subprocess.PIPE) as client:
        lines = [client.stdout.readline() for _ in range(9)]
        client.kill()
    for line in lines[::2]:
        found(r"^data: \d{10,}\n$", line.decode(), "an event")
    equal(set(lines[1::2]), {b"\n"}, "what ends an event")
    daemon.wait_access(action="events", end="aborted")


@test
def the_example_works_through_nginx(case):
    need("nginx")
    true(len(EXAMPLE.read_text().splitlines()) < 60, "it is too long")
    path = build_module(case, EXAMPLE)
    check_events(case, case.start(f"--action=events={path}"))


@test
def a_stop_ends_what_an_action_has_taken(case):
    path = build_module(case, EXAMPLE)
    daemon = case.start(f"--action=events={path}", "--drain-timeout=0")
    connection, response = daemon.begin("/x", STREAM_ACTION="events",
                                        STREAM_INTERVAL="5")
    connection.receive(response, until=lambda: response.length > 50)
    daemon.send_signal(15)
    equal(daemon.wait_exit(), 0, "exit status")
    connection.receive(response)
    true(response.broken, f"{response!r}")
    true("killing" not in daemon.log(), "a timer kept the worker")


def install(case):
    """Installs the program in a folder of its own; returns that."""
    build = pathlib.Path(program()).parent
    target = case.dir / "installed"
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "-C", build, "install", f"DESTDIR={target}"],
        capture_output=True, text=True, env=environment, check=False)
    equal(done.returncode, 0, f"make install: {done.stderr[-2000:]}")
    return target


def pkg_config(target, *words):
    """What pkg-config says of the installed package."""
    package = next(target.rglob("fcgi-stream.pc"))
    environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(target),
                   "PKG_CONFIG_PATH": str(package.parent)}
    done = subprocess.run(["pkg-config", *words, "fcgi-stream"],
                          env=environment, capture_output=True, text=True,
                          check=False)
    equal((done.returncode, done.stderr), (0, ""), f"pkg-config {words}")
    return done.stdout.strip()


@test(timeout=120)
def an_action_is_built_with_what_is_installed(case):
    need("make", "pkg-config", "cc", "nginx")
    target = install(case)
    flags = shlex.split(pkg_config(target, "--cflags"))
    version = run_tool(program(), "--version").decode().split()[-1]
    equal(pkg_config(target, "--modversion"), version, "the version")
    moduledir = pathlib.Path(
        pkg_config(target, "--variable=moduledir")).relative_to("/")
    outside = case.dir / "outside"
    outside.mkdir()
    source = outside / "events.c"
    source.write_text(EXAMPLE.read_text())
    modules = target / str(moduledir).replace(
        str(target.relative_to("/")) + "/", "")
    true(modules.is_dir(), f"no {modules}")
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
               *flags, "-o", modules / "events.so", source]
    done = subprocess.run([str(word) for word in command], cwd=outside,
                          capture_output=True, text=True, check=False)
    equal((done.returncode, done.stderr), (0, ""), "the build")
    installed = next(path for path in target.rglob("bin/fcgi-stream"))
    usual = harness.program
    harness.program = lambda: str(installed)
    try:
        daemon = case.start(f"--action=events={modules}/events.so")
    finally:
        harness.program = usual
    check_events(case, daemon)


# --- docs/WRITING_ACTIONS.md -------------------------------------------------

@test
def the_snippets_of_the_documentation_compile(case):
    text = (TOP / "docs" / "WRITING_ACTIONS.md").read_text()
    snippets = re.findall(r"^```c\n(.*?)^```$", text, re.DOTALL | re.M)
    true(len(snippets) >= 5, f"only {len(snippets)} snippets")
    true(EXAMPLE.read_text().partition("*/\n")[2] in text or
         EXAMPLE.read_text() in text, "the example is not the one in examples")
    for number, snippet in enumerate(snippets):
        if "mock_request" in snippet:
            continue
        path = case.dir / f"snippet{number}.c"
        path.write_text("#include <errno.h>\n#include <stdlib.h>\n"
                        "#include <uv.h>\n#include <fcgi_stream/action.h>\n"
                        + snippet)
        build_module(case, path, "-D_GNU_SOURCE", "-Wno-unused-function")


if __name__ == "__main__":
    main()
