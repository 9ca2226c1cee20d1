/* SPDX-License-Identifier: MIT */
/* An action for the tests: every way to answer, right and wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <fcgi_stream/action.h>

static const char *query(struct action *action)
{
	const char *text = action_param(action, "QUERY_STRING");

	return text ? text : "";
}

/* The number after `name=` in the query, or `otherwise`. */
static size_t number(struct action *action, const char *name, size_t otherwise)
{
	const char *at = strstr(query(action), name);

	return at ? strtoul(at + strlen(name) + 1, NULL, 10) : otherwise;
}

static void fill(char *to, size_t length, size_t offset)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (char)('a' + (offset + i) % 26);
}

/* --- whole bodies --------------------------------------------------------- */

static void text(struct action *action)
{
	action_field(action, "X-Way", "text");
	action_send_text(action, "hällo\n");
}

static void tagged(struct action *action)
{
	char bytes[1000];

	fill(bytes, sizeof(bytes), 0);
	action_validators(action, "\"v1\"", 1000000000);
	action_field(action, "X-Way", "tagged");
	action_field(action, "Cache-Control", "max-age=7");
	action_field(action, "Content-Language", "en");
	action_send_bytes(action, bytes, sizeof(bytes));
}

static void status(struct action *action)
{
	action_status(action, (int)number(action, "code", 200));
	action_field(action, "Location", "/elsewhere");
	action_send_text(action, "with a status\n");
}

static void empty(struct action *action)
{
	action_end(action);
}

static void fields(struct action *action)
{
	action_field(action, "X-C", "1");
	action_field(action, "Content-Type", "text/first");
	action_field(action, "Link", "</1>; rel=prev");
	action_field(action, "X-A", "2");
	action_field(action, "Link", "</2>; rel=next");
	action_field(action, "Content-Type", "text/second");
	action_field(action, "X-B", "3");
	action_send_text(action, "fields\n");
}

static void short_answer(struct action *action)
{
	action_write(action, "one ", 4);
	action_print(action, "%s %d", "two", 3);
}

static void refuse(struct action *action)
{
	action_refuse(action, 410, "it is gone");
}

static void file(struct action *action)
{
	const char *path = action_param(action, "STREAM_WAYS_FILE");

	if (number(action, "code", 0))
		action_status(action, (int)number(action, "code", 0));
	action_field(action, "X-Way", "file");
	action_send_file(action, path);
}

/* The file at STREAM_WAYS_FILE, or the second one if there is none. */
static void on_open(struct action *action, int fd, const struct stat *st)
{
	char bytes[64];
	ssize_t n;

	if (fd == -ENOENT && strstr(query(action), "twice")) {
		action_open(action, "/second", on_open);
		return;
	}
	if (fd < 0) {
		action_fail(action, fd);
		return;
	}
	if (strstr(query(action), "send")) {
		action_send_fd(action, fd, 4096);
		return;
	}
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	action_print(action, "%jd %o: ", (intmax_t)st->st_size,
	    (unsigned int)(st->st_mode & S_IFMT));
	if (n > 0)
		action_write(action, bytes, (size_t)n);
}

static void opened(struct action *action)
{
	action_open(action, action_param(action, "STREAM_WAYS_FILE"), on_open);
}

/* --- descriptors ---------------------------------------------------------- */

static void from_fd(struct action *action)
{
	const char *path = action_param(action, "STREAM_WAYS_FILE");
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	action_field(action, "Content-Type", "text/x-fd");
	action_send_fd(action, fd, number(action, "chunk", 4096));
}

static void from_pipe(struct action *action)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		action_fail(action, -errno);
		return;
	}
	if (write(ends[1], "through a pipe", 14) != 14)
		action_log(action, "a short write");
	close(ends[1]);
	action_send_fd(action, ends[0], 5);
}

/* Fails after some bytes: who closes with bytes unread resets. */
static void reset_socket(struct action *action)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		action_fail(action, -errno);
		return;
	}
	if (write(ends[0], "unread", 6) != 6 || write(ends[1], "begun", 5) != 5)
		action_log(action, "a short write");
	close(ends[1]);
	action_send_fd(action, ends[0], 5);
}

