/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/policy_import_internal.h"

static void auto_import(struct lw_importing *im)
{
	free(im->scopes);
}

/* ---- scopes ---- */

/* "*.example.com", "host[:port]", "host[:port]/path[:tag or @digest]", or "". */
static bool is_scope(const char *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";
	const char *rest = strncmp(s, "*.", 2) == 0 ? s + 2 : s;
	size_t n = strlen(s);

	if (n == 0)
		return true;
	return *rest && n <= LW_MAX_REFERENCE - 4 && !rest[strspn(rest, letters)] &&
	       !strstr(s, "//") && s[0] != '/' && s[n - 1] != '/' &&
	       (rest == s || !rest[strcspn(rest, "/:@")]);
}

/* Whether images of `narrow` fall under `wide` where they have no scope of their own. */
static bool is_wider(const char *wide, const char *narrow)
{
	size_t n = strlen(wide);

	if (strcmp(wide, narrow) == 0)
		return false;
	if (n == 0)
		return true;
	if (wide[0] == '*') { /* whatever the port */
		size_t host = strcspn(narrow, "/:");

		return host >= n && strncmp(narrow + host - (n - 1), wide + 1, n - 1) == 0;
	}
	return strncmp(wide, narrow, n) == 0 &&
	       (narrow[n] == '/' ||
		(strchr(wide, '/') && (narrow[n] == ':' || narrow[n] == '@')));
}

/* ---- what a scope asks for ---- */

static void left_out(struct lw_import_scope *s, const char *fmt, ...) LW_PRINTF(2, 3);
static void left_out(struct lw_import_scope *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (s->fate < LW_FATE_LEFT_OUT)
		(void)vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	if (s->fate < LW_FATE_LEFT_OUT)
		s->fate = LW_FATE_LEFT_OUT;
}

/* The identity in our words. Images here are never named by digest, so that
 * matchRepoDigestOrExact, which is also the default, is matchExact. */
