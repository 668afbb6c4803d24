/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/value.h"

#include "base/limits.h"
#include "base/mem.h"
#include "verify/tuf_signed.h"

static char *keep(struct lw_arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = lw_arena_alloc(a, n);

	memcpy(copy, s, n);
	return copy;
}

static struct lw_value *make(struct lw_arena *a, enum lw_json_type type)
{
	struct lw_value *v = lw_arena_alloc(a, sizeof(*v));

	memset(v, 0, sizeof(*v));
	v->type = type;
	return v;
}

static bool is_container(const struct lw_value *v)
{
	return v->type == LW_JSON_OBJECT || v->type == LW_JSON_ARRAY;
}

static void insert(struct lw_arena *a, struct lw_value *in, size_t at, struct lw_value *v)
{
	if (in->n == in->cap) {
		size_t cap = in->cap ? 2 * in->cap : 4;
		struct lw_value **list = lw_arena_alloc(a, cap * sizeof(struct lw_value *));

		if (in->n)
			memcpy(list, in->list, in->n * sizeof(struct lw_value *));
		in->list = list;
		in->cap = cap;
	}
	if (at < in->n)
		memmove(in->list + at + 1, in->list + at,
			(in->n - at) * sizeof(struct lw_value *));
	in->list[at] = v;
	in->n++;
}

