/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_response.h"

#include <string.h>

void load_response_reset(struct load_response *response, bool http)
{
	load_head_reset(&response->head, http);
	response->begun = false;
	response->differs = false;
	response->body_length = 0;
}

/* What is longer than expected is found by its length in the end. */
static bool is_as_expected(const struct load_expected *expected, uint64_t at,
    const uint8_t *bytes, size_t length)
{
	if (at >= expected->length)
		return true;
	if (length > expected->length - at)
		length = (size_t)(expected->length - at);
	return memcmp(bytes, expected->bytes + at, length) == 0;
}

void load_response_body(
    struct load_response *response, const uint8_t *bytes, size_t length)
{
	const struct load_expected *expected = response->expected;

	if (expected->bytes && !response->differs)
		response->differs = !is_as_expected(
		    expected, response->body_length, bytes, length);
	response->body_length += length;
}

enum load_error load_response_judge(const struct load_response *response)
{
	const struct load_expected *expected = response->expected;
	const struct load_head *head = &response->head;

	if (head->status != 200 && head->status != 206)
		return LOAD_ERROR_STATUS;
	if (response->differs)
		return LOAD_ERROR_CONTENT;
	if (head->has_length && head->length != response->body_length)
		return LOAD_ERROR_LENGTH;
	if (expected->has_length && expected->length != response->body_length)
		return LOAD_ERROR_LENGTH;
	return LOAD_ERROR_NONE;
}
