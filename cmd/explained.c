/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explained.h"

#include "base/mem.h"
#include "base/text.h"

/* The box has made its text safe already, so a backslash must not be doubled again: only what
 * is not plain is escaped here. */
void lw_print_explained(const struct lw_buf *text, FILE *out)
{
	struct lw_span rest = lw_buf_span(text);

	while (rest.n) {
		const uint8_t *end = memchr(rest.p, '\n', rest.n);
		struct lw_span line = lw_span(rest.p, end ? (size_t)(end - rest.p) : rest.n);
		size_t skip = line.n + (end ? 1 : 0);

		if (lw_text_is_plain(line)) {
			(void)fwrite(line.p, 1, line.n, out);
		} else {
			LW_AUTO(buf) struct lw_buf safe = { 0 };

			lw_text_append(&safe, line);
			(void)fwrite(safe.p, 1, safe.n, out);
		}
		(void)fputc('\n', out);
		rest = lw_span(rest.p + skip, rest.n - skip);
	}
}
