/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_PACK_REQUEST_H
#define LW_CMD_PACK_REQUEST_H

#include "bundle/request.h"
#include "bundle/statement.h"

/* Puts what --request or --nonce say into the statement: the nonce; without --audience the
 * enclave, too. *ret is the caller's, empty without --request. The request's errors;
 * LW_E_USAGE; LW_E_CONFLICT: it has expired, or is of another enclave. */
int lw_pack_answer(struct lw_statement *st, struct lw_request *ret,
		   struct lw_error *e) LW_WARN_UNUSED;

/* Whether the enclave that asked would take that sequence, by what it said. LW_E_CONFLICT. */
int lw_pack_check_floor(const struct lw_request *r, const struct lw_statement *st,
			struct lw_error *e) LW_WARN_UNUSED;

#endif
