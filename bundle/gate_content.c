/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 4: is each byte what the lists say? The lists first, then every blob, once. */
#include "base/fs.h"
#include "base/mem.h"
#include "bundle/carried_source.h"
#include "bundle/format.h"
#include "bundle/head.h"
#include "bundle/intake_internal.h"
#include "bundle/lane.h"
#include "bundle/sitting.h"

#include <fcntl.h>
#include <stdlib.h>

/* From here on a blob is made durable on its own, while others are still read. */
#define SYNC_ALONE_BYTES ((uint64_t)8 << 20)

void lw_intake_damaged(struct lw_intake *in, const char *object, const struct lw_error *e)
{
	enum lw_finding_id id = LW_FINDING_CONTENT_LIST;
	const char *expected = "a list of format 1";

	if (e->code == LW_E_IO) {
		id = LW_FINDING_CONTENT_READ;
		expected = "bytes";
	} else if (e->code == LW_E_TRUNCATED) {
		id = LW_FINDING_CONTENT_TRUNCATED;
		expected = "bytes up to the end the seal names";
	} else if (e->code == LW_E_CONFLICT) {
		id = LW_FINDING_CONTENT_HEADER;
		expected = "the header and padding the lists require";
	} else if (e->code == LW_E_DIGEST) {
		id = LW_FINDING_CONTENT_DIGEST;
		expected = "bytes of the digest in the sealed list";
	}
	lw_verdict_add(&in->result->verdict, id, object, expected, e->text);
}

/* ---- the lists ---- */

static int read_contents(struct lw_intake *in, uint64_t *at, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	const struct lw_statement *s = &in->result->statement;
	struct lw_proven proven;
	int r = lw_head_read_member(&in->medium, *at, LW_NAME_CONTENTS, s->contents_bytes,
				    &bytes, at, e);

	if (r == 0)
		r = lw_prove_by_digest(lw_buf_span(&bytes), &s->contents, &proven, e);
	if (r == 0) {
		r = lw_contents_parse(proven, &in->result->contents, e);
		if (r == -LW_E_CONFLICT) /* of the list with itself, not of a header */
			e->code = LW_E_FORMAT;
	}
	return r;
}

/* What the two lists say of each other. */
static int compare_lists(const struct lw_intake *in, struct lw_error *e)
{
	const struct lw_contents *c = &in->result->contents;
	const struct lw_entries *x = &in->entries;
	const uint64_t volumes = in->result->statement.volumes;

	if (x->n != c->entries_blobs)
		return lw_fail(e, LW_E_FORMAT, "want %llu entries, have %zu",
			       (unsigned long long)c->entries_blobs, x->n);
	if (x->n_have != c->have_blobs || x->have_bytes != c->have_bytes)
		return lw_fail(e, LW_E_FORMAT,
			       "want %llu prerequisites of %llu bytes, have %zu of %llu",
			       (unsigned long long)c->have_blobs,
			       (unsigned long long)c->have_bytes, x->n_have,
			       (unsigned long long)x->have_bytes);
	if (volumes != lw_volumes_count(x))
		return lw_fail(e, LW_E_FORMAT, "want %llu volumes, have %llu",
			       (unsigned long long)volumes,
			       (unsigned long long)lw_volumes_count(x));
	return 0;
}

/* No enclave keeps metadata in its store: it cannot be there already. */
static int require_metadata(const struct lw_intake *in, struct lw_error *e)
{
	const struct lw_contents *c = &in->result->contents;

	for (size_t i = 0; i < c->n_carried && in->entries.n_have > 0; i++)
		for (size_t k = 0; k < c->carried[i].n_files; k++) {
			const struct lw_carried_file *f = &c->carried[i].files[k];
			const struct lw_entry *entry =
				lw_entries_find(&in->entries, &f->digest, f->size);

			if (entry && entry->flags & LW_ENTRY_HAVE)
				return lw_fail(e, LW_E_FORMAT, "%s does not travel", f->name);
		}
	return 0;
}

