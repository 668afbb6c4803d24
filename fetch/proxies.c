/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/proxies.h"

#include "base/ipc.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES ((size_t)4096)

const char *const lw_proxy_names[LW_PROXIES] = {
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
	"ALL_PROXY",  "no_proxy",    "NO_PROXY",
};

static bool is_sent(const char *value)
{
	return value && strlen(value) <= VALUE_BYTES;
}

void lw_proxies_put(const struct lw_proxies *p, struct lw_buf *out)
{
	uint32_t n = 0;

	for (size_t i = 0; i < LW_PROXIES; i++)
		n += is_sent(p->list[i]);
	lw_ipc_put_u32(out, n);
	for (size_t i = 0; i < LW_PROXIES; i++)
		if (is_sent(p->list[i])) {
			lw_ipc_put_str(out, lw_proxy_names[i]);
			lw_ipc_put_str(out, p->list[i]);
		}
}

static int take_one(struct lw_span *body, struct lw_error *e)
{
	lw_auto_free char *name = NULL;
	lw_auto_free char *value = NULL;
	int r = lw_ipc_take_str(body, VALUE_BYTES, &name, e);

	if (r == 0)
		r = lw_ipc_take_str(body, VALUE_BYTES, &value, e);
	for (size_t i = 0; r == 0 && i < LW_PROXIES; i++)
		if (strcmp(name, lw_proxy_names[i]) == 0 && setenv(name, value, 1) < 0)
			r = lw_fail_errno(e, "environment");
	return r;
}

int lw_proxies_take(struct lw_span *body, struct lw_error *e)
{
	uint32_t n = 0;
	int r = lw_ipc_take_u32(body, &n, e);

	for (; r == 0 && n > 0; n--)
		r = take_one(body, e);
	return r;
}
