/* SPDX-License-Identifier: MIT */
/*
 * Reading of dictionaries among the structured fields (RFC 9651, which
 * contains RFC 8941).
 *
 * All of the grammar is checked, because a dictionary that is malformed at any
 * place counts for nothing; handed out are only keys and integers.
 */
#ifndef FCGI_APP_POLICY_STRUCTURED_FIELD_H
#define FCGI_APP_POLICY_STRUCTURED_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key and its value; parameters are read over. */
struct structured_member {
	const char *key; /* in the field, not terminated */
	size_t key_length;
	bool is_integer; /* else the value is something other */
	int64_t integer; /* 0 if it is not an integer */
};

/*
 * Reads the next member of a dictionary (RFC 9651, 4.2.2).
 *
 * *cursor: at first the start of the field's value; moved past the member and,
 * if another one follows, past the comma. On failure its position is
 * unspecified.
 *
 * Returns 1 if *ret was set, 0 at the end, -EINVAL if the field is malformed:
 * then what was read before it has to be forgotten, too. Of members with the
 * same key the last one counts (3.2). One liberty is taken: the escapes of
 * a Display String may decode to something that is no UTF-8.
 */
int structured_dictionary_next(
    const char **cursor, struct structured_member *ret);

#endif
