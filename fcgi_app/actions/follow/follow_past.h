/* SPDX-License-Identifier: MIT */
/* Finds by its identity a file that had a name before, in the thread pool. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_PAST_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_PAST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct follow_hub;
struct follow_past;
struct follow_place;

/* Entries of the folder that a search reads, and files that it asks. */
#define FOLLOW_PAST_ENTRIES_MAX 65536
#define FOLLOW_PAST_ASKED_MAX 8192
/* Files that came between the one that is looked for and the present one. */
#define FOLLOW_PAST_BETWEEN_MAX 8

struct follow_past_file {
	uint64_t identity;
	uint64_t age;
	char name[NAME_MAX + 1]; /* in the folder of the place */
};

struct follow_past_result {
	/* 0, or -errno: it can't be told now whether the file is there. */
	int error;
	/* 0: not found; 1, and those that came between, oldest first. */
	size_t count;
	/* Some that came between can't be read, or are too many. */
	bool has_gap;
	struct follow_past_file files[1 + FOLLOW_PAST_BETWEEN_MAX];
};

typedef void follow_past_fn(
    void *context, const struct follow_past_result *result);

/*
 * Looks in the folder of `place` for the regular file with the number
 * `identity` (follow_identity.h). Those whose names look as if they were made
 * from the place's are asked first, and where there is no time of birth only
 * they: the number could be guessed there. Names that begin with a dot only if
 * `hidden`. If it was rotated as logrotate(8) does it, the files of the same
 * series that are younger than it, and older than what has the name now, are
 * found too. `done(context, …)` is called from the loop. Returns NULL if out of
 * memory; strings are copied.
 */
struct follow_past *follow_past_start(struct follow_hub *hub,
    const struct follow_place *place, uint64_t identity, bool hidden,
    follow_past_fn *done, void *context);

/* `done` will not be called. The hub may be closed before it is over. */
void follow_past_cancel(struct follow_past *past);

#endif
