/* SPDX-License-Identifier: MIT */
/* fcgi-stream doctor URL: examines the front server before a fcgi-stream. */
#ifndef FCGI_APP_COMMANDS_DOCTOR_H
#define FCGI_APP_COMMANDS_DOCTOR_H

/* All is well, something should be mended, nothing could be examined. */
#define DOCTOR_EXIT_WELL 0
#define DOCTOR_EXIT_FOUND 1
#define DOCTOR_EXIT_NO_ANSWER 2

/*
 * Examines the location that the URL in `argv` names, by the action `probe`
 * of a fcgi-stream that was started with --probe, and prints what it found on
 * standard output. Returns the exit status, one of those above.
 */
int doctor_command(int argc, char **argv);

#endif
