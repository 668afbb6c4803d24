/* SPDX-License-Identifier: Apache-2.0 */

/* Classic signatures of cosign (SIGNATURE_SPEC.md; also made by skopeo and podman): a layer is
 * a simple signing payload, its annotation the signature over the layer's bytes. */

#include "base/encode.h"
#include "verify/judge_internal.h"

static int read_layer(const struct lw_piece *piece, struct lw_extracted *x, struct lw_error *e)
{
	static const char name[] = "dev.cosignproject.cosign/signature";
	struct lw_buf *sig = &x->signatures[0].sig;
	const char *text = NULL;
	int r = lw_piece_is_keyless(piece, e);

	if (r == 0)
		r = lw_piece_annotation(piece, name, &text, e);
	if (r < 0)
		return r;
	if (!text || !text[0])
		return lw_fail(e, LW_E_FORMAT, "annotation %s: missing", name);
	x->n_signatures = 1;
	r = lw_base64_decode(lw_span_str(text), LW_BASE64_STANDARD, sig, e);
	if (r < 0)
		return lw_prefix(e, "annotation %s", name);
	if (sig->n > LW_MAX_SIGNATURE_BYTES)
		return lw_fail(e, LW_E_LIMIT, "signature: want at most %zu bytes, have %zu",
			       LW_MAX_SIGNATURE_BYTES, sig->n);
	x->detached = true;
	return 0;
}

void lw_cosign_extract(const struct lw_piece *piece, struct lw_extracted *ret)
{
	struct lw_error e = { 0 };

	lw_extracted_settle(ret, read_layer(piece, ret, &e), &e);
}

int lw_cosign_read(const char *payload_type, struct lw_proven signed_bytes, struct lw_said *ret,
		   struct lw_error *e)
{
	(void)payload_type; /* there is none: the layer's media type is not signed */
	return lw_said_simple_signing(signed_bytes, ret, e);
}
