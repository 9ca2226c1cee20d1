/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/precondition, by RFC 9110, 13. */
#include "config.h"
#include "fcgi_app/policy/precondition.h"

#include <stddef.h>

#include "tests/unit/support/unit.h"

#define TAG "\"a-b\""
/* 784111777, the file's, and a second less and more. */
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

#define PROCEED PRECONDITION_PROCEED
#define NOT_MODIFIED PRECONDITION_NOT_MODIFIED
#define FAILED PRECONDITION_FAILED

struct row {
	struct precondition_fields fields;
	enum precondition_result expected;
};

static const char *show(const char *field)
{
	return field ? field : "-";
}

static void check(const struct row *rows, size_t count)
{
	static const struct precondition_validators validators = {
		.etag = TAG,
		.last_modified = 784111777,
		.now = 1000000000,
	};

	for (size_t i = 0; i < count; i++) {
		const struct precondition_fields *f = &rows[i].fields;
		enum precondition_result result =
		    precondition_evaluate(f, &validators);

		if (result != rows[i].expected)
			fail_msg("row %zu (%s; %s; %s; %s): %d", i,
			    show(f->if_match), show(f->if_unmodified_since),
			    show(f->if_none_match), show(f->if_modified_since),
			    (int)result);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))

static void if_match(void **state)
{
	static const struct row rows[] = {
		{ { .if_match = NULL }, PROCEED },
		{ { .if_match = "*" }, PROCEED },
		{ { .if_match = " * " }, PROCEED },
		{ { .if_match = TAG }, PROCEED },
		{ { .if_match = TAG "\t" }, PROCEED },
		{ { .if_match = "\"x\", " TAG }, PROCEED },
		{ { .if_match = ",, \"x\" ,W/\"y\"," TAG "," }, PROCEED },
		{ { .if_match = "\"x\"" }, FAILED },
		{ { .if_match = "\"\"" }, FAILED },
		/* Strong comparison. */
		{ { .if_match = "W/" TAG }, FAILED },
		{ { .if_match = "W/" TAG ", " TAG }, PROCEED },
		/* Not a list of tags. */
		{ { .if_match = "" }, FAILED },
		{ { .if_match = "a-b" }, FAILED },
		{ { .if_match = "\"a-b" }, FAILED },
		{ { .if_match = "\"x\" " TAG }, FAILED },
		{ { .if_match = "x, " TAG }, FAILED },
		{ { .if_match = "*, " TAG }, FAILED },
	};

	(void)state;
	CHECK(rows);
}

static void if_unmodified_since(void **state)
{
	static const struct row rows[] = {
		{ { .if_unmodified_since = SAME }, PROCEED },
		{ { .if_unmodified_since = AFTER }, PROCEED },
		{ { .if_unmodified_since = BEFORE }, FAILED },
		{ { .if_unmodified_since = "Sunday, 06-Nov-94 08:49:36 GMT" },
		    FAILED },
		{ { .if_unmodified_since = "Sun Nov  6 08:49:36 1994" },
		    FAILED },
		{ { .if_unmodified_since = "yesterday" }, PROCEED },
		/* If-Match takes its place. */
		{ { .if_match = TAG, .if_unmodified_since = BEFORE }, PROCEED },
		{ { .if_match = "\"x\"", .if_unmodified_since = AFTER },
		    FAILED },
	};

	(void)state;
	CHECK(rows);
}

static void if_none_match(void **state)
{
	static const struct row rows[] = {
		{ { .if_none_match = "*" }, NOT_MODIFIED },
		{ { .if_none_match = TAG }, NOT_MODIFIED },
		{ { .if_none_match = "\"x\",\"y\"," TAG }, NOT_MODIFIED },
		/* Weak comparison: caches weaken tags. */
		{ { .if_none_match = "W/" TAG }, NOT_MODIFIED },
		{ { .if_none_match = "w/" TAG }, PROCEED },
		{ { .if_none_match = "\"x\"" }, PROCEED },
		{ { .if_none_match = "\"a-bc\"" }, PROCEED },
		{ { .if_none_match = "" }, PROCEED },
		{ { .if_none_match = "a-b" }, PROCEED },
	};

	(void)state;
	CHECK(rows);
}

static void if_modified_since(void **state)
{
	static const struct row rows[] = {
		{ { .if_modified_since = SAME }, NOT_MODIFIED },
		{ { .if_modified_since = AFTER }, NOT_MODIFIED },
		{ { .if_modified_since = BEFORE }, PROCEED },
		{ { .if_modified_since = "yesterday" }, PROCEED },
		{ { .if_modified_since = "" }, PROCEED },
		/* If-None-Match takes its place. */
		{ { .if_none_match = "\"x\"", .if_modified_since = SAME },
		    PROCEED },
		{ { .if_none_match = TAG, .if_modified_since = BEFORE },
		    NOT_MODIFIED },
	};

	(void)state;
	CHECK(rows);
}

/* 13.2.2: what the client expects comes before what it knows. */
static void order(void **state)
{
	static const struct row rows[] = {
		{ { .if_match = "\"x\"", .if_none_match = TAG }, FAILED },
		{ { .if_match = TAG, .if_none_match = TAG }, NOT_MODIFIED },
		{ { .if_match = TAG, .if_none_match = "\"x\"" }, PROCEED },
		{ { .if_unmodified_since = BEFORE, .if_modified_since = SAME },
		    FAILED },
		{ { .if_unmodified_since = SAME, .if_modified_since = SAME },
		    NOT_MODIFIED },
	};

	(void)state;
	CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(if_match),
		cmocka_unit_test(if_unmodified_since),
		cmocka_unit_test(if_none_match),
		cmocka_unit_test(if_modified_since),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests_name("precondition", tests, NULL, NULL);
}
