/* SPDX-License-Identifier: MIT */
/* Writing and reading the fixed parts of FastCGI records. */
#ifndef COMMON_FCGI_FCGI_RECORD_H
#define COMMON_FCGI_FCGI_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* FCGI_Header (FastCGI specification, 3.3). */
#define FCGI_RECORD_HEADER_SIZE 8
/* FCGI_EndRequestRecord: header and body (5.5). */
#define FCGI_RECORD_END_SIZE 16

/* A record's header, decoded. Lengths in bytes. */
struct fcgi_record {
	uint8_t version;
	uint8_t type;
	uint16_t request_id;
	uint16_t content_length;
	uint8_t padding_length;
};

/* Returns the header at `bytes`, decoded, every value as it stands. */
struct fcgi_record fcgi_record_decode(
    const uint8_t bytes[FCGI_RECORD_HEADER_SIZE]);

/* Writes a header of version 1; `record->version` is not looked at. */
void fcgi_record_encode(uint8_t ret_bytes[FCGI_RECORD_HEADER_SIZE],
    const struct fcgi_record *record);

/*
 * Writes an END_REQUEST record: `app_status` is what a CGI program would
 * exit with, `protocol_status` an FCGI_REQUEST_COMPLETE … FCGI_UNKNOWN_ROLE.
 */
void fcgi_record_encode_end(uint8_t ret_bytes[FCGI_RECORD_END_SIZE],
    uint16_t request_id, uint32_t app_status, uint8_t protocol_status);

/* Returns the padding that brings content of `length` to a multiple of 8. */
uint8_t fcgi_record_padding(size_t length);

#endif
