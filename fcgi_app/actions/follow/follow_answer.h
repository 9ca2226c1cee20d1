/* SPDX-License-Identifier: MIT */
/* What the action follow answers, once the file is open. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_ANSWER_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi_app/actions/follow/follow_params.h"

struct file_open;
struct file_open_result;
struct follow_chain;
struct follow_file;
struct follow_start;
struct request;

typedef void follow_opened_fn(
    struct follow_start *start, const struct file_open_result *result);

/* From the start of the action to its answer; the request's `state`. */
struct follow_start {
	struct request *request;
	/* Under way, or NULL. */
	struct file_open *open;
	struct follow_chain *chain;
	follow_opened_fn *opened;
	struct follow_params params;
	bool finished; /* the marker is there */
	uint64_t size; /* of a file that only its head is asked for */
	struct follow_file *file; /* NULL for HEAD */
};

/* Frees it, and returns its request, which has no `state` any more. */
struct request *follow_start_end(struct follow_start *start);

/*
 * Answers with the file, or its head; frees `start`. Nothing is under way, and
 * the plan's `gap` tells what is missing after the client's id.
 */
void follow_answer(struct follow_start *start);

#endif
