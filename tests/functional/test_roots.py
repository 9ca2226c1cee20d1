#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Roots follow what stands at their names: links, folders, mounts."""

import os
import re
import shutil
import subprocess

from support.harness import (MIB, SANITIZED, Skip, check_file,
                             check_response, equal, found, main, need,
                             program, test, true, wait_until)
from support.modules import build_module
from support.nginx import Nginx
from support.odd_fronts import nginx as plain_nginx
from support.users import NUMBER, OtherUser

# Lets a look at a root whose name has "stuck" in it wait for ever, as one on a
# server that is gone would, as long as the file NAME is there.
HANGING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>
char *realpath(const char *path, char *resolved);

char *realpath(const char *path, char *resolved)
{
	char *(*next)(const char *, char *) = dlsym(RTLD_NEXT, "realpath");

	while (strstr(path, "stuck") && access("%s", F_OK) == 0)
		pause();
	return next(path, resolved);
}
"""


def release(case, name):
    """A folder with a file that has the folder's name in it."""
    folder = case.dir / name
    folder.mkdir()
    (folder / "file").write_text(name)
    return folder


def switch(link, target):
    """What ln -sfn does."""
    new = link.with_name("new-link")
    new.symlink_to(target)
    new.rename(link)


def answer(daemon, root, path="/file"):
    """Status and body of the file beneath this document root."""
    response = daemon.fetch(path, DOCUMENT_ROOT=str(root))
    true(response.complete, f"{response!r}")
    return response.status, response.body


def wait_for(daemon, root, body):
    """Waits until every worker serves this."""
    def all_do():
        connections = [daemon.connect() for _ in range(8)]
        try:
            answers = [one.ask(daemon.params(
                "/file", DOCUMENT_ROOT=str(root)), keep=True)
                       for one in connections]
        finally:
            for one in connections:
                one.close()
        return all(one.body == body for one in answers)
    wait_until(all_do, f"{body!r} from all workers")


def count(daemon, pattern):
    """How often the log has that."""
    return len(re.findall(pattern, daemon.log(), re.MULTILINE))


# --- links -------------------------------------------------------------------

@test
def a_link_that_is_switched_is_followed(case):
    first, second = release(case, "v1"), release(case, "v2")
    link = case.dir / "current"
    link.symlink_to("v1")
    daemon = case.start(roots=[link], workers=2)
    equal(answer(daemon, link), (200, b"v1"), "at first")
    equal(answer(daemon, first), (200, b"v1"), "by its real name")
    equal(answer(daemon, second)[0], 403, "status of the other release")
    switch(link, "v2")
    wait_for(daemon, link, b"v2")
    equal(answer(daemon, second), (200, b"v2"), "by its new real name")
    equal(answer(daemon, first)[0], 403, "status of the old release")
    # One worker speaks for all.
    daemon.wait_log(rf" notice --root={link}: leads to another folder now: "
                    rf"{second}$")
    shutil.rmtree(first)
    switch(link, second)
    equal(answer(daemon, link), (200, b"v2"), "with an absolute link")
    equal(count(daemon, "leads to another folder"), 1, "lines in the log")


@test
def a_deploy_behind_nginx_is_seen_by_its_clients(case):
    for name, extra in (("$document_root", None),
                        ("$realpath_root",
                         {"DOCUMENT_ROOT": "$realpath_root"})):
        for number in (1, 2):
            (case.dir / f"v{number}").mkdir(exist_ok=True)
            (case.dir / f"v{number}" / "page").write_text(f"v{number}")
        if case.root.is_symlink():
            case.root.unlink()
        else:
            case.root.rmdir()
        case.root.symlink_to("v1")
        daemon = case.start(workers=2)
        front = Nginx(case, daemon, extra)
        client = front.connect()
        for number in (1, 2, 1):
            switch(case.root, f"v{number}")
            expected = f"v{number}".encode()
            wait_until(lambda: [front.ask("/page", connection=client)[2]
                                for _ in range(10)] == 10 * [expected],
                       f"{expected} with {name}")
        daemon.stop()


