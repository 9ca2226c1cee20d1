/* SPDX-License-Identifier: MIT */
/*
 * The path that a request asks for, decoded exactly once, whichever of its
 * parameters carries it. docs/FRONT_ENDS.md says what each front server sends.
 */
#ifndef FCGI_APP_POLICY_REQUEST_PATH_H
#define FCGI_APP_POLICY_REQUEST_PATH_H

#include <stddef.h>

/* The parameters of these names; NULL or "" is one that was not sent. */
struct request_path_params {
	const char *stream_path;
	const char *document_uri;
	const char *script_name;
	const char *path_info;
	const char *script_filename;
};

enum request_path_result {
	REQUEST_PATH_OK,
	REQUEST_PATH_MALFORMED, /* a broken escape, or an escaped NUL: 400 */
	REQUEST_PATH_TOO_LONG   /* does not fit into the buffer */
};

/*
 * Returns how many bytes request_path_find() needs for these parameters at
 * most, with the NUL. The parameters of a request fit into its head, so it is
 * bounded.
 */
size_t request_path_bound(const struct request_path_params *params);

/*
 * Writes the path to ret, size bytes: STREAM_PATH, else DOCUMENT_URI, else
 * SCRIPT_NAME followed by PATH_INFO (RFC 3875, 4.1.5 and 4.1.13). Front servers
 * send all four decoded, so a '%' in them is a plain character.
 *
 * If none of them was sent, it is the path of the URL in a SCRIPT_FILENAME as
 * Apache's ProxyPass makes it, "proxy:fcgi://host/path" or
 * "proxy:unix:/socket|fcgi://host/path". That one is still percent-encoded
 * (RFC 3986, 2.1) and is decoded here, without its query.
 *
 * "" if there is no path at all. ret is untouched unless REQUEST_PATH_OK.
 */
enum request_path_result request_path_find(
    const struct request_path_params *params, char *ret, size_t size);

#endif
