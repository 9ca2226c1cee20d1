/* SPDX-License-Identifier: MIT */
/* Unit tests of common/chunk_pool. */
#include "config.h"

#include "common/chunk_pool.h"

#include <stdint.h>
#include <string.h>

#include "common/container_of.h"
#include "tests/unit/support/unit.h"

#define SIZE 8192

/* Somebody who waits, and in which turn he got what. */
struct guest {
	struct chunk_waiter waiter;
	void *buffer;
	int turn;
};

static int turns;

static void on_ready(struct chunk_waiter *waiter, void *buffer)
{
	struct guest *guest = container_of(waiter, struct guest, waiter);

	assert_null(guest->buffer);
	assert_false(waiter->is_waiting);
	guest->buffer = buffer;
	guest->turn = ++turns;
}

static struct guest new_guest(void)
{
	turns = 0;
	return (struct guest){ .waiter.ready = on_ready };
}

static struct chunk_pool *new_pool(size_t buffers)
{
	struct chunk_pool *pool = chunk_pool_new(SIZE, buffers * SIZE);

	assert_non_null(pool);
	return pool;
}

/* Borrows `count` buffers, which must all be had, and writes to them. */
static void get_all(struct chunk_pool *pool, void **buffers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffers[i] = chunk_pool_get(pool);
		assert_non_null(buffers[i]);
		memset(buffers[i], (int)i, chunk_pool_buffer_size(pool));
	}
}

static void put_all(struct chunk_pool *pool, void **buffers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		chunk_pool_put(pool, buffers[i]);
}

/* --- the budget --------------------------------------------------------- */

static void lends_as_much_as_the_budget(void **state)
{
	static const struct {
		size_t budget, buffers;
	} cases[] = {
		{ 4 * SIZE, 4 },
		{ 4 * SIZE + 1, 4 },
		{ 5 * SIZE - 1, 4 },
		{ SIZE, 1 },
		/* Below one buffer means one. */
		{ SIZE - 1, 1 },
		{ 1, 1 },
		{ 0, 1 },
	};
	void *buffers[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct chunk_pool *pool = chunk_pool_new(SIZE, cases[i].budget);

		assert_non_null(pool);
		assert_int_equal(chunk_pool_buffer_size(pool), SIZE);
		assert_int_equal(chunk_pool_borrowed(pool), 0);
		get_all(pool, buffers, cases[i].buffers);
		assert_int_equal(chunk_pool_borrowed(pool), cases[i].buffers);
		assert_null(chunk_pool_get(pool));
		assert_int_equal(chunk_pool_borrowed(pool), cases[i].buffers);
		put_all(pool, buffers, cases[i].buffers);
		assert_int_equal(chunk_pool_borrowed(pool), 0);
		chunk_pool_free(pool);
	}
}

static void lends_distinct_aligned_buffers(void **state)
{
	static const size_t sizes[] = { CHUNK_POOL_ALIGNMENT, 16 << 10,
		5 * CHUNK_POOL_ALIGNMENT, 1 << 20 };
	void *buffers[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		struct chunk_pool *pool =
		    chunk_pool_new(sizes[i], 4 * sizes[i]);

		assert_non_null(pool);
		get_all(pool, buffers, 4);
		for (size_t j = 0; j < 4; j++) {
			const unsigned char *bytes = buffers[j];

			assert_int_equal(
			    (uintptr_t)bytes % CHUNK_POOL_ALIGNMENT, 0);
			assert_int_equal(bytes[0], j);
			assert_int_equal(bytes[sizes[i] - 1], j);
		}
		put_all(pool, buffers, 4);
		chunk_pool_free(pool);
	}
}

/* The buffer used last is still in the processor's cache. */
static void lends_the_last_one_first(void **state)
{
	struct chunk_pool *pool = new_pool(3);
	void *buffers[3];

	(void)state;
	get_all(pool, buffers, 3);
	put_all(pool, buffers, 3);
	assert_ptr_equal(chunk_pool_get(pool), buffers[2]);
	assert_ptr_equal(chunk_pool_get(pool), buffers[1]);
	assert_ptr_equal(chunk_pool_get(pool), buffers[0]);
	assert_null(chunk_pool_get(pool));
	put_all(pool, buffers, 3);
	chunk_pool_free(pool);
}

