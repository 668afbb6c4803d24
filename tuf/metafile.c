/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/metafile.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "verify/tuf_metadata.h"
#include "verify/tuf_signed.h"

#include <string.h>

#define SPEC_VERSION "1.0.34"

static enum lw_tuf_type type_of(const char *role)
{
	static const enum lw_tuf_type types[] = { LW_TUF_ROOT, LW_TUF_TIMESTAMP,
						  LW_TUF_SNAPSHOT };

	for (size_t i = 0; i < LW_COUNT_OF(types); i++)
		if (strcmp(lw_tuf_type_name(types[i]), role) == 0)
			return types[i];
	return LW_TUF_TARGETS;
}

/* Whether the client would take it. Nobody is believed for that: what it says is thrown away.
 */
static int check(const char *role, const struct lw_metafile *m, struct lw_error *e)
{
	LW_AUTO(tuf_metadata) struct lw_tuf_metadata *read = NULL;
	LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	int r;

	lw_metafile_print(m, &text);
	r = lw_tuf_split(lw_buf_span(&text), &halves, e);
	return r < 0 ? r
		     : lw_tuf_metadata_parse(
			       lw_unproven_in_the_box(lw_buf_span(&halves.message)),
			       type_of(role), &read, e);
}

int lw_metafile_take(struct lw_arena *a, const char *role, struct lw_value *tree,
		     struct lw_metafile **ret, struct lw_error *e)
{
	struct lw_value *body = lw_value_get_object(tree, "signed");
	struct lw_value *signatures = lw_value_get_array(tree, "signatures");
	struct lw_metafile *m = lw_arena_alloc(a, sizeof(*m));
	int r;

	if (!body || !signatures || tree->n != 2)
		return lw_fail(e, LW_E_FORMAT, "want \"signed\" and \"signatures\" only");
	*m = (struct lw_metafile){ body, signatures,
				   lw_value_get(body, "delegations") ||
					   lw_value_get(body, "keys") };
	r = check(role, m, e);
	if (r == 0)
		*ret = m;
	return r;
}

int lw_metafile_parse(struct lw_arena *a, const char *role, struct lw_span bytes,
		      struct lw_metafile **ret, struct lw_error *e)
{
	struct lw_value *tree = NULL;
	int r = lw_value_parse(a, bytes, &tree, e);

	return r < 0 ? r : lw_metafile_take(a, role, tree, ret, e);
}

struct lw_metafile *lw_metafile_draft(struct lw_arena *a, const struct lw_metafile *m)
{
	struct lw_metafile *d = lw_arena_alloc(a, sizeof(*d));

	*d = (struct lw_metafile){ lw_value_copy(a, m->body), lw_value_array(a),
				   m->may_delegate };
	return d;
}

struct lw_metafile *lw_metafile_new(struct lw_arena *a, const char *type)
{
	struct lw_metafile *m = lw_arena_alloc(a, sizeof(*m));

	*m = (struct lw_metafile){ lw_value_object(a), lw_value_array(a),
				   strcmp(type, "root") == 0 };
	lw_value_set(a, m->body, "_type", lw_value_string(a, type));
	lw_value_set(a, m->body, "spec_version", lw_value_string(a, SPEC_VERSION));
	return m;
}

int64_t lw_metafile_version(const struct lw_metafile *m)
{
	return lw_value_get_integer(m->body, "version");
}

int64_t lw_metafile_expires(const struct lw_metafile *m)
{
	const char *text = lw_value_get_string(m->body, "expires");
	int64_t sec = 0;

	if (!text || lw_time_parse(lw_span_str(text), &sec, NULL) < 0)
		return 0;
	return sec;
}

/* ---- bytes ---- */

void lw_metafile_print(const struct lw_metafile *m, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_key(&w, "signatures");
	lw_value_write(&w, m->signatures);
	lw_json_w_key(&w, "signed");
	lw_value_write(&w, m->body);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(out, '\n');
}

int lw_metafile_message(const struct lw_metafile *m, struct lw_buf *out, struct lw_error *e)
{
	return lw_value_message(m->body, out, e);
}

/* ---- signatures ---- */

static struct lw_value *find(const struct lw_metafile *m, const char *keyid)
{
	for (size_t i = 0; i < m->signatures->n; i++) {
		const char *id = lw_value_get_string(m->signatures->list[i], "keyid");

		if (id && strcmp(id, keyid) == 0)
			return m->signatures->list[i];
	}
	return NULL;
}

bool lw_metafile_signature(const struct lw_metafile *m, const char *keyid, struct lw_buf *out)
{
	const char *hex = lw_value_get_string(find(m, keyid), "sig");
	size_t n = hex ? strlen(hex) / 2 : 0;

	if (n == 0)
		return false;
	lw_buf_reserve(out, n);
	if (lw_hex_decode(lw_span_str(hex), out->p + out->n, n, NULL) < 0)
		return false;
	out->n += n;
	out->p[out->n] = '\0';
	return true;
}

void lw_metafile_sign(struct lw_arena *a, struct lw_metafile *m, const char *keyid,
		      struct lw_span signature)
{
	struct lw_value *entry = find(m, keyid);
	char *hex = lw_arena_alloc(a, 2 * signature.n + 1);

	if (!entry) {
		entry = lw_value_object(a);
		lw_value_set(a, entry, "keyid", lw_value_string(a, keyid));
		lw_value_append(a, m->signatures, entry);
	}
	lw_value_set(a, entry, "sig", lw_value_string(a, lw_hex_encode(signature, hex)));
}
