/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/mem.h"
#include "image/catalog.h"

/* What is attached to a digest. There are five ways in use; a layout may hold all of them. */

static const struct {
	const char *name;
	const char *ending; /* of the tag sha256-<hex>; NULL: not by tag */
} mechanisms[LW_MECHANISM_COUNT] = {
	[LW_MECHANISM_REFERRERS] = { "referrers", NULL },
	[LW_MECHANISM_FALLBACK_TAG] = { "fallback-tag", "" },
	[LW_MECHANISM_COSIGN_SIG] = { "cosign-sig", ".sig" },
	[LW_MECHANISM_COSIGN_ATT] = { "cosign-att", ".att" },
	[LW_MECHANISM_COSIGN_SBOM] = { "cosign-sbom", ".sbom" },
};

const char *lw_mechanism_name(enum lw_mechanism m)
{
	return (unsigned)m < LW_MECHANISM_COUNT ? mechanisms[m].name : "unknown";
}

int lw_mechanism_parse(struct lw_span name, enum lw_mechanism *ret, struct lw_error *e)
{
	for (unsigned i = 0; i < LW_MECHANISM_COUNT; i++)
		if (lw_span_is(name, mechanisms[i].name)) {
			*ret = (enum lw_mechanism)i;
			return 0;
		}
	return lw_fail(e, LW_E_FORMAT, "unknown mechanism of attaching evidence");
}

bool lw_referrers_is_tag(const char *tag)
{
	if (strncmp(tag, "sha256-", 7) != 0 || strspn(tag + 7, "0123456789abcdef") != 64)
		return false;
	for (size_t i = 0; i < LW_COUNT_OF(mechanisms); i++)
		if (mechanisms[i].ending && strcmp(tag + 7 + 64, mechanisms[i].ending) == 0)
			return true;
	return false;
}

static void add(struct lw_referrers *out, enum lw_mechanism mechanism, uint32_t doc)
{
	out->v = lw_catalog_grow(out->v, out->n, &out->cap, sizeof(*out->v));
	out->v[out->n++] = (struct lw_referrer){ mechanism, doc };
}

/*
 * The referrers index of distribution-spec 1.1 for registries without the referrers API. It
 * must list manifests about this subject and nothing else: some registries answer for the tag
 * sha256-<hex> with the image of that digest (oras#2174), whose children are no evidence.
 */
static int check_fallback(const struct lw_catalog *c, const struct lw_catalog_doc *doc,
			  const struct lw_digest *subject, struct lw_error *e)
{
	char child_text[LW_DIGEST_TEXT];

	if (lw_media_kind(doc->media) != LW_MEDIA_INDEX)
		return lw_fail(e, LW_E_CONFLICT, "a referrers list that is no index");
	for (size_t i = 0; i < doc->n_children; i++) {
		const struct lw_catalog_child *child = &c->children[doc->first_child + i];
		const struct lw_catalog_blob *blob = &c->blobs[child->blob];

		(void)lw_digest_text(&blob->digest, child_text);
		if (!lw_catalog_is_present(c, child->blob))
			return lw_fail(e, LW_E_NOTFOUND,
				       "it lists %s, which is not in the layout", child_text);
		if (blob->doc == LW_CATALOG_NONE || !c->docs[blob->doc].has_subject ||
		    !lw_digest_equal(&c->docs[blob->doc].subject, subject))
			return lw_fail(e, LW_E_CONFLICT,
				       "it lists %s, which is not about this subject",
				       child_text);
	}
	return 0;
}

static int check_tagged(struct lw_layout *l, uint32_t child, enum lw_mechanism mechanism,
			const struct lw_digest *subject, uint32_t *ret_doc, struct lw_error *e)
{
	const struct lw_catalog *c = l->catalog;
	uint32_t at = c->blobs[c->top[child]].doc;

	if (lw_digest_equal(&l->index->children[child].digest, subject))
		return lw_fail(e, LW_E_CONFLICT, "it names the subject itself");
	if (at == LW_CATALOG_NONE)
		return lw_fail(e, LW_E_UNSUPPORTED, "it names no manifest or index");
	*ret_doc = at;
	return mechanism == LW_MECHANISM_FALLBACK_TAG
		       ? check_fallback(c, &c->docs[at], subject, e)
		       : 0;
}

static int find_tagged(struct lw_layout *l, const struct lw_digest *subject,
		       enum lw_mechanism mechanism, char *const *repositories,
		       size_t n_repositories, struct lw_referrers *out, struct lw_error *e)
{
	char hex[65], tag[LW_MAX_TAG + 1];
	uint32_t child, doc = LW_CATALOG_NONE;

	(void)snprintf(tag, sizeof(tag), "sha256-%s%s", lw_digest_hex(subject, hex),
		       mechanisms[mechanism].ending);
	int r = lw_names_tag(l, tag, repositories, n_repositories, &child, e);
	if (r < 0 || child == LW_CATALOG_NONE)
		return r;
	r = check_tagged(l, child, mechanism, subject, &doc, e);
	if (r < 0) {
		(void)lw_prefix(e, "tag %s", tag);
		return r;
	}
	add(out, mechanism, doc);
	return 0;
}

int lw_referrers_find(struct lw_layout *l, const struct lw_digest *subject,
		      char *const *repositories, size_t n_repositories,
		      struct lw_referrers *out, struct lw_error *e)
{
	size_t n;
	const uint32_t *docs = lw_catalog_referrers(l->catalog, subject, &n);

	for (size_t i = 0; i < n; i++)
		add(out, LW_MECHANISM_REFERRERS, docs[i]);
	for (unsigned m = 0; m < LW_MECHANISM_COUNT; m++) {
		if (!mechanisms[m].ending)
			continue;

		int r = find_tagged(l, subject, (enum lw_mechanism)m, repositories,
				    n_repositories, out, e);
		if (r < 0)
			return r;
	}
	return 0;
}
