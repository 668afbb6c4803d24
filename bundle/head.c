/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/head.h"

#include "bundle/format.h"

#include <string.h>

static int expect_header(struct lw_medium *m, uint64_t offset, const char *name, uint64_t size,
			 struct lw_error *e)
{
	uint8_t want[LW_TAR_BLOCK], have[LW_TAR_BLOCK];
	int r = lw_medium_read(m, have, sizeof(have), offset, e);

	if (r < 0)
		return r;
	lw_format_header(name, size, want);
	if (memcmp(want, have, sizeof(want)) != 0)
		return lw_fail(e, LW_E_CONFLICT,
			       "want the header of %s (%llu bytes) at %llu, have "
			       "something else",
			       name, (unsigned long long)size, (unsigned long long)offset);
	return 0;
}

int lw_head_read_seal(struct lw_medium *m, struct lw_buf *seal, struct lw_error *e)
{
	uint64_t next;
	int r = lw_head_read_member(m, 0, LW_NAME_SEAL, LW_MAX_SEAL_BYTES, seal, &next, e);

	return r == -LW_E_CONFLICT ? lw_fail(e, LW_E_FORMAT, "this is no Landwaiter bundle")
				   : r;
}

int lw_head_read_member(struct lw_medium *m, uint64_t offset, const char *name, uint64_t size,
			struct lw_buf *bytes, uint64_t *ret_next, struct lw_error *e)
{
	uint8_t padding[LW_TAR_BLOCK];
	size_t pad = (size_t)lw_format_padding(size), start = bytes->n;
	int r = expect_header(m, offset, name, size, e);

	if (r < 0)
		return r;
	lw_buf_reserve(bytes, size);
	r = lw_medium_read(m, bytes->p + start, size, offset + LW_TAR_BLOCK, e);
	if (r == 0 && pad)
		r = lw_medium_read(m, padding, pad, offset + LW_TAR_BLOCK + size, e);
	if (r != 0)
		return lw_prefix(e, "%s", name);
	for (size_t i = 0; i < pad; i++)
		if (padding[i])
			return lw_fail(e, LW_E_CONFLICT, "%s: padding is not zero", name);
	bytes->n = start + size;
	bytes->p[bytes->n] = '\0';
	*ret_next = offset + lw_format_member(size);
	return 0;
}

/* The size in a header that is otherwise the one it must be. */
static int claimed(struct lw_medium *m, uint64_t at, const char *name, uint64_t most,
		   uint64_t *ret_size, struct lw_error *e)
{
	uint8_t want[LW_TAR_BLOCK], have[LW_TAR_BLOCK];
	uint64_t size = 0;
	int r = lw_medium_read(m, have, sizeof(have), at, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < 11; i++) {
		if (have[124 + i] < '0' || have[124 + i] > '7')
			return lw_fail(e, LW_E_FORMAT, "the header of %s is damaged", name);
		size = size * 8 + (uint64_t)(have[124 + i] - '0');
	}
	if (size > most)
		return lw_fail(e, LW_E_LIMIT, "%s: want at most %llu bytes, have %llu", name,
			       (unsigned long long)most, (unsigned long long)size);
	lw_format_header(name, size, want);
	if (memcmp(want, have, sizeof(want)) != 0)
		return lw_fail(e, LW_E_FORMAT, "the header of %s is damaged", name);
	*ret_size = size;
	return 0;
}

int lw_head_claimed_contents(struct lw_medium *m, uint64_t *ret_size, struct lw_error *e)
{
	return claimed(m, lw_format_member(LW_MAX_SEAL_BYTES), LW_NAME_CONTENTS,
		       LW_MAX_CONTENTS_BYTES, ret_size, e);
}

int lw_head_claimed_entries(struct lw_medium *m, uint64_t offset, uint64_t *ret_size,
			    struct lw_error *e)
{
	return claimed(m, offset, LW_NAME_ENTRIES,
		       LW_MAX_FRAME_BYTES - LW_MAX_SEAL_BYTES - LW_MAX_CONTENTS_BYTES - 4096,
		       ret_size, e);
}

void lw_head_claimed_mark(struct lw_medium *m, uint64_t offset, struct lw_buf *mark)
{
	struct lw_error ignored = { 0 };
	uint64_t size = 0;

	/* A head alone ends here. */
	if (claimed(m, offset, LW_NAME_ENTRIES, LW_MAX_ENTRIES_BYTES, &size, &ignored) < 0)
		return;
	offset += lw_format_member(size) + lw_format_member(strlen(LW_OCI_LAYOUT));
	if (claimed(m, offset, LW_NAME_INDEX, LW_MAX_FRAME_BYTES, &size, &ignored) < 0)
		return;
	(void)!lw_head_read_member(m, offset + lw_format_member(size), LW_NAME_VOLUME,
				   LW_VOLUME_MARK, mark, &offset, &ignored);
}
