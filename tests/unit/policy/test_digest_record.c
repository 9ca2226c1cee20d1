/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/digest_record. */
#include "config.h"
#include "fcgi_app/policy/digest_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/file/file_version.h"
#include "tests/unit/support/unit.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1dfeff"

/* Its bytes are those of HEX. */
static struct digest_record sample(void)
{
	struct digest_record r = {
		.size = 4096,
		.mtime = { .tv_sec = 1700000000, .tv_nsec = 12345678 },
	};

	for (unsigned int i = 0; i < 30; i++)
		r.sha256[i] = (uint8_t)i;
	r.sha256[30] = 0xfe;
	r.sha256[31] = 0xff;
	return r;
}

static int parse(const char *text, struct digest_record *ret)
{
	return digest_record_parse(text, strlen(text), ret);
}

static const struct {
	uint64_t size;
	struct timespec mtime;
	const char *text;
} rows[] = {
	{ 4096, { 1700000000, 12345678 }, HEX " 4096 1700000000.012345678" },
	{ 0, { 0, 0 }, HEX " 0 0.000000000" },
	{ 1, { -1, 999999999 }, HEX " 1 -1.999999999" },
	{ UINT64_MAX, { INT64_MAX, 1 },
	    HEX " 18446744073709551615 9223372036854775807.000000001" },
	{ UINT64_MAX, { INT64_MIN, 999999999 },
	    HEX " 18446744073709551615 -9223372036854775808.999999999" },
};

static void writes_and_reads_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct digest_record r = sample(), back = { 0 };
		char text[DIGEST_RECORD_MAX];

		r.size = rows[i].size;
		r.mtime = rows[i].mtime;
		assert_int_equal(digest_record_format(&r, text, sizeof(text)),
		    strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(parse(text, &back), 0);
		assert_memory_equal(back.sha256, r.sha256, DIGEST_SHA256_SIZE);
		assert_true(digest_record_is_of(&back, r.size, &r.mtime));
	}
	/* The last one is as long as one can be. */
	assert_int_equal(
	    strlen(rows[ARRAY_LENGTH(rows) - 1].text), DIGEST_RECORD_MAX - 1);
}

/* The same text with the other digest. */
static void writes_and_reads_a_crc32(void **state)
{
	static const struct {
		uint32_t crc32;
		const char *hex;
	} crcs[] = { { 0, "00000000" }, { 0x0a1b2c3d, "0a1b2c3d" },
		{ UINT32_MAX, "ffffffff" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows) * ARRAY_LENGTH(crcs); i++) {
		const char *rest = rows[i / 3].text + strlen(HEX);
		struct digest_record r = { .crc32 = crcs[i % 3].crc32,
			.size = rows[i / 3].size,
			.mtime = rows[i / 3].mtime };
		struct digest_record back = { .crc32 = 1 };
		char text[DIGEST_RECORD_MAX], expected[DIGEST_RECORD_MAX];
		int n = digest_record_format_crc32(&r, text, sizeof(text));

		snprintf(
		    expected, sizeof(expected), "%s%s", crcs[i % 3].hex, rest);
		assert_string_equal(text, expected);
		assert_int_equal(n, strlen(text));
		assert_int_equal(
		    digest_record_parse_crc32(text, (size_t)n, &back), 0);
		assert_int_equal(back.crc32, r.crc32);
		assert_true(digest_record_is_of(&back, r.size, &r.mtime));
	}
}

static void one_digest_is_not_the_other(void **state)
{
	static const char *const texts[] = { "", "0a1b2c3d", "0a1b2c3d ",
		"0A1B2C3D 1 1.000000000", "a1b2c3d 1 1.000000000",
		"0a1b2c3d  1 1.000000000", "0a1b2c3d 1 1.0",
		"0a1b2c3d 1 1.000000000\n", HEX " 1 1.000000000" };
	struct digest_record r = { .size = 77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		assert_int_equal(
		    digest_record_parse_crc32(texts[i], strlen(texts[i]), &r),
		    -EINVAL);
	assert_int_equal(parse("0a1b2c3d 1 1.000000000", &r), -EINVAL);
	assert_int_equal(r.size, 77);
}

static void needs_room(void **state)
{
	struct digest_record r = sample();
	char text[DIGEST_RECORD_MAX];
	size_t length = strlen(rows[0].text);

	(void)state;
	assert_int_equal(
	    digest_record_format(&r, text, length + 1), (int)length);
	assert_int_equal(digest_record_format(&r, text, length), -ENOBUFS);
	assert_int_equal(digest_record_format(&r, text, 0), -ENOBUFS);
}

static void refuses_what_is_spelt_otherwise(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		/* A digest alone, as others store it. */
		HEX,
		HEX "\n",
		HEX " ",
		HEX " 4096",
		HEX " 4096 ",
		HEX " 4096 17",
		HEX " 4096 17.",
		HEX " 4096 17.00000000",
		HEX " 4096 17.0000000000",
		HEX " 4096 17.1000000000",
		HEX " 4096 17.000000000\n",
		HEX " 4096 17.000000000 ",
		HEX " 4096 17,000000000",
		HEX " 4096  17.000000000",
		HEX "  4096 17.000000000",
		HEX "\t4096 17.000000000",
		" " HEX " 4096 17.000000000",
		HEX " 04096 17.000000000",
		HEX " 4096 017.000000000",
		HEX " +4096 17.000000000",
		HEX " -4096 17.000000000",
		HEX " 4096 +17.000000000",
		HEX " 4096 -0.000000000",
		HEX " 4096 --1.000000000",
		HEX " 4096 17.-00000001",
		HEX " 0x10 17.000000000",
		HEX " 4096.0 17.000000000",
		HEX "0 4096 17.000000000",
		HEX " 18446744073709551616 17.000000000",
		HEX " 1 9223372036854775808.000000000",
		HEX " 1 -9223372036854775809.000000000",
		HEX " 1 99999999999999999999999999999.000000000",
		"000102030405060708090A0b0c0d0e0f"
		"101112131415161718191a1b1c1dfeff 4096 17.000000000",
		"g00102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1dfeff 4096 17.000000000",
		"00102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1dfeff 4096 17.000000000",
		"sha256:" HEX " 4096 17.000000000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct digest_record r = sample();

		if (parse(texts[i], &r) != -EINVAL)
			fail_msg("\"%s\" is accepted", texts[i]);
		assert_int_equal(r.size, sample().size);
	}
}

