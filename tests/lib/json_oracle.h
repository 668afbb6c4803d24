/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_JSON_ORACLE_H
#define LW_TESTS_LIB_JSON_ORACLE_H

/*
 * The second opinion on JSON: jansson, which shares no line with our gate or with cJSON.
 * What our gate accepts, it must accept with the same tree. And what it accepts, we may refuse
 * for the reasons of base/json.h only: so the gate is exactly as narrow as it says.
 */

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <jansson.h>

#define LW_ORACLE_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

static inline void lw_auto_jansson_(json_t **j)
{
	json_decref(*j);
}

static inline bool lw_oracle_same_scalar(const struct lw_json *a, const json_t *b)
{
	switch (lw_json_type(a)) {
	case LW_JSON_NULL:
		return json_is_null(b);
	case LW_JSON_BOOL:
		return json_is_boolean(b) && lw_json_bool(a) == json_is_true(b);
	case LW_JSON_INTEGER:
		return json_is_integer(b) && lw_json_integer(a) == json_integer_value(b);
	case LW_JSON_FLOAT:
		return json_is_real(b) ||
		       (json_is_integer(b) && (json_integer_value(b) > LW_JSON_INTEGER_MAX ||
					       json_integer_value(b) < -LW_JSON_INTEGER_MAX));
	case LW_JSON_STRING:
		return json_is_string(b) &&
		       lw_span_equal(lw_span_str(lw_json_string(a)),
				     lw_span(json_string_value(b), json_string_length(b)));
	case LW_JSON_ARRAY:
		return json_is_array(b) && lw_json_count(a) == json_array_size(b);
	case LW_JSON_OBJECT:
		return json_is_object(b) && lw_json_count(a) == json_object_size(b);
	default:
		return false;
	}
}

/* Depth is bounded by the gate, so that tests may recurse. */
static inline bool lw_oracle_same(const struct lw_json *a, const json_t *b)
{
	size_t i = 0;

	if (!b || !lw_oracle_same_scalar(a, b))
		return false;
	if (lw_json_type(a) != LW_JSON_ARRAY && lw_json_type(a) != LW_JSON_OBJECT)
		return true;
	for (const struct lw_json *m = lw_json_first(a); m; m = lw_json_next(m)) {
		const json_t *other = json_is_object(b) ? json_object_get(b, lw_json_key(m))
							: json_array_get(b, i++);

		if (!lw_oracle_same(m, other))
			return false;
	}
	return true;
}

/* Whether jansson's tree has what the gate refuses by rule: in strict documents reals and
 * integers beyond 2^53-1, in all of them depth. */
static inline bool lw_oracle_is_beyond(json_t *j, bool floats, unsigned depth)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_real(j))
		return !floats;
	if (json_is_integer(j))
		return !floats && (json_integer_value(j) > LW_JSON_INTEGER_MAX ||
				   json_integer_value(j) < -LW_JSON_INTEGER_MAX);
	if ((json_is_array(j) || json_is_object(j)) && depth == LW_MAX_JSON_DEPTH)
		return true;
	json_array_foreach(
		j, i, child) if (lw_oracle_is_beyond(child, floats, depth + 1)) return true;
	json_object_foreach(
		j, key, child) if (lw_oracle_is_beyond(child, floats, depth + 1)) return true;
	return false;
}

/* The gate takes one LF after the value, RFC 8259 any white space. */
static inline bool lw_oracle_is_padded(struct lw_span in)
{
	if (in.n > 0 && in.p[in.n - 1] == '\n')
		in.n--;
	return in.n > 0 && memchr(" \t\r\n", in.p[in.n - 1], 4);
}

/* jansson loses a NUL that follows a number or a word: its reader ungets it, and takes a NUL in
 * its buffer for an empty one. */
static inline bool lw_oracle_has_nul(struct lw_span in)
{
	return in.n > 0 && memchr(in.p, 0, in.n) != NULL;
}

static inline bool lw_oracle_has_long_number(struct lw_span in)
{
	size_t run = 0;

	for (size_t i = 0; i < in.n; i++) {
		run = in.p[i] && strchr("0123456789+-.eE", in.p[i]) ? run + 1 : 0;
		if (run > 63)
			return true;
	}
	return false;
}

/*
 * Parses both ways and compares. Returns what is wrong, or NULL; *ret_doc is our document, or
 * NULL where we refused. Nothing larger than the byte caps: both sides take all of it.
 */
static inline const char *lw_oracle_judge(struct lw_span in,
					  const struct lw_json_limits *limits,
					  struct lw_json_doc **ret_doc)
{
	struct lw_error e = { 0 };
	json_error_t je = { 0 };
	struct lw_json_doc *doc = NULL;
	int r = lw_json_parse(in, limits, &doc, &e);
	LW_AUTO(jansson) json_t *j = json_loadb((const char *)in.p, in.n, LW_ORACLE_FLAGS, &je);

	*ret_doc = doc;
	if (r != 0 && (r != -(int)e.code || e.text[0] == '\0' || doc))
		return "refused without saying so";
	if (r == -LW_E_INTERNAL)
		return "gate and cJSON disagree";
	if (r == 0 && !j)
		return limits->floats && json_error_code(&je) == json_error_numeric_overflow
			       ? NULL
			       : "accepted what jansson refuses";
	if (r == 0 && !lw_oracle_same(lw_json_root(doc), j))
		return "accepted with another tree than jansson's";
	if (r < 0 && j && !lw_oracle_is_beyond(j, limits->floats, 0) &&
	    !lw_oracle_is_padded(in) && !lw_oracle_has_nul(in) &&
	    !(limits->floats && lw_oracle_has_long_number(in)))
		return "refused what jansson accepts, for no stated reason";
	return NULL;
}

#endif
