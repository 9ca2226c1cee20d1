#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The FastCGI protocol, record by record, on the raw socket."""

import threading
import time

from support import fastcgi
from support.fastcgi import (ABORT_REQUEST, BEGIN_REQUEST, CANT_MPX_CONN, END_REQUEST,
                     GET_VALUES_RESULT, PARAMS, STDIN, UNKNOWN_ROLE,
                     UNKNOWN_TYPE, Response, record)
from support.harness import (KIB, MIB, check_file, check_response, equal, main, test,
                     true, wait_idle, wait_until)

LARGE = 16 * MIB
VALUES = ("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS")


def serve(case, size=1000, *options):
    """A daemon and a file of this size that it serves as /file."""
    stored = case.store("file", size)
    return case.start(*options), stored


def check_goes_on(daemon, stored):
    """Fails unless a new connection is served."""
    check_file(daemon.fetch("/file"), stored, "a later response")


def send_quietly(connection, data):
    """Sends to a peer that may close the connection meanwhile."""
    try:
        connection.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def check_dropped(daemon, data, what):
    """Fails unless this makes the daemon close the connection."""
    connection = daemon.connect()
    send_quietly(connection, data)
    answer = connection.read_record()
    true(answer is None, f"{what}: answered with {answer!r}")


# --- management records ------------------------------------------------------

def check_values(connection):
    """Reads a GET_VALUES_RESULT that answers all three names."""
    answer = connection.read_record()
    equal((answer.kind, answer.request_id), (GET_VALUES_RESULT, 0),
          "type and request id of the answer")
    values = fastcgi.unpack_pairs(answer.content)
    equal(sorted(values), sorted(VALUES), "names in the answer")
    equal(values["FCGI_MPXS_CONNS"], "0", "FCGI_MPXS_CONNS")
    for name in VALUES[:2]:
        true(int(values[name]) > 0, f"{name} is {values[name]}")


