/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/mock_writer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "tests/unit/support/unit.h"

static struct mock_writer *self(struct writer *writer)
{
	return container_of(writer, struct mock_writer, writer);
}

static bool broken(const struct mock_writer *mock)
{
	return mock->error && mock->length >= mock->break_at;
}

static void collect(struct mock_writer *mock, const void *data, size_t length)
{
	if (length == 0)
		return;
	if (mock->length + length > mock->capacity) {
		mock->capacity = 2 * (mock->length + length);
		mock->bytes = realloc(mock->bytes, mock->capacity);
		assert_non_null(mock->bytes);
	}
	memcpy(mock->bytes + mock->length, data, length);
	mock->length += length;
}

static size_t mock_room(struct writer *writer)
{
	return self(writer)->room;
}

static bool mock_has_room(struct writer *writer, size_t length)
{
	const struct mock_writer *mock = self(writer);

	return mock->tells_room && length <= mock->credit;
}

static int mock_put(struct writer *writer, const void *data, size_t length)
{
	if (broken(self(writer)))
		return self(writer)->error;
	collect(self(writer), data, length);
	return 0;
}

static int mock_offer(
    struct writer *writer, const void *data, size_t length, size_t *ret_taken)
{
	struct mock_writer *mock = self(writer);

	assert_false(mock->ended);
	mock->offers++;
	if (broken(mock))
		return mock->error;
	if (length > mock->credit)
		length = mock->credit;
	mock->credit -= length;
	collect(mock, data, length);
	*ret_taken = length;
	return 0;
}

static void mock_flush(struct writer *writer)
{
	self(writer)->flushes++;
}

static int mock_end(struct writer *writer)
{
	struct mock_writer *mock = self(writer);

	if (broken(mock))
		return mock->error;
	if (mock->slow_ends > 0) {
		mock->slow_ends--;
		return -EAGAIN;
	}
	assert_false(mock->ended);
	mock->ended = true;
	return 0;
}

static void mock_want(struct writer *writer, bool on)
{
	self(writer)->wanted = on;
	self(writer)->wants++;
}

void mock_writer_init(struct mock_writer *mock)
{
	static const struct writer_ops ops = {
		.room = mock_room,
		.has_room = mock_has_room,
		.put = mock_put,
		.offer = mock_offer,
		.flush = mock_flush,
		.end = mock_end,
		.want = mock_want,
	};

	memset(mock, 0, sizeof(*mock));
	mock->writer.ops = &ops;
	mock->room = SIZE_MAX;
	mock->credit = SIZE_MAX;
}

void mock_writer_fini(struct mock_writer *mock)
{
	free(mock->bytes);
}

void mock_writer_drain(struct mock_writer *mock, size_t credit)
{
	mock->credit = credit;
	if (mock->wanted && mock->writer.ready)
		mock->writer.ready(mock->writer.context);
}
