/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/members/member_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "common/file/file_version.h"

static bool find_digest(int fd, const char *name, struct member_seen *seen)
{
	const struct file_version version = file_version_of_stat(&seen->stat);
	char path[sizeof("/proc/self/fd//") + 3 * sizeof(int) + NAME_MAX];
	char text[DIGEST_RECORD_MAX];
	ssize_t n;

	if (!S_ISREG(seen->stat.st_mode))
		return false;
	/* fgetxattr(2) takes no O_PATH, and no name in a folder. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d%s%s", fd,
	    name ? "/" : "", name ? name : "");
	/* What is a link by now has no such attribute (xattr(7)). */
	n = (name ? lgetxattr : getxattr)(
	    path, DIGEST_RECORD_ATTRIBUTE, text, sizeof(text));
	return n > 0 &&
	    digest_record_find(text, (size_t)n, &version, seen->sha256);
}

int member_see(int fd, const char *name, bool digests, struct member_seen *ret)
{
	int r = name ? fstatat(fd, name, &ret->stat, AT_SYMLINK_NOFOLLOW)
		     : fstat(fd, &ret->stat);

	if (r < 0)
		return -errno;
	ret->has_digest = digests && find_digest(fd, name, ret);
	return 0;
}
