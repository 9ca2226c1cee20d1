/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/aio_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/container_of.h"

struct aio_file *aio_file_new(uv_loop_t *loop, int fd, bool close_blocks)
{
	struct aio_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->fd = fd;
	file->direct_fd = -1;
	file->close_blocks = close_blocks;
	file->references = 1;
	file->loop = loop;
	TAILQ_INIT(&file->waiting);
	TAILQ_INIT(&file->flights);
	return file;
}

struct aio_file *aio_file_ref(struct aio_file *file)
{
	file->references++;
	return file;
}

void aio_file_note_use(struct aio_file *file)
{
	if (file->uses < UINT_MAX)
		file->uses++;
}

static void close_descriptors(uv_work_t *work)
{
	struct aio_file *file = container_of(work, struct aio_file, work);

	close(file->fd);
	if (file->direct_fd >= 0)
		close(file->direct_fd);
}

static void closed(uv_work_t *work, int status)
{
	(void)status;
	free(container_of(work, struct aio_file, work));
}

/* The last descriptor of a deleted file frees all its blocks in close(2). */
static bool is_deleted(const struct aio_file *file)
{
	struct stat st;

	if (file->size > 0 && file->size <= AIO_FILE_SMALL_SIZE)
		return false;
	return fstat(file->fd, &st) == 0 && st.st_nlink == 0;
}

void aio_file_unref(struct aio_file *file)
{
	if (!file || --file->references > 0)
		return;
	assert(TAILQ_EMPTY(&file->waiting) && TAILQ_EMPTY(&file->flights));
	if (file->entry)
		file->on_close(file);
	if ((file->close_blocks || is_deleted(file)) &&
	    uv_queue_work(file->loop, &file->work, close_descriptors, closed) ==
		0)
		return;
	close_descriptors(&file->work);
	free(file);
}

/* FS_OTHER may wait for another machine. */
enum file_system { FS_DISK, FS_MEMORY, FS_OTHER };

static enum file_system file_system(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return FS_OTHER;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
		return FS_DISK;
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
		return FS_MEMORY;
	}
	return FS_OTHER;
}

/* Returns the alignment of offsets and lengths, or 0 without direct I/O. */
static uint32_t direct_alignment(int fd)
{
#ifdef HAVE_STRUCT_STATX_STX_DIO_MEM_ALIGN
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
	    (stx.stx_mask & STATX_DIOALIGN)) {
		if (stx.stx_dio_mem_align > CHUNK_POOL_ALIGNMENT)
			return 0;
		return stx.stx_dio_offset_align;
	}
#endif
	/*
	 * Kernels before 6.1 do not tell, nor do some file systems. For those
	 * that are known to read in the background a page is enough, and a
	 * read that fails with EINVAL all the same goes to the thread pool.
	 * Others may accept O_DIRECT and then read inside io_submit(), as FUSE
	 * does.
	 */
	return file_system(fd) == FS_DISK ? CHUNK_POOL_ALIGNMENT : 0;
}

int aio_file_open_direct(struct aio_file *file)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	uint32_t alignment;
	int fd;

	/* By descriptor: the name may stand for another file by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	alignment = direct_alignment(fd);
	if (alignment == 0 || alignment > CHUNK_POOL_ALIGNMENT) {
		close(fd);
		return -EOPNOTSUPP;
	}
	file->direct_fd = fd;
	file->offset_alignment = alignment;
	return 0;
}

void aio_file_without_direct(struct aio_file *file)
{
	file->direct = AIO_FILE_DIRECT_NONE;
	file->advised = true;
	posix_fadvise(file->fd, 0, 0, POSIX_FADV_NORMAL);
}

bool aio_file_close_blocks(int fd)
{
	return file_system(fd) == FS_OTHER;
}
