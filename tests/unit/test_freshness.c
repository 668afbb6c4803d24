/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/freshness.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"

#define DAY ((int64_t)86400)
#define NOW (lw_released() + 100 * DAY)

static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";
static const char other_boot[] = "11234567-89ab-cdef-0123-456789abcdef";
static const struct lw_attested nobody;

static struct lw_clock clock_at(int64_t wall, int64_t boot_sec)
{
	struct lw_clock c = { .wall_sec = wall, .boot_sec = boot_sec };

	memcpy(c.boot_id, boot, sizeof(boot));
	return c;
}

static struct lw_attested attested_at(int64_t at, int64_t boot_sec, const char *id)
{
	struct lw_attested a = { .at = at, .boot_sec = boot_sec };

	(void)snprintf(a.boot_id, sizeof(a.boot_id), "%s", id);
	return a;
}

/* ---- the interval ---- */

static void the_clock_is_hi(void **state)
{
	struct lw_clock c = clock_at(NOW, 50);
	struct lw_interval i = lw_interval_now(&c, 0, &nobody, true);

	(void)state;
	assert_int_equal(i.lo, lw_released());
	assert_int_equal(i.hi, NOW);
	assert_int_equal(i.source, LW_HI_CLOCK);
	assert_false(i.behind);
	i = lw_interval_now(&c, NOW - 1, &nobody, true);
	assert_int_equal(i.lo, NOW - 1);
	assert_false(i.behind);
	/* a floor before this release says nothing new */
	i = lw_interval_now(&c, lw_released() - 1, &nobody, true);
	assert_int_equal(i.lo, lw_released());
}

static void behind(void **state)
{
	static const struct {
		int64_t wall, floor; /* after the release */
		bool behind;
	} rows[] = {
		{ 0, 0, false },   { -1, 0, true }, { 1, 0, false },   { -DAY * 9999, 0, true },
		{ 10, 10, false }, { 9, 10, true }, { 11, 10, false },
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		struct lw_clock c = clock_at(lw_released() + rows[k].wall, 0);
		struct lw_interval i =
			lw_interval_now(&c, lw_released() + rows[k].floor, &nobody, true);

		assert_int_equal(i.behind, rows[k].behind);
		assert_int_equal(i.source, LW_HI_CLOCK);
	}
}

static void people_go_before_the_clock(void **state)
{
	struct lw_clock c = clock_at(NOW - 5 * DAY, 1000);
	struct lw_attested a = attested_at(NOW, 900, boot);
	struct lw_interval i = lw_interval_now(&c, 0, &a, true);

	(void)state;
	assert_int_equal(i.source, LW_HI_ATTESTED);
	assert_int_equal(i.hi, NOW + 100);
	i = lw_interval_now(&c, 0, &a, false);
	assert_int_equal(i.source, LW_HI_ATTESTED);
	/* at the very second it was attested */
	a = attested_at(NOW, 1000, boot);
	i = lw_interval_now(&c, 0, &a, false);
	assert_int_equal(i.hi, NOW);
	/* it may be behind proven time too */
	i = lw_interval_now(&c, NOW + 1, &a, true);
	assert_true(i.behind);
	assert_int_equal(i.source, LW_HI_ATTESTED);
}

static void an_attestation_lasts_one_boot(void **state)
{
	struct lw_clock c = clock_at(NOW, 1000);
	const struct lw_attested rows[] = {
		attested_at(NOW + DAY, 900, other_boot),
		attested_at(NOW + DAY, 1001, boot),
		attested_at(NOW + DAY, 900, ""),
		attested_at(0, 900, boot),
		attested_at(-1, 900, boot),
		attested_at(NOW + DAY, -1, boot),
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		struct lw_interval i = lw_interval_now(&c, 0, &rows[k], true);

		assert_int_equal(i.source, LW_HI_CLOCK);
		assert_int_equal(i.hi, NOW);
		i = lw_interval_now(&c, 0, &rows[k], false);
		assert_int_equal(i.source, LW_HI_UNKNOWN);
		assert_false(i.behind);
	}
	/* two boots that say nothing of themselves are not the same boot */
	c.boot_id[0] = '\0';

	struct lw_attested a = attested_at(NOW + DAY, 900, "");
	struct lw_interval i = lw_interval_now(&c, 0, &a, false);

	assert_int_equal(i.source, LW_HI_UNKNOWN);
}

