# SPDX-License-Identifier: MIT
"""How much work a small request and a chunk may take at most.

A small request is for a file of 4 KiB in the page cache; a chunk is 256 KiB
of a large file.  All over an AF_UNIX socket to a client that reads as fast as
it can, one after the other.  Next to each bound stands what was measured, with

    FCGI_STREAM=build/fcgi-stream FCGI_LOAD=build/bench/fcgi_load \\
        tests/functional/test_counted_work.py --measure

on Debian 12 (Linux 6, glibc 2.36, gcc 12 -O2, strace 6.1, valgrind 3.19).
counted_work.py says what the names mean.

When the work has changed for a reason, measure again and set the bounds by
the rules below; a bound that rises is to be explained in the commit.

  - System calls that do not depend on the moment (sendmsg, preadv2, statx):
    the measured number and 0.1, so that one call more in ten units is found.
  - Those that do (waits, wakes, submits, completions): the most that is to be
    expected where nothing comes in batches, as on a busy machine: one submit,
    one completion, and two waits for each chunk.
  - Instructions: a tenth more, and some for the same waits.  libuv's: several
    times as many, since its loop spins until a thread that wakes it is ready.
  - Library calls by kind, which are exact: 0.2 more.  All of them: a hundredth
    more for a request; for a chunk as many as the waits may take.
"""

# --- system calls ------------------------------------------------------------

SMALL_KEPT_CALLS = {
    "sendmsg": 1.1,        # 1.000  head, body and END_REQUEST
    "preadv2": 1.1,        # 1.000
    "statx": 1.1,          # 1.000
    "newfstatat": 1.1,     # 1.000
    "close": 1.1,          # 1.000
    "recvfrom": 1.2,       # 1.000
    "read": 1.2,           # 1.000  libfcgi's file
    "pwrite64": 1.1,       # 1.000  libfcgi's file
    "write": 1.1,          # 1.000  the log
    "epoll_wait": 2.2,     # 1.000
    "futex": 1.2,          # 0.000
    "openat2": 1.1,        # 1.000  in the loop, RESOLVE_CACHED
    "any other": 0.1,      # 0.000
    "other threads": 4,    # 1.635  the log
    "total": 13,           # 11.000
}

SMALL_NEW_CALLS = {
    "accept4": 2.1,        # 2.000  one finds that there are no more
    "getsockname": 1.1,    # 1.000
    "getsockopt": 1.1,     # 1.000
    "setsockopt": 1.1,     # 1.000
    "ioctl": 1.1,          # 1.000
    "epoll_ctl": 5.2,      # 5.000
    "sendmsg": 1.1,        # 1.000
    "preadv2": 1.1,        # 1.000
    "statx": 1.1,          # 1.000
    "newfstatat": 1.1,     # 1.000
    "close": 2.1,          # 2.000
    "recvfrom": 1.5,       # 1.000
    "read": 1.2,           # 1.000
    "pwrite64": 1.1,       # 1.000
    "write": 1.1,          # 1.000
    "epoll_wait": 3.2,     # 2.000
    "futex": 1.2,          # 0.000
    "openat2": 1.1,        # 1.000
    "any other": 0.1,      # 0.000
    "other threads": 5,    # 2.580  the log
    "total": 26,           # 24.000
}

HOT_CHUNK_CALLS = {
    "sendmsg": 1.1,        # 1.000  five records
    "preadv2": 1.4,        # 1.125  one look in eight
    "statx": 1.1,          # 1.000
    "ioctl": 1.1,          # 1.000  how much the socket will take
    "epoll_wait": 2.2,     # 0.250
    "getrusage": 0.6,      # 0.250  before and after it
    "any other": 0.1,      # 0.000
    "other threads": 0.1,  # 0.000
    "total": 6.8,          # 4.6
}

COLD_CHUNK_CALLS = {
    "sendmsg": 1.1,        # 1.000
    "statx": 1.1,          # 1.000
    "ioctl": 1.1,          # 1.000
    "preadv2": 0.2,        # 0.062  one look in 16 reads
    "io_submit": 1.2,      # 0.258
    "io_getevents": 1.2,   # 0.250
    "read": 1.2,           # 0.250  the eventfd
    "epoll_wait": 2.5,     # 0.266
    "epoll_ctl": 1.2,      # 0.031
    "getrusage": 0.3,      # 0.062  around a look
    "futex": 0.2,          # 0.008
    "rt_sigreturn": 0.1,   # 0.008
    "write": 0.2,          # 0.016
    "any other": 0.1,      # 0.000
    "other threads": 0.1,  # 0.000
    "total": 9,            # 4.047
}

# --- instructions ------------------------------------------------------------

SMALL_KEPT_INSTRUCTIONS = {
    "program": 21200,      # 19614
    "libfcgi": 5400,          #  4927
    "libuv": 2500,         # 609
    "copies": 4300,        # 3872  the body once more: it waits for END_REQUEST
    "others": 32600,       # 29615
    "allocation calls": 79.2,# 79.000  half of them free(3)
    "copy calls": 82.2,    # 82.000
    "printf calls": 8.2,   # 8.000
    "library calls": 395,  # 391
}

HOT_CHUNK_INSTRUCTIONS = {
    "program": 2500,          #  2152; 2230 to 2312 on a busy machine
    "libfcgi": 174,           #   158
    "libuv": 1500,            #   145
    "copies": 54300,          # 49364  by 16 bytes each: one copy of each byte
    "others": 650,            #   470
    "allocation calls": 0.2,# 0.000
    "copy calls": 5.2,     # 5.000
    "printf calls": 0.1,      # 0.000
    "cached reads": 1.4,   # 1.125
    "submits": 0.1,           # 0.000
    "library calls": 45,      # 26.469
}

COLD_CHUNK_INSTRUCTIONS = {
    "program": 3200,          #  2845
    "libfcgi": 174,           #   158
    "libuv": 2000,            #   217
    "copies": 54300,          # 49364
    "others": 1500,           #   943
    "allocation calls": 1.2,# 1.000
    "copy calls": 5.2,     # 5.000
    "printf calls": 0.1,      # 0.000
    "cached reads": 0.2,      # 0.062
    "submits": 1.2,           # 0.250
    "library calls": 60,      # 30.047
}
