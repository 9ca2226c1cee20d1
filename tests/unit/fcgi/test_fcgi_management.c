/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/fcgi/fcgi_management. Answers are read back here by a
 * parser of the specification's own words (3.3, 3.4), not by our code.
 */
#include "config.h"

#include "common/fcgi/fcgi_management.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

/* FastCGI specification, section 8. */
#define GET_VALUES 9
#define GET_VALUES_RESULT 10
#define UNKNOWN_TYPE 11

#define CONNS "FCGI_MAX_CONNS"
#define REQS "FCGI_MAX_REQS"
#define MPXS "FCGI_MPXS_CONNS"

/* A question's pair with an empty value, with its length of one byte. */
#define ASK_CONNS "\x0e\0" CONNS
#define ASK_REQS "\x0d\0" REQS
#define ASK_MPXS "\x0f\0" MPXS

/* An answer as text: "NAME=VALUE " for each pair. */
struct answer {
	int type;
	int content_length;
	uint8_t content[256];
	char pairs[256];
};

/* Short pairs only: no variable has a long name or value. */
static void read_pairs(struct answer *answer)
{
	int at = 0, written = 0;

	while (at < answer->content_length) {
		const uint8_t *pair = answer->content + at;

		assert_true(at + 2 <= answer->content_length);
		assert_true(pair[0] < 128 && pair[1] < 128);
		at += 2 + pair[0] + pair[1];
		assert_true(at <= answer->content_length);
		written += snprintf(answer->pairs + written,
		    sizeof(answer->pairs) - (size_t)written, "%.*s=%.*s ",
		    pair[0], (const char *)pair + 2, pair[1],
		    (const char *)pair + 2 + pair[0]);
		assert_true((size_t)written < sizeof(answer->pairs));
	}
}

/* One record of version 1 and request id 0, and nothing after it. */
static struct answer read_answer(const uint8_t *bytes, size_t length)
{
	struct answer answer = { .pairs = "" };

	assert_true(length >= 8);
	assert_int_equal(bytes[0], 1);
	answer.type = bytes[1];
	assert_int_equal(bytes[2] << 8 | bytes[3], 0);
	answer.content_length = bytes[4] << 8 | bytes[5];
	assert_int_equal(length, 8 + answer.content_length + bytes[6]);
	assert_int_equal(bytes[7], 0);
	/* 3.3: records on multiples of eight bytes are recommended. */
	assert_int_equal(length % 8, 0);
	assert_true((size_t)answer.content_length <= sizeof(answer.content));
	memcpy(answer.content, bytes + 8, (size_t)answer.content_length);
	if (answer.type == GET_VALUES_RESULT)
		read_pairs(&answer);
	return answer;
}

/* Each piece of the question is a block of its exact size. */
static void read_in_pieces(struct fcgi_management *management,
    const uint8_t *content, size_t length, size_t piece)
{
	while (length > 0) {
		size_t n = piece < length ? piece : length;
		uint8_t *copy = malloc(n);

		assert_non_null(copy);
		memcpy(copy, content, n);
		fcgi_management_read(management, copy, n);
		free(copy);
		content += n;
		length -= n;
	}
}

/* So is the room for the answer. */
static struct answer end_question(
    struct fcgi_management *management, int type, unsigned int connections)
{
	const struct fcgi_management_limits limits = { connections };
	uint8_t *bytes = malloc(FCGI_MANAGEMENT_ANSWER_MAX);
	struct answer answer;
	size_t used;

	assert_non_null(bytes);
	memset(bytes, 0xaa, FCGI_MANAGEMENT_ANSWER_MAX);
	used =
	    fcgi_management_answer(management, (uint8_t)type, &limits, bytes);
	assert_true(used <= FCGI_MANAGEMENT_ANSWER_MAX);
	answer = read_answer(bytes, used);
	free(bytes);
	return answer;
}

/* One after the other, whole and in pieces: each has the same answer. */
static struct answer ask(
    int type, const void *content, size_t length, unsigned int connections)
{
	static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 7 };
	struct fcgi_management management = { 0 };
	struct answer first = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
		struct answer answer;

		read_in_pieces(&management, content, length, pieces[i]);
		answer = end_question(&management, type, connections);
		if (i == 0)
			first = answer;
		assert_int_equal(answer.type, first.type);
		assert_string_equal(answer.pairs, first.pairs);
		assert_memory_equal(
		    answer.content, first.content, sizeof(first.content));
	}
	return first;
}

