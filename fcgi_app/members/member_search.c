/* SPDX-License-Identifier: MIT */
/*
 * A search is a job of the thread pool, in slices: after so many steps it goes
 * to the end of the pool's queue, so that a large tree does not keep others
 * from opening a file. Between two slices nobody but the loop touches it.
 *
 * A step looks a name up, reads an entry of a folder, or enters one of the
 * folders that were found. These are the list itself, from `entered` on: so a
 * tree is read level by level, with one descriptor, and put in order when it
 * is whole. All opens are beneath the document root and by the whole path.
 */
#include "config.h"
#include "fcgi_app/members/member_search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/file/file_open.h"
#include "common/file/folder_reader.h"
#include "common/file/root_folder.h"
#include "common/memory_budget.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_seen.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/request/request_place.h"

#define SLICE_STEPS 512
/* Returned by a step if there is more to do; else 0 or -errno. */
#define MORE 1

struct member_search {
	uv_work_t work;
	member_search_done_fn *done;
	void *context;
	atomic_bool cancelled;
	/* Of the params; the strings of the place and the names stand below. */
	struct file_open_target place;
	const char **names; /* NULL: all that is in the folder */
	size_t name_count;
	bool trees;
	bool hidden;
	bool may_miss;
	bool tag;
	bool digests;
	/* What it takes itself, and out of what; what is found has its own. */
	struct memory_budget *budget;
	size_t held;
	/* How far it is. */
	struct members *found;
	size_t looked_up; /* names */
	size_t tree;      /* where the tree being read begins in the list */
	size_t entered;   /* members that were entered if they are folders */
	int root;         /* of the document root, or -1 */
	DIR *folder;      /* that is being read, or NULL */
	char prefix[PATH_MAX + 1]; /* of its entries' names, with the slash */
	bool over;
	int error;
	char strings[];
};

/* --- files and folders ---------------------------------------------------- */

/* Returns a descriptor of what stands at `name`, or -errno. */
static int open_name(
    const struct member_search *search, const char *name, int flags)
{
	char path[PATH_MAX];

	if (path_rule_join(search->place.path, name, path, sizeof(path)) !=
	    PATH_RULE_OK)
		return -ENAMETOOLONG;
	return file_open_beneath(search->root, path, flags);
}

/* Returns 0 and what stands at `name`, or -errno. */
static int see_name(const struct member_search *search, const char *name,
    int flags, struct member_seen *ret)
{
	int fd = open_name(search, name, flags);
	int r;

	if (fd < 0)
		return fd;
	r = member_see(fd, NULL, search->digests, ret);
	close(fd);
	return r;
}

/* Same contract as member_list_add(). */
static int add_member(struct member_search *search, const char *name,
    const struct member_seen *seen)
{
	return member_list_add(search->found, name, &seen->stat,
	    seen->has_digest ? seen->sha256 : NULL);
}

/* Takes the descriptor of a folder over; its entries come next. */
static int read_folder(struct member_search *search, int fd)
{
	search->folder = fdopendir(fd);
	if (search->folder)
		return MORE;
	close(fd);
	return -ENOMEM;
}

static void close_folder(struct member_search *search)
{
	if (search->folder)
		closedir(search->folder);
	search->folder = NULL;
}

/* --- the end -------------------------------------------------------------- */

/* Returns 0, or -EACCES: some are missing that must not. */
static int conclude(struct member_search *search)
{
	struct members *found = search->found;

	member_list_order_missing(found);
	if (found->missing_count > 0 && !search->may_miss) {
		found->failed = found->missing[0];
		return -EACCES;
	}
	if (search->tag)
		member_list_tag(found);
	member_list_trim(found);
	return 0;
}

/*
 * A name can't be had. Returns MORE if the search goes on without it, else
 * -errno.
 */
static int lack(
    struct member_search *search, const char *name, mode_t mode, int error)
{
	struct members *found = search->found;
	int r;

	if (error != -EACCES && error != -EPERM) {
		member_list_blame(found, name);
		return error;
	}
	r = member_list_miss(found, name, S_ISDIR(mode));
	return r < 0 ? r : MORE;
}

/* --- steps: the beginning ------------------------------------------------- */

