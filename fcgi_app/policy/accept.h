/* SPDX-License-Identifier: MIT */
/* How welcome a media type is to a client (RFC 9110, 12.5.1). */
#ifndef FCGI_APP_POLICY_ACCEPT_H
#define FCGI_APP_POLICY_ACCEPT_H

#include <stdbool.h>

/* How a media type is named; what is more specific is greater. */
enum accept_fit {
	ACCEPT_NOT,
	ACCEPT_ANY,  /* any type */
	ACCEPT_TYPE, /* its type, any subtype */
	ACCEPT_EXACT
};

/*
 * Returns the weight of a media type in thousandths, 0: not welcome.
 *
 * accept: the Accept field; NULL or without a valid element: all is welcome.
 * type: "type/subtype", without parameters.
 *
 * Of the elements that the type is in, the most specific counts: itself before
 * "type" with any subtype, that before any type; of equals the first.
 * Parameters are not compared, as we have none but charset, which clients name
 * at will; but an element without any goes before one that has some. An element
 * that is malformed is ignored by itself.
 *
 * ret_fit: how that element names the type; if all is welcome, ACCEPT_ANY.
 */
int accept_weight(
    const char *accept, const char *type, enum accept_fit *ret_fit);

/*
 * Returns whether the client names the media type itself, and not as unwelcome:
 * one that takes anything has not asked for it.
 */
bool accept_names(const char *accept, const char *type);

#endif
