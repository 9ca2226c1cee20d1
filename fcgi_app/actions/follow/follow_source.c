/* SPDX-License-Identifier: MIT */
/*
 * A read is answered from the text of events that waits, if there is one, else
 * from where the cursor stands. What begins with the last lines looks for them
 * first, a block at a time, and lets others have their turn between two.
 *
 * Of a line that is not whole nothing is kept while the source waits, but how
 * far it was searched for its end: it is read again when that has come.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_source.h"

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"
#include "fcgi_app/actions/follow/event_stream.h"
#include "fcgi_app/actions/follow/follow_cursor.h"
#include "fcgi_app/actions/follow/follow_events.h"
#include "fcgi_app/actions/follow/follow_file.h"
#include "fcgi_app/actions/follow/follow_search.h"

/* Bytes of a file that are looked at at once for events. */
#define WINDOW 16384

/* What a try to go on led to; a negative errno is the fourth possibility. */
enum outcome {
	WAITS, /* until the cursor wakes it */
	LENDS, /* a chunk */
	AGAIN, /* there is something new to look at */
};

struct follow_source {
	struct source source;
	struct follow_plan plan;
	struct follow_cursor cursor;
	struct follow_events events;
	struct follow_search *search; /* or NULL */
	uint64_t offset; /* of the source: what is before was sent */
	uint64_t left;   /* of plan.length */
	size_t wanted;   /* by the read in flight */
	bool in_flight;
	bool over;
	uint64_t grown_at; /* uv_now() */
	uint64_t sent_at;
	uv_timer_t timer; /* runs while it waits, and perhaps on */
};

static struct follow_source *self(struct source *source)
{
	return container_of(source, struct follow_source, source);
}

static uint64_t now(const struct follow_source *follow)
{
	return uv_now(follow->timer.loop);
}

static bool is_part(const struct follow_source *follow)
{
	return follow->plan.length != UINT64_MAX;
}

/* --- its end -------------------------------------------------------------- */

static int be_over(struct follow_source *follow)
{
	follow->over = true;
	return AGAIN;
}

/* The file has no more, although perhaps more was promised. */
static int end_early(struct follow_source *follow)
{
	if (follow->plan.is_exact && follow->left > 0)
		return -ENODATA;
	return be_over(follow);
}

/* --- bytes ---------------------------------------------------------------- */

static void lend_bytes(
    struct follow_source *follow, struct source_chunk *ret_chunk)
{
	const struct follow_cursor *cursor = &follow->cursor;
	size_t length = size_min(cursor->length, follow->wanted);

	follow->grown_at = now(follow);
	*ret_chunk = (struct source_chunk){
		.data = cursor->data,
		.length = (size_t)u64_min(length, follow->left),
	};
}

static int move(struct follow_source *follow)
{
	follow_cursor_move(&follow->cursor);
	return AGAIN;
}

static int go_on_with_bytes(
    struct follow_source *follow, struct source_chunk *ret_chunk)
{
	int r;

	if (follow->left == 0)
		return be_over(follow);
	r = follow_cursor_step(
	    &follow->cursor, (size_t)u64_min(follow->wanted, follow->left));
	if (r < 0)
		return r;
	switch ((enum follow_step)r) {
	case FOLLOW_WAIT:
		return WAITS;
	case FOLLOW_BYTES:
		lend_bytes(follow, ret_chunk);
		return LENDS;
	case FOLLOW_CUT:
		return is_part(follow) ? -ESTALE : move(follow);
	case FOLLOW_NEXT:
		return is_part(follow) ? end_early(follow) : move(follow);
	case FOLLOW_END:
	case FOLLOW_STOP:
		break;
	}
	return end_early(follow);
}

/* --- events --------------------------------------------------------------- */

/* Where the first byte stands that is not yet an event. */
static struct event_id place_of(const struct follow_source *follow)
{
	return (struct event_id){
		.file = follow->cursor.file->identity,
		.offset = follow->events.lines.at,
	};
}

static int note(struct follow_source *follow, const char *text, size_t length)
{
	int r = follow_events_note(&follow->events, text, length);

	return r < 0 ? r : AGAIN;
}

/*
 * A long line is searched by turns with others; a character that ends after the
 * bytes that are at hand may need some that are just being brought in.
 */
