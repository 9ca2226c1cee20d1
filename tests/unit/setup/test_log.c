/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/setup/log. Descriptor 2 is another file while lines
 * are written; nothing is asserted meanwhile, as the reason would be lost.
 */
#include "config.h"

#include "fcgi_app/setup/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/unit.h"

/* A process that waits longer for another is killed. */
#define PATIENCE_SECONDS 120

#define PREFIX                                       \
	"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:" \
	"[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z "         \
	"fcgi-stream\\[[0-9]+\\] "

/* --- descriptor 2 --------------------------------------------------------- */

static int saved_stderr;

static void redirect(int fd)
{
	saved_stderr = dup(STDERR_FILENO);
	assert_true(saved_stderr >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
}

static void restore(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
}

static int make_file(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* All that was written, ended by a NUL; closes the file. */
static char *read_file(int fd, size_t *ret_length)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_true(size >= 0);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	*ret_length = (size_t)size;
	return text;
}

/* The one line that `text` makes. */
static char *log_one(enum log_level level, const char *text)
{
	int fd = make_file();
	size_t length;
	char *line;

	redirect(fd);
	log_message(level, "%s", text);
	restore();
	line = read_file(fd, &length);
	assert_true(length > 0 && length <= LOG_LINE_MAX);
	assert_int_equal(strlen(line), length);
	assert_ptr_equal(strchr(line, '\n'), line + length - 1);
	return line;
}

/* --- a line --------------------------------------------------------------- */

static bool matches(const char *line, const char *pattern)
{
	regex_t regex;
	bool found;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	found = regexec(&regex, line, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static void has_time_process_level_and_text(void **state)
{
	static const struct {
		enum log_level level;
		const char *pattern;
	} cases[] = {
		{ LOG_LEVEL_NOTICE, PREFIX "notice some text\n$" },
		{ LOG_LEVEL_WARNING, PREFIX "warning some text\n$" },
		{ LOG_LEVEL_ERROR, PREFIX "error some text\n$" },
		{ LOG_LEVEL_ACCESS, PREFIX "access some text\n$" },
	};
	char process[32];

	(void)state;
	snprintf(process, sizeof(process), "Z fcgi-stream[%d] ", getpid());
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *line = log_one(cases[i].level, "some text");

		if (!matches(line, cases[i].pattern))
			fail_msg("%s", line);
		assert_non_null(strstr(line, process));
		free(line);
	}
}

static void quotes_what_others_chose(void **state)
{
	static const struct {
		size_t size;
		const char *text, *quoted;
	} rows[] = {
		{ 32, "", "" },
		{ 32, "a b/c", "a b/c" },
		{ 32, "a\" in \"b", "a\\x22 in \\x22b" },
		{ 32, "\\x22", "\\x5cx22" },
		{ 32, "\n\x7f\x1f", "\\x0a\\x7f\\x1f" },
		{ 32, "caf\xc3\xa9", "caf\xc3\xa9" },
		{ 32, "\xc2\x9b \x9b", "\\xc2\\x9b \\x9b" },
		/* Never a piece of an escape. */
		{ 5, "\"\"", "\\x22" },
		{ 4, "\"", "" },
		{ 1, "a", "" },
	};
	char quoted[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		log_quote(quoted, rows[i].size, rows[i].text);
		assert_string_equal(quoted, rows[i].quoted);
	}
}

/* Whatever the zone is. */
static void has_the_time_in_utc(void **state)
{
	time_t before, after, logged;
	struct tm tm = { 0 };
	char *line;

	(void)state;
	setenv("TZ", "TEST-7", 1);
	tzset();
	before = time(NULL);
	line = log_one(LOG_LEVEL_NOTICE, "");
	after = time(NULL);
	assert_non_null(strptime(line, "%Y-%m-%dT%H:%M:%S.", &tm));
	free(line);
	logged = timegm(&tm);
	unsetenv("TZ");
	tzset();
	/* time(2) may lag behind clock_gettime(2) by a tick. */
	assert_true(logged >= before - 1 && logged <= after + 1);
}

static void formats_as_printf_does(void **state)
{
	int fd = make_file();
	size_t length;
	char *text;

	(void)state;
	redirect(fd);
	log_message(LOG_LEVEL_NOTICE, "%s %d%% %x", "a", 5, 255u);
	log_message(LOG_LEVEL_NOTICE, "second");
	restore();
	text = read_file(fd, &length);
	assert_non_null(strstr(text, " notice a 5% ff\n"));
	assert_non_null(strstr(text, " notice second\n"));
	free(text);
}

/* What a client sends must not look like a line of its own. */
static void escapes_control_characters(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "a\nb", " notice a\\x0ab\n" },
		{ "a\r\n", " notice a\\x0d\\x0a\n" },
		{ "\x1b[31m\x7f\x01\x1f",
		    " notice \\x1b[31m\\x7f\\x01\\x1f\n" },
		{ "\t ~", " notice \\x09 ~\n" },
		{ "caf\xc3\xa9 \xff", " notice caf\xc3\xa9 \\xff\n" },
		{ "\xc2\x9b", " notice \\xc2\\x9b\n" },
		{ "", " notice \n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *line = log_one(LOG_LEVEL_NOTICE, cases[i].text);

		if (!strstr(line, cases[i].shown))
			fail_msg("%s: %s", cases[i].shown, line);
		free(line);
	}
}

/* Room for one escape is always left, so a line may be three bytes shorter. */
static void limits_a_line(void **state)
{
	char text[3 * LOG_LINE_MAX];
	char *line = log_one(LOG_LEVEL_NOTICE, "");
	size_t prefix = strlen(line) - 1;
	size_t most = LOG_LINE_MAX - 3 - prefix - 1;

	(void)state;
	free(line);
	memset(text, 'x', sizeof(text));
	text[most] = '\0';
	line = log_one(LOG_LEVEL_NOTICE, text);
	assert_int_equal(strlen(line), prefix + most + 1);
	free(line);
	/* Longer ones are cut; log_one() has seen their newline. */
	for (size_t more = 1; more < 8; more++) {
		text[most + more - 1] = 'x';
		text[most + more] = '\0';
		line = log_one(LOG_LEVEL_NOTICE, text);
		assert_true(strlen(line) >= prefix + most + 1);
		free(line);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	line = log_one(LOG_LEVEL_NOTICE, text);
	assert_true(strlen(line) >= prefix + most + 1);
	free(line);
}

static void cuts_no_escape_in_two(void **state)
{
	char text[2 * LOG_LINE_MAX];

	(void)state;
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < 4; i++) {
		char *line;

		memset(text, 'x', i);
		line = log_one(LOG_LEVEL_NOTICE, text);
		if (!matches(line, PREFIX "notice x*(\\\\x0a)+\n$"))
			fail_msg("%s", line);
		free(line);
	}
}

static int count_lines_to_end(int fd)
{
	char bytes[4096];
	int lines = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += bytes[i] == '\n';
	return lines;
}

/* The master must be able to stop though nobody reads its log. */
static void gives_up_a_line_that_nobody_reads(void **state)
{
	int fds[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) > 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		alarm(PATIENCE_SECONDS);
		redirect(fds[1]);
		for (int i = 0; i < 20; i++)
			log_message(LOG_LEVEL_NOTICE, "%01000d", i);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_in_range(count_lines_to_end(fds[0]), 1, 19);
	close(fds[0]);
}

/* --- the writer ----------------------------------------------------------- */

static void stop_flushes_all_lines(void **state)
{
	const int count = 1000;
	int fd = make_file();
	size_t length;
	char *text, *at;
	int started;

	(void)state;
	redirect(fd);
	started = log_start_writer(1);
	for (int i = 0; i < count; i++)
		log_message(LOG_LEVEL_NOTICE, "line %d.", i);
	log_stop_writer();
	restore();
	assert_int_equal(started, 0);
	text = read_file(fd, &length);
	at = text;
	for (int i = 0; i < count; i++) {
		char expected[32];
		char *newline = strchr(at, '\n');

		assert_non_null(newline);
		snprintf(expected, sizeof(expected), " line %d.\n", i);
		assert_memory_equal(
		    newline + 1 - strlen(expected), expected, strlen(expected));
		at = newline + 1;
	}
	assert_string_equal(at, "");
	free(text);
}

/* Reads lines from a pipe until one ends in `last`. */
static void read_until(int fd, const char *last, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	while (!strstr(text, last)) {
		ssize_t n = read(fd, text + length, size - length - 1);

		if (n <= 0)
			break;
		length += (size_t)n;
		text[length] = '\0';
	}
}

/* They come with the flush, or in front of any other line. */
static void gathers_access_lines(void **state)
{
	char flushed[1024], pushed[1024];
	struct pollfd arrives = { .events = POLLIN };
	int fds[2], started, early;
	bool left;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	arrives.fd = fds[0];
	redirect(fds[1]);
	started = log_start_writer(1);
	log_message(LOG_LEVEL_ACCESS, "one");
	log_message(LOG_LEVEL_ACCESS, "two");
	early = poll(&arrives, 1, 100);
	left = !log_flush();
	read_until(fds[0], " two\n", flushed, sizeof(flushed));
	left |= !log_flush();
	log_message(LOG_LEVEL_ACCESS, "three");
	log_message(LOG_LEVEL_ERROR, "four");
	read_until(fds[0], " four\n", pushed, sizeof(pushed));
	log_stop_writer();
	restore();
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(started, 0);
	assert_int_equal(early, 0);
	assert_false(left);
	assert_true(matches(flushed, PREFIX "access one\n[^\n]*access two\n$"));
	assert_true(
	    matches(pushed, PREFIX "access three\n[^\n]*error four\n$"));
}

static void may_be_stopped_and_started_again(void **state)
{
	int fd = make_file();
	int before = count_descriptors();
	size_t length;
	char *text;
	int started = 0;

	(void)state;
	redirect(fd);
	log_stop_writer();
	for (int i = 0; i < 3; i++) {
		started |= log_start_writer(1);
		log_message(LOG_LEVEL_NOTICE, "with %d", i);
		log_stop_writer();
		log_stop_writer();
		log_message(LOG_LEVEL_NOTICE, "without %d", i);
	}
	restore();
	assert_int_equal(started, 0);
	/* Its pipes are closed. */
	assert_int_equal(count_descriptors(), before);
	text = read_file(fd, &length);
	if (!matches(text,
		"with 0\n.*without 0\n.*with 1\n.*without 1\n.*with 2\n.*"
		"without 2\n$"))
		fail_msg("%s", text);
	free(text);
}

/* Reads standard error's pipe to its end, from the time it is told to. */
struct reader {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	char *text; /* all of it, ended by a NUL */
	size_t length;
};

#define READER_MAX (16u << 20)

static void *read_to_end(void *context)
{
	struct reader *reader = context;
	char bytes[65536];
	ssize_t n;

	while ((n = read(reader->fd, bytes, sizeof(bytes))) > 0) {
		pthread_mutex_lock(&reader->lock);
		if (reader->length + (size_t)n < READER_MAX) {
			memcpy(reader->text + reader->length, bytes, (size_t)n);
			reader->length += (size_t)n;
		}
		pthread_mutex_unlock(&reader->lock);
	}
	return NULL;
}

static bool has_read(struct reader *reader, const char *text)
{
	bool found;

	pthread_mutex_lock(&reader->lock);
	found = memmem(reader->text, reader->length, text, strlen(text));
	pthread_mutex_unlock(&reader->lock);
	return found;
}

/*
 * Logs until the loss has been told, then once more, so that what was lost in
 * the meantime is told as well. Returns how many lines it logged.
 */
static int log_until_told(struct reader *reader)
{
	int count = 0;

	do {
		log_message(LOG_LEVEL_NOTICE, "counted again");
		count++;
		poll(NULL, 0, 1);
	} while (!has_read(reader, "log lines were lost\n"));
	do {
		log_message(LOG_LEVEL_NOTICE, "counted last");
		count++;
		poll(NULL, 0, 1);
	} while (!has_read(reader, "counted last\n"));
	return count;
}

/* Lines that arrived, and those that are said to be lost. */
static void count_lines(
    const char *text, unsigned long *ret_here, unsigned long *ret_lost)
{
	*ret_here = 0;
	*ret_lost = 0;
	for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
		const char *level = strstr(at, "] ");
		unsigned long lost;

		assert_non_null(level);
		assert_non_null(strchr(at, '\n'));
		if (sscanf(level, "] warning %lu log lines were lost", &lost))
			*ret_lost += lost;
		else if (strncmp(level, "] notice counted", 16) == 0)
			++*ret_here;
		else
			fail_msg("%.80s", at);
	}
}

