/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_FORGE_INCREMENTS_H
#define LW_TESTS_LIB_FORGE_INCREMENTS_H

/*
 * A bundle as an increment without its largest blob, as a hostile sender would make it, with
 * good signatures. "DIGEST SIZE" as how: and of a blob that no image names besides.
 */

#include "tests/lib/forge_volumes.h"

struct forge_increment {
	const char *how;
	size_t left_out; /* which blob */
};

static inline bool forge_does(const struct forge_increment *v, const char *how)
{
	return strcmp(v->how, how) == 0;
}

static inline void forge_line(struct lw_buf *out, const char *word, const struct lw_digest *d,
			      uint64_t size)
{
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(out, "%s%s %llu\n", word, lw_digest_text(d, text),
		      (unsigned long long)size);
}

/* That other blob. */
static inline bool forge_other(const struct forge_increment *v, struct lw_digest *ret,
			       uint64_t *ret_size)
{
	if (strncmp(v->how, "sha256:", 7) != 0)
		return false;
	*ret_size = strtoull(strchr(v->how, ' ') + 1, NULL, 10);
	return lw_digest_parse(lw_span(v->how, LW_DIGEST_TEXT - 1), ret, NULL) == 0;
}

static inline void forge_increment_lines(struct forge *f, const struct forge_increment *v)
{
	const bool twice = forge_does(v, "twice") || forge_does(v, "twice-other-size");
	struct lw_digest other = { 0 };
	uint64_t other_size = 0;
	bool more = forge_other(v, &other, &other_size);

	lw_buf_clear(&f->entries);
	for (size_t i = 0; i < f->n_blobs; i++) {
		const struct lw_digest *d = &f->blobs[i].digest;
		const uint64_t size = f->blobs[i].bytes.n;

		if (more && lw_entry_compare(&other, other_size, d, size) < 0) {
			forge_line(&f->entries, "have ", &other, other_size);
			more = false;
		}
		if (i != v->left_out || twice || forge_does(v, "said-of-none"))
			forge_line(&f->entries, "", d, size);
		if (i != v->left_out || forge_does(v, "said-of-none"))
			continue;
		if (forge_does(v, "begins-a-volume"))
			lw_buf_adds(&f->entries, "volume 2\n");
		forge_line(&f->entries, "have ", d,
			   size + (forge_does(v, "other-size") ||
				   forge_does(v, "twice-other-size")));
		if (forge_does(v, "in-pieces")) {
			forge_line(&f->entries, "piece ", d, 1);
			forge_line(&f->entries, "piece ", d, size - 1);
		}
	}
	if (more)
		forge_line(&f->entries, "have ", &other, other_size);
}

/* Metadata that contents list, or the largest. */
static inline void forge_choose(struct forge *f, struct forge_increment *v)
{
	qsort(f->blobs, f->n_blobs, sizeof(*f->blobs), forge_compare);
	v->left_out = f->n_blobs - 1;
	for (size_t i = 0; i < f->n_blobs && forge_does(v, "metadata"); i++)
		if (lw_digest_equal(&f->blobs[i].digest, &f->c.carried[0].files[0].digest))
			v->left_out = i;
}

static inline void forge_increment(struct forge *f, struct forge_increment *v,
				   struct lw_buf *out)
{
	const bool all = forge_does(v, "twice") || forge_does(v, "twice-other-size") ||
			 forge_does(v, "said-of-none");
	struct lw_digest other;
	uint64_t other_size = 0;
	const bool more = forge_other(v, &other, &other_size);
	struct lw_buf mark = { 0 };
	char name[LW_BLOB_NAME];

	forge_choose(f, v);
	forge_increment_lines(f, v);
	f->c.have_blobs = forge_does(v, "not-said") ? 0 : 1;
	f->c.have_blobs += forge_does(v, "another-count") || more;
	f->c.have_bytes =
		f->blobs[v->left_out].bytes.n + forge_does(v, "another-sum") + other_size;
	f->c.have_bytes += forge_does(v, "other-size") || forge_does(v, "twice-other-size");
	f->listed_blobs =
		f->n_blobs + more + (all && f->c.have_blobs && !forge_does(v, "said-of-none"));
	f->keep |= FORGE_KEEP_ENTRIES | FORGE_KEEP_ORDER;
	forge_texts(f);
	if (!forge_does(v, "no-mark") && !forge_does(v, "not-said"))
		forge_put(&mark, LW_NAME_VOLUME, lw_span_str("0001 of 0001\n"));
	f->s.bytes += mark.n;
	if (!all)
		f->s.bytes -= lw_format_member(f->blobs[v->left_out].bytes.n);
	lw_buf_clear(&f->statement);
	lw_statement_write(&f->s, &f->statement);
	forge_sign(f);
	lw_buf_clear(out);
	forge_put(out, LW_NAME_SEAL, lw_buf_span(&f->seal));
	forge_put(out, LW_NAME_CONTENTS, lw_buf_span(&f->contents));
	forge_put(out, LW_NAME_ENTRIES, lw_buf_span(&f->entries));
	forge_put(out, LW_NAME_OCI_LAYOUT, lw_buf_span(&f->layout));
	forge_put(out, LW_NAME_INDEX, lw_buf_span(&f->index));
	lw_buf_add(out, mark.p, mark.n);
	for (size_t i = 0; i < f->n_blobs; i++)
		if (i != v->left_out || all)
			forge_put(out, lw_format_blob_name(&f->blobs[i].digest, name),
				  lw_buf_span(&f->blobs[i].bytes));
	lw_buf_fill(out, 0, LW_TAR_END);
	lw_buf_free(&mark);
}

#endif
