/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/pack.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/tree.h"
#include "bundle/box.h"
#include "bundle/contents.h"
#include "bundle/entries.h"
#include "bundle/format.h"
#include "bundle/pack_internal.h"
#include "bundle/seal.h"
#include "bundle/supplement.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static void auto_head(struct lw_pack_head *h)
{
	lw_buf_free(&h->seal);
	lw_buf_free(&h->contents);
	lw_buf_free(&h->entries);
	lw_buf_free(&h->index);
	lw_buf_free(&h->map);
}

static void auto_gathered(struct lw_gathered *g)
{
	lw_gathered_free(g);
}

/* One layout may hold many of the images: it is opened once. */
struct layouts {
	struct open_layout {
		const struct lw_source *source;
		struct lw_layout *layout;
	} * list;
	size_t n;
};

static void auto_layouts(struct layouts *l)
{
	for (size_t i = 0; i < l->n; i++)
		lw_layout_close(l->list[i].layout);
	free(l->list);
}

static int open_layout(struct layouts *l, const struct lw_source *source, int room,
		       const struct lw_document_reader *reader, struct lw_layout **ret,
		       struct lw_error *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->list[i].source->kind == source->kind &&
		    strcmp(l->list[i].source->path, source->path) == 0) {
			*ret = l->list[i].layout;
			return 0;
		}
	l->list = lw_realloc_array(l->list, l->n + 1, sizeof(*l->list));

	int r = lw_layout_open_source(source, room, reader, &l->list[l->n].layout, e);
	if (r < 0)
		return r;
	l->list[l->n].source = source;
	*ret = l->list[l->n++].layout;
	return 0;
}

static int gather_all(const struct lw_pack_options *o, const struct lw_document_reader *reader,
		      struct layouts *layouts, struct lw_gathered *g, struct lw_error *e)
{
	lw_auto_fd int room = -1;
	const char *name = NULL;
	/* Room for what is in archives: beside the file, or where one would be made. */
	int r = lw_fs_open_parent(o->n_devices ? "file" : o->output, &room, &name, e);

	for (size_t i = 0; i < o->n_sources && r == 0; i++) {
		const struct lw_pack_source *s = &o->sources[i];
		struct lw_reference full;
		struct lw_layout *layout = NULL;

		r = s->name ? lw_reference_parse(lw_span_str(s->name), &full, e) : 0;
		if (r == 0)
			r = open_layout(layouts, s->source, room, reader, &layout, e);
		if (r == 0) /* like the others, it names what it speaks of */
			r = lw_gather_image(layout, s->source->ref, s->name ? &full : NULL,
					    &o->gather, g, e);
	}
	return r;
}

/* What is taken along of TUF repositories. */
struct carried {
	struct lw_carried_bytes *list;
	size_t n;
};

static void auto_carried(struct carried *c)
{
	for (size_t i = 0; i < c->n; i++)
		lw_carried_bytes_release(&c->list[i]);
	free(c->list);
}

static int compare_carried(const void *a, const void *b)
{
	const struct lw_carried_bytes *x = a, *y = b;

	return strcmp(x->carried.repository, y->carried.repository);
}

static int carry_all(const struct lw_pack_options *o, struct lw_gathered *g, struct carried *c,
		     struct lw_error *e)
{
	const struct lw_carry_options options = { .images = g->images,
						  .n_images = g->n_images,
						  .targets = o->targets,
						  .n_targets = o->n_targets,
						  .now = o->statement.created,
						  .program = o->judge };

	int r = 0;

	c->list = lw_alloc_array(o->n_repositories + 1, sizeof(*c->list));
	if (o->trust)
		r = lw_carry_own(o->trust, &options, &c->list[c->n++], e);
	for (size_t i = 0; i < o->n_repositories && r == 0; i++)
		r = lw_carry(&o->repositories[i], &options, &c->list[c->n++], e);
	if (r < 0)
		return r;
	lw_sort(c->list, c->n, sizeof(*c->list), compare_carried);
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->list[i].carried.n_files; k++)
			lw_gather_blob(g, &c->list[i].carried.files[k].digest,
				       c->list[i].carried.files[k].size);
	return 0;
}

