/* SPDX-License-Identifier: MIT */
/* The entries of the fuzz program, and what they share. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Each is fuzz_NAME() in fuzz_NAME.c; its corpus is corpus/NAME. */
#define FUZZ_ENTRIES(ENTRY)        \
	ENTRY(accept)              \
	ENTRY(archive_names)       \
	ENTRY(byte_range)          \
	ENTRY(content_coding)      \
	ENTRY(content_disposition) \
	ENTRY(cors)                \
	ENTRY(digest_record)       \
	ENTRY(etag)                \
	ENTRY(event_stream)        \
	ENTRY(expires)             \
	ENTRY(fcgi_management)     \
	ENTRY(fcgi_params)         \
	ENTRY(fcgi_scan)           \
	ENTRY(follow_query)        \
	ENTRY(http_date)           \
	ENTRY(if_range)            \
	ENTRY(list_form)           \
	ENTRY(list_names)          \
	ENTRY(list_query)          \
	ENTRY(media_type)          \
	ENTRY(multipart)           \
	ENTRY(name_list_form)      \
	ENTRY(name_list_json)      \
	ENTRY(name_list_lines)     \
	ENTRY(parse_number)        \
	ENTRY(path_rule)           \
	ENTRY(probe_query)         \
	ENTRY(redirect)            \
	ENTRY(request_path)        \
	ENTRY(want_digest)         \
	ENTRY(web_server_addrs)

/* Does with the input what libFuzzer would have it do; returns 0. */
typedef int fuzz_entry_fn(const uint8_t *data, size_t size);

#define FUZZ_DECLARE(name) fuzz_entry_fn fuzz_##name;
FUZZ_ENTRIES(FUZZ_DECLARE)
#undef FUZZ_DECLARE

/* Unlike assert(), holds in every build. */
static inline void require(bool condition)
{
	if (!condition)
		abort();
}

#endif
