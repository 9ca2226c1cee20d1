/* SPDX-License-Identifier: MIT */
/*
 * The names are found first (follow_past); then each is opened, the youngest
 * before the older one that leads to it. A rotation may come between the two:
 * then the wanted file is searched once more.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_chain.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/file/file_open.h"
#include "fcgi_app/actions/follow/follow_file.h"
#include "fcgi_app/actions/follow/follow_identity.h"
#include "fcgi_app/actions/follow/follow_past.h"
#include "fcgi_app/actions/follow/follow_watch.h"

#define SEARCHES_MAX 2

struct follow_chain {
	struct follow_hub *hub;
	follow_chain_fn *done;
	void *context;
	struct follow_place place;
	uint64_t identity;
	bool hidden;
	struct follow_file *present; /* a reference, or NULL */
	struct follow_file *next;    /* the oldest that was opened, or that */
	/* Under way, or NULL. */
	struct follow_past *search;
	struct file_open *open;
	unsigned int searches;
	struct follow_past_result found;
	size_t left; /* names of it that were not opened yet */
	char text[]; /* of the place */
};

static void open_next(struct follow_chain *chain);

static void set_next(struct follow_chain *chain, struct follow_file *file)
{
	follow_file_unref(chain->next);
	chain->next = file;
}

static void free_chain(struct follow_chain *chain)
{
	set_next(chain, NULL);
	follow_file_unref(chain->present);
	follow_place_release(&chain->place);
	free(chain);
}

static void end(struct follow_chain *chain, int error, struct follow_file *file)
{
	const struct follow_chain_result result = {
		.error = error,
		.file = file ? follow_file_ref(file) : NULL,
		.has_gap = chain->found.has_gap,
	};

	chain->done(chain->context, &result);
	free_chain(chain);
}

/* Returns whether such an error doesn't tell that there is no file. */
static bool is_unknown(int error)
{
	return error < 0 && !file_open_is_absent(error);
}

/* --- the search ----------------------------------------------------------- */

static void on_past(void *context, const struct follow_past_result *result)
{
	struct follow_chain *chain = context;

	chain->search = NULL;
	if (is_unknown(result->error)) {
		end(chain, result->error, NULL);
		return;
	}
	chain->found = *result;
	chain->left = result->count;
	if (chain->left == 0)
		end(chain, 0, NULL);
	else
		open_next(chain);
}

/* Returns 0 or -ENOMEM. */
static int search(struct follow_chain *chain)
{
	chain->searches++;
	set_next(
	    chain, chain->present ? follow_file_ref(chain->present) : NULL);
	chain->search = follow_past_start(chain->hub, &chain->place,
	    chain->identity, chain->hidden, on_past, chain);
	return chain->search ? 0 : -ENOMEM;
}

/* --- the opens ------------------------------------------------------------ */

/* Takes the descriptor over if it is the file that the search has found. */
static int take(
    struct follow_chain *chain, const struct file_open_result *result)
{
	const struct follow_past_file *wanted =
	    &chain->found.files[chain->left];
	struct follow_file *file;

	if (result->error < 0)
		return result->error;
	if (!S_ISREG(result->stat.st_mode) ||
	    follow_identity_of(result->fd, "", !result->close_blocks).number !=
		wanted->identity) {
		file_open_discard(chain->hub->loop, result);
		return -ENOENT;
	}
	file = follow_watch_open_past(
	    chain->hub, &chain->place, result, chain->next);
	if (!file) {
		file_open_discard(chain->hub->loop, result);
		return -ENOMEM;
	}
	set_next(chain, file);
	return 0;
}

static void on_open(void *context, const struct file_open_result *result)
{
	struct follow_chain *chain = context;
	int r;

	chain->open = NULL;
	r = take(chain, result);
	if (is_unknown(r)) {
		end(chain, r, NULL);
	} else if (chain->left > 0) {
		chain->found.has_gap |= r < 0;
		open_next(chain);
	} else if (r == 0) {
		end(chain, 0, chain->next);
	} else if (chain->searches == SEARCHES_MAX) {
		end(chain, 0, NULL);
	} else if (search(chain) < 0) {
		end(chain, -ENOMEM, NULL);
	}
}

static void open_next(struct follow_chain *chain)
{
	const char *path = chain->place.path;
	char name[PATH_MAX];
	const struct file_open_target target = {
		.root_fd = chain->place.root_fd,
		.root = chain->place.root,
		.below = chain->place.below,
		.path = name,
	};

	chain->left--;
	snprintf(name, sizeof(name), "%.*s%s",
	    (int)(follow_place_last_name(path) - path), path,
	    chain->found.files[chain->left].name);
	chain->open =
	    file_open_start(chain->hub->loop, &target, on_open, chain);
	if (!chain->open)
		end(chain, -ENOMEM, NULL);
}

/* --- the interface -------------------------------------------------------- */

struct follow_chain *follow_chain_start(struct follow_hub *hub,
    const struct follow_chain_target *target, follow_chain_fn *done,
    void *context)
{
	struct follow_chain *chain =
	    calloc(1, sizeof(*chain) + follow_place_size(target->place));

	if (!chain)
		return NULL;
	chain->hub = hub;
	chain->done = done;
	chain->context = context;
	chain->place = follow_place_copy(target->place, chain->text);
	chain->identity = target->identity;
	chain->hidden = target->hidden;
	if (target->present)
		chain->present = follow_file_ref(target->present);
	if (search(chain) == 0)
		return chain;
	free_chain(chain);
	return NULL;
}

void follow_chain_cancel(struct follow_chain *chain)
{
	if (chain->search)
		follow_past_cancel(chain->search);
	if (chain->open)
		file_open_cancel(chain->open);
	free_chain(chain);
}
