/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/tuf_signed.h"

#include "base/encode.h"
#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const struct lw_json_limits limits = {
	.bytes = LW_MAX_TUF_METADATA_BYTES,
	.nodes = LW_MAX_JSON_NODES,
	.keys = LW_MAX_JSON_KEYS,
	.string = LW_MAX_KEY_BYTES,
	.depth = LW_MAX_JSON_DEPTH,
};

/* ---- the canonical form ---- */

static void put_string(struct lw_buf *out, const char *s)
{
	lw_buf_addc(out, '"');
	for (;;) {
		size_t plain = strcspn(s, "\"\\");

		lw_buf_add(out, s, plain);
		s += plain;
		if (*s == '\0')
			break;
		lw_buf_addc(out, '\\');
		lw_buf_addc(out, *s++);
	}
	lw_buf_addc(out, '"');
}

static int by_key(const void *a, const void *b)
{
	return strcmp(lw_json_key(*(const struct lw_json *const *)a),
		      lw_json_key(*(const struct lw_json *const *)b));
}

static int put(const struct lw_json *node, struct lw_buf *out, struct lw_error *e);

/* Depth is what the gate let through: LW_MAX_JSON_DEPTH. */
static int put_container(const struct lw_json *node, bool object, struct lw_buf *out,
			 struct lw_error *e)
{
	size_t n = lw_json_count(node), i = 0;
	lw_auto_free const struct lw_json **list = lw_alloc_array(n, sizeof(struct lw_json *));
	int r = 0;

	for (const struct lw_json *c = lw_json_first(node); c; c = lw_json_next(c))
		list[i++] = c;
	if (object)
		lw_sort(list, n, sizeof(*list), by_key);
	lw_buf_addc(out, object ? '{' : '[');
	for (i = 0; i < n && r == 0; i++) {
		if (i > 0)
			lw_buf_addc(out, ',');
		if (object) {
			put_string(out, lw_json_key(list[i]));
			lw_buf_addc(out, ':');
		}
		r = put(list[i], out, e);
	}
	lw_buf_addc(out, object ? '}' : ']');
	return r;
}

static int put(const struct lw_json *node, struct lw_buf *out, struct lw_error *e)
{
	switch (lw_json_type(node)) {
	case LW_JSON_NULL:
		lw_buf_adds(out, "null");
		return 0;
	case LW_JSON_BOOL:
		lw_buf_adds(out, lw_json_bool(node) ? "true" : "false");
		return 0;
	case LW_JSON_INTEGER:
		lw_buf_printf(out, "%lld", (long long)lw_json_integer(node));
		return 0;
	case LW_JSON_STRING:
		put_string(out, lw_json_string(node));
		return 0;
	case LW_JSON_ARRAY:
		return put_container(node, false, out, e);
	case LW_JSON_OBJECT:
		return put_container(node, true, out, e);
	case LW_JSON_FLOAT:
		break;
	}
	return lw_fail(e, LW_E_UNSUPPORTED, "a number that is no exact integer");
}

int lw_tuf_canonical(const struct lw_json *node, struct lw_buf *out, struct lw_error *e)
{
	size_t before = out->n;
	int r = put(node, out, e);

	if (r < 0 && out->p) {
		out->n = before;
		out->p[before] = '\0';
	}
	return r;
}

/* Control characters in strings become escapes, and it is JSON. */
static void escape_controls(struct lw_span message, struct lw_buf *out)
{
	bool inside = false;
	size_t from = 0;

	for (size_t i = 0; i < message.n; i++) {
		uint8_t c = message.p[i];

		if (c == '"')
			inside = !inside;
		else if (inside && c == '\\')
			i++; /* what follows it is escaped */
		else if (inside && c < 0x20) {
			lw_buf_add(out, message.p + from, i - from);
			lw_buf_printf(out, "\\u%04x", c);
			from = i + 1;
		}
	}
	lw_buf_add(out, message.p + from, message.n - from);
}

int lw_tuf_read_canonical(struct lw_span message, struct lw_json_doc **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_json_limits most = limits;
	int r;

	if (message.n > LW_MAX_TUF_METADATA_BYTES)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %zu",
			       LW_MAX_TUF_METADATA_BYTES, message.n);
	most.bytes *= 6; /* were each of them an escaped control character */
	escape_controls(message, &text);
	r = lw_json_parse(lw_buf_span(&text), &most, &doc, e);
	if (r == 0)
		r = lw_tuf_canonical(lw_json_root(doc), &again, e);
	if (r == 0 && !lw_span_equal(lw_buf_span(&again), message))
		r = lw_fail(e, LW_E_FORMAT, "not in the form that is signed");
	if (r == 0)
		*ret = lw_steal(doc);
	return r;
}

