/* SPDX-License-Identifier: MIT */
/*
 * An archive is laid out in the thread pool, where nobody else knows it; from
 * then on it belongs to the loop, and is held by the action and by each source
 * of its bytes.
 *
 * Each CRC-32 that became known while its bytes were made is kept with it as
 * well: the worker's cache may have dropped those of a large archive when the
 * central directory needs them.
 */
#include "config.h"
#include "fcgi_app/actions/archive/archive.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "common/container_of.h"
#include "fcgi_app/actions/archive/archive_layout.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/actions/archive/crc_cache.h"
#include "fcgi_app/actions/archive/crc_state.h"
#include "fcgi_app/actions/archive/missing_files.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_source.h"
#include "fcgi_app/members/parts_etag.h"
#include "fcgi_app/setup/log.h"

/* Goes into the tag: must change whenever the bytes that are made do. */
#define FORMAT_VERSION 1

/* What a layout, the checksums and a source take for a member, at most. */
#define MEMBER_BYTES 64
/* For so long after a change another one may leave the same times. */
#define FRESH_SECONDS 2

enum crc_knowledge {
	CRC_UNKNOWN,
	CRC_NOT_STORED, /* or it is being asked for */
	CRC_KNOWN,
};

struct archive {
	unsigned int references;
	struct archive_params params;
	struct archive_layout layout;
	char etag[ETAG_MAX];
	char *missing; /* the text in the last member, or NULL */
	/* Only of zip: each member's, and how that is known. */
	uint32_t *crcs;
	enum crc_knowledge *known;
};

struct archive_making {
	uv_work_t work;
	struct archive *archive;
	archive_done_fn *done; /* NULL: cancelled */
	void *context;
	int error;
};

/* --- the tag -------------------------------------------------------------- */

/* Adds what of a member is in the archive: it keeps no owner. */
static void tag_member(struct parts_etag *tag, const struct member *member)
{
	struct etag_content content = member_content(member);

	/* Copies may have no more of a folder's time (rsync -a). */
	if (!S_ISREG(member->mode))
		content.version.mtime.tv_nsec = 0;
	parts_etag_add(tag, member->name, &content);
	parts_etag_add_number(tag, member->mode & (S_IFMT | 0777));
	/* A digest does not tell it. */
	parts_etag_add_number(tag, (uint64_t)member->file.mtime.tv_sec);
}

static void make_tag(struct archive *archive)
{
	const struct members *members = archive->params.members;
	struct parts_etag tag;

	parts_etag_init(&tag);
	parts_etag_add_number(&tag, FORMAT_VERSION);
	parts_etag_add_number(&tag, (uint64_t)archive->params.form);
	for (size_t i = 0; i < members->count; i++)
		tag_member(&tag, &members->list[i]);
	parts_etag_format(&tag, archive->etag);
}

/* --- making it ------------------------------------------------------------ */

/* The text is no file: nobody could find its CRC-32 out. */
static void know_missing(struct archive *archive)
{
	size_t last = archive->params.members->count - 1;

	archive->crcs[last] = libdeflate_crc32(
	    0, archive->missing, archive->params.members->list[last].file.size);
	archive->known[last] = CRC_KNOWN;
}

static int make_crcs(struct archive *archive)
{
	size_t count = archive->params.members->count + 1;

	if (!archive_form_is_zip(archive->params.form))
		return 0;
	archive->crcs = calloc(count, sizeof(archive->crcs[0]));
	archive->known = calloc(count, sizeof(archive->known[0]));
	if (!archive->crcs || !archive->known)
		return -ENOMEM;
	if (archive->missing)
		know_missing(archive);
	return 0;
}

static int lay_out(struct archive *archive)
{
	struct archive_params *params = &archive->params;
	int r = member_list_unite(params->members);

	if (r == 0 && params->members->missing_count > 0)
		r = missing_files_add(params->members, &archive->missing);
	if (r == 0)
		r = member_list_reserve(
		    params->members, params->members->count * MEMBER_BYTES);
	if (r == 0)
		r = make_crcs(archive);
	if (r < 0)
		return r;
	make_tag(archive);
	return archive_layout_init(&archive->layout,
	    archive_form_plain(params->form), params->members);
}

static void run(uv_work_t *work)
{
	struct archive_making *making =
	    container_of(work, struct archive_making, work);

	making->error = lay_out(making->archive);
}

static void finished(uv_work_t *work, int status)
{
	struct archive_making *making =
	    container_of(work, struct archive_making, work);
	struct archive *archive = making->archive;
	int error = status < 0 ? status : making->error;

	if (!making->done || error < 0) {
		archive_unref(archive);
		archive = NULL;
	}
	if (making->done)
		making->done(making->context, error, archive);
	free(making);
}

