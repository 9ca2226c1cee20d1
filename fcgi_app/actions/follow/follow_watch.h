/* SPDX-License-Identifier: MIT */
/* Opens a file that is followed, and watches its size, name and marker. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_WATCH_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_WATCH_H

#include <stdbool.h>

struct file_open_result;
struct follow_file;
struct follow_hub;
struct follow_place;

/*
 * Returns the file that was opened at `place`, a regular one, with a reference
 * for the caller; takes the descriptor of `result` over. It is watched, unless
 * `finished`, as long as it has references. Returns NULL if out of memory: the
 * descriptor is still the caller's then.
 */
struct follow_file *follow_watch_open(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    bool finished);

/*
 * The same for a file that had its name at `place` before. `next`, of which
 * this takes a reference of its own, has it now; NULL if no file has. As after
 * a rename that is seen it may grow for `rotate_ms`; then it leads to the file
 * that has the name, or is finished.
 */
struct follow_file *follow_watch_open_past(struct follow_hub *hub,
    const struct follow_place *place, const struct file_open_result *result,
    struct follow_file *next);

#endif
