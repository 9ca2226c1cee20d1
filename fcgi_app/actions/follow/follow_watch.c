/* SPDX-License-Identifier: MIT */
/*
 * A watch (inotify(7)) is on the file itself, by way of its descriptor, so that
 * what else happens in its folder costs nothing:
 *
 *	HERE     the watch says that it changed: it is looked at. A rename, or
 *	         what may be the loss of one of its names, leads to
 *	LEAVING  for `rotate_ms`: whoever wrote to it may need that time to
 *	         begin a new file, and what it writes until then is not lost.
 *	         Its name is opened at once, in the thread pool. It is the same
 *	         file: HERE. It is another one: `successor`, which is watched
 *	         from then on.
 *	LOOKING  the successor is `next`. Without one the name is opened again:
 *	         another file is `next`, and if there is none it is `finished`.
 *	OVER     nothing more is to be known of it; no watch
 *
 * Only for a marker there is a watch on the folder as well. A file that can't
 * be watched, as on a network file system, is opened by its name once in
 * FOLLOW_POLL_MS, which tells its size too.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file/aio_file.h"
#include "common/file/file_open.h"
#include "fcgi_app/actions/follow/follow_file.h"

static void on_timer(uv_timer_t *timer);
static void check_marker(struct follow_file *file);
static void look_up(struct follow_file *file);

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

void follow_watch_end(struct follow_file *file)
{
	file->state = FOLLOW_STATE_OVER;
	uv_fs_event_stop(&file->watch);
	uv_fs_event_stop(&file->folder_watch);
	uv_timer_stop(&file->timer);
	follow_file_unlist(file);
	wake(file);
}

/*
 * Whether it may have lost one of its names, since it was asked last: each
 * change of them sets the one time (ctime), a write both.
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
 * Without blocking. What is remembered of a file of another machine may be
 * old: that it is shorter is not believed. Returns whether its name is to be
 * looked at.
 */
static bool ask_size(struct follow_file *file)
{
	struct statx stx;

	if (statx(file->file->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		STATX_SIZE | STATX_NLINK | STATX_CTIME | STATX_MTIME, &stx) < 0)
		return false;
	if (stx.stx_size > file->size || !file->file->close_blocks)
		apply_size(file, stx.stx_size);
	return take_names(file, &stx);
}

void follow_watch_leave(struct follow_file *file)
{
	file->state = FOLLOW_STATE_LEAVING;
	/* Another rename from now on is a new one. */
	file->is_renamed = false;
	uv_timer_start(&file->timer, on_timer, file->place.rotate_ms, 0);
	/* Whoever has the name now may have lost it too by then. */
	if (!file->successor)
		look_up(file);
}

void follow_watch_look(struct follow_file *file)
{
	bool lost_name = ask_size(file);

	if (file->state == FOLLOW_STATE_HERE && (file->is_renamed || lost_name))
		follow_watch_leave(file);
}

/* What is under way may be an older look, from before it grew. */
static void forget_poll(struct follow_file *file)
{
	if (!file->polls || file->state != FOLLOW_STATE_HERE || !file->lookup)
		return;
	file_open_cancel(file->lookup);
	file->lookup = NULL;
	uv_timer_start(&file->timer, on_timer, FOLLOW_POLL_MS, 0);
}

void follow_watch_catch_up(struct follow_file *file, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;

	if (!file->file->close_blocks) {
		follow_watch_look(file);
	} else if (size > file->size) {
		forget_poll(file);
		apply_size(file, size);
	}
}

void follow_watch_finish(struct follow_file *file)
{
	ask_size(file);
	file->finished = true;
	follow_watch_end(file);
}

/* --- its name ------------------------------------------------------------- */

static bool is_same(
    const struct follow_file *file, const struct file_open_result *result)
{
	struct file_identity found;

	if (result->error < 0)
		return false;
	found = file_identity_of_stat(&result->stat);
	return file_identity_is_same_file(&found, &file->opened);
}

/* It has its name again, or still. */
static void be_here(struct follow_file *file)
{
	file->state = FOLLOW_STATE_HERE;
	uv_timer_stop(&file->timer);
	check_marker(file);
	if (file->polls)
		uv_timer_start(&file->timer, on_timer, FOLLOW_POLL_MS, 0);
	else
		follow_hub_changed(file->hub, file);
}

static void be_replaced(struct follow_file *file)
{
	file->next = file->successor;
	file->successor = NULL;
	ask_size(file);
	follow_watch_end(file);
}

/*
 * The one that has the name now. It is watched from now on, and its turn comes
 * when the grace is over.
 */
static void take_successor(
    struct follow_file *file, const struct file_open_result *result)
{
	file->successor =
	    follow_file_open(file->hub, &file->place, result, false);
	if (!file->successor)
		file_open_discard(file->hub->loop, result);
	if (file->state == FOLLOW_STATE_LEAVING)
		return;
	if (file->successor)
		be_replaced(file);
	else
		follow_watch_finish(file);
}

