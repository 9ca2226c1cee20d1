/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/member_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/file_table.h"
#include "common/reader/aio_reader.h"
#include "fcgi_app/members/member_source.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

/* --- the file ------------------------------------------------------------- */

void member_fixture_make_file(void)
{
	int fd = open(MEMBER_FIXTURE_NAME,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	unsigned char *bytes = malloc(MEMBER_FIXTURE_SIZE);

	assert_true(fd >= 0);
	assert_non_null(bytes);
	for (size_t i = 0; i < MEMBER_FIXTURE_SIZE; i++)
		bytes[i] = real_file_byte(i);
	assert_int_equal(
	    write(fd, bytes, MEMBER_FIXTURE_SIZE), MEMBER_FIXTURE_SIZE);
	assert_int_equal(fsync(fd), 0);
	close(fd);
	free(bytes);
}

void member_fixture_find(struct member_fixture *f)
{
	struct stat st;

	assert_int_equal(stat(MEMBER_FIXTURE_NAME, &st), 0);
	f->member = (struct member){
		.name = "file",
		.file = file_identity_of_stat(&st),
		.mode = st.st_mode,
	};
}

/* --- the fixture ---------------------------------------------------------- */

void member_fixture_close_source(struct member_fixture *f)
{
	if (f->source)
		f->source->ops->close(f->source);
	f->source = NULL;
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct member_fixture *f = context;

	f->done++;
	f->error = error;
	f->chunk = *chunk;
	if (!f->close_in_done)
		return;
	if (error == 0)
		f->source->ops->release(f->source, &f->chunk);
	member_fixture_close_source(f);
}

void member_fixture_open_source(struct member_fixture *f, bool is_local)
{
	member_fixture_close_source(f);
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

int member_fixture_set_up(void **state)
{
	struct member_fixture *f = calloc(1, sizeof(*f));
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
	f->services.options = &f->options;
	f->pool =
	    chunk_pool_new(MEMBER_FIXTURE_BUFFER, 12 * MEMBER_FIXTURE_BUFFER);
	assert_non_null(f->pool);
	options.loop = &f->open.loop;
	options.pool = f->pool;
	assert_int_equal(aio_reader_new(&options, &f->services.reader), 0);
	f->services.files = file_table_new(&f->open.loop);
	assert_non_null(f->services.files);
	member_fixture_make_file();
	member_fixture_find(f);
	open_fixture_ready(&f->open);
	return 0;
}

int member_fixture_tear_down(void **state)
{
	struct member_fixture *f = *state;
	int r;

	member_fixture_close_source(f);
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

int member_fixture_read(struct member_fixture *f, uint64_t offset,
    size_t length, struct source_chunk *ret_chunk)
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

void member_fixture_check_all(struct member_fixture *f)
{
	uint64_t at = 0;

	while (at < MEMBER_FIXTURE_SIZE) {
		size_t left = (size_t)(MEMBER_FIXTURE_SIZE - at);
		struct source_chunk chunk;

		assert_int_equal(
		    member_fixture_read(f, at,
			left < MEMBER_FIXTURE_BUFFER ? left
						     : MEMBER_FIXTURE_BUFFER,
			&chunk),
		    1);
		assert_true(chunk.length > 0);
		for (size_t i = 0; i < chunk.length; i++)
			assert_int_equal(chunk.data[i], real_file_byte(at + i));
		at += chunk.length;
		f->source->ops->release(f->source, &chunk);
	}
}
