/* SPDX-License-Identifier: MIT */
/* The pacer, on a clock of the test's own. */
#include "config.h"
#include "common/stream/pacer.h"

#include "tests/unit/support/unit.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define DAY (86400 * SECOND)
/* The clock has no particular begin. */
#define BEGIN (UINT64_C(77) * DAY + 12345)

/* A transfer from its first byte to its last. */
struct transfer {
	struct pacer_plan plan;
	uint64_t length;
	uint64_t late_ns; /* each wake-up comes so late */
	uint64_t chunk;   /* taken at a time, at most; 0: all */
	uint64_t took_ns; /* how long it took */
	uint64_t wake_ups;
	uint64_t first; /* bytes that left before the first */
	uint64_t most;  /* bytes in one */
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What may leave at one moment. */
static uint64_t take_all(
    struct pacer *pacer, const struct transfer *t, uint64_t now, uint64_t left)
{
	uint64_t taken = 0;
	uint64_t n;

	while (
	    left > taken && (n = pacer_allow(pacer, now, left - taken)) > 0) {
		n = smaller(n, left - taken);
		if (t->chunk)
			n = smaller(n, t->chunk);
		pacer_take(pacer, now, n);
		taken += n;
	}
	return taken;
}

static void run(struct transfer *t)
{
	uint64_t now = BEGIN;
	uint64_t left = t->length;
	struct pacer pacer;

	pacer_init(&pacer, &t->plan);
	t->first = take_all(&pacer, t, now, left);
	left -= t->first;
	while (left > 0) {
		uint64_t wait = pacer_wait(&pacer, now, left);
		uint64_t taken;

		assert_true(wait > 0);
		/* Not a moment too early. */
		assert_int_equal(pacer_allow(&pacer, now + wait - 1, left), 0);
		now += wait + t->late_ns;
		taken = take_all(&pacer, t, now, left);
		assert_true(taken > 0);
		left -= taken;
		t->wake_ups++;
		t->most = taken > t->most ? taken : t->most;
	}
	t->took_ns = now - BEGIN;
}

/* What it should take, but for the first bytes. */
static uint64_t ideal_ns(const struct transfer *t)
{
	unsigned __int128 bytes = t->length - t->first;

	return (uint64_t)(bytes * SECOND / t->plan.rate);
}

/* It never takes less, and at most `late` more. */
static void check_time(const struct transfer *t, uint64_t late_ns)
{
	assert_in_range(t->took_ns, ideal_ns(t), ideal_ns(t) + late_ns + 1);
}

static const struct {
	uint64_t rate;
	uint64_t seconds;
	uint64_t first;    /* bytes at once, with no burst */
	uint64_t wake_ups; /* in a second, at most */
} paces[] = {
	{ 1, 100, 1, 1 },
	{ 7, 100, 1, 7 },
	{ 8, 100, 1, 8 },
	{ 1000, 100, 31, 8 },
	{ 8 * KIB, 100, 256, 8 },
	{ 64 * KIB, 100, 2 * KIB, 8 },
	{ 512 * KIB, 100, 16 * KIB, 8 },
	{ MIB, 100, 16 * KIB, 16 },
	{ 10 * MIB, 100, 16 * KIB, 160 },
	{ 100 * MIB, 10, 128 * KIB, 200 },
	{ 100 * GIB, 10, 128 * MIB, 200 },
	{ PACER_RATE_MAX, 10, (PACER_RATE_MAX / 200) / 4, 201 },
};

static void keeps_the_rate(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(paces); i++) {
		struct transfer t = {
			.plan = { paces[i].rate, 0 },
			.length = paces[i].rate * paces[i].seconds,
		};

		run(&t);
		check_time(&t, 0);
		assert_int_equal(t.first, paces[i].first);
		assert_true(t.took_ns > 98 * paces[i].seconds * SECOND / 100);
		assert_true(
		    t.wake_ups <= paces[i].wake_ups * paces[i].seconds + 1);
	}
}

/* Late wake-ups do not add up: only the last one counts. */
static void does_not_drift(void **state)
{
	static const uint64_t late[] = { 1, MS, 10 * MS, 100 * MS };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(paces); i++) {
		for (size_t k = 0; k < ARRAY_LENGTH(late); k++) {
			struct transfer t = {
				.plan = { paces[i].rate, 0 },
				.length = paces[i].rate * paces[i].seconds,
				.late_ns = late[k],
			};

			run(&t);
			check_time(&t, late[k]);
		}
	}
}

/* A client that takes a piece bit by bit gets no more and no less. */
static void pieces_leave_in_chunks(void **state)
{
	static const uint64_t chunks[] = { 1, 999, 64 * KIB, 256 * KIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(chunks); i++) {
		struct transfer t = {
			.plan = { 10 * MIB, 0 },
			.length = 10 * MIB,
			.chunk = chunks[i],
		};

		run(&t);
		check_time(&t, 0);
		assert_true(t.wake_ups <= 161);
	}
}

