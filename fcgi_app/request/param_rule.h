/* SPDX-License-Identifier: MIT */
/* What a parameter that the operator sets must look like. */
#ifndef FCGI_APP_REQUEST_PARAM_RULE_H
#define FCGI_APP_REQUEST_PARAM_RULE_H

/*
 * Functions that read parameters return NULL, or the rule that is broken, for
 * request_bad_param().
 */
struct param_rule {
	const char *name;
	const char *fault; /* for the log: "not a rate such as 500K or 2M" */
};

#endif
