/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/members/name_list_job. */
#include "config.h"

#include "fcgi_app/members/name_list_job.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

struct outcome {
	unsigned int calls;
	enum name_list_result result;
	struct name_list names;
	bool hidden;
};

static int set_up(void **state)
{
	uv_loop_t *loop = malloc(sizeof(*loop));

	assert_non_null(loop);
	*state = loop;
	return uv_loop_init(loop);
}

static int tear_down(void **state)
{
	int r = uv_loop_close(*state);

	free(*state);
	return r;
}

static void on_done(void *context, enum name_list_result result,
    struct name_list names, bool hidden)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->result = result;
	outcome->names = names;
	outcome->hidden = hidden;
}

/* The text is gone before the job runs. */
static struct name_list_job *start(uv_loop_t *loop, const char *text,
    enum name_list_kind kind, struct outcome *outcome)
{
	char *copy = strdup(text);
	const struct name_list_job_params params = {
		.text = copy,
		.length = strlen(text),
		.kind = kind,
		.most = 2,
	};
	struct name_list_job *job;

	*outcome = (struct outcome){ .calls = 0 };
	job = name_list_job_start(loop, &params, on_done, outcome);
	assert_non_null(job);
	assert_int_equal(outcome->calls, 0);
	free(copy);
	return job;
}

static void lists_are_read(void **state)
{
	static const struct {
		const char *text;
		enum name_list_kind kind;
		enum name_list_result result;
		size_t count;
		bool hidden;
	} rows[] = {
		{ "", NAME_LIST_LINES, NAME_LIST_OK, 0, false },
		{ "a\nb/c\n", NAME_LIST_LINES, NAME_LIST_OK, 2, false },
		{ "a\nb/.c\n", NAME_LIST_LINES, NAME_LIST_OK, 2, true },
		{ ".a\n", NAME_LIST_LINES, NAME_LIST_OK, 1, true },
		{ "[\"a\"]", NAME_LIST_JSON, NAME_LIST_OK, 1, false },
		{ "[\".a\", \"b\"]", NAME_LIST_JSON, NAME_LIST_OK, 2, true },
		{ "[\"a\"", NAME_LIST_JSON, NAME_LIST_MALFORMED, 0, false },
		{ "a\nb\nc\n", NAME_LIST_LINES, NAME_LIST_TOO_MANY, 0, false },
		{ "f=a&f=b%2Fc", NAME_LIST_FORM, NAME_LIST_OK, 2, false },
		{ "f=a&f=.b", NAME_LIST_FORM, NAME_LIST_OK, 2, true },
		{ "../a\n", NAME_LIST_LINES, NAME_LIST_OUTSIDE, 0, false },
	};
	struct outcome outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		start(*state, rows[i].text, rows[i].kind, &outcome);
		uv_run(*state, UV_RUN_DEFAULT);
		assert_int_equal(outcome.calls, 1);
		assert_int_equal(outcome.result, rows[i].result);
		assert_int_equal(outcome.names.count, rows[i].count);
		assert_int_equal(outcome.hidden, rows[i].hidden);
		name_list_clear(&outcome.names);
	}
}

static void cancelled_it_frees_all(void **state)
{
	struct outcome outcome;

	name_list_job_cancel(
	    start(*state, "a\nb\n", NAME_LIST_LINES, &outcome));
	uv_run(*state, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(cancelled_it_frees_all),
	};

	return cmocka_run_group_tests_name(
	    "name_list_job", tests, set_up, tear_down);
}
