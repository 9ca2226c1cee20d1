/* SPDX-License-Identifier: MIT */
/*
 * Choice of content codings. Accept-Encoding becomes one weight for each name
 * that matters; the offered names are then sorted into a list by weight.
 */
#include "config.h"

#include "fcgi_app/policy/content_coding.h"

#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/qvalue.h"

static const struct content_coding codings[CONTENT_CODINGS_MAX] = {
	{ "br", ".br" },
	{ "zstd", ".zst" },
	{ "gzip", ".gz" },
};

/* Indexes of weights: the codings as above, and two names more. */
enum { IDENTITY = CONTENT_CODINGS_MAX, ANY, WEIGHTS, UNKNOWN = WEIGHTS };

/* In place of a weight. */
#define UNLISTED (-1)

struct word {
	const char *text;
	size_t length;
};

static const char blanks[] = " \t";

static bool word_is(const struct word *word, const char *name)
{
	return strlen(name) == word->length &&
	    strncasecmp(word->text, name, word->length) == 0;
}

/* Returns an index of codings, or UNKNOWN. */
static size_t find_coding(const struct word *word)
{
	/* RFC 9110, 8.4.1.3 */
	if (word_is(word, "x-gzip"))
		return find_coding(&(struct word){ "gzip", 4 });
	for (size_t i = 0; i < CONTENT_CODINGS_MAX; i++) {
		if (word_is(word, codings[i].name))
			return i;
	}
	return UNKNOWN;
}

/* Returns an index of weights, or UNKNOWN. */
static size_t find_weight(const struct word *word)
{
	if (word_is(word, "identity"))
		return IDENTITY;
	if (word_is(word, "*"))
		return ANY;
	return find_coding(word);
}

bool content_coding_is_known(const char *word, size_t length)
{
	return find_coding(&(struct word){ word, length }) != UNKNOWN;
}

/* --- Accept-Encoding ------------------------------------------------------ */

/* [ OWS ";" OWS "q=" qvalue ] */
static bool take_weight(const char **cursor, int *ret)
{
	const char *p = *cursor + strspn(*cursor, blanks);

	*ret = QVALUE_ONE;
	if (*p != ';')
		return true;
	p++;
	p += strspn(p, blanks);
	if (strncasecmp(p, "q=", 2) != 0)
		return false;
	p += 2;
	*cursor = p;
	return qvalue_take(cursor, ret);
}

/*
 * One element, from its first character up to the comma or the end. Its name
 * is not held against the grammar, since only known names count.
 */
static void read_element(const char *element, int weights[WEIGHTS])
{
	struct word name = { element, strcspn(element, " \t;,") };
	const char *p = element + name.length;
	size_t i = find_weight(&name);
	int weight;

	if (i == UNKNOWN || weights[i] != UNLISTED || !take_weight(&p, &weight))
		return;
	p += strspn(p, blanks);
	if (*p == ',' || *p == '\0')
		weights[i] = weight;
}

/* Accept-Encoding = #( codings [ weight ] ) (RFC 9110, 12.5.3) */
static void read_accept(const char *accept, int weights[WEIGHTS])
{
	for (size_t i = 0; i < WEIGHTS; i++)
		weights[i] = UNLISTED;
	for (const char *p = accept;; p += strcspn(p, ",")) {
		p += strspn(p, " \t,");
		if (*p == '\0')
			break;
		read_element(p, weights);
	}
	for (size_t i = 0; i < ANY; i++) {
		if (weights[i] == UNLISTED)
			weights[i] = weights[ANY];
	}
}

/* --- the choice ----------------------------------------------------------- */

/* Inserts a coding after those of the same weight or a greater one. */
static size_t insert(const struct content_coding **list, size_t count,
    const struct content_coding *coding, const int weights[WEIGHTS])
{
	size_t at = count;

	for (size_t i = 0; i < count; i++) {
		if (list[i] == coding)
			return count;
	}
	while (at > 0 &&
	    weights[list[at - 1] - codings] < weights[coding - codings]) {
		list[at] = list[at - 1];
		at--;
	}
	list[at] = coding;
	return count + 1;
}

size_t content_coding_choose(const char *offered, const char *accept,
    const struct content_coding *ret[CONTENT_CODINGS_MAX])
{
	static const char separators[] = " \t,";
	int weights[WEIGHTS];
	struct word word = { offered, 0 };
	size_t count = 0;

	if (!accept)
		return 0;
	read_accept(accept, weights);
	for (;; word.text += word.length) {
		size_t i;

		word.text += strspn(word.text, separators);
		word.length = strcspn(word.text, separators);
		if (word.length == 0)
			return count;
		i = find_coding(&word);
		if (i == UNKNOWN || weights[i] <= 0 ||
		    weights[i] < weights[IDENTITY])
			continue;
		count = insert(ret, count, &codings[i], weights);
	}
}
