/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/archive_form. */
#include "config.h"

#include "fcgi_app/actions/archive/archive_form.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define NONE ARCHIVE_FORMS

static void forms_are_chosen(void **state)
{
	static const struct {
		const char *query;
		const char *preset;
		int result;
		int form;
	} rows[] = {
		{ NULL, NULL, 0, ARCHIVE_ZIP },
		{ "", NULL, 0, ARCHIVE_ZIP },
		{ NULL, "tar", 0, ARCHIVE_TAR },
		{ NULL, "tgz", -EDOM, NONE },
		{ "format=zip", "tar", 0, ARCHIVE_ZIP },
		{ "format=tar", NULL, 0, ARCHIVE_TAR },
		{ "format=tar.gz", NULL, 0, ARCHIVE_TAR_GZ },
		{ "format=tar.zst", NULL, 0, ARCHIVE_TAR_ZST },
		{ "format=zip-deflate", NULL, 0, ARCHIVE_ZIP_DEFLATE },
		{ "f=a&format=tar&f=b", NULL, 0, ARCHIVE_TAR },
		{ "f=a&format=tar&format=x", NULL, 0, ARCHIVE_TAR },
		{ "xformat=tar", NULL, 0, ARCHIVE_ZIP },
		{ "f=format=tar", NULL, 0, ARCHIVE_ZIP },
		{ "format", NULL, 0, ARCHIVE_ZIP },
		{ "format=tar%2Egz", NULL, 0, ARCHIVE_TAR_GZ },
		{ "format=%74ar", NULL, 0, ARCHIVE_TAR },
		{ "%66ormat=tar", NULL, 0, ARCHIVE_TAR },
		{ "format=", NULL, -EINVAL, NONE },
		{ "format=ZIP", NULL, -EINVAL, NONE },
		{ "format=zip%00", NULL, 0, ARCHIVE_ZIP },
		{ "format=zipzipzipzipzipzipzip", NULL, -EINVAL, NONE },
		{ "format=zip%", NULL, -EINVAL, NONE },
		{ "format=rar", "tar", -EINVAL, NONE },
		{ "format=zip-crc-first", NULL, -EINVAL, NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		enum archive_form form = NONE;
		int r =
		    archive_form_choose(rows[i].query, rows[i].preset, &form);

		if (r != rows[i].result || (int)form != rows[i].form)
			fail_msg("row %zu: %d, form %d", i, r, (int)form);
	}
}

static void what_forms_are(void **state)
{
	static const struct {
		const char *suffix;
		const char *type;
		bool packed;
		enum archive_form plain;
	} rows[ARCHIVE_FORMS] = {
		[ARCHIVE_ZIP] = { ".zip", "application/zip", false,
		    ARCHIVE_ZIP },
		[ARCHIVE_TAR] = { ".tar", "application/x-tar", false,
		    ARCHIVE_TAR },
		[ARCHIVE_TAR_GZ] = { ".tar.gz", "application/gzip", true,
		    ARCHIVE_TAR },
		[ARCHIVE_TAR_ZST] = { ".tar.zst", "application/zstd", true,
		    ARCHIVE_TAR },
		[ARCHIVE_ZIP_DEFLATE] = { ".zip", "application/zip", true,
		    ARCHIVE_ZIP },
		[ARCHIVE_ZIP_CRC_FIRST] = { ".zip", "application/zip", false,
		    ARCHIVE_ZIP_CRC_FIRST },
	};

	(void)state;
	for (int i = 0; i < ARCHIVE_FORMS; i++) {
		enum archive_form form = (enum archive_form)i;

		assert_string_equal(archive_form_suffix(form), rows[i].suffix);
		assert_string_equal(
		    archive_form_media_type(form), rows[i].type);
		assert_int_equal(archive_form_is_packed(form), rows[i].packed);
		assert_int_equal(archive_form_plain(form), rows[i].plain);
		assert_int_equal(archive_form_is_zip(form),
		    strcmp(rows[i].suffix, ".zip") == 0);
	}
}

static void the_crc_has_a_place_in_zip_alone(void **state)
{
	(void)state;
	for (int i = 0; i < ARCHIVE_FORMS; i++) {
		enum archive_form form = (enum archive_form)i;

		assert_int_equal(archive_form_place_crc(NULL, &form), 0);
		assert_int_equal(archive_form_place_crc("last", &form), 0);
		assert_int_equal(archive_form_place_crc("", &form), -EINVAL);
		assert_int_equal(
		    archive_form_place_crc("First", &form), -EINVAL);
		assert_int_equal(form, i);
		assert_int_equal(archive_form_place_crc("first", &form), 0);
		assert_int_equal(
		    form, i == ARCHIVE_ZIP ? ARCHIVE_ZIP_CRC_FIRST : i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_chosen),
		cmocka_unit_test(what_forms_are),
		cmocka_unit_test(the_crc_has_a_place_in_zip_alone),
	};

	return cmocka_run_group_tests_name("archive_form", tests, NULL, NULL);
}
