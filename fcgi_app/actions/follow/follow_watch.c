/* SPDX-License-Identifier: MIT */
/*
 * A watch (inotify(7)) is on the file itself, by way of its descriptor, so that
 * what else happens in its folder costs nothing:
 *
 *	HERE     on a change, as the watch reports it, it is looked at. A
 *	         rename, or what may be the loss of one of its names, leads to
 *	LEAVING  for `rotate_ms`: its writer may need that time to begin a
 *	         new file, and what it writes until then is not lost.
 *	         Its name is opened at once, in the thread pool. It is the same
 *	         file: HERE. It is another one: `successor`, which is watched
 *	         from then on.
 *	LOOKING  the successor is `next`. Without one the name is opened again:
 *	         another file is `next`; without one it is `finished`.
 *	OVER     its fate is settled; no watch
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

#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/file/file_open.h"
#include "fcgi_app/actions/follow/follow_file.h"

static void on_timer(uv_timer_t *timer);
static void check_marker(struct follow_file *file);
static void look_up(struct follow_file *file);

/* --- what became of it ---------------------------------------------------- */

/* Stops watching: the file's fate is settled (replaced or finished). */
static void stop(struct follow_file *file)
{
	file->state = FOLLOW_STATE_OVER;
	uv_fs_event_stop(&file->watch);
	uv_fs_event_stop(&file->folder_watch);
	uv_timer_stop(&file->timer);
	follow_file_unlist(file);
	follow_file_wake(file);
}

/*
 * It has lost its name, to its successor if it has one: begins the grace in
 * which it may still grow.
 */
static void leave(struct follow_file *file)
{
	file->state = FOLLOW_STATE_LEAVING;
	/* Another rename from now on is a new one. */
	file->is_renamed = false;
	uv_timer_start(&file->timer, on_timer, file->place.rotate_ms, 0);
	/* At once: a file that has the name now may lose it too by then. */
	if (!file->successor)
		look_up(file);
}

/* Asks how large it is and whether it has its name, and acts on that. */
static void look_at(struct follow_file *file)
{
	bool lost_name = follow_file_ask(file);

	if (file->state == FOLLOW_STATE_HERE && (file->is_renamed || lost_name))
		leave(file);
}

/* It was opened anew, and was like that then: no older size is believed. */
static void catch_up(struct follow_file *file, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;

	if (!file->file->close_blocks) {
		look_at(file);
	} else if (size > file->size) {
		/* A poll under way may have looked before it grew. */
		if (file->polls && file->state == FOLLOW_STATE_HERE &&
		    file->lookup) {
			file_open_cancel(file->lookup);
			file->lookup = NULL;
			uv_timer_start(
			    &file->timer, on_timer, FOLLOW_POLL_MS, 0);
		}
		follow_file_apply_size(file, size);
	}
}

/* Takes a last look: what is written after it is not sent. */
static void finish(struct follow_file *file)
{
	follow_file_ask(file);
	file->finished = true;
	stop(file);
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
		follow_hub_changed(file->hub, &file->look);
}

static void be_replaced(struct follow_file *file)
{
	file->next = file->successor;
	file->successor = NULL;
	follow_file_ask(file);
	stop(file);
}

/*
 * The one that has the name now. It is watched from now on, and its turn comes
 * when the grace is over.
 */
static void take_successor(
    struct follow_file *file, const struct file_open_result *result)
{
	file->successor =
	    follow_watch_open(file->hub, &file->place, result, false);
	if (!file->successor)
		file_open_discard(file->hub->loop, result);
	if (file->state == FOLLOW_STATE_LEAVING)
		return;
	if (file->successor)
		be_replaced(file);
	else
		finish(file);
}

/* A look at the name of a file that is not watched. */
static void take_poll(
    struct follow_file *file, const struct file_open_result *result)
{
	if (!is_same(file, result)) {
		leave(file);
		return;
	}
	if (file->file->close_blocks)
		follow_file_apply_size(file, (uint64_t)result->stat.st_size);
	else
		follow_file_ask(file);
	be_here(file);
}

/* A look at the name that it lost. Returns whether it took the descriptor. */
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
		finish(file);
	return false;
}

/* Returns whether that tells nothing of the name. */
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
		.root = file->place.root,
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
		/* It is for the file that has the name: is that still this? */
		look_at(file);
		if (file->state == FOLLOW_STATE_HERE)
			finish(file);
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
	follow_hub_changed(file->hub, &file->look);
}

static void on_folder_change(
    uv_fs_event_t *watch, const char *name, int events, int status)
{
	struct follow_file *file = watch->data;

	(void)events;
	if (status < 0)
		begin_to_poll(file);
	else if (!name ||
	    strcmp(name, follow_place_last_name(file->place.marker)) == 0)
		check_marker(file);
}

/* Watches what `fd` is, whatever its name is by now. Returns 0 or -errno. */
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
	size_t length = (size_t)(follow_place_last_name(marker) - marker);
	char *folder = length > 0 ? strndup(marker, length) : strdup(".");

	if (folder)
		file->folder_open = open_at(file, folder, on_folder);
	free(folder);
	if (!file->folder_open)
		begin_to_poll(file);
}

/*
 * Sets its size and epoch from now on, and in the end `next` or `finished`, and
 * wakes its waiters each time. inotify(7) knows nothing of what other machines
 * do to a file.
 */
static void begin(struct follow_file *file)
{
	bool polls = file->file->close_blocks ||
	    watch_descriptor(&file->watch, on_change, file->file->fd) < 0;

	follow_file_enlist(file);
	if (polls)
		begin_to_poll(file);
	if (file->place.marker && file->file->close_blocks)
		check_marker(file);
	else if (file->place.marker)
		watch_folder(file);
	/* What came between the open and the watch. */
	follow_hub_changed(file->hub, &file->look);
}

/* --- opening -------------------------------------------------------------- */

static void on_look(struct follow_look *look)
{
	look_at(container_of(look, struct follow_file, look));
}

static struct follow_file *make(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result)
{
	struct follow_file *file = follow_file_new(hub, place, result);

	if (file)
		file->look.look = on_look;
	return file;
}

/*
 * Returns the one that all share, or NULL. One that has a successor is only for
 * those who know that it is of the past: files that take each other's name in
 * turn must not lead in a circle.
 */
static struct follow_file *share(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    bool past)
{
	struct follow_file *file =
	    follow_file_find(hub, place, &result->stat, past);

	if (!file)
		return NULL;
	catch_up(file, &result->stat);
	file_open_discard(hub->loop, result);
	return follow_file_ref(file);
}

struct follow_file *follow_watch_open(struct follow_hub *hub,
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
	if (finished)
		finish(file);
	else
		begin(file);
	return file;
}

struct follow_file *follow_watch_open_past(struct follow_hub *hub,
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
	begin(file);
	leave(file);
	return file;
}
