/* SPDX-License-Identifier: MIT */
/*
 * A root is known by the name it was given and by its real name, since a
 * front may pass either: nginx's $document_root keeps symbolic links,
 * $realpath_root does not.
 */
#include "config.h"
#include "fcgi_app/setup/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file/aio_file.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

struct root {
	int fd;
	bool is_local;
	char *given;
	char *real;
};

struct roots {
	size_t count;
	struct root list[OPTIONS_ROOTS_MAX];
};

/* Returns the name as it was given, made absolute but with its links. */
static char *absolute_name(const char *name)
{
	char joined[2 * PATH_MAX], normal[PATH_MAX];
	char *folder;

	if (name[0] == '/')
		return path_rule_normalize(name, normal, sizeof(normal)) ==
			PATH_RULE_OK
		    ? strdup(normal)
		    : NULL;
	folder = getcwd(normal, sizeof(normal));
	if (!folder || strlen(folder) + strlen(name) + 2 > sizeof(joined))
		return NULL;
	stpcpy(stpcpy(stpcpy(joined, folder), "/"), name);
	return absolute_name(joined);
}

static int root_open(struct root *root, const char *name)
{
	root->fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return -errno;
	root->is_local = !aio_file_close_blocks(root->fd);
	root->real = realpath(name, NULL);
	if (!root->real)
		return -errno;
	/* A name with ".." in it goes by its real name alone. */
	root->given = absolute_name(name);
	return 0;
}

struct roots *roots_open(const struct options *options)
{
	struct roots *roots = calloc(1, sizeof(*roots));

	if (!roots) {
		log_message(LOG_LEVEL_ERROR, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < options->root_count; i++) {
		int r = root_open(&roots->list[i], options->roots[i]);

		roots->count++;
		if (r == 0)
			continue;
		log_message(LOG_LEVEL_ERROR, "--root=%s: %s", options->roots[i],
		    strerror(-r));
		roots_close(roots);
		return NULL;
	}
	return roots;
}

void roots_close(struct roots *roots)
{
	if (!roots)
		return;
	for (size_t i = 0; i < roots->count; i++) {
		if (roots->list[i].fd >= 0)
			close(roots->list[i].fd);
		free(roots->list[i].given);
		free(roots->list[i].real);
	}
	free(roots);
}

/* Returns the part of the name below the root, or NULL if it is not beneath. */
static const char *rest_below(const struct root *root, const char *name)
{
	const char *rest = NULL;

	if (root->given &&
	    path_rule_below(root->given, name, &rest) == PATH_RULE_OK)
		return rest;
	if (path_rule_below(root->real, name, &rest) == PATH_RULE_OK)
		return rest;
	return NULL;
}

int roots_find(const struct roots *roots, const char *document_root,
    struct roots_place *ret_place)
{
	const char *shortest = NULL;

	/* Of roots within roots the innermost: the shortest rest. */
	for (size_t i = 0; i < roots->count; i++) {
		const struct root *root = &roots->list[i];
		const char *rest = rest_below(root, document_root);

		if (!rest || (shortest && rest <= shortest))
			continue;
		shortest = rest;
		ret_place->fd = root->fd;
		ret_place->is_local = root->is_local;
		ret_place->below = rest;
	}
	return shortest ? 0 : -EXDEV;
}
