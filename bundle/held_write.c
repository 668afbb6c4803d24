/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/held.h"

void lw_held_write_begin(struct lw_held_writer *w, const struct lw_digest *enclave)
{
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(w->out, LW_HELD_FORMAT "%s\n", lw_digest_text(enclave, text));
}

void lw_held_write(struct lw_held_writer *w, const struct lw_digest *d, uint64_t size)
{
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(w->out, "%s %llu\n", lw_digest_text(d, text), (unsigned long long)size);
	w->n++;
}

void lw_held_write_end(struct lw_held_writer *w)
{
	const struct lw_digest all = lw_digest_of(lw_buf_span(w->out));
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(w->out, LW_HELD_END "%llu %s\n", (unsigned long long)w->n,
		      lw_digest_text(&all, text));
}
