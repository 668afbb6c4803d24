/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_FORGE_H
#define LW_TESTS_LIB_FORGE_H

/*
 * A bundle taken apart and put together again, signed anew: what a sender makes whose approvers
 * sign anything. Whatever is not kept as it was edited follows from what is below it: blobs
 * make the entries, entries and images make contents, contents make index.json and the
 * statement. Breaks off with a message where the bundle itself cannot be read.
 */

#include "base/digest.h"
#include "base/fs.h"
#include "base/mem.h"
#include "bundle/contents.h"
#include "bundle/entries.h"
#include "bundle/format.h"
#include "bundle/seal.h"
#include "bundle/statement.h"
#include "keys/private.h"

#include <err.h>
#include <stdlib.h>

#define FORGE_KEYS 8

struct forge_blob {
	struct lw_digest digest; /* as listed */
	struct lw_buf bytes;
};

enum {
	FORGE_KEEP_ENTRIES = 1, /* these texts were edited */
	FORGE_KEEP_CONTENTS = 2,
	FORGE_KEEP_INDEX = 4,
	FORGE_KEEP_STATEMENT = 8,
	FORGE_KEEP_SEAL = 16,
	FORGE_KEEP_ORDER = 32, /* of the blobs */
};

struct forge {
	struct lw_statement s;
	struct lw_contents c;
	struct forge_blob *blobs;
	size_t n_blobs;
	struct lw_private_key *keys[FORGE_KEYS];
	size_t n_keys;
	unsigned keep;
	/* made by forge_texts */
	struct lw_buf seal, statement, contents, entries, layout, index;
	uint64_t listed_bytes; /* what statement.bytes is made from */
	uint64_t listed_blobs; /* the blobs among the lines of the entries; 0: all of them */
};

static inline void forge_must(int r, const char *what, const struct lw_error *e)
{
	if (r < 0)
		errx(2, "%s: %s", what, e->text);
}

static inline struct lw_buf forge_copy(struct lw_span from)
{
	struct lw_buf b = { 0 };

	lw_buf_reserve(&b, from.n + 1);
	lw_buf_add(&b, from.p, from.n);
	return b;
}

static inline void forge_key(struct forge *f, const char *path)
{
	LW_AUTO(buf) struct lw_buf pem = { 0 };
	struct lw_error e = { 0 };

	forge_must(lw_fs_read_path(path, LW_MAX_KEY_BYTES, &pem, &e), path, &e);
	forge_must(lw_private_key_parse(lw_buf_span(&pem), NULL, &f->keys[f->n_keys++], &e),
		   path, &e);
}

/* The member that starts at *at: its bytes; moves on to the next one. */
static inline struct lw_span forge_member(struct lw_span file, size_t *at)
{
	uint64_t size = 0;

	if (file.n < *at + LW_TAR_BLOCK)
		errx(2, "no member at %zu", *at);
	for (size_t i = 124; i < 135; i++)
		size = size * 8 + (uint64_t)(file.p[*at + i] - '0');
	if (file.n - *at < lw_format_member(size))
		errx(2, "the member at %zu is not whole", *at);

	struct lw_span bytes = lw_span(file.p + *at + LW_TAR_BLOCK, (size_t)size);
	*at += (size_t)lw_format_member(size);
	return bytes;
}

/* A good bundle, all of it. */
static inline void forge_open(struct forge *f, struct lw_span file)
{
	LW_AUTO(dsse) struct lw_dsse seal = { 0 };
	struct lw_entries entries = { 0 };
	struct lw_error e = { 0 };
	size_t at = 0;

	f->seal = forge_copy(forge_member(file, &at));
	f->contents = forge_copy(forge_member(file, &at));
	f->entries = forge_copy(forge_member(file, &at));
	f->layout = forge_copy(forge_member(file, &at));
	f->index = forge_copy(forge_member(file, &at));
	forge_must(lw_seal_parse(lw_buf_span(&f->seal), &seal, &e), "seal", &e);
	f->statement = forge_copy(lw_buf_span(&seal.payload));
	forge_must(lw_statement_parse(lw_unproven_in_the_box(lw_buf_span(&f->statement)), &f->s,
				      &e),
		   "statement", &e);
	forge_must(
		lw_contents_parse(lw_unproven_in_the_box(lw_buf_span(&f->contents)), &f->c, &e),
		"contents", &e);

	struct lw_buf text = forge_copy(lw_buf_span(&f->entries));

	forge_must(lw_entries_parse(lw_unproven_in_the_box(lw_buf_span(&text)), &text, &entries,
				    &e),
		   "entries", &e);
	f->blobs = lw_alloc_array(entries.n + 1024, sizeof(*f->blobs)); /* room for more */
	for (size_t i = 0; i < entries.n; i++, f->n_blobs++)
		f->blobs[i] = (struct forge_blob){ entries.list[i].digest,
						   forge_copy(forge_member(file, &at)) };
	lw_entries_release(&entries);
	f->keep = 0;
}

