/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_past, with a real folder. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi_app/actions/follow/follow_identity.h"
#include "fcgi_app/actions/follow/follow_place.h"
#include "tests/unit/support/follow_conditions.h"
#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

static struct follow_identity identity_of(
    struct follow_fixture *f, const char *name)
{
	struct follow_identity identity =
	    follow_identity_of(f->folder_fd, name, true);

	assert_int_not_equal(identity.number, 0);
	if (!identity.has_birth)
		skip();
	return identity;
}

/* Younger than what was made before: the clock of files is coarse. */
static void make_younger(
    struct follow_fixture *f, const char *name, const char *than)
{
	do {
		unlinkat(f->folder_fd, name, 0);
		follow_fixture_append(f, name, name);
	} while (identity_of(f, name).age <= identity_of(f, than).age);
}

struct answer {
	bool is_there;
	struct follow_past_result result;
};

static void on_past(void *context, const struct follow_past_result *result)
{
	struct answer *answer = context;

	answer->is_there = true;
	answer->result = *result;
}

static bool is_there(void *context)
{
	return ((const struct answer *)context)->is_there;
}

static struct follow_past *start(struct follow_fixture *f, const char *path,
    uint64_t identity, bool hidden, struct answer *answer)
{
	const struct follow_place place = {
		.root_fd = f->folder_fd,
		.below = "",
		.path = path,
	};
	struct follow_past *past = follow_past_start(
	    f->hub, &place, identity, hidden, on_past, answer);

	assert_non_null(past);
	return past;
}

/* The names that were found, with "!" for a gap. */
static void check(struct follow_fixture *f, uint64_t identity, bool hidden,
    const char *expected)
{
	struct answer answer = { 0 };
	char names[FOLLOW_PAST_BETWEEN_MAX * 32] = "";
	char *end = names;

	start(f, "a.log", identity, hidden, &answer);
	follow_fixture_run(f, is_there, &answer);
	assert_int_equal(answer.result.error, 0);
	for (size_t i = 0; i < answer.result.count; i++)
		end += sprintf(end, "%s ", answer.result.files[i].name);
	if (answer.result.has_gap)
		end[0] = '!', end[1] = '\0';
	assert_string_equal(names, expected);
}

static void it_is_found_by_any_name(void **state)
{
	static const char *const names[] = { "a.log.1", "a.log-20261130",
		"a.1.log", "a.log.old", "other", "zzz" };
	struct follow_fixture *f = *state;
	uint64_t identity;

	follow_fixture_append(f, "a.log", "1");
	identity = identity_of(f, "a.log").number;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char expected[64];

		follow_fixture_rename(
		    f, i == 0 ? "a.log" : names[i - 1], names[i]);
		assert_int_equal(
		    fchmodat(f->folder_fd, names[i], 0640 + (mode_t)i, 0), 0);
		sprintf(expected, "%s ", names[i]);
		check(f, identity, false, expected);
	}
	check(f, identity + 1, false, "");
	follow_fixture_remove(f, "zzz");
	check(f, identity, false, "");
}

static void it_is_not_found_by_a_hidden_name_unless_asked(void **state)
{
	struct follow_fixture *f = *state;
	uint64_t identity;

	follow_fixture_append(f, ".x", "1");
	identity = identity_of(f, ".x").number;
	check(f, identity, false, "");
	check(f, identity, true, ".x ");
}

static void only_a_regular_file_is_found(void **state)
{
	struct follow_fixture *f = *state;
	uint64_t identity;

	follow_fixture_append(f, "x", "1");
	identity = identity_of(f, "x").number;
	assert_int_equal(symlinkat("x", f->folder_fd, "a.log.1"), 0);
	check(f, identity, false, "x ");
	follow_fixture_remove(f, "x");
	assert_int_equal(mkfifoat(f->folder_fd, "x", 0600), 0);
	check(f, identity_of(f, "x").number, false, "");
}

