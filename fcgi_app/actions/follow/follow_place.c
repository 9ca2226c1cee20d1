/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_place.h"

#include <string.h>

#include "common/file/root_folder.h"

size_t follow_place_size(const struct follow_place *place)
{
	return strlen(place->below) + strlen(place->path) + 3 +
	    (place->marker ? strlen(place->marker) : 0);
}

static char *copy_text(char **to, const char *text)
{
	char *copy = *to;

	if (!text)
		return NULL;
	*to = stpcpy(copy, text) + 1;
	return copy;
}

struct follow_place follow_place_copy(
    const struct follow_place *place, char *text)
{
	struct follow_place copy = *place;

	root_folder_ref(place->root);
	copy.below = copy_text(&text, place->below);
	copy.path = copy_text(&text, place->path);
	copy.marker = copy_text(&text, place->marker);
	return copy;
}

void follow_place_release(const struct follow_place *place)
{
	root_folder_unref(place->root);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool follow_place_is_same(
    const struct follow_place *a, const struct follow_place *b)
{
	return a->root_fd == b->root_fd && a->rotate_ms == b->rotate_ms &&
	    strcmp(a->below, b->below) == 0 && strcmp(a->path, b->path) == 0 &&
	    same_text(a->marker, b->marker);
}

const char *follow_place_last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