static int read_identity(const struct lw_json *node, struct lw_rule *ret, struct lw_error *e)
{
	const struct lw_json_field field = { .name = "type", .reader = LW_JSON_READ_STRING };
	const char *type = NULL;
	int r = node ? lw_json_read(node, &field, 1, LW_JSON_IGNORE_UNKNOWN, "signedIdentity",
				    &type, e)
		     : 0;

	if (r < 0)
		return r;
	if (!node ||
	    (type && strcmp(type, "matchRepoDigestOrExact") == 0 && lw_json_count(node) == 1)) {
		ret->identity = LW_IDENTITY_EXACT;
		return 0;
	}
	return lw_policy_read_identity(ret, node, e);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void judge_signed(struct lw_import_scope *s, const struct lw_json *node)
{
	struct lw_import_signed f = { 0 };
	struct lw_rule identity = { 0 };
	struct lw_error e = { 0 };

	if (lw_import_read_signed(node, &f, &e) < 0 ||
	    read_identity(f.signedIdentity, &identity, &e) < 0) {
		left_out(s, "%.200s", e.text);
		return;
	}
	if (s->n_signed++ > 0 &&
	    (s->identity.identity != identity.identity ||
	     !same_text(s->identity.identity_name, identity.identity_name) ||
	     !same_text(s->identity.identity_prefix, identity.identity_prefix)))
		left_out(s, "two requirements with different identities");
	if (s->n_signed > LW_MAX_RULE_GROUPS)
		left_out(s, "more than %zu requirements", LW_MAX_RULE_GROUPS);
	s->identity = identity;
	if (s->fate < LW_FATE_SIGNED)
		s->fate = LW_FATE_SIGNED;
}

static int judge_requirement(struct lw_import_scope *s, const struct lw_json *node,
			     struct lw_error *e)
{
	const struct lw_json_field field = { .name = "type",
					     .reader = LW_JSON_READ_STRING,
					     .flags = LW_JSON_REQUIRED };
	const char *type = NULL;
	int r = lw_json_read(node, &field, 1, LW_JSON_IGNORE_UNKNOWN, "requirement", &type, e);

	if (r < 0)
		return r;
	if (strcmp(type, "reject") == 0)
		s->fate = LW_FATE_REJECT;
	else if (strcmp(type, "sigstoreSigned") == 0)
		judge_signed(s, node);
	else if (strcmp(type, "signedBy") == 0)
		left_out(s, "signedBy: GPG signatures are not judged by this version");
	else if (strcmp(type, "insecureAcceptAnything") != 0)
		left_out(s, "%.100s: not known here", type);
	return 0;
}

static int add_scope(struct lw_importing *im, const char *name,
		     const struct lw_json *requirements, struct lw_error *e)
{
	struct lw_import_scope *s = &im->scopes[im->n_scopes++];
	int r = 0;

	*s = (struct lw_import_scope){ .name = name, .requirements = requirements };
	if (!is_scope(name))
		return lw_fail(e, LW_E_FORMAT, "scope '%s': want a host, a path or a name",
			       name);
	if (lw_json_type(requirements) != LW_JSON_ARRAY || lw_json_count(requirements) == 0)
		return lw_fail(e, LW_E_FORMAT, "scope '%s': want a list of requirements", name);
	for (const struct lw_json *n = lw_json_first(requirements); n && r == 0;
	     n = lw_json_next(n))
		r = judge_requirement(s, n, e);
	if (strchr(name, '@')) {
		s->fate = LW_FATE_NEVER;
		s->why[0] = '\0';
	}
	return r < 0 ? lw_prefix(e, "scope '%s'", name) : 0;
}

/* ---- the document ---- */

static int read_scopes(struct lw_importing *im, const struct lw_json *global,
		       const struct lw_json *transports, struct lw_error *e)
{
	const struct lw_json *docker = NULL;
	bool has_default = false;
	int r = 0;

	for (const struct lw_json *t = transports ? lw_json_first(transports) : NULL; t;
	     t = lw_json_next(t)) {
		if (lw_json_type(t) != LW_JSON_OBJECT)
			return lw_fail(e, LW_E_FORMAT, "transports: want objects");
		if (strcmp(lw_json_key(t), "docker") == 0)
			docker = t;
		else
			lw_remark(&im->out->remarks, LW_REMARK_IMPORT_TRANSPORT, lw_json_key(t),
				  "only scopes of docker: are carried over");
	}
	im->scopes =
		lw_alloc_array((docker ? lw_json_count(docker) : 0) + 1, sizeof(*im->scopes));
	for (const struct lw_json *n = docker ? lw_json_first(docker) : NULL; n && r == 0;
	     n = lw_json_next(n)) {
		has_default = has_default || !*lw_json_key(n);
		r = add_scope(im, lw_json_key(n), n, e);
	}
	return r == 0 && !has_default ? add_scope(im, "", global, e) : r;
}

/* What a person reads for a scope. */
static const char *shown(const char *scope)
{
	return *scope ? scope : "default";
}

/* Images of a scope that is left out must not be let in by a wider one. */
static void leave_wider_out(struct lw_importing *im)
{
	for (size_t w = 0; w < im->n_scopes; w++) {
		struct lw_import_scope *wide = &im->scopes[w];

		for (size_t i = 0; i < im->n_scopes && wide->fate < LW_FATE_LEFT_OUT; i++) {
			const struct lw_import_scope *s = &im->scopes[i];

			if ((s->fate != LW_FATE_REJECT && !s->why[0]) ||
			    !is_wider(wide->name, s->name))
				continue;
			wide->fate = LW_FATE_LEFT_OUT;
			lw_remark(&im->out->remarks, LW_REMARK_IMPORT_WIDER, shown(wide->name),
				  "left out, for it would let in what '%s' %s: write rules "
				  "for its other parts",
				  s->name,
				  s->fate == LW_FATE_REJECT ? "rejects" : "asks for more of");
		}
	}
}

static void tell(struct lw_importing *im)
{
	struct lw_remarks *r = &im->out->remarks;

	for (const struct lw_import_scope *s = im->scopes; s < im->scopes + im->n_scopes; s++) {
		if (s->fate == LW_FATE_REJECT)
			lw_remark(r, LW_REMARK_IMPORT_REJECT, shown(s->name),
				  "no rule: what no rule matches is refused");
		else if (s->fate == LW_FATE_NEVER)
			lw_remark(r, LW_REMARK_IMPORT_DIGEST, s->name,
				  "no image is named by digest here");
		else if (s->fate == LW_FATE_LEFT_OUT && s->why[0])
			lw_remark(r, LW_REMARK_IMPORT_LEFT_OUT, shown(s->name), "%s", s->why);
		else if (s->fate == LW_FATE_ANYTHING)
			lw_remark(r, LW_REMARK_IMPORT_ANYTHING, shown(s->name),
				  "lets in images without any evidence");
		else if (s->fate == LW_FATE_SIGNED && s->identity.identity == LW_IDENTITY_REMAP)
			lw_remark(r, LW_REMARK_IMPORT_IDENTITY, shown(s->name),
				  "remapIdentity: here a signature for any tag counts");
	}
	lw_remark(r, LW_REMARK_IMPORT_SENDERS, "senders", "nobody may seal yet: add who may");
}

/* Container tools see no signatures where attachments are not read, and refuse. */
static void tell_attachments(struct lw_importing *im, const struct lw_registries *registries)
{
	for (const struct lw_import_scope *s = im->scopes; s < im->scopes + im->n_scopes; s++) {
		const struct lw_registry *best = NULL;

		for (size_t i = 0; i < registries->n; i++) {
			const struct lw_registry *r = &registries->list[i];

			if ((strcmp(r->scope, s->name) == 0 || is_wider(r->scope, s->name)) &&
			    (!best || strlen(r->scope) > strlen(best->scope)))
				best = r;
		}
		if (s->fate == LW_FATE_SIGNED && (!best || !best->attachments))
			lw_remark(&im->out->remarks, LW_REMARK_IMPORT_ATTACHMENTS,
				  shown(s->name),
				  "registries.d has no use-sigstore-attachments for it: "
				  "container tools refuse what may be let in here");
	}
}

int lw_policy_import(struct lw_span policy, const struct lw_import_file *registries,
		     size_t n_registries, struct lw_import *ret, struct lw_error *e)
{
	struct document {
		const struct lw_json *global, *transports;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "default",
		  .reader = LW_JSON_READ_ARRAY,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct document, global) },
		LW_POLICY_FIELD(struct document, transports, LW_JSON_READ_OBJECT),
	};
	struct lw_importing im __attribute__((cleanup(auto_import))) = { .out = ret };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(registries) struct lw_registries read = { 0 };
	int r = 0;

	if (policy.n > LW_MAX_POLICY_BYTES)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes", LW_MAX_POLICY_BYTES);
	r = lw_json_parse(policy, &LW_JSON_FOREIGN, &doc, e);
	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_REFUSE_UNKNOWN, "policy.json", &f, e);
	if (r == 0)
		r = read_scopes(&im, f.global, f.transports, e);
	for (size_t i = 0; i < n_registries && r == 0; i++)
		r = lw_registries_read(&read, &registries[i], &ret->remarks, e);
	if (r < 0)
		return r;
	leave_wider_out(&im);
	tell(&im);
	if (registries)
		tell_attachments(&im, &read);
	return lw_import_write(&im, e);
}

void lw_import_release(struct lw_import *i)
{
	for (size_t k = 0; k < i->n_keys; k++) {
		free(i->keys[k].signer);
		free(i->keys[k].file);
		free(i->keys[k].path);
		lw_buf_free(&i->keys[k].bytes);
	}
	free(i->keys);
	lw_buf_free(&i->policy);
	lw_remarks_release(&i->remarks);
	*i = (struct lw_import){ 0 };
}
