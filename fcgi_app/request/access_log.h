/* SPDX-License-Identifier: MIT */
/* The access log: one line for each request, in words a script can split. */
#ifndef FCGI_APP_REQUEST_ACCESS_LOG_H
#define FCGI_APP_REQUEST_ACCESS_LOG_H

#include <stdint.h>

/* What is said of a request; strings are borrowed. */
struct access_log_entry {
	const char *id;
	const char *action;
	const char *method;
	const char *path;
	/* 0: no head was sent. */
	int status;
	/* Of the body: sent, or kept to be sent. */
	uint64_t bytes;
	uint64_t duration_ns;
	/* NULL: complete; else why it was not. */
	const char *reason;
};

/*
 * Logs `id=… action=… method=… path="…" status=… bytes=… duration=… end=…`;
 * quotes, backslashes and control characters in the path are written \xNN.
 */
void access_log_write(const struct access_log_entry *entry);

#endif
