/* SPDX-License-Identifier: MIT */
/* Unit tests of common/fcgi/byte_queue. */
#include "config.h"

#include "common/fcgi/byte_queue.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define NO_LIMIT ((size_t)1 << 30)

static void append(struct byte_queue *queue, const char *text)
{
	assert_int_equal(
	    byte_queue_append(queue, text, strlen(text), NO_LIMIT), 0);
}

static void check(const struct byte_queue *queue, const char *text)
{
	assert_int_equal(queue->length, strlen(text));
	assert_memory_equal(queue->data + queue->start, text, strlen(text));
	assert_true(queue->start + queue->length <= queue->capacity);
}

static void check_empty(const struct byte_queue *queue)
{
	assert_null(queue->data);
	assert_int_equal(queue->start, 0);
	assert_int_equal(queue->length, 0);
	assert_int_equal(queue->capacity, 0);
}

static void keeps_bytes_in_their_order(void **state)
{
	struct byte_queue queue = { 0 };

	(void)state;
	append(&queue, "abc");
	check(&queue, "abc");
	append(&queue, "de");
	check(&queue, "abcde");
	byte_queue_consume(&queue, 2);
	check(&queue, "cde");
	append(&queue, "f");
	check(&queue, "cdef");
	append(&queue, "ghijklmnopqrstuvwxyz");
	check(&queue, "cdefghijklmnopqrstuvwxyz");
	byte_queue_consume(&queue, 23);
	check(&queue, "z");
	byte_queue_clear(&queue);
}

static void owns_nothing_when_empty(void **state)
{
	struct byte_queue queue = { 0 };

	(void)state;
	byte_queue_clear(&queue);
	check_empty(&queue);
	append(&queue, "abc");
	byte_queue_consume(&queue, 3);
	check_empty(&queue);
	append(&queue, "abc");
	byte_queue_consume(&queue, 0);
	byte_queue_consume(&queue, 1);
	byte_queue_clear(&queue);
	check_empty(&queue);
	byte_queue_consume(&queue, 0);
	check_empty(&queue);
	append(&queue, "d");
	check(&queue, "d");
	byte_queue_clear(&queue);
}

static void takes_nothing_for_nothing(void **state)
{
	struct byte_queue queue = { 0 };

	(void)state;
	assert_int_equal(byte_queue_append(&queue, NULL, 0, 0), 0);
	check_empty(&queue);
	append(&queue, "abc");
	assert_int_equal(byte_queue_append(&queue, NULL, 0, 0), 0);
	check(&queue, "abc");
	byte_queue_clear(&queue);
}

static void holds_up_to_the_limit(void **state)
{
	struct byte_queue queue = { 0 };

	(void)state;
	assert_int_equal(byte_queue_append(&queue, "abcd", 4, 3), -ENOBUFS);
	check_empty(&queue);
	assert_int_equal(byte_queue_append(&queue, "abc", 3, 3), 0);
	assert_int_equal(byte_queue_append(&queue, "d", 1, 3), -ENOBUFS);
	check(&queue, "abc");
	/* A limit that was lowered meanwhile */
	assert_int_equal(byte_queue_append(&queue, "d", 1, 2), -ENOBUFS);
	check(&queue, "abc");
	/* Lengths whose sum is no size_t */
	assert_int_equal(
	    byte_queue_append(&queue, "d", SIZE_MAX, SIZE_MAX), -ENOBUFS);
	check(&queue, "abc");
	/* Only what waits is counted. */
	byte_queue_consume(&queue, 1);
	assert_int_equal(byte_queue_append(&queue, "de", 2, 3), -ENOBUFS);
	assert_int_equal(byte_queue_append(&queue, "d", 1, 3), 0);
	check(&queue, "bcd");
	byte_queue_clear(&queue);
}

/* A queue that is never empty must not grow with what went through it. */
static void stays_small_when_little_waits(void **state)
{
	struct byte_queue queue = { 0 };
	size_t capacity;

	(void)state;
	append(&queue, "0123456789");
	for (int i = 0; i < 10000; i++) {
		append(&queue, "0123456789");
		check(&queue, "01234567890123456789");
		byte_queue_consume(&queue, 10);
	}
	capacity = queue.capacity;
	byte_queue_clear(&queue);
	assert_true(capacity <= 80);
}

/* Pieces of all sizes, in and out, against a plain count. */
static void survives_many_pieces(void **state)
{
	struct byte_queue queue = { 0 };
	unsigned char written = 0, read = 0;
	unsigned char bytes[64];

	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		size_t in = i * 7 % 61;
		size_t out = i * 11 % 67;

		for (size_t j = 0; j < in; j++)
			bytes[j] = written++;
		assert_int_equal(
		    byte_queue_append(&queue, bytes, in, NO_LIMIT), 0);
		if (out > queue.length)
			out = queue.length;
		for (size_t j = 0; j < out; j++)
			assert_int_equal(queue.data[queue.start + j], read++);
		byte_queue_consume(&queue, out);
	}
	byte_queue_clear(&queue);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_bytes_in_their_order),
		cmocka_unit_test(owns_nothing_when_empty),
		cmocka_unit_test(takes_nothing_for_nothing),
		cmocka_unit_test(holds_up_to_the_limit),
		cmocka_unit_test(stays_small_when_little_waits),
		cmocka_unit_test(survives_many_pieces),
	};

	return cmocka_run_group_tests_name("byte_queue", tests, NULL, NULL);
}
