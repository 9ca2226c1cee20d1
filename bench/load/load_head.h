/* SPDX-License-Identifier: MIT */
/* Reading the head of a response, of CGI (RFC 3875, 6) or HTTP (RFC 9112). */
#ifndef BENCH_LOAD_LOAD_HEAD_H
#define BENCH_LOAD_LOAD_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So much of a line is looked at; the fields of interest are shorter. */
#define LOAD_HEAD_LINE_MAX 128
/* A longer head is not one. */
#define LOAD_HEAD_MAX (64u << 10)

/* What a head says, as far as it has been read. */
struct load_head {
	bool http; /* begins with a status line, else with fields (CGI) */
	bool begun;
	bool ended; /* its empty line has been read */
	bool has_length;
	bool chunked; /* Transfer-Encoding: chunked */
	bool closes;  /* Connection: close */
	unsigned int status;
	uint64_t length; /* Content-Length */

	/* of the reader */
	size_t size;
	size_t line_length;
	char line[LOAD_HEAD_LINE_MAX];
};

/* Ready for the head of the next response. */
void load_head_reset(struct load_head *head, bool http);

/*
 * Reads on, up to the head's end. Returns the number of bytes that belong to
 * the head, or -EPROTO: no head, or longer than LOAD_HEAD_MAX.
 */
ptrdiff_t load_head_take(
    struct load_head *head, const uint8_t *bytes, size_t length);

#endif
