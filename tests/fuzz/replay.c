/* SPDX-License-Identifier: MIT */
/*
 * The main() of the fuzz program that is built without libFuzzer: runs the
 * entry over each file named on the command line, and once over no bytes.
 *
 * Ends with 0, or with 2 if a file cannot be read. A broken invariant aborts,
 * after the name of the file has been printed.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer inputs are cut: the corpus has none, and a slip should not hurt. */
#define INPUT_MAX (1024 * 1024)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hand over a copy of the exact size, so that ASan sees an overrun. */
static void run_entry(const uint8_t *data, size_t size)
{
	uint8_t *copy = calloc(1, size > 0 ? size : 1);

	if (!copy) {
		perror("calloc");
		exit(2);
	}
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* Returns 0 or -errno. */
static int run_file(const char *name)
{
	static uint8_t buffer[INPUT_MAX];
	FILE *file = fopen(name, "rb");
	size_t size;
	int err = 0;

	if (!file)
		return -errno;
	size = fread(buffer, 1, sizeof(buffer), file);
	if (ferror(file))
		err = -EIO;
	fclose(file);
	if (!err)
		run_entry(buffer, size);
	return err;
}

int main(int argc, char **argv)
{
	static const uint8_t nothing[1];

	LLVMFuzzerInitialize(&argc, &argv);
	run_entry(nothing, 0);
	for (int i = 1; i < argc; i++) {
		int err;

		printf("# %s\n", argv[i]);
		/* What is still in the buffer would be lost by abort(). */
		fflush(stdout);
		err = run_file(argv[i]);
		if (err) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-err));
			return 2;
		}
	}
	return 0;
}
