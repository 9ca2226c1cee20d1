/* SPDX-License-Identifier: MIT */
/*
 * A folder that files are opened beneath, as its name led to it when it was
 * opened. Shared by reference: what runs beneath it keeps it, while the name
 * may lead elsewhere by then.
 */
#ifndef COMMON_FILE_ROOT_FOLDER_H
#define COMMON_FILE_ROOT_FOLDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

struct root_folder {
	int fd; /* O_PATH */
	/* Its file system is known to be a disk or memory of this machine. */
	bool is_local;
	/* This process may open what is in it (path_resolution(7)). */
	bool may_enter;
	char *real; /* its name without links, as realpath(3) has it */

	/* For root_folder.c. */
	struct statx known;
	atomic_uint references;
};

/*
 * Opens the folder that `name` leads to, for the caller to root_folder_unref().
 * Blocks. Returns 0 or -errno: of a file, -ENOTDIR.
 */
int root_folder_open(const char *name, struct root_folder **ret_folder);

/*
 * Returns true if `name` is known to lead there still, with the same owner and
 * mode: all that stands in the kernel's memory. False if it leads elsewhere, or
 * if that can't be told without waiting. Doesn't block.
 */
bool root_folder_is_at(const struct root_folder *folder, const char *name);

/* Returns whether both are one folder, on one mount. */
bool root_folder_is_same(
    const struct root_folder *a, const struct root_folder *b);

/* The same, and whether it had the same owner and mode. */
bool root_folder_equal(
    const struct root_folder *a, const struct root_folder *b);

/* Returns `folder`, with one more reference; for any thread. NULL is allowed.
 */
struct root_folder *root_folder_ref(struct root_folder *folder);

/*
 * One reference less; the last one closes it, which waits if it is the last to
 * hold a file system of another machine that was unmounted lazily. For any
 * thread. NULL is allowed.
 */
void root_folder_unref(struct root_folder *folder);

#endif
