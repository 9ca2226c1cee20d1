/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_chain, with real files. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_chain.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "fcgi_app/actions/follow/follow_identity.h"
#include "tests/unit/support/follow_conditions.h"
#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

struct answer {
	bool is_there;
	struct follow_chain_result result;
};

static uint64_t number_of(struct follow_fixture *f, const char *name)
{
	return follow_identity_of(f->folder_fd, name, true).number;
}

/* Rotates "a", and writes `text` into a new one that is younger. */
static void rotate(struct follow_fixture *f, const char *to, const char *text)
{
	uint64_t age = follow_identity_of(f->folder_fd, "a", true).age;

	follow_fixture_rename(f, "a", to);
	do {
		unlinkat(f->folder_fd, "a", 0);
		follow_fixture_append(f, "a", text);
	} while (follow_identity_of(f->folder_fd, "a", true).age <= age);
}

static void on_chain(void *context, const struct follow_chain_result *result)
{
	struct answer *answer = context;

	answer->is_there = true;
	answer->result = *result;
}

static bool is_there(void *context)
{
	return ((const struct answer *)context)->is_there;
}

static struct follow_chain *start(struct follow_fixture *f, uint64_t identity,
    struct follow_file *present, struct answer *answer)
{
	const struct follow_place place = {
		.root_fd = f->folder_fd,
		.below = "",
		.path = "a",
		.is_local = true,
		.rotate_ms = FOLLOW_FIXTURE_ROTATE,
	};
	const struct follow_chain_target target = {
		.place = &place,
		.identity = identity,
		.present = present,
	};
	struct follow_chain *chain =
	    follow_chain_start(f->hub, &target, on_chain, answer);

	assert_non_null(chain);
	return chain;
}

static struct follow_chain_result ask(
    struct follow_fixture *f, uint64_t identity, struct follow_file *present)
{
	struct answer answer = { 0 };

	start(f, identity, present, &answer);
	follow_fixture_run(f, is_there, &answer);
	return answer.result;
}

static void each_file_leads_to_the_next(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *present, *file, *next;
	struct follow_chain_result result;
	uint64_t oldest;

	follow_fixture_append(f, "a", "1");
	oldest = number_of(f, "a");
	rotate(f, "a.3", "22");
	rotate(f, "a.2", "333");
	rotate(f, "a.1", "4444");
	present = follow_fixture_open(f, "a");
	result = ask(f, oldest, present);
	assert_int_equal(result.error, 0);
	assert_false(result.has_gap);
	file = result.file;
	for (uint64_t size = 1; size < 4; size++) {
		assert_int_equal(file->size, size);
		follow_fixture_run(f, follow_has_next, file);
		next = follow_file_ref(file->next);
		follow_file_unref(file);
		file = next;
	}
	assert_ptr_equal(file, present);
	follow_file_unref(file);
	follow_file_unref(present);
}

static void what_is_not_there_is_not_found(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_chain_result result = ask(f, 1, NULL);

	assert_int_equal(result.error, 0);
	assert_null(result.file);
}

static void exchange(struct follow_fixture *f, const char *a, const char *b)
{
	assert_int_equal(
	    renameat2(f->folder_fd, a, f->folder_fd, b, RENAME_EXCHANGE), 0);
}

/* It is opened after it was found, and another has its name by then. */
static void what_has_another_name_meanwhile_is_not_mistaken(void **state)
{
	struct follow_fixture *f = *state;
	uint64_t identity;

	follow_fixture_append(f, "a.1", "1");
	follow_fixture_append(f, "b", "22");
	identity = number_of(f, "a.1");
	for (int turns = 0; turns < 20; turns++) {
		struct answer answer = { 0 };

		start(f, identity, NULL, &answer);
		while (!answer.is_there) {
			exchange(f, "a.1", "b");
			uv_run(&f->loop, UV_RUN_ONCE);
		}
		assert_int_equal(answer.result.error, 0);
		/* Found after all, or not; but never the other one. */
		if (answer.result.file)
			assert_int_equal(
			    answer.result.file->identity, identity);
		follow_file_unref(answer.result.file);
	}
}

static void it_can_be_given_up_at_any_time(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *present;
	uint64_t oldest;

	follow_fixture_append(f, "a", "1");
	oldest = number_of(f, "a");
	rotate(f, "a.2", "22");
	rotate(f, "a.1", "333");
	present = follow_fixture_open(f, "a");
	for (int turns = 0; turns < 6; turns++) {
		struct answer answer = { 0 };
		struct follow_chain *chain = start(f, oldest, present, &answer);

		for (int i = 0; i < turns && !answer.is_there; i++)
			uv_run(&f->loop, UV_RUN_ONCE);
		if (answer.is_there)
			follow_file_unref(answer.result.file);
		else
			follow_chain_cancel(chain);
	}
	follow_file_unref(present);
}

static void without_descriptors_nothing_is_told(void **state)
{
	struct follow_fixture *f = *state;
	struct answer answer = { 0 };
	struct rlimit limit;

	follow_fixture_append(f, "a.1", "1");
	follow_forbid_descriptors(&limit);
	start(f, number_of(f, "a.1"), NULL, &answer);
	follow_fixture_run(f, is_there, &answer);
	follow_allow_descriptors(&limit);
	assert_int_equal(answer.result.error, -EMFILE);
	assert_null(answer.result.file);
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(each_file_leads_to_the_next),
		WITH_FIXTURE(what_is_not_there_is_not_found),
		WITH_FIXTURE(what_has_another_name_meanwhile_is_not_mistaken),
		WITH_FIXTURE(it_can_be_given_up_at_any_time),
		WITH_FIXTURE(without_descriptors_nothing_is_told),
	};

	need_openat2();
	return cmocka_run_group_tests_name("follow_chain", tests, NULL, NULL);
}
