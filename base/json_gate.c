/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_gate.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

/* cJSON reads a number through a buffer of 64 bytes and would split a longer one. */
#define MAX_NUMBER_TEXT 63

const struct lw_json_limits LW_JSON_STRICT = {
	.bytes = LW_MAX_CONTENTS_BYTES,
	.nodes = LW_MAX_JSON_NODES,
	.keys = LW_MAX_JSON_KEYS,
	.string = LW_MAX_JSON_STRING,
	.depth = LW_MAX_JSON_DEPTH,
	.floats = false,
};

const struct lw_json_limits LW_JSON_FOREIGN = {
	.bytes = LW_MAX_INDEX_BYTES,
	.nodes = LW_MAX_JSON_NODES,
	.keys = LW_MAX_JSON_KEYS,
	.string = LW_MAX_JSON_STRING,
	.depth = LW_MAX_JSON_DEPTH,
	.floats = true,
};

/*
 * The keys of one object: an open-addressing set under a keyed hash. One set serves all objects
 * at its depth, one after the other: a slot of another generation counts as empty, so that
 * starting over costs nothing. That is sound because nothing is ever removed: within a
 * generation a probe only ever passes slots that were filled in it.
 */
struct slot {
	uint64_t hash;
	uint32_t generation; /* 0: never used */
	uint32_t at;	     /* where the key's opening quote stands */
};

struct keys {
	struct slot *slot;
	size_t size; /* slots, a power of two */
	size_t used;
	uint32_t generation;
};

struct cursor {
	struct lw_span in;
	size_t at;
	const struct lw_json_limits *limits;
	struct lw_error *e;
};

struct gate {
	struct cursor c;
	struct lw_buf *floats;
	size_t nodes;
	size_t numbers;
	uint32_t objects;
	unsigned depth, max_depth;
	bool object[LW_MAX_JSON_DEPTH]; /* per open container: object or array */
	struct keys keys[LW_MAX_JSON_DEPTH];
	struct lw_buf key;   /* the last key, unescaped */
	struct lw_buf other; /* an earlier one, to compare */
};

static void lw_auto_gate_(struct gate *g)
{
	for (size_t i = 0; i < LW_MAX_JSON_DEPTH; i++)
		free(g->keys[i].slot);
	lw_buf_free(&g->key);
	lw_buf_free(&g->other);
}

static int peek(const struct cursor *c)
{
	return c->at < c->in.n ? c->in.p[c->at] : -1;
}

static bool is_digit(int b)
{
	return b >= '0' && b <= '9';
}

static int want(const struct cursor *c, const char *what)
{
	int b = peek(c);
	char shown[16];

	if (b < 0)
		return lw_fail(c->e, LW_E_FORMAT, "byte %zu: want %s, have the end", c->at,
			       what);
	return lw_fail(c->e, LW_E_FORMAT, "byte %zu: want %s, have '%s'", c->at, what,
		       lw_text_escape(lw_span(c->in.p + c->at, 1), shown, sizeof(shown)));
}

static void skip_space(struct cursor *c)
{
	for (; c->at < c->in.n; c->at++) {
		uint8_t b = c->in.p[c->at];

		if (b != ' ' && b != '\n' && b != '\t' && b != '\r')
			return;
	}
}

/* Strings. */

static int hex4(struct cursor *c, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, c->at++) {
		int b = peek(c);
		int low = b | 0x20;

		if (is_digit(b))
			v = v << 4 | (uint32_t)(b - '0');
		else if (b >= 0 && low >= 'a' && low <= 'f')
			v = v << 4 | (uint32_t)(low - 'a' + 10);
		else
			return want(c, "a hex digit");
	}
	*ret = v;
	return 0;
}

