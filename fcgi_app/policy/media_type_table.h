/* SPDX-License-Identifier: MIT */
/* The media types of the web, by file name extension. */
#ifndef FCGI_APP_POLICY_MEDIA_TYPE_TABLE_H
#define FCGI_APP_POLICY_MEDIA_TYPE_TABLE_H

/*
 * Returns the type for an extension without its dot, upper or lower case; NULL
 * if the table has none.
 */
const char *media_type_table_find(const char *extension);

#endif
