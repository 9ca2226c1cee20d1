/* SPDX-License-Identifier: MIT */
/* docs/fcgi-stream.8 says what they mean; a test holds both together. */
#include "config.h"
#include "fcgi_app/policy/stream_params.h"

#include <string.h>

#include "fcgi_app/policy/content_coding.h"
#include "fcgi_app/policy/cors.h"
#include "fcgi_app/policy/nearest_name.h"

static bool is_one_of(
    const char *word, size_t length, const char *one, const char *other)
{
	return (strlen(one) == length && memcmp(word, one, length) == 0) ||
	    (strlen(other) == length && memcmp(word, other, length) == 0);
}

static bool is_on_or_off(const char *word, size_t length)
{
	return is_one_of(word, length, "on", "off");
}

static bool is_allow_or_deny(const char *word, size_t length)
{
	return is_one_of(word, length, "allow", "deny");
}

#define NAME(text) .name = text, .length = sizeof(text) - 1

static const struct stream_param params[] = {
	{ NAME("STREAM_ACTION") },
	{ NAME("STREAM_ARCHIVE_MAX_FILES") },
	{ NAME("STREAM_ARCHIVE_UNREADABLE") },
	{ NAME("STREAM_BURST") },
	{ NAME("STREAM_CACHE_CONTROL") },
	{ NAME("STREAM_CHARSET") },
	{ NAME("STREAM_CONTENT_TYPE") },
	{ NAME("STREAM_CORS"), .is_word = cors_is_origin, .is_list = true,
	    .fault = "not an origin such as https://a.example, nor *" },
	{ NAME("STREAM_DISPOSITION") },
	{ NAME("STREAM_DOTFILES"), .is_word = is_allow_or_deny,
	    .fault = "not allow or deny" },
	{ NAME("STREAM_END_MARKER") },
	{ NAME("STREAM_EXPIRES") },
	{ NAME("STREAM_FILENAME") },
	{ NAME("STREAM_FORMAT") },
	{ NAME("STREAM_HEARTBEAT") },
	{ NAME("STREAM_IDLE") },
	{ NAME("STREAM_INDEX") },
	{ NAME("STREAM_LINE_MAX") },
	{ NAME("STREAM_LIST") },
	{ NAME("STREAM_LIST_ARCHIVE") },
	{ NAME("STREAM_NOSNIFF"), .is_word = is_on_or_off,
	    .fault = "not on or off" },
	{ NAME("STREAM_PATH") },
	{ NAME("STREAM_PRECOMPRESSED"), .is_word = content_coding_is_known,
	    .is_list = true, .fault = "not br, zstd or gzip" },
	{ NAME("STREAM_RANGES") },
	{ NAME("STREAM_RATE") },
	{ NAME("STREAM_ROTATE") },
	{ NAME("STREAM_ZIP_CRC") },
};

#define COUNT (sizeof(params) / sizeof(params[0]))

const struct stream_param *stream_params_find(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT; i++)
		if (params[i].length == length &&
		    memcmp(params[i].name, name, length) == 0)
			return &params[i];
	return NULL;
}

/* All begin alike, so that the rest alone says how near they are. */
const char *stream_params_nearest(const char *name, size_t length)
{
	const size_t skip = sizeof(STREAM_PARAMS_PREFIX) - 1;
	struct nearest_name nearest;

	if (length < skip)
		return NULL;
	nearest_name_init(&nearest, name + skip, length - skip);
	for (size_t i = 0; i < COUNT; i++)
		nearest_name_offer(&nearest, params[i].name + skip);
	return nearest.name ? nearest.name - skip : NULL;
}

size_t stream_param_bad_word(const struct stream_param *param,
    const char **cursor, const char **ret_word)
{
	const char *separators = param->is_list ? " \t," : "";
	size_t length;

	do {
		*cursor += strspn(*cursor, separators);
		*ret_word = *cursor;
		length = strcspn(*cursor, separators);
		*cursor += length;
	} while (length > 0 && param->is_word(*ret_word, length));
	return length;
}
