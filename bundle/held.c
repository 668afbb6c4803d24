/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/held.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT LW_HELD_FORMAT
#define END    LW_HELD_END

static void add(struct lw_held *h, const struct lw_digest *d, uint64_t size)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 1024;
		h->list = lw_realloc_array(h->list, h->cap, sizeof(*h->list));
	}
	h->list[h->n++] = (struct lw_entry){ .digest = *d, .size = size };
}

void lw_held_release(struct lw_held *h)
{
	free(lw_steal(h->list));
	*h = (struct lw_held){ 0 };
}

static int compare(const void *a, const void *b)
{
	const struct lw_entry *x = a, *y = b;

	return lw_entry_compare(&x->digest, x->size, &y->digest, y->size);
}

static int compare_digests(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

void lw_held_finish(struct lw_held *h)
{
	size_t n = 0;

	if (h->n > 0)
		lw_sort(h->list, h->n, sizeof(*h->list), compare);
	for (size_t i = 0; i < h->n; i++)
		if (n == 0 || compare(&h->list[n - 1], &h->list[i]) != 0)
			h->list[n++] = h->list[i];
	h->n = n;
	lw_sort(h->since, h->n_since, sizeof(*h->since), compare_digests);
	n = 0;
	for (size_t i = 0; i < h->n_since; i++)
		if (n == 0 || !lw_digest_equal(&h->since[n - 1], &h->since[i]))
			h->since[n++] = h->since[i];
	h->n_since = n;
}

bool lw_held_has(const struct lw_held *h, const struct lw_digest *d, uint64_t size)
{
	const struct lw_entry key = { .digest = *d, .size = size };

	return h->n > 0 && bsearch(&key, h->list, h->n, sizeof(key), compare) != NULL;
}

/* ---- earlier bundles ---- */

static bool is_metadata(const struct lw_digest *sorted, size_t n, const struct lw_digest *d)
{
	return n > 0 && bsearch(d, sorted, n, sizeof(*d), compare_digests) != NULL;
}

int lw_held_add_bundle(struct lw_held *h, const struct lw_earlier *x, struct lw_error *e)
{
	const struct lw_contents *c = &x->contents;
	size_t n = 0;

	for (size_t i = 0; i < c->n_carried; i++)
		n += c->carried[i].n_files;

	lw_auto_free struct lw_digest *metadata = lw_alloc_array(n, sizeof(*metadata));

	if (h->n_since == LW_MAX_SINCE)
		return lw_fail(e, LW_E_LIMIT, "more than %zu earlier bundles", LW_MAX_SINCE);
	h->since[h->n_since++] = x->digest;
	n = 0;
	for (size_t i = 0; i < c->n_carried; i++)
		for (size_t k = 0; k < c->carried[i].n_files; k++)
			metadata[n++] = c->carried[i].files[k].digest;
	lw_sort(metadata, n, sizeof(*metadata), compare_digests);
	for (size_t i = 0; i < x->entries.n; i++)
		if (!is_metadata(metadata, n, &x->entries.list[i].digest))
			add(h, &x->entries.list[i].digest, x->entries.list[i].size);
	return 0;
}

/* ---- an enclave's list ---- */

/* "sha256:<hex> <size>". */
static int parse_row(struct lw_span line, struct lw_digest *ret, uint64_t *ret_size,
		     struct lw_error *e)
{
	const size_t name = LW_DIGEST_TEXT - 1;

	if (line.n < name + 2 || line.p[name] != ' ')
		return lw_fail(e, LW_E_FORMAT, "want 'digest size'");

	int r = lw_digest_parse(lw_span(line.p, name), ret, e);
	return r < 0 ? r
		     : lw_num_u64(lw_span(line.p + name + 1, line.n - name - 1), 0,
				  LW_MAX_BLOB_BYTES, ret_size, e);
}

/* "end <n> <digest of all before>"; nothing follows. */
static int check_end(struct lw_span text, size_t at, struct lw_span line, size_t rows,
		     struct lw_error *e)
{
	const struct lw_digest have = lw_digest_of(lw_span(text.p, at));
	char hex[LW_DIGEST_TEXT];
	lw_auto_free char *want = lw_asprintf(END "%zu %s", rows, lw_digest_text(&have, hex));

	if (at + line.n + 1 != text.n)
		return lw_fail(e, LW_E_FORMAT, "something follows its end");
	return lw_span_is(line, want)
		       ? 0
		       : lw_fail(e, LW_E_DIGEST, "its end does not fit: it was altered or cut");
}

static int take_row(struct lw_held *h, struct lw_span line, size_t rows, struct lw_error *e)
{
	struct lw_digest d;
	uint64_t size = 0;
	int r = parse_row(line, &d, &size, e);

	if (r < 0)
		return r;
	if (rows == LW_MAX_ENTRIES * 4)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu blobs", LW_MAX_ENTRIES * 4);
	if (rows > 0 &&
	    lw_entry_compare(&h->list[h->n - 1].digest, h->list[h->n - 1].size, &d, size) >= 0)
		return lw_fail(e, LW_E_FORMAT, "it is out of order, or stands twice");
	add(h, &d, size);
	return 0;
}

int lw_held_add_list(struct lw_held *h, struct lw_span text, struct lw_digest *ret_enclave,
		     struct lw_error *e)
{
	size_t at = 0, rows = 0;
	int r = 0;

	for (size_t line = 1; at < text.n && r == 0; line++) {
		const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
		struct lw_span row =
			lw_span(text.p + at, end ? (size_t)(end - text.p) - at : 0);

		if (!end)
			break;
		if (line == 1 && !lw_span_starts(row, FORMAT))
			return lw_fail(e, LW_E_FORMAT, "this is no list of format 1");
		if (line == 1)
			r = lw_digest_parse(
				lw_span(row.p + sizeof(FORMAT) - 1, row.n - sizeof(FORMAT) + 1),
				ret_enclave, e);
		else if (lw_span_starts(row, END))
			return check_end(text, at, row, rows, e);
		else
			r = take_row(h, row, rows++, e);
		if (r < 0)
			return lw_prefix(e, "line %zu", line);
		at += row.n + 1;
	}
	return lw_fail(e, LW_E_TRUNCATED, "it does not end: a part of it is missing");
}

/* ---- what is lacking ---- */

static const struct lw_json *member(const struct lw_json *object, const char *key,
				    enum lw_json_type type)
{
	const struct lw_json *m =
		object && lw_json_type(object) == LW_JSON_OBJECT ? lw_json_first(object) : NULL;

	while (m && strcmp(lw_json_key(m), key) != 0)
		m = lw_json_next(m);
	return m && lw_json_type(m) == type ? m : NULL;
}

static int read_digest(const struct lw_json *object, struct lw_digest *ret, struct lw_error *e)
{
	const struct lw_json *m = member(object, "digest", LW_JSON_STRING);

	return m ? lw_digest_parse(lw_span_str(lw_json_string(m)), ret, e)
		 : lw_fail(e, LW_E_FORMAT, "want a digest");
}

static int read_verdict(struct lw_span text, struct lw_held *ret, struct lw_digest *ret_bundle,
			struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_json_limits limits = LW_JSON_STRICT;
	const struct lw_json *root, *format, *missing;
	int r;

	limits.bytes = text.n;
	r = lw_json_parse(text, &limits, &doc, e);
	if (r < 0)
		return r;
	root = lw_json_root(doc);
	format = member(root, "format", LW_JSON_STRING);
	missing =
		member(member(root, "prerequisites", LW_JSON_OBJECT), "missing", LW_JSON_ARRAY);
	if (!format || strcmp(lw_json_string(format), "landwaiter-verdict/1") != 0 || !missing)
		return lw_fail(e, LW_E_FORMAT,
			       "want the verdict (`load -o json`) about an increment");
	r = read_digest(member(root, "bundle", LW_JSON_OBJECT), ret_bundle, e);
	for (missing = lw_json_first(missing); missing && r == 0;
	     missing = lw_json_next(missing)) {
		struct lw_digest d;

		r = read_digest(missing, &d, e);
		if (r == 0)
			add(ret, &d, 0);
	}
	return r;
}

static int read_lines(struct lw_span text, struct lw_held *ret, struct lw_error *e)
{
	const size_t name = LW_DIGEST_TEXT - 1;

	for (size_t at = 0, line = 1; at < text.n; line++) {
		const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
		size_t n = (end ? (size_t)(end - text.p) : text.n) - at;
		struct lw_digest d;
		int r = n == name || (n > name && text.p[at + name] == ' ')
				? lw_digest_parse(lw_span(text.p + at, name), &d, e)
				: lw_fail(e, LW_E_FORMAT, "want a digest");

		if (r < 0)
			return lw_prefix(e, "line %zu", line);
		add(ret, &d, 0);
		at += n + 1;
	}
	return 0;
}

int lw_held_read_lacking(struct lw_span text, struct lw_held *ret, struct lw_digest *ret_bundle,
			 struct lw_error *e)
{
	int r = text.n > 0 && text.p[0] == '{' ? read_verdict(text, ret, ret_bundle, e)
					       : read_lines(text, ret, e);

	if (r == 0 && ret->n == 0)
		r = lw_fail(e, LW_E_USAGE, "nothing is missing by it");
	lw_held_finish(ret);
	return r;
}
