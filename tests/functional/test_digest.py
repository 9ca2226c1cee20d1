#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command digest: what it stores, checks, prints and leaves alone."""

import base64
import hashlib
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess

from support.cold_files import cached_pages, evict, need_direct_io, warm
from support.harness import (BAD_SIGNS, GIB, MIB, SLOWNESS, Skip, equal, found,
                     main, need, program, test, true, wait_until)

ATTRIBUTE = "user.digest.sha256"
LONG_AGO = 1_000_000_000
# It takes some time to read, so that there is a meanwhile.
LARGE = 256 * MIB
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def digest(*words, prefix=()):
    """Runs the command: exit status, output, errors."""
    done = subprocess.run([*prefix, program(), "digest", *words], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60 * SLOWNESS, check=False)
    true(not BAD_SIGNS.search(done.stderr), done.stderr)
    return done.returncode, done.stdout, done.stderr


def begin(*words, **how):
    """Starts the command and waits until it is busy reading."""
    process = subprocess.Popen([program(), "digest", *words], text=True,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, **how)

    def reading():
        text = pathlib.Path(f"/proc/{process.pid}/io").read_text()
        return int(found(r"rchar: (\d+)", text, "io").group(1)) > 4 * MIB
    wait_until(reading, "it reads")
    return process


def need_attributes(case):
    """Skips the test where files have no user attributes."""
    probe = case.store("probe", 1)
    try:
        os.setxattr(probe.path, "user.digest.test", b"x")
    except OSError as error:
        raise Skip(f"no user attributes here: {error.strerror}") from None
    probe.path.unlink()


def stored_text(path):
    """The attribute, None without it."""
    try:
        return os.getxattr(path, ATTRIBUTE).decode()
    except OSError:
        return None


def expected_text(stored):
    """What the attribute should be."""
    mtime = os.stat(stored.path).st_mtime_ns
    return (f"{stored.digest} {stored.size} "
            f"{mtime // 10**9}.{mtime % 10**9:09}")


def line_of(stored):
    """What is printed for a file."""
    return f"{stored.digest}  {stored.path}\n"


