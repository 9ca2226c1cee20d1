/* SPDX-License-Identifier: MIT */
/*
 * What an action is written with. An action answers the requests for which the
 * front sends its name in STREAM_ACTION; docs/WRITING_ACTIONS.md teaches it.
 *
 * All of it belongs to the worker's loop (libuv): call it from there, never
 * from another thread, and never block. Functions return 0, or -errno:
 * -EPIPE     the request is over, its client left or the worker stops; or the
 *            handle is not valid
 * -EALREADY  it is too late: the head is settled, or the answer has ended
 *
 * Output (action_write(), action_print(), action_send_*()) that fails for
 * another reason is not forgotten: the answer becomes an error (500) or, if its
 * head has left, is broken off; nothing that comes later counts. The log has
 * the action's name and the reason.
 *
 * A handle, struct action, is valid until the action's `gone` has returned (see
 * action_set_state()), and if it was taken also until action_end(),
 * action_fail(), action_refuse() or one of action_send_*() but
 * action_send_head() ends the answer, and the callback that called it has
 * returned; whichever is later. No handle comes a second time: one that is not
 * valid any more, or is NULL, is never another request's, however late. With it
 * the functions return -EPIPE, NULL, "" or 0 and do nothing; the log has it
 * once.
 */
#ifndef FCGI_STREAM_ACTION_H
#define FCGI_STREAM_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct action;
struct stat;      /* of <sys/stat.h> */
struct uv_loop_s; /* uv_loop_t of <uv.h> */

/* Most bytes that wait in memory for the client of one action. */
#define ACTION_ROOM_MAX 65536
/* The longest request body that an action can have. */
#define ACTION_BODY_MAX ((size_t)16 << 20)
/* The longest chunk that is read from a descriptor. */
#define ACTION_CHUNK_MAX ((size_t)1 << 20)
/* The longest entity tag, in bytes, with its quotes and a NUL. */
#define ACTION_ETAG_MAX 128

/* Begins the answer, and maybe completes it. */
typedef void action_start_fn(struct action *action);
/* There is room to write. */
typedef void action_drain_fn(struct action *action);
/* The request is over. */
typedef void action_gone_fn(struct action *action);
/* A module was loaded. Returns 0 or -errno. */
typedef int action_load_fn(void);
/* The request's body, and a NUL after it; valid until `gone` is called. */
typedef void action_body_fn(
    struct action *action, const char *body, size_t length);
/*
 * A file was opened: `fd` is the action's to close, `st` is valid until it
 * returns. Or it can't be: `fd` is -errno, and `st` is NULL.
 */
typedef void action_open_fn(
    struct action *action, int fd, const struct stat *st);

/* --- the request ---------------------------------------------------------- */

/*
 * Returns a FastCGI parameter's value; NULL if it is absent or empty, or the
 * request is over. What is returned is the request's, as with the next two.
 */
const char *action_param(const struct action *action, const char *name);

/* Returns the method, such as "GET"; "" when the request is over. */
const char *action_method(const struct action *action);

/* Returns the decoded path beneath the document root; "" when it is over. */
const char *action_path(const struct action *action);

/* Returns the request's id in the log; valid as long as the handle is. */
const char *action_id(const struct action *action);

/*
 * Returns the worker's loop, for timers, uv_queue_work() and the like; also
 * with a handle that is not valid.
 */
struct uv_loop_s *action_loop(const struct action *action);

/*
 * Collects the request's body and calls `done` when it is whole; nothing is
 * answered before. A body of more than `most` bytes (up to ACTION_BODY_MAX) is
 * answered 413, one that stalls 408, one of another length than CONTENT_LENGTH
 * says 400, and `done` is not called. Only while the action is being started,
 * once: else -EALREADY. Returns -EINVAL if `most` is over the bound or `done`
 * is NULL, -EBUSY during action_open().
 */
int action_read_body(struct action *action, size_t most, action_body_fn *done);

