/* SPDX-License-Identifier: MIT */
/*
 * Sets of ranges at random against fcgi_app/policy/byte_range, which must find
 * what marking byte after byte finds.
 */
#include "config.h"

#include "fcgi_app/policy/byte_range.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define SIZE 60
#define SPECS 8

struct question {
	char field[256];
	unsigned int sum;
	/* By which range, counted from 1, a byte is asked for first; 0: none */
	unsigned int by[SIZE + 1];
};

/* Few bytes, so that the ranges often meet. */
static void ask(struct question *q, uint64_t *random)
{
	size_t used = (size_t)sprintf(q->field, "bytes=");

	memset(q->by, 0, sizeof(q->by));
	q->sum = 0;
	for (unsigned int i = 1; i <= SPECS; i++) {
		unsigned int first, last;

		*random = *random * UINT64_C(6364136223846793005) + 12345;
		first = (unsigned int)(*random >> 33) % (SIZE + 5);
		last = first + (unsigned int)(*random >> 50) % 12;
		used += (size_t)sprintf(q->field + used, "%u-%u,", first, last);
		for (; first <= last && first < SIZE; first++) {
			q->sum++;
			if (!q->by[first])
				q->by[first] = i;
		}
	}
}

/* Whether the part is all of a run of bytes; whose it was first. */
static bool is_run(const struct question *q, const struct byte_range *part,
    unsigned int *ret_asker)
{
	*ret_asker = SPECS + 1;
	if (part->first > 0 && q->by[part->first - 1])
		return false;
	for (uint64_t i = 0; i < part->length; i++) {
		unsigned int by = q->by[part->first + i];

		if (!by)
			return false;
		if (by < *ret_asker)
			*ret_asker = by;
	}
	return !q->by[part->first + part->length];
}

static size_t count_runs(const struct question *q)
{
	size_t runs = 0;

	for (size_t i = 0; i < SIZE; i++)
		if (q->by[i] && !q->by[i + 1])
			runs++;
	return runs;
}

static void check(const struct question *q)
{
	struct byte_range_set set;
	unsigned int last = 0;

	if (q->sum > SIZE) {
		assert_int_equal(
		    byte_range_parse(q->field, SIZE, &set), BYTE_RANGE_IGNORED);
		return;
	}
	if (q->sum == 0) {
		assert_int_equal(byte_range_parse(q->field, SIZE, &set),
		    BYTE_RANGE_UNSATISFIABLE);
		return;
	}
	assert_int_equal(
	    byte_range_parse(q->field, SIZE, &set), BYTE_RANGE_SATISFIABLE);
	assert_int_equal(set.count, count_runs(q));
	for (size_t i = 0; i < set.count; i++) {
		unsigned int asker;

		if (!is_run(q, &set.parts[i], &asker) || asker <= last)
			fail_msg("part %zu of \"%s\"", i, q->field);
		last = asker;
	}
}

static void sets_at_random(void **state)
{
	uint64_t random = 1;
	struct question q;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		ask(&q, &random);
		check(&q);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_at_random),
	};

	return cmocka_run_group_tests_name(
	    "byte_range_sets", tests, NULL, NULL);
}
