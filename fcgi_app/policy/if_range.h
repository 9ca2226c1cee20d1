/* SPDX-License-Identifier: MIT */
/* The If-Range precondition (RFC 9110, 13.1.5). */
#ifndef FCGI_APP_POLICY_IF_RANGE_H
#define FCGI_APP_POLICY_IF_RANGE_H

#include <stdbool.h>
#include <time.h>

/*
 * A Last-Modified time is taken for a strong validator once it is this old, in
 * seconds (RFC 9110, 8.8.2.2; the figure is that of RFC 7232, 2.2.2).
 */
#define IF_RANGE_DATE_AGE 60

/* The validators of the file as it is now, and the time of the request. */
struct if_range_validators {
	const char *etag; /* quoted, or NULL if the file has none; borrowed */
	time_t last_modified;
	time_t now;
};

/*
 * Returns whether the Range field of a request may be honoured.
 *
 * field: the value of If-Range, or NULL if the request has none, which makes
 * no condition: true. Blanks at its end are tolerated. False, also for what is
 * neither a tag nor a date, means that Range is to be ignored (200, all of the
 * file).
 */
bool if_range_holds(const char *field, const struct if_range_validators *v);

#endif
