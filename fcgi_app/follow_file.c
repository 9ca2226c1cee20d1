/* SPDX-License-Identifier: MIT */
/*
 * A watch (inotify(7)) is on the file itself, by way of its descriptor, so that
 * what else happens in its folder costs nothing:
 *
 *	HERE     the watch says that it changed: it is looked at. A rename, or
 *	         the loss of its last name, leads to
 *	LEAVING  for `rotate_ms`: whoever wrote to it may need that time to
 *	         begin a new file, and what it writes until then is not lost
 *	LOOKING  its name is opened, in the thread pool. It is the same file:
 *	         HERE. It is another one: `next`. There is none: `finished`.
 *	OVER     nothing more is to be known of it; no watch
 *
 * Only for a marker there is a watch on the folder as well. A file that can't
 *be watched, as on a network file system, is opened by its name once in
 * FOLLOW_POLL_MS, which tells its size too.
 */
#include "config.h"
#include "fcgi_app/follow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/aio_file.h"
#include "common/container_of.h"
#include "common/file_open.h"

static void on_timer(uv_timer_t *timer);
static void check_marker(struct follow_file *file);

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

/* --- what became of it ---------------------------------------------------- */

static void wake(struct follow_file *file)
{
	follow_hub_wake_all(file->hub, &file->waiters);
}

static void apply_size(struct follow_file *file, uint64_t size)
{
	if (size < file->size)
		file->epoch++;
	if (size == file->size)
		return;
	file->size = size;
	wake(file);
}

/* Nobody who comes later shall be led to it. */
static void unlist(struct follow_file *file)
{
	if (file->is_listed)
		LIST_REMOVE(file, bucket);
	file->is_listed = false;
}

static void be_over(struct follow_file *file)
{
	file->state = FOLLOW_STATE_OVER;
	uv_fs_event_stop(&file->watch);
	uv_fs_event_stop(&file->folder_watch);
	uv_timer_stop(&file->timer);
	unlist(file);
	wake(file);
}

/*
 * Without blocking. What is remembered of a file of another machine may be
 * old: that it is shorter is not believed. Returns whether it has a name.
 */
static bool ask_size(struct follow_file *file)
{
	struct statx stx;

	if (statx(file->file->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		STATX_SIZE | STATX_NLINK, &stx) < 0)
		return true;
	if (stx.stx_size > file->size || !file->file->close_blocks)
		apply_size(file, stx.stx_size);
	return stx.stx_nlink > 0;
}

static void be_leaving(struct follow_file *file)
{
	file->state = FOLLOW_STATE_LEAVING;
	uv_timer_start(&file->timer, on_timer, file->place.rotate_ms, 0);
}

void follow_file_look(struct follow_file *file)
{
	bool has_name;

	if (file->state == FOLLOW_STATE_OVER)
		return;
	has_name = ask_size(file);
	if (file->state == FOLLOW_STATE_HERE && (file->is_renamed || !has_name))
		be_leaving(file);
}

/* The last look: what is written after it is not sent. */
static void be_finished(struct follow_file *file)
{
	ask_size(file);
	file->finished = true;
	be_over(file);
}

/* --- its name ------------------------------------------------------------- */

static bool is_same(
    const struct follow_file *file, const struct file_open_result *result)
{
	return result->error == 0 && result->stat.st_ino == file->inode &&
	    result->stat.st_dev == file->device;
}

/* It has its name again, or still. */
static void be_here(struct follow_file *file)
{
	file->state = FOLLOW_STATE_HERE;
	file->is_renamed = false;
	if (file->polls)
		uv_timer_start(&file->timer, on_timer, FOLLOW_POLL_MS, 0);
	else
		follow_hub_changed(file->hub, file);
}

static void be_replaced(
    struct follow_file *file, const struct file_open_result *result)
{
	file->next = follow_file_open(file->hub, &file->place, result, false);
	if (!file->next) {
		file_open_discard(file->hub->loop, result);
		be_finished(file);
		return;
	}
	ask_size(file);
	be_over(file);
}