static void takes_the_length_at_its_word(void **state)
{
	static const char inner[] = HEX " 4096 17.00000\0000";
	const char *text = rows[0].text;
	char longest[DIGEST_RECORD_MAX + 1];
	struct digest_record r;

	(void)state;
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(digest_record_parse(text, i, &r), -EINVAL);
	/* A NUL is a byte like others, at the end too. */
	assert_int_equal(
	    digest_record_parse(text, strlen(text) + 1, &r), -EINVAL);
	assert_int_equal(
	    digest_record_parse(inner, sizeof(inner) - 1, &r), -EINVAL);
	memset(longest, '1', sizeof(longest));
	assert_int_equal(
	    digest_record_parse(longest, DIGEST_RECORD_MAX - 1, &r), -EINVAL);
	assert_int_equal(
	    digest_record_parse(longest, DIGEST_RECORD_MAX, &r), -EINVAL);
}

static void is_of_one_version(void **state)
{
	struct digest_record r = sample();
	struct timespec later = r.mtime, finer = r.mtime;

	(void)state;
	later.tv_sec++;
	finer.tv_nsec++;
	assert_true(digest_record_is_of(&r, r.size, &r.mtime));
	assert_false(digest_record_is_of(&r, r.size + 1, &r.mtime));
	assert_false(digest_record_is_of(&r, r.size, &later));
	assert_false(digest_record_is_of(&r, r.size, &finer));
}

static void is_found_for_its_content_only(void **state)
{
	const struct digest_record r = sample();
	const struct file_version version = { r.size, r.mtime };
	struct file_version other = version;
	uint8_t found[DIGEST_SHA256_SIZE] = { 0 };
	char text[DIGEST_RECORD_MAX];
	int n = digest_record_format(&r, text, sizeof(text));
	size_t length = (size_t)n;

	(void)state;
	assert_true(n > 0);
	other.mtime.tv_nsec++;
	assert_false(digest_record_find(text, length, &other, found));
	assert_false(digest_record_find(text, length - 1, &version, found));
	assert_false(digest_record_find(text, 0, &version, found));
	assert_int_equal(found[0], 0);
	assert_true(digest_record_find(text, length, &version, found));
	assert_memory_equal(found, r.sha256, sizeof(found));
}

/* All bits 0, the digest of nothing, all bits 1. */
static void writes_repr_digest(void **state)
{
	static const struct {
		uint8_t sha256[DIGEST_SHA256_SIZE];
		const char *field;
	} cases[] = {
		{ { 0 },
		    "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:" },
		{ { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb,
		      0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
		      0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b,
		      0x78, 0x52, 0xb8, 0x55 },
		    "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:" },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		      0xff, 0xff, 0xff, 0xff },
		    "sha-256=://////////////////////////////////////////8=:" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char field[REPR_DIGEST_MAX];

		repr_digest_format(cases[i].sha256, field);
		assert_string_equal(field, cases[i].field);
		assert_int_equal(strlen(field), REPR_DIGEST_MAX - 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads_the_same),
		cmocka_unit_test(writes_and_reads_a_crc32),
		cmocka_unit_test(one_digest_is_not_the_other),
		cmocka_unit_test(needs_room),
		cmocka_unit_test(refuses_what_is_spelt_otherwise),
		cmocka_unit_test(takes_the_length_at_its_word),
		cmocka_unit_test(is_of_one_version),
		cmocka_unit_test(is_found_for_its_content_only),
		cmocka_unit_test(writes_repr_digest),
	};

	return cmocka_run_group_tests_name("digest_record", tests, NULL, NULL);
}
