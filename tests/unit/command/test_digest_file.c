/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/command/digest_file, with a file in this folder.
 * Where its file system has no user attributes, what needs them is checked to
 * fail as it must.
 */
#include "config.h"
#include "fcgi_app/command/digest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fcgi_app/command/progress.h"
#include "fcgi_app/policy/digest_record.h"
#include "tests/unit/support/unit.h"

#define MIB (1 << 20)
/* 2001: its tick has passed. */
#define LONG_AGO 1000000000

static struct {
	char name[32];
	int fd; /* for writing */
	struct progress progress;
	bool attributes;
} fixture;

/* --- fixture -------------------------------------------------------------- */

static void set_mtime(time_t seconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = seconds, .tv_nsec = 5 } };

	assert_int_equal(futimens(fixture.fd, times), 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(fixture.name, "digest_file.XXXXXX");
	fixture.fd = mkstemp(fixture.name);
	assert_true(fixture.fd >= 0);
	fixture.attributes =
	    fsetxattr(fixture.fd, "user.digest.test", "x", 1, 0) == 0;
	if (!fixture.attributes)
		print_message("# no user attributes here\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(fixture.fd);
	return unlink(fixture.name);
}

static struct digest_file open_it(void)
{
	struct digest_file file;

	assert_int_equal(digest_file_open(fixture.name, 0, &file), 0);
	return file;
}

/* Random but repeatable bytes. */
static unsigned char *fill(size_t size)
{
	static const unsigned char seed[randombytes_SEEDBYTES] = { 1 };
	unsigned char *bytes = malloc(size + 1);

	assert_non_null(bytes);
	randombytes_buf_deterministic(bytes, size, seed);
	assert_int_equal(ftruncate(fixture.fd, 0), 0);
	assert_int_equal(pwrite(fixture.fd, bytes, size, 0), size);
	set_mtime(LONG_AGO);
	return bytes;
}

/* --- tests ---------------------------------------------------------------- */

static void makes_digests_of_every_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4097, MIB - 1, MIB, MIB + 1,
		5 * MIB + 77 };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(sizes); i++) {
		size_t size = sizes[i / 2];
		unsigned char *bytes = fill(size);
		uint8_t expected[DIGEST_SHA256_SIZE];
		struct digest_file file = open_it();
		struct digest_record record;

		if (i % 2) {
			fsync(fixture.fd);
			posix_fadvise(fixture.fd, 0, 0, POSIX_FADV_DONTNEED);
		}
		assert_int_equal(
		    digest_file_compute(&file, &fixture.progress, &record), 0);
		crypto_hash_sha256(expected, bytes, size);
		assert_memory_equal(record.sha256, expected, sizeof(expected));
		assert_int_equal(
		    record.crc32, libdeflate_crc32(0, bytes, size));
		assert_true(
		    digest_record_is_of(&record, size, &file.stat.st_mtim));
		assert_int_equal(record.mtime.tv_sec, LONG_AGO);
		digest_file_close(&file);
		free(bytes);
	}
}

static void write_again(void)
{
	assert_int_equal(pwrite(fixture.fd, "other", 5, 0), 5);
}

static void write_behind(void)
{
	assert_int_equal(pwrite(fixture.fd, "x", 1, MIB), 1);
}

static void cut(void)
{
	assert_int_equal(ftruncate(fixture.fd, MIB - 1), 0);
}

/* As rsync -t and cp -p do. */
static void write_and_set_back(void)
{
	write_again();
	set_mtime(LONG_AGO);
}

static void notices_a_change(void **state)
{
	static void (*const changes[])(
	    void) = { write_again, write_behind, cut, write_and_set_back };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		struct digest_record record = { .size = 12345 };
		struct digest_file file;

		free(fill(MIB));
		file = open_it();
		/* The time of the change must differ, on old kernels too. */
		usleep(20000);
		changes[i]();
		assert_int_equal(
		    digest_file_compute(&file, &fixture.progress, &record),
		    -ESTALE);
		assert_int_equal(record.size, 12345);
		digest_file_close(&file);
	}
}

static enum digest_stored stored(struct digest_record *ret_record)
{
	struct digest_file file = open_it();
	enum digest_stored result = digest_file_stored(&file, ret_record);

	digest_file_close(&file);
	return result;
}

static enum digest_stored stored_crc32(struct digest_record *ret_record)
{
	struct digest_file file = open_it();
	enum digest_stored result = digest_file_stored_crc32(&file, ret_record);

	digest_file_close(&file);
	return result;
}

static void fails_without_attributes(const struct digest_file *file)
{
	struct digest_record record = { 0 };

	assert_int_equal(digest_file_may_store(file), -EOPNOTSUPP);
	assert_int_equal(digest_file_store(file, &record), -EOPNOTSUPP);
	assert_int_equal(digest_file_stored(file, &record), DIGEST_STORED_NONE);
}

