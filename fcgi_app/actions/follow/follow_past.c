/* SPDX-License-Identifier: MIT */
/*
 * A search walks over the folder up to three times: for names that are likely,
 * for all others, and for the files that came between. It keeps no more of an
 * entry than it returns, so that a large folder costs time in the thread pool,
 * up to a bound, and no memory.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_past.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/file/file_open.h"
#include "common/turnstile.h"
#include "fcgi_app/actions/follow/follow_hub.h"
#include "fcgi_app/actions/follow/follow_identity.h"
#include "fcgi_app/actions/follow/follow_place.h"
#include "fcgi_app/actions/follow/rotated_name.h"

struct follow_past {
	uv_work_t work;
	struct turnstile_job job;
	struct follow_hub *hub;
	follow_past_fn *done;
	void *context;
	atomic_bool is_cancelled;
	struct follow_place place;
	const char *log; /* the last name of its path */
	uint64_t identity;
	bool hidden;
	/* Of the job. */
	DIR *folder;
	bool is_local;
	unsigned int asked;
	struct follow_identity found;   /* what is looked for */
	struct follow_identity present; /* what has the name */
	struct follow_past_result result;
	char text[]; /* of the place */
};

/* Returns whether the walk is over. */
typedef bool visit_fn(struct follow_past *past, const char *name);

/* --- the walk ------------------------------------------------------------- */

static bool is_wanted(
    const struct follow_past *past, const struct dirent *entry)
{
	if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
		return false;
	return past->hidden || entry->d_name[0] != '.';
}

static void walk(struct follow_past *past, visit_fn *visit)
{
	const struct dirent *entry;

	rewinddir(past->folder);
	for (int i = 0; i < FOLLOW_PAST_ENTRIES_MAX; i++) {
		if (atomic_load(&past->is_cancelled))
			return;
		errno = 0;
		entry = readdir(past->folder);
		if (!entry) {
			past->result.error = -errno;
			return;
		}
		if (is_wanted(past, entry) && visit(past, entry->d_name))
			return;
	}
}

static struct follow_identity ask(struct follow_past *past, const char *name)
{
	past->asked++;
	return follow_identity_of(dirfd(past->folder), name, past->is_local);
}

/* --- the file itself ------------------------------------------------------ */

static void set_file(struct follow_past_file *file, const char *name,
    const struct follow_identity *identity)
{
	file->identity = identity->number;
	file->age = identity->age;
	snprintf(file->name, sizeof(file->name), "%s", name);
}

static bool take_if_it(struct follow_past *past, const char *name)
{
	struct follow_identity identity = ask(past, name);

	if (S_ISREG(identity.mode) && identity.number == past->identity &&
	    (identity.has_birth || rotated_name_is_kin(past->log, name))) {
		past->found = identity;
		past->result.count = 1;
		set_file(&past->result.files[0], name, &identity);
	}
	return past->result.count > 0 || past->asked >= FOLLOW_PAST_ASKED_MAX;
}

static bool visit_kin(struct follow_past *past, const char *name)
{
	return rotated_name_is_kin(past->log, name) && take_if_it(past, name);
}

static bool visit_other(struct follow_past *past, const char *name)
{
	return !rotated_name_is_kin(past->log, name) && take_if_it(past, name);
}

/* --- those that came between ---------------------------------------------- */

static bool is_known(const struct follow_past_result *result, uint64_t identity)
{
	for (size_t i = 0; i < result->count; i++)
		if (result->files[i].identity == identity)
			return true;
	return false;
}

/* Into the order of age. If there are too many the youngest is left out. */
static void insert(struct follow_past_result *result, const char *name,
    const struct follow_identity *identity)
{
	const size_t most = 1 + FOLLOW_PAST_BETWEEN_MAX;
	size_t i = result->count;

	while (i > 1 && result->files[i - 1].age > identity->age)
		i--;
	if (result->count == most) {
		result->has_gap = true;
		if (i == most)
			return;
		result->count--;
	}
	memmove(&result->files[i + 1], &result->files[i],
	    (result->count - i) * sizeof(result->files[0]));
	set_file(&result->files[i], name, identity);
	result->count++;
}

