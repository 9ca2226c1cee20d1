/* SPDX-License-Identifier: MIT */
/* HTTP status codes: the one for a failed system call, and their names. */
#ifndef FCGI_APP_POLICY_HTTP_STATUS_H
#define FCGI_APP_POLICY_HTTP_STATUS_H

/*
 * Returns the status for a request whose file could not be opened or read.
 *
 * err: a positive errno value of open(2), openat2(2), statx(2) or read(2).
 * Returns 403, 404, 500 or 503 (RFC 9110, 15.5 and 15.6); for a value that
 * none of these calls gives, 500.
 */
int http_status_of_errno(int err);

/*
 * Returns the reason phrase of a status, a constant string, as the registry of
 * the IANA (RFC 9110, 16.2.1) spells it; "Unknown" for one that is not there.
 */
const char *http_status_reason(int status);

#endif
