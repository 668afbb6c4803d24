/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TUF_VALUE_H
#define LW_TUF_VALUE_H

/*
 * JSON that can be edited: what a change makes of documents of which we know only some members.
 * The others stay as they are, since they are signed, too. Values live in an arena, objects
 * keep their members in byte order; nothing is freed before the arena is.
 */

#include "base/arena.h"
#include "base/json.h"

struct lw_value {
	enum lw_json_type type; /* never FLOAT */
	const char *key;	/* of a member, else NULL */
	union {
		bool boolean;
		int64_t integer;
		const char *string;
		struct {
			struct lw_value **list; /* of an object: sorted by key */
			size_t n, cap;
		};
	};
};

/* A copy of a parsed tree. LW_E_UNSUPPORTED: a number that is no exact integer. */
int lw_value_read(struct lw_arena *a, const struct lw_json *node, struct lw_value **ret,
		  struct lw_error *e) LW_WARN_UNUSED;
/* The same, of bytes: strict JSON. */
int lw_value_parse(struct lw_arena *a, struct lw_span bytes, struct lw_value **ret,
		   struct lw_error *e) LW_WARN_UNUSED;
struct lw_value *lw_value_copy(struct lw_arena *a, const struct lw_value *v);

struct lw_value *lw_value_object(struct lw_arena *a);
struct lw_value *lw_value_array(struct lw_arena *a);
struct lw_value *lw_value_string(struct lw_arena *a, const char *s); /* copied; UTF-8 */
struct lw_value *lw_value_integer(struct lw_arena *a, int64_t v);
struct lw_value *lw_value_bool(struct lw_arena *a, bool v);

/* A member, NULL where there is none, or where it is of another type (or v NULL). */
struct lw_value *lw_value_get(const struct lw_value *v, const char *key);
struct lw_value *lw_value_get_object(const struct lw_value *v, const char *key);
struct lw_value *lw_value_get_array(const struct lw_value *v, const char *key);
const char *lw_value_get_string(const struct lw_value *v, const char *key);
int64_t lw_value_get_integer(const struct lw_value *v, const char *key); /* 0: none */

/* Puts a member in, in the place of an older one. */
void lw_value_set(struct lw_arena *a, struct lw_value *object, const char *key,
		  struct lw_value *v);
/* Whether there was one. */
bool lw_value_unset(struct lw_value *object, const char *key);
void lw_value_append(struct lw_arena *a, struct lw_value *array, struct lw_value *v);
void lw_value_take_out(struct lw_value *container, size_t i);

bool lw_value_equal(const struct lw_value *a, const struct lw_value *b);
void lw_value_write(struct lw_json_writer *w, const struct lw_value *v);
/* Appends it in canonical JSON (base/json.h), without a line feed. */
void lw_value_print(struct lw_buf *out, const struct lw_value *v);
/* Appends the bytes that TUF signs: OLPC canonical JSON. */
int lw_value_message(const struct lw_value *v, struct lw_buf *out,
		     struct lw_error *e) LW_WARN_UNUSED;

#endif
