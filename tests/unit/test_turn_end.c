/* SPDX-License-Identifier: MIT */
/* Unit tests of common/turn_end. */
#include "config.h"
#include "common/turn_end.h"

#include <string.h>

#include "common/container_of.h"
#include "tests/unit/support/unit.h"

struct thing {
	struct turn_end end;
	char name;
	struct thing *next;   /* to be added when it ends */
	struct thing *cancel; /* to be removed then */
};

static struct turn_ends ends;
static char ended[16];
static unsigned int firsts;

static void on_first(void *context)
{
	assert_ptr_equal(context, ended);
	firsts++;
}

static void on_end(struct turn_end *end)
{
	struct thing *thing = container_of(end, struct thing, end);

	assert_false(end->is_queued);
	strncat(ended, &thing->name, 1);
	if (thing->next)
		turn_ends_add(&ends, &thing->next->end, on_end);
	if (thing->cancel)
		turn_ends_remove(&ends, &thing->cancel->end);
}

static int setup(void **state)
{
	(void)state;
	turn_ends_init(&ends);
	ends.on_first = on_first;
	ends.context = ended;
	memset(ended, 0, sizeof(ended));
	firsts = 0;
	return 0;
}

static void they_end_once_in_their_order(void **state)
{
	struct thing a = { .name = 'a' }, b = { .name = 'b' };

	(void)state;
	turn_ends_run(&ends);
	turn_ends_add(&ends, &a.end, on_end);
	turn_ends_add(&ends, &b.end, on_end);
	turn_ends_add(&ends, &a.end, on_end);
	assert_int_equal(firsts, 1);
	assert_string_equal(ended, "");
	turn_ends_run(&ends);
	turn_ends_run(&ends);
	assert_string_equal(ended, "ab");
	turn_ends_add(&ends, &b.end, on_end);
	turn_ends_run(&ends);
	assert_string_equal(ended, "abb");
	assert_int_equal(firsts, 2);
}

static void one_that_is_removed_does_not_end(void **state)
{
	struct thing a = { .name = 'a' }, b = { .name = 'b' };

	(void)state;
	turn_ends_remove(&ends, &a.end);
	turn_ends_add(&ends, &a.end, on_end);
	turn_ends_add(&ends, &b.end, on_end);
	turn_ends_remove(&ends, &a.end);
	turn_ends_run(&ends);
	assert_string_equal(ended, "b");
}

/* As a request does that ends with its handle, or closes a connection. */
static void an_end_may_add_and_remove_others(void **state)
{
	struct thing c = { .name = 'c' }, b = { .name = 'b' };
	struct thing a = { .name = 'a', .next = &c, .cancel = &b };

	(void)state;
	turn_ends_add(&ends, &a.end, on_end);
	turn_ends_add(&ends, &b.end, on_end);
	turn_ends_run(&ends);
	assert_string_equal(ended, "ac");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(they_end_once_in_their_order, setup),
		cmocka_unit_test_setup(one_that_is_removed_does_not_end, setup),
		cmocka_unit_test_setup(an_end_may_add_and_remove_others, setup),
	};

	return cmocka_run_group_tests_name("turn_end", tests, NULL, NULL);
}
