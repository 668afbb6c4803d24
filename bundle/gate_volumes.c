/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 4 where a bundle has several volumes, or prerequisites. Each volume is read when it
 * comes, and what of it is right is staged; when nothing is missing any more the gates go on,
 * by what was staged and what the store has. */
#include "base/fs.h"
#include "base/mem.h"
#include "base/threads.h"
#include "bundle/bases.h"
#include "bundle/format.h"
#include "bundle/sitting.h"

/* From here on a blob is made durable on its own, while others are still read. */
#define SYNC_ALONE_BYTES ((uint64_t)8 << 20)
#define CHUNK		 ((size_t)1 << 20)

/* ---- into the staging ---- */

static int open_sink(void *data, struct lw_entry *entry, int *ret_fd, uint64_t *ret_offset,
		     struct lw_error *e)
{
	struct lw_intake *in = data;
	size_t i = (size_t)(entry - in->entries.list), p, end;
	bool fresh = true;

	(void)ret_offset;
	if (!in->sitting)
		return 0;
	lw_entries_pieces(&in->entries, i, &p, &end);
	for (; p < end; p++)
		fresh = fresh && !(in->entries.pieces[p].flags & LW_ENTRY_STAGED);
	return lw_pending_stage(in->sitting->folder, i, fresh, ret_fd, e);
}

static int close_sink(void *data, struct lw_entry *entry, int fd, bool good, struct lw_error *e)
{
	struct lw_intake *in = data;
	lw_auto_fd int mine = fd;
	size_t p, end;

	if (!in->sitting && !(entry->flags & LW_ENTRY_CUT))
		entry->flags |= good ? LW_ENTRY_TAKEN : 0;
	if (mine < 0)
		return 0;
	if (entry->size >= SYNC_ALONE_BYTES && lw_fs_sync(mine, "staged blob", e) < 0)
		return -(int)e->code;
	if (!(entry->flags & LW_ENTRY_CUT)) {
		entry->flags |= good ? LW_ENTRY_STAGED | LW_ENTRY_TAKEN : 0;
		return 0;
	}
	lw_entries_pieces(&in->entries, (size_t)(entry - in->entries.list), &p, &end);
	for (; p < end; p++)
		if (in->entries.pieces[p].flags & LW_ENTRY_TAKEN)
			in->entries.pieces[p].flags |= LW_ENTRY_STAGED;
	return 0;
}

/* Room for all that is still to come: told now, not at the last volume. */
static int judge_room(struct lw_intake *in, struct lw_error *e)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < in->entries.n; i++)
		if (!(in->entries.list[i].flags & (LW_ENTRY_STAGED | LW_ENTRY_CUT)))
			bytes += in->entries.list[i].size + 4096;
	for (size_t p = 0; p < in->entries.n_pieces; p++)
		if (!(in->entries.pieces[p].flags & LW_ENTRY_STAGED))
			bytes += in->entries.pieces[p].size;
	in->new_bytes = 0; /* what is staged then is what is published */
	return lw_gate_content_space(in, bytes, e);
}

/* LW_E_BUSY: it was told to stop; what was right so far counts. */
static int read_volume(struct lw_intake *in, struct lw_error *e)
{
	struct lw_content_job job = { .open_sink = open_sink,
				      .close_sink = close_sink,
				      .sink = in };
	struct lw_error why = { 0 };
	int r = lw_gate_content_blobs(in, &job, &why), synced;

	if (r < 0)
		lw_intake_failed(in, &why);
	if (!in->sitting)
		lw_sitting_judged(in);
	if (!in->sitting || (r < 0 && r != -LW_E_BUSY))
		return 0;
	synced = lw_pending_sync(in->sitting->folder, e);
	lw_sitting_settle(&in->entries);
	in->sitting->settled = synced == 0;
	return synced;
}

/* ---- what is missing ---- */

/* "2, 4 to 6". */
static void add_range(struct lw_buf *out, uint64_t first, uint64_t last)
{
	if (out->n > 0)
		lw_buf_adds(out, ", ");
	lw_buf_printf(out, "%llu", (unsigned long long)first);
	if (last > first)
		lw_buf_printf(out, "%s%llu", last == first + 1 ? ", " : " to ",
			      (unsigned long long)last);
}

/* Which volumes need not come: all of whose members are in, for `verify` by what it read and by
 * what loads brought. Of any, whether that is so of all. */
