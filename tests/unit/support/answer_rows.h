/* SPDX-License-Identifier: MIT */
/*
 * Rows of request fields, each with the whole answer that a representation of
 * known bytes gives to them.
 */
#ifndef TESTS_UNIT_SUPPORT_ANSWER_ROWS_H
#define TESTS_UNIT_SUPPORT_ANSWER_ROWS_H

#include <stdbool.h>

#include "fcgi_app/request/representation.h"
#include "tests/unit/support/mock_request.h"

/* The bytes of every representation. */
#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define MODIFIED 784111777
#define AT_MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

/* What has become of the bytes. */
struct answer_bytes {
	int open; /* sources that are not closed */
	unsigned int opened;
	unsigned int released;
	bool no_memory; /* before it is asked: no source can be opened */
};

/*
 * A representation of LETTERS with a tag, a type and a date; its `bytes` want
 * a struct answer_bytes as their context.
 */
extern const struct representation answer_rows_usual;

/* Lines of heads, in the order in which they are sent. */
#define TAG "ETag: \"v1\"\n"
#define SNIFF "X-Content-Type-Options: nosniff\n"
#define TYPE "Content-Type: text/x-abc\n"
#define LENGTH "Content-Length: "
#define DATE "Last-Modified: " AT_MODIFIED "\n"
#define UNITS "Accept-Ranges: bytes\n"
#define ERROR_TYPE "Content-Type: text/plain\n"

#define WHOLE "Status: 200 OK\n" TAG SNIFF TYPE LENGTH "26\n" DATE UNITS
#define PART(range, length)                            \
	"Status: 206 Partial Content\n" TAG SNIFF TYPE \
	"Content-Range: bytes " range "/26\n" LENGTH length "\n" DATE UNITS
#define NOT_MODIFIED "Status: 304 Not Modified\n" TAG SNIFF
#define FAILED \
	"Status: 412 Precondition Failed\n" ERROR_TYPE LENGTH "24\n" SNIFF
#define FAILED_TEXT "412 Precondition Failed\n"
#define UNSATISFIABLE                                                  \
	"Status: 416 Range Not Satisfiable\n" ERROR_TYPE LENGTH "26\n" \
	"Content-Range: bytes */26\n" SNIFF
#define UNSATISFIABLE_TEXT "416 Range Not Satisfiable\n"

struct answer_row {
	/* Names and values of the request's parameters. */
	const char *params[12];
	/*
	 * What is sent, with "\n" for the end of a line; the boundary of parts
	 * is "BOUNDARY".
	 */
	const char *head;
	const char *body;
};

/*
 * Answers a request with this method and the parameters of `row` (NULL: none),
 * and runs it to its end.
 */
void answer_rows_ask(struct mock_request *mock, const char *method,
    const struct answer_row *row, const struct representation *representation);

/*
 * Asks with GET and HEAD for a representation like this one and checks the
 * answers: HEAD opens no source, and all bytes are given back once.
 */
void answer_rows_check(
    const struct answer_row *row, const struct representation *like);

#define ANSWER_ROWS_CHECK(rows, like)                         \
	for (size_t row = 0; row < ARRAY_LENGTH(rows); row++) \
	answer_rows_check(&(rows)[row], like)

#endif
