/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/list/list_query.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fcgi_app/policy/accept.h"
#include "fcgi_app/policy/query_pair.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum key { KEY_FORMAT, KEY_SORT, KEY_ORDER, KEYS };

static const char *const key_names[KEYS] = {
	[KEY_FORMAT] = "format",
	[KEY_SORT] = "sort",
	[KEY_ORDER] = "order",
};

static const struct {
	enum key key;
	const char *name;
	int value;
} words[] = {
	{ KEY_FORMAT, "html", LIST_FORMAT_HTML },
	{ KEY_FORMAT, "json", LIST_FORMAT_JSON },
	{ KEY_SORT, "name", LIST_SORT_NAME },
	{ KEY_SORT, "size", LIST_SORT_SIZE },
	{ KEY_SORT, "time", LIST_SORT_TIME },
	{ KEY_ORDER, "asc", false },
	{ KEY_ORDER, "desc", true },
};

/* A query as far as it is read; -1: not given. */
struct state {
	int values[KEYS];
};

/* Returns the value, or -EINVAL if the key has no such word. */
static int find_word(enum key key, const struct query_pair *pair)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		if (words[i].key == key && pair->value &&
		    strlen(words[i].name) == pair->value_length &&
		    memcmp(words[i].name, pair->value, pair->value_length) == 0)
			return words[i].value;
	}
	return -EINVAL;
}

static int take_pair(struct state *state, const struct query_pair *pair)
{
	for (enum key key = 0; key < KEYS; key++) {
		int found;

		if (!query_pair_is(pair, key_names[key]))
			continue;
		found = find_word(key, pair);
		if (found >= 0 && state->values[key] < 0)
			state->values[key] = found;
		return found < 0 ? found : 0;
	}
	return 0;
}

static int value_or_0(const struct state *state, enum key key)
{
	return state->values[key] < 0 ? 0 : state->values[key];
}

int list_query_parse(const char *query, struct list_query *ret)
{
	struct state state = { { -1, -1, -1 } };
	struct query_pair pair;

	while (query_pair_next(&query, &pair)) {
		int r = take_pair(&state, &pair);

		if (r < 0)
			return r;
	}
	*ret = (struct list_query){
		.format = (enum list_format)value_or_0(&state, KEY_FORMAT),
		.sort = (enum list_sort)value_or_0(&state, KEY_SORT),
		.descending = value_or_0(&state, KEY_ORDER),
	};
	return 0;
}

enum list_format list_query_format(
    const struct list_query *query, const char *accept)
{
	enum accept_fit json_fit, html_fit;
	int json, html;

	if (query->format != LIST_FORMAT_ANY)
		return query->format;
	json = accept_weight(accept, "application/json", &json_fit);
	html = accept_weight(accept, "text/html", &html_fit);
	if (json > html || (json == html && json > 0 && json_fit > html_fit))
		return LIST_FORMAT_JSON;
	return LIST_FORMAT_HTML;
}

static const char *word_of(enum key key, int value)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		if (words[i].key == key && words[i].value == value)
			return words[i].name;
	}
	return "";
}

const char *list_query_sort_name(enum list_sort sort)
{
	return word_of(KEY_SORT, sort);
}

const char *list_query_order_name(bool descending)
{
	return word_of(KEY_ORDER, descending);
}
