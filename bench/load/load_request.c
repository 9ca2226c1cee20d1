/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_request.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/load_options.h"
#include "common/fcgi/fcgi_record.h"

#define PARAMS_MAX 65535

static bool is_replaced(const struct load_options *options, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < options->param_count; i++)
		if (strncmp(options->params[i], name, length) == 0 &&
		    options->params[i][length] == '=')
			return true;
	return false;
}

/* --- FastCGI: the pairs, then the records around them --------------------- */

/* Lengths are one byte or four (specification, 3.4). */
static void put_length(FILE *out, size_t length)
{
	if (length > 127)
		fprintf(out, "%c%c%c", (int)(length >> 24 | 128),
		    (int)(length >> 16 & 255), (int)(length >> 8 & 255));
	fputc((int)(length & 255), out);
}

static void put_pair(FILE *out, const char *name, size_t name_length,
    const char *value, size_t value_length)
{
	put_length(out, name_length);
	put_length(out, value_length);
	fwrite(name, 1, name_length, out);
	fwrite(value, 1, value_length, out);
}

static void put_own_pair(FILE *out, const struct load_options *options,
    const char *name, const char *value)
{
	if (!is_replaced(options, name))
		put_pair(out, name, strlen(name), value, strlen(value));
}

/* What belongs to the path; `?` begins the query. */
static void put_path(
    FILE *out, const struct load_options *options, const char *path)
{
	const char *query = strchr(path, '?');
	size_t length = query ? (size_t)(query - path) : strlen(path);
	char *uri = strndup(path, length);
	char *file = NULL;

	put_own_pair(out, options, "REQUEST_URI", path);
	put_own_pair(out, options, "QUERY_STRING", query ? query + 1 : "");
	if (!uri || asprintf(&file, "%s%s", options->root, uri) < 0) {
		free(uri);
		return;
	}
	put_own_pair(out, options, "DOCUMENT_URI", uri);
	put_own_pair(out, options, "SCRIPT_NAME", uri);
	put_own_pair(out, options, "SCRIPT_FILENAME", file);
	free(uri);
	free(file);
}

static void put_params(
    FILE *out, const struct load_options *options, const char *path)
{
	static const char *const usual[][2] = {
		{ "REQUEST_METHOD", "GET" },
		{ "CONTENT_TYPE", "" },
		{ "CONTENT_LENGTH", "" },
		{ "REQUEST_SCHEME", "http" },
		{ "SERVER_PROTOCOL", "HTTP/1.1" },
		{ "GATEWAY_INTERFACE", "CGI/1.1" },
		{ "SERVER_SOFTWARE", "fcgi_load" },
		{ "REMOTE_ADDR", "127.0.0.1" },
		{ "REMOTE_PORT", "40000" },
		{ "SERVER_ADDR", "127.0.0.1" },
		{ "SERVER_PORT", "80" },
		{ "SERVER_NAME", "localhost" },
		{ "REDIRECT_STATUS", "200" },
		{ "HTTP_HOST", "localhost" },
	};
	char range[64];

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		put_own_pair(out, options, usual[i][0], usual[i][1]);
	put_own_pair(out, options, "DOCUMENT_ROOT", options->root);
	put_path(out, options, path);
	if (options->range.text) {
		snprintf(range, sizeof(range), "bytes=%s", options->range.text);
		put_own_pair(out, options, "HTTP_RANGE", range);
	}
	for (size_t i = 0; i < options->param_count; i++) {
		const char *param = options->params[i];
		const char *value = strchr(param, '=') + 1;

		put_pair(out, param, (size_t)(value - param - 1), value,
		    strlen(value));
	}
}

static void put_record(
    FILE *out, uint8_t type, const void *content, size_t length)
{
	const struct fcgi_record record = {
		.type = type,
		.request_id = 1,
		.content_length = (uint16_t)length,
		.padding_length = fcgi_record_padding(length),
	};
	static const uint8_t padding[8];
	uint8_t header[FCGI_RECORD_HEADER_SIZE];

	fcgi_record_encode(header, &record);
	fwrite(header, 1, sizeof(header), out);
	if (length > 0)
		fwrite(content, 1, length, out);
	fwrite(padding, 1, record.padding_length, out);
}

static void put_fcgi(FILE *out, const struct load_options *options,
    const struct load_request *params)
{
	const FCGI_BeginRequestBody begin = {
		.roleB0 = FCGI_RESPONDER,
		.flags = options->keep ? FCGI_KEEP_CONN : 0,
	};

	put_record(out, FCGI_BEGIN_REQUEST, &begin, sizeof(begin));
	put_record(out, FCGI_PARAMS, params->bytes, params->length);
	put_record(out, FCGI_PARAMS, NULL, 0);
	put_record(out, FCGI_STDIN, NULL, 0);
}

/* --- HTTP ----------------------------------------------------------------- */

static void put_http(
    FILE *out, const struct load_options *options, const char *path)
{
	fprintf(out, "GET %s HTTP/1.1\r\n", path);
	if (!is_replaced(options, "Host"))
		fputs("Host: localhost\r\n", out);
	if (!options->keep)
		fputs("Connection: close\r\n", out);
	if (options->range.text)
		fprintf(out, "Range: bytes=%s\r\n", options->range.text);
	for (size_t i = 0; i < options->param_count; i++) {
		const char *param = options->params[i];
		const char *value = strchr(param, '=') + 1;

		fprintf(out, "%.*s: %s\r\n", (int)(value - param - 1), param,
		    value);
	}
	fputs("\r\n", out);
}

/* --- both ----------------------------------------------------------------- */

static FILE *open_memory(struct load_request *request)
{
	return open_memstream(&request->bytes, &request->length);
}

static int close_memory(FILE *out)
{
	int failed = ferror(out);

	return fclose(out) != 0 || failed ? -ENOMEM : 0;
}

static int init_fcgi(struct load_request *request,
    const struct load_options *options, const char *path)
{
	struct load_request params = { NULL, 0 };
	FILE *out = open_memory(&params);
	int r;

	if (!out)
		return -ENOMEM;
	put_params(out, options, path);
	r = close_memory(out);
	if (r == 0 && params.length > PARAMS_MAX)
		r = -E2BIG;
	out = r == 0 ? open_memory(request) : NULL;
	if (out) {
		put_fcgi(out, options, &params);
		r = close_memory(out);
	}
	free(params.bytes);
	return out || r < 0 ? r : -ENOMEM;
}

static int init_http(struct load_request *request,
    const struct load_options *options, const char *path)
{
	FILE *out = open_memory(request);

	if (!out)
		return -ENOMEM;
	put_http(out, options, path);
	return close_memory(out);
}

int load_request_init(struct load_request *ret_request,
    const struct load_options *options, const char *path)
{
	struct load_request request = { NULL, 0 };
	int r = options->http ? init_http(&request, options, path)
			      : init_fcgi(&request, options, path);

	if (r < 0)
		free(request.bytes);
	else
		*ret_request = request;
	return r;
}

void load_request_fini(struct load_request *request)
{
	free(request->bytes);
	request->bytes = NULL;
}
