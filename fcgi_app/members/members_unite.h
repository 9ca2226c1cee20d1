/* SPDX-License-Identifier: MIT */
/* Members that were asked for more than once. */
#ifndef FCGI_APP_MEMBERS_MEMBERS_UNITE_H
#define FCGI_APP_MEMBERS_MEMBERS_UNITE_H

struct members;

/*
 * Leaves of all members with the same name only the first; the order is kept.
 * 0; or -ENOMEM: all are there still.
 */
int members_unite(struct members *members);

#endif
