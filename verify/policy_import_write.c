/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "verify/policy_import_internal.h"

#define FIELD(member, kind, ...)                                                               \
	LW_POLICY_FIELD(struct lw_import_signed, member, kind, __VA_ARGS__)

int lw_import_read_signed(const struct lw_json *node, struct lw_import_signed *f,
			  struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		FIELD(keyData, LW_JSON_READ_STRING, .min = 1),
		FIELD(keyDatas, LW_JSON_READ_ARRAY, .min = 1, .max = LW_MAX_SIGNERS),
		FIELD(keyPath, LW_JSON_READ_PLAIN, .min = 1),
		FIELD(keyPaths, LW_JSON_READ_ARRAY, .min = 1, .max = LW_MAX_SIGNERS),
		FIELD(signedIdentity, LW_JSON_READ_OBJECT),
		FIELD(type, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "sigstoreSigned", f, e);

	if (r == 0 && !!f->keyPath + !!f->keyPaths + !!f->keyData + !!f->keyDatas != 1)
		r = lw_fail(e, LW_E_FORMAT, "want one of keyPath, keyPaths, keyData, keyDatas");
	return r;
}

/* The patterns that match what the scope does. */
static size_t patterns_of(const char *scope, char (*out)[LW_MAX_REFERENCE + 1])
{
	static const char *const host[] = { "/**", ":*/**" };
	static const char *const repository[] = { "", ":*", "/**" };
	const char *slash = strrchr(scope, '/');
	size_t n = 0;

	if (!*scope) {
		(void)snprintf(out[n++], sizeof(*out), "**");
	} else if (!slash) {
		for (; n < (scope[0] == '*' ? 2 : 1); n++)
			(void)snprintf(out[n], sizeof(*out), "%s%s", scope, host[n]);
	} else if (strchr(slash, ':')) {
		(void)snprintf(out[n++], sizeof(*out), "%s", scope);
	} else {
		/* it may be a repository or what stands above some */
		for (; n < LW_COUNT_OF(repository); n++)
			(void)snprintf(out[n], sizeof(*out), "%s%s", scope, repository[n]);
	}
	return n;
}

/* ---- keys ---- */

static bool name_taken(const struct lw_import *out, const char *signer)
{
	for (size_t i = 0; i < out->n_keys; i++)
		if (strcmp(out->keys[i].signer, signer) == 0)
			return true;
	return false;
}

/* A label after the file's name, that no other key has. */
static char *new_signer(const struct lw_import *out, const char *path)
{
	const char *base = path ? strrchr(path, '/') : "key";
	lw_auto_free char *stem = lw_strdup(!base ? path : base[0] == '/' ? base + 1 : base);
	char *dot = strrchr(stem, '.');

	if (dot && dot != stem)
		*dot = '\0';
	for (char *c = stem; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", *c))
			*c = '-';

	const char *start = stem + strspn(stem, "._-");
	char *name = lw_asprintf("%.50s", *start ? start : "key");

	for (size_t n = 2; name_taken(out, name); n++) {
		free(name);
		name = lw_asprintf("%.50s-%zu", *start ? start : "key", n);
	}
	return name;
}

/* The key with this source, made if it is new. */
static int key_of(struct lw_import *out, const char *source, bool inside,
		  const char **ret_signer, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = inside ? lw_base64_decode(lw_span_str(source), LW_BASE64_STANDARD, &bytes, e)
		       : 0;

	if (r < 0)
		return lw_prefix(e, "keyData");
	for (size_t i = 0; i < out->n_keys; i++) {
		const struct lw_import_key *k = &out->keys[i];

		if (inside ? !k->path &&
				     lw_span_equal(lw_buf_span(&k->bytes), lw_buf_span(&bytes))
			   : k->path && strcmp(k->path, source) == 0) {
			*ret_signer = k->signer;
			return 0;
		}
	}
	if (out->n_keys == LW_MAX_SIGNERS)
		return lw_fail(e, LW_E_LIMIT, "more than %zu keys", LW_MAX_SIGNERS);

	struct lw_import_key k = { .signer = new_signer(out, inside ? NULL : source) };

	k.file = lw_asprintf("%s.pub", k.signer);
	k.path = inside ? NULL : lw_strdup(source);
	k.bytes = bytes;
	bytes = (struct lw_buf){ 0 };
	out->keys = lw_realloc_array(out->keys, out->n_keys + 1, sizeof(*out->keys));
	out->keys[out->n_keys++] = k;
	lw_remark(&out->remarks, LW_REMARK_IMPORT_KEY, k.file, "signer %s: the key %s%s",
		  k.signer, inside ? "that stood inside the policy" : "in ",
		  inside ? "" : source);
	*ret_signer = k.signer;
	return 0;
}

/* ---- writing ---- */

/* One requirement: any one of its keys, which the policy may name twice. */
static int write_group(struct lw_json_writer *w, struct lw_import *out,
		       const struct lw_json *node, struct lw_error *e)
{
	struct lw_import_signed f = { 0 };
	int r = lw_import_read_signed(node, &f, e);
	bool inside = f.keyData || f.keyDatas;
	const struct lw_json *list = f.keyPaths ? f.keyPaths : f.keyDatas;
	const char *one = f.keyPath ? f.keyPath : f.keyData;
	size_t n = list ? lw_json_count(list) : 1, n_seen = 0;
	lw_auto_free const char **seen = lw_alloc_array(n, sizeof(*seen));

	if (r < 0)
		return r;
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "threshold", 1);
	lw_json_w_key(w, "of");
	lw_json_w_array(w);
	for (const struct lw_json *k = list ? lw_json_first(list) : NULL; n > 0 && r == 0;
	     n--) {
		const char *source = list ? lw_json_string(k) : one;
		size_t i = 0;

		r = source ? key_of(out, source, inside, &seen[n_seen], e)
			   : lw_fail(e, LW_E_FORMAT, "a key: want a text");
		if (r < 0)
			break;
		while (seen[i] != seen[n_seen])
			i++;
		if (i == n_seen)
			lw_json_w_string(w, seen[n_seen++]);
		k = list ? lw_json_next(k) : NULL;
	}
	lw_json_w_end_array(w);
	lw_json_w_end_object(w);
	return r;
}

