/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/push_plan.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "bundle/contents.h"
#include "image/index.h"

#include <stdlib.h>
#include <string.h>

struct planning {
	struct lw_enclave *enclave;
	struct lw_push_plan *plan;
	struct lw_digest *damaged;
	/* What stands in the plan already, blob or manifest; sorted. */
	struct lw_digest *seen;
	size_t n_seen;
};

static void auto_planning(struct planning *p)
{
	free(p->seen);
}

void lw_push_plan_release(struct lw_push_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].media_type);
		free(p->items[i].tag);
	}
	free(p->items);
	free(p->known);
	*p = (struct lw_push_plan){ 0 };
}

/* ---- lists ---- */

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

static bool is_known(const struct lw_push_plan *p, const struct lw_digest *d)
{
	return p->n_known &&
	       bsearch(d, p->known, p->n_known, sizeof(*d), compare_digests) != NULL;
}

/* Whether it was seen before; from now on it was. */
static bool see(struct planning *p, const struct lw_digest *d)
{
	size_t lo = 0, hi = p->n_seen;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (lw_digest_compare(&p->seen[mid], d) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < p->n_seen && lw_digest_equal(&p->seen[lo], d))
		return true;
	p->seen = lw_realloc_array(p->seen, p->n_seen + 1, sizeof(*p->seen));
	memmove(p->seen + lo + 1, p->seen + lo, (p->n_seen - lo) * sizeof(*p->seen));
	p->seen[lo] = *d;
	p->n_seen++;
	return false;
}

static struct lw_push_item *add(struct lw_push_plan *plan, enum lw_push_step step,
				const struct lw_digest *d, uint64_t size,
				const char *media_type, const char *tag)
{
	struct lw_push_item *item;

	plan->items = lw_realloc_array(plan->items, plan->n + 1, sizeof(*plan->items));
	item = &plan->items[plan->n++];
	*item = (struct lw_push_item){ .step = step,
				       .digest = *d,
				       .size = size,
				       .media_type = lw_strdup(media_type),
				       .tag = lw_strdup(tag) };
	return item;
}

static int keep_known(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	struct lw_push_plan *plan = data;

	(void)size;
	(void)e;
	plan->known = lw_realloc_array(plan->known, plan->n_known + 1, sizeof(*plan->known));
	plan->known[plan->n_known++] = *d;
	return 0;
}

/* ---- documents ---- */

int lw_push_read(struct lw_enclave *enclave, const struct lw_digest *d, struct lw_buf *out,
		 struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	struct lw_digest have;
	char text[LW_DIGEST_TEXT];
	uint64_t size = 0;
	int r = lw_store_open_blob(enclave->store, d, &fd, &size, e);

	if (r == 0 && size > LW_MAX_MANIFEST_BYTES)
		r = lw_fail(e, LW_E_LIMIT, "it has grown to %llu bytes",
			    (unsigned long long)size);
	if (r == 0) {
		lw_buf_reserve(out, size);
		r = lw_fs_pread(fd, out->p + out->n, size, 0, e);
	}
	if (r < 0)
		return lw_fail_as(e, LW_E_STATE);
	out->n += size;
	have = lw_digest_of(lw_buf_span(out));
	if (!lw_digest_equal(&have, d))
		return lw_fail(e, LW_E_STATE, "in the store its bytes are those of %s",
			       lw_digest_text(&have, text));
	return 0;
}

static int visit(struct planning *p, const struct lw_digest *d, uint64_t size,
		 const char *media_type, unsigned depth, struct lw_error *e);

/* What a document names, if it came along. */
static int visit_child(struct planning *p, const struct lw_descriptor *child, unsigned depth,
		       struct lw_error *e)
{
	if (child->role == LW_CHILD_SUBJECT || !is_known(p->plan, &child->digest))
		return 0;
	if (child->role == LW_CHILD_MANIFEST && lw_media_kind(child->media_type))
		return visit(p, &child->digest, child->size, child->media_type, depth + 1, e);
	if (!see(p, &child->digest))
		(void)add(p->plan, LW_PUSH_STEP_BLOB, &child->digest, child->size, "", "");
	return 0;
}

