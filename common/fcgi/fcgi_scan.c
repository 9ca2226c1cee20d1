/* SPDX-License-Identifier: MIT */
/*
 * The scanner goes through each record in three steps: collect the header,
 * decide by type and phase who gets the content, pass the content on and drop
 * the padding. That decision needs the whole header, so its eight bytes are
 * kept here; everything else stays in the input.
 *
 * The head is passed on with its record headers, since it goes to libfcgi.
 * Management records and records of other requests may stand between those of
 * the head; they are left out of it.
 *
 *	IDLE -> BEGIN -> PARAMS, SKIP -> BODY -> DONE -> (request_done) IDLE
 *	                     any phase -> FAILED
 *
 * A stream that has ended has ended: more empty records of it mean nothing.
 */
#include "config.h"
#include "common/fcgi/fcgi_scan.h"

#include <fastcgi.h>
#include <string.h>

#include "common/min.h"

void fcgi_scan_init(struct fcgi_scan *scan)
{
	memset(scan, 0, sizeof(*scan));
	scan->phase = FCGI_SCAN_IDLE;
}

void fcgi_scan_request_done(struct fcgi_scan *scan)
{
	if (scan->phase == FCGI_SCAN_FAILED)
		return;
	scan->phase = FCGI_SCAN_IDLE;
	if (scan->target == FCGI_SCAN_TO_BODY)
		scan->target = FCGI_SCAN_TO_NOBODY;
}

void fcgi_scan_end(struct fcgi_scan *scan)
{
	if (scan->phase != FCGI_SCAN_FAILED)
		scan->phase = FCGI_SCAN_DONE;
	scan->keep_conn = false;
}

bool fcgi_scan_in_head(const struct fcgi_scan *scan)
{
	return scan->phase == FCGI_SCAN_BEGIN ||
	    scan->phase == FCGI_SCAN_PARAMS || scan->header_have > 0;
}

bool fcgi_scan_in_request(const struct fcgi_scan *scan)
{
	switch (scan->phase) {
	case FCGI_SCAN_BEGIN:
	case FCGI_SCAN_PARAMS:
	case FCGI_SCAN_SKIP:
	case FCGI_SCAN_BODY:
		return true;
	case FCGI_SCAN_IDLE:
	case FCGI_SCAN_DONE:
	case FCGI_SCAN_FAILED:
		break;
	}
	return false;
}

static enum fcgi_scan_event broken(struct fcgi_scan *scan, const char *reason)
{
	scan->phase = FCGI_SCAN_FAILED;
	scan->reason = reason;
	return FCGI_SCAN_BROKEN;
}

static enum fcgi_scan_event span(struct fcgi_scan *scan,
    enum fcgi_scan_event event, const uint8_t *data, size_t length)
{
	scan->data = data;
	scan->length = length;
	return event;
}

/*
 * Opens a record of the head. Its header is passed on as one without padding,
 * which libfcgi forgets to skip after BEGIN_REQUEST and leaves unread after the
 * empty PARAMS.
 */
static enum fcgi_scan_event open_head_record(struct fcgi_scan *scan)
{
	const struct fcgi_record *record = &scan->record;

	scan->head_length += sizeof(scan->header) + record->content_length;
	if (scan->head_length > FCGI_SCAN_HEAD_MAX)
		return broken(scan, "request head over 64 KiB");
	scan->target = FCGI_SCAN_TO_HEAD;
	scan->header[6] = 0;
	return span(
	    scan, FCGI_SCAN_HEAD_BYTES, scan->header, sizeof(scan->header));
}

static enum fcgi_scan_event open_begin(struct fcgi_scan *scan)
{
	const struct fcgi_record *record = &scan->record;

	if (record->content_length != sizeof(scan->begin_body))
		return broken(scan, "BEGIN_REQUEST is not 8 bytes long");
	if (scan->phase == FCGI_SCAN_IDLE) {
		scan->phase = FCGI_SCAN_BEGIN;
		scan->request_id = record->request_id;
		scan->head_length = 0;
		scan->collected = 0;
		return open_head_record(scan);
	}
	if (record->request_id == scan->request_id)
		return broken(
		    scan, "BEGIN_REQUEST with the id of the running request");
	scan->has_event = true;
	return FCGI_SCAN_MORE;
}

