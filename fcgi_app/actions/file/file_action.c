/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: the rules on its path, the open, at once if the names
 * are in memory, else in the thread pool, then the head and the body from that
 * one descriptor, whatever the name stands for meanwhile. A folder leads to its
 * index, or to its name with a slash.
 */
#include "config.h"
#include "fcgi_app/actions/file/file_action.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/policy/content_coding.h"
#include "fcgi_app/policy/digest_record.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/policy/redirect.h"
#include "fcgi_app/policy/want_digest.h"
#include "fcgi_app/request/opened_file.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/representation.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"

/* What separates the names in STREAM_INDEX. */
#define BLANKS " \t"

/* From the start of the action to its answer; the request's `state`. */
struct lookup {
	struct request *request;
	file_action_folder_fn *on_folder; /* NULL: a folder is not found */
	struct file_open *open;           /* under way, or NULL */
	const char *type;                 /* by the name of what is opened */
	bool names_folder;                /* the path ends in a slash */
	/* The index to open in the folder at the path; length 0: none. */
	const char *index;
	size_t index_length;
	const struct content_coding *codings[CONTENT_CODINGS_MAX];
};

/* --- errors ------------------------------------------------------------- */

/* The lookup is over; what is left is to answer. */
static struct request *end_lookup(struct lookup *lookup)
{
	struct request *request = lookup->request;

	request->cancel = NULL;
	request->state = NULL;
	free(lookup);
	return request;
}

static void refuse(struct lookup *lookup, int status, const char *why)
{
	request_refuse(end_lookup(lookup), status, why);
}

static void refuse_errno(struct lookup *lookup, int error)
{
	request_refuse_errno(end_lookup(lookup), error);
}

/* --- the answer --------------------------------------------------------- */

static bool wants_digest(const struct lookup *lookup)
{
	return want_digest_sha256(
	    request_param(lookup->request, "HTTP_WANT_REPR_DIGEST"));
}

/* Returns false if it is not wanted, or not known. */
static bool find_digest(const struct lookup *lookup,
    const struct file_open_result *result, char ret[REPR_DIGEST_MAX])
{
	uint8_t sha256[DIGEST_SHA256_SIZE];

	if (!wants_digest(lookup) || !opened_file_digest(result, sha256))
		return false;
	repr_digest_format(sha256, ret);
	return true;
}

static void send_file(
    struct lookup *lookup, const struct file_open_result *result)
{
	struct representation file = {
		.size = (uint64_t)result->stat.st_size,
		.modified = result->stat.st_mtim.tv_sec,
	};
	char type[CONTENT_TYPE_MAX], etag[ETAG_MAX], digest[REPR_DIGEST_MAX];
	const struct param_rule *bad = operator_fields_media_type(
	    lookup->request->origin.params, lookup->type, type, sizeof(type));

	if (bad) {
		file_open_discard(lookup->request->services->loop, result);
		request_bad_param(end_lookup(lookup), bad);
		return;
	}
	if (opened_file_init(lookup->request->services, result, &file.bytes) <
	    0) {
		file_open_discard(lookup->request->services->loop, result);
		refuse_errno(lookup, -ENOMEM);
		return;
	}
	file.content_type = type;
	if (find_digest(lookup, result, digest))
		file.repr_digest = digest;
	if (request_param(lookup->request, "STREAM_PRECOMPRESSED"))
		file.vary = "Accept-Encoding";
	if (result->variant >= 0)
		file.content_encoding = lookup->codings[result->variant]->name;
	opened_file_etag(
	    lookup->request->services, result, file.content_encoding, etag);
	file.etag = etag;
	representation_answer(end_lookup(lookup), &file);
}

/* --- folders ------------------------------------------------------------ */

/* Takes the next name of STREAM_INDEX. Returns whether it had one. */
static bool next_index(struct lookup *lookup)
{
	const char *list = lookup->index
	    ? lookup->index + lookup->index_length
	    : request_param(lookup->request, "STREAM_INDEX");

	if (!list)
		return false;
	lookup->index = list + strspn(list, BLANKS);
	lookup->index_length = strcspn(lookup->index, BLANKS);
	return lookup->index_length > 0;
}

/*
 * Redirects to the name with a slash: relative links in the index count from it
 * (RFC 9110, 15.4.9). Returns false if the client's URI has one already, and
 * only the path that a front made of it has none.
 */
static bool redirect(struct lookup *lookup)
{
	const char *uri = request_param(lookup->request, "REQUEST_URI");
	char location[REDIRECT_MAX];
	int r = redirect_to_folder(
	    uri, lookup->request->path, location, sizeof(location));

	if (r == -ELOOP)
		return false;
	if (r < 0)
		refuse(lookup, 404,
		    "folder without trailing slash, and its name is too long "
		    "for a redirect");
	else
		request_error(end_lookup(lookup), 308, "Location", location);
	return true;
}

/* A folder that has no index. */
static void answer_mere_folder(struct lookup *lookup)
{
	file_action_folder_fn *on_folder = lookup->on_folder;

	if (on_folder)
		on_folder(end_lookup(lookup));
	else
		refuse(lookup, 404,
		    "a folder, and neither STREAM_INDEX nor the action list "
		    "says what to send");
}

