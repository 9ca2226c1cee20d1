/* SPDX-License-Identifier: MIT */
/* How far the CRC-32 of a file is made. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_CRC_STATE_H
#define FCGI_APP_ACTIONS_ARCHIVE_CRC_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* The CRC-32 of its first `offset` bytes; all zero: nothing is known. */
struct crc_state {
	uint64_t offset;
	uint32_t crc;
	/*
	 * The file had been changed so shortly before it was read that another
	 * change might have left it the same times.
	 */
	bool fresh;
};

#endif
