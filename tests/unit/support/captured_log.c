/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/captured_log.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

void captured_log_begin(struct captured_log *captured)
{
	captured->file = memfd_create("log", MFD_CLOEXEC);
	captured->stderr_copy = dup(STDERR_FILENO);
	assert_true(captured->file >= 0 && captured->stderr_copy >= 0);
	assert_int_equal(dup2(captured->file, STDERR_FILENO), STDERR_FILENO);
}

char *captured_log_end(struct captured_log *captured)
{
	off_t size = lseek(captured->file, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	dup2(captured->stderr_copy, STDERR_FILENO);
	close(captured->stderr_copy);
	assert_non_null(text);
	assert_int_equal(pread(captured->file, text, (size_t)size, 0), size);
	close(captured->file);
	return text;
}
