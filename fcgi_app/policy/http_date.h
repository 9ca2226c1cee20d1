/* SPDX-License-Identifier: MIT */
/* Dates in HTTP fields (RFC 9110, 5.6.7), independent of locale and TZ. */
#ifndef FCGI_APP_POLICY_HTTP_DATE_H
#define FCGI_APP_POLICY_HTTP_DATE_H

#include <time.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL. */
#define HTTP_DATE_SIZE 30
/* "1994-11-06T08:49:37Z" and its NUL. */
#define HTTP_DATE_ISO_SIZE 21

/*
 * Writes a time as an IMF-fixdate. A time before the year 0 or after the year
 * 9999, for which the form has no room, is written as the nearest one within.
 */
void http_date_format(time_t when, char ret[HTTP_DATE_SIZE]);

/* The same as a date of RFC 3339, 5.6, for what stands in a body. */
void http_date_format_iso(time_t when, char ret[HTTP_DATE_ISO_SIZE]);

/*
 * Reads a date in any of the three forms that a recipient must accept:
 * IMF-fixdate, and the obsolete ones of RFC 850 and of asctime().
 *
 * now: the current time, which decides the century of a two-digit year.
 * Blanks after the date are tolerated. A leap second (60) counts as the second
 * after it; the name of the day is not held against the date.
 *
 * Returns 0, or -EINVAL if field is not a date.
 */
int http_date_parse(const char *field, time_t now, time_t *ret_when);

#endif
