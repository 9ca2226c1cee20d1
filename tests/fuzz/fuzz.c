/* SPDX-License-Identifier: MIT */
/*
 * The fuzz program: runs the entry that the environment variable FUZZ_ENTRY
 * names, and without one prints the names of all, one a line. A variable, as
 * the processes that libFuzzer starts for -merge and -fork know it too.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
fuzz_entry_fn LLVMFuzzerTestOneInput;

#define FUZZ_ROW(name) { #name, fuzz_##name },
static const struct {
	const char *name;
	fuzz_entry_fn *run;
} entries[] = { FUZZ_ENTRIES(FUZZ_ROW) };

static fuzz_entry_fn *run;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *wanted = getenv("FUZZ_ENTRY");

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if (!wanted)
			puts(entries[i].name);
		else if (strcmp(wanted, entries[i].name) == 0)
			run = entries[i].run;
	}
	if (!wanted)
		exit(0);
	if (!run) {
		fprintf(stderr, "FUZZ_ENTRY=%s: not an entry\n", wanted);
		exit(2);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return run(data, size);
}
