/* SPDX-License-Identifier: MIT */
/*
 * The tier of kernel AIO on a file's O_DIRECT descriptor. Internal to
 * aio_reader.
 */
#ifndef COMMON_READER_AIO_DIRECT_H
#define COMMON_READER_AIO_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "common/reader/kernel_aio.h"
#include "common/reader/read_tier.h"

struct aio_direct_options {
	uv_loop_t *loop;
	unsigned int depth; /* reads in flight in the kernel */
	size_t buffer_size; /* of each op's buffer */
	const struct kernel_aio_calls *calls; /* NULL: libaio */
	/* The kernel refused a read (-errno); called at most once. */
	void (*degraded)(struct aio_reader *reader, int error);
};

/* Embedded by value. */
struct aio_direct {
	struct read_tier tier;
	struct kernel_aio aio;
	struct aio_direct_options options;
	bool is_degraded; /* the kernel refused a read, and that was told */
};

/*
 * Sets up kernel AIO; the tier's client and reader are set. Returns what
 * kernel_aio_open() does: after an error the tier must be closed all the same,
 * and without slots it must not be read with.
 */
int aio_direct_open(
    struct aio_direct *direct, const struct aio_direct_options *options);

#endif
