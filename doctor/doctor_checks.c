/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "doctor/doctor_checks.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "doctor/doctor_probe.h"
#include "fcgi_app/actions/probe/probe_query.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define COMPLAINT_MAX 256

/* The size of a synthetic body: any number that is not round. */
#define BODY_SIZE "1000"
#define BODY_LENGTH 1000

/* --- paths ---------------------------------------------------------------- */

/* Names that are hard on the way; what each shows is in plain words. */
static const struct {
	const char *sent;
	const char *what;
	enum doctor_finding refused;
} names[] = {
	{ "a%20b", "a space", DOCTOR_PATH_REFUSED },
	{ "a+b%2Bc", "a plus sign", DOCTOR_PATH_REFUSED },
	{ "a%25b%252Fc", "a percent sign", DOCTOR_PATH_REFUSED },
	{ "%C3%A9%E2%82%AC", "UTF-8", DOCTOR_PATH_REFUSED },
	{ "a%3Fb%23c", "a question mark", DOCTOR_QUESTION_MARK_REFUSED },
	{ "a%22b%27c", "quotes", DOCTOR_PATH_REFUSED },
};

static void judge_name(struct doctor *doctor, size_t i, const char *path)
{
	switch (doctor_path_judge(names[i].sent, path)) {
	case DOCTOR_PATH_ONCE:
		break;
	case DOCTOR_PATH_ENCODED:
		doctor_found(doctor, DOCTOR_ENCODED,
		    "%s in a path arrives still encoded: \"%s\"", names[i].what,
		    path);
		break;
	case DOCTOR_PATH_TWICE:
		doctor_found(doctor, DOCTOR_DECODED_TWICE,
		    "%s in a path arrives decoded twice: \"%s\"", names[i].what,
		    path);
		break;
	case DOCTOR_PATH_OTHER:
		doctor_found(doctor, DOCTOR_NO_PATH,
		    "%s in a path arrives changed: \"%s\" became \"%s\"",
		    names[i].what, names[i].sent, path);
		break;
	}
}

static void check_name(struct doctor *doctor, size_t i)
{
	const struct doctor_question question = {
		.below = names[i].sent,
		.query = "test=echo",
	};
	struct doctor_http_exchange *exchange = doctor_ask(doctor, &question);
	char text[COMPLAINT_MAX];
	const char *complaint = doctor_complaint(exchange, text, sizeof(text));
	json_t *echo = doctor_json(exchange);

	if (echo)
		judge_name(doctor, i, doctor_string(echo, "path"));
	else
		doctor_found(doctor, names[i].refused, "%s in a path (%s): %s",
		    names[i].what, names[i].sent,
		    complaint ? complaint : "the probe is not reached");
	json_decref(echo);
	doctor_http_free(exchange);
}

/* No front is wrong here, but the operator may want to know. */
static void check_encoded_slash(struct doctor *doctor)
{
	const struct doctor_question question = {
		.below = "a%2Fb",
		.query = "test=echo",
	};
	struct doctor_http_exchange *exchange = doctor_ask(doctor, &question);
	json_t *echo = doctor_json(exchange);
	const char *path = doctor_string(echo, "path");

	if (!echo)
		doctor_good(doctor,
		    "an encoded slash (%%2F) in a path is refused (status %ld)",
		    doctor_http_status(exchange));
	else if (doctor_path_judge(question.below, path) == DOCTOR_PATH_ONCE)
		doctor_good(doctor,
		    "an encoded slash (%%2F) in a path becomes a slash");
	else
		doctor_remark(doctor,
		    "an encoded slash (%%2F) in a path arrives as \"%s\"",
		    path);
	json_decref(echo);
	doctor_http_free(exchange);
}

/* The names of those that were sent, with commas. */
static void list_path_variables(const json_t *params, char *list, size_t size)
{
	static const char *const variables[] = { "STREAM_PATH", "DOCUMENT_URI",
		"SCRIPT_NAME", "PATH_INFO" };
	size_t n = 0;

	*list = '\0';
	for (size_t i = 0; i < COUNT(variables); i++)
		if (json_object_get(params, variables[i]) && n < size)
			n += (size_t)snprintf(list + n, size - n, "%s%s",
			    n > 0 ? ", " : "", variables[i]);
}

