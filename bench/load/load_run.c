/* SPDX-License-Identifier: MIT */
/*
 * Each turn of the loop starts the clients that are due by the ramp, keeps
 * the measured time (end of the warm-up, samples), fires timers, then gives
 * each ready connection one event.
 */
#include "config.h"
#include "bench/load/load_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/load/load_client.h"
#include "bench/load/load_clock.h"

#define EVENTS_MAX 256
#define BUFFER_SIZE (256u << 10)
/* Descriptors that are no connections. */
#define DESCRIPTORS_SPARE 32
/* The loop looks at the clock at least so often. */
#define TURN_MAX_MS 100
#define TIMEOUT_CHECK_US 500000

struct load_run {
	const struct load_options *options;
	struct load_shared shared;
	struct load_request *requests;
	struct load_client *clients;
	size_t launched; /* clients that have started */
	uint64_t start_us;
	uint64_t next_check_us;
	bool measuring;
	void *file; /* of --check, mapped */
	size_t file_length;
	/* the sample that runs */
	uint64_t sample_start_us;
	uint64_t sample_due_us; /* never drifts, unlike the start */
	uint64_t sample_start_bytes;
	uint64_t *samples;
	size_t sample_count;
	size_t sample_room;
	uint64_t *client_bytes;
};

static volatile sig_atomic_t stopped;

void load_run_stop(void)
{
	stopped = 1;
}

/* --- preparation ---------------------------------------------------------- */

static int raise_descriptors(size_t connections)
{
	rlim_t needed = connections + DESCRIPTORS_SPARE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur >= needed)
		return 0;
	limit.rlim_cur = needed;
	if (limit.rlim_max < needed)
		limit.rlim_max = needed;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static int map_file(struct load_run *run, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	run->file_length = (size_t)status.st_size;
	if (run->file_length == 0)
		return 0;
	run->file = mmap(NULL, run->file_length, PROT_READ, MAP_SHARED, fd, 0);
	if (run->file == MAP_FAILED) {
		run->file = NULL;
		return -errno;
	}
	return 0;
}

/* The part of the file that --range asks for. */
static void expect_file(struct load_run *run)
{
	const struct load_range *range = &run->options->range;
	struct load_expected *expected = &run->shared.expected;
	uint64_t size = run->file_length;
	uint64_t first = 0;
	uint64_t end = size;

	if (range->has_first)
		first = range->first < size ? range->first : size;
	else if (range->has_last)
		first = range->last < size ? size - range->last : 0;
	if (range->has_first && range->has_last && range->last < size)
		end = range->last + 1;
	expected->has_length = true;
	expected->length = end - first;
	if (run->file)
		expected->bytes = (const uint8_t *)run->file + first;
}