/* An image that no repository lists may be no concern of theirs; or the sender forgot to. */
static void tell_unlisted(const struct lw_pack_options *o, const struct lw_gathered *g,
			  const struct carried *c)
{
	char name[LW_MAX_REFERENCE + 1];

	for (size_t i = 0; i < g->n_images && o->n_repositories > 0 && o->unlisted; i++) {
		bool listed = false;

		for (size_t k = 0; k < c->n; k++)
			listed |= c->list[k].listed && c->list[k].listed[i];
		if (!listed)
			o->unlisted(lw_reference_text(&g->images[i].name, name));
	}
}

/* The box and we wait for each other, document by document. On two cores each of these
 * hand-overs wakes one up from its sleep, which on a virtual machine costs more than reading
 * the document: until all are read the two share the core we are on. */
static bool stay_on_one_core(cpu_set_t *ret_before)
{
	int here = sched_getcpu();
	cpu_set_t one;

	if (here < 0 || here >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(*ret_before), ret_before) != 0)
		return false;
	CPU_ZERO(&one);
	CPU_SET((size_t)here, &one);
	return sched_setaffinity(0, sizeof(one), &one) == 0;
}

static int compare_images(const void *a, const void *b)
{
	const struct lw_image *x = a, *y = b;
	char xn[LW_MAX_REFERENCE + 1], yn[LW_MAX_REFERENCE + 1];

	return strcmp(lw_reference_text(&x->name, xn), lw_reference_text(&y->name, yn));
}

static int check_caps(const struct lw_gathered *g, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	if (g->n_images > LW_MAX_BUNDLE_IMAGES || g->n_blobs > LW_MAX_ENTRIES)
		return lw_fail(e, LW_E_LIMIT,
			       "want at most %zu images and %zu blobs, have %zu and %zu",
			       LW_MAX_BUNDLE_IMAGES, LW_MAX_ENTRIES, g->n_images, g->n_blobs);
	for (size_t i = 0; i < g->n_blobs; i++)
		if (g->blobs[i].size > LW_MAX_BLOB_BYTES)
			return lw_fail(e, LW_E_LIMIT,
				       "blob %s: want at most %llu bytes, have %llu",
				       lw_digest_text(&g->blobs[i].digest, text),
				       (unsigned long long)LW_MAX_BLOB_BYTES,
				       (unsigned long long)g->blobs[i].size);
	return 0;
}

/* What no reader takes is not worth an approval: an image that is called like evidence, a
 * folder with control characters in its name. One image at a time: the whole list as a tree is
 * the largest thing that pack would hold. */
static int check_images(const struct lw_gathered *g, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < g->n_images && r == 0; i++) {
		LW_AUTO(buf) struct lw_buf text = { 0 };
		struct lw_image again = { 0 };
		struct lw_digest own;
		struct lw_proven proven;

		lw_contents_write_image(&g->images[i], &text);
		own = lw_digest_of(lw_buf_span(&text));
		r = lw_prove_by_digest(lw_buf_span(&text), &own, &proven, e);
		if (r == 0 && lw_contents_parse_image(proven, &again, e) < 0)
			r = lw_fail_as(e, LW_E_USAGE);
		lw_image_release(&again);
	}
	return r;
}

static uint64_t head_bytes(const struct lw_pack_head *h, uint64_t entries_bytes, bool marked)
{
	return lw_format_member(LW_MAX_SEAL_BYTES) + lw_format_member(h->contents.n) +
	       lw_format_member(entries_bytes) + lw_format_member(strlen(LW_OCI_LAYOUT)) +
	       lw_format_member(h->index.n) + (marked ? lw_format_member(LW_VOLUME_MARK) : 0);
}

uint64_t lw_pack_head_bytes(const struct lw_pack_head *h)
{
	return head_bytes(h, h->entries.n, h->marked) +
	       (h->map.n > 0 ? lw_format_member(h->map.n) : 0);
}

static void uncut(struct lw_entries *x)
{
	free(lw_steal(x->pieces));
	free(lw_steal(x->breaks));
	x->n_pieces = x->n_breaks = 0;
	for (size_t i = 0; i < x->n; i++)
		x->list[i].flags &= LW_ENTRY_HAVE;
}

