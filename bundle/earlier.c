/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/earlier.h"

#include "base/mem.h"
#include "bundle/box.h"
#include "bundle/format.h"
#include "bundle/head.h"

/* The statement, by the box's word that it stands in this seal, over these contents. */
static int explain(struct lw_earlier *x, const char *judge, struct lw_error *e)
{
	LW_AUTO(box_explained) struct lw_box_explained explained = { 0 };
	struct lw_proven proven;
	int r = lw_box_explain(judge, LW_EXPLAIN_JSON, lw_buf_span(&x->seal),
			       lw_buf_span(&x->contents_bytes), lw_span(NULL, 0),
			       lw_span(NULL, 0), &explained, e);

	if (r < 0)
		return r;
	x->digest = lw_digest_of(lw_buf_span(&explained.seal.payload));
	r = lw_prove_by_digest(lw_buf_span(&explained.seal.payload), &x->digest, &proven, e);
	return r < 0 ? r : lw_statement_parse(proven, &x->statement, e);
}

static int parse_lists(struct lw_earlier *x, struct lw_medium *m, uint64_t at,
		       struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_proven proven;
	int r = lw_prove_by_digest(lw_buf_span(&x->contents_bytes), &x->statement.contents,
				   &proven, e);

	if (r == 0)
		r = lw_contents_parse(proven, &x->contents, e);
	if (r < 0)
		return r;
	r = lw_head_read_member(m, at, LW_NAME_ENTRIES, x->contents.entries_bytes,
				&x->entries_bytes, &at, e);
	if (r == -LW_E_CONFLICT || r == -LW_E_TRUNCATED)
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "no entry list stands in it: want the bundle, or one of its "
			       "volumes, or `approve --extract --entries` of it");
	lw_buf_add(&text, x->entries_bytes.p, x->entries_bytes.n);
	if (r == 0)
		r = lw_prove_by_digest(lw_buf_span(&text), &x->contents.entries_digest, &proven,
				       e);
	return r < 0 ? r : lw_entries_parse(proven, &text, &x->entries, e);
}

int lw_earlier_read(const char *path, const char *judge, struct lw_earlier *ret,
		    struct lw_error *e)
{
	LW_AUTO(earlier) struct lw_earlier x = { 0 };
	struct lw_medium m;
	lw_auto_fd int fd = -1;
	uint64_t size = 0, at = lw_format_member(LW_MAX_SEAL_BYTES);
	int r = lw_medium_open(path, &m, &fd, e);

	if (r < 0)
		return r; /* it names the path */
	r = lw_head_read_seal(&m, &x.seal, e);
	if (r == 0)
		r = lw_head_claimed_contents(&m, &size, e);
	if (r == 0)
		r = lw_head_read_member(&m, at, LW_NAME_CONTENTS, size, &x.contents_bytes, &at,
					e);
	if (r == 0)
		r = explain(&x, judge, e);
	if (r == 0)
		r = parse_lists(&x, &m, at, e);
	if (r < 0)
		return lw_prefix(e, "%s", path);
	*ret = x;
	x = (struct lw_earlier){ 0 };
	return 0;
}

void lw_earlier_release(struct lw_earlier *x)
{
	lw_contents_release(&x->contents);
	lw_entries_release(&x->entries);
	lw_buf_free(&x->seal);
	lw_buf_free(&x->contents_bytes);
	lw_buf_free(&x->entries_bytes);
}