static int expect_check(struct load_run *run)
{
	int fd = open(run->options->check, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = map_file(run, fd);
	close(fd);
	if (r == 0)
		expect_file(run);
	return r;
}

static int make_requests(struct load_run *run)
{
	const struct load_options *options = run->options;

	run->requests = calloc(options->path_count, sizeof(*run->requests));
	if (!run->requests)
		return -ENOMEM;
	run->shared.requests = run->requests;
	for (size_t i = 0; i < options->path_count; i++) {
		int r = load_request_init(
		    &run->requests[i], options, options->paths[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_clients(struct load_run *run)
{
	size_t count = run->options->connections;

	run->clients = calloc(count, sizeof(*run->clients));
	run->client_bytes = calloc(count, sizeof(*run->client_bytes));
	if (!run->clients || !run->client_bytes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		load_client_init(&run->clients[i], &run->shared, i);
	return 0;
}

static int make_shared(struct load_run *run)
{
	const struct load_options *options = run->options;
	struct load_shared *shared = &run->shared;

	shared->options = options;
	shared->protocol =
	    options->http ? &load_protocol_http : &load_protocol_fcgi;
	shared->expected.has_length = options->has_expected_length;
	shared->expected.length = options->expected_length;
	/* MSG_TRUNC is for TCP only: tcp(7). */
	shared->may_skip = shared->protocol->skip_body && !options->check &&
	    !options->copy && options->address.address.ss_family != AF_UNIX;
	shared->buffer_size = BUFFER_SIZE;
	shared->buffer = malloc(BUFFER_SIZE);
	shared->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (shared->epoll_fd < 0)
		return -errno;
	return shared->buffer ? 0 : -ENOMEM;
}

/* Each step with what is said if it fails. */
static int prepare(struct load_run *run, const char **ret_reason)
{
	int r = raise_descriptors(run->options->connections);

	*ret_reason = "descriptors for all connections (RLIMIT_NOFILE)";
	if (r < 0)
		return r;
	*ret_reason = "memory and epoll";
	r = make_shared(run);
	if (r < 0)
		return r;
	*ret_reason = "requests for all paths";
	r = make_requests(run);
	if (r < 0)
		return r;
	*ret_reason = "the file to check against";
	r = run->options->check ? expect_check(run) : 0;
	if (r < 0)
		return r;
	*ret_reason = "memory for all connections";
	return make_clients(run);
}

int load_run_new(const struct load_options *options, struct load_run **ret_run,
    const char **ret_reason)
{
	struct load_run *run = calloc(1, sizeof(*run));
	int r;

	*ret_reason = "memory";
	if (!run)
		return -ENOMEM;
	run->options = options;
	run->shared.epoll_fd = -1;
	r = prepare(run, ret_reason);
	if (r < 0)
		load_run_free(run);
	else
		*ret_run = run;
	return r;
}

void load_run_free(struct load_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; run->clients && i < run->options->connections; i++)
		load_client_fini(&run->clients[i]);
	for (size_t i = 0; run->requests && i < run->options->path_count; i++)
		load_request_fini(&run->requests[i]);
	if (run->file)
		munmap(run->file, run->file_length);
	if (run->shared.epoll_fd >= 0)
		close(run->shared.epoll_fd);
	free(run->shared.buffer);
	free(run->requests);
	free(run->clients);
	free(run->client_bytes);
	free(run->samples);
	free(run);
}

/* --- the loop ------------------------------------------------------------- */

/* Clients that the ramp lets begin. */
static void launch(struct load_run *run, uint64_t now_us)
{
	const struct load_options *options = run->options;
	uint64_t passed = now_us - run->start_us;
	size_t due = options->connections;

	if (passed < options->ramp_us)
		due = 1 +
		    (size_t)((double)passed / (double)options->ramp_us *
			(double)(options->connections - 1));
	while (run->launched < due)
		load_client_start(&run->clients[run->launched++]);
}

static void begin_measuring(struct load_run *run, uint64_t now_us)
{
	run->measuring = true;
	run->shared.measure_us = now_us;
	run->shared.counts.bytes = 0;
	for (size_t i = 0; i < run->options->connections; i++)
		run->clients[i].bytes = 0;
	run->sample_start_us = now_us;
	run->sample_due_us = now_us + run->options->sample_us;
	run->sample_start_bytes = 0;
}

static void add_sample(struct load_run *run, uint64_t value)
{
	if (run->sample_count == run->sample_room) {
		size_t room = run->sample_room * 2 + 64;
		uint64_t *larger =
		    reallocarray(run->samples, room, sizeof(*run->samples));

		if (!larger)
			return;
		run->samples = larger;
		run->sample_room = room;
	}
	run->samples[run->sample_count++] = value;
}

/* A turn may end a little late: what counts is how long it really was. */
static void end_sample(struct load_run *run, uint64_t now_us)
{
	uint64_t length = now_us - run->sample_start_us;
	uint64_t bytes = run->shared.counts.bytes - run->sample_start_bytes;

	add_sample(run, (uint64_t)((double)bytes * 1e6 / (double)length));
	while (run->sample_due_us <= now_us)
		run->sample_due_us += run->options->sample_us;
	run->sample_start_us = now_us;
	run->sample_start_bytes = run->shared.counts.bytes;
}

/* The run may be over some milliseconds before its last sample is. */
static void end_last_sample(struct load_run *run, uint64_t now_us)
{
	uint64_t interval = run->options->sample_us;

	if (interval && run->measuring &&
	    now_us - run->sample_start_us >= interval / 10 * 9)
		end_sample(run, now_us);
}

static void check_timeouts(struct load_run *run, uint64_t now_us)
{
	if (now_us < run->next_check_us)
		return;
	run->next_check_us = now_us + TIMEOUT_CHECK_US;
	for (size_t i = 0; i < run->launched; i++)
		load_client_check_timeout(&run->clients[i], now_us);
}

static void keep_time(struct load_run *run, uint64_t now_us)
{
	if (!run->measuring &&
	    now_us - run->start_us >= run->options->warm_up_us)
		begin_measuring(run, now_us);
	if (run->measuring && run->options->sample_us &&
	    now_us >= run->sample_due_us)
		end_sample(run, now_us);
	check_timeouts(run, now_us);
}

static bool is_over(const struct load_run *run, uint64_t now_us)
{
	const struct load_options *options = run->options;
	uint64_t passed = now_us - run->start_us;

	if (stopped || (options->run_us && passed >= options->run_us))
		return true;
	if (run->shared.active > 0 || !options->requests)
		return false;
	return run->launched == options->connections ||
	    run->shared.started >= options->requests;
}

/* How long nothing but the network can happen. */
static int wait_ms(const struct load_run *run, uint64_t now_us)
{
	const struct load_options *options = run->options;
	int most = TURN_MAX_MS;

	if (run->launched < options->connections)
		most = 1;
	if (options->run_us &&
	    run->start_us + options->run_us < now_us + TURN_MAX_MS * 1000)
		most = 1;
	if (options->sample_us || !run->measuring)
		most = most < 2 ? most : 2;
	return load_wheel_wait(&run->shared.wheel, now_us, most);
}

static int turn(struct load_run *run, uint64_t now_us)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(
	    run->shared.epoll_fd, events, EVENTS_MAX, wait_ms(run, now_us));

	if (n < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < n; i++)
		load_client_event(events[i].data.ptr);
	return 0;
}

/* --- the result ----------------------------------------------------------- */

static double cpu_seconds(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return 0;
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void sum_up(
    struct load_run *run, uint64_t end_us, struct load_result *ret_result)
{
	size_t count = 0;

	/* It is over before its warm-up: nothing counts. */
	if (!run->measuring)
		begin_measuring(run, end_us);
	for (size_t i = run->options->stall; i < run->options->connections; i++)
		run->client_bytes[count++] = run->clients[i].bytes;
	qsort(run->client_bytes, count, sizeof(*run->client_bytes), compare);
	*ret_result = (struct load_result){
		.counts = &run->shared.counts,
		.seconds = (double)(end_us - run->shared.measure_us) / 1e6,
		.cpu_seconds = cpu_seconds(),
		.connected = run->shared.connected,
		.client_bytes = run->client_bytes,
		.client_count = count,
		.samples = run->samples,
		.sample_count = run->sample_count,
	};
}

static bool waits_for_first_byte(const struct load_client *client)
{
	switch (client->state) {
	case LOAD_CLIENT_REFUSED:
	case LOAD_CLIENT_CONNECTING:
	case LOAD_CLIENT_SENDING:
	case LOAD_CLIENT_READING:
	case LOAD_CLIENT_PACING:
		return !client->response.begun;
	case LOAD_CLIENT_NEW:
	case LOAD_CLIENT_STALLED:
	case LOAD_CLIENT_PAUSING:
	case LOAD_CLIENT_RETIRED:
		break;
	}
	return false;
}

/* Those that started in the warm-up are not counted, as elsewhere. */
static void count_unfinished(struct load_run *run, uint64_t end_us)
{
	struct load_counts *counts = &run->shared.counts;
	uint64_t p99_us = load_counts_p99(counts);

	for (size_t i = 0; i < run->launched; i++) {
		const struct load_client *client = &run->clients[i];

		if (!client->stalls && waits_for_first_byte(client) &&
		    client->start_us >= run->shared.measure_us)
			load_counts_unfinished(
			    counts, end_us - client->start_us, p99_us);
	}
}

int load_run_go(struct load_run *run, struct load_result *ret_result)
{
	struct load_shared *shared = &run->shared;
	uint64_t now_us = load_clock_us();
	int r = 0;

	run->start_us = now_us;
	run->next_check_us = now_us + TIMEOUT_CHECK_US;
	/* Until the warm-up is over, nothing starts late enough. */
	shared->measure_us = UINT64_MAX;
	load_wheel_init(&shared->wheel, now_us);
	for (;;) {
		keep_time(run, now_us);
		if (r < 0 || is_over(run, now_us))
			break;
		launch(run, now_us);
		load_wheel_advance(&shared->wheel, now_us, load_client_due);
		r = turn(run, now_us);
		now_us = load_clock_us();
	}
	end_last_sample(run, now_us);
	count_unfinished(run, now_us);
	sum_up(run, now_us, ret_result);
	return r;
}
