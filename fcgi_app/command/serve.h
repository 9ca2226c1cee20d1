/* SPDX-License-Identifier: MIT */
/* What fcgi-stream does without a command's name: it serves. */
#ifndef FCGI_APP_COMMAND_SERVE_H
#define FCGI_APP_COMMAND_SERVE_H

/*
 * Serves by the options in `argv` (options.h) until it is told to stop.
 * Returns the exit status.
 */
int serve_command(int argc, char **argv);

#endif
