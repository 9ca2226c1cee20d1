/* SPDX-License-Identifier: MIT */
/*
 * What the page cache holds of a real file, in the folder of the test. Where
 * the folder's file system can't answer without waiting (RWF_NOWAIT), or is
 * memory and never cold, tests are skipped.
 */
#include "config.h"
#include "common/reader/page_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file/aio_file.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

#define PAGE 4096
#define PAGES 64
#define FILE_SIZE (PAGES * PAGE - 100)
#define LENGTH (16 * PAGE)
/* How often a disk may be so quick that a cold file looks cached. */
#define TRIES 1000
/* Of a millisecond each: a minute, for disks that others keep busy. */
#define BRING_TRIES 60000
/* Reads that found their bytes, after which no page is looked at. */
#define TRUSTED 9

struct fixture {
	uv_loop_t loop;
	struct aio_file *file;
	unsigned char buffer[PAGES * PAGE];
};

static void open_fixture(struct fixture *f, const char *folder)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->file =
	    aio_file_new(&f->loop, real_file_make(folder, FILE_SIZE), false);
	page_cache_advise(f->file);
	assert_non_null(f->file);
}

static int setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	assert_non_null(f);
	open_fixture(f, ".");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	aio_file_unref(f->file);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

/* Brings the first `length` bytes into the cache. */
static void make_warm(struct fixture *f, size_t length)
{
	assert_int_equal(pread(f->file->fd, f->buffer, length, 0), length);
	memset(f->buffer, 0, sizeof(f->buffer));
}

/* As if nothing were known about the file. */
static void forget(struct fixture *f)
{
	f->file->warm_reads = 0;
	f->file->cold_reads = 0;
	f->file->cold_step = 0;
}

/* Skips the test where the file system can't tell what is cached. */
static void need_answers(struct fixture *f)
{
	ssize_t n;

	make_warm(f, FILE_SIZE);
	n = page_cache_read(f->file, f->buffer, PAGE, 0);
	forget(f);
	if (n > 0)
		return;
	assert_int_equal(n, -EAGAIN);
	assert_true(f->file->no_cached_tier);
	skip();
}

/* Skips the test where a file is never cold, too. */
static void need_cold_files(struct fixture *f)
{
	if (real_file_is_in_memory(f->file->fd))
		skip();
	need_answers(f);
}

static void check_bytes(const struct fixture *f, uint64_t offset, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		if (f->buffer[i] != real_file_byte(offset + (uint64_t)i))
			fail_msg(
			    "byte %zd at %ju is wrong", i, (uintmax_t)offset);
	/* And nothing is written beyond. */
	for (size_t i = (size_t)n; i < sizeof(f->buffer); i++)
		if (f->buffer[i] != 0)
			fail_msg("byte %zu after %zd was touched", i, n);
}

/* --- tests ---------------------------------------------------------------- */

static const struct {
	uint64_t offset;
	size_t length;
	ssize_t expected;
} places[] = {
	{ 0, 1, 1 },
	{ 0, PAGE, PAGE },
	{ 0, PAGE + 1, PAGE + 1 },
	{ 0, LENGTH, LENGTH },
	{ PAGE - 1, 2, 2 },
	{ 0, FILE_SIZE, FILE_SIZE },
	{ FILE_SIZE - 1, 1, 1 },
	{ FILE_SIZE - 1, LENGTH, 1 },
	{ FILE_SIZE - PAGE - 1, LENGTH, PAGE + 1 },
};

/* By way of a look, and without one. */
static void reads_what_is_cached(void **state)
{
	struct fixture *f = *state;

	need_answers(f);
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(places); i++) {
		size_t place = i / 2;

		make_warm(f, FILE_SIZE);
		forget(f);
		f->file->warm_reads = i % 2 ? TRUSTED : 0;
		f->file->cold_step = 4;
		assert_int_equal(
		    page_cache_read(f->file, f->buffer, places[place].length,
			places[place].offset),
		    places[place].expected);
		check_bytes(f, places[place].offset, places[place].expected);
		assert_true(f->file->warm_reads > 0);
		assert_int_equal(f->file->cold_step, 0);
		assert_int_equal(f->file->cold_reads, 0);
	}
}

