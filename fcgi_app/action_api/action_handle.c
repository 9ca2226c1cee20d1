/* SPDX-License-Identifier: MIT */
/*
 * The slots of a process; those that are free wait in a row, so that the one
 * that was freed last is used last: until then the log can name the action of a
 * handle that is used too late. A slot whose number of uses would not fit into
 * a handle any more is not used again.
 */
#include "config.h"
#include "fcgi_app/action_api/action_handle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fcgi_app/setup/log.h"

#define PLACE_BITS 20
#define PLACES (1u << PLACE_BITS)
#define USES_MAX (UINTPTR_MAX >> PLACE_BITS)
#define FIRST_SLOTS 1024u
#define NO_SLOT UINT32_MAX

struct slot {
	struct action_answer *answer; /* NULL: it is free */
	const char *name;             /* of the action that had it last */
	uintptr_t uses;               /* its handle has this number */
	uint32_t next;                /* after it in the row */
	bool is_told; /* the log has that the last handle was used too late */
};

/* `count` slots, in a row of those that are free: `first` to `last`. */
static struct {
	struct slot *slots;
	uint32_t count;
	uint32_t first;
	uint32_t last;
	bool is_told; /* the same of what never was a handle */
} table = { .first = NO_SLOT, .last = NO_SLOT };

_Static_assert(ACTION_HANDLE_MAX == PLACES - 1, "all places but the first");

static void add_to_row(uint32_t place)
{
	table.slots[place].next = NO_SLOT;
	if (table.first == NO_SLOT)
		table.first = place;
	else
		table.slots[table.last].next = place;
	table.last = place;
}

static bool grow(void)
{
	uint32_t count = table.count > 0 ? 2 * table.count : FIRST_SLOTS;
	struct slot *slots;

	if (count > PLACES)
		return false;
	slots = realloc(table.slots, count * sizeof(*slots));
	if (!slots)
		return false;
	table.slots = slots;
	while (table.count < count) {
		slots[table.count] = (struct slot){ .uses = 1 };
		/* The first one is for NULL: that is told once, too. */
		if (table.count > 0)
			add_to_row(table.count);
		table.count++;
	}
	return true;
}

static uintptr_t number_of(const struct action *handle)
{
	return (uintptr_t)handle;
}

/* Returns the slot that a handle is of, or NULL. */
static struct slot *slot_of(const struct action *handle)
{
	uintptr_t place = number_of(handle) % PLACES;

	return place < table.count ? &table.slots[place] : NULL;
}

struct action *action_handle_new(struct action_answer *answer, const char *name)
{
	uint32_t place;
	struct slot *slot;

	if (table.first == NO_SLOT && !grow())
		return NULL;
	place = table.first;
	slot = &table.slots[place];
	table.first = slot->next;
	slot->answer = answer;
	slot->name = name;
	return (struct action *)(slot->uses << PLACE_BITS | place);
}

/* Once for each handle, as far as that is known. */
static void tell(const struct action *handle, const char *caller)
{
	struct slot *slot = slot_of(handle);
	bool is_last =
	    slot && slot->uses - 1 == number_of(handle) >> PLACE_BITS;
	bool *is_told = slot ? &slot->is_told : &table.is_told;

	if (*is_told)
		return;
	*is_told = true;
	log_message(LOG_LEVEL_ERROR,
	    "action %s: %s() with a handle whose request is over, or NULL; see "
	    "\"Who lives how long\" in WRITING_ACTIONS.md",
	    is_last && slot->name ? slot->name : "(unknown)", caller);
}

struct action_answer *action_handle_find(
    const struct action *handle, const char *caller)
{
	const struct slot *slot = slot_of(handle);

	if (slot && slot->answer &&
	    slot->uses == number_of(handle) >> PLACE_BITS)
		return slot->answer;
	tell(handle, caller);
	return NULL;
}

void action_handle_free(struct action *handle)
{
	uint32_t place = number_of(handle) % PLACES;
	struct slot *slot = &table.slots[place];

	slot->answer = NULL;
	slot->is_told = false;
	if (slot->uses++ < USES_MAX)
		add_to_row(place);
}
