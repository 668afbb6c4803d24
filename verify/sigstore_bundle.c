/* SPDX-License-Identifier: Apache-2.0 */

/* Sigstore bundles 0.1 to 0.3 (protobuf-specs, sigstore_bundle.proto) of a public key: a DSSE
 * envelope and a hint which key made it. Names are in lowerCamelCase, what is absent or null is
 * its default (proto3 JSON). Log entries and time stamps prove nothing that a key of policy
 * needs: they are JSON here and no more. */

#include "base/mem.h"
#include "base/text.h"
#include "verify/judge_internal.h"

#define FAMILY "application/vnd.dev.sigstore.bundle"

/* At most one of the members is set (a oneof of protobuf). */
struct material {
	const struct lw_json *public_key, *certificate, *chain;
};

struct content {
	const char *media_type;
	const struct lw_json *material, *envelope, *message;
};

/* A member that is said: NULL for null, too. */
static const struct lw_json *said(const struct lw_json *m)
{
	return m && lw_json_type(m) != LW_JSON_NULL ? m : NULL;
}

static int check_media_type(const char *type, struct lw_error *e)
{
	const struct lw_judge *judge = lw_judge_for(type);
	char shown[96];

	if (judge && judge->extract == lw_sigstore_bundle_extract)
		return 0;
	return lw_fail(
		e, strncmp(type, FAMILY, strlen(FAMILY)) == 0 ? LW_E_UNSUPPORTED : LW_E_FORMAT,
		"bundle: media type '%s'", lw_text_escape_str(type, shown, sizeof(shown)));
}

static int read_hint(const struct lw_json *public_key, char *out, size_t size,
		     struct lw_error *e)
{
	const char *hint = "";
	static const struct lw_json_field fields[] = {
		{ .name = "hint", .reader = LW_JSON_READ_STRING },
	};
	int r = lw_json_read(public_key, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "public key", &hint, e);

	if (r == 0 && hint[0]) /* else the envelope's own */
		(void)lw_text_escape_str(hint, out, size);
	return r;
}

static int read_material(const struct lw_json *node, struct lw_extracted *x, struct lw_error *e)
{
	struct material f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "publicKey",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(struct material, public_key) },
		{ .name = "certificate",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(struct material, certificate) },
		{ .name = "x509CertificateChain",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(struct material, chain) },
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "verification material", &f, e);
	if (r < 0)
		return r;

	int n = !!said(f.public_key) + !!said(f.certificate) + !!said(f.chain);

	if (n != 1)
		return lw_fail(e, LW_E_FORMAT, "verification material: want one, have %d", n);
	if (!said(f.public_key))
		return lw_fail(e, LW_E_UNSUPPORTED, "keyless: certificate");
	return read_hint(f.public_key, x->signatures[0].key_hint,
			 sizeof(x->signatures[0].key_hint), e);
}

static int read_bundle(const struct lw_json *root, struct lw_extracted *x, struct lw_error *e)
{
	struct content f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "mediaType",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct content, media_type) },
		{ .name = "verificationMaterial",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct content, material) },
		{ .name = "dsseEnvelope",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(struct content, envelope) },
		{ .name = "messageSignature",
		  .reader = LW_JSON_READ_ANY,
		  .offset = offsetof(struct content, message) },
	};
	int r = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "bundle", &f, e);
	if (r == 0)
		r = check_media_type(f.media_type, e);
	if (r < 0)
		return r;
	if (!said(f.envelope) == !said(f.message))
		return lw_fail(e, LW_E_FORMAT,
			       "bundle: want either an envelope or a message's signature");
	if (said(f.message))
		return lw_fail(e, LW_E_UNSUPPORTED, "bundle: a message's signature");
	/* One signature: the specification's own limit. */
	r = lw_envelope_read(f.envelope, 1, x, e);
	if (r < 0)
		return r;
	return read_material(f.material, x, e);
}

static int read_piece(const struct lw_piece *piece, struct lw_extracted *x, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(piece->bytes, &LW_JSON_ENVELOPE, &doc, e);

	return r < 0 ? r : read_bundle(lw_json_root(doc), x, e);
}

void lw_sigstore_bundle_extract(const struct lw_piece *piece, struct lw_extracted *ret)
{
	struct lw_error e = { 0 };

	lw_extracted_settle(ret, read_piece(piece, ret, &e), &e);
}
