/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_URL_H
#define LW_FETCH_URL_H

/* URLs, by libcurl (RFC 3986): which may be asked, and where one leads from another. */

#include "base/error.h"

#include <stdbool.h>

/* 1: this machine, by HTTP or HTTPS; 0: another, by HTTPS; -1: none that may be asked (no URL,
 * another scheme, a name or password in it, plain HTTP to another machine). */
int lw_url_is_here(const char *url);

/* Where a Location leads from a URL. LW_E_FORMAT; LW_E_USAGE: to none that may be asked. Owned
 * by the caller. */
int lw_url_resolve(const char *url, const char *location, char **ret,
		   struct lw_error *e) LW_WARN_UNUSED;

/* Percent-encoded, for a query. Owned by the caller. */
char *lw_url_escape(const char *text);

/* Whether both name the same scheme, host and port. */
bool lw_url_is_same_origin(const char *a, const char *b);

#endif
