/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/digest_record.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/file/file_identity.h"
#include "common/file/file_version.h"
#include "common/parse_number.h"

#define CRC32_SIZE 4
#define REPR_DIGEST_KEY "sha-256=:"

/* One of a record's digests, as bytes. */
struct digest {
	uint8_t bytes[DIGEST_SHA256_SIZE];
	size_t size;
};

static struct digest sha256_of(const struct digest_record *r)
{
	struct digest digest = { .size = DIGEST_SHA256_SIZE };

	memcpy(digest.bytes, r->sha256, DIGEST_SHA256_SIZE);
	return digest;
}

/* The highest byte first, as it is printed. */
static struct digest crc32_of(const struct digest_record *r)
{
	struct digest digest = { .size = CRC32_SIZE };

	for (size_t i = 0; i < CRC32_SIZE; i++)
		digest.bytes[i] = (uint8_t)(r->crc32 >> (24 - 8 * i));
	return digest;
}

static int format(const struct digest *digest, const struct digest_record *r,
    char *buf, size_t n)
{
	char hex[2 * DIGEST_SHA256_SIZE + 1];
	int length;

	sodium_bin2hex(hex, sizeof(hex), digest->bytes, digest->size);
	length = snprintf(buf, n, "%s %" PRIu64 " %jd.%09ld", hex, r->size,
	    (intmax_t)r->mtime.tv_sec, r->mtime.tv_nsec);
	return length >= 0 && (size_t)length < n ? length : -ENOBUFS;
}

int digest_record_format(const struct digest_record *r, char *buf, size_t n)
{
	const struct digest sha256 = sha256_of(r);

	return format(&sha256, r, buf, n);
}

int digest_record_format_crc32(
    const struct digest_record *r, char *buf, size_t n)
{
	const struct digest crc32 = crc32_of(r);

	return format(&crc32, r, buf, n);
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
static int parse_parts(
    const char *text, struct digest *digest, struct digest_record *ret)
{
	const char *p = text + 2 * digest->size;
	uint64_t nanoseconds;

	if (sodium_hex2bin(digest->bytes, digest->size, text, 2 * digest->size,
		NULL, NULL, NULL) != 0 ||
	    *p++ != ' ' || parse_digits(&p, &ret->size) < 0 || *p++ != ' ' ||
	    parse_seconds(&p, &ret->mtime.tv_sec) < 0 || *p++ != '.' ||
	    parse_digits(&p, &nanoseconds) < 0 || nanoseconds > 999999999)
		return -EINVAL;
	ret->mtime.tv_nsec = (long)nanoseconds;
	return 0;
}

/* Reads a record with a digest of digest->size, which is set. */
static int parse(const char *text, size_t length, struct digest *digest,
    struct digest_record *ret)
{
	char copy[DIGEST_RECORD_MAX], same[DIGEST_RECORD_MAX];

	if (length <= 2 * digest->size || length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	/* Upper case, leading zeros and the like fail the comparison. */
	if (parse_parts(copy, digest, ret) < 0 ||
	    format(digest, ret, same, sizeof(same)) != (int)length ||
	    memcmp(copy, same, length) != 0)
		return -EINVAL;
	return 0;
}

int digest_record_parse(
    const char *text, size_t length, struct digest_record *ret)
{
	struct digest sha256 = { .size = DIGEST_SHA256_SIZE };
	struct digest_record r = { .size = 0 };

	if (parse(text, length, &sha256, &r) < 0)
		return -EINVAL;
	memcpy(r.sha256, sha256.bytes, DIGEST_SHA256_SIZE);
	*ret = r;
	return 0;
}

int digest_record_parse_crc32(
    const char *text, size_t length, struct digest_record *ret)
{
	struct digest crc32 = { .size = CRC32_SIZE };
	struct digest_record r = { .size = 0 };

	if (parse(text, length, &crc32, &r) < 0)
		return -EINVAL;
	for (size_t i = 0; i < CRC32_SIZE; i++)
		r.crc32 = r.crc32 << 8 | crc32.bytes[i];
	*ret = r;
	return 0;
}

bool digest_record_is_of(
    const struct digest_record *r, uint64_t size, const struct timespec *mtime)
{
	return r->size == size && file_identity_same_time(&r->mtime, mtime);
}

bool digest_record_find(const char *text, size_t length,
    const struct file_version *version, uint8_t ret[DIGEST_SHA256_SIZE])
{
	struct digest_record record;

	if (digest_record_parse(text, length, &record) < 0 ||
	    !digest_record_is_of(&record, version->size, &version->mtime))
		return false;
	memcpy(ret, record.sha256, sizeof(record.sha256));
	return true;
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
