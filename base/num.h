/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_NUM_H
#define LW_BASE_NUM_H

/* Numbers out of text, exactly: no sign, no white space, no leading zero, nothing after. */

#include "base/error.h"
#include "base/span.h"

/* Decimal, min <= value <= max. LW_E_FORMAT, LW_E_LIMIT. */
int lw_num_u64(struct lw_span text, uint64_t min, uint64_t max, uint64_t *ret,
	       struct lw_error *e) LW_WARN_UNUSED;

/* "500", "4GB" (decimal), "4GiB" (binary), B KB MB GB TB KiB MiB GiB TiB: bytes. */
int lw_num_size(struct lw_span text, uint64_t *ret_bytes, struct lw_error *e) LW_WARN_UNUSED;

/* ISO 8601 durations of fixed length: P90D, P2W, PT12H, P1DT30M, PT90S; no years or months.
 * At most 100 years. Seconds. */
int lw_num_duration(struct lw_span text, int64_t *ret_sec, struct lw_error *e) LW_WARN_UNUSED;

/* "1.2 GiB", "512 B": for people. `out` holds at least 16 bytes and is returned. */
const char *lw_num_human_size(uint64_t bytes, char out[static 16]);

#endif
