/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/digest_record.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/file/file_identity.h"
#include "common/parse_number.h"

#define HEX_DIGITS (2 * DIGEST_SHA256_SIZE)
#define REPR_DIGEST_KEY "sha-256=:"

int digest_record_format(const struct digest_record *r, char *buf, size_t n)
{
	char hex[HEX_DIGITS + 1];
	int length;

	sodium_bin2hex(hex, sizeof(hex), r->sha256, sizeof(r->sha256));
	length = snprintf(buf, n, "%s %" PRIu64 " %jd.%09ld", hex, r->size,
	    (intmax_t)r->mtime.tv_sec, r->mtime.tv_nsec);
	return length >= 0 && (size_t)length < n ? length : -ENOBUFS;
}

/* Seconds, which are negative before 1970. */
static int parse_seconds(const char **cursor, time_t *ret)
{
	bool negative = **cursor == '-';
	uint64_t value;

	*cursor += negative;
	if (parse_digits(cursor, &value) < 0 ||
	    value > (uint64_t)INT64_MAX + negative)
		return -EINVAL;
	*ret = (time_t)(negative ? -value : value);
	return 0;
}

/* Reads the parts of a text, which may be spelt otherwise than ours. */
static int parse_parts(const char *text, struct digest_record *ret)
{
	const char *p = text + HEX_DIGITS;
	uint64_t nanoseconds;

	if (sodium_hex2bin(ret->sha256, sizeof(ret->sha256), text, HEX_DIGITS,
		NULL, NULL, NULL) != 0 ||
	    *p++ != ' ' || parse_digits(&p, &ret->size) < 0 || *p++ != ' ' ||
	    parse_seconds(&p, &ret->mtime.tv_sec) < 0 || *p++ != '.' ||
	    parse_digits(&p, &nanoseconds) < 0 || nanoseconds > 999999999)
		return -EINVAL;
	ret->mtime.tv_nsec = (long)nanoseconds;
	return 0;
}

int digest_record_parse(
    const char *text, size_t length, struct digest_record *ret)
{
	char copy[DIGEST_RECORD_MAX], same[DIGEST_RECORD_MAX];
	struct digest_record r;

	if (length <= HEX_DIGITS || length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	/* Upper case, leading zeros and the like fail the comparison. */
	if (parse_parts(copy, &r) < 0 ||
	    digest_record_format(&r, same, sizeof(same)) != (int)length ||
	    memcmp(copy, same, length) != 0)
		return -EINVAL;
	*ret = r;
	return 0;
}

bool digest_record_is_of(
    const struct digest_record *r, uint64_t size, const struct timespec *mtime)
{
	return r->size == size && file_identity_same_time(&r->mtime, mtime);
}

void repr_digest_format(
    const uint8_t sha256[DIGEST_SHA256_SIZE], char ret[REPR_DIGEST_MAX])
{
	const size_t start = sizeof(REPR_DIGEST_KEY) - 1;

	memcpy(ret, REPR_DIGEST_KEY, start);
	sodium_bin2base64(ret + start, REPR_DIGEST_MAX - start, sha256,
	    DIGEST_SHA256_SIZE, sodium_base64_VARIANT_ORIGINAL);
	strcat(ret, ":");
}