static int read_entries(struct lw_intake *in, uint64_t *at, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	const struct lw_contents *c = &in->result->contents;
	struct lw_proven proven;
	int r = lw_head_read_member(&in->medium, *at, LW_NAME_ENTRIES, c->entries_bytes, &bytes,
				    at, e);

	if (r == 0)
		r = lw_prove_by_digest(lw_buf_span(&bytes), &c->entries_digest, &proven, e);
	if (r == 0)
		r = lw_entries_parse(proven, &bytes, &in->entries, e);
	if (r == 0)
		r = compare_lists(in, e);
	return r < 0 ? r : require_metadata(in, e);
}

/* Which of them this is: what marks it, too, is computed and compared. Nobody vouches for the
 * mark: another volume's would have other members behind it. */
static int read_mark(struct lw_intake *in, uint64_t *at, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf mark = { 0 };
	const uint64_t volumes = in->result->statement.volumes;
	int r = lw_head_read_member(&in->medium, *at, LW_NAME_VOLUME, LW_VOLUME_MARK, &mark, at,
				    e);

	if (r < 0)
		return r;
	in->result->volume = lw_format_volume_of(lw_buf_span(&mark), volumes);
	in->result->supplement =
		in->entries.n_have > 0 && lw_format_is_supplement(lw_buf_span(&mark), volumes);
	return in->result->volume > 0 || in->result->supplement
		       ? 0
		       : lw_fail(e, LW_E_FORMAT,
				 "it is none of the %llu volumes of this bundle",
				 (unsigned long long)volumes);
}

/* Which prerequisites a supplement brings: one character each. Nobody vouches for it either. */
static int read_map(struct lw_intake *in, uint64_t *at, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf map = { 0 };
	struct lw_entries *x = &in->entries;
	size_t here = 0, k = 0;
	int r = lw_head_read_member(&in->medium, *at, LW_NAME_SUPPLEMENT, x->n_have + 1, &map,
				    at, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < x->n; i++) {
		uint8_t c = '0';

		if (x->list[i].flags & LW_ENTRY_HAVE)
			c = map.p[k++];
		if (c != '0' && (c != '1' || x->list[i].size > LW_MAX_MEMBER_BYTES))
			return lw_fail(e, LW_E_FORMAT, "the map of a supplement is none");
		x->list[i].flags |= c == '1' ? LW_ENTRY_HERE : 0;
		here += c == '1';
	}
	if (map.p[k] != '\n' || here == 0)
		return lw_fail(e, LW_E_FORMAT, "the map of a supplement is none");
	return 0;
}

/* Where there are several volumes, or prerequisites, each says which it is. */
static int read_which(struct lw_intake *in, const char **ret_object, uint64_t *at,
		      struct lw_error *e)
{
	int r = 0;

	in->result->volume = 1;
	if (lw_contents_is_marked(&in->result->contents, in->result->statement.volumes)) {
		*ret_object = LW_NAME_VOLUME;
		r = read_mark(in, at, e);
	}
	in->head_bytes = *at;
	if (r == 0 && in->result->supplement) {
		*ret_object = LW_NAME_SUPPLEMENT;
		r = read_map(in, at, e);
	}
	if (r == 0)
		in->extent = in->result->supplement
				     ? lw_volumes_supplement(&in->entries)
				     : lw_volumes_extent(&in->entries, in->result->volume);
	return r;
}

/* A member that is a function of the lists: computed and compared. */
static int compare_member(struct lw_intake *in, const char *name, struct lw_span want,
			  uint64_t *at, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf have = { 0 };
	int r = lw_head_read_member(&in->medium, *at, name, want.n, &have, at, e);

	if (r == 0 && !lw_span_equal(want, lw_buf_span(&have)))
		r = lw_fail(e, LW_E_DIGEST, "%s is not what contents make it", name);
	return r;
}

