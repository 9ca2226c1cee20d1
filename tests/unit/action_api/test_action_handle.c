/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/action_api/action_handle. */
#include "config.h"
#include "fcgi_app/action_api/action_handle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/unit.h"

/* Whatever it is: a handle only leads to it. */
static struct action_answer *answer(uintptr_t number)
{
	return (struct action_answer *)(number << 4);
}

static void a_handle_leads_to_its_answer(void **state)
{
	struct action *handles[3000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(handles); i++) {
		handles[i] = action_handle_new(answer(i + 1), "a");
		assert_non_null(handles[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(handles); i++)
		assert_ptr_equal(
		    action_handle_find(handles[i], "f"), answer(i + 1));
	for (size_t i = 0; i < ARRAY_LENGTH(handles); i++)
		action_handle_free(handles[i]);
}

static int compare(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

/* Slots are used again and again, one handle after the other. */
static void no_handle_comes_twice(void **state)
{
	const size_t count = 200000;
	uintptr_t *numbers = calloc(count, sizeof(*numbers));
	struct captured_log captured;

	(void)state;
	assert_non_null(numbers);
	captured_log_begin(&captured);
	for (size_t i = 0; i < count; i++) {
		struct action *handle = action_handle_new(answer(1), "a");

		numbers[i] = (uintptr_t)handle;
		action_handle_free(handle);
		if (action_handle_find(handle, "f"))
			numbers[i] = 0;
	}
	free(captured_log_end(&captured));
	qsort(numbers, count, sizeof(*numbers), compare);
	assert_int_not_equal(numbers[0], 0);
	for (size_t i = 1; i < count; i++)
		assert_true(numbers[i - 1] < numbers[i]);
	free(numbers);
}

static void an_old_handle_leads_nowhere_when_its_slot_is_used(void **state)
{
	struct action *old[4000], *new[4000];
	struct captured_log captured;
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(old); i++)
		old[i] = action_handle_new(answer(1), "a");
	for (size_t i = 0; i < ARRAY_LENGTH(old); i++)
		action_handle_free(old[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(new); i++)
		new[i] = action_handle_new(answer(2), "b");
	captured_log_begin(&captured);
	for (size_t i = 0; i < ARRAY_LENGTH(old); i++)
		found += action_handle_find(old[i], "f") != NULL;
	free(captured_log_end(&captured));
	assert_int_equal(found, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(new); i++) {
		assert_ptr_equal(action_handle_find(new[i], "f"), answer(2));
		action_handle_free(new[i]);
	}
}

/* Returns how often the log has `text`. */
static size_t count_in(const char *log, const char *text)
{
	size_t count = 0;

	while ((log = strstr(log, text))) {
		count++;
		log++;
	}
	return count;
}

static void a_late_use_is_in_the_log_once(void **state)
{
	struct action *handle = action_handle_new(answer(1), "mine");
	struct captured_log captured;
	char *log;

	(void)state;
	action_handle_free(handle);
	captured_log_begin(&captured);
	for (int i = 0; i < 5; i++)
		action_handle_find(handle, "action_print");
	log = captured_log_end(&captured);
	assert_int_equal(
	    count_in(log, "action mine: action_print() with a handle"), 1);
	assert_int_equal(count_in(log, "\n"), 1);
	free(log);
}

/* NULL, an address, and what no slot has: neither is followed. */
static void what_is_no_handle_leads_nowhere(void **state)
{
	static const uintptr_t numbers[] = { 0, 1, 4096, 0x7fffdeadbeef,
		UINTPTR_MAX, UINTPTR_MAX - (1 << 20) + 1, 1 << 20 };
	struct captured_log captured;
	size_t found = 0;
	char *log;

	captured_log_begin(&captured);
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		found += action_handle_find(
			     (const struct action *)numbers[i], "f") != NULL;
	found += action_handle_find((const struct action *)state, "f") != NULL;
	log = captured_log_end(&captured);
	assert_int_equal(found, 0);
	assert_true(count_in(log, "action (unknown): f() with a handle") > 0);
	free(log);
}

/* The last of this program's tests: they are all in use for a while. */
static void there_are_so_many_and_no_more(void **state)
{
	struct action **handles = calloc(ACTION_HANDLE_MAX, sizeof(*handles));
	size_t count = 0;

	(void)state;
	assert_non_null(handles);
	while (count < ACTION_HANDLE_MAX &&
	    (handles[count] = action_handle_new(answer(1), "a")))
		count++;
	assert_int_equal(count, ACTION_HANDLE_MAX);
	assert_null(action_handle_new(answer(1), "a"));
	action_handle_free(handles[7]);
	handles[7] = action_handle_new(answer(3), "a");
	assert_ptr_equal(action_handle_find(handles[7], "f"), answer(3));
	for (size_t i = 0; i < count; i++)
		action_handle_free(handles[i]);
	free(handles);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handle_leads_to_its_answer),
		cmocka_unit_test(no_handle_comes_twice),
		cmocka_unit_test(
		    an_old_handle_leads_nowhere_when_its_slot_is_used),
		cmocka_unit_test(a_late_use_is_in_the_log_once),
		cmocka_unit_test(what_is_no_handle_leads_nowhere),
		cmocka_unit_test(there_are_so_many_and_no_more),
	};

	return cmocka_run_group_tests_name("action_handle", tests, NULL, NULL);
}
