#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Actions in shared objects that make mistakes: the server lives, each request
gets an answer that is not taken for a good one, and the log names the action."""

import pathlib
import re
import time

from support.harness import (SLOWNESS, check_response, equal, main, test, true,
                     wait_until)
from support.modules import build_module

# What is asked, and what the log has of it after the action's name.
FAILED = {
    "write-too-much": r"action_write\(\) of 65537 bytes: action_room\(\) is",
    "print-too-much": r"action_print\(\) of 100 bytes: action_room\(\) is \d+",
    "write-null": r"action_write\(\) of 3 bytes at NULL",
    "print-null": r"action_print\(.*null",
    "send-null": r"action_send_text\(\)",
    "send-endless": r"action_send_bytes\(\)",
    "send-no-chunks": r"action_send_fd\(\)",
    "send-after-print": r"action_send_text\(\) after the answer has begun",
    "refuse-after-print": r"action_refuse\(\) after the answer has begun",
}
# These have no other side to them after the head.
FAILED_EARLY = {
    "more-than-promised": r"action_write\(\) of 4 bytes: only 3 are left",
    "less-than-promised": "ended before the bytes that action_length",
    "nothing": "returned without an answer",
    "forget-to-take": "returned without an answer",
    "nothing-to-a-file": "returned without an answer",
    "fail-with-0": r"action_fail\(0\): not a negative errno",
    "fail-with-an-errno": r"action_fail\(2\): not a negative errno",
    "fail-with-libuvs": r"action_fail\(-4095\): end of file",
    "refuse-with-success": r"action_refuse\(200\): not a status",
    "send-no-descriptor": r"action_send_fd\(-1\): Bad file descriptor",
    "read-into-nothing": r"action_read_body\(10, NULL\)",
    "open-for-nobody": r"action_open\(\): `done` is NULL",
}


def start_mistakes(case, *options):
    """A daemon with the action of support/mistakes.c."""
    source = pathlib.Path(__file__).parent / "support" / "mistakes.c"
    path = build_module(case, source, "-Wno-nonnull", "-Wno-format",
                        "-Wno-format-nonliteral", "-Wno-format-security")
    return case.start(f"--action=mine={path}", *options)


def ask(daemon, mistake, query="", method="GET", body=b""):
    """One request that makes one mistake."""
    return daemon.fetch(f"/{mistake}", method, body=body, STREAM_ACTION="mine",
                        QUERY_STRING=query)


def check_alive(daemon, worker):
    """Fails unless it is the same worker that answers."""
    check_response(daemon.fetch("/file"), 200, b"a file")
    equal(daemon.worker, worker, "the worker")


@test
def what_is_not_whole_is_a_500(case):
    case.store("file", b"a file")
    daemon = start_mistakes(case)
    worker = daemon.worker
    for mistake, pattern in {**FAILED, **FAILED_EARLY}.items():
        response = ask(daemon, mistake)
        check_response(response, 500, b"500 Internal Server Error\n", mistake)
        daemon.wait_log(rf"\d+-\d+: action mine: {pattern}")
        # Without a body to be sent, none can be too short.
        if mistake != "less-than-promised":
            response = ask(daemon, mistake, method="HEAD")
            check_response(response, 500, b"", mistake)
        check_alive(daemon, worker)
    response = ask(daemon, "nothing-to-a-body", "", "POST", b"body")
    check_response(response, 500)
    check_response(ask(daemon, "fail-with-the-clients"), 500)
    check_alive(daemon, worker)


@test
def what_is_not_whole_is_broken_off_after_the_head(case):
    case.store("file", b"a file")
    daemon = start_mistakes(case)
    worker = daemon.worker
    for mistake, pattern in FAILED.items():
        response = ask(daemon, mistake, "late")
        true(response.broken and not response.complete,
             f"{mistake}: {response!r}")
        true(b"more" not in response.body, f"{mistake}: it went on")
        daemon.wait_log(rf"\d+-\d+: action mine: {pattern}")
        check_alive(daemon, worker)


@test
def a_second_answer_does_not_count(case):
    daemon = start_mistakes(case)
    check_response(ask(daemon, "end-twice"), 200, b"once\n")
    daemon.wait_log(
        r"action mine: action_send_text\(\) after the end of the answer")


@test
def a_handle_that_is_over_reaches_nobody(case):
    case.store("file", b"a file")
    daemon = start_mistakes(case)
    worker = daemon.worker
    check_response(ask(daemon, "keep"), 200, b"kept\n")
    # Many others come and go: the memory of the first is used again.
    for number in range(1203):
        check_response(ask(daemon, "end-twice"), 200, b"once\n",
                       f"request {number}")
        if number % 400 < 3:
            response = ask(daemon, "use-kept")
            check_response(response, 200, b"mine\n")
            equal(response.header("X-Stolen"), None, "a field of another")
    late = r"action mine: action_set_state\(\) with a handle whose request"
    daemon.wait_log(late)
    true(len(re.findall(late, daemon.log())) < 4, "it floods the log")
    daemon.wait_log(r"action \(unknown\): action_set_state\(\) with a handle")
    check_alive(daemon, worker)


@test
def a_timer_that_goes_on_is_named(case):
    case.store("file", b"a file")
    daemon = start_mistakes(case)
    worker = daemon.worker
    check_response(ask(daemon, "end-and-tick"), 200, b"ended\n")
    daemon.wait_log(r"action mine: action_print\(\) with a handle whose request")
    check_response(ask(daemon, "forget-to-take"), 500)
    daemon.wait_log(
        r"action mine: action_print\(\) with a handle whose request", count=2)
    check_alive(daemon, worker)


@test
def a_timer_of_the_worker_does_not_hold_up_a_stop(case):
    for query in ("unref", ""):
        daemon = start_mistakes(case)
        check_response(ask(daemon, "leave-a-timer", query), 200, b"left\n")
        began = time.monotonic()
        daemon.send_signal(15)
        equal(daemon.wait_exit(), 0, "exit status")
        # It would be killed after 35 seconds.
        true(time.monotonic() - began < 5 * SLOWNESS, "it took long")
        true("killing" not in daemon.log(), "it was killed")
        named = "stopping with 1 libuv handles of an --action open"
        equal(named in daemon.log(), not query, f"the log of {query!r}")


@test
def clients_that_leave_in_the_middle_of_it_do_no_harm(case):
    case.store("file", b"a file")
    daemon = start_mistakes(case)
    worker = daemon.worker
    mistakes = [*FAILED, *FAILED_EARLY, "end-and-tick", "forget-to-take"]
    for mistake in mistakes:
        for query in ("", "late"):
            connection, _ = daemon.begin(f"/{mistake}", STREAM_ACTION="mine",
                                         QUERY_STRING=query)
            connection.close()
    wait_until(lambda: len(daemon.access(action="mine")) == 2 * len(mistakes),
               "all requests are over")
    check_alive(daemon, worker)


if __name__ == "__main__":
    main()
