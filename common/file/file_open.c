/* SPDX-License-Identifier: MIT */
/*
 * A file that was opened a moment ago is found without the disk: the loop tries
 * that itself, since the way through the thread pool costs more than the rest
 * of a small request. Whatever such a try can't tell for sure is asked again in
 * the pool.
 */
#include "config.h"
#include "common/file/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/file/root_folder.h"

/* EAGAIN: a rename raced with the look-up of a ".." (openat2(2)). */
#define RACE_TRIES 8

/* Linux 5.12; the headers may be older. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

/*
 * How the try in the loop resolves: nothing but what is in memory, and never
 * on to another file system, whose look-ups or open(2) may wait for others.
 */
#define RESOLVE_NOW (RESOLVE_CACHED | RESOLVE_NO_XDEV)

struct file_open {
	uv_work_t work;
	file_open_done_fn *done; /* NULL: cancelled */
	void *context;
	struct file_open_target target; /* its strings stand below */
	const char *variants[FILE_OPEN_VARIANTS_MAX + 1];
	struct file_open_result result;
	char strings[];
};

/* Where names are looked up, and how. */
struct place {
	int folder;
	uint64_t resolve; /* 0 or RESOLVE_NOW */
};

static int open_beneath(
    const struct place *at, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve =
		    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | at->resolve,
	};
	/* Asking again does not bring names into memory. */
	int tries = at->resolve ? 1 : RACE_TRIES;
	long fd;

	do
		fd = syscall(SYS_openat2, at->folder, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --tries > 0)));
	return fd < 0 ? -errno : (int)fd;
}

/*
 * The folder is opened on its own, so that a link in it can't lead to another
 * folder beneath the same root. To be closed unless it is the root.
 */
static int open_folder(const struct file_open_target *target, uint64_t resolve)
{
	const struct place root = { target->root_fd, resolve };

	if (target->below[0] == '\0')
		return target->root_fd;
	return open_beneath(&root, target->below, O_PATH | O_DIRECTORY);
}

