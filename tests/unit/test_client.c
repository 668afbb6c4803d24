/* SPDX-License-Identifier: Apache-2.0 */

/* Where a registry may lead who pushes. */

#include "registry/client_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void leads(void **state)
{
	static const struct {
		const char *origin, *url;
		bool plain, may;
	} cases[] = {
		{ "https://hub.example", "https://hub.example/x", false, true },
		{ "https://hub.example", "https://cdn.example/x", false, true },
		{ "https://hub.example", "https://hub.example:8443/x", false, true },
		{ "https://hub.example", "http://hub.example/x", false, false },
		{ "https://hub.example", "http://127.0.0.1:6379/x", false, false },
		{ "https://hub.example", "https://127.0.0.1/x", false, false },
		{ "https://hub.example", "https://localhost:8443/x", false, false },
		{ "https://hub.example", "https://[::1]/x", false, false },
		{ "https://hub.example", "file:///etc/passwd", false, false },
		{ "https://hub.example", "https://a:b@hub.example/", false, false },
		{ "https://hub.example", "", false, false },
		{ "https://127.0.0.1:5000", "https://localhost:5001/x", false, true },
		{ "https://127.0.0.1:5000", "http://127.0.0.1:5000/x", false, false },
		{ "http://127.0.0.1:5000", "http://localhost:5001/x", true, true },
		{ "http://127.0.0.1:5000", "https://cdn.example/x", true, true },
		{ "http://127.0.0.1:5000", "http://cdn.example/x", true, false },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		lw_auto_free char *origin = lw_strdup(cases[i].origin);
		const struct lw_registry_client c = { .origin = origin,
						      .plain = cases[i].plain };

		assert_int_equal(lw_client_may_lead(&c, cases[i].url), cases[i].may);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(leads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
