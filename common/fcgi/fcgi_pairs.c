/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/fcgi/fcgi_pairs.h"

#include <errno.h>
#include <stdbool.h>

/* A length of one byte, or of four with the top bit set. */
static bool read_length(struct fcgi_pair_reader *reader, size_t *ret_length)
{
	const uint8_t *p = reader->next;
	size_t size = reader->left > 0 && p[0] & 0x80 ? 4 : 1;

	if (reader->left < size)
		return false;
	*ret_length = p[0];
	if (size == 4)
		*ret_length = (size_t)(p[0] & 0x7f) << 24 | (size_t)p[1] << 16 |
		    (size_t)p[2] << 8 | p[3];
	reader->next += size;
	reader->left -= size;
	return true;
}

int fcgi_pair_next(struct fcgi_pair_reader *reader, struct fcgi_pair *ret_pair)
{
	size_t name, value;

	if (reader->left == 0)
		return 0;
	if (!read_length(reader, &name) || !read_length(reader, &value))
		return -EPROTO;
	if (name > reader->left || value > reader->left - name)
		return -EPROTO;
	*ret_pair = (struct fcgi_pair){
		.name = reader->next,
		.name_length = name,
		.value = reader->next + name,
		.value_length = value,
	};
	reader->next += name + value;
	reader->left -= name + value;
	return 1;
}
