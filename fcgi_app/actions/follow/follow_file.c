/* SPDX-License-Identifier: MIT */
/*
 * A file is in the hub's table from its opening until its fate is known, so
 * that all who follow it meet; follow_watch.c finds out what becomes of it.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file/aio_file.h"
#include "common/file/file_open.h"
#include "fcgi_app/actions/follow/follow_watch.h"

/* --- identity ------------------------------------------------------------- */

/* Multiplicative (Knuth), so that it does not tell numbers of the system. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
	return a ^ a >> 32;
}

uint64_t follow_file_identity(int fd, bool is_local)
{
	unsigned int mask = STATX_INO | (is_local ? STATX_BTIME : 0);
	struct statx stx;
	uint64_t identity;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, &stx) < 0)
		return 0;
	identity = mix(stx.stx_ino, 0);
	if (!is_local || !(stx.stx_mask & STATX_BTIME))
		return identity;
	identity = mix(identity, (uint64_t)stx.stx_btime.tv_sec);
	return mix(identity, stx.stx_btime.tv_nsec);
}

/* --- beginning ------------------------------------------------------------ */

static size_t bucket_of(const struct file_identity *file)
{
	return (size_t)mix(file->inode, file->device) & (FOLLOW_BUCKETS - 1);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_place(
    const struct follow_place *a, const struct follow_place *b)
{
	return a->root_fd == b->root_fd && a->rotate_ms == b->rotate_ms &&
	    strcmp(a->below, b->below) == 0 && strcmp(a->path, b->path) == 0 &&
	    same_text(a->marker, b->marker);
}

static struct follow_file *find(struct follow_hub *hub,
    const struct follow_place *place, const struct stat *st, bool past)
{
	const struct file_identity wanted = file_identity_of_stat(st);
	struct follow_file *file;

	LIST_FOREACH(file, &hub->buckets[bucket_of(&wanted)], bucket) {
		if (file_identity_is_same_file(&file->opened, &wanted) &&
		    (past || !file->successor) &&
		    same_place(&file->place, place))
			return file;
	}
	return NULL;
}

/*
 * The one that all share. One that has a successor is for those only who know
 * that it is of the past: files that take each other's name in turn shall not
 * lead in a circle.
 */
static struct follow_file *share(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    bool past)
{
	struct follow_file *file = find(hub, place, &result->stat, past);

	if (!file)
		return NULL;
	follow_watch_catch_up(file, &result->stat);
	file_open_discard(hub->loop, result);
	return follow_file_ref(file);
}

static void enlist(struct follow_file *file)
{
	struct follow_hub *hub = file->hub;

	file->is_listed = true;
	LIST_INSERT_HEAD(&hub->buckets[bucket_of(&file->opened)], file, bucket);
}

static char *copy_text(char **to, const char *text)
{
	char *copy = *to;

	if (!text)
		return NULL;
	*to = stpcpy(copy, text) + 1;
	return copy;
}

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
	/* Whoever else follows it reads the same bytes. */
	aio_file_note_use(file);
	aio_file_note_use(file);
	return file;
}

static struct follow_file *make(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result)
{
	const char *marker = place->marker;
	size_t length = strlen(place->below) + strlen(place->path) + 3 +
	    (marker ? strlen(marker) : 0);
	struct follow_file *file = calloc(1, sizeof(*file) + length);
	char *text;

	if (!file)
		return NULL;
	file->file = make_aio_file(hub, result);
	if (!file->file) {
		free(file);
		return NULL;
	}
	text = file->text;
	file->place = *place;
	file->place.below = copy_text(&text, place->below);
	file->place.path = copy_text(&text, place->path);
	file->place.marker = copy_text(&text, marker);
	file->hub = hub;
	file->references = 1;
	file->size = (uint64_t)result->stat.st_size;
	file->opened = file_identity_of_stat(&result->stat);
	file->links = result->stat.st_nlink;
	file->changed_at = result->stat.st_ctim;
	file->identity =
	    follow_file_identity(result->fd, !result->close_blocks);
	TAILQ_INIT(&file->waiters);
	follow_watch_init(file);
	return file;
}

struct follow_file *follow_file_open(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    bool finished)
{
	struct follow_file *file =
	    finished ? NULL : share(hub, place, result, false);

	if (file)
		return file;
	file = make(hub, place, result);
	if (!file)
		return NULL;
	if (finished) {
		follow_watch_finish(file);
		return file;
	}
	enlist(file);
	follow_watch_begin(file);
	return file;
}

struct follow_file *follow_file_open_past(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    struct follow_file *next)
{
	struct follow_file *file = share(hub, place, result, true);

	if (file)
		return file;
	file = make(hub, place, result);
	if (!file)
		return NULL;
	if (next)
		file->successor = follow_file_ref(next);
	enlist(file);
	follow_watch_begin(file);
	follow_watch_leave(file);
	return file;
}

void follow_file_unlist(struct follow_file *file)
{
	if (file->is_listed)
		LIST_REMOVE(file, bucket);
	file->is_listed = false;
}

/* --- end ------------------------------------------------------------------ */

struct follow_file *follow_file_ref(struct follow_file *file)
{
	file->references++;
	return file;
}

void follow_file_unref(struct follow_file *file)
{
	struct follow_file *next;

	/* A long chain of files shall not become a deep recursion. */
	for (; file && --file->references == 0; file = next) {
		next = file->next ? file->next : file->successor;
		follow_file_unlist(file);
		if (file->is_changed)
			TAILQ_REMOVE(&file->hub->changed, file, changed_link);
		aio_file_unref(file->file);
		follow_watch_close(file);
	}
}
