/* SPDX-License-Identifier: MIT */
/* A list of 1 MiB takes longer than the loop may be held up. */
#include "config.h"
#include "fcgi_app/members/name_list_job.h"

#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "fcgi_app/policy/path_rule.h"

struct name_list_job {
	uv_work_t work;
	name_list_done_fn *done; /* NULL: cancelled */
	void *context;
	struct name_list names;
	enum name_list_result result;
	bool hidden;
	struct name_list_job_params params; /* its text stands below */
	char text[];
};

bool name_list_has_hidden(const struct name_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (path_rule_is_hidden(names->names[i]))
			return true;
	return false;
}

static void run(uv_work_t *work)
{
	struct name_list_job *job =
	    container_of(work, struct name_list_job, work);
	const struct name_list_job_params *params = &job->params;

	job->result = name_list_from(params->kind, params->text, params->length,
	    params->most, &job->names);
	job->hidden = name_list_has_hidden(&job->names);
}

static void finished(uv_work_t *work, int status)
{
	struct name_list_job *job =
	    container_of(work, struct name_list_job, work);

	if (status < 0)
		job->result = NAME_LIST_NO_MEMORY;
	if (job->done)
		job->done(job->context, job->result, job->names, job->hidden);
	else
		name_list_clear(&job->names);
	free(job);
}

struct name_list_job *name_list_job_start(uv_loop_t *loop,
    const struct name_list_job_params *params, name_list_done_fn *done,
    void *context)
{
	struct name_list_job *job = calloc(1, sizeof(*job) + params->length);

	if (!job)
		return NULL;
	job->done = done;
	job->context = context;
	job->params = *params;
	job->params.text = memcpy(job->text, params->text, params->length);
	uv_queue_work(loop, &job->work, run, finished);
	return job;
}

void name_list_job_cancel(struct name_list_job *job)
{
	job->done = NULL;
}
