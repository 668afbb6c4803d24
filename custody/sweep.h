/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CUSTODY_SWEEP_H
#define LW_CUSTODY_SWEEP_H

/*
 * Holding the store against the state (DESIGN 8: a blob exists only if the database says so).
 * Files without a row are removed; rows without a file, or with one of another size, are
 * faults. One readdir, one ordered walk over the rows, nothing is read: 48 bytes of memory a
 * file.
 */

#include "custody/state.h"
#include "image/store.h"

/* What a fault's `have` says when there is no file at all. */
#define LW_SWEEP_MISSING UINT64_MAX

struct lw_sweep_fault {
	struct lw_digest digest;
	uint64_t want, have; /* bytes */
};

#define LW_SWEEP_KEPT 64

struct lw_sweep {
	uint64_t removed; /* files */
	uint64_t faults;
	struct lw_sweep_fault first[LW_SWEEP_KEPT]; /* by digest */
	struct lw_digest fingerprint; /* of all faults: the same when nothing changed */
};

/* For the writer only, with no transaction of a load under way. LW_E_IO, LW_E_STATE. */
int lw_sweep_store(struct lw_state *s, struct lw_store *store, struct lw_sweep *ret,
		   struct lw_error *e) LW_WARN_UNUSED;

/* What is staged of bundles of several volumes: removes what no row counts. A row without its
 * file is for the next sitting to find. For the writer only. */
int lw_sweep_pending(struct lw_state *s, struct lw_store *store,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
