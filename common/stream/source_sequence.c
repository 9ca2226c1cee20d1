/* SPDX-License-Identifier: MIT */
/*
 * An open part is a slot. It stays open while it has to: it is the part that
 * was read last (so it covers a read in flight, and its `done`), or a chunk of
 * it is lent. With no more than one chunk lent besides the read, that makes
 * two slots. The others are closed by the next call from outside.
 *
 * A chunk that a part lends is lent on under a loan, which keeps what the part
 * itself needs to take the chunk back.
 */
#include "config.h"
#include "common/stream/source_sequence.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"

/* Chunks that are lent or in flight, and the parts that these are of. */
#define LOANS 2
#define SLOTS LOANS

struct source_sequence;

struct slot {
	struct source_sequence *sequence;
	struct source *source; /* NULL: the slot is free */
	size_t index;          /* of the part */
	uint64_t offset;       /* of the part in its source */
	unsigned int lent;     /* chunks */
};

struct loan {
	struct slot *slot; /* NULL: the loan is free */
	struct source_chunk chunk;
};

struct source_sequence {
	struct source source;
	source_sequence_open_fn *open;
	void (*release)(void *context);
	void *context;
	struct slot slots[SLOTS];
	struct loan loans[LOANS];
	struct slot *current;   /* was read last; NULL: none */
	struct slot *in_flight; /* a read is; NULL: none */
	unsigned int ahead;     /* chunks that may be read ahead */
	uint64_t ahead_end;
	size_t count;
	uint64_t ends[]; /* of each part in the sequence */
};

static struct source_sequence *self(struct source *source)
{
	return container_of(source, struct source_sequence, source);
}

/* --- loans ---------------------------------------------------------------- */

static struct source_chunk lend(
    struct slot *slot, const struct source_chunk *chunk)
{
	struct loan *loan = slot->sequence->loans;
	struct source_chunk lent = *chunk;

	if (loan->slot)
		loan++;
	assert(!loan->slot);
	loan->slot = slot;
	loan->chunk = *chunk;
	slot->lent++;
	lent.owner = loan;
	return lent;
}

/* --- slots ---------------------------------------------------------------- */

static void close_slot(struct slot *slot)
{
	if (slot->source)
		slot->source->ops->close(slot->source);
	slot->source = NULL;
}

static void close_idle_slots(struct source_sequence *sequence)
{
	for (int i = 0; i < SLOTS; i++) {
		struct slot *slot = &sequence->slots[i];

		if (slot->lent == 0 && slot != sequence->current)
			close_slot(slot);
	}
}

/* The result of a read that was in flight in a part. */
static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct slot *slot = context;
	struct source_sequence *sequence = slot->sequence;
	struct source_chunk lent = { 0 };

	assert(slot == sequence->in_flight);
	sequence->in_flight = NULL;
	if (error == 0)
		lent = lend(slot, chunk);
	sequence->source.done(sequence->source.context, error, &lent);
}

static uint64_t start_of(const struct source_sequence *sequence, size_t index)
{
	return index > 0 ? sequence->ends[index - 1] : 0;
}

/* Opens part `index` in a free slot. 0; -ENOMEM: it is still free. */
static int open_slot(struct slot *slot, size_t index)
{
	struct source_sequence *sequence = slot->sequence;
	uint64_t length = sequence->ends[index] - start_of(sequence, index);
	uint64_t offset = 0;
	struct source *source;

	source = sequence->open(sequence->context, index, &offset);
	if (!source)
		return -ENOMEM;
	assert(offset <= source->size && length <= source->size - offset);
	/* Its reader may go back: it has not set this flag itself. */
	assert(!source->forgets);
	source->done = on_done;
	source->context = slot;
	slot->source = source;
	slot->index = index;
	slot->offset = offset;
	return 0;
}

static struct slot *find_slot(struct source_sequence *sequence, size_t index)
{
	for (int i = 0; i < SLOTS; i++) {
		struct slot *slot = &sequence->slots[i];

		if (slot->source && slot->index == index)
			return slot;
	}
	return NULL;
}

static struct slot *free_slot(struct source_sequence *sequence)
{
	struct slot *slot = sequence->slots;

	for (int i = 1; i < SLOTS && slot->source; i++)
		slot++;
	assert(!slot->source);
	return slot;
}

/* Within the part: it knows of no other. */
static void set_read_ahead(struct slot *slot, unsigned int chunks)
{
	const struct source_sequence *sequence = slot->sequence;
	uint64_t start = start_of(sequence, slot->index);
	uint64_t end = sequence->ends[slot->index];

	if (!slot->source->ops->read_ahead)
		return;
	end = u64_min(end, sequence->ahead_end);
	end = end > start ? slot->offset + (end - start) : slot->offset;
	slot->source->ops->read_ahead(slot->source, chunks, end);
}

