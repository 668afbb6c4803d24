/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/requirement.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "verify/key.h"
#include "verify/tuf_key.h"

#define OWNER_OF_OTHERS "x-tuf-on-ci-keyowner"
#define PEM_LINE	((size_t)64)

static char *keep(struct lw_arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = lw_arena_alloc(a, n);

	memcpy(copy, s, n);
	return copy;
}

/* ---- reading ---- */

/* What this program makes of a key object; NULL: nothing. */
static struct lw_key *usable(const struct lw_value *key)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_key *k = NULL;

	lw_value_print(&text, key);
	if (lw_json_parse(lw_buf_span(&text), &LW_JSON_STRICT, &doc, NULL) < 0 ||
	    lw_tuf_key_parse(lw_json_root(doc), &k, NULL) < 0)
		return NULL;
	return k;
}

static void read_holder(struct lw_arena *a, const char *keyid, const struct lw_value *key,
			struct lw_holder *h)
{
	LW_AUTO(key) struct lw_key *k = usable(key);
	const char *name = lw_value_get_string(key, LW_TUF_NAME_KEY);
	LW_AUTO(buf) struct lw_buf object = { 0 };
	char hex[65];

	*h = (struct lw_holder){ .keyid = keyid, .key = key, .supported = k != NULL };
	lw_value_print(&object, key);
	h->fingerprint = k ? *lw_key_fingerprint(k) : lw_digest_of(lw_buf_span(&object));
	h->named = name && lw_text_is_label(lw_span_str(name));
	if (!h->named)
		name = lw_value_get_string(key, OWNER_OF_OTHERS);
	if (!name || !lw_text_is_plain(lw_span_str(name)) || strlen(name) > LW_MAX_LABEL) {
		lw_digest_hex(&h->fingerprint, hex);
		hex[12] = '\0';
		name = keep(a, hex);
	}
	h->name = name;
}

static int is_new(const struct lw_requirement *q, const struct lw_holder *h, struct lw_error *e)
{
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->list[i].keyid, h->keyid) == 0)
			return lw_fail(e, LW_E_CONFLICT, "key %s stands twice", h->keyid);
		if (lw_digest_equal(&q->list[i].fingerprint, &h->fingerprint))
			return lw_fail(e, LW_E_CONFLICT,
				       "one public key stands twice, for %s and %s",
				       q->list[i].name, h->name);
		if (strcmp(q->list[i].name, h->name) == 0)
			return lw_fail(e, LW_E_CONFLICT,
				       "%s stands twice: a threshold counts people", h->name);
	}
	return 0;
}

static int read_list(struct lw_arena *a, const struct lw_value *keys,
		     const struct lw_value *ids, struct lw_requirement *q, struct lw_error *e)
{
	char shown[128];

	q->list = lw_arena_alloc(a, (ids->n + 1) * sizeof(*q->list));
	for (size_t i = 0; i < ids->n; i++) {
		const char *id =
			ids->list[i]->type == LW_JSON_STRING ? ids->list[i]->string : "";
		const struct lw_value *key = lw_value_get_object(keys, id);
		int r;

		if (!key)
			return lw_fail(e, LW_E_FORMAT, "no key '%s' is there",
				       lw_text_escape_str(id, shown, sizeof(shown)));
		read_holder(a, id, key, &q->list[q->n]);
		r = is_new(q, &q->list[q->n], e);
		if (r < 0)
			return r;
		q->n++;
	}
	return 0;
}

int lw_requirement_read(struct lw_arena *a, const char *by, const struct lw_value *keys,
			const struct lw_value *role, struct lw_requirement *ret,
			struct lw_error *e)
{
	const struct lw_value *ids = lw_value_get_array(role, "keyids");
	struct lw_requirement q = { .by = by,
				    .threshold = lw_value_get_integer(role, "threshold"),
				    .until = lw_value_get_string(role, LW_TUF_UNTIL_KEY) };
	int r = 0;

	if (!keys || keys->type != LW_JSON_OBJECT || !ids || q.threshold < 1)
		return lw_fail(e, LW_E_FORMAT, "want keys and a threshold of 1 or more");
	if (ids->n > LW_MAX_TUF_ROLE_KEYS)
		return lw_fail(e, LW_E_LIMIT, "%zu keys, want at most %zu", ids->n,
			       LW_MAX_TUF_ROLE_KEYS);
	r = read_list(a, keys, ids, &q, e);
	if (r == 0 && (uint64_t)q.threshold > q.n)
		r = lw_fail(e, LW_E_CONFLICT, "a threshold of %lld with %zu keys",
			    (long long)q.threshold, q.n);
	if (r == 0)
		*ret = q;
	return r;
}

/* ---- signatures ---- */

enum lw_signed lw_requirement_check(const struct lw_holder *h, const struct lw_metafile *m,
				    struct lw_span message)
{
	LW_AUTO(buf) struct lw_buf signature = { 0 };

