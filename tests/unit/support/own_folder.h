/* SPDX-License-Identifier: MIT */
/* A new folder, as the current one of a unit test. */
#ifndef TESTS_UNIT_SUPPORT_OWN_FOLDER_H
#define TESTS_UNIT_SUPPORT_OWN_FOLDER_H

#define OWN_FOLDER_MAX 64

/*
 * Makes a folder and goes there. Returns 0, and its real name for the test to
 * remove; or -1.
 */
int own_folder_enter(char ret_name[OWN_FOLDER_MAX]);

#endif
