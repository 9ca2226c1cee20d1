/* SPDX-License-Identifier: MIT */
/* Reads a long list of names in the thread pool. */
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
struct name_list_job_params {
	const char *text;
	size_t length;
	enum name_list_kind kind;
	size_t most;
};

/*
 * The callback owns the names, also those of an error, and clears them;
 * `hidden`: one of them is.
 */
typedef void name_list_done_fn(void *context, enum name_list_result result,
    struct name_list names, bool hidden);

/*
 * Reads the text as name_list_from() does; `done` is called from the loop,
 * never from inside this call. Returns NULL if out of memory.
 */
struct name_list_job *name_list_job_start(uv_loop_t *loop,
    const struct name_list_job_params *params, name_list_done_fn *done,
    void *context);

/* `done` will not be called; all is freed soon. */
void name_list_job_cancel(struct name_list_job *job);

#endif