def corrupt(stored):
    """Changes a byte as a failing disk does: the time stays."""
    before = os.stat(stored.path)
    with open(stored.path, "r+b") as out:
        out.seek(stored.size // 2)
        byte = out.read(1)
        out.seek(stored.size // 2)
        out.write(bytes([byte[0] ^ 1]))
    os.utime(stored.path, ns=(before.st_atime_ns, before.st_mtime_ns))


# --- making ------------------------------------------------------------------

@test
def digests_of_files_of_every_size_are_stored(case):
    need_attributes(case)
    files = [case.store(f"file-{size}", size)
             for size in (0, 1, 4095, MIB - 1, MIB, MIB + 1, 9 * MIB + 5)]
    times = [os.stat(stored.path).st_mtime_ns for stored in files]
    status, output, errors = digest(*(stored.path for stored in files))
    equal((status, errors), (0, ""), "status and errors")
    equal(output, "".join(map(line_of, files)), "output")
    for stored, mtime in zip(files, times):
        equal(stored_text(stored.path), expected_text(stored), "attribute")
        equal(os.stat(stored.path).st_mtime_ns, mtime, "mtime")


@test
def sha256sum_reads_what_is_printed(case):
    need_attributes(case)
    need("sha256sum")
    for name in ("plain", "with space", "back\\slash", "new\nline", "cr\r",
                 "  blanks", "*star", "ünïcödé"):
        case.store(name, 100)
    status, output, errors = digest("-r", case.root)
    equal((status, errors), (0, ""), "status and errors")
    equal(output.count("\n"), 8, "lines")
    done = subprocess.run(("sha256sum", "--check", "--strict", "--quiet"),
                          input=output, text=True, capture_output=True,
                          check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""),
          "what sha256sum says")


@test
def a_valid_digest_is_kept_and_one_of_a_changed_file_is_not(case):
    need_attributes(case)
    stored = case.store("file", 100000)
    digest(stored.path)
    corrupt(stored)
    equal(digest(stored.path), (0, line_of(stored), ""), "a valid digest")
    true(stored_text(stored.path), "no attribute")
    stored.digest = hashlib.sha256(stored.content()).hexdigest()
    equal(digest("--force", stored.path), (0, line_of(stored), ""), "--force")
    equal(stored_text(stored.path), expected_text(stored), "attribute")
    for content in (b"x" * 100000, b"y"):
        stored = case.store("file", content)
        equal(digest(stored.path), (0, line_of(stored), ""), "new content")
        equal(stored_text(stored.path), expected_text(stored), "attribute")


@test
def times_before_1970_are_kept(case):
    need_attributes(case)
    stored = case.store("file", 10)
    os.utime(stored.path, ns=(0, -1_500_000_000))
    equal(os.stat(stored.path).st_mtime_ns, -1_500_000_000, "mtime")
    for _ in range(2):
        equal(digest(stored.path), (0, line_of(stored), ""), "result")
        equal(stored_text(stored.path), f"{stored.digest} 10 -2.500000000",
              "attribute")
    equal(digest("--check", stored.path)[0], 0, "status of --check")


@test
def what_other_programs_stored_is_replaced(case):
    need_attributes(case)
    for value in (b"0" * 64, b"", b"x" * 1000):
        stored = case.store("file", 10)
        os.setxattr(stored.path, ATTRIBUTE, value)
        equal(digest(stored.path), (0, line_of(stored), ""), "result")
        equal(stored_text(stored.path), expected_text(stored), "attribute")


@test
def links_that_are_named_are_followed(case):
    need_attributes(case)
    stored = case.store("file", 10)
    link = case.root / "link"
    link.symlink_to("file")
    for option in ((), ("--recursive", "--force")):
        equal(digest(*option, link), (0, f"{stored.digest}  {link}\n", ""),
              "result")
    equal(stored_text(stored.path), expected_text(stored), "attribute")


@test
def recursive_takes_all_regular_files_of_a_folder(case):
    need_attributes(case)
    outside = case.dir / "outside"
    outside.write_bytes(b"x")
    files = [case.store(name, 100)
             for name in ("a", "b/c/deep", "b/d", "z")]
    (case.root / "b" / "link").symlink_to(outside)
    (case.root / "dangling").symlink_to("none")
    (case.root / "loop").symlink_to(".")
    (case.root / "empty").mkdir()
    os.mkfifo(case.root / "pipe")
    equal(digest("-r", case.root),
          (0, "".join(map(line_of, files)), ""), "result")
    equal(stored_text(outside), None, "attribute of what a link leads to")


# --- checking and removing ---------------------------------------------------

@test
def check_tells_good_files_from_bad_ones(case):
    need_attributes(case)
    files = {name: case.store(name, 5000) for name in (
        "good", "corrupt", "touched", "none", "foreign")}
    digest("-r", case.root)
    corrupt(files["corrupt"])
    os.utime(files["touched"].path, (LONG_AGO, LONG_AGO))
    os.removexattr(files["none"].path, ATTRIBUTE)
    os.setxattr(files["foreign"].path, ATTRIBUTE,
                files["foreign"].digest.encode())
    equal(digest("--check", files["good"].path),
          (0, f"{files['good'].path}: OK\n", ""), "result of a good file")
    for name, output, why in (
            ("corrupt", f"{files['corrupt'].path}: FAILED\n", "does not match"),
            ("touched", "", "changed since"), ("none", "", "no digest"),
            ("foreign", "", "not made by")):
        path = files[name].path
        before = stored_text(path)
        result = digest("--check", path)
        equal(result[:2], (1, output), f"status and output of {name}")
        found(rf"^fcgi-stream digest: {path}: .*{why}.*\n$", result[2],
              "errors")
        equal(stored_text(path), before, f"attribute of {name}")
    status, output, errors = digest("--check", "--recursive", case.root)
    equal((status, output.count(": OK"), output.count(": FAILED"),
           errors.count("\n")), (1, 1, 1, 4), "all at once")


@test
def remove_removes_whatever_is_stored(case):
    need_attributes(case)
    stored = case.store("file", 10)
    for value in (None, b"x", expected_text(stored).encode()):
        if value:
            os.setxattr(stored.path, ATTRIBUTE, value)
        equal(digest("--remove", stored.path), (0, "", ""), "result")
        equal(stored_text(stored.path), None, "attribute")


# --- what goes wrong ---------------------------------------------------------

@test
def a_file_that_cannot_be_done_does_not_stop_the_others(case):
    need_attributes(case)
    good = case.store("good", 10)
    (case.root / "folder").mkdir()
    os.mkfifo(case.root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(case.root / "socket"))
        for path, why in ((case.root / "none", "No such file"),
                          (case.root / "folder", "folder.*--recursive"),
                          (case.root / "pipe", "not a regular file"),
                          (case.root / "socket", "not a regular file"),
                          ("/dev/null", "not a regular file"),
                          ("/proc/self/status", "no user attributes")):
            for option in ((), ("-r",)):
                if option and path == case.root / "folder":
                    continue
                status, output, errors = digest(*option, path, good.path)
                equal((status, output), (1, line_of(good)), f"with {path}")
                found(rf"^fcgi-stream digest: {path}: .*{why}.*\n$", errors,
                      "errors")


@test
def a_name_cannot_speak_to_the_terminal(case):
    name = os.fsencode(case.root) + b"/a\x1b[1m\xc2\x9b1m\x9b\xc3\xa9"
    status, output, errors = digest(name)
    equal((status, output), (1, ""), "result")
    equal(errors, f"fcgi-stream digest: {case.root}/"
          r"a\x1b[1m\xc2\x9b1m\x9b" "\u00e9: No such file or directory\n",
          "errors")


@test
def missing_rights_are_told(case):
    need_attributes(case)
    need("setpriv")
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    os.chmod(case.dir, 0o755)
    secret, foreign = case.store("secret", 10), case.store("foreign", LARGE)
    os.chmod(secret.path, 0o600)
    for stored, why in ((secret, "Permission denied"),
                        (foreign, "cannot store a digest: Permission denied")):
        process = subprocess.run(
            [*NOBODY, program(), "digest", stored.path], text=True,
            capture_output=True, check=False, timeout=60 * SLOWNESS)
        if "setpriv" in process.stderr or process.returncode in (126, 127):
            raise Skip("setpriv cannot become somebody else, or nobody "
                       "can reach the program")
        equal((process.returncode, process.stdout, process.stderr),
              (1, "", f"fcgi-stream digest: {stored.path}: {why}\n"), "result")
    digest(foreign.path)
    equal(digest("--check", foreign.path, prefix=NOBODY),
          (0, f"{foreign.path}: OK\n", ""), "a check by another user")


@test
def a_file_changed_while_it_is_read_gets_no_digest(case):
    need_attributes(case)
    stored = case.store("large", 8 * MIB)
    os.truncate(stored.path, GIB)
    process = begin(stored.path)
    with open(stored.path, "ab") as out:
        out.write(b"x")
    output, errors = process.communicate(timeout=60 * SLOWNESS)
    equal((process.returncode, output), (1, ""), "status and output")
    found(r"large: changed while it was being read\n$", errors, "errors")
    equal(stored_text(stored.path), None, "attribute")


@test
def an_interrupt_leaves_nothing_half_done(case):
    need_attributes(case)
    stored = case.store("large", 8 * MIB)
    for force in ((), ("--force",)):
        before = stored_text(stored.path)
        # A hole that takes minutes to read: it can't be done already.
        os.truncate(stored.path, 1024 * GIB)
        process = begin(*force, stored.path)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60 * SLOWNESS)
        equal((process.returncode, output), (-signal.SIGINT, ""), "result")
        equal(stored_text(stored.path), before, "attribute")
        os.truncate(stored.path, stored.size)
        equal(digest(stored.path), (0, line_of(stored), ""), "after that")


