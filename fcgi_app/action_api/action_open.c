/* SPDX-License-Identifier: MIT */
/*
 * A file beneath the document root for an action of its own: opened in the
 * thread pool, by the rules that hold for the program's own actions. An action
 * whose request is over does not hear of it any more.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "common/file/file_open.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"

int action_name_file(struct action_answer *answer, const char *path)
{
	char *copy = path ? strdup(path) : NULL;

	if (path && !copy)
		return -ENOMEM;
	free(answer->file);
	answer->file = copy;
	return 0;
}

/* `done` has its turn, with a descriptor or -errno, if it still may. */
static void hand_over(
    struct action_answer *answer, int fd, const struct stat *st)
{
	action_open_fn *done = answer->on_open;

	answer->open = NULL;
	answer->on_open = NULL;
	if (!action_is_live(answer))
		return;
	answer->turn = true;
	done(answer->handle, fd, st);
	action_end_turn(answer);
}

static void on_open(void *context, const struct file_open_result *result)
{
	struct action_answer *answer = context;

	if (result->error < 0) {
		hand_over(answer, result->error, NULL);
		return;
	}
	if (!action_is_live(answer))
		file_open_discard(answer->loop, result);
	hand_over(answer, result->fd, &result->stat);
}

/* It failed at once; nothing of the action is on the stack here. */
static void on_failed(struct turn_end *end)
{
	struct action_answer *answer =
	    container_of(end, struct action_answer, opened);

	hand_over(answer, answer->open_error, NULL);
}

int action_open(struct action *action, const char *path, action_open_fn *done)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_unfinished(answer) : -EPIPE;

	if (r < 0)
		return r;
	if (!done) {
		action_log_mistake(answer, "action_open(): `done` is NULL");
		return -EINVAL;
	}
	if (answer->on_open || answer->waits_for_body)
		return -EBUSY;
	r = action_name_file(answer, path);
	if (r < 0)
		return r;
	answer->on_open = done;
	answer->open_error = request_open_start(
	    answer->request, path, on_open, answer, &answer->open);
	if (answer->open_error < 0)
		turn_ends_add(answer->ends, &answer->opened, on_failed);
	return 0;
}