static void a_clock_that_is_not_trusted(void **state)
{
	struct lw_clock c = clock_at(NOW, 0);
	struct lw_interval i = lw_interval_now(&c, NOW - 5, &nobody, false);

	(void)state;
	assert_int_equal(i.source, LW_HI_UNKNOWN);
	assert_int_equal(i.lo, NOW - 5);
	assert_false(i.behind);
	assert_string_equal(lw_hi_source_name(LW_HI_UNKNOWN), "none");
	assert_string_equal(lw_hi_source_name(LW_HI_CLOCK), "clock");
	assert_string_equal(lw_hi_source_name(LW_HI_ATTESTED), "attested");
	assert_string_equal(lw_hi_source_name((enum lw_hi_source)77), "none");
}

/* ---- judging ---- */

static struct lw_freshness fresh(void)
{
	return (struct lw_freshness){ .created = NOW - DAY,
				      .expires = NOW + DAY,
				      .sequence = 5,
				      .sender_floor = 4,
				      .max_age_sec = 30 * DAY,
				      .skew_sec = 300,
				      .object = "bundle" };
}

static struct lw_interval interval(int64_t hi)
{
	return (struct lw_interval){ .lo = lw_released(), .hi = hi, .source = LW_HI_CLOCK };
}

/* The findings but "not proven", which is always there; passed tells whether the gate is. */
static size_t judge(const struct lw_freshness *f, struct lw_interval i, enum lw_finding_id *ret,
		    bool *ret_passed)
{
	struct lw_verdict v = { 0 };
	size_t n = 0;
	bool not_proven = false;

	lw_freshness_judge(f, &i, &v);
	for (size_t k = 0; k < v.n_findings; k++) {
		if (v.findings[k].id == LW_FINDING_FRESHNESS_NOT_PROVEN) {
			not_proven = true;
			continue;
		}
		*ret = v.findings[k].id;
		n++;
	}
	assert_true(not_proven);
	*ret_passed = lw_verdict_conclude(&v, 1u << LW_GATE_FRESHNESS) == LW_ACCEPTED;
	lw_verdict_release(&v);
	return n;
}

#define NONE LW_FINDING_COUNT
static void expect(const struct lw_freshness *f, struct lw_interval i, enum lw_finding_id want)
{
	enum lw_finding_id have = NONE;
	bool passed = false;
	size_t n = judge(f, i, &have, &passed);

	assert_int_equal(have, want);
	assert_int_equal(n, want == NONE ? 0 : 1);
	assert_int_equal(passed, want == NONE || want == LW_FINDING_FRESHNESS_SEQUENCE_GAP);
}

static void boundaries_of_time(void **state)
{
	struct lw_freshness f = fresh();

	(void)state;
	expect(&f, interval(NOW), NONE);

	/* expiry: the last second counts */
	expect(&f, interval(f.expires - 1), NONE);
	expect(&f, interval(f.expires), NONE);
	expect(&f, interval(f.expires + 1), LW_FINDING_FRESHNESS_EXPIRED);

	/* from the future, but for the skew */
	expect(&f, interval(f.created - 299), NONE);
	expect(&f, interval(f.created - 300), NONE);
	expect(&f, interval(f.created - 301), LW_FINDING_FRESHNESS_FUTURE);
	f.skew_sec = 0;
	expect(&f, interval(f.created), NONE);
	expect(&f, interval(f.created - 1), LW_FINDING_FRESHNESS_FUTURE);

	/* a seal no longer than max_age */
	f = fresh();
	f.max_age_sec = 2 * DAY + 1;
	expect(&f, interval(NOW), NONE);
	f.max_age_sec = 2 * DAY;
	expect(&f, interval(NOW), NONE);
	f.max_age_sec = 2 * DAY - 1;
	expect(&f, interval(NOW), LW_FINDING_FRESHNESS_TOO_LONG);
	f.max_age_sec = 0;
	expect(&f, interval(NOW), LW_FINDING_FRESHNESS_TOO_LONG);
}

static void implausible_dates(void **state)
{
	const int64_t ceiling = lw_released() + 50 * 366 * DAY;
	struct lw_freshness f = fresh();

	(void)state;
	f.expires = f.created + 1;
	expect(&f, interval(f.created), NONE);
	f.expires = f.created;
	expect(&f, interval(f.created), LW_FINDING_FRESHNESS_IMPLAUSIBLE);
	f.expires = f.created - 1;
	expect(&f, interval(f.created - 1), LW_FINDING_FRESHNESS_IMPLAUSIBLE);

	/* the ceiling, so that one absurd date cannot lock the enclave */
	f = fresh();
	f.created = ceiling;
	f.expires = ceiling + DAY;
	expect(&f, interval(ceiling), NONE);
	f.created = ceiling + 1;
	expect(&f, interval(ceiling + 1), LW_FINDING_FRESHNESS_IMPLAUSIBLE);
	f = fresh();
	f.created = -1;
	f.max_age_sec = INT64_MAX;
	expect(&f, interval(NOW), LW_FINDING_FRESHNESS_IMPLAUSIBLE);
}