/* --- bit by bit ----------------------------------------------------------- */

struct much {
	size_t sent;
	size_t size;
};

static void free_state(struct action *action)
{
	action_log(action, "gone");
	free(action_state(action));
}

static void write_more(struct action *action)
{
	struct much *much = action_state(action);
	char bytes[5000];
	size_t n;

	while (much->sent < much->size) {
		n = action_room(action);
		if (n == 0)
			return;
		if (n > sizeof(bytes))
			n = sizeof(bytes);
		if (n > much->size - much->sent)
			n = much->size - much->sent;
		fill(bytes, n, much->sent);
		if (action_write(action, bytes, n) < 0)
			return;
		much->sent += n;
	}
	if (strstr(query(action), "fail"))
		action_fail(action, -EIO);
	else
		action_end(action);
}

static void much(struct action *action)
{
	struct much *much = calloc(1, sizeof(*much));

	much->size = number(action, "size", 1000);
	action_set_state(action, much, free_state);
	if (strstr(query(action), "known"))
		action_length(action, much->size);
	if (strstr(query(action), "promise"))
		action_length(action, much->size + 1);
	action_on_drain(action, write_more);
}

/* --- later ---------------------------------------------------------------- */

struct ticks {
	uv_timer_t timer;
	struct action *action;
	size_t left;
};

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer->data);
}

static void on_tick(uv_timer_t *timer)
{
	struct ticks *ticks = timer->data;
	int r = action_print(ticks->action, "tick %zu\n", ticks->left);

	/* Again and again: nothing bad may come of it. */
	for (int i = 0; i < 3 && r == -EPIPE; i++)
		r = action_print(ticks->action, "tick %zu\n", ticks->left);
	if (r == 0 && --ticks->left > 0)
		return;
	if (r < 0)
		action_log(ticks->action, "the client has left");
	action_end(ticks->action);
	uv_close((uv_handle_t *)timer, on_timer_closed);
}

static void later(struct action *action)
{
	struct ticks *ticks = calloc(1, sizeof(*ticks));

	ticks->action = action;
	ticks->left = number(action, "ticks", 3);
	uv_timer_init(action_loop(action), &ticks->timer);
	ticks->timer.data = ticks;
	action_take(action);
	if (strstr(query(action), "head"))
		action_send_head(action);
	uv_timer_start(&ticks->timer, on_tick, number(action, "every", 10),
	    number(action, "every", 10));
}

struct job {
	uv_work_t work;
	struct action *action;
	size_t ms;
	size_t sum;
};

static void do_job(uv_work_t *work)
{
	struct job *job = work->data;

	usleep((useconds_t)(1000 * job->ms));
	for (size_t i = 1; i <= 100; i++)
		job->sum += i;
}

static void on_job(uv_work_t *work, int error)
{
	struct job *job = work->data;

	(void)error;
	if (action_print(job->action, "%zu", job->sum) < 0)
		action_log(job->action, "nobody wants it");
	action_print(job->action, "\n");
	if (strstr(query(job->action), "fail"))
		action_fail(job->action, -ENOENT);
	else
		action_end(job->action);
	free(job);
}

static void in_thread(struct action *action)
{
	struct job *job = calloc(1, sizeof(*job));

	job->work.data = job;
	job->action = action;
	job->ms = number(action, "ms", 0);
	action_take(action);
	uv_queue_work(action_loop(action), &job->work, do_job, on_job);
}

