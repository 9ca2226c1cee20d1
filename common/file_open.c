/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/aio_file.h"
#include "common/container_of.h"

/* EAGAIN: a rename raced with the look-up of a ".." (openat2(2)). */
#define RACE_TRIES 8

struct file_open {
	uv_work_t work;
	file_open_done_fn *done; /* NULL: cancelled */
	void *context;
	struct file_open_result result;
	int root_fd;
	const char *path;
	char below[]; /* and, behind its NUL, the path */
};

static int open_beneath(int folder, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int tries = RACE_TRIES;
	long fd;

	do
		fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --tries > 0)));
	return fd < 0 ? -errno : (int)fd;
}

static int open_target(const struct file_open *open)
{
	int folder = open->root_fd;
	int fd;

	/*
	 * The folder is opened on its own, so that a link in it can't lead to
	 * another folder beneath the same root.
	 */
	if (open->below[0] != '\0') {
		folder =
		    open_beneath(folder, open->below, O_PATH | O_DIRECTORY);
		if (folder < 0)
			return folder;
	}
	fd = open_beneath(folder, open->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (folder != open->root_fd)
		close(folder);
	return fd;
}

static void run(uv_work_t *work)
{
	struct file_open *open = container_of(work, struct file_open, work);
	struct file_open_result *result = &open->result;

	result->error = 0;
	result->fd = open_target(open);
	if (result->fd < 0) {
		result->error = result->fd;
		return;
	}
	if (fstat(result->fd, &result->stat) < 0) {
		result->error = -errno;
		close(result->fd);
		return;
	}
	result->close_blocks = aio_file_close_blocks(result->fd);
}

/* With the care of an aio_file: close(2) may block. */
static void close_unwanted(
    uv_loop_t *loop, const struct file_open_result *result)
{
	struct aio_file *file =
	    aio_file_new(loop, result->fd, result->close_blocks);

	if (file)
		aio_file_unref(file);
	else
		close(result->fd);
}

static void finished(uv_work_t *work, int status)
{
	struct file_open *open = container_of(work, struct file_open, work);

	(void)status;
	if (open->done)
		open->done(open->context, &open->result);
	else if (open->result.error == 0)
		close_unwanted(work->loop, &open->result);
	free(open);
}

struct file_open *file_open_start(uv_loop_t *loop,
    const struct file_open_target *target, file_open_done_fn *done,
    void *context)
{
	size_t below_size = strlen(target->below) + 1;
	size_t path_size = strlen(target->path) + 1;
	struct file_open *open = malloc(sizeof(*open) + below_size + path_size);

	if (!open)
		return NULL;
	*open = (struct file_open){
		.done = done,
		.context = context,
		.root_fd = target->root_fd,
		/* Unless it runs. */
		.result.error = -ECANCELED,
		.path = open->below + below_size,
	};
	memcpy(open->below, target->below, below_size);
	memcpy(open->below + below_size, target->path, path_size);
	uv_queue_work(loop, &open->work, run, finished);
	return open;
}

void file_open_cancel(struct file_open *open)
{
	open->done = NULL;
	/* One that waits for a thread shall not keep others waiting. */
	uv_cancel((uv_req_t *)&open->work);
}

int file_open_supported(void)
{
	int fd = open_beneath(AT_FDCWD, ".", O_PATH);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
