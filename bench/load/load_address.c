/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* Less would make loopback's large segments wait for a timer. */
#define SLOW_RECEIVE_BUFFER (64 << 10)

static int parse_unix(const char *path, struct load_address *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(path);

	if (length == 0)
		return -EINVAL;
	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length);
	memcpy(&ret_address->address, &address, sizeof(address));
	ret_address->length = sizeof(address);
	return 0;
}

static int look_up(
    const char *host, const char *port, struct load_address *ret_address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -ENOENT;
	memcpy(&ret_address->address, found->ai_addr, found->ai_addrlen);
	ret_address->length = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int load_address_parse(const char *text, struct load_address *ret_address)
{
	const char *colon = strrchr(text, ':');
	const char *host = text;
	size_t length;
	char *copy;
	int r;

	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, ret_address);
	if (!colon || colon == text || colon[1] == '\0')
		return -EINVAL;
	length = (size_t)(colon - text);
	if (text[0] == '[' && colon[-1] == ']') {
		host++;
		length -= 2;
	}
	copy = strndup(host, length);
	if (!copy)
		return -ENOMEM;
	r = look_up(copy, colon + 1, ret_address);
	free(copy);
	return r;
}

/* Failures of options are not looked at: it works without, less well. */
int load_address_socket(const struct load_address *address, bool slow)
{
	const int size = SLOW_RECEIVE_BUFFER;
	const int one = 1;
	int fd = socket(address->address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (address->address.ss_family == AF_UNIX)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (slow)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

int load_address_connect(int fd, const struct load_address *address)
{
	const struct sockaddr *to = (const struct sockaddr *)&address->address;

	return connect(fd, to, address->length) < 0 ? -errno : 0;
}
