/* SPDX-License-Identifier: MIT */
/*
 * A root is known by the name it was given and by its real name, since a
 * front may pass either: nginx's $document_root keeps symbolic links,
 * $realpath_root does not. The real one changes with what the other leads to;
 * when that is nowhere the last one stays.
 */
#include "config.h"
#include "fcgi_app/setup/roots.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file/root_folder.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

struct root {
	const char *name; /* of the option */
	char *given;      /* the same, absolute and normal, or NULL */
	char *real;
	struct root_folder *folder; /* NULL: not there now */
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

/* Returns 0 or -errno; what it has made is for roots_close(). */
static int root_open(struct root *root, const char *name)
{
	int r = root_folder_open(name, &root->folder);

	if (r < 0)
		return r;
	root->name = name;
	root->real = strdup(root->folder->real);
	if (!root->real)
		return -ENOMEM;
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
		if (r < 0) {
			log_message(LOG_LEVEL_ERROR, "--root=%s: %s",
			    options->roots[i], strerror(-r));
			roots_close(roots);
			return NULL;
		}
		if (!roots->list[i].folder->may_enter)
			roots_warn_closed(roots, i);
	}
	return roots;
}

void roots_close(struct roots *roots)
{
	if (!roots)
		return;
	for (size_t i = 0; i < roots->count; i++) {
		root_folder_unref(roots->list[i].folder);
		free(roots->list[i].given);
		free(roots->list[i].real);
	}
	free(roots);
}

/* --- what each leads to --------------------------------------------------- */

size_t roots_count(const struct roots *roots)
{
	return roots->count;
}

const char *roots_name(const struct roots *roots, size_t root)
{
	return roots->list[root].name;
}

struct root_folder *roots_folder(const struct roots *roots, size_t root)
{
	return roots->list[root].folder;
}

struct root_folder *roots_exchange(
    struct roots *roots, size_t root, struct root_folder *folder)
{
	struct root *it = &roots->list[root];
	struct root_folder *before = it->folder;
	char *real = folder ? strdup(folder->real) : NULL;

	it->folder = folder;
	/* Without memory for it the front's other name still works. */
	if (real) {
		free(it->real);
		it->real = real;
	}
	return before;
}

void roots_warn_closed(const struct roots *roots, size_t root)
{
	log_message(LOG_LEVEL_WARNING,
	    "--root=%s: user %ju may not enter this folder: what is in it will "
	    "be answered 403",
	    roots->list[root].name, (uintmax_t)geteuid());
}

/* --- which root ----------------------------------------------------------- */

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
	const struct root *innermost = NULL;
	const char *shortest = NULL;

	/* Of roots within roots the innermost: the shortest rest. */
	for (size_t i = 0; i < roots->count; i++) {
		const struct root *root = &roots->list[i];
		const char *rest = rest_below(root, document_root);

		if (!rest || (shortest && rest <= shortest))
			continue;
		shortest = rest;
		innermost = root;
	}
	if (!shortest)
		return -EXDEV;
	if (!innermost->folder)
		return -ENOENT;
	*ret_place = (struct roots_place){
		.fd = innermost->folder->fd,
		.below = shortest,
		.is_local = innermost->folder->is_local,
		.folder = innermost->folder,
	};
	return 0;
}
