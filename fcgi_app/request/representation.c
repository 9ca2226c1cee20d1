/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/representation.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/stream/source.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/if_range.h"
#include "fcgi_app/policy/multipart.h"
#include "fcgi_app/policy/precondition.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/multipart_body.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"

#define MULTIPART_TYPE "multipart/byteranges; boundary="

/* A response while it is made. */
struct answer {
	struct request *request;
	const struct representation *of;
	struct operator_fields fields;
	time_t now;
	time_t modified;
	enum byte_range_result range;
	struct byte_range_set set;
	uint64_t length; /* of the content */
	/* If `boundary` is not "": several ranges. */
	struct multipart multipart;
	char boundary[MULTIPART_BOUNDARY_MAX];
};

/* --- heads -------------------------------------------------------------- */

/* What any of 200, 206 and 304 has (RFC 9110, 15.4.5). */
static void begin_head(
    struct response_head *head, int status, const struct answer *answer)
{
	response_head_init(head, status);
	response_head_put(head, "ETag", answer->of->etag);
	operator_fields_add_caching(&answer->fields, head);
	if (answer->of->add_fields)
		answer->of->add_fields(answer->of->fields_context, head);
	operator_fields_add_common(
	    answer->request->origin.params, head, answer->of->vary);
}

static void add_range_fields(
    struct response_head *head, const struct answer *answer)
{
	char content_range[BYTE_RANGE_CONTENT_RANGE_MAX];

	/* With several, each part has its own Content-Range (15.3.7.2). */
	if (answer->boundary[0] != '\0') {
		response_head_add(head, "Content-Type", "%s%s", MULTIPART_TYPE,
		    answer->boundary);
		return;
	}
	response_head_put(head, "Content-Type", answer->of->content_type);
	if (answer->range != BYTE_RANGE_SATISFIABLE)
		return;
	byte_range_format_content_range(content_range, sizeof(content_range),
	    &answer->set.parts[0], answer->of->size);
	response_head_put(head, "Content-Range", content_range);
}

static void make_head(struct response_head *head, const struct answer *answer)
{
	const struct representation *of = answer->of;
	const struct options *options = answer->request->services->options;
	char date[HTTP_DATE_SIZE];

	begin_head(
	    head, answer->range == BYTE_RANGE_SATISFIABLE ? 206 : 200, answer);
	add_range_fields(head, answer);
	response_head_add(
	    head, "Content-Length", "%ju", (uintmax_t)answer->length);
	if (of->content_encoding)
		response_head_put(
		    head, "Content-Encoding", of->content_encoding);
	if (!of->undated) {
		http_date_format(answer->modified, date);
		response_head_put(head, "Last-Modified", date);
	}
	/* "none": lighttpd and the like make no ranges of it either (14.3). */
	if (!of->whole)
		response_head_put(head, "Accept-Ranges",
		    answer->fields.ranges ? "bytes" : "none");
	/* Of the whole representation, also in a 206 (RFC 9530, 3). */
	if (of->repr_digest)
		response_head_put(head, "Repr-Digest", of->repr_digest);
	if (of->disposition)
		response_head_put(head, "Content-Disposition", of->disposition);
	else
		operator_fields_add_disposition(&answer->fields, head);
	/* Or nginx spools what the client does not take to its disk. */
	if (answer->length > options->chunk_size)
		response_head_put(head, "X-Accel-Buffering", "no");
}

/* --- bodies ------------------------------------------------------------- */

static void send_content(const struct answer *answer)
{
	const struct source_maker *bytes = &answer->of->bytes;
	struct request *request = answer->request;
	struct response_head head;
	struct source *source;
	uint64_t first = 0;

	make_head(&head, answer);
	if (request_is_head(request) || answer->length == 0) {
		source_maker_release(bytes);
		request_respond(request, &head);
		return;
	}
	if (answer->boundary[0] != '\0') {
		source = multipart_body_new(&answer->multipart, bytes);
		if (!source)
			source_maker_release(bytes);
	} else {
		source = bytes->open(bytes->context);
		source_maker_release(bytes);
		if (answer->range == BYTE_RANGE_SATISFIABLE)
			first = answer->set.parts[0].first;
	}
	if (source)
		request_stream(request, &head, source, first, answer->length);
	else
		request_refuse(request, 503, "out of memory");
}

/* --- what to send ------------------------------------------------------- */