/* Where to cut depends on how much room the list takes, and that on where it is cut: from a
 * list that is not, to one that has room enough for itself. */
static int lay(const struct lw_pack_options *o, const struct lw_pack_head *h,
	       struct lw_entries *x, struct lw_error *e)
{
	uint64_t size = o->volume_bytes, list = 0;

	for (;;) {
		LW_AUTO(buf) struct lw_buf text = { 0 };
		/* contents are not written yet: of its digest and numbers there is no more */
		uint64_t head = head_bytes(h, list, true) + LW_TAR_END;
		uint64_t room = size == 0 ? UINT64_MAX : size > head ? size - head : 0;
		int r;

		uncut(x);
		r = lw_volumes_lay(x, room, e);
		if (r == -LW_E_USAGE)
			return lw_fail(e, LW_E_USAGE,
				       "each volume begins with %llu bytes of lists: want "
				       "larger ones than %llu bytes",
				       (unsigned long long)head, (unsigned long long)size);
		if (r < 0)
			return r;
		lw_entries_write(x, &text);
		if (text.n <= list)
			return 0;
		list = text.n;
	}
}

/* What the enclave is supposed to have stays in the list, and does not travel. Metadata always
 * does: enclaves keep it elsewhere. */
static void leave_out(const struct lw_held *held, const struct carried *carried,
		      struct lw_entries *x)
{
	for (size_t i = 0; i < x->n; i++)
		if (lw_held_has(held, &x->list[i].digest, x->list[i].size))
			x->list[i].flags |= LW_ENTRY_HAVE;
	for (size_t i = 0; i < carried->n; i++)
		for (size_t k = 0; k < carried->list[i].carried.n_files; k++) {
			const struct lw_carried_file *f = &carried->list[i].carried.files[k];
			struct lw_entry *entry = lw_entries_find(x, &f->digest, f->size);

			if (entry)
				entry->flags = 0;
		}
	for (size_t i = 0; i < x->n; i++)
		if (x->list[i].flags & LW_ENTRY_HAVE) {
			x->n_have++;
			x->have_bytes += x->list[i].size;
		}
}

static void fill_entries(const struct lw_gathered *g, struct lw_entries *x)
{
	x->list = lw_alloc_array(g->n_blobs, sizeof(*x->list));
	x->n = g->n_blobs;
	for (size_t i = 0; i < g->n_blobs; i++)
		x->list[i] = (struct lw_entry){ .digest = g->blobs[i].digest,
						.size = g->blobs[i].size };
}

/* The entry list: cut, and written. */
static int make_entries(const struct lw_pack_options *o, struct lw_packer_job *job,
			struct lw_contents *c, struct lw_pack_head *h, struct lw_error *e)
{
	int r;

	/* Its numbers take no more room than these. */
	c->entries_blobs = job->entries->n;
	c->entries_bytes = LW_MAX_ENTRIES_BYTES;
	lw_contents_write(c, &h->contents);
	r = lay(o, h, job->entries, e);
	if (r == 0)
		r = lw_packer_cut(job, e);
	if (r < 0)
		return r;
	lw_entries_write(job->entries, &h->entries);
	c->entries_bytes = h->entries.n;
	c->entries_digest = lw_digest_of(lw_buf_span(&h->entries));
	lw_buf_clear(&h->contents);
	lw_contents_write(c, &h->contents);
	return 0;
}

/* The lists and the statement over them. */
static int make_head(const struct lw_pack_options *o, struct lw_gathered *g,
		     const struct carried *carried, struct lw_packer_job *job,
		     struct lw_pack_head *h, struct lw_pack_result *result, struct lw_error *e)
{
	lw_auto_free struct lw_carried *listed = lw_alloc_array(carried->n, sizeof(*listed));
	struct lw_contents c = { .images = g->images,
				 .n_images = g->n_images,
				 .carried = listed,
				 .n_carried = carried->n };
	struct lw_statement s = o->statement;
	lw_auto_free struct lw_digest *since = NULL;
	LW_AUTO(dsse) struct lw_dsse seal = { 0 };
	int r;

