/* SPDX-License-Identifier: MIT */
/* A request, and every way an action can answer it. */
#ifndef FCGI_APP_REQUEST_REQUEST_H
#define FCGI_APP_REQUEST_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fcgi/byte_queue.h"
#include "common/stream/stream.h"
#include "common/turn_end.h"
#include "fcgi_app/setup/log.h"

struct action_answer;
struct fcgi_output;
struct fcgi_params;
struct param_rule;
struct request;
struct response_head;
struct root_folder;
struct services;
struct source;
struct stream_action;
struct writer;

/*
 * The request is over, and freed: 0, or -errno when the response could not be
 * ended. Called at the end of the loop's turn, by turn_ends_run().
 */
typedef void request_over_fn(void *context, int error);

/*
 * The whole body of the request. A NUL follows it that `length` does not count;
 * the bytes are the request's. Also called from inside request_read_body().
 */
typedef void request_body_fn(
    struct request *request, const char *body, size_t length);

/* Stops what an action has under way for the request. */
typedef void request_cancel_fn(struct request *request);

/*
 * The request is over: its answer is complete (`reason` is NULL) or was cut
 * short. `stream.position` is what was sent of a source.
 */
typedef void request_ended_fn(struct request *request, const char *reason);

/*
 * The name of the file that an error is about, where an answer is made of
 * several; it stands in the log. NULL: it is about the path.
 */
typedef const char *request_about_fn(const struct request *request);

/* Where a request comes from; its connection fills this in. */
struct request_origin {
	struct services *services;
	/* The request owns them from now on. */
	struct fcgi_params *params;
	struct writer *writer;
	struct fcgi_output *output;
	request_over_fn *over;
	/* An action waits for the request's body, which is still coming. */
	void (*want_body)(void *context);
	void *context;
	bool body_pending; /* its end has not come yet */
	/* Counts the worker's requests, for the request's id. */
	uint64_t sequence;
};

/*
 * An action reads the first group, sets the second (`cancel` while it waits for
 * something of its own), and answers with one of the functions below. However
 * the request ends then, it is there until `ended` is called: at the end of the
 * loop's turn, or when the peer is gone, never inside a call of the action's or
 * of its source.
 */
struct request {
	struct services *services;
	const char *method;
	/* Decoded; "" when the front sent none, or one that is malformed. */
	const char *path;
	const char *id;
	/* What the action keeps beyond the request; see stream_action.h. */
	void *action_state;

	request_cancel_fn *cancel;
	request_ended_fn *ended;
	request_about_fn *about;
	void *state;
	/* The head leaves at once: the first bytes may come late. */
	bool head_first;

	/* For action.c: what answers it through action.h, or NULL. */
	struct action_answer *action;

	/*
	 * For request_place.c: the root that DOCUMENT_ROOT was found beneath,
	 * with a reference, or NULL; and where in that name the rest begins.
	 */
	struct root_folder *root;
	size_t root_length;

	/* For request.c and dispatch.c. */
	bool path_is_malformed;
	const struct stream_action *stream_action; /* NULL until it starts */
	struct request_origin origin;
	struct source *source;
	struct stream stream;
	uint64_t start_ns;
	struct byte_queue body;
	size_t body_most;
	request_body_fn *on_body; /* NULL: the body is dropped */
	char *start;              /* head and text, until they are put */
	uint64_t head_length;
	bool failed; /* its answer is an error already */
	/* Nothing more is sent; it is freed at the end of the loop's turn. */
	bool is_over;
	int result; /* then: 0 or -errno */
	struct turn_end end;
	int status;
	char id_text[32];
	char path_text[];
};

/* --- request.c ------------------------------------------------------------ */

/* Returns NULL if out of memory: `params` are still the caller's then. */
struct request *request_new(const struct request_origin *origin);

/* Returns a FastCGI parameter's value, NULL if it is absent or empty. */
const char *request_param(const struct request *request, const char *name);

/* Returns whether the method is HEAD: the head as for GET, but no body. */
bool request_is_head(const struct request *request);

/*
 * Logs `why` with the request's id and which file it is about: its name, the
 * path and the document root, quoted. For what request_refuse() does not fit.
 */
