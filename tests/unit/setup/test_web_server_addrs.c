/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/setup/web_server_addrs. */
#include "config.h"

#include "fcgi_app/setup/web_server_addrs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "tests/unit/support/unit.h"

/* Room for any entry, its comma and a NUL. */
#define ENTRY_MAX 32

/* Ask for a peer given as text, with a colon in it if it is IPv6. */
static bool allow(const struct web_server_addrs *addrs, const char *peer)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET,
		.sin_port = htons(40000) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(40000),
		.sin6_scope_id = 3 };

	if (strchr(peer, ':')) {
		assert_int_equal(inet_pton(AF_INET6, peer, &ipv6.sin6_addr), 1);
		memcpy(&storage, &ipv6, sizeof(ipv6));
	} else {
		assert_int_equal(inet_pton(AF_INET, peer, &ipv4.sin_addr), 1);
		memcpy(&storage, &ipv4, sizeof(ipv4));
	}
	return web_server_addrs_allow(addrs, (struct sockaddr *)&storage);
}

static bool allow_family(const struct web_server_addrs *addrs, sa_family_t f)
{
	struct sockaddr_storage storage = { .ss_family = f };

	return web_server_addrs_allow(addrs, (struct sockaddr *)&storage);
}

static void parse(const char *list, struct web_server_addrs *ret)
{
	size_t entry = 47;

	assert_int_equal(web_server_addrs_parse(list, ret, &entry), 0);
	assert_int_equal(entry, 47);
}

static void anyone_without_a_list(void **state)
{
	static const char *const lists[] = { NULL, "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
		struct web_server_addrs addrs;

		parse(lists[i], &addrs);
		assert_true(allow(&addrs, "192.0.2.1"));
		assert_true(allow(&addrs, "2001:db8::1"));
		assert_true(allow_family(&addrs, AF_UNIX));
		assert_true(allow_family(&addrs, AF_UNSPEC));
	}
}

static void listed_peers_only(void **state)
{
	static const struct {
		const char *list;
		const char *peer;
		bool allowed;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1,192.0.2.2", "192.0.2.1", true },
		{ "192.0.2.1,192.0.2.2", "192.0.2.2", true },
		{ "192.0.2.1,192.0.2.2", "192.0.2.3", false },
		{ " 192.0.2.1 ,\t192.0.2.2\t", "192.0.2.2", true },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "2001:DB8:0:0::1", "2001:db8::1", true },
		{ "2001:db8::1", "2001:db8::2", false },
		{ "2001:db8::1,192.0.2.1", "192.0.2.1", true },
		{ "fe80::1", "fe80::1", true },
		{ "::1", "127.0.0.1", false },
		{ "127.0.0.1", "::1", false },
		/* One address in two families (RFC 4291, 2.5.5.2) */
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "::ffff:c000:201", "192.0.2.1", true },
		{ "192.0.2.1", "::ffff:192.0.2.2", false },
		{ "192.0.2.1", "::192.0.2.1", false },
		{ "0.0.0.0", "192.0.2.1", false },
		{ "::", "192.0.2.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct web_server_addrs addrs;

		parse(cases[i].list, &addrs);
		if (allow(&addrs, cases[i].peer) != cases[i].allowed)
			fail_msg("%s in \"%s\"", cases[i].peer, cases[i].list);
	}
}

