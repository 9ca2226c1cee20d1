# SPDX-License-Identifier: MIT
"""The front servers, each started from its example file.

A front takes the example as it is, but for the values that the file itself
says are to be changed, and runs as a private instance in the folder of the
test.  A test that needs further parameters gets them where the example shows
how to set one: after its line for STREAM_ACTION.
"""

import grp
import os
import re
import shutil
import signal
import socket

from support import http_raw
from support.harness import SLOWNESS, Skip, TOP, equal, free_port, need, true
from support.server import Server

USER = "www-data"
AS_ROOT = os.geteuid() == 0


def fill_in(text, values):
    """Replaces values outside of comments; fails if one does not occur."""
    pattern = re.compile("|".join(
        re.escape(value) for value in sorted(values, key=len, reverse=True)))
    used = set()

    def replace(match):
        used.add(match.group())
        return values[match.group()]

    lines = [line if line.lstrip().startswith("#")
             else pattern.sub(replace, line)
             for line in text.splitlines(True)]
    missing = set(values) - used
    true(not missing, f"the example has no {sorted(missing)}")
    return "".join(lines)


def insert_params(text, line_for, params):
    """Adds lines for parameters after the one that sets STREAM_ACTION.

    For STREAM_ACTION itself, that line is replaced.
    """
    places = list(re.finditer(r"^([ \t]*)(?!#)\S.*STREAM_ACTION.*\n", text,
                              re.MULTILINE))
    equal(len(places), 1, "lines for STREAM_ACTION in the example")
    place, indent = places[0], places[0].group(1)
    lines = [indent + line_for(name, value) + "\n"
             for name, value in params.items()]
    if "STREAM_ACTION" not in params:
        lines.insert(0, place.group())
    return text[:place.start()] + "".join(lines) + text[place.end():]


def start_daemon(case, *options, **how):
    """A daemon whose socket the fronts' user may connect to."""
    if AS_ROOT:
        try:
            how["group"] = grp.getgrnam(USER).gr_gid
        except KeyError:
            raise Skip(f"there is no group {USER}") from None
    return case.start(*options, **how)


class Front(Server):
    """A running front server."""

    name = example = None
    programs = ()
    # What of the example is not the same text in all of them.
    listen = "127.0.0.1:8080"
    socket = "/run/fcgi-stream/fcgi-stream.sock"
    # Lines that only root may use.
    root_only = None
    # Whether its folder is to be made for its user, as the example says then.
    owns_folder = False

    def __init__(self, case, daemon, params=None):
        need(*self.programs)
        super().__init__(case, self.name, free_port())
        self.config = case.dir / f"{self.run_dir.name}.conf"
        self.config.write_text(self.configuration(daemon, params or {}))
        if AS_ROOT:
            case.dir.chmod(0o711)
            self.run_dir.chmod(0o755)
            if self.owns_folder:
                shutil.chown(self.run_dir, USER)
        self.start(*self.command())

    # What a front defines.

    def command(self):
        """The command that runs it in the foreground."""
        raise NotImplementedError

    def param_line(self, name, value):
        """The line that sets a parameter."""
        raise NotImplementedError

    # Its configuration.

    def values(self, daemon):
        """The values of the example and what is to stand in their place."""
        return {
            self.listen: f"127.0.0.1:{self.port}",
            self.socket: daemon.address.removeprefix("unix:"),
            "/srv/downloads": str(self.case.root),
            f"/var/lib/fcgi-stream/{self.name}": str(self.run_dir),
        }

    def configuration(self, daemon, params):
        """The example with the values and parameters of this test."""
        text = (TOP / self.example).read_text()
        text = fill_in(text, self.values(daemon))
        if self.root_only and not AS_ROOT:
            text = re.sub(self.root_only, "", text, flags=re.MULTILINE)
        return self.insert(text, params)

    def insert(self, text, params):
        """Adds parameters where the example has them."""
        return insert_params(text, self.param_line, params)

    # Talking to it.

    def client(self, **how):
        """A client that is closed at the test's end."""
        client = http_raw.Client(self.port, 20 * SLOWNESS, **how)
        self.case.defer(client.close)
        return client

    def ask(self, *args, **how):
        """One request on a connection of its own."""
        client = self.client()
        try:
            return client.ask(*args, **how)
        finally:
            client.close()


class Nginx(Front):
    """nginx, streaming."""

    name = "nginx"
    example = "nginx-example.conf"
    programs = ("nginx",)
    root_only = r"^user .*\n"

    def command(self):
        return ["nginx", "-c", self.config, "-e", "stderr", "-g",
                "daemon off;"]

    def param_line(self, name, value):
        return f'fastcgi_param {name} "{value}";'


class NginxCache(Nginx):
    """nginx as a cache of slices."""

    name = "nginx-cache"
    example = "examples/nginx-cache.conf"


class Apache(Front):
    """Apache with mod_proxy_fcgi."""

    name = "apache"
    example = "examples/apache.conf"
    programs = ("apache2",)

    def command(self):
        return ["apache2", "-f", self.config, "-DFOREGROUND"]

    def param_line(self, name, value):
        return f'SetEnv {name} "{value}"'


class Lighttpd(Front):
    """lighttpd with mod_fastcgi."""

    name = "lighttpd"
    owns_folder = True
    # 1 when it is told to stop right after its start.
    stop_statuses = Front.stop_statuses + (1,)
    example = "examples/lighttpd.conf"
    programs = ("lighttpd",)
    listen = "8080"

    def values(self, daemon):
        return {**super().values(daemon), "127.0.0.1": "127.0.0.1",
                self.listen: str(self.port)}

    def command(self):
        return ["lighttpd", "-D", "-f", self.config]

    def param_line(self, name, value):
        return f'"{name}" => "{value}",'


class Haproxy(Front):
    """HAProxy with an fcgi-app."""

    name = "haproxy"
    example = "examples/haproxy.cfg"
    programs = ("haproxy",)
    root_only = r"^ +(user|group) .*\n"

    def command(self):
        return ["haproxy", "-db", "-f", self.config]

    def param_line(self, name, value):
        return 'set-param {} "{}"'.format(name, value.replace("%", "%%"))

    def crashed(self, status):
        # HAProxy 2.6.12 does now and then (its issue 2150 is one reason).
        if status == -signal.SIGSEGV:
            raise Skip("HAProxy itself crashed (SIGSEGV)")
        super().crashed(status)

    def server_status(self):
        """What the health check says of fcgi-stream: UP, DOWN…"""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10 * SLOWNESS)
            control.connect(str(self.run_dir / "control.sock"))
            control.sendall(b"show stat\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        rows = [line.split(",") for line in text.splitlines() if line]
        column = rows[0].index("status")
        return next(row[column] for row in rows
                    if row[:2] == ["fcgi_stream", "local"])


class Caddy(Front):
    """Caddy with the FastCGI transport."""

    name = "caddy"
    example = "examples/Caddyfile"
    programs = ("caddy",)
    listen = "8080"

    def values(self, daemon):
        return {**super().values(daemon), "127.0.0.1": "127.0.0.1",
                self.listen: str(self.port)}

    def command(self):
        return ["caddy", "run", "--config", self.config, "--adapter",
                "caddyfile"]

    def param_line(self, name, value):
        return f'env {name} "{value}"'


FRONTS = (Nginx, NginxCache, Apache, Lighttpd, Haproxy, Caddy)
