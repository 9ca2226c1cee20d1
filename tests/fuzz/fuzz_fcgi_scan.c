/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of common/fcgi/fcgi_scan. The input is what a front sends; it is
 * fed whole and in pieces, and both must be told of the same.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/fcgi/fcgi_scan.h"

/* All that the scanner said, in short. */
struct digest {
	uint64_t events;
	uint64_t head;
	uint64_t body;
	uint64_t management;
	size_t head_length; /* of this head */
	enum fcgi_scan_event last;
};

/* FNV-1a */
static void add(uint64_t *digest, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < length; i++)
		*digest = (*digest ^ at[i]) * 0x100000001b3;
}

static void add_number(uint64_t *digest, uint64_t number)
{
	add(digest, &number, sizeof(number));
}

static bool is_bytes(enum fcgi_scan_event event)
{
	return event == FCGI_SCAN_HEAD_BYTES || event == FCGI_SCAN_BODY_BYTES ||
	    event == FCGI_SCAN_MANAGEMENT_BYTES;
}

/* Where the bytes are cut into spans is no matter. */
static void digest_event(struct digest *digest, const struct fcgi_scan *scan,
    enum fcgi_scan_event event)
{
	if (!is_bytes(event) || event != digest->last)
		add_number(&digest->events, event);
	digest->last = event;
	if (event == FCGI_SCAN_HEAD_BYTES) {
		add(&digest->head, scan->data, scan->length);
		digest->head_length += scan->length;
		require(digest->head_length <= FCGI_SCAN_HEAD_MAX);
	} else if (event == FCGI_SCAN_BODY_BYTES) {
		add(&digest->body, scan->data, scan->length);
	} else if (event == FCGI_SCAN_HEAD_END ||
	    event == FCGI_SCAN_UNKNOWN_ROLE) {
		add_number(&digest->events, scan->request_id);
		add_number(&digest->events, scan->keep_conn);
		add_number(&digest->events, digest->head_length);
		digest->head_length = 0;
	} else if (event == FCGI_SCAN_ABORT) {
		require(!fcgi_scan_in_request(scan));
		digest->head_length = 0;
	} else if (event == FCGI_SCAN_MANAGEMENT_BYTES) {
		add(&digest->management, scan->data, scan->length);
	} else if (event == FCGI_SCAN_MANAGEMENT_END) {
		add_number(&digest->events, scan->record.type);
	} else if (event == FCGI_SCAN_SECOND_REQUEST) {
		require(scan->record.request_id != scan->request_id);
		add_number(&digest->events, scan->record.request_id);
	} else if (event == FCGI_SCAN_BROKEN) {
		require(scan->reason != NULL);
		add(&digest->events, scan->reason, strlen(scan->reason));
	}
}

static bool within(const struct fcgi_scan *scan, const void *whole, size_t size)
{
	uintptr_t from = (uintptr_t)whole;
	uintptr_t at = (uintptr_t)scan->data;

	return at >= from && scan->length <= size &&
	    at - from <= size - scan->length;
}

static void check_span(const struct fcgi_scan *scan, enum fcgi_scan_event event,
    const uint8_t *input, size_t length)
{
	if (is_bytes(event))
		require(scan->length > 0 &&
		    (within(scan, input, length) ||
			within(scan, scan, sizeof(*scan))));
}

/* Some requests are answered before their body has come, some after it. */
static void answer(struct fcgi_scan *scan, enum fcgi_scan_event event)
{
	bool early = scan->request_id % 2 == 0;

	if ((event == FCGI_SCAN_HEAD_END && early) ||
	    (event == FCGI_SCAN_UNKNOWN_ROLE && early) ||
	    event == FCGI_SCAN_ABORT ||
	    (event == FCGI_SCAN_BODY_END && !early)) {
		fcgi_scan_request_done(scan);
		require(!fcgi_scan_in_request(scan));
	}
}

/* One read. False: broken. */
static bool feed(struct fcgi_scan *scan, struct digest *digest,
    const uint8_t *input, size_t length)
{
	/* Each record has a header; no record makes more than four events. */
	size_t steps_left = length + 16;
	enum fcgi_scan_event event;
	size_t used;

	do {
		event = fcgi_scan_next(scan, input, length, &used);
		require(used <= length && steps_left-- > 0);
		check_span(scan, event, input, length);
		if (event == FCGI_SCAN_MORE)
			require(used == length);
		else
			digest_event(digest, scan, event);
		answer(scan, event);
		input += used;
		length -= used;
	} while (event != FCGI_SCAN_MORE && event != FCGI_SCAN_BROKEN);
	return event != FCGI_SCAN_BROKEN;
}

static void check_broken(struct fcgi_scan *scan)
{
	static const uint8_t byte = 1;
	size_t used = 47;

	fcgi_scan_request_done(scan);
	require(fcgi_scan_next(scan, &byte, 1, &used) == FCGI_SCAN_BROKEN);
	require(used == 0);
	require(!fcgi_scan_in_request(scan));
}

/* Feeds pieces of 1 to `most` bytes; the input itself says how long. */
static struct digest feed_pieces(const uint8_t *data, size_t size, size_t most)
{
	struct digest digest = { .last = FCGI_SCAN_MORE };
	struct fcgi_scan scan;
	uint64_t random = size;

	fcgi_scan_init(&scan);
	while (size > 0) {
		size_t n = 1 + random % most;
		uint8_t *copy;
		bool whole;

		if (n > size)
			n = size;
		/* Of the exact size, so that ASan sees an overrun. */
		copy = malloc(n);
		require(copy != NULL);
		memcpy(copy, data, n);
		whole = feed(&scan, &digest, copy, n);
		free(copy);
		if (!whole) {
			check_broken(&scan);
			break;
		}
		add(&random, data, n);
		data += n;
		size -= n;
	}
	return digest;
}

static bool same(const struct digest *a, const struct digest *b)
{
	return a->events == b->events && a->head == b->head &&
	    a->body == b->body && a->management == b->management &&
	    a->head_length == b->head_length;
}

int fuzz_fcgi_scan(const uint8_t *data, size_t size)
{
	static const size_t most[] = { 1, 9, 300 };
	struct digest whole = { .last = FCGI_SCAN_MORE };
	struct fcgi_scan scan;

	fcgi_scan_init(&scan);
	if (!feed(&scan, &whole, data, size))
		check_broken(&scan);
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		struct digest pieces = feed_pieces(data, size, most[i]);

		require(same(&whole, &pieces));
	}
	return 0;
}
