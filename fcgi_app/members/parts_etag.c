/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/members/parts_etag.h"

#include <string.h>

void parts_etag_init(struct parts_etag *tag)
{
	crypto_hash_sha256_init(&tag->hash);
}

void parts_etag_add_number(struct parts_etag *tag, uint64_t number)
{
	unsigned char bytes[sizeof(number)];

	/* Byte order is fixed: other machines have the same tags. */
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(number >> (8 * i));
	crypto_hash_sha256_update(&tag->hash, bytes, sizeof(bytes));
}

void parts_etag_add(struct parts_etag *tag, const char *name,
    const struct etag_content *content)
{
	const struct file_version *version = &content->version;

	/* With its NUL, which marks where the name ends. */
	crypto_hash_sha256_update(
	    &tag->hash, (const unsigned char *)name, strlen(name) + 1);
	parts_etag_add_number(tag, version->size);
	parts_etag_add_number(tag, content->sha256 != NULL);
	if (content->sha256) {
		crypto_hash_sha256_update(
		    &tag->hash, content->sha256, crypto_hash_sha256_BYTES);
		return;
	}
	parts_etag_add_number(tag, (uint64_t)version->mtime.tv_sec);
	parts_etag_add_number(tag, (uint64_t)version->mtime.tv_nsec);
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
