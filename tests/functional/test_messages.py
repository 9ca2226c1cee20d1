#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator reads: the wording of the most common messages.

A message names the parameter or option, its value, what would be right, and
the file with the folder that it was looked for in.
"""

import os
import re
import unicodedata
import urllib.parse

from support import fastcgi
from support.harness import TOP, check_response, equal, found, main, test, true

MANUAL = TOP / "docs" / "fcgi-stream.8"

COMMAND_LINE = (
    (("--workers=two",), "--workers=two: not a number from 1 to 1024"),
    (("--chunk-size=12Q",), "--chunk-size=12Q: not a size from 16K to 1M"),
    (("--chunk-size=20000",), "--chunk-size=20000: not a multiple of 4096"),
    (("--head-timeout=soon",),
     "--head-timeout=soon: not a time from 1ms to 24h"),
    (("--page-cache=some",), "--page-cache=some: not auto, always or never"),
    (("--access-log=maybe",), "--access-log=maybe: not on or off"),
    (("--listen=localhost",),
     "--listen=localhost: not unix:PATH, HOST:PORT or [V6]:PORT"),
    (("--listen=::1:9000",),
     "--listen=::1:9000: an IPv6 address needs brackets: [V6]:PORT"),
    (("--root=/none/such",), "--root=/none/such: No such file or directory"),
    (("--action=file=/x.so",),
     "--action=file=/x.so: file is a built-in action"),
    (("--colour=red",), "unrecognized option '--colour=red'"),
)

# Parameters, the status, and the message without what names the file.
REFUSALS = (
    ({"STREAM_RATE": "2MB"}, 500,
     'STREAM_RATE="2MB": not a rate such as 500K or 2M, up to 1024G'),
    ({"STREAM_EXPIRES": "soon"}, 500,
     'STREAM_EXPIRES="soon": not a time such as 30s, 1h30m or 7d, nor epoch, '
     'max or off'),
    ({"STREAM_DISPOSITION": "save"}, 500,
     'STREAM_DISPOSITION="save": not attachment or inline'),
    ({"STREAM_CONTENT_TYPE": "text"}, 500,
     'STREAM_CONTENT_TYPE="text": not a media type such as text/plain'),
    ({"STREAM_CHARSET": "utf 8"}, 500,
     'STREAM_CHARSET="utf 8": not the name of a charset such as utf-8'),
    ({"STREAM_ACTION": "follow", "STREAM_IDLE": "1d"}, 500,
     'STREAM_IDLE="1d": not a time such as 500ms, 30s or 5m'),
    ({"STREAM_ACTION": "follow", "QUERY_STRING": "lines=-1"}, 400,
     'QUERY_STRING="lines=-1": not lines=N up to 10000 or format=raw|events, '
     'each once'),
    ({"STREAM_ACTION": "archive", "STREAM_FORMAT": "rar"}, 500,
     'STREAM_FORMAT="rar": not zip, tar, tar.gz, tar.zst or zip-deflate'),
    ({"STREAM_ACTION": "archive", "QUERY_STRING": "format=rar"}, 400,
     'QUERY_STRING="format=rar": format is not zip, tar, tar.gz, tar.zst or '
     'zip-deflate'),
    ({"STREAM_ACTION": "archive", "STREAM_ARCHIVE_MAX_FILES": "0"}, 500,
     'STREAM_ARCHIVE_MAX_FILES="0": not a number from 1 to 1000000'),
    ({"STREAM_ACTION": "archive", "STREAM_ZIP_CRC": "before"}, 500,
     'STREAM_ZIP_CRC="before": not first or last'),
    ({"STREAM_ACTION": "teleport"}, 404,
     'STREAM_ACTION="teleport": no built-in action, nor an --action'),
    ({"STREAM_ACTION": "achive"}, 404,
     'STREAM_ACTION="achive": no built-in action, nor an --action; the '
     'nearest is archive'),
    ({"STREAM_ACTION": "probe"}, 404, 'STREAM_ACTION="probe": needs --probe'),
    ({"REQUEST_METHOD": None}, 500,
     'REQUEST_METHOD: missing: nginx needs "include fastcgi_params;" in this '
     'location, other fronts send it by themselves'),
)

# Parameters that do nothing, and the warning.
MISTYPED = (
    ({"STREAM_RAET": "2M"},
     'STREAM_RAET="2M": no parameter of this name; the nearest is '
     'STREAM_RATE'),
    ({"STREAM_BANDWIDTH": "2M"},
     'STREAM_BANDWIDTH="2M": no parameter of this name; it does nothing'),
    ({"STREAM_PRECOMPRESSED": "br gzpi"},
     'STREAM_PRECOMPRESSED="br gzpi": "gzpi" is not br, zstd or gzip'),
    ({"STREAM_DOTFILES": "Allow"},
     'STREAM_DOTFILES="Allow": "Allow" is not allow or deny'),
    ({"STREAM_NOSNIFF": "no"}, 'STREAM_NOSNIFF="no": "no" is not on or off'),
    ({"STREAM_CORS": "https://a.example b.example"},
     'STREAM_CORS="https://a.example b.example": "b.example" is not an '
     'origin such as https://a.example, nor *'),
)


def line(daemon, level, text, path, root):
    """Waits for the message about a path beneath a document root."""
    daemon.wait_log(rf' {level} [\d-]+: {re.escape(text)}: "{re.escape(path)}"'
                    rf' beneath "{re.escape(str(root))}"$')


def check_told(response, status, message):
    """Fails unless a front gets the message for its own log."""
    found(rf"^fcgi-stream [\d-]+: {status}: {re.escape(message)}$",
          response.stderr.decode(), "the front's error log")


@test
def the_command_line_is_refused_by_name_and_value(case):
    usual = (f"--root={case.root}", f"--listen=unix:{case.dir}/s")
    for options, message in COMMAND_LINE:
        status, _, errors = case.run(*usual, *options)
        equal(status, 2, f"exit status with {options}")
        found(rf"(?m){re.escape(message)}$", errors, "message")
    for options, message in (
            (usual[1:], "--root is missing: give the folder to serve"),
            (usual[:1], "nothing to listen on: give --listen=ADDR, or start "
             "with spawn-fcgi or a systemd socket")):
        status, _, errors = case.run(*options, env={"LISTEN_FDS": ""})
        equal(status, 2, f"exit status with {options}")
        found(rf"(?m){re.escape(message)}$", errors, "message")


@test
def the_environment_is_refused_by_name_and_value(case):
    _, _, errors = case.run(
        f"--root={case.root}", f"--listen=unix:{case.dir}/s",
        env={"FCGI_WEB_SERVER_ADDRS": "localhost"})
    found('(?m)FCGI_WEB_SERVER_ADDRS="localhost": entry 1 is not an address '
          "or a network such as 192.0.2.10 or 192.0.2.0/24$", errors,
          "message")


@test
def a_bad_parameter_is_named_with_its_value_and_what_is_right(case):
    case.store("file", 10)
    daemon = case.start()
    for params, status, message in REFUSALS:
        path = "/" if params.get("STREAM_ACTION") == "archive" else "/file"
        response = daemon.fetch(path, **params)
        check_response(response, status)
        line(daemon, "error", message, path, case.root)
        check_told(response, status, message)


@test
def a_document_root_outside_every_root_is_named(case):
    case.store("file", 10)
    daemon = case.start()
    for root, status, fault in (
            (case.dir, 403, "not at or beneath a --root"),
            (f"{case.root}/../x", 403, 'has a ".." component'),
            ("srv", 400, "missing, or not an absolute path")):
        response = daemon.fetch("/file", DOCUMENT_ROOT=str(root))
        check_response(response, status)
        message = f'DOCUMENT_ROOT="{root}": {fault}'
        line(daemon, "error", message, "/file", root)
        check_told(response, status, message)
    response = daemon.fetch("/file", DOCUMENT_ROOT=None)
    check_response(response, 400)
    check_told(response, 400,
               "DOCUMENT_ROOT: missing, or not an absolute path")


@test
def a_parameter_that_does_nothing_is_named_once(case):
    case.store("file", 10)
    daemon = case.start()
    for params, message in MISTYPED:
        for _ in range(3):
            response = daemon.fetch("/file", **params)
            check_response(response, 200)
            equal(response.stderr, b"", "the front's error log")
        line(daemon, "warning", message, "/file", case.root)
    daemon.fetch("/none")
    daemon.wait_access(path="/none")
    equal(daemon.log().count(" warning "), len(MISTYPED), "warnings")


@test
def what_has_no_message_is_right(case):
    """Every parameter of the manual page, and those of others."""
    names = set(re.findall(r"\bSTREAM_[A-Z_]+\b", MANUAL.read_text()))
    true(len(names) > 20, f"parameters: {names}")
    case.store("file", 10)
    daemon = case.start()
    params = {**dict.fromkeys(names, ""), "STREAM_NOSNIFF": "on",
              "STREAM_DOTFILES": "deny", "STREAMS": "1",
              "HTTP_STREAM_RAET": "1"}
    check_response(daemon.fetch("/file", **params), 200)
    daemon.wait_access(path="/file")
    equal(daemon.log().count(" warning "), 0, "warnings")


@test
def a_file_that_cannot_be_served_is_named_with_its_root(case):
    case.store(".hidden", 10)
    (case.root / "folder").mkdir()
    (case.root / "out").symlink_to("/etc/passwd")
    daemon = case.start()
    for path, status, level, message in (
            ("/none", 404, "notice", "No such file or directory"),
            ("/.hidden", 404, "notice",
             'hidden, and STREAM_DOTFILES is not "allow"'),
            ("/folder", 404, "notice", "a folder, and neither STREAM_INDEX "
             "nor the action list says what to send"),
            ("/out", 403, "error", "leads out of its root"),
            ("/../x", 403, "error", 'has a ".." component')):
        check_response(daemon.fetch(path), status)
        line(daemon, level, message, path, case.root)


@test
def no_value_can_forge_a_message(case):
    case.store("file", 10)
    daemon = case.start()
    response = daemon.fetch("/file", STREAM_RATE='1": \\ok\n2026 notice x')
    check_response(response, 500)
    shown = r'STREAM_RATE="1\\x22: \\x5cok\\x0a2026 notice x": not a rate '
    daemon.wait_log(f" error [^ ]+ {shown}")
    found(f"^fcgi-stream [^ ]+ 500: {shown}", response.stderr.decode(),
          "the front's error log")
    check_response(daemon.fetch("/file", STREAM_RATE="x" * 5000), 500)
    daemon.wait_log('STREAM_RATE="x{255}": not a rate ')


# What a terminal would obey: C1 in UTF-8 and as a byte, ESC, DEL, a turned
# direction; an end of a line; then what is not UTF-8, and some that may stand
# as it is.
ODD = (b"a\xc2\x9b31m\x9b\x1b[1m\x7f\xe2\x80\xae\xe2\x80\xa8\xff\x9b "
       + 'café € ".txt'.encode())
SHOWN = (r"a\xc2\x9b31m\x9b\x1b[1m\x7f\xe2\x80\xae\xe2\x80\xa8\xff\x9b "
         r"café € \x22.txt")


def check_harmless(text, what):
    """Fails unless a terminal shows it all and obeys nothing."""
    for character in text.decode("utf-8"):
        kind = unicodedata.category(character)
        true(character == "\n"
             or kind not in ("Cc", "Cf", "Cs", "Zl", "Zp"),
             f"{character!r} in {what}: {text!r}")


@test
def no_byte_of_a_name_reaches_a_terminal(case):
    case.store("file", 10)
    daemon = case.start()
    (case.root / "folder").mkdir()
    for path, params in (
            (b"/" + ODD, {}), (b"/" + ODD, {"STREAM_ACTION": ODD}),
            ("/file", {"STREAM_RATE": ODD}),
            (b"/" + ODD, {"DOCUMENT_ROOT": os.fsencode(case.root) + ODD}),
            ("/", {"STREAM_ACTION": "archive", "QUERY_STRING":
                   "f=" + urllib.parse.quote_from_bytes(ODD)}),
            ("/folder/", {"STREAM_CACHE_CONTROL": ODD, "STREAM_INDEX": ODD}),
            (b"/" + ODD, {"REQUEST_METHOD": b"GET" + ODD})):
        response = daemon.fetch(path, **params)
        check_harmless(response.stderr, f"the error log with {params}")
    for name in (f'path="/{SHOWN}"', f'STREAM_ACTION="{SHOWN}"',
                 f'STREAM_RATE="{SHOWN}"', f'"{SHOWN}" in "/"'):
        daemon.wait_log(re.escape(name))
    daemon.stop()
    check_harmless(daemon.log_path.read_bytes(), "the log")


@test
def a_dropped_connection_has_its_reason(case):
    daemon = case.start("--head-timeout=300ms")
    begin = fastcgi.begin()
    params = fastcgi.stream(fastcgi.PARAMS, b"")
    for sent, reason in (
            (begin, "request head not complete within --head-timeout"),
            (begin + fastcgi.record(fastcgi.STDIN),
             "STDIN before the end of PARAMS"),
            (begin + params + fastcgi.record(fastcgi.PARAMS, 1, b"x"),
             "PARAMS after their end"),
            (begin + fastcgi.record(42), "unknown record type"),
            (bytes(8), "not a FastCGI record of version 1")):
        connection = daemon.connect()
        connection.send(sent)
        daemon.wait_log(f" warning connection dropped.*: {reason}$")


@test
def a_request_over_the_limit_of_connections_names_it(case):
    daemon = case.start("--max-connections=1")
    first = daemon.connect()
    check_response(first.ask(daemon.params("/none"), keep=True), 404)
    check_response(daemon.fetch("/file"), 503)
    line(daemon, "error", "over --max-connections=1", "/file", case.root)


if __name__ == "__main__":
    main()
