/* SPDX-License-Identifier: MIT */
/* The front's side of a connection: what it sends, and what it sees. */
#ifndef TESTS_UNIT_SUPPORT_FRONT_SIDE_H
#define TESTS_UNIT_SUPPORT_FRONT_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection_fixture;

/* Longest content of a record that is sent. */
#define RECORD_MAX 32768
/* Content that no socket holds at once. */
#define FULL_SIZE (8 << 20)
#define REQUEST_MAX 512

void front_side_send(
    struct connection_fixture *f, const void *bytes, size_t length);

void front_side_send_record(struct connection_fixture *f, uint8_t type,
    uint16_t id, const void *content, size_t length);

/*
 * Returns the length of a request in `to`, of REQUEST_MAX bytes: its head, its
 * body (NULL: none of it) and, if it `ends`, the end of that.
 */
size_t front_side_make_request(
    uint8_t *to, uint8_t role, bool keep, const char *body, bool ends);

void front_side_send_request(struct connection_fixture *f, uint8_t role,
    bool keep, const char *body, bool ends);

/*
 * Fails unless the front sees this since it looked last: o content, O its end,
 * r a message, R its end, E END_REQUEST, M, U the same for a second request and
 * for an unknown role, m a reply to a management record, X a header that breaks
 * the answer off, ~ a part of a record, . the end of the connection. A letter
 * stands for any number of it.
 */
void front_side_check(struct connection_fixture *f, const char *expected);

/*
 * Fails unless it sees content without its end. How that is broken off depends
 * on how much of it the socket has taken.
 */
void front_side_check_cut(struct connection_fixture *f);

#endif
