/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_JSON_GATE_H
#define LW_BASE_JSON_GATE_H

/* What base/json.c needs from the gate; everybody else uses base/json.h. */

#include "base/json.h"

/*
 * One pass over the bytes. With limits->floats, one bit per number is appended to `floats`
 * (eight a byte, lowest first, in document order): set where the number is no exact integer.
 * `floats` may be NULL. LW_E_FORMAT, LW_E_LIMIT.
 */
int lw_json_gate(struct lw_span in, const struct lw_json_limits *limits, struct lw_buf *floats,
		 size_t *ret_nodes, struct lw_error *e) LW_WARN_UNUSED;

#endif
