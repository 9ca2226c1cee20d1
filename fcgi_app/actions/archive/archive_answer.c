/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/archive_answer.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_compressed.h"
#include "fcgi_app/actions/archive/archive_form.h"
#include "fcgi_app/actions/archive/archive_source.h"
#include "fcgi_app/policy/content_disposition.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/representation.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"

/* What the archive of a document root is called. */
#define ROOT_NAME "archive"

/* Writes the folder's name and the suffix, at most PATH_MAX + 16 bytes. */
static void make_filename(
    const struct request *request, enum archive_form form, char *ret)
{
	char path[PATH_MAX];
	const char *name;

	/* It was found, so it follows the rule. */
	path_rule_relative(request->path, path, sizeof(path));
	path[strlen(path) - path_rule_is_folder(path)] = '\0';
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	strcpy(ret, *name ? name : ROOT_NAME);
	strcat(ret, archive_form_suffix(form));
}

/* Names the file after the folder, unless the operator has a name for it. */
static void make_disposition(const struct request *request,
    enum archive_form form, char ret[CONTENT_DISPOSITION_MAX])
{
	const char *type = request_param(request, "STREAM_DISPOSITION");
	const char *name = request_param(request, "STREAM_FILENAME");
	char filename[PATH_MAX + 16];

	if (!name)
		make_filename(request, form, filename);
	/* An invalid type is refused with the other parameters. */
	if (content_disposition_format(type ? type : "attachment",
		name ? name : filename, ret, CONTENT_DISPOSITION_MAX) < 0)
		ret[0] = '\0';
}

static void send_plain(struct request *request, struct archive *archive)
{
	enum archive_form form = archive_form(archive);
	char disposition[CONTENT_DISPOSITION_MAX];
	const struct representation answer = {
		.size = archive_size(archive),
		.undated = true,
		.whole = strcmp(request->method, "POST") == 0,
		.etag = archive_etag(archive),
		.content_type = archive_form_media_type(form),
		.disposition = disposition,
		.bytes = archive_source_maker(archive),
	};

	make_disposition(request, form, disposition);
	representation_answer(request, &answer);
}

static void send_packed(struct request *request, struct archive *archive)
{
	enum archive_form form = archive_form(archive);
	char disposition[CONTENT_DISPOSITION_MAX];
	struct operator_fields fields;
	struct response_head head;
	struct source *source;
	const struct param_rule *bad =
	    operator_fields_read(request->origin.params, time(NULL), &fields);

	if (bad) {
		request_bad_param(request, bad);
		return;
	}
	make_disposition(request, form, disposition);
	response_head_init(&head, 200);
	response_head_put(&head, "Content-Type", archive_form_media_type(form));
	/* Its length is not known, so there are no ranges of it. */
	response_head_put(&head, "Accept-Ranges", "none");
	response_head_put(&head, "Content-Disposition", disposition);
	response_head_put(&head, "X-Accel-Buffering", "no");
	operator_fields_add_common(request->origin.params, &head, NULL);
	operator_fields_add_caching(&fields, &head);
	if (request_is_head(request)) {
		request_respond(request, &head);
		return;
	}
	source = archive_compressed_open(archive);
	if (source)
		request_stream(request, &head, source, 0, 0);
	else
		request_refuse_errno(request, -errno);
}

void archive_answer(struct request *request, struct archive *archive)
{
	if (archive_form_is_packed(archive_form(archive)))
		send_packed(request, archive);
	else
		send_plain(request, archive);
}
