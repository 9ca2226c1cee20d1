/* SPDX-License-Identifier: MIT */
/*
 * An entry is looked at by the folder's descriptor, without following it. Only
 * for a symbolic link its whole path is resolved again, with the rules that an
 * open follows, so that nothing is told of what an open would refuse.
 */
#include "config.h"
#include "common/file/folder_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file/file_open.h"
#include "common/file/root_folder.h"

struct folder_reader {
	int fd;   /* until the folder is begun */
	DIR *dir; /* has the descriptor from then on */
	bool hidden;
	struct file_open_target target; /* its strings stand below */
	size_t path_length;             /* with a slash at its end */
	char strings[];                 /* below, path, room for a name */
};

struct folder_reader *folder_reader_new(
    int fd, const struct file_open_target *target, bool hidden)
{
	size_t below = strlen(target->below) + 1;
	size_t path = strlen(target->path);
	struct folder_reader *reader =
	    malloc(sizeof(*reader) + below + path + 1 + NAME_MAX + 1);

	if (!reader)
		return NULL;
	*reader = (struct folder_reader){
		.fd = fd,
		.hidden = hidden,
		.target.root_fd = target->root_fd,
		.target.root = root_folder_ref(target->root),
		.target.below = reader->strings,
		.target.path = reader->strings + below,
	};
	memcpy(reader->strings, target->below, below);
	memcpy(reader->strings + below, target->path, path);
	reader->strings[below + path] = '/';
	reader->path_length = path + 1;
	return reader;
}

void folder_reader_free(struct folder_reader *reader)
{
	if (!reader)
		return;
	if (reader->dir)
		closedir(reader->dir);
	else
		close(reader->fd);
	root_folder_unref(reader->target.root);
	free(reader);
}

/* Follows a link, but only beneath the target's folder. */
static int stat_entry(
    struct folder_reader *reader, const char *name, struct stat *ret)
{
	char *end =
	    reader->strings + strlen(reader->strings) + 1 + reader->path_length;

	if (fstatat(dirfd(reader->dir), name, ret,
		AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return -errno;
	if (!S_ISLNK(ret->st_mode))
		return 0;
	snprintf(end, NAME_MAX + 1, "%s", name);
	return file_open_stat(&reader->target, ret);
}

/*
 * Returns true if an entry's error is one of the whole system or disk. Any
 * other is the entry's own, such as a mount point whose server is gone or a
 * damaged inode: it hides no other entry.
 */
static bool is_of_all(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM ||
	    error == -EIO;
}

/*
 * Asks by the name once more, so if that has become another file by now, the
 * answer is of that one. An open finds out for itself.
 */
static bool is_refused(
    const struct folder_reader *reader, const char *name, mode_t kind)
{
	int mode = S_ISDIR(kind) ? R_OK | X_OK : R_OK;

	return faccessat(dirfd(reader->dir), name, mode, AT_EACCESS) < 0 &&
	    errno == EACCES;
}

bool folder_reader_wants(const char *name, bool hidden)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return hidden || name[0] != '.';
}

/* Same contract as folder_reader_next(). */
static int read_entry(struct folder_reader *reader, struct folder_entry *ret)
{
	const struct dirent *entry;
	struct stat st;
	int r;

	errno = 0;
	entry = readdir(reader->dir);
	/* -EAGAIN would mean another thing. */
	if (!entry)
		return errno == EAGAIN ? -EIO : -errno;
	if (!folder_reader_wants(entry->d_name, reader->hidden))
		return -EAGAIN;
	r = stat_entry(reader, entry->d_name, &st);
	if (r < 0)
		return is_of_all(r) ? r : -EAGAIN;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EAGAIN;
	*ret = (struct folder_entry){
		.name = entry->d_name,
		.is_folder = S_ISDIR(st.st_mode),
		.is_unreadable = is_refused(reader, entry->d_name, st.st_mode),
		.size = S_ISDIR(st.st_mode) ? 0 : (uint64_t)st.st_size,
		.modified = st.st_mtim.tv_sec,
	};
	return 1;
}

int folder_reader_next(struct folder_reader *reader, struct folder_entry *ret)
{
	if (!reader->dir) {
		reader->dir = fdopendir(reader->fd);
		if (!reader->dir)
			return -errno;
	}
	return read_entry(reader, ret);
}
