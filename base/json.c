/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json_gate.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <pthread.h>

#if CJSON_VERSION_MAJOR * 10000 + CJSON_VERSION_MINOR * 100 + CJSON_VERSION_PATCH < 10715
#error "cJSON before 1.7.15 is not supported"
#endif

/* A node is cJSON's; nobody else knows. Its `valueint`, which saturates and which we never
 * read as a number, says whether a number is a float. */
struct lw_json_doc {
	struct lw_arena arena; /* all of cJSON's nodes and strings */
	const cJSON *root;
};

static const cJSON *item(const struct lw_json *node)
{
	return (const cJSON *)node;
}

/* cJSON's allocations go to the arena of the document this thread is parsing. */
static _Thread_local struct lw_arena *parsing;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *arena_malloc(size_t n)
{
	if (!parsing)
		abort();
	return lw_arena_alloc(parsing, n);
}

static void arena_release(void *p)
{
	(void)p; /* with its arena */
}

static void install_hooks(void)
{
	cJSON_Hooks hooks = { .malloc_fn = arena_malloc, .free_fn = arena_release };

	cJSON_InitHooks(&hooks);
}

/* The bytes as a C string for cJSON: without its NUL cJSON 1.7.15 may read past the end. */
static cJSON *build(struct lw_span in, struct lw_arena *arena)
{
	lw_auto_free char *copy = lw_alloc(in.n + 1);
	const char *end = NULL;

	(void)pthread_once(&once, install_hooks);
	memcpy(copy, in.p, in.n);
	copy[in.n] = '\0';
	parsing = arena;
	cJSON *root = cJSON_ParseWithLengthOpts(copy, in.n + 1, &end, true);
	parsing = NULL;
	return end == copy + in.n ? root : NULL;
}

/* Notes what kind of number this is; false if cJSON's value cannot be the gate's. */
static bool settle_number(cJSON *number, size_t index, const struct lw_buf *floats)
{
	double v = number->valuedouble;
	double max = (double)LW_JSON_INTEGER_MAX;

	if (floats->n && index / 8 >= floats->n)
		return false;
	number->valueint = floats->n && (floats->p[index / 8] >> index % 8 & 1);
	return number->valueint || (v >= -max && v <= max && v == (double)(int64_t)v);
}

/* Walks the tree in document order; false unless it is what the gate has seen. */
static bool settle(cJSON *root, size_t want_nodes, const struct lw_buf *floats)
{
	cJSON *above[LW_MAX_JSON_DEPTH];
	size_t depth = 0, nodes = 0, numbers = 0;

	for (cJSON *at = root; at;) {
		nodes++;
		if (cJSON_IsNumber(at) && !settle_number(at, numbers++, floats))
			return false;
		if (at->child) {
			if (depth == LW_MAX_JSON_DEPTH)
				return false;
			above[depth++] = at;
			at = at->child;
			continue;
		}
		while (depth > 0 && !at->next)
			at = above[--depth];
		at = depth > 0 ? at->next : NULL;
	}
	return nodes == want_nodes;
}

int lw_json_parse(struct lw_span in, const struct lw_json_limits *limits,
		  struct lw_json_doc **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf floats = { 0 };
	LW_AUTO(arena) struct lw_arena arena = { 0 };
	size_t nodes;
	int r = lw_json_gate(in, limits, &floats, &nodes, e);

	if (r < 0)
		return r;

	cJSON *root = build(in, &arena);
	if (!root || !settle(root, nodes, &floats))
		return lw_fail(e, LW_E_INTERNAL, "JSON gate and parser disagree");

	struct lw_json_doc *doc = lw_alloc(sizeof(*doc));
	doc->arena = arena;
	doc->root = root;
	arena = (struct lw_arena){ 0 };
	*ret = doc;
	return 0;
}

int lw_json_check(struct lw_span in, const struct lw_json_limits *limits, size_t *ret_nodes,
		  struct lw_error *e)
{
	return lw_json_gate(in, limits, NULL, ret_nodes, e);
}

size_t lw_json_bytes(const struct lw_json_doc *doc)
{
	return lw_arena_bytes(&doc->arena);
}

void lw_json_free(struct lw_json_doc *doc)
{
	if (!doc)
		return;
	lw_arena_free(&doc->arena);
	free(doc);
}

const struct lw_json *lw_json_root(const struct lw_json_doc *doc)
{
	return (const struct lw_json *)doc->root;
}

/* Walking. */

