#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""quickstart.sh: what it prints, and what its pages lead to.

It runs with the program that is tested instead of building one.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

from support.harness import (SLOWNESS, TOP, equal, free_port, main, need,
                             program, test, true, wait_until)

STARTED = "Ctrl-C stops it."
LINK = re.compile(r'(?:href|src)="([^"#]+)"')
FORM = re.compile(r'<form action="([^"]+)">\s*<input type="hidden" '
                  r'name="(\w+)" value="(\w+)">')
# The addresses that the script of the page asks.
SCRIPTED = ("/.fcgi-stream-probe?test=echo",
            "/live/files/requests.log?lines=1&format=events")


class Quickstart:
    """quickstart.sh, run by a user."""

    def __init__(self, case, *words, **environment):
        need("nginx")
        self.case = case
        case.dir.chmod(0o755)
        self.output = case.dir / f"quickstart-{len(list(case.dir.iterdir()))}"
        variables = {name: value for name, value in os.environ.items()
                     if name != "PORT"}
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                [TOP / "quickstart.sh", *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**variables, "FCGI_STREAM": program(),
                     "TMPDIR": str(case.dir), **environment})
        case.defer(self.end)

    def end(self):
        """Stops it at the test's end, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30 * SLOWNESS)

    def text(self):
        """What it has printed."""
        return self.output.read_text()

    def started(self):
        """Waits until it serves; returns the address."""
        wait_until(lambda: STARTED in self.text()
                   or self.process.poll() is not None, "it has started")
        true(self.process.poll() is None, f"it has ended: {self.text()}")
        return re.search(r"^    (http://127.0.0.1:\d+)/$", self.text(),
                         re.MULTILINE)[1]

    def failed(self):
        """Waits until it has given up; returns what it printed."""
        equal(self.process.wait(60 * SLOWNESS), 1, "the status")
        return self.text()


def status(address):
    """The status of an answer that has a body, of which the start is read.

    A file that is followed has no end.
    """
    try:
        with urllib.request.urlopen(address, timeout=30 * SLOWNESS) as answer:
            true(answer.read1(1), f"no body: {address}")
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def page(address):
    """A whole page."""
    with urllib.request.urlopen(address, timeout=30 * SLOWNESS) as answer:
        return answer.read().decode()


def check_found(addresses):
    """Fails unless each address is answered 200."""
    true(addresses, "no address was found")
    equal([one for one in addresses if status(one) != 200], [],
          "addresses that are not answered 200")


def printed(text):
    """The addresses in what was printed."""
    return re.findall(r"http://\S+", text)


@test
def the_samples_page_shows_every_action(case):
    quickstart = Quickstart(case, PORT=str(free_port()))
    address = quickstart.started()
    check_found(printed(quickstart.text()))
    text = page(address + "/")
    names = [path.name for path in (TOP / "fcgi_app/actions").iterdir()
             if path.is_dir()]
    equal([name for name in names if f"<h2>{name}:" not in text], [],
          "actions that the page does not show")
    forms = [f"{path}?{name}={value}"
             for path, name, value in FORM.findall(text)]
    true(forms, "no form")
    links = [link.replace("&amp;", "&") for link in LINK.findall(text)
             if not link.startswith("data:")]
    equal([one for one in SCRIPTED if one.split("?")[0] not in text], [],
          "what the page's script asks for")
    check_found([address + one for one in [*links, *forms, *SCRIPTED]])
    quickstart.process.send_signal(signal.SIGINT)
    equal(quickstart.process.wait(30 * SLOWNESS), 0, "the status")
    text = quickstart.text()
    true(0 < text.find("\nstopping\n") < text.find("\nstopped\n"),
         "no \"stopping\" before \"stopped\"")
    equal(list(case.dir.glob("fcgi-stream.*")), [], "what it left")


@test
def a_folder_is_listed_and_no_address_is_404(case):
    folder = case.dir / "some folder"
    for name in ("a b.txt", ".hidden/x", ".secret", "sub/ä#1.bin", "zip/one"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"content")
    (folder / "gone").symlink_to("nowhere")
    (folder / "out").symlink_to("/etc/hostname")
    quickstart = Quickstart(case, folder, PORT=str(free_port()))
    address = quickstart.started()
    addresses = printed(quickstart.text())
    equal(sorted(urllib.parse.unquote(one.removeprefix(address))
                 for one in addresses), ["/", "/a b.txt", "/sub/ä#1.bin"],
          "the addresses")
    check_found(addresses)
    check_found([f"{address}/zip/sub/?format=zip",
                 f"{address}/joined/?f=a%20b.txt"])
    true("a%20b.txt" in page(address + "/"), "no listing")


@test
def a_python_of_root_alone_does_no_harm(case):
    """Such as one in root's home, which www-data may not enter."""
    private = case.dir / "private"
    private.mkdir()
    own = private / "python3"
    own.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    own.chmod(0o755)
    private.chmod(0o700)
    folder = case.dir / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"content")
    quickstart = Quickstart(case, folder, PORT=str(free_port()),
                            PATH=f"{private}:{os.environ['PATH']}")
    address = quickstart.started()
    equal(printed(quickstart.text()), [f"{address}/", f"{address}/file"],
          "the addresses")


@test
def a_port_that_is_taken(case):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        text = Quickstart(case, PORT=str(port)).failed()
        true(f'PORT="{port}": another program listens there' in text, text)
    for word in ("0", "65536", "x", "-1", "080"):
        text = Quickstart(case, PORT=word).failed()
        true(f'PORT="{word}": not a port' in text, text)


@test
def two_at_once_get_a_port_each(case):
    both = [Quickstart(case, case.root) for _ in range(2)]
    addresses = [one.started() for one in both]
    equal(len(set(addresses)), 2, f"different ports in {addresses}")
    for one, address in zip(both, addresses):
        said = "port 8080 is taken, so this is port" in one.text()
        equal(said, not address.endswith(":8080"), "whether it says so")
        check_found([address + "/"])


def run(folder, *words, **environment):
    """Runs a command; returns what it printed."""
    done = subprocess.run([*map(str, words)], cwd=folder, text=True,
                          capture_output=True, check=False,
                          env={**os.environ, **environment})
    equal(done.returncode, 0, f"{words}: {done.stdout} {done.stderr}")
    return done.stdout


def not_of_a_source(folder, names):
    """Of the names in a folder, repositories and folders of builds."""
    return [name for name in names if name in (".git", "build-quickstart")
            or os.path.exists(os.path.join(folder, name, "config.status"))]


@test
def a_tree_that_is_configured_is_built_from_a_copy(case):
    need("bash", "make", "gcc")
    tree = case.dir / "tree"
    shutil.copytree(TOP, tree, symlinks=True, ignore=not_of_a_source)
    run(tree, "chmod", "-R", "u+w", ".")  # distcheck's is read-only
    configure = ("configure", "-q", "--disable-unit-tests",
                 f"--cache-file={case.dir}/cache")
    if not (tree / "config.status").exists():
        run(tree, "sh", *configure)
    build = tree / "build-quickstart"
    build.mkdir()
    choose = '. scripts/setup-lib.sh; build_source "$PWD" "$1"'
    equal(run(tree, "bash", "-c", choose, "bash", build).strip(),
          str(build / "source"), "where to build from")
    true((tree / "config.status").exists(), "the tree was changed")
    # It refuses a source where it was run already.
    run(build, "sh", f"source/{configure[0]}", "--no-create", *configure[1:])


if __name__ == "__main__":
    main()
