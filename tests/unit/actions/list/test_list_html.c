/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/list_html and list_assets. */
#include "config.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/actions/list/list_assets.h"
#include "fcgi_app/actions/list/list_form.h"
#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/list_page.h"
#include "fcgi_app/actions/list/text_out.h"
#include "fcgi_app/policy/media_type.h"
#include "tests/unit/support/unit.h"

#define HIDDEN(name, value) \
	"<input type=\"hidden\" name=\"" name "\" value=\"" value "\">"
#define SORT_FORM(sort, kept, order)                                  \
	"<form id=\"by-" sort "\" autocomplete=\"off\">" kept HIDDEN( \
	    "sort", sort) HIDDEN("order", order) "</form>"

static struct media_types *types;
static char text[LIST_PAGE_BEGIN_MAX + 16 * LIST_PAGE_ENTRY_MAX + 1];

static int make_types(void **state)
{
	(void)state;
	types = media_types_new();
	return types ? 0 : -1;
}

static int drop_types(void **state)
{
	(void)state;
	media_types_free(types);
	return 0;
}

/* The whole page, in `text`. */
static void list(
    struct list_page page, const struct list_entry *entries, size_t count)
{
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };
	struct list_totals totals = { 0 };

	page.types = types;
	page.empty = count == 0;
	list_html.begin(&out, &page);
	for (size_t i = 0; i < count; i++) {
		list_html.entry(&out, &page, &totals, &entries[i]);
		totals.folders += entries[i].is_folder;
		totals.files += !entries[i].is_folder;
		totals.bytes += entries[i].size;
	}
	list_html.end(&out, &page, &totals);
	assert_false(out.overflow);
	text[out.length] = '\0';
}

static void has(const char *what)
{
	if (!strstr(text, what))
		fail_msg("no %s in:\n%s", what, text);
}

static void has_not(const char *what)
{
	if (strstr(text, what))
		fail_msg("%s in:\n%s", what, text);
}

static void the_frame_of_a_page(void **state)
{
	(void)state;
	list((struct list_page){ .path = ".", .sorted = true }, NULL, 0);
	assert_memory_equal(text, "<!DOCTYPE html>\n<html lang=\"en\">", 32);
	has("<title>Index of /</title>");
	has_not("robots");
	has("<h1><bdi>Files</bdi></h1>");
	has("<caption>");
	has("This folder is empty.");
	has("role=\"status\"");
	has_not("<nav");
	has_not("<form action");
	has_not("<form method");
	has_not("checkbox");
	has_not("<p class=\"note\">");
	has("</html>\n");
}

static void entries(void **state)
{
	static const struct list_entry entries[] = {
		{ "a:b", true, 0, 1582979696, false },
		{ "<i>.JPG", false, 1, 0, false },
		{ "javascript:x", false, 1234567, 0, false },
		{ "shut", false, 7, 0, true },
		{ "no <way>", true, 0, 0, true },
	};
	struct list_page page = { .path = "x", .sorted = true };

	(void)state;
	list(page, entries, 3);
	has("<tr><th scope=\"row\" class=\"d\"><bdi><a href=\"a%3Ab/\">a:b/"
	    "</a></bdi><td class=\"s\"></td><td class=\"m\">"
	    "<time datetime=\"2020-02-29T12:34:56Z\">2020-02-29 12:34</time>");
	has("<th scope=\"row\" class=\"i\"><bdi><a href=\"%3Ci%3E.JPG\">"
	    "&lt;i&gt;.JPG</a></bdi><td class=\"s\" title=\"1 byte\">1 B</td>");
	has("class=\"f\"><bdi><a href=\"javascript%3Ax\">");
	has("title=\"1,234,567 bytes\">1.2 MiB");
	has("title=\"1,234,568 bytes\">1 folder, 2 files, 1.2 MiB</span>");
	has_not("<i>");
	has_not("empty.");
	has_not("not readable");
	/* What can't be had has neither a link nor a checkbox. */
	page.archive = "/zip";
	list(page, entries, ARRAY_LENGTH(entries));
	has("<td class=\"c\"><th scope=\"row\" class=\"f\"><bdi>shut</bdi> "
	    "<small>not readable</small><td class=\"s\" title=\"7 bytes\">");
	has("class=\"d\"><bdi>no &lt;way&gt;/</bdi> <small>not "
	    "readable</small>");
	has("2 folders, 3 files");
	has_not("href=\"shut");
	has_not("value=\"shut");
}

