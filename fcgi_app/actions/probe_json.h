/* SPDX-License-Identifier: MIT */
/* What the probe says in JSON (RFC 8259). */
#ifndef FCGI_APP_ACTIONS_PROBE_JSON_H
#define FCGI_APP_ACTIONS_PROBE_JSON_H

#include <stdbool.h>

struct probe_record;
struct request;

/* Each returns a text for free(3), or NULL: out of memory. */

/*
 * What the front sent, of a fixed list of parameters: none that names a folder
 * of the server or holds a secret of the client (Cookie, Authorization). Of
 * DOCUMENT_ROOT just how it relates to the roots. Bytes of a value that are
 * not UTF-8 become \xNN.
 */
char *probe_json_echo(const struct request *request);

/* How far an answer is. */
char *probe_json_status(const struct probe_record *record);

/* Whether the answer is known at all, and whether it was not over yet. */
char *probe_json_released(bool known, bool released);

#endif
