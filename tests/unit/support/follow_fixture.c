/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/follow_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/file_open.h"
#include "common/reader/aio_reader.h"
#include "fcgi_app/actions/follow/follow_watch.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/unit.h"

#define PATIENCE_MS 20000

/* --- files ---------------------------------------------------------------- */

struct file_open_result follow_fixture_result(
    struct follow_fixture *f, const char *name)
{
	struct file_open_result result = {
		.close_blocks = f->is_remote,
		.variant = -1,
	};

	result.fd = openat(f->folder_fd, name, O_RDONLY | O_CLOEXEC);
	assert_true(result.fd >= 0);
	assert_int_equal(fstat(result.fd, &result.stat), 0);
	return result;
}

static struct follow_place place_of(struct follow_fixture *f, const char *name)
{
	return (struct follow_place){
		.root_fd = f->folder_fd,
		.below = "",
		.path = name,
		.is_local = true,
		.marker = f->marker,
		.rotate_ms = FOLLOW_FIXTURE_ROTATE,
	};
}

struct follow_file *follow_fixture_open(
    struct follow_fixture *f, const char *name)
{
	const struct file_open_result result = follow_fixture_result(f, name);
	const struct follow_place place = place_of(f, name);
	struct follow_file *file =
	    follow_watch_open(f->hub, &place, &result, false);

	assert_non_null(file);
	return file;
}

struct follow_file *follow_fixture_open_past(
    struct follow_fixture *f, const char *name, struct follow_file *next)
{
	const struct file_open_result result = follow_fixture_result(f, name);
	const struct follow_place place = place_of(f, "a");
	struct follow_file *file =
	    follow_watch_open_past(f->hub, &place, &result, next);

	assert_non_null(file);
	return file;
}

void follow_fixture_append(
    struct follow_fixture *f, const char *name, const char *text)
{
	int fd = openat(f->folder_fd, name,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void follow_fixture_cut(
    struct follow_fixture *f, const char *name, uint64_t size)
{
	int fd = openat(f->folder_fd, name, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

void follow_fixture_rename(
    struct follow_fixture *f, const char *from, const char *to)
{
	assert_int_equal(renameat(f->folder_fd, from, f->folder_fd, to), 0);
}

void follow_fixture_remove(struct follow_fixture *f, const char *name)
{
	assert_int_equal(unlinkat(f->folder_fd, name, 0), 0);
}

static void remove_folder(struct follow_fixture *f)
{
	DIR *folder = opendir(f->folder);
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL)
		unlinkat(f->folder_fd, entry->d_name, 0);
	closedir(folder);
	close(f->folder_fd);
	assert_int_equal(rmdir(f->folder), 0);
}

unsigned int follow_fixture_watches(void)
{
	char path[64], line[512];
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++) {
		FILE *info;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		info = fopen(path, "re");
		while (info && fgets(line, sizeof(line), info))
			count += strncmp(line, "inotify ", 8) == 0;
		if (info)
			fclose(info);
	}
	return count;
}

/* --- the loop ------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
	bool *is_over = timer->data;

	*is_over = true;
}

/* False: it took so long, and the condition was never true. */
static bool run_for(struct follow_fixture *f, unsigned int ms,
    bool (*is_true)(void *context), void *context)
{
	bool is_over = false;
	uv_timer_t timer;

	uv_timer_init(&f->loop, &timer);
	timer.data = &is_over;
	uv_timer_start(&timer, on_timer, ms, 0);
	while (!is_over && !(is_true && is_true(context)))
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	return !is_over;
}

void follow_fixture_run(
    struct follow_fixture *f, bool (*is_true)(void *context), void *context)
{
	assert_true(run_for(f, PATIENCE_MS, is_true, context));
}

void follow_fixture_wait(struct follow_fixture *f, unsigned int ms)
{
	run_for(f, ms, NULL, NULL);
}

/* --- setup ---------------------------------------------------------------- */

int follow_fixture_setup(void **state)
{
	struct follow_fixture *f = calloc(1, sizeof(*f));
	struct aio_reader_options options = { .depth = 4, .pool_jobs = 2 };

	assert_non_null(f);
	strcpy(f->folder, "follow-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	/* The first loop of a process leaves descriptors of libuv's own. */
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	f->fds_before = count_descriptors();
	f->folder_fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->folder_fd >= 0);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->pool =
	    chunk_pool_new(FOLLOW_FIXTURE_CHUNK, 4 * FOLLOW_FIXTURE_CHUNK);
	assert_non_null(f->pool);
	options.loop = &f->loop;
	options.pool = f->pool;
	assert_int_equal(aio_reader_new(&options, &f->reader), 0);
	f->hub = follow_hub_new(&f->loop, f->reader);
	assert_non_null(f->hub);
	*state = f;
	return 0;
}

int follow_fixture_teardown(void **state)
{
	struct follow_fixture *f = *state;

	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(follow_fixture_watches(), 0);
	follow_hub_close(f->hub);
	aio_reader_close(f->reader);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	follow_hub_free(f->hub);
	chunk_pool_free(f->pool);
	remove_folder(f);
	assert_int_equal(count_descriptors(), f->fds_before);
	free(f);
	return 0;
}