static int visit_children(struct planning *p, const struct lw_digest *d, const char *media_type,
			  unsigned depth, struct lw_document **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = lw_push_read(p->enclave, d, &bytes, e);

	if (r == 0)
		r = lw_document_parse(lw_buf_span(&bytes), media_type, ret, e);
	if (r < 0) {
		*p->damaged = *d;
		return lw_fail_as(e, LW_E_STATE);
	}
	for (size_t i = 0; *ret && i < (*ret)->n_children && r == 0; i++)
		r = visit_child(p, &(*ret)->children[i], depth, e);
	return r;
}

/* A manifest after what it names. */
static int visit(struct planning *p, const struct lw_digest *d, uint64_t size,
		 const char *media_type, unsigned depth, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *doc = NULL;
	const struct lw_descriptor *subject;
	int r;

	if (depth > 2 * LW_MAX_IMAGE_DEPTH)
		return lw_fail(e, LW_E_STATE, "documents within documents go too deep");
	if (see(p, d))
		return 0;
	r = visit_children(p, d, media_type, depth, &doc, e);
	if (r < 0)
		return r;
	(void)add(p->plan, LW_PUSH_STEP_MANIFEST, d, size, media_type, "");
	subject = lw_document_child(doc, LW_CHILD_SUBJECT);
	if (subject)
		add(p->plan, LW_PUSH_STEP_LIST, d, size, media_type, "")->subject =
			subject->digest;
	return 0;
}

/* ---- evidence ---- */

/* A list of referrers by tag is the registry's own business: what it names is listed there. */
static int visit_list(struct planning *p, const struct lw_evidence *v, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *doc = NULL;

	return visit_children(p, &v->digest, v->media_type, 1, &doc, e);
}

static int visit_evidence(struct planning *p, const struct lw_image *image, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < image->n_evidence && r == 0; i++) {
		const struct lw_evidence *v = &image->evidence[i];

		r = v->mechanism == LW_MECHANISM_FALLBACK_TAG
			    ? visit_list(p, v, e)
			    : visit(p, &v->digest, v->size, v->media_type, 0, e);
	}
	return r;
}

static void add_evidence_tags(struct planning *p, const struct lw_image *image)
{
	for (size_t i = 0; i < image->n_evidence; i++) {
		const struct lw_evidence *v = &image->evidence[i];
		lw_auto_free char *name = lw_index_evidence_name(image->name.repository,
								 v->mechanism, &v->subject);
		const char *colon = strrchr(name, ':');

		struct lw_push_item *item;

		if (!*name || !colon || v->mechanism == LW_MECHANISM_FALLBACK_TAG)
			continue;
		item = add(p->plan, LW_PUSH_STEP_MANIFEST, &v->digest, v->size, v->media_type,
			   colon + 1);
		item->mechanism = v->mechanism;
		item->subject = v->subject;
	}
}

int lw_push_plan_make(struct lw_enclave *enclave, const struct lw_state_image *image,
		      struct lw_push_plan *ret, struct lw_digest *ret_damaged,
		      struct lw_error *e)
{
	struct planning p __attribute__((cleanup(auto_planning))) = { .enclave = enclave,
								      .plan = ret,
								      .damaged = ret_damaged };
	struct lw_proven ours = { .bytes = lw_span_str(image->detail) }; /* of our own state */
	struct lw_image parsed = { 0 };
	int r = lw_contents_parse_image(ours, &parsed, e);

	if (r == 0)
		r = lw_state_each_image_blob(enclave->state, image->id, keep_known, ret, e);
	lw_sort(ret->known, ret->n_known, sizeof(*ret->known), compare_digests);
	if (r == 0)
		r = visit(&p, &image->digest, image->size, image->media_type, 0, e);
	if (r == 0)
		r = visit_evidence(&p, &parsed, e);
	if (r == 0 && !image->superseded) {
		add_evidence_tags(&p, &parsed);
		if (*parsed.name.tag)
			(void)add(ret, LW_PUSH_STEP_MANIFEST, &image->digest, image->size,
				  image->media_type, parsed.name.tag);
	}
	lw_image_release(&parsed);
	return r;
}
