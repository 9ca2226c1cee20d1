/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/stream/source_memory.h"

#include <assert.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"

struct source_memory {
	struct source source;
	const unsigned char *data;
	void (*release)(void *context);
	void *context;
};

static struct source_memory *self(struct source *source)
{
	return container_of(source, struct source_memory, source);
}

static int memory_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	assert(offset < source->size);
	*ret_chunk = (struct source_chunk){
		.data = self(source)->data + offset,
		.length = (size_t)u64_min(length, source->size - offset),
	};
	return 1;
}

static void memory_cancel(struct source *source)
{
	(void)source;
}

static void memory_release(struct source *source, struct source_chunk *chunk)
{
	(void)source;
	(void)chunk;
}

static void memory_close(struct source *source)
{
	struct source_memory *memory = self(source);

	if (memory->release)
		memory->release(memory->context);
	free(memory);
}

static const struct source_ops memory_ops = {
	.read = memory_read,
	.cancel = memory_cancel,
	.release = memory_release,
	.close = memory_close,
};

struct source *source_memory_new(const void *data, size_t length,
    void (*release)(void *context), void *context)
{
	struct source_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->source.ops = &memory_ops;
	memory->source.size = length;
	memory->data = data;
	memory->release = release;
	memory->context = context;
	return &memory->source;
}
