/* SPDX-License-Identifier: MIT */
/*
 * One step after another, and none while enough of what was made waits for the
 * client:
 *
 *	reading   a chunk of a file, or of the tar archive, is on its way
 *	working   the thread pool compresses it, when it is its turn
 *	handing   what that made goes to the queue, as that has room
 *
 * A job works on a copy of the chunk, and only it touches that and the
 * compressor meanwhile: so files and buffers need not wait for it when the
 * source is closed.
 *
 * One that waits for its client takes memory, but no turn.
 */
#include "config.h"
#include "fcgi_app/actions/archive/archive_compressed.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/memory_budget.h"
#include "common/min.h"
#include "common/stream/source.h"
#include "common/stream/source_queue.h"
#include "common/turnstile.h"
#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_layout.h"
#include "fcgi_app/actions/archive/archive_member.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/actions/archive/archive_source.h"
#include "fcgi_app/actions/archive/compressor.h"
#include "fcgi_app/members/member_list.h"

/* What one job reads: a few milliseconds of work. */
#define STEP_LENGTH ((size_t)64 << 10)
/* No step begins while so much waits. */
#define WAITING_MAX ((size_t)128 << 10)
/*
 * The most that can wait, with what one step gives: zstd keeps up to 2 MiB. The
 * last step of zip gives the whole directory, which is handed over bit by bit.
 */
#define QUEUE_LIMIT ((size_t)8 << 20)

/*
 * What one takes, measured and rounded up: the compressor, the input, and what
 * waits for the client.
 */
#define DEFLATE_MEMORY ((size_t)640 << 10)
#define ZSTD_MEMORY ((size_t)3 << 20)

struct archive_compressed {
	uv_work_t work;
	struct turnstile_job turn; /* of the job */
	struct archive *archive;
	size_t held; /* memory of the service's */
	struct compressor *compressor;
	struct source_queue *queue; /* NULL: closed */
	/* Read now, or to be begun; after the last step above entry_count. */
	size_t entry;
	size_t entry_count;
	struct source *input; /* NULL: it has no bytes, or is not open */
	uint64_t offset;      /* bytes of the entry that are packed */
	size_t length;        /* of `bytes` */
	size_t handed;        /* of the compressor's output */
	bool reading;
	bool handing;
	int error; /* of the job */
	unsigned char bytes[STEP_LENGTH];
};

/* --- entries -------------------------------------------------------------- */

/* A compressed tar has one entry, the tar archive itself. */
static bool is_tar(const struct archive_compressed *packed)
{
	return archive_form(packed->archive) != ARCHIVE_ZIP_DEFLATE;
}

static struct archive_member entry_of(const struct archive_compressed *packed)
{
	if (is_tar(packed))
		return (struct archive_member){ .name = "tar",
			.size = archive_size(packed->archive),
			.mode = S_IFREG };
	return archive_layout_member(
	    archive_layout(packed->archive), packed->entry);
}

static void close_input(struct archive_compressed *packed)
{
	if (packed->input)
		packed->input->ops->close(packed->input);
	packed->input = NULL;
}

/* --- the end -------------------------------------------------------------- */

/* From then on the job has the compressor and `bytes`. */
static bool is_working(const struct archive_compressed *packed)
{
	return packed->turn.state != TURNSTILE_OUTSIDE;
}

static void leave_turn(struct archive_compressed *packed)
{
	turnstile_leave(
	    &archive_service(packed->archive)->compressions, &packed->turn);
}

static void destroy(struct archive_compressed *packed)
{
	struct archive_service *service = archive_service(packed->archive);

	assert(!packed->reading && !is_working(packed));
	memory_budget_give_back(&service->compressing, packed->held);
	memory_budget_give_back(service->memory, packed->held);
	close_input(packed);
	compressor_free(packed->compressor);
	archive_unref(packed->archive);
	free(packed);
}

/* The reader is gone. */
static void closed(void *context)
{
	struct archive_compressed *packed = context;

	packed->queue = NULL;
	if (packed->reading)
		packed->input->ops->cancel(packed->input);
	packed->reading = false;
	close_input(packed);
	if (packed->turn.state == TURNSTILE_WAITS)
		leave_turn(packed);
	if (!is_working(packed))
		destroy(packed);
}

/* --- the job -------------------------------------------------------------- */

static void run(uv_work_t *work)
{
	struct archive_compressed *packed =
	    container_of(work, struct archive_compressed, work);
	int r = 0;

	if (packed->entry == packed->entry_count) {
		r = compressor_finish(packed->compressor);
	} else if (packed->offset == 0) {
		const struct archive_member entry = entry_of(packed);

		r = compressor_begin(packed->compressor, &entry);
	}
	/* After the last entry there are no bytes. */
	if (r == 0 && packed->length > 0)
		r = compressor_add(
		    packed->compressor, packed->bytes, packed->length);
	packed->error = r;
}

/* Goes on to the next entry after the last chunk of one. */
static void take_step(struct archive_compressed *packed)
{
	if (packed->entry < packed->entry_count) {
		packed->offset += packed->length;
		packed->length = 0;
		if (packed->offset < entry_of(packed).size)
			return;
	}
	close_input(packed);
	packed->offset = 0;
	packed->entry++;
}

static void advance(struct archive_compressed *packed);

/*
 * Writes as much of the compressor's output as there is room for. After the
 * last of it goes on, or ends; else waits until the reader has taken some.
 */
