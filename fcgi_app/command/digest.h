/* SPDX-License-Identifier: MIT */
/* "fcgi-stream digest FILE…": stores the digests that files are sent with. */
#ifndef FCGI_APP_COMMAND_DIGEST_H
#define FCGI_APP_COMMAND_DIGEST_H

/*
 * Makes, checks or removes digests of the files in `argv`. Each file's line
 * goes to standard output, what went wrong to standard error. Returns 0, or 1
 * if something went wrong; exits with 2 if the options are.
 */
int digest_command(int argc, char **argv);

#endif