/* After "\u". */
static int unicode_escape(struct cursor *c, uint32_t *ret)
{
	size_t start = c->at - 2;
	uint32_t v = 0, low = 0;
	int r = hex4(c, &v);

	if (r < 0)
		return r;
	if (v == 0)
		return lw_fail(c->e, LW_E_FORMAT, "byte %zu: NUL is not taken in strings",
			       start);
	if (v >= 0xd800 && v <= 0xdfff) {
		bool pair = v < 0xdc00 && peek(c) == '\\' && c->in.n - c->at >= 2 &&
			    c->in.p[c->at + 1] == 'u';

		if (pair) {
			c->at += 2;
			r = hex4(c, &low);
			if (r < 0)
				return r;
			pair = low >= 0xdc00 && low <= 0xdfff;
		}
		if (!pair)
			return lw_fail(c->e, LW_E_FORMAT,
				       "byte %zu: want a pair of surrogates, have half of one",
				       start);
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret = v;
	return 0;
}

static int escape(struct cursor *c, uint32_t *ret)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";

	c->at++; /* the backslash */

	int b = peek(c);
	const char *letter = b > 0 ? strchr(letters, b) : NULL;

	if (letter) {
		c->at++;
		*ret = (uint8_t)values[letter - letters];
		return 0;
	}
	if (b != 'u')
		return want(c, "an escape (one of \"\\/bfnrtu)");
	c->at++;
	return unicode_escape(c, ret);
}

static size_t put_utf8(uint32_t v, uint8_t out[static 4])
{
	size_t n = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; v >>= 6)
		out[i] = (uint8_t)(0x80 | (v & 0x3f));
	out[0] = (uint8_t)(lead[n] | v);
	return n;
}

/* Passes all that stands for itself. */
static int plain_run(struct cursor *c)
{
	while (c->at < c->in.n) {
		uint8_t b = c->in.p[c->at];
		uint32_t point;

		if (b == '"' || b == '\\')
			return 0;
		if (b < 0x20)
			return want(c, "no bare control character in a string");
		if (b < 0x80) {
			c->at++;
			continue;
		}

		size_t n = lw_text_decode(lw_span(c->in.p + c->at, c->in.n - c->at), &point);
		if (n == 0)
			return want(c, "UTF-8");
		c->at += n;
	}
	return want(c, "the end of the string");
}

/* A string at its opening quote. Unless out is NULL, what it says is appended there. */
static int string(struct cursor *c, struct lw_buf *out)
{
	size_t start = c->at++, length = 0;

	for (;;) {
		size_t run = c->at;
		uint32_t point = 0;
		uint8_t utf8[4];
		int r = plain_run(c);

		if (r < 0)
			return r;
		length += c->at - run;
		if (out)
			lw_buf_add(out, c->in.p + run, c->at - run);
		if (c->in.p[c->at] == '"')
			break;
		r = escape(c, &point);
		if (r < 0)
			return r;

		size_t n = put_utf8(point, utf8);
		length += n;
		if (out)
			lw_buf_add(out, utf8, n);
	}
	if (length > c->limits->string)
		return lw_fail(c->e, LW_E_LIMIT, "byte %zu: string of %zu bytes, at most %zu",
			       start, length, c->limits->string);
	c->at++;
	return 0;
}

/* Keys. */

static void grow(struct keys *k)
{
	struct keys bigger = { .size = k->size ? 2 * k->size : 16,
			       .used = k->used,
			       .generation = k->generation };

	bigger.slot = lw_alloc_array(bigger.size, sizeof(*bigger.slot));
	for (size_t i = 0; i < k->size; i++) {
		if (k->slot[i].generation != k->generation)
			continue;

		size_t to = k->slot[i].hash & (bigger.size - 1);
		while (bigger.slot[to].generation)
			to = (to + 1) & (bigger.size - 1);
		bigger.slot[to] = k->slot[i];
	}
	free(k->slot);
	*k = bigger;
}

static bool same_key(struct gate *g, size_t at)
{
	struct cursor c = g->c;

	c.at = at;
	c.e = NULL;
	lw_buf_clear(&g->other);
	return string(&c, &g->other) == 0 &&
	       lw_span_equal(lw_buf_span(&g->key), lw_buf_span(&g->other));
}

