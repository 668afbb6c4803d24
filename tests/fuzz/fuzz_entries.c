/* SPDX-License-Identifier: Apache-2.0 */

/* Entry lists: what parses is written again to the same bytes, is in strict order, adds up, and
 * every entry is found again. */

#include "base/limits.h"
#include "base/mem.h"
#include "bundle/entries.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct lw_entries *entries)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < entries->n; i++) {
		const struct lw_entry *x = &entries->list[i];

		if (x->size > LW_MAX_BLOB_BYTES || x->flags != 0)
			abort();
		if (i > 0 &&
		    lw_entry_compare(&x[-1].digest, x[-1].size, &x->digest, x->size) >= 0)
			abort();
		if (lw_entries_find(entries, &x->digest, x->size) != x ||
		    (lw_entries_find(entries, &x->digest, x->size + 1) &&
		     lw_entries_find(entries, &x->digest, x->size + 1)->size != x->size + 1))
			abort();
		bytes += x->size;
	}
	if (bytes != entries->bytes)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_entries entries = { 0 };
	struct lw_error e = { 0 };
	int r;

	lw_buf_add(&text, data, size);
	r = lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&text)), &text, &entries, &e);
	if (text.n != 0)
		abort();
	if (r < 0) {
		if (-r != (int)e.code || e.code == LW_E_INTERNAL || entries.list || entries.n)
			abort();
		return 0;
	}
	check_list(&entries);
	lw_entries_write(&entries, &again);
	if (!lw_span_equal(lw_span(data, size), lw_buf_span(&again)))
		abort();
	lw_entries_release(&entries);
	return 0;
}
