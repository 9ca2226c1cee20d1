/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/mock_parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "common/stream/source_memory.h"
#include "common/stream/source_sequence.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

struct mock_part {
	struct mock_source mock;
	struct mock_parts *parts;
	size_t index;
};

static const uint64_t lengths[MOCK_PARTS] = { 0, 5, 1, 0, 0, 300, 0 };

static unsigned char memory[MOCK_PARTS * 1000 + MOCK_PARTS_SIZE];

/* The parts are at different places of their sources. */
static uint64_t place_of(size_t index)
{
	return 1000 * index + 17;
}

/* The part with the byte at *offset, which becomes the one in the part. */
static size_t locate(uint64_t *offset)
{
	size_t index = 0;

	while (*offset >= lengths[index])
		*offset -= lengths[index++];
	return index;
}

unsigned char mock_parts_byte(uint64_t offset)
{
	size_t index = locate(&offset);

	return mock_source_byte(place_of(index) + offset);
}

size_t mock_parts_left(uint64_t offset)
{
	size_t index = locate(&offset);

	return (size_t)(lengths[index] - offset);
}

void mock_parts_check_chunk(const struct source_chunk *chunk, uint64_t offset)
{
	for (size_t i = 0; i < chunk->length; i++)
		if (chunk->data[i] != mock_parts_byte(offset + i))
			fail_msg("the byte at %ju is wrong",
			    (uintmax_t)(offset + i));
}

static void count_closed(struct mock_parts *parts)
{
	assert_true(parts->open > 0);
	parts->open--;
}

static void on_closed(struct mock_source *mock)
{
	struct mock_part *part = container_of(mock, struct mock_part, mock);

	count_closed(part->parts);
	part->parts->parts[part->index] = NULL;
	free(part);
}

static void on_memory_closed(void *context)
{
	count_closed(context);
}

static struct source *open_memory(struct mock_parts *parts)
{
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = mock_source_byte(i);
	return source_memory_new(
	    memory, sizeof(memory), on_memory_closed, parts);
}

static struct source *open_mock(struct mock_parts *parts, size_t index)
{
	struct mock_part *part = calloc(1, sizeof(*part));

	assert_non_null(part);
	assert_null(parts->parts[index]);
	mock_source_init(&part->mock, place_of(index) + lengths[index]);
	part->mock.late = parts->kind == MOCK_PARTS_LATE;
	part->mock.most = parts->most;
	part->mock.error = parts->error;
	part->mock.closed = on_closed;
	part->parts = parts;
	part->index = index;
	parts->parts[index] = part;
	return &part->mock.source;
}

struct source *mock_parts_open(
    void *context, size_t index, uint64_t *ret_offset)
{
	struct mock_parts *parts = context;

	assert_true(index < MOCK_PARTS);
	assert_true(lengths[index] > 0);
	assert_int_equal(*ret_offset, 0);
	if (index == parts->no_memory)
		return NULL;
	*ret_offset = place_of(index);
	parts->opened++;
	if (++parts->open > parts->most_open)
		parts->most_open = parts->open;
	if (parts->kind == MOCK_PARTS_MEMORY)
		return open_memory(parts);
	return open_mock(parts, index);
}

void mock_parts_release(void *context)
{
	struct mock_parts *parts = context;

	assert_int_equal(parts->open, 0);
	parts->released++;
}

void mock_parts_done(void *context, int error, const struct source_chunk *chunk)
{
	struct mock_parts *parts = context;

	parts->done++;
	parts->result = error;
	parts->chunk = *chunk;
}

void mock_parts_init(struct mock_parts *parts, enum mock_parts_kind kind)
{
	const struct source_sequence_parts of = {
		.count = MOCK_PARTS,
		.lengths = lengths,
		.open = mock_parts_open,
		.release = mock_parts_release,
		.context = parts,
	};

	memset(parts, 0, sizeof(*parts));
	parts->kind = kind;
	parts->no_memory = SIZE_MAX;
	parts->source = source_sequence_new(&of);
	assert_non_null(parts->source);
	assert_int_equal(parts->source->size, MOCK_PARTS_SIZE);
	parts->source->done = mock_parts_done;
	parts->source->context = parts;
}

void mock_parts_check_closed(const struct mock_parts *parts)
{
	assert_int_equal(parts->open, 0);
	assert_int_equal(parts->released, 1);
}

void mock_parts_fini(struct mock_parts *parts)
{
	parts->source->ops->close(parts->source);
	mock_parts_check_closed(parts);
}

struct mock_source *mock_parts_get(const struct mock_parts *parts, size_t i)
{
	return parts->parts[i] ? &parts->parts[i]->mock : NULL;
}

struct mock_source *mock_parts_busy(const struct mock_parts *parts)
{
	for (size_t i = 0; i < MOCK_PARTS; i++) {
		struct mock_source *mock = mock_parts_get(parts, i);

		if (mock && mock->in_flight)
			return mock;
	}
	return NULL;
}
