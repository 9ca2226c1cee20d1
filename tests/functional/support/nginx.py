# SPDX-License-Identifier: MIT
"""nginx with nginx-example.conf in front of a daemon, and curl."""

import hashlib
import http.client
import re
import socket
import subprocess
import urllib.parse

from support.harness import SLOWNESS, TOP, equal, free_port, need
from support.server import Server

# As the log_format of the example has it.
ACCESS_LINE = re.compile(
    r'"(?P<method>\S+) (?P<path>\S+) [^"]*" (?P<status>\d+) (?P<bytes>\d+) '
    r'\S+ "(?P<range>[^"]*)" "(?P<completion>[^"]*)"')


class Nginx(Server):
    """A running nginx with nginx-example.conf, as quickstart.sh fills it in.

    Parameters given are added to those that the example sends.
    """

    def __init__(self, case, daemon, params=None):
        need("nginx", "awk")
        super().__init__(case, "nginx", free_port())
        config = case.dir / "nginx.conf"
        config.write_text(self.configuration(daemon.address, params or {}))
        self.start("nginx", "-c", config, "-e", "stderr", "-g", "daemon off;")

    def configuration(self, backend, params):
        """The example with this test's addresses, folders, parameters."""
        example = (TOP / "nginx-example.conf").read_bytes()
        done = subprocess.run(
            [TOP / "scripts" / "nginx-conf", f"127.0.0.1:{self.port}",
             backend, self.case.root, self.run_dir],
            input=example, capture_output=True, check=True)
        text = done.stdout.decode()
        action = "fastcgi_param STREAM_ACTION file;"
        equal(text.count(action), 1, f"{action} in the example")
        added = [f'fastcgi_param {name} "{value}";'
                 for name, value in params.items()]
        return text.replace(action, "\n".join([action, *added]))

    def url(self, name, host="127.0.0.1"):
        """The address of a file, for a client."""
        return f"http://{host}:{self.port}/{urllib.parse.quote(name)}"

    def requests(self):
        """The finished requests in its access log, as dictionaries."""
        text = (self.run_dir / "access.log").read_text()
        return [match.groupdict() for match in ACCESS_LINE.finditer(text)]

    def connect(self):
        """An HTTP connection that is kept over requests."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=20 * SLOWNESS)
        self.case.defer(connection.close)
        return connection

    def ask(self, path, method="GET", connection=None, **fields):
        """One request: status, fields and body."""
        connection = connection or self.connect()
        headers = {name.replace("_", "-"): value
                   for name, value in fields.items()}
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def begin(self, path, *fields):
        """Sends a GET on a plain socket and reads nothing."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.settimeout(20 * SLOWNESS)
        client.connect(("127.0.0.1", self.port))
        lines = [f"GET {path} HTTP/1.1", "Host: x", *fields, "", ""]
        client.sendall("\r\n".join(lines).encode())
        self.case.defer(client.close)
        return client


def start_both(case, *options, params=None, **how):
    """A daemon and an nginx in front of it."""
    need("nginx")
    daemon = case.start(*options, **how)
    return daemon, Nginx(case, daemon, params)


def curl(*words, expected=0):
    """Runs curl and returns what it prints."""
    need("curl")
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time",
         str(50 * SLOWNESS), *map(str, words)],
        capture_output=True, check=False)
    equal(done.returncode, expected, f"curl's status, {done.stderr!r}")
    return done.stdout


def check_same(path, stored, what):
    """Fails unless the file at path has the same bytes."""
    content = path.read_bytes()
    equal(len(content), stored.size, f"length of {what}")
    equal(hashlib.sha256(content).hexdigest(), stored.digest,
          f"SHA-256 of {what}")
