/* SPDX-License-Identifier: MIT */
/* Opens a file that had its name before, and those that came after it. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_CHAIN_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

struct follow_chain;
struct follow_file;
struct follow_hub;
struct follow_place;

struct follow_chain_result {
	int error; /* 0, or -errno: it can't be told now */
	/* With a reference for the callback; NULL: not found. */
	struct follow_file *file;
	bool has_gap; /* not all that came after it can be read */
};

typedef void follow_chain_fn(
    void *context, const struct follow_chain_result *result);

/* Which file is wanted: see follow_past_start(). */
struct follow_chain_target {
	const struct follow_place *place;
	uint64_t identity;
	bool hidden;
	/* What has the name now, or NULL; stays the caller's. */
	struct follow_file *present;
};

/*
 * Finds and opens the file with that identity, and those that had its name
 * after it: each leads to the next, and the last one to `present`. All that the
 * target points to is copied or referenced. `done(context, …)` is called from
 * the loop. Returns NULL if out of memory.
 */
struct follow_chain *follow_chain_start(struct follow_hub *hub,
    const struct follow_chain_target *target, follow_chain_fn *done,
    void *context);

/* `done` will not be called. */
void follow_chain_cancel(struct follow_chain *chain);

#endif
