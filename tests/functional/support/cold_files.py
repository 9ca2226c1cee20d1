# SPDX-License-Identifier: MIT
"""Files in and out of the page cache."""

import ctypes
import mmap
import os
import subprocess
import time

from support.harness import SLOWNESS, Skip, need

# mmap(2); module mmap of Python 3.11 does not have it.
MAP_NORESERVE = 0x4000


def cached_pages(stored):
    """Which pages of a file are in the page cache, as truth values."""
    size = mmap.PAGESIZE
    pages = (ctypes.c_ubyte * ((stored.size + size - 1) // size))()
    with open(stored.path, "rb") as source:
        # Nothing is written: a file may be larger than the memory.
        mapped = mmap.mmap(source.fileno(), 0,
                           flags=mmap.MAP_PRIVATE | MAP_NORESERVE,
                           prot=mmap.PROT_READ | mmap.PROT_WRITE)
    # Its first byte's address; no byte of it is touched.
    start = ctypes.c_char.from_buffer(mapped)
    failed = ctypes.CDLL(None, use_errno=True).mincore(
        ctypes.byref(start), ctypes.c_size_t(stored.size), pages)
    del start
    mapped.close()
    if failed:
        raise Skip(f"mincore: {os.strerror(ctypes.get_errno())}")
    return [page & 1 for page in pages]


def evict(stored):
    """Drops a file's bytes from the page cache; skips where it can't."""
    descriptor = os.open(stored.path, os.O_RDONLY)
    limit = time.monotonic() + 5 * SLOWNESS
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        # A page that is being read ahead stays until it has been read.
        while any(cached_pages(stored)):
            if time.monotonic() > limit:
                raise Skip("this file cannot be dropped from the page cache")
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def warm(stored, first, length):
    """Reads a part into the page cache, without read-ahead beyond it."""
    descriptor = os.open(stored.path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        os.pread(descriptor, length, first)
    finally:
        os.close(descriptor)


def need_direct_io(case):
    """Skips the test where files cannot be read past the page cache."""
    probe = case.store("probe", 4096)
    try:
        os.close(os.open(probe.path, os.O_RDONLY | os.O_DIRECT))
    except OSError as error:
        raise Skip(f"no O_DIRECT here: {error.strerror}") from None
    need("stat")
    kind = subprocess.run(("stat", "-f", "-c", "%T", probe.path), text=True,
                          stdout=subprocess.PIPE, check=True).stdout.strip()
    if kind not in ("ext2/ext3", "xfs", "btrfs", "f2fs"):
        raise Skip(f"direct I/O is not tried on {kind}")
    evict(probe)
