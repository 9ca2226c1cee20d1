/* SPDX-License-Identifier: MIT */
/* An open file as the reader sees it: its descriptors, and what they can. */
#ifndef COMMON_FILE_AIO_FILE_H
#define COMMON_FILE_AIO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>
#include <uv.h>

#include "common/file/file_windows.h"

struct aio_file;
struct aio_op;
struct file_entry;

/*
 * A file up to this size, in bytes, is not worth a precaution: when it is read
 * ahead as a whole, and when close(2) frees it.
 */
#define AIO_FILE_SMALL_SIZE (64 << 10)

enum aio_file_direct {
	AIO_FILE_DIRECT_UNKNOWN, /* not tried yet */
	AIO_FILE_DIRECT_OPENING, /* in the thread pool; reads wait */
	AIO_FILE_DIRECT_READY,
	AIO_FILE_DIRECT_NONE, /* the file system can't: thread pool */
};

/*
 * Shared by its sources and by the reads in flight, which may outlive them: the
 * last reference closes the descriptors. For the eyes of the reader and of the
 * file table only.
 */
struct aio_file {
	int fd;
	int direct_fd;
	enum aio_file_direct direct;
	uint32_t offset_alignment; /* also of the length; a power of two */
	bool no_cached_tier;       /* RWF_NOWAIT is not supported here */
	unsigned int warm_reads; /* in a row, all of whose bytes were cached */
	bool brought_in;         /* what is read may come into the page cache */
	unsigned int cold_reads; /* left to make without looking there */
	unsigned int cold_step;
	bool advised; /* that it is not read in order (posix_fadvise(2)) */
	bool close_blocks;
	unsigned int references;
	uint64_t size;     /* 0: not known */
	uint64_t blocks;   /* of 512 bytes, if the size is known */
	unsigned int uses; /* requests that have read it, also earlier ones */
	struct file_windows windows;
	struct file_entry *entry; /* the file table's, or NULL */
	/* Called when the last reference goes, if there is an entry. */
	void (*on_close)(struct aio_file *file);
	uv_loop_t *loop;
	uv_work_t work;
	TAILQ_HEAD(, aio_op) waiting; /* for the O_DIRECT descriptor */
	TAILQ_HEAD(, aio_op) flights; /* reads that others may join */
};

/*
 * Takes over `fd`, a regular file opened for reading. `close_blocks`: its file
 * system may wait in close(2) (FUSE, NFS), so that is left to the thread pool
 * of `loop`. NULL: out of memory; `fd` stays the caller's.
 */
struct aio_file *aio_file_new(uv_loop_t *loop, int fd, bool close_blocks);

/* One more reference, for one more aio_file_unref(). */
struct aio_file *aio_file_ref(struct aio_file *file);

/*
 * One more request is going to read the file. What is wanted more than once is
 * worth a place in the page cache (aio_cache_way()).
 */
void aio_file_note_use(struct aio_file *file);

/*
 * One less; the last one closes, in the thread pool where close(2) may wait.
 * NULL is allowed.
 */
void aio_file_unref(struct aio_file *file);

/*
 * Opens the file a second time with O_DIRECT (open(2)) and asks for the
 * alignment (statx(2), STATX_DIOALIGN); sets direct_fd and offset_alignment.
 * Blocks: for the thread pool. Returns 0, or -errno without direct I/O.
 */
int aio_file_open_direct(struct aio_file *file);

/* Without direct I/O: lets the kernel read ahead for the thread pool. */
void aio_file_without_direct(struct aio_file *file);

/*
 * Returns true if close(2) of this file may wait for another machine or
 * process, as on every file system that is not known to be local. Blocks: for
 * the thread pool.
 */
bool aio_file_close_blocks(int fd);

#endif
