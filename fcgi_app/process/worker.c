/* SPDX-License-Identifier: MIT */
/*
 * Life of a worker:
 *
 *	serving   accepts (acceptor.c says when)
 *	draining  after SIGTERM: no longer accepts, responses run to their end;
 *	          SIGQUIT breaks them off
 *	stopping  no connection is left: every handle is closed, the loop ends;
 *	          what modules have left open holds it up for a second at most
 *
 * Memory: the chunk pool holds --buffer-memory; the record pool a few buffers
 * more, since a record is borrowed only within a call. Lists of files take up
 * to --member-memory.
 */
#include "config.h"
#include "fcgi_app/process/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/fcgi/fcgi_batch.h"
#include "common/fcgi/fcgi_params.h"
#include "common/file/file_table.h"
#include "common/memory_budget.h"
#include "common/reader/aio_reader.h"
#include "fcgi_app/actions/dispatch.h"
#include "fcgi_app/connection/connection.h"
#include "fcgi_app/process/acceptor.h"
#include "fcgi_app/process/pool_threads.h"
#include "fcgi_app/process/root_watch.h"
#include "fcgi_app/process/worker_board.h"
#include "fcgi_app/request/param_check.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/listener.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

/* Of the pool's threads; some are left for opening files. */
#define POOL_READS (POOL_THREADS - 4)
/* How often chunks are taken back from clients that don't take them. */
#define SWEEP_MS 250
/* How soon the log is tried again whose reader is slow. */
#define LOG_RETRY_MS 100
/* glibc's heaps: one for the loop, one for all threads of the pool. */
#define MALLOC_ARENAS 2
/* Buffers of output; one is in use at a time. */
#define OUTPUT_BUFFERS 2
/* How long a worker that stops waits for handles that modules have open. */
#define STOP_GRACE_MS 1000
/* Chunks that stay allocated in a worker without connections. */
#define IDLE_CHUNKS 2

struct worker {
	const struct worker_config *config;
	unsigned int number;
	uv_loop_t loop;
	uv_signal_t on_term;
	uv_signal_t on_quit;
	uv_signal_t on_int;
	uv_timer_t sweep;
	uv_timer_t log_retry;
	uv_check_t run; /* after the events of each turn */
	uv_idle_t more; /* active while streams wait for their turn */
	uv_timer_t drain;
	uv_prepare_t before_sleep;
	struct acceptor acceptor;
	struct root_watch root_watch;
	struct chunk_pool *chunks;
	struct services services;
	struct connections connections;
	struct memory_budget member_memory;
	struct param_check param_check;
	bool is_stopping;
};

static void on_sweep(uv_timer_t *timer)
{
	struct worker *worker = timer->data;

	if (!stream_group_sweep(&worker->services.streams))
		uv_timer_stop(timer);
}