/* The folder must be there whatever is wanted of it. */
static int begin(struct member_search *search)
{
	int flags = search->names ? O_PATH : O_RDONLY | O_NONBLOCK;
	int fd;

	search->root = file_open_below(&search->place);
	if (search->root < 0)
		return search->root;
	fd = file_open_beneath(
	    search->root, search->place.path, flags | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (!search->names)
		return read_folder(search, fd);
	close(fd);
	return MORE;
}

/* --- steps: a name that was asked for ------------------------------------- */

/* Returns 0, or -errno if it is not wanted. */
static int check_kind(const struct member_search *search, mode_t mode)
{
	if (S_ISDIR(mode))
		return search->trees ? 0 : -EISDIR;
	return S_ISREG(mode) ? 0 : -ENXIO;
}

/*
 * First seen, then opened as it will be when it is read: so it is known that it
 * can be. Were a named pipe opened, the one who waits to write to it would take
 * that for a reader.
 */
static int look_up(struct member_search *search, const char *name)
{
	struct member_seen seen = { 0 };
	int r = see_name(search, name, O_PATH, &seen);

	if (r == 0)
		r = check_kind(search, seen.stat.st_mode);
	if (r == 0)
		r = see_name(
		    search, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, &seen);
	/* It may be another by now. */
	if (r == 0)
		r = check_kind(search, seen.stat.st_mode);
	if (r == 0)
		r = add_member(search, name, &seen);
	return r < 0 ? lack(search, name, seen.stat.st_mode, r) : MORE;
}

static int take_name(struct member_search *search)
{
	size_t index = search->looked_up++;
	const char *name = search->names[index];
	int r;

	search->tree = search->found->count;
	/* Trees are each read, and united later. */
	if (index == 0 || search->trees ||
	    strcmp(name, search->names[index - 1]) != 0)
		return look_up(search, name);
	r = member_list_repeat(search->found);
	return r < 0 ? r : MORE;
}

/* --- steps: an entry of a folder ------------------------------------------ */

/* Returns 0 if a link leads to a file, MORE if to anything else, or -errno. */
static int follow(const struct member_search *search, const char *name,
    struct member_seen *ret)
{
	int r = see_name(search, name, O_PATH, ret);

	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV)
		return MORE;
	return r == 0 && !S_ISREG(ret->stat.st_mode) ? MORE : r;
}

/*
 * Returns 0 if the entry belongs to what is found, MORE if not, or -errno. One
 * that goes meanwhile was never there.
 */
static int judge(const struct member_search *search, const char *name,
    const char *entry, struct member_seen *ret)
{
	int fd = dirfd(search->folder);
	int wanted = R_OK;
	int r = member_see(fd, entry, search->digests, ret);

	if (r < 0)
		return r == -ENOENT ? MORE : r;
	if (S_ISLNK(ret->stat.st_mode))
		r = follow(search, name, ret);
	if (r != 0)
		return r;
	if (S_ISDIR(ret->stat.st_mode)) {
		if (!search->trees)
			return MORE;
		if (path_rule_depth(name) > MEMBER_SEARCH_DEPTH_MAX)
			return -E2BIG;
		wanted |= X_OK;
	} else if (!S_ISREG(ret->stat.st_mode)) {
		return MORE;
	}
	if (faccessat(fd, entry, wanted, AT_EACCESS) < 0)
		return errno == ENOENT ? MORE : -errno;
	return 0;
}

static int add_entry(struct member_search *search, const char *entry)
{
	char name[PATH_MAX];
	struct member_seen seen = { 0 };
	int r;

	if (strlen(search->prefix) + strlen(entry) >= sizeof(name)) {
		member_list_blame(search->found, search->prefix);
		return -ENAMETOOLONG;
	}
	strcpy(stpcpy(name, search->prefix), entry);
	r = judge(search, name, entry, &seen);
	if (r == 0)
		r = add_member(search, name, &seen);
	return r < 0 ? lack(search, name, seen.stat.st_mode, r) : MORE;
}

static int read_entry(struct member_search *search)
{
	struct dirent *entry;
	int error;

	errno = 0;
	entry = readdir(search->folder);
	error = -errno;
	if (!entry) {
		close_folder(search);
		return error < 0 ? error : MORE;
	}
	if (!folder_reader_wants(entry->d_name, search->hidden))
		return MORE;
	return add_entry(search, entry->d_name);
}

/* --- steps: a folder that was found --------------------------------------- */

/* Below the top it was no link, so it is none now. */
static int enter(struct member_search *search)
{
	size_t index = search->entered++;
	const struct member *member = &search->found->list[index];
	bool is_top = search->names && index == search->tree;
	int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;
	int fd;

	if (!S_ISDIR(member->mode))
		return MORE;
	fd = open_name(
	    search, member->name, is_top ? flags : flags | O_NOFOLLOW);
	/* It has gone, or become something else. */
	if (!is_top && (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP))
		return MORE;
	if (fd < 0)
		return lack(search, member->name, member->mode, fd);
	/* It could be opened, so it is shorter than PATH_MAX. */
	strcpy(stpcpy(search->prefix, member->name), "/");
	return read_folder(search, fd);
}

