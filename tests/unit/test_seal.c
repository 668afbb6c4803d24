/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/people.h"

struct fixture {
	struct lw_dsse d;
	struct lw_buf seal;
	struct lw_error e;
};

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));
	struct lw_digest id = people_id(1);
	LW_AUTO(buf) struct lw_buf sig = { 0 };

	lw_buf_adds(&f->d.payload, "{\"a\":1}");
	people_sign(1, lw_buf_span(&f->d.payload), &sig);
	OK(lw_seal_add(&f->d, &id, lw_buf_span(&sig), &f->e));
	OK(lw_seal_write(&f->d, &f->seal, &f->e));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lw_dsse_release(&f->d);
	lw_buf_free(&f->seal);
	free(f);
	return 0;
}

static void refused(struct fixture *f, enum lw_code code, struct lw_span seal)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	FAILS(code, lw_seal_parse(seal, &d, &f->e));
}

static void roundtrip(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };

	assert_int_equal(f->seal.n, 262144);
	OK(lw_seal_parse(lw_buf_span(&f->seal), &d, &f->e));
	assert_true(lw_span_equal(lw_buf_span(&d.payload), lw_buf_span(&f->d.payload)));
	OK(lw_seal_write(&d, &again, &f->e));
	assert_true(lw_span_equal(lw_buf_span(&again), lw_buf_span(&f->seal)));
}

/* An approval overwrites from the closing "]}" on, and nothing before it. */
static void an_approval_is_added_in_place(void **state)
{
	struct fixture *f = *state;
	struct lw_digest id = people_id(2);
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	LW_AUTO(buf) struct lw_buf after = { 0 };
	size_t end = f->seal.n, changed = 0;

	while (f->seal.p[end - 1] == ' ')
		end--;
	people_sign(2, lw_buf_span(&f->d.payload), &sig);
	OK(lw_seal_add(&f->d, &id, lw_buf_span(&sig), &f->e));
	FAILS(LW_E_EXISTS, lw_seal_add(&f->d, &id, lw_buf_span(&sig), &f->e));
	OK(lw_seal_write(&f->d, &after, &f->e));
	assert_int_equal(after.n, f->seal.n);
	assert_memory_equal(after.p, f->seal.p, end - 2);
	for (size_t i = end - 2; i < after.n; i++)
		changed += after.p[i] != f->seal.p[i];
	assert_true(changed > 100 && changed < 200);
}

static void the_size_is_exact(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n < 1000; n++)
		refused(f, LW_E_FORMAT, lw_span(f->seal.p, n));
	refused(f, LW_E_FORMAT, lw_span(f->seal.p, f->seal.n - 1));
	lw_buf_addc(&f->seal, ' ');
	refused(f, LW_E_FORMAT, lw_buf_span(&f->seal));
}

static void padding_is_spaces(void **state)
{
	struct fixture *f = *state;
	static const uint8_t others[] = { 0, '\n', '\r', '\t', '}', '{', '0', 0xa0, 0xff };
	size_t end = f->seal.n;

	while (f->seal.p[end - 1] == ' ')
		end--;

	const size_t at[] = { end,	     end + 1,	    end + 511,
			      f->seal.n / 2, f->seal.n - 2, f->seal.n - 1 };

	for (size_t i = 0; i < LW_COUNT_OF(at); i++)
		for (size_t k = 0; k < sizeof(others); k++) {
			f->seal.p[at[i]] = others[k];
			refused(f, LW_E_FORMAT, lw_buf_span(&f->seal));
			f->seal.p[at[i]] = ' ';
		}
	memset(f->seal.p, ' ', f->seal.n);
	refused(f, LW_E_FORMAT, lw_buf_span(&f->seal));
	memset(f->seal.p, 0, f->seal.n);
	refused(f, LW_E_FORMAT, lw_buf_span(&f->seal));
}

static void it_fills_up(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_digest id = { .sha256 = { 0 } };

	lw_buf_fill(&sig, 7, 64);
	while (f->d.n_signatures < LW_MAX_APPROVALS) {
		id.sha256[0]++;
		OK(lw_seal_add(&f->d, &id, lw_buf_span(&sig), &f->e));
	}
	id.sha256[0]++;
	FAILS(LW_E_LIMIT, lw_seal_add(&f->d, &id, lw_buf_span(&sig), &f->e));
	assert_int_equal(f->d.n_signatures, LW_MAX_APPROVALS);
	OK(lw_seal_write(&f->d, &out, &f->e));
	assert_int_equal(out.n, LW_MAX_SEAL_BYTES);

	/* Signatures too large for the room: nothing is appended. */
	for (size_t i = 0; i < LW_MAX_APPROVALS; i++)
		lw_buf_fill(&f->d.signatures[i].sig, 7, 8000);
	FAILS(LW_E_LIMIT, lw_seal_write(&f->d, &out, &f->e));
	assert_int_equal(out.n, LW_MAX_SEAL_BYTES);
}

/* The largest envelope that fits has no padding at all. */
static void it_may_be_full_to_the_last_byte(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	size_t quads = 0;

	lw_buf_adds(&d.payload, "p");
	/* Base64 grows by fours: so many signatures that fours fill the rest. */
	for (d.n_signatures = 16; quads == 0; d.n_signatures++) {
		lw_buf_clear(&out);
		lw_dsse_write(&d, &out);
		if ((LW_MAX_SEAL_BYTES - out.n) % 4 == 0) {
			quads = (LW_MAX_SEAL_BYTES - out.n) / 4;
			break;
		}
	}
	assert_true(d.n_signatures < 20);
	for (size_t i = 0; i < quads; i++)
		lw_buf_fill(&d.signatures[i % d.n_signatures].sig, 0x5a, 3);
	lw_buf_clear(&out);
	OK(lw_seal_write(&d, &out, &f->e));
	assert_int_equal(out.n, LW_MAX_SEAL_BYTES);
	assert_int_equal(out.p[out.n - 1], '}');

	LW_AUTO(dsse) struct lw_dsse again = { 0 };

	OK(lw_seal_parse(lw_buf_span(&out), &again, &f->e));
	assert_int_equal(again.n_signatures, d.n_signatures);
	lw_buf_addc(&d.signatures[0].sig, 1);
	FAILS(LW_E_LIMIT, lw_seal_write(&d, &out, &f->e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(roundtrip, setup, teardown),
		cmocka_unit_test_setup_teardown(an_approval_is_added_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(the_size_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(padding_is_spaces, setup, teardown),
		cmocka_unit_test_setup_teardown(it_fills_up, setup, teardown),
		cmocka_unit_test_setup_teardown(it_may_be_full_to_the_last_byte, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
