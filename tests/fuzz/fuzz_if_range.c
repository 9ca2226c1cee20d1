/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/if_range. The input is an If-Range field. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/policy/etag.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/if_range.h"

#define MODIFIED 784111777

/* With a fixed tag: only that tag or the date of the file may hold. */
static void check_fixed(const char *field)
{
	static const char tag[] = "\"a-b\"";
	struct if_range_validators v = {
		.etag = tag, .last_modified = MODIFIED, .now = MODIFIED + 3600
	};
	time_t date = 0;

	if (if_range_holds(field, &v)) {
		bool is_tag = strncmp(field, tag, strlen(tag)) == 0;
		bool is_date = http_date_parse(field, v.now, &date) == 0 &&
		    date == v.last_modified;

		require(is_tag != is_date);
	}
	/* The same file just after it was written: no date will do. */
	v.now = MODIFIED;
	if (if_range_holds(field, &v))
		require(strncmp(field, tag, strlen(tag)) == 0);
}

/* With the field itself as the file's tag: it holds if it is a strong one. */
static void check_own(const char *field)
{
	struct if_range_validators v = {
		.etag = field, .last_modified = MODIFIED, .now = MODIFIED
	};

	require(if_range_holds(field, &v) == etag_strong_equal(field, field));
	if (etag_strong_equal(field, field))
		require(field[0] == '"' && strlen(field) >= 2);
	v.etag = NULL;
	require(!if_range_holds(field, &v));
}

int fuzz_if_range(const uint8_t *data, size_t size)
{
	char *field = strndup((const char *)data, size);

	require(field != NULL);
	check_fixed(field);
	check_own(field);
	free(field);
	return 0;
}
