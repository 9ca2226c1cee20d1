/* SPDX-License-Identifier: MIT */
/*
 * While it is open its inode and its mount stay, so that neither number can
 * stand for another folder meanwhile: to compare them is enough.
 */
#include "config.h"
#include "common/file/root_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/file/aio_file.h"

/* Linux 5.8; the headers may be older. */
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000
#endif

/* Linux 5.12; the same. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

#define WANTED                                                         \
	(STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | \
	    STATX_MNT_ID)

/* What is known of a file of another machine will do: it doesn't block. */
static int ask(int fd, struct statx *ret)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, WANTED, ret) <
		0
	    ? -errno
	    : 0;
}

static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino &&
#ifdef HAVE_STRUCT_STATX_STX_MNT_ID
	    a->stx_mnt_id == b->stx_mnt_id &&
#endif
	    a->stx_dev_major == b->stx_dev_major &&
	    a->stx_dev_minor == b->stx_dev_minor;
}

static bool is_equal(const struct statx *a, const struct statx *b)
{
	return is_same(a, b) && a->stx_mode == b->stx_mode &&
	    a->stx_uid == b->stx_uid && a->stx_gid == b->stx_gid;
}

int root_folder_open(const char *name, struct root_folder **ret_folder)
{
	struct root_folder *folder = calloc(1, sizeof(*folder));
	int r = -ENOMEM;

	if (!folder)
		return r;
	folder->references = 1;
	folder->fd = -1;
	/* Its real name first, so that both are of one folder. */
	folder->real = realpath(name, NULL);
	if (folder->real)
		folder->fd =
		    open(folder->real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = folder->fd < 0 ? -errno : ask(folder->fd, &folder->known);
	if (r < 0) {
		root_folder_unref(folder);
		return r;
	}
	folder->is_local = !aio_file_close_blocks(folder->fd);
	folder->may_enter = faccessat(folder->fd, ".", X_OK, AT_EACCESS) == 0;
	*ret_folder = folder;
	return 0;
}

bool root_folder_is_at(const struct root_folder *folder, const char *name)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_CACHED,
	};
	long fd = syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));
	struct statx now;
	bool is_there;

	if (fd < 0)
		return false;
	is_there = ask((int)fd, &now) == 0 && is_equal(&folder->known, &now);
	close((int)fd);
	return is_there;
}

bool root_folder_is_same(
    const struct root_folder *a, const struct root_folder *b)
{
	return is_same(&a->known, &b->known);
}

bool root_folder_equal(const struct root_folder *a, const struct root_folder *b)
{
	return is_equal(&a->known, &b->known);
}

struct root_folder *root_folder_ref(struct root_folder *folder)
{
	if (folder)
		atomic_fetch_add(&folder->references, 1);
	return folder;
}

void root_folder_unref(struct root_folder *folder)
{
	if (!folder || atomic_fetch_sub(&folder->references, 1) > 1)
		return;
	if (folder->fd >= 0)
		close(folder->fd);
	free(folder->real);
	free(folder);
}
