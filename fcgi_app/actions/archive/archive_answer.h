/* SPDX-License-Identifier: MIT */
/* The answer to a request for an archive, once that is laid out. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_ANSWER_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_ANSWER_H

struct archive;
struct request;

/*
 * Answers with the archive: as representation_answer() does, if its length is
 * known, else with all of it. It stays the caller's.
 */
void archive_answer(struct request *request, struct archive *archive);

#endif
