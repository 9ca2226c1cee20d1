/* SPDX-License-Identifier: MIT */
/*
 * The one file that uses the request half of libfcgi.
 *
 * FCGX_Accept_r() reads its descriptor as if it had a process to itself: it
 * blocks until a head is whole, reads ahead and closes at leisure. So it gets
 * a file of ours, in memory, that ends with one whole head: it can't block,
 * over-read or meet another record. With keepConnection set it leaves its
 * descriptor open for the next head. On a parse error it closes that and tries
 * to accept() on listen_sock, which is -1 and fails: it gets a new one then.
 *
 * A head is written where the one before ends: the offset is already there,
 * since libfcgi has read that one to its end. So it costs two system calls, a
 * write and a read. (A pipe would do as well, but the kernel grants a user only
 * so many, and each worker needed one of 64 KiB.)
 *
 * libfcgi believes the lengths of a pair: one that claims 2 GiB is allocated,
 * and a process that can't have them ends in an assertion. So the pairs are
 * checked before libfcgi sees them. NUL bytes are refused there too, as they
 * would silently cut a value short.
 *
 * A parsed request holds about 17 KiB of libfcgi's buffers, so the pairs are
 * copied into one block and the rest is freed at once.
 */
#include "config.h"
#include "common/fcgi/fcgi_params.h"

#include <assert.h>
#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fcgi/fcgi_pairs.h"
#include "common/fcgi/fcgi_scan.h"

/* How long the file gets before the heads begin at its start again. */
#define FILE_MAX ((off_t)4 * FCGI_SCAN_HEAD_MAX)

/* libfcgi adds FCGI_ROLE. */
#define LIBFCGI_PAIRS 1

struct fcgi_params_parser {
	FCGX_Request request; /* with a duplicate of our descriptor */
	int fd;
	off_t end; /* of the last head, and the offset of both */
	/* The contents of a head's PARAMS records, joined. */
	uint8_t joined[FCGI_SCAN_HEAD_MAX];
};

/*
 * An action asks for some forty names, most of which are not there: comparing
 * lengths first makes that cheap.
 */
struct pair {
	uint32_t name_length;
	uint32_t at; /* where NAME=VALUE begins, after the last pair */
};

struct fcgi_params {
	size_t count;
	struct pair pairs[]; /* the strings follow in the block */
};

