/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/mock_source.h"

#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "tests/unit/support/unit.h"

static struct mock_source *self(struct source *source)
{
	return container_of(source, struct mock_source, source);
}

unsigned char mock_source_byte(uint64_t offset)
{
	return (
	    unsigned char)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

/* Each chunk is a heap block, so that a late use of it is noticed. */
static struct source_chunk lend(struct mock_source *mock)
{
	struct source_chunk chunk = { .length = mock->length };
	unsigned char *bytes = malloc(mock->length + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < mock->length; i++)
		bytes[i] = mock_source_byte(mock->offset + i);
	chunk.data = bytes;
	chunk.owner = bytes;
	chunk.fetched = mock->late;
	mock->bytes_read += mock->length;
	if (++mock->lent > mock->most_lent)
		mock->most_lent = mock->lent;
	return chunk;
}

/* Of the read: what there is and what is lent at a time. */
static void bound_length(struct mock_source *mock)
{
	uint64_t left = mock->end - mock->offset;

	if (mock->most && mock->length > mock->most)
		mock->length = mock->most;
	if ((mock->source.size == SOURCE_SIZE_UNKNOWN || mock->lies) &&
	    mock->length > left)
		mock->length = (size_t)left;
}

static int mock_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct mock_source *mock = self(source);

	assert_false(mock->in_flight);
	assert_false(mock->in_call);
	assert_true(length > 0);
	assert_true(offset + length <= source->size);
	mock->reads++;
	if (length > mock->longest_read)
		mock->longest_read = length;
	mock->offset = offset;
	mock->length = length;
	bound_length(mock);
	if (mock->late) {
		mock->in_flight = true;
		return 0;
	}
	if (mock->error && offset >= mock->fail_at)
		return mock->error;
	*ret_chunk = lend(mock);
	return 1;
}

void mock_source_complete(struct mock_source *mock)
{
	struct source *source = &mock->source;
	struct source_chunk chunk = { 0 };

	assert_true(mock->in_flight);
	mock->in_flight = false;
	mock->in_call = true;
	if (mock->error && mock->offset >= mock->fail_at) {
		source->done(source->context, mock->error, &chunk);
	} else {
		chunk = lend(mock);
		source->done(source->context, 0, &chunk);
	}
	mock->in_call = false;
}

static void mock_cancel(struct source *source)
{
	assert_true(self(source)->in_flight);
	self(source)->in_flight = false;
	self(source)->cancels++;
}

static void mock_read_ahead(
    struct source *source, unsigned int chunks, uint64_t end)
{
	self(source)->ahead = chunks;
	self(source)->ahead_end = end;
}

static void mock_release(struct source *source, struct source_chunk *chunk)
{
	assert_true(self(source)->lent > 0);
	self(source)->lent--;
	free(chunk->owner);
}

static void mock_close(struct source *source)
{
	struct mock_source *mock = self(source);

	assert_false(mock->in_call);
	assert_false(mock->in_flight);
	assert_int_equal(mock->lent, 0);
	if (mock->closed)
		mock->closed(mock);
}

void mock_source_init(struct mock_source *mock, uint64_t size)
{
	static const struct source_ops ops = {
		.read = mock_read,
		.cancel = mock_cancel,
		.read_ahead = mock_read_ahead,
		.release = mock_release,
		.close = mock_close,
	};

	memset(mock, 0, sizeof(*mock));
	mock->source.ops = &ops;
	mock->source.size = size;
}
