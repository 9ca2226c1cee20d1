/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of what a listing makes of names. The input is three names, with
 * newlines behind the first two.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/list_page.h"
#include "fcgi_app/actions/list/natural_order.h"
#include "fcgi_app/actions/list/text_out.h"
#include "fcgi_app/policy/media_type.h"

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

/* It is an order: of two and of three. */
static void check_order(const char *const names[3])
{
	int ab = sign(natural_order(names[0], names[1]));
	int bc = sign(natural_order(names[1], names[2]));
	int ac = sign(natural_order(names[0], names[2]));

	require(natural_order(names[0], names[0]) == 0);
	require(ab == -sign(natural_order(names[1], names[0])));
	require((ab == 0) == (strcmp(names[0], names[1]) == 0));
	if (ab != 0 && ab == bc)
		require(ac == ab);
}

/* An object with the name, as far as it can be had. */
static void check_json(
    const struct list_page *page, const struct list_entry *entry)
{
	char text[LIST_PAGE_ENTRY_MAX];
	struct text_out out = { .text = text, .size = sizeof(text) };
	const struct list_totals totals = { 0 };
	const char *name;
	json_t *root;

	list_json.entry(&out, page, &totals, entry);
	require(!out.overflow);
	root = json_loadb(out.text, out.length, 0, NULL);
	require(root != NULL);
	name = json_string_value(json_object_get(root, "name"));
	require(utf8_is_valid(name));
	require(!utf8_is_valid(entry->name) || strcmp(name, entry->name) == 0);
	json_decref(root);
}

/* Nothing of a name ends what it stands in. */
static void check_html(
    const struct list_page *page, const struct list_entry *entry)
{
	char text[LIST_PAGE_ENTRY_MAX + 1];
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };
	const struct list_totals totals = { 0 };
	const struct list_entry plain = { "x", false, 0, 0, false };
	size_t tags[2] = { 0 }, quotes[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		out.length = 0;
		list_html.entry(&out, page, &totals, i ? entry : &plain);
		text[out.length] = '\0';
		for (const char *p = text; *p != '\0'; p++) {
			tags[i] += *p == '<';
			quotes[i] += *p == '"';
		}
		require(utf8_is_valid(text));
		require(!strchr(text, '\'') && !strchr(text, '\r'));
	}
	require(!out.overflow);
	/* One without a checkbox has one tag less. */
	require(tags[1] == tags[0] || tags[1] == tags[0] - 1);
	require(quotes[1] == quotes[0] || quotes[1] == quotes[0] - 8);
}

static void check_name(const char *name)
{
	struct media_types *types = media_types_new();
	const struct list_page page = { .types = types, .archive = "/x" };
	struct list_entry entry = { name, false, 0, 0, false };

	require(types != NULL);
	if (*name != '\0' && strlen(name) <= NAME_MAX) {
		check_json(&page, &entry);
		check_html(&page, &entry);
	}
	media_types_free(types);
}

int fuzz_list_names(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	const char *names[3] = { "", "", "" };
	char *rest = text;

	require(text != NULL);
	for (int i = 0; i < 3 && rest; i++)
		names[i] = i < 2 ? strsep(&rest, "\n") : rest;
	check_order(names);
	check_name(names[2]);
	check_name(names[0]);
	free(text);
	return 0;
}