/* Where the key is, or would be. */
static size_t place(const struct lw_value *object, const char *key, bool *ret_there)
{
	size_t low = 0, high = object->n;

	*ret_there = false;
	/* Documents come sorted: most members go to the end. */
	if (high > 0 && strcmp(object->list[high - 1]->key, key) < 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(object->list[middle]->key, key);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- reading ---- */

/* The gate has bounded the depth. */
int lw_value_read(struct lw_arena *a, const struct lw_json *node, struct lw_value **ret,
		  struct lw_error *e)
{
	struct lw_value *v = make(a, lw_json_type(node));

	switch (v->type) {
	case LW_JSON_NULL:
		break;
	case LW_JSON_BOOL:
		v->boolean = lw_json_bool(node);
		break;
	case LW_JSON_INTEGER:
		v->integer = lw_json_integer(node);
		break;
	case LW_JSON_STRING:
		v->string = keep(a, lw_json_string(node));
		break;
	case LW_JSON_ARRAY:
	case LW_JSON_OBJECT:
		for (const struct lw_json *m = lw_json_first(node); m; m = lw_json_next(m)) {
			struct lw_value *child = NULL;
			int r = lw_value_read(a, m, &child, e);

			if (r < 0)
				return r;
			if (v->type == LW_JSON_OBJECT)
				lw_value_set(a, v, lw_json_key(m), child);
			else
				lw_value_append(a, v, child);
		}
		break;
	case LW_JSON_FLOAT:
	default:
		return lw_fail(e, LW_E_UNSUPPORTED, "a number that is no exact integer");
	}
	*ret = v;
	return 0;
}

int lw_value_parse(struct lw_arena *a, struct lw_span bytes, struct lw_value **ret,
		   struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(bytes, &LW_JSON_STRICT, &doc, e);

	return r < 0 ? r : lw_value_read(a, lw_json_root(doc), ret, e);
}

struct lw_value *lw_value_copy(struct lw_arena *a, const struct lw_value *v)
{
	struct lw_value *copy = make(a, v->type);

	*copy = *v;
	copy->key = NULL;
	if (v->type == LW_JSON_STRING)
		copy->string = keep(a, v->string);
	if (!is_container(v))
		return copy;
	copy->list = NULL;
	copy->n = copy->cap = 0;
	for (size_t i = 0; i < v->n; i++) {
		struct lw_value *child = lw_value_copy(a, v->list[i]);

		child->key = v->list[i]->key ? keep(a, v->list[i]->key) : NULL;
		insert(a, copy, copy->n, child);
	}
	return copy;
}

/* ---- making ---- */

struct lw_value *lw_value_object(struct lw_arena *a)
{
	return make(a, LW_JSON_OBJECT);
}

struct lw_value *lw_value_array(struct lw_arena *a)
{
	return make(a, LW_JSON_ARRAY);
}

struct lw_value *lw_value_string(struct lw_arena *a, const char *s)
{
	struct lw_value *v = make(a, LW_JSON_STRING);

	v->string = keep(a, s);
	return v;
}

struct lw_value *lw_value_integer(struct lw_arena *a, int64_t i)
{
	struct lw_value *v = make(a, LW_JSON_INTEGER);

	v->integer = i;
	return v;
}

struct lw_value *lw_value_bool(struct lw_arena *a, bool b)
{
	struct lw_value *v = make(a, LW_JSON_BOOL);

	v->boolean = b;
	return v;
}

/* ---- members ---- */

struct lw_value *lw_value_get(const struct lw_value *v, const char *key)
{
	bool there = false;
	size_t at;

	if (!v || v->type != LW_JSON_OBJECT)
		return NULL;
	at = place(v, key, &there);
	return there ? v->list[at] : NULL;
}

static struct lw_value *get_as(const struct lw_value *v, const char *key,
			       enum lw_json_type type)
{
	struct lw_value *m = lw_value_get(v, key);

	return m && m->type == type ? m : NULL;
}

struct lw_value *lw_value_get_object(const struct lw_value *v, const char *key)
{
	return get_as(v, key, LW_JSON_OBJECT);
}

struct lw_value *lw_value_get_array(const struct lw_value *v, const char *key)
{
	return get_as(v, key, LW_JSON_ARRAY);
}

const char *lw_value_get_string(const struct lw_value *v, const char *key)
{
	const struct lw_value *m = get_as(v, key, LW_JSON_STRING);

	return m ? m->string : NULL;
}

int64_t lw_value_get_integer(const struct lw_value *v, const char *key)
{
	const struct lw_value *m = get_as(v, key, LW_JSON_INTEGER);

	return m ? m->integer : 0;
}

void lw_value_set(struct lw_arena *a, struct lw_value *object, const char *key,
		  struct lw_value *v)
{
	bool there = false;
	size_t at = place(object, key, &there);

	if (!v)
		abort(); /* nothing makes none */
	v->key = keep(a, key);
	if (there)
		object->list[at] = v;
	else
		insert(a, object, at, v);
}

bool lw_value_unset(struct lw_value *object, const char *key)
{
	bool there = false;
	size_t at = place(object, key, &there);

	if (there)
		lw_value_take_out(object, at);
	return there;
}

void lw_value_append(struct lw_arena *a, struct lw_value *array, struct lw_value *v)
{
	insert(a, array, array->n, v);
}

void lw_value_take_out(struct lw_value *container, size_t i)
{
	container->n--;
	memmove(container->list + i, container->list + i + 1,
		(container->n - i) * sizeof(struct lw_value *));
}

/* ---- the whole ---- */

bool lw_value_equal(const struct lw_value *a, const struct lw_value *b)
{
	if (!a || !b || a->type != b->type)
		return a == b;
	switch (a->type) {
	case LW_JSON_BOOL:
		return a->boolean == b->boolean;
	case LW_JSON_INTEGER:
		return a->integer == b->integer;
	case LW_JSON_STRING:
		return strcmp(a->string, b->string) == 0;
	case LW_JSON_OBJECT:
	case LW_JSON_ARRAY:
		if (a->n != b->n)
			return false;
		for (size_t i = 0; i < a->n; i++)
			if ((a->type == LW_JSON_OBJECT &&
			     strcmp(a->list[i]->key, b->list[i]->key) != 0) ||
			    !lw_value_equal(a->list[i], b->list[i]))
				return false;
		return true;
	case LW_JSON_NULL:
	case LW_JSON_FLOAT:
	default:
		return true;
	}
}

void lw_value_write(struct lw_json_writer *w, const struct lw_value *v)
{
	switch (v->type) {
	case LW_JSON_BOOL:
		lw_json_w_bool(w, v->boolean);
		return;
	case LW_JSON_INTEGER:
		lw_json_w_integer(w, v->integer);
		return;
	case LW_JSON_STRING:
		lw_json_w_string(w, v->string);
		return;
	case LW_JSON_OBJECT:
		lw_json_w_object(w);
		for (size_t i = 0; i < v->n; i++) {
			lw_json_w_key(w, v->list[i]->key);
			lw_value_write(w, v->list[i]);
		}
		lw_json_w_end_object(w);
		return;
	case LW_JSON_ARRAY:
		lw_json_w_array(w);
		for (size_t i = 0; i < v->n; i++)
			lw_value_write(w, v->list[i]);
		lw_json_w_end_array(w);
		return;
	case LW_JSON_NULL:
	case LW_JSON_FLOAT:
	default:
		lw_json_w_null(w);
		return;
	}
}

void lw_value_print(struct lw_buf *out, const struct lw_value *v)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_value_write(&w, v);
	lw_json_w_finish(&w);
}

int lw_value_message(const struct lw_value *v, struct lw_buf *out, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r;

	lw_value_print(&text, v);
	r = lw_json_parse(lw_buf_span(&text), &LW_JSON_STRICT, &doc, e);
	return r < 0 ? r : lw_tuf_canonical(lw_json_root(doc), out, e);
}
