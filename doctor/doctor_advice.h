/* SPDX-License-Identifier: MIT */
/* What the doctor can find, and what mends it in which front server. Pure. */
#ifndef DOCTOR_DOCTOR_ADVICE_H
#define DOCTOR_DOCTOR_ADVICE_H

#include <stdbool.h>

enum doctor_front {
	DOCTOR_NGINX,
	DOCTOR_APACHE,
	DOCTOR_LIGHTTPD,
	DOCTOR_HAPROXY,
	DOCTOR_CADDY,
	DOCTOR_OTHER,
	DOCTOR_FRONTS,
};

enum doctor_finding {
	DOCTOR_NO_PATH,
	DOCTOR_ENCODED,
	DOCTOR_DECODED_TWICE,
	DOCTOR_PATH_REFUSED,
	DOCTOR_QUESTION_MARK_REFUSED,
	DOCTOR_NO_ROOT,
	DOCTOR_ROOT_OUTSIDE,
	DOCTOR_ROOT_CLOSED, /* to fcgi-stream's user */
	DOCTOR_ROOT_GONE,
	DOCTOR_NO_LENGTH,
	DOCTOR_NO_RANGE,
	DOCTOR_NO_CONDITIONS,
	DOCTOR_HEAD_LIMIT,      /* a head that fcgi-stream may send fails */
	DOCTOR_LONG_HEAD_LIMIT, /* only longer ones do */
	DOCTOR_BUFFERS_ALL,
	DOCTOR_BUFFERS_SOME,
	DOCTOR_SPOOLS,
	DOCTOR_SILENT_WRITING, /* a client leaves, the front does not tell */
	DOCTOR_SILENT_IDLE,
	DOCTOR_CUT_INVISIBLE,
	DOCTOR_FINDINGS,
};

struct doctor_advice {
	/* Whether to mend it; otherwise it is a mere remark. */
	bool problem;
	/* One or more lines, each without indentation. */
	const char *text;
};

/*
 * Returns the front that calls itself so in SERVER_SOFTWARE or in the field
 * Server; DOCTOR_OTHER for NULL and for an unknown name.
 */
enum doctor_front doctor_front_find(const char *software);

/* Returns the front's usual name. */
const char *doctor_front_name(enum doctor_front front);

/* Returns the advice for this front, else that for any front. */
struct doctor_advice doctor_advice_find(
    enum doctor_finding finding, enum doctor_front front);

#endif
