/* SPDX-License-Identifier: MIT */
/* The probe's answers in JSON (RFC 8259). */
#ifndef FCGI_APP_ACTIONS_PROBE_PROBE_JSON_H
#define FCGI_APP_ACTIONS_PROBE_PROBE_JSON_H

#include <stdbool.h>

struct probe_record;
struct request;

/* Bytes of a value that are shown, as they came. */
#define PROBE_JSON_SHOWN_MAX 1024

/* Each returns a text for free(3), or NULL if out of memory. */

/*
 * What the front sent, of a fixed list of parameters: none that holds a secret
 * of the client (Cookie, Authorization), and no folder of the server, unless
 * the operator puts one into STREAM_PATH or DOCUMENT_URI. Of DOCUMENT_ROOT just
 * how it relates to the roots. Bytes of a value that are not UTF-8 become \xNN.
 *
 * Of a longer value than PROBE_JSON_SHOWN_MAX its beginning is shown; of the
 * path its end, where the doctor has put what it looks for. No character of
 * UTF-8 is cut in two: up to 3 bytes less may be shown.
 */
char *probe_json_echo(const struct request *request);

/* How far an answer is. */
char *probe_json_status(const struct probe_record *record);

/* Whether the answer is known at all, and whether it was not over yet. */
char *probe_json_released(bool known, bool released);

#endif
