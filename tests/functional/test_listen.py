#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where it listens: unix and TCP sockets, inherited ones, allowed peers."""

import os
import signal
import socket
import stat
import sys

from support import fastcgi
from support.harness import (SLOWNESS, Skip, check_file, equal, found, free_port, main,
                     need, test, true)

# Becomes the program with sockets on descriptors 3 and up, as systemd does.
AS_SYSTEMD = """
import os, sys
given = [int(word) for word in sys.argv[2].split(",")]
kept = [os.dup(descriptor) for descriptor in given]
for number, descriptor in enumerate(kept):
    os.dup2(descriptor, 3 + number)
    os.set_inheritable(3 + number, True)
os.environ["LISTEN_FDS"] = str(len(given))
os.environ["LISTEN_PID"] = str(os.getpid() + int(sys.argv[1]))
os.execv(sys.argv[3], sys.argv[3:])
"""


def need_ipv6():
    """Skips the test where the loopback has no IPv6 address."""
    try:
        free_port(socket.AF_INET6, "::1")
    except OSError as error:
        raise Skip(f"no IPv6: {error}") from None


def check_served(case, daemon, address=None):
    """Fails unless a small file comes from there."""
    stored = case.store("hello.txt", b"hello\n")
    with case.connect(address or daemon.address) as connection:
        check_file(connection.ask(daemon.params("/hello.txt")), stored)


def is_served(case, daemon, address=None, source=None):
    """True when a request is answered, False when it is cut off."""
    with case.connect(address or daemon.address, source=source) as peer:
        try:
            response = peer.ask(daemon.params("/hello.txt"))
        except BrokenPipeError:
            return False
        return response.complete


def unix_server(path):
    """A listening unix socket."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


# --- unix --------------------------------------------------------------------

@test
def a_unix_socket_has_mode_0660(case):
    previous = os.umask(0o077)
    try:
        daemon = case.start()
    finally:
        os.umask(previous)
    mode = os.stat(daemon.address[5:]).st_mode
    true(stat.S_ISSOCK(mode), "it is not a socket")
    equal(oct(mode & 0o777), "0o660", "mode")
    check_served(case, daemon)


@test
def a_stale_unix_socket_is_replaced(case):
    path = case.dir / "stale"
    unix_server(path).close()
    true(path.exists(), "no stale socket")
    address = f"unix:{path}"
    check_served(case, case.start(listen=address, address=address))


@test
def a_live_unix_socket_is_refused_and_goes_on(case):
    daemon = case.start()
    path = daemon.address[5:]
    status, _, errors = case.run(f"--root={case.root}",
                                 f"--listen=unix:{path}")
    true(status, "a second daemon took the socket")
    found(path, errors, "errors")
    check_served(case, daemon)


@test
def what_is_no_socket_is_refused_and_left_alone(case):
    regular, folder = case.dir / "regular", case.dir / "folder"
    regular.write_text("precious")
    folder.mkdir()
    for path in (regular, folder):
        status, _, errors = case.run(f"--root={case.root}",
                                     f"--listen=unix:{path}")
        true(status, f"it listens on {path.name}")
        found(str(path), errors, "errors")
    equal(regular.read_text(), "precious", "content of the regular file")
    true(folder.is_dir(), "the folder is gone")


@test
def a_unix_socket_in_a_missing_folder_is_refused(case):
    status, _, errors = case.run(f"--root={case.root}",
                                 f"--listen=unix:{case.dir}/no/s")
    true(status, "it listens nowhere")
    found("No such file", errors, "errors")


# --- TCP ---------------------------------------------------------------------

@test
def tcp_on_ipv4_takes_a_free_port_and_says_which(case):
    daemon = case.start(listen="127.0.0.1:0")
    found(r"^127\.0\.0\.1:[1-9]\d*$", daemon.address, "address")
    check_served(case, daemon)


@test
def tcp_on_ipv6_takes_a_free_port_and_says_which(case):
    need_ipv6()
    daemon = case.start(listen="[::1]:0")
    found(r"^\[::1\]:[1-9]\d*$", daemon.address, "address")
    check_served(case, daemon)


@test
def tcp_on_a_given_port_can_be_had_again_at_once(case):
    port = free_port()
    for _ in range(2):
        daemon = case.start(listen=f"127.0.0.1:{port}")
        equal(daemon.address, f"127.0.0.1:{port}", "address")
        connection = daemon.connect()
        connection.ask(daemon.params("/none"), keep=True)
        daemon.stop()


@test
def several_addresses_are_served_at_once(case):
    address = f"unix:{case.dir}/s"
    daemon = case.start("--listen=127.0.0.1:0", f"--listen=unix:{case.dir}/t",
                        f"--listen={address}", workers=2)
    equal(len(daemon.addresses), 3, "addresses in the log")
    for each in daemon.addresses:
        check_served(case, daemon, each)
    daemon.stop()
    for name in "st":
        true(not (case.dir / name).exists(), "a socket is left behind")


# --- inherited sockets -------------------------------------------------------

@test
def a_unix_socket_on_descriptor_0_is_served(case):
    with unix_server(case.dir / "s") as server:
        daemon = case.launch("--workers=2", stdin=server,
                             address=f"unix:{case.dir}/s")
    daemon.leaves_socket = True
    check_served(case, daemon.wait_ready())


@test
def a_tcp_socket_on_descriptor_0_is_served(case):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        daemon = case.launch(stdin=server, address=f"127.0.0.1:{port}")
    check_served(case, daemon.wait_ready())


@test
def a_connected_socket_on_descriptor_0_is_refused(case):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        daemon = case.launch(stdin=theirs)
    daemon.expected_status = 2
    equal(daemon.wait_exit(), 2, "exit status")
    found("listen", daemon.log(), "errors")


@test
def spawn_fcgi_starts_it_on_a_unix_socket(case):
    need("spawn-fcgi")
    path = case.dir / "s"
    daemon = case.launch("--workers=1", address=f"unix:{path}", prefix=[
        "spawn-fcgi", "-n", "-s", str(path), "--"])
    daemon.leaves_socket = True
    check_served(case, daemon.wait_ready())


@test
def spawn_fcgi_starts_it_on_tcp(case):
    need("spawn-fcgi")
    port = free_port()
    daemon = case.launch("--workers=1", address=f"127.0.0.1:{port}", prefix=[
        "spawn-fcgi", "-n", "-a", "127.0.0.1", "-p", str(port), "--"])
    check_served(case, daemon.wait_ready())


def need_systemd(case):
    """Skips the test if the program was built without libsystemd."""
    _, _, errors = case.run(f"--root={case.root}", env={"LISTEN_FDS": "1"})
    if "without libsystemd" in errors:
        raise Skip("built without libsystemd")


def launch_like_systemd(case, servers, pid_offset=0):
    """Hands listening sockets over as systemd's socket activation does."""
    numbers = [server.fileno() for server in servers]
    return case.launch("--workers=1", pass_fds=numbers, prefix=[
        sys.executable, "-c", AS_SYSTEMD, str(pid_offset),
        ",".join(map(str, numbers))])


