/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/seal.h"

int lw_seal_parse(struct lw_span seal, struct lw_dsse *ret, struct lw_error *e)
{
	size_t n = seal.n;

	if (seal.n != LW_MAX_SEAL_BYTES)
		return lw_fail(e, LW_E_FORMAT, "seal: want %zu bytes, have %zu",
			       LW_MAX_SEAL_BYTES, seal.n);
	while (n > 0 && seal.p[n - 1] == ' ')
		n--;
	return lw_dsse_parse(lw_span(seal.p, n), ret, e);
}

int lw_seal_write(const struct lw_dsse *d, struct lw_buf *out, struct lw_error *e)
{
	size_t start = out->n;

	lw_dsse_write(d, out);
	if (out->n - start > LW_MAX_SEAL_BYTES) {
		out->n = start;
		out->p[start] = '\0';
		return lw_fail(e, LW_E_LIMIT, "seal: no room for another approval");
	}
	lw_buf_fill(out, ' ', LW_MAX_SEAL_BYTES - (out->n - start));
	return 0;
}

int lw_seal_add(struct lw_dsse *d, const struct lw_digest *keyid, struct lw_span sig,
		struct lw_error *e)
{
	for (size_t i = 0; i < d->n_signatures; i++)
		if (lw_digest_equal(&d->signatures[i].keyid, keyid))
			return lw_fail(e, LW_E_EXISTS, "this key has approved already");
	if (d->n_signatures == LW_MAX_APPROVALS)
		return lw_fail(e, LW_E_LIMIT, "seal: it holds %d approvals already",
			       LW_MAX_APPROVALS);

	struct lw_dsse_signature *s = &d->signatures[d->n_signatures++];

	*s = (struct lw_dsse_signature){ .keyid = *keyid };
	lw_buf_add(&s->sig, sig.p, sig.n);
	return 0;
}