/* A look at the name of a file that is not watched. */
static void take_poll(
    struct follow_file *file, const struct file_open_result *result)
{
	if (!is_same(file, result)) {
		be_leaving(file);
		return;
	}
	apply_size(file, (uint64_t)result->stat.st_size);
	check_marker(file);
	if (file->state == FOLLOW_STATE_HERE)
		be_here(file);
}

static void on_lookup(void *context, const struct file_open_result *result)
{
	struct follow_file *file = context;
	bool replaced = result->error == 0 && !is_same(file, result) &&
	    S_ISREG(result->stat.st_mode);

	file->lookup = NULL;
	if (replaced && file->state == FOLLOW_STATE_LOOKING) {
		be_replaced(file, result);
		return;
	}
	if (file->state == FOLLOW_STATE_HERE)
		take_poll(file, result);
	else if (is_same(file, result))
		be_here(file);
	else if (file->state != FOLLOW_STATE_OVER)
		be_finished(file);
	if (result->error == 0)
		file_open_discard(file->hub->loop, result);
}

static struct file_open *open_at(
    struct follow_file *file, const char *path, file_open_done_fn *done)
{
	const struct file_open_target target = {
		.root_fd = file->place.root_fd,
		.below = file->place.below,
		.path = path,
		.is_local = file->place.is_local,
	};

	return file_open_start(file->hub->loop, &target, done, file);
}

/* The grace is over, or it is time to poll. */
static void on_timer(uv_timer_t *timer)
{
	struct follow_file *file = timer->data;

	if (file->state == FOLLOW_STATE_LEAVING)
		file->state = FOLLOW_STATE_LOOKING;
	if (file->lookup)
		return;
	file->lookup = open_at(file, file->place.path, on_lookup);
	/* Without memory for that it is tried again. */
	if (!file->lookup)
		uv_timer_start(timer, on_timer, FOLLOW_POLL_MS, 0);
}

static void begin_to_poll(struct follow_file *file)
{
	if (file->polls || file->state != FOLLOW_STATE_HERE)
		return;
	file->polls = true;
	uv_timer_start(&file->timer, on_timer, FOLLOW_POLL_MS, 0);
}

/* --- the marker ----------------------------------------------------------- */

static void on_marker(void *context, const struct file_open_result *result)
{
	struct follow_file *file = context;
	bool again = file->marker_again;

	file->marker_open = NULL;
	file->marker_again = false;
	if (result->error == 0) {
		file_open_discard(file->hub->loop, result);
		if (file->state != FOLLOW_STATE_OVER)
			be_finished(file);
	} else if (again) {
		check_marker(file);
	}
}

/* Looks for it, once more if that is under way. */
static void check_marker(struct follow_file *file)
{
	if (!file->place.marker || file->state == FOLLOW_STATE_OVER)
		return;
	if (file->marker_open)
		file->marker_again = true;
	else
		file->marker_open =
		    open_at(file, file->place.marker, on_marker);
}

/* --- watches -------------------------------------------------------------- */

static void on_change(
    uv_fs_event_t *watch, const char *name, int events, int status)
{
	struct follow_file *file = watch->data;

	(void)name;
	if (status < 0) {
		begin_to_poll(file);
		return;
	}
	file->is_renamed |= (events & UV_RENAME) != 0;
	follow_hub_changed(file->hub, file);
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void on_folder_change(
    uv_fs_event_t *watch, const char *name, int events, int status)
{
	struct follow_file *file = watch->data;

	(void)events;
	if (status < 0)
		begin_to_poll(file);
	else if (!name || strcmp(name, last_name(file->place.marker)) == 0)
		check_marker(file);
}

/* Watches what `fd` is, whatever its name is by now. 0 or -errno. */
static int watch_descriptor(
    uv_fs_event_t *watch, uv_fs_event_cb changed, int fd)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return uv_fs_event_start(watch, changed, path, 0);
}

static void on_folder(void *context, const struct file_open_result *result)
{
	struct follow_file *file = context;
	int r = result->error;

	file->folder_open = NULL;
	if (r == 0 && file->state != FOLLOW_STATE_OVER)
		r = watch_descriptor(
		    &file->folder_watch, on_folder_change, result->fd);
	if (result->error == 0)
		file_open_discard(file->hub->loop, result);
	if (r < 0)
		begin_to_poll(file);
	check_marker(file);
}

