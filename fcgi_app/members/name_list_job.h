/* SPDX-License-Identifier: MIT */
/* Takes a long list of names in, in the thread pool. */
#ifndef FCGI_APP_MEMBERS_NAME_LIST_JOB_H
#define FCGI_APP_MEMBERS_NAME_LIST_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "fcgi_app/members/name_list.h"

struct name_list_job;

/*
 * Returns whether a name is hidden by path_rule_is_hidden(): a client's list
 * must not show what its path would not.
 */
bool name_list_has_hidden(const struct name_list *names);

/* The text is copied. */
struct name_list_wish {
	const char *text;
	size_t length;
	bool json; /* else lines */
	size_t most;
};

/*
 * The names, also those of an error, belong to whoever is told, who clears
 * them; `hidden`: one of them is.
 */
typedef void name_list_done_fn(void *context, enum name_list_result result,
    struct name_list names, bool hidden);

/*
 * Reads it as name_list_from_json() or name_list_from_lines() does; `done` is
 * called from the loop, never from inside this call. NULL: out of memory.
 */
struct name_list_job *name_list_job_start(uv_loop_t *loop,
    const struct name_list_wish *wish, name_list_done_fn *done, void *context);

/* `done` will not be called; all is freed soon. */
void name_list_job_cancel(struct name_list_job *job);

#endif
