/* SPDX-License-Identifier: MIT */
/*
 * One file at a time, its digest is made and stored, checked, or removed. A
 * file that fails is reported, and the next one follows.
 */
#include "config.h"
#include "fcgi_app/command/digest.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/escaped_text.h"
#include "fcgi_app/command/digest_file.h"
#include "fcgi_app/command/progress.h"
#include "fcgi_app/policy/digest_record.h"
#include "fcgi_app/setup/options.h"

#define NAME "fcgi-stream digest"
/* What is over it is cut off; a terminal's driver takes no longer line. */
#define NAME_SHOWN_MAX 4095

enum mode { MODE_STORE, MODE_FORCE, MODE_CHECK, MODE_REMOVE };

struct run {
	enum mode mode;
	bool is_recursive;
	bool has_failed;
	char **names;
	int name_count;
	struct progress progress;
};

/* --- options -------------------------------------------------------------- */

static const struct argp_option argp_options[] = {
	{ "force", 'f', NULL, 0,
	    "Make digests again, even of files that have a valid one", 0 },
	{ "check", 'c', NULL, 0,
	    "Compare the digests that are stored with the files", 0 },
	{ "remove", 'd', NULL, 0, "Remove the digests that are stored", 0 },
	{ "recursive", 'r', NULL, 0,
	    "Take all regular files beneath a FILE that is a folder", 0 },
	{ 0 },
};

static const char doc[] =
    "Stores the SHA-256 digest of each FILE in its extended attribute "
    "\"" DIGEST_RECORD_ATTRIBUTE "\", to be sent as Repr-Digest (RFC 9530), "
    "and prints it. Stores the CRC-32 in \"" DIGEST_RECORD_CRC32_ATTRIBUTE
    "\", for zip archives."
    "\v"
    "A digest is valid as long as the file's size and time of modification "
    "stay what they were. Files that have a valid one are not read again.\n"
    "Exit status: 0; 1 if a file could not be done or failed the check; 2 if "
    "an option is wrong.";

