/* SPDX-License-Identifier: MIT */
/*
 * Which windows of a file were asked of the page cache, so that its readers
 * ask for each only once; pure.
 */
#ifndef COMMON_FILE_FILE_WINDOWS_H
#define COMMON_FILE_FILE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes in a window. */
#define FILE_WINDOW_SIZE ((uint64_t)2 << 20)
/* So many windows after the one that is read should be on their way. */
#define FILE_WINDOWS_AHEAD 2
/* So many are remembered, a later one in place of an earlier. */
#define FILE_WINDOWS_KEPT 32
/* Found in memory in a row, they say that the rest is there as well. */
#define FILE_WINDOWS_QUIET 4
/*
 * A shorter read is the end of a range, or for a client that has yet to show
 * that it takes what it gets (writer_fcgi.c): nothing is brought in after it.
 */
#define FILE_WINDOWS_READ_MIN ((size_t)128 << 10)

/* Embedded by value. Zeroed: nothing is missing, nothing is asked for. */
struct file_windows {
	uint64_t asked[FILE_WINDOWS_KEPT]; /* number + 1; 0: none */
	unsigned int left; /* to be asked for, unless one is missing */
};

/* The end of the window that `offset` is in, or `size`. */
uint64_t file_windows_end(uint64_t offset, uint64_t size);

/* Bytes were missing: windows have to be asked for again. */
void file_windows_missed(struct file_windows *windows);

/* A window turned out to be in memory already, or not to be. */
void file_windows_found(struct file_windows *windows, bool in_memory);

/* Returns true if window `number` is to be asked for, and notes it. */
bool file_windows_ask(struct file_windows *windows, uint64_t number);

/* It could not be asked for after all. */
void file_windows_forget(struct file_windows *windows, uint64_t number);

#endif
