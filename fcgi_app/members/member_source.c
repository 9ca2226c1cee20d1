/* SPDX-License-Identifier: MIT */
/*
 * Before the first read there is no file; while it is opened in the thread
 * pool the read waits; then all goes on to a source of the open file, whose
 * chunks are lent as they are.
 */
#include "config.h"
#include "fcgi_app/members/member_source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/file/file_open.h"
#include "common/file/file_version.h"
#include "common/file/root_folder.h"
#include "common/stream/source.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/policy/digest_record.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/request/opened_file.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

struct member_folder {
	struct services *services;
	unsigned int references;
	const struct member *failed;
	struct file_open_target target; /* its strings stand below */
	char strings[];
};

struct member_source {
	struct source source;
	struct member_folder *folder;
	struct member *member;
	struct file_open *open; /* under way, or NULL */
	struct source *bytes;   /* of the open file, or NULL */
	/* The read that waits for `open`. */
	uint64_t offset;
	size_t length;
	/* As asked for before there was a file. */
	unsigned int ahead;
	uint64_t ahead_end;
};

static struct member_source *self(struct source *source)
{
	return container_of(source, struct member_source, source);
}

/* --- the folder ----------------------------------------------------------- */

struct member_folder *member_folder_new(
    struct services *services, const struct request_place *place)
{
	size_t below_size = strlen(place->root.below) + 1;
	size_t path_size = strlen(place->path) + 1;
	struct member_folder *folder =
	    calloc(1, sizeof(*folder) + below_size + path_size);

	if (!folder)
		return NULL;
	folder->services = services;
	folder->references = 1;
	folder->target = request_place_target(place);
	folder->target.attribute = opened_file_attribute(services);
	root_folder_ref(folder->target.root);
	folder->target.below =
	    memcpy(folder->strings, place->root.below, below_size);
	folder->target.path =
	    memcpy(folder->strings + below_size, place->path, path_size);
	return folder;
}

struct member_folder *member_folder_ref(struct member_folder *folder)
{
	folder->references++;
	return folder;
}

void member_folder_unref(struct member_folder *folder)
{
	if (!folder || --folder->references > 0)
		return;
	root_folder_unref(folder->target.root);
	free(folder);
}

const struct member *member_folder_failed(const struct member_folder *folder)
{
	return folder->failed;
}

/* --- the open ------------------------------------------------------------- */

static void on_done(void *context, int error, const struct source_chunk *chunk);

/* Returns whether nothing of the file has changed since it was found. */
static bool is_as_found(const struct stat *st, const struct member *member)
{
	const struct file_identity now = file_identity_of_stat(st);

	return S_ISREG(st->st_mode) && file_identity_equal(&now, &member->file);
}

/* Returns whether it is the content that was found, in whatever file. */
static bool has_content_of(
    const struct file_open_result *result, const struct member *member)
{
	const struct file_version now = file_version_of_stat(&result->stat);
	const struct file_version found =
	    file_version_of_identity(&member->file);
	uint8_t sha256[DIGEST_SHA256_SIZE];

	if (!S_ISREG(result->stat.st_mode) || !file_version_equal(&now, &found))
		return false;
	/* A time can be the same by intent; then only digests tell. */
	return !member->sha256 || !opened_file_digest(result, sha256) ||
	    memcmp(sha256, member->sha256, sizeof(sha256)) == 0;
}

/* Takes the descriptor over. Returns 0 or -errno. */
static int take_file(
    struct member_source *source, const struct file_open_result *result)
{
	struct services *services = source->folder->services;
	struct source_maker maker;

	if (result->error < 0)
		return result->error;
	if (!has_content_of(result, source->member)) {
		file_open_discard(services->loop, result);
		return -ESTALE;
	}
	if (!is_as_found(&result->stat, source->member))
		source->member->replaced = true;
	if (opened_file_init(services, result, &maker) < 0) {
		file_open_discard(services->loop, result);
		return -ENOMEM;
	}
	source->bytes = maker.open(maker.context);
	source_maker_release(&maker);
	if (!source->bytes)
		return -ENOMEM;
	source->bytes->done = on_done;
	source->bytes->context = source;
	if (source->bytes->ops->read_ahead)
		source->bytes->ops->read_ahead(
		    source->bytes, source->ahead, source->ahead_end);
	return 0;
}

