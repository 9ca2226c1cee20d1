/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/media_type. The input is a mime.types file. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/media_type.h"

/* A charset is added once at most. */
static void check_charset(const char *type)
{
	char *with = NULL;

	if (!media_type_takes_charset(type) || strchr(type, '"'))
		return;
	require(asprintf(&with, "%s; charset=utf-8", type) > 0);
	require(!media_type_takes_charset(with));
	free(with);
}

/* Whatever the file holds, a type can go into a response head. */
static void check_type(const char *type)
{
	size_t length = strlen(type);

	require(length >= 3 && length <= MEDIA_TYPE_LENGTH_MAX);
	require(strchr(type, '/') != NULL);
	for (const char *p = type; *p != '\0'; p++)
		require(*p > 0x20 && *p < 0x7f);
	check_charset(type);
}

/* Look up each word of the file as the extension of a name. */
static void check_words(const struct media_types *types, char *text)
{
	char *save = NULL;
	char *word = strtok_r(text, " \t\r\n", &save);

	for (; word; word = strtok_r(NULL, " \t\r\n", &save)) {
		char *path = NULL;

		require(asprintf(&path, "a/b.%s", word) > 0);
		check_type(media_types_find(types, path));
		check_type(media_types_find(types, word));
		check_charset(word);
		free(path);
	}
}

int fuzz_media_type(const uint8_t *data, size_t size)
{
	struct media_types *types = media_types_new();
	char *text = strndup((const char *)data, size);
	char *bytes = malloc(size + 1);
	FILE *file;

	require(types && text && bytes);
	memcpy(bytes, data, size);
	/* fmemopen() refuses a size of 0 in some versions of glibc. */
	bytes[size] = '\n';
	file = fmemopen(bytes, size + 1, "r");
	require(file != NULL);
	require(
	    media_types_read(types, file,
		size % 2 ? MEDIA_TYPES_SYSTEM : MEDIA_TYPES_OPERATOR) == 0 ||
	    size > MEDIA_TYPE_ENTRIES_MAX);
	fclose(file);
	check_words(types, text);
	media_types_free(types);
	free(bytes);
	free(text);
	return 0;
}
