/* SPDX-License-Identifier: MIT */
/*
 * An action for the tests that makes every mistake that WRITING_ACTIONS.md
 * warns of, one for each request: its path names it. With "late" in the query
 * it makes the mistake after the head has left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <fcgi_stream/action.h>

static char big[ACTION_ROOM_MAX + 1];

static int has(struct action *action, const char *word)
{
	const char *text = action_param(action, "QUERY_STRING");

	return text && strstr(text, word);
}

/* --- in output ------------------------------------------------------------ */

static void write_too_much(struct action *action)
{
	action_write(action, big, sizeof(big));
}

static void print_too_much(struct action *action)
{
	for (int i = 0; i < 1000; i++)
		action_print(action, "%*d\n", 99, i);
}

static void write_null(struct action *action)
{
	action_write(action, NULL, 3);
}

static void print_null(struct action *action)
{
	const char *volatile format = NULL;

	action_print(action, format, 0);
}

static void send_null(struct action *action)
{
	action_send_text(action, NULL);
}

static void send_endless(struct action *action)
{
	action_send_bytes(action, big, SIZE_MAX);
}

static void send_no_chunks(struct action *action)
{
	action_send_fd(action, dup(0), 0);
}

static void send_after_print(struct action *action)
{
	action_print(action, "begun");
	action_send_text(action, "again");
}

static void refuse_after_print(struct action *action)
{
	action_print(action, "begun");
	action_refuse(action, 403, "too late");
}

static void write_more_than_promised(struct action *action)
{
	action_length(action, 3);
	action_write(action, "1234", 4);
}

static void write_less_than_promised(struct action *action)
{
	action_length(action, 5);
	action_write(action, "1234", 4);
}

/* --- in ending, and not --------------------------------------------------- */

static void answer_nothing(struct action *action)
{
	(void)action;
}

