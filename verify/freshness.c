/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/freshness.h"

#include "base/limits.h"
#include "base/mem.h"

/* No seal of ours is dated later than this: one absurd date must not lock an enclave for good.
 */
#define CEILING_SEC ((int64_t)50 * 366 * 86400)

const char *lw_hi_source_name(enum lw_hi_source s)
{
	static const char *const names[] = { "none", "clock", "attested" };

	return (unsigned)s < LW_COUNT_OF(names) ? names[s] : "none";
}

int64_t lw_released(void)
{
	int64_t t;

	if (lw_time_parse(lw_span_str(LW_RELEASED "T00:00:00Z"), &t, NULL) < 0)
		abort(); /* the build's own constant */
	return t;
}

/* a + b, at most (or at least) what fits: a clock may say anything. */
static int64_t add_sec(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return b < 0 ? INT64_MIN : INT64_MAX;
}

struct lw_interval lw_interval_now(const struct lw_clock *clock, int64_t floor,
				   const struct lw_attested *attested, bool clock_trusted)
{
	struct lw_interval i = { .lo = lw_released() };

	if (floor > i.lo)
		i.lo = floor;
	if (attested->at > 0 && attested->boot_id[0] &&
	    strcmp(attested->boot_id, clock->boot_id) == 0 && attested->boot_sec >= 0 &&
	    clock->boot_sec >= attested->boot_sec) {
		i.hi = add_sec(attested->at, clock->boot_sec - attested->boot_sec);
		i.source = LW_HI_ATTESTED;
	} else if (clock_trusted) {
		i.hi = clock->wall_sec;
		i.source = LW_HI_CLOCK;
	}
	i.behind = i.source != LW_HI_UNKNOWN && i.hi < i.lo;
	return i;
}

static void add(struct lw_verdict *v, enum lw_finding_id id, const char *object,
		const char *expected, int64_t at, int64_t found)
{
	char want[128], a[LW_TIME_TEXT], b[LW_TIME_TEXT];

	(void)snprintf(want, sizeof(want), "%s %s", expected, lw_time_format(at, a));
	lw_verdict_add(v, id, object, want, lw_time_format(found, b));
}

static void judge_dates(const struct lw_freshness *f, const struct lw_interval *now,
			struct lw_verdict *v)
{
	if (f->created < 0 || f->expires <= f->created ||
	    f->created > lw_released() + CEILING_SEC)
		add(v, LW_FINDING_FRESHNESS_IMPLAUSIBLE, f->object,
		    "expiry after creation, before", lw_released() + CEILING_SEC, f->created);
	else if (f->expires - f->created > f->max_age_sec)
		lw_verdict_addf(v, LW_FINDING_FRESHNESS_TOO_LONG, f->object,
				"a seal within policy's max_age",
				"%lld days, policy allows %lld",
				(long long)((f->expires - f->created) / 86400),
				(long long)(f->max_age_sec / 86400));
	if (f->created > add_sec(now->hi, f->skew_sec))
		add(v, LW_FINDING_FRESHNESS_FUTURE, f->object, "created not after", now->hi,
		    f->created);
	if (f->expires < now->hi)
		add(v, LW_FINDING_FRESHNESS_EXPIRED, f->object, "an expiry after", now->hi,
		    f->expires);
}

static void judge_sequence(const struct lw_freshness *f, struct lw_verdict *v)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "above %llu", (unsigned long long)f->sender_floor);
	if (f->sequence <= f->sender_floor)
		lw_verdict_addf(v, LW_FINDING_FRESHNESS_SEQUENCE, f->object, want, "%llu",
				(unsigned long long)f->sequence);
	else if (f->sequence - f->sender_floor > LW_MAX_SEQUENCE_STEP)
		lw_verdict_addf(v, LW_FINDING_FRESHNESS_SEQUENCE_JUMP, f->object, want,
				"%llu, more than %llu further", (unsigned long long)f->sequence,
				(unsigned long long)LW_MAX_SEQUENCE_STEP);
	else if (f->sender_floor > 0 && f->sequence - f->sender_floor > 1)
		lw_verdict_addf(v, LW_FINDING_FRESHNESS_SEQUENCE_GAP, f->object, want,
				"%llu: %llu not seen here", (unsigned long long)f->sequence,
				(unsigned long long)(f->sequence - f->sender_floor - 1));
}

bool lw_freshness_is_proven(const struct lw_freshness *f, const struct lw_interval *now)
{
	return f->standing == LW_NONCE_OPEN &&
	       (now->source == LW_HI_UNKNOWN || f->request_expires >= now->hi);
}

/* A nonce counts only where it is that of an open request: all else is no proof. */
static void judge_answer(const struct lw_freshness *f, const struct lw_interval *now,
			 struct lw_verdict *v)
{
	static const char want[] = "the nonce of an open request";

	if (lw_freshness_is_proven(f, now))
		return;
	switch (f->standing) {
	case LW_NONCE_OPEN:
		add(v, LW_FINDING_FRESHNESS_REQUEST_EXPIRED, f->object,
		    "an answer to a request that is good at", now->hi, f->request_expires);
		break;
	case LW_NONCE_SPENT:
		lw_verdict_add(v, LW_FINDING_FRESHNESS_NONCE_SPENT, f->object, want, f->nonce);
		break;
	case LW_NONCE_CANCELLED:
		lw_verdict_add(v, LW_FINDING_FRESHNESS_REQUEST_CANCELLED, f->object, want,
			       f->nonce);
		break;
	case LW_NONCE_UNKNOWN:
		lw_verdict_add(v, LW_FINDING_FRESHNESS_NONCE_UNKNOWN, f->object, want,
			       f->nonce);
		break;
	case LW_NONCE_NONE:
	default:
		if (f->challenge_required)
			lw_verdict_add(v, LW_FINDING_FRESHNESS_UNANSWERED, f->object, want,
				       "no nonce");
		break;
	}
	lw_verdict_add(v, LW_FINDING_FRESHNESS_NOT_PROVEN, f->object, "", "");
}

void lw_freshness_judge(const struct lw_freshness *f, const struct lw_interval *now,
			struct lw_verdict *v)
{
	if (now->source == LW_HI_UNKNOWN) {
		lw_verdict_add(v, LW_FINDING_TIME_UNKNOWN, f->object,
			       "a time two people attest", "policy does not trust the clock");
	} else if (now->behind) {
		add(v, LW_FINDING_TIME_BEHIND_FLOOR, f->object, "a time after", now->lo,
		    now->hi);
	} else {
		judge_dates(f, now, v);
	}
	judge_sequence(f, v);
	judge_answer(f, now, v);
	lw_verdict_pass(v, LW_GATE_FRESHNESS);
}
