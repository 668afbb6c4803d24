/* SPDX-License-Identifier: Apache-2.0 */

/* Statements and simple signing payloads. What is read has subjects that jansson finds in the
 * same places, and a pointer (RFC 6901) to each string of the document leads to it. */

#include "base/mem.h"
#include "tests/lib/json_oracle.h"
#include "verify/said.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void add_step(struct lw_buf *pointer, const char *key)
{
	lw_buf_addc(pointer, '/');
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			lw_buf_adds(pointer, *key == '~' ? "~0" : "~1");
		else
			lw_buf_addc(pointer, *key);
	}
}

/* Depth is bounded by the gate. */
static void check_places(const struct lw_said *s, json_t *j, struct lw_buf *pointer)
{
	size_t n = pointer->n, i;
	const char *key;
	json_t *child;

	if (!same_text(lw_said_string(s, lw_buf_str(pointer)), json_string_value(j)))
		abort();
	json_array_foreach(j, i, child)
	{
		lw_buf_printf(pointer, "/%zu", i);
		check_places(s, child, pointer);
		pointer->p[pointer->n = n] = '\0';
	}
	json_object_foreach(j, key, child)
	{
		add_step(pointer, key);
		check_places(s, child, pointer);
		pointer->p[pointer->n = n] = '\0';
	}
}

static void check_subjects(const struct lw_said *s, const json_t *list)
{
	size_t i, n = 0;
	const json_t *subject;
	char hex[65];

	json_array_foreach(list, i, subject)
	{
		const json_t *digests = json_object_get(subject, "digest");
		const char *want = json_string_value(json_object_get(digests, "sha256"));
		const char *name = json_string_value(json_object_get(subject, "name"));

		if (!want)
			continue;
		if (n == s->n_subjects ||
		    strcmp(want, lw_digest_hex(&s->subjects[n].digest, hex)) != 0 ||
		    !same_text(s->subjects[n].name, name && name[0] ? name : NULL))
			abort();
		n++;
	}
	if (n != s->n_subjects)
		abort();
}

static void check_said(const struct lw_said *s, struct lw_span in)
{
	LW_AUTO(jansson)
	json_t *j = json_loadb((const char *)in.p, in.n, LW_ORACLE_FLAGS, NULL);
	LW_AUTO(buf) struct lw_buf pointer = { 0 };
	bool simple = strcmp(s->type, LW_TYPE_SIMPLE_SIGNING) == 0;

	for (size_t i = 0; i < s->n_subjects; i++) {
		const struct lw_said_subject *first = lw_said_about(s, &s->subjects[i].digest);

		if (first > &s->subjects[i] ||
		    !lw_digest_equal(&first->digest, &s->subjects[i].digest))
			abort();
	}
	for (int f = LW_SAID_BUILDER; f <= LW_SAID_BUILD_TYPE; f++)
		if (lw_said_field(s, (enum lw_said_field)f) && simple)
			abort();
	if (simple != !json_object_get(j, "_type") && j)
		abort();
	if (!j) /* a number too large for it (tests/lib/json_oracle.h) */
		return;
	if (!simple)
		check_subjects(s, json_object_get(j, "subject"));
	if (in.n <= 4096)
		check_places(s, j, &pointer);
}

static void check(int r, const struct lw_said *s, const struct lw_error *e, struct lw_span in)
{
	if (r == 0)
		check_said(s, in);
	else if (-r != (int)e->code || e->code == LW_E_INTERNAL || s->doc || s->type)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_proven in = lw_unproven_in_the_box(lw_span(data, size));
	LW_AUTO(said) struct lw_said statement = { 0 };
	LW_AUTO(said) struct lw_said simple = { 0 };
	struct lw_error e = { 0 };

	check(lw_said_in_toto(in, &statement, &e), &statement, &e, in.bytes);
	check(lw_said_simple_signing(in, &simple, &e), &simple, &e, in.bytes);
	if (statement.doc && simple.doc)
		abort();
	return 0;
}