static enum fcgi_scan_event open_params(struct fcgi_scan *scan)
{
	bool is_empty = scan->record.content_length == 0;

	switch (scan->phase) {
	case FCGI_SCAN_PARAMS:
		scan->has_event = is_empty;
		return open_head_record(scan);
	case FCGI_SCAN_SKIP:
		scan->has_event = is_empty;
		break;
	case FCGI_SCAN_BODY:
	case FCGI_SCAN_DONE:
		if (!is_empty)
			return broken(scan, "PARAMS after their end");
		break;
	case FCGI_SCAN_BEGIN:
	case FCGI_SCAN_IDLE:
	case FCGI_SCAN_FAILED:
		break;
	}
	return FCGI_SCAN_MORE;
}

static enum fcgi_scan_event open_stdin(struct fcgi_scan *scan)
{
	bool is_empty = scan->record.content_length == 0;

	switch (scan->phase) {
	case FCGI_SCAN_BODY:
		scan->target = FCGI_SCAN_TO_BODY;
		scan->has_event = is_empty;
		break;
	case FCGI_SCAN_BEGIN:
	case FCGI_SCAN_PARAMS:
	case FCGI_SCAN_SKIP:
		return broken(scan, "STDIN before the end of PARAMS");
	case FCGI_SCAN_DONE:
		if (!is_empty)
			return broken(scan, "STDIN after its end");
		break;
	case FCGI_SCAN_IDLE:
	case FCGI_SCAN_FAILED:
		break;
	}
	return FCGI_SCAN_MORE;
}

/* A record that belongs to the request under way, by its type. */
static enum fcgi_scan_event open_own_record(struct fcgi_scan *scan)
{
	switch (scan->record.type) {
	case FCGI_PARAMS:
		return open_params(scan);
	case FCGI_STDIN:
		return open_stdin(scan);
	case FCGI_ABORT_REQUEST:
		scan->has_event = true;
		return FCGI_SCAN_MORE;
	case FCGI_DATA:
		/* Only a filter reads it (6.4). */
		return FCGI_SCAN_MORE;
	default:
		return broken(scan, "unknown record type");
	}
}

/* Decides by the header who gets the record. */
static enum fcgi_scan_event open_record(struct fcgi_scan *scan)
{
	const struct fcgi_record *record = &scan->record;

	scan->record = fcgi_record_decode(scan->header);
	scan->is_record_open = true;
	scan->has_event = false;
	scan->target = FCGI_SCAN_TO_NOBODY;
	scan->content_left = record->content_length;
	scan->padding_left = record->padding_length;
	if (record->version != FCGI_VERSION_1)
		return broken(scan, "not a FastCGI record of version 1");
	if (record->request_id == FCGI_NULL_REQUEST_ID) {
		scan->target = FCGI_SCAN_TO_MANAGEMENT;
		return FCGI_SCAN_MORE;
	}
	if (record->type == FCGI_BEGIN_REQUEST)
		return open_begin(scan);
	/* 3.3: records of a request that is not active are ignored. */
	if (scan->phase == FCGI_SCAN_IDLE ||
	    record->request_id != scan->request_id)
		return FCGI_SCAN_MORE;
	return open_own_record(scan);
}

/* Keeps the content of BEGIN_REQUEST, which the scanner itself must read. */
static void collect_begin(
    struct fcgi_scan *scan, const uint8_t *input, size_t length)
{
	memcpy(scan->begin_body + scan->collected, input, length);
	scan->collected += length;
}

/* Passes `length` bytes of content to whom they belong. */
static enum fcgi_scan_event pass_content(
    struct fcgi_scan *scan, const uint8_t *input, size_t length)
{
	switch (scan->target) {
	case FCGI_SCAN_TO_HEAD:
		if (scan->phase == FCGI_SCAN_BEGIN)
			collect_begin(scan, input, length);
		return span(scan, FCGI_SCAN_HEAD_BYTES, input, length);
	case FCGI_SCAN_TO_BODY:
		return span(scan, FCGI_SCAN_BODY_BYTES, input, length);
	case FCGI_SCAN_TO_MANAGEMENT:
		return span(scan, FCGI_SCAN_MANAGEMENT_BYTES, input, length);
	case FCGI_SCAN_TO_NOBODY:
		break;
	}
	return FCGI_SCAN_MORE;
}