static inline void forge_release(struct forge *f)
{
	for (size_t i = 0; i < f->n_blobs; i++)
		lw_buf_free(&f->blobs[i].bytes);
	free(f->blobs);
	f->blobs = NULL;
	f->n_blobs = 0;
	lw_contents_release(&f->c);
	lw_buf_free(&f->seal);
	lw_buf_free(&f->statement);
	lw_buf_free(&f->contents);
	lw_buf_free(&f->entries);
	lw_buf_free(&f->layout);
	lw_buf_free(&f->index);
}

static inline int forge_compare(const void *a, const void *b)
{
	const struct forge_blob *x = a, *y = b;

	return lw_entry_compare(&x->digest, x->bytes.n, &y->digest, y->bytes.n);
}

static inline void forge_sign(struct forge *f)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_error e = { 0 };

	lw_buf_add(&d.payload, f->statement.p, f->statement.n);
	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&d.payload), &message);
	for (size_t i = 0; i < f->n_keys; i++) {
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		LW_AUTO(buf) struct lw_buf der = { 0 };
		struct lw_digest id;

		forge_must(lw_private_key_sign(f->keys[i], lw_buf_span(&message), &sig, &e),
			   "signing", &e);
		forge_must(lw_private_key_public(f->keys[i], &der, &e), "key", &e);
		id = lw_digest_of(lw_buf_span(&der));
		forge_must(lw_seal_add(&d, &id, lw_buf_span(&sig), &e), "seal", &e);
	}
	lw_buf_clear(&f->seal);
	forge_must(lw_seal_write(&d, &f->seal, &e), "seal", &e);
}

static inline uint64_t forge_lines(const struct lw_buf *text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text->n; i++)
		n += text->p[i] == '\n';
	return n;
}

/* Every text that is not kept follows from what is below it. */
static inline void forge_texts(struct forge *f)
{
	char text[LW_DIGEST_TEXT];

	if (!(f->keep & FORGE_KEEP_ORDER))
		qsort(f->blobs, f->n_blobs, sizeof(*f->blobs), forge_compare);
	if (!(f->keep & FORGE_KEEP_ENTRIES)) {
		lw_buf_clear(&f->entries);
		for (size_t i = 0; i < f->n_blobs; i++)
			lw_buf_printf(&f->entries, "%s %zu\n",
				      lw_digest_text(&f->blobs[i].digest, text),
				      f->blobs[i].bytes.n);
	}
	if (!(f->keep & FORGE_KEEP_CONTENTS)) {
		f->c.entries_blobs =
			f->listed_blobs ? f->listed_blobs : forge_lines(&f->entries);
		f->c.entries_bytes = f->entries.n;
		f->c.entries_digest = lw_digest_of(lw_buf_span(&f->entries));
		lw_buf_clear(&f->contents);
		lw_contents_write(&f->c, &f->contents);
	}
	if (!(f->keep & FORGE_KEEP_INDEX)) {
		LW_AUTO(contents) struct lw_contents c = { 0 };
		struct lw_error e = { 0 };

		if (lw_contents_parse(lw_unproven_in_the_box(lw_buf_span(&f->contents)), &c,
				      &e) == 0) {
			lw_buf_clear(&f->index);
			lw_contents_write_index(&c, &f->index);
		}
	}
	if (!(f->keep & FORGE_KEEP_STATEMENT)) {
		uint64_t blobs = 0;

		for (size_t i = 0; i < f->n_blobs; i++)
			blobs += lw_format_member(f->blobs[i].bytes.n);
		f->s.contents = lw_digest_of(lw_buf_span(&f->contents));
		f->s.contents_bytes = f->contents.n;
		f->s.bytes = lw_format_member(LW_MAX_SEAL_BYTES) +
			     lw_format_member(f->contents.n) + lw_format_member(f->entries.n) +
			     lw_format_member(f->layout.n) + lw_format_member(f->index.n) +
			     (f->listed_bytes ? f->listed_bytes : blobs) + LW_TAR_END;
		lw_buf_clear(&f->statement);
		lw_statement_write(&f->s, &f->statement);
	}
	if (!(f->keep & FORGE_KEEP_SEAL))
		forge_sign(f);
}

static inline void forge_put(struct lw_buf *out, const char *name, struct lw_span bytes)
{
	uint8_t header[LW_TAR_BLOCK];

	lw_format_header(name, bytes.n, header);
	lw_buf_add(out, header, sizeof(header));
	lw_buf_add(out, bytes.p, bytes.n);
	lw_buf_fill(out, 0, (size_t)lw_format_padding(bytes.n));
}

