/* SPDX-License-Identifier: MIT */
/* Unit tests of doctor/doctor_advice. */
#include "config.h"

#include "doctor/doctor_advice.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static void knows_the_fronts_by_their_names(void **state)
{
	static const struct {
		const char *software;
		enum doctor_front front;
	} cases[] = {
		{ "nginx/1.22.1", DOCTOR_NGINX },
		{ "nginx", DOCTOR_NGINX },
		{ "Apache/2.4.71 (Debian)", DOCTOR_APACHE },
		{ "Apache", DOCTOR_APACHE },
		{ "lighttpd/1.4.69", DOCTOR_LIGHTTPD },
		{ "HAProxy 2.6.12-1+deb12u4", DOCTOR_HAPROXY },
		{ "haproxy", DOCTOR_HAPROXY },
		{ "Caddy/2.6.2", DOCTOR_CADDY },
		{ "Caddy", DOCTOR_CADDY },
		{ "", DOCTOR_OTHER },
		{ "ngin", DOCTOR_OTHER },
		{ "not nginx", DOCTOR_OTHER },
		{ NULL, DOCTOR_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (doctor_front_find(cases[i].software) != cases[i].front)
			fail_msg("%s", cases[i].software);
	for (int i = 0; i < DOCTOR_OTHER; i++)
		assert_int_equal(
		    doctor_front_find(doctor_front_name((enum doctor_front)i)),
		    i);
	assert_non_null(doctor_front_name(DOCTOR_OTHER));
}

static void has_advice_on_each_finding(void **state)
{
	(void)state;
	for (int finding = 0; finding < DOCTOR_FINDINGS; finding++)
		for (int front = 0; front < DOCTOR_FRONTS; front++) {
			struct doctor_advice advice =
			    doctor_advice_find((enum doctor_finding)finding,
				(enum doctor_front)front);

			if (!advice.text || !*advice.text ||
			    advice.text[strlen(advice.text) - 1] == '\n')
				fail_msg("%d, %d", finding, front);
		}
}

static void gives_the_line_that_mends_it(void **state)
{
	static const struct {
		enum doctor_finding finding;
		enum doctor_front front;
		bool problem;
		const char *has;
	} cases[] = {
		{ DOCTOR_LONG_HEAD_LIMIT, DOCTOR_NGINX, true,
		    "fastcgi_buffer_size 64k;" },
		{ DOCTOR_LONG_HEAD_LIMIT, DOCTOR_HAPROXY, false, "no harm" },
		{ DOCTOR_NO_LENGTH, DOCTOR_APACHE, true,
		    "SetEnv ap_trust_cgilike_cl 1" },
		{ DOCTOR_SPOOLS, DOCTOR_LIGHTTPD, true,
		    "server.stream-response-body = 2" },
		{ DOCTOR_BUFFERS_SOME, DOCTOR_CADDY, false,
		    "flush_interval -1" },
		{ DOCTOR_SILENT_IDLE, DOCTOR_APACHE, false, "something" },
		{ DOCTOR_SILENT_IDLE, DOCTOR_NGINX, true,
		    "fastcgi_ignore_client_abort off;" },
		{ DOCTOR_NO_ROOT, DOCTOR_OTHER, true, "DOCUMENT_ROOT" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct doctor_advice advice =
		    doctor_advice_find(cases[i].finding, cases[i].front);

		if (advice.problem != cases[i].problem ||
		    !strstr(advice.text, cases[i].has))
			fail_msg("%zu: %s", i, advice.text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_fronts_by_their_names),
		cmocka_unit_test(has_advice_on_each_finding),
		cmocka_unit_test(gives_the_line_that_mends_it),
	};

	return cmocka_run_group_tests_name("doctor_advice", tests, NULL, NULL);
}
