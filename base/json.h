/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_JSON_H
#define LW_BASE_JSON_H

/*
 * JSON from hostile hands. Bytes pass a gate of our own first (exactly RFC 8259, and narrower:
 * UTF-8, no BOM, no NUL raw or escaped, unique keys after unescaping, exact integers, caps on
 * depth, nodes, keys and string lengths, nothing after the value but one optional LF (in
 * foreign documents: white space)), then cJSON builds the tree, whose node count must equal the
 * gate's. Trees are read through tables of fields, in one linear walk. Signed bytes are
 * verified before they are parsed, and the same bytes are parsed; nothing that is signed is
 * ever printed by cJSON.
 *
 * A document owns everything: nodes and strings live until lw_json_free.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* Integers are exact up to here, both ways (cJSON keeps doubles). */
#define LW_JSON_INTEGER_MAX ((int64_t)9007199254740991) /* 2^53 - 1 */

struct lw_json_doc;
struct lw_json; /* a node; borrowed from its document */

enum lw_json_type {
	LW_JSON_NULL,
	LW_JSON_BOOL,
	LW_JSON_INTEGER,
	LW_JSON_FLOAT, /* only in documents parsed with .floats */
	LW_JSON_STRING,
	LW_JSON_ARRAY,
	LW_JSON_OBJECT,
};

struct lw_json_limits {
	size_t bytes;
	size_t nodes;
	size_t keys;   /* in one object */
	size_t string; /* bytes of one string or key, unescaped */
	unsigned depth;
	/* Pass-through numbers: fractions and exponents are let through (their nodes have type
	 * FLOAT and no readable value), integers beyond 2^53-1 too (also FLOAT). For documents
	 * of others (SBOMs) of which we read a few fields. */
	bool floats;
};

/* Our own documents and signed metadata: integers only, caps of base/limits.h. */
extern const struct lw_json_limits LW_JSON_STRICT;
/* Documents of others with numbers we do not read. */
extern const struct lw_json_limits LW_JSON_FOREIGN;

/* LW_E_FORMAT; LW_E_LIMIT, also for integers beyond 2^53-1, and with .floats for numbers of
 * more than 63 characters; LW_E_INTERNAL when gate and parser disagree. `in` is copied. A depth
 * above LW_MAX_JSON_DEPTH counts as that. */
