#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The action probe over FastCGI: what it tells, sends, and does not do."""

import json
import os
import secrets
import signal

from support.harness import (KIB, MIB, check_response, equal, found, main, test, true,
                     wait_until)

NAME = ".fcgi-stream-probe"
BYTES = (b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n")
TOO_MANY = 32
SHOWN = 1024


def body(first, length):
    """The bytes of a probe's body from an offset on."""
    start = first % len(BYTES)
    return (BYTES * (length // len(BYTES) + 2))[start:start + length]


def token():
    """A token that was never used."""
    return secrets.token_hex(8)


def ask(daemon, query, path=f"/{NAME}", **extra):
    """One question on a connection of its own."""
    return daemon.fetch(path, QUERY_STRING=query, **extra)


def ask_json(daemon, query, **how):
    """The JSON answer to a question."""
    response = ask(daemon, query, **how)
    check_response(response, 200, what=query)
    equal(response.header("Content-Type"), "application/json", "type")
    equal(response.header("Cache-Control"), "no-store", "Cache-Control")
    equal(response.header("X-Content-Type-Options"), "nosniff", "sniffing")
    equal(int(response.header("Content-Length")), response.length, "length")
    answer = json.loads(bytes(response.body))
    equal(answer["fcgi_stream_probe"], 1, "the mark")
    return answer


def begin(daemon, query):
    """Sends a question and reads nothing: connection and response."""
    return daemon.begin(f"/{NAME}", QUERY_STRING=query)


def status(daemon, name):
    """What is known of the answer with a token."""
    return ask_json(daemon, f"test=status&token={name}")


def wait_end(daemon, name):
    """Waits until the answer with a token is over."""
    def over():
        state = status(daemon, name)
        return state["end"] != "none" and state
    return wait_until(over, "the answer is over")


# --- where it is -------------------------------------------------------------

@test
def without_the_option_it_is_not_there(case):
    daemon = case.start()
    for extra in ({}, {"STREAM_ACTION": "probe"}, {"STREAM_ACTION": "file"}):
        response = ask(daemon, "test=echo", **extra)
        check_response(response, 404, what=f"answer with {extra}")
    true("probe is on" not in daemon.log(), daemon.log())


@test
def with_the_option_it_is_there_by_name_and_by_path(case):
    daemon = case.start("--probe")
    found(r" notice .*--probe is on", daemon.log(), "log")
    for path, extra in ((f"/{NAME}", {}), (f"/a/b/{NAME}", {}),
                        (f"/{NAME}", {"STREAM_ACTION": "file"}),
                        ("/any", {"STREAM_ACTION": "probe"}),
                        ("", {"REQUEST_URI": f"/a/{NAME}?test=echo"})):
        ask_json(daemon, "test=echo", path=path, **extra)
    daemon.wait_access(5, action="probe", status=200)


@test
def other_paths_are_files_still(case):
    daemon = case.start("--probe")
    stored = case.store(f"x{NAME}", 10)
    check_response(ask(daemon, "test=echo", path=f"/x{NAME}"), 200,
                   stored.content())
    check_response(ask(daemon, "test=echo", path=f"/{NAME}/x"), 404)
    check_response(ask(daemon, "test=echo", path=f"/{NAME}",
                       STREAM_ACTION="other"), 404)


@test
def it_never_reads_a_file(case):
    daemon = case.start("--probe")
    case.store(NAME, b"a secret")
    response = ask(daemon, "test=echo")
    true(b"secret" not in response.body, "the file is sent")
    check_response(ask(daemon, ""), 400)


@test
def only_get_is_answered(case):
    daemon = case.start("--probe")
    for method in ("HEAD", "POST"):
        response = ask(daemon, "test=echo", method=method)
        check_response(response, 405, what=method)
        equal(response.header("Allow"), "GET, OPTIONS", "Allow")


@test
def what_is_no_question_is_answered_400(case):
    daemon = case.start("--probe")
    for query in ("", "test=other", "test=echo&size=1", "test=body",
                  "test=head&size=16385", "test=head&size=511",
                  "test=flood&size=67108865&token=" + token(),
                  "test=pieces&size=1&pause=5001&token=" + token(),
                  "test=status&token=1"):
        check_response(ask(daemon, query), 400, what=query)


# --- what it tells -----------------------------------------------------------

@test
def it_repeats_what_the_front_sent(case):
    daemon = case.start("--probe")
    answer = ask_json(
        daemon, "test=echo", HTTP_RANGE="bytes=0-1,4-5",
        SERVER_SOFTWARE="front/1.0", HTTP_IF_NONE_MATCH='"x"',
        SCRIPT_NAME="/s", PATH_INFO=None)
    params = answer["params"]
    equal(params["HTTP_RANGE"], "bytes=0-1,4-5", "HTTP_RANGE")
    equal(params["HTTP_IF_NONE_MATCH"], '"x"', "HTTP_IF_NONE_MATCH")
    equal(params["SERVER_SOFTWARE"], "front/1.0", "SERVER_SOFTWARE")
    equal(params["QUERY_STRING"], "test=echo", "QUERY_STRING")
    equal(params["REQUEST_METHOD"], "GET", "REQUEST_METHOD")
    equal(params["SCRIPT_NAME"], "/s", "SCRIPT_NAME")
    true("PATH_INFO" not in params, "PATH_INFO is there")
    equal(answer["path"], f"/{NAME}", "path")


@test
def it_keeps_secrets_and_folders_to_itself(case):
    daemon = case.start("--probe")
    secret = "n0t-to-be-seen"
    response = ask(daemon, "test=echo", HTTP_COOKIE=secret,
                   HTTP_AUTHORIZATION=secret, REMOTE_USER=secret,
                   SCRIPT_FILENAME=f"/{secret}", PATH_TRANSLATED=f"/{secret}",
                   STREAM_SECRET=secret)
    check_response(response, 200)
    true(secret.encode() not in response.body, "a secret is told")
    true(str(case.root).encode() not in response.body, "the root is told")


@test
def it_says_how_the_document_root_relates_to_the_roots(case):
    daemon = case.start("--probe")
    for given, said in ((case.root, "beneath"), (case.root / "a", "beneath"),
                        (case.dir, "outside"), ("/", "outside"),
                        (f"{case.root}/../x", "malformed"),
                        ("relative", "malformed"), (None, "absent"),
                        ("", "absent")):
        params = {"DOCUMENT_ROOT": given if given is None else str(given)}
        answer = ask_json(daemon, "test=echo", **params)
        equal(answer["document_root"], said, f"DOCUMENT_ROOT={given}")


@test
def bytes_that_are_not_utf_8_are_spelled_out(case):
    daemon = case.start("--probe")
    path = b"/\xff\xc3\xa9\"/" + NAME.encode()
    answer = ask_json(daemon, "test=echo", path=path)
    equal(answer["path"], '/\\xff\\xc3\\xa9"/' + NAME, "odd path")
    path = "/\u00e9\u20ac\n/" + NAME
    equal(ask_json(daemon, "test=echo", path=path)["path"], path, "path")


@test
def long_values_are_cut(case):
    daemon = case.start("--probe")
    for length, shown in ((SHOWN, SHOWN), (SHOWN + 1, SHOWN),
                          (60000, SHOWN)):
        answer = ask_json(daemon, "test=echo", HTTP_RANGE="\x01" * length)
        equal(answer["params"]["HTTP_RANGE"], "\x01" * shown, "HTTP_RANGE")
    path = "/" + "\u20ac" * 2000 + "/" + NAME
    answer = ask_json(daemon, "test=echo", path=path)
    true(path.endswith(answer["path"]), f"path {answer['path']}")
    true(SHOWN - 3 < len(answer["path"].encode()) <= SHOWN, "length of it")
    response = ask(daemon, "test=echo", HTTP_RANGE="\x01" * 60000)
    true(response.length < 16 * KIB, f"{response.length} bytes")


# --- bodies and heads --------------------------------------------------------

@test
def it_sends_a_body_and_a_range_of_it(case):
    daemon = case.start("--probe")
    response = ask(daemon, "test=body&size=100000")
    check_response(response, 200, body(0, 100000))
    response = ask(daemon, "test=body&size=100000",
                   HTTP_RANGE="bytes=70001-99998")
    check_response(response, 206, body(70001, 29998))
    equal(response.header("Content-Range"), "bytes 70001-99998/100000",
          "Content-Range")
    equal(response.header("X-Fcgi-Stream-Range"), "bytes=70001-99998",
          "the range as it came")


@test
def it_tells_of_many_ranges_and_sends_the_whole(case):
    daemon = case.start("--probe")
    response = ask(daemon, "test=body&size=100",
                   HTTP_RANGE="bytes=0-1,50-60")
    check_response(response, 200, body(0, 100))
    equal(response.header("X-Fcgi-Stream-Range"), "bytes=0-1,50-60",
          "the ranges as they came")
    response = ask(daemon, "test=body&size=100", HTTP_RANGE="x" * 10000)
    check_response(response, 200, body(0, 100))


@test
def a_range_that_is_no_field_value_is_left_out(case):
    daemon = case.start("--probe")
    for value in ("bytes=0-1\x01", "\x7f", "x" * 300 + "\n"):
        response = ask(daemon, "test=body&size=100", HTTP_RANGE=value)
        check_response(response, 200, body(0, 100), what=repr(value))
        equal(response.header("X-Fcgi-Stream-Range"), None, "the range")
    true(" error " not in daemon.log(), daemon.log())


@test
def its_long_head_has_just_the_length_asked_for(case):
    daemon = case.start("--probe")
    for size in (512, 513, 1000, 4080, 8176, 16 * KIB):
        response = ask(daemon, f"test=head&size={size}")
        check_response(response, 200, b"", what=f"head of {size}")
        equal(len(response.head) + 4, size, "length of the head")
        equal(response.header("X-Fcgi-Stream-Last"), "1", "the last field")


# --- slow answers ------------------------------------------------------------

@test
def a_pause_ends_when_it_is_released(case):
    daemon = case.start("--probe", workers=2)
    name = token()
    connection, response = begin(
        daemon, f"test=pieces&size=5000&pause=5000&token={name}")
    connection.receive_bytes(response, 5000)
    equal(response.length, 5000, "length of the first piece")
    state = status(daemon, name)
    equal((state["end"], state["released"]), ("none", False), "state")
    release = ask_json(daemon, f"test=release&token={name}")
    equal(release["released"], True, "release")
    check_response(connection.receive(response), 200, body(0, 10000))
    state = wait_end(daemon, name)
    equal((state["end"], state["released"], state["sent"]),
          ("complete", True, 10000), "state at the end")
    release = ask_json(daemon, f"test=release&token={name}")
    equal(release["released"], False, "a second release")


@test
def a_pause_ends_by_itself(case):
    daemon = case.start("--probe")
    name = token()
    response = ask(daemon, f"test=pieces&size=10&pause=200&token={name}")
    check_response(response, 200, body(0, 20))
    state = wait_end(daemon, name)
    equal((state["end"], state["released"]), ("complete", False), "state")
    true(state["lasted_ms"] >= 200, f"it lasted {state['lasted_ms']} ms")


@test
def a_cut_answer_is_broken_off(case):
    daemon = case.start("--probe")
    name = token()
    response = ask(daemon, f"test=cut&size=5000&pause=1&token={name}")
    true(response.broken and not response.complete, f"{response!r}")
    equal(response.body, body(0, 5000), "what came of it")
    equal(wait_end(daemon, name)["end"], "cut", "end")


@test
def a_front_that_leaves_is_remembered(case):
    daemon = case.start("--probe")
    name = token()
    connection, response = begin(
        daemon, f"test=pieces&size=5000&pause=5000&token={name}")
    connection.receive_bytes(response, 5000)
    connection.close()
    state = wait_end(daemon, name)
    equal((state["end"], state["sent"]), ("left", 5000), "state")
    for gone, known in ((name, True), (token(), False)):
        release = ask_json(daemon, f"test=release&token={gone}")
        equal((release["known"], release["released"]), (known, False),
              "release")


@test
def a_flood_stops_where_its_front_does(case):
    daemon = case.start("--probe", workers=2)
    name = token()
    connection, response = begin(
        daemon, f"test=flood&size=67108864&token={name}")
    # What was sent shows when more is asked for.
    connection.receive_bytes(response, 300000)
    equal(response.header("X-Accel-Buffering"), "no", "X-Accel-Buffering")
    sent = wait_until(lambda: status(daemon, name)["sent"], "bytes are sent")
    true(sent < 16 * MIB, f"{sent} bytes were sent")
    connection.close()
    state = wait_end(daemon, name)
    equal(state["end"], "left", "end")
    true(state["sent"] < 16 * MIB, f"{state['sent']} bytes were sent")


@test
def a_flood_arrives_whole(case):
    daemon = case.start("--probe")
    name = token()
    response = ask(daemon, f"test=flood&size=67108864&token={name}",
                   keep_body=False)
    check_response(response, 200)
    equal(response.length, 64 * MIB, "length")
    state = wait_end(daemon, name)
    equal((state["end"], state["sent"]), ("complete", 64 * MIB), "state")


@test
def a_flood_that_nobody_takes_has_its_time(case):
    daemon = case.start("--probe")
    name = token()
    connection, response = begin(
        daemon, f"test=flood&size=67108864&token={name}")
    connection.receive_bytes(response, 1)
    state = wait_until(lambda: status(daemon, name)["end"] != "none" and
                       status(daemon, name), "its time is up", timeout=30)
    equal(state["end"], "expired", "end")
    # By the clock of the loop, which is a little behind.
    true(state["lasted_ms"] >= 14000, f"it lasted {state['lasted_ms']} ms")
    found(r"error .*Timer expired", daemon.log(), "log")
    true(connection.receive(response).broken, f"{response!r}")


def fill(daemon, query):
    """Takes nothing of many answers, until one has no room and no time."""
    connection = daemon.connect()
    over = {"action": "probe", "reason": "Timer expired"}
    expired = len(daemon.access(**over))
    for _ in range(1000):
        count = len(daemon.access(action="probe"))
        begin = {"QUERY_STRING": query, "HTTP_RANGE": "\x01" * SHOWN}
        daemon.begin(f"/{NAME}", keep=True, connection=connection, **begin)
        wait_until(lambda n=count: len(daemon.access(action="probe")) > n,
                   "it is over", timeout=30)
        if len(daemon.access(**over)) > expired:
            return
    true(False, "all answers were taken")


@test(timeout=90)
def short_answers_have_no_more_time(case):
    daemon = case.start("--probe")
    for query in ("test=head&size=16384", "test=echo"):
        fill(daemon, query)


@test
def there_are_only_so_many_slow_answers(case):
    daemon = case.start("--probe", workers=2)
    running = [begin(daemon, "test=pieces&size=5000&pause=5000&token="
                     + token()) for _ in range(TOO_MANY)]
    for connection, response in running:
        connection.receive_bytes(response, 1)
        equal(response.status, 200, "status")
    response = ask(daemon, f"test=flood&size=1&token={token()}")
    check_response(response, 503)
    check_response(ask(daemon, "test=body&size=10"), 200, body(0, 10))


@test
def a_token_is_used_once(case):
    daemon = case.start("--probe")
    name = token()
    check_response(ask(daemon, f"test=flood&size=1&token={name}"), 200)
    check_response(ask(daemon, f"test=flood&size=1&token={name}"), 400)
    check_response(ask(daemon, f"test=status&token={token()}"), 404)


@test
def a_stop_waits_for_slow_answers(case):
    daemon = case.start("--probe")
    connection, response = begin(
        daemon, f"test=pieces&size=5000&pause=1000&token={token()}")
    connection.receive_bytes(response, 5000)
    daemon.send_signal(signal.SIGTERM)
    check_response(connection.receive(response), 200, body(0, 10000))


@test
def a_worker_may_die_under_an_answer(case):
    daemon = case.start("--probe")
    daemon.deaths_expected = True
    name = token()
    connection, response = begin(
        daemon, f"test=pieces&size=5000&pause=5000&token={name}")
    connection.receive_bytes(response, 5000)
    old = daemon.worker
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: daemon.workers(1) not in ([], [old]), "another worker")
    equal(status(daemon, name)["end"], "none", "end")


if __name__ == "__main__":
    main()