static int read_lists(struct lw_intake *in, const char **ret_object, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf index = { 0 };
	uint64_t at = lw_format_member(LW_MAX_SEAL_BYTES);
	int r;

	*ret_object = LW_NAME_CONTENTS;
	r = read_contents(in, &at, e);
	if (r < 0)
		return r;
	*ret_object = LW_NAME_ENTRIES;
	r = read_entries(in, &at, e);
	if (r < 0)
		return r;
	*ret_object = LW_NAME_OCI_LAYOUT;
	r = compare_member(in, LW_NAME_OCI_LAYOUT, lw_span_str(LW_OCI_LAYOUT), &at, e);
	if (r < 0)
		return r;
	*ret_object = LW_NAME_INDEX;
	lw_contents_write_index(&in->result->contents, &index);
	r = compare_member(in, LW_NAME_INDEX, lw_buf_span(&index), &at, e);
	if (r == 0)
		r = read_which(in, ret_object, &at, e);
	if (r < 0)
		return r;
	in->first_blob = at;
	for (size_t i = in->extent.first; i < in->extent.end; i++)
		in->all_bytes += lw_extent_entry_size(&in->entries, &in->extent, i);
	return 0;
}

/* Where the medium's part of the bundle must end by its lists. */
static uint64_t computed_end(const struct lw_intake *in)
{
	return in->first_blob + lw_extent_bytes(&in->entries, &in->extent) + LW_TAR_END;
}

static void judge_size(struct lw_intake *in)
{
	struct lw_verdict *v = &in->result->verdict;
	uint64_t end = computed_end(in), all = lw_volumes_bytes(&in->entries, in->head_bytes);
	char want[32];

	(void)snprintf(want, sizeof(want), "%llu bytes", (unsigned long long)end);
	if (in->result->statement.bytes != all)
		lw_verdict_addf(v, LW_FINDING_CONTENT_SIZE, in->object, want,
				"%llu bytes in the statement, %llu by the lists",
				(unsigned long long)in->result->statement.bytes,
				(unsigned long long)all);
	else if (in->medium.size < end)
		lw_verdict_addf(v, LW_FINDING_CONTENT_TRUNCATED, in->object, want, "%llu bytes",
				(unsigned long long)in->medium.size);
	else if (in->medium.exact && in->medium.size > end)
		lw_verdict_addf(v, LW_FINDING_CONTENT_TRAILING, in->object, want, "%llu bytes",
				(unsigned long long)in->medium.size);
}

void lw_gate_content_lists(struct lw_intake *in)
{
	struct lw_error e = { 0 };
	const char *object = NULL;

	if (read_lists(in, &object, &e) < 0)
		lw_intake_damaged(in, object, &e);
}

/* ---- the blobs ---- */

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

/* Flags every entry that contents name as a manifest or index. */
static void mark_documents(struct lw_intake *in)
{
	const struct lw_contents *c = &in->result->contents;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < c->n_images; i++)
		cap += 1 + c->images[i].n_subjects + c->images[i].n_evidence;

	lw_auto_free struct lw_digest *named = lw_alloc_array(cap, sizeof(*named));

	for (size_t i = 0; i < c->n_images; i++) {
		const struct lw_image *image = &c->images[i];

		named[n++] = image->digest;
		for (size_t k = 0; k < image->n_subjects; k++)
			named[n++] = image->subjects[k];
		for (size_t k = 0; k < image->n_evidence; k++)
			named[n++] = image->evidence[k].digest;
	}
	lw_sort(named, n, sizeof(*named), compare_digests);
	for (size_t i = 0; i < in->entries.n; i++) {
		struct lw_entry *entry = &in->entries.list[i];

		if (entry->size <= LW_MAX_MANIFEST_BYTES &&
		    bsearch(&entry->digest, named, n, sizeof(*named), compare_digests))
			entry->flags |= LW_ENTRY_DOCUMENT;
	}
}

/* Flags what contents list as TUF metadata: gate 5 asks for its bytes; for those of the
 * enclave's own repository, gate 2 when it is judged again. */
static void mark_carried(struct lw_intake *in)
{
	const struct lw_contents *c = &in->result->contents;

	for (size_t i = 0; i < c->n_carried; i++)
		for (size_t k = 0; k < c->carried[i].n_files; k++) {
			const struct lw_carried_file *f = &c->carried[i].files[k];
			struct lw_entry *entry =
				lw_entries_find(&in->entries, &f->digest, f->size);

			if (entry)
				entry->flags |=
					LW_ENTRY_TUF | LW_ENTRY_PIECE |
					(&c->carried[i] == in->own ? LW_ENTRY_TRUST : 0);
		}
}