static void hand_over(struct archive_compressed *packed)
{
	size_t length;
	const char *output = compressor_output(packed->compressor, &length);

	while (packed->error == 0 && packed->handed < length) {
		size_t n = source_queue_room(packed->queue);

		if (n == 0)
			break;
		n = size_min(n, length - packed->handed);
		packed->error = source_queue_write(
		    packed->queue, output + packed->handed, n);
		packed->handed += n;
	}
	packed->handing = packed->error == 0 && packed->handed < length;
	if (packed->handing)
		return;
	compressor_clear(packed->compressor);
	packed->handed = 0;
	if (packed->entry > packed->entry_count || packed->error < 0)
		source_queue_end(packed->queue, packed->error);
	else
		advance(packed);
}

static void finished(uv_work_t *work, int status)
{
	struct archive_compressed *packed =
	    container_of(work, struct archive_compressed, work);

	leave_turn(packed);
	if (status < 0)
		packed->error = status;
	take_step(packed);
	if (packed->queue)
		hand_over(packed);
	else
		destroy(packed);
}

/* It is its turn. */
static void begin_job(struct turnstile_job *turn)
{
	struct archive_compressed *packed =
	    container_of(turn, struct archive_compressed, turn);

	uv_queue_work(archive_service(packed->archive)->loop, &packed->work,
	    run, finished);
}

static void start_job(struct archive_compressed *packed)
{
	turnstile_enter(
	    &archive_service(packed->archive)->compressions, &packed->turn);
}

/* --- reading -------------------------------------------------------------- */

static void take_chunk(
    struct archive_compressed *packed, struct source_chunk *chunk)
{
	memcpy(packed->bytes, chunk->data, chunk->length);
	packed->length = chunk->length;
	packed->input->ops->release(packed->input, chunk);
}

static void on_read(void *context, int error, const struct source_chunk *chunk)
{
	struct archive_compressed *packed = context;
	struct source_chunk lent;

	packed->reading = false;
	if (error < 0) {
		source_queue_end(packed->queue, error);
		return;
	}
	lent = *chunk;
	take_chunk(packed, &lent);
	start_job(packed);
}

/* Returns 0 or -ENOMEM. */
static int open_input(struct archive_compressed *packed)
{
	struct archive *archive = packed->archive;

	if (is_tar(packed)) {
		const struct source_maker tar = archive_source_maker(archive);

		packed->input = tar.open(tar.context);
		source_maker_release(&tar);
	} else {
		packed->input = archive_source_member(archive, packed->entry);
	}
	if (!packed->input)
		return -ENOMEM;
	packed->input->done = on_read;
	packed->input->context = packed;
	return 0;
}

/*
 * Reads the next bytes of the entry. Returns 1, 0 if on_read() follows, or
 * -errno.
 */
static int read_input(struct archive_compressed *packed)
{
	uint64_t left = entry_of(packed).size - packed->offset;
	int r = packed->input ? 0 : open_input(packed);
	struct source_chunk chunk;

	if (r < 0)
		return r;
	r = packed->input->ops->read(packed->input, packed->offset,
	    (size_t)u64_min(left, STEP_LENGTH), &chunk);
	if (r > 0)
		take_chunk(packed, &chunk);
	return r;
}

/* Begins the next step, if it is time for one. */
static void advance(struct archive_compressed *packed)
{
	size_t waiting = QUEUE_LIMIT - source_queue_room(packed->queue);
	int r = 1;

	if (packed->reading || is_working(packed) || waiting >= WAITING_MAX)
		return;
	if (packed->entry < packed->entry_count && entry_of(packed).size > 0)
		r = read_input(packed);
	packed->reading = r == 0;
	if (r > 0)
		start_job(packed);
	else if (r < 0)
		source_queue_end(packed->queue, r);
}

/* The client has taken some; not called once the queue was ended. */
static void drained(void *context)
{
	struct archive_compressed *packed = context;

	if (packed->handing)
		hand_over(packed);
	else
		advance(packed);
}

/* --- beginning ------------------------------------------------------------ */

/* A zip archive's directory is kept, and comes out whole at the end. */
static size_t memory_for(const struct archive *archive)
{
	const struct archive_layout *layout = archive_layout(archive);
	size_t count = archive_members(archive)->count;

	if (archive_form(archive) == ARCHIVE_TAR_ZST)
		return ZSTD_MEMORY;
	if (!layout->directory)
		return DEFLATE_MEMORY;
	return DEFLATE_MEMORY +
	    2 * (size_t)(layout->directory[count] - layout->directory[0]);
}

/* Returns false if so much is not left. */
static bool hold(struct archive_service *service, size_t bytes)
{
	if (!memory_budget_take(&service->compressing, bytes))
		return false;
	if (memory_budget_take(service->memory, bytes))
		return true;
	memory_budget_give_back(&service->compressing, bytes);
	return false;
}

/* Without its queue. Returns NULL with errno set. */
static struct archive_compressed *new_packed(struct archive *archive)
{
	size_t memory = memory_for(archive);
	struct archive_compressed *packed = calloc(1, sizeof(*packed));

	if (!packed)
		return NULL;
	packed->archive = archive_ref(archive);
	packed->turn.begin = begin_job;
	if (!hold(archive_service(archive), memory)) {
		destroy(packed);
		errno = ENOBUFS;
		return NULL;
	}
	packed->held = memory;
	packed->compressor = compressor_new(archive_form(archive));
	if (!packed->compressor) {
		destroy(packed);
		errno = ENOMEM;
		return NULL;
	}
	packed->entry_count =
	    is_tar(packed) ? 1 : archive_members(archive)->count;
	return packed;
}

struct source *archive_compressed_open(struct archive *archive)
{
	struct source_queue_writer writer = {
		.drained = drained,
		.closed = closed,
	};
	struct archive_compressed *packed = new_packed(archive);

	if (!packed)
		return NULL;
	writer.context = packed;
	packed->queue = source_queue_new(QUEUE_LIMIT, &writer);
	if (packed->queue)
		return source_queue_source(packed->queue);
	destroy(packed);
	errno = ENOMEM;
	return NULL;
}