static void time_that_is_not_trusted(void **state)
{
	struct lw_freshness f = fresh();
	struct lw_interval i = interval(NOW);

	(void)state;
	i.source = LW_HI_UNKNOWN;
	expect(&f, i, LW_FINDING_TIME_UNKNOWN);
	i = interval(lw_released() - 1);
	i.behind = true;
	expect(&f, i, LW_FINDING_TIME_BEHIND_FLOOR);
}

static void sequences(void **state)
{
	const uint64_t step = LW_MAX_SEQUENCE_STEP;
	const struct {
		uint64_t floor, sequence;
		enum lw_finding_id want;
	} rows[] = {
		{ 0, 0, LW_FINDING_FRESHNESS_SEQUENCE },
		{ 0, 1, NONE },
		{ 0, 2, NONE }, /* the first one seen: nothing is known of earlier ones */
		{ 0, step, NONE },
		{ 0, step + 1, LW_FINDING_FRESHNESS_SEQUENCE_JUMP },
		{ 4, 3, LW_FINDING_FRESHNESS_SEQUENCE },
		{ 4, 4, LW_FINDING_FRESHNESS_SEQUENCE },
		{ 4, 5, NONE },
		{ 4, 6, LW_FINDING_FRESHNESS_SEQUENCE_GAP },
		{ 4, 4 + step, LW_FINDING_FRESHNESS_SEQUENCE_GAP },
		{ 4, 4 + step + 1, LW_FINDING_FRESHNESS_SEQUENCE_JUMP },
		{ 4, LW_MAX_SEQUENCE, LW_FINDING_FRESHNESS_SEQUENCE_JUMP },
		{ LW_MAX_SEQUENCE - 1, LW_MAX_SEQUENCE, NONE },
		{ LW_MAX_SEQUENCE, LW_MAX_SEQUENCE, LW_FINDING_FRESHNESS_SEQUENCE },
		{ LW_MAX_SEQUENCE, 1, LW_FINDING_FRESHNESS_SEQUENCE },
		{ UINT64_MAX, UINT64_MAX, LW_FINDING_FRESHNESS_SEQUENCE },
		{ 0, UINT64_MAX, LW_FINDING_FRESHNESS_SEQUENCE_JUMP },
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		struct lw_freshness f = fresh();

		f.sender_floor = rows[k].floor;
		f.sequence = rows[k].sequence;
		expect(&f, interval(NOW), rows[k].want);
	}
}

/* Every finding that applies is there, and none twice. */
static void several_at_once(void **state)
{
	struct lw_freshness f = fresh();
	enum lw_finding_id last = NONE;
	bool passed = true;

	(void)state;
	f.max_age_sec = 1;
	f.sequence = 1;
	assert_int_equal(judge(&f, interval(f.expires + 1), &last, &passed), 3);
	assert_false(passed);
}

/* Whatever a clock or a database says: no overflow, and never "fresh" by accident. */
static void extremes(void **state)
{
	static const int64_t all[] = { INT64_MIN,     INT64_MIN + 1, -1,       0, 1,
				       INT64_MAX / 2, INT64_MAX - 1, INT64_MAX };
	enum lw_finding_id last;
	bool passed;

	(void)state;
	for (size_t a = 0; a < LW_COUNT_OF(all); a++)
		for (size_t b = 0; b < LW_COUNT_OF(all); b++)
			for (size_t c = 0; c < LW_COUNT_OF(all); c++) {
				struct lw_clock clock = clock_at(all[a], all[b]);
				struct lw_attested at = attested_at(all[c], all[a], boot);
				struct lw_freshness f = fresh();
				struct lw_interval i =
					lw_interval_now(&clock, all[c], &at, true);

				assert_true(i.lo >= lw_released());
				assert_int_equal(i.behind, i.hi < i.lo);
				(void)judge(&f, i, &last, &passed);

				f = fresh();
				f.created = all[a];
				f.expires = all[b];
				f.max_age_sec = all[c];
				f.skew_sec = all[c];
				(void)judge(&f, interval(NOW), &last, &passed);
				assert_false(passed && (all[a] < 0 || all[b] < NOW));
				i = interval(all[b]);
				i.behind = i.hi < i.lo;
				f = fresh();
				f.skew_sec = all[a] < 0 ? 0 : all[a];
				(void)judge(&f, i, &last, &passed);
				assert_false(passed);
			}
}

