/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/opened_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/file/aio_file.h"
#include "common/file/file_open.h"
#include "common/file/file_table.h"
#include "common/file/file_version.h"
#include "common/stream/source_file.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"

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
	bytes->version = file_version_of_stat(&result->stat);
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

static bool wants_digest(const struct services *services)
{
	return services->options->etag == ETAG_DIGEST;
}

const char *opened_file_attribute(const struct services *services)
{
	return wants_digest(services) ? DIGEST_RECORD_ATTRIBUTE : NULL;
}

bool opened_file_digest(
    const struct file_open_result *result, uint8_t ret[DIGEST_SHA256_SIZE])
{
	const struct file_version version = file_version_of_stat(&result->stat);

	return digest_record_find(
	    result->attribute, result->attribute_length, &version, ret);
}

void opened_file_etag(const struct services *services,
    const struct file_open_result *result, const char *coding,
    char ret[ETAG_MAX])
{
	uint8_t sha256[DIGEST_SHA256_SIZE];
	struct etag_content content = {
		.version = file_version_of_stat(&result->stat),
	};

	/* It may have been read for another reason. */
	if (wants_digest(services) && opened_file_digest(result, sha256))
		content.sha256 = sha256;
	etag_format(&content, coding, ret);
}
