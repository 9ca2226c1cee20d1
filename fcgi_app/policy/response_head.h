/* SPDX-License-Identifier: MIT */
/*
 * Bounded builder of a CGI response head (RFC 3875, 6).
 *
 * Use: response_head_init(), any number of response_head_add(), then
 * response_head_finish() and its result. The first error sticks, so the calls
 * between need no check. There is nothing to free.
 */
#ifndef FCGI_APP_POLICY_RESPONSE_HEAD_H
#define FCGI_APP_POLICY_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define RESPONSE_HEAD_MAX 4096

/*
 * The longest head that is built, empty line included. A front with a buffer
 * of one page (nginx by default) keeps the head of the FastCGI record and its
 * padding, 8 and at most 7 bytes, in the same page.
 */
#define RESPONSE_HEAD_LENGTH_MAX (RESPONSE_HEAD_MAX - 16)

struct response_head {
	char text[RESPONSE_HEAD_MAX]; /* whole lines, NUL-terminated */
	size_t length;                /* of text, in bytes, without the NUL */
	int error;                    /* 0, or the first -errno */
	const char *bad_field;        /* of -EINVAL; borrowed */
	int status;                   /* of the Status line */
};

/*
 * Begins a head with the line "Status: 200 OK" (RFC 3875, 6.3.3), which is
 * always sent: Apache judges preconditions wrongly without it.
 * status: a code of three digits.
 */
void response_head_init(struct response_head *h, int status);

/*
 * Begins the head of a redirect, with the field Location (RFC 9110, 10.2.2) in
 * front of the Status line: HAProxy (2.6 to 3.2) takes whichever comes last,
 * and the status of a Location is 302. Errors are as with response_head_add().
 */
void response_head_init_redirect(
    struct response_head *h, int status, const char *location);

/*
 * Adds a field; its value is formatted as by printf(3).
 *
 * Sets the error, adding nothing: -EINVAL if the name is not a token (RFC 9110,
 * 5.6.2) or the value holds a control character other than a tab, which could
 * end the line; -ENOSPC if the head would get too long. `bad_field` is then
 * this name. Does nothing after an error.
 */
void response_head_add(struct response_head *h, const char *name,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with a value that stands as it is. */
void response_head_put(
    struct response_head *h, const char *name, const char *value);

/* Returns whether there is a field of exactly this name. */
bool response_head_has(const struct response_head *h, const char *name);

/*
 * Adds the empty line that ends the head.
 * Returns 0, or the error of an earlier call: text then holds the lines before
 * it, without the empty line, and is not to be sent.
 */
int response_head_finish(struct response_head *h);

#endif
