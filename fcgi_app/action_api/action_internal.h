/* SPDX-License-Identifier: MIT */
/*
 * What the files of action.h share, and how a request becomes an action. Each
 * calls only those above it here. A `struct action` is a handle, good for the
 * action's own functions alone: what it stands for is an answer.
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
#include "fcgi_app/action_api/action_handle.h"

struct file_open;
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

/* What one action makes of one request. */
struct action_answer {
	struct action *handle;
	const char *name;        /* of the action */
	struct request *request; /* NULL: it is over */
	uv_loop_t *loop;
	enum action_phase phase;
	bool drops_body; /* what is written does not count: HEAD, 204, 304 */
	bool waits_for_body;
	bool starting; /* `start` has yet to return */
	bool turn;     /* `start` or a `done` has yet to return */
	bool taken;
	bool ended;    /* the action has nothing more to say */
	bool given_up; /* it failed, whatever the action still says */
	bool is_told;  /* the log has that more came after its end */
	bool head_first;
	bool has_status;
	bool has_length;
	unsigned int jobs; /* of our own: in the thread pool, or `idle` */
	void *state;
	action_gone_fn *gone;
	action_body_fn *on_body;
	size_t body_most;

	action_drain_fn *drain;
	bool in_drain;
	bool has_idle;
	uv_idle_t idle; /* active: a drain was set late, and may be due */

	action_open_fn *on_open; /* NULL: no action_open() is under way */
	struct file_open *open;  /* NULL: it failed, with open_error */
	int open_error;
	struct turn_end opened; /* then */
	char *file;             /* the last file that it named, or NULL */

	int status;
	const char *type; /* of what is sent, if nobody says another, or NULL */
	char *fields;     /* names and values in turn, each with its NUL */
	size_t fields_length;
	uint64_t length;
	char etag[ACTION_ETAG_MAX]; /* "": none */
	time_t modified;
	size_t chunk_size; /* of a descriptor */

	struct source_queue *queue;
	uint64_t written;
	struct turn_ends *ends;
	struct turn_end beginning; /* of what was written outside of a turn */
	struct turn_end end;
	char id[32];
};

/* --- action.c ------------------------------------------------------------- */

/* Returns the answer to a request, with its handle, or NULL: out of memory. */
struct action_answer *action_new(struct request *request);

/* Frees it at the end of the loop's turn, unless it is still needed. */
void action_let_go(struct action_answer *answer);

/* Returns whether the request still waits for this answer. */
bool action_is_live(const struct action_answer *answer);

/* `done` of action_open() is not called; a descriptor that comes is closed. */
void action_cancel_open(struct action_answer *answer);

/* Returns 0, or why nothing more can be written: -errno. */
int action_check_unfinished(const struct action_answer *answer);

/*
 * The same for bytes, whose loss must not go unseen: the log has that they came
 * after the end, once. `caller` is the function that was given them.
 */
int action_check_output(struct action_answer *answer, const char *caller);

/* Returns 0, or why neither head nor answer can be chosen any more: -errno. */
int action_check_open(const struct action_answer *answer);

/* Room for what action_mistake() writes. */
#define ACTION_MISTAKE_MAX 512

/*
 * Writes what the action did wrong, after its name, to `ret`; for
 * request_refuse() and request_log().
 */
void action_mistake(const struct action_answer *answer,
    char ret[ACTION_MISTAKE_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, straight to the log. */
void action_log_mistake(const struct action_answer *answer, const char *format,
    ...) __attribute__((format(printf, 2, 3)));

/* --- action_head.c -------------------------------------------------------- */

#define ACTION_LENGTH_NONE UINT64_MAX

/* Returns whether this status never has a body (RFC 9110, 6.4.1). */
bool action_has_no_body(int status);

/* As action_field(). */
int action_add_field(
    struct action_answer *answer, const char *name, const char *value);

/* Returns the value of the last field of this name, or NULL. */
const char *action_find_field(
    const struct action_answer *answer, const char *name);

/*
 * Makes the head of an answer that is not a representation's, with
 * Content-Length unless it is ACTION_LENGTH_NONE. Returns false if the request
 * was refused.
 */
bool action_make_head(struct action_answer *answer, uint64_t length,
    struct response_head *ret_head);

/*
 * Adds the action's fields, but for those that the operator sets; for struct
 * representation. `context` is the answer.
 */
void action_add_fields(const void *context, struct response_head *head);

/*
 * Writes its media type, or the operator's, into `size` bytes at `ret`. Returns
 * NULL, or the rule that one of them breaks.
 */
const struct param_rule *action_media_type(
    const struct action_answer *answer, char *ret, size_t size);

/* --- action_drain.c ------------------------------------------------------- */

/* Lets the action write, if it wants to and still may. */
void action_call_drain(struct action_answer *answer);

/* The request is over: it is not called any more. */
void action_stop_drain(struct action_answer *answer);

/* --- action_write.c ------------------------------------------------------- */

/* Begins the answer, if its head is settled and that was not done yet. */
void action_begin(struct action_answer *answer);

/* Closes the queue that was not handed over, if any. */
void action_drop_queue(struct action_answer *answer);

/*
 * What the action wants to send can't be sent, and the rest must not look like
 * all of it: answers with an error, or breaks the answer off. Why is as for
 * action_mistake(). Returns `error`, -errno.
 */
int action_give_up(struct action_answer *answer, int error, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* As action_end(). */
int action_complete(struct action_answer *answer);

/* --- action_turn.c -------------------------------------------------------- */

/* `start` or a `done` has returned: what comes next? */
void action_end_turn(struct action_answer *answer);

/* --- action_open.c -------------------------------------------------------- */

/*
 * Notes the file that an error will be about, for the log; NULL: the one at the
 * request's path. Returns 0 or -ENOMEM.
 */
int action_name_file(struct action_answer *answer, const char *path);

/* --- action_start.c ------------------------------------------------------- */

/* Lets `start` answer a request, through a new handle. */
void action_start(struct request *request, action_start_fn *start);

#endif
