/* SPDX-License-Identifier: MIT */
/* What the reader brings into the page cache, and what it keeps out. */
#include "config.h"
#include "common/reader/aio_reader.h"

#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/aio_file.h"
#include "tests/unit/support/reader_fixture.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

/* --- through the page cache ----------------------------------------------- */

/* One thread for all who read in the part that it brings in. */
static void brings_a_window_in_once(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_ALWAYS, READS);
	if (!real_file_is_in_memory(f.file->fd)) {
		for (int i = 0; i < READS; i++) {
			int r = aio_reader_read(f.reader, f.file, &f.reads[i],
			    (uint64_t)i * BUFFER, BUFFER);

			/* It may have come by now. */
			f.done += r > 0;
			assert_true(r >= 0);
		}
		reader_fixture_run(&f, READS);
		for (int i = 0; i < READS; i++)
			reader_fixture_check(
			    &f.reads[i], (uint64_t)i * BUFFER, BUFFER);
		assert_int_equal(reader_fixture_counts(&f).direct, 0);
		assert_true(reader_fixture_counts(&f).threaded >= 1);
		assert_true(reader_fixture_counts(&f).threaded < READS / 2);
		/* The last page of the second window. */
		real_file_wait_cached(f.file->fd, (4 << 20) / PAGE - 1);
	}
	reader_fixture_close(&f);
}

/* A second user in mid-stream, with all cold: from then on it is brought in. */
static void changes_its_way_with_the_second_use(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_AUTO, 4);
	if (reader_fixture_has_direct(&f)) {
		reader_fixture_start(&f, 0, 0, BUFFER);
		reader_fixture_run(&f, 1);
		assert_int_equal(reader_fixture_counts(&f).direct, 1);
		assert_int_equal(reader_fixture_counts(&f).threaded, 0);
		aio_file_note_use(f.file);
		while (aio_reader_read(f.reader, f.file, &f.reads[1], 4 << 20,
			   BUFFER) == 1) {
			/* A disk can be quick enough to answer a probe. */
			aio_reader_release(f.reader, &f.reads[1]);
			real_file_make_cold(f.file->fd);
		}
		reader_fixture_run(&f, 2);
		reader_fixture_check(&f.reads[1], 4 << 20, BUFFER);
		assert_int_equal(reader_fixture_counts(&f).direct, 1);
		assert_int_equal(reader_fixture_counts(&f).threaded, 1);
	}
	reader_fixture_close(&f);
}

/* Not even one page comes in, and what is there is not looked up. */
static void never_touches_the_page_cache(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 4);
	f.file->uses = 100;
	if (reader_fixture_has_direct(&f)) {
		for (int i = 0; i < 4; i++)
			assert_int_equal(
			    aio_reader_read(f.reader, f.file, &f.reads[i],
				(uint64_t)i * BUFFER, BUFFER),
			    0);
		reader_fixture_run(&f, 4);
		for (size_t i = 0; i < 4 * BUFFER / PAGE; i++)
			assert_false(real_file_page_is_cached(f.file->fd, i));
		assert_int_equal(reader_fixture_counts(&f).direct, 4);
	}
	reader_fixture_close(&f);
}

/* --- holes ---------------------------------------------------------------- */

static void reads_holes_without_the_page_cache(void **state)
{
	static const enum page_cache_mode modes[] = { PAGE_CACHE_AUTO,
		PAGE_CACHE_ALWAYS, PAGE_CACHE_NEVER };
	struct reader_fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
		reader_fixture_open(&f, modes[i], 4);
		/* Its second half becomes a hole, and so does what follows. */
		assert_int_equal(ftruncate(f.file->fd, 4 << 20), 0);
		assert_int_equal(ftruncate(f.file->fd, FILE_SIZE), 0);
		f.file->blocks = (4 << 20) / 512;
		real_file_make_cold(f.file->fd);
		reader_fixture_start(&f, 0, (4 << 20) - BUFFER, BUFFER);
		reader_fixture_start(&f, 1, 5 << 20, BUFFER);
		reader_fixture_start(&f, 2, FILE_SIZE - 100, BUFFER);
		reader_fixture_run(&f, 3);
		reader_fixture_check(&f.reads[0], (4 << 20) - BUFFER, BUFFER);
		assert_int_equal(f.reads[1].length, BUFFER);
		for (size_t at = 0; at < BUFFER; at++)
			assert_int_equal(f.reads[1].data[at], 0);
		assert_int_equal(f.reads[2].length, 100);
		if (!real_file_is_in_memory(f.file->fd))
			assert_false(real_file_page_is_cached(
			    f.file->fd, (5 << 20) / PAGE));
		assert_int_equal(reader_fixture_counts(&f).cached, 0);
		reader_fixture_close(&f);
	}
}

/* Reads the start of the file in order, in the way of a slow client. */
static void read_in_order(struct reader_fixture *f, int count)
{
	for (int i = 0; i < count; i++) {
		uint64_t offset = (uint64_t)i * BUFFER;

		f->done = 0;
		if (aio_reader_read(
			f->reader, f->file, &f->reads[0], offset, BUFFER) == 0)
			reader_fixture_run(f, 1);
		aio_reader_release(f->reader, &f->reads[0]);
	}
}

static void reads_up_to_a_hole_and_not_into_it(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_ALWAYS, 4);
	assert_int_equal(ftruncate(f.file->fd, 4 << 20), 0);
	assert_int_equal(ftruncate(f.file->fd, FILE_SIZE), 0);
	f.file->blocks = (4 << 20) / 512;
	real_file_make_cold(f.file->fd);
	read_in_order(&f, (4 << 20) / BUFFER);
	if (!real_file_is_in_memory(f.file->fd))
		for (size_t page = (4 << 20) / PAGE; page < FILE_SIZE / PAGE;
		     page++)
			assert_false(
			    real_file_page_is_cached(f.file->fd, page));
	reader_fixture_close(&f);
}

/* Where there is no direct I/O, what it reads ahead is found in memory. */
static void lets_the_kernel_read_ahead_for_threads(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 4);
	aio_file_without_direct(f.file);
	read_in_order(&f, 16);
	assert_true(reader_fixture_counts(&f).threaded < 16);
	reader_fixture_close(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_a_window_in_once),
		cmocka_unit_test(changes_its_way_with_the_second_use),
		cmocka_unit_test(never_touches_the_page_cache),
		cmocka_unit_test(reads_holes_without_the_page_cache),
		cmocka_unit_test(reads_up_to_a_hole_and_not_into_it),
		cmocka_unit_test(lets_the_kernel_read_ahead_for_threads),
	};

	return cmocka_run_group_tests_name("aio_bringing", tests, NULL, NULL);
}
