/* SPDX-License-Identifier: MIT */
/*
 * A member as a source, through a real reader on a file in a folder of its own:
 * once with a file that is opened in the loop, once in the thread pool.
 */
#include "config.h"
#include "fcgi_app/members/member_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/file_table.h"
#include "common/reader/aio_reader.h"
#include "common/stream/source.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

#define BUFFER (64 << 10)
#define SIZE (3 * BUFFER + 777)
#define NAME "root/docs/file"

struct fixture {
	struct open_fixture open;
	struct chunk_pool *pool;
	struct services services;
	struct request_place place;
	struct member_folder *folder;
	struct member member;
	struct source *source; /* NULL: closed */
	unsigned int done;
	int error;
	struct source_chunk chunk;
	bool close_in_done;
};

/* --- the file ------------------------------------------------------------- */

static void make_file(void)
{
	int fd = open(NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	unsigned char *bytes = malloc(SIZE);

	assert_true(fd >= 0);
	assert_non_null(bytes);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = real_file_byte(i);
	assert_int_equal(write(fd, bytes, SIZE), SIZE);
	assert_int_equal(fsync(fd), 0);
	close(fd);
	free(bytes);
}

/* The member that is at its name now. */
static void find_member(struct fixture *f)
{
	struct stat st;

	assert_int_equal(stat(NAME, &st), 0);
	f->member = (struct member){
		.name = "file",
		.file = file_identity_of_stat(&st),
		.mode = st.st_mode,
	};
}

/* --- the fixture ---------------------------------------------------------- */

static void close_source(struct fixture *f)
{
	if (f->source)
		f->source->ops->close(f->source);
	f->source = NULL;
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct fixture *f = context;

	f->done++;
	f->error = error;
	f->chunk = *chunk;
	if (!f->close_in_done)
		return;
	if (error == 0)
		f->source->ops->release(f->source, &f->chunk);
	close_source(f);
}

/* A source of the member as it was found, opened the one way or the other. */
static void open_source(struct fixture *f, bool is_local)
{
	close_source(f);
	member_folder_unref(f->folder);
	f->place.root.fd = f->open.root_fd;
	f->place.root.below = "";
	f->place.root.is_local = is_local;
	strcpy(f->place.path, "docs");
	f->folder = member_folder_new(&f->services, &f->place);
	assert_non_null(f->folder);
	memset(f->place.path, 'x', sizeof(f->place.path) - 1);
	f->source = member_source_new(f->folder, &f->member);
	assert_non_null(f->source);
	assert_true(f->source->size == f->member.file.size);
	f->source->done = on_done;
	f->source->context = f;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct aio_reader_options options = {
		.depth = 4,
		.pool_jobs = 2,
		/* What is on its way into the cache takes no buffer. */
		.page_cache = PAGE_CACHE_NEVER,
	};

	assert_non_null(f);
	*state = f;
	if (open_fixture_init(&f->open) < 0 || mkdir("root/docs", 0755) < 0)
		return -1;
	f->services.loop = &f->open.loop;
	f->pool = chunk_pool_new(BUFFER, 12 * BUFFER);
	assert_non_null(f->pool);
	options.loop = &f->open.loop;
	options.pool = f->pool;
	assert_int_equal(aio_reader_new(&options, &f->services.reader), 0);
	f->services.files = file_table_new(&f->open.loop);
	assert_non_null(f->services.files);
	make_file();
	find_member(f);
	open_fixture_ready(&f->open);
	return 0;
}

/* Fails unless buffers and descriptors were all given back. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	int r;

	close_source(f);
	member_folder_unref(f->folder);
	member_folder_unref(NULL);
	uv_run(&f->open.loop, UV_RUN_NOWAIT);
	assert_int_equal(count_descriptors(), f->open.descriptors);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	file_table_free(f->services.files);
	aio_reader_close(f->services.reader);
	uv_run(&f->open.loop, UV_RUN_DEFAULT);
	r = open_fixture_fini(&f->open);
	chunk_pool_free(f->pool);
	free(f);
	return r;
}

/* Reads, and waits for it: returns 1 with a chunk, or the error. */
static int read_chunk(struct fixture *f, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	int r;

	f->done = 0;
	r = f->source->ops->read(f->source, offset, length, ret_chunk);
	if (r != 0)
		return r;
	/* Never from inside the read. */
	assert_int_equal(f->done, 0);
	while (f->done == 0)
		uv_run(&f->open.loop, UV_RUN_ONCE);
	*ret_chunk = f->chunk;
	return f->error < 0 ? f->error : 1;
}

static void check_all(struct fixture *f)
{
	uint64_t at = 0;

	while (at < SIZE) {
		size_t left = (size_t)(SIZE - at);
		struct source_chunk chunk;

		assert_int_equal(
		    read_chunk(f, at, left < BUFFER ? left : BUFFER, &chunk),
		    1);
		assert_true(chunk.length > 0);
		for (size_t i = 0; i < chunk.length; i++)
			assert_int_equal(chunk.data[i], real_file_byte(at + i));
		at += chunk.length;
		f->source->ops->release(f->source, &chunk);
	}
}

/* --- reading -------------------------------------------------------------- */

static void reads_a_member(void **state)
{
	struct fixture *f = *state;

	for (int local = 0; local < 2; local++) {
		open_source(f, local);
		/* Nothing is open before it is read. */
		assert_int_equal(count_descriptors(), f->open.descriptors);
		check_all(f);
		assert_null(member_folder_failed(f->folder));
	}
}

static void begins_anywhere(void **state)
{
	struct fixture *f = *state;

	for (int local = 0; local < 2; local++) {
		struct source_chunk chunk;

		open_source(f, local);
		assert_int_equal(read_chunk(f, SIZE - 7, 7, &chunk), 1);
		assert_int_equal(chunk.length, 7);
		for (size_t i = 0; i < 7; i++)
			assert_int_equal(
			    chunk.data[i], real_file_byte(SIZE - 7 + i));
		f->source->ops->release(f->source, &chunk);
	}
}

static void passes_read_ahead_on(void **state)
{
	struct fixture *f = *state;
	int fd = open(NAME, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int i = 0; i < 4; i++) {
		struct source_chunk chunk;
		bool before = i / 2;

		real_file_make_cold(fd);
		open_source(f, i % 2);
		/* Before the file is open, and when it is. */
		if (before)
			f->source->ops->read_ahead(f->source, 2, SIZE);
		assert_int_equal(read_chunk(f, 0, BUFFER, &chunk), 1);
		f->source->ops->release(f->source, &chunk);
		if (!before)
			f->source->ops->read_ahead(f->source, 2, SIZE);
		assert_int_equal(read_chunk(f, BUFFER, BUFFER, &chunk), 1);
		assert_int_equal(chunk.data[0], real_file_byte(BUFFER));
		if (chunk.fetched)
			assert_true(chunk_pool_borrowed(f->pool) > 1);
		f->source->ops->release(f->source, &chunk);
		check_all(f);
		f->source->ops->read_ahead(f->source, 0, 0);
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	}
	close(fd);
}

/* --- changes -------------------------------------------------------------- */

static void remove_it(void)
{
	assert_int_equal(unlink(NAME), 0);
}

static void replace_it(void)
{
	assert_int_equal(rename(NAME, "root/docs/old"), 0);
	make_file();
}

static void make_it_a_folder(void)
{
	assert_int_equal(unlink(NAME), 0);
	assert_int_equal(mkdir(NAME, 0755), 0);
}

static void lead_it_out(void)
{
	assert_int_equal(rename(NAME, "outside"), 0);
	assert_int_equal(symlink("../../outside", NAME), 0);
}

static void make_it_a_pipe(void)
{
	assert_int_equal(unlink(NAME), 0);
	assert_int_equal(mkfifo(NAME, 0644), 0);
}

static void cut_it(void)
{
	assert_int_equal(truncate(NAME, SIZE - 1), 0);
}

static void lengthen_it(void)
{
	assert_int_equal(truncate(NAME, SIZE + 1), 0);
}

static void touch_it(void)
{
	assert_int_equal(utimensat(AT_FDCWD, NAME, NULL, 0), 0);
}

/* The time of modification is set back: that of change tells. */
static void touch_it_in_secret(void)
{
	struct stat st;
	struct timespec times[2];

	assert_int_equal(stat(NAME, &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, NAME, times, 0), 0);
}

/* So that the clock of the file system has moved on. */
static void wait_for_the_clock(void)
{
	struct stat before, now;

	assert_int_equal(stat(NAME, &before), 0);
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
	{ touch_it_in_secret, -ESTALE },
};

static void notices_a_change_before_it_is_opened(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(changes); i++) {
		struct source_chunk chunk;

		remove(NAME);
		make_file();
		find_member(f);
		wait_for_the_clock();
		open_source(f, i % 2);
		changes[i / 2].apply();
		/* For good. */
		for (int again = 0; again < 2; again++)
			assert_int_equal(read_chunk(f, 0, BUFFER, &chunk),
			    changes[i / 2].error);
		assert_ptr_equal(member_folder_failed(f->folder), &f->member);
		assert_int_equal(count_descriptors(), f->open.descriptors);
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	}
}

