/* SPDX-License-Identifier: Apache-2.0 */

/* Changes to a TUF repository as they come by post. What is read and found sound can be shown,
 * written, read again as the same change, and is never complete without signatures. */

#include "base/mem.h"
#include "tuf/change.h"
#include "tuf/difference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

static size_t signatures(const struct lw_change *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->roles[i].next ? c->roles[i].next->signatures->n : 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(change) struct lw_change c = { 0 }, again = { 0 };
	LW_AUTO(buf) struct lw_buf file = { 0 }, text = { 0 };
	struct lw_digest a, b;
	struct lw_error e = { 0 };
	size_t added = 0;
	bool complete = false;

	if (lw_change_parse(lw_span(data, size), &c, &e) < 0 ||
	    lw_change_check(&c, 0, &e) < 0) {
		must(e.code != LW_OK && e.code != LW_E_INTERNAL);
		return 0;
	}
	must(lw_difference_write(&c, &text, &e) == 0 && text.n > 0);
	must(lw_difference_signers(&c, LW_DIFFERENCE_ALL, &text, &e) == 0);
	if (lw_change_complete(&c, &complete, &e) == 0 && complete)
		must(signatures(&c) >= lw_change_count(&c));
	lw_change_print(&c, &file);
	must(lw_change_parse(lw_buf_span(&file), &again, &e) == 0);
	must(lw_change_check(&again, 0, &e) == 0);
	a = lw_change_digest(&c);
	b = lw_change_digest(&again);
	must(lw_digest_equal(&a, &b));
	must(lw_change_merge(&c, &again, &added, &e) == 0 && added == 0);
	return 0;
}
