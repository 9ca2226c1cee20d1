/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/probe/probe_json: how much of a value is
 * shown. */
#include "config.h"

#include "fcgi_app/actions/probe/probe_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "fcgi_app/request/request.h"
#include "tests/unit/support/make_params.h"
#include "tests/unit/support/unit.h"

#define MOST PROBE_JSON_SHOWN_MAX
#define EURO "\xe2\x82\xac"
#define SMILE "\xf0\x9f\x98\x80"

/* What is shown of a path and of HTTP_RANGE, both of them `text`. */
static json_t *echo(const char *text)
{
	const char *const params[] = { "HTTP_RANGE", text, NULL };
	struct request request = {
		.path = text,
		.origin.params = make_params(params),
	};
	char *json = probe_json_echo(&request);
	json_t *object = json_loads(json, 0, NULL);

	assert_non_null(object);
	free(json);
	fcgi_params_free(request.origin.params);
	return object;
}

static const char *shown_path(const json_t *object)
{
	return json_string_value(json_object_get(object, "path"));
}

static const char *shown_range(const json_t *object)
{
	return json_string_value(
	    json_object_get(json_object_get(object, "params"), "HTTP_RANGE"));
}

static void shows_the_beginning_of_a_value(void **state)
{
	static const struct {
		size_t before; /* bytes in front of `text` */
		const char *text;
		size_t shown;
	} cases[] = {
		{ MOST - 1, "", MOST - 1 },
		{ MOST, "", MOST },
		{ MOST, "y", MOST },
		{ MOST + 900, "", MOST },
		{ MOST - 3, EURO "z", MOST },
		{ MOST - 2, EURO, MOST - 2 },
		{ MOST - 1, EURO, MOST - 1 },
		{ MOST, EURO, MOST },
		{ MOST - 4, SMILE "z", MOST },
		{ MOST - 3, SMILE, MOST - 3 },
		{ MOST - 1, SMILE, MOST - 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[2 * MOST] = "";
		json_t *object;

		memset(text, 'x', cases[i].before);
		strcat(text, cases[i].text);
		object = echo(text);
		text[cases[i].shown] = '\0';
		assert_string_equal(shown_range(object), text);
		json_decref(object);
	}
}

static void shows_the_end_of_a_path(void **state)
{
	static const struct {
		const char *text;
		size_t more; /* bytes after it */
		size_t left_out;
	} cases[] = {
		{ "", MOST, 0 },
		{ "y", MOST, 1 },
		{ EURO, MOST - 3, 0 },
		{ EURO, MOST - 2, 3 },
		{ EURO, MOST, 3 },
		{ "z" EURO, MOST - 3, 1 },
		{ SMILE, MOST - 3, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t length = strlen(cases[i].text);
		char text[2 * MOST] = "";
		json_t *object;

		strcpy(text, cases[i].text);
		memset(text + length, 'x', cases[i].more);
		object = echo(text);
		assert_string_equal(
		    shown_path(object), text + cases[i].left_out);
		json_decref(object);
	}
}

/* Four bytes for each, at most. */
static void spells_out_as_much_of_odd_bytes(void **state)
{
	char text[MOST + 2] = "";
	json_t *object;

	(void)state;
	memset(text, 0xff, MOST + 1);
	object = echo(text);
	assert_int_equal(strlen(shown_range(object)), 4 * MOST);
	assert_int_equal(strlen(shown_path(object)), 4 * MOST);
	json_decref(object);
	/* Bytes that never end look like one character. */
	memset(text, 0x80, MOST + 1);
	object = echo(text);
	assert_int_equal(strlen(shown_range(object)), 4 * (MOST - 3));
	assert_int_equal(strlen(shown_path(object)), 4 * (MOST - 3));
	json_decref(object);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_the_beginning_of_a_value),
		cmocka_unit_test(shows_the_end_of_a_path),
		cmocka_unit_test(spells_out_as_much_of_odd_bytes),
	};

	return cmocka_run_group_tests_name("probe_json", tests, NULL, NULL);
}
