/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/held.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT LW_HELD_FORMAT
#define END    LW_HELD_END
/* Of an enclave, which holds what several bundles brought. */
#define MAX_ROWS (4 * LW_MAX_ENTRIES)
/* Of lines that are read at once; each is much shorter. */
#define WINDOW ((size_t)64 << 10)
/* A verdict: as many digests as a bundle can lack, and the rest of it. */
#define MAX_VERDICT_BYTES ((size_t)192 << 20)
#define LIST		  "\"missing\":["
#define ROW		  "{\"digest\":\""
#define ROW_SIZE	  "\",\"size\":"

/* ---- files of lines ---- */

struct lines {
	int fd;
	uint64_t at, size; /* of the file; read up to here */
	struct lw_buf window;
	size_t from; /* in the window: the next line */
	size_t n;    /* lines so far */
};

static void auto_lines(struct lines *l)
{
	lw_buf_free(&l->window);
}

static int fill_window(struct lines *l, struct lw_error *e)
{
	const size_t left = l->window.n - l->from, room = WINDOW - left;
	const size_t n = l->size - l->at < room ? (size_t)(l->size - l->at) : room;
	int r;

	if (left > 0)
		memmove(l->window.p, l->window.p + l->from, left);
	l->window.n = left;
	l->from = 0;
	lw_buf_fill(&l->window, 0, n);
	r = lw_fs_pread(l->fd, l->window.p + left, n, l->at, e);
	l->at += n;
	return r;
}

/* The next one, with its LF unless it ends the file without; empty where there is none.
 * Borrowed until the one after it. */
static int next_line(struct lines *l, struct lw_span *ret, struct lw_error *e)
{
	const uint8_t *end = NULL;
	size_t left = l->window.n - l->from;
	int r = 0;

	if (left > 0)
		end = memchr(l->window.p + l->from, '\n', left);
	if (!end && l->at < l->size) {
		r = fill_window(l, e);
		left = l->window.n;
		if (r == 0)
			end = memchr(l->window.p, '\n', left);
	}
	if (r < 0)
		return r;
	l->n += left > 0;
	if (!end && left == WINDOW)
		return lw_fail(e, LW_E_FORMAT, "line %zu: no line is that long", l->n);
	if (left == 0) {
		*ret = lw_span(NULL, 0);
		return 0;
	}
	*ret = lw_span(l->window.p + l->from,
		       end ? (size_t)(end - l->window.p) + 1 - l->from : left);
	l->from += ret->n;
	return 0;
}

static bool has_end(struct lw_span line)
{
	return line.n > 0 && line.p[line.n - 1] == '\n';
}

/* ---- an enclave's list ---- */

struct list {
	struct lw_held *held;
	size_t before; /* blobs that it held, in their order */
	size_t rows;
	struct lw_held_blob last;
	struct lw_hasher *hasher; /* of all lines */
};

/* "sha256:<hex> <size>". */
static int parse_row(struct lw_span line, struct lw_held_blob *ret, struct lw_error *e)
{
	const size_t name = LW_DIGEST_TEXT - 1;

	if (line.n < name + 2 || line.p[name] != ' ')
		return lw_fail(e, LW_E_FORMAT, "want 'digest size'");

	int r = lw_digest_parse(lw_span(line.p, name), &ret->digest, e);
	return r < 0 ? r
		     : lw_num_u64(lw_span(line.p + name + 1, line.n - name - 1), 0,
				  LW_MAX_BLOB_BYTES, &ret->size, e);
}

static int take_row(struct list *l, struct lw_span line, struct lw_error *e)
{
	struct lw_held_blob row = { 0 };
	int r = parse_row(line, &row, e);

	if (r < 0)
		return r;
	if (l->rows == MAX_ROWS)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu blobs: no enclave has more",
			       MAX_ROWS);
	if (l->rows > 0 && lw_held_compare(&l->last, &row) >= 0)
		return lw_fail(e, LW_E_FORMAT, "it is out of order, or stands twice");
	l->last = row;
	l->rows++;
	if (l->before == 0 ||
	    !bsearch(&row, l->held->list, l->before, sizeof(row), lw_held_compare))
		lw_held_add(l->held, &row.digest, row.size);
	return 0;
}

