/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/operator_pace.h"

#include "common/fcgi/fcgi_params.h"
#include "common/parse_number.h"
#include "common/stream/pacer.h"

/* Returns 0 or -errno; a parameter that is absent or empty is 0 bytes. */
static int read_size(
    const struct fcgi_params *params, const char *name, uint64_t *ret)
{
	const char *text = fcgi_params_get(params, name);

	if (text && *text)
		return parse_size(text, ret);
	*ret = 0;
	return 0;
}

const char *operator_pace_read(
    const struct fcgi_params *params, struct pacer_plan *ret)
{
	ret->burst = 0;
	if (read_size(params, "STREAM_RATE", &ret->rate) < 0 ||
	    ret->rate > PACER_RATE_MAX)
		return "STREAM_RATE";
	if (ret->rate > 0 && read_size(params, "STREAM_BURST", &ret->burst) < 0)
		return "STREAM_BURST";
	return NULL;
}