/* ---- the two halves ---- */

/* A sig that is no hex is nobody's signature. */
static void read_sig(const char *hex, struct lw_buf *out)
{
	size_t n = strlen(hex) / 2;
	struct lw_error ignored = { 0 };

	lw_buf_reserve(out, n + 1);
	if (n <= LW_MAX_SIGNATURE_BYTES && strlen(hex) % 2 == 0 &&
	    lw_hex_decode(lw_span_str(hex), out->p, n, &ignored) == 0)
		out->n = n;
}

static int read_signature(const struct lw_json *node, struct lw_tuf_signed *s,
			  struct lw_error *e)
{
	struct {
		const char *keyid, *sig;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "keyid",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), keyid),
		  .min = 1,
		  .max = LW_MAX_TUF_KEYID },
		{ .name = "sig",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), sig),
		  .max = LW_MAX_SIGNATURE_BYTES * 2 },
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "signature", &f, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n_signatures; i++)
		if (strcmp(s->signatures[i].keyid, f.keyid) == 0)
			return lw_fail(e, LW_E_FORMAT, "two signatures of one key id");

	struct lw_tuf_signature *x = &s->signatures[s->n_signatures++];

	x->keyid = lw_strdup(f.keyid);
	read_sig(f.sig, &x->sig);
	return 0;
}

static struct lw_span trim(struct lw_span file)
{
	while (file.n && strchr(" \t\r\n", file.p[file.n - 1]) && file.p[file.n - 1])
		file.n--;
	return file;
}

int lw_tuf_split(struct lw_span file, struct lw_tuf_signed *ret, struct lw_error *e)
{
	struct {
		const struct lw_json *body, *signatures;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "signed",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), body) },
		{ .name = "signatures",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), signatures),
		  .max = LW_MAX_TUF_SIGNATURES },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(trim(file), &limits, &doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "metadata", &f, e);
	if (r == 0)
		r = lw_tuf_canonical(f.body, &ret->message, e);
	if (r < 0)
		return r;
	ret->signatures = lw_alloc_array(lw_json_count(f.signatures), sizeof(*ret->signatures));
	for (const struct lw_json *s = lw_json_first(f.signatures); s && r == 0;
	     s = lw_json_next(s))
		r = read_signature(s, ret, e);
	return r;
}

void lw_tuf_signed_put(const struct lw_tuf_signed *s, struct lw_buf *out)
{
	lw_ipc_put_bytes(out, lw_buf_span(&s->message));
	lw_ipc_put_u32(out, (uint32_t)s->n_signatures);
	for (size_t i = 0; i < s->n_signatures; i++) {
		lw_ipc_put_str(out, s->signatures[i].keyid);
		lw_ipc_put_bytes(out, lw_buf_span(&s->signatures[i].sig));
	}
}

static int take_signature(struct lw_span *body, struct lw_tuf_signature *x, struct lw_error *e)
{
	struct lw_span sig;
	int r = lw_ipc_take_str(body, LW_MAX_TUF_KEYID, &x->keyid, e);

	if (r == 0)
		r = lw_ipc_take_bytes(body, LW_MAX_SIGNATURE_BYTES, &sig, e);
	if (r == 0)
		lw_buf_add(&x->sig, sig.p, sig.n);
	return r;
}

int lw_tuf_signed_take(struct lw_span *body, struct lw_tuf_signed *ret, struct lw_error *e)
{
	struct lw_span message;
	uint32_t n = 0;
	int r = lw_ipc_take_bytes(body, LW_MAX_TUF_METADATA_BYTES, &message, e);

	if (r == 0)
		r = lw_ipc_take_u32(body, &n, e);
	if (r == 0 && n > LW_MAX_TUF_SIGNATURES)
		r = lw_fail(e, LW_E_JAIL, "want at most %zu signatures, have %u",
			    LW_MAX_TUF_SIGNATURES, n);
	if (r < 0)
		return r;
	lw_buf_add(&ret->message, message.p, message.n);
	ret->signatures = lw_alloc_array(n, sizeof(*ret->signatures));
	while (ret->n_signatures < n && r == 0)
		r = take_signature(body, &ret->signatures[ret->n_signatures++], e);
	return r;
}

void lw_tuf_signed_release(struct lw_tuf_signed *s)
{
	lw_buf_free(&s->message);
	for (size_t i = 0; i < s->n_signatures; i++) {
		free(s->signatures[i].keyid);
		lw_buf_free(&s->signatures[i].sig);
	}
	free(s->signatures);
	*s = (struct lw_tuf_signed){ 0 };
}