/* A miss; a disk can be quick enough to answer a look. */
static void miss(struct fixture *f, unsigned int step, unsigned int warm)
{
	int tries = TRIES;
	ssize_t n;

	do {
		real_file_make_cold(f->file->fd);
		forget(f);
		f->file->cold_step = step;
		f->file->warm_reads = warm;
		n = page_cache_read(f->file, f->buffer, LENGTH, 0);
	} while (n > 0 && --tries > 0);
	assert_int_equal(n, -EAGAIN);
}

static void looks_ever_more_rarely(void **state)
{
	static const unsigned int steps[] = { 0, 1, 2, 4, 8, 16, 16 };
	struct fixture *f = *state;

	need_cold_files(f);
	for (size_t i = 1; i < ARRAY_LENGTH(steps); i++) {
		miss(f, steps[i - 1], i % 2 ? TRUSTED : 0);
		assert_int_equal(f->file->warm_reads, 0);
		assert_int_equal(f->file->cold_step, steps[i]);
		assert_int_equal(f->file->cold_reads, steps[i]);
	}
}

/* So many reads are not made, though the file is cached by now. */
static void skips_reads_of_a_cold_file(void **state)
{
	struct fixture *f = *state;

	need_answers(f);
	f->file->cold_reads = 3;
	f->file->cold_step = 4;
	memset(f->buffer, 0, sizeof(f->buffer));
	for (unsigned int left = 3; left > 0; left--) {
		assert_int_equal(f->file->cold_reads, left);
		assert_int_equal(
		    page_cache_read(f->file, f->buffer, PAGE, 0), -EAGAIN);
		check_bytes(f, 0, 0);
	}
	assert_int_equal(f->file->cold_step, 4);
	assert_int_equal(page_cache_read(f->file, f->buffer, PAGE, 0), PAGE);
	assert_int_equal(f->file->cold_step, 0);
}

/* The kernel starts to read a page at the most, not all that was asked for. */
static void brings_in_no_more_than_a_look(void **state)
{
	struct fixture *f = *state;

	need_cold_files(f);
	miss(f, 0, 0);
	real_file_wait_cached(f->file->fd, 0);
	assert_false(real_file_page_is_cached(f->file->fd, LENGTH / PAGE - 1));
}

/* Of a file that was warm so far, or that others bring in, all is asked for. */
static void asks_for_all_of_a_trusted_file(void **state)
{
	struct fixture *f = *state;

	need_cold_files(f);
	miss(f, 0, TRUSTED);
	real_file_wait_cached(f->file->fd, LENGTH / PAGE - 1);
	f->file->brought_in = true;
	miss(f, 0, 0);
	real_file_wait_cached(f->file->fd, LENGTH / PAGE - 1);
}

static const struct {
	size_t cached; /* from the start of the file */
	unsigned int warm;
	ssize_t expected;
} parts[] = {
	{ PAGE, 0, PAGE },
	{ 3 * PAGE, 0, 3 * PAGE },
	{ 3 * PAGE, TRUSTED, 3 * PAGE },
	{ LENGTH, 0, LENGTH },
	{ LENGTH, TRUSTED, LENGTH },
};

static void stops_at_the_first_gap(void **state)
{
	struct fixture *f = *state;

	need_cold_files(f);
	f->file->size = FILE_SIZE;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		int tries = TRIES;
		ssize_t n;

		do {
			real_file_make_cold(f->file->fd);
			make_warm(f, parts[i].cached);
			forget(f);
			f->file->warm_reads = parts[i].warm;
			n = page_cache_read(f->file, f->buffer, LENGTH, 0);
		} while (n > parts[i].expected && --tries > 0);
		assert_int_equal(n, parts[i].expected);
		check_bytes(f, 0, n);
		/* A part may be what a look left there. */
		if (n == LENGTH)
			assert_true(f->file->warm_reads > parts[i].warm);
		else
			assert_int_equal(f->file->warm_reads, 0);
	}
}

static void knows_the_end_of_the_file(void **state)
{
	struct fixture *f = *state;

	need_answers(f);
	f->file->size = FILE_SIZE;
	make_warm(f, FILE_SIZE);
	assert_int_equal(
	    page_cache_read(f->file, f->buffer, LENGTH, FILE_SIZE - 2 * PAGE),
	    2 * PAGE);
	check_bytes(f, FILE_SIZE - 2 * PAGE, 2 * PAGE);
	assert_int_equal(f->file->warm_reads, 1);
}

