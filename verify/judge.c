/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/judge.h"

#include "base/ipc.h"
#include "base/mem.h"
#include "base/text.h"
#include "verify/dsse.h"
#include "verify/judge_internal.h"

static const char *const cosign_types[] = { "application/vnd.dev.cosign.simplesigning.v1+json",
					    NULL };
static const char *const dsse_types[] = { "application/vnd.dsse.envelope.v1+json", NULL };
static const char *const sigstore_bundle_types[] = {
	"application/vnd.dev.sigstore.bundle.v0.3+json",
	"application/vnd.dev.sigstore.bundle+json;version=0.1",
	"application/vnd.dev.sigstore.bundle+json;version=0.2",
	"application/vnd.dev.sigstore.bundle+json;version=0.3", NULL
};
static const char *const notary_types[] = { "application/jose+json", "application/cose", NULL };

static const struct lw_judge judges[] = {
	{ "cosign", cosign_types, lw_cosign_extract, lw_cosign_read },
	{ "dsse", dsse_types, lw_attestation_extract, lw_attestation_read },
	{ "sigstore-bundle", sigstore_bundle_types, lw_sigstore_bundle_extract,
	  lw_attestation_read },
	{ "notary-project", notary_types, NULL, NULL },
};

const struct lw_judge *lw_judge_for(const char *media_type)
{
	for (size_t i = 0; i < LW_COUNT_OF(judges); i++)
		for (const char *const *t = judges[i].media_types; *t; t++)
			if (strcmp(*t, media_type) == 0)
				return &judges[i];
	return NULL;
}

/* ---- what the judges share ---- */

const struct lw_json_limits LW_JSON_ENVELOPE = {
	.bytes = LW_MAX_EVIDENCE_BYTES,
	.nodes = LW_MAX_ENVELOPE_NODES,
	.keys = LW_MAX_ENVELOPE_NODES,
	.string = LW_MAX_JSON_STRING,
	.depth = LW_MAX_JSON_DEPTH,
};

int lw_piece_annotation(const struct lw_piece *piece, const char *name, const char **ret,
			struct lw_error *e)
{
	const struct lw_json *m = piece->annotations ? lw_json_first(piece->annotations) : NULL;

	while (m && strcmp(lw_json_key(m), name) != 0)
		m = lw_json_next(m);
	if (m && !lw_json_string(m))
		return lw_fail(e, LW_E_FORMAT, "annotation %s: want a string", name);
	*ret = m ? lw_json_string(m) : NULL;
	return 0;
}

int lw_piece_is_keyless(const struct lw_piece *piece, struct lw_error *e)
{
	const char *certificate = NULL;
	int r = lw_piece_annotation(piece, "dev.sigstore.cosign/certificate", &certificate, e);

	if (r < 0)
		return r;
	/* cosign takes an empty one for none. */
	return certificate && certificate[0]
		       ? lw_fail(e, LW_E_UNSUPPORTED, "keyless: certificate")
		       : 0;
}

void lw_extracted_settle(struct lw_extracted *x, int r, const struct lw_error *e)
{
	size_t n = sizeof(x->why) - 1;

	if (r == 0) {
		x->state = LW_EXTRACTED_SIGNED;
		return;
	}
	lw_extracted_release(x);
	*x = (struct lw_extracted){ .state = r == -LW_E_UNSUPPORTED ? LW_EXTRACTED_UNSUPPORTED
								    : LW_EXTRACTED_MALFORMED };
	(void)snprintf(x->why, sizeof(x->why), "%.*s", (int)n, e->text);
	/* not cut in the middle of a character */
	while (n > 0 && !lw_text_is_utf8(lw_span_str(x->why)))
		x->why[--n] = '\0';
}

void lw_extracted_message(const struct lw_extracted *x, struct lw_span piece,
			  struct lw_buf *out)
{
	if (x->detached)
		lw_buf_add(out, piece.p, piece.n);
	else
		lw_dsse_pae(x->payload_type, lw_buf_span(&x->payload), out);
}

void lw_extracted_release(struct lw_extracted *x)
{
	lw_buf_free(&x->payload);
	for (size_t i = 0; i < x->n_signatures; i++)
		lw_buf_free(&x->signatures[i].sig);
	x->n_signatures = 0;
}

