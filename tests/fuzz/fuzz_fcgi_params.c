/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of common/fcgi/fcgi_params. The input is what a front sends: each
 * head that the scanner cuts out of it is parsed, by one parser for all inputs.
 *
 * libfcgi keeps one table for the whole process, made by the first FCGX_Init(),
 * which is no leak.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "common/fcgi/fcgi_scan.h"

static struct fcgi_params_parser *parser(void)
{
	static struct fcgi_params_parser *made;

	if (!made)
		require(fcgi_params_parser_new(&made) == 0);
	return made;
}

/* Of the exact size, so that ASan sees an overrun. */
static int parse_copy(
    const uint8_t *head, size_t length, struct fcgi_params **ret_params)
{
	uint8_t *copy = malloc(length);
	int r;

	require(copy != NULL);
	memcpy(copy, head, length);
	r = fcgi_params_parse(parser(), copy, length, ret_params);
	free(copy);
	return r;
}

static void look_up_names(const struct fcgi_params *params)
{
	static const char *const names[] = { "", "DOCUMENT_ROOT",
		"DOCUMENT_URI", "REQUEST_METHOD", "HTTP_RANGE", "A", "=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = fcgi_params_get(params, names[i]);

		require(!value || strlen(value) < FCGI_SCAN_HEAD_MAX);
	}
	/* libfcgi's own; a role that it does not know is an error. */
	require(fcgi_params_get(params, "FCGI_ROLE") != NULL);
}

static void parse(const uint8_t *head, size_t length)
{
	struct fcgi_params *params = NULL;
	int r = parse_copy(head, length, &params);

	require(r == 0 || r == -EPROTO);
	require((r == 0) == (params != NULL));
	if (params)
		look_up_names(params);
	fcgi_params_free(params);
}

/* Whatever came before, the next head is read right. */
static void check_usable(void)
{
	static const uint8_t head[] = "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
				      "\1\4\0\1\0\12\0\0\4\4NAMEgood"
				      "\1\4\0\1\0\0\0\0";
	struct fcgi_params *params = NULL;

	require(parse_copy(head, sizeof(head) - 1, &params) == 0);
	require(strcmp(fcgi_params_get(params, "NAME"), "good") == 0);
	fcgi_params_free(params);
}

int fuzz_fcgi_params(const uint8_t *data, size_t size)
{
	static uint8_t head[FCGI_SCAN_HEAD_MAX];
	size_t length = 0, used;
	enum fcgi_scan_event event;
	struct fcgi_scan scan;

	fcgi_scan_init(&scan);
	do {
		event = fcgi_scan_next(&scan, data, size, &used);
		data += used;
		size -= used;
		if (event == FCGI_SCAN_HEAD_BYTES) {
			require(scan.length <= sizeof(head) - length);
			memcpy(head + length, scan.data, scan.length);
			length += scan.length;
		} else if (event == FCGI_SCAN_HEAD_END ||
		    event == FCGI_SCAN_UNKNOWN_ROLE ||
		    event == FCGI_SCAN_ABORT) {
			if (event == FCGI_SCAN_HEAD_END)
				parse(head, length);
			length = 0;
			fcgi_scan_request_done(&scan);
		}
	} while (event != FCGI_SCAN_MORE && event != FCGI_SCAN_BROKEN);
	check_usable();
	return 0;
}
