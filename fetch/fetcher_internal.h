/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_FETCHER_INTERNAL_H
#define LW_FETCH_FETCHER_INTERNAL_H

/* What both sides of fetch/fetcher.h say. */

#include "base/buf.h"
#include "base/ipc.h"
#include "fetch/fetcher.h"

enum lw_fetch_message {
	LW_FETCH_SETTINGS = 1, /* ca file ("" for the system's), proxies */
	LW_FETCH_GET,	       /* URL, max */
	LW_FETCH_BYTES = 100,  /* some */
	LW_FETCH_DONE,
	LW_FETCH_ERROR, /* code, text */
};

#define LW_FETCH_URL_BYTES   ((size_t)8192)
#define LW_FETCH_VALUE_BYTES ((size_t)4096)

#endif
