/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "doctor/doctor_probe.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/utf8.h"
#include "fcgi_app/actions/probe/probe_query.h"

/* A base, a component, the probe's name and a query. */
#define URL_MAX (DOCTOR_URL_MAX + 1024)
/* What is over it is cut off. */
#define LINE_MAX_LENGTH 1024
#define INDENT "          "

/* --- asking --------------------------------------------------------------- */

struct doctor_http_exchange *doctor_ask(
    const struct doctor *doctor, const struct doctor_question *question)
{
	char url[URL_MAX];
	const struct doctor_http_question asked = {
		.url = url,
		.field = question->field,
		.stop_after = question->stop_after,
	};
	struct doctor_http_exchange *exchange;

	snprintf(url, sizeof(url), "%s%s%s" PROBE_PATH_NAME "?%s", doctor->base,
	    question->below, *question->below ? "/" : "", question->query);
	exchange = doctor_http_ask(&doctor->http, &asked);
	if (exchange)
		return exchange;
	fputs("fcgi-stream doctor: out of memory\n", stderr);
	exit(DOCTOR_EXIT_NO_ANSWER);
}

const char *doctor_complaint(
    const struct doctor_http_exchange *exchange, char *text, size_t size)
{
	const char *error = doctor_http_error(exchange);
	long status = doctor_http_status(exchange);

	if (error)
		snprintf(text, size, "%s", error);
	else if (status != 200)
		snprintf(text, size, "status %ld", status);
	else
		return NULL;
	return text;
}

json_t *doctor_json(const struct doctor_http_exchange *exchange)
{
	json_t *object;

	if (doctor_http_error(exchange) || doctor_http_status(exchange) != 200)
		return NULL;
	object = json_loads(doctor_http_body(exchange), 0, NULL);
	if (json_integer_value(json_object_get(object, PROBE_MARK)) ==
	    PROBE_AGREEMENT)
		return object;
	json_decref(object);
	return NULL;
}

json_t *doctor_ask_json(const struct doctor *doctor, const char *query)
{
	const struct doctor_question question = {
		.below = "",
		.query = query,
	};
	struct doctor_http_exchange *exchange = doctor_ask(doctor, &question);
	json_t *object = doctor_json(exchange);

	doctor_http_free(exchange);
	return object;
}

const char *doctor_string(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

uint64_t doctor_token(void)
{
	uint64_t token = 0;

	while (token == 0)
		if (getrandom(&token, sizeof(token), 0) != sizeof(token))
			token = 0;
	return token;
}

/* --- reporting ------------------------------------------------------------ */

char *doctor_defuse(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		size_t length = utf8_length(from);

		if (length == 0 || utf8_is_control(from) ||
		    utf8_is_bidi_control(from)) {
			*to++ = '?';
			from += length > 0 ? length : 1;
			continue;
		}
		while (length-- > 0)
			*to++ = *from++;
	}
	*to = '\0';
	return text;
}

static __attribute__((format(printf, 3, 0))) void line(
    const struct doctor *doctor, const char *word, const char *format,
    va_list args)
{
	char text[LINE_MAX_LENGTH];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(doctor->out, "%-8s  %s\n", word, doctor_defuse(text));
	fflush(doctor->out);
}

void doctor_good(const struct doctor *doctor, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(doctor, "ok", format, args);
	va_end(args);
}

void doctor_remark(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	doctor->remarks++;
	va_start(args, format);
	line(doctor, "remark", format, args);
	va_end(args);
}

void doctor_unclear(struct doctor *doctor, const char *format, ...)
{
	va_list args;

	doctor->problems++;
	va_start(args, format);
	line(doctor, "UNCLEAR", format, args);
	va_end(args);
}

/* Each line of the advice below the finding, with the front's name. */
static void print_advice(const struct doctor *doctor, const char *text)
{
	fprintf(doctor->out, INDENT "%s:\n", doctor_front_name(doctor->front));
	while (*text) {
		size_t length = strcspn(text, "\n");

		fprintf(doctor->out, INDENT "  %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
	fflush(doctor->out);
}

void doctor_found(
    struct doctor *doctor, enum doctor_finding finding, const char *format, ...)
{
	struct doctor_advice advice =
	    doctor_advice_find(finding, doctor->front);
	va_list args;

	if (advice.problem)
		doctor->problems++;
	else
		doctor->remarks++;
	va_start(args, format);
	line(doctor, advice.problem ? "PROBLEM" : "remark", format, args);
	va_end(args);
	print_advice(doctor, advice.text);
}
