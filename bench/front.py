# SPDX-License-Identifier: MIT
"""nginx as a peer: in front of another one, or serving the files itself.

It always runs with nginx-example.conf, but without an access log and with as
many workers as the row says.  What stands in "location /" is another where no
FastCGI backend is behind it.
"""

import re
import subprocess

from support.checks import Failure, need, tool_environment
from support.nginx import Nginx
from peer import FASTCGI, HTTP, SETTINGS, Peer
from support.procfs import cpu_seconds, session

LOCATION = re.compile(r"^        location / \{\n.*?^        \}\n",
                      re.MULTILINE | re.DOTALL)
WORKERS = re.compile(r"^worker_processes .*;$", re.MULTILINE)
ACCESS_LOG = re.compile(r"(?<=^    )access_log .*;$", re.MULTILINE)
STATIC = {
    "nginx-sendfile": "sendfile on;",
    "nginx-threads": "sendfile on; aio threads;",
    # As the documentation of its directive "aio" has it. Threads where it is
    # built without kernel AIO, as in Debian.
    "nginx-directio": "aio on; directio 512; output_buffers 1 128k;",
}


def nginx_build():
    """How nginx was configured when it was built."""
    need("nginx")
    return subprocess.run(["nginx", "-V"], capture_output=True, check=True,
                          env=tool_environment()).stderr


def replaced(pattern, new, text):
    """The configuration with one part of it replaced."""
    text, count = pattern.subn(lambda _: new, text)
    if count != 1:
        raise Failure(f"nginx-example.conf has no one {pattern.pattern}")
    return text


class Front(Nginx):
    """nginx with another location, if one is given."""

    def __init__(self, peer, backend, location=None, params=None):
        self.location = location
        self.workers = peer.plan.nginx_workers
        super().__init__(peer.case, backend, params)

    def configuration(self, backend, params):
        """The example, with parts of it replaced."""
        text = super().configuration(backend, params)
        text = replaced(WORKERS, f"worker_processes {self.workers};", text)
        text = replaced(ACCESS_LOG, "access_log off;", text)
        if self.location is None:
            return text
        block = f"        location / {{\n{self.location}\n        }}\n"
        return replaced(LOCATION, block, text)


class BehindNginx(Peer):
    """A peer behind nginx, under the peer's name."""

    http = True

    def __init__(self, peer):
        super().__init__(peer.case, peer.plan)
        self.peer = peer
        self.name = peer.name
        self.own_bytes = peer.own_bytes

    def start(self):
        self.peer.start()
        location = None
        if self.peer.http:
            location = (SETTINGS / "proxy.conf").read_text().replace(
                "BACKEND", self.peer.address)
        self.server = Front(self, self.peer, location, self.peer.params())
        self.address = f"127.0.0.1:{self.server.port}"

    def pids(self):
        return self.peer.pids()

    def front_cpu(self):
        return sum(cpu_seconds(pid) for pid in session(self.server.process))


class NginxStatic(Peer):
    """nginx itself reads the files."""

    http = True
    # An upstream that is never asked.
    backend = Peer(None, None)
    backend.address = "127.0.0.1:9"

    def __init__(self, name, case, plan):
        super().__init__(case, plan)
        self.name = name

    def start(self):
        location = STATIC[self.name]
        if b"--with-file-aio" not in nginx_build():
            location = location.replace("aio on", "aio threads")
        self.server = Front(self, self.backend, location)
        self.address = f"127.0.0.1:{self.server.port}"


def make_peer(name, case, plan, behind_nginx=False):
    """A peer by its name, not started."""
    if name in STATIC:
        return NginxStatic(name, case, plan)
    if name in HTTP and not behind_nginx:
        return HTTP[name](case, plan)
    peer = {**FASTCGI, **HTTP}[name](case, plan)
    return BehindNginx(peer) if behind_nginx else peer
