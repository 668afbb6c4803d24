/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/qr.h"

#include "base/mem.h"

#include <qrencode.h>

#define QUIET	       4 /* modules around it */
#define MOST_BYTES     2953
#define BLACK_ON_WHITE "\033[0;30;107m"
#define AS_BEFORE      "\033[0m"

LW_DEFINE_AUTO(code, QRcode *, QRcode_free);

/* Whether that module is dark; around the code all are light. */
static bool is_dark(const QRcode *c, int x, int y)
{
	return x >= 0 && y >= 0 && x < c->width && y < c->width &&
	       (c->data[y * c->width + x] & 1) != 0;
}

/* Which characters: by whether the upper and the lower half are to be drawn. */
static const char *const halves[2][2] = { { " ", "\u2584" }, { "\u2580", "\u2588" } };

int lw_qr_write(struct lw_span bytes, bool coloured, struct lw_buf *out, size_t *ret_columns,
		struct lw_error *e)
{
	LW_AUTO(code) QRcode *c = NULL;
	int columns;

	if (bytes.n == 0 || bytes.n > MOST_BYTES)
		return lw_fail(e, LW_E_LIMIT, "a QR code holds at most %d bytes, this has %zu",
			       MOST_BYTES, bytes.n);
	c = QRcode_encodeData((int)bytes.n, bytes.p, 0, QR_ECLEVEL_L);
	if (!c)
		return lw_fail_errno(e, "QR code");
	columns = c->width + 2 * QUIET;
	for (int y = -QUIET; y < c->width + QUIET; y += 2) {
		lw_buf_adds(out, coloured ? BLACK_ON_WHITE : "");
		for (int x = -QUIET; x < c->width + QUIET; x++) {
			bool upper = is_dark(c, x, y), lower = is_dark(c, x, y + 1);

			lw_buf_adds(out, halves[upper == coloured][lower == coloured]);
		}
		lw_buf_adds(out, coloured ? AS_BEFORE "\n" : "\n");
	}
	*ret_columns = (size_t)columns;
	return 0;
}
