/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/setup/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "common/parse_number.h"
#include "fcgi_app/setup/log.h"

/* The kernel cuts it to net.core.somaxconn (listen(2)). */
#define BACKLOG 65535
/* How long another start in the same folder is waited for. */
#define LOCK_TRIES 500
#define LOCK_PAUSE_NS (10 * 1000 * 1000)

_Static_assert(sizeof(((struct listener *)0)->path) ==
	sizeof(((struct sockaddr_un *)0)->sun_path),
    "a listener's path holds what a unix socket's address does");

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

static int complain(const char *name, int error)
{
	log_message(LOG_LEVEL_ERROR, "--listen=%s: %s", name, strerror(-error));
	return error;
}

static int complain_text(const char *name, const char *text)
{
	log_message(LOG_LEVEL_ERROR, "--listen=%s: %s", name, text);
	return -EINVAL;
}

/* --- unix sockets --------------------------------------------------------- */

/* Returns 0 when the path is free, -EADDRINUSE if a process listens on it. */
static int clear_path(const union address *address)
{
	struct stat st;
	int fd, r = 0;

	if (lstat(address->un.sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* ECONNREFUSED: its process is gone. EAGAIN: its backlog is full. */
	if (connect(fd, &address->any, sizeof(address->un)) == 0 ||
	    errno != ECONNREFUSED)
		r = -EADDRINUSE;
	close(fd);
	if (r == 0 && unlink(address->un.sun_path) < 0)
		r = -errno;
	return r;
}

/* Sets the mode before the name exists, so that nobody else can connect. */
static int bind_private(int fd, const union address *address)
{
	mode_t old = umask(0117);
	int r = bind(fd, &address->any, sizeof(address->un)) < 0 ? -errno : 0;

	umask(old);
	return r;
}

static int remember_file(struct listener *listener, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	strcpy(listener->path, path);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return 0;
}

/*
 * Locks the folder that the socket is to be in (flock(2)), so that of several
 * starts at once one comes after the other: between looking at an old socket
 * and listening on a new one nobody else may do the same. Returns a descriptor
 * whose close unlocks; -1 where that can't be had, for a folder that may not be
 * read for instance: without it two starts at the same moment can both succeed.
 */
static int lock_folder(const char *path)
{
	static const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd, tries = LOCK_TRIES;

	strcpy(copy, path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Others may hold it for long, for reasons of their own. */
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 &&
	    (errno == EWOULDBLOCK || errno == EINTR) && tries-- > 0)
		nanosleep(&pause, NULL);
	return fd;
}

/* With the folder locked. */
static int replace_socket(
    struct listener *listener, const char *name, const union address *address)
{
	int r = clear_path(address);

	if (r == -EADDRINUSE)
		return complain_text(name, "another process listens on it");
	if (r == -EEXIST)
		return complain_text(
		    name, "the path exists and is not a socket");
	if (r < 0)
		return complain(name, r);
	listener->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return complain(name, -errno);
	r = bind_private(listener->fd, address);
	if (r == 0)
		r = remember_file(listener, address->un.sun_path);
	if (r == 0 && listen(listener->fd, BACKLOG) < 0)
		r = -errno;
	return r < 0 ? complain(name, r) : 0;
}

static int open_unix(
    struct listener *listener, const char *name, const char *path)
{
	union address address = { .un.sun_family = AF_UNIX };
	int lock, r;

	if (path[0] == '\0')
		return complain_text(name, "no path after unix:");
	if (strlen(path) >= sizeof(address.un.sun_path))
		return complain_text(name, "the path is longer than 107 bytes");
	strcpy(address.un.sun_path, path);
	lock = lock_folder(path);
	r = replace_socket(listener, name, &address);
	if (lock >= 0)
		close(lock);
	return r;
}

/* --- TCP ------------------------------------------------------------------ */

/* Splits HOST:PORT or [V6]:PORT. */
static int split(const char *name, char host[256], const char **ret_port)
{
	const char *colon = strrchr(name, ':');
	const char *start = name;
	uint64_t port;
	size_t length;

	if (!colon || colon[1] == '\0' || strchr(colon, ']'))
		return complain_text(
		    name, "not unix:PATH, HOST:PORT or [V6]:PORT");
	length = (size_t)(colon - name);
	if (length > 1 && start[0] == '[' && name[length - 1] == ']') {
		start++;
		length -= 2;
	} else if (memchr(name, ':', length)) {
		return complain_text(
		    name, "an IPv6 address needs brackets: [V6]:PORT");
	}
	/* getaddrinfo() would take 65536 for 0. */
	if (parse_u64(colon + 1, &port) < 0 || port > UINT16_MAX)
		return complain_text(
		    name, "the port is not a number from 0 to 65535");
	if (length == 0 || length >= 256)
		return complain_text(name, "the host is missing or too long");
	memcpy(host, start, length);
	host[length] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int bind_tcp(struct listener *listener, const struct addrinfo *info)
{
	int on = 1;

	listener->fd = socket(
	    info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(
		    listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(listener->fd, info->ai_addr, info->ai_addrlen) < 0 ||
	    listen(listener->fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int open_tcp(struct listener *listener, const char *name)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *info = NULL;
	const char *port;
	char host[256];
	int r = split(name, host, &port);

	if (r < 0)
		return r;
	r = getaddrinfo(host, port, &hints, &info);
	if (r != 0)
		return complain_text(name, gai_strerror(r));
	r = bind_tcp(listener, info);
	freeaddrinfo(info);
	return r < 0 ? complain(name, r) : 0;
}

/*
 * Accepted sockets inherit these (tcp(7)): peers may vanish without a word,
 * and small answers should not wait for company.
 */
static void set_tcp_options(int fd)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* --- names ---------------------------------------------------------------- */

/* 127.0.0.0/8 (RFC 1122, 3.2.1.3), also mapped; ::1 (RFC 4291, 2.5.3) */
static bool is_loopback(const union address *address)
{
	const struct in6_addr *v6 = &address->in6.sin6_addr;

	if (address->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(v6) ||
		    (IN6_IS_ADDR_V4MAPPED(v6) &&
			v6->s6_addr[12] == IN_LOOPBACKNET);
	return ntohl(address->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static void finish_listener(struct listener *listener)
{
	union address address = { 0 };
	socklen_t length = sizeof(address);
	char host[INET6_ADDRSTRLEN];
	bool v6;

	snprintf(listener->name, sizeof(listener->name), "descriptor %d",
	    listener->fd);
	if (getsockname(listener->fd, &address.any, &length) < 0)
		return;
	if (address.any.sa_family == AF_UNIX) {
		if (length > offsetof(struct sockaddr_un, sun_path) &&
		    address.un.sun_path[0])
			snprintf(listener->name, sizeof(listener->name),
			    "unix:%.107s", address.un.sun_path);
		return;
	}
	set_tcp_options(listener->fd);
	listener->is_remote = !is_loopback(&address);
	v6 = address.any.sa_family == AF_INET6;
	if (!inet_ntop(address.any.sa_family,
		v6 ? (void *)&address.in6.sin6_addr
		   : (void *)&address.in.sin_addr,
		host, sizeof(host)))
		return;
	snprintf(listener->name, sizeof(listener->name),
	    v6 ? "[%s]:%d" : "%s:%d", host,
	    ntohs(v6 ? address.in6.sin6_port : address.in.sin_port));
}

/* --- sockets that were passed --------------------------------------------- */

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t length = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) ==
	    0 &&
	    listening;
}

static int adopt(struct listeners *listeners, int fd)
{
	struct listener *listener = &listeners->list[listeners->count];
	int flags = fcntl(fd, F_GETFL);

	/* Workers share it: another one may accept first. */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	listener->fd = fd;
	finish_listener(listener);
	listeners->count++;
	return 0;
}

/* Returns how many sockets systemd has passed, from descriptor 3 on. */
static int systemd_sockets(void)
{
#ifdef HAVE_LIBSYSTEMD
	return sd_listen_fds(1);
#else
	if (getenv("LISTEN_FDS"))
		log_message(LOG_LEVEL_WARNING,
		    "LISTEN_FDS is ignored: this build has no libsystemd");
	return 0;
#endif
}

static int adopt_systemd(struct listeners *listeners, int count)
{
	int r = 0;

	if (count > OPTIONS_LISTEN_MAX) {
		log_message(LOG_LEVEL_ERROR,
		    "LISTEN_FDS=%d: more than %d sockets", count,
		    OPTIONS_LISTEN_MAX);
		return -EINVAL;
	}
	for (int fd = 3; fd < 3 + count; fd++) {
		if (!is_listening(fd)) {
			log_message(LOG_LEVEL_ERROR,
			    "LISTEN_FDS=%d: descriptor %d is not a listening "
			    "socket",
			    count, fd);
			return -EINVAL;
		}
		r = adopt(listeners, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static int adopt_passed(struct listeners *listeners)
{
	int count = systemd_sockets();

	if (count > 0)
		return adopt_systemd(listeners, count);
	if (is_listening(STDIN_FILENO))
		return adopt(listeners, STDIN_FILENO);
	log_message(LOG_LEVEL_ERROR,
	    "nothing to listen on: give --listen=ADDR, or start with "
	    "spawn-fcgi or a systemd socket");
	return -EINVAL;
}

/* --- the interface -------------------------------------------------------- */

static int open_one(struct listeners *listeners, const char *name)
{
	struct listener *listener = &listeners->list[listeners->count++];
	int r;

	listener->fd = -1;
	if (strncmp(name, "unix:", 5) == 0)
		r = open_unix(listener, name, name + 5);
	else
		r = open_tcp(listener, name);
	if (r == 0)
		finish_listener(listener);
	return r;
}

int listeners_open(struct listeners *listeners, const struct options *options)
{
	int r = 0;

	memset(listeners, 0, sizeof(*listeners));
	if (options->listen_count == 0)
		return adopt_passed(listeners);
	for (size_t i = 0; i < options->listen_count && r == 0; i++)
		r = open_one(listeners, options->listen[i]);
	if (r < 0) {
		listeners_remove_files(listeners);
		listeners_close(listeners);
	}
	return r;
}

void listeners_close(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++) {
		if (listeners->list[i].fd >= 0)
			close(listeners->list[i].fd);
		listeners->list[i].fd = -1;
	}
}

void listeners_remove_files(const struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++) {
		const struct listener *listener = &listeners->list[i];
		struct stat st;

		/* Another process may have put its own socket there. */
		if (listener->path[0] && lstat(listener->path, &st) == 0 &&
		    st.st_dev == listener->device &&
		    st.st_ino == listener->inode)
			unlink(listener->path);
	}
}
