/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/follow/rotated_name.h"

#include <stddef.h>
#include <string.h>

#define SEPARATORS ".-_"
#define DIGITS "0123456789"
/* Numbers, dates, times. */
#define STAMP DIGITS "-_:.TZ"

/* Length of what stands before the last dot, if that is anything. */
static size_t stem_length(const char *log)
{
	const char *dot = strrchr(log, '.');

	return dot && dot > log ? (size_t)(dot - log) : strlen(log);
}

/* A separator follows the first `length` bytes, which are those of the log. */
static bool goes_on(const char *log, const char *name, size_t length)
{
	return strncmp(name, log, length) == 0 && name[length] != '\0' &&
	    strchr(SEPARATORS, name[length]);
}

bool rotated_name_is_kin(const char *log, const char *name)
{
	return goes_on(log, name, strlen(log)) ||
	    goes_on(log, name, stem_length(log));
}

/*
 * Returns what follows the number or date that stands after the first `length`
 * bytes and a separator, or NULL if it is not one.
 */
static const char *skip_stamp(const char *log, const char *name, size_t length)
{
	const char *stamp;
	size_t n;

	if (!goes_on(log, name, length))
		return NULL;
	stamp = name + length + 1;
	if (strcspn(stamp, DIGITS) > 0 || !*stamp)
		return NULL;
	n = strspn(stamp, STAMP);
	/* What comes next may begin with a dot. */
	while (!strchr(DIGITS "Z", stamp[n - 1]))
		n--;
	return stamp + n;
}

static bool is_packed(const char *suffix)
{
	static const char *const suffixes[] = { ".gz", ".xz", ".zst", ".bz2",
		".lz4", ".lzma", ".Z", ".zip" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(suffix, suffixes[i]) == 0)
			return true;
	return false;
}

static enum rotated_kind kind_of_rest(const char *rest, const char *suffix)
{
	size_t length = strlen(suffix);

	if (strncmp(rest, suffix, length) != 0)
		return ROTATED_NONE;
	if (rest[length] == '\0')
		return ROTATED_PLAIN;
	return is_packed(rest + length) ? ROTATED_PACKED : ROTATED_NONE;
}

enum rotated_kind rotated_name_kind(
    const char *log, const char *model, const char *name)
{
	size_t length = strlen(log);
	const char *suffix = "";
	const char *of_model = skip_stamp(log, model, length);
	const char *of_name;

	if (!of_model) {
		length = stem_length(log);
		suffix = log + length;
		of_model = skip_stamp(log, model, length);
	}
	of_name = skip_stamp(log, name, length);
	if (!of_model || !of_name || strcmp(of_model, suffix) != 0 ||
	    model[length] != name[length])
		return ROTATED_NONE;
	return kind_of_rest(of_name, suffix);
}