static void write_identity(struct lw_json_writer *w, const struct lw_rule *r)
{
	static const char *const types[] = {
		[LW_IDENTITY_REPOSITORY] = "matchRepository",
		[LW_IDENTITY_EXACT] = "matchExact",
		[LW_IDENTITY_EXACT_REFERENCE] = "exactReference",
		[LW_IDENTITY_EXACT_REPOSITORY] = "exactRepository",
		[LW_IDENTITY_REMAP] = "remapIdentity",
	};

	lw_json_w_key(w, "signedIdentity");
	lw_json_w_object(w);
	lw_json_w_member(w, "type", types[r->identity]);
	if (r->identity == LW_IDENTITY_EXACT_REFERENCE)
		lw_json_w_member(w, "dockerReference", r->identity_name);
	if (r->identity == LW_IDENTITY_EXACT_REPOSITORY)
		lw_json_w_member(w, "dockerRepository", r->identity_name);
	if (r->identity == LW_IDENTITY_REMAP) {
		lw_json_w_member(w, "prefix", r->identity_prefix);
		lw_json_w_member(w, "signedPrefix", r->identity_name);
	}
	lw_json_w_end_object(w);
}

static int write_rule(struct lw_json_writer *w, struct lw_import *out,
		      const struct lw_import_scope *s, const char *match, struct lw_error *e)
{
	int r = 0;

	lw_json_w_object(w);
	lw_json_w_member(w, "match", match);
	if (s->fate == LW_FATE_ANYTHING) {
		lw_json_w_member(w, "evidence", "not-required");
	} else {
		lw_json_w_key(w, "require");
		lw_json_w_array(w);
		for (const struct lw_json *n = lw_json_first(s->requirements); n && r == 0;
		     n = lw_json_next(n))
			if (lw_json_count(n) > 1) /* insecureAcceptAnything asks for nothing */
				r = write_group(w, out, n, e);
		lw_json_w_end_array(w);
		lw_json_w_key(w, "signatures");
		lw_json_w_array(w);
		lw_json_w_string(w, LW_TYPE_SIMPLE_SIGNING);
		lw_json_w_end_array(w);
		write_identity(w, &s->identity);
	}
	lw_json_w_end_object(w);
	return r;
}

static int write_rules(struct lw_json_writer *w, struct lw_importing *im, struct lw_error *e)
{
	char patterns[3][LW_MAX_REFERENCE + 1];
	size_t n = 0;
	int r = 0;

	lw_json_w_key(w, "images");
	lw_json_w_array(w);
	for (const struct lw_import_scope *s = im->scopes;
	     s < im->scopes + im->n_scopes && r == 0; s++) {
		size_t n_patterns =
			s->fate <= LW_FATE_SIGNED ? patterns_of(s->name, patterns) : 0;

		n += n_patterns;
		if (n > LW_MAX_RULES)
			r = lw_fail(e, LW_E_LIMIT, "more than %zu rules", LW_MAX_RULES);
		for (size_t i = 0; i < n_patterns && r == 0; i++)
			r = write_rule(w, im->out, s, patterns[i], e);
		if (r < 0)
			r = lw_prefix(e, "scope '%s'", s->name);
	}
	lw_json_w_end_array(w);
	return r;
}

static void write_signers(struct lw_json_writer *w, const struct lw_import *out)
{
	lw_json_w_key(w, "signers");
	lw_json_w_object(w);
	for (size_t i = 0; i < out->n_keys; i++) {
		lw_json_w_key(w, out->keys[i].signer);
		lw_json_w_object(w);
		lw_json_w_key(w, "keys");
		lw_json_w_array(w);
		lw_json_w_object(w);
		lw_json_w_member(w, "kind", "cosign-key");
		lw_json_w_member(w, "file", out->keys[i].file);
		lw_json_w_end_object(w);
		lw_json_w_end_array(w);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_object(w);
}

int lw_import_write(struct lw_importing *im, struct lw_error *e)
{
	struct lw_json_writer w = { .out = &im->out->policy, .indent = true };

	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-policy/1");
	lw_json_w_key(&w, "senders");
	lw_json_w_object(&w);
	lw_json_w_end_object(&w);

	int r = write_rules(&w, im, e);

	if (r < 0)
		return r;
	write_signers(&w, im->out);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(&im->out->policy, '\n');
	return 0;
}
