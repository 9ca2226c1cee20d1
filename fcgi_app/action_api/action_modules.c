/* SPDX-License-Identifier: MIT */
/*
 * A module's description is copied, as far as both sides know it: one that was
 * built with an older header of the same ABI version is shorter. A longer one
 * is good if it uses nothing of what is newer. The symbol's size tells a
 * `size` that is a mistake from one that is true.
 */
#include "config.h"
#include "fcgi_app/action_api/action_modules.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/min.h"
#include "fcgi_app/action_api/action_internal.h"
#include "fcgi_app/policy/field_value.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

#define SYMBOL "fcgi_stream_action"
/* What the first version had, before `request_fields` was added. */
#define SIZE_MIN \
	(offsetof(struct action_module, load) + sizeof(action_load_fn *))
/* Leaves room for the rest of a preflight's head. */
#define REQUEST_FIELDS_MAX 1024

struct module {
	struct stream_action action; /* the first: see start_module() */
	char name[ACTION_MODULES_NAME_MAX + 1];
	struct action_module module;
};

struct action_modules {
	size_t count;
	struct module list[];
};

/* --- at work -------------------------------------------------------------- */

const struct stream_action *action_modules_find(
    const struct action_modules *modules, const char *name)
{
	for (size_t i = 0; modules && i < modules->count; i++)
		if (strcmp(modules->list[i].name, name) == 0)
			return &modules->list[i].action;
	return NULL;
}

static void start_module(struct request *request)
{
	const struct module *module = (const void *)request->stream_action;

	action_start(request, module->module.start);
}

/* --- loading -------------------------------------------------------------- */

static bool is_name(const char *text, size_t length)
{
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return length > 0 && length <= ACTION_MODULES_NAME_MAX &&
	    *text >= 'a' && *text <= 'z' && strspn(text, more) >= length;
}

static bool __attribute__((format(printf, 2, 3)))
fail(const char *option, const char *format, ...)
{
	char why[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	log_message(LOG_LEVEL_ERROR, "--action=%s: %s", option, why);
	return false;
}

/* Returns how many bytes the module has exported. */
static size_t exported_size(const void *found)
{
	const ElfW(Sym) * symbol;
	void *entry = NULL;
	Dl_info info;

	dladdr1(found, &info, &entry, RTLD_DL_SYMENT);
	symbol = entry;
	/* Assembly may leave the size away. */
	return symbol && symbol->st_size > 0 ? symbol->st_size
					     : sizeof(struct action_module);
}

/* Returns whether nothing is set of what only newer versions know. */
static bool has_no_more(const struct action_module *found)
{
	const unsigned char *bytes = (const void *)found;

	for (size_t i = sizeof(*found); i < found->size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Returns whether `size` is true, and we know all that the module uses. */
static bool check_size(const char *option, const struct action_module *found)
{
	size_t exported = exported_size(found);

	if (found->size < SIZE_MIN || found->size > exported ||
	    found->size % alignof(struct action_module) != 0)
		return fail(option,
		    "`size` is %ju, not sizeof(struct action_module); `" SYMBOL
		    "` has %zu bytes",
		    (uintmax_t)found->size, exported);
	if (!has_no_more(found))
		return fail(option,
		    "made for a newer version of fcgi-stream: `size` is %ju, "
		    "and what is after the first %zu bytes is not 0",
		    (uintmax_t)found->size, sizeof(*found));
	return true;
}

/* Names of header fields, with ", " in between (RFC 9110, 5.6.1.1). */
static bool is_field_list(const char *text)
{
	static const char separator[] = ", ";
	size_t length = field_value_token_length(text);

	if (strlen(text) > REQUEST_FIELDS_MAX)
		return false;
	while (length > 0 && text[length] != '\0') {
		text += length;
		if (strncmp(text, separator, strlen(separator)) != 0)
			return false;
		text += strlen(separator);
		length = field_value_token_length(text);
	}
	return length > 0;
}

/* Returns whether a module's description can be used. */
static bool check(const char *option, const struct action_module *found)
{
	const uint32_t known = ACTION_GET | ACTION_HEAD | ACTION_POST;

	/* The one field that is at the same place in every version. */
	if (found->abi_version != ACTION_ABI_VERSION)
		return fail(option,
		    "made for another version of fcgi-stream: "
		    "ACTION_ABI_VERSION is %ju, not %ju",
		    (uintmax_t)found->abi_version,
		    (uintmax_t)ACTION_ABI_VERSION);
	if (!check_size(option, found))
		return false;
	if (found->reserved != 0)
		return fail(option, "`reserved` is %ju, not 0",
		    (uintmax_t)found->reserved);
	if (found->methods == 0)
		return fail(option,
		    "`methods` is 0, not some of ACTION_GET, ACTION_HEAD and "
		    "ACTION_POST");
	if (found->methods & ~known)
		return fail(option, "unknown method bits 0x%jx in `methods`",
		    (uintmax_t)(found->methods & ~known));
	if (!found->start)
		return fail(option, "`start` is NULL");
	return true;
}

static bool take_module(struct module *module, const char *option, void *object)
{
	const struct action_module *found = dlsym(object, SYMBOL);
	size_t size;
	int r;

	if (!found)
		return fail(option, "does not export `" SYMBOL "`");
	if (!check(option, found))
		return false;
	size = sizeof(module->module);
	memcpy(&module->module, found, size_min(found->size, size));
	module->action.name = module->name;
	module->action.methods = module->module.methods;
	module->action.request_fields = module->module.request_fields;
	if (module->action.request_fields &&
	    !is_field_list(module->action.request_fields))
		return fail(option,
		    "`request_fields` is not a list of up to 1024 bytes such "
		    "as \"X-Ticket, X-Trace\"");
	module->action.start = start_module;
	module->action.has_own_params = true;
	r = module->module.load ? module->module.load() : 0;
	return r == 0 || fail(option, "`load`: %s", strerror(r < 0 ? -r : r));
}

/* A path without a slash would be looked for in the system's libraries. */
static bool load_object(
    struct module *module, const char *option, const char *path)
{
	const char *why;
	void *object;

	if (!strchr(path, '/'))
		return fail(option, "%s: not a path with a slash", path);
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object)
		return take_module(module, option, object);
	why = dlerror();
	return fail(option, "%s", why ? why : "cannot be loaded");
}

static bool load_one(struct action_modules *modules, const char *option,
    action_modules_taken_fn *is_taken)
{
	struct module *module = &modules->list[modules->count];
	size_t length = strcspn(option, "=");

	if (option[length] == '\0' || !is_name(option, length))
		return fail(option,
		    "not NAME=/path/to/object.so, where NAME has up to 32 "
		    "of a-z, 0-9, - and _ and begins with a letter");
	memcpy(module->name, option, length);
	module->name[length] = '\0';
	if (is_taken(module->name))
		return fail(option, "%s is a built-in action", module->name);
	if (action_modules_find(modules, module->name))
		return fail(
		    option, "%s is the name of another --action", module->name);
	if (!load_object(module, option, option + length + 1))
		return false;
	modules->count++;
	return true;
}

struct action_modules *action_modules_load(
    const struct options *options, action_modules_taken_fn *is_taken)
{
	size_t count = options->action_count;
	struct action_modules *modules =
	    calloc(1, sizeof(*modules) + count * sizeof(modules->list[0]));

	if (!modules) {
		log_message(LOG_LEVEL_ERROR, "--action: %s", strerror(ENOMEM));
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (!load_one(modules, options->actions[i], is_taken)) {
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