/* The title has the whole path, whatever stands in it. */
static void titles(void **state)
{
	(void)state;
	list((struct list_page){ .path = "a/<i>&\"" }, NULL, 0);
	has("<title>Index of /a/&lt;i&gt;&amp;&quot;/</title>");
	has("<h1><bdi>&lt;i&gt;&amp;&quot;</bdi></h1>");
	has_not("<i>");
	list((struct list_page){ .path = "<i>&\"/b/" }, NULL, 0);
	has("<title>Index of /&lt;i&gt;&amp;&quot;/b/</title>");
	has("<li><bdi><a href=\"../\">&lt;i&gt;&amp;&quot;</a></bdi>");
	has_not("<i>");
}

static void the_folders_above(void **state)
{
	(void)state;
	list((struct list_page){ .path = "a/b & c/d/" }, NULL, 0);
	has("<h1><bdi>d</bdi></h1>");
	has("<li><bdi><a href=\"../../../\">Files</a></bdi>\n"
	    "<li><bdi><a href=\"../../\">a</a></bdi>\n"
	    "<li><bdi><a href=\"../\">b &amp; c</a></bdi>\n</ol>");
	list((struct list_page){ .path = "1/2/3/4/5/6/7/8" }, NULL, 0);
	has("<a href=\"../../../../../../../../\">Files</a>");
	/* One more: the farthest has no link. */
	list((struct list_page){ .path = "1/2/3/4/5/6/7/8/9" }, NULL, 0);
	has("<li>\xe2\x80\xa6\n<li><bdi><a href=\"../../../../../../../../\">"
	    "1</a>");
	list((struct list_page){ .path = "1/2/3/4/5/6/7/8/9/10" }, NULL, 0);
	has_not(">1</a>");
	has(">2</a>");
}

static void headers_that_sort(void **state)
{
	struct list_page page = { .path = ".", .sorted = true };

	(void)state;
	list(page, NULL, 0);
	has("class=\"n\" aria-sort=\"ascending\">"
	    "<button form=\"by-name\">Name</button>");
	has(SORT_FORM("name", "", "desc"));
	has("class=\"s\"><button form=\"by-size\">Size</button>");
	has(SORT_FORM("size", "", "desc"));
	has_not("<a href=\"?");
	page.query.sort = LIST_SORT_SIZE;
	page.query.descending = true;
	list(page, NULL, 0);
	has("class=\"n\"><button form=\"by-name\">Name</button>");
	has(SORT_FORM("name", "", "asc"));
	has("class=\"s\" aria-sort=\"descending\">"
	    "<button form=\"by-size\">Size</button>");
	has(SORT_FORM("size", "", "asc"));
	has(SORT_FORM("time", "", "desc"));
	page.sorted = false;
	list(page, NULL, 0);
	has("<th scope=\"col\" class=\"s\">Size\n");
	has("<p class=\"note\">The entries are in no particular order: ");
	has_not("<form");
	has_not("<button");
}