/* 20,000 lines of which no more than the pipes hold can leave. */
static int log_much(void)
{
	char text[200];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 20000; i++)
		log_message(LOG_LEVEL_NOTICE, "counted %s", text);
	return 20000;
}

static void never_waits_for_a_reader(void **state)
{
	struct reader reader = { .text = calloc(1, READER_MAX + 1) };
	unsigned long here, lost;
	int fds[2];
	int started, count;

	(void)state;
	assert_non_null(reader.text);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	reader.fd = fds[0];
	pthread_mutex_init(&reader.lock, NULL);
	alarm(PATIENCE_SECONDS);
	redirect(fds[1]);
	close(fds[1]);
	started = log_start_writer(1);
	count = log_much();
	/* Only now somebody reads. */
	pthread_create(&reader.thread, NULL, read_to_end, &reader);
	count += log_until_told(&reader);
	log_stop_writer();
	restore();
	pthread_join(reader.thread, NULL);
	alarm(0);
	close(fds[0]);
	assert_int_equal(started, 0);
	count_lines(reader.text, &here, &lost);
	assert_true(lost > 0);
	assert_int_equal(here + lost, count);
	pthread_mutex_destroy(&reader.lock);
	free(reader.text);
}

/* As if the clock on the wall were about to be set back by so much. */
static time_t seconds_ahead;

