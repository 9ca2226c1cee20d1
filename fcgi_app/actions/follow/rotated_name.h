/* SPDX-License-Identifier: MIT */
/* What a log is called after its rotation; pure. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_ROTATED_NAME_H
#define FCGI_APP_ACTIONS_FOLLOW_ROTATED_NAME_H

#include <stdbool.h>

/* What a name is among the rotated files of one log. */
enum rotated_kind {
	ROTATED_NONE,   /* none of them */
	ROTATED_PLAIN,  /* one that can be read */
	ROTATED_PACKED, /* one that was compressed */
};

/*
 * Returns whether `name` is likely to have been made from that of the log: it
 * begins with it, or with what stands before its last dot, and goes on with
 * ".", "-" or "_".
 */
bool rotated_name_is_kin(const char *log, const char *name);

/*
 * Returns what `name` is, given that the log was once rotated to `model`. Both
 * must be like "a.log.1" or "a.log-20261130" for "a.log", as logrotate(8) has
 * them, or like "a.1.log", and the same but for the digits: another file that
 * is numbered, such as "a-2.log" of a second process, is no rotation of this.
 */
enum rotated_kind rotated_name_kind(
    const char *log, const char *model, const char *name);

#endif
