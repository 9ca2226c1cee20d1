/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/follow/follow_range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/min.h"
#include "common/parse_number.h"
#include "fcgi_app/policy/byte_range.h"

#define UNIT "bytes="

/* A range as it is written. */
struct spec {
	bool has_first, has_last;
	uint64_t first, last;
};

/* A number that is too large counts as the largest. */
static bool take_number(const char **cursor, uint64_t *ret)
{
	int r = parse_digits(cursor, ret);

	if (r == -ERANGE)
		*ret = UINT64_MAX;
	return r != -EINVAL;
}

/* bytes=A-B, bytes=A- or bytes=-N (RFC 9110, 14.1.1, 14.1.2) */
static bool parse(const char *field, struct spec *ret)
{
	*ret = (struct spec){ 0 };
	if (!field || strncasecmp(field, UNIT, strlen(UNIT)) != 0)
		return false;
	field += strlen(UNIT);
	field += strspn(field, " \t");
	ret->has_first = take_number(&field, &ret->first);
	if (*field++ != '-')
		return false;
	ret->has_last = take_number(&field, &ret->last);
	/* nginx leaves a tab after a value. */
	if (field[strspn(field, " \t")] != '\0')
		return false;
	if (!ret->has_first)
		return ret->has_last;
	return !ret->has_last || ret->last >= ret->first;
}

/* A suffix range: the last of the bytes that are there. */
static enum follow_range_result judge_suffix(
    uint64_t length, uint64_t size, struct follow_range *ret)
{
	if (length == 0 || size == 0)
		return FOLLOW_RANGE_UNSATISFIABLE;
	ret->first = length < size ? size - length : 0;
	ret->last = size - 1;
	return FOLLOW_RANGE_PRESENT;
}

static enum follow_range_result judge(
    const struct spec *spec, uint64_t size, struct follow_range *ret)
{
	bool is_live = spec->has_last && spec->last >= size;

	if (!spec->has_first)
		return judge_suffix(spec->last, size, ret);
	if (spec->first > size || (spec->first == size && !is_live) ||
	    spec->first > FOLLOW_RANGE_LAST_MAX)
		return FOLLOW_RANGE_UNSATISFIABLE;
	ret->first = spec->first;
	ret->last = u64_min(
	    spec->has_last ? spec->last : size - 1, FOLLOW_RANGE_LAST_MAX);
	return is_live ? FOLLOW_RANGE_LIVE : FOLLOW_RANGE_PRESENT;
}

enum follow_range_result follow_range_parse(
    const char *field, uint64_t size, struct follow_range *ret)
{
	struct spec spec;

	if (!parse(field, &spec))
		return FOLLOW_RANGE_IGNORED;
	if (spec.has_first && !spec.has_last) {
		if (spec.first == 0)
			return FOLLOW_RANGE_IGNORED;
		spec.has_last = true;
		spec.last = size <= FOLLOW_RANGE_OPEN_LAST
		    ? FOLLOW_RANGE_OPEN_LAST
		    : FOLLOW_RANGE_LAST_MAX;
	}
	return judge(&spec, size, ret);
}

enum follow_range_result follow_range_parse_head(
    const char *field, uint64_t size, struct follow_range *ret)
{
	struct spec spec;

	if (!parse(field, &spec))
		return FOLLOW_RANGE_IGNORED;
	return judge(&spec, size, ret);
}

enum follow_range_result follow_range_parse_finished(
    const char *field, uint64_t size, struct follow_range *ret)
{
	struct byte_range_set set;

	switch (byte_range_parse(field, size, &set)) {
	case BYTE_RANGE_IGNORED:
		return FOLLOW_RANGE_IGNORED;
	case BYTE_RANGE_UNSATISFIABLE:
		return FOLLOW_RANGE_UNSATISFIABLE;
	case BYTE_RANGE_SATISFIABLE:
		break;
	}
	if (set.count > 1)
		return FOLLOW_RANGE_IGNORED;
	ret->first = set.parts[0].first;
	ret->last = ret->first + set.parts[0].length - 1;
	return FOLLOW_RANGE_PRESENT;
}

void follow_range_format(
    const struct follow_range *range, char ret[FOLLOW_RANGE_TEXT_MAX])
{
	snprintf(ret, FOLLOW_RANGE_TEXT_MAX, "bytes %" PRIu64 "-%" PRIu64 "/*",
	    range->first, range->last);
}
