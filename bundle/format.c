/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/format.h"

#include <stdio.h>
#include <string.h>

char *lw_format_blob_name(const struct lw_digest *d, char out[static LW_BLOB_NAME])
{
	memcpy(out, "blobs/sha256/", 13);
	lw_digest_hex(d, out + 13);
	return out;
}

static void octal(uint8_t *field, unsigned digits, uint64_t v)
{
	for (unsigned i = digits; i-- > 0; v >>= 3)
		field[i] = (uint8_t)('0' + (v & 7));
}

void lw_format_header(const char *name, uint64_t size, uint8_t out[static LW_TAR_BLOCK])
{
	unsigned sum = 0;

	memset(out, 0, LW_TAR_BLOCK);
	memcpy(out, name, strnlen(name, LW_NAME_MAX));
	memcpy(out + 100, "000644 ", 8);
	memcpy(out + 108, "000000 ", 8);
	memcpy(out + 116, "000000 ", 8);
	octal(out + 124, 11, size);
	out[135] = ' ';
	memcpy(out + 136, "00000000000 ", 12);
	memset(out + 148, ' ', 8);
	out[156] = '0';
	memcpy(out + 257, "ustar\00000", 8);
	memcpy(out + 329, "000000 ", 8);
	memcpy(out + 337, "000000 ", 8);
	for (unsigned i = 0; i < LW_TAR_BLOCK; i++)
		sum += out[i];
	octal(out + 148, 6, sum);
	out[154] = '\0';
}