void request_log(
    const struct request *request, enum log_level level, const char *why);

/*
 * Breaks off the answer under way for a reason of the action's own, which is
 * cancelled: the front sees that it is incomplete. `error`: -errno, for the
 * log.
 */
void request_break(struct request *request, int error);

/*
 * Frees the request at once, without its answer or the rest of it: the action
 * is cancelled, the log has `reason` (NULL: all of the answer had left). One
 * that is over is logged as it ended. `over` is not called. For the connection,
 * when its peer is gone; never from inside another call of the request's.
 */
void request_abort(struct request *request, const char *reason);

/* --- request_body.c ------------------------------------------------------- */

/*
 * Collects the request's body and calls `done` when it is whole. One of more
 * than `most` bytes is answered 413 (RFC 9110, 15.5.14), one that is not as
 * long as CONTENT_LENGTH says 400 (FastCGI specification, 6.2), and `done` is
 * not called. To be called, if at all, while the action is being started: a
 * body that nobody has asked for is dropped as it comes. An answer that begins
 * before it is whole does without it.
 */
void request_read_body(
    struct request *request, size_t most, request_body_fn *done);

/* Frees what was handed over; the request has it no longer than it lasts. */
void request_free_body(struct request *request);

/* Nobody waits for it any more: what comes of it is dropped. */
void request_forget_body(struct request *request);

/* For the connection, as the next three: more of the body came. */
void request_add_body(
    struct request *request, const void *bytes, size_t length);

/* All of it has come. */
void request_end_body(struct request *request);

/* Returns whether an action waits for more of it. */
bool request_wants_body(const struct request *request);

/* It is given up: refuses the request, as request_refuse() does. */
void request_stop_body(struct request *request, int status, const char *why);

/* --- request_answer.c ----------------------------------------------------- */

/*
 * Answers with a head and no body (RFC 9110, 6.4.1). The head is finished
 * here; one that is malformed or does not fit its bound becomes a 500.
 */
void request_respond(struct request *request, struct response_head *head);

/*
 * The same with a finished head of any length up to 64 KiB, from malloc(3),
 * which it takes over. For the probe: all others have struct response_head.
 */
void request_respond_long(
    struct request *request, int status, char *head, size_t length);

/*
 * Answers with `status` and a short plain text that names it; `field` (may be
 * NULL) with `value` is one more header field, such as Location. A 503 has
 * Retry-After (RFC 9110, 10.2.3).
 */
void request_error(
    struct request *request, int status, const char *field, const char *value);

/*
 * Answers with an error as request_error() does, and writes `why` to the log
 * and to the front server's error log. A 404 is a notice in the log alone.
 */
void request_refuse(struct request *request, int status, const char *why);

/*
 * The same with lines of UTF-8 after the status in the plain text, of less than
 * REQUEST_LINES_MAX bytes, that say more to the client.
 */
void request_refuse_text(
    struct request *request, int status, const char *why, const char *lines);

#define REQUEST_LINES_MAX 1024

/*
 * Writes `why` to the log, as an error, and to the front server's error log,
 * with the `status` that the request is answered with. For what
 * request_refuse() does not fit.
 */
void request_report(struct request *request, int status, const char *why);

/* Room for the text of request_param_fault(). */
#define REQUEST_FAULT_MAX 512

/*
 * Writes `NAME="VALUE": fault` for request_refuse(), or `NAME: fault` if the
 * parameter is absent. The value is quoted, and cut after 255 bytes.
 */
void request_param_fault(const struct request *request, const char *name,
    const char *fault, char ret[REQUEST_FAULT_MAX]);

/* Refuses the request for what is wrong with one of its parameters. */
void request_refuse_param(
    struct request *request, int status, const char *name, const char *fault);

/* The same for a mistake of the operator's: 500. */
void request_bad_param(struct request *request, const struct param_rule *rule);

/*
 * Answers with a head and `length` bytes of `source` from `offset` on, at the
 * client's pace; of a source of unknown size with all of them. Takes the source
 * over, also when it fails.
 */
void request_stream(struct request *request, struct response_head *head,
    struct source *source, uint64_t offset, uint64_t length);

#endif