struct question {
	const char *content;
	size_t length;
	const char *pairs;
};

#define BYTES(text) (text), sizeof(text) - 1

static void check_questions(const struct question *questions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct question *q = &questions[i];
		struct answer answer =
		    ask(GET_VALUES, q->content, q->length, 20000);

		assert_int_equal(answer.type, GET_VALUES_RESULT);
		assert_string_equal(answer.pairs, q->pairs);
	}
}

static void answers_what_was_asked(void **state)
{
	static const struct question questions[] = {
		{ BYTES(""), "" },
		{ BYTES(ASK_CONNS), CONNS "=20000 " },
		{ BYTES(ASK_REQS), REQS "=20000 " },
		{ BYTES(ASK_MPXS), MPXS "=0 " },
		{ BYTES(ASK_REQS ASK_MPXS), REQS "=20000 " MPXS "=0 " },
		{ BYTES(ASK_MPXS ASK_REQS ASK_CONNS),
		    CONNS "=20000 " REQS "=20000 " MPXS "=0 " },
	};

	(void)state;
	check_questions(questions, ARRAY_LENGTH(questions));
}

/* 4.1: a variable that is not known is left out. */
static void leaves_out_what_it_does_not_know(void **state)
{
	static const struct question questions[] = {
		{ BYTES("\0\0"), "" },
		{ BYTES("\5\0HELLO"), "" },
		{ BYTES("\x0d\0FCGI_MAX_CONN"), "" },
		{ BYTES("\x0f\0FCGI_MAX_CONNSX"), "" },
		{ BYTES("\x0e\0fcgi_max_conns"), "" },
		{ BYTES("\x0f\0FCGI_MAX_CONNS\0"), "" },
		{ BYTES("\5\0HELLO" ASK_MPXS "\5\0WORLD"), MPXS "=0 " },
	};

	(void)state;
	check_questions(questions, ARRAY_LENGTH(questions));
}

static void answers_a_repeated_name_once(void **state)
{
	static const struct question questions[] = {
		{ BYTES(ASK_MPXS ASK_MPXS), MPXS "=0 " },
		{ BYTES(ASK_REQS ASK_MPXS ASK_REQS ASK_MPXS ASK_REQS),
		    REQS "=20000 " MPXS "=0 " },
	};

	(void)state;
	check_questions(questions, ARRAY_LENGTH(questions));
}

static void reads_other_forms_of_pairs(void **state)
{
	static const struct question questions[] = {
		/* A value is not asked for, but may be there. */
		{ BYTES("\x0f\3" MPXS "yes"), MPXS "=0 " },
		{ BYTES("\x80\0\0\x0f\0" MPXS), MPXS "=0 " },
		{ BYTES("\x0f\x80\0\0\0" MPXS), MPXS "=0 " },
		{ BYTES("\x80\0\0\x0f\x80\0\0\2" MPXS "xx"), MPXS "=0 " },
	};

	(void)state;
	check_questions(questions, ARRAY_LENGTH(questions));
}

/* What is whole before the cut is answered. */
static void reads_up_to_a_cut(void **state)
{
	static const char content[] = ASK_CONNS ASK_MPXS;
	const size_t first = sizeof(ASK_CONNS) - 1;

	(void)state;
	for (size_t cut = 0; cut < sizeof(content) - 1; cut++) {
		struct answer answer = ask(GET_VALUES, content, cut, 1);

		assert_int_equal(answer.type, GET_VALUES_RESULT);
		assert_string_equal(
		    answer.pairs, cut < first ? "" : CONNS "=1 ");
	}
}

static void says_its_limits(void **state)
{
	static const unsigned int limits[] = { 0, 1, 9, 10, 1000000, UINT_MAX };
	static const char content[] = ASK_CONNS ASK_REQS ASK_MPXS;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		struct answer answer =
		    ask(GET_VALUES, content, sizeof(content) - 1, limits[i]);
		char pairs[128];

		snprintf(pairs, sizeof(pairs),
		    CONNS "=%u " REQS "=%u " MPXS "=0 ", limits[i], limits[i]);
		assert_string_equal(answer.pairs, pairs);
	}
}

