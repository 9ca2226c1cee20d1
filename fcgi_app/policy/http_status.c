/* SPDX-License-Identifier: MIT */
/*
 * HTTP status codes for errno values. The groups follow what the client can do
 * about it: nothing is there (404), it is there but not for you (403), try
 * again later (503), or the server is broken (500).
 */
#include "config.h"

#include "fcgi_app/policy/http_status.h"

#include <errno.h>
#include <stddef.h>

struct status_name {
	int status;
	const char *reason;
};

static const struct status_name status_names[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

int http_status_of_errno(int err)
{
	switch (err) {
	/* Nothing of that name, or nothing that can be streamed. */
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case EISDIR:
	case ENXIO:  /* a socket, or a FIFO that nobody has open */
	case ENODEV: /* a device without a driver */
	case ESTALE: /* removed on the NFS server meanwhile */
		return 404;
	/* EXDEV and ELOOP: openat2() would have left the root (RESOLVE_*). */
	case EACCES:
	case EPERM:
	case EXDEV:
	case ELOOP:
		return 403;
	/* Out of something that comes back when other requests end. */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
	case ENOBUFS:
		return 503;
	default:
		return 500;
	}
}

const char *http_status_reason(int status)
{
	size_t count = sizeof(status_names) / sizeof(status_names[0]);

	for (size_t i = 0; i < count; i++) {
		if (status_names[i].status == status)
			return status_names[i].reason;
	}
	return "Unknown";
}
