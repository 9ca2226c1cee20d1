/* SPDX-License-Identifier: MIT */
/*
 * A member as a source, through a real reader on a file in a folder of its own:
 * once with a file that is opened in the loop, once in the thread pool.
 */
#include "config.h"
#include "fcgi_app/members/member_source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/member_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

/* --- reading -------------------------------------------------------------- */

static void reads_a_member(void **state)
{
	struct member_fixture *f = *state;

	for (int local = 0; local < 2; local++) {
		member_fixture_open_source(f, local);
		/* Nothing is open before it is read. */
		assert_int_equal(count_descriptors(), f->open.descriptors);
		member_fixture_check_all(f);
		assert_null(member_folder_failed(f->folder));
	}
}

static void begins_anywhere(void **state)
{
	struct member_fixture *f = *state;

	for (int local = 0; local < 2; local++) {
		struct source_chunk chunk;

		member_fixture_open_source(f, local);
		assert_int_equal(
		    member_fixture_read(f, MEMBER_FIXTURE_SIZE - 7, 7, &chunk),
		    1);
		assert_int_equal(chunk.length, 7);
		for (size_t i = 0; i < 7; i++)
			assert_int_equal(chunk.data[i],
			    real_file_byte(MEMBER_FIXTURE_SIZE - 7 + i));
		f->source->ops->release(f->source, &chunk);
	}
}

static void passes_read_ahead_on(void **state)
{
	struct member_fixture *f = *state;
	int fd = open(MEMBER_FIXTURE_NAME, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int i = 0; i < 4; i++) {
		struct source_chunk chunk;
		bool before = i / 2;

		real_file_make_cold(fd);
		member_fixture_open_source(f, i % 2);
		/* Before the file is open, and when it is. */
		if (before)
			f->source->ops->read_ahead(
			    f->source, 2, MEMBER_FIXTURE_SIZE);
		assert_int_equal(
		    member_fixture_read(f, 0, MEMBER_FIXTURE_BUFFER, &chunk),
		    1);
		f->source->ops->release(f->source, &chunk);
		if (!before)
			f->source->ops->read_ahead(
			    f->source, 2, MEMBER_FIXTURE_SIZE);
		assert_int_equal(member_fixture_read(f, MEMBER_FIXTURE_BUFFER,
				     MEMBER_FIXTURE_BUFFER, &chunk),
		    1);
		assert_int_equal(
		    chunk.data[0], real_file_byte(MEMBER_FIXTURE_BUFFER));
		if (chunk.fetched)
			assert_true(chunk_pool_borrowed(f->pool) > 1);
		f->source->ops->release(f->source, &chunk);
		member_fixture_check_all(f);
		f->source->ops->read_ahead(f->source, 0, 0);
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	}
	close(fd);
}

/* --- ending early --------------------------------------------------------- */

static void may_be_cancelled(void **state)
{
	struct member_fixture *f = *state;
	int fd = open(MEMBER_FIXTURE_NAME, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int turns = 0; turns < 4; turns++) {
		struct source_chunk chunk;

		real_file_make_cold(fd);
		member_fixture_open_source(f, false);
		f->done = 0;
		assert_int_equal(f->source->ops->read(f->source, 0,
				     MEMBER_FIXTURE_BUFFER, &chunk),
		    0);
		for (int i = 0; i < turns; i++)
			uv_run(&f->open.loop, UV_RUN_NOWAIT);
		if (f->done)
			f->source->ops->release(f->source, &f->chunk);
		else
			f->source->ops->cancel(f->source);
		f->source->ops->cancel(f->source);
		/* It goes on as if nothing had been. */
		if (turns % 2)
			member_fixture_check_all(f);
		member_fixture_close_source(f);
		for (int i = 0; i < 10; i++)
			uv_run(&f->open.loop, UV_RUN_NOWAIT);
	}
	close(fd);
	/* A cancelled open ends in its own time. */
	while (count_descriptors() != f->open.descriptors)
		uv_run(&f->open.loop, UV_RUN_ONCE);
}

static void may_be_closed_in_done(void **state)
{
	struct member_fixture *f = *state;
	struct source_chunk chunk;

	f->close_in_done = true;
	for (int fails = 0; fails < 2; fails++) {
		member_fixture_open_source(f, false);
		if (fails)
			assert_int_equal(unlink(MEMBER_FIXTURE_NAME), 0);
		f->done = 0;
		assert_int_equal(f->source->ops->read(f->source, 0,
				     MEMBER_FIXTURE_BUFFER, &chunk),
		    0);
		while (f->done == 0)
			uv_run(&f->open.loop, UV_RUN_ONCE);
		assert_int_equal(f->error, fails ? -ENOENT : 0);
		assert_null(f->source);
	}
}

static void holds_its_folder(void **state)
{
	struct member_fixture *f = *state;

	member_fixture_open_source(f, false);
	member_folder_unref(f->folder);
	f->folder = NULL;
	member_fixture_check_all(f);
}

#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, member_fixture_set_up, member_fixture_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_a_member),
		TEST(begins_anywhere),
		TEST(passes_read_ahead_on),
		TEST(may_be_cancelled),
		TEST(may_be_closed_in_done),
		TEST(holds_its_folder),
	};

	need_openat2();
	return cmocka_run_group_tests_name("member_source", tests, NULL, NULL);
}
