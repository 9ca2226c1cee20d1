/* SPDX-License-Identifier: MIT */
/*
 * The list of addresses that web servers may connect from. Both families are
 * kept and compared as IPv6 addresses, so that it does not matter whether the
 * listener is a dual-stack socket.
 */
#include "config.h"
#include "fcgi_app/setup/web_server_addrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* ::ffff:a.b.c.d (RFC 4291, 2.5.5.2) */
static struct in6_addr map_ipv4(const struct in_addr *ipv4)
{
	struct in6_addr mapped = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(&mapped.s6_addr[12], ipv4, sizeof(*ipv4));
	return mapped;
}

/* Parses one entry, which is not terminated. Returns 0 or -EINVAL. */
static int parse_address(
    const char *entry, size_t length, struct in6_addr *ret_addr)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr ipv4;

	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, entry, length);
	text[length] = '\0';
	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		*ret_addr = map_ipv4(&ipv4);
		return 0;
	}
	return inet_pton(AF_INET6, text, ret_addr) == 1 ? 0 : -EINVAL;
}

int web_server_addrs_parse(const char *list, struct web_server_addrs *ret)
{
	static const char blanks[] = " \t";
	struct web_server_addrs addrs = { .anyone = !list || list[0] == '\0' };
	const char *p = list;
	int err;

	while (!addrs.anyone) {
		size_t length;

		if (addrs.count == WEB_SERVER_ADDRS_MAX)
			return -E2BIG;
		p += strspn(p, blanks);
		length = strcspn(p, ", \t");
		err = parse_address(p, length, &addrs.addrs[addrs.count++]);
		if (err)
			return err;
		p += length;
		p += strspn(p, blanks);
		if (*p == '\0')
			break;
		if (*p++ != ',')
			return -EINVAL;
	}
	*ret = addrs;
	return 0;
}

static bool is_listed(
    const struct web_server_addrs *addrs, const struct in6_addr *peer)
{
	for (size_t i = 0; i < addrs->count; i++) {
		if (memcmp(&addrs->addrs[i], peer, sizeof(*peer)) == 0)
			return true;
	}
	return false;
}

bool web_server_addrs_allow(
    const struct web_server_addrs *addrs, const struct sockaddr *peer)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	struct in6_addr mapped;

	if (addrs->anyone || peer->sa_family == AF_UNIX)
		return true;
	switch (peer->sa_family) {
	case AF_INET:
		memcpy(&ipv4, peer, sizeof(ipv4));
		mapped = map_ipv4(&ipv4.sin_addr);
		return is_listed(addrs, &mapped);
	case AF_INET6:
		memcpy(&ipv6, peer, sizeof(ipv6));
		return is_listed(addrs, &ipv6.sin6_addr);
	default:
		return false;
	}
}
