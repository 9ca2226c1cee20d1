/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/opened_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/file/aio_file.h"
#include "common/file/file_guard.h"
#include "common/file/file_open.h"
#include "common/file/file_table.h"
#include "common/stream/source_file.h"
#include "fcgi_app/request/services.h"

struct opened_file {
	struct aio_reader *reader;
	struct aio_file *file;
	struct file_version version;
	bool used; /* a request that reads in parts reads once */
};

static struct source *open_bytes(void *context)
{
	struct opened_file *bytes = context;

	if (!bytes->used)
		aio_file_note_use(bytes->file);
	bytes->used = true;
	return source_file_new(bytes->reader, bytes->file, &bytes->version);
}

static void release_bytes(void *context)
{
	struct opened_file *bytes = context;

	aio_file_unref(bytes->file);
	free(bytes);
}

int opened_file_init(const struct services *services,
    const struct file_open_result *result, struct source_maker *ret)
{
	struct opened_file *bytes = calloc(1, sizeof(*bytes));

	if (!bytes)
		return -ENOMEM;
	bytes->reader = services->reader;
	bytes->version.size = (uint64_t)result->stat.st_size;
	bytes->version.mtime = result->stat.st_mtim;
	bytes->file = file_table_open(
	    services->files, result->fd, &result->stat, result->close_blocks);
	if (!bytes->file) {
		free(bytes);
		return -ENOMEM;
	}
	*ret = (struct source_maker){
		.open = open_bytes,
		.release = release_bytes,
		.context = bytes,
	};
	return 0;
}

void opened_file_etag(const struct stat *st, char ret[ETAG_MAX])
{
	const struct etag_input input = {
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};

	etag_format(&input, ret);
}
