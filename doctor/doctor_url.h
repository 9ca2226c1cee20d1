/* SPDX-License-Identifier: MIT */
/* The doctor's addresses, and how a path changed on its way. Pure. */
#ifndef DOCTOR_DOCTOR_URL_H
#define DOCTOR_DOCTOR_URL_H

#include <stddef.h>

/* Longer ones are refused. */
#define DOCTOR_URL_MAX 2048

/*
 * Brings an address into the form that the probe's name is added to: http or
 * https, query and fragment cut off, a slash at the end. `ret` has
 * DOCTOR_URL_MAX bytes. Returns 0, -EINVAL (not such an address) or -ENOSPC.
 */
int doctor_url_base(const char *url, char *ret);

/* How a component of a path, sent percent-encoded, arrived. */
enum doctor_path {
	DOCTOR_PATH_ONCE,    /* decoded once, as it should be */
	DOCTOR_PATH_ENCODED, /* not decoded */
	DOCTOR_PATH_TWICE,   /* decoded once too often */
	DOCTOR_PATH_OTHER,   /* changed in another way */
};

/*
 * Returns how a component of a path has changed on its way.
 * `sent`: the component as it was sent (RFC 3986, 2.1), at most 255 bytes;
 * `path`: what arrived, with the probe's name after that component.
 */
enum doctor_path doctor_path_judge(const char *sent, const char *path);

#endif
