/* SPDX-License-Identifier: Apache-2.0 */
/* The box that says where a bundle has the files of a repository, both sides of it. */
#include "base/mem.h"
#include "bundle/box_internal.h"
#include "bundle/carried_source.h"
#include "bundle/entries.h"
#include "bundle/format.h"
#include "bundle/volumes.h"

#include <string.h>

/* ---- the parent's side ---- */

static int take_file(struct lw_span *body, struct lw_carried *c, uint64_t *ret_offset,
		     struct lw_error *e)
{
	struct lw_carried_file *f = &c->files[c->n_files];
	lw_auto_free char *name = NULL;
	struct lw_span digest = { 0 };
	int r = lw_ipc_take_str(body, LW_MAX_TUF_FILE_NAME, &name, e);

	if (r == 0)
		r = lw_ipc_take_bytes(body, sizeof(f->digest.sha256), &digest, e);
	if (r == 0)
		r = lw_ipc_take_u64(body, &f->size, e);
	if (r == 0)
		r = lw_ipc_take_u64(body, ret_offset, e);
	if (r < 0)
		return r;
	if (!digest.p || digest.n != sizeof(f->digest.sha256) || !lw_carried_is_name(name) ||
	    f->size > LW_MAX_TUF_METADATA_BYTES || *ret_offset > INT64_MAX / 2)
		return lw_fail(e, LW_E_JAIL, "the box names no file of metadata");
	if (c->n_files > 0 && strcmp(f[-1].name, name) >= 0)
		return lw_fail(e, LW_E_JAIL, "the box names files out of order");
	memcpy(f->digest.sha256, digest.p, digest.n);
	f->name = lw_steal(name);
	c->n_files++;
	return 0;
}

static int take_files(struct lw_span *body, struct lw_carried *c, uint64_t **ret_offsets,
		      struct lw_error *e)
{
	uint32_t n = 0;
	int r = lw_ipc_take_u32(body, &n, e);

	if (r == 0 && n > LW_MAX_CARRIED_FILES)
		r = lw_fail(e, LW_E_JAIL, "the box names too many files");
	if (r < 0)
		return r;
	c->files = lw_alloc_array(n, sizeof(*c->files));
	*ret_offsets = lw_alloc_array(n, sizeof(**ret_offsets));
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = take_file(body, c, &(*ret_offsets)[i], e);
	return r == 0 ? lw_ipc_take_end(body, e) : r;
}

int lw_box_carried(const char *program, const char *repository, struct lw_span seal,
		   struct lw_span contents, struct lw_span entries, struct lw_span mark,
		   struct lw_carried *ret, uint64_t **ret_offsets, struct lw_error *e)
{
	struct lw_box b = { .child = { .socket = -1 } };
	LW_AUTO(buf) struct lw_buf ask = { 0 };
	enum lw_jail_level level;
	struct lw_ipc_frame frame;
	int r = lw_box_open(program, &b, &level, e);

	lw_ipc_put_str(&ask, repository);
	lw_ipc_put_bytes(&ask, seal);
	lw_ipc_put_bytes(&ask, contents);
	lw_ipc_put_bytes(&ask, entries);
	lw_ipc_put_bytes(&ask, mark);
	if (r == 0)
		r = lw_box_send(&b, LW_BOX_JOB_CARRIED, &ask, e);
	if (r == 0)
		r = lw_box_receive_only(&b, LW_BOX_CARRIED, &frame, e);
	if (r == 0)
		r = take_files(&frame.body, ret, ret_offsets, e);
	lw_box_close(&b);
	return r;
}

/* ---- the inside ---- */

/* Where each file's bytes are: entries stand one after the other, behind the head
 * (LW_BOX_ELSEWHERE: not there). */
static int put_files(const struct lw_carried *c, const struct lw_entries *entries,
		     const struct lw_extent *x, uint64_t first_blob, struct lw_buf *out,
		     struct lw_error *e)
{
	lw_auto_free uint64_t *offsets = lw_alloc_array(entries->n, sizeof(*offsets));
	uint64_t at = first_blob;

