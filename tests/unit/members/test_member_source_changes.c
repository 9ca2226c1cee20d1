/* SPDX-License-Identifier: MIT */
/*
 * A member as a source, of a file that changes between its being found and its
 * being read: in what counts, its content, or in anything else.
 */
#include "config.h"
#include "fcgi_app/members/member_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "fcgi_app/policy/digest_record.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/member_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

/* --- changes -------------------------------------------------------------- */

static void remove_it(void)
{
	assert_int_equal(unlink(MEMBER_FIXTURE_NAME), 0);
}

/* By a file of the same size, written later. */
static void replace_it(void)
{
	assert_int_equal(rename(MEMBER_FIXTURE_NAME, "root/docs/old"), 0);
	member_fixture_make_file();
}

/* Gives a file the times of another. */
static void copy_times(const char *from, const char *to)
{
	struct stat st;
	struct timespec times[2];

	assert_int_equal(stat(from, &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, to, times, 0), 0);
}

static void make_it_a_folder(void)
{
	assert_int_equal(unlink(MEMBER_FIXTURE_NAME), 0);
	assert_int_equal(mkdir(MEMBER_FIXTURE_NAME, 0755), 0);
}

static void lead_it_out(void)
{
	assert_int_equal(rename(MEMBER_FIXTURE_NAME, "outside"), 0);
	assert_int_equal(symlink("../../outside", MEMBER_FIXTURE_NAME), 0);
}

static void make_it_a_pipe(void)
{
	assert_int_equal(unlink(MEMBER_FIXTURE_NAME), 0);
	assert_int_equal(mkfifo(MEMBER_FIXTURE_NAME, 0644), 0);
}

static void cut_it(void)
{
	assert_int_equal(
	    truncate(MEMBER_FIXTURE_NAME, MEMBER_FIXTURE_SIZE - 1), 0);
}

static void lengthen_it(void)
{
	assert_int_equal(
	    truncate(MEMBER_FIXTURE_NAME, MEMBER_FIXTURE_SIZE + 1), 0);
}

static void touch_it(void)
{
	assert_int_equal(utimensat(AT_FDCWD, MEMBER_FIXTURE_NAME, NULL, 0), 0);
}