/* ---- across the wall ---- */

void lw_extracted_put(const struct lw_extracted *x, struct lw_buf *out)
{
	lw_ipc_put_u32(out, x->state);
	lw_ipc_put_str(out, x->why);
	lw_ipc_put_u32(out, x->detached);
	lw_ipc_put_str(out, x->payload_type);
	lw_ipc_put_bytes(out, lw_buf_span(&x->payload));
	lw_ipc_put_u32(out, (uint32_t)x->n_signatures);
	for (size_t i = 0; i < x->n_signatures; i++) {
		lw_ipc_put_bytes(out, lw_buf_span(&x->signatures[i].sig));
		lw_ipc_put_str(out, x->signatures[i].key_hint);
	}
}

/* A text that fits `out`, its NUL included. */
static int take_text(struct lw_span *body, char *out, size_t size, struct lw_error *e)
{
	lw_auto_free char *text = NULL;
	int r = lw_ipc_take_str(body, size - 1, &text, e);

	if (r < 0)
		return r;
	if (!lw_text_is_utf8(lw_span_str(text)))
		return lw_fail(e, LW_E_JAIL, "evidence: text that is none");
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int take_signature(struct lw_span *body, struct lw_extracted *x, struct lw_error *e)
{
	struct lw_extracted_signature *s = &x->signatures[x->n_signatures];
	struct lw_span sig;
	int r = lw_ipc_take_bytes(body, LW_MAX_SIGNATURE_BYTES, &sig, e);

	if (r == 0 && sig.n == 0)
		r = lw_fail(e, LW_E_JAIL, "evidence: an empty signature");
	if (r == 0)
		r = take_text(body, s->key_hint, sizeof(s->key_hint), e);
	if (r < 0)
		return r;
	lw_buf_add(&s->sig, sig.p, sig.n);
	x->n_signatures++;
	return 0;
}

/* What no honest box says: a state of none, signatures where nothing is signed, or none where
 * something is, a detached payload, a payload without a type. */
static int check_whole(const struct lw_extracted *x, struct lw_error *e)
{
	bool attached = x->payload.n > 0 && x->payload_type[0];
	bool bare = x->payload.n == 0 && !x->payload_type[0];
	bool right =
		x->state == LW_EXTRACTED_SIGNED
			? x->n_signatures > 0 && !x->why[0] && (x->detached ? bare : attached)
			: x->n_signatures == 0 && x->why[0] && !x->detached && bare;

	return right ? 0 : lw_fail(e, LW_E_JAIL, "evidence: parts that do not fit");
}

static int take_all(struct lw_span *body, struct lw_extracted *x, struct lw_error *e)
{
	uint32_t state = 0, detached = 0, n = 0;
	struct lw_span payload = { 0 };
	int r = lw_ipc_take_u32(body, &state, e);

	if (r == 0)
		r = take_text(body, x->why, sizeof(x->why), e);
	if (r == 0)
		r = lw_ipc_take_u32(body, &detached, e);
	if (r == 0)
		r = take_text(body, x->payload_type, sizeof(x->payload_type), e);
	if (r == 0)
		r = lw_ipc_take_bytes(body, LW_MAX_EVIDENCE_BYTES, &payload, e);
	if (r == 0)
		r = lw_ipc_take_u32(body, &n, e);
	if (r == 0 &&
	    (state > LW_EXTRACTED_SIGNED || detached > 1 || n > LW_MAX_ENVELOPE_SIGNATURES))
		r = lw_fail(e, LW_E_JAIL, "evidence: a number out of range");
	while (r == 0 && x->n_signatures < n)
		r = take_signature(body, x, e);
	if (r < 0)
		return r;
	x->state = (enum lw_extracted_state)state;
	x->detached = detached == 1;
	lw_buf_add(&x->payload, payload.p, payload.n);
	return check_whole(x, e);
}

int lw_extracted_take(struct lw_span *body, struct lw_extracted *ret, struct lw_error *e)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	struct lw_span rest = *body;
	int r = take_all(&rest, &x, e);

	if (r < 0)
		return r;
	*body = rest;
	*ret = x;
	x = (struct lw_extracted){ 0 };
	return 0;
}
