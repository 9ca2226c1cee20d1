/* SPDX-License-Identifier: MIT */
/*
 * A scanner of the FastCGI records that a front server sends: cuts a byte
 * stream, in whatever pieces it arrives, into the parts a worker acts on.
 */
#ifndef COMMON_FCGI_FCGI_SCAN_H
#define COMMON_FCGI_FCGI_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fcgi/fcgi_record.h"

/*
 * Most bytes from BEGIN_REQUEST to the empty PARAMS record, headers included,
 * padding not.
 */
#define FCGI_SCAN_HEAD_MAX 65536

/* The result of fcgi_scan_next(). */
enum fcgi_scan_event {
	/* All input is used up; nothing to do. */
	FCGI_SCAN_MORE,
	/* `data`, `length`: the next bytes of the head, less any padding. */
	FCGI_SCAN_HEAD_BYTES,
	/* The head is whole; `request_id` and `keep_conn` are set. */
	FCGI_SCAN_HEAD_END,
	/*
	 * The head begins a request for a role other than RESPONDER. The rest
	 * of it is skipped; only the end of its body is still told.
	 */
	FCGI_SCAN_UNKNOWN_ROLE,
	/* `data`, `length`: the next bytes of the request body (STDIN). */
	FCGI_SCAN_BODY_BYTES,
	/* The body is whole. */
	FCGI_SCAN_BODY_END,
	/*
	 * FCGI_ABORT_REQUEST for the request under way, of which no more has to
	 * come.
	 */
	FCGI_SCAN_ABORT,
	/* `data`, `length`: the next content of a management record. */
	FCGI_SCAN_MANAGEMENT_BYTES,
	/* The management record is whole: `record`. */
	FCGI_SCAN_MANAGEMENT_END,
	/* `record` wants a second request at once: `record.request_id`. */
	FCGI_SCAN_SECOND_REQUEST,
	/* Not FastCGI, or over a limit: `reason` says which. Final. */
	FCGI_SCAN_BROKEN,
};

enum fcgi_scan_phase {
	FCGI_SCAN_IDLE,   /* between requests */
	FCGI_SCAN_BEGIN,  /* in the content of BEGIN_REQUEST */
	FCGI_SCAN_PARAMS, /* in the head, after BEGIN_REQUEST */
	FCGI_SCAN_SKIP,   /* the same, and the role is unknown */
	FCGI_SCAN_BODY,   /* the head is whole, the body is not */
	FCGI_SCAN_DONE,   /* head and body are whole, or aborted */
	FCGI_SCAN_FAILED,
};

/* Who gets the content of the record under way. */
enum fcgi_scan_target {
	FCGI_SCAN_TO_NOBODY,
	FCGI_SCAN_TO_HEAD,
	FCGI_SCAN_TO_BODY,
	FCGI_SCAN_TO_MANAGEMENT,
};

/* Embedded by value; the fields below `reason` are the scanner's own. */
struct fcgi_scan {
	uint16_t request_id;
	bool keep_conn;
	struct fcgi_record record;
	const uint8_t *data;
	size_t length;
	const char *reason;

	enum fcgi_scan_phase phase;
	enum fcgi_scan_target target;
	size_t head_length;
	size_t content_left;
	size_t padding_left;
	size_t header_have;
	size_t collected;
	bool is_record_open;
	bool has_event;
	uint8_t header[FCGI_RECORD_HEADER_SIZE];
	uint8_t begin_body[8];
};

/* Ready for the first record of a connection. */
void fcgi_scan_init(struct fcgi_scan *scan);

/*
 * Looks at up to `length` bytes of input and stops after the first event;
 * `*ret_used` bytes were taken (it may be 0 with an event). To be called again
 * with the rest until it answers FCGI_SCAN_MORE. `scan->data` points into the
 * input or into the scanner and is valid until the next call.
 *
 * One request at a time (FCGI_MPXS_CONNS is 0): the caller tells by
 * fcgi_scan_request_done() that its request was answered.
 *
 * FastCGI specification, 3.3 (records), 4 (management), 5.1 to 5.4.
 */
enum fcgi_scan_event fcgi_scan_next(struct fcgi_scan *scan,
    const uint8_t *input, size_t length, size_t *ret_used);

/*
 * The request was answered with END_REQUEST: the next BEGIN_REQUEST is
 * welcome, and what still arrives for the old one is skipped.
 */
void fcgi_scan_request_done(struct fcgi_scan *scan);

/* The peer sends no more: nothing else of a request under way has to come. */
void fcgi_scan_end(struct fcgi_scan *scan);

/* Returns whether a head was begun and is not whole. */
bool fcgi_scan_in_head(const struct fcgi_scan *scan);

/* Returns whether more of the request under way has to come, head or body. */
bool fcgi_scan_in_request(const struct fcgi_scan *scan);

#endif