/* Makes part `index` the current one; 0 or -ENOMEM. */
static int enter_part(struct source_sequence *sequence, size_t index)
{
	struct slot *slot = find_slot(sequence, index);
	int r;

	if (sequence->current && sequence->current != slot)
		set_read_ahead(sequence->current, 0);
	sequence->current = slot;
	/* Before a new one is opened: there is a slot for it then. */
	close_idle_slots(sequence);
	if (slot)
		return 0;
	slot = free_slot(sequence);
	r = open_slot(slot, index);
	if (r < 0)
		return r;
	sequence->current = slot;
	set_read_ahead(slot, sequence->ahead);
	return 0;
}

/* --- the source ----------------------------------------------------------- */

/* Returns the part with the byte at `offset`: the first that ends after it. */
static size_t find_part(const struct source_sequence *sequence, uint64_t offset)
{
	size_t low = 0;
	size_t high = sequence->count - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sequence->ends[middle] > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int sequence_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct source_sequence *sequence = self(source);
	struct source_chunk chunk;
	struct slot *slot;
	size_t index;
	int r;

	assert(offset < source->size && !sequence->in_flight);
	assert(!sequence->loans[0].slot || !sequence->loans[1].slot);
	index = find_part(sequence, offset);
	r = enter_part(sequence, index);
	if (r < 0)
		return r;
	slot = sequence->current;
	length = (size_t)u64_min(length, sequence->ends[index] - offset);
	offset = slot->offset + (offset - start_of(sequence, index));
	r = slot->source->ops->read(slot->source, offset, length, &chunk);
	if (r == 0)
		sequence->in_flight = slot;
	else if (r > 0)
		*ret_chunk = lend(slot, &chunk);
	return r;
}

static void sequence_read_ahead(
    struct source *source, unsigned int chunks, uint64_t end)
{
	struct source_sequence *sequence = self(source);

	sequence->ahead = chunks;
	sequence->ahead_end = end;
	if (sequence->current)
		set_read_ahead(sequence->current, chunks);
}

static void sequence_cancel(struct source *source)
{
	struct slot *slot = self(source)->in_flight;

	if (slot)
		slot->source->ops->cancel(slot->source);
	self(source)->in_flight = NULL;
}

static void sequence_release(struct source *source, struct source_chunk *chunk)
{
	struct loan *loan = chunk->owner;
	struct slot *slot = loan->slot;

	slot->source->ops->release(slot->source, &loan->chunk);
	slot->lent--;
	loan->slot = NULL;
	close_idle_slots(self(source));
}

static void sequence_close(struct source *source)
{
	struct source_sequence *sequence = self(source);

	assert(!sequence->in_flight);
	for (int i = 0; i < LOANS; i++)
		assert(!sequence->loans[i].slot);
	for (int i = 0; i < SLOTS; i++)
		close_slot(&sequence->slots[i]);
	if (sequence->release)
		sequence->release(sequence->context);
	free(sequence);
}

static const struct source_ops sequence_ops = {
	.read = sequence_read,
	.cancel = sequence_cancel,
	.read_ahead = sequence_read_ahead,
	.release = sequence_release,
	.close = sequence_close,
};

/* --- making it ------------------------------------------------------------ */

static int add_lengths(
    struct source_sequence *sequence, const uint64_t *lengths)
{
	uint64_t end = 0;

	for (size_t i = 0; i < sequence->count; i++) {
		if (__builtin_add_overflow(end, lengths[i], &end))
			return -EOVERFLOW;
		sequence->ends[i] = end;
	}
	sequence->source.size = end;
	return 0;
}

static struct source_sequence *allocate(size_t count)
{
	struct source_sequence *sequence = NULL;
	size_t size;

	if (__builtin_mul_overflow(count, sizeof(sequence->ends[0]), &size) ||
	    __builtin_add_overflow(size, sizeof(*sequence), &size)) {
		errno = ENOMEM;
		return NULL;
	}
	sequence = calloc(1, size);
	if (!sequence)
		return NULL;
	sequence->count = count;
	for (int i = 0; i < SLOTS; i++)
		sequence->slots[i].sequence = sequence;
	return sequence;
}

struct source *source_sequence_new(const struct source_sequence_parts *parts)
{
	struct source_sequence *sequence = allocate(parts->count);

	if (!sequence)
		return NULL;
	if (add_lengths(sequence, parts->lengths) < 0) {
		free(sequence);
		errno = EOVERFLOW;
		return NULL;
	}
	sequence->source.ops = &sequence_ops;
	sequence->open = parts->open;
	sequence->release = parts->release;
	sequence->context = parts->context;
	return &sequence->source;
}
