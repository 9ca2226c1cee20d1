/* SPDX-License-Identifier: MIT */
/*
 * It runs for each request, so what is right costs no more than a look at each
 * name, and at the words of those few values that nothing else refuses.
 */
#include "config.h"
#include "fcgi_app/request/param_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "fcgi_app/policy/stream_params.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/setup/log.h"

#define NAME_MAX_SHOWN 64

/* A parameter as the front sent it; neither part ends with a NUL. */
struct sent {
	const char *name;
	size_t length;
	const char *value;
};

/* FNV-1a */
static uint64_t hash(uint64_t so_far, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		so_far = (so_far ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return so_far;
}

/* Returns whether this mistake has to be told, and takes it as told. */
static bool is_news(struct param_check *check, const struct sent *sent,
    const char *word, size_t length)
{
	uint64_t mistake = hash(0xcbf29ce484222325, sent->name, sent->length);

	mistake = hash(hash(mistake, "=", 1), word, length);
	for (unsigned int i = 0; i < check->count; i++)
		if (check->told[i] == mistake)
			return false;
	if (check->count == PARAM_CHECK_MAX)
		return false;
	check->told[check->count++] = mistake;
	return true;
}

static void tell(const struct param_check *check, const struct request *request,
    const struct sent *sent, const char *fault)
{
	char name[NAME_MAX_SHOWN], why[REQUEST_FAULT_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)sent->length, sent->name);
	request_param_fault(request, name, fault, why);
	request_log(request, LOG_LEVEL_WARNING, why);
	if (check->count == PARAM_CHECK_MAX)
		log_message(LOG_LEVEL_WARNING,
		    "no more than %d mistakes in parameters are told",
		    PARAM_CHECK_MAX);
}

static void check_name(struct param_check *check, const struct request *request,
    const struct sent *sent)
{
	const char *nearest = stream_params_nearest(sent->name, sent->length);
	char fault[NAME_MAX_SHOWN + 64];

	snprintf(fault, sizeof(fault), "no parameter of this name; %s%s",
	    nearest ? "the nearest is " : "it does nothing",
	    nearest ? nearest : "");
	tell(check, request, sent, fault);
}

static void check_words(struct param_check *check,
    const struct request *request, const struct stream_param *param,
    const struct sent *sent)
{
	const char *cursor = sent->value, *word;
	char shown[NAME_MAX_SHOWN], quoted[2 * NAME_MAX_SHOWN], fault[256];
	size_t length;

	while ((length = stream_param_bad_word(param, &cursor, &word)) > 0) {
		if (!is_news(check, sent, word, length))
			continue;
		snprintf(shown, sizeof(shown), "%.*s", (int)length, word);
		log_quote(quoted, sizeof(quoted), shown);
		snprintf(
		    fault, sizeof(fault), "\"%s\" is %s", quoted, param->fault);
		tell(check, request, sent, fault);
	}
}

static void check_one(struct param_check *check, const struct request *request,
    const struct sent *sent)
{
	const struct stream_param *param =
	    stream_params_find(sent->name, sent->length);

	if (!param && is_news(check, sent, "", 0))
		check_name(check, request, sent);
	else if (param && param->is_word)
		check_words(check, request, param, sent);
}

void param_check(struct param_check *check, const struct request *request)
{
	const struct fcgi_params *params = request->origin.params;
	struct sent sent;
	size_t at = 0;

	while ((sent.name = fcgi_params_next(
		    params, STREAM_PARAMS_PREFIX, &at, &sent.length))) {
		sent.value = sent.name + sent.length + 1;
		check_one(check, request, &sent);
	}
}
