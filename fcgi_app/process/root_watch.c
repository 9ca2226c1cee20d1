/* SPDX-License-Identifier: MIT */
/*
 * What stands in the kernel's memory is compared in the loop, which costs a few
 * microseconds for each root. If a name may lead elsewhere, a thread of its own
 * looks, since that may wait for ever: a thread of libuv's pool would be
 * missing there, and keep the process from its end.
 *
 *	name unchanged ──────────────────────────► look again in a while
 *	else: RUNNING, in the thread ─► DONE, taken by the next tick
 *	      and, if the watch is closed meanwhile, LEFT: the thread frees it
 */
#include "config.h"
#include "fcgi_app/process/root_watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "common/file/root_folder.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/roots.h"

/* How soon to ask for a look that has just begun, and how often at most. */
#define SOON_MS 10
#define SOON_MOST 20

enum look_state { LOOK_RUNNING, LOOK_DONE, LOOK_LEFT };

struct root_look {
	const char *name; /* of the options: it stays */
	/* Of no use any more, or NULL: to close it may wait as well. */
	struct root_folder *before;
	atomic_int state;
	unsigned int asked;
	/* The result: 0 or -errno. */
	int error;
	struct root_folder *folder;
};

/* --- in the thread -------------------------------------------------------- */

static void *look_up(void *context)
{
	struct root_look *look = context;
	struct root_folder *before = look->before;
	int state = LOOK_RUNNING;

	look->error = root_folder_open(look->name, &look->folder);
	if (!atomic_compare_exchange_strong(&look->state, &state, LOOK_DONE)) {
		root_folder_unref(look->folder);
		free(look);
	}
	/* That may wait, too. */
	root_folder_unref(before);
	return NULL;
}

/* Signals are for the loop's thread. Returns 0 or -errno. */
static int start_thread(struct root_look *look)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int r = pthread_attr_init(&attr);

	if (r != 0)
		return -r;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, look_up, look);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

/* --- in the loop ---------------------------------------------------------- */

/*
 * Looks once more. `before` is taken over. Without memory or threads the next
 * tick tries again.
 */
static void begin_look(
    struct root_watch *watch, size_t root, struct root_folder *before)
{
	struct root_look *look = calloc(1, sizeof(*look));

	if (look) {
		look->name = roots_name(watch->roots, root);
		look->before = before;
		if (start_thread(look) == 0) {
			watch->looks[root] = look;
			return;
		}
	}
	root_folder_unref(before);
	free(look);
}

static void report(const struct root_watch *watch, size_t root,
    const struct root_folder *before, int error)
{
	const struct root_folder *now = roots_folder(watch->roots, root);
	const char *name = roots_name(watch->roots, root);

	if (!watch->reports)
		return;
	if (!now) {
		log_message(LOG_LEVEL_ERROR,
		    "--root=%s: %s; until it is back, requests beneath it are "
		    "answered 503",
		    name, strerror(-error));
		return;
	}
	if (!before || !root_folder_is_same(before, now))
		log_message(LOG_LEVEL_NOTICE, "--root=%s: %s %s", name,
		    before ? "leads to another folder now:" : "is back:",
		    now->real);
	else if (now->may_enter && !before->may_enter)
		log_message(
		    LOG_LEVEL_NOTICE, "--root=%s: may be entered now", name);
	if (!now->may_enter)
		roots_warn_closed(watch->roots, root);
}

/* Takes what a look has found, and looks again if that is something new. */
static void take(struct root_watch *watch, size_t root, struct root_look *look)
{
	struct root_folder *now = roots_folder(watch->roots, root);
	struct root_folder *before;

	/* Too many open files, for instance: that tells nothing of the name. */
	if (look->error < 0 && !file_open_is_absent(look->error))
		return;
	if (look->error < 0 ? !now
			    : now && root_folder_equal(now, look->folder)) {
		root_folder_unref(look->folder);
		return;
	}
	before = roots_exchange(watch->roots, root, look->folder);
	report(watch, root, before, look->error);
	begin_look(watch, root, before);
}

static bool is_done(const struct root_look *look)
{
	return atomic_load(&look->state) == LOOK_DONE;
}

/* Returns true if it is worth to ask again soon. */
static bool watch_root(struct root_watch *watch, size_t root)
{
	const struct root_folder *now = roots_folder(watch->roots, root);
	struct root_look *look = watch->looks[root];

	if (look && is_done(look)) {
		watch->looks[root] = NULL;
		take(watch, root, look);
		free(look);
	} else if (!look &&
	    !(now && root_folder_is_at(now, roots_name(watch->roots, root)))) {
		begin_look(watch, root, NULL);
	}
	look = watch->looks[root];
	return look && look->asked++ < SOON_MOST;
}

static void on_timer(uv_timer_t *timer)
{
	struct root_watch *watch = timer->data;
	bool soon = false;

	for (size_t i = 0; i < roots_count(watch->roots); i++)
		soon |= watch_root(watch, i);
	uv_timer_start(timer, on_timer, soon ? SOON_MS : ROOT_WATCH_MS, 0);
}

/* --- the interface -------------------------------------------------------- */

void root_watch_start(struct root_watch *watch, uv_loop_t *loop,
    struct roots *roots, bool reports)
{
	memset(watch, 0, sizeof(*watch));
	watch->roots = roots;
	watch->reports = reports;
	uv_timer_init(loop, &watch->timer);
	watch->timer.data = watch;
	uv_timer_start(&watch->timer, on_timer, 0, 0);
}

static void leave(struct root_look *look)
{
	int state = LOOK_RUNNING;

	if (atomic_compare_exchange_strong(&look->state, &state, LOOK_LEFT))
		return;
	root_folder_unref(look->folder);
	free(look);
}

void root_watch_close(struct root_watch *watch)
{
	uv_close((uv_handle_t *)&watch->timer, NULL);
	for (size_t i = 0; i < roots_count(watch->roots); i++)
		if (watch->looks[i])
			leave(watch->looks[i]);
}
