/* SPDX-License-Identifier: MIT */
/* A source that goes on as a file grows. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_SOURCE_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi_app/actions/follow/event_stream.h"

struct follow_file;
struct source;

/* What to send of a file, and until when. */
struct follow_plan {
	/* Its lines as Server-Sent Events, not its bytes. */
	bool events;
	/* Begin with its last lines, so many, not at `offset`. */
	bool from_lines;
	uint64_t lines;
	uint64_t offset;
	/*
	 * Bytes to send at most; UINT64_MAX: no end. With an end they are all
	 * of this file: if it is cut that is an error, -ESTALE, and if it is
	 * replaced the end.
	 */
	uint64_t length;
	/* They are all there already: fewer are an error, -ENODATA. */
	bool is_exact;
	/* Events: bytes of a line, and what may be missing before the first. */
	uint64_t line_max;
	enum event_gap gap;
	/* Ends when the file has not grown for so long; 0: never. */
	uint64_t idle_ms;
	/* A comment when nothing was sent for so long; 0: none. Events only. */
	uint64_t beat_ms;
};

/*
 * Returns a source of unknown size, or NULL if out of memory. Takes the
 * reference to `file` over, also when it fails.
 *
 * It ends in good order when the file is finished, when the plan says so, and,
 * as soon as it would have to wait, after follow_file_drain(). Where another
 * file takes the name, it goes on with that one, and where the file is cut, at
 * its start. Events are of whole lines: the last one may lack its newline if
 * the file is finished or replaced.
 */
struct source *follow_source_new(
    struct follow_file *file, const struct follow_plan *plan);

#endif
