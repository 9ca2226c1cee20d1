/* SPDX-License-Identifier: MIT */
/*
 * Headers there and back, and the bytes of an END_REQUEST record as the
 * FastCGI specification has them (3.3, 5.5).
 */
#include "config.h"
#include "common/fcgi/fcgi_record.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static const struct {
	struct fcgi_record record;
	uint8_t bytes[FCGI_RECORD_HEADER_SIZE];
} headers[] = {
	{ { 1, 0, 0, 0, 0 }, { 1, 0, 0, 0, 0, 0, 0, 0 } },
	{ { 1, 6, 1, 1, 1 }, { 1, 6, 0, 1, 0, 1, 1, 0 } },
	{ { 1, 6, 255, 255, 7 }, { 1, 6, 0, 255, 0, 255, 7, 0 } },
	{ { 1, 6, 256, 256, 8 }, { 1, 6, 1, 0, 1, 0, 8, 0 } },
	{ { 1, 7, 0x1234, 0x5678, 0 }, { 1, 7, 0x12, 0x34, 0x56, 0x78, 0, 0 } },
	{ { 1, 1, 32767, 32768, 127 }, { 1, 1, 127, 255, 128, 0, 127, 0 } },
	{ { 1, 255, 65535, 65535, 255 },
	    { 1, 255, 255, 255, 255, 255, 255, 0 } },
};

static void check_record(
    const struct fcgi_record *record, const struct fcgi_record *expected)
{
	assert_int_equal(record->version, expected->version);
	assert_int_equal(record->type, expected->type);
	assert_int_equal(record->request_id, expected->request_id);
	assert_int_equal(record->content_length, expected->content_length);
	assert_int_equal(record->padding_length, expected->padding_length);
}

static void encodes_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
		uint8_t bytes[FCGI_RECORD_HEADER_SIZE];

		memset(bytes, 0xa5, sizeof(bytes));
		fcgi_record_encode(bytes, &headers[i].record);
		assert_memory_equal(bytes, headers[i].bytes, sizeof(bytes));
	}
}

static void decodes_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
		struct fcgi_record record =
		    fcgi_record_decode(headers[i].bytes);

		check_record(&record, &headers[i].record);
	}
}

/* Whatever the peer says is for the caller to judge. */
static void decodes_other_versions(void **state)
{
	static const uint8_t versions[] = { 0, 2, 255 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
		const uint8_t bytes[] = { versions[i], 9, 8, 7, 6, 5, 4, 255 };
		const struct fcgi_record expected = { versions[i], 9, 0x0807,
			0x0605, 4 };
		struct fcgi_record record = fcgi_record_decode(bytes);

		check_record(&record, &expected);
	}
}

static void always_encodes_version_1(void **state)
{
	const struct fcgi_record record = { .version = 77, .type = 3 };
	uint8_t bytes[FCGI_RECORD_HEADER_SIZE];

	(void)state;
	fcgi_record_encode(bytes, &record);
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[1], 3);
}

/* Each two bytes of request id and length on their own: nothing is mixed up. */
static void round_trips_every_16_bit_value(void **state)
{
	(void)state;
	for (uint32_t i = 0; i <= UINT16_MAX; i++) {
		const struct fcgi_record record = {
			.version = 1,
			.type = (uint8_t)(i % 12),
			.request_id = (uint16_t)i,
			.content_length = (uint16_t)~i,
			.padding_length = (uint8_t)(i * 7),
		};
		uint8_t bytes[FCGI_RECORD_HEADER_SIZE];
		struct fcgi_record decoded;

		fcgi_record_encode(bytes, &record);
		decoded = fcgi_record_decode(bytes);
		check_record(&decoded, &record);
	}
}

static const struct {
	uint16_t request_id;
	uint32_t app_status;
	uint8_t protocol_status;
	uint8_t bytes[FCGI_RECORD_END_SIZE];
} ends[] = {
	/* FCGI_REQUEST_COMPLETE */
	{ 1, 0, 0, { 1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	/* Example 3 of the specification's appendix B exits with 938. */
	{ 1, 938, 0, { 1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 3, 170, 0, 0, 0, 0 } },
	/* FCGI_CANT_MPX_CONN */
	{ 256, 1, 1, { 1, 3, 1, 0, 0, 8, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0 } },
	/* FCGI_OVERLOADED */
	{ 0x1234, 0x01020304, 2,
	    { 1, 3, 0x12, 0x34, 0, 8, 0, 0, 1, 2, 3, 4, 2, 0, 0, 0 } },
	/* FCGI_UNKNOWN_ROLE */
	{ 65535, UINT32_MAX, 3,
	    { 1, 3, 255, 255, 0, 8, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0 } },
};

static void encodes_end_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		uint8_t bytes[FCGI_RECORD_END_SIZE + 1];

		memset(bytes, 0xa5, sizeof(bytes));
		fcgi_record_encode_end(bytes, ends[i].request_id,
		    ends[i].app_status, ends[i].protocol_status);
		assert_memory_equal(bytes, ends[i].bytes, FCGI_RECORD_END_SIZE);
		assert_int_equal(bytes[FCGI_RECORD_END_SIZE], 0xa5);
	}
}

static void pads_to_multiples_of_8(void **state)
{
	static const uint8_t paddings[] = { 0, 7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5,
		4, 3, 2, 1, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(paddings); i++)
		assert_int_equal(fcgi_record_padding(i), paddings[i]);
	assert_int_equal(fcgi_record_padding(65528), 0);
	assert_int_equal(fcgi_record_padding(65529), 7);
	assert_int_equal(fcgi_record_padding(65535), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_headers),
		cmocka_unit_test(decodes_headers),
		cmocka_unit_test(decodes_other_versions),
		cmocka_unit_test(always_encodes_version_1),
		cmocka_unit_test(round_trips_every_16_bit_value),
		cmocka_unit_test(encodes_end_request),
		cmocka_unit_test(pads_to_multiples_of_8),
	};

	return cmocka_run_group_tests_name("fcgi_record", tests, NULL, NULL);
}