/* What the bundle brings of the enclave's own repository, where it has one. */
static int find_own(struct lw_intake *in, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf pin = { 0 };
	int r = lw_state_get(in->enclave->state, "trust.root", &pin, e);

	if (r == 0)
		in->own = lw_carried_of(&in->result->contents, LW_OWN_REPOSITORY);
	return r == -LW_E_NOTFOUND ? 0 : r;
}

/* A row is enough, unless opening the enclave found that files are missing. */
static int store_has(struct lw_intake *in, const struct lw_entry *entry, bool *ret,
		     struct lw_error *e)
{
	struct lw_error why = { 0 };
	lw_auto_fd int fd = -1;
	uint64_t size = 0;
	int r = 0;

	*ret = in->enclave->alarms == 0;
	if (*ret)
		return 0;
	r = lw_store_open_blob(in->enclave->store, &entry->digest, &fd, &size, &why);
	*ret = r == 0 && size == entry->size;
	return r < 0 && lw_error_is_exhaustion(&why) ? lw_fail_of(e, &why) : 0;
}

/* What the database says is there need not be staged again. */
static int mark_kept(struct lw_intake *in, uint64_t *ret_new_bytes, struct lw_error *e)
{
	uint64_t bytes = 0;
	/* One transaction for all the questions: else each takes and drops the locks. */
	int r = lw_state_begin(in->enclave->state, e);

	for (size_t i = 0; i < in->entries.n && r == 0; i++) {
		struct lw_entry *entry = &in->entries.list[i];
		uint64_t size = 0;
		bool has = false;

		r = lw_state_blob_has(in->enclave->state, &entry->digest, &has, &size, e);
		if (r == 0 && has && size == entry->size)
			r = store_has(in, entry, &has, e);
		if (r < 0)
			break;
		if (has && size == entry->size)
			entry->flags |= LW_ENTRY_KEPT;
		else
			bytes += entry->size + 4096; /* a block's slack each */
	}
	lw_state_rollback(in->enclave->state);
	*ret_new_bytes = bytes;
	return r;
}

int lw_gate_content_mark(struct lw_intake *in, struct lw_error *e)
{
	int r = mark_kept(in, &in->new_bytes, e);

	if (r == 0)
		r = find_own(in, e);
	mark_documents(in);
	mark_carried(in);
	return r;
}

