/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/setup/web_server_addrs. The input is the value of
 * FCGI_WEB_SERVER_ADDRS.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "fcgi_app/setup/web_server_addrs.h"

static bool allow_ipv6(
    const struct web_server_addrs *addrs, const struct in6_addr *address)
{
	struct sockaddr_in6 peer = { .sin6_family = AF_INET6,
		.sin6_addr = *address };

	return web_server_addrs_allow(addrs, (const struct sockaddr *)&peer);
}

static bool allow_ipv4(
    const struct web_server_addrs *addrs, const void *address)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };

	memcpy(&peer.sin_addr, address, sizeof(peer.sin_addr));
	return web_server_addrs_allow(addrs, (const struct sockaddr *)&peer);
}

/* Each listed address is let in, an IPv4 one in both families. */
static void check_members(const struct web_server_addrs *addrs)
{
	for (size_t i = 0; i < addrs->count; i++) {
		struct in6_addr address = addrs->addrs[i];

		require(allow_ipv6(addrs, &address));
		if (IN6_IS_ADDR_V4MAPPED(&address))
			require(allow_ipv4(addrs, &address.s6_addr[12]));
	}
}

/* What is not listed is not let in. */
static void check_stranger(const struct web_server_addrs *addrs)
{
	struct in6_addr stranger = { .s6_addr = { 0xfd, 0x5a, 0x5a } };
	bool listed = false;

	for (size_t i = 0; i < addrs->count; i++)
		listed |=
		    memcmp(&addrs->addrs[i], &stranger, sizeof(stranger)) == 0;
	require(allow_ipv6(addrs, &stranger) == listed);
}

int fuzz_web_server_addrs(const uint8_t *data, size_t size)
{
	static struct web_server_addrs addrs;
	struct sockaddr unix_peer = { .sa_family = AF_UNIX };
	char *list = strndup((const char *)data, size);
	int err;

	require(list != NULL);
	err = web_server_addrs_parse(list, &addrs);
	require(err == 0 || err == -EINVAL || err == -E2BIG);
	if (err == 0) {
		require(addrs.anyone == (list[0] == '\0'));
		require(addrs.anyone || addrs.count > 0);
		require(addrs.count <= WEB_SERVER_ADDRS_MAX);
		require(web_server_addrs_allow(&addrs, &unix_peer));
		check_members(&addrs);
	}
	if (err == 0 && !addrs.anyone)
		check_stranger(&addrs);
	free(list);
	return 0;
}
