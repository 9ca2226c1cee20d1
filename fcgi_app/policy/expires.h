/* SPDX-License-Identifier: MIT */
/* How long an answer stays fresh (RFC 9111, 5.2.2.1, 5.3). */
#ifndef FCGI_APP_POLICY_EXPIRES_H
#define FCGI_APP_POLICY_EXPIRES_H

#include <stdint.h>
#include <time.h>

/* The longest duration, in seconds: a cache need count no further (1.2.2). */
#define EXPIRES_SECONDS_MAX INT32_MAX

struct expires {
	time_t date;     /* for Expires */
	int64_t max_age; /* seconds; < 0: send Cache-Control: no-cache */
};

/*
 * Reads the operator's STREAM_EXPIRES, in the words of nginx's "expires":
 *   30s, 10m, 12h, 7d, 2w, 6M (of 30 days), 1y (of 365), and from the largest
 *   to the smallest 1h30m; a number without a unit is seconds. With a minus
 *   in front the answer has expired by that time. Blanks around a part are
 *   allowed, as is a plus.
 *   epoch: expired for ever. max: fresh for ten years.
 *
 * now: seconds since 1970.
 * Returns 0; -EINVAL if text is none of these ("off", times of day and
 * "modified" are not known); -ERANGE above EXPIRES_SECONDS_MAX.
 */
int expires_parse(const char *text, time_t now, struct expires *ret);

#endif