static bool look(struct lw_intake *in, bool *there)
{
	const uint64_t volumes = lw_volumes_count(&in->entries);
	bool all = true;

	for (uint64_t v = 1; v <= volumes; v++) {
		uint64_t members = 0, have = 0;

		lw_sitting_count(&in->entries, v, &members, &have);
		there[v - 1] = have == members;
		all = all && there[v - 1];
		if (in->sitting && have > 0 && have < members)
			lw_verdict_addf(&in->result->verdict, LW_FINDING_CONTENT_VOLUME_MISSING,
					in->object, "every member of each volume",
					"volume %llu: %llu of %llu are in",
					(unsigned long long)v, (unsigned long long)have,
					(unsigned long long)members);
	}
	return all;
}

void lw_gate_volumes_is_last(struct lw_intake *in, const char *want)
{
	const struct lw_verdict *v = &in->result->verdict;

	if (!in->sitting && !in->result->missing && v->gravest <= LW_INCOMPLETE)
		lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_VOLUME_MISSING,
			       in->object, want, "the others are in: load this one");
}

static int report_missing(struct lw_intake *in, struct lw_error *e)
{
	const uint64_t volumes = lw_volumes_count(&in->entries);
	lw_auto_free bool *there = lw_alloc_array(volumes, sizeof(*there));
	LW_AUTO(buf) struct lw_buf text = { 0 };
	char want[32];

	(void)look(in, there);
	for (uint64_t v = 1, last; v <= volumes; v = last + 1) {
		for (last = v; last < volumes && there[last] == there[v - 1];)
			last++;
		if (!there[v - 1])
			add_range(&text, v, last);
	}
	free(lw_steal(in->result->missing));
	(void)snprintf(want, sizeof(want), "%llu volumes", (unsigned long long)volumes);
	if (text.n > 0)
		lw_verdict_addf(&in->result->verdict, LW_FINDING_CONTENT_VOLUME_MISSING,
				in->object, want, "missing: %s", lw_buf_str(&text));
	else if (lw_prerequisites_absent(in) == 0)
		lw_gate_volumes_is_last(in, want);
	if (text.n > 0)
		in->result->missing = (char *)lw_buf_detach(&text);
	return lw_prerequisites_report(in, e);
}

/* ---- hashed again ---- */

/* The bytes [*at, *at + n) of the file, into one hasher or two. */
static int hash_range(struct lw_intake *in, int fd, uint64_t *at, uint64_t n,
		      struct lw_hasher *whole, struct lw_hasher *part, struct lw_error *e)
{
	lw_auto_free uint8_t *chunk = lw_alloc(CHUNK);

	while (n > 0) {
		size_t some = n < CHUNK ? (size_t)n : CHUNK;
		const atomic_bool *stop = in->options->stop;
		int r = stop && atomic_load(stop) ? lw_fail(e, LW_E_BUSY, "stopped")
						  : lw_fs_pread(fd, chunk, some, *at, e);

		if (r < 0)
			return r;
		lw_hasher_add(whole, chunk, some);
		if (part)
			lw_hasher_add(part, chunk, some);
		*at += some;
		n -= some;
	}
	return 0;
}

/* An entry, or (from 1) a piece of it. From any thread. Not told where the medium at hand
 * brings it again. */
static void lost(struct lw_intake *in, size_t i, uint64_t piece, const char *found)
{
	const struct lw_digest *d = &in->entries.list[i].digest;
	char name[LW_NAME_MAX];

	(void)pthread_mutex_lock(&in->telling);
	if (in->doubting) {
		lw_sitting_lose(in, i, piece);
		(void)pthread_mutex_unlock(&in->telling);
		return;
	}
	lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_STAGED,
		       piece ? lw_format_piece_name(d, (unsigned)piece - 1, name)
			     : lw_format_blob_name(d, name),
		       "the bytes that were staged", found);
	lw_sitting_lose(in, i, piece);
	in->entries.list[i].flags |= LW_ENTRY_TOLD;
	(void)pthread_mutex_unlock(&in->telling);
}

/* Told to stop, or no room to look: of what was to be read that says nothing. */
static bool says_nothing(const struct lw_error *why)
{
	return why->code == LW_E_BUSY || lw_error_is_exhaustion(why);
}

/* Whether the medium at hand has this piece. */
static bool is_here(const struct lw_intake *in, size_t i, size_t piece)
{
	size_t p, end;

	lw_extent_pieces(&in->entries, &in->extent, i, &p, &end);
	return piece >= p && piece < end;
}

