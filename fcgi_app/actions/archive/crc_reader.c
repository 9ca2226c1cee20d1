/* SPDX-License-Identifier: MIT */
/*
 * A reader is parked until another of the same file ends; or it runs: ready,
 * and on the list, or waiting for its read. In each turn of the loop the first
 * few of the list read a chunk each, and go to its end.
 */
#include "config.h"
#include "fcgi_app/actions/archive/crc_reader.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/stream/source.h"
#include "fcgi_app/members/member_list.h"

/* Reads in one turn of the loop. */
#define TURN_READS 2
/* Chunks that are read ahead while one is summed up. */
#define AHEAD 2

struct crc_reader {
	struct crc_readers *fills;
	struct crc_reader_params params; /* its state grows */
	bool ready;                      /* on the list */
	int error;                       /* of the read that was in flight */
	TAILQ_ENTRY(crc_reader) link;
	/* While it is parked: the one that it waits for. */
	struct crc_reader *leader;
	/* In fills->running, or in its leader's list. */
	TAILQ_ENTRY(crc_reader) among;
	TAILQ_HEAD(crc_reader_list, crc_reader) parked;
};

static void on_turn(uv_idle_t *turn);

static void add_ready(struct crc_reader *fill)
{
	struct crc_readers *fills = fill->fills;

	fill->ready = true;
	TAILQ_INSERT_TAIL(&fills->ready, fill, link);
	uv_idle_start(&fills->turn, on_turn);
}

static void remove_ready(struct crc_reader *fill)
{
	struct crc_readers *fills = fill->fills;

	if (!fill->ready)
		return;
	fill->ready = false;
	TAILQ_REMOVE(&fills->ready, fill, link);
	if (TAILQ_EMPTY(&fills->ready))
		uv_idle_stop(&fills->turn);
}

/* --- those of the same file ----------------------------------------------- */

static struct crc_reader *find_leader(
    const struct crc_readers *fills, const struct member *file)
{
	struct crc_reader *leader;

	TAILQ_FOREACH(leader, &fills->running, among)
		if (file_identity_equal(
			&leader->params.file->file, &file->file))
			return leader;
	return NULL;
}

static void run(struct crc_reader *fill)
{
	struct source *source = fill->params.source;

	fill->leader = NULL;
	TAILQ_INSERT_TAIL(&fill->fills->running, fill, among);
	if (source->ops->read_ahead)
		source->ops->read_ahead(source, AHEAD, source->size);
	add_ready(fill);
}

/* Lets the next one go on. */
static void hand_on(struct crc_reader *fill)
{
	struct crc_reader *next = TAILQ_FIRST(&fill->parked);
	struct crc_reader *other;

	if (!next)
		return;
	TAILQ_REMOVE(&fill->parked, next, among);
	TAILQ_CONCAT(&next->parked, &fill->parked, among);
	TAILQ_FOREACH(other, &next->parked, among)
		other->leader = next;
	if (next->params.state.offset < fill->params.state.offset)
		next->params.state = fill->params.state;
	run(next);
}

static void leave(struct crc_reader *fill)
{
	if (fill->leader) {
		TAILQ_REMOVE(&fill->leader->parked, fill, among);
		return;
	}
	remove_ready(fill);
	TAILQ_REMOVE(&fill->fills->running, fill, among);
	hand_on(fill);
}

/* --- reading -------------------------------------------------------------- */

static void end(struct crc_reader *fill, int error)
{
	const struct crc_reader_params params = fill->params;

	leave(fill);
	params.source->ops->close(params.source);
	free(fill);
	params.done(params.context, error, &params.state);
}

static void take(struct crc_reader *fill, struct source_chunk *chunk)
{
	struct crc_state *state = &fill->params.state;
	struct source *source = fill->params.source;

	state->crc = libdeflate_crc32(state->crc, chunk->data, chunk->length);
	state->offset += chunk->length;
	source->ops->release(source, chunk);
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct crc_reader *fill = context;
	struct source_chunk lent;

	fill->error = error;
	if (error == 0) {
		lent = *chunk;
		take(fill, &lent);
	}
	/* If that is the end, the source is not closed in its own call. */
	add_ready(fill);
}

static void read_on(struct crc_reader *fill)
{
	struct source *source = fill->params.source;
	uint64_t offset = fill->params.state.offset;
	uint64_t left = source->size - offset;
	size_t length = fill->fills->chunk_size;
	struct source_chunk chunk;
	int r;

	/* The last read was the end, or the leader has read all of it. */
	if (fill->error < 0 || left == 0) {
		end(fill, fill->error);
		return;
	}
	if (left < length)
		length = (size_t)left;
	remove_ready(fill);
	r = source->ops->read(source, offset, length, &chunk);
	if (r > 0)
		take(fill, &chunk);
	if (r < 0 || fill->params.state.offset == source->size)
		end(fill, r < 0 ? r : 0);
	else if (r > 0)
		add_ready(fill);
}

static void on_turn(uv_idle_t *turn)
{
	struct crc_readers *fills = turn->data;

	for (int i = 0; i < TURN_READS && !TAILQ_EMPTY(&fills->ready); i++)
		read_on(TAILQ_FIRST(&fills->ready));
}

void crc_readers_init(
    struct crc_readers *fills, uv_loop_t *loop, size_t chunk_size)
{
	TAILQ_INIT(&fills->ready);
	TAILQ_INIT(&fills->running);
	uv_idle_init(loop, &fills->turn);
	fills->turn.data = fills;
	fills->chunk_size = chunk_size;
}

void crc_readers_close(struct crc_readers *fills)
{
	uv_close((uv_handle_t *)&fills->turn, NULL);
}

struct crc_reader *crc_reader_start(
    struct crc_readers *fills, const struct crc_reader_params *params)
{
	struct crc_reader *fill = calloc(1, sizeof(*fill));
	struct source *source = params->source;

	if (!fill)
		return NULL;
	fill->fills = fills;
	fill->params = *params;
	TAILQ_INIT(&fill->parked);
	source->done = on_done;
	source->context = fill;
	fill->leader = find_leader(fills, params->file);
	if (fill->leader)
		TAILQ_INSERT_TAIL(&fill->leader->parked, fill, among);
	else
		run(fill);
	return fill;
}

struct crc_state crc_reader_cancel(struct crc_reader *fill)
{
	const struct crc_reader_params params = fill->params;

	if (!fill->ready && !fill->leader)
		params.source->ops->cancel(params.source);
	leave(fill);
	params.source->ops->close(params.source);
	free(fill);
	return params.state;
}
