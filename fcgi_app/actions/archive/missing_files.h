/* SPDX-License-Identifier: MIT */
/* What an archive, and the refusal of one, say of files that are missing. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_MISSING_FILES_H
#define FCGI_APP_ACTIONS_ARCHIVE_MISSING_FILES_H

#include <stddef.h>

struct members;

/* The name of the text in an archive. */
#define MISSING_FILES_NAME "MISSING-FILES.txt"

/*
 * Adds a text to the members of an archive from which some are missing: their
 * names, one a line, as zip_name_format() writes them. It is the last member,
 * and called MISSING_FILES_NAME, with as many "_" in front as it takes to
 * differ from all other names, in lower and upper case. Returns 0 and the text,
 * from malloc(3), as long as the member; -ENOMEM, -E2BIG or -ENOBUFS.
 */
int missing_files_add(struct members *members, char **ret_text);

/* Room for missing_files_refusal(). */
#define MISSING_FILES_REFUSAL_MAX 1024

/*
 * Writes the first few names, each quoted and on a line of its own, and a NUL;
 * a long one is cut.
 */
void missing_files_refusal(
    const struct members *members, char ret[MISSING_FILES_REFUSAL_MAX]);

#endif
