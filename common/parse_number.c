/* SPDX-License-Identifier: MIT */
/*
 * Strict reading of decimal numbers, sizes and durations.
 *
 * strtoull() is not used: it takes blanks, signs (and wraps "-1" to the
 * largest number), and its idea of a digit follows the locale.
 */
#include "config.h"

#include "common/parse_number.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* Each table ends with a null suffix; the empty one is for a bare number. */
static const struct unit size_units[] = {
	{ "", 1 },
	{ "K", UINT64_C(1) << 10 },
	{ "k", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "m", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ "g", UINT64_C(1) << 30 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "", 1000 },
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", UINT64_C(60) * 1000 },
	{ "h", UINT64_C(60) * 60 * 1000 },
	{ NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int parse_digits(const char **cursor, uint64_t *ret_value)
{
	const char *p = *cursor;
	uint64_t value = 0;
	bool overflow = false;

	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, digit, &value);
	}
	*cursor = p;
	if (overflow)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* Reads a number and a unit; a wrong unit counts before a large number. */
static int parse_scaled(
    const char *text, const struct unit *units, uint64_t *ret_value)
{
	const struct unit *unit = units;
	uint64_t value = 0;
	int err = parse_digits(&text, &value);

	if (err == -EINVAL)
		return err;
	while (unit->suffix && strcmp(unit->suffix, text) != 0)
		unit++;
	if (!unit->suffix)
		return -EINVAL;
	if (err || __builtin_mul_overflow(value, unit->factor, &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_u64(const char *text, uint64_t *ret_value)
{
	static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

	return parse_scaled(text, no_units, ret_value);
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
	return parse_scaled(text, size_units, ret_bytes);
}

int parse_duration(const char *text, uint64_t *ret_ms)
{
	return parse_scaled(text, duration_units, ret_ms);
}