@test
def get_values_answers_what_it_knows_and_no_more(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    connection.send(fastcgi.get_values("UNHEARD_OF", *VALUES))
    check_values(connection)
    for names in ((), ("UNHEARD_OF",)):
        connection.send(fastcgi.get_values(*names))
        answer = connection.read_record()
        equal((answer.kind, answer.content), (GET_VALUES_RESULT, b""),
              f"answer to {names}")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def get_values_may_come_before_between_and_after_requests(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for _ in range(3):
        connection.send(fastcgi.get_values(*VALUES))
        check_values(connection)
        check_file(connection.ask(daemon.params("/file"), keep=True), stored)


@test
def get_values_may_come_inside_a_request_head(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    content = fastcgi.pairs(daemon.params("/file"))
    connection.send(
        fastcgi.begin(keep=True) + fastcgi.get_values(*VALUES)
        + record(PARAMS, 1, content[:50]) + fastcgi.get_values(*VALUES)
        + record(PARAMS, 1, content[50:]) + fastcgi.get_values(*VALUES)
        + record(PARAMS, 1) + record(STDIN, 1))
    check_file(connection.receive(Response()), stored)
    kinds = [other.kind for other in connection.others]
    equal(kinds, [GET_VALUES_RESULT] * 3, "answers to GET_VALUES")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def an_unknown_management_type_is_answered_as_such(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for kind in (12, 99, 255):
        connection.send(record(kind, 0, b"content", padding=1))
        answer = connection.read_record()
        equal((answer.kind, answer.request_id), (UNKNOWN_TYPE, 0),
              "type and request id of the answer")
        equal(answer.content, bytes([kind]) + bytes(7), "content")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def management_records_may_be_of_any_length(case):
    """FastCGI specification, 4.1 and 4.2: no limit on names or content."""
    daemon, stored = serve(case)
    connection = daemon.connect()
    for before in (10, 50, 200, 3000):
        names = [f"NAME_{number:08}" for number in range(before)]
        connection.send(fastcgi.get_values(*names, *VALUES))
        check_values(connection)
    connection.send(fastcgi.get_values("N" * 60000, *VALUES))
    check_values(connection)
    for size in (0, 512, 513, fastcgi.LARGEST_CONTENT):
        for kind in (12, 255):
            connection.send(record(kind, 0, b"\xff" * size, padding=255))
            answer = connection.read_record()
            equal((answer.kind, answer.content),
                  (UNKNOWN_TYPE, bytes([kind]) + bytes(7)),
                  f"answer to {size} bytes of type {kind}")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def a_long_management_record_does_not_break_an_answer(case):
    daemon, stored = serve(case, LARGE)
    connection, response = daemon.begin("/file", keep=True)
    connection.receive_bytes(response, MIB)
    names = [f"NAME_{number:08}" for number in range(3000)]
    for data in (fastcgi.get_values(*names, *VALUES),
                 record(77, 0, bytes(fastcgi.LARGEST_CONTENT))):
        sender = threading.Thread(target=connection.send, args=(data,))
        sender.start()
        connection.receive_bytes(response, response.length + MIB)
        sender.join()
    check_file(connection.receive(response), stored)
    kinds = [other.kind for other in connection.others]
    equal(kinds, [GET_VALUES_RESULT, UNKNOWN_TYPE], "answers")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def management_while_streaming_comes_between_whole_records(case):
    daemon, stored = serve(case, LARGE)
    connection, response = daemon.begin("/file", keep=True)
    for step in range(1, 9):
        connection.send(fastcgi.get_values(*VALUES) + record(77, 0))
        connection.receive_bytes(response, step * MIB)
    check_file(connection.receive(response), stored)
    kinds = [other.kind for other in connection.others]
    equal(kinds, [GET_VALUES_RESULT, UNKNOWN_TYPE] * 8, "answers")
    check_file(connection.ask(daemon.params("/file")), stored)


# --- roles and second requests -----------------------------------------------

@test
def a_role_other_than_responder_is_refused(case):
    daemon, stored = serve(case)
    rest = (fastcgi.stream(PARAMS, fastcgi.pairs(daemon.params("/file")), 7)
            + record(STDIN, 7))
    connection = daemon.connect()
    for role in (fastcgi.AUTHORIZER, fastcgi.FILTER, 0, 99):
        connection.send(fastcgi.begin(7, keep=True, role=role) + rest)
        answer = connection.read_record()
        equal(answer.request_id, 7, "request id of the answer")
        equal(answer.end_request()[1], UNKNOWN_ROLE, "protocol status")
    check_file(connection.ask(daemon.params("/file")), stored)
    connection = daemon.connect()
    connection.send(fastcgi.begin(7, role=fastcgi.FILTER) + rest)
    equal(connection.read_record().kind, END_REQUEST, "type of the answer")
    true(connection.is_closed(), "kept without FCGI_KEEP_CONN")


def check_cannot_multiplex(connection, request_ids):
    """Fails unless just these requests were refused on the way."""
    refused = [(other.request_id, other.end_request()[1])
               for other in connection.others]
    equal(refused, [(number, CANT_MPX_CONN) for number in request_ids],
          "refused requests")


@test
def a_second_request_while_streaming_is_refused(case):
    daemon, stored = serve(case, LARGE)
    connection, response = daemon.begin("/file", keep=True)
    for number in range(2, 10):
        connection.receive_bytes(response, (number - 1) * MIB)
        connection.send(fastcgi.request(daemon.params("/file"), number))
    check_file(connection.receive(response), stored)
    check_cannot_multiplex(connection, range(2, 10))
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def a_second_request_inside_a_head_is_refused(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    head = fastcgi.head(daemon.params("/file"), keep=True, size=100)
    connection.send(head[:16] + fastcgi.begin(2) + head[16:]
                    + record(STDIN, 1))
    check_file(connection.receive(Response()), stored)
    check_cannot_multiplex(connection, [2])
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def any_request_id_is_taken(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for number in (1, 2, 255, 256, 65535, 1):
        check_file(connection.ask(daemon.params("/file"), keep=True,
                                  request_id=number), stored)


# --- how a request is cut into records and reads -----------------------------

@test
def a_request_split_at_every_byte_is_understood(case):
    daemon, stored = serve(case)
    data = fastcgi.request(daemon.params("/file"), keep=True)
    connection = daemon.connect()
    for at in range(1, len(data)):
        connection.send(data[:at])
        connection.wait_taken()
        connection.send(data[at:])
        check_file(connection.receive(Response()), stored, f"split at {at}")


@test
def a_request_sent_byte_by_byte_is_understood(case):
    daemon, stored = serve(case)
    data = fastcgi.request(daemon.params("/file"), keep=True)
    connection = daemon.connect()
    for _ in range(2):
        for at in range(len(data)):
            connection.send(data[at:at + 1])
            connection.wait_taken()
        check_file(connection.receive(Response()), stored)


@test
def params_may_be_cut_into_records_of_any_size(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for size in (1, 2, 7, 8, 100):
        for padding in (0, 1, 7, 255) if size > 7 else (0, 3):
            connection.send(fastcgi.head(
                daemon.params("/file"), 1, True, size, padding)
                + record(STDIN, 1, padding=padding))
            check_file(connection.receive(Response()), stored,
                       f"records of {size} bytes, padding {padding}")


@test
def a_long_head_is_taken_and_an_over_long_one_is_dropped(case):
    daemon, stored = serve(case)
    for length in (127, 128, 8 * KIB, 60 * KIB):
        response = daemon.fetch("/file", HTTP_COOKIE="x" * length)
        check_file(response, stored, f"with a cookie of {length} bytes")
    for length in (66 * KIB, 1 * MIB):
        params = daemon.params("/file", HTTP_COOKIE="x" * length)
        check_dropped(daemon, fastcgi.request(params), f"{length} bytes")
    wait_until(lambda: daemon.log().count("64 KiB") >= 2, "two log lines")
    check_goes_on(daemon, stored)


@test
def an_endless_head_is_dropped(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    piece = record(PARAMS, 1, fastcgi.pairs({"HTTP_X": "y" * 1000}))
    sent = fastcgi.begin()
    try:
        for _ in range(1000):
            connection.send(sent)
            sent = piece
    except (BrokenPipeError, ConnectionResetError):
        pass
    true(connection.is_closed(), "it was answered")
    check_goes_on(daemon, stored)


# --- kept connections --------------------------------------------------------

@test
def a_thousand_requests_go_over_one_kept_connection(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    params = daemon.params("/file")
    for number in range(1000):
        check_file(connection.ask(params, keep=True), stored, f"{number}")
    daemon.wait_access(count=1000, status=200, end="complete")
    check_file(connection.ask(params), stored)
    true(connection.is_closed(), "kept although not asked to")


@test
def errors_keep_the_connection_too(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for _ in range(3):
        for path, method, status in (("/none", "GET", 404),
                                     ("/../x", "GET", 403),
                                     ("/file", "PUT", 405)):
            response = connection.ask(daemon.params(path, method), keep=True)
            check_response(response, status)
        check_file(connection.ask(daemon.params("/file"), keep=True), stored)


@test
def without_keep_conn_it_closes_after_the_end(case):
    daemon, _ = serve(case)
    for path in ("/file", "/none"):
        connection = daemon.connect()
        true(connection.ask(daemon.params(path)).complete, "not complete")
        true(connection.is_closed(), f"{path}: the connection stays open")


# --- request bodies ----------------------------------------------------------

@test
def request_bodies_are_drained(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for length in (1, 65535, 65536, 4 * MIB):
        body = bytes(length)
        params = daemon.params("/file", CONTENT_LENGTH=str(length))
        sender = threading.Thread(
            target=send_quietly, daemon=True,
            args=(connection, fastcgi.request(params, 1, True, body)))
        sender.start()
        check_file(connection.receive(Response()), stored, f"{length}")
        sender.join()
    params = daemon.params("/file", "POST", CONTENT_LENGTH="3")
    check_response(connection.ask(params, True, b"abc"), 405)
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def a_body_may_arrive_while_the_file_is_streaming(case):
    daemon, stored = serve(case, LARGE)
    connection = daemon.connect()
    connection.send(fastcgi.head(daemon.params("/file"), keep=True))
    response = Response()
    for step in range(1, 9):
        connection.receive_bytes(response, step * MIB)
        connection.send(record(STDIN, 1, b"z" * 10000, padding=8))
    connection.send(record(STDIN, 1))
    check_file(connection.receive(response), stored)
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def a_response_is_sent_before_its_body_and_ends_after_it(case):
    daemon, stored = serve(case)
    connection = daemon.connect()
    for path, method, length in (("/file", "GET", 1000), ("/none", "GET", 14),
                                 ("/file", "POST", 23), ("/file", "HEAD", 0)):
        connection.send(fastcgi.head(daemon.params(path, method), keep=True)
                        + record(STDIN, 1, b"z" * 1000))
        response = Response()
        connection.receive(response, until=lambda response=response,
                           length=length: response.head is not None and
                           response.length == length)
        wait_idle(daemon.worker)
        equal(connection.waiting(), 0, f"more bytes for {method} {path}")
        connection.send(fastcgi.get_values(*VALUES))
        equal(connection.read_record().kind, GET_VALUES_RESULT,
              f"answer to GET_VALUES beside {method} {path}")
        connection.send(record(STDIN, 1, b"z" * 10) + record(STDIN, 1))
        connection.receive(response)
        true(response.complete, f"{response!r}")
        equal(response.length, length, f"length for {method} {path}")
    check_file(connection.ask(daemon.params("/file")), stored)


@test
def a_request_may_follow_the_end_of_a_body_at_once(case):
    """HAProxy has the whole answer by then, and uses the connection again."""
    daemon, stored = serve(case)
    connection = daemon.connect()
    for number in range(1, 8, 2):
        connection.send(fastcgi.head(daemon.params("/file", "POST"), number,
                                     keep=True)
                        + record(STDIN, number, b"z" * 1000))
        response = Response()
        connection.receive(response, number, until=lambda response=response:
                           response.head is not None and
                           response.length == 23)
        connection.send(record(STDIN, number) + fastcgi.request(
            daemon.params("/file"), number + 1, keep=True))
        connection.receive(response, number)
        true(response.complete, f"{response!r}")
        response = Response()
        connection.receive(response, number + 1)
        check_file(response, stored)


@test
def who_leaves_before_the_end_of_its_body_had_a_complete_answer(case):
    daemon, stored = serve(case)
    with daemon.connect() as connection:
        connection.send(fastcgi.head(daemon.params("/file"))
                        + record(STDIN, 1, b"z"))
        response = Response()
        connection.receive(
            response, until=lambda: response.length == stored.size)
    daemon.wait_access(path="/file", bytes=stored.size, end="complete")


# --- what is malformed --------------------------------------------------------

@test
def records_of_no_request_are_never_answered(case):
    daemon, stored = serve(case)
    for data in (record(PARAMS, 1, b"\1\1ab") + record(PARAMS, 1),
                 record(STDIN, 3, b"abc"), record(ABORT_REQUEST, 5)):
        connection = daemon.connect()
        send_quietly(connection, data + fastcgi.get_values(*VALUES))
        answer = connection.read_record()
        true(answer is None or answer.kind == GET_VALUES_RESULT,
             f"{data!r} is answered with {answer!r}")
    check_goes_on(daemon, stored)


@test
def what_is_not_fastcgi_is_dropped_with_a_log_line(case):
    daemon, stored = serve(case)
    whole = fastcgi.request(daemon.params("/file"))
    for data, what in (
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP"),
            (b"\0" + whole[1:], "version 0"),
            (b"\2" + whole[1:], "version 2"),
            (record(BEGIN_REQUEST, 1, b"\0\1\0"), "short BEGIN_REQUEST"),
            (record(BEGIN_REQUEST, 1, bytes(9)), "long BEGIN_REQUEST"),
            (fastcgi.begin() + fastcgi.begin(), "BEGIN_REQUEST twice"),
            (fastcgi.begin() + record(STDIN, 1, b"x"), "STDIN in the head"),
            (fastcgi.begin() + record(PARAMS, 1, version=3), "version 3"),
            (bytes(range(256)) * 64, "noise")):
        before = daemon.log()
        check_dropped(daemon, data, what)
        wait_until(lambda: daemon.log() != before, f"a log line on {what}")
    check_goes_on(daemon, stored)


@test
def damaged_params_never_get_a_file(case):
    daemon, stored = serve(case)
    good = fastcgi.pairs(daemon.params("/file"))
    for content in (good[:-1], good + b"\x05", good + b"\x05\xff\xff",
                    b"\xff" * 8 + good, good + b"\x80\x00\xff\xff\x01ab",
                    good + b"\x01\xff\xff\xff\xffa"):
        connection = daemon.connect()
        connection.send(fastcgi.begin()
                        + fastcgi.stream(PARAMS, content) + record(STDIN, 1))
        response = connection.receive(Response())
        true(response.complete and response.status == 400,
             f"{content[-20:]!r} is answered with {response!r}")
    check_goes_on(daemon, stored)


@test
def records_in_pieces_do_not_time_a_kept_connection_out(case):
    """The timer for heads is not for records that are none."""
    daemon, stored = serve(case, 1000, "--head-timeout=1s")
    connection = daemon.connect()
    check_file(connection.ask(daemon.params("/file"), keep=True), stored)
    for data in (fastcgi.get_values(*VALUES), record(STDIN, 1, b"12345678")):
        connection.send(data[:5])
        connection.wait_taken()
        connection.send(data[5:])
        if data[1] != STDIN:
            check_values(connection)
    begun = time.monotonic()
    while time.monotonic() < begun + 1.5:
        check_file(connection.ask(daemon.params("/file"), keep=True), stored)
        time.sleep(0.1)


@test
def a_half_sent_head_times_a_kept_connection_out(case):
    daemon, stored = serve(case, 1000, "--head-timeout=1s")
    connection = daemon.connect()
    check_file(connection.ask(daemon.params("/file"), keep=True), stored)
    connection.send(fastcgi.request(daemon.params("/file"))[:20])
    true(connection.read_record() is None, "it is answered")


@test
def garbage_while_streaming_breaks_only_that_stream(case):
    daemon, stored = serve(case, LARGE)
    one, first = daemon.begin("/file")
    two, second = daemon.begin("/file")
    one.receive_bytes(first, MIB)
    one.send(b"garbage, and enough of it")
    true(one.receive(first).broken, "it was sent to the end")
    check_file(two.receive(second), stored)
    daemon.wait_access(end="aborted")


@test
def damaged_requests_by_the_hundred_harm_nobody(case):
    daemon, stored = serve(case)
    whole = fastcgi.request(daemon.params("/file"))
    for at in range(0, len(whole), 3):
        for value in (0, 0x7f, 0xff):
            with daemon.connect() as connection:
                damaged = whole[:at] + bytes([value]) + whole[at + 1:]
                connection.send(damaged)
    check_goes_on(daemon, stored)


if __name__ == "__main__":
    main()
