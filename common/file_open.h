/* SPDX-License-Identifier: MIT */
/* The one place where files are opened: beneath a root, without blocking. */
#ifndef COMMON_FILE_OPEN_H
#define COMMON_FILE_OPEN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <uv.h>

struct file_open;

/* What to open: `path` beneath the folder `below` beneath `root_fd`. */
struct file_open_target {
	/* A folder, also O_PATH; must stay open while the open runs. */
	int root_fd;
	/* Relative to it; "" is the root itself. */
	const char *below;
	/* Relative to that; must not lead out of it. */
	const char *path;
};

/* How it went; `fd` now belongs to whoever is told. */
struct file_open_result {
	/* 0 or -errno; -EXDEV: the path leads out of its folder. */
	int error;
	int fd;
	struct stat stat;
	/* See aio_file_new(). */
	bool close_blocks;
};

typedef void file_open_done_fn(
    void *context, const struct file_open_result *result);

/*
 * Opens a file for reading in the thread pool of `loop` and stats it by its
 * descriptor. Neither `below` nor `path` may leave its folder, by "..", by an
 * absolute name or by a symbolic link (openat2(2), RESOLVE_BENEATH,
 * RESOLVE_NO_MAGICLINKS). A named pipe or a device does not block
 * (O_NONBLOCK); whether a file of that kind is welcome is for the caller to
 * judge. `done(context, …)` is called from the loop. NULL: out of memory.
 */
struct file_open *file_open_start(uv_loop_t *loop,
    const struct file_open_target *target, file_open_done_fn *done,
    void *context);

/* `done` will not be called; the descriptor is closed when it comes. */
void file_open_cancel(struct file_open *open);

/* 0 if the kernel knows openat2(2), which came with Linux 5.6; else -errno. */
int file_open_supported(void);

#endif
