/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

_Static_assert(LW_JSON_WRITER_DEPTH >= 2 * LW_MAX_JSON_DEPTH, "a parsed tree fits inside ours");

static void must(bool promise)
{
	if (!promise)
		abort();
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* A string in quotes; aborts unless it is UTF-8. */
static void put_string(struct lw_buf *out, const char *s)
{
	struct lw_span rest = lw_span_str(s);

	lw_buf_reserve(out, rest.n + 2);
	lw_buf_addc(out, '"');
	while (rest.n) {
		uint8_t c = rest.p[0];
		uint32_t point;
		size_t n = 1;

		if (is_plain(c)) {
			while (n < rest.n && is_plain(rest.p[n]))
				n++;
			lw_buf_add(out, rest.p, n);
		} else if (c >= 0x80) {
			n = lw_text_decode(rest, &point);
			must(n > 0);
			lw_buf_add(out, rest.p, n);
		} else if (c < 0x20) {
			lw_buf_printf(out, "\\u%04x", (unsigned)c);
		} else {
			lw_buf_addc(out, '\\');
			lw_buf_addc(out, (char)c);
		}
		rest = lw_span(rest.p + n, rest.n - n);
	}
	lw_buf_addc(out, '"');
}

/* One byte of a string that put_string wrote; 0 at its end. */
static uint8_t written_byte(const uint8_t **at)
{
	const uint8_t *p = *at;

	if (*p == '"')
		return 0;
	if (*p != '\\') {
		*at = p + 1;
		return *p;
	}
	if (p[1] != 'u') {
		*at = p + 2;
		return p[1];
	}
	*at = p + 6; /* \u00xx, below 0x20 */
	return (uint8_t)((p[4] - '0') << 4 | (p[5] <= '9' ? p[5] - '0' : p[5] - 'a' + 10));
}

/* Whether the key written at `quote` comes before this one in byte order. */
static bool comes_before(const uint8_t *quote, const char *key)
{
	const uint8_t *old = quote + 1;
	const uint8_t *new = (const uint8_t *)key;

	for (;; new ++) {
		uint8_t c = written_byte(&old);

		if (c != *new || c == 0)
			return c < *new;
	}
}

static void new_line(struct lw_json_writer *w)
{
	if (w->indent) {
		lw_buf_addc(w->out, '\n');
		lw_buf_fill(w->out, ' ', 2 * (size_t)w->depth);
	}
}

/* Before any value: may it stand here? And the comma, where members have none. */
static void begin_value(struct lw_json_writer *w)
{
	must(!w->done);
	if (w->depth == 0)
		return;

	unsigned top = w->depth - 1;
	must(w->object[top] == w->after_key);
	if (!w->object[top] && w->comma[top])
		lw_buf_addc(w->out, ',');
	if (!w->object[top])
		new_line(w);
	w->comma[top] = true;
	w->after_key = false;
}

static void end_value(struct lw_json_writer *w)
{
	w->done = w->depth == 0;
}

static void open_container(struct lw_json_writer *w, bool object)
{
	begin_value(w);
	must(w->depth < LW_JSON_WRITER_DEPTH);
	w->object[w->depth] = object;
	w->comma[w->depth] = false;
	w->depth++;
	lw_buf_addc(w->out, object ? '{' : '[');
}

static void close_container(struct lw_json_writer *w, bool object)
{
	must(w->depth > 0 && w->object[w->depth - 1] == object && !w->after_key);
	w->depth--;
	if (w->comma[w->depth])
		new_line(w);
	lw_buf_addc(w->out, object ? '}' : ']');
	end_value(w);
}

void lw_json_w_object(struct lw_json_writer *w)
{
	open_container(w, true);
}

void lw_json_w_end_object(struct lw_json_writer *w)
{
	close_container(w, true);
}

void lw_json_w_array(struct lw_json_writer *w)
{
	open_container(w, false);
}

void lw_json_w_end_array(struct lw_json_writer *w)
{
	close_container(w, false);
}

void lw_json_w_key(struct lw_json_writer *w, const char *key)
{
	must(w->depth > 0 && w->object[w->depth - 1] && !w->after_key);

	unsigned top = w->depth - 1;
	if (w->comma[top]) {
		must(!w->canonical || comes_before(w->out->p + w->last_key[top], key));
		lw_buf_addc(w->out, ',');
	}
	new_line(w);
	w->last_key[top] = w->out->n;
	put_string(w->out, key);
	lw_buf_adds(w->out, w->indent ? ": " : ":");
	w->after_key = true;
}

void lw_json_w_string(struct lw_json_writer *w, const char *s)
{
	begin_value(w);
	put_string(w->out, s);
	end_value(w);
}

void lw_json_w_integer(struct lw_json_writer *w, int64_t v)
{
	char text[24];

	must(v >= -LW_JSON_INTEGER_MAX && v <= LW_JSON_INTEGER_MAX);
	begin_value(w);
	int n = snprintf(text, sizeof(text), "%lld", (long long)v);
	lw_buf_add(w->out, text, (size_t)n);
	end_value(w);
}

void lw_json_w_bool(struct lw_json_writer *w, bool v)
{
	begin_value(w);
	lw_buf_adds(w->out, v ? "true" : "false");
	end_value(w);
}

void lw_json_w_null(struct lw_json_writer *w)
{
	begin_value(w);
	lw_buf_adds(w->out, "null");
	end_value(w);
}

void lw_json_w_finish(struct lw_json_writer *w)
{
	must(w->done);
}

void lw_json_w_member(struct lw_json_writer *w, const char *key, const char *s)
{
	lw_json_w_key(w, key);
	lw_json_w_string(w, s);
}

void lw_json_w_member_integer(struct lw_json_writer *w, const char *key, int64_t v)
{
	lw_json_w_key(w, key);
	lw_json_w_integer(w, v);
}

/* Trees. The children of all open containers stand in one stack, each container's in the order
 * in which they are written. */

struct level {
	size_t first, next;
	bool object;
};

struct children {
	const struct lw_json **p;
	size_t n, cap;
};

static void lw_auto_children_(struct children *c)
{
	free(c->p);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(lw_json_key(*(const struct lw_json *const *)a),
		      lw_json_key(*(const struct lw_json *const *)b));
}

static void sort(const struct lw_json **p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_key(&p[i - 1], &p[i]) > 0) {
			lw_sort(p, n, sizeof(p[0]), by_key);
			return;
		}
}

