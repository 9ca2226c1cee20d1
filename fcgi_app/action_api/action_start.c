/* SPDX-License-Identifier: MIT */
/* From a request to an action: `start` at its beginning, `gone` at its end. */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <string.h>

#include "fcgi_app/request/request.h"

/* A queue that was handed over is freed after this: its source is closed. */
static void on_ended(struct request *request, const char *reason)
{
	struct action_answer *answer = request->action;

	(void)reason;
	answer->request = NULL;
	action_cancel_open(answer);
	action_stop_drain(answer);
	if (answer->phase < ACTION_STREAMING)
		action_drop_queue(answer);
	if (answer->gone)
		answer->gone(answer->handle);
	action_let_go(answer);
}

static const char *about(const struct request *request)
{
	return request->action->file;
}

void action_start(struct request *request, action_start_fn *start)
{
	struct action_answer *answer = action_new(request);

	if (!answer) {
		request_refuse(request, 503, strerror(ENOMEM));
		return;
	}
	request->action = answer;
	request->ended = on_ended;
	request->about = about;
	answer->turn = answer->starting = true;
	start(answer->handle);
	answer->starting = false;
	action_end_turn(answer);
}
