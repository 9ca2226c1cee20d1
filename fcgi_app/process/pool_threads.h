/* SPDX-License-Identifier: MIT */
/* The threads of libuv's pool, all made at the start. */
#ifndef FCGI_APP_PROCESS_POOL_THREADS_H
#define FCGI_APP_PROCESS_POOL_THREADS_H

#include <uv.h>

/* The size of the pool. */
#define POOL_THREADS 16

/*
 * Makes them now: libuv would do so at the pool's first use, and end the
 * process by SIGABRT if they can't be had then. To be called once, before that.
 * Returns 0 or -errno: -EAGAIN if there may be no more threads (RLIMIT_NPROC,
 * the cgroup's pids.max, RLIMIT_AS).
 */
int pool_threads_start(uv_loop_t *loop);

#endif
