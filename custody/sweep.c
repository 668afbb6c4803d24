/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/sweep.h"

#include "base/mem.h"
#include "custody/state_pending.h"
#include "image/pending.h"

#include <stdlib.h>

struct file {
	struct lw_digest digest;
	uint64_t size;
};

struct sweeper {
	struct lw_store *store;
	struct file *files; /* owned; sorted after the listing */
	size_t n, cap, next;
	struct lw_hasher *hasher;
	struct lw_sweep sum;
};

static int take_file(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct sweeper *w = data;

	(void)e;
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 1024;
		w->files = lw_realloc_array(w->files, w->cap, sizeof(*w->files));
	}
	w->files[w->n++] = (struct file){ *d, size };
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return lw_digest_compare(&x->digest, &y->digest);
}

static void fault(struct sweeper *w, const struct lw_digest *d, uint64_t want, uint64_t have)
{
	const struct lw_sweep_fault f = { *d, want, have };

	if (w->sum.faults < LW_SWEEP_KEPT)
		w->sum.first[w->sum.faults] = f;
	w->sum.faults++;
	lw_hasher_add(w->hasher, &f, sizeof(f));
}

/* Removes the files before `until` (NULL: all that are left): no row names them. */
static int remove_before(struct sweeper *w, const struct lw_digest *until, struct lw_error *e)
{
	for (; w->next < w->n; w->next++) {
		const struct file *f = &w->files[w->next];

		if (until && lw_digest_compare(&f->digest, until) >= 0)
			break;
		int rc = lw_store_remove(w->store, &f->digest, e);
		if (rc)
			return rc;
		w->sum.removed++;
	}
	return 0;
}

static int take_row(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct sweeper *w = data;
	int rc = remove_before(w, d, e);

	if (rc)
		return rc;
	if (w->next == w->n || !lw_digest_equal(&w->files[w->next].digest, d)) {
		fault(w, d, size, LW_SWEEP_MISSING);
		return 0;
	}
	if (w->files[w->next].size != size)
		fault(w, d, size, w->files[w->next].size);
	w->next++;
	return 0;
}

int lw_sweep_store(struct lw_state *s, struct lw_store *store, struct lw_sweep *ret,
		   struct lw_error *e)
{
	LW_AUTO(hasher) struct lw_hasher *hasher = lw_hasher_new();
	struct sweeper w = { .store = store, .hasher = hasher };
	int rc = lw_store_each(store, take_file, &w, e);

	if (!rc && w.n)
		lw_sort(w.files, w.n, sizeof(*w.files), compare_files);
	if (!rc)
		rc = lw_state_each_blob(s, false, take_row, &w, e);
	if (!rc)
		rc = remove_before(&w, NULL, e);
	free(w.files);
	if (rc)
		return lw_prefix(e, "hold the store against the state");
	w.sum.fingerprint = lw_hasher_final(hasher);
	*ret = w.sum;
	return 0;
}

static int keep_bundle(void *data, const struct lw_digest *bundle, bool *stay,
		       struct lw_error *e)
{
	struct lw_state_pending p;
	int rc = lw_state_pending_get(data, bundle, &p, e);

	*stay = rc == 0;
	return rc == -LW_E_NOTFOUND ? 0 : rc;
}

static int keep_entry(void *data, const struct lw_digest *bundle, uint64_t entry, bool *stay,
		      struct lw_error *e)
{
	return lw_state_pending_is_staged(data, bundle, entry, stay, e);
}

int lw_sweep_pending(struct lw_state *s, struct lw_store *store, struct lw_error *e)
{
	const struct lw_pending_keep keep = { keep_bundle, keep_entry, s };
	int rc = lw_pending_sweep(store, &keep, e);

	return rc ? lw_prefix(e, "hold what is staged against the state") : 0;
}
