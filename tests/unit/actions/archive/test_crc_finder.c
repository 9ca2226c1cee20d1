/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/actions/archive/crc_finder, with a real reader and
 * files in a folder of its own. Where its file system has no user attributes,
 * the cases that need them are skipped.
 */
#include "config.h"

#include "fcgi_app/actions/archive/crc_finder.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/file_table.h"
#include "common/memory_budget.h"
#include "common/reader/aio_reader.h"
#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_source.h"
#include "fcgi_app/policy/digest_record.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

#define BUFFER (64 << 10)
/* More than one job asks for. */
#define COUNT 100
/* A CRC-32 that is not that of any file here. */
#define STORED 0x12345678u

struct fixture {
	struct open_fixture open;
	struct options options;
	struct services services;
	struct chunk_pool *pool;
	struct memory_budget memory;
	struct archive_service *service;
	struct archive *archive;
};

struct outcome {
	unsigned int calls;
	int error;
};

/* --- the fixture ---------------------------------------------------------- */

static void name_file(char name[32], size_t index)
{
	snprintf(name, 32, "root/docs/%03zu", index);
}

/* Each has its number for content, but the first few have none. */
static void make_file(size_t index)
{
	char name[32];
	FILE *file;

	name_file(name, index);
	file = fopen(name, "w");
	assert_non_null(file);
	if (index >= 3)
		assert_true(fprintf(file, "%zu", index) > 0);
	assert_int_equal(fclose(file), 0);
}

static uint32_t crc_of(size_t index)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", index);
	return index < 3 ? 0 : libdeflate_crc32(0, text, strlen(text));
}

static void on_made(void *context, int error, struct archive *archive)
{
	struct fixture *f = context;

	assert_int_equal(error, 0);
	f->archive = archive;
}

static void make_archive(struct fixture *f)
{
	struct request_place place = {
		.root = { .fd = f->open.root_fd, .below = "" }, .path = "docs"
	};
	struct archive_params params = {
		.service = f->service,
		.folder = member_folder_new(&f->services, &place),
		.members = member_list_new(&f->memory, COUNT),
		.form = ARCHIVE_ZIP_CRC_FIRST,
	};
	char name[32];
	struct stat st;

	for (size_t i = 0; i < COUNT; i++) {
		name_file(name, i);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(member_list_add(params.members,
				     name + strlen("root/docs/"), &st, NULL),
		    0);
	}
	archive_unref(f->archive);
	f->archive = NULL;
	assert_non_null(archive_make(&params, on_made, f));
	while (!f->archive)
		uv_run(&f->open.loop, UV_RUN_ONCE);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct aio_reader_options options = {
		.depth = 4,
		.pool_jobs = 2,
		.page_cache = PAGE_CACHE_NEVER,
	};
	void *service;

	assert_non_null(f);
	*state = f;
	if (open_fixture_init(&f->open) < 0 || mkdir("root/docs", 0755) < 0)
		return -1;
	memory_budget_init(&f->memory, (size_t)1 << 30);
	f->options.chunk_size = BUFFER;
	f->services.options = &f->options;
	f->services.loop = &f->open.loop;
	f->services.member_memory = &f->memory;
	f->pool = chunk_pool_new(BUFFER, 12 * BUFFER);
	options.loop = &f->open.loop;
	options.pool = f->pool;
	assert_int_equal(aio_reader_new(&options, &f->services.reader), 0);
	f->services.files = file_table_new(&f->open.loop);
	assert_int_equal(archive_service_ops.open(&f->services, &service), 0);
	f->service = service;
	for (size_t i = 0; i < COUNT; i++)
		make_file(i);
	open_fixture_ready(&f->open);
	make_archive(f);
	return 0;
}

/* Fails unless buffers and descriptors were all given back. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	int r;

	archive_unref(f->archive);
	uv_run(&f->open.loop, UV_RUN_NOWAIT);
	assert_int_equal(count_descriptors(), f->open.descriptors);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	archive_service_ops.close(f->service);
	file_table_free(f->services.files);
	aio_reader_close(f->services.reader);
	uv_run(&f->open.loop, UV_RUN_DEFAULT);
	archive_service_ops.free(f->service);
	r = open_fixture_fini(&f->open);
	chunk_pool_free(f->pool);
	free(f);
	return r;
}

/* --- finding -------------------------------------------------------------- */

static void on_found(void *context, int error)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->error = error;
}

static struct crc_finder *begin(
    struct fixture *f, size_t first, size_t end, struct outcome *outcome)
{
	struct crc_finder *finder =
	    crc_finder_start(f->archive, first, end, on_found, outcome);

	assert_non_null(finder);
	assert_int_equal(outcome->calls, 0);
	return finder;
}

static int find(struct fixture *f, size_t first, size_t end)
{
	struct outcome outcome = { 0 };

	begin(f, first, end, &outcome);
	while (outcome.calls == 0)
		uv_run(&f->open.loop, UV_RUN_ONCE);
	return outcome.error;
}

