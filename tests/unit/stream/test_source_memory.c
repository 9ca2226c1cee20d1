/* SPDX-License-Identifier: MIT */
/* Unit tests of common/stream/source_memory. */
#include "config.h"

#include "common/stream/source_memory.h"

#include <string.h>

#include "common/stream/source.h"
#include "tests/unit/support/unit.h"

static const char text[] = "0123456789";
#define TEXT_LENGTH (sizeof(text) - 1)

static void count(void *context)
{
	++*(int *)context;
}

static void lends_what_was_given(void **state)
{
	static const struct {
		uint64_t offset;
		size_t length;
		const char *bytes;
	} cases[] = {
		{ 0, 1, "0" },
		{ 0, 10, "0123456789" },
		{ 0, 11, "0123456789" },
		{ 3, 4, "3456" },
		{ 3, 7, "3456789" },
		{ 3, 8, "3456789" },
		{ 9, 1, "9" },
		{ 9, SIZE_MAX, "9" },
		{ 1, SIZE_MAX, "123456789" },
	};
	struct source *source =
	    source_memory_new(text, TEXT_LENGTH, NULL, NULL);

	(void)state;
	assert_non_null(source);
	assert_int_equal(source->size, TEXT_LENGTH);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct source_chunk chunk = { 0 };

		assert_int_equal(source->ops->read(source, cases[i].offset,
				     cases[i].length, &chunk),
		    1);
		assert_int_equal(chunk.length, strlen(cases[i].bytes));
		/* Lent, not copied */
		assert_ptr_equal(chunk.data, text + cases[i].offset);
		source->ops->release(source, &chunk);
	}
	source->ops->close(source);
}

/* The pump may read the next chunk while one is lent. */
static void lends_several_chunks_at_once(void **state)
{
	struct source *source =
	    source_memory_new(text, TEXT_LENGTH, NULL, NULL);
	struct source_chunk first, second;

	(void)state;
	assert_non_null(source);
	assert_int_equal(source->ops->read(source, 0, 4, &first), 1);
	assert_int_equal(source->ops->read(source, 4, 4, &second), 1);
	source->ops->release(source, &first);
	assert_memory_equal(second.data, "4567", 4);
	source->ops->release(source, &second);
	source->ops->close(source);
}

static void releases_its_bytes_once_when_closed(void **state)
{
	int released = 0;
	struct source *source =
	    source_memory_new(text, TEXT_LENGTH, count, &released);
	struct source_chunk chunk;

	(void)state;
	assert_non_null(source);
	assert_int_equal(source->ops->read(source, 0, 4, &chunk), 1);
	source->ops->release(source, &chunk);
	/* Nothing is ever in flight; it must be harmless all the same. */
	source->ops->cancel(source);
	assert_int_equal(released, 0);
	source->ops->close(source);
	assert_int_equal(released, 1);
}

static void may_be_empty(void **state)
{
	int released = 0;
	struct source *source = source_memory_new(NULL, 0, count, &released);

	(void)state;
	assert_non_null(source);
	assert_int_equal(source->size, 0);
	source->ops->close(source);
	assert_int_equal(released, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lends_what_was_given),
		cmocka_unit_test(lends_several_chunks_at_once),
		cmocka_unit_test(releases_its_bytes_once_when_closed),
		cmocka_unit_test(may_be_empty),
	};

	return cmocka_run_group_tests_name("source_memory", tests, NULL, NULL);
}