enum lw_json_type lw_json_type(const struct lw_json *node)
{
	switch (item(node)->type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return LW_JSON_BOOL;
	case cJSON_Number:
		return item(node)->valueint ? LW_JSON_FLOAT : LW_JSON_INTEGER;
	case cJSON_String:
		return LW_JSON_STRING;
	case cJSON_Array:
		return LW_JSON_ARRAY;
	case cJSON_Object:
		return LW_JSON_OBJECT;
	default:
		return LW_JSON_NULL;
	}
}

const struct lw_json *lw_json_first(const struct lw_json *container)
{
	return (const struct lw_json *)item(container)->child;
}

const struct lw_json *lw_json_next(const struct lw_json *node)
{
	return (const struct lw_json *)item(node)->next;
}

size_t lw_json_count(const struct lw_json *container)
{
	size_t n = 0;

	for (const cJSON *c = item(container)->child; c; c = c->next)
		n++;
	return n;
}

const char *lw_json_key(const struct lw_json *member)
{
	return item(member)->string ? item(member)->string : "";
}

const char *lw_json_string(const struct lw_json *node)
{
	return cJSON_IsString(item(node)) ? item(node)->valuestring : NULL;
}

int64_t lw_json_integer(const struct lw_json *node)
{
	return lw_json_type(node) == LW_JSON_INTEGER ? (int64_t)item(node)->valuedouble : 0;
}

bool lw_json_bool(const struct lw_json *node)
{
	return cJSON_IsTrue(item(node));
}

/* Reading through a table. */

#define MAX_FIELDS 64

static const char *const type_names[] = {
	[LW_JSON_NULL] = "null",	  [LW_JSON_BOOL] = "true or false",
	[LW_JSON_INTEGER] = "an integer", [LW_JSON_FLOAT] = "a number that is no integer",
	[LW_JSON_STRING] = "a string",	  [LW_JSON_ARRAY] = "an array",
	[LW_JSON_OBJECT] = "an object",
};

/* What a field of each reader is made of; ANY takes all. */
static const enum lw_json_type reader_types[] = {
	[LW_JSON_READ_STRING] = LW_JSON_STRING, [LW_JSON_READ_LABEL] = LW_JSON_STRING,
	[LW_JSON_READ_PLAIN] = LW_JSON_STRING,	[LW_JSON_READ_U64] = LW_JSON_INTEGER,
	[LW_JSON_READ_BOOL] = LW_JSON_BOOL,	[LW_JSON_READ_TIME] = LW_JSON_STRING,
	[LW_JSON_READ_DIGEST] = LW_JSON_STRING, [LW_JSON_READ_OBJECT] = LW_JSON_OBJECT,
	[LW_JSON_READ_ARRAY] = LW_JSON_ARRAY,	[LW_JSON_IS] = LW_JSON_STRING,
};

/* A field's value before any is stored, so that a failure stores none. */
union value {
	const void *pointer;
	uint64_t u64;
	int64_t time;
	bool truth;
	struct lw_digest digest;
};

static int check_size(uint64_t n, const struct lw_json_field *f, const char *unit,
		      struct lw_error *e)
{
	bool few = n < f->min, many = f->max && n > f->max;

	if (few || many)
		return lw_fail(e, LW_E_LIMIT, "want at %s %llu %s, have %llu",
			       few ? "least" : "most",
			       (unsigned long long)(few ? f->min : f->max), unit,
			       (unsigned long long)n);
	return 0;
}

static int read_u64(const struct lw_json *node, const struct lw_json_field *f, uint64_t *ret,
		    struct lw_error *e)
{
	uint64_t max = f->max ? f->max : (uint64_t)LW_JSON_INTEGER_MAX;
	int64_t v = lw_json_integer(node);

	if (v < 0 || (uint64_t)v < f->min || (uint64_t)v > max)
		return lw_fail(e, LW_E_LIMIT, "want %llu to %llu, have %lld",
			       (unsigned long long)f->min, (unsigned long long)max,
			       (long long)v);
	*ret = (uint64_t)v;
	return 0;
}

/* Made presentable only where it is presented: of 100,000 texts in a document, none is. */
static int unwanted(const char *want, const char *quote, struct lw_span text,
		    struct lw_error *e)
{
	char shown[96];

	return lw_fail(e, LW_E_FORMAT, "want %s%s%s, have '%s'", quote, want, quote,
		       lw_text_escape(text, shown, sizeof(shown)));
}

/* The node is a string. */
static int read_text(const struct lw_json *node, const struct lw_json_field *f,
		     union value *ret, struct lw_error *e)
{
	const char *s = item(node)->valuestring;
	struct lw_span text = lw_span_str(s);

	ret->pointer = s;
	if (f->reader == LW_JSON_READ_TIME)
		return lw_time_parse(text, &ret->time, e);
	if (f->reader == LW_JSON_READ_DIGEST)
		return lw_digest_parse(text, &ret->digest, e);

