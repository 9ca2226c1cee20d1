/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/concat/member_sequence, on files in a folder
 * of its own. */
#include "config.h"

#include "fcgi_app/actions/concat/member_sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/file_table.h"
#include "common/memory_budget.h"
#include "common/reader/aio_reader.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_source.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

#define BUFFER 4096
#define TEXT_MAX 64
#define PLENTY 1000000

static struct fixture {
	struct open_fixture open;
	struct chunk_pool *pool;
	struct options options;
	struct services services;
	struct request_place place;
	struct member_folder *folder;
	struct memory_budget budget;
	unsigned int done;
	int error;
	struct source_chunk chunk;
} f;

/* --- the fixture ---------------------------------------------------------- */

static int make_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	if (!file || fputs(text, file) < 0)
		return -1;
	return fclose(file);
}

static int set_up(void **state)
{
	struct aio_reader_options options = { .depth = 4, .pool_jobs = 2 };

	(void)state;
	if (open_fixture_init(&f.open) < 0 || make_file("root/a", "one") < 0 ||
	    make_file("root/b", "three") < 0 || make_file("root/void", "") < 0)
		return -1;
	memory_budget_init(&f.budget, PLENTY);
	f.services.loop = &f.open.loop;
	f.services.options = &f.options;
	f.pool = chunk_pool_new(BUFFER, 12 * BUFFER);
	options.loop = &f.open.loop;
	options.pool = f.pool;
	f.services.files = file_table_new(&f.open.loop);
	if (!f.pool || aio_reader_new(&options, &f.services.reader) < 0 ||
	    !f.services.files)
		return -1;
	f.place.root.fd = f.open.root_fd;
	f.place.root.below = "";
	strcpy(f.place.path, ".");
	f.folder = member_folder_new(&f.services, &f.place);
	open_fixture_ready(&f.open);
	return f.folder ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(f.budget.left, PLENTY);
	member_folder_unref(f.folder);
	file_table_free(f.services.files);
	aio_reader_close(f.services.reader);
	uv_run(&f.open.loop, UV_RUN_DEFAULT);
	chunk_pool_free(f.pool);
	return open_fixture_fini(&f.open);
}

/* --- sequences ------------------------------------------------------------ */

/* Of files in "root", their names set apart by blanks. */
static struct members *find(const char *names)
{
	struct members *members = member_list_new(&f.budget, 100);
	char copy[TEXT_MAX], path[TEXT_MAX + 8], *rest = copy, *name;

	assert_non_null(members);
	strcpy(copy, names);
	while ((name = strtok_r(rest, " ", &rest))) {
		struct stat st;

		snprintf(path, sizeof(path), "root/%s", name);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(member_list_add(members, name, &st, NULL), 0);
	}
	member_list_tag(members);
	return members;
}

static struct member_sequence *make(const char *names)
{
	struct member_sequence *sequence = NULL;

	assert_int_equal(
	    member_sequence_new(f.folder, find(names), &sequence), 0);
	return sequence;
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	(void)context;
	f.done++;
	f.error = error;
	f.chunk = *chunk;
}

/* All bytes; the error. */
static int read_all(struct source *source, char ret[TEXT_MAX])
{
	uint64_t at = 0;

	source->done = on_done;
	while (at < source->size) {
		int r;

		f.done = 0;
		r = source->ops->read(
		    source, at, (size_t)(source->size - at), &f.chunk);
		while (r == 0 && f.done == 0)
			uv_run(&f.open.loop, UV_RUN_ONCE);
		if (f.done > 0 && f.error < 0)
			r = f.error;
		if (r < 0)
			return r;
		memcpy(ret + at, f.chunk.data, f.chunk.length);
		at += f.chunk.length;
		source->ops->release(source, &f.chunk);
	}
	ret[at] = '\0';
	return 0;
}

