/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/access_log.h"

#include <inttypes.h>
#include <stdio.h>

#include "fcgi_app/setup/log.h"

#define WORD_SHOWN_MAX 40

/*
 * Copies `text` for an unquoted field; anything but printable ASCII, and blanks
 * and quotes, becomes '?'.
 */
static void copy_token(char *to, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++, n++)
		to[n] =
		    *text > 0x20 && *text < 0x7f && *text != '"' ? *text : '?';
	to[n] = '\0';
}

void access_log_write(const struct access_log_entry *entry)
{
	char path[LOG_PATH_MAX];
	char action[WORD_SHOWN_MAX], method[WORD_SHOWN_MAX];
	char end[160];
	uint64_t ms = entry->duration_ns / 1000000;

	log_quote(path, sizeof(path), entry->path);
	copy_token(action, sizeof(action), entry->action);
	copy_token(method, sizeof(method), entry->method);
	snprintf(end, sizeof(end),
	    entry->reason ? "aborted reason=\"%s\"" : "complete%s",
	    entry->reason ? entry->reason : "");
	log_message(LOG_LEVEL_ACCESS,
	    "id=%s action=%s method=%s path=\"%s\" status=%d bytes=%" PRIu64
	    " duration=%" PRIu64 ".%03" PRIu64 " end=%s",
	    entry->id, action, method, path, entry->status, entry->bytes,
	    ms / 1000, ms % 1000, end);
}
