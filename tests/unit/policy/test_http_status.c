/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/http_status. */
#include "config.h"

#include "fcgi_app/policy/http_status.h"

#include <errno.h>

#include "tests/unit/support/unit.h"

static void statuses_of_errors(void **state)
{
	static const struct {
		int err;
		int status;
	} cases[] = {
		{ ENOENT, 404 },
		{ ENOTDIR, 404 },
		{ ENAMETOOLONG, 404 },
		{ ENXIO, 404 },
		{ ENODEV, 404 },
		{ EISDIR, 404 },
		{ ESTALE, 404 },
		{ EACCES, 403 },
		{ EPERM, 403 },
		{ EXDEV, 403 },
		{ ELOOP, 403 },
		{ EMFILE, 503 },
		{ ENFILE, 503 },
		{ ENOMEM, 503 },
		{ EAGAIN, 503 },
		{ EWOULDBLOCK, 503 },
		{ ENOBUFS, 503 },
		{ EIO, 500 },
		{ EINVAL, 500 },
		{ EBADF, 500 },
		{ EFAULT, 500 },
		{ EOVERFLOW, 500 },
		{ ENOSYS, 500 },
		{ 0, 500 },
		{ -ENOENT, 500 },
		{ 99999, 500 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int status = http_status_of_errno(cases[i].err);

		if (status != cases[i].status)
			fail_msg("errno %d: %d", cases[i].err, status);
	}
}

static void reasons_of_statuses(void **state)
{
	static const struct {
		int status;
		const char *reason;
	} cases[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 409, "Conflict" },
		{ 412, "Precondition Failed" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 422, "Unprocessable Content" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 0, "Unknown" },
		{ 299, "Unknown" },
		{ -200, "Unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_string_equal(
		    http_status_reason(cases[i].status), cases[i].reason);
}

/* Whatever http_status_of_errno() answers has a name to be sent with. */
static void every_status_has_a_reason(void **state)
{
	(void)state;
	for (int err = 0; err < 200; err++)
		assert_string_not_equal(
		    http_status_reason(http_status_of_errno(err)), "Unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_of_errors),
		cmocka_unit_test(reasons_of_statuses),
		cmocka_unit_test(every_status_has_a_reason),
	};

	return cmocka_run_group_tests_name(
	    "http_status_of_errno", tests, NULL, NULL);
}
