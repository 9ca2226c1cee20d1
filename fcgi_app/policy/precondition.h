/* SPDX-License-Identifier: MIT */
/* Preconditions of a request for a file (RFC 9110, 13). */
#ifndef FCGI_APP_POLICY_PRECONDITION_H
#define FCGI_APP_POLICY_PRECONDITION_H

#include <time.h>

enum precondition_result {
	PRECONDITION_PROCEED,
	PRECONDITION_NOT_MODIFIED, /* 304 */
	PRECONDITION_FAILED,       /* 412 */
};

/* The request's fields, NULL where it has none; borrowed. */
struct precondition_fields {
	const char *if_match;
	const char *if_unmodified_since;
	const char *if_none_match;
	const char *if_modified_since;
};

/* The validators of the file. */
struct precondition_validators {
	const char *etag; /* quoted, borrowed */
	time_t last_modified;
	time_t now; /* for dates with two digits of the year */
};

/*
 * Evaluates the preconditions of a GET or HEAD of a file that is there, in the
 * order of RFC 9110, 13.2.2, steps 1 to 4. (Step 5, If-Range, is for the range:
 * if_range.h.) A malformed date is ignored (13.1.3, 13.1.4); a malformed list
 * of tags matches nothing.
 */
enum precondition_result precondition_evaluate(
    const struct precondition_fields *fields,
    const struct precondition_validators *validators);

#endif