/* Gives libfcgi a descriptor of the empty file. Returns 0 or -errno. */
static int parser_open(struct fcgi_params_parser *parser)
{
	int fd = fcntl(parser->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	FCGX_InitRequest(&parser->request, -1, 0);
	parser->request.ipcFd = fd;
	/* Begins anew: who knows how far it was read. */
	parser->end = FILE_MAX;
	return 0;
}

static void parser_close(struct fcgi_params_parser *parser)
{
	FCGX_Free(&parser->request, 0);
	if (parser->request.ipcFd >= 0)
		close(parser->request.ipcFd);
	parser->request.ipcFd = -1;
}

int fcgi_params_parser_new(struct fcgi_params_parser **ret_parser)
{
	struct fcgi_params_parser *parser = calloc(1, sizeof(*parser));
	int r;

	if (!parser)
		return -ENOMEM;
	parser->fd = memfd_create("request head", MFD_CLOEXEC);
	if (parser->fd < 0)
		r = -errno;
	else
		/* It looks at the environment; it can't fail twice or block. */
		r = FCGX_Init() == 0 ? parser_open(parser) : -EINVAL;
	if (r < 0) {
		if (parser->fd >= 0)
			close(parser->fd);
		free(parser);
		return r;
	}
	*ret_parser = parser;
	return 0;
}

void fcgi_params_parser_free(struct fcgi_params_parser *parser)
{
	if (!parser)
		return;
	parser_close(parser);
	close(parser->fd);
	free(parser);
}

/* Joins the contents of the PARAMS records. Returns their length. */
static size_t join_params(
    struct fcgi_params_parser *parser, const uint8_t *head, size_t length)
{
	size_t at = 0, joined = 0;

	assert(length <= FCGI_SCAN_HEAD_MAX);
	while (length - at >= FCGI_RECORD_HEADER_SIZE) {
		struct fcgi_record record = fcgi_record_decode(head + at);
		size_t content = record.content_length;

		at += FCGI_RECORD_HEADER_SIZE;
		if (content > length - at)
			break;
		if (record.type == FCGI_PARAMS) {
			memcpy(parser->joined + joined, head + at, content);
			joined += content;
		}
		at += content;
	}
	return joined;
}

/* Returns how many pairs there are, or -EPROTO if one is malformed. */
static int check_pairs(
    struct fcgi_params_parser *parser, const uint8_t *head, size_t length)
{
	struct fcgi_pair_reader reader = {
		.next = parser->joined,
		.left = join_params(parser, head, length),
	};
	struct fcgi_pair pair;
	int count = 0, r;

	while ((r = fcgi_pair_next(&reader, &pair)) > 0) {
		if (memchr(pair.name, 0,
			pair.name_length + pair.value_length) != NULL)
			return -EPROTO;
		count++;
	}
	return r < 0 ? r : count;
}

/* Copies envp, which dies with the request, into one block. */
static struct fcgi_params *copy_pairs(char *const *envp)
{
	struct fcgi_params *params;
	size_t count = 0, bytes = 0;
	char *strings, *next;

	for (; envp[count]; count++)
		bytes += strlen(envp[count]) + 1;
	params = malloc(sizeof(*params) + count * sizeof(struct pair) + bytes);
	if (!params)
		return NULL;
	params->count = count;
	strings = next = (char *)(params->pairs + count);
	for (size_t i = 0; i < count; i++) {
		params->pairs[i].name_length = (uint32_t)strcspn(envp[i], "=");
		params->pairs[i].at = (uint32_t)(next - strings);
		next = stpcpy(next, envp[i]) + 1;
	}
	return params;
}

/* Puts the head where libfcgi reads next. Returns 0 or -errno. */
static int put_head(
    struct fcgi_params_parser *parser, const uint8_t *head, size_t length)
{
	ssize_t written;

	if ((off_t)length > FILE_MAX - parser->end) {
		parser->end = 0;
		if (ftruncate(parser->fd, 0) < 0 ||
		    lseek(parser->fd, 0, SEEK_SET) < 0)
			return -errno;
	}
	written = pwrite(parser->fd, head, length, parser->end);
	if (written != (ssize_t)length)
		return written < 0 ? -errno : -EIO;
	parser->end += (off_t)length;
	return 0;
}

/* Lets libfcgi parse the head. 0; -errno: its descriptor is lost. */
static int run_libfcgi(
    struct fcgi_params_parser *parser, const uint8_t *head, size_t length)
{
	int r = put_head(parser, head, length);

	if (r < 0)
		return r;
	/* The last head's flag stands there; 0 would close the descriptor. */
	parser->request.keepConnection = 1;
	return FCGX_Accept_r(&parser->request) < 0 ? -EPROTO : 0;
}

int fcgi_params_parse(struct fcgi_params_parser *parser, const uint8_t *head,
    size_t length, struct fcgi_params **ret_params)
{
	int count = check_pairs(parser, head, length);
	struct fcgi_params *params;
	int r;

	if (count < 0)
		return count;
	/* An earlier error may have left it without a descriptor. */
	r = parser->request.ipcFd < 0 ? parser_open(parser) : 0;
	if (r < 0)
		return r;
	r = run_libfcgi(parser, head, length);
	if (r < 0) {
		parser_close(parser);
		return r;
	}
	params = copy_pairs(parser->request.envp);
	/* Never FCGX_Finish_r(): it would write into the file. */
	FCGX_Free(&parser->request, 0);
	if (!params)
		return -ENOMEM;
	/* libfcgi takes an error between two pairs for the end of them. */
	if (params->count != (size_t)count + LIBFCGI_PAIRS) {
		fcgi_params_free(params);
		parser_close(parser);
		return -EPROTO;
	}
	*ret_params = params;
	return 0;
}

struct fcgi_params *fcgi_params_none(void)
{
	return calloc(1, sizeof(struct fcgi_params));
}

void fcgi_params_free(struct fcgi_params *params)
{
	free(params);
}

const char *fcgi_params_get(const struct fcgi_params *params, const char *name)
{
	const char *strings = (const char *)(params->pairs + params->count);
	size_t length = strlen(name);

	for (size_t i = params->count; i > 0; i--) {
		const struct pair *pair = &params->pairs[i - 1];

		/* Most differ in the first byte: a call that is saved. */
		if (pair->name_length == length &&
		    strings[pair->at] == name[0] &&
		    memcmp(strings + pair->at, name, length) == 0)
			return strings + pair->at + length + 1;
	}
	return NULL;
}

/* Most differ in the first bytes, so that a call would take longer. */
static bool begins_with(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

const char *fcgi_params_next(const struct fcgi_params *params,
    const char *prefix, size_t *at, size_t *ret_length)
{
	const char *strings = (const char *)(params->pairs + params->count);

	while (*at < params->count) {
		const struct pair *pair = &params->pairs[(*at)++];

		if (!begins_with(strings + pair->at, prefix))
			continue;
		*ret_length = pair->name_length;
		return strings + pair->at;
	}
	return NULL;
}
