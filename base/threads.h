/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_THREADS_H
#define LW_BASE_THREADS_H

#include "base/error.h"

#include <stddef.h>

/* Work that is done by several threads at once, and awaited. */

/* More gain nothing where the bytes come from one device. */
#define LW_THREADS ((size_t)2)

/* Runs work(data) in that many threads (at most LW_THREADS), of which the caller's is one;
 * returns when all have ended. Where the system has no more threads, they are fewer: that is
 * slower, not wrong. */
void lw_threads_run(size_t threads, void *(*work)(void *data), void *data);

/* Calls one(data, i) for each i below n, from the last to the first, in that many threads. The
 * first error ends it and is returned; calls that were begun are finished. */
int lw_threads_each(size_t threads, size_t n,
		    int (*one)(void *data, size_t i, struct lw_error *e), void *data,
		    struct lw_error *e) LW_WARN_UNUSED;

#endif
