/* SPDX-License-Identifier: MIT */
/*
 * FCGI_WEB_SERVER_ADDRS: the addresses that web servers may connect from
 * (FastCGI specification, 3.2).
 */
#ifndef FCGI_APP_SETUP_WEB_SERVER_ADDRS_H
#define FCGI_APP_SETUP_WEB_SERVER_ADDRS_H

#include <stdbool.h>
#include <stddef.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define WEB_SERVER_ADDRS_MAX 64

/* An IPv4 address is kept as the IPv6 address that it maps to. */
struct web_server_addrs {
	bool anyone; /* no list was given; addrs is not looked at */
	size_t count;
	struct in6_addr addrs[WEB_SERVER_ADDRS_MAX];
};

/*
 * Reads the value of the environment variable.
 *
 * list: numeric IPv4 and IPv6 addresses separated by commas, blanks around
 * them allowed. NULL (unbound) and "" let anyone in: the specification is
 * silent about "", and libfcgi and PHP take it for "no restriction". Nothing
 * else does; a value of blanks or commas is an error, so that a slip in
 * a list never opens the door.
 *
 * Returns 0; -EINVAL if an entry is not an address; -E2BIG if there are more
 * than WEB_SERVER_ADDRS_MAX.
 */
int web_server_addrs_parse(const char *list, struct web_server_addrs *ret);

/*
 * Returns whether to keep a connection from this peer, as accept(2) gave it.
 *
 * AF_UNIX is always let in: who may connect there is a matter of the socket
 * file's mode. (By the letter of the specification a list shuts out all but
 * TCP; libfcgi has never done so.) An IPv4 peer and its IPv4-mapped IPv6
 * address (RFC 4291, 2.5.5.2) are the same. Any other family is let in only if
 * anyone is.
 */
bool web_server_addrs_allow(
    const struct web_server_addrs *addrs, const struct sockaddr *peer);

#endif