/* Takes the answer, and says how to write it only when a timer is over. */
static void on_drain_time(uv_timer_t *timer)
{
	struct action *action = timer->data;

	if (strstr(query(action), "first"))
		action_print(action, "first ");
	action_on_drain(action, write_more);
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

static void drained_late(struct action *action)
{
	struct much *much = calloc(1, sizeof(*much));
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	much->size = number(action, "size", 1000);
	action_set_state(action, much, free_state);
	uv_timer_init(action_loop(action), timer);
	timer->data = action;
	action_take(action);
	uv_timer_start(timer, on_drain_time, 20, 0);
}

/* --- the body ------------------------------------------------------------- */

static void echo(struct action *action, const char *body, size_t length)
{
	if (length > ACTION_ROOM_MAX / 2) {
		action_send_bytes(action, body, length);
		return;
	}
	action_print(action, "%zu:", length);
	action_write(action, body, length);
}

static void body(struct action *action)
{
	action_field(action, "Content-Type", "text/plain");
	action_read_body(action, number(action, "most", 1000), echo);
}

static void nap(uv_work_t *work)
{
	(void)work;
	usleep(1000000);
}

static void on_nap(uv_work_t *work, int error)
{
	(void)error;
	free(work);
}

static void on_hurry(uv_timer_t *timer)
{
	action_send_file(timer->data, "/never-looked-up");
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

static void not_needed(struct action *action, const char *body, size_t length)
{
	(void)body;
	(void)length;
	action_log(action, "a body came after the answer");
}

/* Answers before the body is whole, and no thread has time to open the file. */
static void hurry(struct action *action)
{
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	for (int i = 0; i < 16; i++)
		uv_queue_work(action_loop(action), calloc(1, sizeof(uv_work_t)),
		    nap, on_nap);
	uv_timer_init(action_loop(action), timer);
	timer->data = action;
	uv_timer_start(timer, on_hurry, 50, 0);
	action_take(action);
	action_read_body(action, 10, not_needed);
}

/* --- what must not be done ------------------------------------------------ */

/* Too late or never, but no harm is done. */
static void misbehave(struct action *action)
{
	action_print(
	    action, "%d\n", action_field(action, "Content-Length", "1"));
	action_print(action, "%d\n", action_field(action, "X-Late", "1"));
	action_print(action, "%d\n", action_status(action, 404));
	action_print(action, "%d\n", action_length(action, 3));
	action_print(action, "%d\n", action_validators(action, "\"a\"", 0));
	action_print(action, "%d\n", action_read_body(action, 1, echo));
	action_end(action);
	if (action_write(action, "x", 1) != -EALREADY ||
	    action_end(action) != -EALREADY ||
	    action_fail(action, -EIO) != -EALREADY)
		action_log(action, "an answer can end twice");
}

static void all_the_room(struct action *action)
{
	char *bytes = calloc(1, ACTION_ROOM_MAX);

	action_write(action, bytes, ACTION_ROOM_MAX);
	if (action_room(action) == 0)
		action_log(action, "full");
	free(bytes);
}

static void bad_field(struct action *action)
{
	char value[5000];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	action_print(action, "%d %d %d", action_field(action, "a b", "c"),
	    action_field(action, "a", "b\r\nc: d"),
	    action_field(action, "a", value));
}

static const struct {
	const char *name;
	action_start_fn *start;
} ways[] = {
	{ "/text", text },
	{ "/tagged", tagged },
	{ "/status", status },
	{ "/empty", empty },
	{ "/fields", fields },
	{ "/short", short_answer },
	{ "/refuse", refuse },
	{ "/file", file },
	{ "/opened", opened },
	{ "/fd", from_fd },
	{ "/pipe", from_pipe },
	{ "/reset", reset_socket },
	{ "/much", much },
	{ "/later", later },
	{ "/thread", in_thread },
	{ "/drained-late", drained_late },
	{ "/body", body },
	{ "/hurry", hurry },
	{ "/misbehave", misbehave },
	{ "/all-the-room", all_the_room },
	{ "/bad-field", bad_field },
};

static void start(struct action *action)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, action_path(action)) == 0) {
			ways[i].start(action);
			return;
		}
	}
	action_refuse(action, 404, "no such way");
}

const struct action_module fcgi_stream_action = {
	.size = sizeof(struct action_module),
	.abi_version = ACTION_ABI_VERSION,
	.methods = ACTION_GET | ACTION_HEAD | ACTION_POST,
	.start = start,
	.request_fields = "X-Ticket, X-Way",
};
