/* SPDX-License-Identifier: MIT */
/* Fuzz entry of common/parse_number. The input is the text of a number. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/parse_number.h"

#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

typedef int parse_fn(const char *text, uint64_t *ret_value);

/* The result is one of three, and a failure leaves the value alone. */
static int checked(parse_fn *parse, const char *text, uint64_t *ret_value)
{
	uint64_t value = UNTOUCHED;
	int err = parse(text, &value);

	require(err == 0 || err == -EINVAL || err == -ERANGE);
	require(err == 0 || value == UNTOUCHED);
	*ret_value = value;
	return err;
}

/* The C library reads plain digits likewise. */
static void compare_with_libc(const char *text, int err, uint64_t value)
{
	bool digits =
	    text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
	uintmax_t expected;

	require(digits == (err != -EINVAL));
	if (!digits)
		return;
	errno = 0;
	expected = strtoumax(text, NULL, 10);
	require((errno == ERANGE) == (err == -ERANGE));
	require(err || value == expected);
}

int fuzz_parse_number(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	uint64_t number;
	uint64_t scaled;
	int err;

	require(text != NULL);
	err = checked(parse_u64, text, &number);
	compare_with_libc(text, err, number);
	/* A number alone is as many bytes, and as many seconds. */
	if (err == 0) {
		require(checked(parse_size, text, &scaled) == 0);
		require(scaled == number);
		if (checked(parse_duration, text, &scaled) == 0)
			require(scaled / 1000 == number);
	}
	if (checked(parse_size, text, &scaled) == 0 && err)
		require(scaled % 1024 == 0);
	checked(parse_duration, text, &scaled);
	free(text);
	return 0;
}
