/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/policy/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/field_value.h"
#include "fcgi_app/policy/qvalue.h"

/* An element of Accept, as far as it matters. */
struct range {
	const char *text; /* type/subtype */
	size_t length;
	bool has_parameters;
	int weight;
};

static const char blanks[] = " \t";

/* --- the field ------------------------------------------------------------ */

/* Returns the end of a quoted-string (RFC 9110, 5.6.4), or NULL without one. */
static const char *skip_quoted(const char *p)
{
	for (p++; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return *p == '"' ? p + 1 : NULL;
}

/* Returns the end of the element that p stands in: a comma or the NUL. */
static const char *skip_element(const char *p)
{
	while (*p != '\0' && *p != ',') {
		const char *next = *p == '"' ? skip_quoted(p) : p + 1;

		p = next ? next : p + strlen(p);
	}
	return p;
}

/* type "/" subtype; asterisks are among the characters of a token. */
static bool take_type(const char **cursor, struct range *range)
{
	size_t type = field_value_token_length(*cursor);
	size_t subtype = 0;

	if (type > 0 && (*cursor)[type] == '/')
		subtype = field_value_token_length(*cursor + type + 1);
	range->text = *cursor;
	range->length = type + 1 + subtype;
	*cursor += range->length;
	return subtype > 0;
}

/* parameter-name "=" parameter-value (5.6.6), or the weight. */
static bool take_parameter(const char **cursor, struct range *range)
{
	const char *p = *cursor;
	size_t length = field_value_token_length(p);
	bool is_weight = length == 1 && (*p == 'q' || *p == 'Q');

	p += length;
	if (length == 0 || *p++ != '=')
		return false;
	*cursor = p;
	if (is_weight)
		return qvalue_take(cursor, &range->weight);
	range->has_parameters = true;
	if (*p == '"') {
		*cursor = skip_quoted(p);
		return *cursor != NULL;
	}
	*cursor += field_value_token_length(p);
	return *cursor > p;
}

/* Reads an element from its first character on. Returns false if malformed. */
static bool read_range(const char *p, struct range *ret)
{
	*ret = (struct range){ .weight = QVALUE_ONE };
	if (!take_type(&p, ret))
		return false;
	for (;;) {
		p += strspn(p, blanks);
		if (*p == ',' || *p == '\0')
			return true;
		if (*p++ != ';')
			return false;
		p += strspn(p, blanks);
		/* parameters = *( OWS ";" OWS [ parameter ] ) */
		if (!strchr(";,", *p) && !take_parameter(&p, ret))
			return false;
	}
}

/* --- the choice ----------------------------------------------------------- */

static bool range_is(const struct range *range, const char *type)
{
	return strlen(type) == range->length &&
	    strncasecmp(range->text, type, range->length) == 0;
}

static enum accept_fit fit_of(const struct range *range, const char *type)
{
	size_t slash = strcspn(type, "/") + 1;

	if (range_is(range, type))
		return ACCEPT_EXACT;
	if (range_is(range, "*/*"))
		return ACCEPT_ANY;
	if (range->length == slash + 1 && range->text[slash] == '*' &&
	    strncasecmp(range->text, type, slash) == 0)
		return ACCEPT_TYPE;
	return ACCEPT_NOT;
}

/* An element without parameters goes before one that has some. */
static int rank_of(const struct range *range, enum accept_fit fit)
{
	return 2 * (int)fit + (fit > ACCEPT_NOT && !range->has_parameters);
}

int accept_weight(
    const char *accept, const char *type, enum accept_fit *ret_fit)
{
	enum accept_fit best = ACCEPT_NOT;
	int rank = 0;
	int weight = 0;
	bool any = false;

	for (const char *p = accept ? accept : "";; p = skip_element(p)) {
		struct range range;
		enum accept_fit fit;

		p += strspn(p, " \t,");
		if (*p == '\0')
			break;
		if (!read_range(p, &range))
			continue;
		any = true;
		fit = fit_of(&range, type);
		if (rank_of(&range, fit) <= rank)
			continue;
		best = fit;
		rank = rank_of(&range, fit);
		weight = range.weight;
	}
	*ret_fit = any ? best : ACCEPT_ANY;
	return any ? weight : QVALUE_ONE;
}

bool accept_names(const char *accept, const char *type)
{
	enum accept_fit fit;
	int weight = accept_weight(accept, type, &fit);

	return fit == ACCEPT_EXACT && weight > 0;
}
