/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/packer.h"

#include "base/mem.h"
#include "bundle/format.h"
#include "bundle/lane.h"
#include "image/layout.h"

#define TELL_BYTES ((uint64_t)16 << 20)

static inline void auto_lane(struct lw_lane **lane)
{
	lw_lane_free(*lane);
}

static int write_archive(void *data, struct lw_span bytes, struct lw_error *e)
{
	return lw_archive_data(data, bytes, e);
}

static int open_blob(const struct lw_packer_job *job, const struct lw_entry *entry, int *ret_fd,
		     uint64_t *ret_offset, struct lw_error *e)
{
	int r = lw_fail(e, LW_E_NOTFOUND, "no source has it");

	for (size_t i = 0; i < job->n_layouts; i++) {
		r = lw_layout_open_blob(job->layouts[i], &entry->digest, entry->size, ret_fd,
					ret_offset, e);
		if (r != -LW_E_NOTFOUND)
			break;
	}
	return r;
}

/* The bytes of a carried file; they were hashed when it was noted. */
static const struct lw_buf *carried(const struct lw_packer_job *job,
				    const struct lw_entry *entry)
{
	for (size_t i = 0; i < job->n_carried; i++)
		for (size_t k = 0; k < job->carried[i].carried.n_files; k++)
			if (lw_digest_equal(&job->carried[i].carried.files[k].digest,
					    &entry->digest))
				return &job->carried[i].bytes[k];
	return NULL;
}

/* A blob's bytes: a file, or what is in memory. */
struct source {
	const struct lw_buf *bytes;
	struct lw_medium medium;
	uint64_t offset; /* where in the medium it begins */
	int fd;
};

static void auto_source(struct source *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
}

static int open_source(const struct lw_packer_job *job, const struct lw_entry *entry,
		       struct source *s, struct lw_error *e)
{
	int r = 0;

	s->bytes = carried(job, entry);
	if (!s->bytes)
		r = open_blob(job, entry, &s->fd, &s->offset, e);
	s->medium = (struct lw_medium){ .fd = s->fd,
					.size = s->offset + entry->size,
					.exact = true };
	return r;
}

/* A range of it, hashed, and written to the archive if there is one. */
static int copy_range(struct source *s, uint64_t at, uint64_t n, struct lw_lane *lane,
		      struct lw_archive *archive, struct lw_digest *ret, struct lw_error *e)
{
	struct lw_lane_read read = { .medium = &s->medium,
				     .offset = s->offset + at,
				     .bytes = n,
				     .write = archive ? write_archive : NULL,
				     .sink = archive };
	int r;

	if (s->bytes) {
		struct lw_span part = lw_span(s->bytes->p + at, (size_t)n);

		*ret = lw_digest_of(part);
		return archive ? lw_archive_data(archive, part, e) : 0;
	}
	r = lw_lane_run(lane, &read, e);
	*ret = read.digest;
	return r;
}

static int copy_member(struct source *s, const char *name, const struct lw_digest *want,
		       uint64_t at, uint64_t n, struct lw_lane *lane,
		       struct lw_archive *archive, struct lw_error *e)
{
	struct lw_digest have = { 0 };
	char text[LW_DIGEST_TEXT];
	int r = lw_archive_member(archive, name, n, e);

	if (r == 0)
		r = copy_range(s, at, n, lane, archive, &have, e);
	if (r == 0 && !lw_digest_equal(&have, want))
		r = lw_fail(e, LW_E_DIGEST, "its bytes are those of %s",
			    lw_digest_text(&have, text));
	return r;
}

static int copy_entry(const struct lw_packer_job *job, const struct lw_extent *extent, size_t i,
		      struct lw_lane *lane, struct lw_archive *archive, struct lw_error *e)
{
	const struct lw_entries *all = job->entries;
	const struct lw_entry *entry = &all->list[i];
	struct source s __attribute__((cleanup(auto_source))) = { .fd = -1 };
	char name[LW_NAME_MAX];
	size_t first, p, end;
	uint64_t at = 0;
	int r = open_source(job, entry, &s, e);

	if (!(entry->flags & LW_ENTRY_CUT))
		return r < 0 ? r
			     : copy_member(&s, lw_format_blob_name(&entry->digest, name),
					   &entry->digest, 0, entry->size, lane, archive, e);
	lw_entries_pieces(all, i, &first, &end);
	lw_extent_pieces(all, extent, i, &p, &end);
	for (; first < p; first++)
		at += all->pieces[first].size;
	for (; p < end && r == 0; p++) {
		const struct lw_part *piece = &all->pieces[p];

		r = copy_member(&s, lw_format_piece_name(&entry->digest, piece->number, name),
				&piece->digest, at, piece->size, lane, archive, e);
		at += piece->size;
	}
	return r;
}

static int cut_entry(struct lw_packer_job *job, size_t i, struct lw_lane *lane,
		     struct lw_error *e)
{
	struct source s __attribute__((cleanup(auto_source))) = { .fd = -1 };
	size_t p, end;
	uint64_t at = 0;
	int r = open_source(job, &job->entries->list[i], &s, e);

	lw_entries_pieces(job->entries, i, &p, &end);
	for (; p < end && r == 0; p++) {
		struct lw_part *piece = &job->entries->pieces[p];

		r = copy_range(&s, at, piece->size, lane, NULL, &piece->digest, e);
		at += piece->size;
	}
	return r;
}

static int name_blob(const struct lw_packer_job *job, size_t i, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];

	return lw_prefix(e, "blob %s", lw_digest_text(&job->entries->list[i].digest, text));
}

int lw_packer_cut(struct lw_packer_job *job, struct lw_error *e)
{
	struct lw_lane *lane __attribute__((cleanup(auto_lane))) = lw_lane_new();

	for (size_t i = 0; i < job->entries->n; i++)
		if (job->entries->list[i].flags & LW_ENTRY_CUT &&
		    cut_entry(job, i, lane, e) < 0)
			return name_blob(job, i, e);
	return 0;
}

int lw_packer_run(struct lw_packer_job *job, const struct lw_extent *extent,
		  struct lw_archive *archive, struct lw_error *e)
{
	struct lw_lane *lane __attribute__((cleanup(auto_lane))) = lw_lane_new();
	uint64_t total = 0;

	for (size_t i = 0; i < job->entries->n; i++)
		if (lw_extent_has(job->entries, extent, i))
			total += lw_format_member(job->entries->list[i].size);
	for (size_t i = extent->first; i < extent->end; i++) {
		if (!lw_extent_has(job->entries, extent, i))
			continue;
		if (copy_entry(job, extent, i, lane, archive, e) < 0)
			return name_blob(job, i, e);
		job->done += lw_extent_entry_bytes(job->entries, extent, i);
		if (job->progress.tell &&
		    (job->done >= job->told + TELL_BYTES || i + 1 == job->entries->n)) {
			job->told = job->done;
			job->progress.tell(job->progress.data,
					   job->done < total ? job->done : total, total);
		}
	}
	return 0;
}
