/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/sitting.h"

#include "base/mem.h"
#include "base/threads.h"
#include "custody/discard.h"

#include <stdlib.h>

bool lw_sitting_is_trust_alone(const struct lw_intake *in)
{
	return in->options->trust_only && in->result->volume == 1;
}

void lw_sitting_close(struct lw_sitting *s)
{
	if (!s)
		return;
	lw_pending_close(s->folder);
	free(s->lost);
	free(s);
}

/* ---- what the state knows ---- */

static int recall(void *data, struct lw_span seal, struct lw_error *e)
{
	struct lw_intake *in = data;
	struct lw_kept_seal *kept = &in->seals[in->n_seals];

	(void)e;
	if (in->n_seals == in->n_fresh_seals + LW_MAX_PENDING_SEALS)
		return 0;
	kept->object = "an approval from another volume";
	lw_buf_add(&kept->bytes, seal.p, seal.n);
	lw_buf_fill(&kept->bytes, ' ', LW_MAX_SEAL_BYTES - seal.n);
	in->n_seals++;
	return 0;
}

/* Zeros, and *ret_known false, where it was never begun. */
static int find_row(struct lw_intake *in, struct lw_state_pending *ret, bool *ret_known,
		    struct lw_error *e)
{
	int r = lw_state_pending_get(in->enclave->state, &in->result->bundle, ret, e);

	*ret_known = r == 0;
	return r == -LW_E_NOTFOUND ? 0 : r;
}

int lw_sitting_recall(struct lw_intake *in, struct lw_error *e)
{
	struct lw_state_pending row = { 0 };
	bool known = false;
	int r = find_row(in, &row, &known, e);

	return r == 0 && known
		       ? lw_state_each_pending_seal(in->enclave->state, row.id, recall, in, e)
		       : r;
}

static void lose_row(struct lw_sitting *s, const struct lw_state_member *m)
{
	if ((s->n_lost & (s->n_lost - 1)) == 0)
		s->lost = lw_realloc_array(s->lost, s->n_lost * 2 + 1, sizeof(*s->lost));
	s->lost[s->n_lost++] = *m;
}

/* Where the bytes of a member end in its entry's file. */
static uint64_t end_of(const struct lw_entries *entries, const struct lw_state_member *m)
{
	size_t first, end;
	uint64_t at = 0;

	if (m->piece == 0)
		return entries->list[m->entry].size;
	lw_entries_pieces(entries, m->entry, &first, &end);
	for (uint64_t i = 0; i < m->piece; i++)
		at += entries->pieces[first + i].size;
	return at;
}

/* A row of another list would be a fault of ours: the bundle's digest names its lists. */
static bool fits(const struct lw_entries *entries, const struct lw_state_member *m)
{
	size_t first, end;

	if (m->entry >= entries->n)
		return false;
	lw_entries_pieces(entries, m->entry, &first, &end);
	return m->piece == 0 ? first == end && m->size == entries->list[m->entry].size
			     : m->piece <= end - first &&
				       m->size == entries->pieces[first + m->piece - 1].size;
}

/* What a row of those before is about, in this list. */
static uint64_t *flags_of(struct lw_entries *entries, const struct lw_state_member *m)
{
	size_t first, end;

	lw_entries_pieces(entries, m->entry, &first, &end);
	return m->piece == 0 ? &entries->list[m->entry].flags
			     : &entries->pieces[first + m->piece - 1].flags;
}

static int take_row(void *data, const struct lw_state_member *m, struct lw_error *e)
{
	struct lw_intake *in = data;
	uint64_t size = 0;
	int r = 0;

	if (!fits(&in->entries, m))
		return lw_fail(e, LW_E_STATE, "state.db: a staged member that is none");
	if (!m->kept)
		r = lw_pending_size(in->sitting->folder, m->entry, &size, e);
	/* An empty file is as good as none. */
	if (!m->kept && r == 0 && size >= end_of(&in->entries, m))
		*flags_of(&in->entries, m) |= LW_ENTRY_STAGED;
	return r;
}

/* A row whose bytes are neither staged nor in the store. */
static int drop_row(void *data, const struct lw_state_member *m, struct lw_error *e)
{
	struct lw_intake *in = data;

	(void)e;
	if (!(in->entries.list[m->entry].flags & LW_ENTRY_KEPT) &&
	    !(*flags_of(&in->entries, m) & LW_ENTRY_STAGED))
		lose_row(in->sitting, m);
	return 0;
}

/* Staged, and in the store: another bundle has brought it since, or it was staged because it is
 * damaged there. What is right in the store is left alone, and nothing is lost with what is
 * not. */
