/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_hub. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_hub.h"

#include "common/container_of.h"
#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/unit.h"

struct client {
	struct follow_waiter waiter;
	unsigned int woken;
	struct client *victim; /* leaves when this one is woken */
};

static void on_wake(struct follow_waiter *waiter)
{
	struct client *client = container_of(waiter, struct client, waiter);

	assert_null(waiter->list);
	client->woken++;
	if (client->victim)
		follow_waiter_leave(&client->victim->waiter);
}

static unsigned int count_woken(const struct client *clients, size_t count)
{
	unsigned int woken = 0;

	for (size_t i = 0; i < count; i++)
		woken += clients[i].woken;
	return woken;
}

static void all_on_a_list_are_woken_in_portions(void **state)
{
	struct follow_fixture *f = *state;
	struct client clients[2 * FOLLOW_WAKE_MAX + 1] = { 0 };
	const size_t count = ARRAY_LENGTH(clients);
	struct follow_waiters list = TAILQ_HEAD_INITIALIZER(list);

	for (size_t i = 0; i < count; i++) {
		clients[i].waiter.wake = on_wake;
		follow_waiter_join(&clients[i].waiter, &list);
		follow_waiter_join(&clients[i].waiter, &list);
	}
	follow_hub_wake_all(f->hub, &list);
	assert_true(TAILQ_EMPTY(&list));
	assert_int_equal(count_woken(clients, count), 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(count_woken(clients, count), FOLLOW_WAKE_MAX);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(count_woken(clients, count), count);
	assert_false(uv_is_active((uv_handle_t *)&f->hub->idle));
}

static void whoever_leaves_is_not_woken(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_waiters list = TAILQ_HEAD_INITIALIZER(list);
	struct client clients[3] = { 0 };

	for (size_t i = 0; i < 3; i++) {
		clients[i].waiter.wake = on_wake;
		follow_waiter_join(&clients[i].waiter, &list);
	}
	clients[1].victim = &clients[2];
	follow_waiter_leave(&clients[0].waiter);
	follow_waiter_leave(&clients[0].waiter);
	follow_hub_wake_all(f->hub, &list);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(clients[0].woken, 0);
	assert_int_equal(clients[1].woken, 1);
	assert_int_equal(clients[2].woken, 0);
}

struct thing {
	struct follow_look look;
	unsigned int looked;
};

static void on_look(struct follow_look *look)
{
	struct thing *thing = container_of(look, struct thing, look);

	assert_false(look->is_due);
	thing->looked++;
}

static void what_changed_is_looked_at_once(void **state)
{
	struct follow_fixture *f = *state;
	struct thing things[2] = { { { .look = on_look }, 0 },
		{ { .look = on_look }, 0 } };

	follow_hub_changed(f->hub, &things[0].look);
	follow_hub_changed(f->hub, &things[0].look);
	follow_hub_changed(f->hub, &things[1].look);
	follow_hub_forget(f->hub, &things[1].look);
	follow_hub_forget(f->hub, &things[1].look);
	assert_int_equal(things[0].looked, 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(things[0].looked, 1);
	assert_int_equal(things[1].looked, 0);
	assert_false(uv_is_active((uv_handle_t *)&f->hub->idle));
	follow_hub_changed(f->hub, &things[0].look);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(things[0].looked, 2);
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(all_on_a_list_are_woken_in_portions),
		WITH_FIXTURE(whoever_leaves_is_not_woken),
		WITH_FIXTURE(what_changed_is_looked_at_once),
	};

	return cmocka_run_group_tests_name("follow_hub", tests, NULL, NULL);
}
