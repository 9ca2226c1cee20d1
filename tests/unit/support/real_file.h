/* SPDX-License-Identifier: MIT */
/* Files of known bytes on a real file system, in or out of the page cache. */
#ifndef TESTS_UNIT_SUPPORT_REAL_FILE_H
#define TESTS_UNIT_SUPPORT_REAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the byte at an offset of every such file. */
unsigned char real_file_byte(uint64_t offset);

/* Makes a file of `size` bytes, without a name; returns its descriptor. */
int real_file_make(const char *folder, size_t size);

/* Returns true if a page of 4096 bytes is in the page cache (mincore(2)). */
bool real_file_page_is_cached(int fd, size_t page);

/* Waits until such a page is in the page cache; fails if it never comes. */
void real_file_wait_cached(int fd, size_t page);

/* Returns true if its file system is in memory, and its bytes so always. */
bool real_file_is_in_memory(int fd);

/*
 * Drops the file from the page cache and waits until it has gone. In a file
 * system that is in memory it can't, and does nothing.
 */
void real_file_make_cold(int fd);

#endif
