/* SPDX-License-Identifier: MIT */
/*
 * A path is found as two texts that are joined. The second one is there for
 * SCRIPT_NAME and PATH_INFO only, and what is encoded has no second one.
 */
#include "config.h"
#include "fcgi_app/policy/request_path.h"

#include <stdbool.h>
#include <string.h>

#include "fcgi_app/policy/percent.h"

/* Neither part is terminated. */
struct found_path {
	const char *first;
	size_t first_length;
	const char *second;
	size_t second_length;
	bool encoded;
};

static bool is_sent(const char *value)
{
	return value && *value;
}

static const char *skip_prefix(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Returns the path in the URL that Apache passes on, or NULL. */
static const char *proxy_path(const char *script_filename)
{
	const char *url = skip_prefix(script_filename, "proxy:");
	const char *authority;

	if (!url)
		return NULL;
	if (skip_prefix(url, "unix:")) {
		url = strchr(url, '|');
		if (!url)
			return NULL;
		url++;
	}
	authority = skip_prefix(url, "fcgi://");
	return authority ? strchr(authority, '/') : NULL;
}

static struct found_path find(const struct request_path_params *params)
{
	struct found_path found = { .first = "", .second = "" };

	if (is_sent(params->stream_path)) {
		found.first = params->stream_path;
	} else if (is_sent(params->document_uri)) {
		found.first = params->document_uri;
	} else if (is_sent(params->script_name) || is_sent(params->path_info)) {
		if (params->script_name)
			found.first = params->script_name;
		if (params->path_info)
			found.second = params->path_info;
	} else if (is_sent(params->script_filename)) {
		const char *path = proxy_path(params->script_filename);

		found.encoded = path != NULL;
		if (path)
			found.first = path;
	}
	/* An encoded path has no '?' of its own. */
	found.first_length =
	    found.encoded ? strcspn(found.first, "?") : strlen(found.first);
	found.second_length = strlen(found.second);
	return found;
}

/*
 * Returns the length of the decoded text, -1 if it is malformed; `ret` may be
 * NULL.
 */
static ptrdiff_t decode(const char *text, size_t length, char *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++, n++) {
		char byte = text[i];

		if (byte == '%') {
			/* None reaches over the end: "?" is no digit. */
			if (!percent_is_escape(text + i))
				return -1;
			byte = percent_decode_byte(text + i);
			if (byte == '\0')
				return -1;
			i += PERCENT_ENCODED_MAX - 1;
		}
		if (ret)
			ret[n] = byte;
	}
	return (ptrdiff_t)n;
}

size_t request_path_bound(const struct request_path_params *params)
{
	const struct found_path found = find(params);

	return found.first_length + found.second_length + 1;
}

static enum request_path_result decode_into(
    const struct found_path *found, char *ret, size_t size)
{
	ptrdiff_t length = decode(found->first, found->first_length, NULL);

	if (length < 0)
		return REQUEST_PATH_MALFORMED;
	if ((size_t)length >= size)
		return REQUEST_PATH_TOO_LONG;
	decode(found->first, found->first_length, ret);
	ret[length] = '\0';
	return REQUEST_PATH_OK;
}

enum request_path_result request_path_find(
    const struct request_path_params *params, char *ret, size_t size)
{
	const struct found_path found = find(params);

	if (found.encoded)
		return decode_into(&found, ret, size);
	if (found.first_length + found.second_length >= size)
		return REQUEST_PATH_TOO_LONG;
	memcpy(ret, found.first, found.first_length);
	memcpy(ret + found.first_length, found.second, found.second_length);
	ret[found.first_length + found.second_length] = '\0';
	return REQUEST_PATH_OK;
}
