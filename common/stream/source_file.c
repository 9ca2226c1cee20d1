/* SPDX-License-Identifier: MIT */
/*
 * Reads are slots. One may be lent while the next is asked for, and after that
 * up to AHEAD_MAX more are read ahead, in the order of their offsets. A read
 * that begins where the first of these does takes it over, be it done or still
 * in flight; any other read gives them all back.
 */
#include "config.h"
#include "common/stream/source_file.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/file/file_guard.h"
#include "common/min.h"
#include "common/reader/aio_reader.h"
#include "common/stream/source.h"

/*
 * A file that is appended to has a new time of modification first and its new
 * size when the bytes are there: for a while it looks like one whose bytes
 * were changed. So it is looked at again, after 1, 2, 4 … ms, before it counts
 * as changed.
 */
#define APPEND_DELAY_MAX_MS 32

struct append_wait {
	uv_timer_t timer;
	struct source_file *owner;
	unsigned int delay_ms;
};

#define AHEAD_MAX 3
#define SLOTS (AHEAD_MAX + 2)

struct slot {
	struct aio_read read;
	bool used; /* in flight, read ahead or lent */
	bool fetched;
	uint64_t offset;
	size_t length; /* that was asked for */
};

struct source_file {
	struct source source;
	struct aio_reader *reader;
	struct aio_file *file;
	struct file_guard guard;
	struct append_wait *wait; /* of the read in flight, or NULL */
	struct slot *in_flight;   /* was asked for */
	struct slot *ahead[AHEAD_MAX];
	unsigned int ahead_count;
	unsigned int ahead_most;
	uint64_t ahead_end;
	struct slot slots[SLOTS];
};

static struct source_file *self(struct source *source)
{
	return container_of(source, struct source_file, source);
}

static struct source_chunk chunk_of(struct slot *slot)
{
	return (struct source_chunk){
		.data = slot->read.data,
		/* What was read ahead may be more than was asked for. */
		.length = size_min(slot->read.length, slot->length),
		.fetched = slot->fetched,
		.owner = slot,
	};
}

/* --- slots ---------------------------------------------------------------- */

static struct slot *take_slot(struct source_file *file)
{
	struct slot *slot = file->slots;

	while (slot < file->slots + SLOTS && slot->used)
		slot++;
	assert(slot < file->slots + SLOTS);
	slot->used = true;
	return slot;
}

/* In any state: nothing is read or lent any more. */
static void free_slot(struct source_file *file, struct slot *slot)
{
	aio_reader_cancel(file->reader, &slot->read);
	slot->used = false;
}

/* Same contract as aio_reader_read(). */
static int read_slot(
    struct source_file *file, struct slot *slot, uint64_t offset, size_t length)
{
	int r = aio_reader_read(
	    file->reader, file->file, &slot->read, offset, length);

	slot->offset = offset;
	slot->length = length;
	slot->fetched = r == 0;
	return r;
}

/* --- the read that was asked for ------------------------------------------ */

/*
 * Looks at the file after the read: a write changes the time of modification
 * before the first byte.
 */
static int look(struct source_file *file, struct slot *slot)
{
	const struct source_chunk chunk = chunk_of(slot);
	int error = file_guard_check(&file->guard, file->file->fd);

	if (error == 0 && chunk.length == 0)
		error = -ENODATA;
	if (error == 0)
		file_guard_note(
		    &file->guard, slot->offset, chunk.data, chunk.length);
	return error;
}

static void deliver(struct source_file *file, int error)
{
	struct slot *slot = file->in_flight;
	const struct source_chunk chunk = chunk_of(slot);

	if (error < 0)
		free_slot(file, slot);
	file->in_flight = NULL;
	file->source.done(file->source.context, error, &chunk);
}

static void wait_closed(uv_handle_t *handle)
{
	free(container_of((uv_timer_t *)handle, struct append_wait, timer));
}

static void end_wait(struct source_file *file)
{
	if (file->wait)
		uv_close((uv_handle_t *)&file->wait->timer, wait_closed);
	file->wait = NULL;
}

static void on_wait(uv_timer_t *timer)
{
	struct append_wait *wait =
	    container_of(timer, struct append_wait, timer);
	struct source_file *file = wait->owner;
	int error = look(file, file->in_flight);

	if (error == -ESTALE && wait->delay_ms < APPEND_DELAY_MAX_MS) {
		wait->delay_ms *= 2;
		uv_timer_start(timer, on_wait, wait->delay_ms, 0);
		return;
	}
	end_wait(file);
	deliver(file, error);
}

/* Returns whether the read in flight will have its result later. */
static bool wait_for_append(struct source_file *file)
{
	struct append_wait *wait = calloc(1, sizeof(*wait));

	if (!wait)
		return false;
	wait->owner = file;
	wait->delay_ms = 1;
	uv_timer_init(file->file->loop, &wait->timer);
	uv_timer_start(&wait->timer, on_wait, wait->delay_ms, 0);
	file->wait = wait;
	return true;
}

static void on_done(struct aio_read *read)
{
	struct source_file *file = read->context;
	struct slot *slot = container_of(read, struct slot, read);
	int error = read->error;

	if (slot != file->in_flight)
		return;
	if (error == 0) {
		error = look(file, slot);
		if (error == -ESTALE && wait_for_append(file))
			return;
	}
	deliver(file, error);
}

