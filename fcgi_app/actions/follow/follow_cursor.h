/* SPDX-License-Identifier: MIT */
/* One reader's place in a file that grows, and in those that come after it. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_CURSOR_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/reader/aio_reader.h"
#include "fcgi_app/actions/follow/follow_hub.h"

struct follow_cursor;
struct follow_file;

/* Called from the loop when the cursor's step may lead further than before. */
typedef void follow_cursor_fn(struct follow_cursor *cursor);

/* What is at a cursor's place. */
enum follow_step {
	FOLLOW_WAIT,  /* nothing yet: `wake` will be called */
	FOLLOW_BYTES, /* some are lent */
	/* The file goes on elsewhere: follow_cursor_move(). */
	FOLLOW_CUT,  /* it was cut, and begins anew */
	FOLLOW_NEXT, /* another file has its name */
	FOLLOW_END,  /* it is finished, and all of it was read */
	/* All of it was read, and nobody is to wait any more. */
	FOLLOW_STOP,
};

/* Embedded by value; it holds a reference to its file. */
struct follow_cursor {
	struct follow_file *file;
	uint64_t position;
	/* The bytes that are lent. */
	const unsigned char *data;
	size_t length;

	follow_cursor_fn *wake;
	unsigned int epoch;
	struct aio_read read;
	bool reading;
	bool read_over; /* it has its result */
	struct follow_waiter waiter;
};

/* At `position` of `file`, whose reference it takes over. */
void follow_cursor_init(struct follow_cursor *cursor, struct follow_file *file,
    uint64_t position, follow_cursor_fn *wake);

/* Gives back all that it has. */
void follow_cursor_fini(struct follow_cursor *cursor);

/*
 * Returns an enum follow_step, which lends at most `most` bytes, or -errno. Not
 * to be called while bytes are lent.
 */
int follow_cursor_step(struct follow_cursor *cursor, size_t most);

/* Gives lent bytes back; the place stays. Harmless if there are none. */
void follow_cursor_release(struct follow_cursor *cursor);

/* Goes where the last step said that it goes on: to the start of that. */
void follow_cursor_move(struct follow_cursor *cursor);

/* Lets others have their turn: `wake` is called soon. */
void follow_cursor_yield(struct follow_cursor *cursor);

/* `wake` is not called for what was asked before. */
void follow_cursor_cancel(struct follow_cursor *cursor);

/* Returns whether it waits for the file to change, not for bytes that are
 * there. */
bool follow_cursor_is_idle(const struct follow_cursor *cursor);

#endif
