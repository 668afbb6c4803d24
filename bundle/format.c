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

char *lw_format_piece_name(const struct lw_digest *d, unsigned number,
			   char out[static LW_PIECE_NAME])
{
	char hex[65];

	(void)snprintf(out, LW_PIECE_NAME, "landwaiter/pieces/%s/%04u", lw_digest_hex(d, hex),
		       (number + 1) % 10000);
	return out;
}

void lw_format_volume_mark(uint64_t volume, uint64_t volumes,
			   char out[static LW_VOLUME_MARK + 1])
{
	(void)snprintf(out, LW_VOLUME_MARK + 1, "%04u of %04u\n", (unsigned)(volume % 10000),
		       (unsigned)(volumes % 10000));
}

uint64_t lw_format_volume_of(struct lw_span mark, uint64_t volumes)
{
	char want[LW_VOLUME_MARK + 1];

	for (uint64_t i = 1; i <= volumes; i++) {
		lw_format_volume_mark(i, volumes, want);
		if (lw_span_is(mark, want))
			return i;
	}
	return 0;
}

bool lw_format_is_supplement(struct lw_span mark, uint64_t volumes)
{
	char want[LW_VOLUME_MARK + 1];

	lw_format_volume_mark(0, volumes, want);
	return lw_span_is(mark, want);
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
