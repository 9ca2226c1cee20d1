/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/cors. */
#include "config.h"

#include "fcgi_app/policy/cors.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/support/unit.h"

struct row {
	const char *list;
	const char *origin;
	enum cors_result expected;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum cors_result result =
		    cors_match(rows[i].list, rows[i].origin);

		if (result != rows[i].expected)
			fail_msg("row %zu (%s; %s): %d", i, rows[i].list,
			    rows[i].origin ? rows[i].origin : "-", (int)result);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))
#define A "https://a.example"
#define B "http://b.example:8080"

static void any_origin(void **state)
{
	static const struct row rows[] = {
		{ "*", A, CORS_ANY },
		{ "*", NULL, CORS_ANY },
		{ "*", "null", CORS_ANY },
		{ " *\t", A, CORS_ANY },
		{ A ", *", A, CORS_ANY },
		{ "*.example", A, CORS_OTHER },
		{ "https://*.example", A, CORS_OTHER },
		{ "**", "*", CORS_OTHER },
		{ A, "*", CORS_OTHER },
	};

	(void)state;
	CHECK(rows);
}

static void listed_origins(void **state)
{
	static const struct row rows[] = {
		{ A, A, CORS_LISTED },
		{ A " " B, A, CORS_LISTED },
		{ A " " B, B, CORS_LISTED },
		{ "," A "\t,  " B ",", B, CORS_LISTED },
		{ A, A "\t", CORS_LISTED }, /* nginx */
		{ A, A " \t", CORS_LISTED },
		{ A "/", A, CORS_LISTED },
		{ "HTTPS://A.Example", A, CORS_LISTED },
		{ A, "HTTPS://A.Example", CORS_LISTED },
		{ "http://[::1]:8080", "http://[::1]:8080", CORS_LISTED },
		{ A, NULL, CORS_OTHER },
		{ A, "", CORS_OTHER },
		{ A, "\t", CORS_OTHER },
		{ A, " " A, CORS_OTHER },
		{ A, B, CORS_OTHER },
		{ A, A "/", CORS_OTHER },
		{ A, A "/x", CORS_OTHER },
		{ A, A ".evil.test", CORS_OTHER },
		{ A, "https://evil.test/" A, CORS_OTHER },
		{ A, "https://x.a.example", CORS_OTHER },
		{ A, "http://a.example", CORS_OTHER },
		{ A, "a.example", CORS_OTHER },
		{ A, A " " B, CORS_OTHER },
		{ A " " B, A " " B, CORS_OTHER },
		{ A "," B, A "," B, CORS_OTHER },
		{ "", A, CORS_OTHER },
		{ "", "", CORS_OTHER },
		{ "/", "", CORS_OTHER },
		{ " , ", NULL, CORS_OTHER },
	};

	(void)state;
	CHECK(rows);
}

static void default_ports(void **state)
{
	static const struct row rows[] = {
		{ "https://a.example:443", A, CORS_LISTED },
		{ "https://a.example:443/", A, CORS_LISTED },
		{ "http://a.example:80", "http://a.example", CORS_LISTED },
		{ A, "https://a.example:443", CORS_LISTED },
		{ "https://[::1]:443", "https://[::1]", CORS_LISTED },
		{ "https://a.example:80", A, CORS_OTHER },
		{ "http://a.example:443", "http://a.example", CORS_OTHER },
		{ "https://a.example:8443", A, CORS_OTHER },
		{ "https://[::443]", "https://[:]", CORS_OTHER },
		{ "b.example:80", "b.example", CORS_OTHER },
		{ "http://:80", "http://", CORS_LISTED },
	};

	(void)state;
	CHECK(rows);
}

static void null_origin(void **state)
{
	static const struct row rows[] = {
		{ A, "null", CORS_OTHER },
		{ "null", "null", CORS_LISTED },
		{ A ",null", "null\t", CORS_LISTED },
		{ "null", NULL, CORS_OTHER },
		{ "null", "", CORS_OTHER },
		{ "nul", "null", CORS_OTHER },
	};

	(void)state;
	CHECK(rows);
}

/* As an element of a list with ", " between two of them. */
static bool has(const char *list, const char *name)
{
	const char *at = strcasestr(list, name);
	char after = at ? at[strlen(name)] : '?';

	return at && (after == '\0' || after == ',') &&
	    (at == list || at[-1] == ' ');
}

static void constants(void **state)
{
	static const char *const exposed[] = { "Accept-Ranges",
		"Content-Disposition", "Content-Encoding", "Content-Length",
		"Content-Range", "ETag", "Repr-Digest" };
	static const char *const allowed[] = { "Range", "If-Range", "If-Match",
		"If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
		"Want-Repr-Digest" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(exposed); i++)
		assert_true(has(CORS_EXPOSE_HEADERS, exposed[i]));
	/* has() would find "Range" in "If-Range". */
	for (size_t i = 1; i < ARRAY_LENGTH(allowed); i++)
		assert_true(has(CORS_ALLOW_HEADERS, allowed[i]));
	assert_non_null(strstr(CORS_ALLOW_HEADERS, ", Range,"));
}

/* What can never match was meant otherwise. */
static void tells_what_is_no_origin(void **state)
{
	static const char *const origins[] = { "*", "null", "https://a",
		"https://a.example:8443", "https://[::1]:80",
		"chrome-extension://abc", "https://a.example/" };
	static const char *const others[] = { "a.example", "**", "nul",
		"https://", "https:///", "://a", "https:/a",
		"https://a.example/x", "https://a.example//", "https" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(origins); i++)
		assert_true(cors_is_origin(origins[i], strlen(origins[i])));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(cors_is_origin(others[i], strlen(others[i])));
	assert_false(cors_is_origin("https://a/b", 8));
	assert_true(cors_is_origin("https://a/b", 9));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_origin),
		cmocka_unit_test(listed_origins),
		cmocka_unit_test(default_ports),
		cmocka_unit_test(null_origin),
		cmocka_unit_test(constants),
		cmocka_unit_test(tells_what_is_no_origin),
	};

	return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
