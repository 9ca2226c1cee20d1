/* SPDX-License-Identifier: MIT */
/*
 * If-Range: "send me the rest if it is still the same file". A wrong yes makes
 * the client splice two files, so every doubt is a no.
 */
#include "config.h"

#include "fcgi_app/policy/if_range.h"

#include <stdint.h>
#include <string.h>

#include "fcgi_app/policy/etag.h"
#include "fcgi_app/policy/http_date.h"

/*
 * RFC 9110, 8.8.2.2: a time in seconds is a strong validator only if the file
 * did not change twice within that second. We cannot look back, but the bytes
 * of a file that was written less than a minute ago, maybe by another
 * machine's clock, are not settled.
 */
static bool is_strong_date(const struct if_range_validators *v)
{
	int64_t age;

	if (__builtin_sub_overflow(v->now, v->last_modified, &age))
		return false;
	return age >= IF_RANGE_DATE_AGE;
}

bool if_range_holds(const char *field, const struct if_range_validators *v)
{
	time_t date;

	if (!field)
		return true;
	/* A quote among the first three bytes makes it a tag (13.1.5). */
	if (memchr(field, '"', strnlen(field, 3)))
		return etag_strong_equal(field, v->etag);
	/* An exact match: a later date is not good enough (13.1.5). */
	return http_date_parse(field, v->now, &date) == 0 &&
	    date == v->last_modified && is_strong_date(v);
}
