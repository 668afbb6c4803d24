/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/verdict.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ALL                                                                                    \
	(1u << LW_GATE_SEAL | 1u << LW_GATE_FRESHNESS | 1u << LW_GATE_CONTENT |                \
	 1u << LW_GATE_EVIDENCE | 1u << LW_GATE_COMMIT)

static void pass_all(struct lw_verdict *v)
{
	for (unsigned g = LW_GATE_SEAL; g <= LW_GATE_COMMIT; g++)
		lw_verdict_pass(v, (enum lw_gate)g);
}

static void zero_is_refused(void **state)
{
	struct lw_verdict v = { 0 };

	(void)state;
	assert_int_equal(v.outcome, LW_REFUSED);
	assert_int_equal(lw_outcome_exit(v.outcome), 3);
	assert_int_equal(lw_verdict_conclude(&v, ALL), LW_REFUSED);
	assert_null(lw_verdict_reason(&v));
	/* no gates asked for is no reason to accept */
	pass_all(&v);
	assert_int_equal(lw_verdict_conclude(&v, 0), LW_REFUSED);
	lw_verdict_release(&v);
}

static void every_gate_must_pass(void **state)
{
	(void)state;
	for (unsigned g = LW_GATE_SEAL; g <= LW_GATE_COMMIT; g++) {
		struct lw_verdict v = { 0 };

		for (unsigned other = LW_GATE_SEAL; other <= LW_GATE_COMMIT; other++)
			if (other != g)
				lw_verdict_pass(&v, (enum lw_gate)other);
		assert_int_equal(lw_verdict_conclude(&v, ALL), LW_REFUSED);
		lw_verdict_pass(&v, (enum lw_gate)g);
		assert_int_equal(lw_verdict_conclude(&v, ALL), LW_ACCEPTED);
		lw_verdict_release(&v);
	}
}

static void a_gate_that_found_something_does_not_pass(void **state)
{
	struct lw_verdict v = { 0 };

	(void)state;
	lw_verdict_add(&v, LW_FINDING_SEAL_THRESHOLD, "b", "", "");
	lw_verdict_pass(&v, LW_GATE_SEAL);
	assert_false(v.passed & 1u << LW_GATE_SEAL);
	lw_verdict_pass(&v, LW_GATE_CONTENT);
	assert_true(v.passed & 1u << LW_GATE_CONTENT);
	assert_false(lw_verdict_clear(&v));
	lw_verdict_release(&v);
	assert_int_equal(v.outcome, LW_REFUSED);
}

/* Even when its findings were more than are kept. */
static void dropped_findings_count(void **state)
{
	struct lw_verdict v = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_MAX_FINDINGS; i++) {
		lw_verdict_addf(&v, LW_FINDING_POLICY_EVALUATION, "image", "", "%zu", i);
		lw_verdict_addf(&v, LW_FINDING_POLICY_EVALUATION, "image", "", "%zu", i / 2);
	}
	assert_int_equal(v.n_dropped, 0);
	assert_true(lw_verdict_clear(&v));
	for (size_t i = 0; i < 7; i++)
		lw_verdict_addf(&v, LW_FINDING_CONTENT_DIGEST, "blob", "", "%zu", i);
	assert_int_equal(v.n_findings, LW_MAX_FINDINGS);
	assert_int_equal(v.n_dropped, 7);
	pass_all(&v);
	assert_int_equal(lw_verdict_conclude(&v, ALL), LW_DAMAGED);
	lw_verdict_release(&v);
	assert_int_equal(v.n_dropped, 0);
}

/* DESIGN 11: 3, 6, 4, 5 in this order; our own errors before "incomplete". */
static void the_gravest_decides(void **state)
{
	static const struct {
		enum lw_finding_id id;
		enum lw_outcome outcome;
		int exit;
	} rows[] = {
		/* from light to grave */
		{ LW_FINDING_FRESHNESS_NOT_PROVEN, LW_ACCEPTED, 0 },
		{ LW_FINDING_SEAL_THRESHOLD, LW_INCOMPLETE_SO_FAR, 5 },
		{ LW_FINDING_SYSTEM_ERROR, LW_FAILED, 1 },
		{ LW_FINDING_CONTENT_DIGEST, LW_DAMAGED, 4 },
		{ LW_FINDING_TIME_UNKNOWN, LW_TIME_UNTRUSTED, 6 },
		{ LW_FINDING_FRESHNESS_EXPIRED, LW_REFUSED, 3 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++)
		for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
			struct lw_verdict v = { 0 };
			size_t grave = i > k ? i : k;
			const struct lw_finding *why;

			/* the gates that were fine had passed before */
			pass_all(&v);
			lw_verdict_add(&v, rows[i].id, "o", "e", "f");
			lw_verdict_add(&v, rows[k].id, "o", "e", "f");
			assert_int_equal(lw_verdict_conclude(&v, ALL), rows[grave].outcome);
			assert_int_equal(lw_outcome_exit(v.outcome), rows[grave].exit);
			why = lw_verdict_reason(&v);
			if (grave == 0)
				assert_null(why);
			else
				assert_int_equal(why->id, rows[grave].id);
			lw_verdict_release(&v);
		}
}