static void touch_by_a_nanosecond(void)
{
	struct stat st;
	struct timespec times[2];

	assert_int_equal(stat(MEMBER_FIXTURE_NAME, &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	times[1].tv_nsec += times[1].tv_nsec < 999999999 ? 1 : -1;
	assert_int_equal(utimensat(AT_FDCWD, MEMBER_FIXTURE_NAME, times, 0), 0);
}

/* --- what is no change ---------------------------------------------------- */

static void leave_it(void)
{
}

static void change_its_mode(void)
{
	assert_int_equal(chmod(MEMBER_FIXTURE_NAME, 0640), 0);
}

static void give_it_a_name_more(void)
{
	remove("root/docs/link");
	assert_int_equal(link(MEMBER_FIXTURE_NAME, "root/docs/link"), 0);
}

static void set_its_access_time(void)
{
	const struct timespec times[2] = { { .tv_sec = 1 },
		{ .tv_nsec = UTIME_OMIT } };

	assert_int_equal(utimensat(AT_FDCWD, MEMBER_FIXTURE_NAME, times, 0), 0);
}

/* cp -p; mv */
static void put_a_copy_there(void)
{
	replace_it();
	copy_times("root/docs/old", MEMBER_FIXTURE_NAME);
}

static void make_it_a_link(void)
{
	put_a_copy_there();
	assert_int_equal(unlink(MEMBER_FIXTURE_NAME), 0);
	assert_int_equal(symlink("old", MEMBER_FIXTURE_NAME), 0);
}

/* So that the clock of the file system has moved on. */
static void wait_for_the_clock(void)
{
	struct stat before, now;

	assert_int_equal(stat(MEMBER_FIXTURE_NAME, &before), 0);
	do {
		int fd =
		    open("root/clock", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		assert_true(fd >= 0);
		assert_int_equal(futimens(fd, NULL), 0);
		assert_int_equal(fstat(fd, &now), 0);
		close(fd);
	} while (before.st_ctim.tv_sec == now.st_ctim.tv_sec &&
	    before.st_ctim.tv_nsec == now.st_ctim.tv_nsec);
}

static const struct {
	void (*apply)(void);
	int error;
} changes[] = {
	{ remove_it, -ENOENT },
	{ replace_it, -ESTALE },
	{ make_it_a_folder, -ESTALE },
	{ lead_it_out, -EXDEV },
	{ make_it_a_pipe, -ESTALE },
	{ cut_it, -ESTALE },
	{ lengthen_it, -ESTALE },
	{ touch_it, -ESTALE },
	{ touch_by_a_nanosecond, -ESTALE },
};

static void notices_a_change_before_it_is_opened(void **state)
{
	struct member_fixture *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(changes); i++) {
		struct source_chunk chunk;

		remove(MEMBER_FIXTURE_NAME);
		member_fixture_make_file();
		member_fixture_find(f);
		wait_for_the_clock();
		member_fixture_open_source(f, i % 2);
		changes[i / 2].apply();
		/* For good. */
		for (int again = 0; again < 2; again++)
			assert_int_equal(member_fixture_read(f, 0,
					     MEMBER_FIXTURE_BUFFER, &chunk),
			    changes[i / 2].error);
		assert_ptr_equal(member_folder_failed(f->folder), &f->member);
		assert_int_equal(count_descriptors(), f->open.descriptors);
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	}
}

static const struct {
	void (*apply)(void);
	bool replaces;
} harmless[] = {
	{ leave_it, false },
	{ change_its_mode, true },
	{ give_it_a_name_more, true },
	{ set_its_access_time, true },
	{ put_a_copy_there, true },
	{ make_it_a_link, true },
};

static void takes_the_same_content(void **state)
{
	struct member_fixture *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(harmless); i++) {
		remove(MEMBER_FIXTURE_NAME);
		member_fixture_make_file();
		member_fixture_find(f);
		wait_for_the_clock();
		member_fixture_open_source(f, i % 2);
		harmless[i / 2].apply();
		member_fixture_check_all(f);
		assert_null(member_folder_failed(f->folder));
		/* What is known of the one file is not of the other. */
		assert_int_equal(f->member.replaced, harmless[i / 2].replaces);
	}
}

/* Stores a digest that is of what the file is now, as size and time tell. */
static void store_digest(const uint8_t sha256[DIGEST_SHA256_SIZE])
{
	struct digest_record record = { 0 };
	char text[DIGEST_RECORD_MAX];
	struct stat st;
	int length;

	assert_int_equal(stat(MEMBER_FIXTURE_NAME, &st), 0);
	memcpy(record.sha256, sha256, sizeof(record.sha256));
	record.size = (uint64_t)st.st_size;
	record.mtime = st.st_mtim;
	length = digest_record_format(&record, text, sizeof(text));
	assert_true(length > 0);
	if (setxattr(MEMBER_FIXTURE_NAME, DIGEST_RECORD_ATTRIBUTE, text,
		(size_t)length, 0) < 0)
		skip();
}

/* Files that are made with one time for all differ by their digests. */
static void digests_tell_what_times_do_not(void **state)
{
	static const uint8_t first[DIGEST_SHA256_SIZE] = { 1 };
	static const uint8_t second[DIGEST_SHA256_SIZE] = { 2 };
	static const struct {
		const uint8_t *found, *stored;
		enum etag_kind kind;
		int result;
	} rows[] = {
		{ first, first, ETAG_DIGEST, 1 },
		{ first, second, ETAG_DIGEST, -ESTALE },
		/* One of them tells nothing. */
		{ first, NULL, ETAG_DIGEST, 1 },
		{ NULL, first, ETAG_DIGEST, 1 },
		/* They are not asked. */
		{ NULL, second, ETAG_MTIME, 1 },
	};
	struct member_fixture *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
		struct source_chunk chunk;
		int r;

		remove(MEMBER_FIXTURE_NAME);
		member_fixture_make_file();
		member_fixture_find(f);
		f->options.etag = rows[i / 2].kind;
		f->member.sha256 = rows[i / 2].found;
		put_a_copy_there();
		if (rows[i / 2].stored)
			store_digest(rows[i / 2].stored);
		member_fixture_open_source(f, i % 2);
		r = member_fixture_read(f, 0, MEMBER_FIXTURE_BUFFER, &chunk);
		assert_int_equal(r, rows[i / 2].result);
		if (r > 0)
			f->source->ops->release(f->source, &chunk);
	}
}

static void notices_a_change_while_it_is_read(void **state)
{
	struct member_fixture *f = *state;
	struct source_chunk chunk;

	for (int local = 0; local < 2; local++) {
		member_fixture_open_source(f, local);
		assert_int_equal(
		    member_fixture_read(f, 0, MEMBER_FIXTURE_BUFFER, &chunk),
		    1);
		f->source->ops->release(f->source, &chunk);
		assert_null(member_folder_failed(f->folder));
		cut_it();
		assert_int_equal(member_fixture_read(f, MEMBER_FIXTURE_BUFFER,
				     MEMBER_FIXTURE_BUFFER, &chunk),
		    -ENODATA);
		assert_ptr_equal(member_folder_failed(f->folder), &f->member);
		member_fixture_make_file();
		member_fixture_find(f);
	}
}

#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, member_fixture_set_up, member_fixture_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(notices_a_change_before_it_is_opened),
		TEST(takes_the_same_content),
		TEST(digests_tell_what_times_do_not),
		TEST(notices_a_change_while_it_is_read),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "member_source_changes", tests, NULL, NULL);
}