/* Each piece, and all of them as one. */
static int hash_pieces(struct lw_intake *in, size_t i, int fd, struct lw_hasher *whole,
		       struct lw_error *e)
{
	LW_AUTO(hasher) struct lw_hasher *part = lw_hasher_new();
	uint64_t begin = 0;
	size_t p, end;

	lw_entries_pieces(&in->entries, i, &p, &end);
	for (; p < end; begin += in->entries.pieces[p++].size) {
		const struct lw_part *piece = &in->entries.pieces[p];
		struct lw_error why = { 0 };
		uint64_t at = begin;
		struct lw_digest have;
		int r;

		if (!(piece->flags & LW_ENTRY_STAGED) || (in->doubting && !is_here(in, i, p)))
			continue;
		r = hash_range(in, fd, &at, piece->size, whole, part, &why);
		have = lw_hasher_final(part);
		if (r < 0 && says_nothing(&why))
			return lw_fail_of(e, &why);
		if (r < 0)
			lost(in, i, piece->number + 1, why.text);
		else if (!lw_digest_equal(&have, &piece->digest))
			lost(in, i, piece->number + 1, "other bytes");
	}
	return 0;
}

/* Its pieces are what the list says, and are not what they are said to be parts of. */
static void not_whole(struct lw_intake *in, size_t i)
{
	char name[LW_BLOB_NAME], want[LW_DIGEST_TEXT];
	const struct lw_digest *d = &in->entries.list[i].digest;

	(void)pthread_mutex_lock(&in->telling);
	lw_verdict_add(&in->result->verdict, LW_FINDING_CONTENT_DIGEST,
		       lw_format_blob_name(d, name), lw_digest_text(d, want),
		       "other bytes, by the pieces in the list");
	(void)pthread_mutex_unlock(&in->telling);
}

/* What another sitting staged, or in pieces. LW_E_BUSY: told to stop. */
static int judge_staged(struct lw_intake *in, size_t i, struct lw_error *e)
{
	const struct lw_entry *entry = &in->entries.list[i];
	LW_AUTO(hasher) struct lw_hasher *whole = lw_hasher_new();
	lw_auto_fd int fd = -1;
	struct lw_error why = { 0 };
	struct lw_digest have;
	uint64_t size = 0, at = 0;
	int r = lw_pending_read(in->sitting->folder, i, &fd, &size, &why);

	if (r == 0 && size > entry->size)
		r = lw_fail(&why, LW_E_DIGEST, "%llu bytes", (unsigned long long)size);
	if (r == 0 && entry->flags & LW_ENTRY_CUT)
		r = hash_pieces(in, i, fd, whole, &why);
	else if (r == 0)
		r = hash_range(in, fd, &at, entry->size, whole, NULL, &why);
	have = lw_hasher_final(whole);
	if (r < 0 && says_nothing(&why))
		return lw_fail_of(e, &why);
	if (in->doubting && entry->flags & LW_ENTRY_CUT)
		return 0; /* as a whole it is judged with the last volume */
	if (r < 0)
		lost(in, i, 0, why.text);
	else if (!lw_digest_equal(&have, &entry->digest) && !(entry->flags & LW_ENTRY_CUT))
		lost(in, i, 0, "other bytes");
	else if (!lw_digest_equal(&have, &entry->digest) && entry->flags & LW_ENTRY_STAGED)
		not_whole(in, i);
	return 0;
}

/* A member of another volume that need not come, for the store has it: if that is so. */
static int judge_kept(struct lw_intake *in, size_t i, struct lw_error *e)
{
	struct lw_error why = { 0 };
	bool good = true;
	int r = 0;

	if (i < in->extent.first || i >= in->extent.end ||
	    !lw_extent_has(&in->entries, &in->extent, i))
		r = lw_prerequisites_hash(in, i, &why, &good, e);
	if (!good) {
		in->entries.list[i].flags &= ~(uint64_t)LW_ENTRY_KEPT;
		lost(in, i, 0, why.text);
	}
	return r;
}

/* One that the gates have not read, and that is to be relied on. */
static int judge_rest(void *data, size_t i, struct lw_error *e)
{
	struct lw_intake *in = data;
	const uint64_t flags = in->entries.list[i].flags;

	if (flags & LW_ENTRY_TOLD) /* it is found damaged: nobody relies on it */
		return 0;
	if (flags & LW_ENTRY_HAVE && !(flags & (LW_ENTRY_KEPT | LW_ENTRY_STAGED)))
		return 0; /* it lacks */
	if (flags & LW_ENTRY_KEPT && !(flags & LW_ENTRY_HAVE))
		return judge_kept(in, i, e);
	return flags & (LW_ENTRY_KEPT | LW_ENTRY_TAKEN) ? 0 : judge_staged(in, i, e);
}

