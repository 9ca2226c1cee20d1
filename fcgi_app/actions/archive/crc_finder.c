/* SPDX-License-Identifier: MIT */
/*
 * It goes from member to member. Past one that is known it goes on; at one that
 * is not, either of these is under way:
 *
 *	asking    the attributes of that and the next unknown ones, in a job of
 *	          the thread pool, when it is its turn
 *	reading   that member, which has no valid attribute
 *
 * What a turn of the loop, or a job, does is bounded, however many members
 * there are.
 */
#include "config.h"
#include "fcgi_app/actions/archive/crc_finder.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"
#include "common/turnstile.h"
#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/actions/archive/crc_reader.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_source.h"
#include "fcgi_app/policy/digest_record.h"

/* Files that one job opens. */
#define JOB_FILES 64
/* Members that are looked at in one turn of the loop. */
#define TURN_MEMBERS 4096

struct asked {
	size_t member;
	bool is_valid; /* its attribute, with this in it */
	uint32_t crc;
};

struct crc_finder {
	uv_work_t work;
	struct turnstile_job turn;
	struct archive *archive;
	size_t at; /* those from the first up to here are known */
	size_t end;
	crc_finder_done_fn *done; /* NULL: cancelled */
	void *context;
	struct crc_reader *reader; /* of the member here, or NULL */
	size_t count;
	struct asked asked[JOB_FILES];
};

static void free_finder(struct crc_finder *finder)
{
	assert(finder->turn.state == TURNSTILE_OUTSIDE && !finder->reader);
	archive_unref(finder->archive);
	free(finder);
}

static void finish(struct crc_finder *finder, int error)
{
	crc_finder_done_fn *done = finder->done;
	void *context = finder->context;

	free_finder(finder);
	done(context, error);
}

static void go_on(struct crc_finder *finder);

/* --- reading -------------------------------------------------------------- */

static void on_read(void *context, int error, const struct crc_state *state)
{
	struct crc_finder *finder = context;

	finder->reader = NULL;
	archive_note_crc(finder->archive, finder->at, state);
	if (error < 0)
		finish(finder, error);
	else
		go_on(finder);
}

/* Returns 0 or -ENOMEM. */
static int read_member(struct crc_finder *finder)
{
	struct archive *archive = finder->archive;
	struct member *member = &archive_members(archive)->list[finder->at];
	const struct crc_reader_params params = {
		.file = member,
		.source = member_source_new(archive_folder(archive), member),
		.state = archive_crc_state(archive, finder->at),
		.done = on_read,
		.context = finder,
	};

	if (!params.source)
		return -ENOMEM;
	finder->reader =
	    crc_reader_start(&archive_service(archive)->crc_readers, &params);
	if (finder->reader)
		return 0;
	params.source->ops->close(params.source);
	return -ENOMEM;
}

/* --- asking --------------------------------------------------------------- */

/* In the thread pool: what it looks at does not change. */
static void ask(const struct archive *archive, struct asked *asked)
{
	const struct member *member =
	    &archive_members(archive)->list[asked->member];
	struct digest_record record = { .crc32 = 0 };
	char text[DIGEST_RECORD_MAX];
	ssize_t n = member_source_attribute(archive_folder(archive), member,
	    DIGEST_RECORD_CRC32_ATTRIBUTE, text, sizeof(text));

	asked->is_valid = n > 0 &&
	    digest_record_parse_crc32(text, (size_t)n, &record) == 0 &&
	    digest_record_is_of(
		&record, member->file.size, &member->file.mtime);
	asked->crc = record.crc32;
}

static void run(uv_work_t *work)
{
	struct crc_finder *finder = container_of(work, struct crc_finder, work);

	for (size_t i = 0; i < finder->count; i++)
		ask(finder->archive, &finder->asked[i]);
}

static void finished(uv_work_t *work, int status)
{
	struct crc_finder *finder = container_of(work, struct crc_finder, work);

	(void)status;
	turnstile_leave(
	    &archive_service(finder->archive)->crc_lookups, &finder->turn);
	for (size_t i = 0; i < finder->count; i++)
		if (finder->asked[i].is_valid)
			archive_learn_crc(finder->archive,
			    finder->asked[i].member, finder->asked[i].crc);
	if (finder->done)
		go_on(finder);
	else
		free_finder(finder);
}

/* It is its turn. There may be nothing to ask: then others have theirs. */
static void begin(struct turnstile_job *turn)
{
	struct crc_finder *finder = container_of(turn, struct crc_finder, turn);
	struct archive *archive = finder->archive;
	size_t end = size_min(
	    archive_members(archive)->count, finder->at + TURN_MEMBERS);

	finder->count = 0;
	for (size_t i = finder->at; i < end && finder->count < JOB_FILES; i++)
		if (archive_ask_crc(archive, i))
			finder->asked[finder->count++].member = i;
	uv_queue_work(
	    archive_service(archive)->loop, &finder->work, run, finished);
}

static void wait_for_turn(struct crc_finder *finder)
{
	turnstile_enter(
	    &archive_service(finder->archive)->crc_lookups, &finder->turn);
}

/* --- all of them ---------------------------------------------------------- */

static bool is_known(struct crc_finder *finder)
{
	uint32_t crc;

	return archive_find_crc(finder->archive, finder->at, &crc) == 0;
}

static void go_on(struct crc_finder *finder)
{
	size_t left = TURN_MEMBERS;
	int r = 0;

	while (finder->at < finder->end && left > 0 && is_known(finder)) {
		finder->at++;
		left--;
	}
	if (finder->at == finder->end)
		finish(finder, 0);
	else if (left > 0 && archive_crc_was_asked(finder->archive, finder->at))
		r = read_member(finder);
	else
		wait_for_turn(finder);
	if (r < 0)
		finish(finder, r);
}

struct crc_finder *crc_finder_start(struct archive *archive, size_t first,
    size_t end, crc_finder_done_fn *done, void *context)
{
	struct crc_finder *finder = calloc(1, sizeof(*finder));

	assert(first < end && end <= archive_members(archive)->count);
	if (!finder)
		return NULL;
	finder->archive = archive_ref(archive);
	finder->at = first;
	finder->end = end;
	finder->done = done;
	finder->context = context;
	finder->turn.begin = begin;
	if (is_known(finder) || !archive_crc_was_asked(archive, first)) {
		wait_for_turn(finder);
	} else if (read_member(finder) < 0) {
		free_finder(finder);
		return NULL;
	}
	return finder;
}

void crc_finder_cancel(struct crc_finder *finder)
{
	struct crc_state state;

	if (finder->turn.state == TURNSTILE_RUNS) {
		/* The job can't be called back. */
		finder->done = NULL;
		return;
	}
	turnstile_leave(
	    &archive_service(finder->archive)->crc_lookups, &finder->turn);
	if (finder->reader) {
		/* The next try goes on from here. */
		state = crc_reader_cancel(finder->reader);
		archive_note_crc(finder->archive, finder->at, &state);
		finder->reader = NULL;
	}
	free_finder(finder);
}