	if (!lw_metafile_signature(m, h->keyid, &signature))
		return LW_SIGNED_NOT;

	LW_AUTO(key) struct lw_key *k = usable(h->key);
	enum lw_key_check check =
		k ? lw_key_verify(k, message, lw_buf_span(&signature)) : LW_KEY_UNSUPPORTED;

	return check == LW_KEY_GOOD	     ? LW_SIGNED_GOOD
	       : check == LW_KEY_UNSUPPORTED ? LW_SIGNED_UNSUPPORTED
					     : LW_SIGNED_BAD;
}

size_t lw_requirement_count(const struct lw_requirement *q, const struct lw_metafile *m,
			    struct lw_span message)
{
	size_t n = 0;

	/* No public key stands twice in a requirement. */
	for (size_t i = 0; i < q->n; i++)
		n += lw_requirement_check(&q->list[i], m, message) == LW_SIGNED_GOOD;
	return n;
}

bool lw_requirement_equal(const struct lw_requirement *a, const struct lw_requirement *b)
{
	size_t same = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			same += strcmp(a->list[i].keyid, b->list[j].keyid) == 0 &&
				lw_value_equal(a->list[i].key, b->list[j].key);
	return a->threshold == b->threshold && a->n == b->n && same == a->n;
}

/* ---- making a key object ---- */

static void pem_of(struct lw_span der, struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };

	lw_base64_encode(&text, der);
	lw_buf_adds(out, "-----BEGIN PUBLIC KEY-----\n");
	for (size_t i = 0; i < text.n; i += PEM_LINE) {
		lw_buf_add(out, text.p + i, text.n - i < PEM_LINE ? text.n - i : PEM_LINE);
		lw_buf_addc(out, '\n');
	}
	lw_buf_adds(out, "-----END PUBLIC KEY-----\n");
}

static const struct {
	const char *algorithm; /* the first word or two of lw_key_algorithm */
	const char *keytype, *scheme;
} kinds[] = {
	{ "Ed25519", "ed25519", "ed25519" },
	{ "ECDSA P-256", "ecdsa", "ecdsa-sha2-nistp256" },
	{ "ECDSA P-384", "ecdsa", "ecdsa-sha2-nistp384" },
	{ "ECDSA P-521", "ecdsa", "ecdsa-sha2-nistp521" },
	{ "RSA-PSS", "rsa", "rsassa-pss-sha256" },
};

static int public_text(const struct lw_key *k, const char *keytype, struct lw_buf *out,
		       struct lw_error *e)
{
	struct lw_span der = lw_key_der(k);
	char hex[65];

	if (strcmp(keytype, "ed25519") != 0) {
		pem_of(der, out);
		return 0;
	}
	if (der.n < 32)
		return lw_fail(e, LW_E_INTERNAL, "an Ed25519 key of %zu bytes", der.n);
	lw_buf_adds(out, lw_hex_encode(lw_span(der.p + der.n - 32, 32), hex));
	return 0;
}

int lw_requirement_make_key(struct lw_arena *a, const char *name, struct lw_span pem,
			    struct lw_value **ret, const char **ret_keyid, struct lw_error *e)
{
	LW_AUTO(key) struct lw_key *k = NULL;
	LW_AUTO(buf) struct lw_buf text = { 0 }, form = { 0 };
	struct lw_value *object = lw_value_object(a), *keyval = lw_value_object(a);
	size_t kind = 0;
	char hex[65], shown[128];
	struct lw_digest id;

	if (!lw_text_is_label(lw_span_str(name)))
		return lw_fail(e, LW_E_FORMAT,
			       "'%s' is no name: want a-z, 0-9, '.', '_' and '-', at most 64",
			       lw_text_escape_str(name, shown, sizeof(shown)));

	int r = lw_key_parse(pem, &k, e);
	if (r < 0)
		return r;
	while (kind < LW_COUNT_OF(kinds) && strncmp(lw_key_algorithm(k), kinds[kind].algorithm,
						    strlen(kinds[kind].algorithm)) != 0)
		kind++;
	if (kind == LW_COUNT_OF(kinds))
		return lw_fail(e, LW_E_UNSUPPORTED, "TUF has no scheme for %s",
			       lw_key_algorithm(k));
	r = public_text(k, kinds[kind].keytype, &text, e);
	if (r < 0)
		return r;
	lw_value_set(a, keyval, "public", lw_value_string(a, lw_buf_str(&text)));
	lw_value_set(a, object, "keytype", lw_value_string(a, kinds[kind].keytype));
	lw_value_set(a, object, "keyval", keyval);
	lw_value_set(a, object, "scheme", lw_value_string(a, kinds[kind].scheme));
	lw_value_set(a, object, LW_TUF_NAME_KEY, lw_value_string(a, name));
	r = lw_value_message(object, &form, e);
	if (r < 0)
		return r;
	id = lw_digest_of(lw_buf_span(&form));
	*ret = object;
	*ret_keyid = keep(a, lw_digest_hex(&id, hex));
	return 0;
}