static int take_bytes(struct follow_source *follow)
{
	struct follow_cursor *cursor = &follow->cursor;
	struct follow_events *events = &follow->events;
	uint64_t next = event_lines_next(&events->lines);
	int r = follow_events_take(
	    events, cursor->file->identity, cursor->data, cursor->length);
	bool is_small = cursor->length < WINDOW;

	follow_cursor_release(cursor);
	if (r < 0)
		return r;
	follow->grown_at = now(follow);
	if (events->length > 0 ||
	    (is_small && event_lines_next(&events->lines) != next))
		return AGAIN;
	follow_cursor_yield(cursor);
	return WAITS;
}

/* The stream goes on elsewhere. */
static int move_events(struct follow_source *follow, enum event_gap gap)
{
	char text[EVENT_STREAM_NOTE_MAX];
	struct event_id place;

	follow_cursor_move(&follow->cursor);
	event_lines_begin(&follow->events.lines, 0);
	place = place_of(follow);
	return note(follow, text, event_stream_move(&place, gap, text));
}

static int end_events(struct follow_source *follow)
{
	char text[EVENT_STREAM_NOTE_MAX];

	follow->over = true;
	return note(follow, text, event_stream_end(text));
}

/* All of the file was looked at; the rest is a line. */
static int finish_events(struct follow_source *follow, enum follow_step step)
{
	if (event_lines_finish(&follow->events.lines))
		return AGAIN;
	if (step == FOLLOW_NEXT)
		return move_events(follow, EVENT_GAP_NONE);
	return end_events(follow);
}

static int go_on_with_events(struct follow_source *follow)
{
	const struct event_lines *lines = &follow->events.lines;
	int r;

	follow->cursor.position = event_lines_next(lines);
	r = follow_cursor_step(&follow->cursor, WINDOW);
	if (r < 0)
		return r;
	switch ((enum follow_step)r) {
	case FOLLOW_WAIT:
		return WAITS;
	case FOLLOW_BYTES:
		return take_bytes(follow);
	case FOLLOW_CUT:
		/* Of what was sent in part the rest is gone. */
		return lines->has_begun ? -ESTALE
					: move_events(follow, EVENT_GAP_CUT);
	case FOLLOW_NEXT:
	case FOLLOW_END:
		return finish_events(follow, (enum follow_step)r);
	case FOLLOW_STOP:
		break;
	}
	/* The client will come back, and get the line when it is whole. */
	return be_over(follow);
}

static void lend_text(
    struct follow_source *follow, struct source_chunk *ret_chunk)
{
	const struct follow_events *events = &follow->events;
	size_t length = events->length - events->start;

	follow->sent_at = now(follow);
	*ret_chunk = (struct source_chunk){
		.data = (unsigned char *)events->text + events->start,
		.length = size_min(length, follow->wanted),
	};
}

/* --- the start ------------------------------------------------------------ */

static int begin_events(struct follow_source *follow)
{
	char text[EVENT_STREAM_NOTE_MAX];
	struct event_id place;

	if (!follow->plan.events)
		return AGAIN;
	event_lines_begin(&follow->events.lines, follow->cursor.position);
	place = place_of(follow);
	return note(
	    follow, text, event_stream_begin(&place, follow->plan.gap, text));
}

static int go_on_with_search(struct follow_source *follow)
{
	int r = follow_search_step(follow->search, &follow->cursor);

	if (r <= 0)
		return r < 0 ? r : WAITS;
	follow_search_free(follow->search);
	follow->search = NULL;
	return begin_events(follow);
}

/* --- reads ---------------------------------------------------------------- */

/* Returns LENDS with a chunk, WAITS, or -errno. */
static int go_on(struct follow_source *follow, struct source_chunk *ret_chunk)
{
	int r;

	do {
		if (follow->events.length > 0) {
			lend_text(follow, ret_chunk);
			return LENDS;
		}
		if (follow->over) {
			*ret_chunk = (struct source_chunk){ 0 };
			return LENDS;
		}
		if (follow->search)
			r = go_on_with_search(follow);
		else if (follow->plan.events)
			r = go_on_with_events(follow);
		else
			r = go_on_with_bytes(follow, ret_chunk);
	} while (r == AGAIN);
	return r;
}

static uint64_t left_of(uint64_t period, uint64_t passed)
{
	return passed < period ? period - passed : 0;
}

static void on_timer(uv_timer_t *timer);