static int doubt_store(void *data, size_t i, struct lw_error *e)
{
	struct lw_intake *in = data;
	struct lw_entry *entry = &in->entries.list[i];
	bool staged = entry->flags & LW_ENTRY_STAGED, good = true;
	struct lw_error why = { 0 };
	size_t p, end;
	int r = 0;

	if (!(entry->flags & LW_ENTRY_KEPT))
		return 0;
	lw_entries_pieces(&in->entries, i, &p, &end);
	for (; p < end; p++)
		staged = staged || in->entries.pieces[p].flags & LW_ENTRY_STAGED;
	if (staged)
		r = lw_prerequisites_hash(in, i, &why, &good, e);
	if (!good)
		entry->flags &= ~(uint64_t)LW_ENTRY_KEPT;
	return r;
}

static void settle_entry(struct lw_entries *entries, size_t i)
{
	bool all = true;
	size_t p, end;

	if (!(entries->list[i].flags & LW_ENTRY_CUT))
		return;
	lw_entries_pieces(entries, i, &p, &end);
	for (; p < end; p++) {
		if (entries->list[i].flags & LW_ENTRY_KEPT)
			entries->pieces[p].flags |= LW_ENTRY_STAGED;
		all = all && entries->pieces[p].flags & LW_ENTRY_STAGED;
	}
	if (all)
		entries->list[i].flags |= LW_ENTRY_STAGED;
	else
		entries->list[i].flags &= ~(uint64_t)LW_ENTRY_STAGED;
}

void lw_sitting_settle(struct lw_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		if (entries->list[i].flags & LW_ENTRY_KEPT)
			entries->list[i].flags |= LW_ENTRY_STAGED;
		settle_entry(entries, i);
	}
}

static int note_brought(void *data, const struct lw_state_member *m, struct lw_error *e)
{
	struct lw_intake *in = data;

	if (!fits(&in->entries, m))
		return lw_fail(e, LW_E_STATE, "state.db: a staged member that is none");
	*flags_of(&in->entries, m) |= m->kept ? 0 : LW_ENTRY_BROUGHT;
	return 0;
}

int lw_sitting_brought(struct lw_intake *in, struct lw_error *e)
{
	struct lw_state_pending row = { 0 };
	bool known = false;
	int r = find_row(in, &row, &known, e);

	return r == 0 && known ? lw_state_each_pending_member(in->enclave->state, row.id,
							      note_brought, in, e)
			       : r;
}

void lw_sitting_judged(struct lw_intake *in)
{
	const uint64_t here = LW_ENTRY_BROUGHT | LW_ENTRY_TAKEN;
	struct lw_entries *x = &in->entries;

	for (size_t i = 0; i < x->n; i++)
		if (x->list[i].flags & here && !(x->list[i].flags & LW_ENTRY_HAVE))
			x->list[i].flags |= LW_ENTRY_STAGED;
	for (size_t p = 0; p < x->n_pieces; p++)
		if (x->pieces[p].flags & here)
			x->pieces[p].flags |= LW_ENTRY_STAGED;
	lw_sitting_settle(x);
}

static int64_t now(const struct lw_intake *in)
{
	const struct lw_interval *i = &in->result->interval;

	return i->source == LW_HI_UNKNOWN ? in->clock.wall_sec : i->hi;
}

/* Of those that are proven, and of those that are not, each a number of its own may be begun:
 * who holds one key of several keeps nobody's bundle out. */
struct begun {
	size_t proven, unproven;
};

static int count_pending(void *data, const struct lw_state_pending *p, struct lw_error *e)
{
	struct begun *n = data;

	(void)e;
	if (p->volumes > 0)
		n->proven++;
	else
		n->unproven++;
	return 0;
}

static int may_begin(struct lw_intake *in, const struct lw_state_pending *row, bool known,
		     struct lw_error *e)
{
	char want[LW_TIME_TEXT], have[LW_TIME_TEXT];
	struct begun n = { 0 };
	int r = 0;

	if (!known || row->volumes == 0)
		r = lw_state_each_pending(in->enclave->state, count_pending, &n, e);
	if (r == 0 && n.proven >= LW_MAX_PENDING)
		lw_verdict_addf(&in->result->verdict, LW_FINDING_CONTENT_INCOMING_FULL,
				in->object, "fewer bundles of which volumes are missing", "%zu",
				n.proven);
	if (r == 0 && known && now(in) + in->policy->skew_sec < row->last)
		lw_verdict_add(&in->result->verdict, LW_FINDING_TIME_BEHIND_FLOOR, in->object,
			       lw_time_format(row->last, want), lw_time_format(now(in), have));
	return r;
}