static enum fcgi_scan_event close_begin(struct fcgi_scan *scan)
{
	const uint8_t *begin = scan->begin_body;
	bool is_responder = (begin[0] << 8 | begin[1]) == FCGI_RESPONDER;

	scan->keep_conn = (begin[2] & FCGI_KEEP_CONN) != 0;
	scan->phase = is_responder ? FCGI_SCAN_PARAMS : FCGI_SCAN_SKIP;
	return is_responder ? FCGI_SCAN_MORE : FCGI_SCAN_UNKNOWN_ROLE;
}

/* The end of the PARAMS. */
static enum fcgi_scan_event close_head(struct fcgi_scan *scan)
{
	bool is_skipped = scan->phase == FCGI_SCAN_SKIP;

	scan->phase = FCGI_SCAN_BODY;
	return is_skipped ? FCGI_SCAN_MORE : FCGI_SCAN_HEAD_END;
}

/* Content and padding are through: what does the whole record mean? */
static enum fcgi_scan_event close_record(struct fcgi_scan *scan)
{
	scan->is_record_open = false;
	if (scan->target == FCGI_SCAN_TO_MANAGEMENT)
		return FCGI_SCAN_MANAGEMENT_END;
	if (scan->phase == FCGI_SCAN_BEGIN && scan->target == FCGI_SCAN_TO_HEAD)
		return close_begin(scan);
	if (!scan->has_event)
		return FCGI_SCAN_MORE;
	switch (scan->record.type) {
	case FCGI_BEGIN_REQUEST:
		return FCGI_SCAN_SECOND_REQUEST;
	case FCGI_PARAMS:
		return close_head(scan);
	case FCGI_STDIN:
		/* request_done() may have come while it was under way. */
		if (scan->phase != FCGI_SCAN_BODY)
			return FCGI_SCAN_MORE;
		scan->phase = FCGI_SCAN_DONE;
		return FCGI_SCAN_BODY_END;
	default:
		/* FCGI_ABORT_REQUEST, perhaps of one answered meanwhile. */
		if (scan->phase == FCGI_SCAN_IDLE)
			return FCGI_SCAN_MORE;
		scan->phase = FCGI_SCAN_DONE;
		return FCGI_SCAN_ABORT;
	}
}

/* One step: header, content, padding or end of a record. */
static enum fcgi_scan_event step(struct fcgi_scan *scan, const uint8_t *input,
    size_t length, size_t *ret_used)
{
	size_t n;

	if (!scan->is_record_open) {
		n = size_min(length, sizeof(scan->header) - scan->header_have);
		memcpy(scan->header + scan->header_have, input, n);
		*ret_used = n;
		scan->header_have += n;
		if (scan->header_have < sizeof(scan->header))
			return FCGI_SCAN_MORE;
		scan->header_have = 0;
		return open_record(scan);
	}
	if (scan->content_left > 0) {
		n = size_min(length, scan->content_left);
		*ret_used = n;
		scan->content_left -= n;
		return pass_content(scan, input, n);
	}
	n = size_min(length, scan->padding_left);
	*ret_used = n;
	scan->padding_left -= n;
	return scan->padding_left == 0 ? close_record(scan) : FCGI_SCAN_MORE;
}

/* A record whose content and padding are empty ends without more input. */
static bool can_step(const struct fcgi_scan *scan, size_t length)
{
	return length > 0 ||
	    (scan->is_record_open && scan->content_left == 0 &&
		scan->padding_left == 0);
}

enum fcgi_scan_event fcgi_scan_next(struct fcgi_scan *scan,
    const uint8_t *input, size_t length, size_t *ret_used)
{
	enum fcgi_scan_event event = FCGI_SCAN_MORE;
	size_t used = 0;

	*ret_used = 0;
	if (scan->phase == FCGI_SCAN_FAILED)
		return FCGI_SCAN_BROKEN;
	while (event == FCGI_SCAN_MORE && can_step(scan, length - used)) {
		size_t n = 0;

		event = step(scan, input + used, length - used, &n);
		used += n;
	}
	*ret_used = used;
	return event;
}
