# SPDX-License-Identifier: MIT
"""What all rows of the benchmark have in common."""

from support.checks import Failure, Skip
from front import make_peer
from load import measured


class Row:
    """One thing that is measured on several peers (or in several variants).

    A row makes its files and starts its peers once; measure() is called for
    each variant in each round.  It is also the plan that peers read: the
    number of connections, the size of the files, the daemon's options.
    """

    name = ""
    title = ""
    peers = ()
    behind_nginx = False
    # nginx's worker_processes, and whether fcgi_load copies the bodies of
    # HTTP as it does those of FastCGI: where both are compared in one row.
    nginx_workers = "auto"
    copy = False
    connections = 1
    size = 0
    count = 1
    daemon_options = ()
    # Fewer rounds than asked for, where a round takes long.
    most_rounds = 99
    # Figures for the table: key, heading, factor.
    columns = (("bytes_per_second", "MB/s", 1e-6),
               ("cpu_ns_per_byte", "CPU ns/byte", 1))

    def __init__(self, quick, seconds):
        self.quick = quick
        self.seconds = seconds
        self.bench = None
        self.case = None
        self.files = []
        self.running = {}

    def note(self, text):
        """Something that a reader of the results should know."""
        self.bench.note(f"{self.name}: {text}")

    def room(self):
        """Bytes of disk that the row needs."""
        return self.count * self.size

    def goals(self):
        """What the row's figures should be."""
        return []

    def prepare(self, bench, case):
        """Makes the files, starts the peers, checks what they send."""
        self.bench, self.case = bench, case
        case.root = bench.files.root
        self.make_files()
        for name in self.peers:
            self.begin(name)

    def make_files(self):
        """Puts the row's files into self.files."""
        self.files = self.bench.files.make(self.count, self.size)

    def begin(self, name):
        """Starts a peer; one that cannot be had is noted and left out."""
        peer = make_peer(name, self.case, self, self.behind_nginx)
        try:
            peer.start()
            self.check(peer)
        except (Skip, Failure, OSError) as error:
            self.note(f"without {name}: {error}")
            return
        self.running[name] = peer

    def check(self, peer):
        """Fails unless the peer sends the right bytes."""
        self.bench.load.check(peer, self.files[0])

    def variants(self):
        """The names to call measure() with."""
        return list(self.running)

    def measure(self, name):
        """One run: a dictionary of figures."""
        raise NotImplementedError

    def load(self, peer, files=None, **options):
        """A measured run of the load generator."""
        return measured(peer, lambda: self.bench.load.run(
            peer, files or self.files, copy=self.copy, **options))
