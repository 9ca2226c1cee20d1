/* SPDX-License-Identifier: MIT */
/* How many processors this process may use. */
#ifndef FCGI_APP_SETUP_PROCESSORS_H
#define FCGI_APP_SETUP_PROCESSORS_H

/*
 * Returns how many processors the scheduler may run this process on, which may
 * be fewer than there are (sched_getaffinity(2)); 1 if it does not tell.
 */
unsigned int processors_count(void);

#endif
