/* SPDX-License-Identifier: MIT */
/* Digests of a file: as they are stored with the file, and as they are sent. */
#ifndef FCGI_APP_POLICY_DIGEST_RECORD_H
#define FCGI_APP_POLICY_DIGEST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct file_version;

#define DIGEST_SHA256_SIZE 32

/* The extended attributes of a file that hold its records (xattr(7)). */
#define DIGEST_RECORD_ATTRIBUTE "user.digest.sha256"
#define DIGEST_RECORD_CRC32_ATTRIBUTE "user.digest.crc32"

/* A buffer of this size holds any record as text and its NUL. */
#define DIGEST_RECORD_MAX 117

/* Digests, and which content they are of: the file's when it was like this. */
struct digest_record {
	uint8_t sha256[DIGEST_SHA256_SIZE];
	uint32_t crc32; /* as in zip archives */
	uint64_t size;
	struct timespec mtime;
};

/*
 * Writes a record as text with a NUL: 64 hexadecimal digits, the size in
 * bytes, the time of modification in seconds and nine digits of nanoseconds,
 * as in "9f86…0a08 4 1700000000.012345678".
 * Returns the length without the NUL; -ENOBUFS if `n` bytes are not enough.
 */
int digest_record_format(const struct digest_record *r, char *buf, size_t n);

/*
 * Reads such a text. Anyone who may write the file may write it, so nothing
 * but what digest_record_format() writes is accepted, to the byte. Other
 * programs keep a digest alone in the same attribute: it could be of other
 * content, and is refused.
 * Returns 0, or -EINVAL and `ret` is left alone.
 */
int digest_record_parse(
    const char *text, size_t length, struct digest_record *ret);

/* The same two with the CRC-32, 8 digits, instead of the SHA-256. */
int digest_record_format_crc32(
    const struct digest_record *r, char *buf, size_t n);

int digest_record_parse_crc32(
    const char *text, size_t length, struct digest_record *ret);

/*
 * Returns whether the record is of the content of a file of this size and
 * mtime.
 */
bool digest_record_is_of(
    const struct digest_record *r, uint64_t size, const struct timespec *mtime);

/*
 * Returns true, and the digest, if the text is a record of the content of a
 * file of this version; else `ret` is left alone.
 */
bool digest_record_find(const char *text, size_t length,
    const struct file_version *version, uint8_t ret[DIGEST_SHA256_SIZE]);

/* What repr_digest_format() writes, with its NUL. */
#define REPR_DIGEST_MAX 55

/*
 * Writes the value of Repr-Digest, a dictionary with one byte sequence
 * (RFC 9530, 3; RFC 8941, 3.3.5): "sha-256=:…:".
 */
void repr_digest_format(
    const uint8_t sha256[DIGEST_SHA256_SIZE], char ret[REPR_DIGEST_MAX]);

#endif
