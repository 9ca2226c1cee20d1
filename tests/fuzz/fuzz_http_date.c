/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/http_date. The input is a date field. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "fcgi_app/policy/http_date.h"

#define UNTOUCHED ((time_t)4711)
#define EARLIEST INT64_C(-62167219200)
#define LATEST INT64_C(253402300799)

static const int64_t clocks[] = { INT64_MIN, EARLIEST, 0, 784111777, LATEST,
	INT64_MAX };

/* What can be read can be written, and is read again as the same. */
static void check(const char *field, time_t now)
{
	time_t when = UNTOUCHED;
	time_t again = UNTOUCHED;
	char text[HTTP_DATE_SIZE];
	int err = http_date_parse(field, now, &when);

	if (err) {
		require(err == -EINVAL && when == UNTOUCHED);
		return;
	}
	http_date_format(when, text);
	require(strlen(text) == HTTP_DATE_SIZE - 1);
	require(http_date_parse(text, now, &again) == 0);
	/* A leap second may be the first one beyond the format. */
	require(again == when || when > LATEST);
}

/* The input's bytes as a time: any time can be written and read. */
static void check_time(const uint8_t *data, size_t size)
{
	int64_t when = 0;
	time_t again = UNTOUCHED;
	char text[HTTP_DATE_SIZE];

	memcpy(&when, data, size < sizeof(when) ? size : sizeof(when));
	http_date_format((time_t)when, text);
	require(http_date_parse(text, 0, &again) == 0);
	if (when >= EARLIEST && when <= LATEST)
		require(again == when);
	else
		require(again == (when < 0 ? EARLIEST : LATEST));
}

int fuzz_http_date(const uint8_t *data, size_t size)
{
	char *field = strndup((const char *)data, size);

	require(field != NULL);
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		check(field, (time_t)clocks[i]);
	if (size > 0)
		check_time(data, size);
	free(field);
	return 0;
}
