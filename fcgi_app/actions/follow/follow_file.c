/* SPDX-License-Identifier: MIT */
/*
 * A file is in the hub's table from its opening until its fate is settled, so
 * that all who follow it share it; follow_watch.c finds out what becomes of it.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file/aio_file.h"
#include "common/file/file_open.h"
#include "fcgi_app/actions/follow/follow_identity.h"

/* Of the loop: two watches and a timer. */
#define HANDLES 3

/* --- beginning ------------------------------------------------------------ */

/*
 * Its end is what somebody writes just now: that is in the page cache, and a
 * direct read would have to wait until it is on the disk.
 */
static struct aio_file *make_aio_file(
    struct follow_hub *hub, const struct file_open_result *result)
{
	struct aio_file *file =
	    aio_file_new(hub->loop, result->fd, result->close_blocks);

	if (!file)
		return NULL;
	aio_file_without_direct(file);
	/* Twice used: all who follow it read the same bytes. */
	aio_file_note_use(file);
	aio_file_note_use(file);
	return file;
}

struct follow_file *follow_file_new(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result)
{
	struct follow_file *file =
	    calloc(1, sizeof(*file) + follow_place_size(place));

	if (!file)
		return NULL;
	file->file = make_aio_file(hub, result);
	if (!file->file) {
		free(file);
		return NULL;
	}
	file->place = follow_place_copy(place, file->text);
	file->hub = hub;
	file->references = 1;
	file->size = (uint64_t)result->stat.st_size;
	file->opened = file_identity_of_stat(&result->stat);
	file->links = result->stat.st_nlink;
	file->changed_at = result->stat.st_ctim;
	file->identity =
	    follow_identity_of(result->fd, "", !result->close_blocks).number;
	TAILQ_INIT(&file->waiters);
	uv_fs_event_init(hub->loop, &file->watch);
	uv_fs_event_init(hub->loop, &file->folder_watch);
	uv_timer_init(hub->loop, &file->timer);
	file->watch.data = file->folder_watch.data = file->timer.data = file;
	file->handles = HANDLES;
	return file;
}

/* --- the table of files --------------------------------------------------- */

static size_t bucket_of(const struct file_identity *file)
{
	/* By the file alone: it is found when it has grown, too. */
	return (file->inode ^ file->device) & (FOLLOW_BUCKETS - 1);
}

struct follow_file *follow_file_find(struct follow_hub *hub,
    const struct follow_place *place, const struct stat *st, bool past)
{
	const struct file_identity wanted = file_identity_of_stat(st);
	struct follow_file *file;

	LIST_FOREACH(file, &hub->buckets[bucket_of(&wanted)], bucket) {
		if (file_identity_is_same_file(&file->opened, &wanted) &&
		    (past || !file->successor) &&
		    follow_place_is_same(&file->place, place))
			return file;
	}
	return NULL;
}

void follow_file_enlist(struct follow_file *file)
{
	struct follow_hub *hub = file->hub;

	file->is_listed = true;
	LIST_INSERT_HEAD(&hub->buckets[bucket_of(&file->opened)], file, bucket);
}

void follow_file_unlist(struct follow_file *file)
{
	if (file->is_listed)
		LIST_REMOVE(file, bucket);
	file->is_listed = false;
}

void follow_file_drain(struct follow_hub *hub)
{
	struct follow_file *file;

	hub->draining = true;
	for (size_t i = 0; i < FOLLOW_BUCKETS; i++)
		LIST_FOREACH(file, &hub->buckets[i], bucket)
			follow_file_wake(file);
}

/* --- what became of it ---------------------------------------------------- */

void follow_file_wake(struct follow_file *file)
{
	follow_hub_wake_all(file->hub, &file->waiters);
}

void follow_file_apply_size(struct follow_file *file, uint64_t size)
{
	if (size < file->size)
		file->epoch++;
	if (size == file->size)
		return;
	file->size = size;
	follow_file_wake(file);
}

/*
 * Returns whether it may have lost one of its names since it was asked last:
 * each change of them sets the one time (ctime), a write both.
 */
static bool take_names(struct follow_file *file, const struct statx *stx)
{
	struct timespec mtime = file_identity_time(&stx->stx_mtime);
	struct timespec ctime = file_identity_time(&stx->stx_ctime);
	bool changed = stx->stx_nlink < file->links ||
	    (!file_identity_same_time(&ctime, &file->changed_at) &&
		!file_identity_same_time(&ctime, &mtime));

	file->links = stx->stx_nlink;
	file->changed_at = ctime;
	return changed || stx->stx_nlink == 0;
}

/*
 * What is remembered of a file of another machine may be old: that it is
 * shorter is not believed.
 */
bool follow_file_ask(struct follow_file *file)
{
	struct statx stx;

	if (statx(file->file->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		STATX_SIZE | STATX_NLINK | STATX_CTIME | STATX_MTIME, &stx) < 0)
		return false;
	if (stx.stx_size > file->size || !file->file->close_blocks)
		follow_file_apply_size(file, stx.stx_size);
	return take_names(file, &stx);
}

/* --- end ------------------------------------------------------------------ */

struct follow_file *follow_file_ref(struct follow_file *file)
{
	file->references++;
	return file;
}

static void on_closed(uv_handle_t *handle)
{
	struct follow_file *file = handle->data;

	if (--file->handles == 0)
		free(file);
}

static void cancel_open(struct file_open *open)
{
	if (open)
		file_open_cancel(open);
}

void follow_file_unref(struct follow_file *file)
{
	struct follow_file *next;

	/* A long chain of files must not become a deep recursion. */
	for (; file && --file->references == 0; file = next) {
		next = file->next ? file->next : file->successor;
		follow_file_unlist(file);
		follow_hub_forget(file->hub, &file->look);
		aio_file_unref(file->file);
		follow_place_release(&file->place);
		cancel_open(file->lookup);
		cancel_open(file->folder_open);
		cancel_open(file->marker_open);
		uv_close((uv_handle_t *)&file->watch, on_closed);
		uv_close((uv_handle_t *)&file->folder_watch, on_closed);
		uv_close((uv_handle_t *)&file->timer, on_closed);
	}
}
