/* SPDX-License-Identifier: MIT */
/*
 * An archive of members that were found, as it would stand in a file: with a
 * size and an entity tag; archive_source.h makes its bytes as they are sent.
 */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/actions/archive/archive_form.h"

struct archive;
struct archive_making;
struct archive_service;
struct crc_state;
struct member;
struct member_folder;
struct members;

/* What to make an archive of. */
struct archive_params {
	struct archive_service *service;
	/* Taken over, also when it fails. */
	struct member_folder *folder;
	struct members *members;
	/* The size and bytes of a compressed form are the plain one's. */
	enum archive_form form;
};

/*
 * Gets 0 and a counted archive, whose reference the callback owns; or
 * -ENAMETOOLONG, -EOVERFLOW, -ENOMEM, or -ENOBUFS: the members' memory budget
 * is exhausted.
 */
typedef void archive_done_fn(void *context, int error, struct archive *archive);

/*
 * Lays an archive out, in the thread pool: a member that is listed twice stays
 * only in its first place; if some are missing, missing_files_add() says so.
 * `done` is called from the loop, never from inside this call. Returns NULL if
 * out of memory.
 */
struct archive_making *archive_make(
    const struct archive_params *params, archive_done_fn *done, void *context);

/* `done` will not be called; all is freed soon. */
void archive_make_cancel(struct archive_making *making);

struct archive *archive_ref(struct archive *archive);

/* NULL is allowed. */
void archive_unref(struct archive *archive);

/* Returns its size in bytes; of a packed form, the plain one's. */
uint64_t archive_size(const struct archive *archive);

/*
 * Returns a strong entity tag, quotes included: it changes with the name,
 * content, time and permissions of each member, and with what is made of them.
 */
const char *archive_etag(const struct archive *archive);

/* --- for the sources of its bytes ----------------------------------------- */

enum archive_form archive_form(const struct archive *archive);
struct archive_service *archive_service(const struct archive *archive);
const struct members *archive_members(const struct archive *archive);
struct member_folder *archive_folder(const struct archive *archive);

/*
 * Returns the content of a member that is no file: the text that says what is
 * missing. NULL: it is a file.
 */
const char *archive_text(const struct archive *archive, size_t member);

const struct archive_layout *archive_layout(const struct archive *archive);

/* An archive_layout_crc_fn: finds what any archive of the worker has learnt. */
int archive_find_crc(void *context, size_t member, uint32_t *ret_crc);

/*
 * Returns whether the member's CRC-32 is not known, and nobody has asked yet
 * for one stored with the file: whoever gets true does so.
 */
bool archive_ask_crc(struct archive *archive, size_t member);

/* Returns whether somebody has: if it is not known, it must be read. */
bool archive_crc_was_asked(const struct archive *archive, size_t member);

/* Takes what was stored with the member's file. */
void archive_learn_crc(struct archive *archive, size_t member, uint32_t crc);

/* Returns how far it is known, and whether the member is fresh now. */
struct crc_state archive_crc_state(
    const struct archive *archive, size_t member);

/*
 * A crc_watch.note. Logs a CRC-32 that contradicts the known one of the same
 * version of the file, and keeps the new one. Returns 0; or -ESTALE: the known
 * one may have been sent already, in front of the file.
 */
int archive_note_crc(
    void *context, size_t member, const struct crc_state *state);

#endif
