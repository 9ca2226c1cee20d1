/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/process/pool_threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *wait_at_gate(void *context)
{
	pthread_mutex_t *gate = context;

	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

/* Makes as many at once as the pool will have, and ends them. */
static int try_threads(void)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[POOL_THREADS];
	int made = 0, r = 0;

	pthread_mutex_lock(&gate);
	while (made < POOL_THREADS && r == 0) {
		r = pthread_create(&threads[made], NULL, wait_at_gate, &gate);
		if (r == 0)
			made++;
	}
	pthread_mutex_unlock(&gate);
	while (made > 0)
		pthread_join(threads[--made], NULL);
	pthread_mutex_destroy(&gate);
	return -r;
}

static void do_nothing(uv_work_t *work)
{
	(void)work;
}

static void free_work(uv_work_t *work, int status)
{
	(void)status;
	free(work);
}

int pool_threads_start(uv_loop_t *loop)
{
	char size[16];
	uv_work_t *work;
	int r = try_threads();

	if (r < 0)
		return r;
	/* libuv reads it at the pool's first use, which is this. */
	snprintf(size, sizeof(size), "%d", POOL_THREADS);
	setenv("UV_THREADPOOL_SIZE", size, 1);
	work = malloc(sizeof(*work));
	if (!work)
		return -ENOMEM;
	r = uv_queue_work(loop, work, do_nothing, free_work);
	if (r < 0)
		free(work);
	return r;
}
