/* SPDX-License-Identifier: MIT */
/*
 * What the files of action.h share, and how a request becomes an action. Each
 * calls only those above it here.
 */
#ifndef FCGI_APP_ACTION_API_ACTION_INTERNAL_H
#define FCGI_APP_ACTION_API_ACTION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <uv.h>

#include "common/turn_end.h"
#include "fcgi_app/action_api/action.h"

struct request;
struct response_head;
struct source_queue;

/* How far the answer is. */
enum action_phase {
	ACTION_OPEN,      /* nothing is settled */
	ACTION_SETTLED,   /* the head must not change; nothing was sent */
	ACTION_STREAMING, /* head and queue are the request's */
	ACTION_ANSWERED,  /* by one of action_send_*() */
};

struct action {
	struct request *request; /* NULL: it is over */
	uv_loop_t *loop;
	enum action_phase phase;
	bool drops_body; /* what is written does not count: HEAD, 204, 304 */
	bool waits_for_body;
	bool turn; /* `start` or the body's `done` has yet to return */
	bool taken;
	bool ended; /* the action has nothing more to say */
	bool head_first;
	bool has_length;
	unsigned int jobs; /* of our own, in the thread pool */
	void *state;
	action_gone_fn *gone;
	action_drain_fn *drain;
	action_body_fn *on_body;
	size_t body_most;

	int status;
	char *fields; /* names and values in turn, each with its NUL */
	size_t fields_length;
	uint64_t length;
	char etag[ACTION_ETAG_MAX]; /* "": none */
	time_t modified;
	size_t chunk_size; /* of a descriptor */

	struct source_queue *queue;
	uint64_t written;
	struct turn_ends *ends;
	struct turn_end end;
	char id[32];
};

/* --- action.c ------------------------------------------------------------- */

/* Frees it at the end of the loop's turn, unless it is still needed. */
void action_let_go(struct action *action);

/* Returns whether the request still waits for this action's answer. */
bool action_is_live(const struct action *action);

/* Returns 0, or why neither head nor answer can be chosen any more: -errno. */
int action_check_open(const struct action *action);

/* --- action_head.c -------------------------------------------------------- */

#define ACTION_LENGTH_NONE UINT64_MAX

/* Returns whether this status never has a body (RFC 9110, 6.4.1). */
bool action_has_no_body(int status);

/* Returns the value of the last field of this name, or NULL. */
const char *action_find_field(const struct action *action, const char *name);

/*
 * Makes the head of an answer that is not a representation's, with
 * Content-Length unless it is ACTION_LENGTH_NONE. Returns false if the request
 * was refused.
 */
bool action_make_head(
    struct action *action, uint64_t length, struct response_head *ret_head);

/*
 * Adds the action's fields, but for those that the operator sets; for struct
 * representation. `context` is the action.
 */
void action_add_fields(const void *context, struct response_head *head);

/*
 * Writes its media type, or the operator's, into `size` bytes at `ret`. Returns
 * NULL, or the rule that one of them breaks.
 */
const struct param_rule *action_media_type(
    const struct action *action, const char *fallback, char *ret, size_t size);

/* --- action_write.c ------------------------------------------------------- */

/* Lets the action write, if it wants to and still may. */
void action_call_drain(struct action *action);

/* Begins the answer if its head is settled and the action's turn is over. */
void action_begin_if_due(struct action *action);

/* Closes the queue that was not handed over, if any. */
void action_drop_queue(struct action *action);

/* --- action_turn.c -------------------------------------------------------- */

/* Lets `start` answer a request, through a new handle. */
void action_start(struct request *request, action_start_fn *start);

#endif
