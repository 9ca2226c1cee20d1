/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/concat/small_file, on a file in a folder of
 * its own. */
#include "config.h"

#include "fcgi_app/actions/concat/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

#define MOST 100

static struct open_fixture fixture;

struct outcome {
	unsigned int calls;
	int error;
	size_t length;
	char text[MOST + 1];
};

static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0)
		return -1;
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

static void on_text(void *context, int error, const char *text, size_t length)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->error = error;
	outcome->length = length;
	if (error == 0)
		memcpy(outcome->text, text, length);
}

/* Begins to read a file of so many bytes. */
static struct small_file *begin(size_t size, int flags, struct outcome *outcome)
{
	struct file_open_result result = { 0 };
	char bytes[MOST + 1];
	struct small_file *text;
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)i;
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	result.fd = open("file", flags | O_CLOEXEC);
	assert_true(result.fd >= 0);
	text = small_file_read(&fixture.loop, &result, MOST, on_text, outcome);
	assert_non_null(text);
	assert_int_equal(outcome->calls, 0);
	return text;
}

static void end(void)
{
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

static void reads_all(void **state)
{
	static const size_t sizes[] = { 0, 1, MOST - 1, MOST };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		struct outcome outcome = { 0 };

		begin(sizes[i], O_RDONLY, &outcome);
		end();
		assert_int_equal(outcome.calls, 1);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.length, sizes[i]);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(outcome.text[k], (char)k);
	}
}

static void refuses_too_much(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	begin(MOST + 1, O_RDONLY, &outcome);
	end();
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.error, -EFBIG);
}

static void says_that_it_fails(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	begin(1, O_WRONLY, &outcome);
	end();
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.error, -EBADF);
}

static void may_be_cancelled(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	small_file_cancel(begin(10, O_RDONLY, &outcome));
	end();
	assert_int_equal(outcome.calls, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all),
		cmocka_unit_test(refuses_too_much),
		cmocka_unit_test(says_that_it_fails),
		cmocka_unit_test(may_be_cancelled),
	};

	return cmocka_run_group_tests_name(
	    "small_file", tests, set_up, tear_down);
}
