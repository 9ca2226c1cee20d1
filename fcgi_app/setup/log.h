/* SPDX-License-Identifier: MIT */
/* The log on standard error, one line a message, never blocking a worker. */
#ifndef FCGI_APP_SETUP_LOG_H
#define FCGI_APP_SETUP_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Longest line with its newline: a pipe takes that much whole (pipe(7)). */
#define LOG_LINE_MAX 4096

enum log_level {
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_ACCESS,
};

/*
 * Writes `TIME fcgi-stream[PID] LEVEL text`, in UTC to the millisecond, cut off
 * at LOG_LINE_MAX. The text is escaped as by escaped_text_copy() (the line is
 * UTF-8, without control characters). If standard error is not read, a line is
 * given up after a moment. An access line may wait for log_flush(), if
 * log_start_writer() was called.
 */
void log_message(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The room for a path in a line: a longer one is cut. */
#define LOG_PATH_MAX 2048
/* The room for the name of a file, whatever its bytes are. */
#define LOG_NAME_MAX (4 * 255 + 1)

/*
 * Copies `text` for use between the quotes of a message: escaped as by
 * escaped_text_copy(), quotes and backslashes too, so that nothing in it can
 * look like its end. Cut off at `size` bytes, NUL included.
 */
void log_quote(char *to, size_t size, const char *text);

/*
 * From now on lines go through a pipe to a thread of this process, which waits
 * for standard error instead of the caller. When the pipe is full, lines are
 * lost, and counted in the log. `writers`: how many processes do so. Returns 0,
 * or -errno and changes nothing.
 */
int log_start_writer(unsigned int writers);

/*
 * Passes on the access lines that were gathered. To be called at the end of
 * each turn of the loop; any other line does it as well. Returns false if some
 * are left, since the log's reader is slow: try again.
 */
bool log_flush(void);

/* Flushes, and waits up to a second until the thread has written all. */
void log_stop_writer(void);

#endif