@test
def wrong_options_are_refused(case):
    stored = case.store("file", 10)
    for words, why in (((), "FILE"), (("--nonsense", stored.path), "nonsense"),
                       (("--check", "--force", stored.path), "exclude"),
                       (("--remove", "--check", stored.path), "exclude"),
                       (("--force", "--remove", stored.path), "exclude")):
        status, output, errors = digest(*words)
        equal((status, output), (2, ""), f"status and output of {words}")
        found(rf"^fcgi-stream digest: .*{why}", errors, "errors")
        found("fcgi-stream digest --help", errors, "errors")
    equal(stored_text(stored.path), None, "attribute")
    status, output, errors = digest("--help")
    equal((status, errors), (0, ""), "status and errors of --help")
    found("^Usage: fcgi-stream digest ", output, "help")
    for option in ("check", "force", "remove", "recursive"):
        found(rf"--{option}\b", output, "help")


@test
def output_that_cannot_be_written_is_an_error(case):
    need_attributes(case)
    stored = case.store("file", 10)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([program(), "digest", stored.path], text=True,
                              stdout=full, stderr=subprocess.PIPE,
                              check=False)
    equal(done.returncode, 1, "exit status")
    found("standard output: No space left", done.stderr, "errors")


# --- the screen and the page cache -------------------------------------------

def read_terminal(controller):
    """All that was shown on a terminal, once nobody writes to it."""
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:
            return shown.decode()
        if not part:
            return shown.decode()
        shown += part


@test
def a_terminal_shows_how_far_it_is(case):
    need_attributes(case)
    stored = case.store("large", LARGE)
    controller, terminal = pty.openpty()
    case.defer(os.close, controller)
    with subprocess.Popen([program(), "digest", stored.path, "/none"],
                          stdout=subprocess.PIPE, stderr=terminal) as process:
        os.close(terminal)
        shown = read_terminal(controller)
        equal(process.stdout.read().decode(), line_of(stored), "output")
    lines = re.findall(
        r"\r[^\r]*large +\[=* *\] +(\d+)% +\d+ MB/s +[\d:-]+ left\033\[K",
        shown)
    true(lines, f"no progress in {shown!r}")
    equal([int(line) for line in lines], sorted(int(line) for line in lines),
          "percentages")
    found(r"left\033\[K\r\033\[Kfcgi-stream digest: /none: .*\r\n$", shown,
          "the screen")