int lw_json_parse(struct lw_span in, const struct lw_json_limits *limits,
		  struct lw_json_doc **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_json_free(struct lw_json_doc *doc);
/* What it takes of memory, many times what its text does. */
size_t lw_json_bytes(const struct lw_json_doc *doc);
const struct lw_json *lw_json_root(const struct lw_json_doc *doc);

/* The gate alone: what lw_json_parse would say, without building a tree. */
int lw_json_check(struct lw_span in, const struct lw_json_limits *limits, size_t *ret_nodes,
		  struct lw_error *e) LW_WARN_UNUSED;

/* Walking. */
enum lw_json_type lw_json_type(const struct lw_json *node);
const struct lw_json *lw_json_first(const struct lw_json *container); /* NULL when empty */
const struct lw_json *lw_json_next(const struct lw_json *node);	      /* NULL at the end */
size_t lw_json_count(const struct lw_json *container);
const char *lw_json_key(const struct lw_json *member); /* "" for an array's element */
/* A string's bytes, NUL-terminated and without NULs inside; NULL for other types. */
const char *lw_json_string(const struct lw_json *node);
/* An integer's value; 0 for other types. */
int64_t lw_json_integer(const struct lw_json *node);
bool lw_json_bool(const struct lw_json *node);

/*
 * Reading an object into a struct through a table:
 *
 *	static const struct lw_json_field fields[] = {
 *		{ "digest", LW_JSON_READ_DIGEST, LW_JSON_REQUIRED,
 *		  .offset = offsetof(struct d, digest) },
 *		{ "size", LW_JSON_READ_U64, LW_JSON_REQUIRED, .offset = offsetof(struct d,
 *size), .max = LW_MAX_BLOB_BYTES }, { "annotations", LW_JSON_READ_OBJECT, .offset =
 *offsetof(struct d, annotations) },
 *	};
 */
enum lw_json_reader {
	LW_JSON_READ_STRING, /* const char *; min, max: bytes (max 0: the gate's bound) */
	LW_JSON_READ_LABEL,  /* const char *; lw_text_is_label */
	LW_JSON_READ_PLAIN,  /* const char *; lw_text_is_plain; min, max: bytes */
	LW_JSON_READ_U64,    /* uint64_t; min..max (max 0: 2^53-1) */
	LW_JSON_READ_BOOL,   /* bool */
	LW_JSON_READ_TIME,   /* int64_t, seconds; RFC 3339 as lw_time_parse */
	LW_JSON_READ_DIGEST, /* struct lw_digest; "sha256:..." */
	LW_JSON_READ_OBJECT, /* const struct lw_json * */
	LW_JSON_READ_ARRAY,  /* const struct lw_json *; min, max: elements (max 0: no bound) */
	LW_JSON_READ_ANY,    /* const struct lw_json * */
	LW_JSON_IS,	     /* must be the string `is`; nothing is stored */
};

enum {
	LW_JSON_REQUIRED = 1,
};

struct lw_json_field {
	const char *name;
	enum lw_json_reader reader;
	unsigned flags;
	size_t offset; /* into `out`; optional fields that are absent leave it untouched */
	uint64_t min, max;
	const char *is; /* LW_JSON_IS */
};

enum lw_json_unknown {
	LW_JSON_REFUSE_UNKNOWN, /* our own formats */
	LW_JSON_IGNORE_UNKNOWN, /* OCI, TUF: unknown fields are allowed there */
};

/* `what` names the object in errors ("contents: images[3]"). LW_E_FORMAT: wrong type, missing,
 * unknown, not an object; LW_E_LIMIT: out of min..max; what lw_digest_parse says of digests. On
 * failure `out` is untouched. At most 64 fields in a table. */
int lw_json_read(const struct lw_json *object, const struct lw_json_field *fields, size_t n,
		 enum lw_json_unknown unknown, const char *what, void *out,
		 struct lw_error *e) LW_WARN_UNUSED;

/*
 * Writing. One writer for all we emit: compact, UTF-8, keys in the order given; only '"', '\\'
 * and characters below U+0020 are escaped (these as \u00xx, lower-case hex). With .canonical
 * set, keys must come in ascending byte order, none twice: the result is the Canonical JSON of
 * our own formats, the one spelling of its value. (Not OLPC's, which TUF signs. Parsing accepts
 * no U+0000, so none is ever written.) Misuse (keys out of order, unbalanced, not UTF-8, a
 * float) aborts: it is our bug, never input's.
 *
 *	struct lw_json_writer w = { .out = &b, .canonical = true };
 *
 * A writer owns nothing: one that is not finished may be dropped.
 */
#define LW_JSON_WRITER_DEPTH 64 /* any parsed tree, within 32 levels of our own */

struct lw_json_writer {
	struct lw_buf *out; /* borrowed; not to be touched until finished */
	bool canonical;
	bool indent; /* for people: a line a value, two spaces a level */
	/* private */
	unsigned depth;
	bool done;	/* the one value is complete */
	bool after_key; /* a member's value must follow */
	bool comma[LW_JSON_WRITER_DEPTH];
	bool object[LW_JSON_WRITER_DEPTH];
	size_t last_key[LW_JSON_WRITER_DEPTH]; /* where in out its opening quote is */
};

void lw_json_w_object(struct lw_json_writer *w);
void lw_json_w_end_object(struct lw_json_writer *w);
void lw_json_w_array(struct lw_json_writer *w);
void lw_json_w_end_array(struct lw_json_writer *w);
void lw_json_w_key(struct lw_json_writer *w, const char *key);
void lw_json_w_string(struct lw_json_writer *w, const char *s);
void lw_json_w_integer(struct lw_json_writer *w, int64_t v); /* |v| <= 2^53-1 */
void lw_json_w_bool(struct lw_json_writer *w, bool v);
void lw_json_w_null(struct lw_json_writer *w);
/* Writes any tree of a document (no floats) again; sorts its keys where .canonical is set. */
void lw_json_w_node(struct lw_json_writer *w, const struct lw_json *node);
/* The document must be complete: else it aborts. */
void lw_json_w_finish(struct lw_json_writer *w);

/* key and value in one */
void lw_json_w_member(struct lw_json_writer *w, const char *key, const char *s);
void lw_json_w_member_integer(struct lw_json_writer *w, const char *key, int64_t v);

/* Appends the canonical form of a parsed tree: keys sorted by bytes. LW_E_UNSUPPORTED with
 * floats, and then out is as it was. */
int lw_json_canonical(const struct lw_json *node, struct lw_buf *out,
		      struct lw_error *e) LW_WARN_UNUSED;
/* Whether `in` is byte for byte the canonical form of the document parsed from it.
 * LW_E_FORMAT if not. */
int lw_json_require_canonical(const struct lw_json_doc *doc, struct lw_span in,
			      struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_json_(struct lw_json_doc **doc)
{
	lw_json_free(*doc);
}

#endif