@test
def sockets_passed_by_systemd_are_served(case):
    need_systemd(case)
    with unix_server(case.dir / "s") as first, \
            socket.create_server(("127.0.0.1", 0)) as second:
        port = second.getsockname()[1]
        daemon = launch_like_systemd(case, [first, second])
    daemon.wait_ready()
    check_served(case, daemon, f"unix:{case.dir}/s")
    check_served(case, daemon, f"127.0.0.1:{port}")
    daemon.stop()
    true((case.dir / "s").exists(), "it removed a socket of systemd's")


@test
def sockets_passed_to_another_process_are_not_taken(case):
    with unix_server(case.dir / "s") as server:
        daemon = launch_like_systemd(case, [server], pid_offset=1)
    daemon.expected_status = 2
    equal(daemon.wait_exit(), 2, "exit status")


@test
def systemd_is_told_of_start_and_stop(case):
    need_systemd(case)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{case.dir}/notify")
        manager.settimeout(20 * SLOWNESS)
        daemon = case.start(env={"NOTIFY_SOCKET": f"{case.dir}/notify"})
        found("READY=1", manager.recv(4096).decode(), "first message")
        daemon.stop()
        found("STOPPING=1", manager.recv(4096).decode(), "second message")


# --- FCGI_WEB_SERVER_ADDRS ---------------------------------------------------

def start_for(case, allowed, listen="127.0.0.1:0"):
    """A daemon that serves only these peers."""
    case.store("hello.txt", b"hello\n")
    return case.start(listen=listen, env={"FCGI_WEB_SERVER_ADDRS": allowed})


@test
def only_listed_ipv4_peers_are_served(case):
    for allowed in ("127.0.0.1", "192.0.2.1,127.0.0.1",
                    "127.0.0.1,192.0.2.1", "127.0.0.0/31",
                    "192.0.2.0/24, 127.0.0.1/32"):
        daemon = start_for(case, allowed)
        true(is_served(case, daemon), f"{allowed}: 127.0.0.1 is cut off")
        true(not is_served(case, daemon, source="127.0.0.2"),
             f"{allowed}: 127.0.0.2 is served")
        daemon.wait_log(r" warning .*FCGI_WEB_SERVER_ADDRS")
        daemon.stop()


@test
def only_listed_ipv6_peers_are_served(case):
    need_ipv6()
    daemon = start_for(case, "::1", "[::1]:0")
    true(is_served(case, daemon), "::1 is cut off")
    for allowed in ("127.0.0.1,2001:db8::1", "2001:db8::/32"):
        daemon = start_for(case, allowed, "[::1]:0")
        true(not is_served(case, daemon), "::1 is served")
    daemon = start_for(case, "::/64", "[::1]:0")
    true(is_served(case, daemon), "::1 is cut off")


