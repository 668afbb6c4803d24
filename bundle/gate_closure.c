/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 4, the last part: do the images hold together? Every manifest, proven by now, is read;
 * all it names must be in the bundle, nothing else may be, and the sender's ledger must speak
 * of every manifest. */
#include "base/mem.h"
#include "bundle/evidence.h"
#include "bundle/format.h"
#include "bundle/intake_internal.h"
#include "verify/judge.h"

#include <stdlib.h>

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

/* What a piece of evidence says of itself, to hold its rows against: it is read once, however
 * many they are. */
struct fact {
	struct lw_digest digest, subject;
	bool has_subject;
	char *artifact_type;
};

struct walk {
	struct lw_intake *in;
	const struct lw_image *image;
	struct lw_needs *needs;
	size_t cap;
	struct lw_digest *manifests; /* of the image itself, as walked */
	size_t n_manifests, cap_manifests;
	struct fact *facts;
	size_t n_facts, cap_facts;
	bool *met;     /* for each omitted digest, whether the image names it */
	bool *built;   /* for each platform, whether the image has a manifest for it */
	bool unread;   /* a part of the image could not be read: its manifests are not all known
			*/
	size_t pieces; /* of evidence that gate 5 would hear, so far */
	bool too_many; /* of those: the rest of the image's evidence is not looked at */
	const char *name;
};

static void need(struct walk *w, const struct lw_entry *entry)
{
	if (w->needs->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 8;
		w->needs->entries =
			lw_realloc_array(w->needs->entries, w->cap, sizeof(uint32_t));
	}
	w->needs->entries[w->needs->n++] = (uint32_t)(entry - w->in->entries.list);
}

/* Whether gate 5 will ask for its bytes. */
static bool is_piece(const struct lw_descriptor *c, bool own)
{
	const struct lw_judge *judge = own ? NULL : lw_judge_for(c->media_type);

	if (own)
		return c->role == LW_CHILD_CONFIG && c->size <= LW_MAX_CONFIG_BYTES;
	return c->role == LW_CHILD_LAYER && judge && judge->extract &&
	       c->size <= LW_MAX_EVIDENCE_BYTES;
}

/* A piece is one signature or more: past the most that gate 5 hears, nothing is gained by
 * reading what is left. */
static void count_piece(struct walk *w, const struct lw_descriptor *c)
{
	const struct lw_rule *rule;

	if (c->role != LW_CHILD_LAYER || !lw_judge_for(c->media_type) ||
	    ++w->pieces != LW_MAX_IMAGE_SIGNATURES + 1)
		return;
	rule = lw_policy_rule(w->in->policy, w->name, NULL);
	w->too_many = rule && !rule->evidence_not_required;
	if (w->too_many)
		lw_evidence_too_many(&w->in->result->verdict, w->name);
}

static struct lw_entry *require(struct walk *w, enum lw_finding_id id,
				const struct lw_digest *d, uint64_t size, const char *named_by)
{
	struct lw_entry *entry = lw_entries_find(&w->in->entries, d, size);
	char text[LW_DIGEST_TEXT];

	if (!entry) {
		lw_verdict_addf(&w->in->result->verdict, id, w->name, lw_digest_text(d, text),
				"no such blob of %llu bytes, named by %s",
				(unsigned long long)size, named_by);
		return NULL;
	}
	entry->flags |= LW_ENTRY_NAMED;
	need(w, entry);
	return entry;
}

static int read_document(struct walk *w, const struct lw_entry *entry, const char *media_type,
			 struct lw_document **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	char text[LW_DIGEST_TEXT];
	int r;

	if (!(entry->flags & LW_ENTRY_DOCUMENT)) {
		lw_verdict_add(&w->in->result->verdict, LW_FINDING_EVIDENCE_LEDGER, w->name,
			       "every manifest in the ledger or the evidence",
			       lw_digest_text(&entry->digest, text));
		return 0;
	}
	r = lw_gate_content_document(w->in, entry, &bytes, e);
	if (r < 0)
		return r;
	r = lw_document_parse(lw_buf_span(&bytes), media_type, ret, e);
	if (r < 0)
		lw_verdict_add(&w->in->result->verdict, LW_FINDING_CONTENT_DOCUMENT,
			       lw_digest_text(&entry->digest, text), media_type, e->text);
	return 0;
}

/* Attestations about the others say unknown/unknown, where they say anything. */
static bool has_platform(const struct lw_descriptor *c)
{
	return c->platform[0] && strcmp(c->platform, "unknown/unknown") != 0;
}

