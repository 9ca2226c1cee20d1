/* SPDX-License-Identifier: MIT */
/*
 * Every form of a list is at least as long as its names with a NUL after each:
 * so the length of what is read is room enough, and a name is decoded right to
 * where it will stay.
 */
#include "config.h"
#include "fcgi_app/members/name_list.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/percent.h"

#define ROOM_MIN ((size_t)16)

/* --- one name ------------------------------------------------------------- */

static enum name_list_result check_component(const char *name, size_t length)
{
	if (length == 0 || (length == 1 && name[0] == '.'))
		return NAME_LIST_BAD_NAME;
	if (length == 2 && memcmp(name, "..", 2) == 0)
		return NAME_LIST_OUTSIDE;
	return length > NAME_MAX ? NAME_LIST_LONG_NAME : NAME_LIST_OK;
}

/* `name` has a NUL at its end, which `length` does not count. */
static enum name_list_result check_name(const char *name, size_t length)
{
	enum name_list_result result = NAME_LIST_OK;

	if (memchr(name, '\0', length))
		return NAME_LIST_BAD_NAME;
	if (name[0] == '/')
		return NAME_LIST_OUTSIDE;
	if (length >= PATH_MAX)
		return NAME_LIST_LONG_NAME;
	for (;;) {
		size_t n = strcspn(name, "/");

		result = check_component(name, n);
		if (result != NAME_LIST_OK || name[n] == '\0')
			return result;
		name += n + 1;
	}
}

/* --- the list ------------------------------------------------------------- */

static enum name_list_result begin(struct name_list *list,
    enum name_list_kind kind, size_t length, size_t most)
{
	memset(list, 0, sizeof(*list));
	list->most = most;
	if (length > name_list_kind_max(kind))
		return NAME_LIST_TOO_LONG;
	/* One more: the last line may lack its end, which becomes a NUL. */
	list->text = malloc(length + 1);
	return list->text ? NAME_LIST_OK : NAME_LIST_NO_MEMORY;
}

static enum name_list_result make_room(struct name_list *list)
{
	size_t room = list->room > 0 ? 2 * list->room : ROOM_MIN;
	const char **grown;

	if (list->count >= list->most)
		return NAME_LIST_TOO_MANY;
	if (list->count < list->room)
		return NAME_LIST_OK;
	grown = reallocarray(list->names, room, sizeof(*grown));
	if (!grown)
		return NAME_LIST_NO_MEMORY;
	list->names = grown;
	list->room = room;
	return NAME_LIST_OK;
}

/* Returns where the next name is to be written. */
static char *next_name(struct name_list *list)
{
	return list->text + list->used;
}

/* Takes the name of `length` bytes that was written there. */
static enum name_list_result add(struct name_list *list, size_t length)
{
	char *name = next_name(list);
	enum name_list_result result;

	name[length] = '\0';
	result = list->used + length > NAME_LIST_TEXT_MAX
	    ? NAME_LIST_TOO_LONG
	    : check_name(name, length);
	if (result == NAME_LIST_OK)
		result = make_room(list);
	if (result != NAME_LIST_OK) {
		list->failed = list->count + 1;
		return result;
	}
	list->names[list->count++] = name;
	list->used += length + 1;
	return NAME_LIST_OK;
}

/* After an error nothing is left but which name it is about. */
static enum name_list_result end(
    struct name_list *list, enum name_list_result result)
{
	size_t failed = list->failed;

	if (result != NAME_LIST_OK) {
		name_list_clear(list);
		list->failed = failed;
	}
	return result;
}

void name_list_clear(struct name_list *list)
{
	free(list->names);
	free(list->text);
	memset(list, 0, sizeof(*list));
}

/* --- a form --------------------------------------------------------------- */

static void keep_format(struct name_list *list, size_t length)
{
	char *format = next_name(list);

	format[length] = '\0';
	list->format = format;
	list->used += length + 1;
}

/* One "key=value"; the key may be written with an escape, too. */
static enum name_list_result take_pair(
    struct name_list *list, const char *pair, const char *end)
{
	static const char format[] = "format";
	const char *equals = memchr(pair, '=', (size_t)(end - pair));
	const char *key_end = equals ? equals : end;
	const char *value = equals ? equals + 1 : end;
	char *to = next_name(list);
	size_t key = percent_decode_form(pair, (size_t)(key_end - pair), to);

	if (key == 1 && to[0] == 'f')
		return add(list,
		    percent_decode_form(value, (size_t)(end - value), to));
	if (equals && !list->format && key == strlen(format) &&
	    memcmp(to, format, key) == 0)
		keep_format(list,
		    percent_decode_form(value, (size_t)(end - value), to));
	return NAME_LIST_OK;
}

enum name_list_result name_list_from_form(
    const char *text, size_t length, size_t most, struct name_list *ret)
{
	enum name_list_result result = begin(ret, NAME_LIST_FORM, length, most);
	const char *last = text + length;

	while (result == NAME_LIST_OK && text < last) {
		const char *stop = memchr(text, '&', (size_t)(last - text));

		if (!stop)
			stop = last;
		if (stop > text)
			result = take_pair(ret, text, stop);
		text = stop < last ? stop + 1 : last;
	}
	return end(ret, result);
}

enum name_list_result name_list_from_query(
    const char *query, size_t most, struct name_list *ret)
{
	if (!query)
		query = "";
	return name_list_from_form(query, strlen(query), most, ret);
}

/* --- lines ---------------------------------------------------------------- */

/* `ended`: by an LF. */
static enum name_list_result take_line(
    struct name_list *list, const char *line, size_t length, bool ended)
{
	if (ended && length > 0 && line[length - 1] == '\r')
		length--;
	if (length == 0)
		return NAME_LIST_OK;
	memcpy(next_name(list), line, length);
	return add(list, length);
}

