/* SPDX-License-Identifier: MIT */
/*
 * Standard error may be a pipe that nobody reads or a terminal that stands
 * still, and making it non-blocking would do so for every process that shares
 * it. So a worker writes into a pipe of its own without blocking, and a
 * thread carries the lines on. Only the loop's thread writes lines.
 *
 * To wake that thread costs more than to make a line, so lines are gathered
 * first, and what the pipe does not take at once stays where it is.
 */
#include "config.h"
#include "fcgi_app/setup/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/escaped_text.h"

/*
 * About 4,000 access lines. The kernel limits the memory of all pipes that a
 * user has (pipe-user-pages-soft, 64 MiB by default), so that many workers get
 * smaller ones.
 */
#define PIPE_SIZE (1 << 20)
#define PIPES_SIZE (8 << 20)
/* Lines that are gathered; room for some of the longest. */
#define GATHERED_MAX (4 * LOG_LINE_MAX)
#define STOP_SECONDS 1
/* How long a process without a thread, such as the master, waits for a line. */
#define DIRECT_WAIT_MS 100

static struct {
	bool has_thread;
	int process; /* if threaded: the worker's id */
	int read_fd;
	int write_fd;
	pthread_t thread;
	uint64_t lost;
	size_t length; /* of what is gathered */
	char gathered[GATHERED_MAX];
} writer;

/* The date, which is the same in all lines of a second. */
static struct {
	time_t second;
	char date[sizeof("2026-01-01T00:00:00")];
} stamp;

static const char *const level_names[] = {
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_ACCESS] = "access",
};

/* --- the line ------------------------------------------------------------- */

static size_t format_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != stamp.second || stamp.date[0] == '\0') {
		gmtime_r(&now.tv_sec, &tm);
		strftime(
		    stamp.date, sizeof(stamp.date), "%Y-%m-%dT%H:%M:%S", &tm);
		stamp.second = now.tv_sec;
	}
	return (size_t)snprintf(line, size, "%s.%03ldZ fcgi-stream[%d] %s ",
	    stamp.date, now.tv_nsec / 1000000,
	    writer.has_thread ? writer.process : (int)getpid(),
	    level_names[level]);
}

void log_quote(char *to, size_t size, const char *text)
{
	to[escaped_text_copy(to, size - 1, text, true)] = '\0';
}

/* --- where it goes -------------------------------------------------------- */

/*
 * Waits until standard error takes something, `timeout_ms` at most (-1: for
 * ever); what it does not take then is lost.
 */
static void write_stderr(const char *bytes, size_t length, int timeout_ms)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };

	while (length > 0) {
		ssize_t n;

		if (poll(&ready, 1, timeout_ms) == 0)
			return;
		n = write(STDERR_FILENO, bytes, length);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (n > 0) {
			bytes += n;
			length -= (size_t)n;
		}
	}
}

bool log_flush(void)
{
	ssize_t n;

	if (writer.length == 0)
		return true;
	do
		n = write(writer.write_fd, writer.gathered, writer.length);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	writer.length -= (size_t)n;
	memmove(writer.gathered, writer.gathered + n, writer.length);
	return writer.length == 0;
}

/* Returns false if there is no room for the line now. */
static bool gather(const char *line, size_t length)
{
	if (length > GATHERED_MAX - writer.length)
		log_flush();
	if (length > GATHERED_MAX - writer.length)
		return false;
	memcpy(writer.gathered + writer.length, line, length);
	writer.length += length;
	return true;
}

static void report_lost(void)
{
	char report[128];
	size_t n = format_prefix(report, sizeof(report), LOG_LEVEL_WARNING);

	n += (size_t)snprintf(report + n, sizeof(report) - n,
	    "%ju log lines were lost\n", (uintmax_t)writer.lost);
	if (gather(report, n))
		writer.lost = 0;
}

static void write_line(enum log_level level, const char *line, size_t length)
{
	if (!writer.has_thread) {
		write_stderr(line, length, DIRECT_WAIT_MS);
		return;
	}
	if (writer.lost > 0)
		report_lost();
	if (!gather(line, length))
		writer.lost++;
	if (level != LOG_LEVEL_ACCESS)
		log_flush();
}

void log_message(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	char line[LOG_LINE_MAX];
	size_t length = format_prefix(line, sizeof(line), level);
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	length += escaped_text_copy(
	    line + length, sizeof(line) - length - 1, text, false);
	line[length++] = '\n';
	write_line(level, line, length);
}

/* --- the thread ----------------------------------------------------------- */

static void *carry(void *unused)
{
	char bytes[16384];
	ssize_t n;

	(void)unused;
	while ((n = read(writer.read_fd, bytes, sizeof(bytes))) != 0)
		if (n > 0)
			write_stderr(bytes, (size_t)n, -1);
	return NULL;
}

/* Signals are for the loop's thread. */
static int start_thread(void)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&writer.thread, NULL, carry, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

int log_start_writer(unsigned int writers)
{
	int size = PIPES_SIZE / (int)writers;
	int fds[2];
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	if (size > PIPE_SIZE)
		size = PIPE_SIZE;
	/* A smaller pipe only loses lines earlier. */
	if (size > fcntl(fds[1], F_GETPIPE_SZ))
		fcntl(fds[1], F_SETPIPE_SZ, size);
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	writer.read_fd = fds[0];
	writer.write_fd = fds[1];
	r = start_thread();
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
		return r;
	}
	writer.length = 0;
	writer.process = (int)getpid();
	writer.has_thread = true;
	return 0;
}

void log_stop_writer(void)
{
	struct timespec until;

	if (!writer.has_thread)
		return;
	log_flush();
	writer.has_thread = false;
	close(writer.write_fd);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_SECONDS;
	if (pthread_clockjoin_np(
		writer.thread, NULL, CLOCK_MONOTONIC, &until) == 0)
		close(writer.read_fd);
}
