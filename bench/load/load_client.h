/* SPDX-License-Identifier: MIT */
/* One connection at a time, and the requests that it makes. */
#ifndef BENCH_LOAD_LOAD_CLIENT_H
#define BENCH_LOAD_LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/load_counts.h"
#include "bench/load/load_options.h"
#include "bench/load/load_request.h"
#include "bench/load/load_response.h"
#include "bench/load/load_wheel.h"

/* What all clients share; owned by load_run. */
struct load_shared {
	const struct load_options *options;
	const struct load_protocol *protocol;
	const struct load_request *requests; /* one for each path */
	struct load_expected expected;
	int epoll_fd;
	uint8_t *buffer; /* what is received, gone at the next turn */
	size_t buffer_size;
	bool may_skip;       /* the kernel may drop bodies */
	uint64_t started;    /* requests, not those that stall */
	size_t active;       /* clients that have work */
	bool connected;      /* at least once */
	uint64_t measure_us; /* what starts before is not counted */
	struct load_wheel wheel;
	struct load_counts counts;
};

enum load_client_state {
	LOAD_CLIENT_NEW,
	LOAD_CLIENT_REFUSED, /* the listener's queue is full: tries again */
	LOAD_CLIENT_CONNECTING,
	LOAD_CLIENT_SENDING,
	LOAD_CLIENT_READING, /* as soon as there is something */
	LOAD_CLIENT_PACING,  /* not before its timer */
	LOAD_CLIENT_STALLED, /* never */
	LOAD_CLIENT_PAUSING, /* after an error, before the next request */
	LOAD_CLIENT_RETIRED, /* has no more to ask */
};

struct load_client {
	struct load_shared *shared;
	enum load_client_state state;
	int fd; /* -1: not connected */
	uint32_t watched;
	bool stalls;
	size_t path;    /* of the next request, or the current one */
	size_t sent;    /* bytes of the request */
	uint64_t bytes; /* of bodies, in the measured time */
	uint64_t start_us;
	uint64_t heard_us; /* when the last byte came */
	uint64_t due_us;   /* with a pace: when more may be read */
	struct load_timer timer;
	struct load_response response;
};

/* The client number `index`; it does nothing yet. */
void load_client_init(
    struct load_client *client, struct load_shared *shared, size_t index);

/* Closes the connection, if there is one. */
void load_client_fini(struct load_client *client);

/* Starts the first request. */
void load_client_start(struct load_client *client);

/* For epoll: something has happened to the connection. */
void load_client_event(struct load_client *client);

/* For the wheel (a load_wheel_fire_fn). */
void load_client_due(struct load_timer *timer, uint64_t now_us);

/* Gives the request up if no byte has come for too long. */
void load_client_check_timeout(struct load_client *client, uint64_t now_us);

#endif
