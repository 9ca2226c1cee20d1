/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/path_rule. The input is a path. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/path_rule.h"

static bool has_component(const char *path, const char *name)
{
	size_t length = strlen(name);
	const char *p = path;

	for (;;) {
		p += strspn(p, "/");
		if (*p == '\0')
			return false;
		if (strcspn(p, "/") == length && memcmp(p, name, length) == 0)
			return true;
		p += strcspn(p, "/");
	}
}

static void check_folded(const char *path, const char *folded)
{
	require(!has_component(path, ".."));
	require(!strstr(folded, "//"));
	require(strlen(folded) < PATH_MAX);
	require(strlen(folded) <= strlen(path));
}

/* A normal path is its own normal form, and beneath "/" and itself. */
static void check_normalize(const char *path)
{
	char normal[PATH_MAX];
	char again[PATH_MAX];
	const char *rest = NULL;

	if (path_rule_normalize(path, normal, sizeof(normal)) != PATH_RULE_OK)
		return;
	check_folded(path, normal);
	require(normal[0] == '/' && !has_component(normal, "."));
	require(strlen(normal) == 1 || normal[strlen(normal) - 1] != '/');
	require(
	    path_rule_normalize(normal, again, sizeof(again)) == PATH_RULE_OK);
	require(strcmp(normal, again) == 0);
	require(path_rule_below("/", normal, &rest) == PATH_RULE_OK);
	require(rest == normal + 1);
	require(path_rule_below(normal, normal, &rest) == PATH_RULE_OK);
	require(*rest == '\0');
}

/*
 * A folder is beneath each of its parents, and beneath no half of a name. The
 * first few hundred bytes are enough, and keep the fuzzer fast.
 */
static void check_below(const char *path)
{
	char normal[PATH_MAX];
	char parent[PATH_MAX];
	const char *rest = NULL;

	if (path_rule_normalize(path, normal, sizeof(normal)) != PATH_RULE_OK)
		return;
	for (size_t i = 2; i < 300 && i < strlen(normal); i++) {
		bool whole = normal[i] == '/';

		memcpy(parent, normal, i);
		parent[i] = '\0';
		/* With a slash at its end a path is not normal. */
		if (parent[i - 1] == '/')
			continue;
		require(path_rule_below(parent, normal, &rest) ==
		    (whole ? PATH_RULE_OK : PATH_RULE_OUTSIDE));
		require(!whole || rest == normal + i + 1);
	}
}

/* An index lies in its folder, and is hidden if the folder is. */
static void check_in_folder(const char *relative)
{
	char index[PATH_MAX];

	if (!path_rule_is_folder(relative) ||
	    path_rule_in_folder(relative, "i", 1, index, sizeof(index)) !=
		PATH_RULE_OK)
		return;
	require(!path_rule_is_folder(index));
	require(path_rule_is_hidden(index) == path_rule_is_hidden(relative));
	require(strcmp(relative, ".") == 0 ||
	    strncmp(index, relative, strlen(relative)) == 0);
}

/* A relative path made absolute again gives itself. */
static void check_relative(const char *path)
{
	char relative[PATH_MAX];
	char absolute[PATH_MAX + 1];
	char again[PATH_MAX];

	if (path_rule_relative(path, relative, sizeof(relative)) !=
	    PATH_RULE_OK)
		return;
	check_folded(path, relative);
	require(relative[0] != '/' && relative[0] != '\0');
	require(strcmp(relative, ".") == 0 || !has_component(relative, "."));
	if (path[strlen(path) - 1] == '/' && strcmp(relative, ".") != 0)
		require(relative[strlen(relative) - 1] == '/');
	snprintf(absolute, sizeof(absolute), "/%s", relative);
	require(
	    path_rule_relative(absolute, again, sizeof(again)) == PATH_RULE_OK);
	require(strcmp(relative, again) == 0);
	check_in_folder(relative);
}

int fuzz_path_rule(const uint8_t *data, size_t size)
{
	char *path = strndup((const char *)data, size);

	require(path != NULL);
	check_normalize(path);
	check_below(path);
	check_relative(path);
	free(path);
	return 0;
}