/*
 * Opens the file at `path` (NULL: at the request's), in the form of
 * action_path(), for reading. The rules are those of the program's own actions:
 * beneath the request's document root, which must be at or beneath a --root,
 * and no hidden names unless STREAM_DOTFILES is "allow". Whatever its kind is,
 * opening it does not block (O_NONBLOCK, O_CLOEXEC).
 *
 * `done` is called once, never from inside this call, in a turn of its own: it
 * answers as `start` does. With an error that action_fail() answers as
 * action_send_file() would have, 403, 404 or 503: -ENOENT, -EACCES, -EXDEV (a
 * link that leads out), -EAGAIN (the --root is not there now), -EINVAL (not a
 * path). If the request is over, or the action has ended its answer, before the
 * file is open, `done` is not called, and what comes is closed. Until it is
 * called the answer stays open, and a second call returns -EBUSY, as during
 * action_read_body(). Returns -EINVAL if `done` is NULL.
 */
int action_open(struct action *action, const char *path, action_open_fn *done);

/* Writes a line with the request's id to the log. */
void action_log(const struct action *action, const char *text);

/* --- the action's own state ----------------------------------------------- */

/*
 * Keeps `state` with the action. `gone` (may be NULL) is called once, when the
 * request is over for whatever reason: also before an answer, when the client
 * left. Never from inside another call of this interface.
 */
void action_set_state(struct action *action, void *state, action_gone_fn *gone);

/* Returns what action_set_state() was given. */
void *action_state(const struct action *action);

/* --- the head ------------------------------------------------------------- */

/* Sets the status, from 200 to 599, else -EINVAL; it is 200 without this. */
int action_status(struct action *action, int status);

/*
 * Adds a header field after those before it; of Content-Type and Location the
 * last one counts. Returns -EINVAL if the name is not a token, the value has a
 * control character, or the field is one that has a function here or that the
 * front server makes (Status, Content-Length, Content-Range, Accept-Ranges,
 * ETag, Last-Modified, Transfer-Encoding, Connection, Date); -ENOSPC if the
 * head would get longer than 4 KiB. What the operator sets with STREAM_
 * parameters goes before Content-Type, Cache-Control, Expires and
 * Content-Disposition.
 */
int action_field(struct action *action, const char *name, const char *value);

/*
 * Sets how many bytes will be written (Content-Length). Output of more fails,
 * and so does an end before them. Returns -EINVAL for more than INT64_MAX.
 */
int action_length(struct action *action, uint64_t length);

/*
 * Sets what tells this content from any other: a strong entity tag with its
 * quotes (RFC 9110, 8.8.3), and when it was modified. action_send_bytes(),
 * action_send_text() and action_send_file() then evaluate preconditions and
 * ranges by them (a file has its own without this call). Returns -EINVAL if it
 * is not such a tag.
 */
int action_validators(struct action *action, const char *etag, time_t modified);

/* Sends the head now, without waiting for the first byte. */
int action_send_head(struct action *action);

/* --- whole answers: they end the action, also if they fail ---------------- */

/*
 * Answers with `length` bytes, which are copied. For this and the next four: to
 * be called instead of writing, not after it; that is output that fails, with
 * -EALREADY.
 */
int action_send_bytes(struct action *action, const void *data, size_t length);

/* The same with a text in UTF-8; text/plain unless there is a Content-Type. */
int action_send_text(struct action *action, const char *text);

/*
 * Answers with the file at `path` (NULL: at the request's), in the form of
 * action_path(), beneath the request's document root: read without blocking,
 * with preconditions and ranges; what can't be opened is answered 404 or 403.
 */
int action_send_file(struct action *action, const char *path);

/*
 * Answers with all that can be read from `fd`: from a pipe, FIFO or socket in
 * chunks of `chunk_size` bytes (1 to ACTION_CHUNK_MAX) at most, as the client
 * takes them; from a regular file as action_send_file() does. Takes `fd` over,
 * also when it fails. Another chunk_size is output that fails, with -EINVAL.
 */
