/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/zip_name.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "common/min.h"
#include "common/utf8.h"
#include "fcgi_app/policy/percent.h"

static const char refused[] = "\\:*?\"<>|\x7f";

static const char *const devices[] = { "CON", "PRN", "AUX", "NUL" };
/* The console, to read and to write. */
static const char *const longer_devices[] = { "CONIN$", "CONOUT$" };
static const char *const numbered_devices[] = { "COM", "LPT" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool begins_with_one_of(
    const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncasecmp(name, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

/*
 * Windows takes "nul", "NUL.txt" and "nul .txt" for the device; also with the
 * superscripts of 1, 2 and 3 after COM and LPT.
 */
static bool is_device(const char *name, size_t length)
{
	size_t base = size_min(strcspn(name, "."), length);

	while (base > 0 && name[base - 1] == ' ')
		base--;
	for (size_t i = 0; i < COUNT(longer_devices); i++)
		if (base == strlen(longer_devices[i]) &&
		    strncasecmp(name, longer_devices[i], base) == 0)
			return true;
	if (base == 3)
		return begins_with_one_of(name, devices, COUNT(devices));
	if (!begins_with_one_of(
		name, numbered_devices, COUNT(numbered_devices)))
		return false;
	if (base == 4)
		return name[3] >= '1' && name[3] <= '9';
	return base == 5 && name[3] == '\xc2' &&
	    strchr("\xb9\xb2\xb3", name[4]);
}

/* Returns whether to encode a byte; `last`: it ends a name. */
static bool is_refused(const char *at, bool last)
{
	unsigned char c = (unsigned char)*at;

	return c < 0x20 || strchr(refused, *at) || percent_is_escape(at) ||
	    (last && (c == '.' || c == ' '));
}

/* Writes one name between slashes. Returns the bytes written. */
static size_t format_part(const char *part, size_t length, char *ret)
{
	size_t n = 0;
	size_t i = 0;

	if (is_device(part, length))
		n += percent_encode_byte(part[i++], "", ret);
	while (i < length) {
		size_t character = utf8_length(part + i);

		if (character == 0 || is_refused(part + i, i + 1 == length)) {
			n += percent_encode_byte(part[i++], "", ret + n);
			continue;
		}
		memcpy(ret + n, part + i, character);
		n += character;
		i += character;
	}
	return n;
}

size_t zip_name_format(const char *name, char *ret)
{
	size_t n = 0;

	for (;;) {
		size_t length = strcspn(name, "/");

		n += format_part(name, length, ret + n);
		if (name[length] == '\0')
			break;
		ret[n++] = '/';
		name += length + 1;
	}
	ret[n] = '\0';
	return n;
}
