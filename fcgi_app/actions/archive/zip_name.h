/* SPDX-License-Identifier: MIT */
/* Names of members of a zip archive, which is unpacked on any system. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ZIP_NAME_H
#define FCGI_APP_ACTIONS_ARCHIVE_ZIP_NAME_H

#include <stddef.h>

#include "fcgi_app/actions/archive/archive_member.h"

/* Room for every zip_name_format(), with the slash of a folder and a NUL. */
#define ZIP_NAME_SIZE (3 * ARCHIVE_NAME_MAX + 2)

/*
 * Writes the name that a member has in a zip archive, and returns its length,
 * which is less than ZIP_NAME_SIZE - 1.
 *
 * It is the member's own name, in UTF-8 with slashes between folders (APPNOTE
 * 4.4.17.1), except that these bytes become "%" and two hexadecimal digits:
 *
 *   - invalid UTF-8;
 *   - control characters and \ : * ? " < > |, which Windows refuses in names: a
 *     backslash would lead into another folder there, a colon to another drive
 *     or stream of a file;
 *   - a dot or blank at the end of a name, which Windows leaves out;
 *   - the first letter of a name that is a device there: CON, PRN, AUX, NUL,
 *     CONIN$, CONOUT$, COM1 to COM9, LPT1 to LPT9, with any extension;
 *   - "%" where it would look like one of these.
 *
 * So different names stay different, and a member's own name can be recovered.
 *
 * name: at most ARCHIVE_NAME_MAX bytes, relative.
 * ret: ZIP_NAME_SIZE bytes.
 */
size_t zip_name_format(const char *name, char *ret);

#endif
