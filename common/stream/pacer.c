/* SPDX-License-Identifier: MIT */
/*
 * What may leave is what is due since the start of the clock, less what has
 * left: times that were waited are never added up, so nothing drifts. It leaves
 * in pieces, since each one is a wake-up, a read and a send:
 *
 *	up to 512 KiB/s   what is due in 1/8 s, as smooth as a player needs it
 *	to 12.5 MiB/s     64 KiB, up to 200 times a second
 *	above             what is due in 5 ms
 *
 * So 10,000 streams at 64 KiB/s have 80,000 turns a second. A loop that is late
 * for them makes fewer, larger pieces, up to 1/4 s's worth.
 *
 * More than that is lost to a client that does not take it in time: one that
 * stalls for a minute is not sent a minute's bytes at once.
 */
#include "config.h"
#include "common/stream/pacer.h"

#include "common/min.h"

#define SECOND_NS UINT64_C(1000000000)
#define SMOOTH_PER_SECOND 8
#define QUICK_PER_SECOND 200
#define SMALL_PIECE (64 << 10)
#define CATCH_UP_PER_SECOND 4
/* The first bytes leave at once, and the head with them: 1/4 of a piece. */
#define FIRST_PER_PIECE 4

/* A day's nanoseconds by a terabyte are far over 64 bits. */
typedef unsigned __int128 wide;

static uint64_t at_least(uint64_t value, uint64_t least)
{
	return value > least ? value : least;
}

void pacer_init(struct pacer *pacer, const struct pacer_plan *plan)
{
	uint64_t smooth = u64_min(plan->rate / SMOOTH_PER_SECOND, SMALL_PIECE);
	uint64_t quick = plan->rate / QUICK_PER_SECOND;
	uint64_t piece = at_least(at_least(smooth, quick), 1);
	uint64_t first = at_least(piece / FIRST_PER_PIECE, 1);

	*pacer = (struct pacer){
		.rate = plan->rate,
		.piece = piece,
		.most = at_least(plan->rate / CATCH_UP_PER_SECOND, piece + 1),
		.free = at_least(plan->burst, first),
	};
}

/* Returns how long `bytes` take, rounded up. */
static uint64_t time_of(const struct pacer *pacer, wide bytes)
{
	return (uint64_t)((bytes * SECOND_NS + pacer->rate - 1) / pacer->rate);
}

/* Returns the bytes that are due and have not left; some may be lost now. */
static uint64_t find_credit(struct pacer *pacer, uint64_t now_ns)
{
	wide due = (wide)(now_ns - pacer->start_ns) * pacer->rate / SECOND_NS;

	if (due <= pacer->sent)
		return 0;
	if (due - pacer->sent <= pacer->most)
		return (uint64_t)(due - pacer->sent);
	/* It counts anew, from where just so much is due. */
	pacer->start_ns = now_ns - time_of(pacer, pacer->most);
	pacer->sent = 0;
	return pacer->most;
}

uint64_t pacer_allow(struct pacer *pacer, uint64_t now_ns, uint64_t left)
{
	uint64_t credit;

	if (pacer->free > 0)
		return pacer->free;
	credit = find_credit(pacer, now_ns);
	/* A piece that was taken in part goes on, until all due has left. */
	if (credit >= u64_min(pacer->piece, left))
		pacer->is_open = true;
	if (credit == 0)
		pacer->is_open = false;
	return pacer->is_open ? credit : 0;
}

void pacer_take(struct pacer *pacer, uint64_t now_ns, uint64_t taken)
{
	if (pacer->free == 0) {
		pacer->sent += taken;
		return;
	}
	pacer->free -= u64_min(taken, pacer->free);
	if (pacer->free == 0)
		pacer->start_ns = now_ns;
}

uint64_t pacer_wait(const struct pacer *pacer, uint64_t now_ns, uint64_t left)
{
	wide bytes = (wide)pacer->sent + u64_min(pacer->piece, left);
	uint64_t due_ns = time_of(pacer, bytes);
	uint64_t passed_ns = now_ns - pacer->start_ns;

	return due_ns > passed_ns ? due_ns - passed_ns : 0;
}
