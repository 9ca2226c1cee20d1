/* SPDX-License-Identifier: MIT */
/*
 * Records of a response's STDOUT, framed one after the other in a borrowed
 * buffer, so that they leave in one send. Internal to fcgi_output, but for the
 * size of the buffers.
 */
#ifndef COMMON_FCGI_FCGI_BATCH_H
#define COMMON_FCGI_FCGI_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fcgi/fcgi_record.h"

struct chunk_pool;

/* Records in one send. */
#define FCGI_BATCH_MAX 5
/* Content in one record: a multiple of 8, so that it needs no padding. */
#define FCGI_BATCH_CONTENT_MAX 65528
/*
 * Bytes in a buffer of the pool: four full records and the end of a chunk of
 * 256 KiB, which leave in one send, and the gap before the first record.
 */
#define FCGI_BATCH_BUFFER_SIZE (4 * 65536 + 8192)

/* A record in the buffer, ready to send. */
struct fcgi_framed {
	unsigned char *bytes;
	size_t length;
	size_t header; /* 0 when it continues an open record */
	size_t content;
	uint8_t padding;
};

/* Embedded by value. */
struct fcgi_batch {
	struct chunk_pool *buffers; /* set by fcgi_output.c */
	uint16_t request_id;        /* the same */
	unsigned char *buffer;      /* borrowed while a call runs, else NULL */
	unsigned char *record;      /* the record that is being filled */
	struct fcgi_framed framed[FCGI_BATCH_MAX]; /* records before that one */
	unsigned int count;
	/*
	 * A record whose header has left is open: so much of its content has
	 * been promised, and the next record goes out without a header.
	 */
	size_t owed;
	uint8_t owed_padding;
};

/* Borrows a buffer. Returns false if the pool has none to spare. */
bool fcgi_batch_borrow(struct fcgi_batch *batch);

/* Gives the buffer back, if there is one, and forgets what is in it. */
void fcgi_batch_return(struct fcgi_batch *batch);

/*
 * Returns where the content of the next record goes, after those of the batch,
 * and in *ret_room how much of it fits. It may be the rest of an open record.
 */
unsigned char *fcgi_batch_begin(struct fcgi_batch *batch, size_t *ret_room);

/* Returns the content of the record that is being filled up to `end`. */
static inline size_t fcgi_batch_content(
    const struct fcgi_batch *batch, const unsigned char *end)
{
	if (!batch->record)
		return 0;
	return (size_t)(end - batch->record) - FCGI_RECORD_HEADER_SIZE;
}

/* Returns whether one more record fits after the one filled up to `end`. */
bool fcgi_batch_has_room(
    const struct fcgi_batch *batch, const unsigned char *end);

/* Puts header and padding around the content, which ends at `end`. */
void fcgi_batch_frame(struct fcgi_batch *batch, unsigned char *end);

/* Returns the bytes of the framed records, which follow each other. */
size_t fcgi_batch_length(const struct fcgi_batch *batch);

/* What is left of a batch that was not sent as a whole. */
struct fcgi_batch_rest {
	size_t dropped; /* bytes of content */
	/* These have to be sent: the rest of a header, or padding. */
	const unsigned char *kept;
	size_t kept_length;
};

/*
 * Drops the content that the socket refused, `sent` bytes of the batch having
 * left. A record that did not begin to leave never was; of one that did the
 * rest of the content is owed.
 */
void fcgi_batch_drop(
    struct fcgi_batch *batch, size_t sent, struct fcgi_batch_rest *ret);

#endif