/* Left out by the sender, as contents say. Only what has a platform can be. */
static bool is_omitted(const struct walk *w, const struct lw_descriptor *c)
{
	const struct lw_digest *d;

	if (w->image->n_omitted == 0 || !has_platform(c))
		return false;
	d = bsearch(&c->digest, w->image->omitted, w->image->n_omitted, sizeof(*d),
		    compare_digests);
	if (d)
		w->met[d - w->image->omitted] = true;
	return d != NULL;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void note_platform(const struct walk *w, const struct lw_descriptor *c)
{
	const struct lw_image *image = w->image;
	char *const *p;

	if (image->n_platforms == 0 || !has_platform(c))
		return;
	p = bsearch(&c->platform, image->platforms, image->n_platforms, sizeof(*p),
		    compare_strings);
	if (p)
		w->built[p - image->platforms] = true;
}

static void note_evidence(struct walk *w, const struct lw_entry *entry,
			  const struct lw_document *d)
{
	const struct lw_descriptor *s = lw_document_child(d, LW_CHILD_SUBJECT);

	if (w->n_facts == w->cap_facts) {
		w->cap_facts = w->cap_facts ? w->cap_facts * 2 : 8;
		w->facts = lw_realloc_array(w->facts, w->cap_facts, sizeof(*w->facts));
	}
	w->facts[w->n_facts++] = (struct fact){
		.digest = entry->digest,
		.subject = s ? s->digest : entry->digest,
		.has_subject = s != NULL,
		.artifact_type = lw_strdup(d->artifact_type),
	};
}

static void note_manifest(struct walk *w, const struct lw_digest *d)
{
	if (w->n_manifests == w->cap_manifests) {
		w->cap_manifests = w->cap_manifests ? w->cap_manifests * 2 : 8;
		w->manifests =
			lw_realloc_array(w->manifests, w->cap_manifests, sizeof(*w->manifests));
	}
	w->manifests[w->n_manifests++] = *d;
}

/* The same bytes are one kind of document, whoever names them: a reader that is told another
 * kind would find other children in them (CVE-2021-41190). */
static bool same_kind(struct lw_entry *entry, const char *media_type)
{
	const uint64_t bits = LW_ENTRY_READ | LW_ENTRY_READ_INDEX | LW_ENTRY_READ_DOCKER;
	uint64_t kind = LW_ENTRY_READ;

	if (lw_media_kind(media_type) == LW_MEDIA_INDEX)
		kind |= LW_ENTRY_READ_INDEX;
	if (strstr(media_type, "docker"))
		kind |= LW_ENTRY_READ_DOCKER;
	if (entry->flags & LW_ENTRY_READ)
		return (entry->flags & bits) == kind;
	entry->flags |= kind;
	return true;
}

static int walk_document(struct walk *w, struct lw_entry *entry, const char *media_type,
			 bool own, unsigned depth, struct lw_error *e);

/* What a document names: it must be there; and if that is a document, all below it. */
static int walk_child(struct walk *w, const struct lw_descriptor *c, bool own, unsigned depth,
		      const char *named_by, struct lw_error *e)
{
	bool manifest = c->role == LW_CHILD_MANIFEST;
	struct lw_entry *child;

	if (c->role == LW_CHILD_SUBJECT || (manifest && own && is_omitted(w, c)))
		return 0;
	if (manifest && own)
		note_platform(w, c);
	child = require(w, own ? LW_FINDING_CONTENT_MISSING : LW_FINDING_EVIDENCE_MISSING,
			&c->digest, c->size, named_by);
	if (!child) {
		w->unread |= own;
		return 0;
	}
	if (is_piece(c, own))
		child->flags |= LW_ENTRY_PIECE;
	if (manifest && !own)
		child->flags |= LW_ENTRY_ATTACHED;
	if (!own)
		count_piece(w, c);
	return manifest && lw_media_kind(c->media_type) != LW_MEDIA_OTHER
		       ? walk_document(w, child, c->media_type, own, depth + 1, e)
		       : 0;
}

/* A manifest or index and all below it. `own`: part of the image, not of its evidence. */
static int walk_document(struct walk *w, struct lw_entry *entry, const char *media_type,
			 bool own, unsigned depth, struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	char text[LW_DIGEST_TEXT];
	int r = 0;

	lw_digest_text(&entry->digest, text);
	if (!same_kind(entry, media_type)) {
		w->unread |= own;
		lw_verdict_add(&w->in->result->verdict, LW_FINDING_CONTENT_DOCUMENT, text,
			       "one media type wherever it is named", media_type);
		return 0;
	}
	/* Once is enough, however often it is named: no index of indexes grows the work. */
	if (entry->flags & (own ? LW_ENTRY_WALKED : LW_ENTRY_WALKED_EVIDENCE))
		return 0;
	entry->flags |= own ? LW_ENTRY_WALKED : LW_ENTRY_WALKED_EVIDENCE;
	if (depth > LW_MAX_IMAGE_DEPTH) {
		w->unread |= own;
		lw_verdict_add(&w->in->result->verdict, LW_FINDING_CONTENT_DOCUMENT, text,
			       "a shallower nesting", "too many levels");
		return 0;
	}
	r = read_document(w, entry, media_type, &d, e);
	if (r < 0 || !d) {
		w->unread |= own;
		return r;
	}
	if (own)
		note_manifest(w, &entry->digest);
	else
		note_evidence(w, entry, d);
	for (size_t i = 0; i < d->n_children && r == 0 && !w->too_many; i++)
		r = walk_child(w, &d->children[i], own, depth, text, e);
	return r;
}

/* The ledger must name exactly the image's manifests. */
static void compare_ledger(struct walk *w)
{
	size_t n = 0;

	lw_sort(w->manifests, w->n_manifests, sizeof(*w->manifests), compare_digests);
	for (size_t i = 0; i < w->n_manifests; i++)
		if (n == 0 || !lw_digest_equal(&w->manifests[n - 1], &w->manifests[i]))
			w->manifests[n++] = w->manifests[i];

	bool same = n == w->image->n_subjects;

	for (size_t i = 0; i < n && same; i++)
		same = lw_digest_equal(&w->manifests[i], &w->image->subjects[i]);
	if (!same)
		lw_verdict_addf(&w->in->result->verdict, LW_FINDING_EVIDENCE_LEDGER, w->name,
				"one ledger row for each of the image's manifests",
				"%zu rows, %zu manifests", w->image->n_subjects, n);
}

static int compare_indices(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* Each entry once; and the next image reads its documents anew. */
static void finish_needs(struct lw_intake *in, struct lw_needs *needs)
{
	size_t n = 0;

	for (size_t i = 0; i < needs->n; i++)
		in->entries.list[needs->entries[i]].flags &=
			~(uint64_t)(LW_ENTRY_WALKED | LW_ENTRY_WALKED_EVIDENCE |
				    LW_ENTRY_ATTACHED);

	lw_sort(needs->entries, needs->n, sizeof(*needs->entries), compare_indices);
	for (size_t i = 0; i < needs->n; i++)
		if (n == 0 || needs->entries[n - 1] != needs->entries[i])
			needs->entries[n++] = needs->entries[i];
	needs->n = n;
}

/* What is said to be left out must be the image's to leave out. */
static void compare_omitted(struct walk *w)
{
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < w->image->n_omitted; i++)
		if (!w->met[i])
			lw_verdict_add(&w->in->result->verdict, LW_FINDING_EVIDENCE_LEDGER,
				       w->name,
				       "a manifest of a platform of this image left out",
				       lw_digest_text(&w->image->omitted[i], text));
}

/* Evidence is about a manifest of the image, or about other evidence. */
static void compare_subjects(struct walk *w)
{
	const struct lw_image *image = w->image;
	lw_auto_free struct lw_digest *known =
		lw_alloc_array(image->n_subjects + image->n_evidence, sizeof(*known));
	size_t n = 0;
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < image->n_subjects; i++)
		known[n++] = image->subjects[i];
	for (size_t i = 0; i < image->n_evidence; i++)
		known[n++] = image->evidence[i].digest;
	lw_sort(known, n, sizeof(*known), compare_digests);
	for (size_t i = 0; i < image->n_evidence; i++)
		if (!bsearch(&image->evidence[i].subject, known, n, sizeof(*known),
			     compare_digests))
			lw_verdict_add(&w->in->result->verdict, LW_FINDING_EVIDENCE_LEDGER,
				       w->name, "evidence about this image",
				       lw_digest_text(&image->evidence[i].subject, text));
}

