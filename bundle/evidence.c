/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/evidence.h"

#include "base/mem.h"
#include "bundle/box.h"

#include <stdlib.h>

struct hearing {
	struct lw_boxes *boxes;
	const struct lw_policy *policy;
	const struct lw_blob_source *source;
	struct lw_verdict *verdict;
	const char *name;
	struct lw_box_evidence *box; /* started when there is something for it */
	size_t verifications;
	bool over; /* a finding says why nothing more is heard */
	struct lw_testimonies *heard;
	size_t cap;
};

void lw_evidence_too_many(struct lw_verdict *v, const char *image)
{
	char most[64];

	(void)snprintf(most, sizeof(most), "at most %zu signatures on one image",
		       LW_MAX_IMAGE_SIGNATURES);
	lw_verdict_add(v, LW_FINDING_EVIDENCE_LIMIT, image, most, "more");
}

static struct lw_testimony *add(struct hearing *h, const struct lw_evidence *row)
{
	struct lw_testimonies *t = h->heard;

	if (t->n == LW_MAX_IMAGE_SIGNATURES) {
		lw_evidence_too_many(h->verdict, h->name);
		h->over = true;
		return NULL;
	}
	if (t->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 8;
		t->list = lw_realloc_array(t->list, h->cap, sizeof(*t->list));
	}
	t->list[t->n] =
		(struct lw_testimony){ .evidence = row->digest, .subject = row->subject };
	return &t->list[t->n++];
}

/* What the box says about one piece, heard signature by signature. */
static void hear_extracted(struct hearing *h, const struct lw_evidence *row,
			   const struct lw_judge *judge, const struct lw_extracted *x,
			   struct lw_span piece, const struct lw_box_matches *matches)
{
	if (x->state != LW_EXTRACTED_SIGNED) {
		struct lw_testimony *t = add(h, row);

		if (t)
			lw_testimony_refuse(judge, x, t);
		return;
	}
	h->verifications += x->n_signatures * lw_policy_key_count(h->policy, LW_KEYS_ALL);
	if (h->verifications > LW_MAX_VERIFICATIONS) {
		char most[64];

		(void)snprintf(most, sizeof(most), "at most %zu signatures times keys",
			       LW_MAX_VERIFICATIONS);
		lw_verdict_addf(h->verdict, LW_FINDING_EVIDENCE_LIMIT, h->name, most, "%zu",
				h->verifications);
		h->over = true;
		return;
	}
	for (size_t i = 0; i < x->n_signatures && !h->over; i++) {
		struct lw_testimony *t = add(h, row);

		if (t)
			lw_testimony_hear(h->policy, judge, x, i, piece, matches[i].keys,
					  matches[i].n, t);
	}
}

/* The box failed: that is for the verdict, unless it could not even be started. */
static int box_failed(struct hearing *h, struct lw_error *e)
{
	if (e->code == LW_E_STATE)
		return -LW_E_STATE;
	lw_verdict_add(h->verdict, LW_FINDING_EVIDENCE_BOX, h->name,
		       "an answer about its evidence", e->text);
	h->over = true;
	return 0;
}

static int hear_piece(struct hearing *h, const struct lw_evidence *row,
		      const struct lw_judge *judge, const struct lw_descriptor *layer,
		      uint32_t number, struct lw_error *e)
{
	struct lw_box_matches matches[LW_MAX_ENVELOPE_SIGNATURES] = { 0 };
	LW_AUTO(extracted) struct lw_extracted x = { .state = LW_EXTRACTED_UNSUPPORTED };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };

	if (!judge->extract) {
		(void)snprintf(x.why, sizeof(x.why), "of a kind this version does not check");
	} else if (layer->size > LW_MAX_EVIDENCE_BYTES) {
		(void)snprintf(x.why, sizeof(x.why), "larger than is ever judged: %llu bytes",
			       (unsigned long long)layer->size);
	} else {
		int r = h->source->read(h->source->data, &layer->digest, layer->size,
					LW_MAX_EVIDENCE_BYTES, &bytes, e);

		if (r < 0)
			return r;
		if (lw_box_evidence_piece(h->box, number, layer->media_type,
					  lw_buf_span(&bytes), &x, matches, e) < 0)
			return box_failed(h, e);
	}
	hear_extracted(h, row, judge, &x, lw_buf_span(&bytes), matches);
	return 0;
}

/* Starts the box, where there is none yet, and shows it the manifest. */
static int show_manifest(struct hearing *h, struct lw_span manifest, struct lw_error *e)
{
	int r = 0;

	if (!h->box)
		r = lw_box_evidence_open(h->boxes, &h->box, e);
	if (r == 0)
		r = lw_box_evidence_manifest(h->box, manifest, e);
	return r < 0 ? box_failed(h, e) : 0;
}