/* Same contract as source_ops.read, for a slot whose bytes are there. */
static int lend(
    struct source_file *file, struct slot *slot, struct source_chunk *ret_chunk)
{
	int r = look(file, slot);

	file->in_flight = slot;
	if (r == -ESTALE && wait_for_append(file))
		return 0;
	file->in_flight = NULL;
	if (r < 0) {
		free_slot(file, slot);
		return r;
	}
	*ret_chunk = chunk_of(slot);
	return 1;
}

/*
 * Ends the read on a page boundary where the source goes on, so that reads
 * that follow each other stay aligned for direct I/O.
 */
static size_t align_end(
    const struct source *source, uint64_t offset, size_t length)
{
	uint64_t end = offset + length;
	size_t beyond = (size_t)(end % CHUNK_POOL_ALIGNMENT);

	return end < source->size && beyond < length ? length - beyond : length;
}

/* --- reading ahead -------------------------------------------------------- */

static void trim_ahead(struct source_file *file, unsigned int keep)
{
	while (file->ahead_count > keep)
		free_slot(file, file->ahead[--file->ahead_count]);
}

/*
 * Returns the first slot that was read ahead, if it begins at `offset`. NULL:
 * read, and if a read was short no more than what is missing before that slot.
 */
static struct slot *take_ahead(
    struct source_file *file, uint64_t offset, size_t *length)
{
	struct slot *first = file->ahead[0];

	if (file->ahead_count > 0 && !first->read.error) {
		if (first->offset == offset) {
			file->ahead_count--;
			for (unsigned int i = 0; i < file->ahead_count; i++)
				file->ahead[i] = file->ahead[i + 1];
			return first;
		}
		if (first->offset > offset &&
		    first->offset - offset <= *length) {
			*length = (size_t)(first->offset - offset);
			return NULL;
		}
	}
	trim_ahead(file, 0);
	return NULL;
}

/* Reads ahead after a read of `length` bytes that ends at `offset`. */
static void fill_ahead(struct source_file *file, uint64_t offset, size_t length)
{
	int r = 0;

	if (file->ahead_count > 0) {
		struct slot *last = file->ahead[file->ahead_count - 1];

		offset = last->offset + last->length;
	}
	/* Stops (r > 0) at bytes that are at hand: these need not be held. */
	while (r == 0 && file->ahead_count < file->ahead_most &&
	    offset < file->ahead_end && aio_reader_has_spare(file->reader)) {
		struct slot *slot = take_slot(file);
		uint64_t left = file->ahead_end - offset;
		size_t most = (size_t)u64_min(left, length);

		r = read_slot(
		    file, slot, offset, align_end(&file->source, offset, most));
		if (r < 0) {
			/* It shows when these bytes are asked for. */
			free_slot(file, slot);
			return;
		}
		file->ahead[file->ahead_count++] = slot;
		offset += slot->length;
	}
}

static void file_read_ahead(
    struct source *source, unsigned int chunks, uint64_t end)
{
	struct source_file *file = self(source);

	file->ahead_most = chunks < AHEAD_MAX ? chunks : AHEAD_MAX;
	file->ahead_end = end;
	trim_ahead(file, file->ahead_most);
}

/* --- the interface -------------------------------------------------------- */

static int file_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct source_file *file = self(source);
	struct slot *slot = take_ahead(file, offset, &length);
	int r;

	assert(!file->in_flight);
	length = align_end(source, offset, length);
	if (slot) {
		slot->length = size_min(length, slot->length);
		r = slot->read.op ? 0 : 1;
	} else {
		slot = take_slot(file);
		r = read_slot(file, slot, offset, length);
	}
	if (r < 0) {
		free_slot(file, slot);
		return r;
	}
	/* Where bytes are at hand nothing is gained by reading ahead. */
	if (slot->fetched)
		fill_ahead(file, offset + slot->length, length);
	if (r > 0)
		return lend(file, slot, ret_chunk);
	file->in_flight = slot;
	return 0;
}

static void file_cancel(struct source *source)
{
	struct source_file *file = self(source);

	end_wait(file);
	if (file->in_flight)
		free_slot(file, file->in_flight);
	file->in_flight = NULL;
}

static void file_release(struct source *source, struct source_chunk *chunk)
{
	free_slot(self(source), chunk->owner);
}

static void file_close(struct source *source)
{
	struct source_file *file = self(source);

	assert(!file->in_flight);
	trim_ahead(file, 0);
	aio_file_unref(file->file);
	free(file);
}

static const struct source_ops file_ops = {
	.read = file_read,
	.cancel = file_cancel,
	.read_ahead = file_read_ahead,
	.release = file_release,
	.close = file_close,
};

struct source *source_file_new(struct aio_reader *reader, struct aio_file *file,
    const struct file_version *version)
{
	struct source_file *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->source.ops = &file_ops;
	made->source.size = version->size;
	file_guard_init(&made->guard, version, !file->close_blocks);
	made->reader = reader;
	made->file = aio_file_ref(file);
	for (int i = 0; i < SLOTS; i++) {
		made->slots[i].read.done = on_done;
		made->slots[i].read.context = made;
	}
	return &made->source;
}