/* A platform that nothing was built for would be approved, and looked for in vain. */
static void compare_platforms(struct walk *w)
{
	for (size_t i = 0; i < w->image->n_platforms; i++)
		if (!w->built[i])
			lw_verdict_add(&w->in->result->verdict, LW_FINDING_EVIDENCE_LEDGER,
				       w->name, "a platform this image has",
				       w->image->platforms[i]);
}

static int compare_facts(const void *a, const void *b)
{
	return lw_digest_compare(&((const struct fact *)a)->digest,
				 &((const struct fact *)b)->digest);
}

/* Whether the evidence itself agrees with a row. What is found by tag names no subject; nor
 * need what an attached index names. */
static void compare_row(struct walk *w, const struct lw_evidence *row, const struct fact *fact,
			const struct lw_entry *entry)
{
	struct lw_verdict *v = &w->in->result->verdict;
	char text[LW_DIGEST_TEXT], subject[LW_DIGEST_TEXT];

	lw_digest_text(&row->digest, text);
	if (strcmp(fact->artifact_type, row->artifact_type) != 0)
		lw_verdict_addf(v, LW_FINDING_EVIDENCE_LEDGER, text, row->artifact_type,
				"artifact type '%s'", fact->artifact_type);
	if (row->mechanism != LW_MECHANISM_REFERRERS)
		return;
	if (fact->has_subject ? !lw_digest_equal(&fact->subject, &row->subject)
			      : !(entry->flags & LW_ENTRY_ATTACHED))
		lw_verdict_add(v, LW_FINDING_CONTENT_DOCUMENT, text,
			       "the subject its evidence row names",
			       fact->has_subject ? lw_digest_text(&fact->subject, subject)
						 : "no subject");
}