static int hear_manifest(struct hearing *h, const struct lw_evidence *row, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	bool shown = false;
	uint32_t number = 0;
	int r = 0;

	/* The manifests of an attached index have rows of their own. */
	if (lw_media_kind(row->media_type) != LW_MEDIA_MANIFEST)
		return 0;
	r = h->source->read(h->source->data, &row->digest, row->size, LW_MAX_MANIFEST_BYTES,
			    &bytes, e);
	if (r == 0)
		r = lw_document_parse(lw_buf_span(&bytes), row->media_type, &d, e);
	for (size_t i = 0; r == 0 && i < d->n_children && !h->over; i++) {
		const struct lw_descriptor *layer = &d->children[i];
		const struct lw_judge *judge = lw_judge_for(layer->media_type);

		if (layer->role != LW_CHILD_LAYER)
			continue;
		if (judge && judge->extract && !shown) {
			r = show_manifest(h, lw_buf_span(&bytes), e);
			shown = true;
		}
		if (judge && r == 0 && !h->over)
			r = hear_piece(h, row, judge, layer, number, e);
		number++;
	}
	return r;
}

/* One thing attached to one subject may have been found in two ways. */
static int compare_rows(const void *x, const void *y)
{
	const struct lw_evidence *const *a = x, *const *b = y;
	int c = lw_digest_compare(&(*a)->subject, &(*b)->subject);

	return c ? c : lw_digest_compare(&(*a)->digest, &(*b)->digest);
}

static int hear_rows(struct hearing *h, const struct lw_image *image, struct lw_error *e)
{
	lw_auto_free const struct lw_evidence **rows =
		lw_alloc_array(image->n_evidence, sizeof(*rows));
	int r = 0;

	for (size_t i = 0; i < image->n_evidence; i++)
		rows[i] = &image->evidence[i];
	lw_sort(rows, image->n_evidence, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < image->n_evidence && r == 0 && !h->over; i++)
		if (i == 0 || compare_rows(&rows[i - 1], &rows[i]) != 0)
			r = hear_manifest(h, rows[i], e);
	return r;
}

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

static int find_platforms(const struct lw_image *image, const struct lw_blob_source *source,
			  struct lw_testimonies *ret, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r;

	if (lw_media_kind(image->media_type) != LW_MEDIA_INDEX)
		return 0;
	r = source->read(source->data, &image->digest, image->size, LW_MAX_MANIFEST_BYTES,
			 &bytes, e);
	if (r == 0)
		r = lw_document_parse(lw_buf_span(&bytes), image->media_type, &d, e);
	if (r < 0 || !d)
		return r;
	ret->platforms = lw_alloc_array(d->n_children, sizeof(*ret->platforms));
	for (size_t i = 0; i < d->n_children; i++) {
		const struct lw_descriptor *c = &d->children[i];

		/* One without a platform runs, too, wherever its configuration fits. */
		if (c->role == LW_CHILD_MANIFEST &&
		    strcmp(c->platform, "unknown/unknown") != 0 &&
		    !(image->n_omitted > 0 &&
		      bsearch(&c->digest, image->omitted, image->n_omitted, sizeof(c->digest),
			      compare_digests)))
			ret->platforms[ret->n_platforms++] = c->digest;
	}
	return 0;
}

int lw_evidence_hear(struct lw_boxes *boxes, const struct lw_image *image,
		     const struct lw_blob_source *source, struct lw_verdict *v,
		     struct lw_testimonies *ret, struct lw_error *e)
{
	char name[LW_MAX_REFERENCE + 1];
	struct hearing h = {
		.boxes = boxes,
		.policy = boxes->policy,
		.source = source,
		.verdict = v,
		.name = lw_reference_text(&image->name, name),
		.heard = ret,
	};
	int r = find_platforms(image, source, ret, e);

	if (r == 0)
		r = hear_rows(&h, image, e);
	lw_box_evidence_close(h.box);
	ret->cut = h.over;
	return r;
}

void lw_testimonies_release(struct lw_testimonies *t)
{
	for (size_t i = 0; i < t->n; i++)
		lw_testimony_release(&t->list[i]);
	free(t->list);
	free(t->platforms);
	*t = (struct lw_testimonies){ 0 };
}

struct lw_judged lw_evidence_judged(const struct lw_image *image,
				    const struct lw_testimonies *heard,
				    const struct lw_interval *now,
				    char name[LW_MAX_REFERENCE + 1])
{
	return (struct lw_judged){
		.name = lw_reference_text(&image->name, name),
		.digest = image->digest,
		.platforms = heard->platforms,
		.n_platforms = heard->n_platforms,
		.testimonies = heard->list,
		.n_testimonies = heard->n,
		.cut = heard->cut,
		.now = *now,
	};
}
