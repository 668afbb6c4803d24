/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_VERIFY_FRESHNESS_H
#define LW_VERIFY_FRESHNESS_H

/*
 * Time without a network (DESIGN 10). The enclave never holds "now", it holds an interval
 * [lo, hi]. `lo` is proven time: this program's release, and the `created` of seals that met
 * their threshold. `hi` comes from the clock, or from people who attested it in this boot.
 * Expiry and age are judged at hi.
 */

#include "base/clock.h"
#include "verify/verdict.h"

#include <stdbool.h>

enum lw_hi_source {
	LW_HI_UNKNOWN = 0,
	LW_HI_CLOCK,
	LW_HI_ATTESTED,
};
const char *lw_hi_source_name(enum lw_hi_source s); /* "none", "clock", "attested" */

struct lw_interval {
	int64_t lo, hi; /* seconds; hi only if source is not LW_HI_UNKNOWN */
	enum lw_hi_source source;
	bool behind; /* hi < lo: the clock (or the attestation) is behind proven time */
};

/* An attestation as stored: the time people saw, and where the boot clock stood then. */
struct lw_attested {
	int64_t at; /* 0: none */
	int64_t boot_sec;
	char boot_id[37];
};

/* The time this program was released: no honest clock is behind it. */
int64_t lw_released(void);

/* `floor` is the stored floor (0: none). An attestation counts only within its boot, carried
 * forward by the boot clock, and takes precedence over the clock. */
struct lw_interval lw_interval_now(const struct lw_clock *clock, int64_t floor,
				   const struct lw_attested *attested, bool clock_trusted);

/* Which of the enclave's requests a statement's nonce answers. */
enum lw_nonce_standing {
	LW_NONCE_NONE = 0, /* it has none */
	LW_NONCE_UNKNOWN,  /* one never asked for here */
	LW_NONCE_SPENT,	   /* one that another bundle answered */
	LW_NONCE_CANCELLED,
	LW_NONCE_OPEN,
};

struct lw_freshness {
	int64_t created, expires; /* from the proven statement */
	uint64_t sequence;
	uint64_t sender_floor; /* highest accepted sequence; 0: none */
	int64_t max_age_sec;
	int64_t skew_sec;
	enum lw_nonce_standing standing;
	const char *nonce;	 /* as text; "" for none */
	int64_t request_expires; /* of LW_NONCE_OPEN */
	bool challenge_required; /* policy's word about this sender */
	const char *object;
};

/* Whether it is proven that the statement was sealed after the enclave asked for it. */
bool lw_freshness_is_proven(const struct lw_freshness *f, const struct lw_interval *now);

/* Gate 3 but for the replay, which needs the state. Adds findings; passes the gate when there
 * is nothing against it. */
void lw_freshness_judge(const struct lw_freshness *f, const struct lw_interval *now,
			struct lw_verdict *v);

#endif