/* The folder that the marker is to appear in. */
static void watch_folder(struct follow_file *file)
{
	const char *marker = file->place.marker;
	size_t length = (size_t)(last_name(marker) - marker);
	char *folder = length > 0 ? strndup(marker, length) : strdup(".");

	if (folder)
		file->folder_open = open_at(file, folder, on_folder);
	free(folder);
	if (!file->folder_open)
		begin_to_poll(file);
}

/* inotify(7) knows nothing of what other machines do to a file. */
static void begin_to_watch(struct follow_file *file)
{
	bool polls = file->file->close_blocks ||
	    watch_descriptor(&file->watch, on_change, file->file->fd) < 0;

	if (polls)
		begin_to_poll(file);
	if (file->place.marker && file->file->close_blocks)
		check_marker(file);
	else if (file->place.marker)
		watch_folder(file);
	/* What came between the open and the watch. */
	follow_hub_changed(file->hub, file);
}

/* --- beginning ------------------------------------------------------------ */

static size_t bucket_of(dev_t device, ino_t inode)
{
	return (size_t)mix(inode, device) & (FOLLOW_BUCKETS - 1);
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
    const struct follow_place *place, const struct stat *st)
{
	struct follow_file *file;

	LIST_FOREACH(
	    file, &hub->buckets[bucket_of(st->st_dev, st->st_ino)], bucket) {
		if (file->inode == st->st_ino && file->device == st->st_dev &&
		    same_place(&file->place, place))
			return file;
	}
	return NULL;
}

static char *copy_text(char **to, const char *text)
{
	char *copy = *to;

	if (!text)
		return NULL;
	*to = stpcpy(copy, text) + 1;
	return copy;
}

static void init_handles(struct follow_file *file)
{
	uv_loop_t *loop = file->hub->loop;

	uv_fs_event_init(loop, &file->watch);
	uv_fs_event_init(loop, &file->folder_watch);
	uv_timer_init(loop, &file->timer);
	file->watch.data = file->folder_watch.data = file->timer.data = file;
	file->handles = FOLLOW_FILE_HANDLES;
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
	file->device = result->stat.st_dev;
	file->inode = result->stat.st_ino;
	file->identity =
	    follow_file_identity(result->fd, !result->close_blocks);
	TAILQ_INIT(&file->waiters);
	init_handles(file);
	return file;
}

struct follow_file *follow_file_open(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    bool finished)
{
	const struct stat *st = &result->stat;
	struct follow_file *file = finished ? NULL : find(hub, place, st);

	if (file) {
		file_open_discard(hub->loop, result);
		return follow_file_ref(file);
	}
	file = make(hub, place, result);
	if (!file)
		return NULL;
	if (finished) {
		be_finished(file);
		return file;
	}
	file->is_listed = true;
	LIST_INSERT_HEAD(
	    &hub->buckets[bucket_of(st->st_dev, st->st_ino)], file, bucket);
	begin_to_watch(file);
	return file;
}

struct follow_file *follow_file_open_past(struct follow_hub *hub,
    const struct file_open_result *result, struct follow_file *next)
{
	struct follow_file *file = make(hub, &next->place, result);

	if (!file)
		return NULL;
	file->next = follow_file_ref(next);
	be_over(file);
	return file;
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

	/* A long chain of files shall not become a deep recursion. */
	for (; file && --file->references == 0; file = next) {
		next = file->next;
		unlist(file);
		if (file->is_changed)
			TAILQ_REMOVE(&file->hub->changed, file, changed_link);
		cancel_open(file->lookup);
		cancel_open(file->folder_open);
		cancel_open(file->marker_open);
		aio_file_unref(file->file);
		uv_close((uv_handle_t *)&file->watch, on_closed);
		uv_close((uv_handle_t *)&file->folder_watch, on_closed);
		uv_close((uv_handle_t *)&file->timer, on_closed);
	}
}
