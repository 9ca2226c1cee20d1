/* SPDX-License-Identifier: MIT */
/* Slot n holds the timers of the milliseconds that leave n when divided. */
#include "config.h"
#include "bench/load/load_wheel.h"

static struct load_timer_list *slot_of(struct load_wheel *wheel, uint64_t ms)
{
	return &wheel->slots[ms % LOAD_WHEEL_SLOTS];
}

void load_wheel_init(struct load_wheel *wheel, uint64_t now_us)
{
	for (size_t i = 0; i < LOAD_WHEEL_SLOTS; i++)
		TAILQ_INIT(&wheel->slots[i]);
	wheel->next_ms = now_us / 1000;
	wheel->count = 0;
}

void load_wheel_add(
    struct load_wheel *wheel, struct load_timer *timer, uint64_t due_us)
{
	uint64_t ms = due_us / 1000 + 1;

	if (ms < wheel->next_ms)
		ms = wheel->next_ms;
	timer->due_us = due_us;
	TAILQ_INSERT_TAIL(slot_of(wheel, ms), timer, link);
	wheel->count++;
}

/* What is armed meanwhile goes into slots, not into the list at hand. */
static void turn(struct load_wheel *wheel, struct load_timer_list *list,
    uint64_t now_us, load_wheel_fire_fn *fire)
{
	struct load_timer *timer;

	while ((timer = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, timer, link);
		wheel->count--;
		if (timer->due_us > now_us)
			load_wheel_add(wheel, timer, timer->due_us);
		else
			fire(timer, now_us);
	}
}

void load_wheel_advance(
    struct load_wheel *wheel, uint64_t now_us, load_wheel_fire_fn *fire)
{
	uint64_t now_ms = now_us / 1000;
	struct load_timer_list list;

	/* After a long pause one round sees all there is. */
	if (now_ms >= wheel->next_ms + LOAD_WHEEL_SLOTS)
		wheel->next_ms = now_ms + 1 - LOAD_WHEEL_SLOTS;
	while (wheel->next_ms <= now_ms) {
		struct load_timer_list *slot = slot_of(wheel, wheel->next_ms++);

		TAILQ_INIT(&list);
		TAILQ_CONCAT(&list, slot, link);
		turn(wheel, &list, now_us, fire);
	}
}

int load_wheel_wait(const struct load_wheel *wheel, uint64_t now_us, int most)
{
	uint64_t now_ms = now_us / 1000;

	if (wheel->count == 0)
		return most;
	for (int i = 0; i < most && i < LOAD_WHEEL_SLOTS; i++) {
		uint64_t ms = wheel->next_ms + (uint64_t)i;

		if (!TAILQ_EMPTY(&wheel->slots[ms % LOAD_WHEEL_SLOTS]))
			return ms > now_ms ? (int)(ms - now_ms) : 0;
	}
	return most;
}
