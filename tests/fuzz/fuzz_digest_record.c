/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/digest_record. The input is an attribute. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/policy/digest_record.h"

typedef int format_fn(const struct digest_record *r, char *buf, size_t n);

/* What is accepted is written again as it was, and fits. */
static void check(const struct digest_record *r, format_fn *format,
    const char *text, size_t size)
{
	char same[DIGEST_RECORD_MAX];
	char field[REPR_DIGEST_MAX];

	require(r->mtime.tv_nsec >= 0 && r->mtime.tv_nsec < 1000000000);
	require(digest_record_is_of(r, r->size, &r->mtime));
	require(format(r, same, sizeof(same)) == (int)size);
	require(memcmp(same, text, size) == 0);
	repr_digest_format(r->sha256, field);
	require(strlen(field) == REPR_DIGEST_MAX - 1);
}

int fuzz_digest_record(const uint8_t *data, size_t size)
{
	/* Without a NUL behind it, as fgetxattr(2) leaves it. */
	char *text = malloc(size);
	struct digest_record r;

	require(text != NULL || size == 0);
	if (size > 0)
		memcpy(text, data, size);
	if (digest_record_parse(text, size, &r) == 0)
		check(&r, digest_record_format, text, size);
	if (digest_record_parse_crc32(text, size, &r) == 0)
		check(&r, digest_record_format_crc32, text, size);
	free(text);
	return 0;
}
