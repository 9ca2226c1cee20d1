/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/turn_end.h"

#include <stddef.h>

void turn_ends_init(struct turn_ends *ends)
{
	TAILQ_INIT(&ends->list);
	ends->on_first = NULL;
	ends->context = NULL;
}

void turn_ends_add(
    struct turn_ends *ends, struct turn_end *end, turn_end_fn *run)
{
	if (end->is_queued)
		return;
	if (TAILQ_EMPTY(&ends->list) && ends->on_first)
		ends->on_first(ends->context);
	end->run = run;
	end->is_queued = true;
	TAILQ_INSERT_TAIL(&ends->list, end, link);
}

void turn_ends_remove(struct turn_ends *ends, struct turn_end *end)
{
	if (end->is_queued)
		TAILQ_REMOVE(&ends->list, end, link);
	end->is_queued = false;
}

void turn_ends_run(struct turn_ends *ends)
{
	struct turn_end *end;

	while ((end = TAILQ_FIRST(&ends->list)) != NULL) {
		turn_ends_remove(ends, end);
		end->run(end);
	}
}