/* --- reads ---------------------------------------------------------------- */

/* Notes whose read failed, for the log. Returns `r`. */
static int note(struct member_source *source, int r)
{
	if (r < 0)
		source->folder->failed = source->member;
	return r;
}

/* The result of a read that was in flight. */
static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct member_source *source = context;

	note(source, error);
	source->source.done(source->source.context, error, chunk);
}

static void on_open(void *context, const struct file_open_result *result)
{
	struct member_source *source = context;
	struct source_chunk chunk = { 0 };
	int r;

	source->open = NULL;
	r = take_file(source, result);
	if (r == 0)
		r = source->bytes->ops->read(
		    source->bytes, source->offset, source->length, &chunk);
	/* The file has to be read: on_done() will be called. */
	if (r == 0)
		return;
	on_done(source, r < 0 ? r : 0, &chunk);
}

/* Returns 1 if it is open; 0 if the read goes on when it is; or -errno. */
static int open_file(struct member_source *source)
{
	struct file_open_target target = source->folder->target;
	struct file_open_result result;
	char path[PATH_MAX];
	int r;

	if (path_rule_join(target.path, source->member->name, path,
		sizeof(path)) != PATH_RULE_OK)
		return -ENAMETOOLONG;
	target.path = path;
	if (file_open_now(&target, &result) != -EAGAIN) {
		r = take_file(source, &result);
		return r < 0 ? r : 1;
	}
	source->open = file_open_start(
	    source->folder->services->loop, &target, on_open, source);
	return source->open ? 0 : -ENOMEM;
}

static int member_read(struct source *as_source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct member_source *source = self(as_source);
	int r = 1;

	assert(!source->open);
	source->offset = offset;
	source->length = length;
	if (!source->bytes)
		r = open_file(source);
	if (r > 0)
		r = source->bytes->ops->read(
		    source->bytes, offset, length, ret_chunk);
	return note(source, r);
}

/* --- the rest of the interface -------------------------------------------- */

static void member_cancel(struct source *as_source)
{
	struct member_source *source = self(as_source);

	if (source->open)
		file_open_cancel(source->open);
	source->open = NULL;
	if (source->bytes)
		source->bytes->ops->cancel(source->bytes);
}

static void member_read_ahead(
    struct source *as_source, unsigned int chunks, uint64_t end)
{
	struct member_source *source = self(as_source);

	source->ahead = chunks;
	source->ahead_end = end;
	if (source->bytes && source->bytes->ops->read_ahead)
		source->bytes->ops->read_ahead(source->bytes, chunks, end);
}

static void member_release(struct source *as_source, struct source_chunk *chunk)
{
	struct source *bytes = self(as_source)->bytes;

	bytes->ops->release(bytes, chunk);
}

static void member_close(struct source *as_source)
{
	struct member_source *source = self(as_source);

	assert(!source->open);
	if (source->bytes)
		source->bytes->ops->close(source->bytes);
	member_folder_unref(source->folder);
	free(source);
}

static const struct source_ops member_ops = {
	.read = member_read,
	.cancel = member_cancel,
	.read_ahead = member_read_ahead,
	.release = member_release,
	.close = member_close,
};

struct source *member_source_new(
    struct member_folder *folder, struct member *member)
{
	struct member_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->source.ops = &member_ops;
	source->source.size = member->file.size;
	source->folder = member_folder_ref(folder);
	source->member = member;
	return &source->source;
}

/* --- an attribute --------------------------------------------------------- */

/* Returns a descriptor of the member's file, or -errno. */
static int open_member(
    const struct member_folder *folder, const struct member *member)
{
	char path[PATH_MAX];
	int below, fd;

	if (path_rule_join(folder->target.path, member->name, path,
		sizeof(path)) != PATH_RULE_OK)
		return -ENAMETOOLONG;
	below = file_open_below(&folder->target);
	if (below < 0)
		return below;
	fd = file_open_beneath(below, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	close(below);
	return fd;
}

ssize_t member_source_attribute(const struct member_folder *folder,
    const struct member *member, const char *name, char *ret, size_t size)
{
	struct stat st;
	ssize_t n = -ESTALE;
	int fd = open_member(folder, member);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && is_as_found(&st, member)) {
		n = fgetxattr(fd, name, ret, size);
		if (n < 0)
			n = -errno;
	}
	close(fd);
	return n;
}