void doctor_check_path(struct doctor *doctor, const json_t *echo)
{
	const char *path = doctor_string(echo, "path");
	unsigned int before = doctor->problems;
	char list[128];

	list_path_variables(
	    json_object_get(echo, "params"), list, sizeof(list));
	if (!probe_query_is_path(path)) {
		doctor_found(doctor, DOCTOR_NO_PATH,
		    "the path does not arrive: fcgi-stream takes \"%s\" (%s)",
		    path, *list ? list : "no path variable is sent");
		return;
	}
	doctor_good(doctor, "path variables: %s; the path is \"%s\"",
	    *list ? list : "none", path);
	for (size_t i = 0; i < COUNT(names); i++)
		check_name(doctor, i);
	if (doctor->problems == before)
		doctor_good(doctor, "paths arrive decoded just once");
	check_encoded_slash(doctor);
}

void doctor_check_root(struct doctor *doctor, const json_t *echo)
{
	const char *root = doctor_string(echo, "document_root");

	if (strcmp(root, "beneath") == 0)
		doctor_good(doctor, "DOCUMENT_ROOT is at or beneath a --root");
	else if (strcmp(root, "closed") == 0)
		doctor_found(doctor, DOCTOR_ROOT_CLOSED,
		    "fcgi-stream may not enter the --root of DOCUMENT_ROOT");
	else if (strcmp(root, "gone") == 0)
		doctor_found(doctor, DOCTOR_ROOT_GONE,
		    "the --root of DOCUMENT_ROOT is not there");
	else if (strcmp(root, "outside") == 0)
		doctor_found(doctor, DOCTOR_ROOT_OUTSIDE,
		    "DOCUMENT_ROOT is not at or beneath a --root of "
		    "fcgi-stream");
	else
		doctor_found(
		    doctor, DOCTOR_NO_ROOT, "DOCUMENT_ROOT is %s", root);
}

/* --- bodies and ranges ---------------------------------------------------- */

static struct doctor_http_exchange *ask_body(
    const struct doctor *doctor, const char *field)
{
	const struct doctor_question question = {
		.below = "",
		.query = "test=body&size=" BODY_SIZE,
		.field = field,
	};

	return doctor_ask(doctor, &question);
}

static bool body_is(const struct doctor_http_exchange *exchange, uint64_t first,
    uint64_t length)
{
	const char *body = doctor_http_body(exchange);

	if (doctor_http_error(exchange) ||
	    doctor_http_body_length(exchange) != length)
		return false;
	for (uint64_t i = 0; i < length; i++)
		if ((unsigned char)body[i] != probe_query_byte(first + i))
			return false;
	return true;
}

void doctor_check_length(struct doctor *doctor)
{
	struct doctor_http_exchange *exchange =
	    ask_body(doctor, "Accept-Encoding: gzip, br, zstd");
	const char *coding = doctor_http_field(exchange, "Content-Encoding");
	const char *length = doctor_http_field(exchange, "Content-Length");
	char text[COMPLAINT_MAX];
	const char *complaint = doctor_complaint(exchange, text, sizeof(text));

	if (coding)
		doctor_found(doctor, DOCTOR_NO_LENGTH,
		    "the front compresses bodies (%s)", coding);
	else if (complaint || !body_is(exchange, 0, BODY_LENGTH))
		doctor_unclear(doctor, "a body of " BODY_SIZE " bytes: %s",
		    complaint ? complaint : "it arrives changed");
	else if (length && strcmp(length, BODY_SIZE) == 0)
		doctor_good(doctor, "Content-Length is kept");
	else
		doctor_found(doctor, DOCTOR_NO_LENGTH, "Content-Length is %s",
		    length ? "changed" : "dropped");
	doctor_http_free(exchange);
}

static void check_one_range(struct doctor *doctor)
{
	struct doctor_http_exchange *exchange =
	    ask_body(doctor, "Range: bytes=100-199");
	const char *content_range =
	    doctor_http_field(exchange, "Content-Range");
	bool right = content_range &&
	    strcmp(content_range, "bytes 100-199/" BODY_SIZE) == 0;

	if (doctor_http_status(exchange) != 206)
		doctor_found(doctor, DOCTOR_NO_RANGE,
		    "a range is answered with status %ld, not 206",
		    doctor_http_status(exchange));
	else if (!right || !body_is(exchange, 100, 100))
		doctor_found(doctor, DOCTOR_NO_RANGE,
		    "the answer to a range arrives changed");
	else if (!doctor_http_field(exchange, PROBE_RANGE_FIELD))
		doctor_found(doctor, DOCTOR_NO_RANGE,
		    "the front cuts ranges itself, and does not pass Range on");
	else
		doctor_good(doctor, "a range is passed on, and its 206 back");
	doctor_http_free(exchange);
}

