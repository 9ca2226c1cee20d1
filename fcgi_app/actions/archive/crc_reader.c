/* SPDX-License-Identifier: MIT */
/*
 * A reader is parked until another of the same file, its leader, ends; or it
 * waits for its turn; or it runs: on the list of the ready, or waiting for its
 * read. In each turn of the loop the first few of the list read a chunk each,
 * and go to its end.
 */
#include "config.h"
#include "fcgi_app/actions/archive/crc_reader.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"
#include "fcgi_app/members/member_list.h"

/* Reads in one turn of the loop. */
#define TURN_READS 2
/* Chunks that are read ahead while one is summed up. */
#define AHEAD 2
/* Chunks that a reader reads before others have its turn. */
#define TURN_CHUNKS 64

struct crc_reader {
	struct crc_readers *readers;
	struct crc_reader_params params; /* its state grows */
	struct turnstile_job turn;
	uint64_t turn_end; /* where another has it */
	bool ready;        /* on the list */
	int error;         /* of the read that was in flight */
	TAILQ_ENTRY(crc_reader) link;
	/* While it is parked: the one that it waits for. */
	struct crc_reader *leader;
	/* In readers->leaders, or in its leader's list. */
	TAILQ_ENTRY(crc_reader) among;
	TAILQ_HEAD(crc_reader_list, crc_reader) parked;
};

static void on_turn(uv_idle_t *turn);

static void add_ready(struct crc_reader *reader)
{
	struct crc_readers *readers = reader->readers;

	reader->ready = true;
	TAILQ_INSERT_TAIL(&readers->ready, reader, link);
	uv_idle_start(&readers->turn, on_turn);
}

static void remove_ready(struct crc_reader *reader)
{
	struct crc_readers *readers = reader->readers;

	if (!reader->ready)
		return;
	reader->ready = false;
	TAILQ_REMOVE(&readers->ready, reader, link);
	if (TAILQ_EMPTY(&readers->ready))
		uv_idle_stop(&readers->turn);
}

/* --- those of the same file ----------------------------------------------- */

static struct crc_reader *find_leader(
    const struct crc_readers *readers, const struct member *file)
{
	struct crc_reader *leader;

	TAILQ_FOREACH(leader, &readers->leaders, among)
		if (file_identity_equal(
			&leader->params.file->file, &file->file))
			return leader;
	return NULL;
}

static void set_ahead(struct crc_reader *reader, unsigned int chunks)
{
	struct source *source = reader->params.source;

	if (source->ops->read_ahead)
		source->ops->read_ahead(source, chunks, source->size);
}

/* It is its turn. */
static void begin(struct turnstile_job *turn)
{
	struct crc_reader *reader = container_of(turn, struct crc_reader, turn);

	reader->turn_end = reader->params.state.offset +
	    TURN_CHUNKS * (uint64_t)reader->readers->chunk_size;
	set_ahead(reader, AHEAD);
	add_ready(reader);
}

static void wait_for_turn(struct crc_reader *reader)
{
	reader->turn.begin = begin;
	turnstile_enter(&reader->readers->turns, &reader->turn);
}

static void give_turn(struct crc_reader *reader)
{
	set_ahead(reader, 0);
	remove_ready(reader);
	turnstile_leave(&reader->readers->turns, &reader->turn);
	wait_for_turn(reader);
}

static void lead(struct crc_reader *reader)
{
	reader->leader = NULL;
	TAILQ_INSERT_TAIL(&reader->readers->leaders, reader, among);
	/* One whose leader has read all of it takes no turn to end. */
	if (reader->params.state.offset == reader->params.source->size)
		add_ready(reader);
	else
		wait_for_turn(reader);
}

/* Lets the next one go on. */
static void hand_on(struct crc_reader *reader)
{
	struct crc_reader *next = TAILQ_FIRST(&reader->parked);
	struct crc_reader *other;

	if (!next)
		return;
	TAILQ_REMOVE(&reader->parked, next, among);
	TAILQ_CONCAT(&next->parked, &reader->parked, among);
	TAILQ_FOREACH(other, &next->parked, among)
		other->leader = next;
	if (next->params.state.offset < reader->params.state.offset)
		next->params.state = reader->params.state;
	/* It has what was read of that. */
	next->params.file->replaced |= reader->params.file->replaced;
	lead(next);
}