static void the_burst_comes_first(void **state)
{
	static const struct {
		uint64_t burst;
		uint64_t first;
	} cases[] = {
		{ 1, 256 },
		{ 255, 256 },
		{ 257, 257 },
		{ 100 * KIB, 100 * KIB },
		{ 5 * GIB, 5 * GIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct transfer t = {
			.plan = { 8 * KIB, cases[i].burst },
			.length = cases[i].first + 80 * KIB,
		};

		run(&t);
		assert_int_equal(t.first, cases[i].first);
		assert_int_equal(t.took_ns, 10 * SECOND);
	}
}

/* The clock starts when the burst has left, not before. */
static void a_slow_burst_saves_nothing(void **state)
{
	const struct pacer_plan plan = { 8 * KIB, 1000 };
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, &plan);
	assert_int_equal(pacer_allow(&pacer, BEGIN, GIB), 1000);
	pacer_take(&pacer, BEGIN, 600);
	assert_int_equal(pacer_allow(&pacer, BEGIN + DAY, GIB), 400);
	pacer_take(&pacer, BEGIN + DAY, 400);
	assert_int_equal(pacer_allow(&pacer, BEGIN + DAY, GIB), 0);
	assert_int_equal(pacer_wait(&pacer, BEGIN + DAY, GIB), 125 * MS);
}

static void what_the_burst_covers_never_waits(void **state)
{
	struct transfer t = {
		.plan = { 1, UINT64_MAX },
		.length = UINT64_MAX - 1,
	};

	(void)state;
	run(&t);
	assert_int_equal(t.took_ns, 0);
}

/* The last bytes do not wait for a whole piece. */
static void the_rest_leaves_in_time(void **state)
{
	const struct pacer_plan plan = { 1000, 0 };
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, &plan);
	pacer_take(&pacer, BEGIN, pacer_allow(&pacer, BEGIN, 34));
	assert_int_equal(pacer_wait(&pacer, BEGIN, 3), 3 * MS);
	assert_int_equal(pacer_allow(&pacer, BEGIN + 3 * MS - 1, 3), 0);
	assert_true(pacer_allow(&pacer, BEGIN + 3 * MS, 3) >= 3);
}

/* A quarter of a second's worth, however long it was; then it goes on. */
static void a_stall_is_caught_up_on_a_little(void **state)
{
	static const uint64_t stalls[] = { 60 * SECOND, DAY, 1000 * DAY };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(paces); i++) {
		for (size_t k = 0; k < ARRAY_LENGTH(stalls); k++) {
			const struct pacer_plan plan = { paces[i].rate, 0 };
			const struct transfer all = { .length = 0 };
			uint64_t now = BEGIN;
			struct pacer pacer;
			uint64_t taken;

			pacer_init(&pacer, &plan);
			take_all(&pacer, &all, now, UINT64_MAX);
			now += stalls[k];
			taken = take_all(&pacer, &all, now, UINT64_MAX);
			assert_in_range(taken, 1,
			    paces[i].rate / 4 > 2 ? paces[i].rate / 4 : 2);
			now += SECOND;
			assert_in_range(take_all(&pacer, &all, now, UINT64_MAX),
			    1, paces[i].rate / 4 > 2 ? paces[i].rate / 4 : 2);
		}
	}
}

/* Weeks of it, at any rate, are no matter of how large a number gets. */
static void goes_on_for_long(void **state)
{
	static const uint64_t days[] = { 1, 30, 150 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(paces); i++) {
		for (size_t k = 0; k < ARRAY_LENGTH(days); k++) {
			const struct pacer_plan plan = { paces[i].rate, 0 };
			uint64_t now = BEGIN + days[k] * DAY;
			struct pacer pacer;
			uint64_t wait;

			pacer_init(&pacer, &plan);
			pacer_take(&pacer, BEGIN, pacer.free);
			pacer.sent = paces[i].rate * 86400 * days[k];
			assert_int_equal(pacer_allow(&pacer, now, 1), 0);
			wait = pacer_wait(&pacer, now, UINT64_MAX);
			assert_in_range(wait, 1, SECOND);
			assert_int_equal(
			    pacer_allow(&pacer, now + wait - 1, UINT64_MAX), 0);
			assert_int_equal(
			    pacer_allow(&pacer, now + wait, UINT64_MAX),
			    paces[i].rate * wait / SECOND);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_rate),
		cmocka_unit_test(does_not_drift),
		cmocka_unit_test(pieces_leave_in_chunks),
		cmocka_unit_test(the_burst_comes_first),
		cmocka_unit_test(a_slow_burst_saves_nothing),
		cmocka_unit_test(what_the_burst_covers_never_waits),
		cmocka_unit_test(the_rest_leaves_in_time),
		cmocka_unit_test(a_stall_is_caught_up_on_a_little),
		cmocka_unit_test(goes_on_for_long),
	};

	return cmocka_run_group_tests_name("pacer", tests, NULL, NULL);
}
