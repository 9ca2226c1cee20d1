/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/members/parts_etag.h"

#include <string.h>

void parts_etag_init(struct parts_etag *tag)
{
	crypto_hash_sha256_init(&tag->hash);
}

/* Byte order is fixed: machines that share files have the same tags. */
static void put(unsigned char to[8], uint64_t number)
{
	for (int i = 0; i < 8; i++)
		to[i] = (unsigned char)(number >> (8 * i));
}

void parts_etag_add(struct parts_etag *tag, const struct file_identity *file)
{
	uint64_t fields[FILE_IDENTITY_WORDS];
	unsigned char bytes[8 * FILE_IDENTITY_WORDS];

	file_identity_pack(file, fields);
	for (size_t i = 0; i < FILE_IDENTITY_WORDS; i++)
		put(bytes + 8 * i, fields[i]);
	crypto_hash_sha256_update(&tag->hash, bytes, sizeof(bytes));
}

void parts_etag_format(struct parts_etag *tag, char ret[ETAG_MAX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];

	_Static_assert(sizeof(hex) + 2 <= ETAG_MAX, "hash, quotes, and NUL");
	crypto_hash_sha256_final(&tag->hash, hash);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	strcpy(stpcpy(stpcpy(ret, "\""), hex), "\"");
}
