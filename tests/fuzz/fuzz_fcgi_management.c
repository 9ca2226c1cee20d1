/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of common/fcgi/fcgi_management. The input is the content of a
 * GET_VALUES record. However it is cut, the answer is that to the names that a
 * reader of the whole content finds in it, each asked for once.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <fastcgi.h>
#include <string.h>

#include "common/fcgi/fcgi_management.h"
#include "common/fcgi/fcgi_pairs.h"

struct answer {
	uint8_t bytes[FCGI_MANAGEMENT_ANSWER_MAX];
	size_t length;
};

static struct answer end(struct fcgi_management *management)
{
	const struct fcgi_management_limits limits = { 20000 };
	struct answer answer;

	answer.length = fcgi_management_answer(
	    management, FCGI_GET_VALUES, &limits, answer.bytes);
	require(answer.length <= sizeof(answer.bytes));
	return answer;
}

/* Asks for each name of a pair that is whole, in a pair of its own. */
static struct answer ask_anew(const uint8_t *data, size_t size)
{
	struct fcgi_pair_reader reader = { data, size };
	struct fcgi_management management = { 0 };
	struct fcgi_pair pair;

	while (fcgi_pair_next(&reader, &pair) > 0) {
		const uint8_t lengths[2] = { (uint8_t)pair.name_length, 0 };

		if (pair.name_length > FCGI_MANAGEMENT_NAME_MAX)
			continue;
		fcgi_management_read(&management, lengths, sizeof(lengths));
		fcgi_management_read(&management, pair.name, pair.name_length);
	}
	return end(&management);
}

/* Reads pieces of this length, each in a block of its exact size. */
static struct answer ask_in_pieces(
    const uint8_t *data, size_t size, size_t piece)
{
	struct fcgi_management management = { 0 };

	while (size > 0) {
		size_t n = piece < size ? piece : size;
		uint8_t *copy = malloc(n);

		require(copy != NULL);
		memcpy(copy, data, n);
		fcgi_management_read(&management, copy, n);
		free(copy);
		data += n;
		size -= n;
	}
	return end(&management);
}

int fuzz_fcgi_management(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 3, 16 };
	struct answer expected = ask_anew(data, size);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct answer answer = ask_in_pieces(data, size, pieces[i]);

		require(answer.length == expected.length);
		require(
		    memcmp(answer.bytes, expected.bytes, answer.length) == 0);
	}
	return 0;
}
