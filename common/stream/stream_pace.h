/* SPDX-License-Identifier: MIT */
/* The pace of one stream: a pacer, with the clock and the timer of a loop. */
#ifndef COMMON_STREAM_STREAM_PACE_H
#define COMMON_STREAM_STREAM_PACE_H

#include <stdint.h>
#include <uv.h>

struct pacer_plan;
struct stream_pace;

/* The pause is over. */
typedef void stream_pace_due_fn(void *context);

/*
 * Returns a pace for stream_set_pace(), or NULL if out of memory. `plan->rate`
 * is not 0.
 */
struct stream_pace *stream_pace_new(
    uv_loop_t *loop, const struct pacer_plan *plan);

/*
 * Stops it at once; its memory goes when the loop has let go of the timer.
 * NULL is allowed.
 */
void stream_pace_free(struct stream_pace *pace);

/* --- for the stream ------------------------------------------------------- */

/* Returns the bytes that may leave now of `left` (not 0) to send. 0: pause. */
uint64_t stream_pace_allow(struct stream_pace *pace, uint64_t left);

/* So many bytes have left. */
void stream_pace_take(struct stream_pace *pace, uint64_t taken);

/*
 * Calls `due(context)` once, from the loop, when some of the `left` bytes may
 * leave again.
 */
void stream_pace_pause(struct stream_pace *pace, uint64_t left,
    stream_pace_due_fn *due, void *context);

#endif
