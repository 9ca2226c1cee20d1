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

/*
 * Those addresses that begin with the first `prefix` bits of this one. An IPv4
 * address is kept as the IPv6 address that it maps to.
 */
struct web_server_network {
	struct in6_addr address;
	unsigned int prefix; /* 0 to 128; 128 for a single address */
};

struct web_server_addrs {
	bool anyone; /* no list was given; networks are not looked at */
	size_t count;
	struct web_server_network networks[WEB_SERVER_ADDRS_MAX];
};

/*
 * Reads the value of the environment variable.
 *
 * list: numeric IPv4 and IPv6 addresses, and networks such as 192.0.2.0/24
 * (RFC 4632, 3.1; RFC 4291, 2.3), separated by commas, blanks around them
 * allowed. NULL (unbound) and "" let anyone in: the specification is silent
 * about "", and libfcgi and PHP take it for "no restriction". Nothing else
 * does; a value of blanks or commas is an error, so that a slip in a list never
 * opens the door. So is a network whose address has bits after its prefix.
 *
 * Returns 0; -EINVAL for an entry that is neither, -EDOM for such a network, or
 * -E2BIG for more than WEB_SERVER_ADDRS_MAX entries. Then *ret_entry is the
 * number of that entry, from 1 on.
 */
int web_server_addrs_parse(
    const char *list, struct web_server_addrs *ret, size_t *ret_entry);

/*
 * Returns whether to keep a connection from this peer, as accept(2) gave it.
 *
 * AF_UNIX is always let in: who may connect there is a matter of the socket
 * file's mode. (By the letter of the specification a list shuts out all but
 * TCP; libfcgi has never done so.) An IPv4 peer and its IPv4-mapped IPv6
 * address (RFC 4291, 2.5.5.2) are the same, also for a network. Any other
 * family is let in only if anyone is.
 */
bool web_server_addrs_allow(
    const struct web_server_addrs *addrs, const struct sockaddr *peer);

#endif
