/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/discard.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define REASON_BYTES 1024
#define BY_BYTES     128

int64_t lw_discard_due(const struct lw_state_pending *p)
{
	int64_t due = p->last + LW_PENDING_SEC;

	return p->expires > 0 && p->expires < due ? p->expires : due;
}

struct discarded {
	const struct lw_state_pending *p;
	const char *reason, *by;
};

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct discarded *d = data;
	char text[LW_DIGEST_TEXT];

	if (d->by)
		lw_json_w_member(w, "by", d->by);
	lw_json_w_member(w, "digest", lw_digest_text(&d->p->digest, text));
	lw_json_w_member(w, "reason", d->reason);
	lw_json_w_member(w, "sender", d->p->sender);
	lw_json_w_member_integer(w, "sequence", (int64_t)d->p->sequence);
	lw_json_w_member_integer(w, "stagedBytes", (int64_t)d->p->staged_bytes);
}

static int require_plain(const char *what, const char *text, size_t max, struct lw_error *e)
{
	size_t n = strlen(text);

	if (n == 0 || n > max || !lw_text_is_plain(lw_span_str(text)))
		return lw_fail(e, LW_E_USAGE, "%s: 1 to %zu bytes of plain text on one line",
			       what, max);
	return 0;
}

/* Within a transaction. */
static int discard(struct lw_state *s, const struct discarded *d,
		   const struct lw_record_time *time, struct lw_head *ret_head,
		   struct lw_error *e)
{
	int r = lw_state_pending_remove(s, &d->p->digest, e);

	if (r == 0)
		r = lw_state_queue_add(s, "pending", e);
	return r < 0 ? r
		     : lw_record_add(s, LW_EVENT_DISCARD, "done", "", time, fill, d, ret_head,
				     e);
}

int lw_discard(struct lw_enclave *enclave, const struct lw_state_pending *p, const char *reason,
	       const char *by, const struct lw_record_time *time, struct lw_head *ret_head,
	       struct lw_error *e)
{
	const struct discarded d = { p, reason, by };
	struct lw_state *s = enclave->state;
	int r = require_plain("the reason", reason, REASON_BYTES, e);

	if (r == 0 && by)
		r = require_plain("the name of who discards it", by, BY_BYTES, e);
	if (r == 0)
		r = lw_state_begin(s, e);
	if (r < 0)
		return r;
	r = discard(s, &d, time, ret_head, e);
	if (r == 0)
		r = lw_state_commit(s, e);
	if (r < 0) {
		lw_state_rollback(s);
		return r;
	}
	(void)!lw_enclave_drain(enclave, NULL);
	return 0;
}

/* ---- by itself ---- */

struct due {
	struct lw_state_pending list[LW_MAX_PENDING];
	size_t n;
	/* Which: those that are due at hi; or of that sender, up to that sequence. */
	int64_t hi;
	const char *sender;
	uint64_t sequence;
};

static int take_due(void *data, const struct lw_state_pending *p, struct lw_error *e)
{
	struct due *due = data;
	bool is = due->sender
			  ? strcmp(p->sender, due->sender) == 0 && p->sequence <= due->sequence
			  : lw_discard_due(p) <= due->hi;

	(void)e;
	if (is && due->n < LW_COUNT_OF(due->list))
		due->list[due->n++] = *p;
	return 0;
}

int lw_discard_expired(struct lw_enclave *enclave, int64_t hi,
		       const struct lw_record_time *time, struct lw_error *e)
{
	struct due due = { .hi = hi };
	struct lw_head head;
	int r = lw_state_each_pending(enclave->state, take_due, &due, e);

	for (size_t i = 0; i < due.n && r == 0; i++)
		r = lw_discard(enclave, &due.list[i],
			       due.list[i].expires > 0 && due.list[i].expires <= hi
				       ? "its seal has expired"
				       : "nothing more of it came in 30 days",
			       NULL, time, &head, e);
	return r;
}

int lw_discard_passed(struct lw_state *s, const char *sender, uint64_t sequence,
		      const struct lw_record_time *time, struct lw_head *head,
		      struct lw_error *e)
{
	struct due due = { .sender = sender, .sequence = sequence };
	int r = lw_state_each_pending(s, take_due, &due, e);

	for (size_t i = 0; i < due.n && r == 0; i++) {
		const struct discarded d = { &due.list[i],
					     "a later bundle of its sender was accepted",
					     NULL };

		r = discard(s, &d, time, head, e);
	}
	return r;
}