int lw_sitting_begin(struct lw_intake *in, struct lw_error *e)
{
	struct lw_sitting *s = lw_alloc_array(1, sizeof(*s));
	int r;

	in->sitting = s;
	r = find_row(in, &s->row, &s->known, e);
	if (r == 0)
		r = may_begin(in, &s->row, s->known, e);
	if (r < 0 || !lw_verdict_clear(&in->result->verdict))
		return r;
	r = lw_pending_open(in->enclave->store, &in->result->bundle, true, &s->folder, e);
	if (r == 0 && s->known)
		r = lw_state_each_pending_member(in->enclave->state, s->row.id, take_row, in,
						 e);
	if (r == 0)
		r = lw_threads_each(lw_store_readers(in->enclave->store), in->entries.n,
				    doubt_store, in, e);
	if (r == 0 && s->known)
		r = lw_state_each_pending_member(in->enclave->state, s->row.id, drop_row, in,
						 e);
	lw_sitting_settle(&in->entries);
	return r;
}

void lw_sitting_count(const struct lw_entries *entries, uint64_t volume, uint64_t *ret_members,
		      uint64_t *ret_in)
{
	const struct lw_extent x = lw_volumes_extent(entries, volume);
	uint64_t members = 0, in = 0;

	for (size_t i = x.first; i < x.end; i++) {
		size_t p, end;

		if (!lw_extent_has(entries, &x, i))
			continue;
		lw_extent_pieces(entries, &x, i, &p, &end);
		if (!(entries->list[i].flags & LW_ENTRY_CUT)) {
			members++;
			in += (entries->list[i].flags & LW_ENTRY_STAGED) != 0;
		}
		for (; p < end; p++) {
			members++;
			in += (entries->pieces[p].flags & LW_ENTRY_STAGED) != 0;
		}
	}
	*ret_members = members;
	*ret_in = in;
}

void lw_sitting_lose(struct lw_intake *in, size_t entry, uint64_t piece)
{
	const uint64_t gone = LW_ENTRY_STAGED | LW_ENTRY_TAKEN;
	struct lw_entries *entries = &in->entries;
	struct lw_state_member m = { .entry = entry };
	size_t p, end;

	lw_entries_pieces(entries, entry, &p, &end);
	entries->list[entry].flags &= ~gone;
	if (p == end)
		lose_row(in->sitting, &m);
	for (; p < end; p++) {
		m.piece = entries->pieces[p].number + 1;
		if (piece != 0 && piece != m.piece)
			continue;
		entries->pieces[p].flags &= ~gone;
		lose_row(in->sitting, &m);
	}
}

/* ---- what it is told ---- */

static int keep_seals(struct lw_intake *in, int64_t id, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < in->n_fresh_seals && i < LW_MAX_PENDING_SEALS && r == 0; i++) {
		struct lw_span seal = lw_buf_span(&in->seals[i].bytes);

		while (seal.n > 0 && seal.p[seal.n - 1] == ' ')
			seal.n--;
		r = lw_state_pending_seal_add(in->enclave->state, id, seal, e);
	}
	return r;
}

/* What was taken now, and what the store has: of each member of a volume. */
static int keep_members(struct lw_intake *in, int64_t id, uint64_t volume, struct lw_error *e)
{
	const struct lw_entries *entries = &in->entries;
	const struct lw_extent x = lw_volumes_extent(entries, volume);
	int r = 0;

	for (size_t i = x.first; i < x.end && r == 0; i++) {
		const struct lw_entry *entry = &entries->list[i];
		bool kept = entry->flags & LW_ENTRY_KEPT, cut = entry->flags & LW_ENTRY_CUT;
		struct lw_state_member m = { .entry = i, .volume = volume, .kept = kept };
		size_t p, end;

		if (!lw_extent_has(entries, &x, i))
			continue;
		lw_extent_pieces(entries, &x, i, &p, &end);
		m.size = entry->size;
		if (!cut && (kept || entry->flags & LW_ENTRY_TAKEN))
			r = lw_state_pending_member_put(in->enclave->state, id, &m, e);
		for (; p < end && r == 0; p++) {
			m.piece = entries->pieces[p].number + 1;
			m.size = entries->pieces[p].size;
			if (kept || (entries->pieces[p].flags & LW_ENTRY_STAGED &&
				     entries->pieces[p].flags & LW_ENTRY_TAKEN))
				r = lw_state_pending_member_put(in->enclave->state, id, &m, e);
		}
	}
	return r;
}

/* What is needed besides, so that it is not collected; and what a supplement brought of it,
 * as if that were one volume more. */
