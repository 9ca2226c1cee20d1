/* SPDX-License-Identifier: MIT */
/* One read after another, until the end of the file or of the room. */
#include "config.h"
#include "fcgi_app/actions/concat/small_file.h"

#include <errno.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/file/file_open.h"

struct small_file {
	uv_fs_t read;
	uv_loop_t *loop;
	struct file_open_result file;
	small_file_fn *done; /* NULL: cancelled */
	void *context;
	size_t length;
	size_t room; /* one more than is allowed */
	char bytes[];
};

static void end(struct small_file *text, int error)
{
	file_open_discard(text->loop, &text->file);
	if (text->done)
		text->done(text->context, error, text->bytes, text->length);
	free(text);
}

static void on_read(uv_fs_t *read);

/* Reads on after `length`. Returns 0 or -errno. */
static int start_read(struct small_file *text)
{
	uv_buf_t buffer = uv_buf_init(text->bytes + text->length,
	    (unsigned int)(text->room - text->length));

	return uv_fs_read(text->loop, &text->read, text->file.fd, &buffer, 1,
	    (int64_t)text->length, on_read);
}

static void on_read(uv_fs_t *read)
{
	struct small_file *text = container_of(read, struct small_file, read);
	ssize_t n = read->result;
	int r;

	uv_fs_req_cleanup(read);
	if (n > 0)
		text->length += (size_t)n;
	if (n < 0)
		end(text, (int)n);
	else if (text->length == text->room)
		end(text, -EFBIG);
	else if (n == 0 || !text->done)
		end(text, 0);
	else if ((r = start_read(text)) < 0)
		end(text, r);
}

struct small_file *small_file_read(uv_loop_t *loop,
    const struct file_open_result *result, size_t most, small_file_fn *done,
    void *context)
{
	/* Memory that is not written to costs nothing. */
	struct small_file *text = malloc(sizeof(*text) + most + 1);

	if (!text)
		return NULL;
	text->loop = loop;
	text->file = *result;
	text->done = done;
	text->context = context;
	text->length = 0;
	text->room = most + 1;
	if (start_read(text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

void small_file_cancel(struct small_file *text)
{
	text->done = NULL;
}
