/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_cursor.h"

#include <errno.h>

#include "common/container_of.h"
#include "common/min.h"
#include "fcgi_app/actions/follow/follow_file.h"

static void on_wake(struct follow_waiter *waiter)
{
	struct follow_cursor *cursor =
	    container_of(waiter, struct follow_cursor, waiter);

	cursor->wake(cursor);
}

static void on_read(struct aio_read *read)
{
	struct follow_cursor *cursor =
	    container_of(read, struct follow_cursor, read);

	cursor->reading = false;
	cursor->read_over = true;
	cursor->wake(cursor);
}

void follow_cursor_init(struct follow_cursor *cursor, struct follow_file *file,
    uint64_t position, follow_cursor_fn *wake)
{
	*cursor = (struct follow_cursor){
		.file = file,
		.position = position,
		.wake = wake,
		.epoch = file->epoch,
		.read = { .done = on_read },
		.waiter = { .wake = on_wake },
	};
}

void follow_cursor_release(struct follow_cursor *cursor)
{
	cursor->data = NULL;
	cursor->length = 0;
	aio_reader_release(cursor->file->hub->reader, &cursor->read);
}

void follow_cursor_cancel(struct follow_cursor *cursor)
{
	follow_waiter_leave(&cursor->waiter);
	aio_reader_cancel(cursor->file->hub->reader, &cursor->read);
	cursor->reading = cursor->read_over = false;
	cursor->data = NULL;
	cursor->length = 0;
}

void follow_cursor_fini(struct follow_cursor *cursor)
{
	follow_cursor_cancel(cursor);
	follow_file_unref(cursor->file);
	cursor->file = NULL;
}

/* --- steps ---------------------------------------------------------------- */

/* The bytes of a read: none if the file is shorter than it was. */
static int take_read(struct follow_cursor *cursor)
{
	const struct aio_read *read = &cursor->read;
	struct follow_file *file = cursor->file;

	cursor->read_over = false;
	if (read->error < 0)
		return read->error;
	if (read->length == 0) {
		follow_cursor_release(cursor);
		/* It is not looked at any more: the cut would go unseen. */
		if (file->state == FOLLOW_STATE_OVER)
			return -ESTALE;
		follow_hub_changed(file->hub, &file->look);
		follow_waiter_join(&cursor->waiter, &file->waiters);
		return FOLLOW_WAIT;
	}
	cursor->data = read->data;
	cursor->length = read->length;
	return FOLLOW_BYTES;
}

static int read_more(struct follow_cursor *cursor, size_t most)
{
	const struct follow_file *file = cursor->file;
	uint64_t left = file->size - cursor->position;
	int r = aio_reader_read(file->hub->reader, file->file, &cursor->read,
	    cursor->position, (size_t)u64_min(left, most));

	if (r < 0)
		return r;
	cursor->reading = r == 0;
	return r == 0 ? FOLLOW_WAIT : take_read(cursor);
}

int follow_cursor_step(struct follow_cursor *cursor, size_t most)
{
	struct follow_file *file = cursor->file;

	if (cursor->reading)
		return FOLLOW_WAIT;
	follow_waiter_leave(&cursor->waiter);
	if (cursor->epoch != file->epoch) {
		follow_cursor_cancel(cursor);
		return FOLLOW_CUT;
	}
	if (cursor->read_over)
		return take_read(cursor);
	if (cursor->position < file->size)
		return read_more(cursor, most);
	if (file->next)
		return FOLLOW_NEXT;
	if (file->finished)
		return FOLLOW_END;
	if (file->hub->draining)
		return FOLLOW_STOP;
	follow_waiter_join(&cursor->waiter, &file->waiters);
	return FOLLOW_WAIT;
}

void follow_cursor_move(struct follow_cursor *cursor)
{
	struct follow_file *file = cursor->file;

	cursor->position = 0;
	if (cursor->epoch == file->epoch) {
		cursor->file = follow_file_ref(file->next);
		follow_file_unref(file);
	}
	cursor->epoch = cursor->file->epoch;
}

void follow_cursor_yield(struct follow_cursor *cursor)
{
	follow_hub_wake(cursor->file->hub, &cursor->waiter);
}

bool follow_cursor_is_idle(const struct follow_cursor *cursor)
{
	return cursor->waiter.list == &cursor->file->waiters;
}
