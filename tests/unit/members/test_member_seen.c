/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/members/member_seen, and of the search with it. */
#include "config.h"

#include "fcgi_app/members/member_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_search.h"
#include "tests/unit/support/members_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

static struct members_fixture fixture;
static bool has_attributes = true; /* the file system */

/* Stores a digest of 32 times `byte` with a file, if that can be. 0 or -1. */
static int store(const char *name, unsigned char byte)
{
	struct digest_record record = { 0 };
	char text[DIGEST_RECORD_MAX];
	struct stat st;
	int length;

	if (stat(name, &st) < 0)
		return -1;
	memset(record.sha256, byte, sizeof(record.sha256));
	record.size = (uint64_t)st.st_size;
	record.mtime = st.st_mtim;
	length = digest_record_format(&record, text, sizeof(text));
	if (setxattr(name, DIGEST_RECORD_ATTRIBUTE, text, (size_t)length, 0) ==
	    0)
		return 0;
	has_attributes = errno != EOPNOTSUPP;
	return has_attributes ? -1 : 0;
}

static int make_files(void)
{
	static const char *const names[] = { "root/docs/a", "root/docs/none",
		"root/docs/old", "root/docs/sub/b", "root/other" };

	if (mkdir("root/docs", 0755) < 0 || mkdir("root/docs/sub", 0755) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (members_fixture_make_file(names[i]) < 0)
			return -1;
	if (symlink("../other", "root/docs/link") < 0)
		return -1;
	if (store("root/docs/a", 'a') < 0 ||
	    store("root/docs/sub/b", 'b') < 0 ||
	    store("root/docs/old", 'o') < 0 || store("root/other", 'l') < 0)
		return -1;
	/* It is of what the file was. */
	return truncate("root/docs/old", 1);
}

static int set_up(void **state)
{
	(void)state;
	if (members_fixture_init(&fixture) < 0 || make_files() < 0)
		return -1;
	open_fixture_ready(&fixture.open);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture.open);
}

static int need_attributes(void **state)
{
	(void)state;
	if (!has_attributes)
		skip();
	return 0;
}

/* Returns the byte that the digest found has, 0 for none. */
static unsigned char find(int fd, const char *name)
{
	struct member_seen seen = { .has_digest = true };

	assert_true(fd >= 0);
	assert_int_equal(member_see(fd, name, false, &seen), 0);
	assert_false(seen.has_digest);
	assert_int_equal(member_see(fd, name, true, &seen), 0);
	return seen.has_digest ? seen.sha256[DIGEST_SHA256_SIZE - 1] : 0;
}

static void finds_that_of_a_descriptor(void **state)
{
	static const struct {
		const char *name;
		unsigned char digest;
	} rows[] = {
		{ "root/docs/a", 'a' },
		{ "root/docs/link", 'l' },
		{ "root/docs/none", 0 },
		{ "root/docs/old", 0 },
		{ "root/docs/sub", 0 },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
		int fd = open(
		    rows[i / 2].name, (i % 2 ? O_RDONLY : O_PATH) | O_CLOEXEC);

		assert_int_equal(find(fd, NULL), rows[i / 2].digest);
		close(fd);
	}
}

static void finds_that_of_an_entry(void **state)
{
	int folder = open("root/docs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct member_seen seen;

	(void)state;
	assert_int_equal(find(folder, "a"), 'a');
	assert_int_equal(find(folder, "none"), 0);
	assert_int_equal(find(folder, "old"), 0);
	assert_int_equal(find(folder, "sub"), 0);
	assert_int_equal(member_see(folder, "gone", true, &seen), -ENOENT);
	/* A link has none of its own. */
	assert_int_equal(find(folder, "link"), 0);
	close(folder);
}

/* Fails unless the members have these digests, in the order of their names. */
static void check_members(
    const struct member_search_params *wish, const char *digests)
{
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "", "docs", wish);
	const struct members *members = outcome.members;

	assert_int_equal(outcome.error, 0);
	assert_int_equal(members->count, strlen(digests));
	for (size_t i = 0; i < members->count; i++) {
		const uint8_t *sha256 = members->list[i].sha256;

		assert_int_equal(
		    sha256 ? sha256[DIGEST_SHA256_SIZE - 1] : '-', digests[i]);
	}
	member_list_free(outcome.members);
}

static void a_search_finds_those_of_names(void **state)
{
	static const char *const names[] = { "a", "a", "none", "old", "sub/b",
		"link" };
	struct member_search_params wish = { .names = names,
		.name_count = ARRAY_LENGTH(names),
		.digests = true };

	(void)state;
	check_members(&wish, "aa--bl");
	wish.digests = false;
	check_members(&wish, "------");
}

static void a_search_finds_those_of_a_tree(void **state)
{
	struct member_search_params wish = { .trees = true, .digests = true };

	(void)state;
	/* a, link, none, old, sub, sub/b */
	check_members(&wish, "al---b");
	wish.digests = false;
	check_members(&wish, "------");
}

/* With them the tag is that of the bytes, whatever the times are. */
static void the_tag_of_all_is_made_of_them(void **state)
{
	static const char *const names[] = { "a" };
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct member_search_params wish = {
		.names = names, .name_count = 1, .tag = true, .digests = true
	};
	struct members_outcome before, after;

	(void)state;
	before = members_fixture_find(&fixture, "", "docs", &wish);
	assert_int_equal(utimensat(AT_FDCWD, "root/docs/a", times, 0), 0);
	after = members_fixture_find(&fixture, "", "docs", &wish);
	assert_string_not_equal(before.members->etag, after.members->etag);
	member_list_free(after.members);
	assert_int_equal(store("root/docs/a", 'a'), 0);
	after = members_fixture_find(&fixture, "", "docs", &wish);
	assert_string_equal(before.members->etag, after.members->etag);
	member_list_free(after.members);
	member_list_free(before.members);
}

#define TEST(name) cmocka_unit_test_setup(name, need_attributes)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(finds_that_of_a_descriptor),
		TEST(finds_that_of_an_entry),
		TEST(a_search_finds_those_of_names),
		TEST(a_search_finds_those_of_a_tree),
		TEST(the_tag_of_all_is_made_of_them),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "member_seen", tests, set_up, tear_down);
}
