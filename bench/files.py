# SPDX-License-Identifier: MIT
"""The files that are sent: made for a row, deleted after it."""

import dataclasses
import os
import pathlib
import shutil
import socket
import tempfile
import threading

from support.cold_files import evict

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclasses.dataclass
class File:
    """A file below the served root."""
    path: pathlib.Path
    size: int

    @property
    def request_path(self):
        """Its path in a request."""
        return "/" + self.path.name


class Files:
    """A folder of test files on the file system to measure."""

    def __init__(self, parent):
        parent.mkdir(parents=True, exist_ok=True)
        self.root = pathlib.Path(tempfile.mkdtemp(dir=parent)).resolve()
        self._pattern = os.urandom(4 * MIB)

    def make(self, count, size):
        """So many files that are not alike, on the disk and in the cache."""
        return [self._make(number, size) for number in range(count)]

    def _make(self, number, size):
        """Random bytes that begin elsewhere in each block and each file."""
        path = self.root / f"{number}-{size}.bin"
        with open(path, "wb") as out:
            for block, at in enumerate(range(0, size, len(self._pattern))):
                turn = (number * 65537 + block * 4099) % len(self._pattern)
                part = self._pattern[turn:] + self._pattern[:turn]
                out.write(part[:size - at])
            out.flush()
            os.fsync(out.fileno())
        return File(path, size)

    def copy(self, file):
        """A file with the same bytes, in the place of the copy before it."""
        path = self.root / "copy.bin"
        shutil.copyfile(file.path, path)
        return path

    def sparse(self, number, size):
        """A file of zeros that takes no room."""
        path = self.root / f"sparse-{number}-{size}.bin"
        with open(path, "wb") as out:
            out.truncate(size)
        return File(path, size)

    def clear(self):
        """Deletes the files, not the folder."""
        for path in self.root.iterdir():
            path.unlink()

    def remove(self):
        """Deletes the folder."""
        shutil.rmtree(self.root, ignore_errors=True)


def release_packets():
    """Makes the kernel let go of pages that sendfile has sent.

    It frees packets in batches, later, on the processor that made them: when
    that one has to do with the network again.
    """
    processors = os.sched_getaffinity(0)
    try:
        for processor in processors:
            os.sched_setaffinity(0, {processor})
            with socket.socket(type=socket.SOCK_DGRAM) as own:
                own.bind(("127.0.0.1", 0))
                own.sendto(b"x", own.getsockname())
                own.recv(1)
    finally:
        os.sched_setaffinity(0, processors)


def evict_all(files):
    """Drops the files from the page cache, and looks that they are gone."""
    release_packets()
    for file in files:
        evict(file)


def make_new(files):
    """Makes files that nobody has asked for yet, and that are on the disk.

    A server knows a file again by its times, among others (stat(2)): with
    others it is another file, that has never been wanted.
    """
    for file in files:
        os.utime(file.path)
    evict_all(files)


class Evictor:
    """Keeps files cold while they are read: drops what was read.

    It needs no mercy for pages in use, the kernel skips those.
    """

    def __init__(self, files):
        self.descriptors = [os.open(file.path, os.O_RDONLY) for file in files]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        """Drops all pages, five times a second."""
        while not self.stop.wait(0.2):
            for descriptor in self.descriptors:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        for descriptor in self.descriptors:
            os.close(descriptor)


def need_room(folder, size):
    """True if so many bytes fit on the file system, and some more."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize > size + 2 * GIB