/* Waiting for the file has its times; one that runs already comes first. */
static void start_timer(struct follow_source *follow)
{
	const struct follow_plan *plan = &follow->plan;
	uint64_t due = UINT64_MAX;

	if (uv_is_active((uv_handle_t *)&follow->timer))
		return;
	if (plan->idle_ms > 0)
		due = left_of(plan->idle_ms, now(follow) - follow->grown_at);
	if (plan->beat_ms > 0)
		due = u64_min(
		    due, left_of(plan->beat_ms, now(follow) - follow->sent_at));
	if (due < UINT64_MAX)
		uv_timer_start(&follow->timer, on_timer, due, 0);
}

static void answer(struct follow_source *follow)
{
	struct source_chunk chunk;
	int r = go_on(follow, &chunk);

	if (r == WAITS) {
		start_timer(follow);
		return;
	}
	follow->in_flight = false;
	follow->source.done(
	    follow->source.context, r < 0 ? r : 0, r < 0 ? NULL : &chunk);
}

static void on_timer(uv_timer_t *timer)
{
	struct follow_source *follow = timer->data;
	const struct follow_plan *plan = &follow->plan;
	char text[EVENT_STREAM_NOTE_MAX];

	if (!follow->in_flight || !follow_cursor_is_idle(&follow->cursor))
		return;
	if (plan->idle_ms > 0 &&
	    now(follow) - follow->grown_at >= plan->idle_ms)
		follow->over = true;
	else if (plan->beat_ms > 0 &&
	    now(follow) - follow->sent_at >= plan->beat_ms)
		note(follow, text, event_stream_beat(text));
	else {
		start_timer(follow);
		return;
	}
	follow_cursor_cancel(&follow->cursor);
	answer(follow);
}

static void on_wake(struct follow_cursor *cursor)
{
	struct follow_source *follow =
	    container_of(cursor, struct follow_source, cursor);

	if (follow->in_flight)
		answer(follow);
}

static int follow_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct follow_source *follow = self(source);
	uint64_t sent = offset - follow->offset;
	int r;

	follow->offset = offset;
	follow->wanted = length;
	if (follow->plan.events) {
		follow_events_sent(&follow->events, (size_t)sent);
	} else {
		follow->cursor.position += sent;
		follow->left -= is_part(follow) ? sent : 0;
	}
	r = go_on(follow, ret_chunk);
	follow->in_flight = r == WAITS;
	if (r == WAITS)
		start_timer(follow);
	return r;
}

static void follow_cancel(struct source *source)
{
	struct follow_source *follow = self(source);

	follow->in_flight = false;
	follow_cursor_cancel(&follow->cursor);
}

static void follow_release(struct source *source, struct source_chunk *chunk)
{
	struct follow_source *follow = self(source);

	(void)chunk;
	if (!follow->plan.events)
		follow_cursor_release(&follow->cursor);
}

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

static void follow_close(struct source *source)
{
	struct follow_source *follow = self(source);

	follow_cursor_fini(&follow->cursor);
	follow_events_fini(&follow->events);
	follow_search_free(follow->search);
	uv_close((uv_handle_t *)&follow->timer, on_closed);
}

static const struct source_ops follow_ops = {
	.read = follow_read,
	.cancel = follow_cancel,
	.release = follow_release,
	.close = follow_close,
};

/* --- beginning ------------------------------------------------------------ */

struct source *follow_source_new(
    struct follow_file *file, const struct follow_plan *plan)
{
	struct follow_source *follow = calloc(1, sizeof(*follow));
	bool is_ready;

	if (!follow) {
		follow_file_unref(file);
		return NULL;
	}
	follow->source.ops = &follow_ops;
	follow->source.size = SOURCE_SIZE_UNKNOWN;
	follow->source.forgets = true;
	follow->plan = *plan;
	follow->left = plan->length;
	follow->events.budget = &file->hub->text_memory;
	follow->events.lines.max = plan->line_max;
	follow_cursor_init(&follow->cursor, file, plan->offset, on_wake);
	uv_timer_init(file->hub->loop, &follow->timer);
	follow->timer.data = follow;
	follow->grown_at = follow->sent_at = now(follow);
	if (plan->from_lines) {
		follow->search =
		    follow_search_new(file->size, plan->lines, plan->events);
		is_ready = follow->search;
	} else {
		is_ready = begin_events(follow) >= 0;
	}
	if (is_ready)
		return &follow->source;
	follow_close(&follow->source);
	return NULL;
}