@test
def ipv4_peers_of_an_ipv6_socket_are_known_by_their_ipv4_address(case):
    need_ipv6()
    case.store("hello.txt", b"hello\n")
    for allowed, expected in (("127.0.0.1", True), ("192.0.2.1", False),
                              ("127.0.0.0/8", True),
                              ("192.0.2.0/24", False)):
        with socket.create_server(("::", 0), family=socket.AF_INET6,
                                  dualstack_ipv6=True) as server:
            port = server.getsockname()[1]
            daemon = case.launch(stdin=server, env={
                "FCGI_WEB_SERVER_ADDRS": allowed}).wait_ready()
        equal(is_served(case, daemon, f"127.0.0.1:{port}"), expected,
              f"127.0.0.1 is served with {allowed}")
        daemon.stop()


@test
def unix_peers_are_served_whatever_the_list_says(case):
    address = f"unix:{case.dir}/s"
    daemon = start_for(case, "192.0.2.1", address)
    true(is_served(case, daemon), "the unix peer is cut off")


@test
def without_a_list_every_peer_is_served(case):
    case.store("hello.txt", b"hello\n")
    daemon = case.start(listen="127.0.0.1:0",
                        env={"FCGI_WEB_SERVER_ADDRS": None})
    for source in ("127.0.0.1", "127.0.0.2"):
        true(is_served(case, daemon, source=source), f"{source} is cut off")


@test
def an_invalid_list_of_peers_is_refused(case):
    like = "not an address or a network such as 192.0.2.10 or 192.0.2.0/24"
    for value, fault in (
            ("nonsense", f"entry 1 is {like}"),
            ("127.0.0.1,nonsense", f"entry 2 is {like}"),
            ("127.0.0.1, ", f"entry 2 is {like}"),
            ("127.0.0.0/33", f"entry 1 is {like}"),
            ("::1,127.0.0.1/8", "entry 2 has bits set after its prefix, "
             "unlike 192.0.2.0/24"),
            (",".join(["::1"] * 65), "more than 64 entries")):
        status, _, errors = case.run(
            f"--root={case.root}", "--listen=127.0.0.1:0",
            env={"FCGI_WEB_SERVER_ADDRS": value})
        equal(status, 2, f"exit status with {value}")
        found(f'error FCGI_WEB_SERVER_ADDRS="{value}": {fault}\n', errors,
              "errors")


OPEN = r" warning listening on {}: any machine that can connect may read all "


@test
def a_port_that_is_open_to_all_is_a_warning(case):
    daemon = start_for(case, None, "0.0.0.0:0")
    daemon.wait_log(OPEN.format(r"0\.0\.0\.0:\d+"))


@test
def an_ipv6_port_that_is_open_to_all_is_a_warning(case):
    need_ipv6()
    daemon = start_for(case, None, "[::]:0")
    daemon.wait_log(OPEN.format(r"\[::\]:\d+"))


@test
def a_port_that_is_passed_and_open_is_a_warning(case):
    with socket.create_server(("0.0.0.0", 0)) as server:
        daemon = case.launch(stdin=server, env={
            "FCGI_WEB_SERVER_ADDRS": None}).wait_ready()
    daemon.wait_log(OPEN.format(r"0\.0\.0\.0:\d+"))


@test
def other_listeners_are_no_warning(case):
    for listen, allowed in (("127.0.0.1:0", None), (f"unix:{case.dir}/s", None),
                            ("0.0.0.0:0", "127.0.0.1"),
                            ("0.0.0.0:0", "0.0.0.0/0")):
        daemon = start_for(case, allowed, listen)
        true(" warning " not in daemon.log(), f"{listen}: {daemon.log()}")
        daemon.stop()


@test
def an_empty_list_of_peers_is_a_warning(case):
    daemon = start_for(case, "")
    daemon.wait_log(' warning FCGI_WEB_SERVER_ADDRS="": lists nobody, so '
                    "anybody may connect over TCP; unset it, or list the "
                    "fronts, such as 192.0.2.10 or 192.0.2.0/24$")
    true(is_served(case, daemon), "127.0.0.1 is cut off")


@test
def a_flood_of_refused_peers_leaves_no_descriptor(case):
    daemon = start_for(case, "127.0.0.1")
    true(is_served(case, daemon), "127.0.0.1 is cut off")
    for _ in range(200):
        with fastcgi.Connection(daemon.address, source="127.0.0.2") as peer:
            true(peer.is_closed(), "a refused peer got an answer")
    true(is_served(case, daemon), "127.0.0.1 is cut off")
    true(len(os.listdir(f"/proc/{daemon.worker}/fd")) < 100,
         "descriptors are left open")
    daemon.stop(signal.SIGINT)


if __name__ == "__main__":
    main()
