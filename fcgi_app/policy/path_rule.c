/* SPDX-License-Identifier: MIT */
/*
 * Rules for paths. Both kinds of path are folded by the same loop, component
 * by component, into a buffer of PATH_MAX bytes; they differ in what stands in
 * front of the first component and in what becomes of a slash at the end.
 */
#include "config.h"

#include "fcgi_app/policy/path_rule.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* The folded path; text is terminated when it is handed out. */
struct folded {
	char text[PATH_MAX];
	size_t length;
};

struct component {
	const char *name;
	size_t length;
};

/*
 * Takes the next component off *cursor, without the slashes before it. Returns
 * false at the end.
 */
static bool next_component(const char **cursor, struct component *ret)
{
	ret->name = *cursor + strspn(*cursor, "/");
	ret->length = strcspn(ret->name, "/");
	*cursor = ret->name + ret->length;
	return ret->length > 0;
}

static bool is_dot(const struct component *c)
{
	return c->length == 1 && c->name[0] == '.';
}

static bool is_dot_dot(const struct component *c)
{
	return c->length == 2 && memcmp(c->name, "..", 2) == 0;
}

static bool append(struct folded *f, const char *bytes, size_t length)
{
	if (length > sizeof(f->text) - 1 - f->length)
		return false;
	memcpy(f->text + f->length, bytes, length);
	f->length += length;
	return true;
}

/*
 * Appends the components of an absolute path to f, with one slash between two
 * of them. f is empty or holds the slash of an absolute path.
 */
static enum path_rule_result fold(const char *path, struct folded *f)
{
	size_t start = f->length;
	struct component c;

	if (path[0] != '/')
		return PATH_RULE_MALFORMED;
	while (next_component(&path, &c)) {
		if (is_dot(&c))
			continue;
		if (is_dot_dot(&c))
			return PATH_RULE_OUTSIDE;
		if (c.length > NAME_MAX)
			return PATH_RULE_TOO_LONG;
		if (f->length > start && !append(f, "/", 1))
			return PATH_RULE_TOO_LONG;
		if (!append(f, c.name, c.length))
			return PATH_RULE_TOO_LONG;
	}
	return PATH_RULE_OK;
}

static enum path_rule_result hand_out(
    const struct folded *f, char *ret, size_t size)
{
	if (f->length >= size)
		return PATH_RULE_TOO_LONG;
	memcpy(ret, f->text, f->length);
	ret[f->length] = '\0';
	return PATH_RULE_OK;
}

enum path_rule_result path_rule_normalize(
    const char *path, char *ret, size_t size)
{
	struct folded f = { .text = "/", .length = 1 };
	enum path_rule_result result = fold(path, &f);

	if (result != PATH_RULE_OK)
		return result;
	return hand_out(&f, ret, size);
}

enum path_rule_result path_rule_below(
    const char *root, const char *document_root, const char **ret_rest)
{
	size_t length = strlen(root);

	/* The slash of the root folder is the one between components, too. */
	if (strcmp(root, "/") == 0)
		length = 0;
	if (strncmp(document_root, root, length) != 0)
		return PATH_RULE_OUTSIDE;
	if (document_root[length] == '/')
		length++;
	else if (document_root[length] != '\0')
		return PATH_RULE_OUTSIDE;
	*ret_rest = document_root + length;
	return PATH_RULE_OK;
}

/* Returns whether a path names a folder by its form: it ends in "/" or "/.". */
static bool ends_as_folder(const char *path)
{
	size_t length = strlen(path);

	if (length > 0 && path[length - 1] == '.')
		length--;
	return length > 0 && path[length - 1] == '/';
}

enum path_rule_result path_rule_relative(
    const char *path, char *ret, size_t size)
{
	struct folded f = { .length = 0 };
	enum path_rule_result result = fold(path, &f);
	bool fits = true;

	if (result != PATH_RULE_OK)
		return result;
	if (f.length == 0)
		fits = append(&f, ".", 1);
	else if (ends_as_folder(path))
		fits = append(&f, "/", 1);
	return fits ? hand_out(&f, ret, size) : PATH_RULE_TOO_LONG;
}

static bool is_root(const char *relative)
{
	return strcmp(relative, ".") == 0;
}

bool path_rule_is_folder(const char *relative)
{
	return is_root(relative) || ends_as_folder(relative);
}

bool path_rule_is_hidden(const char *relative)
{
	struct component c;

	if (is_root(relative))
		return false;
	while (next_component(&relative, &c))
		if (c.name[0] == '.')
			return true;
	return false;
}

static enum path_rule_result join(
    const char *relative, const struct component *name, char *ret, size_t size)
{
	struct folded f = { .length = 0 };

	if ((!is_root(relative) && !append(&f, relative, strlen(relative))) ||
	    (!path_rule_is_folder(relative) && !append(&f, "/", 1)) ||
	    !append(&f, name->name, name->length))
		return PATH_RULE_TOO_LONG;
	return hand_out(&f, ret, size);
}

enum path_rule_result path_rule_in_folder(const char *relative,
    const char *name, size_t length, char *ret, size_t size)
{
	const struct component c = { name, length };

	if (length == 0 || memchr(name, '/', length) || is_dot(&c) ||
	    is_dot_dot(&c))
		return PATH_RULE_MALFORMED;
	if (length > NAME_MAX)
		return PATH_RULE_TOO_LONG;
	return join(relative, &c, ret, size);
}

enum path_rule_result path_rule_join(
    const char *relative, const char *name, char *ret, size_t size)
{
	const struct component c = { name, strlen(name) };

	return join(relative, &c, ret, size);
}

size_t path_rule_depth(const char *path)
{
	size_t depth = 1;

	for (; *path; path++)
		if (*path == '/')
			depth++;
	return depth;
}
