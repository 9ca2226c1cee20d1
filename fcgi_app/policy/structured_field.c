/* SPDX-License-Identifier: MIT */
/*
 * Reading of dictionaries. Each take_...() reads one thing of the grammar at
 * *cursor and moves it past that, or returns false: the field is malformed.
 * An inner list holds no other, so nothing is nested any deeper.
 */
#include "config.h"

#include "fcgi_app/policy/structured_field.h"

#include <errno.h>
#include <string.h>

#include "common/parse_number.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ALPHA LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* RFC 9651, 3.3.1, 3.3.2 */
#define INTEGER_DIGITS_MAX 15
#define DECIMAL_DIGITS_MAX 12
#define FRACTION_DIGITS_MAX 3

static bool take_char(const char **cursor, char c)
{
	if (**cursor != c)
		return false;
	(*cursor)++;
	return true;
}

/* Skips the characters of a set. Returns how many there were. */
static size_t take_all(const char **cursor, const char *set)
{
	size_t length = strspn(*cursor, set);

	*cursor += length;
	return length;
}

/* key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" ) */
static bool take_key(const char **cursor)
{
	if (strspn(*cursor, LOWER "*") == 0)
		return false;
	take_all(cursor, LOWER DIGIT "_-.*");
	return true;
}

/* --- bare items (4.2.3.1) ------------------------------------------------- */

/* sf-integer or sf-decimal (4.2.4) */
static bool take_number(const char **cursor, struct structured_member *ret)
{
	bool minus = take_char(cursor, '-');
	const char *digits = *cursor;
	size_t length = take_all(cursor, DIGIT);
	uint64_t value;

	if (take_char(cursor, '.')) {
		size_t fraction = take_all(cursor, DIGIT);

		return length >= 1 && length <= DECIMAL_DIGITS_MAX &&
		    fraction >= 1 && fraction <= FRACTION_DIGITS_MAX;
	}
	if (length == 0 || length > INTEGER_DIGITS_MAX ||
	    parse_digits(&digits, &value))
		return false;
	ret->is_integer = true;
	ret->integer = minus ? -(int64_t)value : (int64_t)value;
	return true;
}

/* From the quote at the start to the one at the end (4.2.5) */
static bool take_string(const char **cursor)
{
	const char *p = *cursor + 1;

	for (; *p >= 0x20 && *p <= 0x7e; p++) {
		if (*p == '"') {
			*cursor = p + 1;
			return true;
		}
		if (*p == '\\' && *++p != '"' && *p != '\\')
			return false;
	}
	return false;
}

/* The first character is known to be right (4.2.6). */
static bool take_token(const char **cursor)
{
	take_all(cursor, ALPHA DIGIT "!#$%&'*+-.^_`|~:/");
	return true;
}

/* From colon to colon; padding may be missing, half a byte not (4.2.7). */
static bool take_byte_sequence(const char **cursor)
{
	size_t length;

	(*cursor)++;
	length = take_all(cursor, ALPHA DIGIT "+/");
	if (length % 4 == 1 || take_all(cursor, "=") > 2)
		return false;
	return take_char(cursor, ':');
}

/* "?0" or "?1" (4.2.8) */
static bool take_boolean(const char **cursor)
{
	(*cursor)++;
	return take_char(cursor, '0') || take_char(cursor, '1');
}

/* "@" and an integer (4.2.9) */
static bool take_date(const char **cursor)
{
	struct structured_member seconds = { .is_integer = false };

	(*cursor)++;
	return take_number(cursor, &seconds) && seconds.is_integer;
}

/* "%" and a string with lower case escapes of "%" (4.2.10) */
static bool take_display_string(const char **cursor)
{
	static const char hex[] = DIGIT "abcdef";
	const char *p = *cursor + 1;

	if (*p++ != '"')
		return false;
	for (; *p >= 0x20 && *p <= 0x7e; p++) {
		if (*p == '"') {
			*cursor = p + 1;
			return true;
		}
		if (*p == '%') {
			if (strspn(p + 1, hex) < 2)
				return false;
			p += 2;
		}
	}
	return false;
}

static bool take_bare_item(const char **cursor, struct structured_member *ret)
{
	ret->is_integer = false;
	ret->integer = 0;
	switch (**cursor) {
	case '"':
		return take_string(cursor);
	case ':':
		return take_byte_sequence(cursor);
	case '?':
		return take_boolean(cursor);
	case '@':
		return take_date(cursor);
	case '%':
		return take_display_string(cursor);
	case '-':
		return take_number(cursor, ret);
	}
	if (strspn(*cursor, DIGIT) > 0)
		return take_number(cursor, ret);
	return strspn(*cursor, ALPHA "*") > 0 && take_token(cursor);
}

/* --- what they are made up to --------------------------------------------- */

/* *( ";" *SP key [ "=" bare-item ] ) (4.2.3.2) */
static bool take_parameters(const char **cursor)
{
	struct structured_member ignored;

	while (take_char(cursor, ';')) {
		take_all(cursor, " ");
		if (!take_key(cursor))
			return false;
		if (take_char(cursor, '=') && !take_bare_item(cursor, &ignored))
			return false;
	}
	return true;
}

/* From parenthesis to parenthesis (4.2.1.2) */
static bool take_inner_list(const char **cursor)
{
	struct structured_member ignored;

	(*cursor)++;
	for (;;) {
		take_all(cursor, " ");
		if (take_char(cursor, ')'))
			return true;
		if (!take_bare_item(cursor, &ignored) ||
		    !take_parameters(cursor))
			return false;
		if (**cursor != ' ' && **cursor != ')')
			return false;
	}
}

/* key [ "=" ( item / inner-list ) ] parameters (4.2.2) */
static bool take_member(const char **cursor, struct structured_member *ret)
{
	ret->key = *cursor;
	ret->is_integer = false;
	ret->integer = 0;
	if (!take_key(cursor))
		return false;
	ret->key_length = (size_t)(*cursor - ret->key);
	if (take_char(cursor, '=')) {
		bool good = **cursor == '(' ? take_inner_list(cursor)
					    : take_bare_item(cursor, ret);

		if (!good)
			return false;
	}
	return take_parameters(cursor);
}

int structured_dictionary_next(
    const char **cursor, struct structured_member *ret)
{
	struct structured_member member;

	/* Blanks around a field's value are no part of it (RFC 9110, 5.5). */
	take_all(cursor, " \t");
	if (**cursor == '\0')
		return 0;
	if (!take_member(cursor, &member))
		return -EINVAL;
	take_all(cursor, " \t");
	if (take_char(cursor, ',')) {
		take_all(cursor, " \t");
		/* No comma may be the last thing. */
		if (**cursor == '\0')
			return -EINVAL;
	} else if (**cursor != '\0') {
		return -EINVAL;
	}
	*ret = member;
	return 1;
}
