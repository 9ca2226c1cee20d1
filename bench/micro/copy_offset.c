/* SPDX-License-Identifier: MIT */
/*
 * What a copy costs by how far its target stands from the place of its source
 * in their pages: memcpy(3), and pread(2) of bytes in the page cache.
 *
 *	copy_offset FILE
 *
 * FILE must be at least 16 MiB long; it is read into the page cache first. A
 * line gives, for one distance, the least of all rounds in nanoseconds per
 * byte.
 */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define LENGTH (256u << 10)
#define FILE_BYTES (16u << 20)
#define ROUNDS 40

static unsigned char *make_buffer(void)
{
	unsigned char *buffer = aligned_alloc(PAGE, LENGTH + PAGE);

	if (!buffer) {
		perror("copy_offset");
		exit(EXIT_FAILURE);
	}
	memset(buffer, 1, LENGTH + PAGE);
	return buffer;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double time_memcpy(unsigned char *to, const unsigned char *from)
{
	double begun = now();

	for (size_t done = 0; done < FILE_BYTES; done += LENGTH) {
		memcpy(to, from, LENGTH);
		/* Keep the compiler from dropping the copy as unused. */
		__asm__ volatile("" : : "r"(to) : "memory");
	}
	return (now() - begun) / FILE_BYTES;
}

static double time_pread(unsigned char *to, int fd)
{
	double begun = now();

	for (size_t done = 0; done < FILE_BYTES; done += LENGTH) {
		if (pread(fd, to, LENGTH, (off_t)done) != (ssize_t)LENGTH) {
			fputs("copy_offset: FILE is too short\n", stderr);
			exit(EXIT_FAILURE);
		}
	}
	return (now() - begun) / FILE_BYTES;
}

static void keep_least(double *least, double figure)
{
	if (*least == 0 || figure < *least)
		*least = figure;
}

static void measure(unsigned int distance, int fd)
{
	unsigned char *from = make_buffer();
	unsigned char *to = make_buffer();
	double copy = 0;
	double read = 0;

	for (int round = 0; round < ROUNDS; round++) {
		keep_least(&copy, time_memcpy(to + distance, from));
		keep_least(&read, time_pread(to + distance, fd));
	}
	printf("%4u  memcpy %.3f  pread %.3f\n", distance, copy, read);
	free(from);
	free(to);
}

int main(int argc, char **argv)
{
	static const unsigned int distances[] = { 0, 8, 16, 32, 48, 64, 72, 128,
		512, 1024, 2048, 4088 };
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		fputs("usage: copy_offset FILE\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++)
		measure(distances[i], fd);
	close(fd);
	return 0;
}
