/* SPDX-License-Identifier: Apache-2.0 */

/* A seal as the box reads it: the input, padded with spaces to a seal's length (one that is
 * longer is cut there). What parses is written again to the same bytes. */

#include "base/mem.h"
#include "bundle/seal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(buf) struct lw_buf seal = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_error e = { 0 };
	int r;

	lw_buf_add(&seal, data, size < LW_MAX_SEAL_BYTES ? size : LW_MAX_SEAL_BYTES);
	lw_buf_fill(&seal, ' ', LW_MAX_SEAL_BYTES - seal.n);
	r = lw_seal_parse(lw_buf_span(&seal), &d, &e);
	if (r < 0) {
		if (-r != (int)e.code || (e.code != LW_E_FORMAT && e.code != LW_E_LIMIT))
			abort();
		return 0;
	}
	if (d.n_signatures > LW_MAX_APPROVALS || d.payload.n > LW_MAX_STATEMENT_BYTES)
		abort();
	/* A key id that is no digest is a hint that was dropped: then the spelling is another.
	 */
	for (size_t i = 0; i < d.n_signatures; i++)
		if (lw_digest_equal(&d.signatures[i].keyid, &(struct lw_digest){ { 0 } }))
			return 0;
	if (lw_seal_write(&d, &again, &e) < 0 ||
	    !lw_span_equal(lw_buf_span(&seal), lw_buf_span(&again)))
		abort();
	return 0;
}
