/* SPDX-License-Identifier: MIT */
/*
 * Media types by file name extension.
 *
 * What comes from files is kept in a tsearch(3) tree, which gives "the first
 * definition wins" for free: to add a key that is there already changes
 * nothing. Each entry is one block that holds the node's data and both
 * strings. Of the system's files, only what the built-in table lacks gets in.
 */
#include "config.h"

#include "fcgi_app/policy/media_type.h"

#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/media_type_table.h"

struct media_type {
	const char *extension;
	const char *type;
	char strings[];
};

struct media_types {
	void *tree; /* of struct media_type, which it owns */
	size_t count;
};

/* --- the tree ------------------------------------------------------------- */

/* Keys are of the same struct as nodes, with the extension alone. */
static int compare_types(const void *a, const void *b)
{
	const struct media_type *x = a;
	const struct media_type *y = b;

	return strcasecmp(x->extension, y->extension);
}

static struct media_type *media_type_new(
    const char *extension, const char *type)
{
	size_t extension_size = strlen(extension) + 1;
	size_t type_size = strlen(type) + 1;
	struct media_type *added =
	    malloc(sizeof(*added) + extension_size + type_size);

	if (!added)
		return NULL;
	added->extension = memcpy(added->strings, extension, extension_size);
	added->type = memcpy(added->strings + extension_size, type, type_size);
	return added;
}

struct media_types *media_types_new(void)
{
	return calloc(1, sizeof(struct media_types));
}

void media_types_free(struct media_types *types)
{
	if (!types)
		return;
	tdestroy(types->tree, free);
	free(types);
}

/* Returns 0, also if the extension is known already; -ENOSPC or -ENOMEM. */
static int add(
    struct media_types *types, const char *extension, const char *type)
{
	struct media_type key = { .extension = extension };
	struct media_type *added;

	if (tfind(&key, &types->tree, compare_types))
		return 0;
	if (types->count == MEDIA_TYPE_ENTRIES_MAX)
		return -ENOSPC;
	added = media_type_new(extension, type);
	if (!added)
		return -ENOMEM;
	if (!tsearch(added, &types->tree, compare_types)) {
		free(added);
		return -ENOMEM;
	}
	types->count++;
	return 0;
}

/* --- mime.types ----------------------------------------------------------- */

enum line_result {
	LINE_READ,
	LINE_JUNK, /* too long, or with a control character: skip it */
	LINE_END   /* of the file, or an error */
};

/* Reads a line, its newline left away, to its end whatever it holds. */
static enum line_result read_line(FILE *file, char ret[MEDIA_TYPE_LINE_MAX + 1])
{
	size_t length = 0;
	bool junk = false;
	int c = getc(file);

	if (c == EOF)
		return LINE_END;
	for (; c != '\n' && c != EOF; c = getc(file)) {
		bool control =
		    (c < 0x20 && c != '\t' && c != '\r') || c == 0x7f;

		if (control || length == MEDIA_TYPE_LINE_MAX)
			junk = true;
		else
			ret[length++] = (char)c;
	}
	ret[length] = '\0';
	return junk ? LINE_JUNK : LINE_READ;
}

/*
 * Cuts the next word off a line. Returns NULL at its end or at a comment. Lines
 * of files from other systems may end in a carriage return.
 */
static const char *next_word(char **line)
{
	static const char blanks[] = " \t\r";
	char *word = *line + strspn(*line, blanks);
	char *end = word + strcspn(word, blanks);

	*line = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word[0] == '\0' || word[0] == '#' ? NULL : word;
}

/*
 * type "/" subtype, of printable ASCII. It goes into a response head, so
 * nothing else may pass.
 */
static bool is_media_type(const char *type)
{
	const char *slash = strchr(type, '/');

	if (!slash || slash == type || slash[1] == '\0')
		return false;
	for (const char *p = type; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	}
	return strlen(type) <= MEDIA_TYPE_LENGTH_MAX;
}

static int read_types(
    struct media_types *types, char *line, enum media_types_rank rank)
{
	const char *type = next_word(&line);
	const char *extension;
	int err = 0;

	if (!type || !is_media_type(type))
		return 0;
	while (!err && (extension = next_word(&line)) != NULL)
		if (rank == MEDIA_TYPES_OPERATOR ||
		    !media_type_table_find(extension))
			err = add(types, extension, type);
	return err;
}

int media_types_read(
    struct media_types *types, FILE *file, enum media_types_rank rank)
{
	char line[MEDIA_TYPE_LINE_MAX + 1];

	for (;;) {
		int err = 0;

		switch (read_line(file, line)) {
		case LINE_READ:
			err = read_types(types, line, rank);
			break;
		case LINE_JUNK:
			break;
		case LINE_END:
			return ferror(file) ? -EIO : 0;
		}
		if (err)
			return err;
	}
}

/* --- look-up -------------------------------------------------------------- */

/* What follows the last dot of the last component, or NULL. */
static const char *extension_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? dot + 1 : NULL;
}

const char *media_types_find(const struct media_types *types, const char *path)
{
	struct media_type key = { .extension = extension_of(path) };
	struct media_type *const *node;
	const char *type;

	if (!key.extension)
		return MEDIA_TYPE_DEFAULT;
	node = tfind(&key, &types->tree, compare_types);
	if (node)
		return (*node)->type;
	type = media_type_table_find(key.extension);
	return type ? type : MEDIA_TYPE_DEFAULT;
}

/* --- parameters ----------------------------------------------------------- */

/* Returns whether the first bytes of text are the given ones, in any case. */
static bool begins_with(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Parameters may have values in quotes, with whatever inside them. */
static bool has_charset(const char *type)
{
	bool quoted = false;

	for (const char *p = type; *p != '\0'; p++) {
		const char *next = p + 1;

		if (quoted && *p == '\\' && *next != '\0')
			p = next;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == ';' &&
		    begins_with(next + strspn(next, " \t"), "charset="))
			return true;
	}
	return false;
}

static bool is_text(const char *type)
{
	static const char *const names[] = {
		"application/javascript",
		"application/xml",
	};
	size_t length = strcspn(type, "; \t");

	if (begins_with(type, "text/"))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == length && begins_with(type, names[i]))
			return true;
	}
	return length >= 4 && begins_with(type + length - 4, "+xml");
}

bool media_type_takes_charset(const char *type)
{
	return is_text(type) && !has_charset(type);
}
