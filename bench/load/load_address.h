/* SPDX-License-Identifier: MIT */
/* Where to connect. */
#ifndef BENCH_LOAD_LOAD_ADDRESS_H
#define BENCH_LOAD_LOAD_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct load_address {
	struct sockaddr_storage address;
	socklen_t length;
};

/*
 * Reads unix:PATH, HOST:PORT or [V6]:PORT; a name is looked up, and its first
 * address taken. Returns 0; -EINVAL for another form; -ENAMETOOLONG if PATH is
 * too long; -ENOENT for an unknown host or port.
 */
int load_address_parse(const char *text, struct load_address *ret_address);

/*
 * A socket to connect to the address with, which never blocks; with a small
 * receive buffer if it is `slow`, or a slow reader would look fast for long.
 * Returns the descriptor, which the caller closes, or what socket(2) answers.
 */
int load_address_socket(const struct load_address *address, bool slow);

/*
 * Connects. 0: done; -EINPROGRESS: writable when done (connect(2)); -EAGAIN:
 * the queue of a UNIX-domain listener is full; else what it answers.
 */
int load_address_connect(int fd, const struct load_address *address);

#endif
