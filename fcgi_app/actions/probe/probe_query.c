/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/probe/probe_query.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/parse_number.h"

/* The longest value is a token. */
#define VALUE_MAX (PROBE_TOKEN_LENGTH + 1)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* As bits of what was given and of what a test uses. */
enum key {
	KEY_TEST = 1 << 0,
	KEY_SIZE = 1 << 1,
	KEY_PAUSE = 1 << 2,
	KEY_TOKEN = 1 << 3,
};

static const struct {
	const char *name;
	enum key key;
} keys[] = {
	{ "test", KEY_TEST },
	{ "size", KEY_SIZE },
	{ "pause", KEY_PAUSE },
	{ "token", KEY_TOKEN },
};

static const struct test {
	const char *name;
	unsigned int keys;
	uint64_t least; /* size */
	uint64_t most;
} tests[] = {
	[PROBE_ECHO] = { "echo", KEY_TEST, 0, 0 },
	[PROBE_BODY] = { "body", KEY_TEST | KEY_SIZE, 1, PROBE_BODY_MAX },
	[PROBE_HEAD] = { "head", KEY_TEST | KEY_SIZE, PROBE_HEAD_MIN,
	    PROBE_HEAD_MAX },
	[PROBE_PIECES] = { "pieces",
	    KEY_TEST | KEY_SIZE | KEY_PAUSE | KEY_TOKEN, 1, PROBE_PIECE_MAX },
	[PROBE_CUT] = { "cut", KEY_TEST | KEY_SIZE | KEY_PAUSE | KEY_TOKEN, 1,
	    PROBE_PIECE_MAX },
	[PROBE_FLOOD] = { "flood", KEY_TEST | KEY_SIZE | KEY_TOKEN, 1,
	    PROBE_FLOOD_MAX },
	[PROBE_RELEASE] = { "release", KEY_TEST | KEY_TOKEN, 0, 0 },
	[PROBE_STATUS] = { "status", KEY_TEST | KEY_TOKEN, 0, 0 },
};

/* A query as far as it is read. */
struct state {
	struct probe_query query;
	unsigned int given;
};

static int parse_test(const char *value, enum probe_test *ret_test)
{
	for (size_t i = 0; i < COUNT(tests); i++) {
		if (strcmp(tests[i].name, value) != 0)
			continue;
		*ret_test = (enum probe_test)i;
		return 0;
	}
	return -EINVAL;
}

/* All digits must be there, in lower case: one token has one spelling. */
static int parse_token(const char *value, uint64_t *ret_token)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t token = 0;

	if (strlen(value) != PROBE_TOKEN_LENGTH)
		return -EINVAL;
	for (; *value; value++) {
		const char *digit = strchr(digits, *value);

		if (!digit)
			return -EINVAL;
		token = token << 4 | (uint64_t)(digit - digits);
	}
	/* 0 stands for no token. */
	if (token == 0)
		return -EINVAL;
	*ret_token = token;
	return 0;
}

static int parse_value(
    struct probe_query *query, enum key key, const char *text)
{
	switch (key) {
	case KEY_TEST:
		return parse_test(text, &query->test);
	case KEY_SIZE:
		return parse_u64(text, &query->size);
	case KEY_PAUSE:
		return parse_u64(text, &query->pause_ms);
	case KEY_TOKEN:
		return parse_token(text, &query->token);
	}
	return -EINVAL;
}

/* One "name=value" of `length` bytes. */
static int parse_pair(struct state *state, const char *pair, size_t length)
{
	const char *equals = memchr(pair, '=', length);
	size_t name_length = equals ? (size_t)(equals - pair) : 0;
	size_t value_length = length - name_length - 1;
	char value[VALUE_MAX];

	if (!equals || value_length >= sizeof(value))
		return -EINVAL;
	memcpy(value, equals + 1, value_length);
	value[value_length] = '\0';
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (strlen(keys[i].name) != name_length ||
		    memcmp(keys[i].name, pair, name_length) != 0)
			continue;
		if (state->given & keys[i].key)
			return -EINVAL;
		state->given |= keys[i].key;
		return parse_value(&state->query, keys[i].key, value);
	}
	return -EINVAL;
}

static int check(const struct state *state)
{
	const struct probe_query *query = &state->query;
	const struct test *test = &tests[query->test];

	if (!(state->given & KEY_TEST) || state->given != test->keys)
		return -EINVAL;
	if (query->size < test->least || query->size > test->most ||
	    query->pause_ms > PROBE_PAUSE_MAX_MS)
		return -ERANGE;
	return 0;
}

int probe_query_parse(const char *query, struct probe_query *ret_query)
{
	struct state state = { 0 };
	int r = 0;

	if (!query)
		query = "";
	for (;;) {
		size_t length = strcspn(query, "&");

		r = parse_pair(&state, query, length);
		if (r < 0)
			return r;
		query += length;
		if (*query == '\0')
			break;
		query++;
	}
	r = check(&state);
	if (r == 0)
		*ret_query = state.query;
	return r;
}

bool probe_query_is_path(const char *path)
{
	static const char end[] = "/" PROBE_PATH_NAME;
	size_t length = strcspn(path, "?");

	return length >= sizeof(end) - 1 &&
	    memcmp(path + length - (sizeof(end) - 1), end, sizeof(end) - 1) ==
	    0;
}

unsigned char probe_query_byte(uint64_t offset)
{
	static const char period[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-\n";

	return (unsigned char)period[offset % (sizeof(period) - 1)];
}
