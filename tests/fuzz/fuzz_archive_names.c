/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of the formats' treatment of names, and of archive_form. The input
 * is a query, and the name of a member.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include "common/utf8.h"
#include "fcgi_app/actions/archive/archive_form.h"
#include "fcgi_app/actions/archive/archive_member.h"
#include "fcgi_app/actions/archive/tar_format.h"
#include "fcgi_app/actions/archive/zip_format.h"
#include "fcgi_app/policy/percent.h"

/* Takes the escapes out of a name: that must give what it was made of. */
static void decode(const char *from, char *to)
{
	for (; *from; to++) {
		const char digits[] = { from[1], from[1] ? from[2] : '\0',
			'\0' };

		if (!percent_is_escape(from)) {
			*to = *from++;
			continue;
		}
		*to = (char)strtoul(digits, NULL, 16);
		from += PERCENT_ENCODED_MAX;
	}
	*to = '\0';
}

static void check_zip_name(const char *name)
{
	static char found[ZIP_NAME_SIZE], decoded[ZIP_NAME_SIZE];
	size_t length = zip_name_format(name, found);

	require(length == strlen(found) && length < sizeof(found) - 1);
	for (const char *p = found; *p; p += utf8_length(p)) {
		require(utf8_length(p) > 0);
		require((unsigned char)*p >= 0x20);
		require(!strchr("\\:*?\"<>|\x7f", *p));
		require((*p != '.' && *p != ' ') || (p[1] && p[1] != '/'));
	}
	decode(found, decoded);
	require(strcmp(decoded, name) == 0);
}

static void check_records(const char *name)
{
	static unsigned char bytes[ZIP_RECORD_MAX + TAR_HEADER_MAX];
	const struct archive_member members[] = {
		{ name, 5, 5, S_IFREG | 0644, true },
		{ name, UINT64_MAX, -5, S_IFDIR | 0755, false },
	};

	for (size_t i = 0; i < 2; i++) {
		size_t length = zip_format_header(&members[i], 0, bytes);

		require(length <= ZIP_RECORD_MAX);
		length = zip_format_directory_entry(
		    &members[i], 1, UINT64_MAX, bytes);
		require(length <= ZIP_RECORD_MAX);
		length = tar_format_header(&members[i], bytes);
		require(length <= TAR_HEADER_MAX && length % TAR_BLOCK == 0);
	}
}

int fuzz_archive_names(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	enum archive_form form = ARCHIVE_FORMS;

	require(text != NULL);
	if (archive_form_choose(text, NULL, &form) == 0)
		require((int)form < ARCHIVE_FORMS);
	else
		require((int)form == ARCHIVE_FORMS);
	if (strlen(text) <= ARCHIVE_NAME_MAX) {
		check_zip_name(text);
		check_records(text);
	}
	free(text);
	return 0;
}