/* --- the search ----------------------------------------------------------- */

static int step(struct member_search *search)
{
	if (atomic_load(&search->cancelled))
		return -ECANCELED;
	if (search->root < 0)
		return begin(search);
	if (search->folder)
		return read_entry(search);
	if (search->entered < search->found->count)
		return enter(search);
	member_list_sort(search->found, search->tree);
	if (search->looked_up < search->name_count)
		return take_name(search);
	return conclude(search);
}

static void run(uv_work_t *work)
{
	struct member_search *search =
	    container_of(work, struct member_search, work);
	int r = MORE;

	for (int i = 0; i < SLICE_STEPS && r == MORE; i++)
		r = step(search);
	if (r == MORE)
		return;
	search->over = true;
	search->error = r;
	close_folder(search);
	if (search->root >= 0)
		close(search->root);
	search->root = -1;
}

/* Nothing of it is open. */
static void free_search(struct member_search *search)
{
	member_list_free(search->found);
	memory_budget_give_back(search->budget, search->held);
	root_folder_unref(search->place.root);
	free(search->names);
	free(search);
}

static void finished(uv_work_t *work, int status)
{
	struct member_search *search =
	    container_of(work, struct member_search, work);
	struct members *found = search->found;

	(void)status;
	if (!search->over) {
		uv_queue_work(work->loop, work, run, finished);
		return;
	}
	if (!atomic_load(&search->cancelled)) {
		search->found = NULL;
		search->done(search->context, search->error, found);
	}
	free_search(search);
}

/* --- beginning ------------------------------------------------------------ */

static size_t strings_size(const struct member_search_params *params)
{
	size_t size =
	    strlen(params->place->root.below) + strlen(params->place->path) + 2;

	for (size_t i = 0; i < params->name_count; i++)
		size += strlen(params->names[i]) + 1;
	return size;
}

/* Copies a string to where `*end` is, and moves that past it. */
static const char *copy_string(char **end, const char *string)
{
	const char *copy = *end;

	*end = stpcpy(*end, string) + 1;
	return copy;
}

static void copy_params(
    struct member_search *search, const struct member_search_params *params)
{
	char *end = search->strings;

	search->place = request_place_target(params->place);
	root_folder_ref(search->place.root);
	search->place.below = copy_string(&end, params->place->root.below);
	search->place.path = copy_string(&end, params->place->path);
	search->name_count = params->name_count;
	for (size_t i = 0; i < params->name_count; i++)
		search->names[i] = copy_string(&end, params->names[i]);
	search->trees = params->trees;
	search->hidden = params->hidden;
	search->may_miss = params->may_miss;
	search->tag = params->tag;
	search->digests = params->digests;
}

/* Without its memory counted. Half-built it is fit for free_search(). */
static struct member_search *allocate(const struct member_search_params *params)
{
	struct member_search *search =
	    calloc(1, sizeof(*search) + strings_size(params));

	if (!search)
		return NULL;
	search->root = -1;
	search->budget = params->budget;
	search->found = member_list_new(params->budget, params->most);
	if (params->names)
		search->names =
		    calloc(params->name_count + 1, sizeof(*search->names));
	if (!search->found || (params->names && !search->names)) {
		free_search(search);
		errno = ENOMEM;
		return NULL;
	}
	return search;
}

static struct member_search *new_search(
    const struct member_search_params *params)
{
	size_t size = sizeof(struct member_search) + strings_size(params) +
	    params->name_count * sizeof(params->names[0]);
	struct member_search *search;

	if (!memory_budget_take(params->budget, size)) {
		errno = ENOBUFS;
		return NULL;
	}
	search = allocate(params);
	if (!search) {
		memory_budget_give_back(params->budget, size);
		return NULL;
	}
	search->held = size;
	copy_params(search, params);
	return search;
}

struct member_search *member_search_start(uv_loop_t *loop,
    const struct member_search_params *params, member_search_done_fn *done,
    void *context)
{
	struct member_search *search = new_search(params);

	if (!search)
		return NULL;
	search->done = done;
	search->context = context;
	uv_queue_work(loop, &search->work, run, finished);
	return search;
}

void member_search_cancel(struct member_search *search)
{
	/* What it has open is closed by its next step, in the pool. */
	atomic_store(&search->cancelled, true);
}
