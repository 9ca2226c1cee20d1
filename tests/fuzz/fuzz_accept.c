/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/accept. The input is an Accept field. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/accept.h"
#include "fcgi_app/policy/qvalue.h"

static void check(const char *accept, const char *type)
{
	enum accept_fit fit;
	int weight = accept_weight(accept, type, &fit);
	char *more = NULL;

	require(weight >= 0 && weight <= QVALUE_ONE);
	require(weight == 0 || fit != ACCEPT_NOT);
	/* An element in front that is ours alone goes before all others. */
	require(asprintf(&more, "%s;q=0.123,%s", type, accept) > 0);
	require(accept_weight(more, type, &fit) == 123);
	require(fit == ACCEPT_EXACT);
	free(more);
}

int fuzz_accept(const uint8_t *data, size_t size)
{
	char *accept = strndup((const char *)data, size);

	require(accept != NULL);
	check(accept, "text/html");
	check(accept, "application/json");
	free(accept);
	return 0;
}