int lw_gate_content_open_documents(struct lw_intake *in, struct lw_error *e)
{
	in->documents = openat(in->enclave->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return in->documents < 0 ? lw_fail_errno(e, "temporary file for documents") : 0;
}

/* A small one is hashed before it is written; not one that is cut, of which the list proves no
 * more than the pieces. */
static int stage(struct lw_intake *in, struct lw_entry *entry, int *ret_fd, struct lw_error *e)
{
	if (entry->size <= LW_LANE_SMALL_BYTES && !(entry->flags & LW_ENTRY_CUT)) {
		int r = lw_store_place(in->enclave->store, &entry->digest, ret_fd, e);

		if (r == 0)
			entry->flags |= LW_ENTRY_PLACED;
		if (r != -LW_E_EXISTS)
			return r;
	}
	return lw_store_stage(in->enclave->store, &entry->digest, ret_fd, e);
}

/* Several lanes call these two at once: they touch their own entry only. */
static int open_sink(void *data, struct lw_entry *entry, int *ret_fd, uint64_t *ret_offset,
		     struct lw_error *e)
{
	struct lw_intake *in = data;

	const bool kept = !lw_intake_loads(in) || entry->flags & LW_ENTRY_KEPT;

	/* What is staged need not be copied; metadata is not, before it is known where to. */
	if ((in->copying || entry->flags & LW_ENTRY_PIECE) &&
	    (kept || entry->flags & LW_ENTRY_TUF)) {
		*ret_offset = atomic_fetch_add(&in->documents_end, entry->size);
		*ret_fd = in->documents;
		entry->flags |= *ret_offset << LW_COPY_SHIFT | LW_ENTRY_COPIED;
		return 0;
	}
	return kept ? 0 : stage(in, entry, ret_fd, e);
}

bool lw_gate_content_has(const struct lw_intake *in, const struct lw_entry *entry)
{
	return entry->flags & LW_ENTRY_COPIED ||
	       (!in->sitting && entry->flags & LW_ENTRY_STAGED);
}

static int read_staged(struct lw_intake *in, const struct lw_entry *entry, uint8_t *p,
		       struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	int r = entry->flags & LW_ENTRY_PLACED
			? lw_store_open_blob(in->enclave->store, &entry->digest, &fd, NULL, e)
			: lw_store_open_staged(in->enclave->store, &entry->digest, &fd, e);

	return r < 0 ? r : lw_fs_pread(fd, p, entry->size, 0, e);
}

/* Hashed again: what is staged has a name, and somebody might have been at it. */
int lw_gate_content_document(struct lw_intake *in, const struct lw_entry *entry,
			     struct lw_buf *out, struct lw_error *e)
{
	struct lw_proven proven;
	char text[LW_DIGEST_TEXT];
	uint8_t *p;
	int r;

	lw_buf_reserve(out, entry->size);
	p = out->p + out->n;
	if (entry->flags & LW_ENTRY_COPIED)
		r = lw_fs_pread(in->documents, p, entry->size, entry->flags >> LW_COPY_SHIFT,
				e);
	else
		r = read_staged(in, entry, p, e);
	if (r == 0)
		r = lw_prove_by_digest(lw_span(p, entry->size), &entry->digest, &proven, e);
	if (r < 0)
		return lw_prefix(e, "%s, as it was kept aside",
				 lw_digest_text(&entry->digest, text));
	out->n += entry->size;
	return 0;
}

int lw_gate_content_carried(void *data, const struct lw_carried_file *file, struct lw_buf *out,
			    struct lw_error *e)
{
	struct lw_intake *in = data;
	const struct lw_entry *entry = lw_entries_find(&in->entries, &file->digest, file->size);

	if (!entry || !(entry->flags & LW_ENTRY_COPIED))
		return lw_fail(e, LW_E_NOTFOUND, "listed, and not in this bundle");
	return lw_gate_content_document(in, entry, out, e);
}

int lw_gate_content_put(struct lw_intake *in, struct lw_entry *entry, struct lw_span bytes,
			struct lw_error *e)
{
	const uint64_t at = atomic_fetch_add(&in->documents_end, bytes.n);

	entry->flags |= at << LW_COPY_SHIFT | LW_ENTRY_COPIED;
	return lw_fs_pwrite(in->documents, bytes.p, bytes.n, at, e);
}

static int stage_copy(struct lw_intake *in, struct lw_entry *entry, int *ret_fd,
		      struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r = lw_gate_content_document(in, entry, &bytes, e);

	if (r == 0)
		r = stage(in, entry, ret_fd, e);
	if (r == 0)
		r = lw_fs_write(*ret_fd, bytes.p, bytes.n, e);
	return r;
}

static int close_sink(void *data, struct lw_entry *entry, int fd, bool good, struct lw_error *e)
{
	struct lw_intake *in = data;
	bool copied = entry->flags & LW_ENTRY_COPIED;
	lw_auto_fd int mine = copied ? -1 : fd;
	int r = 0;

	if (!good || !lw_intake_loads(in) || entry->flags & LW_ENTRY_KEPT)
		return 0;
	/* Metadata is staged when it is known that an image has it too. */
	if (entry->flags & LW_ENTRY_TUF &&
	    (entry->flags & LW_ENTRY_TUF_ALONE || !(entry->flags & LW_ENTRY_NAMED)))
		return 0;
	if (copied)
		r = stage_copy(in, entry, &mine, e);
	if (r == 0 && entry->size >= SYNC_ALONE_BYTES)
		r = lw_fs_sync(mine, "staged blob", e);
	if (r == 0)
		entry->flags |= LW_ENTRY_STAGED;
	return r;
}

/* Metadata that turned out to be part of an image as well. */
static int stage_shared(struct lw_intake *in, struct lw_error *e)
{
	const uint64_t bits = LW_ENTRY_TUF | LW_ENTRY_TUF_ALONE | LW_ENTRY_COPIED;
	int r = 0;

	for (size_t i = 0; i < in->entries.n && r == 0; i++) {
		struct lw_entry *entry = &in->entries.list[i];

		if ((entry->flags & bits) == (LW_ENTRY_TUF | LW_ENTRY_COPIED) &&
		    !(entry->flags & LW_ENTRY_STAGED))
			r = close_sink(in, entry, -1, true, e);
	}
	return r;
}

static void bad_entry(void *data, const struct lw_entry *entry, const struct lw_part *piece,
		      const struct lw_error *why)
{
	struct lw_intake *in = data;
	char name[LW_NAME_MAX], want[LW_DIGEST_TEXT];

	if (piece)
		lw_format_piece_name(&entry->digest, piece->number, name);
	else
		lw_format_blob_name(&entry->digest, name);
	if (why->code == LW_E_DIGEST)
		lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_DIGEST, name,
			       lw_digest_text(piece ? &piece->digest : &entry->digest, want),
			       why->text);
	else
		lw_intake_damaged(in, name, why);
}