/* The probe sends all to this; some fronts cut it into parts themselves. */
static void check_many_ranges(struct doctor *doctor)
{
	static const char ranges[] = "bytes=0-9,100-199";
	struct doctor_http_exchange *exchange =
	    ask_body(doctor, "Range: bytes=0-9,100-199");
	const char *passed = doctor_http_field(exchange, PROBE_RANGE_FIELD);

	if (!passed)
		doctor_found(doctor, DOCTOR_NO_RANGE,
		    "a Range with several ranges is not passed on (status %ld)",
		    doctor_http_status(exchange));
	else if (strcmp(passed, ranges) != 0)
		doctor_found(doctor, DOCTOR_NO_RANGE,
		    "a Range with several ranges arrives as \"%s\"", passed);
	else
		doctor_good(doctor,
		    "a Range with several ranges is passed on%s",
		    doctor_http_status(exchange) == 206
			? "; the front cuts a whole body into parts itself"
			: "");
	doctor_http_free(exchange);
}

void doctor_check_ranges(struct doctor *doctor)
{
	check_one_range(doctor);
	check_many_ranges(doctor);
}

/* --- preconditions -------------------------------------------------------- */

void doctor_check_conditions(struct doctor *doctor)
{
	static const struct {
		const char *field;
		const char *name;
		const char *param;
	} conditions[] = {
		{ "If-None-Match: \"doctor\"", "If-None-Match",
		    "HTTP_IF_NONE_MATCH" },
		{ "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
		    "If-Modified-Since", "HTTP_IF_MODIFIED_SINCE" },
		{ "If-Range: \"doctor\"", "If-Range", "HTTP_IF_RANGE" },
	};
	char dropped[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < COUNT(conditions); i++) {
		const struct doctor_question question = {
			.below = "",
			.query = "test=echo",
			.field = conditions[i].field,
		};
		struct doctor_http_exchange *exchange =
		    doctor_ask(doctor, &question);
		json_t *echo = doctor_json(exchange);
		const json_t *params = json_object_get(echo, "params");

		if (!json_object_get(params, conditions[i].param))
			n += (size_t)snprintf(dropped + n, sizeof(dropped) - n,
			    "%s%s", n > 0 ? ", " : "", conditions[i].name);
		json_decref(echo);
		doctor_http_free(exchange);
	}
	if (n > 0)
		doctor_found(doctor, DOCTOR_NO_CONDITIONS,
		    "these header fields do not arrive: %s", dropped);
	else
		doctor_good(doctor,
		    "If-None-Match, If-Modified-Since and If-Range arrive");
}

/* --- heads ---------------------------------------------------------------- */

/*
 * A FastCGI record has a header of 8 bytes and up to 7 of padding, which share
 * a front's buffer with the head. The first is what fcgi-stream sends at most.
 */
static const struct {
	const char *query;
	const char *what;
} heads[] = {
	{ "test=head&size=4080", "4 KiB" },
	{ "test=head&size=8176", "8 KiB" },
	{ "test=head&size=16368", "16 KiB" },
};

/* Returns whether the head came whole; if not, `text` says what is wrong. */
static bool head_passes(
    const struct doctor *doctor, const char *query, char *text)
{
	const struct doctor_question question = {
		.below = "",
		.query = query,
	};
	struct doctor_http_exchange *exchange = doctor_ask(doctor, &question);
	const char *complaint = doctor_complaint(exchange, text, COMPLAINT_MAX);
	bool whole = doctor_http_field(exchange, PROBE_LAST_FIELD) != NULL;

	if (!complaint && !whole)
		snprintf(text, COMPLAINT_MAX, "its end is missing");
	doctor_http_free(exchange);
	return !complaint && whole;
}

void doctor_check_heads(struct doctor *doctor)
{
	char text[COMPLAINT_MAX];

	for (size_t i = 0; i < COUNT(heads); i++) {
		if (head_passes(doctor, heads[i].query, text))
			continue;
		doctor_found(doctor,
		    i == 0 ? DOCTOR_HEAD_LIMIT : DOCTOR_LONG_HEAD_LIMIT,
		    "a head of %s fails: %s", heads[i].what, text);
		return;
	}
	doctor_good(doctor, "heads of 4, 8 and 16 KiB pass");
}
