/* SPDX-License-Identifier: MIT */
/*
 * Answers a request with a representation (RFC 9110, 8): whatever bytes an
 * action has, with preconditions, ranges and a head as HTTP wants them.
 */
#ifndef FCGI_APP_REQUEST_REPRESENTATION_H
#define FCGI_APP_REQUEST_REPRESENTATION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/stream/source.h"

struct request;
struct response_head;

/* Strings are borrowed for the time of the call. */
struct representation {
	uint64_t size;    /* bytes */
	time_t modified;  /* as the file system says it */
	const char *etag; /* strong, with its quotes (8.8.3) */
	const char *content_type;
	const char *content_encoding; /* NULL: none (8.4) */
	const char *repr_digest;      /* NULL: none (RFC 9530, 3) */
	/* A request field that it was chosen by; NULL: by none (12.5.5). */
	const char *vary;
	/* Content-Disposition; NULL: as the operator has it, if at all. */
	const char *disposition;
	/* It has no date: `modified` is not looked at (8.8.2). */
	bool undated;
	/*
	 * It is the answer to another method than GET and HEAD: neither
	 * preconditions nor ranges mean it (13.2.1, 14.2).
	 */
	bool whole;
	struct source_maker bytes;
	/* NULL, or adds fields of its own to a head of 200, 206 or 304. */
	void (*add_fields)(const void *context, struct response_head *head);
	const void *fields_context;
};

/*
 * Answers a GET or HEAD: evaluates the preconditions and then the range, in
 * the order of RFC 9110, 13.2.2, and sends 200, 206, 304, 412 or 416.
 * `bytes` now belong to the request, whatever becomes of it.
 */
void representation_answer(
    struct request *request, const struct representation *representation);

#endif