enum name_list_result name_list_from_lines(
    const char *text, size_t length, size_t most, struct name_list *ret)
{
	enum name_list_result result =
	    begin(ret, NAME_LIST_LINES, length, most);

	while (result == NAME_LIST_OK && length > 0) {
		const char *stop = memchr(text, '\n', length);
		size_t n = stop ? (size_t)(stop - text) : length;

		result = take_line(ret, text, n, stop != NULL);
		if (stop)
			n++;
		text += n;
		length -= n;
	}
	return end(ret, result);
}

/* --- JSON ----------------------------------------------------------------- */

/* Returns the quote that ends a string, or NULL: it has no end. */
static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && ++p == end)
			return NULL;
	return p < end ? p : NULL;
}

/*
 * Returns whether the text has only strings, commas, blanks and one pair of
 * brackets. Other JSON could take a hundred times its length of
 * memory, and is not wanted anyway. *ret_count: the strings.
 */
static bool is_flat(const char *text, size_t length, size_t *ret_count)
{
	const char *end = text + length;
	unsigned int brackets = 0;

	*ret_count = 0;
	for (const char *p = text; p < end; p++) {
		if (*p == '\0' || !strchr("\"[], \t\r\n", *p))
			return false;
		if (*p == '[' || *p == ']')
			brackets++;
		if (*p != '"')
			continue;
		p = string_end(p, end);
		if (!p)
			return false;
		++*ret_count;
	}
	return brackets == 2;
}

static enum name_list_result take_strings(
    struct name_list *list, const json_t *array)
{
	enum name_list_result result = NAME_LIST_OK;
	size_t count = json_array_size(array);

	for (size_t i = 0; i < count && result == NAME_LIST_OK; i++) {
		const json_t *name = json_array_get(array, i);
		size_t length = json_string_length(name);

		memcpy(next_name(list), json_string_value(name), length);
		result = add(list, length);
	}
	return result;
}

static enum name_list_result parse_json(
    struct name_list *list, const char *text, size_t length)
{
	enum name_list_result result = NAME_LIST_MALFORMED;
	json_error_t error;
	size_t count;
	json_t *array;

	if (!is_flat(text, length, &count))
		return result;
	if (count > list->most)
		return NAME_LIST_TOO_MANY;
	array = json_loadb(text, length, JSON_ALLOW_NUL, &error);
	if (array)
		result = take_strings(list, array);
	else if (json_error_code(&error) == json_error_out_of_memory)
		result = NAME_LIST_NO_MEMORY;
	json_decref(array);
	return result;
}

enum name_list_result name_list_from_json(
    const char *text, size_t length, size_t most, struct name_list *ret)
{
	enum name_list_result result = begin(ret, NAME_LIST_JSON, length, most);

	if (result == NAME_LIST_OK)
		result = parse_json(ret, text, length);
	return end(ret, result);
}

/* --- of any kind ---------------------------------------------------------- */

bool name_list_kind_of(const char *content_type, enum name_list_kind *ret)
{
	static const struct {
		const char *type;
		enum name_list_kind kind;
	} types[] = {
		{ "text/plain", NAME_LIST_LINES },
		{ "application/json", NAME_LIST_JSON },
		{ "application/x-www-form-urlencoded", NAME_LIST_FORM },
	};
	/* Without its parameters (RFC 9110, 8.3.1). */
	size_t length = content_type ? strcspn(content_type, "; \t") : 0;

	if (!content_type) {
		*ret = NAME_LIST_LINES;
		return true;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i].type) != length ||
		    strncasecmp(content_type, types[i].type, length) != 0)
			continue;
		*ret = types[i].kind;
		return true;
	}
	return false;
}

size_t name_list_kind_max(enum name_list_kind kind)
{
	return kind == NAME_LIST_FORM ? NAME_LIST_FORM_MAX : NAME_LIST_TEXT_MAX;
}

enum name_list_result name_list_from(enum name_list_kind kind, const char *text,
    size_t length, size_t most, struct name_list *ret)
{
	switch (kind) {
	case NAME_LIST_LINES:
		break;
	case NAME_LIST_JSON:
		return name_list_from_json(text, length, most, ret);
	case NAME_LIST_FORM:
		return name_list_from_form(text, length, most, ret);
	}
	return name_list_from_lines(text, length, most, ret);
}

/* --- what a result means -------------------------------------------------- */

const char *name_list_reason(enum name_list_result result)
{
	switch (result) {
	case NAME_LIST_OK:
		break;
	case NAME_LIST_MALFORMED:
		return "not a JSON array of strings";
	case NAME_LIST_BAD_NAME:
		return "empty, or has an empty or \".\" component, or a NUL";
	case NAME_LIST_OUTSIDE:
		return "absolute, or has a \"..\" in it";
	case NAME_LIST_LONG_NAME:
		return "longer than a file's name can be";
	case NAME_LIST_TOO_MANY:
		return "too many names";
	case NAME_LIST_TOO_LONG:
		return "more than 1 MiB of names";
	case NAME_LIST_NO_MEMORY:
		return "out of memory";
	}
	return "";
}

int name_list_status(enum name_list_result result)
{
	switch (result) {
	case NAME_LIST_OK:
		break;
	case NAME_LIST_MALFORMED:
	case NAME_LIST_BAD_NAME:
		return 400;
	case NAME_LIST_OUTSIDE:
		return 403;
	case NAME_LIST_LONG_NAME:
		return 404;
	case NAME_LIST_TOO_MANY:
	case NAME_LIST_TOO_LONG:
		return 413;
	case NAME_LIST_NO_MEMORY:
		return 503;
	}
	return 200;
}