static bool visit_between(struct follow_past *past, const char *name)
{
	struct follow_past_result *result = &past->result;
	enum rotated_kind kind =
	    rotated_name_kind(past->log, result->files[0].name, name);
	struct follow_identity identity;

	if (kind == ROTATED_NONE)
		return false;
	if (past->asked >= 2 * FOLLOW_PAST_ASKED_MAX) {
		result->has_gap = true;
		return true;
	}
	identity = ask(past, name);
	if (!S_ISREG(identity.mode) || identity.number == past->present.number)
		return false;
	/* What compresses a file keeps the time of its last change. */
	if (kind == ROTATED_PACKED)
		result->has_gap |= identity.modified > past->found.modified;
	else if (identity.age >= past->found.age &&
	    identity.age <= past->present.age &&
	    !is_known(result, identity.number))
		insert(result, name, &identity);
	return false;
}

/* --- the job -------------------------------------------------------------- */

/* Returns a descriptor of the folder in which the place is, or -errno. */
static int open_folder(const struct follow_past *past)
{
	const struct file_open_target target = {
		.root_fd = past->place.root_fd,
		.root = past->place.root,
		.below = past->place.below,
	};
	const char *path = past->place.path;
	size_t length = (size_t)(past->log - path);
	int below = file_open_below(&target);
	char *folder;
	int fd;

	if (below < 0)
		return below;
	folder = length > 0 ? strndup(path, length) : strdup(".");
	fd = folder ? file_open_beneath(below, folder, O_RDONLY | O_DIRECTORY)
		    : -ENOMEM;
	free(folder);
	close(below);
	return fd;
}

static void search(struct follow_past *past)
{
	past->present = ask(past, past->log);
	/* Nothing has the name, or a link to another folder. */
	if (!S_ISREG(past->present.mode))
		past->present = (struct follow_identity){ .age = UINT64_MAX };
	walk(past, visit_kin);
	if (past->result.count == 0 && past->result.error == 0 &&
	    past->is_local)
		walk(past, visit_other);
	if (past->result.count > 0)
		walk(past, visit_between);
}

static void run(uv_work_t *work)
{
	struct follow_past *past = container_of(work, struct follow_past, work);
	int fd = open_folder(past);

	past->result.error = fd < 0 ? fd : 0;
	if (fd < 0)
		return;
	past->is_local = !aio_file_close_blocks(fd);
	past->folder = fdopendir(fd);
	if (past->folder) {
		search(past);
		closedir(past->folder);
	} else {
		past->result.error = -ENOMEM;
		close(fd);
	}
}

static void free_past(struct follow_past *past)
{
	follow_place_release(&past->place);
	free(past);
}

static void on_over(uv_work_t *work, int status)
{
	struct follow_past *past = container_of(work, struct follow_past, work);

	(void)status;
	turnstile_leave(&past->hub->searches, &past->job);
	if (!atomic_load(&past->is_cancelled))
		past->done(past->context, &past->result);
	free_past(past);
}

static void begin(struct turnstile_job *job)
{
	struct follow_past *past = container_of(job, struct follow_past, job);

	uv_queue_work(past->hub->loop, &past->work, run, on_over);
}

struct follow_past *follow_past_start(struct follow_hub *hub,
    const struct follow_place *place, uint64_t identity, bool hidden,
    follow_past_fn *done, void *context)
{
	struct follow_past *past =
	    calloc(1, sizeof(*past) + follow_place_size(place));

	if (!past)
		return NULL;
	past->hub = hub;
	past->done = done;
	past->context = context;
	past->place = follow_place_copy(place, past->text);
	past->log = follow_place_last_name(past->place.path);
	past->identity = identity;
	past->hidden = hidden;
	past->job.begin = begin;
	turnstile_enter(&hub->searches, &past->job);
	return past;
}

void follow_past_cancel(struct follow_past *past)
{
	struct turnstile *searches = &past->hub->searches;

	if (past->job.state == TURNSTILE_WAITS) {
		turnstile_leave(searches, &past->job);
		free_past(past);
		return;
	}
	atomic_store(&past->is_cancelled, true);
	uv_cancel((uv_req_t *)&past->work);
}