static int read_end(struct lw_intake *in, struct lw_error *e)
{
	uint8_t end[LW_TAR_END];
	int r = lw_medium_read(&in->medium, end, sizeof(end), computed_end(in) - LW_TAR_END, e);

	for (size_t i = 0; i < sizeof(end) && r == 0; i++)
		if (end[i])
			r = lw_fail(e, LW_E_CONFLICT, "the closing blocks are not zero");
	return r;
}

/* The operator sees one bar for all passes. */
static void tell_all(void *data, uint64_t done, uint64_t total)
{
	const struct lw_intake *in = data;
	const struct lw_content_progress *p = &in->options->progress;

	(void)total;
	p->tell(p->data, in->blob_bytes + done, in->all_bytes);
}

static bool in_order(const struct lw_intake *in)
{
	return in->options->in_order || lw_fs_is_slow_seek(in->fd);
}

/* One pass, into a job's sink: the entries before `end` that have one of these flags (0: all),
 * and were not read yet. */
static int read_pass(struct lw_intake *in, const struct lw_content_job *sink, size_t end,
		     uint64_t only, struct lw_error *e)
{
	struct lw_content_job job = *sink;

	job.medium = &in->medium;
	job.entries = &in->entries;
	job.extent = in->extent;
	job.end = end;
	job.only = only;
	job.skip = LW_ENTRY_PASSED;
	job.first_offset = in->first_blob;
	job.in_order = in_order(in);
	job.stop = in->options->stop;
	job.bad = bad_entry;
	job.bad_data = in;
	if (in->options->progress.tell)
		job.progress = (struct lw_content_progress){ .tell = tell_all, .data = in };

	int r = end > in->extent.first ? lw_content_read(&job, e) : 0;
	in->blob_bytes += job.bytes;
	return r;
}

int lw_gate_content_blobs(struct lw_intake *in, const struct lw_content_job *sink,
			  struct lw_error *e)
{
	struct lw_error bad = { 0 };
	int r = read_pass(in, sink, in->extent.end, 0, e);

	if (r == 0 && read_end(in, &bad) < 0)
		lw_intake_damaged(in, "end of the archive", &bad);
	return r;
}

int lw_gate_content_space(struct lw_intake *in, uint64_t bytes, struct lw_error *e)
{
	uint64_t room = 0, wanted = bytes + LW_HEADROOM_BYTES;
	char want[64];
	int r = lw_store_free_bytes(in->enclave->store, &room, e);

	if (r < 0)
		return r;
	(void)snprintf(want, sizeof(want), "%llu bytes free", (unsigned long long)wanted);
	if (room < wanted)
		lw_verdict_addf(&in->result->verdict, LW_FINDING_SYSTEM_SPACE,
				in->enclave->path, want, "%llu", (unsigned long long)room);
	return 0;
}

/* One past the last entry with one of these flags. */
static size_t last_with(const struct lw_intake *in, uint64_t flags)
{
	size_t end = in->extent.end;

	while (end > in->extent.first && !(in->entries.list[end - 1].flags & flags))
		end--;
	return end;
}