static void those_between_come_in_order_of_age(void **state)
{
	struct follow_fixture *f = *state;
	uint64_t identity;

	follow_fixture_append(f, "a.log.0", "older");
	make_younger(f, "a.log.3", "a.log.0");
	make_younger(f, "a.log.2", "a.log.3");
	make_younger(f, "a.log.1", "a.log.2");
	/* Of another series. */
	follow_fixture_append(f, "a-1.log", "1");
	make_younger(f, "a.log", "a.log.1");
	make_younger(f, "a.log.9", "a.log");
	identity = identity_of(f, "a.log.3").number;
	check(f, identity, false, "a.log.3 a.log.2 a.log.1 ");
	check(f, identity_of(f, "a.log.1").number, false, "a.log.1 ");
	/* Until somebody has the name again. */
	follow_fixture_remove(f, "a.log");
	check(f, identity, false, "a.log.3 a.log.2 a.log.1 a.log.9 ");
	follow_fixture_append(f, "a.log.2.gz", "packed later than all");
	check(f, identity, false, "a.log.3 a.log.2 a.log.1 a.log.9 !");
}

static void a_file_with_two_names_comes_once(void **state)
{
	struct follow_fixture *f = *state;
	struct answer answer = { 0 };

	follow_fixture_append(f, "a.log.2", "1");
	make_younger(f, "a.log.1", "a.log.2");
	assert_int_equal(
	    linkat(f->folder_fd, "a.log.1", f->folder_fd, "a.log.11", 0), 0);
	start(f, "a.log", identity_of(f, "a.log.2").number, false, &answer);
	follow_fixture_run(f, is_there, &answer);
	assert_int_equal(answer.result.count, 2);
	assert_false(answer.result.has_gap);
}

/* Only so many lead from one to the next. */
static void too_many_between_are_a_gap(void **state)
{
	struct follow_fixture *f = *state;
	struct answer answer = { 0 };
	char name[32], before[32] = "a.log.10";

	follow_fixture_append(f, before, "1");
	for (int i = 11; i <= 11 + FOLLOW_PAST_BETWEEN_MAX; i++) {
		sprintf(name, "a.log.%d", i);
		make_younger(f, name, before);
		strcpy(before, name);
	}
	start(f, "a.log", identity_of(f, "a.log.10").number, false, &answer);
	follow_fixture_run(f, is_there, &answer);
	assert_int_equal(answer.result.count, 1 + FOLLOW_PAST_BETWEEN_MAX);
	assert_true(answer.result.has_gap);
	/* The youngest is left out. */
	for (size_t i = 0; i <= FOLLOW_PAST_BETWEEN_MAX; i++) {
		sprintf(name, "a.log.%zu", 10 + i);
		assert_string_equal(answer.result.files[i].name, name);
	}
}

static void what_can_not_be_told_is_an_error(void **state)
{
	struct follow_fixture *f = *state;
	struct answer none = { 0 }, unknown = { 0 };
	struct rlimit limit;

	start(f, "none/a.log", 1, false, &none);
	follow_fixture_run(f, is_there, &none);
	assert_int_equal(none.result.error, -ENOENT);
	follow_forbid_descriptors(&limit);
	start(f, "a.log", 1, false, &unknown);
	follow_fixture_run(f, is_there, &unknown);
	follow_allow_descriptors(&limit);
	assert_int_equal(unknown.result.error, -EMFILE);
}

/* More than run at a time, and some are given up while they wait or run. */
static void searches_take_turns(void **state)
{
	struct follow_fixture *f = *state;
	struct answer answers[10] = { 0 };
	struct follow_past *pasts[10];

	follow_fixture_append(f, "a.log.1", "1");
	for (size_t i = 0; i < ARRAY_LENGTH(answers); i++)
		pasts[i] = start(f, "a.log", identity_of(f, "a.log.1").number,
		    false, &answers[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(answers); i += 3)
		follow_past_cancel(pasts[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
		if (i % 3 > 0)
			follow_fixture_run(f, is_there, &answers[i]);
		assert_int_equal(answers[i].result.count, i % 3 > 0);
	}
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(it_is_found_by_any_name),
		WITH_FIXTURE(it_is_not_found_by_a_hidden_name_unless_asked),
		WITH_FIXTURE(only_a_regular_file_is_found),
		WITH_FIXTURE(those_between_come_in_order_of_age),
		WITH_FIXTURE(a_file_with_two_names_comes_once),
		WITH_FIXTURE(too_many_between_are_a_gap),
		WITH_FIXTURE(what_can_not_be_told_is_an_error),
		WITH_FIXTURE(searches_take_turns),
	};

	need_openat2();
	return cmocka_run_group_tests_name("follow_past", tests, NULL, NULL);
}