static void listed_networks_only(void **state)
{
	static const struct {
		const char *list;
		const char *peer;
		bool allowed;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
		{ "192.0.2.0/24", "::192.0.2.7", false },
		/* Borders within a byte */
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "10.0.0.0/9", "10.127.255.255", true },
		{ "10.0.0.0/9", "10.128.0.0", false },
		{ "192.0.2.6/31", "192.0.2.7", true },
		{ "192.0.2.6/31", "192.0.2.8", false },
		{ "192.0.2.7/32", "192.0.2.7", true },
		{ "192.0.2.7/32", "192.0.2.6", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::8/125", "2001:db8::f", true },
		{ "2001:db8::8/125", "2001:db8::7", false },
		{ "::1/128", "::1", true },
		{ "::1/128", "::2", false },
		{ "::ffff:192.0.2.0/120", "192.0.2.9", true },
		/* All of a family; an IPv4 address is one of IPv6, too. */
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", true },
		{ "::1, 192.0.2.0/24 ,10.0.0.0/8", "10.1.2.3", true },
		{ "::1, 192.0.2.0/24 ,10.0.0.0/8", "11.1.2.3", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct web_server_addrs addrs;

		parse(cases[i].list, &addrs);
		assert_false(addrs.anyone);
		if (allow(&addrs, cases[i].peer) != cases[i].allowed)
			fail_msg("%s in \"%s\"", cases[i].peer, cases[i].list);
	}
}

static void other_families_with_a_list(void **state)
{
	struct web_server_addrs addrs;
	struct sockaddr_un unix_peer = { .sun_family = AF_UNIX };

	(void)state;
	parse("192.0.2.1", &addrs);
	assert_true(
	    web_server_addrs_allow(&addrs, (struct sockaddr *)&unix_peer));
	assert_false(allow_family(&addrs, AF_UNSPEC));
	assert_false(allow_family(&addrs, AF_VSOCK));
}

static void refuses_bad_entries(void **state)
{
	static const struct {
		const char *list;
		size_t entry;
		int error;
	} cases[] = {
		{ " ", 1, -EINVAL },
		{ "\t", 1, -EINVAL },
		{ ",", 1, -EINVAL },
		{ ",192.0.2.1", 1, -EINVAL },
		{ "192.0.2.1,", 2, -EINVAL },
		{ "192.0.2.1,,192.0.2.2", 2, -EINVAL },
		{ "192.0.2.1, ,192.0.2.2", 2, -EINVAL },
		{ "192.0.2.1,192.0.2.2,x,y", 3, -EINVAL },
		{ "192.0.2", 1, -EINVAL },
		{ "192.0.2.256", 1, -EINVAL },
		{ "192.0.2.1.1", 1, -EINVAL },
		{ "192.0.2.1x", 1, -EINVAL },
		{ "192.0.2.1:9000", 1, -EINVAL },
		{ "192.0.2.1 192.0.2.2", 1, -EINVAL },
		{ "192.0.2.1;192.0.2.2", 1, -EINVAL },
		{ "localhost", 1, -EINVAL },
		{ "*", 1, -EINVAL },
		{ "any", 1, -EINVAL },
		{ "[::1]", 1, -EINVAL },
		{ ":::1", 1, -EINVAL },
		{ "fe80::1%eth0", 1, -EINVAL },
		{ "2001:db8::1::2", 1, -EINVAL },
		{ "12345::", 1, -EINVAL },
		{ "::ffff:192.0.2.256", 1, -EINVAL },
		{ "192.0.2.1\n", 1, -EINVAL },
		{ "0192.0.2.1", 1, -EINVAL },
		{ "0xc0000201", 1, -EINVAL },
		{ "0000:0000:0000:0000:0000:ffff:255.255.255.2550", 1,
		    -EINVAL },
		{ "0000:0000:0000:0000:0000:ffff:192.168.100.200/1280", 1,
		    -EINVAL },
		{ "192.0.2.0/", 1, -EINVAL },
		{ "192.0.2.0/33", 1, -EINVAL },
		{ "192.0.2.0/-1", 1, -EINVAL },
		{ "192.0.2.0/+8", 1, -EINVAL },
		{ "192.0.2.0/ 24", 1, -EINVAL },
		{ "192.0.2.0 /24", 1, -EINVAL },
		{ "192.0.2.0/24/24", 1, -EINVAL },
		{ "192.0.2.0/255.255.255.0", 1, -EINVAL },
		{ "192.0.2/24", 1, -EINVAL },
		{ "2001:db8::/129", 1, -EINVAL },
		{ "/24", 1, -EINVAL },
		{ "::1,192.0.2.1/24", 2, -EDOM },
		{ "192.0.2.1/31", 1, -EDOM },
		{ "10.0.0.0/4", 1, -EDOM },
		{ "127.0.0.1/0", 1, -EDOM },
		{ "2001:db8::1/127", 1, -EDOM },
		{ "2001:db8::/31", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct web_server_addrs addrs = { .count = 47 };
		size_t entry = 0;
		int r = web_server_addrs_parse(cases[i].list, &addrs, &entry);

		if (r != cases[i].error || entry != cases[i].entry)
			fail_msg("\"%s\": %d, %zu", cases[i].list, r, entry);
		if (r < 0)
			assert_int_equal(addrs.count, 47);
	}
}

static void takes_the_longest_address(void **state)
{
	struct web_server_addrs addrs;

	(void)state;
	parse("0000:0000:0000:0000:0000:ffff:192.168.100.200", &addrs);
	assert_true(allow(&addrs, "192.168.100.200"));
	parse("0000:0000:0000:0000:0000:ffff:192.168.100.200/128", &addrs);
	assert_true(allow(&addrs, "192.168.100.200"));
}

/* A list of count addresses from 10.0.0.0 on. */
static int parse_many(
    int count, struct web_server_addrs *ret, size_t *ret_entry)
{
	char list[(WEB_SERVER_ADDRS_MAX + 1) * ENTRY_MAX] = "";
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += (size_t)snprintf(list + length, ENTRY_MAX,
		    "%s10.0.0.%d", i > 0 ? "," : "", i);
	return web_server_addrs_parse(list, ret, ret_entry);
}

static void limits_the_number_of_addresses(void **state)
{
	struct web_server_addrs addrs = { .count = 47 };
	size_t entry = 0;

	(void)state;
	assert_int_equal(
	    parse_many(WEB_SERVER_ADDRS_MAX + 1, &addrs, &entry), -E2BIG);
	assert_int_equal(addrs.count, 47);
	assert_int_equal(entry, WEB_SERVER_ADDRS_MAX + 1);
	assert_int_equal(parse_many(WEB_SERVER_ADDRS_MAX, &addrs, &entry), 0);
	assert_int_equal(addrs.count, WEB_SERVER_ADDRS_MAX);
	assert_true(allow(&addrs, "10.0.0.0"));
	assert_true(allow(&addrs, "10.0.0.63"));
	assert_false(allow(&addrs, "10.0.0.64"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(anyone_without_a_list),
		cmocka_unit_test(listed_peers_only),
		cmocka_unit_test(listed_networks_only),
		cmocka_unit_test(other_families_with_a_list),
		cmocka_unit_test(refuses_bad_entries),
		cmocka_unit_test(takes_the_longest_address),
		cmocka_unit_test(limits_the_number_of_addresses),
	};

	return cmocka_run_group_tests_name(
	    "web_server_addrs", tests, NULL, NULL);
}
