/* SPDX-License-Identifier: Apache-2.0 */
#include "base/threads.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

void lw_threads_run(size_t threads, void *(*work)(void *data), void *data)
{
	pthread_t others[LW_THREADS - 1];
	size_t n = 0;

	while (n + 1 < threads && n < LW_COUNT_OF(others) &&
	       pthread_create(&others[n], NULL, work, data) == 0)
		n++;
	(void)work(data);
	while (n > 0)
		(void)pthread_join(others[--n], NULL);
}

struct each {
	int (*one)(void *data, size_t i, struct lw_error *e);
	void *data;
	size_t n;
	atomic_size_t begun;
	atomic_bool failed; /* whoever sets it writes what is below */
	int r;
	struct lw_error error;
};

static void *each_main(void *data)
{
	struct each *w = data;
	size_t i;

	while (!atomic_load(&w->failed) && (i = atomic_fetch_add(&w->begun, 1)) < w->n) {
		struct lw_error e = { 0 };
		int r = w->one(w->data, w->n - 1 - i, &e);

		if (r < 0 && !atomic_exchange(&w->failed, true)) {
			w->r = r;
			w->error = e;
		}
	}
	return NULL;
}

int lw_threads_each(size_t threads, size_t n,
		    int (*one)(void *data, size_t i, struct lw_error *e), void *data,
		    struct lw_error *e)
{
	struct each w = { .one = one, .data = data, .n = n };

	lw_threads_run(threads, each_main, &w);
	if (w.r < 0)
		*e = w.error;
	return w.r;
}
