/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_QR_H
#define LW_CMD_QR_H

#include "base/buf.h"
#include "base/error.h"

/* A QR code (ISO/IEC 18004) of bytes, two modules a character, dark on light with its quiet
 * zone: UTF-8 half blocks, a line feed after each row. `coloured`: with the escapes that make
 * it so on a terminal of any colours; without, light is what is printed. Appended. LW_E_LIMIT:
 * more bytes than one code holds (2,953). */
int lw_qr_write(struct lw_span bytes, bool coloured, struct lw_buf *out, size_t *ret_columns,
		struct lw_error *e) LW_WARN_UNUSED;

#endif
