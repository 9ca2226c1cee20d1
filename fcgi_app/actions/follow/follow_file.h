/* SPDX-License-Identifier: MIT */
/* A file that grows: how far it is, and what became of it. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_FILE_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <uv.h>

#include "common/file/file_identity.h"
#include "fcgi_app/actions/follow/follow_hub.h"
#include "fcgi_app/actions/follow/follow_place.h"

struct aio_file;
struct file_open;
struct file_open_result;

/* How often a file is looked at that inotify(7) can't watch. */
#define FOLLOW_POLL_MS 1000

enum follow_state {
	FOLLOW_STATE_HERE, /* it has its name */
	/* It lost its name: for a while it may still grow. */
	FOLLOW_STATE_LEAVING,
	FOLLOW_STATE_LOOKING, /* for another file of that name */
	FOLLOW_STATE_OVER,    /* `next` or `finished` is set */
};

/*
 * Shared by all who follow it. They read the first group, and wait for a change
 * of it on `waiters`.
 */
struct follow_file {
	struct aio_file *file;
	uint64_t size;
	unsigned int epoch; /* counts how often it was cut: begin anew */
	bool finished;      /* it will not grow any more */
	/* The file that has its name now; it holds a reference. */
	struct follow_file *next;
	/* The same while this one may still grow: it becomes `next`. */
	struct follow_file *successor;
	uint64_t identity; /* its number: follow_identity.h */
	struct follow_waiters waiters;

	/* Something of it may have changed: follow_hub_changed(). */
	struct follow_look look;

	/* For follow_file.c and follow_watch.c. */
	LIST_ENTRY(follow_file) bucket;
	struct follow_hub *hub;
	unsigned int references;
	struct follow_place place;
	struct file_identity opened; /* what it was then */
	/* As it was asked last. */
	uint64_t links;
	struct timespec changed_at;
	enum follow_state state;
	bool is_listed;  /* in a bucket */
	bool is_renamed; /* said inotify(7) */
	bool polls;
	bool marker_again; /* look for it once more when that is over */
	bool marker_later; /* it could not be looked for: with the timer */
	uv_fs_event_t watch;
	uv_fs_event_t folder_watch; /* for the marker */
	uv_timer_t timer;
	struct file_open *lookup;
	struct file_open *folder_open;
	struct file_open *marker_open;
	unsigned int handles;
	char text[]; /* of the place */
};

/* Returns `file`, with one more reference, for follow_file_unref(). */
struct follow_file *follow_file_ref(struct follow_file *file);

/* One less; with the last one its watch ends. NULL is allowed. */
void follow_file_unref(struct follow_file *file);

/* The program stops: readers that wait for a file, now or later, must end. */
void follow_file_drain(struct follow_hub *hub);

/* --- for follow_watch.c --------------------------------------------------- */

/*
 * Returns the file that was opened at `place`, with one reference; takes the
 * descriptor of `result` over. It is not watched, nor found, yet. Returns NULL
 * if out of memory: the descriptor is still the caller's then.
 */
struct follow_file *follow_file_new(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result);

/*
 * Returns the file of this place and identity that is listed, or NULL: one with
 * a successor only if `past`.
 */
struct follow_file *follow_file_find(struct follow_hub *hub,
    const struct follow_place *place, const struct stat *st, bool past);

/* From now on it is found, until follow_file_unlist() or its end. */
void follow_file_enlist(struct follow_file *file);
void follow_file_unlist(struct follow_file *file);

/* Wakes all who wait for it. */
void follow_file_wake(struct follow_file *file);

/* It was so large: sets size and epoch, and wakes its waiters. */
void follow_file_apply_size(struct follow_file *file, uint64_t size);

/*
 * Asks how large it is, without blocking, and applies that. Returns whether its
 * name is to be looked at.
 */
bool follow_file_ask(struct follow_file *file);

#endif
