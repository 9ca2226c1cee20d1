/* SPDX-License-Identifier: MIT */
/*
 * The list of addresses that web servers may connect from. Both families are
 * kept and compared as IPv6 addresses, so that it does not matter whether the
 * listener is a dual-stack socket; a single address is a network of one.
 */
#include "config.h"
#include "fcgi_app/setup/web_server_addrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/parse_number.h"

/* An address and its prefix, as text. */
#define ENTRY_MAX (INET6_ADDRSTRLEN + sizeof("/128") - 1)
#define IPV6_BITS 128
/* The bits of an IPv6 address before the IPv4 one that it maps. */
#define MAPPED_BITS 96

/* ::ffff:a.b.c.d (RFC 4291, 2.5.5.2) */
static struct in6_addr map_ipv4(const struct in_addr *ipv4)
{
	struct in6_addr mapped = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(&mapped.s6_addr[12], ipv4, sizeof(*ipv4));
	return mapped;
}

/* Returns whether the addresses have the same first `bits` bits. */
static bool match(
    const struct in6_addr *a, const struct in6_addr *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	return memcmp(a, b, bytes) == 0 &&
	    (rest == 0 ||
		(a->s6_addr[bytes] ^ b->s6_addr[bytes]) >> (8 - rest) == 0);
}

static bool has_bits_after(const struct web_server_network *network)
{
	struct in6_addr zero = network->address;
	unsigned int bytes = network->prefix / 8, rest = network->prefix % 8;

	if (rest > 0)
		zero.s6_addr[bytes++] &= (uint8_t)(0xff00 >> rest);
	memset(&zero.s6_addr[bytes], 0, sizeof(zero) - bytes);
	return memcmp(&zero, &network->address, sizeof(zero)) != 0;
}

/*
 * Reads ADDRESS or ADDRESS/PREFIX, which is not terminated. Returns 0, -EINVAL
 * or -EDOM.
 */
static int parse_entry(
    const char *entry, size_t length, struct web_server_network *ret)
{
	char text[ENTRY_MAX];
	char *slash;
	struct in_addr ipv4;
	unsigned int before = 0; /* bits before the address that is written */
	uint64_t prefix;

	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, entry, length);
	text[length] = '\0';
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		ret->address = map_ipv4(&ipv4);
		before = MAPPED_BITS;
	} else if (inet_pton(AF_INET6, text, &ret->address) != 1) {
		return -EINVAL;
	}
	prefix = IPV6_BITS - before;
	if (slash &&
	    (parse_u64(slash + 1, &prefix) < 0 || prefix > IPV6_BITS - before))
		return -EINVAL;
	ret->prefix = before + (unsigned int)prefix;
	return has_bits_after(ret) ? -EDOM : 0;
}

/*
 * Takes the entry up to the next comma, without the blanks around it. Returns
 * its length.
 */
static size_t take_entry(const char **cursor, const char **ret_entry)
{
	static const char blanks[] = " \t";
	const char *entry = *cursor + strspn(*cursor, blanks);
	size_t length = strcspn(entry, ",");

	*cursor = entry + length;
	while (length > 0 && strchr(blanks, entry[length - 1]))
		length--;
	*ret_entry = entry;
	return length;
}

int web_server_addrs_parse(
    const char *list, struct web_server_addrs *ret, size_t *ret_entry)
{
	struct web_server_addrs addrs = { .anyone = !list || list[0] == '\0' };
	bool has_more = !addrs.anyone;

	while (has_more) {
		const char *entry;
		size_t length = take_entry(&list, &entry);
		size_t at = addrs.count++;
		int r = -E2BIG;

		if (at < WEB_SERVER_ADDRS_MAX)
			r = parse_entry(entry, length, &addrs.networks[at]);
		if (r < 0) {
			*ret_entry = at + 1;
			return r;
		}
		has_more = *list == ',';
		list += has_more;
	}
	*ret = addrs;
	return 0;
}

static bool is_listed(
    const struct web_server_addrs *addrs, const struct in6_addr *peer)
{
	for (size_t i = 0; i < addrs->count; i++) {
		const struct web_server_network *network = &addrs->networks[i];

		if (match(&network->address, peer, network->prefix))
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