static void check_known(struct fixture *f, size_t index, uint32_t expected)
{
	uint32_t crc = 0;

	assert_int_equal(archive_find_crc(f->archive, index, &crc), 0);
	assert_int_equal(crc, expected);
}

/* Stores a record with STORED, of this version of the file or of another. */
static void store(size_t index, time_t later)
{
	struct digest_record record = { .crc32 = STORED };
	char name[32], text[DIGEST_RECORD_MAX];
	struct stat st;
	int n;

	name_file(name, index);
	assert_int_equal(stat(name, &st), 0);
	record.size = (uint64_t)st.st_size;
	record.mtime = st.st_mtim;
	record.mtime.tv_sec += later;
	n = digest_record_format_crc32(&record, text, sizeof(text));
	if (setxattr(name, DIGEST_RECORD_CRC32_ATTRIBUTE, text, (size_t)n, 0) <
		0 &&
	    errno == EOPNOTSUPP)
		skip();
}

static void what_is_not_stored_is_read(void **state)
{
	struct fixture *f = *state;
	uint32_t crc;

	assert_int_equal(find(f, 0, 50), 0);
	for (size_t i = 0; i < 50; i++)
		check_known(f, i, crc_of(i));
	assert_int_equal(archive_find_crc(f->archive, 50, &crc), -EAGAIN);
	/* The rest, from where somebody has asked for it already. */
	assert_true(archive_crc_was_asked(f->archive, 50));
	assert_int_equal(find(f, 50, COUNT), 0);
	for (size_t i = 50; i < COUNT; i++)
		check_known(f, i, crc_of(i));
	assert_int_equal(find(f, 0, COUNT), 0);
}

static void what_is_stored_is_taken_if_it_is_valid(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT; i++)
		store(i, i % 10 == 7 ? 1 : 0);
	make_archive(f);
	assert_int_equal(find(f, 0, COUNT), 0);
	for (size_t i = 0; i < COUNT; i++)
		check_known(f, i, i < 3 || i % 10 == 7 ? crc_of(i) : STORED);
}

/* What was changed just now is not. */
static void wait_until_remembered(void)
{
	struct stat st;
	char name[32];

	name_file(name, COUNT - 1);
	assert_int_equal(stat(name, &st), 0);
	while (time(NULL) < st.st_ctime + 3)
		usleep(10000);
}

static void what_another_archive_learnt_is_known(void **state)
{
	struct fixture *f = *state;
	char name[32];

	wait_until_remembered();
	assert_int_equal(find(f, 0, COUNT), 0);
	make_archive(f);
	for (size_t i = 0; i < COUNT; i++) {
		name_file(name, i);
		assert_int_equal(unlink(name), 0);
	}
	assert_int_equal(find(f, 0, COUNT), 0);
}

static void a_file_that_can_not_be_read_ends_it(void **state)
{
	struct fixture *f = *state;
	char name[32];

	name_file(name, 70);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(find(f, 0, COUNT), -ENOENT);
	check_known(f, 69, crc_of(69));
	assert_string_equal(
	    member_folder_failed(archive_folder(f->archive))->name, "070");
}

/* In the line, in the pool, or while a file is read. */
static void it_can_be_cancelled_at_any_time(void **state)
{
	struct fixture *f = *state;

	for (unsigned int turns = 0; turns < 12; turns++) {
		struct outcome outcomes[ARCHIVE_CRC_LOOKUPS_MAX + 2] = { 0 };
		struct crc_finder *finders[ARRAY_LENGTH(outcomes)];

		make_archive(f);
		for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
			finders[i] = begin(f, i, COUNT, &outcomes[i]);
		for (unsigned int i = 0; i < turns; i++)
			uv_run(&f->open.loop, UV_RUN_ONCE);
		for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
			if (outcomes[i].calls == 0 && i != turns % 6)
				crc_finder_cancel(finders[i]);
		while (outcomes[turns % 6].calls == 0)
			uv_run(&f->open.loop, UV_RUN_ONCE);
		assert_int_equal(outcomes[turns % 6].error, 0);
		check_known(f, COUNT - 1, crc_of(COUNT - 1));
		/* Jobs that can't be called back give their turns back. */
		while (f->service->crc_lookups.room < ARCHIVE_CRC_LOOKUPS_MAX)
			uv_run(&f->open.loop, UV_RUN_ONCE);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_not_stored_is_read),
		TEST(what_is_stored_is_taken_if_it_is_valid),
		TEST(what_another_archive_learnt_is_known),
		TEST(a_file_that_can_not_be_read_ends_it),
		TEST(it_can_be_cancelled_at_any_time),
	};

	need_openat2();
	return cmocka_run_group_tests_name("crc_finder", tests, NULL, NULL);
}