static void notices_a_change_while_it_is_read(void **state)
{
	struct fixture *f = *state;
	struct source_chunk chunk;

	for (int local = 0; local < 2; local++) {
		open_source(f, local);
		assert_int_equal(read_chunk(f, 0, BUFFER, &chunk), 1);
		f->source->ops->release(f->source, &chunk);
		assert_null(member_folder_failed(f->folder));
		cut_it();
		assert_int_equal(
		    read_chunk(f, BUFFER, BUFFER, &chunk), -ENODATA);
		assert_ptr_equal(member_folder_failed(f->folder), &f->member);
		make_file();
		find_member(f);
	}
}

/* --- ending early --------------------------------------------------------- */

static void may_be_cancelled(void **state)
{
	struct fixture *f = *state;
	int fd = open(NAME, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (int turns = 0; turns < 4; turns++) {
		struct source_chunk chunk;

		real_file_make_cold(fd);
		open_source(f, false);
		f->done = 0;
		assert_int_equal(
		    f->source->ops->read(f->source, 0, BUFFER, &chunk), 0);
		for (int i = 0; i < turns; i++)
			uv_run(&f->open.loop, UV_RUN_NOWAIT);
		if (f->done)
			f->source->ops->release(f->source, &f->chunk);
		else
			f->source->ops->cancel(f->source);
		f->source->ops->cancel(f->source);
		/* It goes on as if nothing had been. */
		if (turns % 2)
			check_all(f);
		close_source(f);
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
	struct fixture *f = *state;
	struct source_chunk chunk;

	f->close_in_done = true;
	for (int fails = 0; fails < 2; fails++) {
		open_source(f, false);
		if (fails)
			remove_it();
		f->done = 0;
		assert_int_equal(
		    f->source->ops->read(f->source, 0, BUFFER, &chunk), 0);
		while (f->done == 0)
			uv_run(&f->open.loop, UV_RUN_ONCE);
		assert_int_equal(f->error, fails ? -ENOENT : 0);
		assert_null(f->source);
	}
}

static void holds_its_folder(void **state)
{
	struct fixture *f = *state;

	open_source(f, false);
	member_folder_unref(f->folder);
	f->folder = NULL;
	check_all(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_a_member),
		TEST(begins_anywhere),
		TEST(passes_read_ahead_on),
		TEST(notices_a_change_before_it_is_opened),
		TEST(notices_a_change_while_it_is_read),
		TEST(may_be_cancelled),
		TEST(may_be_closed_in_done),
		TEST(holds_its_folder),
	};

	need_openat2();
	return cmocka_run_group_tests_name("member_source", tests, NULL, NULL);
}