static void on_forgotten(uv_timer_t *timer)
{
	action_print(timer->data, "data: \n\n");
	action_end(timer->data);
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

/* Without action_take(): the answer is over before the timer is. */
static void forget_to_take(struct action *action)
{
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	uv_timer_init(action_loop(action), timer);
	timer->data = action;
	action_field(action, "Content-Type", "text/event-stream");
	uv_timer_start(timer, on_forgotten, 20, 0);
}

static void nothing_of_body(
    struct action *action, const char *body, size_t length)
{
	(void)action;
	(void)body;
	(void)length;
}

static void answer_nothing_to_a_body(struct action *action)
{
	action_read_body(action, 10, nothing_of_body);
}

static void close_it(struct action *action, int fd, const struct stat *st)
{
	(void)action;
	(void)st;
	if (fd >= 0)
		close(fd);
}

static void answer_nothing_to_a_file(struct action *action)
{
	action_open(action, "/file", close_it);
}

static void fail_with_0(struct action *action)
{
	action_fail(action, 0);
}

static void fail_with_an_errno(struct action *action)
{
	action_fail(action, ENOENT);
}

static void fail_with_libuvs(struct action *action)
{
	action_fail(action, UV_EOF);
}

static void fail_with_the_clients(struct action *action)
{
	action_fail(action, -EPIPE);
}

static void refuse_with_success(struct action *action)
{
	action_refuse(action, 200, NULL);
}

static void send_no_descriptor(struct action *action)
{
	action_send_fd(action, -1, 4096);
}

static void end_twice(struct action *action)
{
	action_send_text(action, "once\n");
	action_send_text(action, "twice\n");
	action_end(action);
	action_fail(action, -EIO);
}

/* --- with functions that are NULL ----------------------------------------- */

static void read_into_nothing(struct action *action)
{
	action_read_body(action, 10, NULL);
}

static void open_for_nobody(struct action *action)
{
	action_open(action, NULL, NULL);
}

/* --- with handles and memory ---------------------------------------------- */

static struct action *kept;

static void keep_the_handle(struct action *action)
{
	kept = action;
	action_send_text(action, "kept\n");
}

static void use(struct action *action)
{
	char bytes[4] = "abc";

	action_set_state(action, bytes, NULL);
	action_status(action, 404);
	action_field(action, "X-Stolen", "1");
	action_on_drain(action, answer_nothing);
	action_write(action, "stolen", 6);
	action_print(action, "%s", action_path(action));
	action_send_fd(action, dup(0), 4096);
	action_open(action, "/file", close_it);
	action_log(action, action_id(action));
	action_take(action);
	action_end(action);
	action_fail(action, -EIO);
	action_refuse(action, 403, "stolen");
}

static void use_the_kept_one(struct action *action)
{
	use(kept);
	use(NULL);
	action_print(action, "mine\n");
	use(kept);
}

static void on_tick(uv_timer_t *timer)
{
	static int ticks;

	action_print(timer->data, "tick\n");
	if (++ticks % 5 == 0)
		uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

/* Ends, and lets its timer go on. */
static void end_and_tick(struct action *action)
{
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	uv_timer_init(action_loop(action), timer);
	timer->data = action;
	uv_timer_start(timer, on_tick, 0, 5);
	action_send_text(action, "ended\n");
}

static void on_worker_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* One for the worker, which nothing closes. */
static void leave_a_timer(struct action *action)
{
	static uv_timer_t timer;

	if (!timer.loop)
		uv_timer_init(action_loop(action), &timer);
	uv_timer_start(&timer, on_worker_tick, 50, 50);
	if (has(action, "unref"))
		uv_unref((uv_handle_t *)&timer);
	action_send_text(action, "left\n");
}

static const struct {
	const char *path;
	void (*make)(struct action *action);
} mistakes[] = {
	{ "/write-too-much", write_too_much },
	{ "/print-too-much", print_too_much },
	{ "/write-null", write_null },
	{ "/print-null", print_null },
	{ "/send-null", send_null },
	{ "/send-endless", send_endless },
	{ "/send-no-chunks", send_no_chunks },
	{ "/send-after-print", send_after_print },
	{ "/refuse-after-print", refuse_after_print },
	{ "/more-than-promised", write_more_than_promised },
	{ "/less-than-promised", write_less_than_promised },
	{ "/nothing", answer_nothing },
	{ "/forget-to-take", forget_to_take },
	{ "/nothing-to-a-body", answer_nothing_to_a_body },
	{ "/nothing-to-a-file", answer_nothing_to_a_file },
	{ "/fail-with-0", fail_with_0 },
	{ "/fail-with-an-errno", fail_with_an_errno },
	{ "/fail-with-libuvs", fail_with_libuvs },
	{ "/fail-with-the-clients", fail_with_the_clients },
	{ "/refuse-with-success", refuse_with_success },
	{ "/send-no-descriptor", send_no_descriptor },
	{ "/end-twice", end_twice },
	{ "/read-into-nothing", read_into_nothing },
	{ "/open-for-nobody", open_for_nobody },
	{ "/keep", keep_the_handle },
	{ "/use-kept", use_the_kept_one },
	{ "/end-and-tick", end_and_tick },
	{ "/leave-a-timer", leave_a_timer },
};

static void make(struct action *action)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (strcmp(mistakes[i].path, action_path(action)) == 0) {
			mistakes[i].make(action);
			return;
		}
	}
	action_refuse(action, 404, "no such mistake");
}

/* The head has left: makes the mistake, and ends as if there were none. */
static void on_late(uv_timer_t *timer)
{
	make(timer->data);
	action_print(timer->data, "more");
	action_end(timer->data);
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

static void begin(struct action *action)
{
	uv_timer_t *timer = calloc(1, sizeof(*timer));

	uv_timer_init(action_loop(action), timer);
	timer->data = action;
	action_take(action);
	action_print(action, "begun");
	uv_timer_start(timer, on_late, 30, 0);
}

static void start(struct action *action)
{
	if (has(action, "late"))
		begin(action);
	else
		make(action);
}

const struct action_module fcgi_stream_action = {
	.size = sizeof(struct action_module),
	.abi_version = ACTION_ABI_VERSION,
	.methods = ACTION_GET | ACTION_HEAD | ACTION_POST,
	.start = start,
};
