/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/listing, with a format of their own. */
#include "config.h"

#include "fcgi_app/actions/list/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory_budget.h"
#include "fcgi_app/actions/list/list_entries.h"
#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/text_out.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

#define PLENTY ((size_t)1 << 30)

static struct open_fixture fixture;

/* --- a format ------------------------------------------------------------- */

static void begin(struct text_out *out, const struct list_page *page)
{
	text_out_format(out, "%s %s %s %d\n", page->path, page->query_text,
	    page->archive ? page->archive : "-", page->sorted);
}

static void entry(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals, const struct list_entry *entry)
{
	(void)page;
	(void)totals;
	text_out_put(out, entry->name);
	text_out_put(out, "\n");
}

static void end(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals)
{
	(void)page;
	text_out_format(out, "%d/%d/%d\n", (int)totals->folders,
	    (int)totals->files, (int)totals->bytes);
}

static const struct list_format_ops format = { "x/y", begin, entry, end };

/* --- a folder ------------------------------------------------------------- */

/* Makes files with numbers for names, and one folder. */
static void fill(int count)
{
	char name[64];

	assert_int_equal(mkdir("root/in", 0755), 0);
	assert_int_equal(mkdir("root/in/sub", 0755), 0);
	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(name, sizeof(name), "root/in/%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
}

static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0)
		return -1;
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

static struct listing *start(struct memory_budget *budget)
{
	const struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "",
		.path = "in/",
	};
	const struct listing_plan plan = {
		.fd = open("root/in", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.target = &target,
		.page.path = "in/",
		.page.archive = "/zip",
		.page.query_text = "a=b",
		.format = &format,
		.budget = budget,
	};
	struct listing *listing;

	assert_true(plan.fd >= 0);
	listing = listing_new(&plan);
	assert_non_null(listing);
	return listing;
}

/* Goes on to the end: all of it, which the caller frees. */
static char *finish(struct listing *listing)
{
	size_t length = 0;
	char *all = calloc(1, 1);

	do {
		const struct text_out *out = listing_output(listing);

		assert_int_equal(listing_step(listing), 0);
		assert_true(out->length < LISTING_FILL + LIST_PAGE_ENTRY_MAX);
		all = realloc(all, length + out->length + 1);
		assert_non_null(all);
		if (out->length > 0)
			memcpy(all + length, out->text, out->length);
		length += out->length;
		all[length] = '\0';
		listing_drop_output(listing);
	} while (listing_state(listing) != LISTING_COMPLETE);
	assert_false(listing_is_open(listing));
	listing_free(listing);
	assert_int_equal(count_descriptors(), fixture.descriptors);
	return all;
}

static int count_lines(const char *text)
{
	int lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/* --- tests ---------------------------------------------------------------- */

static void a_small_folder_is_sorted_in_one_step(void **state)
{
	struct memory_budget budget = { PLENTY };
	struct listing *listing;
	char *all;

	(void)state;
	fill(11);
	listing = start(&budget);
	assert_int_equal(listing_state(listing), LISTING_COLLECTING);
	assert_int_equal(listing_step(listing), 0);
	assert_int_equal(listing_state(listing), LISTING_COMPLETE);
	assert_false(listing_is_open(listing));
	assert_memory_equal(listing_output(listing)->text,
	    "in/ a=b /zip 1\nsub\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n1/11/0\n",
	    listing_output(listing)->length);
	listing_free(listing);
	all = finish(start(&budget));
	assert_int_equal(count_lines(all), 14);
	free(all);
	assert_int_equal(budget.left, PLENTY);
}

static void at_the_limit_it_is_sorted(void **state)
{
	struct memory_budget budget = { PLENTY };
	char *all;

	(void)state;
	/* With the folder in it. */
	fill(LIST_ENTRIES_MAX - 1);
	all = finish(start(&budget));
	assert_memory_equal(all, "in/ a=b /zip 1\nsub\n0\n1\n2\n", 25);
	assert_non_null(strstr(all, "\n9997\n9998\n1/9999/0\n"));
	assert_int_equal(count_lines(all), LIST_ENTRIES_MAX + 2);
	free(all);
	assert_int_equal(budget.left, PLENTY);
}

static void above_it_comes_as_it_is_read(void **state)
{
	struct memory_budget budget = { PLENTY };
	char *all;

	(void)state;
	fill(LIST_ENTRIES_MAX + 2000);
	all = finish(start(&budget));
	assert_memory_equal(all, "in/ a=b /zip 0\n", 15);
	assert_int_equal(count_lines(all), LIST_ENTRIES_MAX + 2003);
	assert_non_null(strstr(all, "\n1/12000/0\n"));
	/* Each is there: the last in any order. */
	assert_non_null(strstr(all, "\n11999\n"));
	assert_non_null(strstr(all, "\n0\n"));
	assert_non_null(strstr(all, "\n10000\n"));
	free(all);
	assert_int_equal(budget.left, PLENTY);
}

static void without_memory_it_comes_as_it_is_read(void **state)
{
	static const size_t sizes[] = { 0, 600, 20000, 1000000 };

	(void)state;
	fill(3000);
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		struct memory_budget budget = { sizes[i] };
		char *all = finish(start(&budget));

		assert_memory_equal(
		    all, i == 3 ? "in/ a=b /zip 1\n" : "in/ a=b /zip 0\n", 15);
		assert_int_equal(count_lines(all), 3003);
		assert_non_null(strstr(all, "\n1/3000/0\n"));
		free(all);
		assert_int_equal(budget.left, sizes[i]);
	}
}

static void a_small_folder_is_sorted_in_any_case(void **state)
{
	struct memory_budget budget = { 0 };
	char *all;

	(void)state;
	fill(300);
	all = finish(start(&budget));
	assert_memory_equal(all, "in/ a=b /zip 1\nsub\n0\n1\n2\n", 25);
	free(all);
	assert_int_equal(budget.left, 0);
}

static void a_step_does_not_read_all(void **state)
{
	struct memory_budget budget = { PLENTY };
	struct listing *listing;

	(void)state;
	fill(3 * LISTING_STEP_ENTRIES);
	listing = start(&budget);
	assert_int_equal(listing_step(listing), 0);
	assert_int_equal(listing_state(listing), LISTING_COLLECTING);
	assert_int_equal(listing_output(listing)->length, 0);
	/* Given up in the middle: nothing is leaked. */
	assert_true(listing_is_open(listing));
	listing_free(listing);
	listing_free(NULL);
	assert_int_equal(budget.left, PLENTY);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

int main(void)
{
#define WITH_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_small_folder_is_sorted_in_one_step),
		WITH_FOLDER(at_the_limit_it_is_sorted),
		WITH_FOLDER(above_it_comes_as_it_is_read),
		WITH_FOLDER(without_memory_it_comes_as_it_is_read),
		WITH_FOLDER(a_small_folder_is_sorted_in_any_case),
		WITH_FOLDER(a_step_does_not_read_all),
	};

	need_openat2();
	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
