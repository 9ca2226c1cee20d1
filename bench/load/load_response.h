/* SPDX-License-Identifier: MIT */
/* A response as it comes in, and the two protocols that carry one. */
#ifndef BENCH_LOAD_LOAD_RESPONSE_H
#define BENCH_LOAD_LOAD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/load_head.h"

/* What can be wrong with a request; the names are in load_counts.c. */
enum load_error {
	LOAD_ERROR_CONNECT,  /* no connection came about */
	LOAD_ERROR_CLOSED,   /* it was closed before the response's end */
	LOAD_ERROR_PROTOCOL, /* what came is not FastCGI or HTTP */
	LOAD_ERROR_STATUS,   /* neither 200 nor 206 */
	LOAD_ERROR_LENGTH,  /* more or fewer bytes than announced or expected */
	LOAD_ERROR_CONTENT, /* other bytes than the file's */
	LOAD_ERROR_TIMEOUT, /* no byte for too long */
	LOAD_ERROR_COUNT,
	LOAD_ERROR_NONE = LOAD_ERROR_COUNT,
};

/* What a body should be; shared by all connections. */
struct load_expected {
	bool has_length;
	uint64_t length;
	const uint8_t *bytes; /* `length` of them, or NULL: any will do */
};

enum load_progress {
	LOAD_MORE,   /* the response goes on */
	LOAD_DONE,   /* it is complete */
	LOAD_BROKEN, /* against the protocol; nothing more can be read */
};

/* Where the reader of records is (load_fcgi.c). */
struct load_fcgi {
	uint8_t header[8];
	uint8_t header_length;
	uint8_t type;
	uint8_t protocol_status;
	uint8_t padding_left;
	uint16_t content_left;
};

enum load_http_phase {
	LOAD_HTTP_HEAD,
	LOAD_HTTP_BODY, /* of a known length */
	LOAD_HTTP_UNTIL_CLOSE,
	LOAD_HTTP_CHUNK_SIZE,
	LOAD_HTTP_CHUNK_REST, /* of the line that has the size */
	LOAD_HTTP_CHUNK_DATA,
	LOAD_HTTP_CHUNK_END,
	LOAD_HTTP_TRAILER,
};

/* Where the reader of HTTP is (load_http.c). */
struct load_http {
	enum load_http_phase phase;
	uint64_t left;      /* of the body or the chunk */
	size_t line_length; /* of a size or a trailer field */
};

/* A response; embedded in its connection. */
struct load_response {
	const struct load_expected *expected;
	struct load_head head;
	bool begun; /* its first byte has come */
	bool differs;
	uint64_t body_length; /* so far */
	union {
		struct load_fcgi fcgi;
		struct load_http http;
	};
};

/* A protocol that carries responses. */
struct load_protocol {
	/* Ready for the next response. */
	void (*reset)(struct load_response *response);
	/* Reads the bytes that came; bytes after the end are an error. */
	enum load_progress (*feed)(struct load_response *response,
	    const uint8_t *bytes, size_t length);
	/* The peer has closed: LOAD_DONE or, if something is missing, not. */
	enum load_progress (*feed_end)(struct load_response *response);
	/*
	 * How many of the next bytes are body, whatever they are; and goes on
	 * after `length` of those, which nobody has looked at. NULL where that
	 * is not worth it: records are short.
	 */
	uint64_t (*body_left)(const struct load_response *response);
	enum load_progress (*skip_body)(
	    struct load_response *response, size_t length);
};

extern const struct load_protocol load_protocol_fcgi;
extern const struct load_protocol load_protocol_http;

/* For the protocols: the part that is the same in both. */
void load_response_reset(struct load_response *response, bool http);

/* For the protocols: the next bytes of the body, compared if that is asked. */
void load_response_body(
    struct load_response *response, const uint8_t *bytes, size_t length);

/* What is wrong with a complete response, LOAD_ERROR_NONE: nothing. */
enum load_error load_response_judge(const struct load_response *response);

#endif
