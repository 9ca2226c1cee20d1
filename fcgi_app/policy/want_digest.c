/* SPDX-License-Identifier: MIT */
/* The Want-Repr-Digest field. */
#include "config.h"

#include "fcgi_app/policy/want_digest.h"

#include <string.h>

#include "fcgi_app/policy/structured_field.h"

#define WEIGHT_MIN 1
#define WEIGHT_MAX 10

bool want_digest_sha256(const char *field)
{
	static const char key[] = "sha-256";
	struct structured_member member;
	bool wanted = false;
	int result;

	if (!field)
		return false;
	while ((result = structured_dictionary_next(&field, &member)) > 0) {
		/* The last of several counts (RFC 9651, 3.2). */
		if (member.key_length == strlen(key) &&
		    memcmp(member.key, key, strlen(key)) == 0)
			wanted = member.is_integer &&
			    member.integer >= WEIGHT_MIN &&
			    member.integer <= WEIGHT_MAX;
	}
	return result == 0 && wanted;
}
