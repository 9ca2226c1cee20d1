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
	{ 418, "I'm a teapot" }, /* RFC 2324; the registry has it as unused */
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