/* A question of every name many times over, as long as a record can be. */
static void bounds_the_answer(void **state)
{
	static const char names[] = ASK_CONNS ASK_REQS ASK_MPXS;
	static char content[65535];
	size_t length = 0;
	struct answer answer;

	(void)state;
	while (length + sizeof(names) - 1 <= sizeof(content)) {
		memcpy(content + length, names, sizeof(names) - 1);
		length += sizeof(names) - 1;
	}
	answer = ask(GET_VALUES, content, length, UINT_MAX);
	assert_string_equal(
	    answer.pairs, CONNS "=4294967295 " REQS "=4294967295 " MPXS "=0 ");
}

/* Appends a pair of a name of this length, with lengths of four bytes. */
static size_t put_long_pair(char *to, size_t name, size_t value)
{
	const size_t lengths[2] = { name, value };

	for (int i = 0; i < 2; i++) {
		to[4 * i] = (char)(0x80 | lengths[i] >> 24);
		to[4 * i + 1] = (char)(lengths[i] >> 16);
		to[4 * i + 2] = (char)(lengths[i] >> 8);
		to[4 * i + 3] = (char)lengths[i];
	}
	memset(to + 8, 'x', name + value);
	return 8 + name + value;
}

/* A known name counts wherever it stands. */
static void finds_a_name_after_any_others(void **state)
{
	static const struct {
		size_t name, value;
	} others[] = { { 15, 0 }, { 16, 0 }, { 127, 1 }, { 128, 128 },
		{ 511, 0 }, { 30000, 30000 }, { 0, 60000 } };
	static char content[65535];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		size_t length =
		    put_long_pair(content, others[i].name, others[i].value);

		memcpy(content + length, ASK_MPXS, sizeof(ASK_MPXS) - 1);
		length += sizeof(ASK_MPXS) - 1;
		assert_string_equal(
		    ask(GET_VALUES, content, length, 1).pairs, MPXS "=0 ");
	}
}

/* What is left of a record that was cut is not taken for the next. */
static void begins_anew_with_each_record(void **state)
{
	static const char content[] = ASK_CONNS;
	struct fcgi_management management = { 0 };
	struct answer answer;

	(void)state;
	for (size_t cut = 0; cut < sizeof(content) - 1; cut++) {
		fcgi_management_read(
		    &management, (const uint8_t *)content, cut);
		answer = end_question(&management, GET_VALUES, 1);
		assert_string_equal(answer.pairs, "");
	}
	/* A length that no record can hold. */
	fcgi_management_read(
	    &management, (const uint8_t *)"\xff\xff\xff\xff\xff", 5);
	end_question(&management, GET_VALUES, 1);
	fcgi_management_read(
	    &management, (const uint8_t *)content, sizeof(content) - 1);
	answer = end_question(&management, GET_VALUES, 1);
	assert_string_equal(answer.pairs, CONNS "=1 ");
}

/* 4.2 */
static void names_an_unknown_type(void **state)
{
	static const uint8_t zeros[7];

	(void)state;
	for (int type = 0; type < 256; type++) {
		struct answer answer;

		if (type == GET_VALUES)
			continue;
		answer = ask(type, BYTES(ASK_CONNS), 1);
		assert_int_equal(answer.type, UNKNOWN_TYPE);
		assert_int_equal(answer.content_length, 8);
		assert_int_equal(answer.content[0], type);
		assert_memory_equal(answer.content + 1, zeros, sizeof(zeros));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_what_was_asked),
		cmocka_unit_test(leaves_out_what_it_does_not_know),
		cmocka_unit_test(answers_a_repeated_name_once),
		cmocka_unit_test(reads_other_forms_of_pairs),
		cmocka_unit_test(reads_up_to_a_cut),
		cmocka_unit_test(says_its_limits),
		cmocka_unit_test(bounds_the_answer),
		cmocka_unit_test(finds_a_name_after_any_others),
		cmocka_unit_test(begins_anew_with_each_record),
		cmocka_unit_test(names_an_unknown_type),
	};

	return cmocka_run_group_tests_name(
	    "fcgi_management", tests, NULL, NULL);
}
