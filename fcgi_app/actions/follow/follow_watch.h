/* SPDX-License-Identifier: MIT */
/* Watches a file that is followed: its size, its name, its marker. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_WATCH_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_WATCH_H

struct follow_file;
struct stat;

/* Makes the handles of the loop; nothing is watched. */
void follow_watch_init(struct follow_file *file);

/* Cancels all and closes the handles; the file is freed when they are. */
void follow_watch_close(struct follow_file *file);

/*
 * Begins to watch it: sets its size and epoch, and in the end `next` or
 * `finished`, and wakes its waiters each time.
 */
void follow_watch_begin(struct follow_file *file);

/* Asks how large it is, and whether it has its name, and acts on that. */
void follow_watch_look(struct follow_file *file);

/* Somebody opened it anew, and it was like that then: no older is believed. */
void follow_watch_catch_up(struct follow_file *file, const struct stat *st);

/*
 * It has lost its name, to its successor if it has one: begins the grace in
 * which it may still grow.
 */
void follow_watch_leave(struct follow_file *file);

/* A last look: what is written after it is not sent. It is `finished`. */
void follow_watch_finish(struct follow_file *file);

/* Nothing more is to be known of it: no watch any more. */
void follow_watch_end(struct follow_file *file);

#endif