static void compare_evidence(struct walk *w)
{
	lw_sort(w->facts, w->n_facts, sizeof(*w->facts), compare_facts);
	for (size_t i = 0; i < w->image->n_evidence; i++) {
		const struct lw_evidence *row = &w->image->evidence[i];
		const struct fact key = { .digest = row->digest };
		const struct fact *fact = w->n_facts ? bsearch(&key, w->facts, w->n_facts,
							       sizeof(*w->facts), compare_facts)
						     : NULL;

		const struct lw_entry *entry =
			lw_entries_find(&w->in->entries, &row->digest, row->size);

		if (fact && entry) /* else it is missing or unreadable, and that was said */
			compare_row(w, row, fact, entry);
	}
}

static int walk_image(struct walk *w, struct lw_error *e)
{
	struct lw_entry *root = require(w, LW_FINDING_CONTENT_MISSING, &w->image->digest,
					w->image->size, "contents");
	int r = root ? walk_document(w, root, w->image->media_type, true, 0, e) : 0;

	for (size_t i = 0; i < w->image->n_evidence && r == 0 && !w->too_many; i++) {
		const struct lw_evidence *ev = &w->image->evidence[i];
		struct lw_entry *entry = require(w, LW_FINDING_EVIDENCE_MISSING, &ev->digest,
						 ev->size, "contents");

		if (entry)
			r = walk_document(w, entry, ev->media_type, false, 0, e);
	}
	if (r < 0 || w->too_many)
		return r;
	compare_evidence(w);
	if (root && !w->unread) {
		compare_ledger(w);
		compare_omitted(w);
		compare_platforms(w);
		compare_subjects(w);
	}
	return 0;
}

static void walk_release(struct walk *w)
{
	for (size_t i = 0; i < w->n_facts; i++)
		free(w->facts[i].artifact_type);
	free(w->facts);
	free(w->manifests);
	free(w->met);
	free(w->built);
}

/* The metadata that contents list must be here; what no image has besides is not for the store.
 */
static void require_carried(struct lw_intake *in)
{
	const struct lw_contents *c = &in->result->contents;
	char text[LW_DIGEST_TEXT];

	for (size_t i = 0; i < in->entries.n; i++)
		if ((in->entries.list[i].flags & (LW_ENTRY_TUF | LW_ENTRY_NAMED)) ==
		    LW_ENTRY_TUF)
			in->entries.list[i].flags |= LW_ENTRY_TUF_ALONE | LW_ENTRY_NAMED;
	for (size_t i = 0; i < c->n_carried; i++)
		for (size_t k = 0; k < c->carried[i].n_files; k++) {
			const struct lw_carried_file *f = &c->carried[i].files[k];

			if (!lw_entries_find(&in->entries, &f->digest, f->size))
				lw_verdict_addf(&in->result->verdict,
						LW_FINDING_EVIDENCE_MISSING, f->name,
						lw_digest_text(&f->digest, text),
						"no such blob of %llu bytes, named by contents",
						(unsigned long long)f->size);
		}
}

static void report_unreferenced(struct lw_intake *in)
{
	char name[LW_BLOB_NAME];

	for (size_t i = 0; i < in->entries.n; i++)
		if (!(in->entries.list[i].flags & LW_ENTRY_NAMED))
			lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_UNREFERENCED,
				       lw_format_blob_name(&in->entries.list[i].digest, name),
				       "a manifest that names it", "none");
}

void lw_gate_content_closure(struct lw_intake *in)
{
	const struct lw_contents *c = &in->result->contents;
	struct lw_error e = { 0 };
	bool whole = true;
	int r = 0;

	in->needs = lw_alloc_array(c->n_images, sizeof(*in->needs));
	for (size_t i = 0; i < c->n_images && r == 0; i++) {
		char name[LW_MAX_REFERENCE + 1];
		struct walk w = {
			.in = in,
			.image = &c->images[i],
			.needs = &in->needs[i],
			.met = lw_alloc_array(c->images[i].n_omitted, sizeof(bool)),
			.built = lw_alloc_array(c->images[i].n_platforms, sizeof(bool)),
			.name = lw_reference_text(&c->images[i].name, name),
		};

		r = walk_image(&w, &e);
		whole = whole && !w.too_many;
		finish_needs(in, w.needs);
		walk_release(&w);
	}
	require_carried(in);
	if (r < 0)
		lw_intake_failed(in, &e);
	else if (whole)
		report_unreferenced(in);
}
