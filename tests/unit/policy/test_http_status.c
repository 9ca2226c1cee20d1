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

/* The registry of the IANA, without what is registered for a time. */
static const struct {
	int status;
	const char *reason;
} registered[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 102, "Processing" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 207, "Multi-Status" },
	{ 208, "Already Reported" },
	{ 226, "IM Used" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 305, "Use Proxy" },
	{ 306, "Unused" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 418, "I'm a teapot" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 506, "Variant Also Negotiates" },
	{ 507, "Insufficient Storage" },
	{ 508, "Loop Detected" },
	{ 510, "Not Extended" },
	{ 511, "Network Authentication Required" },
};

/* ... and every other status, of which an action may choose from 200 to 599. */
static void all_registered_statuses_have_their_reason(void **state)
{
	size_t i = 0;

	(void)state;
	for (int status = 0; status < 1000; status++) {
		const char *reason = "Unknown";

		if (i < ARRAY_LENGTH(registered) &&
		    registered[i].status == status)
			reason = registered[i++].reason;
		assert_string_equal(http_status_reason(status), reason);
	}
	assert_int_equal(i, ARRAY_LENGTH(registered));
	assert_string_equal(http_status_reason(-200), "Unknown");
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
		cmocka_unit_test(all_registered_statuses_have_their_reason),
		cmocka_unit_test(every_status_has_a_reason),
	};

	return cmocka_run_group_tests_name(
	    "http_status_of_errno", tests, NULL, NULL);
}