static void set_mode(struct run *run, enum mode mode, struct argp_state *state)
{
	if (run->mode != MODE_STORE && run->mode != mode)
		argp_error(
		    state, "--force, --check and --remove exclude each other");
	run->mode = mode;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	(void)arg;
	switch (key) {
	case 'f':
		set_mode(run, MODE_FORCE, state);
		return 0;
	case 'c':
		set_mode(run, MODE_CHECK, state);
		return 0;
	case 'd':
		set_mode(run, MODE_REMOVE, state);
		return 0;
	case 'r':
		run->is_recursive = true;
		return 0;
	case ARGP_KEY_ARGS:
		run->names = state->argv + state->next;
		run->name_count = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "FILE is missing");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* --- messages ------------------------------------------------------------- */

static void complain(struct run *run, const char *name, const char *why)
{
	char shown[NAME_SHOWN_MAX + 1];

	shown[escaped_text_copy(shown, NAME_SHOWN_MAX, name, false)] = '\0';
	progress_clear(&run->progress);
	fprintf(stderr, NAME ": %s: %s\n", shown, why);
	run->has_failed = true;
}

static const char *reason_of(int error)
{
	switch (error) {
	case -EISDIR:
		return "is a folder (see --recursive)";
	case -ENXIO:
		return "not a regular file";
	case -ESTALE:
		return "changed while it was being read";
	}
	return strerror(-error);
}

static void complain_of_storing(struct run *run, const char *name, int error)
{
	char why[128];

	snprintf(why, sizeof(why), "cannot store a digest: %s",
	    error == -EOPNOTSUPP
		? "the file system has no user attributes (xattr(7))"
		: strerror(-error));
	complain(run, name, why);
}

/* A name as sha256sum(1) writes and reads it: a line for each file. */
static void print_escaped(const char *name)
{
	for (; *name; name++) {
		switch (*name) {
		case '\\':
			fputs("\\\\", stdout);
			break;
		case '\n':
			fputs("\\n", stdout);
			break;
		case '\r':
			fputs("\\r", stdout);
			break;
		default:
			putchar(*name);
		}
	}
}

/* Returns the mark by which sha256sum(1) knows an escaped name. */
static const char *mark_of(const char *name)
{
	return name[strcspn(name, "\\\n\r")] ? "\\" : "";
}

static void print_digest(const char *name, const struct digest_record *record)
{
	char hex[2 * DIGEST_SHA256_SIZE + 1];

	sodium_bin2hex(hex, sizeof(hex), record->sha256, DIGEST_SHA256_SIZE);
	printf("%s%s  ", mark_of(name), hex);
	print_escaped(name);
	putchar('\n');
	fflush(stdout);
}

static void print_verdict(const char *name, const char *verdict)
{
	fputs(mark_of(name), stdout);
	print_escaped(name);
	printf(": %s\n", verdict);
	fflush(stdout);
}

/* --- a file --------------------------------------------------------------- */

/* Returns whether both digests are stored, and what is to be printed. */
static bool is_done(const struct digest_file *file, struct digest_record *ret)
{
	struct digest_record crc32;

	return digest_file_stored(file, ret) == DIGEST_STORED_VALID &&
	    digest_file_stored_crc32(file, &crc32) == DIGEST_STORED_VALID;
}

static void store(struct run *run, const struct digest_file *file)
{
	struct digest_record record;
	int r;

	if (run->mode != MODE_FORCE && is_done(file, &record)) {
		print_digest(file->name, &record);
		return;
	}
	r = digest_file_may_store(file);
	if (r < 0) {
		complain_of_storing(run, file->name, r);
		return;
	}
	r = digest_file_compute(file, &run->progress, &record);
	if (r < 0) {
		complain(run, file->name, reason_of(r));
		return;
	}
	r = digest_file_store(file, &record);
	if (r < 0)
		complain_of_storing(run, file->name, r);
	else
		print_digest(file->name, &record);
}

static void compare(struct run *run, const struct digest_file *file,
    const struct digest_record *stored)
{
	struct digest_record record, crc32;
	int r = digest_file_compute(file, &run->progress, &record);
	bool is_same;

	if (r < 0) {
		complain(run, file->name, reason_of(r));
		return;
	}
	is_same =
	    memcmp(record.sha256, stored->sha256, DIGEST_SHA256_SIZE) == 0;
	if (digest_file_stored_crc32(file, &crc32) == DIGEST_STORED_VALID)
		is_same &= crc32.crc32 == record.crc32;
	if (is_same) {
		print_verdict(file->name, "OK");
		return;
	}
	print_verdict(file->name, "FAILED");
	complain(run, file->name, "content does not match the stored digest");
}

static void check(struct run *run, const struct digest_file *file)
{
	struct digest_record stored;

	switch (digest_file_stored(file, &stored)) {
	case DIGEST_STORED_NONE:
		complain(run, file->name, "no digest is stored");
		break;
	case DIGEST_STORED_FOREIGN:
		complain(
		    run, file->name, "stored digest was not made by " NAME);
		break;
	case DIGEST_STORED_OUTDATED:
		complain(
		    run, file->name, "changed since its digest was stored");
		break;
	case DIGEST_STORED_VALID:
		compare(run, file, &stored);
		break;
	}
}

static void remove_digest(struct run *run, const struct digest_file *file)
{
	int r = digest_file_remove(file);

	/* A file without a digest is as it should be. */
	if (r < 0 && r != -ENODATA && r != -EOPNOTSUPP)
		complain(run, file->name, strerror(-r));
}

static void do_file(struct run *run, const char *name, int open_flags)
{
	struct digest_file file;
	int r = digest_file_open(name, open_flags, &file);

	if (r < 0) {
		complain(run, name, reason_of(r));
		return;
	}
	switch (run->mode) {
	case MODE_STORE:
	case MODE_FORCE:
		store(run, &file);
		break;
	case MODE_CHECK:
		check(run, &file);
		break;
	case MODE_REMOVE:
		remove_digest(run, &file);
		break;
	}
	digest_file_close(&file);
}

/* --- folders -------------------------------------------------------------- */

/*
 * In folders only regular files count, and a link that took the place of one is
 * not followed.
 */
static void do_entry(struct run *run, const FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_F:
		do_file(run, entry->fts_path,
		    entry->fts_level > 0 ? O_NOFOLLOW : 0);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		complain(run, entry->fts_path, strerror(entry->fts_errno));
		break;
	case FTS_DEFAULT:
	case FTS_SL:
	case FTS_SLNONE:
		/* One that was named is opened, to say what is wrong. */
		if (entry->fts_level == 0)
			do_file(run, entry->fts_path, 0);
		break;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void do_tree(struct run *run, char *name)
{
	char *names[] = { name, NULL };
	FTS *tree = fts_open(
	    names, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	const FTSENT *entry;

	if (!tree) {
		complain(run, name, strerror(errno));
		return;
	}
	errno = 0;
	while ((entry = fts_read(tree)) != NULL) {
		do_entry(run, entry);
		errno = 0;
	}
	if (errno != 0)
		complain(run, name, strerror(errno));
	fts_close(tree);
}

int digest_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "FILE...",
		.doc = doc,
	};
	static char name[] = NAME;
	struct run run = { 0 };

	/* What argp calls the program. */
	argv[0] = name;
	argp_err_exit_status = OPTIONS_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &run);
	if (sodium_init() < 0) {
		fputs(NAME ": libsodium cannot be used\n", stderr);
		return EXIT_FAILURE;
	}
	progress_init(&run.progress);
	for (int i = 0; i < run.name_count; i++) {
		if (run.is_recursive)
			do_tree(&run, run.names[i]);
		else
			do_file(&run, run.names[i], 0);
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		complain(&run, "standard output", strerror(errno));
	return run.has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
