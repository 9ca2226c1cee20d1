/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/list_json: read back by jansson. */
#include "config.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/list_page.h"
#include "fcgi_app/actions/list/text_out.h"
#include "tests/unit/support/unit.h"

static char text[LIST_PAGE_BEGIN_MAX + 16 * LIST_PAGE_ENTRY_MAX];

/* The listing as JSON; the caller releases it. */
static json_t *list(const struct list_page *page,
    const struct list_entry *entries, size_t count)
{
	struct text_out out = { .text = text, .size = sizeof(text) };
	struct list_totals totals = { 0 };
	json_error_t error;
	json_t *root;

	list_json.begin(&out, page);
	for (size_t i = 0; i < count; i++) {
		list_json.entry(&out, page, &totals, &entries[i]);
		totals.folders += entries[i].is_folder;
		totals.files += !entries[i].is_folder;
	}
	list_json.end(&out, page, &totals);
	assert_false(out.overflow);
	root = json_loadb(out.text, out.length, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("%s", error.text);
	return root;
}

static const char *string_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void an_empty_folder(void **state)
{
	const struct list_page page = { .path = ".", .sorted = true };
	json_t *root = list(&page, NULL, 0);

	(void)state;
	assert_string_equal(list_json.content_type, "application/json");
	assert_string_equal(string_of(root, "path"), "/");
	assert_string_equal(string_of(root, "sort"), "name");
	assert_string_equal(string_of(root, "order"), "asc");
	assert_int_equal(json_array_size(json_object_get(root, "entries")), 0);
	json_decref(root);
}

static void entries(void **state)
{
	static const struct list_entry entries[] = {
		{ "sub folder", true, 0, 0, false },
		{ "a\"\n\xff", false, INT64_MAX, 1582979696, true },
	};
	const struct list_page page = {
		.path = "x/y/",
		.query = { .sort = LIST_SORT_TIME, .descending = true },
		.sorted = true,
	};
	json_t *root = list(&page, entries, 2);
	json_t *array = json_object_get(root, "entries");
	json_t *folder = json_array_get(array, 0);
	json_t *file = json_array_get(array, 1);

	(void)state;
	assert_string_equal(string_of(root, "path"), "/x/y/");
	assert_string_equal(string_of(root, "sort"), "time");
	assert_string_equal(string_of(root, "order"), "desc");
	assert_int_equal(json_array_size(array), 2);
	assert_string_equal(string_of(folder, "type"), "directory");
	assert_string_equal(string_of(folder, "href"), "sub%20folder/");
	assert_string_equal(string_of(folder, "mtime"), "1970-01-01T00:00:00Z");
	assert_true(json_is_true(json_object_get(folder, "readable")));
	assert_true(json_is_false(json_object_get(file, "readable")));
	assert_null(json_object_get(folder, "size"));
	assert_string_equal(string_of(file, "name"), "a\"\n\xef\xbf\xbd");
	assert_string_equal(string_of(file, "href"), "a%22%0A%FF");
	assert_string_equal(string_of(file, "type"), "file");
	assert_string_equal(string_of(file, "mtime"), "2020-02-29T12:34:56Z");
	assert_true(
	    json_integer_value(json_object_get(file, "size")) == INT64_MAX);
	json_decref(root);
}

static void no_order(void **state)
{
	const struct list_page page = { .path = "a" };
	json_t *root = list(&page, NULL, 0);

	(void)state;
	assert_string_equal(string_of(root, "path"), "/a/");
	assert_true(json_is_null(json_object_get(root, "sort")));
	assert_true(json_is_null(json_object_get(root, "order")));
	json_decref(root);
}

static void the_longest(void **state)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct list_page page = { .path = path };
	struct list_entry entry = { name, false, UINT64_MAX, INT64_MIN, false };
	struct list_totals totals = { 1, 0, 0 };
	struct text_out out = { .text = text, .size = sizeof(text) };

	(void)state;
	memset(name, 1, NAME_MAX);
	name[NAME_MAX] = '\0';
	memset(path, 1, PATH_MAX - 1);
	path[PATH_MAX - 1] = '\0';
	list_json.begin(&out, &page);
	assert_true(out.length <= LIST_PAGE_BEGIN_MAX);
	out.length = 0;
	list_json.entry(&out, &page, &totals, &entry);
	assert_true(out.length <= LIST_PAGE_ENTRY_MAX);
	assert_false(out.overflow);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_folder),
		cmocka_unit_test(entries),
		cmocka_unit_test(no_order),
		cmocka_unit_test(the_longest),
	};

	return cmocka_run_group_tests_name("list_json", tests, NULL, NULL);
}