static void stores_and_removes(void **state)
{
	struct digest_record record, same;
	struct digest_file file;

	(void)state;
	free(fill(1000));
	file = open_it();
	if (!fixture.attributes) {
		fails_without_attributes(&file);
		digest_file_close(&file);
		return;
	}
	assert_int_equal(stored(&same), DIGEST_STORED_NONE);
	assert_int_equal(digest_file_remove(&file), -ENODATA);
	assert_int_equal(
	    digest_file_compute(&file, &fixture.progress, &record), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(digest_file_store(&file, &record), 0);
	assert_int_equal(stored(&same), DIGEST_STORED_VALID);
	assert_memory_equal(same.sha256, record.sha256, DIGEST_SHA256_SIZE);
	assert_int_equal(stored_crc32(&same), DIGEST_STORED_VALID);
	assert_int_equal(same.crc32, record.crc32);
	set_mtime(LONG_AGO + 1);
	assert_int_equal(stored(&same), DIGEST_STORED_OUTDATED);
	assert_int_equal(stored_crc32(&same), DIGEST_STORED_OUTDATED);
	set_mtime(LONG_AGO);
	assert_int_equal(stored(&same), DIGEST_STORED_VALID);
	assert_int_equal(digest_file_remove(&file), 0);
	assert_int_equal(stored(&same), DIGEST_STORED_NONE);
	assert_int_equal(stored_crc32(&same), DIGEST_STORED_NONE);
	digest_file_close(&file);
}

/* As a version before this one, or somebody else, leaves them. */
static void removes_one_of_the_two(void **state)
{
	static const char *const names[] = { DIGEST_RECORD_ATTRIBUTE,
		DIGEST_RECORD_CRC32_ATTRIBUTE };
	struct digest_record record = { 0 };
	struct digest_file file;

	(void)state;
	if (!fixture.attributes)
		skip();
	file = open_it();
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		assert_int_equal(digest_file_store(&file, &record), 0);
		assert_int_equal(fremovexattr(fixture.fd, names[i]), 0);
		assert_int_equal(digest_file_remove(&file), 0);
		assert_int_equal(digest_file_remove(&file), -ENODATA);
	}
	digest_file_close(&file);
}

static void knows_what_others_stored(void **state)
{
	static const size_t lengths[] = { 0, 64, DIGEST_RECORD_MAX - 1,
		DIGEST_RECORD_MAX, DIGEST_RECORD_MAX + 1, 1000 };
	struct digest_record record;
	char value[1000];

	(void)state;
	memset(value, 'a', sizeof(value));
	for (size_t i = 0; fixture.attributes && i < ARRAY_LENGTH(lengths);
	     i++) {
		assert_int_equal(fsetxattr(fixture.fd, DIGEST_RECORD_ATTRIBUTE,
				     value, lengths[i], 0),
		    0);
		assert_int_equal(stored(&record), DIGEST_STORED_FOREIGN);
	}
	fremovexattr(fixture.fd, DIGEST_RECORD_ATTRIBUTE);
}

/* Neither a question nor a failure may touch the file. */
static void asks_without_a_trace(void **state)
{
	struct stat before, after;
	struct digest_file file = open_it();

	(void)state;
	assert_int_equal(fstat(file.fd, &before), 0);
	usleep(20000);
	assert_int_equal(
	    digest_file_may_store(&file), fixture.attributes ? 0 : -EOPNOTSUPP);
	assert_int_equal(fstat(file.fd, &after), 0);
	assert_int_equal(before.st_ctim.tv_sec, after.st_ctim.tv_sec);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	digest_file_close(&file);
}

static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, name);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void opens_regular_files_only(void **state)
{
	static const struct {
		const char *name;
		int flags;
		int error;
	} cases[] = {
		{ "digest_file.link", 0, 0 },
		{ "digest_file.link", O_NOFOLLOW, -ELOOP },
		{ "digest_file.fifo", 0, -ENXIO },
		{ "digest_file.socket", 0, -ENXIO },
		{ "/dev/null", 0, -ENXIO },
		{ ".", 0, -EISDIR },
		{ "digest_file.none", 0, -ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (strncmp(cases[i].name, "digest_file.", 12) == 0)
			unlink(cases[i].name);
	assert_int_equal(symlink(fixture.name, "digest_file.link"), 0);
	assert_int_equal(mkfifo("digest_file.fifo", 0600), 0);
	make_socket("digest_file.socket");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct digest_file file;
		int r = digest_file_open(cases[i].name, cases[i].flags, &file);

		if (r == 0)
			digest_file_close(&file);
		if (r != cases[i].error)
			fail_msg("%s: %d", cases[i].name, r);
	}
	unlink("digest_file.link");
	unlink("digest_file.fifo");
	unlink("digest_file.socket");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_digests_of_every_size),
		cmocka_unit_test(notices_a_change),
		cmocka_unit_test(stores_and_removes),
		cmocka_unit_test(removes_one_of_the_two),
		cmocka_unit_test(knows_what_others_stored),
		cmocka_unit_test(asks_without_a_trace),
		cmocka_unit_test(opens_regular_files_only),
	};

	return cmocka_run_group_tests_name(
	    "digest_file", tests, set_up, tear_down);
}
