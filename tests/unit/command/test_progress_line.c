/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/command/progress_line. */
#include "config.h"
#include "fcgi_app/command/progress_line.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define SECOND UINT64_C(1000000000)
#define MB UINT64_C(1000000)

static const struct {
	struct progress_state progress;
	unsigned int width;
	const char *line;
} rows[] = {
	{ { "big.iso", 0, 1000 * MB, 0 }, 80,
	    "big.iso                   [                    ]"
	    "   0%      0 MB/s     -:-- left" },
	{ { "big.iso", 500 * MB, 1000 * MB, SECOND }, 80,
	    "big.iso                   [==========          ]"
	    "  50%    500 MB/s     0:01 left" },
	{ { "big.iso", 999 * MB, 1000 * MB, SECOND }, 80,
	    "big.iso                   [=================== ]"
	    "  99%    999 MB/s     0:00 left" },
	{ { "big.iso", 1000 * MB, 1000 * MB, SECOND }, 80,
	    "big.iso                   [====================]"
	    " 100%   1000 MB/s     0:00 left" },
	{ { "empty", 0, 0, 0 }, 80,
	    "empty                     [====================]"
	    " 100%      0 MB/s     0:00 left" },
	{ { "x", MB, 60 * MB, SECOND }, 80,
	    "x                         [                    ]"
	    "   1%      1 MB/s     0:59 left" },
	{ { "x", MB, 3601 * MB, SECOND }, 80,
	    "x                         [                    ]"
	    "   0%      1 MB/s  1:00:00 left" },
	{ { "x", MB, 360000 * MB, SECOND }, 80,
	    "x                         [                    ]"
	    "   0%      1 MB/s 99:59:59 left" },
	{ { "x", MB, 360001 * MB, SECOND }, 80,
	    "x                         [                    ]"
	    "   0%      1 MB/s     -:-- left" },
	/* The end of a name tells more than its start. */
	{ { "/srv/downloads/debian/disk.iso", MB, 2 * MB, SECOND }, 80,
	    "downloads/debian/disk.iso [==========          ]"
	    "  50%      1 MB/s     0:01 left" },
	{ { "a\nb\033[1m\177", MB, 2 * MB, SECOND }, 80,
	    "a?b?[1m?                  [==========          ]"
	    "  50%      1 MB/s     0:01 left" },
	{ { "gr\xc3\xbc\xc3\x9f", MB, 2 * MB, SECOND }, 80,
	    "gr\xc3\xbc\xc3\x9f                      [==========          ]"
	    "  50%      1 MB/s     0:01 left" },
	{ { "\xc2\x9b"
	    "1m\x9b\xff\xe2\x80\xae",
	      MB, 2 * MB, SECOND },
	    80,
	    "?1m???                    [==========          ]"
	    "  50%      1 MB/s     0:01 left" },
	/* Just wide enough for the bar and for the name, and too narrow. */
	{ { "0123456789\xc3\xa9yz", MB, 2 * MB, SECOND }, 67,
	    "123456789\xc3\xa9yz [==========          ]"
	    "  50%      1 MB/s     0:01 left" },
	{ { "name", MB, 2 * MB, SECOND }, 66,
	    "name                                50%      1 MB/s     0:01 "
	    "left" },
	{ { "name", MB, 2 * MB, SECOND }, 44,
	    "name          50%      1 MB/s     0:01 left" },
	{ { "name", MB, 2 * MB, SECOND }, 43,
	    " 50%      1 MB/s     0:01 left" },
	{ { "name", MB, 2 * MB, SECOND }, 0, " 50%      1 MB/s     0:01 left" },
};

static void writes_a_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char line[PROGRESS_LINE_MAX];

		progress_line_format(&rows[i].progress, rows[i].width, line);
		assert_string_equal(line, rows[i].line);
	}
}

static void keeps_within_its_buffer(void **state)
{
	static const char *const names[] = { "x", "\xc3\xa9",
		"\xf0\x9f\x8e\xac", "\x80", "\xff" };
	const struct progress_state figures = { NULL, UINT64_MAX - 1,
		UINT64_MAX, 1 };
	char name[4097], line[PROGRESS_LINE_MAX], widest[PROGRESS_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct progress_state progress = figures;

		name[0] = '\0';
		while (strlen(name) + 4 < sizeof(name))
			strcat(name, names[i]);
		progress.name = name;
		progress_line_format(
		    &progress, PROGRESS_LINE_WIDTH_MAX, widest);
		assert_true(strlen(widest) < sizeof(widest));
		progress_line_format(
		    &progress, PROGRESS_LINE_WIDTH_MAX + 1, line);
		assert_string_equal(line, widest);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_line),
		cmocka_unit_test(keeps_within_its_buffer),
	};

	return cmocka_run_group_tests_name("progress_line", tests, NULL, NULL);
}
