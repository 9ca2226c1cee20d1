/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/access_log: what arrives on standard error. */
#include "config.h"

#include "fcgi_app/request/access_log.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi_app/setup/log.h"
#include "tests/unit/support/unit.h"

/* What follows `TIME fcgi-stream[PID] access `. */
struct line {
	char text[2 * LOG_LINE_MAX];
};

static struct line write_entry(const struct access_log_entry *entry)
{
	struct line line = { "" };
	char whole[2 * LOG_LINE_MAX] = "";
	int saved = dup(STDERR_FILENO);
	int fd = memfd_create("log", MFD_CLOEXEC);
	ssize_t n;
	char *start;

	assert_true(saved >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	access_log_write(entry);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fd, whole, sizeof(whole) - 1, 0);
	close(fd);
	assert_true(n > 0 && n <= LOG_LINE_MAX);
	/* One line */
	assert_ptr_equal(strchr(whole, '\n'), whole + n - 1);
	whole[n - 1] = '\0';
	start = strstr(whole, "] access ");
	assert_non_null(start);
	strcpy(line.text, start + strlen("] access "));
	return line;
}

static const struct access_log_entry complete = {
	.id = "17-3",
	.action = "file",
	.method = "GET",
	.path = "/films/a.mp4",
	.status = 200,
	.bytes = 1048576,
	.duration_ns = 1234567890,
};

static void names_its_fields(void **state)
{
	struct line line = write_entry(&complete);

	(void)state;
	assert_string_equal(line.text,
	    "id=17-3 action=file method=GET path=\"/films/a.mp4\" status=200 "
	    "bytes=1048576 duration=1.234 end=complete");
}

static void says_why_it_was_aborted(void **state)
{
	struct access_log_entry entry = complete;
	struct line line;

	(void)state;
	entry.reason = "peer closed the connection";
	entry.status = 0;
	entry.bytes = 0;
	line = write_entry(&entry);
	assert_string_equal(line.text,
	    "id=17-3 action=file method=GET path=\"/films/a.mp4\" status=0 "
	    "bytes=0 duration=1.234 end=aborted "
	    "reason=\"peer closed the connection\"");
}

static void counts_in_milliseconds(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, " duration=0.000 " },
		{ 999999, " duration=0.000 " },
		{ 1000000, " duration=0.001 " },
		{ 999999999, " duration=0.999 " },
		{ 1000000000, " duration=1.000 " },
		{ 86400000000000, " duration=86400.000 " },
		{ UINT64_MAX, " duration=18446744073.709 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct access_log_entry entry = complete;
		struct line line;

		entry.duration_ns = cases[i].ns;
		line = write_entry(&entry);
		assert_non_null(strstr(line.text, cases[i].text));
	}
}

static void writes_large_numbers(void **state)
{
	struct access_log_entry entry = complete;
	struct line line;

	(void)state;
	entry.bytes = UINT64_MAX;
	line = write_entry(&entry);
	assert_non_null(
	    strstr(line.text, " bytes=18446744073709551615 duration="));
}

static void escapes_a_path(void **state)
{
	static const struct {
		const char *path, *text;
	} cases[] = {
		{ "", " path=\"\" " },
		{ "/a b", " path=\"/a b\" " },
		{ "/\"", " path=\"/\\x22\" " },
		{ "/\\", " path=\"/\\x5c\" " },
		{ "/\\x22", " path=\"/\\x5cx22\" " },
		{ "/a\nb\r\tc", " path=\"/a\\x0ab\\x0d\\x09c\" " },
		{ "/\x1b[2J\x7f", " path=\"/\\x1b[2J\\x7f\" " },
		{ "/%s%n", " path=\"/%s%n\" " },
		{ "/caf\xc3\xa9", " path=\"/caf\xc3\xa9\" " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct access_log_entry entry = complete;
		struct line line;

		entry.path = cases[i].path;
		line = write_entry(&entry);
		if (!strstr(line.text, cases[i].text))
			fail_msg("%s: %s", cases[i].text, line.text);
	}
}

/* A word from the front is no place for a forged field. */
static void replaces_blanks_in_words(void **state)
{
	static const struct {
		const char *word, *shown;
	} cases[] = {
		{ "M-SEARCH", "M-SEARCH" },
		{ "GET status=200", "GET?status=200" },
		{ "a\"b\nc\x7f\xc3", "a?b?c??" },
		{ "", "" },
		/* Cut at 39 bytes */
		{ "123456789012345678901234567890123456789",
		    "123456789012345678901234567890123456789" },
		{ "1234567890123456789012345678901234567890",
		    "123456789012345678901234567890123456789" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct access_log_entry entry = complete;
		struct line line;
		char fields[128];

		entry.action = cases[i].word;
		entry.method = cases[i].word;
		line = write_entry(&entry);
		snprintf(fields, sizeof(fields),
		    " action=%s method=%s path=", cases[i].shown,
		    cases[i].shown);
		assert_non_null(strstr(line.text, fields));
	}
}

/* However long the path is, the fields after it are there. */
static void cuts_a_long_path(void **state)
{
	static const char bytes[] = { 'x', '\n', '"' };
	char path[3 * LOG_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bytes); i++) {
		struct access_log_entry entry = complete;
		struct line line;
		const char *shown, *end;

		memset(path, bytes[i], sizeof(path));
		path[sizeof(path) - 1] = '\0';
		entry.path = path;
		entry.reason = "peer closed the connection";
		line = write_entry(&entry);
		shown = strstr(line.text, " path=\"");
		end = strstr(line.text, "\" status=200 ");
		assert_true(shown && end && end - shown > 2000);
		assert_true(end - shown < 2100);
		/* No escape is cut in two. */
		if (bytes[i] != 'x')
			assert_int_equal((end - shown - 7) % 4, 0);
		assert_non_null(strstr(
		    line.text, " reason=\"peer closed the connection\""));
	}
}

/* A path of 2,000 bytes is still whole. */
static void shows_a_path_that_is_not_so_long(void **state)
{
	struct access_log_entry entry = complete;
	char path[2001];
	struct line line;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 2] = 'y';
	path[sizeof(path) - 1] = '\0';
	entry.path = path;
	line = write_entry(&entry);
	assert_non_null(strstr(line.text, path));
	assert_non_null(strstr(line.text, "xy\" status=200 "));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_its_fields),
		cmocka_unit_test(says_why_it_was_aborted),
		cmocka_unit_test(counts_in_milliseconds),
		cmocka_unit_test(writes_large_numbers),
		cmocka_unit_test(escapes_a_path),
		cmocka_unit_test(replaces_blanks_in_words),
		cmocka_unit_test(cuts_a_long_path),
		cmocka_unit_test(shows_a_path_that_is_not_so_long),
	};

	return cmocka_run_group_tests_name("access_log", tests, NULL, NULL);
}