static void on_hold(void *context)
{
	struct worker *worker = context;

	if (!uv_is_active((uv_handle_t *)&worker->sweep))
		uv_timer_start(&worker->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* That it is active keeps the loop from waiting. */
}

static void on_runnable(void *context)
{
	struct worker *worker = context;

	if (!worker->is_stopping)
		uv_idle_start(&worker->more, on_idle);
}

static void on_turn(void *context)
{
	struct worker *worker = context;

	aio_reader_kick(worker->services.reader);
}

static void on_run(uv_check_t *check)
{
	struct worker *worker = check->data;

	if (!stream_group_run(&worker->services.streams))
		uv_idle_stop(&worker->more);
	/* Last: an end may make a stream of another request runnable. */
	turn_ends_run(&worker->services.ends);
}

/* --- draining and stopping ------------------------------------------------ */

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Lets the loop end although a handle is open. */
static void let_end(uv_handle_t *handle, void *context)
{
	unsigned int *count = context;

	/* But not a poll: the kernel may have a read of ours under way. */
	if (handle->type == UV_POLL || !uv_is_active(handle) ||
	    !uv_has_ref(handle))
		return;
	uv_unref(handle);
	++*count;
}

/* What is open still is not ours. */
static void on_stop_timeout(uv_timer_t *timer)
{
	struct worker *worker = timer->data;
	unsigned int count = 0;

	uv_walk(&worker->loop, let_end, &count);
	if (count > 0)
		log_message(LOG_LEVEL_WARNING,
		    "stopping with %u libuv handles of an --action open: it "
		    "has to close those of a request in `gone`, and to "
		    "uv_unref() those of the worker",
		    count);
}

static void stop(struct worker *worker)
{
	if (worker->is_stopping)
		return;
	worker->is_stopping = true;
	acceptor_close(&worker->acceptor);
	root_watch_close(&worker->root_watch);
	close_handle((uv_handle_t *)&worker->on_term);
	close_handle((uv_handle_t *)&worker->on_quit);
	close_handle((uv_handle_t *)&worker->on_int);
	close_handle((uv_handle_t *)&worker->sweep);
	close_handle((uv_handle_t *)&worker->log_retry);
	close_handle((uv_handle_t *)&worker->run);
	close_handle((uv_handle_t *)&worker->more);
	close_handle((uv_handle_t *)&worker->before_sleep);
	dispatch_close(&worker->services);
	aio_reader_close(worker->services.reader);
	uv_unref((uv_handle_t *)&worker->drain);
	uv_timer_start(
	    &worker->drain, on_stop_timeout, STOP_GRACE_MS, STOP_GRACE_MS);
}

/* There are fewer connections, or a pause is over. */
static void worker_changed(void *context)
{
	struct worker *worker = context;
	struct connections *connections = &worker->connections;

	if (connections->count == 0) {
		if (connections->draining)
			stop(worker);
		else
			chunk_pool_trim(worker->chunks, IDLE_CHUNKS);
	}
	acceptor_update(&worker->acceptor);
}

static void on_drain_timeout(uv_timer_t *timer)
{
	struct worker *worker = timer->data;

	log_message(LOG_LEVEL_WARNING,
	    "--drain-timeout=%" PRIu64 "ms is over: %u connections are cut off",
	    worker->config->options->drain_timeout_ms,
	    worker->connections.count);
	connections_abort(&worker->connections, "worker stopped");
}

static void start_drain(struct worker *worker)
{
	acceptor_stop(&worker->acceptor);
	listeners_close(worker->config->listeners);
	uv_timer_start(&worker->drain, on_drain_timeout,
	    worker->config->options->drain_timeout_ms, 0);
	/* The actions first: without connections the worker stops at once. */
	dispatch_drain(&worker->services);
	connections_drain(&worker->connections);
	worker_changed(worker);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct worker *worker = handle->data;
	bool draining = worker->connections.draining;

	/*
	 * A terminal sends SIGINT to the master as well, who decides. SIGTERM
	 * may come twice: to the whole group, and from the master.
	 */
	if (number == SIGTERM && !draining) {
		start_drain(worker);
	} else if (number == SIGQUIT) {
		if (!draining)
			start_drain(worker);
		connections_abort(&worker->connections, "worker stopped");
	}
}

/* --- beginning ------------------------------------------------------------ */

static void on_degraded(void *context, int error)
{
	(void)context;
	log_message(LOG_LEVEL_WARNING,
	    "kernel AIO: %s; reads that it refuses go to the thread pool",
	    strerror(-error));
}

static bool on_short(void *context)
{
	return stream_group_reclaim(context);
}

/* fs.aio-max-nr is shared by the whole host, so this is for the operator. */
static void report_slots(const struct aio_reader *reader, unsigned int depth)
{
	unsigned int slots = aio_reader_slots(reader);

	if (slots == 0)
		log_message(LOG_LEVEL_WARNING,
		    "kernel AIO: %s; all reads from disk go to the thread pool "
		    "(see fs.aio-max-nr)",
		    strerror(-aio_reader_setup_error(reader)));
	else if (slots < depth)
		log_message(LOG_LEVEL_WARNING,
		    "kernel AIO: only %u slots granted of --aio-depth=%u (see "
		    "fs.aio-max-nr)",
		    slots, depth);
}

static int make_services(struct worker *worker)
{
	const struct options *options = worker->config->options;
	struct services *services = &worker->services;
	const struct aio_reader_options reader = {
		.loop = &worker->loop,
		.pool = worker->chunks,
		.depth = options->aio_depth,
		.pool_jobs = POOL_READS,
		.page_cache = options->page_cache,
		.degraded = on_degraded,
	};
	int r = aio_reader_new(&reader, &services->reader);

	if (r < 0)
		return r;
	report_slots(services->reader, options->aio_depth);
	services->files = file_table_new(&worker->loop);
	if (!services->files)
		return -ENOMEM;
	memory_budget_init(&worker->member_memory, options->member_memory);
	services->member_memory = &worker->member_memory;
	services->param_check = &worker->param_check;
	services->loop = &worker->loop;
	services->process = (int)getpid();
	services->options = options;
	services->roots = worker->config->roots;
	services->media_types = worker->config->media_types;
	services->action_modules = worker->config->action_modules;
	services->action_states = worker->config->action_states;
	stream_group_init(&services->streams, options->chunk_size);
	services->streams.pool = worker->chunks;
	services->streams.on_runnable = on_runnable;
	services->streams.on_turn = on_turn;
	services->streams.on_hold = on_hold;
	services->streams.context = worker;
	turn_ends_init(&services->ends);
	services->ends.on_first = on_runnable;
	services->ends.context = worker;
	chunk_pool_on_short(worker->chunks, on_short, &services->streams);
	return dispatch_open(services);
}

static int make_connections(struct worker *worker)
{
	struct connections *connections = &worker->connections;

	connections_init(connections);
	connections->services = &worker->services;
	connections->on_request = dispatch;
	connections->limit = worker->config->options->max_connections;
	connections->changed = worker_changed;
	connections->context = worker;
	connections->records = chunk_pool_new(
	    FCGI_BATCH_BUFFER_SIZE, OUTPUT_BUFFERS * FCGI_BATCH_BUFFER_SIZE);
	if (!connections->records)
		return -ENOMEM;
	return fcgi_params_parser_new(&connections->parser);
}

static void watch_signal(struct worker *worker, uv_signal_t *handle, int number)
{
	uv_signal_init(&worker->loop, handle);
	handle->data = worker;
	uv_signal_start(handle, on_signal, number);
}

static void make_timer(struct worker *worker, uv_timer_t *timer)
{
	uv_timer_init(&worker->loop, timer);
	timer->data = worker;
}

static void on_log_retry(uv_timer_t *timer)
{
	(void)timer; /* It makes a turn, at whose end the rest is flushed. */
}

/* The lines of a turn go to the log's thread together: it wakes up once. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct worker *worker = prepare->data;

	if (!log_flush() && !uv_is_active((uv_handle_t *)&worker->log_retry))
		uv_timer_start(
		    &worker->log_retry, on_log_retry, LOG_RETRY_MS, 0);
}

static int make_handles(struct worker *worker)
{
	const struct acceptor_options accept = {
		.loop = &worker->loop,
		.config = worker->config,
		.number = worker->number,
		.connections = &worker->connections,
	};

	uv_idle_init(&worker->loop, &worker->more);
	uv_check_init(&worker->loop, &worker->run);
	worker->run.data = worker;
	uv_check_start(&worker->run, on_run);
	make_timer(worker, &worker->sweep);
	make_timer(worker, &worker->log_retry);
	make_timer(worker, &worker->drain);
	watch_signal(worker, &worker->on_term, SIGTERM);
	watch_signal(worker, &worker->on_quit, SIGQUIT);
	watch_signal(worker, &worker->on_int, SIGINT);
	uv_prepare_init(&worker->loop, &worker->before_sleep);
	worker->before_sleep.data = worker;
	uv_prepare_start(&worker->before_sleep, on_prepare);
	/* All find the same: one reports it. */
	root_watch_start(&worker->root_watch, &worker->loop,
	    worker->config->roots, worker->number == 0);
	return acceptor_init(&worker->acceptor, &accept);
}

