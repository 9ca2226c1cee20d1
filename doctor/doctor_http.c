/* SPDX-License-Identifier: MIT */
/*
 * Each exchange has a multi handle for itself: while nobody drives it, its
 * socket is not read, and to clean it up closes the connection.
 */
#include "config.h"
#include "doctor/doctor_http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

/* How long one wait for the socket is; libcurl has timers of its own. */
#define POLL_MS 1000

struct doctor_http_exchange {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *fields;
	uint64_t stop_after;
	uint64_t length;
	CURLcode result;
	bool over;
	char body[HTTP_KEEP_MAX + 1];
	char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t one, size_t count, void *context)
{
	struct doctor_http_exchange *exchange = context;
	uint64_t room = HTTP_KEEP_MAX - exchange->length;
	size_t length = one * count;

	if (exchange->stop_after > 0 &&
	    exchange->length >= exchange->stop_after)
		return CURL_WRITEFUNC_PAUSE;
	if (exchange->length < HTTP_KEEP_MAX)
		memcpy(exchange->body + exchange->length, data,
		    length < room ? length : (size_t)room);
	exchange->length += length;
	return length;
}

static void set_up(struct doctor_http_exchange *exchange,
    const struct doctor_http_options *options,
    const struct doctor_http_question *question)
{
	CURL *easy = exchange->easy;
	long verify = options->insecure ? 0 : 1;

	curl_easy_setopt(easy, CURLOPT_URL, question->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "fcgi-stream-doctor/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify * 2);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->fields);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	/* Small, so that not much comes beyond where it stops. */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L);
}

static void take_result(struct doctor_http_exchange *exchange)
{
	int left;
	CURLMsg *message;

	while ((message = curl_multi_info_read(exchange->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		exchange->over = true;
		exchange->result = message->data.result;
	}
}

static bool may_stop(const struct doctor_http_exchange *exchange)
{
	return exchange->over ||
	    (exchange->stop_after > 0 &&
		exchange->length >= exchange->stop_after);
}

static void drive(struct doctor_http_exchange *exchange)
{
	int running;

	while (!may_stop(exchange)) {
		if (curl_multi_perform(exchange->multi, &running) != CURLM_OK) {
			exchange->over = true;
			exchange->result = CURLE_FAILED_INIT;
			return;
		}
		take_result(exchange);
		if (!may_stop(exchange))
			curl_multi_poll(
			    exchange->multi, NULL, 0, POLL_MS, NULL);
	}
}

struct doctor_http_exchange *doctor_http_ask(
    const struct doctor_http_options *options,
    const struct doctor_http_question *question)
{
	struct doctor_http_exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	exchange->stop_after = question->stop_after;
	exchange->easy = curl_easy_init();
	exchange->multi = curl_multi_init();
	if (question->field)
		exchange->fields = curl_slist_append(NULL, question->field);
	if (!exchange->easy || !exchange->multi ||
	    (question->field && !exchange->fields)) {
		doctor_http_free(exchange);
		return NULL;
	}
	set_up(exchange, options, question);
	curl_multi_add_handle(exchange->multi, exchange->easy);
	drive(exchange);
	return exchange;
}

void doctor_http_finish(struct doctor_http_exchange *exchange)
{
	exchange->stop_after = 0;
	curl_easy_pause(exchange->easy, CURLPAUSE_CONT);
	drive(exchange);
}

void doctor_http_drain(struct doctor_http_exchange *exchange, int ms)
{
	int running, ready = 1;

	exchange->stop_after = 0;
	curl_easy_pause(exchange->easy, CURLPAUSE_CONT);
	while (!exchange->over && ready > 0) {
		if (curl_multi_perform(exchange->multi, &running) != CURLM_OK)
			return;
		take_result(exchange);
		if (exchange->over ||
		    curl_multi_poll(exchange->multi, NULL, 0, ms, &ready) !=
			CURLM_OK)
			return;
	}
}

void doctor_http_free(struct doctor_http_exchange *exchange)
{
	if (!exchange)
		return;
	if (exchange->multi && exchange->easy)
		curl_multi_remove_handle(exchange->multi, exchange->easy);
	curl_easy_cleanup(exchange->easy);
	curl_multi_cleanup(exchange->multi);
	curl_slist_free_all(exchange->fields);
	free(exchange);
}

const char *doctor_http_error(const struct doctor_http_exchange *exchange)
{
	if (!exchange->over || exchange->result == CURLE_OK)
		return NULL;
	return *exchange->error ? exchange->error
				: curl_easy_strerror(exchange->result);
}

long doctor_http_status(const struct doctor_http_exchange *exchange)
{
	long status = 0;

	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

const char *doctor_http_field(
    const struct doctor_http_exchange *exchange, const char *name)
{
	struct curl_header *field;

	if (curl_easy_header(
		exchange->easy, name, 0, CURLH_HEADER, -1, &field) != CURLHE_OK)
		return NULL;
	return field->value;
}

const char *doctor_http_body(const struct doctor_http_exchange *exchange)
{
	return exchange->body;
}

uint64_t doctor_http_body_length(const struct doctor_http_exchange *exchange)
{
	return exchange->length;
}