int action_send_fd(struct action *action, int fd, size_t chunk_size);

/*
 * Answers with an error, a status from 400 to 599 (another one becomes 500), in
 * short plain text; `why` is for the log.
 */
int action_refuse(struct action *action, int status, const char *why);

/* --- writing bit by bit --------------------------------------------------- */

/* Returns how many bytes action_write() would take now. */
size_t action_room(const struct action *action);

/*
 * Copies `length` bytes to the client's queue, all or none. The first one
 * settles the head. Fails, as any output does, with -ENOBUFS for more than
 * action_room(), -EMSGSIZE for more than action_length(), -EINVAL for bytes at
 * NULL, or -ENOMEM: so ask for the room before. Bytes for a HEAD request are
 * dropped. What is written in one callback leaves when that has returned.
 */
int action_write(struct action *action, const void *data, size_t length);

/* The same with what printf(3) would print; -EINVAL if that fails. */
int action_print(struct action *action, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * `drain` is called whenever all that was written is on its way and there is
 * room for more, for the first time when `start` (or a `done`) has returned, or
 * if it is set later, in the next turn of the loop that finds it so. The answer
 * then goes on until action_end(). After a call that wrote nothing and set no
 * other function, the next one comes only after another write. NULL: none.
 */
int action_on_drain(struct action *action, action_drain_fn *drain);

/*
 * Keeps the answer open when `start` returns, to be written and ended later,
 * from a timer, a job's after-work callback or any other. If it fails, the
 * action has nothing to end.
 */
int action_take(struct action *action);

/*
 * Completes the answer. Not needed in `start` and in a `done` that has written
 * something, or has set a status or a length, unless the action was taken or
 * has a `drain`; one that has done none of these is a mistake, status 500. An
 * answer that ends in the callback that began it has a Content-Length.
 */
int action_end(struct action *action);

/*
 * Ends an answer that can't be completed; `error`: why, as -errno. Before the
 * first byte was sent it becomes an error response: 404 for -ENOENT and the
 * like, 403 for -EACCES, -EPERM, -EXDEV and -ELOOP, 503 for -ENOMEM, -EAGAIN,
 * -ENOBUFS, -EMFILE and -ENFILE, else 500. After it the connection is broken,
 * so that the client sees that the body is not whole. What is no -errno (0, a
 * positive one, a code of libuv's own such as UV_EOF) counts as -EREMOTEIO, and
 * the log has it; -EPIPE and -ECONNRESET, which would look like the client's,
 * count as that too.
 */
int action_fail(struct action *action, int error);

/* --- actions in shared objects -------------------------------------------- */

/* The version of all of the above. */
#define ACTION_ABI_VERSION 1

/* Request methods. OPTIONS and 405 are answered for the action. */
enum action_methods {
	ACTION_GET = 1 << 0,
	ACTION_HEAD = 1 << 1,
	ACTION_POST = 1 << 2,
};

/*
 * A shared object for --action exports one of these, const and by the name
 * `fcgi_stream_action`. It stays loaded.
 */
struct action_module {
	/* sizeof(struct action_module), which must be true */
	uint32_t size;
	/* ACTION_ABI_VERSION */
	uint32_t abi_version;
	/* Some of enum action_methods. */
	uint32_t methods;
	uint32_t reserved; /* must be 0 */
	action_start_fn *start;
	/*
	 * NULL, or called once, in the master, before there are workers and
	 * threads. Another value than 0, -errno, stops the program.
	 */
	action_load_fn *load;
	/*
	 * NULL, or the header fields of requests that pages of other origins
	 * may set, such as "X-Ticket, X-Trace": names with a comma and a blank
	 * in between, 1,024 bytes at most. Range and the other fields that
	 * files depend on need not be named, nor Content-Type with ACTION_POST.
	 * They may if STREAM_CORS lists them. Not in modules of before this.
	 */
	const char *request_fields;
};

extern const struct action_module fcgi_stream_action;

#ifdef __cplusplus
}
#endif

#endif
