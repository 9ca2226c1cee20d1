/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/list/size_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A unit is 1024 times the one before. */
#define UNIT_BITS 10

static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB",
	"EiB" };

/* Returns tenths of units of 2^shift bytes, shift > 0; does not overflow. */
static uint64_t tenths_of(uint64_t bytes, unsigned int shift)
{
	uint64_t rest = bytes & ((UINT64_C(1) << shift) - 1);
	uint64_t half = UINT64_C(1) << (shift - 1);

	return (bytes >> shift) * 10 + ((rest * 10 + half) >> shift);
}

void size_text_short(uint64_t bytes, char ret[SIZE_TEXT_SHORT_MAX])
{
	unsigned int unit = 1;
	uint64_t tenths;

	if (bytes < 1 << UNIT_BITS) {
		snprintf(ret, SIZE_TEXT_SHORT_MAX, "%u B", (unsigned int)bytes);
		return;
	}
	/* 64 bits end within EiB. */
	while ((tenths = tenths_of(bytes, unit * UNIT_BITS)) >= 10 << UNIT_BITS)
		unit++;
	snprintf(ret, SIZE_TEXT_SHORT_MAX, "%u.%u %s",
	    (unsigned int)(tenths / 10), (unsigned int)(tenths % 10),
	    units[unit]);
}

void size_text_exact(uint64_t bytes, char ret[SIZE_TEXT_EXACT_MAX])
{
	char digits[SIZE_TEXT_EXACT_MAX];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, bytes);
	char *to = ret;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
}
