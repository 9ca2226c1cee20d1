/* SPDX-License-Identifier: MIT */
/* Where a file that is followed stands, and when it is finished. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_PLACE_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct root_folder;

struct follow_place {
	/* As in struct file_open_target. */
	int root_fd;
	struct root_folder *root;
	const char *below;
	const char *path;
	bool is_local;
	/* The path of the file that marks this one as finished, or NULL. */
	const char *marker;
	/* How long a new file of its name may take to appear. */
	uint64_t rotate_ms;
};

/* Returns the room that the strings of a place take. */
size_t follow_place_size(const struct follow_place *place);

/*
 * Returns a copy whose strings are in `text`, which has that room, with a
 * reference to the root for follow_place_release().
 */
struct follow_place follow_place_copy(
    const struct follow_place *place, char *text);

/* Gives a copy's reference back. */
void follow_place_release(const struct follow_place *place);

/* Returns whether what is found at both is finished, or replaced, as one. */
bool follow_place_is_same(
    const struct follow_place *a, const struct follow_place *b);

/* Returns the last name of a path; it points into it. */
const char *follow_place_last_name(const char *path);

#endif
