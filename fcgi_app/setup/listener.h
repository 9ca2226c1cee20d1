/* SPDX-License-Identifier: MIT */
/* The sockets on which front servers connect. */
#ifndef FCGI_APP_SETUP_LISTENER_H
#define FCGI_APP_SETUP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fcgi_app/setup/options.h"

#define LISTENER_NAME_MAX 160

/* A listening socket, non-blocking. */
struct listener {
	int fd;
	/* For the log: as --listen takes it, with the port that was bound. */
	char name[LISTENER_NAME_MAX];
	/* Other machines may be able to connect: it is no loopback address. */
	bool is_remote;
	/* The file of a unix socket that we made, or "". */
	char path[108];
	dev_t device;
	ino_t inode;
};

/* Embedded by value. */
struct listeners {
	size_t count;
	struct listener list[OPTIONS_LISTEN_MAX];
};

/*
 * Opens what --listen asks for; without it takes the sockets passed by systemd
 * (sd_listen_fds(3)) or, failing that, the one on descriptor 0 (FastCGI
 * specification, 2.2). A mistake is logged with its reason: -EINVAL for what
 * the operator must mend, else what the system answered.
 *
 * A unix socket gets mode 0660. One that is left over from a dead process is
 * replaced, one that answers is not (-EADDRINUSE), nor is any other file.
 */
int listeners_open(struct listeners *listeners, const struct options *options);

/* Closes the sockets of this process. */
void listeners_close(struct listeners *listeners);

/* Removes the files of unix sockets that we made and that are still ours. */
void listeners_remove_files(const struct listeners *listeners);

#endif
