/* SPDX-License-Identifier: Apache-2.0 */

/* Statements: what parses is written again to the same bytes, and says nothing that a terminal,
 * a record or the arithmetic of gates 3 and 4 could stumble over. */

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "bundle/statement.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_statement s = { 0 };
	struct lw_error e = { 0 };
	int r = lw_statement_parse(lw_unproven_in_the_box(lw_span(data, size)), &s, &e);

	if (r < 0) {
		if (-r != (int)e.code || e.code == LW_E_INTERNAL || s.sequence || s.marking[0])
			abort();
		return 0;
	}
	if (!lw_text_is_label(lw_span_str(s.sender)) || !s.marking[0] ||
	    !lw_text_is_plain(lw_span_str(s.marking)))
		abort();
	if (s.volumes < 1 || s.volumes > LW_MAX_VOLUMES)
		abort();
	if (s.sequence < 1 || s.sequence > LW_MAX_SEQUENCE || s.bytes < 1 ||
	    s.contents_bytes > LW_MAX_CONTENTS_BYTES || s.created < 0 || s.expires < 0 ||
	    s.created > LW_TIME_MAX || s.expires > LW_TIME_MAX)
		abort();
	if (s.has_nonce && s.any_audience)
		abort();
	lw_statement_write(&s, &again);
	if (!lw_span_equal(lw_span(data, size), lw_buf_span(&again)))
		abort();
	return 0;
}