@test
def the_page_cache_stays_as_it_was(case):
    need_attributes(case)
    need_direct_io(case)
    stored = case.store("file", 32 * MIB + 100)
    evict(stored)
    equal(digest(stored.path), (0, line_of(stored), ""), "result")
    pages = cached_pages(stored)
    true(sum(pages) <= len(pages) // 8,
         f"{sum(pages)} of {len(pages)} pages are cached")
    warm(stored, 0, stored.size)
    if not all(cached_pages(stored)):
        raise Skip("the file does not stay in the page cache")
    equal(digest("--force", stored.path)[0], 0, "status")
    pages = cached_pages(stored)
    # The kernel takes a page now and then.
    true(sum(pages) >= len(pages) * 7 // 8,
         f"{sum(pages)} of {len(pages)} pages are still cached")


# --- a file that is served ---------------------------------------------------

@test
def a_digest_that_is_stored_changes_neither_tag_nor_date(case):
    need_attributes(case)
    stored = case.store("file", 10)
    daemon = case.start()
    before = daemon.fetch("/file")
    changed = os.stat(stored.path).st_ctime_ns
    # The time of change must be another, on kernels with coarse clocks too.
    wait_until(lambda: digest("--force", stored.path)[0] == 0 and
               os.stat(stored.path).st_ctime_ns != changed, "a change")
    for name in ("ETag", "Last-Modified"):
        equal(daemon.fetch("/file").header(name), before.header(name), name)


# --- the field that clients get ----------------------------------------------

def repr_digest(content):
    """The value of Repr-Digest for these bytes."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return f"sha-256=:{digest}:"


@test
def a_stored_digest_is_sent_to_who_asks(case):
    need_attributes(case)
    stored = case.store("file", 100_000)
    equal(digest(str(stored.path))[0], 0, "exit status")
    daemon = case.start()
    wanted = {"HTTP_WANT_REPR_DIGEST": "sha-512=5, sha-256=3"}
    for method, status, extra in (
            ("GET", 200, {}), ("HEAD", 200, {}),
            ("GET", 206, {"HTTP_RANGE": "bytes=5-9"}),
            ("HEAD", 206, {"HTTP_RANGE": "bytes=5-9"}),
            ("GET", 206, {"HTTP_RANGE": "bytes=5-9,20-30"})):
        response = daemon.fetch("/file", method, **wanted, **extra)
        equal((response.complete, response.status), (True, status), extra)
        equal(response.header("Repr-Digest"), repr_digest(stored.content()),
              f"{method} {extra}")
    for field in (None, "sha-512=1", "sha-256=0", "sha-256", "garbage["):
        response = daemon.fetch("/file", HTTP_WANT_REPR_DIGEST=field)
        equal(response.header("Repr-Digest"), None, f"asked with {field}")


@test
def a_digest_of_older_bytes_is_never_sent(case):
    need_attributes(case)
    stored = case.store("file", 1000)
    equal(digest(str(stored.path))[0], 0, "exit status")
    text = stored_text(stored.path)
    daemon = case.start()
    wanted = {"HTTP_WANT_REPR_DIGEST": "sha-256=1"}
    true(daemon.fetch("/file", **wanted).header("Repr-Digest"), "at first")
    for value in (text.encode()[:64], b"", b"x" * 300, text.encode() + b" "):
        os.setxattr(stored.path, ATTRIBUTE, value)
        response = daemon.fetch("/file", **wanted)
        equal((response.status, response.header("Repr-Digest")), (200, None),
              f"with the attribute {value[:80]!r}")
    os.setxattr(stored.path, ATTRIBUTE, text.encode())
    os.utime(stored.path, (LONG_AGO, LONG_AGO))
    response = daemon.fetch("/file", **wanted)
    equal((response.status, response.header("Repr-Digest")), (200, None),
          "with another modification time")


@test
def the_digest_is_that_of_the_neighbour_that_is_sent(case):
    need_attributes(case)
    case.store("file", b"plain")
    packed = case.store("file.gz", b"packed")
    equal(digest(str(packed.path))[0], 0, "exit status")
    daemon = case.start()
    wanted = {"HTTP_WANT_REPR_DIGEST": "sha-256=1",
              "STREAM_PRECOMPRESSED": "gzip"}
    response = daemon.fetch("/file", HTTP_ACCEPT_ENCODING="gzip", **wanted)
    equal(response.header("Repr-Digest"), repr_digest(b"packed"), "gzip")
    response = daemon.fetch("/file", **wanted)
    equal(response.header("Repr-Digest"), None, "plain, which has none")


if __name__ == "__main__":
    main()