static struct level push_children(struct children *c, const struct lw_json *node, bool sorted)
{
	struct level l = { c->n, c->n, lw_json_type(node) == LW_JSON_OBJECT };

	for (const struct lw_json *m = lw_json_first(node); m; m = lw_json_next(m)) {
		if (c->n == c->cap) {
			c->cap = c->cap ? 2 * c->cap : 64;
			c->p = lw_realloc_array(c->p, c->cap, sizeof(c->p[0]));
		}
		c->p[c->n++] = m;
	}
	if (sorted && l.object && c->n > l.first)
		sort(c->p + l.first, c->n - l.first);
	return l;
}

/* A scalar, or the opening of a container. */
static int put_node(struct lw_json_writer *w, const struct lw_json *node, struct lw_error *e)
{
	switch (lw_json_type(node)) {
	case LW_JSON_NULL:
		lw_json_w_null(w);
		return 0;
	case LW_JSON_BOOL:
		lw_json_w_bool(w, lw_json_bool(node));
		return 0;
	case LW_JSON_INTEGER:
		lw_json_w_integer(w, lw_json_integer(node));
		return 0;
	case LW_JSON_STRING:
		lw_json_w_string(w, lw_json_string(node));
		return 0;
	case LW_JSON_ARRAY:
	case LW_JSON_OBJECT:
		open_container(w, lw_json_type(node) == LW_JSON_OBJECT);
		return 0;
	case LW_JSON_FLOAT:
	default:
		return lw_fail(e, LW_E_UNSUPPORTED, "a number that is no exact integer");
	}
}

static int put_tree(struct lw_json_writer *w, const struct lw_json *node, struct lw_error *e)
{
	LW_AUTO(children) struct children c = { 0 };
	struct level level[LW_MAX_JSON_DEPTH];
	size_t depth = 0;

	for (;;) {
		enum lw_json_type type = lw_json_type(node);
		int r = put_node(w, node, e);

		if (r < 0)
			return r;
		if (type == LW_JSON_ARRAY || type == LW_JSON_OBJECT) {
			must(depth < LW_MAX_JSON_DEPTH);
			level[depth++] = push_children(&c, node, w->canonical);
		}
		while (depth > 0 && level[depth - 1].next == c.n) {
			depth--;
			c.n = level[depth].first;
			close_container(w, level[depth].object);
		}
		if (depth == 0)
			return 0;
		node = c.p[level[depth - 1].next++];
		if (level[depth - 1].object)
			lw_json_w_key(w, lw_json_key(node));
	}
}

void lw_json_w_node(struct lw_json_writer *w, const struct lw_json *node)
{
	must(put_tree(w, node, NULL) == 0);
}

int lw_json_canonical(const struct lw_json *node, struct lw_buf *out, struct lw_error *e)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	size_t before = out->n;
	int r = put_tree(&w, node, e);

	if (r < 0 && out->p) {
		out->n = before;
		out->p[before] = '\0';
	}
	return r;
}

int lw_json_require_canonical(const struct lw_json_doc *doc, struct lw_span in,
			      struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf form = { 0 };
	size_t same = 0;

	lw_buf_reserve(&form, in.n);

	int r = lw_json_canonical(lw_json_root(doc), &form, e);
	if (r < 0 || !lw_span_equal(in, lw_buf_span(&form))) {
		while (same < in.n && same < form.n && in.p[same] == form.p[same])
			same++;
		return lw_fail(e, LW_E_FORMAT, "byte %zu: not canonical JSON", same);
	}
	return 0;
}
