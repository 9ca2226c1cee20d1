/* SPDX-License-Identifier: MIT */
/*
 * Responses in FastCGI records (specification, 3.3 and 5): a walk from header
 * to header, that looks at content where it lies.
 */
#include "config.h"
#include "bench/load/load_response.h"

#include <fastcgi.h>
#include <errno.h>
#include <string.h>

#include "common/fcgi/fcgi_record.h"

/* The id in all requests, as one connection has one at a time. */
#define REQUEST_ID 1
/* protocolStatus in the content of END_REQUEST. */
#define PROTOCOL_STATUS_AT 4
#define END_LENGTH (FCGI_RECORD_END_SIZE - FCGI_RECORD_HEADER_SIZE)

static void reset(struct load_response *response)
{
	load_response_reset(response, false);
	response->fcgi.header_length = 0;
	response->fcgi.content_left = 0;
	response->fcgi.padding_left = 0;
	response->fcgi.protocol_status = FCGI_REQUEST_COMPLETE;
}

static bool is_expected(const struct fcgi_record *record)
{
	if (record->version != FCGI_VERSION_1 ||
	    record->request_id != REQUEST_ID)
		return false;
	if (record->type == FCGI_END_REQUEST)
		return record->content_length == END_LENGTH;
	return record->type == FCGI_STDOUT || record->type == FCGI_STDERR;
}

/* Returns the bytes used, or -EPROTO. */
static ptrdiff_t take_header(
    struct load_fcgi *fcgi, const uint8_t *bytes, size_t length)
{
	size_t missing = FCGI_RECORD_HEADER_SIZE - fcgi->header_length;
	struct fcgi_record record;

	if (length > missing)
		length = missing;
	memcpy(fcgi->header + fcgi->header_length, bytes, length);
	fcgi->header_length = (uint8_t)(fcgi->header_length + length);
	if (length < missing)
		return (ptrdiff_t)length;
	record = fcgi_record_decode(fcgi->header);
	if (!is_expected(&record))
		return -EPROTO;
	fcgi->type = record.type;
	fcgi->content_left = record.content_length;
	fcgi->padding_left = record.padding_length;
	return (ptrdiff_t)length;
}

static int take_stdout(
    struct load_response *response, const uint8_t *bytes, size_t length)
{
	ptrdiff_t used = 0;

	response->begun = true;
	if (!response->head.ended)
		used = load_head_take(&response->head, bytes, length);
	if (used < 0)
		return (int)used;
	if ((size_t)used < length)
		load_response_body(
		    response, bytes + used, length - (size_t)used);
	return 0;
}

static void take_end(
    struct load_fcgi *fcgi, const uint8_t *bytes, size_t length)
{
	size_t at = END_LENGTH - (size_t)fcgi->content_left;

	if (at <= PROTOCOL_STATUS_AT && PROTOCOL_STATUS_AT < at + length)
		fcgi->protocol_status = bytes[PROTOCOL_STATUS_AT - at];
}

static ptrdiff_t take_content(
    struct load_response *response, const uint8_t *bytes, size_t length)
{
	struct load_fcgi *fcgi = &response->fcgi;

	if (length > fcgi->content_left)
		length = fcgi->content_left;
	if (fcgi->type == FCGI_END_REQUEST)
		take_end(fcgi, bytes, length);
	else if (fcgi->type == FCGI_STDOUT &&
	    take_stdout(response, bytes, length) < 0)
		return -EPROTO;
	fcgi->content_left = (uint16_t)(fcgi->content_left - length);
	return (ptrdiff_t)length;
}

static ptrdiff_t take_padding(struct load_fcgi *fcgi, size_t length)
{
	if (length > fcgi->padding_left)
		length = fcgi->padding_left;
	fcgi->padding_left = (uint8_t)(fcgi->padding_left - length);
	return (ptrdiff_t)length;
}

/* Returns whether the record ends here; then the next one may begin. */
static bool ends_record(struct load_fcgi *fcgi)
{
	if (fcgi->header_length < FCGI_RECORD_HEADER_SIZE ||
	    fcgi->content_left || fcgi->padding_left)
		return false;
	fcgi->header_length = 0;
	return true;
}

static enum load_progress feed(
    struct load_response *response, const uint8_t *bytes, size_t length)
{
	struct load_fcgi *fcgi = &response->fcgi;
	ptrdiff_t used;

	for (; length > 0; bytes += used, length -= (size_t)used) {
		if (fcgi->header_length < FCGI_RECORD_HEADER_SIZE)
			used = take_header(fcgi, bytes, length);
		else if (fcgi->content_left)
			used = take_content(response, bytes, length);
		else
			used = take_padding(fcgi, length);
		if (used < 0)
			return LOAD_BROKEN;
		if (ends_record(fcgi) && fcgi->type == FCGI_END_REQUEST)
			return response->head.ended && (size_t)used == length &&
				fcgi->protocol_status == FCGI_REQUEST_COMPLETE
			    ? LOAD_DONE
			    : LOAD_BROKEN;
	}
	return LOAD_MORE;
}

static enum load_progress feed_end(struct load_response *response)
{
	(void)response;
	return LOAD_MORE;
}

const struct load_protocol load_protocol_fcgi = {
	.reset = reset,
	.feed = feed,
	.feed_end = feed_end,
};