static int judge_all(struct lw_intake *in, struct lw_error *e)
{
	int r = lw_threads_each(lw_store_readers(in->enclave->store), in->entries.n, judge_rest,
				in, e);

	return r < 0 ? r : lw_prerequisites_judge(in, e);
}

/* Where it was told to stop, what was found until then is told. */
static int judge_and_report(struct lw_intake *in,
			    int (*judge)(struct lw_intake *, struct lw_error *),
			    struct lw_error *e)
{
	struct lw_error why = { 0 };
	int judged = judge(in, e), r = report_missing(in, judged < 0 ? &why : e);

	return judged < 0 ? judged : r;
}

/* All that is damaged, not what was met first: what is told is what the next medium brings. */
static int report_damage(struct lw_intake *in, struct lw_error *e)
{
	return in->result->verdict.gravest == LW_DAMAGE ? judge_and_report(in, judge_all, e)
							: report_missing(in, e);
}

/* What lacks of an increment, and what would be found damaged when that has come: it may be far
 * away. Where volumes are to come anyhow, what others brought is looked at with the last. */
static int report_lacking(struct lw_intake *in, struct lw_error *e)
{
	const uint64_t volumes = lw_volumes_count(&in->entries);
	lw_auto_free bool *there = lw_alloc_array(volumes, sizeof(*there));
	bool all = look(in, there);

	if (in->entries.n_have == 0 ||
	    (in->sitting && all && lw_prerequisites_lacking(in) == 0))
		return report_missing(in, e);
	return judge_and_report(in, in->sitting && all ? judge_all : lw_prerequisites_judge, e);
}

/* What this medium brings again, and was staged: what is damaged of it is read from here. */
static int doubt_one(void *data, size_t i, struct lw_error *e)
{
	struct lw_intake *in = data;
	const struct lw_entry *entry = &in->entries.list[i];
	bool staged = entry->flags & LW_ENTRY_STAGED;
	size_t p, end;

	if (i < in->extent.first || i >= in->extent.end || entry->flags & LW_ENTRY_KEPT ||
	    !lw_extent_has(&in->entries, &in->extent, i))
		return 0;
	lw_extent_pieces(&in->entries, &in->extent, i, &p, &end);
	for (; p < end; p++)
		staged = staged || in->entries.pieces[p].flags & LW_ENTRY_STAGED;
	return staged ? judge_staged(in, i, e) : 0;
}

static int doubt_staged(struct lw_intake *in, struct lw_error *e)
{
	int r;

	in->doubting = true;
	r = lw_threads_each(lw_store_readers(in->enclave->store), in->entries.n, doubt_one, in,
			    e);
	in->doubting = false;
	return r;
}

/* ---- by what was staged ---- */

static int read_staged(struct lw_intake *in, size_t i, struct lw_buf *out, struct lw_error *e)
{
	const struct lw_entry *entry = &in->entries.list[i];
	lw_auto_fd int fd = -1;
	struct lw_proven proven;
	uint64_t size = 0;
	int r;

	if (entry->flags & LW_ENTRY_KEPT)
		return lw_bases_read(in->enclave, &entry->digest, entry->size, entry->size, out,
				     e);
	r = lw_pending_read(in->sitting->folder, i, &fd, &size, e);
	if (r < 0)
		return r;
	lw_buf_reserve(out, entry->size);
	r = lw_fs_pread(fd, out->p, entry->size, 0, e);
	if (r == 0) {
		out->n = entry->size;
		r = lw_prove_by_digest(lw_buf_span(out), &entry->digest, &proven, e);
	}
	return r;
}