/* Under pressure the kernel may drop pages that came before the others did. */
static bool holds(struct fixture *f, size_t first, size_t end)
{
	for (size_t page = first; page < end; page++)
		if (!real_file_page_is_cached(f->file->fd, page))
			return false;
	return page_cache_seems_to_hold(
	    f->file->fd, first * PAGE, end == PAGES ? FILE_SIZE : end * PAGE);
}

/* Asks for pages of a cold file until they are there all at once. */
static void bring(struct fixture *f, size_t first, size_t end)
{
	int tries = BRING_TRIES;

	real_file_make_cold(f->file->fd);
	while (!holds(f, first, end) && --tries > 0) {
		page_cache_bring(f->file->fd, first * PAGE, end * PAGE);
		usleep(1000);
	}
	assert_true(tries > 0);
}

static void brings_in_what_was_asked_for(void **state)
{
	struct fixture *f = *state;

	need_cold_files(f);
	bring(f, 0, PAGES);
	bring(f, 8, 16);
	assert_false(real_file_page_is_cached(f->file->fd, 7));
	assert_false(real_file_page_is_cached(f->file->fd, 16));
}

/* Each look asks for its page, which a quick disk may have at once. */
static void sees_what_is_missing(void **state)
{
	struct fixture *f = *state;
	int tries = TRIES;

	need_cold_files(f);
	do
		bring(f, 8, 16);
	while (page_cache_seems_to_hold(f->file->fd, 8 * PAGE, 40 * PAGE) &&
	    --tries > 0);
	assert_true(tries > 0);
}

static void finds_nothing_at_the_end(void **state)
{
	static const uint64_t offsets[] = { FILE_SIZE, FILE_SIZE + 1,
		FILE_SIZE + 100 * PAGE };
	struct fixture *f = *state;

	need_answers(f);
	for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++) {
		forget(f);
		f->file->warm_reads = TRUSTED;
		assert_int_equal(
		    page_cache_read(f->file, f->buffer, LENGTH, offsets[i]),
		    -EAGAIN);
		assert_false(f->file->warm_reads > 0);
		assert_int_equal(f->file->cold_step, 1);
	}
}

static void passes_errors_on(void **state)
{
	struct fixture *f = *state;
	int fd = f->file->fd;

	for (int warm = 0; warm < 2; warm++) {
		f->file->fd = -1;
		f->file->warm_reads = warm ? TRUSTED : 0;
		f->file->cold_step = 2;
		assert_int_equal(
		    page_cache_read(f->file, f->buffer, LENGTH, 0), -EBADF);
		f->file->fd = fd;
		/* An error says nothing about what is cached. */
		assert_int_equal(f->file->warm_reads > 0, warm > 0);
		assert_int_equal(f->file->cold_step, 2);
		assert_int_equal(f->file->cold_reads, 0);
		assert_false(f->file->no_cached_tier);
	}
}

/* Memory, which some kernels read from and others call EOPNOTSUPP. */
static void knows_file_systems_that_cannot_tell(void **state)
{
	struct fixture *f = *state;
	ssize_t n;

	if (access("/dev/shm", W_OK) < 0)
		skip();
	teardown(state);
	f = malloc(sizeof(*f));
	assert_non_null(f);
	*state = f;
	open_fixture(f, "/dev/shm");
	n = page_cache_read(f->file, f->buffer, LENGTH, 0);
	if (f->file->no_cached_tier) {
		assert_int_equal(n, -EAGAIN);
		/* It is not asked again, whatever the counters say. */
		forget(f);
		assert_int_equal(
		    page_cache_read(f->file, f->buffer, LENGTH, 0), -EAGAIN);
		assert_int_equal(f->file->cold_step, 0);
	} else {
		assert_int_equal(n, LENGTH);
		check_bytes(f, 0, n);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(reads_what_is_cached),
		TEST(looks_ever_more_rarely),
		TEST(skips_reads_of_a_cold_file),
		TEST(brings_in_no_more_than_a_look),
		TEST(asks_for_all_of_a_trusted_file),
		TEST(stops_at_the_first_gap),
		TEST(knows_the_end_of_the_file),
		TEST(brings_in_what_was_asked_for),
		TEST(sees_what_is_missing),
		TEST(finds_nothing_at_the_end),
		TEST(passes_errors_on),
		TEST(knows_file_systems_that_cannot_tell),
	};

	return cmocka_run_group_tests_name("page_cache", tests, NULL, NULL);
}
