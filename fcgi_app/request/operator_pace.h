/* SPDX-License-Identifier: MIT */
/* How fast the operator lets a response go: STREAM_RATE and STREAM_BURST. */
#ifndef FCGI_APP_REQUEST_OPERATOR_PACE_H
#define FCGI_APP_REQUEST_OPERATOR_PACE_H

struct fcgi_params;
struct pacer_plan;
struct param_rule;

/*
 * Reads the parameters: bytes, maybe with K, M or G. Returns NULL, or the rule
 * that one of them breaks; *ret must then not be used. Without a rate
 * `ret->rate` is 0, and STREAM_BURST is not looked at.
 */
const struct param_rule *operator_pace_read(
    const struct fcgi_params *params, struct pacer_plan *ret);

#endif