/* "end <n> <digest of all before>"; nothing follows. */
static int check_end(const struct list *l, const struct lines *file, struct lw_span line,
		     struct lw_error *e)
{
	const struct lw_digest have = lw_hasher_final(l->hasher);
	char hex[LW_DIGEST_TEXT];
	lw_auto_free char *want =
		lw_asprintf(END "%zu %s", l->rows, lw_digest_text(&have, hex));

	if (file->from < file->window.n || file->at < file->size)
		return lw_fail(e, LW_E_FORMAT, "something follows its end");
	return lw_span_is(line, want)
		       ? 0
		       : lw_fail(e, LW_E_DIGEST, "its end does not fit: it was altered or cut");
}

static int parse_first(struct lw_span line, struct lw_digest *ret_enclave, struct lw_error *e)
{
	const size_t name = sizeof(FORMAT) - 1;

	if (!lw_span_starts(line, FORMAT))
		return lw_fail(e, LW_E_FORMAT, "this is no list of format 1");
	return lw_digest_parse(lw_span(line.p + name, line.n - name), ret_enclave, e);
}

int lw_held_add_list(struct lw_held *h, int fd, uint64_t size, struct lw_digest *ret_enclave,
		     struct lw_error *e)
{
	struct lines file __attribute__((cleanup(auto_lines))) = { .fd = fd, .size = size };
	LW_AUTO(hasher) struct lw_hasher *hasher = lw_hasher_new();
	struct list l = { .held = h, .hasher = hasher };
	struct lw_span line = { 0 };
	int r;

