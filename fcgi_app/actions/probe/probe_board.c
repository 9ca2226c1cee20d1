/* SPDX-License-Identifier: MIT */
/*
 * A slot belongs to the worker that moved `until`, the time to which it is
 * taken, from the past into the future, for as long as it stands there: a
 * worker that was stopped for too long finds another time, and keeps its hands
 * off. The token is set last and cleared first, so a reader that finds a token
 * finds what belongs to it; it looks at the token again afterwards.
 *
 * An answer is released by another worker than its owner, so `released` names
 * the token: stored too late, it means nothing to the next answer.
 */
#include "config.h"
#include "fcgi_app/actions/probe/probe_board.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
    "atomics must work between processes");

struct slot {
	_Atomic uint64_t until;
	_Atomic uint64_t token; /* 0: none */
	_Atomic uint64_t started;
	_Atomic uint64_t ended;
	_Atomic uint64_t sent;
	atomic_int end;
	_Atomic uint64_t released; /* the token if it is */
};

struct probe_board {
	struct slot slots[PROBE_BOARD_SLOTS];
};

struct probe_board *probe_board_new(void)
{
	void *memory = mmap(NULL, sizeof(struct probe_board),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void probe_board_free(struct probe_board *board)
{
	if (board)
		munmap(board, sizeof(*board));
}

static bool take(struct slot *slot, uint64_t now)
{
	uint64_t until = atomic_load(&slot->until);

	return until <= now &&
	    atomic_compare_exchange_strong(
		&slot->until, &until, now + PROBE_BOARD_LEASE_MS);
}

static int find(const struct probe_board *board, uint64_t token)
{
	for (int i = 0; i < PROBE_BOARD_SLOTS; i++)
		if (atomic_load(&board->slots[i].token) == token)
			return i;
	return -ENOENT;
}

int probe_board_begin(struct probe_board *board, uint64_t token, uint64_t now,
    struct probe_lease *ret_lease)
{
	struct slot *slot = board->slots;
	int number = find(board, token);

	if (number >= 0 && atomic_load(&slot[number].until) > now)
		return -EEXIST;
	number = 0;
	while (number < PROBE_BOARD_SLOTS && !take(&slot[number], now))
		number++;
	if (number == PROBE_BOARD_SLOTS)
		return -EBUSY;
	slot += number;
	atomic_store(&slot->token, 0);
	atomic_store(&slot->started, now);
	atomic_store(&slot->sent, 0);
	atomic_store(&slot->end, PROBE_END_NONE);
	atomic_store(&slot->released, 0);
	atomic_store(&slot->token, token);
	*ret_lease = (struct probe_lease){ number, now + PROBE_BOARD_LEASE_MS };
	return 0;
}

void probe_board_sent(
    struct probe_board *board, const struct probe_lease *lease, uint64_t bytes)
{
	struct slot *slot = &board->slots[lease->slot];

	if (atomic_load(&slot->until) == lease->until)
		atomic_store(&slot->sent, bytes);
}

bool probe_board_released(
    const struct probe_board *board, const struct probe_lease *lease)
{
	const struct slot *slot = &board->slots[lease->slot];

	return atomic_load(&slot->until) == lease->until &&
	    atomic_load(&slot->released) == atomic_load(&slot->token);
}

void probe_board_end(struct probe_board *board, const struct probe_lease *lease,
    enum probe_end end, uint64_t now)
{
	struct slot *slot = &board->slots[lease->slot];
	uint64_t until = lease->until;

	/* From here on it can't be lost for as long as this takes. */
	if (!atomic_compare_exchange_strong(
		&slot->until, &until, now + PROBE_BOARD_KEEP_MS))
		return;
	atomic_store(&slot->ended, now);
	atomic_store(&slot->end, (int)end);
}

int probe_board_release(struct probe_board *board, uint64_t token, uint64_t now)
{
	int number = find(board, token);
	struct slot *slot = board->slots;
	uint64_t before;
	int end;

	if (number < 0 || atomic_load(&slot[number].until) <= now)
		return -ENOENT;
	slot += number;
	before = atomic_load(&slot->released);
	end = atomic_load(&slot->end);
	if (atomic_load(&slot->token) != token)
		return -ENOENT;
	if (end != PROBE_END_NONE)
		return -EALREADY;
	/* If it fails, another has stored the same, or the slot was lost. */
	atomic_compare_exchange_strong(&slot->released, &before, token);
	return atomic_load(&slot->token) == token ? 0 : -ENOENT;
}

int probe_board_find(const struct probe_board *board, uint64_t token,
    uint64_t now, struct probe_record *ret_record)
{
	int number = find(board, token);
	const struct slot *slot = board->slots;
	struct probe_record record;
	uint64_t last = now;

	if (number < 0 || atomic_load(&slot[number].until) <= now)
		return -ENOENT;
	slot += number;
	record.end = (enum probe_end)atomic_load(&slot->end);
	record.released = atomic_load(&slot->released) == token;
	record.sent = atomic_load(&slot->sent);
	if (record.end != PROBE_END_NONE)
		last = atomic_load(&slot->ended);
	record.lasted_ms = last - atomic_load(&slot->started);
	if (atomic_load(&slot->token) != token)
		return -ENOENT;
	*ret_record = record;
	return 0;
}
