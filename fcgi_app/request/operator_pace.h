/* SPDX-License-Identifier: MIT */
/* How fast the operator lets a response go: STREAM_RATE and STREAM_BURST. */
#ifndef FCGI_APP_REQUEST_OPERATOR_PACE_H
#define FCGI_APP_REQUEST_OPERATOR_PACE_H

struct fcgi_params;
struct pacer_plan;

/*
 * Reads the parameters: bytes, maybe with K, M or G; `ret->rate` is 0 if there
 * is to be no pace. Returns NULL, or the name of one that makes no sense; *ret
 * is then not to be used. STREAM_BURST counts with a rate only.
 */
const char *operator_pace_read(
    const struct fcgi_params *params, struct pacer_plan *ret);

#endif
