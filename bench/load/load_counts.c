/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_counts.h"

#include <stddef.h>

static const char *const names[LOAD_ERROR_COUNT] = {
	[LOAD_ERROR_CONNECT] = "connect",
	[LOAD_ERROR_CLOSED] = "closed",
	[LOAD_ERROR_PROTOCOL] = "protocol",
	[LOAD_ERROR_STATUS] = "status",
	[LOAD_ERROR_LENGTH] = "length",
	[LOAD_ERROR_CONTENT] = "content",
	[LOAD_ERROR_TIMEOUT] = "timeout",
};

const char *load_counts_error_name(enum load_error error)
{
	return error < LOAD_ERROR_COUNT ? names[error] : "none";
}
