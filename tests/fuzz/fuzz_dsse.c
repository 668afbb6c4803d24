/* SPDX-License-Identifier: Apache-2.0 */

/* DSSE envelopes: what parses keeps its caps, is written again to the same bytes, and what is
 * signed (PAE) says the length of each part. */

#include "base/mem.h"
#include "verify/dsse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pae(const struct lw_dsse *d)
{
	LW_AUTO(buf) struct lw_buf pae = { 0 };
	unsigned long long type = 0, payload = 0;
	int head = 0;

	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&d->payload), &pae);
	if (sscanf(lw_buf_str(&pae), "DSSEv1 %llu " LW_DSSE_IN_TOTO " %llu%n", &type, &payload,
		   &head) != 2)
		abort();
	if (type != strlen(LW_DSSE_IN_TOTO) || payload != d->payload.n ||
	    pae.n != (size_t)head + 1 + d->payload.n ||
	    (d->payload.n && memcmp(pae.p + head + 1, d->payload.p, d->payload.n) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lw_digest none;
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_error e = { 0 };
	int r = lw_dsse_parse(lw_span(data, size), &d, &e);

	if (r < 0) {
		if (-r != (int)e.code || e.code == LW_E_INTERNAL)
			abort();
		return 0;
	}
	if (d.n_signatures > LW_MAX_APPROVALS || d.payload.n > LW_MAX_STATEMENT_BYTES)
		abort();
	check_pae(&d);
	for (size_t i = 0; i < d.n_signatures; i++) {
		if (d.signatures[i].sig.n == 0 ||
		    d.signatures[i].sig.n > LW_MAX_SIGNATURE_BYTES + 4)
			abort();
		/* A key id that is no digest was dropped: then the spelling is another. */
		if (lw_digest_equal(&d.signatures[i].keyid, &none))
			return 0;
	}
	lw_dsse_write(&d, &again);
	if (!lw_span_equal(lw_span(data, size), lw_buf_span(&again)))
		abort();
	return 0;
}
