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

/* Turns over a bit, counted from the first one. */
static struct in6_addr flip(struct in6_addr address, unsigned int bit)
{
	address.s6_addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	return address;
}

/*
 * The first and the last address of each network are let in, those of IPv4 in
 * both families.
 */
static void check_members(const struct web_server_addrs *addrs)
{
	for (size_t i = 0; i < addrs->count; i++) {
		const struct web_server_network *network = &addrs->networks[i];
		struct in6_addr address = network->address;

		require(network->prefix <= 128);
		require(allow_ipv6(addrs, &address));
		for (unsigned int bit = network->prefix; bit < 128; bit++)
			address = flip(address, bit);
		require(allow_ipv6(addrs, &address));
		if (IN6_IS_ADDR_V4MAPPED(&address))
			require(allow_ipv4(addrs, &address.s6_addr[12]));
	}
}

/* The one network of a list of one ends where its prefix does. */
static void check_neighbours(const struct web_server_addrs *addrs)
{
	const struct web_server_network *network = &addrs->networks[0];

	if (addrs->count != 1)
		return;
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct in6_addr neighbour = flip(network->address, bit);

		require(
		    allow_ipv6(addrs, &neighbour) == (bit >= network->prefix));
	}
}

int fuzz_web_server_addrs(const uint8_t *data, size_t size)
{
	static struct web_server_addrs addrs;
	struct sockaddr unix_peer = { .sa_family = AF_UNIX };
	char *list = strndup((const char *)data, size);
	size_t entry = 0;
	int err;

	require(list != NULL);
	err = web_server_addrs_parse(list, &addrs, &entry);
	require(err == 0 || err == -EINVAL || err == -EDOM || err == -E2BIG);
	require((err == 0) == (entry == 0));
	if (err == 0) {
		require(addrs.anyone == (list[0] == '\0'));
		require(addrs.anyone || addrs.count > 0);
		require(addrs.count <= WEB_SERVER_ADDRS_MAX);
		require(web_server_addrs_allow(&addrs, &unix_peer));
		check_members(&addrs);
	}
	if (err == 0 && !addrs.anyone)
		check_neighbours(&addrs);
	free(list);
	return 0;
}