static inline void forge_put_lists(const struct forge *f, struct lw_buf *out)
{
	forge_put(out, LW_NAME_SEAL, lw_buf_span(&f->seal));
	forge_put(out, LW_NAME_CONTENTS, lw_buf_span(&f->contents));
	forge_put(out, LW_NAME_ENTRIES, lw_buf_span(&f->entries));
	forge_put(out, LW_NAME_OCI_LAYOUT, lw_buf_span(&f->layout));
	forge_put(out, LW_NAME_INDEX, lw_buf_span(&f->index));
}

/* With members behind the lists, and without one of the blobs (or SIZE_MAX). */
static inline void forge_archive_with(const struct forge *f, struct lw_span more,
				      size_t left_out, struct lw_buf *out)
{
	char name[LW_BLOB_NAME];

	lw_buf_clear(out);
	forge_put_lists(f, out);
	lw_buf_add(out, more.p, more.n);
	for (size_t i = 0; i < f->n_blobs; i++)
		if (i != left_out)
			forge_put(out, lw_format_blob_name(&f->blobs[i].digest, name),
				  lw_buf_span(&f->blobs[i].bytes));
	lw_buf_fill(out, 0, LW_TAR_END);
}

static inline void forge_archive(const struct forge *f, struct lw_buf *out)
{
	forge_archive_with(f, lw_span(NULL, 0), SIZE_MAX, out);
}

/* The whole bundle again. */
static inline void forge_build(struct forge *f, struct lw_buf *out)
{
	forge_texts(f);
	forge_archive(f, out);
}

/* ---- editing ---- */

static inline void forge_set(struct lw_buf *b, const void *p, size_t n)
{
	lw_buf_clear(b);
	lw_buf_add(b, p, n);
}

static inline void forge_splice(struct lw_buf *b, size_t at, size_t n, struct lw_span with)
{
	struct lw_buf old = forge_copy(lw_buf_span(b));

	lw_buf_clear(b);
	lw_buf_add(b, old.p, at);
	lw_buf_add(b, with.p, with.n);
	lw_buf_add(b, old.p + at + n, old.n - at - n);
	lw_buf_free(&old);
}

/* The nth (from 0) place of `what`; it must be there. */
static inline size_t forge_find(const struct lw_buf *b, const char *what, size_t nth)
{
	const char *p = lw_buf_str(b);

	for (;; p++) {
		p = strstr(p, what);
		if (!p)
			errx(2, "there is no '%s'", what);
		if (nth-- == 0)
			return (size_t)((const uint8_t *)p - b->p);
	}
}

/* Replaces the first `old`. */
static inline void forge_edit(struct lw_buf *b, const char *old, const char *with)
{
	forge_splice(b, forge_find(b, old, 0), strlen(old), lw_span_str(with));
}

/* Replaces the value after the first "key": a string or a number. */
static inline void forge_value(struct lw_buf *b, const char *key, const char *with)
{
	lw_auto_free char *name = lw_asprintf("\"%s\":", key);
	size_t at = forge_find(b, name, 0) + strlen(name), n;

	if (b->p[at] == '"')
		n = (size_t)((const char *)memchr(b->p + at + 1, '"', b->n - at - 1) -
			     (const char *)(b->p + at)) +
		    1;
	else
		n = strspn((const char *)b->p + at, "-0123456789");
	forge_splice(b, at, n, lw_span_str(with));
}

static inline struct forge_blob *forge_blob(struct forge *f, const struct lw_digest *d)
{
	for (size_t i = 0; i < f->n_blobs; i++)
		if (lw_digest_equal(&f->blobs[i].digest, d))
			return &f->blobs[i];
	errx(2, "no such blob");
}

static inline const struct lw_digest *forge_add_blob(struct forge *f, struct lw_span bytes)
{
	struct forge_blob *b = &f->blobs[f->n_blobs];

	b->digest = lw_digest_of(bytes);
	for (size_t i = 0; i < f->n_blobs; i++)
		if (lw_digest_equal(&f->blobs[i].digest, &b->digest))
			return &f->blobs[i].digest;
	b->bytes = forge_copy(bytes);
	f->n_blobs++;
	return &b->digest;
}

static inline void forge_drop_blob(struct forge *f, size_t i)
{
	lw_buf_free(&f->blobs[i].bytes);
	memmove(&f->blobs[i], &f->blobs[i + 1], (f->n_blobs - i - 1) * sizeof(*f->blobs));
	f->n_blobs--;
}

/* An image that is one manifest: its manifest becomes these bytes, and all lists follow. */
static inline void forge_manifest(struct forge *f, struct lw_image *image, struct lw_span bytes)
{
	struct forge_blob *b = forge_blob(f, &image->digest);

	forge_set(&b->bytes, bytes.p, bytes.n);
	b->digest = lw_digest_of(bytes);
	image->digest = b->digest;
	image->size = bytes.n;
	image->subjects[0] = b->digest;
}

#endif
