/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_PROXIES_H
#define LW_FETCH_PROXIES_H

/* What an environment says of proxies, by the names that libcurl knows: handed to a process
 * that speaks to the network, which gets no other environment. */

#include "base/buf.h"

#define LW_PROXIES 7
extern const char *const lw_proxy_names[LW_PROXIES];

struct lw_proxies {
	const char *list[LW_PROXIES]; /* borrowed, in the order of the names; NULL: not set */
};

/* One that is longer than any proxy's is left out. */
void lw_proxies_put(const struct lw_proxies *p, struct lw_buf *out);
/* Sets them in this process's environment; what is not in the list is let be. LW_E_JAIL. */
int lw_proxies_take(struct lw_span *body, struct lw_error *e) LW_WARN_UNUSED;

#endif