static void trims_what_is_free(void **state)
{
	struct chunk_pool *pool = new_pool(4);
	void *buffers[4];

	(void)state;
	chunk_pool_trim(pool, 0);
	get_all(pool, buffers, 4);
	chunk_pool_trim(pool, 0);
	assert_int_equal(chunk_pool_borrowed(pool), 4);
	put_all(pool, buffers, 3);
	chunk_pool_trim(pool, 5);
	chunk_pool_trim(pool, 3);
	chunk_pool_trim(pool, 1);
	/* The one that is kept is the first to go out. */
	assert_ptr_equal(chunk_pool_get(pool), buffers[0]);
	chunk_pool_put(pool, buffers[0]);
	chunk_pool_trim(pool, 0);
	assert_int_equal(chunk_pool_borrowed(pool), 1);
	/* What was given back to the system is within the budget again. */
	get_all(pool, buffers, 3);
	assert_null(chunk_pool_get(pool));
	put_all(pool, buffers, 4);
	chunk_pool_free(pool);
}

/* --- waiting ------------------------------------------------------------ */

static void serves_in_the_order_of_coming(void **state)
{
	struct chunk_pool *pool = new_pool(2);
	struct guest guests[3];
	void *buffers[2];

	(void)state;
	get_all(pool, buffers, 2);
	for (size_t i = 0; i < 3; i++) {
		guests[i] = new_guest();
		chunk_pool_wait(pool, &guests[i].waiter);
		assert_true(guests[i].waiter.is_waiting);
	}
	chunk_pool_put(pool, buffers[1]);
	assert_ptr_equal(guests[0].buffer, buffers[1]);
	assert_null(guests[1].buffer);
	chunk_pool_put(pool, buffers[0]);
	assert_ptr_equal(guests[1].buffer, buffers[0]);
	assert_null(guests[2].buffer);
	assert_int_equal(chunk_pool_borrowed(pool), 2);
	chunk_pool_put(pool, guests[0].buffer);
	assert_ptr_equal(guests[2].buffer, buffers[1]);
	assert_int_equal(guests[0].turn, 1);
	assert_int_equal(guests[1].turn, 2);
	assert_int_equal(guests[2].turn, 3);
	chunk_pool_put(pool, guests[1].buffer);
	chunk_pool_put(pool, guests[2].buffer);
	assert_int_equal(chunk_pool_borrowed(pool), 0);
	chunk_pool_free(pool);
}

/* Nobody gets a buffer while others wait, even one not yet allocated. */
static void lets_no_newcomer_overtake(void **state)
{
	struct chunk_pool *pool = new_pool(2);
	struct guest guest = new_guest();
	void *buffer = chunk_pool_get(pool);

	(void)state;
	assert_non_null(buffer);
	chunk_pool_wait(pool, &guest.waiter);
	assert_null(chunk_pool_get(pool));
	chunk_pool_put(pool, buffer);
	assert_ptr_equal(guest.buffer, buffer);
	/* Not even one that lies there */
	chunk_pool_put(pool, guest.buffer);
	guest.buffer = NULL;
	chunk_pool_wait(pool, &guest.waiter);
	assert_null(chunk_pool_get(pool));
	chunk_pool_unwait(pool, &guest.waiter);
	guest.buffer = chunk_pool_get(pool);
	/* Nobody waits any more. */
	buffer = chunk_pool_get(pool);
	assert_non_null(buffer);
	chunk_pool_put(pool, buffer);
	chunk_pool_put(pool, guest.buffer);
	chunk_pool_free(pool);
}

static void lets_a_waiter_leave(void **state)
{
	struct chunk_pool *pool = new_pool(1);
	struct guest guests[3];
	void *buffer = chunk_pool_get(pool);

	(void)state;
	assert_non_null(buffer);
	for (size_t i = 0; i < 3; i++) {
		guests[i] = new_guest();
		chunk_pool_wait(pool, &guests[i].waiter);
	}
	chunk_pool_unwait(pool, &guests[0].waiter);
	assert_false(guests[0].waiter.is_waiting);
	chunk_pool_unwait(pool, &guests[0].waiter);
	chunk_pool_unwait(pool, &guests[2].waiter);
	/* Who comes again stands at the end. */
	chunk_pool_wait(pool, &guests[0].waiter);
	chunk_pool_put(pool, buffer);
	assert_ptr_equal(guests[1].buffer, buffer);
	chunk_pool_put(pool, buffer);
	assert_ptr_equal(guests[0].buffer, buffer);
	assert_null(guests[2].buffer);
	chunk_pool_put(pool, buffer);
	assert_int_equal(chunk_pool_borrowed(pool), 0);
	chunk_pool_free(pool);
}

