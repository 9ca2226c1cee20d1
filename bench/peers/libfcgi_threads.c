/* SPDX-License-Identifier: MIT */
/*
 * A FastCGI program as books on libfcgi write it: threads, each of which
 * accepts a request, reads the file in pieces of 64 KiB and puts them into
 * the output stream. A kept connection holds its thread, so there should be
 * as many threads as connections.
 *
 *   libfcgi_threads SOCKET THREADS
 */
#include "config.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/parse_number.h"

#define PIECE_SIZE 65536
#define BACKLOG 1024
#define MAX_THREADS 4096

static int listener;

static int open_file(FCGX_ParamArray params, struct stat *ret_stat)
{
	const char *root = FCGX_GetParam("DOCUMENT_ROOT", params);
	const char *uri = FCGX_GetParam("DOCUMENT_URI", params);
	char path[4096];
	int file;

	if (!uri)
		uri = FCGX_GetParam("SCRIPT_NAME", params);
	if (!root || !uri)
		return -1;
	snprintf(path, sizeof(path), "%s%s", root, uri);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0 && fstat(file, ret_stat) < 0) {
		close(file);
		return -1;
	}
	return file;
}

static void send_file(FCGX_Request *request, int file, off_t size)
{
	char piece[PIECE_SIZE];
	off_t at = 0;

	FCGX_FPrintF(request->out,
	    "Status: 200 OK\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Length: %lld\r\n\r\n",
	    (long long)size);
	while (at < size) {
		ssize_t got = pread(file, piece, sizeof(piece), at);

		if (got <= 0 || FCGX_PutStr(piece, (int)got, request->out) < 0)
			break;
		at += got;
	}
}

static void *serve(void *unused)
{
	FCGX_Request request;
	struct stat stat;

	FCGX_InitRequest(&request, listener, 0);
	while (FCGX_Accept_r(&request) == 0) {
		int file = open_file(request.envp, &stat);

		if (file < 0) {
			FCGX_PutS("Status: 404 Not Found\r\n\r\n", request.out);
		} else {
			send_file(&request, file, stat.st_size);
			close(file);
		}
		FCGX_Finish_r(&request);
	}
	return unused;
}

int main(int argc, char **argv)
{
	uint64_t threads;

	if (argc != 3 || parse_u64(argv[2], &threads) ||
	    threads > MAX_THREADS) {
		fprintf(stderr, "usage: libfcgi_threads SOCKET THREADS\n");
		return 2;
	}
	FCGX_Init();
	listener = FCGX_OpenSocket(argv[1], BACKLOG);
	if (listener < 0) {
		perror(argv[1]);
		return 1;
	}
	for (uint64_t i = 1; i < threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, serve, NULL))
			return 1;
	}
	serve(NULL);
	return 1;
}