static int worker_init(struct worker *worker)
{
	const struct options *options = worker->config->options;
	int r;

	/* Each thread would keep a heap of what it once had. */
	mallopt(M_ARENA_MAX, MALLOC_ARENAS);
	r = uv_loop_init(&worker->loop);
	if (r == 0)
		r = pool_threads_start(&worker->loop);
	if (r < 0)
		return r;
	worker->chunks =
	    chunk_pool_new(options->chunk_size, options->buffer_memory);
	if (!worker->chunks)
		return -ENOMEM;
	r = make_connections(worker);
	if (r < 0)
		return r;
	r = make_services(worker);
	if (r == 0)
		r = make_handles(worker);
	return r < 0 ? r : log_start_writer(options->workers);
}

static void worker_fini(struct worker *worker)
{
	/* What ended after the last turn. */
	turn_ends_run(&worker->services.ends);
	dispatch_free(worker->config->action_states);
	file_table_free(worker->services.files);
	fcgi_params_parser_free(worker->connections.parser);
	chunk_pool_free(worker->connections.records);
	chunk_pool_free(worker->chunks);
	uv_loop_close(&worker->loop);
}

/* Returns where to look for the limit that such an error comes from. */
static const char *limit_of(int error)
{
	switch (-error) {
	case EMFILE:
		return " (see ulimit -n)";
	case EAGAIN:
		return " (threads: see ulimit -u, ulimit -v and TasksMax)";
	}
	return "";
}

int worker_run(const struct worker_config *config, unsigned int number)
{
	/* To the end: modules may have left handles open in its loop. */
	static struct worker the_worker;
	struct worker *worker = &the_worker;
	int r;

	worker->config = config;
	worker->number = number;
	r = worker_init(worker);
	if (r < 0) {
		/* The process ends here, and all it has with it. */
		log_message(LOG_LEVEL_ERROR, "worker can't start: %s%s",
		    strerror(-r), limit_of(r));
		return EXIT_FAILURE;
	}
	acceptor_update(&worker->acceptor);
	worker_board_begin(config->board);
	/* Wakes the master, to look at the board. */
	kill(getppid(), SIGCHLD);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	close_handle((uv_handle_t *)&worker->drain);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	worker_fini(worker);
	log_stop_writer();
	return EXIT_SUCCESS;
}