static void joins_files(void **state)
{
	static const struct {
		const char *names, *text;
	} rows[] = {
		{ "a b", "onethree" },
		{ "b a", "threeone" },
		{ "a", "one" },
		{ "a a a", "oneoneone" },
		{ "void a void void b void", "onethree" },
		{ "void void", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct member_sequence *sequence = make(rows[i].names);
		struct source_maker maker = member_sequence_maker(sequence);
		struct source *source = maker.open(maker.context);
		char text[TEXT_MAX];

		assert_non_null(source);
		assert_true(
		    member_sequence_size(sequence) == strlen(rows[i].text));
		assert_true(source->size == strlen(rows[i].text));
		/* The source needs none of the others. */
		maker.release(maker.context);
		member_sequence_unref(sequence);
		assert_int_equal(read_all(source, text), 0);
		assert_string_equal(text, rows[i].text);
		source->ops->close(source);
		uv_run(&f.open.loop, UV_RUN_NOWAIT);
		assert_int_equal(count_descriptors(), f.open.descriptors);
	}
}

static void opens_several_sources(void **state)
{
	struct member_sequence *sequence = make("a b");
	struct source_maker maker = member_sequence_maker(sequence);
	struct source *sources[2];
	char text[TEXT_MAX];

	(void)state;
	for (int i = 0; i < 2; i++)
		sources[i] = maker.open(maker.context);
	maker.release(maker.context);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_all(sources[i], text), 0);
		assert_string_equal(text, "onethree");
	}
	sources[0]->ops->close(sources[0]);
	sources[1]->ops->close(sources[1]);
	member_sequence_unref(sequence);
	member_sequence_unref(NULL);
}

static void names_the_member_that_fails(void **state)
{
	struct member_sequence *sequence = make("a b");
	struct source_maker maker = member_sequence_maker(sequence);
	struct source *source = maker.open(maker.context);
	char text[TEXT_MAX];

	(void)state;
	maker.release(maker.context);
	assert_null(member_sequence_failed(sequence));
	assert_int_equal(rename("root/b", "root/c"), 0);
	assert_int_equal(read_all(source, text), -ENOENT);
	assert_string_equal(member_sequence_failed(sequence), "b");
	source->ops->close(source);
	member_sequence_unref(sequence);
	assert_int_equal(rename("root/c", "root/b"), 0);
}

/* --- what it is ----------------------------------------------------------- */

static void has_a_tag_of_its_own(void **state)
{
	static const char *const lists[] = { "a b", "b a", "a", "a a",
		"a void b", "void a b" };
	char tags[ARRAY_LENGTH(lists)][ETAG_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
		struct member_sequence *sequence = make(lists[i]);

		strcpy(tags[i], member_sequence_etag(sequence));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tags[i], tags[k]);
		member_sequence_unref(sequence);
	}
}

static void limits_its_size(void **state)
{
	static const struct {
		uint64_t sizes[3];
		int error;
	} rows[] = {
		{ { 1ULL << 32, 1ULL << 32, 5 }, 0 },
		{ { INT64_MAX, 0, 0 }, 0 },
		{ { INT64_MAX - 7, 3, 4 }, 0 },
		{ { INT64_MAX - 7, 4, 4 }, -EOVERFLOW },
		{ { INT64_MAX, 0, 1 }, -EOVERFLOW },
		{ { INT64_MAX, INT64_MAX, INT64_MAX }, -EOVERFLOW },
		{ { INT64_MAX, INT64_MAX, 2 }, -EOVERFLOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct members *members = find("a b void");
		struct member_sequence *sequence = NULL;
		uint64_t size = 0;
		int r;

		for (int k = 0; k < 3; k++) {
			members->list[k].file.size = rows[i].sizes[k];
			size += rows[i].sizes[k];
		}
		r = member_sequence_new(f.folder, members, &sequence);
		assert_int_equal(r, rows[i].error);
		if (r < 0) {
			assert_null(sequence);
			member_list_free(members);
			continue;
		}
		assert_true(member_sequence_size(sequence) == size);
		member_sequence_unref(sequence);
	}
}

/* The members with a source of them. */
static void keeps_to_its_budget(void **state)
{
	struct members *members = find("a b");
	struct member_sequence *sequence = NULL;
	size_t left = f.budget.left;

	(void)state;
	f.budget.left = 2 * sizeof(uint64_t) - 1;
	assert_int_equal(
	    member_sequence_new(f.folder, members, &sequence), -ENOBUFS);
	assert_null(sequence);
	f.budget.left = left;
	member_list_free(members);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_files),
		cmocka_unit_test(opens_several_sources),
		cmocka_unit_test(names_the_member_that_fails),
		cmocka_unit_test(has_a_tag_of_its_own),
		cmocka_unit_test(limits_its_size),
		cmocka_unit_test(keeps_to_its_budget),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "member_sequence", tests, set_up, tear_down);
}
