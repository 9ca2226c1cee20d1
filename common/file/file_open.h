/* SPDX-License-Identifier: MIT */
/* The one place where files are opened: beneath a root, without blocking. */
#ifndef COMMON_FILE_FILE_OPEN_H
#define COMMON_FILE_FILE_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <uv.h>

struct file_open;
struct root_folder;

/* The most variants of a target that are tried. */
#define FILE_OPEN_VARIANTS_MAX 3
/* Bytes of the longest value of an attribute that is read. */
#define FILE_OPEN_ATTRIBUTE_MAX 256

/* What to open: `path` beneath the folder `below` beneath `root_fd`. */
struct file_open_target {
	/* A folder, also O_PATH; must stay open while the open runs. */
	int root_fd;
	/* Relative to it; "" is the root itself. */
	const char *below;
	/* Relative to that; must not lead out of it. */
	const char *path;
	/*
	 * NULL, or suffixes of files to be had instead, best first, with a
	 * NULL after the last.
	 */
	const char *const *variants;
	/* NULL, or the extended attribute to read (xattr(7)). */
	const char *attribute;
	/*
	 * The file system of root_fd is known to be a disk or memory of this
	 * machine: see file_open_now().
	 */
	bool is_local;
	/*
	 * NULL, or what root_fd is of: whatever copies the target has a
	 * reference, so that it stays open.
	 */
	struct root_folder *root;
};

/* The result. On success the callback owns `fd`. */
struct file_open_result {
	/* 0 or -errno; -EXDEV: the path leads out of its folder. */
	int error;
	int fd;
	struct stat stat;
	/* See aio_file_new(). */
	bool close_blocks;
	/* Index of the variant that was opened; -1: `path` itself. */
	int variant;
	/* 0: it has none, it is empty or too long, or it can't be read. */
	size_t attribute_length;
	/* The value, without a NUL after it. */
	char attribute[FILE_OPEN_ATTRIBUTE_MAX];
};

typedef void file_open_done_fn(
    void *context, const struct file_open_result *result);

/*
 * Opens a file for reading in the thread pool of `loop` and stats it by its
 * descriptor. Neither `below` nor `path` may leave its folder, by "..", by an
 * absolute name or by a symbolic link (openat2(2), RESOLVE_BENEATH,
 * RESOLVE_NO_MAGICLINKS). A named pipe or a device does not block
 * (O_NONBLOCK); whether a file of that kind is welcome is for the caller to
 * judge. `done(context, …)` is called from the loop. Returns NULL if there is
 * no memory.
 *
 * If it is a regular file, the first variant, `path` with a suffix, that is a
 * regular file as well, can be read and is not older (mtime) is opened instead
 * of it: an older one was made from other bytes. All that the result has is
 * then of the variant. Nothing that is wrong with a variant is an error. The
 * target is copied.
 */
struct file_open *file_open_start(uv_loop_t *loop,
    const struct file_open_target *target, file_open_done_fn *done,
    void *context);

/*
 * The same without the thread pool, if that needs neither disk nor another
 * machine: all names stand in the kernel's cache (openat2(2), RESOLVE_CACHED,
 * Linux 5.12), the target is on a local file system and no mount stands in the
 * way (RESOLVE_NO_XDEV). Neither is true of what an attribute needs. Does not
 * block, unless somebody has asked the kernel to wait for leave to open it
 * (fanotify(7)). Returns 0 or -errno, with *result as file_open_start() would
 * have it; or -EAGAIN, when only file_open_start() can tell and *result must
 * not be used.
 */
int file_open_now(
    const struct file_open_target *target, struct file_open_result *result);

/*
 * Reads an attribute of a file that was opened in another way into its result;
 * NULL: none. Blocks: for the thread pool.
 */
void file_open_attribute(struct file_open_result *result, const char *name);

/*
 * Stats what stands at the target, of any kind, by the same rules, without
 * leave to read it; variants and attribute don't count. Blocks: for a job of
 * the thread pool. 0 or -errno.
 */
int file_open_stat(const struct file_open_target *target, struct stat *ret);

/* `done` will not be called; the descriptor is closed when it comes. */
void file_open_cancel(struct file_open *open);

/*
 * Closes the descriptor of a result that is not wanted, in the thread pool
 * where close(2) may wait.
 */
void file_open_discard(uv_loop_t *loop, const struct file_open_result *result);

/*
 * Opens the folder `below` beneath `root_fd` of a target with O_PATH: what its
 * paths are beneath. Blocks: for the thread pool. A descriptor of the caller's
 * own, or -errno.
 */
int file_open_below(const struct file_open_target *target);

/*
 * Opens `path` beneath a folder, by the same rules. `flags`: those of open(2),
 * O_CLOEXEC is added. Returns a descriptor or -errno. Blocks: for the thread
 * pool.
 */
int file_open_beneath(int folder_fd, const char *path, int flags);

/*
 * Returns true if such an error (-errno) means that no file can be had there.
 * Any other, such as -EMFILE, has nothing to do with the name: ask again.
 */
bool file_open_is_absent(int error);

/* Returns 0 if the kernel has openat2(2) (Linux 5.6), else -errno. */
int file_open_supported(void);

#endif
