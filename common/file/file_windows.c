/* SPDX-License-Identifier: MIT */
/*
 * A file that is in memory as a whole should cost nothing: its readers ask for
 * windows only after a byte was missing, and until some in a row turn out to
 * be there already.
 */
#include "config.h"
#include "common/file/file_windows.h"

static uint64_t *slot(struct file_windows *windows, uint64_t number)
{
	return &windows->asked[number % FILE_WINDOWS_KEPT];
}

uint64_t file_windows_end(uint64_t offset, uint64_t size)
{
	uint64_t start = offset - offset % FILE_WINDOW_SIZE;

	if (offset >= size || size - start <= FILE_WINDOW_SIZE)
		return size;
	return start + FILE_WINDOW_SIZE;
}

void file_windows_missed(struct file_windows *windows)
{
	windows->left = FILE_WINDOWS_QUIET;
}

void file_windows_found(struct file_windows *windows, bool in_memory)
{
	if (!in_memory)
		windows->left = FILE_WINDOWS_QUIET;
	else if (windows->left > 0)
		windows->left--;
}

bool file_windows_ask(struct file_windows *windows, uint64_t number)
{
	uint64_t *asked = slot(windows, number);

	if (windows->left == 0 || *asked == number + 1)
		return false;
	*asked = number + 1;
	return true;
}

void file_windows_forget(struct file_windows *windows, uint64_t number)
{
	uint64_t *asked = slot(windows, number);

	if (*asked == number + 1)
		*asked = 0;
}
