/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/reader/read_policy.h"

enum read_way read_policy_way(const struct read_facts *facts)
{
	switch (facts->mode) {
	case PAGE_CACHE_ALWAYS:
		return READ_WAY_CACHE;
	case PAGE_CACHE_NEVER:
		return READ_WAY_DIRECT;
	case PAGE_CACHE_AUTO:
		break;
	}
	if (facts->uses > 1)
		return READ_WAY_CACHE;
	if (facts->size > 0 && facts->size <= facts->chunk)
		return READ_WAY_CACHE;
	return READ_WAY_DIRECT;
}

bool read_policy_is_sparse(uint64_t size, uint64_t blocks, uint64_t chunk)
{
	/* Rounded up: a block that is begun is there. */
	return size > chunk && blocks < size / 512;
}
