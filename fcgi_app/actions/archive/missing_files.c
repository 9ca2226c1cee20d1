/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/missing_files.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "fcgi_app/actions/archive/zip_name.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/setup/log.h"

/* What is cut of a name, to be quoted in a refusal, with its NUL. */
#define QUOTED_MAX 256
/* Names in a refusal. */
#define NAMED_MAX 3

/* --- the name ------------------------------------------------------------- */

/* Returns how many "_" our name needs to differ from that of a member. */
static size_t underscores_for(const char *name)
{
	static const char ours[] = MISSING_FILES_NAME;
	size_t count = strspn(name, "_");
	const char *rest = name + count;

	/* It must not be the name of a folder that others are in, either. */
	if (strcspn(rest, "/") != strlen(ours) ||
	    strncasecmp(rest, ours, strlen(ours)) != 0)
		return 0;
	return count + 1;
}

static void make_name(const struct members *members, char ret[NAME_MAX + 32])
{
	size_t most = 0;

	for (size_t i = 0; i < members->count; i++) {
		size_t count = underscores_for(members->list[i].name);

		if (count > most)
			most = count;
	}
	memset(ret, '_', most);
	strcpy(ret + most, MISSING_FILES_NAME);
}

/* --- the text ------------------------------------------------------------- */

/* Returns the length of the text, and writes it to `to` unless that is NULL. */
static size_t write_text(const struct members *members, char *to)
{
	char line[ZIP_NAME_SIZE];
	size_t length = 0;

	for (size_t i = 0; i < members->missing_count; i++) {
		size_t n = zip_name_format(members->missing[i], line);

		line[n++] = '\n';
		if (to)
			memcpy(to + length, line, n);
		length += n;
	}
	return length;
}

/* The same for the same members: so the time of the latest of them. */
static struct timespec latest(const struct members *members)
{
	struct timespec latest = { .tv_sec = 0 };

	for (size_t i = 0; i < members->count; i++)
		if (members->list[i].file.mtime.tv_sec > latest.tv_sec)
			latest.tv_sec = members->list[i].file.mtime.tv_sec;
	return latest;
}

int missing_files_add(struct members *members, char **ret_text)
{
	const size_t length = write_text(members, NULL);
	const struct stat st = {
		.st_mode = S_IFREG | 0644,
		.st_size = (off_t)length,
		.st_mtim = latest(members),
	};
	unsigned char sha256[crypto_hash_sha256_BYTES];
	char name[NAME_MAX + 32];
	char *text;
	int r = member_list_reserve(members, length);

	if (r < 0)
		return r;
	text = malloc(length);
	if (!text)
		return -ENOMEM;
	write_text(members, text);
	make_name(members, name);
	/* It stands for them, and takes the place of one. */
	members->missing_count = 0;
	/* By it the archive's tag tells what is missing. */
	crypto_hash_sha256(
	    sha256, (const unsigned char *)text, (unsigned long long)length);
	r = member_list_add(members, name, &st, sha256);
	if (r < 0)
		free(text);
	else
		*ret_text = text;
	return r;
}

void missing_files_refusal(
    const struct members *members, char ret[MISSING_FILES_REFUSAL_MAX])
{
	char *end = ret;

	_Static_assert(NAMED_MAX * (QUOTED_MAX + 2) < MISSING_FILES_REFUSAL_MAX,
	    "all of them fit");
	*end = '\0';
	for (size_t i = 0; i < members->missing_count && i < NAMED_MAX; i++) {
		char name[QUOTED_MAX];

		log_quote(name, sizeof(name), members->missing[i]);
		end += sprintf(end, "\"%s\"\n", name);
	}
}
