/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
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
	const char *attribute;                        /* or NULL */
	const char *variants[FILE_OPEN_VARIANTS_MAX]; /* whole paths; NULL */
	char below[]; /* and the other strings, each with its NUL */
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

/*
 * The folder is opened on its own, so that a link in it can't lead to another
 * folder beneath the same root. To be closed unless it is the root.
 */
static int open_folder(const struct file_open *open)
{
	if (open->below[0] == '\0')
		return open->root_fd;
	return open_beneath(open->root_fd, open->below, O_PATH | O_DIRECTORY);
}

/* Opens and stats: a descriptor or -errno. */
static int open_file(int folder, const char *path, struct stat *ret_stat)
{
	int fd = open_beneath(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	int error;

	if (fd < 0)
		return fd;
	if (fstat(fd, ret_stat) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec;
	return a->tv_nsec < b->tv_nsec;
}

/* Puts a variant in the file's place if it may stand for it. */
static bool take_variant(
    int folder, const char *path, struct file_open_result *result)
{
	struct stat st;
	int fd = open_file(folder, path, &st);

	if (fd < 0)
		return false;
	if (!S_ISREG(st.st_mode) ||
	    is_older(&st.st_mtim, &result->stat.st_mtim)) {
		close(fd);
		return false;
	}
	close(result->fd);
	result->fd = fd;
	result->stat = st;
	return true;
}

static void try_variants(struct file_open *open, int folder)
{
	struct file_open_result *result = &open->result;

	if (!S_ISREG(result->stat.st_mode))
		return;
	for (int i = 0; i < FILE_OPEN_VARIANTS_MAX && open->variants[i]; i++) {
		if (take_variant(folder, open->variants[i], result)) {
			result->variant = i;
			return;
		}
	}
}

static void read_attribute(const char *name, struct file_open_result *result)
{
	ssize_t n = fgetxattr(
	    result->fd, name, result->attribute, sizeof(result->attribute));

	if (n > 0)
		result->attribute_length = (size_t)n;
}

static void run(uv_work_t *work)
{
	struct file_open *open = container_of(work, struct file_open, work);
	struct file_open_result *result = &open->result;
	int folder = open_folder(open);

	if (folder < 0) {
		result->error = folder;
		return;
	}
	result->error = 0;
	result->fd = open_file(folder, open->path, &result->stat);
	if (result->fd < 0)
		result->error = result->fd;
	else
		try_variants(open, folder);
	if (folder != open->root_fd)
		close(folder);
	if (result->error < 0)
		return;
	if (open->attribute)
		read_attribute(open->attribute, result);
	result->close_blocks = aio_file_close_blocks(result->fd);
}

/* With the care of an aio_file: close(2) may block. */
void file_open_discard(uv_loop_t *loop, const struct file_open_result *result)
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
		file_open_discard(work->loop, &open->result);
	free(open);
}

static size_t variant_count(const struct file_open_target *target)
{
	size_t count = 0;

	while (target->variants && count < FILE_OPEN_VARIANTS_MAX &&
	    target->variants[count])
		count++;
	return count;
}

/* Room for all strings of a target, variants as whole paths. */
static size_t strings_size(const struct file_open_target *target)
{
	size_t path_length = strlen(target->path);
	size_t size = strlen(target->below) + 1 + path_length + 1;

	for (size_t i = 0; i < variant_count(target); i++)
		size += path_length + strlen(target->variants[i]) + 1;
	if (target->attribute)
		size += strlen(target->attribute) + 1;
	return size;
}

static void copy_strings(
    struct file_open *open, const struct file_open_target *target)
{
	char *end = stpcpy(open->below, target->below) + 1;

	open->path = end;
	end = stpcpy(end, target->path) + 1;
	for (size_t i = 0; i < variant_count(target); i++) {
		open->variants[i] = end;
		end =
		    stpcpy(stpcpy(end, target->path), target->variants[i]) + 1;
	}
	if (target->attribute)
		open->attribute = strcpy(end, target->attribute);
}

struct file_open *file_open_start(uv_loop_t *loop,
    const struct file_open_target *target, file_open_done_fn *done,
    void *context)
{
	struct file_open *open =
	    calloc(1, sizeof(*open) + strings_size(target));

	if (!open)
		return NULL;
	open->done = done;
	open->context = context;
	open->root_fd = target->root_fd;
	/* Unless it runs. */
	open->result.error = -ECANCELED;
	open->result.variant = -1;
	copy_strings(open, target);
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