/* Returns true if its index is to be opened, false if it is answered. */
static bool answer_folder(struct lookup *lookup)
{
	bool has_answer =
	    lookup->on_folder || request_param(lookup->request, "STREAM_INDEX");

	if (lookup->index) {
		request_refuse_param(end_lookup(lookup), 404, "STREAM_INDEX",
		    "the index is a folder");
		return false;
	}
	if (has_answer && !lookup->names_folder && redirect(lookup))
		return false;
	if (next_index(lookup))
		return true;
	answer_mere_folder(lookup);
	return false;
}

/* --- the open ----------------------------------------------------------- */

/* Acts on what was opened. Returns true if another name is to be opened. */
static bool take_result(
    struct lookup *lookup, const struct file_open_result *result)
{
	if (result->error == -ENOENT && lookup->index) {
		if (next_index(lookup))
			return true;
		if (lookup->on_folder) {
			answer_mere_folder(lookup);
			return false;
		}
	}
	if (result->error < 0) {
		refuse_errno(lookup, result->error);
		return false;
	}
	if (S_ISREG(result->stat.st_mode)) {
		send_file(lookup, result);
		return false;
	}
	file_open_discard(lookup->request->services->loop, result);
	if (S_ISDIR(result->stat.st_mode))
		return answer_folder(lookup);
	refuse(lookup, 404, "not a regular file");
	return false;
}

static void cancel_lookup(struct request *request)
{
	struct lookup *lookup = request->state;

	if (lookup->open)
		file_open_cancel(lookup->open);
	end_lookup(lookup);
}

/*
 * Finds the place to open: the path, or an index in there. Returns false if the
 * request was refused.
 */
static bool find_place(struct lookup *lookup, struct request_place *ret)
{
	struct request_place_fault fault;
	char folder[PATH_MAX];

	if (!request_place_find(lookup->request, NULL, ret, &fault)) {
		refuse(lookup, fault.status, fault.why);
		return false;
	}
	lookup->names_folder = path_rule_is_folder(ret->path);
	if (!lookup->index)
		return true;
	strcpy(folder, ret->path);
	if (path_rule_in_folder(folder, lookup->index, lookup->index_length,
		ret->path, sizeof(ret->path)) == PATH_RULE_OK)
		return true;
	request_refuse_param(end_lookup(lookup), 500, "STREAM_INDEX",
	    "not a name, or names with blanks in between");
	return false;
}

/* What Accept-Encoding and Want-Repr-Digest ask for besides the file. */
static void add_extras(struct lookup *lookup, struct file_open_target *target,
    const char *suffixes[CONTENT_CODINGS_MAX + 1])
{
	const struct request *request = lookup->request;
	const char *offered = request_param(request, "STREAM_PRECOMPRESSED");
	size_t count = 0;

	if (offered)
		count = content_coding_choose(offered,
		    request_param(request, "HTTP_ACCEPT_ENCODING"),
		    lookup->codings);
	for (size_t i = 0; i < count; i++)
		suffixes[i] = lookup->codings[i]->suffix;
	suffixes[count] = NULL;
	target->variants = suffixes;
	target->attribute = wants_digest(lookup)
	    ? DIGEST_RECORD_ATTRIBUTE
	    : opened_file_attribute(request->services);
}

static void on_open(void *context, const struct file_open_result *result);

/* Opens now or later. Returns true if another name is to be opened now. */
static bool open_name(struct lookup *lookup)
{
	struct services *services = lookup->request->services;
	const char *suffixes[CONTENT_CODINGS_MAX + 1];
	struct file_open_target target;
	struct file_open_result result;
	struct request_place place;

	if (!find_place(lookup, &place))
		return false;
	target = request_place_target(&place);
	lookup->type = media_types_find(services->media_types, place.path);
	add_extras(lookup, &target, suffixes);
	if (file_open_now(&target, &result) != -EAGAIN)
		return take_result(lookup, &result);
	lookup->open =
	    file_open_start(services->loop, &target, on_open, lookup);
	if (!lookup->open)
		refuse_errno(lookup, -ENOMEM);
	return false;
}

static void start_open(struct lookup *lookup)
{
	while (open_name(lookup))
		;
}

static void on_open(void *context, const struct file_open_result *result)
{
	struct lookup *lookup = context;

	lookup->open = NULL;
	if (take_result(lookup, result))
		start_open(lookup);
}

void file_action_start_with(
    struct request *request, file_action_folder_fn *on_folder)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup) {
		request_refuse(request, 503, strerror(ENOMEM));
		return;
	}
	lookup->request = request;
	lookup->on_folder = on_folder;
	request->state = lookup;
	request->cancel = cancel_lookup;
	start_open(lookup);
}

static void start(struct request *request)
{
	file_action_start_with(request, NULL);
}

const struct stream_action file_action = {
	.name = "file",
	.methods = ACTION_GET | ACTION_HEAD,
	.start = start,
	.is_claimable = true,
};