/* In place of the C library's. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	if (clock == CLOCK_REALTIME)
		ret->tv_sec += seconds_ahead;
	return r;
}

/*
 * A process must be able to end though nobody reads its log, and whatever the
 * clock on the wall does.
 */
static void stop_does_not_wait_for_ever(void **state)
{
	int fds[2];
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		alarm(PATIENCE_SECONDS);
		redirect(fds[1]);
		if (log_start_writer(1) != 0)
			_exit(1);
		log_much();
		seconds_ahead = 3600;
		log_stop_writer();
		/* valgrind would take the thread's stack for a leak. */
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_time_process_level_and_text),
		cmocka_unit_test(quotes_what_others_chose),
		cmocka_unit_test(has_the_time_in_utc),
		cmocka_unit_test(formats_as_printf_does),
		cmocka_unit_test(escapes_control_characters),
		cmocka_unit_test(limits_a_line),
		cmocka_unit_test(cuts_no_escape_in_two),
		cmocka_unit_test(gives_up_a_line_that_nobody_reads),
		cmocka_unit_test(stop_flushes_all_lines),
		cmocka_unit_test(gathers_access_lines),
		cmocka_unit_test(may_be_stopped_and_started_again),
		cmocka_unit_test(never_waits_for_a_reader),
		cmocka_unit_test(stop_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