	for (size_t i = 0; i < carried->n; i++)
		listed[i] = carried->list[i].carried;
	lw_sort(g->images, g->n_images, sizeof(*g->images), compare_images);
	lw_contents_write_index(&c, &h->index);
	fill_entries(g, job->entries);
	if (o->held)
		leave_out(o->held, carried, job->entries);
	c.have_blobs = result->left_out = job->entries->n_have;
	c.have_bytes = result->left_out_bytes = job->entries->have_bytes;
	if (o->held && o->held->n_since > 0) {
		since = lw_alloc_array(o->held->n_since, sizeof(*since));
		memcpy(since, o->held->since, o->held->n_since * sizeof(*since));
		c.since = since;
		c.n_since = o->held->n_since;
	}
	r = make_entries(o, job, &c, h, e);
	if (r < 0)
		return r;
	if (h->contents.n > LW_MAX_CONTENTS_BYTES)
		return lw_fail(e, LW_E_LIMIT,
			       "contents: want at most %zu bytes, have %zu: pack fewer images",
			       LW_MAX_CONTENTS_BYTES, h->contents.n);
	r = check_images(g, e);
	if (r < 0)
		return r;
	s.contents = lw_digest_of(lw_buf_span(&h->contents));
	s.contents_bytes = h->contents.n;
	s.volumes = result->volumes = lw_volumes_count(job->entries);
	h->marked = lw_contents_is_marked(&c, result->volumes);
	s.bytes = result->bytes = lw_volumes_bytes(job->entries, lw_pack_head_bytes(h));
	lw_statement_write(&s, &seal.payload);
	result->bundle = lw_digest_of(lw_buf_span(&seal.payload));
	return lw_seal_write(&seal, &h->seal, e);
}

int lw_pack(const struct lw_pack_options *o, struct lw_pack_result *ret, struct lw_error *e)
{
	LW_AUTO(box_documents) struct lw_box_documents *box = NULL;
	struct layouts layouts __attribute__((cleanup(auto_layouts))) = { 0 };
	struct lw_gathered g __attribute__((cleanup(auto_gathered))) = { 0 };
	struct carried carried __attribute__((cleanup(auto_carried))) = { 0 };
	struct lw_pack_head h __attribute__((cleanup(auto_head))) = { 0 };
	LW_AUTO(entries) struct lw_entries entries = { 0 };
	lw_auto_free struct lw_layout **open = NULL;
	struct lw_packer_job job = { .entries = &entries, .progress = o->progress };
	struct lw_pack_result result = { 0 };
	cpu_set_t cores;
	bool one_core = stay_on_one_core(&cores);
	int r = lw_box_documents_open(o->judge, &box, e);
	struct lw_document_reader reader = { .read = lw_box_document_read, .data = box };

	if (r == 0)
		r = gather_all(o, &reader, &layouts, &g, e);
	if (one_core) /* or we stay there, and are slower */
		(void)sched_setaffinity(0, sizeof(cores), &cores);
	if (r == 0)
		r = carry_all(o, &g, &carried, e);
	if (r == 0) {
		tell_unlisted(o, &g, &carried);
		r = lw_gather_finish(&g, e);
	}
	if (r == 0)
		r = check_caps(&g, e);
	if (r < 0)
		return r;
	open = lw_alloc_array(layouts.n, sizeof(*open));
	for (size_t i = 0; i < layouts.n; i++)
		open[i] = layouts.list[i].layout;
	job.layouts = open;
	job.n_layouts = layouts.n;
	job.carried = carried.list;
	job.n_carried = carried.n;
	result.blobs = g.n_blobs;
	result.images = g.n_images;
	result.repositories = carried.n;
	r = o->increment ? lw_supplement_head(o->increment, o->lacking, &job, &h, &result, e)
			 : make_head(o, &g, &carried, &job, &h, &result, e);
	if (r < 0)
		return r;
	if (o->n_devices)
		r = lw_pack_write_devices(o, &job, &h, &result, e);
	else if (lw_pack_write(o, &job, &h, &result, e) < 0)
		r = lw_prefix(e, "%s", o->output);
	if (r < 0)
		return r;
	*ret = result;
	return 0;
}
