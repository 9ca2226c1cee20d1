/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "doctor/doctor_url.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/actions/probe/probe_query.h"

#define COMPONENT_MAX 256

static size_t scheme_length(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0)
		return 7;
	if (strncasecmp(url, "https://", 8) == 0)
		return 8;
	return 0;
}

int doctor_url_base(const char *url, char *ret)
{
	size_t scheme = scheme_length(url);
	size_t length = strcspn(url, "?#");
	bool slash;

	if (scheme == 0 || length == scheme || url[scheme] == '/')
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)url[i] <= 0x20 || url[i] == 0x7f)
			return -EINVAL;
	slash = url[length - 1] == '/';
	if (length + !slash >= DOCTOR_URL_MAX)
		return -ENOSPC;
	memcpy(ret, url, length);
	strcpy(ret + length, slash ? "" : "/");
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `to` has room for as much as `from` has. */
static void decode(const char *from, char *to)
{
	while (*from) {
		int high = from[0] == '%' ? digit(from[1]) : -1;
		int low = high >= 0 ? digit(from[2]) : -1;

		if (low >= 0) {
			*to++ = (char)(high << 4 | low);
			from += 3;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/* Returns whether the path ends with this component and the probe's name. */
static bool arrived_as(const char *path, const char *component)
{
	char end[COMPONENT_MAX + sizeof(PROBE_PATH_NAME) + 2];
	size_t length = (size_t)snprintf(
	    end, sizeof(end), "/%s/" PROBE_PATH_NAME, component);
	size_t path_length = strlen(path);

	return path_length >= length &&
	    strcmp(path + path_length - length, end) == 0;
}

enum doctor_path doctor_path_judge(const char *sent, const char *path)
{
	char once[COMPONENT_MAX], twice[COMPONENT_MAX];

	assert(strlen(sent) < COMPONENT_MAX);
	decode(sent, once);
	decode(once, twice);
	if (arrived_as(path, once))
		return DOCTOR_PATH_ONCE;
	if (arrived_as(path, sent))
		return DOCTOR_PATH_ENCODED;
	return arrived_as(path, twice) ? DOCTOR_PATH_TWICE : DOCTOR_PATH_OTHER;
}