static void the_reason_is_the_first_of_the_gravest(void **state)
{
	struct lw_verdict v = { 0 };

	(void)state;
	lw_verdict_add(&v, LW_FINDING_FRESHNESS_NOT_PROVEN, "1", "", "");
	lw_verdict_add(&v, LW_FINDING_CONTENT_READ, "2", "", "");
	lw_verdict_add(&v, LW_FINDING_FRESHNESS_EXPIRED, "3", "", "");
	lw_verdict_add(&v, LW_FINDING_FRESHNESS_REPLAY, "4", "", "");
	assert_string_equal(lw_verdict_reason(&v)->object, "3");
	lw_verdict_release(&v);
}

static void a_late_finding_revokes(void **state)
{
	(void)state;
	for (unsigned id = 0; id < LW_FINDING_COUNT; id++) {
		struct lw_verdict v = { 0 };
		bool note = lw_finding_kind((enum lw_finding_id)id)->gravity == LW_NOTE;

		pass_all(&v);
		assert_int_equal(lw_verdict_conclude(&v, ALL), LW_ACCEPTED);
		lw_verdict_add(&v, (enum lw_finding_id)id, "o", "", "");
		if (note) {
			assert_int_equal(v.outcome, LW_ACCEPTED);
		} else {
			assert_int_equal(v.outcome, LW_REFUSED);
			assert_int_not_equal(lw_verdict_conclude(&v, ALL), LW_ACCEPTED);
			pass_all(&v); /* and no gate says otherwise */
			assert_int_not_equal(lw_verdict_conclude(&v, ALL), LW_ACCEPTED);
		}
		lw_verdict_release(&v);
	}
}

static void texts_are_copied_and_made_safe(void **state)
{
	struct lw_verdict v = { 0 };
	char object[] = "blob\x1b[31m", found[] = "a\nb";

	(void)state;
	lw_verdict_add(&v, LW_FINDING_CONTENT_DIGEST, object, NULL, found);
	lw_verdict_addf(&v, LW_FINDING_CONTENT_DIGEST, NULL, "x", "%s %d", "\xe2\x80\xae", 7);
	memset(object, 'x', 4);
	assert_string_equal(v.findings[0].object, "blob\\x1b[31m");
	assert_string_equal(v.findings[0].expected, "");
	assert_string_equal(v.findings[0].found, "a\\x0ab");
	assert_string_equal(v.findings[1].object, "");
	assert_string_equal(v.findings[1].found, "\\u{202e} 7");
	lw_verdict_release(&v);
}

static void names_and_codes(void **state)
{
	static const struct {
		enum lw_outcome o;
		const char *name;
		int exit;
	} rows[] = {
		{ LW_REFUSED, "refused", 3 },
		{ LW_DAMAGED, "damaged", 4 },
		{ LW_INCOMPLETE_SO_FAR, "incomplete", 5 },
		{ LW_TIME_UNTRUSTED, "time-untrusted", 6 },
		{ LW_FAILED, "error", 1 },
		{ LW_ACCEPTED, "accepted", 0 },
		{ (enum lw_outcome)6, "refused", 3 },
		{ (enum lw_outcome) - 1, "refused", 3 },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		assert_string_equal(lw_outcome_name(rows[i].o), rows[i].name);
		assert_int_equal(lw_outcome_exit(rows[i].o), rows[i].exit);
	}
}

static void every_finding_is_whole(void **state)
{
	static const char *const prefix[] = {
		[LW_GATE_SEAL] = "seal.", [LW_GATE_CONTENT] = "content."
	};

	(void)state;
	for (unsigned id = 0; id < LW_FINDING_COUNT; id++) {
		const struct lw_finding_kind *k = lw_finding_kind((enum lw_finding_id)id);
		const char *dot = strchr(k->code, '.');

		assert_non_null(dot);
		assert_int_equal(strspn(k->code, "abcdefghijklmnopqrstuvwxyz-."),
				 strlen(k->code));
		assert_null(strchr(dot + 1, '.'));
		assert_true(strlen(k->next) > 10);
		assert_true(k->gate <= LW_GATE_COMMIT);
		assert_true(k->gravity <= LW_REFUSAL);
		if (k->gate < LW_COUNT_OF(prefix) && prefix[k->gate])
			assert_int_equal(
				strncmp(k->code, prefix[k->gate], strlen(prefix[k->gate])), 0);
		for (unsigned other = 0; other < id; other++)
			assert_string_not_equal(
				k->code, lw_finding_kind((enum lw_finding_id)other)->code);
	}
	/* one that does not exist is no note */
	assert_int_equal(lw_finding_kind(LW_FINDING_COUNT)->gravity, LW_ERROR);
	assert_int_equal(lw_finding_kind((enum lw_finding_id) - 1)->gravity, LW_ERROR);
	assert_string_equal(lw_gate_name((enum lw_gate)99), "none");
	assert_string_equal(lw_gravity_name((enum lw_gravity)99), "refusal");
	assert_string_equal(lw_gravity_name(LW_NOTE), "note");
	assert_string_equal(lw_gate_name(LW_GATE_EVIDENCE), "evidence");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_is_refused),
		cmocka_unit_test(every_gate_must_pass),
		cmocka_unit_test(a_gate_that_found_something_does_not_pass),
		cmocka_unit_test(dropped_findings_count),
		cmocka_unit_test(the_gravest_decides),
		cmocka_unit_test(the_reason_is_the_first_of_the_gravest),
		cmocka_unit_test(a_late_finding_revokes),
		cmocka_unit_test(texts_are_copied_and_made_safe),
		cmocka_unit_test(names_and_codes),
		cmocka_unit_test(every_finding_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
