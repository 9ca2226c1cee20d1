/* SPDX-License-Identifier: MIT */
/*
 * A module's description is copied, as far as both sides know it: one that was
 * built with an older header of the same ABI version is shorter.
 */
#include "config.h"
#include "fcgi_app/action_api/action_modules.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/action_api/action_internal.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

#define SYMBOL "fcgi_stream_action"
/* What the first version had. */
#define SIZE_MIN \
	(offsetof(struct action_module, load) + sizeof(action_load_fn *))
/* More is not a struct action_module. */
#define SIZE_MAX_SANE 4096

struct module {
	char name[ACTION_MODULES_NAME_MAX + 1];
	struct dispatch_action action;
	struct action_module module;
};

struct action_modules {
	size_t count;
	struct module list[];
};

/* --- at work -------------------------------------------------------------- */

static const struct module *find(
    const struct action_modules *modules, const char *name)
{
	for (size_t i = 0; modules && i < modules->count; i++)
		if (strcmp(modules->list[i].name, name) == 0)
			return &modules->list[i];
	return NULL;
}

const struct dispatch_action *action_modules_find(
    const struct action_modules *modules, const char *name)
{
	const struct module *module = find(modules, name);

	return module ? &module->action : NULL;
}

static void start_module(struct request *request)
{
	const struct module *module =
	    find(request->services->action_modules, request->action_name);

	assert(module);
	action_start(request, module->module.start);
}

/* --- loading -------------------------------------------------------------- */

static bool is_name(const char *text, size_t length)
{
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return length > 0 && length <= ACTION_MODULES_NAME_MAX &&
	    *text >= 'a' && *text <= 'z' && strspn(text, more) >= length;
}

static unsigned int methods_of(const struct action_module *module)
{
	unsigned int methods = 0;

	if (module->methods & ACTION_GET)
		methods |= DISPATCH_GET;
	if (module->methods & ACTION_HEAD)
		methods |= DISPATCH_HEAD;
	if (module->methods & ACTION_POST)
		methods |= DISPATCH_POST;
	return methods;
}

/* What is wrong with a description, or NULL. */
static const char *check(const struct action_module *found)
{
	const uint32_t known = ACTION_GET | ACTION_HEAD | ACTION_POST;

	/* It stands in front of all that a version may change. */
	if (found->abi_version != ACTION_ABI_VERSION)
		return "made for another version of fcgi-stream "
		       "(ACTION_ABI_VERSION)";
	if (found->size < SIZE_MIN || found->size > SIZE_MAX_SANE)
		return "its size is not that of a struct action_module";
	if (found->methods == 0 || (found->methods & ~known))
		return "its methods are none that there are";
	if (!found->start)
		return "it has no function `start`";
	return NULL;
}

static bool fail(const char *option, const char *why)
{
	log_message(LOG_LEVEL_ERROR, "--action=%s: %s", option, why);
	return false;
}

static bool take_module(struct module *module, const char *option, void *object)
{
	const struct action_module *found = dlsym(object, SYMBOL);
	const char *bad;
	size_t size;
	int r;

	if (!found)
		return fail(option, "it does not export `" SYMBOL "`");
	bad = check(found);
	if (bad)
		return fail(option, bad);
	size = sizeof(module->module);
	memcpy(&module->module, found, found->size < size ? found->size : size);
	module->action.name = module->name;
	module->action.methods = methods_of(&module->module);
	module->action.start = start_module;
	r = module->module.load ? module->module.load() : 0;
	return r == 0 || fail(option, strerror(r < 0 ? -r : r));
}

/* A name without a slash would be looked for in the system's libraries. */
static bool load_object(
    struct module *module, const char *option, const char *path)
{
	const char *why;
	void *object;

	if (!strchr(path, '/'))
		return fail(option, "not a path with a slash");
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object)
		return take_module(module, option, object);
	why = dlerror();
	return fail(option, why ? why : "it can't be loaded");
}

static bool load_one(struct action_modules *modules, const char *option)
{
	struct module *module = &modules->list[modules->count];
	size_t length = strcspn(option, "=");

	if (option[length] == '\0' || !is_name(option, length))
		return fail(option,
		    "not NAME=/path/to/object.so, where NAME has up to 32 "
		    "of a-z, 0-9, - and _ and begins with a letter");
	memcpy(module->name, option, length);
	module->name[length] = '\0';
	if (dispatch_is_built_in(module->name))
		return fail(option, "the name is that of a built-in action");
	if (action_modules_find(modules, module->name))
		return fail(option, "the name is taken");
	if (!load_object(module, option, option + length + 1))
		return false;
	modules->count++;
	return true;
}

struct action_modules *action_modules_load(const struct options *options)
{
	size_t count = options->action_count;
	struct action_modules *modules =
	    calloc(1, sizeof(*modules) + count * sizeof(modules->list[0]));

	if (!modules) {
		log_message(LOG_LEVEL_ERROR, "--action: %s", strerror(ENOMEM));
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (!load_one(modules, options->actions[i])) {
			free(modules);
			return NULL;
		}
	}
	return modules;
}

void action_modules_free(struct action_modules *modules)
{
	free(modules);
}