/* ---- requests ---- */

/* Whether it is said that nothing proves it, and what else is found; NONE: nothing. */
static enum lw_finding_id answers(const struct lw_freshness *f, struct lw_interval i,
				  bool *ret_proven)
{
	struct lw_verdict v = { 0 };
	enum lw_finding_id found = NONE;

	*ret_proven = true;
	lw_freshness_judge(f, &i, &v);
	for (size_t k = 0; k < v.n_findings; k++)
		if (v.findings[k].id == LW_FINDING_FRESHNESS_NOT_PROVEN)
			*ret_proven = false;
		else
			found = v.findings[k].id;
	assert_int_equal(lw_freshness_is_proven(f, &i), *ret_proven);
	lw_verdict_release(&v);
	return found;
}

static void only_an_open_request_proves(void **state)
{
	static const struct {
		enum lw_nonce_standing standing;
		bool required;
		enum lw_finding_id want;
		bool proven;
	} rows[] = {
		{ LW_NONCE_NONE, false, NONE, false },
		{ LW_NONCE_NONE, true, LW_FINDING_FRESHNESS_UNANSWERED, false },
		{ LW_NONCE_UNKNOWN, false, LW_FINDING_FRESHNESS_NONCE_UNKNOWN, false },
		{ LW_NONCE_UNKNOWN, true, LW_FINDING_FRESHNESS_NONCE_UNKNOWN, false },
		{ LW_NONCE_SPENT, false, LW_FINDING_FRESHNESS_NONCE_SPENT, false },
		{ LW_NONCE_SPENT, true, LW_FINDING_FRESHNESS_NONCE_SPENT, false },
		{ LW_NONCE_CANCELLED, false, LW_FINDING_FRESHNESS_REQUEST_CANCELLED, false },
		{ LW_NONCE_CANCELLED, true, LW_FINDING_FRESHNESS_REQUEST_CANCELLED, false },
		{ LW_NONCE_OPEN, false, NONE, true },
		{ LW_NONCE_OPEN, true, NONE, true },
		/* what no one ever sets is no answer */
		{ (enum lw_nonce_standing)99, true, LW_FINDING_FRESHNESS_UNANSWERED, false },
	};

	(void)state;
	for (size_t k = 0; k < LW_COUNT_OF(rows); k++) {
		struct lw_freshness f = fresh();
		bool proven = false;

		f.nonce = "";
		f.standing = rows[k].standing;
		f.challenge_required = rows[k].required;
		f.request_expires = NOW;
		assert_int_equal(answers(&f, interval(NOW), &proven), rows[k].want);
		assert_int_equal(proven, rows[k].proven);
	}
}

static void requests_expire(void **state)
{
	struct lw_freshness f = fresh();
	struct lw_interval unknown = { .lo = lw_released() };
	bool proven = false;

	(void)state;
	f.nonce = "";
	f.standing = LW_NONCE_OPEN;
	f.request_expires = NOW;
	assert_int_equal(answers(&f, interval(NOW), &proven), NONE);
	assert_true(proven);
	f.request_expires = NOW - 1;
	assert_int_equal(answers(&f, interval(NOW), &proven),
			 LW_FINDING_FRESHNESS_REQUEST_EXPIRED);
	assert_false(proven);
	/* it needs no clock; that nothing loads without one is said otherwise */
	assert_int_equal(answers(&f, unknown, &proven), LW_FINDING_TIME_UNKNOWN);
	assert_true(proven);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_is_hi),
		cmocka_unit_test(behind),
		cmocka_unit_test(people_go_before_the_clock),
		cmocka_unit_test(an_attestation_lasts_one_boot),
		cmocka_unit_test(a_clock_that_is_not_trusted),
		cmocka_unit_test(boundaries_of_time),
		cmocka_unit_test(implausible_dates),
		cmocka_unit_test(time_that_is_not_trusted),
		cmocka_unit_test(sequences),
		cmocka_unit_test(several_at_once),
		cmocka_unit_test(extremes),
		cmocka_unit_test(only_an_open_request_proves),
		cmocka_unit_test(requests_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
