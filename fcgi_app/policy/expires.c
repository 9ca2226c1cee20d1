/* SPDX-License-Identifier: MIT */
/*
 * How long an answer stays fresh. The units are those of nginx's files, not
 * of parse_duration(): this text says days and months.
 */
#include "config.h"

#include "fcgi_app/policy/expires.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/parse_number.h"

/* What nginx sends for "epoch" and "max". */
#define EPOCH_DATE 1        /* 1 Jan 1970 00:00:01 */
#define MAX_DATE 2145916555 /* 31 Dec 2037 23:55:55 */
#define MAX_AGE (INT64_C(10) * 365 * 24 * 60 * 60)

struct unit {
	char letter;
	uint64_t seconds;
};

/* From the largest to the smallest, which is their order in a text. */
static const struct unit units[] = {
	{ 'y', UINT64_C(365) * 24 * 60 * 60 },
	{ 'M', UINT64_C(30) * 24 * 60 * 60 },
	{ 'w', UINT64_C(7) * 24 * 60 * 60 },
	{ 'd', UINT64_C(24) * 60 * 60 },
	{ 'h', 60 * 60 },
	{ 'm', 60 },
	{ 's', 1 },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Moves *at on to the letter's unit. Returns 0, or -EINVAL past the last. */
static int find_unit(char letter, size_t *at)
{
	while (*at < UNITS && units[*at].letter != letter)
		(*at)++;
	return *at < UNITS ? 0 : -EINVAL;
}

/*
 * A number and its unit, the next in the order or a later one. Stores
 * UINT64_MAX, with all the text read, for what is too large.
 */
static int take_part(const char **cursor, size_t *at, uint64_t *ret)
{
	const char *p = *cursor;
	uint64_t number = UINT64_MAX;

	if (parse_digits(&p, &number) == -EINVAL)
		return -EINVAL;
	if (find_unit(*skip_blanks(p) == '\0' ? 's' : *p, at))
		return -EINVAL;
	if (__builtin_mul_overflow(number, units[*at].seconds, ret))
		*ret = UINT64_MAX;
	(*at)++;
	*cursor = skip_blanks(*p == '\0' ? p : p + 1);
	return 0;
}

/* One part or more. What is malformed counts before what is too large. */
static int parse_seconds(const char *p, int64_t *ret)
{
	uint64_t sum = 0;
	size_t at = 0;

	do {
		uint64_t seconds;

		if (take_part(&p, &at, &seconds))
			return -EINVAL;
		if (__builtin_add_overflow(sum, seconds, &sum))
			sum = UINT64_MAX;
	} while (*p != '\0');
	if (sum > EXPIRES_SECONDS_MAX)
		return -ERANGE;
	*ret = (int64_t)sum;
	return 0;
}

static int parse_period(const char *text, time_t now, struct expires *ret)
{
	const char *p = skip_blanks(text);
	bool minus = *p == '-';
	int64_t seconds;
	int err;

	if (*p == '-' || *p == '+')
		p++;
	err = parse_seconds(p, &seconds);
	if (err)
		return err;
	if (minus)
		seconds = -seconds;
	if (__builtin_add_overflow(now, seconds, &ret->date))
		return -ERANGE;
	ret->max_age = seconds;
	return 0;
}

int expires_parse(const char *text, time_t now, struct expires *ret)
{
	struct expires result;
	int err;

	if (strcmp(text, "epoch") == 0) {
		*ret = (struct expires){ EPOCH_DATE, -1 };
		return 0;
	}
	if (strcmp(text, "max") == 0) {
		*ret = (struct expires){ MAX_DATE, MAX_AGE };
		return 0;
	}
	err = parse_period(text, now, &result);
	if (!err)
		*ret = result;
	return err;
}