/* Copies aside what gates 4 and 5 read, as reading it from the medium would have. */
static int copy_aside(struct lw_intake *in, size_t i, struct lw_error *e)
{
	struct lw_entry *entry = &in->entries.list[i];
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_error why = { 0 };
	int r = read_staged(in, i, &bytes, &why);

	if (r < 0 && says_nothing(&why))
		return lw_fail_of(e, &why);
	if (r < 0 && entry->flags & LW_ENTRY_KEPT && entry->flags & LW_ENTRY_HAVE) {
		lw_prerequisites_damaged(in, i, why.text);
		return 0;
	}
	if (r < 0 && entry->flags & LW_ENTRY_KEPT) { /* of another volume */
		entry->flags &= ~(uint64_t)LW_ENTRY_KEPT;
		lost(in, i, 0, why.text);
		return 0;
	}
	if (r < 0) {
		r = judge_staged(in, i, e);
		if (r == 0 && lw_verdict_clear(&in->result->verdict))
			lost(in, i, 0, why.text); /* and now it is as it was */
		return r;
	}
	return lw_gate_content_put(in, entry, lw_buf_span(&bytes), e);
}

static int copy_all(struct lw_intake *in, uint64_t flags, struct lw_error *e)
{
	uint64_t bytes = 0;
	int r;

	for (size_t i = 0; i < in->entries.n; i++)
		if (in->entries.list[i].flags & flags)
			bytes += in->entries.list[i].size;
	r = lw_gate_content_space(in, bytes, e);
	for (size_t i = 0;
	     i < in->entries.n && r == 0 && lw_verdict_clear(&in->result->verdict); i++)
		if (in->entries.list[i].flags & flags &&
		    !(in->entries.list[i].flags & LW_ENTRY_COPIED))
			r = copy_aside(in, i, e);
	return r;
}

static int go_on(struct lw_intake *in, struct lw_error *e)
{
	int r = lw_gate_content_open_documents(in, e);

	if (r == 0)
		r = copy_all(in, LW_ENTRY_DOCUMENT | LW_ENTRY_TUF, e);
	in->documents_read = r == 0 && lw_verdict_clear(&in->result->verdict);
	return r;
}

static void note_twice(struct lw_intake *in)
{
	uint64_t members = 0, have = 0;

	if (in->result->volume == 0 || !in->sitting->known)
		return;
	lw_sitting_count(&in->entries, in->result->volume, &members, &have);
	if (members > 0 && members == have)
		lw_verdict_addf(&in->result->verdict, LW_FINDING_CONTENT_VOLUME_TWICE,
				in->object, "a volume that is not in", "volume %llu",
				(unsigned long long)in->result->volume);
}

void lw_gate_volumes(struct lw_intake *in)
{
	const struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };
	int r = in->result->supplement || lw_intake_loads(in) ? lw_prerequisites_doubt(in, &e)
							      : 0;

	if (r == 0 && lw_intake_loads(in))
		r = lw_sitting_begin(in, &e);
	if (r == 0 && lw_verdict_clear(v) && in->sitting)
		r = doubt_staged(in, &e);
	if (r == 0 && lw_verdict_clear(v) && in->sitting) {
		note_twice(in);
		r = judge_room(in, &e);
	}
	if (r == 0 && lw_verdict_clear(v)) {
		r = read_volume(in, &e);
		if (r == 0)
			r = report_lacking(in, &e);
	}
	if (r == 0 && lw_verdict_clear(v)) {
		r = go_on(in, &e);
		if (r == 0 && !lw_verdict_clear(v))
			r = report_damage(in, &e);
	}
	if (r < 0)
		lw_intake_failed(in, &e);
}

void lw_gate_volumes_named(struct lw_intake *in)
{
	struct lw_error e = { 0 };
	int r = 0;

	if (!lw_verdict_clear(&in->result->verdict))
		return;
	r = copy_all(in, LW_ENTRY_PIECE, &e);
	if (r == 0 && !lw_verdict_clear(&in->result->verdict))
		r = report_damage(in, &e);
	if (r < 0)
		lw_intake_failed(in, &e);
}

void lw_gate_volumes_rest(struct lw_intake *in)
{
	struct lw_verdict *v = &in->result->verdict;
	struct lw_error e = { 0 };

	if (judge_and_report(in, judge_all, &e) < 0)
		lw_intake_failed(in, &e);
	lw_verdict_pass(v, LW_GATE_CONTENT);
}

int lw_gate_volumes_publish(struct lw_intake *in, struct lw_error *e)
{
	const uint64_t not_for_the_store = LW_ENTRY_KEPT | LW_ENTRY_TUF_ALONE;
	int r = 0;

	for (size_t i = 0; i < in->entries.n && r == 0; i++)
		if (!(in->entries.list[i].flags & not_for_the_store))
			r = lw_pending_publish(in->sitting->folder, i,
					       &in->entries.list[i].digest,
					       in->entries.list[i].size, e);
	return r;
}
