/* SPDX-License-Identifier: MIT */
/*
 * Look-up of origins. They are compared as text, since browsers serialize them
 * in one way only.
 */
#include "config.h"

#include "fcgi_app/policy/cors.h"

#include <string.h>
#include <strings.h>

struct origin {
	const char *text;
	size_t length;
};

static bool begins_with(const struct origin *o, const char *prefix)
{
	size_t length = strlen(prefix);

	return o->length >= length && strncasecmp(o->text, prefix, length) == 0;
}

static bool ends_with(const struct origin *o, const char *suffix)
{
	size_t length = strlen(suffix);

	return o->length >= length &&
	    memcmp(o->text + o->length - length, suffix, length) == 0;
}

/* Leave away the port that browsers leave away (URL Standard, 4.2). */
static void drop_default_port(struct origin *o)
{
	static const struct {
		const char *scheme;
		const char *port;
	} defaults[] = {
		{ "http://", ":80" },
		{ "https://", ":443" },
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (begins_with(o, defaults[i].scheme) &&
		    ends_with(o, defaults[i].port)) {
			o->length -= strlen(defaults[i].port);
			return;
		}
	}
}

/* Takes the next word of a list at *cursor. Returns false at the end. */
static bool next_word(const char **cursor, struct origin *ret)
{
	static const char separators[] = " \t,";

	ret->text = *cursor + strspn(*cursor, separators);
	ret->length = strcspn(ret->text, separators);
	*cursor = ret->text + ret->length;
	return ret->length > 0;
}

static struct origin origin_of(const char *field)
{
	struct origin o = { field, strlen(field) };

	while (o.length > 0 && strchr(" \t", o.text[o.length - 1]))
		o.length--;
	drop_default_port(&o);
	return o;
}

enum cors_result cors_match(const char *list, const char *origin)
{
	enum cors_result result = CORS_OTHER;
	struct origin sent = origin_of(origin ? origin : "");
	struct origin listed;

	while (next_word(&list, &listed)) {
		if (listed.length == 1 && listed.text[0] == '*')
			return CORS_ANY;
		if (ends_with(&listed, "/"))
			listed.length--;
		drop_default_port(&listed);
		if (listed.length > 0 && listed.length == sent.length &&
		    strncasecmp(listed.text, sent.text, sent.length) == 0)
			result = CORS_LISTED;
	}
	return result;
}

bool cors_is_origin(const char *word, size_t length)
{
	struct origin o = { word, length };
	const char *mark = memmem(word, length, "://", 3);

	if (length == 1 && *word == '*')
		return true;
	if (length == 4 && begins_with(&o, "null"))
		return true;
	if (!mark || mark == word)
		return false;
	if (ends_with(&o, "/"))
		length--;
	mark += 3;
	return mark < word + length &&
	    !memchr(mark, '/', (size_t)(word + length - mark));
}
