/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/archive_form.h"

#include <errno.h>
#include <string.h>

#include "fcgi_app/policy/percent.h"
#include "fcgi_app/policy/query_pair.h"

static const struct {
	const char *name;
	const char *suffix;
	const char *media_type;
	bool packed;
	enum archive_form plain;
} forms[ARCHIVE_FORMS] = {
	[ARCHIVE_ZIP] = { "zip", ".zip", "application/zip", false,
	    ARCHIVE_ZIP },
	[ARCHIVE_TAR] = { "tar", ".tar", "application/x-tar", false,
	    ARCHIVE_TAR },
	[ARCHIVE_TAR_GZ] = { "tar.gz", ".tar.gz", "application/gzip", true,
	    ARCHIVE_TAR },
	[ARCHIVE_TAR_ZST] = { "tar.zst", ".tar.zst", "application/zstd", true,
	    ARCHIVE_TAR },
	[ARCHIVE_ZIP_DEFLATE] = { "zip-deflate", ".zip", "application/zip",
	    true, ARCHIVE_ZIP },
	/* The operator chooses it, see archive_form_place_crc(). */
	[ARCHIVE_ZIP_CRC_FIRST] = { NULL, ".zip", "application/zip", false,
	    ARCHIVE_ZIP_CRC_FIRST },
};

/* Room for the longest name. */
#define NAME_SIZE 16

const char *archive_form_suffix(enum archive_form form)
{
	return forms[form].suffix;
}

const char *archive_form_media_type(enum archive_form form)
{
	return forms[form].media_type;
}

enum archive_form archive_form_plain(enum archive_form form)
{
	return forms[form].plain;
}

bool archive_form_is_zip(enum archive_form form)
{
	return forms[form].plain != ARCHIVE_TAR;
}

bool archive_form_is_packed(enum archive_form form)
{
	return forms[form].packed;
}

int archive_form_find(const char *name, enum archive_form *ret_form)
{
	for (int i = 0; i < ARCHIVE_FORMS; i++) {
		if (!forms[i].name || strcmp(forms[i].name, name) != 0)
			continue;
		*ret_form = (enum archive_form)i;
		return 0;
	}
	return -EINVAL;
}

/* Decodes a value; one too long for a name is cut, and matches no name. */
static void decode(const struct query_pair *pair, char ret[NAME_SIZE])
{
	const char *text = pair->value;
	const char *end = text + pair->value_length;
	size_t n = 0;

	while (text < end && n < NAME_SIZE - 1) {
		bool escape = percent_is_escape(text);

		ret[n++] = escape ? percent_decode_byte(text) : *text;
		text += escape ? PERCENT_ENCODED_MAX : 1;
	}
	ret[n] = '\0';
}

/* Finds the first "format=". Returns false if the query has none. */
static bool find_format(const char *query, struct query_pair *ret)
{
	while (query_pair_next(&query, ret))
		if (ret->value && query_pair_is(ret, "format"))
			return true;
	return false;
}

int archive_form_choose(
    const char *query, const char *preset, enum archive_form *ret_form)
{
	struct query_pair wanted;
	char name[NAME_SIZE];

	if (find_format(query, &wanted)) {
		decode(&wanted, name);
		return archive_form_find(name, ret_form);
	}
	if (preset)
		return archive_form_find(preset, ret_form) < 0 ? -EDOM : 0;
	*ret_form = ARCHIVE_ZIP;
	return 0;
}

int archive_form_place_crc(const char *place, enum archive_form *form)
{
	if (!place || strcmp(place, "last") == 0)
		return 0;
	if (strcmp(place, "first") != 0)
		return -EINVAL;
	if (*form == ARCHIVE_ZIP)
		*form = ARCHIVE_ZIP_CRC_FIRST;
	return 0;
}
