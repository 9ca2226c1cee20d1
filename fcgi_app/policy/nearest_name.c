/* SPDX-License-Identifier: MIT */
/*
 * The distance is that of Damerau and Levenshtein in its restricted form: how
 * many bytes are left out, added, changed, or swapped with the next one.
 */
#include "config.h"
#include "fcgi_app/policy/nearest_name.h"

#include <string.h>

#include "common/min.h"

void nearest_name_init(
    struct nearest_name *nearest, const char *text, size_t length)
{
	*nearest = (struct nearest_name){
		.text = text,
		.length = length,
		.most = length < 3 ? 1 : length / 3,
	};
}

/* Rows of the table of distances between all beginnings of both names. */
struct rows {
	size_t before[NEAREST_NAME_MAX + 1]; /* of text[i - 2] */
	size_t last[NEAREST_NAME_MAX + 1];
	size_t now[NEAREST_NAME_MAX + 1];
};

/* Returns the distance of text[0 .. i) and name[0 .. j). */
static size_t cell(const struct rows *rows, const char *text, size_t i,
    const char *name, size_t j)
{
	size_t changed = rows->last[j - 1] + (text[i - 1] != name[j - 1]);
	size_t best = size_min(rows->last[j], rows->now[j - 1]) + 1;

	best = size_min(best, changed);
	if (i > 1 && j > 1 && text[i - 1] == name[j - 2] &&
	    text[i - 2] == name[j - 1])
		best = size_min(best, rows->before[j - 2] + 1);
	return best;
}

static size_t distance(
    const char *text, size_t text_length, const char *name, size_t length)
{
	struct rows rows;

	for (size_t j = 0; j <= length; j++)
		rows.before[j] = rows.last[j] = j;
	for (size_t i = 1; i <= text_length; i++) {
		rows.now[0] = i;
		for (size_t j = 1; j <= length; j++)
			rows.now[j] = cell(&rows, text, i, name, j);
		memcpy(rows.before, rows.last, sizeof(rows.before));
		memcpy(rows.last, rows.now, sizeof(rows.last));
	}
	return rows.last[length];
}

void nearest_name_offer(struct nearest_name *nearest, const char *name)
{
	size_t length = strlen(name);
	size_t d;

	if (nearest->length > NEAREST_NAME_MAX || length > NEAREST_NAME_MAX)
		return;
	d = distance(nearest->text, nearest->length, name, length);
	if (d > nearest->most || (nearest->name && d == nearest->most))
		return;
	nearest->most = d;
	nearest->name = name;
}