	lw_held_finish(h);
	l.before = h->n;
	while ((r = next_line(&file, &line, e)) == 0 && has_end(line)) {
		const struct lw_span row = lw_span(line.p, line.n - 1);

		if (file.n == 1)
			r = parse_first(row, ret_enclave, e);
		else if (lw_span_starts(row, END))
			return check_end(&l, &file, row, e);
		else
			r = take_row(&l, row, e);
		if (r < 0)
			return lw_prefix(e, "line %zu", file.n);
		lw_hasher_add(hasher, line.p, line.n);
	}
	return r < 0 ? r
		     : lw_fail(e, LW_E_TRUNCATED, "it does not end: a part of it is missing");
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

/* The one of the list, or NULL: it is no verdict about an increment. */
static const struct lw_json *missing_of(const struct lw_json *root)
{
	const struct lw_json *format = member(root, "format", LW_JSON_STRING);

	return format && strcmp(lw_json_string(format), "landwaiter-verdict/1") == 0
		       ? member(member(root, "prerequisites", LW_JSON_OBJECT), "missing",
				LW_JSON_ARRAY)
		       : NULL;
}

static int read_tree(struct lw_span text, struct lw_held *ret, struct lw_digest *ret_bundle,
		     struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_json_limits limits = LW_JSON_STRICT;
	const struct lw_json *missing;
	int r;

	limits.bytes = text.n;
	r = lw_json_parse(text, &limits, &doc, e);
	if (r < 0)
		return r;
	missing = missing_of(lw_json_root(doc));
	if (!missing || (ret->n > 0 && lw_json_count(missing) != 1))
		return lw_fail(e, LW_E_FORMAT,
			       "want the verdict (`load -o json`) about an increment");
	r = read_digest(member(lw_json_root(doc), "bundle", LW_JSON_OBJECT), ret_bundle, e);
	for (missing = lw_json_first(missing); missing && r == 0;
	     missing = lw_json_next(missing)) {
		struct lw_digest d;

		r = read_digest(missing, &d, e);
		if (r == 0)
			lw_held_add(ret, &d, 0);
	}
	return r;
}

/* {"digest":"sha256:<hex>","size":<n>}, as we write it. Its length, or 0: it is not. */
static size_t written_row(struct lw_span at, struct lw_digest *ret)
{
	const size_t name = sizeof(ROW) - 1, size = name + LW_DIGEST_TEXT - 1;
	size_t n = size + sizeof(ROW_SIZE) - 1;
	struct lw_error ignored = { 0 };

	if (at.n < n + 2 || !lw_span_starts(at, ROW) ||
	    !lw_span_starts(lw_span(at.p + size, at.n - size), ROW_SIZE) ||
	    lw_digest_parse(lw_span(at.p + name, LW_DIGEST_TEXT - 1), ret, &ignored) < 0)
		return 0;
	if (at.p[n] < '0' || at.p[n] > '9')
		return 0;
	while (n < at.n && at.p[n] >= '0' && at.p[n] <= '9')
		n++;
	return n < at.n && at.p[n] == '}' ? n + 1 : 0;
}

/* A verdict that names a million is too large for a tree. Where it stands as we write it, all
 * rows of the list but the first are read here, and cut out of it: the tree is made of the
 * rest. */
static void take_written(struct lw_buf *text, struct lw_held *ret)
{
	const uint8_t *list = memmem(text->p, text->n, LIST ROW, sizeof(LIST ROW) - 1);
	const size_t first = list ? (size_t)(list - text->p) + sizeof(LIST) - 1 : 0;
	struct lw_digest d;
	size_t n = list ? written_row(lw_span(text->p + first, text->n - first), &d) : 0;
	size_t from = first + n, to = from;

	while (n > 0 && to < text->n && text->p[to] == ',') {
		n = written_row(lw_span(text->p + to + 1, text->n - to - 1), &d);
		if (n > 0)
			lw_held_add(ret, &d, 0);
		to += n + 1;
	}
	if (n == 0 || to >= text->n || text->p[to] != ']') {
		ret->n = 0; /* the tree will tell */
		return;
	}
	memmove(text->p + from, text->p + to, text->n - to);
	text->n -= to - from;
	text->p[text->n] = '\0';
}

static int read_verdict(int fd, uint64_t size, struct lw_held *ret,
			struct lw_digest *ret_bundle, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	int r;

	if (size > MAX_VERDICT_BYTES)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes of a verdict",
			       MAX_VERDICT_BYTES);
	lw_buf_fill(&text, 0, (size_t)size);
	r = lw_fs_pread(fd, text.p, text.n, 0, e);
	if (r < 0)
		return r;
	take_written(&text, ret);
	return read_tree(lw_buf_span(&text), ret, ret_bundle, e);
}

static int read_lines(int fd, uint64_t size, struct lw_held *ret, struct lw_error *e)
{
	struct lines file __attribute__((cleanup(auto_lines))) = { .fd = fd, .size = size };
	const size_t name = LW_DIGEST_TEXT - 1;
	struct lw_span line = { 0 };
	int r;

	while ((r = next_line(&file, &line, e)) == 0 && line.n > 0) {
		const size_t n = line.n - has_end(line);
		struct lw_digest d;

		if (n == name || (n > name && line.p[name] == ' '))
			r = lw_digest_parse(lw_span(line.p, name), &d, e);
		else
			r = lw_fail(e, LW_E_FORMAT, "want a digest");
		if (r == 0 && file.n > MAX_ROWS)
			r = lw_fail(e, LW_E_LIMIT,
				    "want at most %zu blobs: no enclave has more", MAX_ROWS);
		if (r < 0)
			return lw_prefix(e, "line %zu", file.n);
		lw_held_add(ret, &d, 0);
	}
	return r;
}

int lw_held_read_lacking(int fd, uint64_t size, struct lw_held *ret,
			 struct lw_digest *ret_bundle, struct lw_error *e)
{
	uint8_t first = 0;
	int r = size > 0 ? lw_fs_pread(fd, &first, 1, 0, e) : 0;

	if (r == 0)
		r = first == '{' ? read_verdict(fd, size, ret, ret_bundle, e)
				 : read_lines(fd, size, ret, e);
	if (r == 0 && ret->n == 0)
		r = lw_fail(e, LW_E_USAGE, "nothing is missing by it");
	lw_held_finish(ret);
	return r;
}