struct archive_making *archive_make(
    const struct archive_params *params, archive_done_fn *done, void *context)
{
	struct archive_making *making = calloc(1, sizeof(*making));
	struct archive *archive = calloc(1, sizeof(*archive));

	if (!making || !archive) {
		free(making);
		free(archive);
		member_list_free(params->members);
		member_folder_unref(params->folder);
		return NULL;
	}
	archive->references = 1;
	archive->params = *params;
	making->archive = archive;
	making->done = done;
	making->context = context;
	uv_queue_work(params->service->loop, &making->work, run, finished);
	return making;
}

void archive_make_cancel(struct archive_making *making)
{
	making->done = NULL;
}

struct archive *archive_ref(struct archive *archive)
{
	archive->references++;
	return archive;
}

void archive_unref(struct archive *archive)
{
	if (!archive || --archive->references > 0)
		return;
	archive_layout_fini(&archive->layout);
	member_list_free(archive->params.members);
	member_folder_unref(archive->params.folder);
	free(archive->missing);
	free(archive->crcs);
	free(archive->known);
	free(archive);
}

/* --- what it has ---------------------------------------------------------- */

uint64_t archive_size(const struct archive *archive)
{
	return archive->layout.size;
}

const char *archive_etag(const struct archive *archive)
{
	return archive->etag;
}

enum archive_form archive_form(const struct archive *archive)
{
	return archive->params.form;
}

struct archive_service *archive_service(const struct archive *archive)
{
	return archive->params.service;
}

const struct members *archive_members(const struct archive *archive)
{
	return archive->params.members;
}

struct member_folder *archive_folder(const struct archive *archive)
{
	return archive->params.folder;
}

const char *archive_text(const struct archive *archive, size_t member)
{
	bool is_last = member + 1 == archive->params.members->count;

	return is_last ? archive->missing : NULL;
}

const struct archive_layout *archive_layout(const struct archive *archive)
{
	return &archive->layout;
}

/* --- CRC-32 --------------------------------------------------------------- */

/*
 * Returns whether another change may leave it the same times: these are as
 * coarse as the kernel's tick, in some file systems as a second.
 */
static bool is_fresh(const struct member *member)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec < member->file.ctime.tv_sec + FRESH_SECONDS;
}

struct crc_state archive_crc_state(const struct archive *archive, size_t member)
{
	const struct member *of = &archive->params.members->list[member];
	struct crc_state state =
	    crc_cache_find(archive->params.service->crcs, of);

	if (state.offset == 0)
		state.fresh = is_fresh(of);
	return state;
}

/* The entity tags of archives with it did not change with the file. */
static void log_contradiction(const struct member *member)
{
	char name[LOG_PATH_MAX];

	log_quote(name, sizeof(name), member->name);
	log_message(LOG_LEVEL_ERROR,
	    "\"%s\": content changed without its times: archives sent with it "
	    "may be damaged",
	    name);
}

int archive_note_crc(
    void *context, size_t member, const struct crc_state *state)
{
	struct archive *archive = context;
	const struct member *of = &archive->params.members->list[member];
	uint32_t known;
	int r = 0;

	if (state->offset == of->file.size) {
		if (archive_find_crc(archive, member, &known) == 0 &&
		    known != state->crc) {
			log_contradiction(of);
			if (archive->params.form == ARCHIVE_ZIP_CRC_FIRST)
				r = -ESTALE;
		}
		archive->crcs[member] = state->crc;
		archive->known[member] = CRC_KNOWN;
	}
	/* What was read may not be the file that the cache would know it by. */
	if (!of->replaced)
		crc_cache_add(archive->params.service->crcs, of, state);
	return r;
}

int archive_find_crc(void *context, size_t member, uint32_t *ret_crc)
{
	struct archive *archive = context;
	struct crc_state state;

	if (archive->known[member] != CRC_KNOWN) {
		state = archive_crc_state(archive, member);
		if (state.offset !=
		    archive->params.members->list[member].file.size)
			return -EAGAIN;
		archive->crcs[member] = state.crc;
		archive->known[member] = CRC_KNOWN;
	}
	*ret_crc = archive->crcs[member];
	return 0;
}

bool archive_ask_crc(struct archive *archive, size_t member)
{
	uint32_t crc;

	if (archive->known[member] != CRC_UNKNOWN ||
	    archive_find_crc(archive, member, &crc) == 0)
		return false;
	archive->known[member] = CRC_NOT_STORED;
	return true;
}

bool archive_crc_was_asked(const struct archive *archive, size_t member)
{
	return archive->known[member] != CRC_UNKNOWN;
}

void archive_learn_crc(struct archive *archive, size_t member, uint32_t crc)
{
	const struct member *of = &archive->params.members->list[member];
	const struct crc_state state = {
		.offset = of->file.size,
		.crc = crc,
		.fresh = is_fresh(of),
	};

	archive_note_crc(archive, member, &state);
}
