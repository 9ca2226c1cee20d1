/* SPDX-License-Identifier: MIT */
/* What is logged while a part of a test runs. */
#ifndef TESTS_UNIT_SUPPORT_CAPTURED_LOG_H
#define TESTS_UNIT_SUPPORT_CAPTURED_LOG_H

struct captured_log {
	int file;
	int stderr_copy;
};

/* From now on standard error goes to memory; assert nothing until the end. */
void captured_log_begin(struct captured_log *captured);

/* Returns what was written since, as a string that the caller frees. */
char *captured_log_end(struct captured_log *captured);

#endif