@test
def a_folder_beneath_a_root_is_looked_up_each_time(case):
    release(case, "root/v1")
    release(case, "root/v2")
    link = case.root / "current"
    link.symlink_to("v1")
    daemon = case.start()
    for name in ("v2", "v1", "v2"):
        switch(link, name)
        equal(answer(daemon, link), (200, f"root/{name}".encode()),
              "at once")
    link.unlink()
    equal(answer(daemon, link)[0], 404, "status without the link")


# --- what runs meanwhile -----------------------------------------------------

@test
def what_runs_during_a_switch_ends_with_the_old_files(case):
    for name in ("v1", "v2"):
        release(case, name)
        for file in "abc":
            case.store(f"../{name}/set/{file}", 6 * MIB)
    link = case.dir / "current"
    link.symlink_to("v1")
    daemon = case.start(roots=[link])
    ways = [("/set/a", {}),
            ("/set/", {"STREAM_ACTION": "concat", "QUERY_STRING":
                       "f=a&f=b&f=c"}),
            ("/set/", {"STREAM_ACTION": "archive", "STREAM_FORMAT": "tar"}),
            ("/set/", {"STREAM_ACTION": "archive", "STREAM_FORMAT": "zip"})]
    whole = [daemon.fetch(path, DOCUMENT_ROOT=str(link), **more)
             for path, more in ways]
    running = [daemon.begin(path, DOCUMENT_ROOT=str(link), **more)
               for path, more in ways]
    for connection, response in running:
        connection.receive_bytes(response, MIB)
    switch(link, "v2")
    wait_for(daemon, link, b"v2")
    for expected, (connection, response) in zip(whole, running):
        connection.receive(response)
        check_response(response, 200, expected.body)


@test
def a_folder_that_is_gone_stays_as_long_as_it_is_read(case):
    first = release(case, "v1")
    release(case, "v2")
    stored = case.store("../v1/large", 32 * MIB)
    link = case.dir / "current"
    link.symlink_to("v1")
    daemon = case.start(roots=[link])
    connection, response = daemon.begin("/large", DOCUMENT_ROOT=str(link),
                                        keep_body=False)
    connection.receive_bytes(response, MIB)
    switch(link, "v2")
    wait_for(daemon, link, b"v2")
    shutil.rmtree(first)
    check_file(connection.receive(response), stored)
    # And then nothing of it is held: only the master has it.
    wait_until(lambda: not any(
        os.readlink(f"/proc/{daemon.worker}/fd/{number}").startswith(
            str(first)) for number in os.listdir(
                f"/proc/{daemon.worker}/fd")
        if os.path.lexists(f"/proc/{daemon.worker}/fd/{number}")),
               "the worker has let the old folder go")


# --- folders -----------------------------------------------------------------

@test
def a_folder_that_is_made_anew_is_taken(case):
    daemon = case.start(workers=2)
    case.store("file", b"old")
    equal(answer(daemon, case.root), (200, b"old"), "at first")
    shutil.rmtree(case.root)
    case.root.mkdir()
    case.store("file", b"new")
    wait_for(daemon, case.root, b"new")
    case.root.rename(case.dir / "away")
    release(case, "other").rename(case.root)
    wait_for(daemon, case.root, b"other")