/*
 * Makes a multipart answer of several ranges. Returns false if that can't be:
 * a server may always ignore Range (RFC 9110, 14.2).
 */
static bool measure_multipart(struct answer *answer)
{
	uint8_t random[MULTIPART_RANDOM_SIZE];

	answer->multipart = (struct multipart){
		.boundary = answer->boundary,
		.content_type = answer->of->content_type,
		.size = answer->of->size,
		.set = &answer->set,
	};
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(random))
		return false;
	multipart_boundary(random, answer->boundary);
	return multipart_length(&answer->multipart, &answer->length) == 0;
}

/* RFC 9110, 13.2.2, step 5 and 14.2: If-Range first, then Range. */
static void choose_range(struct answer *answer)
{
	const struct representation *of = answer->of;
	const struct if_range_validators validators = {
		.etag = of->etag,
		.last_modified = answer->modified,
		.now = answer->now,
	};
	const char *if_range = request_param(answer->request, "HTTP_IF_RANGE");
	const char *range = request_param(answer->request, "HTTP_RANGE");

	answer->range = BYTE_RANGE_IGNORED;
	answer->boundary[0] = '\0';
	if (!of->whole && answer->fields.ranges &&
	    if_range_holds(if_range, &validators))
		answer->range = byte_range_parse(range, of->size, &answer->set);
	if (answer->range == BYTE_RANGE_SATISFIABLE) {
		if (answer->set.count == 1) {
			answer->length = answer->set.parts[0].length;
			return;
		}
		if (measure_multipart(answer))
			return;
		answer->range = BYTE_RANGE_IGNORED;
		answer->boundary[0] = '\0';
	}
	answer->length = of->size;
}

static enum precondition_result check_preconditions(const struct answer *answer)
{
	const struct request *request = answer->request;
	const bool undated = answer->of->undated;
	/* Without a date, dates are to be ignored (13.1.3, 13.1.4). */
	const struct precondition_fields fields = {
		.if_match = request_param(request, "HTTP_IF_MATCH"),
		.if_unmodified_since = undated
		    ? NULL
		    : request_param(request, "HTTP_IF_UNMODIFIED_SINCE"),
		.if_none_match = request_param(request, "HTTP_IF_NONE_MATCH"),
		.if_modified_since = undated
		    ? NULL
		    : request_param(request, "HTTP_IF_MODIFIED_SINCE"),
	};
	const struct precondition_validators validators = {
		.etag = answer->of->etag,
		.last_modified = answer->modified,
		.now = answer->now,
	};

	if (answer->of->whole)
		return PRECONDITION_PROCEED;
	return precondition_evaluate(&fields, &validators);
}

static void proceed(struct answer *answer)
{
	char content_range[BYTE_RANGE_CONTENT_RANGE_MAX];

	choose_range(answer);
	if (answer->range != BYTE_RANGE_UNSATISFIABLE) {
		send_content(answer);
		return;
	}
	source_maker_release(&answer->of->bytes);
	byte_range_format_content_range(
	    content_range, sizeof(content_range), NULL, answer->of->size);
	request_error(answer->request, 416, "Content-Range", content_range);
}

/* RFC 9110, 13.2.2: the preconditions first, the range last. */
static void evaluate(struct answer *answer)
{
	struct response_head head;

	switch (check_preconditions(answer)) {
	case PRECONDITION_FAILED:
		source_maker_release(&answer->of->bytes);
		request_error(answer->request, 412, NULL, NULL);
		break;
	case PRECONDITION_NOT_MODIFIED:
		source_maker_release(&answer->of->bytes);
		begin_head(&head, 304, answer);
		request_respond(answer->request, &head);
		break;
	case PRECONDITION_PROCEED:
		proceed(answer);
		break;
	}
}

/* Not time(2), whose clock may still be in the last second. */
static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

void representation_answer(
    struct request *request, const struct representation *representation)
{
	struct answer answer = {
		.request = request,
		.of = representation,
		.now = now(),
		.modified = representation->modified,
	};
	const struct param_rule *bad = operator_fields_read(
	    request->origin.params, answer.now, &answer.fields);

	/*
	 * RFC 9110, 8.8.2.1: never later than the response itself. A date that
	 * is as late as that is no strong validator, so none fits If-Range.
	 */
	if (representation->undated || answer.modified > answer.now)
		answer.modified = answer.now;
	if (bad) {
		source_maker_release(&representation->bytes);
		request_bad_param(request, bad);
		return;
	}
	evaluate(&answer);
}