/* False if the object has g->key already. */
static bool add_key(struct gate *g, struct keys *k, size_t at)
{
	uint64_t hash = lw_hash(lw_buf_span(&g->key));

	if (2 * (k->used + 1) > k->size)
		grow(k);
	for (size_t i = hash & (k->size - 1);; i = (i + 1) & (k->size - 1)) {
		struct slot *s = &k->slot[i];

		if (s->generation != k->generation) {
			*s = (struct slot){ hash, k->generation, (uint32_t)at };
			k->used++;
			return true;
		}
		if (s->hash == hash && same_key(g, s->at))
			return false;
	}
}

static int key(struct gate *g)
{
	struct cursor *c = &g->c;
	struct keys *k = &g->keys[g->depth - 1];
	size_t at = c->at;
	char shown[80];

	if (peek(c) != '"')
		return want(c, "a key in quotes");
	lw_buf_clear(&g->key);

	int r = string(c, &g->key);
	if (r < 0)
		return r;
	if (k->used >= c->limits->keys)
		return lw_fail(c->e, LW_E_LIMIT, "byte %zu: more than %zu keys in one object",
			       at, c->limits->keys);
	if (!add_key(g, k, at))
		return lw_fail(c->e, LW_E_FORMAT, "byte %zu: key '%s' twice in one object", at,
			       lw_text_escape(lw_buf_span(&g->key), shown, sizeof(shown)));
	skip_space(c);
	if (peek(c) != ':')
		return want(c, "':'");
	c->at++;
	return 0;
}

/* Values. */

static int digits(struct cursor *c)
{
	if (!is_digit(peek(c)))
		return want(c, "a digit");
	while (is_digit(peek(c)))
		c->at++;
	return 0;
}

/* Fraction and exponent, after the integer part. */
static int real_part(struct cursor *c, bool *ret_real)
{
	bool real = false;
	int r = 0;

	if (peek(c) == '.') {
		real = true;
		c->at++;
		r = digits(c);
	}
	if (r == 0 && (peek(c) == 'e' || peek(c) == 'E')) {
		real = true;
		c->at++;
		if (peek(c) == '+' || peek(c) == '-')
			c->at++;
		r = digits(c);
	}
	if (r == 0)
		*ret_real = real;
	return r;
}

/* Digits as an exact integer's magnitude? */
static bool is_exact(struct lw_span text)
{
	uint64_t v = 0;

	if (text.n > 16)
		return false;
	for (size_t i = 0; i < text.n; i++)
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	return v <= (uint64_t)LW_JSON_INTEGER_MAX;
}

static int number(struct gate *g)
{
	struct cursor *c = &g->c;
	size_t start = c->at;
	bool real = false;

	if (peek(c) == '-')
		c->at++;

	size_t first = c->at;
	int r = digits(c);
	if (r < 0)
		return r;
	if (c->in.p[first] == '0' && c->at - first > 1)
		return lw_fail(c->e, LW_E_FORMAT, "byte %zu: want no leading zero", first);

	bool exact = is_exact(lw_span(c->in.p + first, c->at - first));
	if (!c->limits->floats) {
		int b = peek(c);

		if (b == '.' || b == 'e' || b == 'E')
			return want(c, "an integer");
		if (!exact)
			return lw_fail(c->e, LW_E_LIMIT, "byte %zu: integer beyond 2^53-1",
				       start);
		return 0;
	}
	r = real_part(c, &real);
	if (r < 0)
		return r;
	if (c->at - start > MAX_NUMBER_TEXT)
		return lw_fail(c->e, LW_E_LIMIT,
			       "byte %zu: number of %zu characters, at most %d", start,
			       c->at - start, MAX_NUMBER_TEXT);
	if (g->floats) {
		if (g->numbers % 8 == 0)
			lw_buf_addc(g->floats, 0);
		if (real || !exact)
			g->floats->p[g->numbers / 8] |= (uint8_t)(1u << g->numbers % 8);
	}
	g->numbers++;
	return 0;
}

