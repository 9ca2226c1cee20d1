/* SPDX-License-Identifier: MIT */
/* fcgi-stream doctor URL: runs the program in doctor/. */
#ifndef FCGI_APP_COMMAND_DOCTOR_H
#define FCGI_APP_COMMAND_DOCTOR_H

/*
 * Becomes the program fcgi-stream-doctor (execv(3)), which is found beside the
 * running program or where it was installed. Returns the exit status for when
 * that can't be: 2, as it means with the doctor that nothing was examined.
 */
int doctor_command(int argc, char **argv);

#endif
