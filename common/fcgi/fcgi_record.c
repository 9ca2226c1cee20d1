/* SPDX-License-Identifier: MIT */
/* The record layout of the FastCGI specification, sections 3.3 and 5.5. */
#include "config.h"
#include "common/fcgi/fcgi_record.h"

#include <fastcgi.h>
#include <string.h>

struct fcgi_record fcgi_record_decode(
    const uint8_t bytes[FCGI_RECORD_HEADER_SIZE])
{
	struct fcgi_record record = {
		.version = bytes[0],
		.type = bytes[1],
		.request_id = (uint16_t)(bytes[2] << 8 | bytes[3]),
		.content_length = (uint16_t)(bytes[4] << 8 | bytes[5]),
		.padding_length = bytes[6],
	};
	return record;
}

void fcgi_record_encode(uint8_t ret_bytes[FCGI_RECORD_HEADER_SIZE],
    const struct fcgi_record *record)
{
	ret_bytes[0] = FCGI_VERSION_1;
	ret_bytes[1] = record->type;
	ret_bytes[2] = (uint8_t)(record->request_id >> 8);
	ret_bytes[3] = (uint8_t)record->request_id;
	ret_bytes[4] = (uint8_t)(record->content_length >> 8);
	ret_bytes[5] = (uint8_t)record->content_length;
	ret_bytes[6] = record->padding_length;
	ret_bytes[7] = 0;
}

void fcgi_record_encode_end(uint8_t ret_bytes[FCGI_RECORD_END_SIZE],
    uint16_t request_id, uint32_t app_status, uint8_t protocol_status)
{
	uint8_t *body = ret_bytes + FCGI_RECORD_HEADER_SIZE;
	const struct fcgi_record record = {
		.type = FCGI_END_REQUEST,
		.request_id = request_id,
		.content_length =
		    FCGI_RECORD_END_SIZE - FCGI_RECORD_HEADER_SIZE,
	};

	fcgi_record_encode(ret_bytes, &record);
	memset(body, 0, record.content_length);
	body[0] = (uint8_t)(app_status >> 24);
	body[1] = (uint8_t)(app_status >> 16);
	body[2] = (uint8_t)(app_status >> 8);
	body[3] = (uint8_t)app_status;
	body[4] = protocol_status;
}

uint8_t fcgi_record_padding(size_t length)
{
	return (uint8_t)(-length & 7);
}
