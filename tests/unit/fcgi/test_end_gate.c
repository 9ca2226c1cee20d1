/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/fcgi/end_gate.h"

#include "common/container_of.h"
#include "tests/unit/support/unit.h"

struct fixture {
	struct end_gate gate;
	unsigned int held;
};

static void on_held(struct end_gate *gate)
{
	container_of(gate, struct fixture, gate)->held++;
}

static void is_open_at_first(void **state)
{
	struct fixture f = { .held = 0 };

	(void)state;
	end_gate_init(&f.gate, on_held);
	assert_true(end_gate_is_open(&f.gate));
	assert_int_equal(f.held, 0);
}

static const struct {
	bool is_body_pending;
	bool ends;        /* the end comes to a shut gate, */
	bool comes_again; /* and once more */
	bool opens;
	/* What comes of it. */
	bool is_open;
	unsigned int held;
} cases[] = {
	{ false, false, false, false, true, 0 },
	{ false, false, false, true, true, 0 },
	{ true, false, false, false, false, 0 },
	{ true, false, false, true, true, 0 },
	{ true, true, false, false, false, 1 },
	{ true, true, true, false, false, 1 },
	{ true, true, false, true, true, 1 },
	{ true, true, true, true, true, 1 },
};

static void run_case(struct fixture *f, size_t row)
{
	f->held = 0;
	end_gate_begin(&f->gate, cases[row].is_body_pending);
	if (cases[row].ends)
		end_gate_hold(&f->gate);
	if (cases[row].comes_again)
		end_gate_hold(&f->gate);
	if (cases[row].opens)
		end_gate_open(&f->gate);
	assert_int_equal(end_gate_is_open(&f->gate), cases[row].is_open);
	assert_int_equal(f->held, cases[row].held);
}

/* One gate for all answers of a connection, each after any other. */
static void holds_an_end_while_the_body_is_pending(void **state)
{
	const size_t n = ARRAY_LENGTH(cases);
	struct fixture f;

	(void)state;
	end_gate_init(&f.gate, on_held);
	for (size_t i = 0; i < n * n; i++) {
		run_case(&f, i / n);
		run_case(&f, i % n);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_open_at_first),
		cmocka_unit_test(holds_an_end_while_the_body_is_pending),
	};

	return cmocka_run_group_tests_name("end_gate", tests, NULL, NULL);
}
