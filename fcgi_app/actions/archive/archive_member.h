/* SPDX-License-Identifier: MIT */
/* A member as an archive's format sees it. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_MEMBER_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_MEMBER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* The longest name, in bytes without the NUL: Linux opens no longer one. */
#define ARCHIVE_NAME_MAX (PATH_MAX - 1)

/* A regular file or a folder (by `mode`). */
struct archive_member {
	/* Relative, of any bytes; no slash at either end. Borrowed. */
	const char *name;
	uint64_t size; /* 0 of a folder */
	time_t mtime;
	/* Of it, only the permissions of user, group and others are kept. */
	mode_t mode;
	/* In zip: its CRC-32 stands in front of its bytes. */
	bool crc_first;
};

#endif