	if (f->reader == LW_JSON_IS)
		return strcmp(s, f->is) == 0 ? 0 : unwanted(f->is, "'", text, e);
	if (f->reader == LW_JSON_READ_LABEL && !lw_text_is_label(text))
		return unwanted("a label ([a-z0-9._-])", "", text, e);
	if (f->reader == LW_JSON_READ_PLAIN && !lw_text_is_plain(text))
		return unwanted("plain printable text", "", text, e);
	return check_size(text.n, f, "bytes", e);
}

static int read_value(const struct lw_json *node, const struct lw_json_field *f,
		      union value *ret, struct lw_error *e)
{
	enum lw_json_type type = lw_json_type(node);

	ret->pointer = node;
	if (f->reader == LW_JSON_READ_ANY)
		return 0;

	enum lw_json_type wanted = reader_types[f->reader];
	if (type != wanted)
		return lw_fail(e, LW_E_FORMAT, "want %s, have %s", type_names[wanted],
			       type_names[type]);
	if (wanted == LW_JSON_STRING)
		return read_text(node, f, ret, e);
	if (wanted == LW_JSON_INTEGER)
		return read_u64(node, f, &ret->u64, e);
	if (wanted == LW_JSON_ARRAY)
		return check_size(lw_json_count(node), f, "elements", e);
	if (wanted == LW_JSON_BOOL)
		ret->truth = lw_json_bool(node);
	return 0;
}

static void store(const union value *v, const struct lw_json_field *f, void *out)
{
	uint8_t *to = (uint8_t *)out + f->offset;

	switch (f->reader) {
	case LW_JSON_READ_STRING:
	case LW_JSON_READ_LABEL:
	case LW_JSON_READ_PLAIN:
	case LW_JSON_READ_OBJECT:
	case LW_JSON_READ_ARRAY:
	case LW_JSON_READ_ANY:
		memcpy(to, &v->pointer, sizeof(v->pointer));
		break;
	case LW_JSON_READ_U64:
		memcpy(to, &v->u64, sizeof(v->u64));
		break;
	case LW_JSON_READ_BOOL:
		memcpy(to, &v->truth, sizeof(v->truth));
		break;
	case LW_JSON_READ_TIME:
		memcpy(to, &v->time, sizeof(v->time));
		break;
	case LW_JSON_READ_DIGEST:
		memcpy(to, &v->digest, sizeof(v->digest));
		break;
	case LW_JSON_IS:
	default:
		break;
	}
}

/* Members mostly come in the table's order: looking starts where the last one was found. */
static size_t find_field(const struct lw_json_field *fields, size_t n, size_t start,
			 const char *name)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = (start + i) % n;

		if (strcmp(fields[at].name, name) == 0)
			return at;
	}
	return n;
}

int lw_json_read(const struct lw_json *object, const struct lw_json_field *fields, size_t n,
		 enum lw_json_unknown unknown, const char *what, void *out, struct lw_error *e)
{
	union value values[MAX_FIELDS];
	bool have[MAX_FIELDS] = { false };
	size_t at = 0;
	char shown[80];

	if (n > MAX_FIELDS)
		abort();
	if (lw_json_type(object) != LW_JSON_OBJECT)
		return lw_fail(e, LW_E_FORMAT, "%s: want an object, have %s", what,
			       type_names[lw_json_type(object)]);
	for (const struct lw_json *m = lw_json_first(object); m; m = lw_json_next(m)) {
		size_t f = find_field(fields, n, at, lw_json_key(m));

		if (f == n && unknown == LW_JSON_IGNORE_UNKNOWN)
			continue;
		if (f == n)
			return lw_fail(
				e, LW_E_FORMAT, "%s: unknown field '%s'", what,
				lw_text_escape_str(lw_json_key(m), shown, sizeof(shown)));
		if (have[f])
			return lw_fail(e, LW_E_INTERNAL, "%s: field '%s' twice", what,
				       fields[f].name);

		int r = read_value(m, &fields[f], &values[f], e);
		if (r < 0) {
			(void)lw_prefix(e, "%s: field '%s'", what, fields[f].name);
			return r;
		}
		have[f] = true;
		at = f + 1;
	}
	for (size_t i = 0; i < n; i++)
		if (!have[i] && (fields[i].flags & LW_JSON_REQUIRED))
			return lw_fail(e, LW_E_FORMAT, "%s: field '%s' is missing", what,
				       fields[i].name);
	for (size_t i = 0; i < n; i++)
		if (have[i])
			store(&values[i], &fields[i], out);
	return 0;
}