static int literal(struct cursor *c, const char *word)
{
	for (; *word; word++, c->at++)
		if (peek(c) != *word)
			return want(c, "true, false or null");
	return 0;
}

/* What may stand at the next byte. */
enum expect {
	VALUE,
	FIRST_VALUE, /* or the end of the array */
	KEY,
	FIRST_KEY, /* or the end of the object */
	AFTER,	   /* a comma or the end of the container; outside all of them, nothing */
};

static int open_container(struct gate *g, bool object, enum expect *next)
{
	struct cursor *c = &g->c;

	if (g->depth >= g->max_depth)
		return lw_fail(c->e, LW_E_LIMIT, "byte %zu: deeper than %u levels", c->at,
			       g->max_depth);
	g->object[g->depth] = object;
	if (object) {
		g->keys[g->depth].used = 0;
		g->keys[g->depth].generation = ++g->objects;
	}
	g->depth++;
	c->at++;
	*next = object ? FIRST_KEY : FIRST_VALUE;
	return 0;
}

static int value(struct gate *g, enum expect *next)
{
	struct cursor *c = &g->c;
	int b = peek(c);

	if (g->nodes >= c->limits->nodes)
		return lw_fail(c->e, LW_E_LIMIT, "byte %zu: more than %zu values", c->at,
			       c->limits->nodes);
	g->nodes++;
	*next = AFTER;
	switch (b) {
	case '{':
	case '[':
		return open_container(g, b == '{', next);
	case '"':
		return string(c, NULL);
	case 't':
		return literal(c, "true");
	case 'f':
		return literal(c, "false");
	case 'n':
		return literal(c, "null");
	default:
		return b == '-' || is_digit(b) ? number(g) : want(c, "a value");
	}
}

static int after(struct gate *g, enum expect *next)
{
	bool object = g->object[g->depth - 1];
	int b = peek(&g->c);

	if (b != ',' && b != (object ? '}' : ']'))
		return want(&g->c, object ? "',' or '}'" : "',' or ']'");
	g->c.at++;
	if (b == ',')
		*next = object ? KEY : VALUE;
	else
		g->depth--; /* and still after a value */
	return 0;
}

static int step(struct gate *g, enum expect *next)
{
	int b = peek(&g->c);
	int r;

	if ((*next == FIRST_VALUE && b == ']') || (*next == FIRST_KEY && b == '}'))
		*next = AFTER;
	switch (*next) {
	case VALUE:
	case FIRST_VALUE:
		return value(g, next);
	case KEY:
	case FIRST_KEY:
		r = key(g);
		if (r == 0)
			*next = VALUE;
		return r;
	case AFTER:
	default:
		return after(g, next);
	}
}

int lw_json_gate(struct lw_span in, const struct lw_json_limits *limits, struct lw_buf *floats,
		 size_t *ret_nodes, struct lw_error *e)
{
	LW_AUTO(gate)
	struct gate g = {
		.c = { .in = in, .limits = limits, .e = e },
		.floats = floats,
		.max_depth =
			limits->depth < LW_MAX_JSON_DEPTH ? limits->depth : LW_MAX_JSON_DEPTH,
	};
	enum expect next = VALUE;

	/* Slots hold offsets in 32 bits. */
	if (in.n > limits->bytes || in.n > UINT32_MAX)
		return lw_fail(e, LW_E_LIMIT, "JSON of %zu bytes, at most %zu", in.n,
			       limits->bytes < UINT32_MAX ? limits->bytes : UINT32_MAX);
	if (lw_span_starts(in, "\xef\xbb\xbf"))
		return want(&g.c, "no byte order mark");
	do {
		skip_space(&g.c);

		int r = step(&g, &next);
		if (r < 0)
			return r;
	} while (g.depth > 0 || next != AFTER);

	/* Others may end their documents as they like; ours have one spelling. */
	if (limits->floats)
		skip_space(&g.c);
	else if (peek(&g.c) == '\n')
		g.c.at++;
	if (g.c.at != in.n)
		return want(&g.c, "the end");
	*ret_nodes = g.nodes;
	return 0;
}
