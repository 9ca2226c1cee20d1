/* SPDX-License-Identifier: MIT */
/* A source_sequence opens each of them when it is its turn. */
#include "config.h"
#include "fcgi_app/actions/concat/member_sequence.h"

#include <errno.h>
#include <stdlib.h>

#include "common/stream/source_sequence.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_source.h"

/* Held by its owner, by makers and by open sources. */
struct member_sequence {
	unsigned int references;
	struct member_folder *folder;
	struct members *members;
	uint64_t size;
};

static int measure(const struct members *members, uint64_t *ret_size)
{
	uint64_t size = 0;

	for (size_t i = 0; i < members->count; i++) {
		if (members->list[i].file.size >
		    MEMBER_SEQUENCE_SIZE_MAX - size)
			return -EOVERFLOW;
		size += members->list[i].file.size;
	}
	*ret_size = size;
	return 0;
}

int member_sequence_new(struct member_folder *folder, struct members *members,
    struct member_sequence **ret)
{
	struct member_sequence *sequence;
	uint64_t size;
	int r = measure(members, &size);

	/* A source knows where each of them ends. */
	if (r == 0)
		r = member_list_reserve(
		    members, members->count * sizeof(uint64_t));
	if (r < 0)
		return r;
	sequence = calloc(1, sizeof(*sequence));
	if (!sequence)
		return -ENOMEM;
	sequence->references = 1;
	sequence->folder = member_folder_ref(folder);
	sequence->members = members;
	sequence->size = size;
	*ret = sequence;
	return 0;
}

static struct member_sequence *ref(struct member_sequence *sequence)
{
	sequence->references++;
	return sequence;
}

void member_sequence_unref(struct member_sequence *sequence)
{
	if (!sequence || --sequence->references > 0)
		return;
	member_folder_unref(sequence->folder);
	member_list_free(sequence->members);
	free(sequence);
}

/* --- what it is ----------------------------------------------------------- */

uint64_t member_sequence_size(const struct member_sequence *sequence)
{
	return sequence->size;
}

const char *member_sequence_etag(const struct member_sequence *sequence)
{
	return sequence->members->etag;
}

const char *member_sequence_failed(const struct member_sequence *sequence)
{
	const struct member *failed = member_folder_failed(sequence->folder);

	return failed ? failed->name : NULL;
}

/* --- its bytes ------------------------------------------------------------ */

static struct source *open_member(
    void *context, size_t index, uint64_t *ret_offset)
{
	struct member_sequence *sequence = context;

	(void)ret_offset;
	return member_source_new(
	    sequence->folder, &sequence->members->list[index]);
}

static void release(void *context)
{
	member_sequence_unref(context);
}

static struct source *open_all(void *context)
{
	struct member_sequence *sequence = context;
	size_t count = sequence->members->count;
	uint64_t *lengths = calloc(count + 1, sizeof(*lengths));
	struct source_sequence_parts parts = {
		.count = count,
		.lengths = lengths,
		.open = open_member,
		.release = release,
		.context = sequence,
	};
	struct source *source = NULL;

	if (!lengths)
		return NULL;
	for (size_t i = 0; i < count; i++)
		lengths[i] = sequence->members->list[i].file.size;
	source = source_sequence_new(&parts);
	if (source)
		ref(sequence);
	free(lengths);
	return source;
}

struct source_maker member_sequence_maker(struct member_sequence *sequence)
{
	return (struct source_maker){
		.open = open_all,
		.release = release,
		.context = ref(sequence),
	};
}