/* Those with these flags; on a medium that is read in order all that stands before the last of
 * them, too: small blobs, for entries go by size. */
static int read_some(struct lw_intake *in, uint64_t flags, bool copying, struct lw_error *e)
{
	struct lw_content_job job = { .open_sink = open_sink,
				      .close_sink = close_sink,
				      .sink = in };

	in->copying = copying;
	return read_pass(in, &job, last_with(in, flags), in_order(in) ? 0 : flags, e);
}

/* Then the closure tells which others gate 5 asks for. */
static int read_documents(struct lw_intake *in, struct lw_error *e)
{
	const uint64_t flags = LW_ENTRY_DOCUMENT | LW_ENTRY_TRUST;
	const size_t end = last_with(in, flags);
	const bool all = in_order(in);
	uint64_t copies = 0;
	int r;

	for (size_t i = 0; i < end; i++)
		if (all || in->entries.list[i].flags & flags)
			copies += in->entries.list[i].size;
	r = lw_gate_content_space(in, copies, e);
	if (r < 0 || !lw_verdict_clear(&in->result->verdict))
		return r;
	r = lw_gate_content_open_documents(in, e);
	if (r < 0)
		return r;
	in->staged = in->enclave->staging = lw_intake_loads(in);
	r = read_some(in, flags, true, e);
	return r < 0 || in->options->trust_only
		       ? r
		       : lw_prerequisites_copy(in, LW_ENTRY_DOCUMENT, e);
}

/* Whether what this medium has may not be all: then it is staged, and judged when it is. A load
 * of an increment always goes that way; to judge one, what is needed must be here. */
static bool may_lack(const struct lw_intake *in)
{
	if (lw_sitting_is_trust_alone(in))
		return false;
	return in->result->statement.volumes > 1 || in->result->supplement ||
	       (in->entries.n_have > 0 && lw_intake_loads(in)) ||
	       lw_prerequisites_absent(in) > 0;
}

void lw_gate_content(struct lw_intake *in)
{
	const struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };

	lw_gate_content_lists(in);
	if (lw_verdict_clear(v))
		judge_size(in);
	if (!lw_verdict_clear(v))
		return;
	if (lw_gate_content_mark(in, &e) < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	if (!lw_intake_loads(in) && lw_sitting_brought(in, &e) < 0) {
		lw_intake_failed(in, &e);
		return;
	}
	if (may_lack(in)) {
		lw_gate_volumes(in);
		return;
	}
	if (read_documents(in, &e) < 0)
		lw_intake_failed(in, &e);
	else
		in->documents_read = in->documents >= 0;
}

void lw_gate_content_named(struct lw_intake *in)
{
	const struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };

	/* Trust that came along has been taken: it needs no room for the images. */
	if (lw_intake_loads(in) && lw_gate_content_space(in, in->new_bytes, &e) < 0)
		lw_intake_failed(in, &e);
	if (lw_verdict_clear(v))
		lw_gate_content_closure(in);
	if (in->sitting) {
		lw_gate_volumes_named(in);
		return;
	}
	if (lw_verdict_clear(v) &&
	    (stage_shared(in, &e) < 0 || read_some(in, LW_ENTRY_PIECE, false, &e) < 0 ||
	     lw_prerequisites_copy(in, LW_ENTRY_PIECE, &e) < 0))
		lw_intake_failed(in, &e);
}

void lw_gate_content_rest(struct lw_intake *in)
{
	struct lw_content_job job = { .open_sink = open_sink,
				      .close_sink = close_sink,
				      .sink = in };
	struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };

	if (in->sitting) {
		lw_gate_volumes_rest(in);
		return;
	}
	in->copying = false;

	int r = lw_gate_content_blobs(in, &job, &e);
	if (r == 0)
		r = lw_prerequisites_judge(in, &e);
	if (r == 0)
		r = lw_prerequisites_report(in, &e);
	if (r < 0)
		lw_intake_failed(in, &e);
	lw_verdict_pass(v, LW_GATE_CONTENT);
}