/* All buttons lead to where the reader may go. */
static void a_query_is_kept(void **state)
{
	static const struct list_entry entry = { "a", false, 1, 0, false };
	const struct list_page page = {
		.path = "x",
		.sorted = true,
		.archive = "/zip",
		.query_text = "md5=<&sort=size&expires=1+2",
		.has_query = true,
	};

	(void)state;
	list(page, &entry, 1);
	has("<meta name=\"robots\" content=\"noindex\">");
	has(SORT_FORM(
	    "name", HIDDEN("md5", "&lt;") HIDDEN("expires", "1 2"), "desc"));
	has("<form action=\"/zip/x/\">" HIDDEN("format", "zip")
		HIDDEN("md5", "&lt;") HIDDEN("expires", "1 2") "<button");
	has("<form method=\"post\" action=\"/zip/x/?md5=%3C&amp;"
	    "expires=1+2\">" HIDDEN("format", "zip") "\n");
}

static void an_archive(void **state)
{
	static const struct list_entry entries[] = {
		{ "folder", true, 0, 0, false },
		{ "a&b", false, 1, 0, false },
		{ "new\nline", false, 1, 0, false },
		{ "bad\xff", false, 1, 0, false },
		{ "c1\xc2\x85", false, 1, 0, false },
	};
	struct list_page page = { .path = "x y/z/", .archive = "/zip&co" };

	(void)state;
	list(page, entries, ARRAY_LENGTH(entries));
	has("<form action=\"/zip&amp;co/x%20y/z/\">" HIDDEN(
	    "format", "zip") "<button class=\"btn\">");
	has("<form method=\"post\" action=\"/zip&amp;co/x%20y/z/\">" HIDDEN(
	    "format", "zip"));
	has("<input type=\"checkbox\" name=\"f\" value=\"a&amp;b\" "
	    "aria-label=\"Select a&amp;b\">");
	/* A form would send other bytes of these, and no folder at all. */
	has_not("value=\"folder\"");
	has_not("value=\"new");
	has_not("value=\"bad");
	has_not("value=\"c1");
	has("Download selected as ZIP</button>");
	list(page, NULL, 0);
	has("<form action=\"/zip&amp;co/x%20y/z/\">");
	has_not("<form method");
	page.path = ".";
	list(page, entries, 1);
	has("<form action=\"/zip&amp;co/\">");
	has("<form method=\"post\" action=\"/zip&amp;co/\">");
	has_not("Download selected as ZIP</button>");
}

/* A right-to-left override turns "gpj.exe" round for the eye. */
static void names_that_look_like_others(void **state)
{
	static const struct list_entry entry = { "x\xe2\x80\xaegpj.exe", false,
		1, 0, false };
	struct list_page page = { .path = ".", .archive = "/zip" };

	(void)state;
	list(page, &entry, 1);
	has("<bdi><a "
	    "href=\"x%E2%80%AEgpj.exe\">x\xef\xbf\xbdgpj.exe</a></bdi>");
	has("aria-label=\"Select x\xef\xbf\xbdgpj.exe\"");
	/* What is sent is what it is called. */
	has("value=\"x\xe2\x80\xaegpj.exe\"");
}

/* Browsers that know no text for screen readers drop all that has one. */
static void older_browsers(void **state)
{
	(void)state;
	list((struct list_page){ .path = "." }, NULL, 0);
	has("{content:\"/\";content:\"/\" / \"\";");
	has("{content:\"\\2191\";content:\"\\2191\" / \"\";");
	has("{content:\"\\2193\";\ncontent:\"\\2193\" / \"\"}");
}

