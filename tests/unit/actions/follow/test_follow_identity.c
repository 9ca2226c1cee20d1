/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_identity, with real files. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/unit.h"

/* Of a file, by the one way that there is. */
static struct follow_identity identity_of(
    struct follow_fixture *f, const char *name)
{
	return follow_identity_of(f->folder_fd, name, true);
}

static void it_is_the_same_by_name_and_descriptor(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_identity by_name, by_fd;
	int fd;

	follow_fixture_append(f, "a", "1");
	fd = openat(f->folder_fd, "a", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	by_name = identity_of(f, "a");
	by_fd = follow_identity_of(fd, "", true);
	close(fd);
	assert_int_not_equal(by_name.number, 0);
	assert_int_equal(by_name.number, by_fd.number);
	assert_int_equal(by_name.age, by_fd.age);
	assert_true(S_ISREG(by_name.mode));
	assert_int_equal(identity_of(f, "none").number, 0);
}

/* What changes a file, or what is known of it, does not make it another. */
static void it_survives_changes(void **state)
{
	const struct timespec times[2] = { { 1, 1 }, { 2, 2 } };
	struct follow_fixture *f = *state;
	uint64_t before;

	follow_fixture_append(f, "a", "1");
	before = identity_of(f, "a").number;
	follow_fixture_append(f, "a", "2");
	assert_int_equal(fchmodat(f->folder_fd, "a", 0400, 0), 0);
	assert_int_equal(utimensat(f->folder_fd, "a", times, 0), 0);
	assert_int_equal(linkat(f->folder_fd, "a", f->folder_fd, "b", 0), 0);
	follow_fixture_rename(f, "a", "c");
	assert_int_equal(identity_of(f, "b").number, before);
	assert_int_equal(identity_of(f, "c").number, before);
	assert_int_equal(identity_of(f, "c").modified, UINT64_C(2000000002));
}

static ino_t make(struct follow_fixture *f, struct statx *ret)
{
	follow_fixture_append(f, "a", "1");
	assert_int_equal(
	    statx(f->folder_fd, "a", 0, STATX_INO | STATX_BTIME, ret), 0);
	return ret->stx_ino;
}

/* A file with the inode of one that was deleted a moment ago is another. */
static void an_inode_that_is_used_again_is_another_file(void **state)
{
	struct follow_fixture *f = *state;
	struct statx first, again;
	uint64_t before;
	int tries = 0;

	for (;;) {
		make(f, &first);
		if (!(first.stx_mask & STATX_BTIME) || tries++ == 2000)
			skip();
		before = identity_of(f, "a").number;
		follow_fixture_remove(f, "a");
		/* The clock of files is coarse. */
		usleep(20000);
		if (make(f, &again) == first.stx_ino &&
		    again.stx_btime.tv_sec == first.stx_btime.tv_sec)
			break;
		follow_fixture_remove(f, "a");
		if (tries > 20 && again.stx_ino != first.stx_ino)
			skip();
	}
	assert_int_not_equal(again.stx_btime.tv_nsec, first.stx_btime.tv_nsec);
	assert_int_not_equal(identity_of(f, "a").number, before);
}

/* The inode can't be read from it. */
static void it_tells_no_number_of_the_system(void **state)
{
	struct follow_fixture *f = *state;
	struct statx stx;
	ino_t inode = make(f, &stx);

	for (int is_local = 0; is_local <= 1; is_local++) {
		uint64_t number =
		    follow_identity_of(f->folder_fd, "a", is_local).number;

		assert_int_not_equal(number, inode);
		assert_int_not_equal(number & UINT32_MAX, inode & UINT32_MAX);
		assert_int_not_equal(number >> 32, inode & UINT32_MAX);
	}
	assert_false(follow_identity_of(f->folder_fd, "a", false).has_birth);
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(it_is_the_same_by_name_and_descriptor),
		WITH_FIXTURE(it_survives_changes),
		WITH_FIXTURE(an_inode_that_is_used_again_is_another_file),
		WITH_FIXTURE(it_tells_no_number_of_the_system),
	};

	return cmocka_run_group_tests_name(
	    "follow_identity", tests, NULL, NULL);
}
