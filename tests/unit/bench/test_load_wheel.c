/* SPDX-License-Identifier: MIT */
/* Unit tests of bench/load/load_wheel. */
#include "config.h"

#include "bench/load/load_wheel.h"

#include "common/container_of.h"
#include "tests/unit/support/unit.h"

/* Any time, not at a millisecond's beginning. */
#define START_US UINT64_C(7000123)

struct item {
	struct load_timer timer;
	unsigned int fired;
	uint64_t again_us; /* armed again this much later, unless 0 */
};

static struct load_wheel wheel;

static void fire(struct load_timer *timer, uint64_t now_us)
{
	struct item *item = container_of(timer, struct item, timer);

	assert_true(now_us >= timer->due_us);
	item->fired++;
	if (item->again_us)
		load_wheel_add(&wheel, timer, timer->due_us + item->again_us);
}

/* A timer fires once, and at most a millisecond and a step late. */
static void test_fires_in_time(void **state)
{
	static const uint64_t delays[] = { 0, 1, 876, 877, 999, 1000, 5500,
		1022000, 1023000, 1024000, 1025000, 5000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(delays); i++) {
		struct item item = { .fired = 0 };
		uint64_t due = START_US + delays[i];
		uint64_t now = START_US;

		load_wheel_init(&wheel, START_US);
		load_wheel_add(&wheel, &item.timer, due);
		for (; item.fired == 0; now += 250) {
			assert_true(now <= due + 1250);
			load_wheel_advance(&wheel, now, fire);
		}
		load_wheel_advance(&wheel, now + 10000000, fire);
		assert_int_equal(item.fired, 1);
		assert_int_equal(wheel.count, 0);
	}
}

static void test_long_pause(void **state)
{
	struct item items[] = { { .fired = 0 }, { .fired = 0 } };

	(void)state;
	load_wheel_init(&wheel, START_US);
	load_wheel_add(&wheel, &items[0].timer, START_US + 2000);
	load_wheel_add(&wheel, &items[1].timer, START_US + 1500000);
	load_wheel_advance(&wheel, START_US + 1499000, fire);
	assert_int_equal(items[0].fired, 1);
	assert_int_equal(items[1].fired, 0);
	load_wheel_advance(&wheel, START_US + 60000000, fire);
	assert_int_equal(items[1].fired, 1);
}

/* One that is armed again by its own firing waits for its next time. */
static void test_again(void **state)
{
	struct item item = { .again_us = 10000 };

	(void)state;
	load_wheel_init(&wheel, START_US);
	load_wheel_add(&wheel, &item.timer, START_US);
	for (uint64_t now = START_US; now < START_US + 1000000; now += 500)
		load_wheel_advance(&wheel, now, fire);
	assert_in_range(item.fired, 99, 100);
}

static void test_wait(void **state)
{
	struct item item = { .fired = 0 };
	uint64_t now = START_US;

	(void)state;
	load_wheel_init(&wheel, now);
	assert_int_equal(load_wheel_wait(&wheel, now, 50), 50);
	load_wheel_add(&wheel, &item.timer, now + 20000);
	load_wheel_advance(&wheel, now, fire);
	assert_in_range(load_wheel_wait(&wheel, now, 50), 20, 21);
	assert_int_equal(load_wheel_wait(&wheel, now, 5), 5);
	/* Its time has passed, though nobody has looked. */
	assert_int_equal(load_wheel_wait(&wheel, now + 30000, 50), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fires_in_time),
		cmocka_unit_test(test_long_pause),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