static void the_longest(void **state)
{
	char name[NAME_MAX + 1], path[PATH_MAX], archive[1025];
	char query[LIST_FORM_QUERY_MAX + 1];
	struct list_page page = {
		.path = path,
		.sorted = true,
		.archive = archive,
		.query_text = query,
		.has_query = true,
	};
	struct list_entry entry = { name, false, UINT64_MAX, INT64_MAX, false };
	struct list_totals totals = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	struct text_out out = { .text = text, .size = sizeof(text) };

	(void)state;
	page.types = types;
	memset(name, '"', NAME_MAX);
	name[NAME_MAX] = '\0';
	memset(archive, '&', sizeof(archive) - 1);
	archive[0] = '/';
	archive[sizeof(archive) - 1] = '\0';
	assert_true(list_page_archive_is_valid(archive));
	memset(path, '"', PATH_MAX - 1);
	for (size_t i = NAME_MAX; i < PATH_MAX; i += NAME_MAX + 1)
		path[i] = '/';
	path[PATH_MAX - 1] = '\0';
	memset(query, '"', LIST_FORM_QUERY_MAX);
	query[LIST_FORM_QUERY_MAX] = '\0';
	for (size_t i = 1; i < LIST_FORM_PAIRS_MAX; i++)
		query[LIST_FORM_QUERY_MAX - 2 * i] = '&';
	assert_ptr_equal(list_form_query(query), query);
	list_html.begin(&out, &page);
	assert_in_range(out.length, 120000, LIST_PAGE_BEGIN_MAX);
	out.length = 0;
	list_html.entry(&out, &page, &totals, &entry);
	assert_in_range(out.length, 4000, LIST_PAGE_ENTRY_MAX);
	out.length = 0;
	list_html.end(&out, &page, &totals);
	assert_in_range(out.length, 1000, LIST_PAGE_ENTRY_MAX);
	assert_false(out.overflow);
}

static void paths_of_archives(void **state)
{
	char path[LIST_PAGE_ARCHIVE_MAX + 2];

	(void)state;
	assert_true(list_page_archive_is_valid("/"));
	assert_true(list_page_archive_is_valid("/zip/of%20all"));
	assert_false(list_page_archive_is_valid(""));
	assert_false(list_page_archive_is_valid("zip"));
	assert_false(list_page_archive_is_valid("//host/zip"));
	assert_false(list_page_archive_is_valid("http://host/zip"));
	assert_false(list_page_archive_is_valid("/zip?x"));
	assert_false(list_page_archive_is_valid("/a b"));
	assert_false(list_page_archive_is_valid("/\""));
	assert_false(list_page_archive_is_valid("/\\host"));
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[LIST_PAGE_ARCHIVE_MAX + 1] = '\0';
	assert_false(list_page_archive_is_valid(path));
	path[LIST_PAGE_ARCHIVE_MAX] = '\0';
	assert_true(list_page_archive_is_valid(path));
}

/* The text of an element, as the policy hashes it. */
static void check_hash(const char *policy, const char *begin, const char *end)
{
	const char *from = strstr(text, begin) + strlen(begin);
	size_t length = (size_t)(strstr(from, end) - from);
	unsigned char hash[crypto_hash_sha256_BYTES];
	char base64[64];

	crypto_hash_sha256(hash, (const unsigned char *)from, length);
	sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash),
	    sodium_base64_VARIANT_ORIGINAL);
	assert_non_null(strstr(policy, base64));
}

static void the_security_policy(void **state)
{
	char policy[LIST_ASSETS_POLICY_MAX];

	(void)state;
	list((struct list_page){ .path = "." }, NULL, 0);
	list_assets_policy(policy);
	assert_true(strlen(policy) < sizeof(policy) - 1);
	assert_memory_equal(policy, "default-src 'none'; ", 20);
	check_hash(policy, "<style>", "</style>");
	check_hash(policy, "<script>", "</script>");
	has_not("style=\"");
	has_not("onclick");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frame_of_a_page),
		cmocka_unit_test(entries),
		cmocka_unit_test(titles),
		cmocka_unit_test(the_folders_above),
		cmocka_unit_test(headers_that_sort),
		cmocka_unit_test(a_query_is_kept),
		cmocka_unit_test(an_archive),
		cmocka_unit_test(names_that_look_like_others),
		cmocka_unit_test(older_browsers),
		cmocka_unit_test(the_longest),
		cmocka_unit_test(paths_of_archives),
		cmocka_unit_test(the_security_policy),
	};

	return cmocka_run_group_tests_name(
	    "list_html", tests, make_types, drop_types);
}