@test
def a_root_that_is_gone_is_said_once_and_comes_back_by_itself(case):
    daemon = case.start(workers=2)
    case.store("file", b"here")
    case.root.rename(case.dir / "away")
    wait_until(lambda: all(answer(daemon, case.root)[0] == 503
                           for _ in range(10)), "503 from all workers")
    response = daemon.fetch("/file")
    true(int(response.header("Retry-After")) > 0, "no Retry-After")
    daemon.wait_log(r' error [\d-]+: DOCUMENT_ROOT=".*": its --root is not '
                    r"there now")
    line = (rf"\[(\d+)\] error --root={case.root}: No such file or directory; "
            "until it is back, requests beneath it are answered 503$")
    speaker = int(daemon.wait_log(line).group(1))
    # The one that comes in its place finds the same, and says it, too.
    daemon.deaths_expected = True
    os.kill(speaker, 9)
    daemon.wait_log(line, 2)
    wait_until(lambda: all(answer(daemon, case.root)[0] == 503
                           for _ in range(10)), "503 from all workers")
    equal(count(daemon, line), 2, "lines in the log")
    (case.dir / "away").rename(case.root)
    wait_for(daemon, case.root, b"here")
    daemon.wait_log(rf" notice --root={case.root}: is back: ")


@test
def a_mount_over_a_root_is_taken(case):
    need("unshare", "nsenter", "mount")
    inside = ("unshare", "--mount", "--propagation", "private", "--")
    probe = subprocess.run([*inside, "mount", "-t", "tmpfs", "none",
                            case.root], capture_output=True, check=False)
    if probe.returncode:
        raise Skip("nothing may be mounted here")
    case.store("file", b"beneath")
    daemon = case.start(prefix=inside)
    equal(answer(daemon, case.root), (200, b"beneath"), "at first")

    def run(script):
        subprocess.run(["nsenter", f"--mount=/proc/{daemon.master}/ns/mnt",
                        "sh", "-ec", script, "sh", case.root], check=True)
    run('mount -t tmpfs none "$1"; printf mounted >"$1/file"')
    wait_for(daemon, case.root, b"mounted")
    run('umount --lazy "$1"')
    wait_for(daemon, case.root, b"beneath")


# --- one that does not answer ------------------------------------------------

@test
def a_root_that_does_not_answer_holds_up_no_other(case):
    if SANITIZED:
        raise Skip("a sanitizer does not let itself be preloaded")
    source = case.dir / "hanging.c"
    source.write_text(HANGING % (case.dir / "hangs"))
    library = build_module(case, source)
    release(case, "v1")
    release(case, "v2")
    stuck, good = case.dir / "stuck", case.dir / "good"
    stuck.symlink_to("v1")
    good.symlink_to("v1")
    daemon = case.start(roots=[stuck, good],
                        env={"LD_PRELOAD": str(library)})
    (case.dir / "hangs").touch()
    switch(stuck, "v2")
    for name in ("v2", "v1", "v2"):
        switch(good, name)
        wait_for(daemon, good, name.encode())
        equal(answer(daemon, stuck), (200, b"v1"), "of the one that hangs")
    daemon.stop()
    true("did not stop" not in daemon.log(), "it had to be killed")


# --- one that may not be entered ---------------------------------------------

@test(timeout=120)
def a_root_that_may_not_be_entered_is_said_at_the_start(case):
    user = OtherUser(case)
    case.store("file", b"x")
    case.root.chmod(0o700)
    daemon = user.launch("--workers=1", "--probe").wait_ready()
    daemon.wait_log(rf" warning --root={case.root}: user {NUMBER} may not "
                    "enter this folder")
    equal(answer(daemon, case.root)[0], 403, "status")
    front = plain_nginx(case, daemon)

    def doctor():
        done = subprocess.run([program(), "doctor", front.url],
                              capture_output=True, text=True, check=False)
        return done.stdout
    found(r"PROBLEM +fcgi-stream may not enter the --root of DOCUMENT_ROOT\n",
          doctor(), "report")
    # It need not be started again.
    case.root.chmod(0o755)
    daemon.wait_log(rf" notice --root={case.root}: may be entered now$")
    equal(answer(daemon, case.root)[0], 200, "status")
    found(r"ok +DOCUMENT_ROOT is at or beneath a --root", doctor(), "report")
    case.root.rename(case.dir / "away")
    wait_until(lambda: answer(daemon, case.root)[0] == 503, "503")
    found(r"PROBLEM +the --root of DOCUMENT_ROOT is not there\n", doctor(),
          "report")


if __name__ == "__main__":
    main()
