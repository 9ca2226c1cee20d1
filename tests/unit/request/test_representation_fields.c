/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/request/representation: the fields of its heads, and
 * what becomes of its bytes.
 */
#include "config.h"
#include "fcgi_app/request/representation.h"

#include <string.h>
#include <time.h>

#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/response_head.h"
#include "tests/unit/support/answer_rows.h"
#include "tests/unit/support/unit.h"

/* --- what the operator adds --------------------------------------------- */

static void the_operator_adds_fields(void **state)
{
	static const struct answer_row rows[] = {
		{ { "STREAM_CACHE_CONTROL", "private" },
		    "Status: 200 OK\n" TAG
		    "Cache-Control: private\n" SNIFF TYPE LENGTH
		    "26\n" DATE UNITS,
		    LETTERS },
		{ { "STREAM_EXPIRES", "epoch" },
		    "Status: 200 OK\n" TAG
		    "Expires: Thu, 01 Jan 1970 00:00:01 GMT\n"
		    "Cache-Control: no-cache\n" SNIFF TYPE LENGTH
		    "26\n" DATE UNITS,
		    LETTERS },
		{ { "STREAM_FILENAME", "x.txt", "STREAM_NOSNIFF", "off" },
		    "Status: 200 OK\n" TAG TYPE LENGTH "26\n" DATE UNITS
		    "Content-Disposition: inline; filename=\"x.txt\"\n",
		    LETTERS },
		{ { "STREAM_DISPOSITION", "attachment", "HTTP_RANGE",
		      "bytes=0-1" },
		    PART("0-1", "2") "Content-Disposition: attachment\n",
		    "ab" },
		/* A 304 has the fields that caches look at (15.4.5). */
		{ { "STREAM_CACHE_CONTROL", "private", "STREAM_DISPOSITION",
		      "attachment", "HTTP_IF_NONE_MATCH", "\"v1\"" },
		    "Status: 304 Not Modified\n" TAG
		    "Cache-Control: private\n" SNIFF,
		    "" },
		/* An error is not to be kept as the file would be. */
		{ { "STREAM_CACHE_CONTROL", "private", "HTTP_RANGE",
		      "bytes=26-" },
		    UNSATISFIABLE, UNSATISFIABLE_TEXT },
		{ { "STREAM_CORS", "https://a.example", "HTTP_ORIGIN",
		      "https://b.example", "HTTP_IF_MATCH", "\"v0\"" },
		    FAILED "Vary: Origin\n", FAILED_TEXT },
		{ { "STREAM_CORS", "https://a.example", "HTTP_IF_NONE_MATCH",
		      "\"v1\"" },
		    NOT_MODIFIED "Vary: Origin\n", "" },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

#define MISTAKE \
	"Status: 500 Internal Server Error\n" ERROR_TYPE LENGTH "26\n" SNIFF
#define MISTAKE_TEXT "500 Internal Server Error\n"

static void a_mistake_of_the_operator_is_a_500(void **state)
{
	static const struct answer_row rows[] = {
		{ { "STREAM_EXPIRES", "soon" }, MISTAKE, MISTAKE_TEXT },
		{ { "STREAM_DISPOSITION", "\"" }, MISTAKE, MISTAKE_TEXT },
		{ { "STREAM_RANGES", "none" }, MISTAKE, MISTAKE_TEXT },
		/* Even where the field would not be sent */
		{ { "STREAM_DISPOSITION", "\"", "HTTP_IF_NONE_MATCH",
		      "\"v1\"" },
		    MISTAKE, MISTAKE_TEXT },
		/* A control character would end the line. */
		{ { "STREAM_CACHE_CONTROL", "a\nb" }, MISTAKE, MISTAKE_TEXT },
		{ { "STREAM_RATE", "fast" }, MISTAKE, MISTAKE_TEXT },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

static void add_link(const void *context, struct response_head *head)
{
	response_head_put(head, "Link", context);
}

static void an_action_adds_fields(void **state)
{
	struct representation rich = answer_rows_usual;
	static const struct answer_row rows[] = {
		{ { NULL },
		    "Status: 200 OK\n" TAG "Link: </>\n" SNIFF
		    "Vary: Accept-Encoding\n" TYPE LENGTH "26\n"
		    "Content-Encoding: gzip\n" DATE UNITS
		    "Repr-Digest: sha-256=:AA==:\n"
		    "Content-Disposition: inline\n",
		    LETTERS },
		/* The digest is that of the whole, also here (RFC 9530, 3). */
		{ { "HTTP_RANGE", "bytes=0-1", "STREAM_DISPOSITION",
		      "attachment" },
		    "Status: 206 Partial Content\n" TAG "Link: </>\n" SNIFF
		    "Vary: Accept-Encoding\n" TYPE
		    "Content-Range: bytes 0-1/26\n" LENGTH "2\n"
		    "Content-Encoding: gzip\n" DATE UNITS
		    "Repr-Digest: sha-256=:AA==:\n"
		    "Content-Disposition: inline\n",
		    "ab" },
		{ { "HTTP_IF_NONE_MATCH", "\"v1\"" },
		    "Status: 304 Not Modified\n" TAG "Link: </>\n" SNIFF
		    "Vary: Accept-Encoding\n",
		    "" },
		{ { "HTTP_IF_NONE_MATCH", "\"v1\"", "STREAM_CORS",
		      "https://a.example" },
		    "Status: 304 Not Modified\n" TAG "Link: </>\n" SNIFF
		    "Vary: Accept-Encoding, Origin\n",
		    "" },
		{ { "HTTP_IF_MATCH", "\"v0\"" }, FAILED, FAILED_TEXT },
	};

	(void)state;
	rich.content_encoding = "gzip";
	rich.repr_digest = "sha-256=:AA==:";
	rich.vary = "Accept-Encoding";
	rich.disposition = "inline";
	rich.add_fields = add_link;
	rich.fields_context = "</>";
	ANSWER_ROWS_CHECK(rows, &rich);
}

/* --- what no row can say ------------------------------------------------ */

/* Whether the answer is dated with a second from `first` to `last`. */
static bool is_dated(struct mock_request *mock, time_t first, time_t last)
{
	char line[64] = "\r\nLast-Modified: ";
	char *date = line + strlen(line);

	for (; first <= last; first++) {
		http_date_format(first, date);
		if (strstr(mock_request_text(mock), line))
			return true;
	}
	return false;
}

/* RFC 9110, 8.8.2.1: Last-Modified is never later than the response. */
static void a_date_to_come_is_sent_as_now(void **state)
{
	struct representation early = answer_rows_usual;
	struct answer_bytes bytes = { 0 };
	struct mock_request mock;
	time_t before = time(NULL);

	(void)state;
	early.modified = before + 1000000;
	early.bytes.context = &bytes;
	mock_request_init(&mock);
	answer_rows_ask(&mock, "GET", NULL, &early);
	/* time(2) may still be in the last second. */
	assert_true(is_dated(&mock, before, time(NULL) + 1));
	mock_request_fini(&mock);
}

/* More than a chunk: nginx would spool it to its disk. */
static void only_a_long_answer_is_unbuffered(void **state)
{

	(void)state;
	for (size_t chunk = 25; chunk <= 26; chunk++) {
		struct representation representation = answer_rows_usual;
		struct answer_bytes bytes = { 0 };
		struct mock_request mock;

		representation.bytes.context = &bytes;
		mock_request_init(&mock);
		mock.options.chunk_size = chunk;
		answer_rows_ask(&mock, "GET", NULL, &representation);
		assert_int_equal(chunk < 26,
		    strstr(mock_request_text(&mock),
			"\r\nX-Accel-Buffering: no\r\n") != NULL);
		mock_request_fini(&mock);
	}
}

static void without_memory_it_is_a_503(void **state)
{
	struct representation representation = answer_rows_usual;
	struct answer_bytes bytes = { .no_memory = true };
	struct mock_request mock;

	(void)state;
	representation.bytes.context = &bytes;
	mock_request_init(&mock);
	answer_rows_ask(&mock, "GET", NULL, &representation);
	assert_non_null(
	    strstr(mock_request_text(&mock), "Status: 503 Service "));
	assert_non_null(
	    strstr(mock_request_text(&mock), "\r\nRetry-After: 1\r\n"));
	assert_int_equal(bytes.released, 1);
	mock_request_fini(&mock);
}

/* A client that leaves in mid-answer, whether of one range or of several. */
static void a_client_that_leaves_gives_the_bytes_back(void **state)
{
	static const char *const ranges[] = { "bytes=0-", "bytes=0-3,20-" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
		const char *const params[] = { "REQUEST_METHOD", "GET",
			"HTTP_RANGE", ranges[i], NULL };
		struct representation representation = answer_rows_usual;
		struct answer_bytes bytes = { 0 };
		struct mock_request mock;

		representation.bytes.context = &bytes;
		mock_request_init(&mock);
		mock.writer.credit = 3;
		mock_request_new(&mock, params);
		representation_answer(mock.request, &representation);
		mock_request_run(&mock);
		assert_false(mock.over);
		mock_request_leave(&mock);
		mock_request_run(&mock);
		assert_int_equal(bytes.open, 0);
		assert_int_equal(bytes.released, 1);
		mock_request_fini(&mock);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_operator_adds_fields),
		cmocka_unit_test(a_mistake_of_the_operator_is_a_500),
		cmocka_unit_test(an_action_adds_fields),
		cmocka_unit_test(a_date_to_come_is_sent_as_now),
		cmocka_unit_test(only_a_long_answer_is_unbuffered),
		cmocka_unit_test(without_memory_it_is_a_503),
		cmocka_unit_test(a_client_that_leaves_gives_the_bytes_back),
	};

	return cmocka_run_group_tests_name(
	    "representation_fields", tests, NULL, NULL);
}
