/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_TIMEKEEPING_H
#define LW_BUNDLE_TIMEKEEPING_H

/*
 * People's word about the time (DESIGN 10): an in-toto statement with a predicate type of its
 * own, signed by as many people as the policy's `time` group asks for, at the enclave. An
 * attestation gives `hi` until the next boot; a reset also lowers the floor, for an enclave
 * that an absurd date has locked. Each is a record.
 */

#include "custody/enclave.h"
#include "keys/private.h"

enum lw_timekeeping {
	LW_TIME_ATTEST,
	LW_TIME_RESET,
};

/* keys: borrowed. LW_E_SIGNATURE: fewer people than policy asks for; LW_E_CONFLICT: the time is
 * before the floor (attest), before this release, or implausibly far; LW_E_UNSUPPORTED: policy
 * names nobody. */
int lw_timekeeping_apply(struct lw_enclave *enclave, const struct lw_clock *clock,
			 enum lw_timekeeping what, int64_t at,
			 struct lw_private_key *const *keys, size_t n_keys,
			 struct lw_head *ret_head, struct lw_error *e) LW_WARN_UNUSED;

#endif