static void unwait_is_harmless_when_not_waiting(void **state)
{
	struct chunk_pool *pool = new_pool(1);
	struct chunk_waiter zeroed = { 0 };

	(void)state;
	chunk_pool_unwait(pool, &zeroed);
	assert_false(zeroed.is_waiting);
	chunk_pool_free(pool);
}

/* --- when it is short --------------------------------------------------- */

/* Gives up to one of its buffers back, as a stream that read ahead does. */
struct helper {
	struct chunk_pool *pool;
	void *buffer; /* NULL: has none */
	int calls;
	int in_vain; /* gives up so often what others have as well */
};

static bool help(void *context)
{
	struct helper *helper = context;
	void *buffer = helper->buffer;

	helper->calls++;
	if (helper->in_vain > 0) {
		helper->in_vain--;
		return true;
	}
	helper->buffer = NULL;
	if (buffer)
		chunk_pool_put(helper->pool, buffer);
	return buffer != NULL;
}

static void asks_for_help_when_short(void **state)
{
	struct chunk_pool *pool = new_pool(2);
	struct helper helper = { .pool = pool };
	void *held, *buffer;

	(void)state;
	chunk_pool_on_short(pool, help, &helper);
	held = chunk_pool_get(pool);
	helper.buffer = chunk_pool_get(pool);
	assert_non_null(helper.buffer);
	assert_int_equal(helper.calls, 0);
	/* One comes back, and is lent at once. */
	buffer = chunk_pool_get(pool);
	assert_non_null(buffer);
	assert_int_equal(helper.calls, 1);
	assert_int_equal(chunk_pool_borrowed(pool), 2);
	/* None comes back. */
	assert_null(chunk_pool_get(pool));
	assert_int_equal(helper.calls, 2);
	assert_int_equal(chunk_pool_borrowed(pool), 2);
	chunk_pool_put(pool, buffer);
	/* There is one. */
	buffer = chunk_pool_get(pool);
	assert_int_equal(helper.calls, 2);
	chunk_pool_put(pool, buffer);
	chunk_pool_put(pool, held);
	chunk_pool_free(pool);
}

/* What was given up may be shared: then the next one is asked. */
static void asks_until_a_buffer_comes(void **state)
{
	struct chunk_pool *pool = new_pool(1);
	struct helper helper = { .pool = pool, .in_vain = 3 };

	(void)state;
	chunk_pool_on_short(pool, help, &helper);
	helper.buffer = chunk_pool_get(pool);
	chunk_pool_put(pool, chunk_pool_get(pool));
	assert_int_equal(helper.calls, 4);
	chunk_pool_free(pool);
}

static void help_goes_to_a_waiter(void **state)
{
	struct chunk_pool *pool = new_pool(1);
	struct helper helper = { .pool = pool };
	struct guest guest = new_guest();

	(void)state;
	helper.buffer = chunk_pool_get(pool);
	assert_non_null(helper.buffer);
	chunk_pool_wait(pool, &guest.waiter);
	chunk_pool_on_short(pool, help, &helper);
	/* The newcomer makes it come back, but not for himself. */
	assert_null(chunk_pool_get(pool));
	assert_int_equal(helper.calls, 1);
	assert_non_null(guest.buffer);
	assert_int_equal(chunk_pool_borrowed(pool), 1);
	chunk_pool_put(pool, guest.buffer);
	chunk_pool_free(pool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lends_as_much_as_the_budget),
		cmocka_unit_test(lends_distinct_aligned_buffers),
		cmocka_unit_test(lends_the_last_one_first),
		cmocka_unit_test(trims_what_is_free),
		cmocka_unit_test(serves_in_the_order_of_coming),
		cmocka_unit_test(lets_no_newcomer_overtake),
		cmocka_unit_test(lets_a_waiter_leave),
		cmocka_unit_test(unwait_is_harmless_when_not_waiting),
		cmocka_unit_test(asks_for_help_when_short),
		cmocka_unit_test(asks_until_a_buffer_comes),
		cmocka_unit_test(help_goes_to_a_waiter),
	};

	return cmocka_run_group_tests_name("chunk_pool", tests, NULL, NULL);
}