static int keep_prerequisites(struct lw_intake *in, int64_t id, struct lw_error *e)
{
	const struct lw_entries *entries = &in->entries;
	const uint64_t volume = lw_volumes_count(entries) + 1;
	int r = 0;

	for (size_t i = 0; i < entries->n && entries->n_have > 0 && r == 0; i++) {
		const struct lw_entry *entry = &entries->list[i];
		const struct lw_state_member m = { .entry = i,
						   .volume = volume,
						   .size = entry->size };

		if (!(entry->flags & LW_ENTRY_HAVE))
			continue;
		if (in->sitting->row.volumes == 0)
			r = lw_state_pending_need_add(in->enclave->state, id, i, &entry->digest,
						      entry->size, e);
		if (r == 0 && entry->flags & LW_ENTRY_TAKEN)
			r = lw_state_pending_member_put(in->enclave->state, id, &m, e);
	}
	return r;
}

static int keep_lists(struct lw_intake *in, int64_t id, struct lw_error *e)
{
	const struct lw_sitting *s = in->sitting;
	const uint64_t volumes = lw_volumes_count(&in->entries);
	int r = 0;

	for (size_t i = 0; i < s->n_lost && r == 0; i++)
		r = lw_state_pending_member_remove(in->enclave->state, id, s->lost[i].entry,
						   s->lost[i].piece, e);
	for (uint64_t v = 1; v <= volumes && r == 0; v++) {
		uint64_t members = 0, in_already = 0;

		lw_sitting_count(&in->entries, v, &members, &in_already);
		r = lw_state_pending_volume_add(in->enclave->state, id, v, members, e);
		if (r == 0)
			r = keep_members(in, id, v, e);
	}
	return r < 0 ? r : keep_prerequisites(in, id, e);
}

/* Whether there is: bytes that were staged; or an approval, which alone does not suffice. */
static bool anything_to_keep(const struct lw_intake *in)
{
	const struct lw_finding *reason = lw_verdict_reason(&in->result->verdict);

	if (!lw_intake_loads(in))
		return false;
	if (in->sitting)
		return in->sitting->settled;
	return in->claimed_volumes > 1 && in->more_approvals && !in->result->proven && reason &&
	       lw_finding_kind(reason->id)->gravity == LW_INCOMPLETE;
}

/* Of what has begun (lw_sitting_begin) there is. */
static int room_for_approvals(struct lw_intake *in, bool *ret, struct lw_error *e)
{
	struct lw_state_pending row;
	bool known = false;
	struct begun n = { 0 };
	int r = find_row(in, &row, &known, e);

	if (r == 0 && !known)
		r = lw_state_each_pending(in->enclave->state, count_pending, &n, e);
	*ret = n.unproven < LW_MAX_PENDING;
	if (r == 0 && !*ret)
		lw_verdict_addf(&in->result->verdict, LW_FINDING_SEAL_APPROVAL_NOT_KEPT,
				in->object, "fewer bundles that lack approvals", "%zu",
				n.unproven);
	return r;
}

int lw_sitting_keep(struct lw_intake *in, struct lw_error *e)
{
	const struct lw_statement *st = &in->result->statement;
	struct lw_state_pending row = { .digest = in->result->bundle,
					.begun = now(in),
					.last = now(in) };
	int64_t id = 0;
	bool room = true;
	int r;

	if (!anything_to_keep(in))
		return 0;
	r = in->sitting ? 0 : room_for_approvals(in, &room, e);
	if (r < 0 || !room)
		return r;
	if (in->result->proven) {
		(void)snprintf(row.sender, sizeof(row.sender), "%s", st->sender);
		row.sequence = st->sequence;
		row.bytes = st->bytes;
		row.expires = st->expires;
	}
	r = lw_state_pending_put(in->enclave->state, &row, &id, e);
	if (r == 0 && in->more_approvals)
		r = keep_seals(in, id, e);
	if (r == 0 && in->sitting)
		r = keep_lists(in, id, e);
	return r;
}

int lw_sitting_end(struct lw_intake *in, struct lw_error *e)
{
	int r = lw_state_pending_remove(in->enclave->state, &in->result->bundle, e);

	return r < 0 ? r : lw_state_queue_add(in->enclave->state, "pending", e);
}

int lw_sitting_expire(struct lw_intake *in, struct lw_error *e)
{
	const struct lw_interval *i = &in->result->interval;
	struct lw_record_time time = lw_intake_record_time(i, &in->clock);
	int r = 0;

	if (i->source != LW_HI_UNKNOWN && !i->behind)
		r = lw_discard_expired(in->enclave, i->hi, &time, e);
	if (r == 0)
		r = lw_record_head(in->enclave->state, &in->result->head, e);
	in->result->record = in->result->head.count;
	return r;
}
