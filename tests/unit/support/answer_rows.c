/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/answer_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/stream/source.h"
#include "common/stream/source_memory.h"
#include "tests/unit/support/unit.h"

static void on_closed(void *context)
{
	struct answer_bytes *bytes = context;

	bytes->open--;
}

static struct source *open_letters(void *context)
{
	struct answer_bytes *bytes = context;

	assert_int_equal(bytes->released, 0);
	if (bytes->no_memory)
		return NULL;
	bytes->open++;
	bytes->opened++;
	return source_memory_new(LETTERS, strlen(LETTERS), on_closed, context);
}

static void release_letters(void *context)
{
	struct answer_bytes *bytes = context;

	bytes->released++;
}

const struct representation answer_rows_usual = {
	.size = sizeof(LETTERS) - 1,
	.modified = MODIFIED,
	.etag = "\"v1\"",
	.content_type = "text/x-abc",
	.bytes = { .open = open_letters, .release = release_letters },
};

/* --- a row -------------------------------------------------------------- */

/* Replaces each `from` in `text` by `to`, which is not longer. */
static void replace(char *text, const char *from, const char *to)
{
	size_t from_length = strlen(from), to_length = strlen(to);

	while ((text = strstr(text, from))) {
		memcpy(text, to, to_length);
		memmove(text + to_length, text + from_length,
		    strlen(text + from_length) + 1);
		text += to_length;
	}
}

/* The boundary is another one each time. */
static void name_boundary(char *text)
{
	const char *boundary = strstr(text, "boundary=");
	char copy[64];

	if (!boundary)
		return;
	boundary += strlen("boundary=");
	assert_int_equal(strspn(boundary, "0123456789abcdef"), 32);
	snprintf(copy, sizeof(copy), "%.32s", boundary);
	replace(text, copy, "BOUNDARY");
}

/* Returns the head as it stands in a row; `*ret_body` follows it. */
static char *take_apart(struct mock_request *mock, char **ret_body)
{
	char *text = strdup(mock_request_text(mock));
	char *end;

	assert_non_null(text);
	end = strstr(text, "\r\n\r\n");
	assert_non_null(end);
	name_boundary(text);
	replace(text, "\r\n", "\n");
	end = strstr(text, "\n\n");
	end[1] = '\0';
	*ret_body = end + 2;
	return text;
}

/* Content-Length is that of the body, whatever the row says. */
static void check_length(struct mock_request *mock)
{
	const char *field =
	    strstr(mock_request_text(mock), "\r\nContent-Length: ");
	size_t length = strlen(mock_request_body(mock));

	assert_non_null(field);
	assert_int_equal(strtoul(field + 18, NULL, 10), length);
}

void answer_rows_ask(struct mock_request *mock, const char *method,
    const struct answer_row *row, const struct representation *representation)
{
	const char *params[16] = { "REQUEST_METHOD", method };

	for (size_t i = 0; row && row->params[i]; i++)
		params[i + 2] = row->params[i];
	mock_request_new(mock, params);
	representation_answer(mock->request, representation);
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(mock->result, 0);
}

static void check_method(const struct answer_row *row, const char *method,
    const struct representation *like)
{
	bool is_head = strcmp(method, "HEAD") == 0;
	struct representation representation = *like;
	struct answer_bytes bytes = { 0 };
	struct mock_request mock;
	char *head, *body;

	representation.bytes.context = &bytes;
	mock_request_init(&mock);
	answer_rows_ask(&mock, method, row, &representation);
	head = take_apart(&mock, &body);
	if (strcmp(head, row->head) != 0)
		fail_msg("%s with %s: %s: %s", method, row->params[0],
		    row->params[1], head);
	assert_string_equal(body, is_head ? "" : row->body);
	if (!is_head && *body)
		check_length(&mock);
	assert_int_equal(bytes.open, 0);
	assert_int_equal(bytes.released, 1);
	if (is_head)
		assert_int_equal(bytes.opened, 0);
	free(head);
	mock_request_fini(&mock);
}

void answer_rows_check(
    const struct answer_row *row, const struct representation *like)
{
	check_method(row, "GET", like);
	check_method(row, "HEAD", like);
}