/* Opens and stats. Returns a descriptor or -errno. */
static int open_file(
    const struct place *at, const char *path, struct stat *ret_stat)
{
	int fd = open_beneath(at, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
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

/*
 * Puts a variant in the file's place if it may stand for it. Returns 1 if so,
 * else 0, or -EAGAIN or -EXDEV when that can't be told without waiting.
 */
static int take_variant(
    const struct place *at, const char *path, struct file_open_result *result)
{
	struct stat st;
	int fd = open_file(at, path, &st);

	if (fd < 0)
		return at->resolve && (fd == -EAGAIN || fd == -EXDEV) ? fd : 0;
	if (!S_ISREG(st.st_mode) ||
	    is_older(&st.st_mtim, &result->stat.st_mtim)) {
		close(fd);
		return 0;
	}
	close(result->fd);
	result->fd = fd;
	result->stat = st;
	return 1;
}

/* Returns 0, or the error with which take_variant() could not tell. */
static int try_variants(const struct file_open_target *target,
    const struct place *at, struct file_open_result *result)
{
	const char *const *suffixes = target->variants;
	char path[PATH_MAX];

	if (!suffixes || !S_ISREG(result->stat.st_mode))
		return 0;
	for (int i = 0; i < FILE_OPEN_VARIANTS_MAX && suffixes[i]; i++) {
		int length = snprintf(
		    path, sizeof(path), "%s%s", target->path, suffixes[i]);
		int r;

		/* No file has so long a name. */
		if (length < 0 || (size_t)length >= sizeof(path))
			continue;
		r = take_variant(at, path, result);
		if (r > 0)
			result->variant = i;
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}

/* Returns the result's `error`. */
static int open_target(const struct file_open_target *target, uint64_t resolve,
    struct file_open_result *result)
{
	const struct place at = { open_folder(target, resolve), resolve };

	result->variant = -1;
	result->attribute_length = 0;
	if (at.folder < 0)
		return result->error = at.folder;
	result->fd = open_file(&at, target->path, &result->stat);
	result->error =
	    result->fd < 0 ? result->fd : try_variants(target, &at, result);
	if (result->fd >= 0 && result->error < 0)
		close(result->fd);
	if (at.folder != target->root_fd)
		close(at.folder);
	return result->error;
}

int file_open_stat(const struct file_open_target *target, struct stat *ret)
{
	const struct place at = { open_folder(target, 0), 0 };
	int fd =
	    at.folder < 0 ? at.folder : open_beneath(&at, target->path, O_PATH);
	int r = fd < 0 ? fd : 0;

	if (fd >= 0 && fstat(fd, ret) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	if (at.folder >= 0 && at.folder != target->root_fd)
		close(at.folder);
	return r;
}

void file_open_attribute(struct file_open_result *result, const char *name)
{
	ssize_t n = 0;

	if (name)
		n = fgetxattr(result->fd, name, result->attribute,
		    sizeof(result->attribute));
	result->attribute_length = n > 0 ? (size_t)n : 0;
}

static void run(uv_work_t *work)
{
	struct file_open *open = container_of(work, struct file_open, work);
	struct file_open_result *result = &open->result;

	if (open_target(&open->target, 0, result) < 0)
		return;
	file_open_attribute(result, open->target.attribute);
	result->close_blocks = aio_file_close_blocks(result->fd);
}

/*
 * Returns true if EINVAL comes from the kernel itself. A file system may answer
 * so for a name: a folder that folds case does for one that is no UTF-8 (ext4
 * in its strict mode).
 */
static bool is_unknown(const struct place *at)
{
	int fd = open_beneath(at, ".", O_PATH);

	if (fd >= 0)
		close(fd);
	return fd == -EINVAL;
}

int file_open_now(
    const struct file_open_target *target, struct file_open_result *result)
{
	static bool unknown; /* RESOLVE_CACHED, to this kernel */
	const struct place root = { target->root_fd, RESOLVE_NOW };
	int r;

	if (!target->is_local || target->attribute || unknown)
		return -EAGAIN;
	r = open_target(target, RESOLVE_NOW, result);
	result->close_blocks = false;
	/* A path that leads out of its folder, or to a mount in it. */
	if (r == -EXDEV)
		return -EAGAIN;
	if (r != -EINVAL)
		return r;
	unknown = is_unknown(&root);
	return -EAGAIN;
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
	root_folder_unref(open->target.root);
	free(open);
}

/* Room for all strings of a target. */
static size_t strings_size(const struct file_open_target *target)
{
	size_t size = strlen(target->below) + 1 + strlen(target->path) + 1;

	for (int i = 0; i < FILE_OPEN_VARIANTS_MAX && target->variants &&
	     target->variants[i];
	     i++)
		size += strlen(target->variants[i]) + 1;
	if (target->attribute)
		size += strlen(target->attribute) + 1;
	return size;
}

/* Copies a string to `*end`, and moves that past the copy. */
static const char *copy_string(char **end, const char *string)
{
	const char *copy = *end;

	*end = stpcpy(*end, string) + 1;
	return copy;
}

static void copy_target(
    struct file_open *open, const struct file_open_target *target)
{
	char *end = open->strings;

	open->target = *target;
	root_folder_ref(open->target.root);
	open->target.below = copy_string(&end, target->below);
	open->target.path = copy_string(&end, target->path);
	open->target.variants = open->variants;
	for (int i = 0; i < FILE_OPEN_VARIANTS_MAX && target->variants &&
	     target->variants[i];
	     i++)
		open->variants[i] = copy_string(&end, target->variants[i]);
	if (target->attribute)
		open->target.attribute = copy_string(&end, target->attribute);
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
	/* Unless it runs. */
	open->result.error = -ECANCELED;
	copy_target(open, target);
	uv_queue_work(loop, &open->work, run, finished);
	return open;
}

void file_open_cancel(struct file_open *open)
{
	open->done = NULL;
	/* One that still waits for a thread must not hold others up. */
	uv_cancel((uv_req_t *)&open->work);
}

int file_open_below(const struct file_open_target *target)
{
	const char *below = target->below[0] == '\0' ? "." : target->below;

	return file_open_beneath(target->root_fd, below, O_PATH | O_DIRECTORY);
}

int file_open_beneath(int folder_fd, const char *path, int flags)
{
	const struct place at = { folder_fd, 0 };

	return open_beneath(&at, path, (uint64_t)flags);
}

bool file_open_is_absent(int error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
	case EACCES:
	case EPERM:
	case ENAMETOOLONG:
	/* A name that its folder does not allow. */
	case EINVAL:
	/* A socket, or a device file without a device. */
	case ENXIO:
	case ENODEV:
	/* No name can be opened at all. */
	case ENOSYS:
		return true;
	default:
		return false;
	}
}

int file_open_supported(void)
{
	const struct place here = { AT_FDCWD, 0 };
	/* It leads out, whatever the current folder is and who may enter it. */
	int r = open_beneath(&here, "/", O_PATH);

	return r == -EXDEV ? 0 : r;
}