	for (size_t i = 0; i < entries->n; i++)
		offsets[i] = LW_BOX_ELSEWHERE;
	for (size_t i = x->first; i < x->end; i++) {
		if (!(entries->list[i].flags & (LW_ENTRY_CUT | LW_ENTRY_HAVE)))
			offsets[i] = at + LW_TAR_BLOCK;
		at += lw_extent_entry_bytes(entries, x, i);
	}
	lw_ipc_put_u32(out, (uint32_t)c->n_files);
	for (size_t i = 0; i < c->n_files; i++) {
		const struct lw_carried_file *f = &c->files[i];
		const struct lw_entry *entry = lw_entries_find(entries, &f->digest, f->size);

		if (!entry)
			return lw_fail(e, LW_E_FORMAT, "%s is listed, and not in this bundle",
				       f->name);
		lw_ipc_put_str(out, f->name);
		lw_ipc_put_bytes(out, lw_span(f->digest.sha256, sizeof(f->digest.sha256)));
		lw_ipc_put_u64(out, f->size);
		lw_ipc_put_u64(out, offsets[entry - entries->list]);
	}
	return 0;
}

static int find_files(const char *repository, const struct lw_box_bundle *b,
		      struct lw_span entries_bytes, struct lw_span mark, struct lw_buf *out,
		      struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 }, index = { 0 };
	LW_AUTO(entries) struct lw_entries entries = { 0 };
	const struct lw_carried none = { 0 };
	const struct lw_carried *c = lw_carried_of(&b->contents, repository);
	const uint64_t volumes = b->statement.volumes;
	const bool marked = lw_contents_is_marked(&b->contents, volumes);
	const uint64_t volume = marked ? lw_format_volume_of(mark, volumes) : 1;
	struct lw_extent x;
	struct lw_proven proven;
	int r;

	lw_buf_add(&text, entries_bytes.p, entries_bytes.n);
	r = lw_prove_by_digest(lw_buf_span(&text), &b->contents.entries_digest, &proven, e);
	if (r < 0)
		return lw_fail(e, LW_E_CONFLICT, "entries are not the ones contents name");
	r = lw_entries_parse(proven, &text, &entries, e);
	if (r == 0 && (volume == 0 || volumes != lw_volumes_count(&entries)))
		r = lw_fail(e, LW_E_FORMAT, "want one of %llu volumes, have something else",
			    (unsigned long long)volumes);
	if (r < 0)
		return r;
	lw_contents_write_index(&b->contents, &index);
	x = lw_volumes_extent(&entries, volume);
	return put_files(c ? c : &none, &entries, &x,
			 lw_format_member(LW_MAX_SEAL_BYTES) +
				 lw_format_member(b->statement.contents_bytes) +
				 lw_format_member(entries_bytes.n) +
				 lw_format_member(strlen(LW_OCI_LAYOUT)) +
				 lw_format_member(index.n) +
				 (marked ? lw_format_member(LW_VOLUME_MARK) : 0),
			 out, e);
}

int lw_box_job_carried(struct lw_box_inside *in, struct lw_span body, struct lw_error *e)
{
	LW_AUTO(box_bundle) struct lw_box_bundle b = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	lw_auto_free char *repository = NULL;
	struct lw_span seal, contents, entries, mark;
	struct lw_error bad = { 0 };
	int r = lw_ipc_take_str(&body, LW_MAX_LABEL, &repository, &bad);

	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_SEAL_BYTES, &seal, &bad);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_CONTENTS_BYTES, &contents, &bad);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_MAX_FRAME_BYTES, &entries, &bad);
	if (r == 0)
		r = lw_ipc_take_bytes(&body, LW_VOLUME_MARK, &mark, &bad);
	if (r == 0)
		r = lw_ipc_take_end(&body, &bad);
	if (r == 0)
		r = lw_box_bundle_read(seal, contents, lw_span(NULL, 0), &b, &bad);
	if (r == 0)
		r = find_files(repository, &b, entries, mark, &out, &bad);
	return r < 0 ? lw_box_answer_error(in, &bad, e)
		     : lw_box_answer(in, LW_BOX_CARRIED, &out, e);
}
