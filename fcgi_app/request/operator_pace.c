/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/operator_pace.h"

#include "common/fcgi/fcgi_params.h"
#include "common/parse_number.h"
#include "common/stream/pacer.h"
#include "fcgi_app/request/param_rule.h"

static const struct param_rule rate_rule = { "STREAM_RATE",
	"not a rate such as 500K or 2M, up to 1024G" };
static const struct param_rule burst_rule = { "STREAM_BURST",
	"not a size such as 64K or 1M" };

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

const struct param_rule *operator_pace_read(
    const struct fcgi_params *params, struct pacer_plan *ret)
{
	ret->burst = 0;
	if (read_size(params, "STREAM_RATE", &ret->rate) < 0 ||
	    ret->rate > PACER_RATE_MAX)
		return &rate_rule;
	if (ret->rate > 0 && read_size(params, "STREAM_BURST", &ret->burst) < 0)
		return &burst_rule;
	return NULL;
}
