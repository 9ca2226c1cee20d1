/* SPDX-License-Identifier: MIT */
/* An examination: the server to ask, and the findings so far. */
#ifndef DOCTOR_DOCTOR_PROBE_H
#define DOCTOR_DOCTOR_PROBE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "doctor/doctor_advice.h"
#include "doctor/doctor_http.h"
#include "doctor/doctor_url.h"

/* Exit status: all is well, something should be mended, no examination. */
#define DOCTOR_EXIT_WELL 0
#define DOCTOR_EXIT_FOUND 1
#define DOCTOR_EXIT_NO_ANSWER 2

struct doctor {
	FILE *out;
	char base[DOCTOR_URL_MAX]; /* as by doctor_url_base() */
	struct doctor_http_options http;
	enum doctor_front front;
	unsigned int problems;
	unsigned int remarks;
};

/* --- asking --------------------------------------------------------------- */

/* A question for the probe, as in probe_query.h. */
struct doctor_question {
	/* A percent-encoded component to put before the probe's name, or "". */
	const char *below;
	const char *query;
	const char *field; /* one more header field, or NULL */
	uint64_t stop_after;
};

/* Like doctor_http_ask(), but ends the program when out of memory. */
struct doctor_http_exchange *doctor_ask(
    const struct doctor *doctor, const struct doctor_question *question);

/*
 * Returns NULL for a complete 200, else what is wrong with the exchange, in
 * `text`.
 */
const char *doctor_complaint(
    const struct doctor_http_exchange *exchange, char *text, size_t size);

/* Returns the JSON that the probe sent, which the caller owns, or NULL. */
json_t *doctor_json(const struct doctor_http_exchange *exchange);

/* Asks, and returns the answer's JSON, which the caller owns, or NULL. */
json_t *doctor_ask_json(const struct doctor *doctor, const char *query);

/* Returns a string in an object of an answer, or "". */
const char *doctor_string(const json_t *object, const char *name);

/* Returns a token that no other answer has (getrandom(2)). */
uint64_t doctor_token(void);

/* --- reporting ------------------------------------------------------------ */

/*
 * Returns `text`, perhaps shortened, with a question mark for each control
 * character (C0, DEL, C1), each character that changes the direction of text,
 * and each byte that is not UTF-8: a server may send them, and a terminal would
 * obey.
 */
char *doctor_defuse(char *text);

/* Prints a line on something that is as it should be. */
void doctor_good(const struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints a line that is neither good nor bad. */
void doctor_remark(struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints a finding, with what mends it. */
void doctor_found(struct doctor *doctor, enum doctor_finding finding,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Prints that a check could not be made. It counts as a problem. */
void doctor_unclear(struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
