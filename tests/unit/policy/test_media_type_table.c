/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/media_type_table. */
#include "config.h"

#include "fcgi_app/policy/media_type_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

struct row {
	const char *extension;
	const char *type;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *type = media_type_table_find(rows[i].extension);

		if (!type || strcmp(type, rows[i].type) != 0)
			fail_msg("%s: %s", rows[i].extension, type);
	}
}

static void knows_the_web(void **state)
{
	static const struct row rows[] = {
		{ "avif", "image/avif" },
		{ "css", "text/css" },
		{ "csv", "text/csv" },
		{ "flac", "audio/flac" },
		{ "gz", "application/gzip" },
		{ "html", "text/html" },
		{ "js", "text/javascript" },
		{ "json", "application/json" },
		{ "log", "text/plain" },
		{ "m3u8", "application/vnd.apple.mpegurl" },
		{ "m4s", "video/iso.segment" },
		{ "map", "application/json" },
		{ "md", "text/markdown" },
		{ "mjs", "text/javascript" },
		{ "mkv", "video/x-matroska" },
		{ "mp4", "video/mp4" },
		{ "mpd", "application/dash+xml" },
		{ "opus", "audio/ogg" },
		{ "pdf", "application/pdf" },
		{ "png", "image/png" },
		{ "svg", "image/svg+xml" },
		{ "ttf", "font/ttf" },
		{ "txt", "text/plain" },
		{ "vtt", "text/vtt" },
		{ "wasm", "application/wasm" },
		{ "webm", "video/webm" },
		{ "webmanifest", "application/manifest+json" },
		{ "woff2", "font/woff2" },
		{ "xml", "application/xml" },
		{ "yml", "application/yaml" },
		{ "zip", "application/zip" },
		{ "zst", "application/zstd" },
	};

	(void)state;
	check_rows(rows, ARRAY_LENGTH(rows));
}

/* Debian's list has no type for these. */
static void knows_what_the_system_does_not(void **state)
{
	static const struct row rows[] = {
		{ "3gp", "video/3gpp" },
		{ "br", "application/x-brotli" },
		{ "ipynb", "application/x-ipynb+json" },
		{ "m2ts", "video/mp2t" },
		{ "m4b", "audio/mp4" },
		{ "mka", "audio/x-matroska" },
		{ "ndjson", "application/x-ndjson" },
		{ "parquet", "application/vnd.apache.parquet" },
		{ "sha256", "text/plain" },
		{ "toml", "application/toml" },
		{ "whl", "application/x-wheel+zip" },
	};

	(void)state;
	check_rows(rows, ARRAY_LENGTH(rows));
}

/* The IANA's list has another type for each of these. */
static void says_what_is_meant_on_the_web(void **state)
{
	static const struct row rows[] = {
		{ "ac", "text/plain" },
		{ "asc", "text/plain" },
		{ "ass", "text/x-ssa" },
		{ "key", "application/octet-stream" },
		{ "m", "text/plain" },
		{ "mid", "audio/midi" },
		{ "mod", "application/octet-stream" },
		{ "mts", "video/mp2t" },
		{ "nim", "text/plain" },
		{ "org", "text/plain" },
		{ "pkg", "application/octet-stream" },
		{ "prc", "application/x-mobipocket-ebook" },
		{ "pt", "application/octet-stream" },
		{ "pub", "application/octet-stream" },
		{ "rs", "text/plain" },
		{ "sc", "text/plain" },
		{ "scm", "text/plain" },
		{ "ts", "video/mp2t" },
		{ "xar", "application/octet-stream" },
	};

	(void)state;
	check_rows(rows, ARRAY_LENGTH(rows));
}

/* One out of its order would not be found. */
static const char all[] =
    "3dm 3g2 3gp 3gpp 7z a aac ac aif aiff apk apng appimage "
    "appinstaller appx appxbundle arrow arrows asc asf ass atom "
    "avi avif bin bmp br bz2 caf cbr cbz cer cfg cl cmfa cmfv "
    "conf crt crx css csv cue deb der diff djvu dmg doc docx eot "
    "epub f4v flac flatpak flatpakref flatpakrepo flv geojson gif "
    "glb gltf go gpx gz h5 hdf5 heic heif htm html ico ics img "
    "ini ipynb iso jar jfif jpeg jpg js json jsonl jsonld jxl key "
    "kml kmz log lrc lz lz4 m m2t m2ts m3u m3u8 m4a m4b m4p m4s "
    "m4v map markdown md md5 meta4 metalink mid midi mjs mka mkv "
    "mobi mod mov mp3 mp4 mpd mpeg mpg msi msix msixbundle mts "
    "ndjson nfo nim odp ods odt oga ogg ogv opml opus orc org otf "
    "ovpn parquet patch pdf pem pkg pls pmtiles png ppt pptx prc "
    "ps psd pt pub py rar rpm rs rss rst rtf sc scm sha1 sha256 "
    "sha512 sig sml snap sqlite sqlite3 srt ssa stl svg svgz tar "
    "tbz2 tgz tif tiff toml torrent ts tsv ttc ttf txt txz tzst "
    "usdz vcf vob vtt wasm wav weba webm webmanifest webp whl wma "
    "wmv woff woff2 xar xhtml xls xlsx xml xpi xsl xz yaml yml "
    "zip zst zsync";

static void finds_all_in_any_case(void **state)
{
	char *words = strdup(all);
	char *save = NULL;

	(void)state;
	assert_non_null(words);
	for (char *word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		const char *type = media_type_table_find(word);

		if (!type)
			fail_msg("%s is not found", word);
		word[0] = (char)toupper(word[0]);
		assert_ptr_equal(media_type_table_find(word), type);
	}
	free(words);
}

static void has_no_others(void **state)
{
	static const char *const others[] = { "", "0", "htmlx", "htm ", "tx",
		"zzz", "~", "\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_null(media_type_table_find(others[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_web),
		cmocka_unit_test(knows_what_the_system_does_not),
		cmocka_unit_test(says_what_is_meant_on_the_web),
		cmocka_unit_test(finds_all_in_any_case),
		cmocka_unit_test(has_no_others),
	};

	return cmocka_run_group_tests_name(
	    "media_type_table", tests, NULL, NULL);
}