/* A look at the name of a file that is not watched. */
static void take_poll(
    struct follow_file *file, const struct file_open_result *result)
{
	if (!is_same(file, result)) {
		follow_watch_leave(file);
		return;
	}
	if (file->file->close_blocks)
		apply_size(file, (uint64_t)result->stat.st_size);
	else
		ask_size(file);
	be_here(file);
}

/* A look at the name that it lost. True: the descriptor was taken over. */
static bool take_name(
    struct follow_file *file, const struct file_open_result *result)
{
	if (is_same(file, result)) {
		be_here(file);
		return false;
	}
	if (result->error == 0 && S_ISREG(result->stat.st_mode)) {
		take_successor(file, result);
		return true;
	}
	if (file->state == FOLLOW_STATE_LOOKING)
		follow_watch_finish(file);
	return false;
}

/* Whether that tells nothing of the name. */
static bool is_unknown(const struct file_open_result *result)
{
	return result->error < 0 && !file_open_is_absent(result->error);
}

/* At the end of the grace that is done anyway. */
static void ask_again(struct follow_file *file)
{
	if (file->state == FOLLOW_STATE_HERE ||
	    file->state == FOLLOW_STATE_LOOKING)
		uv_timer_start(&file->timer, on_timer, FOLLOW_POLL_MS, 0);
}

static void on_lookup(void *context, const struct file_open_result *result)
{
	struct follow_file *file = context;

	file->lookup = NULL;
	if (is_unknown(result)) {
		ask_again(file);
		return;
	}
	if (file->state == FOLLOW_STATE_HERE) {
		take_poll(file, result);
	} else if (file->state != FOLLOW_STATE_OVER) {
		if (take_name(file, result))
			return;
	}
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
	if (file->marker_later)
		check_marker(file);
	/* It was for the marker only. */
	if (file->state == FOLLOW_STATE_HERE && !file->polls)
		return;
	if (file->successor)
		be_replaced(file);
	else
		look_up(file);
}

static void look_up(struct follow_file *file)
{
	if (file->lookup)
		return;
	file->lookup = open_at(file, file->place.path, on_lookup);
	/* Without memory for that it is tried again. */
	if (!file->lookup)
		ask_again(file);
}

static void begin_to_poll(struct follow_file *file)
{
	if (file->polls)
		return;
	file->polls = true;
	/* Else when it has its name again. */
	if (file->state == FOLLOW_STATE_HERE)
		uv_timer_start(&file->timer, on_timer, FOLLOW_POLL_MS, 0);
}

/* --- the marker ----------------------------------------------------------- */

/* While it has no name the timer runs for that, and polling comes here. */
static void check_marker_later(struct follow_file *file)
{
	file->marker_later = true;
	if (file->state == FOLLOW_STATE_HERE &&
	    !uv_is_active((uv_handle_t *)&file->timer))
		ask_again(file);
}

static void on_marker(void *context, const struct file_open_result *result)
{
	struct follow_file *file = context;
	bool again = file->marker_again;

	file->marker_open = NULL;
	file->marker_again = false;
	if (result->error == 0) {
		file_open_discard(file->hub->loop, result);
		/* It is of whoever has the name: is that this one still? */
		follow_watch_look(file);
		if (file->state == FOLLOW_STATE_HERE)
			follow_watch_finish(file);
	} else if (is_unknown(result)) {
		check_marker_later(file);
	} else if (again) {
		check_marker(file);
	}
}

/* Looks for it, once more if that is under way. */
static void check_marker(struct follow_file *file)
{
	file->marker_later = false;
	if (!file->place.marker || file->state == FOLLOW_STATE_OVER)
		return;
	if (file->marker_open) {
		file->marker_again = true;
		return;
	}
	file->marker_open = open_at(file, file->place.marker, on_marker);
	if (!file->marker_open)
		check_marker_later(file);
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
void follow_watch_begin(struct follow_file *file)
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

/* --- beginning and end ---------------------------------------------------- */

void follow_watch_init(struct follow_file *file)
{
	uv_loop_t *loop = file->hub->loop;

	uv_fs_event_init(loop, &file->watch);
	uv_fs_event_init(loop, &file->folder_watch);
	uv_timer_init(loop, &file->timer);
	file->watch.data = file->folder_watch.data = file->timer.data = file;
	file->handles = FOLLOW_FILE_HANDLES;
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

void follow_watch_close(struct follow_file *file)
{
	cancel_open(file->lookup);
	cancel_open(file->folder_open);
	cancel_open(file->marker_open);
	uv_close((uv_handle_t *)&file->watch, on_closed);
	uv_close((uv_handle_t *)&file->folder_watch, on_closed);
	uv_close((uv_handle_t *)&file->timer, on_closed);
}