static void leave(struct crc_reader *reader)
{
	if (reader->leader) {
		TAILQ_REMOVE(&reader->leader->parked, reader, among);
		return;
	}
	remove_ready(reader);
	TAILQ_REMOVE(&reader->readers->leaders, reader, among);
	hand_on(reader);
	turnstile_leave(&reader->readers->turns, &reader->turn);
}

/* --- reading -------------------------------------------------------------- */

static void end(struct crc_reader *reader, int error)
{
	const struct crc_reader_params params = reader->params;

	leave(reader);
	params.source->ops->close(params.source);
	free(reader);
	params.done(params.context, error, &params.state);
}

static void take(struct crc_reader *reader, struct source_chunk *chunk)
{
	struct crc_state *state = &reader->params.state;
	struct source *source = reader->params.source;

	state->crc = libdeflate_crc32(state->crc, chunk->data, chunk->length);
	state->offset += chunk->length;
	source->ops->release(source, chunk);
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct crc_reader *reader = context;
	struct source_chunk lent;

	reader->error = error;
	if (error == 0) {
		lent = *chunk;
		take(reader, &lent);
	}
	/* If that is the end, the source is not closed in its own call. */
	add_ready(reader);
}

static void read_on(struct crc_reader *reader)
{
	struct source *source = reader->params.source;
	uint64_t offset = reader->params.state.offset;
	uint64_t left = source->size - offset;
	size_t length = (size_t)u64_min(left, reader->readers->chunk_size);
	struct source_chunk chunk;
	int r;

	/* The last read was the end, or the leader has read all of it. */
	if (reader->error < 0 || left == 0) {
		end(reader, reader->error);
		return;
	}
	if (offset >= reader->turn_end) {
		give_turn(reader);
		return;
	}
	remove_ready(reader);
	r = source->ops->read(source, offset, length, &chunk);
	if (r > 0)
		take(reader, &chunk);
	if (r < 0 || reader->params.state.offset == source->size)
		end(reader, r < 0 ? r : 0);
	else if (r > 0)
		add_ready(reader);
}

static void on_turn(uv_idle_t *turn)
{
	struct crc_readers *readers = turn->data;

	for (int i = 0; i < TURN_READS && !TAILQ_EMPTY(&readers->ready); i++)
		read_on(TAILQ_FIRST(&readers->ready));
}

void crc_readers_init(
    struct crc_readers *readers, uv_loop_t *loop, size_t chunk_size)
{
	turnstile_init(&readers->turns, CRC_READERS_MAX);
	TAILQ_INIT(&readers->ready);
	TAILQ_INIT(&readers->leaders);
	uv_idle_init(loop, &readers->turn);
	readers->turn.data = readers;
	readers->chunk_size = chunk_size;
}

void crc_readers_close(struct crc_readers *readers)
{
	uv_close((uv_handle_t *)&readers->turn, NULL);
}

struct crc_reader *crc_reader_start(
    struct crc_readers *readers, const struct crc_reader_params *params)
{
	struct crc_reader *reader = calloc(1, sizeof(*reader));
	struct source *source = params->source;

	if (!reader)
		return NULL;
	reader->readers = readers;
	reader->params = *params;
	TAILQ_INIT(&reader->parked);
	source->done = on_done;
	source->context = reader;
	reader->leader = find_leader(readers, params->file);
	if (reader->leader)
		TAILQ_INSERT_TAIL(&reader->leader->parked, reader, among);
	else
		lead(reader);
	return reader;
}

struct crc_state crc_reader_cancel(struct crc_reader *reader)
{
	const struct crc_reader_params params = reader->params;

	if (reader->turn.state == TURNSTILE_RUNS && !reader->ready)
		params.source->ops->cancel(params.source);
	leave(reader);
	params.source->ops->close(params.source);
	free(reader);
	return params.state;
}
