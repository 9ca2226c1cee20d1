/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/archive_choice.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/parse_number.h"
#include "fcgi_app/request/request.h"

static bool read_form(struct request *request, enum archive_form *ret)
{
	int r = archive_form_choose(request_param(request, "QUERY_STRING"),
	    request_param(request, "STREAM_FORMAT"), ret);

	if (r == -EINVAL)
		request_refuse_param(request, 400, "QUERY_STRING",
		    "format is not " ARCHIVE_CHOICE_FORMS);
	else if (r < 0)
		request_refuse_param(
		    request, 500, "STREAM_FORMAT", "not " ARCHIVE_CHOICE_FORMS);
	return r == 0;
}

static bool read_crc_place(struct request *request, enum archive_form *form)
{
	const char *place = request_param(request, "STREAM_ZIP_CRC");

	if (archive_form_place_crc(place, form) == 0)
		return true;
	request_refuse_param(
	    request, 500, "STREAM_ZIP_CRC", "not first or last");
	return false;
}

static bool read_most(struct request *request, size_t *ret)
{
	const char *text = request_param(request, "STREAM_ARCHIVE_MAX_FILES");
	uint64_t most = ARCHIVE_FILES;

	if (text &&
	    (parse_u64(text, &most) < 0 || most == 0 ||
		most > ARCHIVE_FILES_MAX)) {
		request_refuse_param(request, 500, "STREAM_ARCHIVE_MAX_FILES",
		    "not a number from 1 to 1000000");
		return false;
	}
	*ret = (size_t)most;
	return true;
}

static bool read_unreadable(struct request *request, bool *ret)
{
	const char *word = request_param(request, "STREAM_ARCHIVE_UNREADABLE");

	*ret = word && strcmp(word, "skip") == 0;
	if (!word || *ret || strcmp(word, "fail") == 0)
		return true;
	request_refuse_param(
	    request, 500, "STREAM_ARCHIVE_UNREADABLE", "not fail or skip");
	return false;
}

bool archive_choice_read(struct request *request, struct archive_choice *ret)
{
	struct archive_choice choice;

	if (!read_form(request, &choice.form) ||
	    !read_crc_place(request, &choice.form) ||
	    !read_most(request, &choice.most) ||
	    !read_unreadable(request, &choice.may_miss))
		return false;
	*ret = choice;
	return true;
}

bool archive_choice_set_form(const struct request *request, const char *name,
    struct archive_choice *choice)
{
	const char *place = request_param(request, "STREAM_ZIP_CRC");
	enum archive_form form;

	/* The place is valid: archive_choice_read() has read it. */
	if (archive_form_find(name, &form) < 0 ||
	    archive_form_place_crc(place, &form) < 0)
		return false;
	choice->form = form;
	return true;
}
