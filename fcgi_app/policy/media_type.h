/* SPDX-License-Identifier: MIT */
/*
 * Media types by file name extension: those of the operator, then a built-in
 * table of what the web uses, then those of the system.
 */
#ifndef FCGI_APP_POLICY_MEDIA_TYPE_H
#define FCGI_APP_POLICY_MEDIA_TYPE_H

#include <stdbool.h>
#include <stdio.h>

/* The type of what has no known extension (RFC 9110, 8.3). */
#define MEDIA_TYPE_DEFAULT "application/octet-stream"

/* The longest type: two names of 127 bytes and a slash (RFC 6838, 4.2). */
#define MEDIA_TYPE_LENGTH_MAX 255

/* Room for a type with its parameters; a longer one is the operator's fault. */
#define CONTENT_TYPE_MAX 320

/* A longer line of a mime.types file, its newline not counted, is skipped. */
#define MEDIA_TYPE_LINE_MAX 4095

/* Extensions that one table takes from files; Debian's has about 1,500. */
#define MEDIA_TYPE_ENTRIES_MAX 16384

struct media_types;

/* Whose a file of types is. */
enum media_types_rank {
	MEDIA_TYPES_OPERATOR, /* wins over the built-in types */
	MEDIA_TYPES_SYSTEM,   /* has what they lack */
};

/*
 * Makes a table that knows the built-in types only. The caller owns it and ends
 * it with media_types_free(). Returns NULL without memory.
 */
struct media_types *media_types_new(void);

/* Frees a table and all types that it gave out; NULL is allowed. */
void media_types_free(struct media_types *types);

/*
 * Reads a file in the form of /etc/mime.types (mime.types(5)) from its current
 * position to its end: on each line a type, then its extensions; a word that
 * begins with '#' begins a comment. The file stays open and the caller's.
 *
 * The first definition of an extension wins, within a file as well as between
 * files read one after another: the operator's are to be read first. Lines that
 * are too long, hold a control character or begin with what is not a media type
 * are skipped.
 *
 * Returns 0; -ENOSPC for more than MEDIA_TYPE_ENTRIES_MAX extensions, -ENOMEM,
 * or -EIO if reading fails. What was read before an error is kept and serves.
 */
int media_types_read(
    struct media_types *types, FILE *file, enum media_types_rank rank);

/*
 * Returns the media type of a file, by the last extension of the path's last
 * component, upper or lower case. A name that only begins with a dot
 * (".profile") has no extension.
 *
 * Returns MEDIA_TYPE_DEFAULT if nothing is known. The string is printable
 * ASCII, and valid until media_types_free().
 */
const char *media_types_find(const struct media_types *types, const char *path);

/*
 * Returns whether a type takes a charset parameter (RFC 9110, 8.3.2): it is
 * text, JavaScript (RFC 9239) or XML (RFC 7303), and has no charset yet. JSON
 * is not among them: it is UTF-8 and defines no such parameter (RFC 8259, 11).
 *
 * type: a media type, parameters allowed, upper or lower case; not NULL.
 */
bool media_type_takes_charset(const char *type);

#endif
