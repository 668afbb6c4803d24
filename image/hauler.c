/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/document.h"
#include "image/reference.h"

#include <string.h>

/* hauler (pkg/consts, pkg/store) gives an image and all that is attached to it the same names
 * in index.json, and tells them apart by the annotation "kind". Here each piece of evidence
 * gets the name that cosign gave it, by which it is found; what has a subject needs none. */

static const char *const prefixes[] = { "dev.hauler/", "dev.cosignproject.cosign/" };

/* The kind without its prefix, old or new; "": not hauler's. */
static const char *plain_kind(const struct lw_descriptor *d)
{
	for (size_t i = 0; d->kind && i < LW_COUNT_OF(prefixes); i++)
		if (strncmp(d->kind, prefixes[i], strlen(prefixes[i])) == 0)
			return d->kind + strlen(prefixes[i]);
	return "";
}

/* The ending of cosign's tag; NULL: it is none of the things that have one. */
static const char *ending(const char *kind)
{
	static const struct {
		const char *kind, *ending;
	} known[] = { { "sigs", ".sig" }, { "atts", ".att" }, { "sboms", ".sbom" } };

	for (size_t i = 0; i < LW_COUNT_OF(known); i++)
		if (strcmp(kind, known[i].kind) == 0)
			return known[i].ending;
	return NULL;
}

/* As hauler does, which may know an image by another name than containerd's alone. */
static int compare_names(const void *a, const void *b)
{
	const struct lw_descriptor *x = *(struct lw_descriptor *const *)a;
	const struct lw_descriptor *y = *(struct lw_descriptor *const *)b;
	int r = strcmp(x->full_name, y->full_name);

	return r ? r : strcmp(x->ref_name, y->ref_name);
}

struct images {
	struct lw_descriptor **list; /* by name */
	size_t n;
};

static void find_images(struct lw_document *d, struct images *m)
{
	m->list = lw_alloc_array(d->n_children, sizeof(struct lw_descriptor *));
	for (size_t i = 0; i < d->n_children; i++) {
		const char *kind = plain_kind(&d->children[i]);

		if (strcmp(kind, "image") == 0 || strcmp(kind, "imageIndex") == 0)
			m->list[m->n++] = &d->children[i];
	}
	if (m->n)
		lw_sort(m->list, m->n, sizeof(*m->list), compare_names);
}

/* The one image that the evidence is named after. */
static int find_subject(const struct images *m, struct lw_descriptor *evidence,
			const struct lw_descriptor **ret, struct lw_error *e)
{
	struct lw_descriptor **found =
		m->n ? bsearch(&evidence, m->list, m->n, sizeof(*m->list), compare_names)
		     : NULL;
	char shown[160];

	(void)lw_text_escape_str(evidence->full_name, shown, sizeof(shown));
	if (!found)
		return lw_fail(e, LW_E_CONFLICT, "'%s' has a '%s', and no image is called so",
			       shown, plain_kind(evidence));
	if ((found > m->list && compare_names(found - 1, found) == 0) ||
	    (found + 1 < m->list + m->n && compare_names(found, found + 1) == 0))
		return lw_fail(e, LW_E_CONFLICT,
			       "'%s' has a '%s', and two images are called so", shown,
			       plain_kind(evidence));
	*ret = *found;
	return 0;
}

static void rename_evidence(struct lw_document *d, struct lw_descriptor *evidence,
			    const struct lw_digest *subject, const char *tail)
{
	struct lw_reference name;
	char hex[65], text[LW_MAX_REFERENCE + 1];

	(void)lw_digest_hex(subject, hex);
	if (lw_reference_parse(lw_span_str(evidence->full_name), &name, NULL) == 0) {
		(void)snprintf(name.tag, sizeof(name.tag), "sha256-%s%s", hex, tail);
		evidence->full_name = lw_document_string(
			d, lw_span_str(lw_reference_text(&name, text)), NULL);
		evidence->ref_name = "";
		return;
	}
	(void)snprintf(text, sizeof(text), "sha256-%s%s", hex, tail);
	evidence->full_name = "";
	evidence->ref_name = lw_document_string(d, lw_span_str(text), NULL);
}

int lw_hauler_rename(struct lw_document *d, struct lw_error *e)
{
	struct images m = { 0 };
	int r = 0;

	find_images(d, &m);
	for (size_t i = 0; i < d->n_children && r == 0; i++) {
		struct lw_descriptor *x = &d->children[i];
		const struct lw_descriptor *subject = NULL;
		const char *kind = plain_kind(x), *tail = ending(kind);

		if (strncmp(kind, "referrers", strlen("referrers")) == 0)
			x->full_name = x->ref_name = "";
		if (!tail)
			continue;
		r = find_subject(&m, x, &subject, e);
		if (r == 0 && subject)
			rename_evidence(d, x, &subject->digest, tail);
	}
	free(m.list);
	return r;
}
