/* SPDX-License-Identifier: MIT */
/* Answers to FastCGI management records (specification, section 4). */
#ifndef COMMON_FCGI_FCGI_MANAGEMENT_H
#define COMMON_FCGI_FCGI_MANAGEMENT_H

#include <stddef.h>
#include <stdint.h>

/* Room for the longest answer. */
#define FCGI_MANAGEMENT_ANSWER_MAX 128

/* The limits of this process, for FCGI_MAX_CONNS and FCGI_MAX_REQS. */
struct fcgi_management_limits {
	unsigned int max_connections;
};

/*
 * Writes the answer to a management record of `type` with `length` bytes of
 * `content` and returns its length: GET_VALUES_RESULT (4.1) with those of the
 * variables asked for that are known, or UNKNOWN_TYPE (4.2). Content that is
 * cut short is read up to the cut.
 */
size_t fcgi_management_answer(uint8_t ret_answer[FCGI_MANAGEMENT_ANSWER_MAX],
    uint8_t type, const uint8_t *content, size_t length,
    const struct fcgi_management_limits *limits);

#endif
