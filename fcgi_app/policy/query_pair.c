/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/policy/query_pair.h"

#include <string.h>

#include "fcgi_app/policy/percent.h"

bool query_pair_next(const char **cursor, struct query_pair *ret)
{
	struct query_pair pair = { .name = *cursor };
	const char *end;

	if (!*cursor || **cursor == '\0')
		return false;
	end = *cursor + strcspn(*cursor, "&");
	pair.name_length = strcspn(pair.name, "=&");
	if (pair.name[pair.name_length] == '=') {
		pair.value = pair.name + pair.name_length + 1;
		pair.value_length = (size_t)(end - pair.value);
	}
	*cursor = *end == '&' ? end + 1 : end;
	*ret = pair;
	return true;
}

bool query_pair_is(const struct query_pair *pair, const char *name)
{
	const char *p = pair->name;
	const char *end = p + pair->name_length;

	while (p < end && *name) {
		/* No escape reaches over the end: "=" and "&" are no digits. */
		bool escape = percent_is_escape(p);

		if ((escape ? percent_decode_byte(p) : *p) != *name++)
			return false;
		p += escape ? PERCENT_ENCODED_MAX : 1;
	}
	return p == end && !*name;
}
