/* SPDX-License-Identifier: MIT */
/*
 * An append is one event of inotify(7) in a worker. The file is looked at once
 * in the next turn of the loop, however many events came; if it grew, all who
 * wait for it become ready, and have their turn in portions, so that thousands
 * of them do not hold up the others.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_hub.h"

#include <stdlib.h>

#include "common/container_of.h"

/* --- waiting -------------------------------------------------------------- */

void follow_waiter_join(
    struct follow_waiter *waiter, struct follow_waiters *list)
{
	if (waiter->list)
		return;
	waiter->list = list;
	TAILQ_INSERT_TAIL(list, waiter, link);
}

void follow_waiter_leave(struct follow_waiter *waiter)
{
	if (waiter->list)
		TAILQ_REMOVE(waiter->list, waiter, link);
	waiter->list = NULL;
}

/* --- turns ---------------------------------------------------------------- */

static void on_idle(uv_idle_t *idle)
{
	struct follow_hub *hub = container_of(idle, struct follow_hub, idle);
	struct follow_look *look;
	struct follow_waiter *waiter;

	while ((look = TAILQ_FIRST(&hub->changed)) != NULL) {
		follow_hub_forget(hub, look);
		look->look(look);
	}
	/* One that is woken may wait again, or stop others from waiting. */
	for (int i = 0; i < FOLLOW_WAKE_MAX; i++) {
		waiter = TAILQ_FIRST(&hub->ready);
		if (!waiter)
			break;
		follow_waiter_leave(waiter);
		waiter->wake(waiter);
	}
	if (TAILQ_EMPTY(&hub->ready) && TAILQ_EMPTY(&hub->changed))
		uv_idle_stop(idle);
}

void follow_hub_wake(struct follow_hub *hub, struct follow_waiter *waiter)
{
	follow_waiter_leave(waiter);
	follow_waiter_join(waiter, &hub->ready);
	uv_idle_start(&hub->idle, on_idle);
}

void follow_hub_wake_all(struct follow_hub *hub, struct follow_waiters *list)
{
	struct follow_waiter *waiter;

	while ((waiter = TAILQ_FIRST(list)) != NULL)
		follow_hub_wake(hub, waiter);
}

void follow_hub_changed(struct follow_hub *hub, struct follow_look *look)
{
	if (look->is_due)
		return;
	look->is_due = true;
	TAILQ_INSERT_TAIL(&hub->changed, look, link);
	uv_idle_start(&hub->idle, on_idle);
}

void follow_hub_forget(struct follow_hub *hub, struct follow_look *look)
{
	if (look->is_due)
		TAILQ_REMOVE(&hub->changed, look, link);
	look->is_due = false;
}

/* --- beginning and end ---------------------------------------------------- */

struct follow_hub *follow_hub_new(uv_loop_t *loop, struct aio_reader *reader)
{
	struct follow_hub *hub = calloc(1, sizeof(*hub));

	if (!hub)
		return NULL;
	hub->loop = loop;
	hub->reader = reader;
	memory_budget_init(&hub->text_memory, FOLLOW_TEXT_MEMORY);
	turnstile_init(&hub->searches, FOLLOW_SEARCHES_MAX);
	TAILQ_INIT(&hub->ready);
	TAILQ_INIT(&hub->changed);
	for (size_t i = 0; i < FOLLOW_BUCKETS; i++)
		LIST_INIT(&hub->buckets[i]);
	uv_idle_init(loop, &hub->idle);
	return hub;
}

void follow_hub_close(struct follow_hub *hub)
{
	if (hub)
		uv_close((uv_handle_t *)&hub->idle, NULL);
}

void follow_hub_free(struct follow_hub *hub)
{
	free(hub);
}
