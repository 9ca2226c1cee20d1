/* SPDX-License-Identifier: MIT */
/*
 * All workers poll the same sockets, and each hears of every connection. A
 * front keeps its connections, so where they are accepted they stay, and the
 * first worker to wake up would have most of them.
 *
 * Each worker writes its own slot. One that does not come when a connection
 * waits is missing, and after a while the others stop waiting for it. An
 * outdated number costs balance, nothing else.
 */
#include "config.h"
#include "fcgi_app/process/worker_board.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

/* A worker with a 32nd more connections than another does not wait. */
#define SLACK_SHIFT 5
/* A cache line, so that workers do not slow down their neighbours. */
#define SLOT_SIZE 64

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2 &&
	ATOMIC_LLONG_LOCK_FREE == 2,
    "atomics must work between processes");

struct slot {
	_Alignas(SLOT_SIZE) atomic_uint connections;
	_Atomic uint64_t missing_since; /* 0: it responds */
};

struct worker_board {
	unsigned int count;
	atomic_bool has_begun;
	struct slot slots[];
};

static size_t size_of(unsigned int count)
{
	return sizeof(struct worker_board) + count * sizeof(struct slot);
}

struct worker_board *worker_board_new(unsigned int count)
{
	struct worker_board *board = mmap(NULL, size_of(count),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (board == MAP_FAILED)
		return NULL;
	board->count = count;
	return board;
}

void worker_board_free(struct worker_board *board)
{
	if (board)
		munmap(board, size_of(board->count));
}

void worker_board_begin(struct worker_board *board)
{
	atomic_store(&board->has_begun, true);
}

bool worker_board_has_begun(const struct worker_board *board)
{
	return atomic_load(&board->has_begun);
}

void worker_board_reset(struct worker_board *board, unsigned int worker)
{
	atomic_store(&board->slots[worker].connections, 0);
	atomic_store(&board->slots[worker].missing_since, 0);
}

void worker_board_set(
    struct worker_board *board, unsigned int worker, unsigned int connections)
{
	atomic_store(&board->slots[worker].connections, connections);
}

void worker_board_attend(struct worker_board *board, unsigned int worker)
{
	atomic_store(&board->slots[worker].missing_since, 0);
}

/* Returns for how long it has been missing; 0 after another chance. */
static uint64_t missing_for(const struct slot *slot, uint64_t now)
{
	uint64_t since = atomic_load(&slot->missing_since);

	if (since == 0 || now <= since || now - since > WORKER_BOARD_FORGET_MS)
		return 0;
	return now - since;
}

/* Returns true if a worker with `own` connections lets this one go first. */
static bool goes_first(const struct slot *slot, unsigned int own, uint64_t now)
{
	unsigned int fewer = atomic_load(&slot->connections);

	return own > fewer && own - fewer > fewer >> SLACK_SHIFT &&
	    missing_for(slot, now) <= WORKER_BOARD_PATIENCE_MS;
}

bool worker_board_may_accept(
    const struct worker_board *board, unsigned int worker, uint64_t now)
{
	unsigned int own = atomic_load(&board->slots[worker].connections);

	for (unsigned int i = 0; i < board->count; i++)
		if (i != worker && goes_first(&board->slots[i], own, now))
			return false;
	return true;
}

void worker_board_miss(
    struct worker_board *board, unsigned int worker, uint64_t now)
{
	unsigned int own = atomic_load(&board->slots[worker].connections);

	for (unsigned int i = 0; i < board->count; i++) {
		struct slot *slot = &board->slots[i];

		if (i != worker && goes_first(slot, own, now) &&
		    missing_for(slot, now) == 0)
			atomic_store(&slot->missing_since, now);
	}
}
