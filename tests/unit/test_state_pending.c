/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of which not all volumes are in, as the state has them. */
#include "custody/state_pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/state_fixture.h"

#define OK(call) assert_int_equal(call, 0)

static int tell_volume(void *data, uint64_t volume, uint64_t members, uint64_t in,
		       struct lw_error *e)
{
	struct lw_buf *b = data;

	(void)e;
	lw_buf_printf(b, "%llu:%llu/%llu ", (unsigned long long)volume, (unsigned long long)in,
		      (unsigned long long)members);
	return 0;
}

static int tell_member(void *data, const struct lw_state_member *m, struct lw_error *e)
{
	struct lw_buf *b = data;

	(void)e;
	lw_buf_printf(b, "%llu.%llu%s ", (unsigned long long)m->entry,
		      (unsigned long long)m->piece, m->kept ? "k" : "");
	return 0;
}

static int tell_seal(void *data, struct lw_span seal, struct lw_error *e)
{
	struct lw_buf *b = data;

	(void)e;
	lw_buf_add(b, seal.p, seal.n);
	return 0;
}

static int tell_pending(void *data, const struct lw_state_pending *p, struct lw_error *e)
{
	struct lw_buf *b = data;

	(void)e;
	lw_buf_printf(b, "%s%llu ", p->sender, (unsigned long long)p->sequence);
	return 0;
}

static void test_pending(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_state_pending p = { .digest = lw_digest_of(lw_span_str("one")),
				      .begun = 100,
				      .last = 100 },
				other = { .digest = lw_digest_of(lw_span_str("two")),
					  .sender = "x",
					  .sequence = 1,
					  .begun = 50,
					  .last = 60 },
				again = { .digest = p.digest }, got = { 0 };
	int64_t id = 0, second = 0;
	bool staged = true;

	assert_int_equal(lw_state_pending_put(f->state, &p, &id, &f->e), -LW_E_INTERNAL);
	assert_int_equal(lw_state_pending_get(f->state, &p.digest, &got, &f->e),
			 -LW_E_NOTFOUND);
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_pending_put(f->state, &p, &id, &f->e));
	OK(lw_state_pending_put(f->state, &other, &second, &f->e));
	assert_int_not_equal(id, second);
	OK(lw_state_each_pending(f->state, tell_pending, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "x1 0 "); /* by when they were begun */
	/* What is known later; when it was begun stays. */
	(void)snprintf(p.sender, sizeof(p.sender), "acme");
	p.sequence = 7;
	p.bytes = 5000;
	p.expires = 9000;
	p.begun = p.last = 200;
	OK(lw_state_pending_put(f->state, &p, &second, &f->e));
	assert_int_equal(second, id);
	/* Which a copy that proves nothing does not take away. */
	again.begun = again.last = 300;
	OK(lw_state_pending_put(f->state, &again, &second, &f->e));
	assert_int_equal(second, id);
	for (uint64_t v = 1; v <= 3; v++)
		OK(lw_state_pending_volume_add(f->state, id, v, v + 1, &f->e));
	OK(lw_state_pending_volume_add(f->state, id, 3, 99, &f->e)); /* once */
	const struct lw_state_member members[] = { { 0, 0, 1, 10, false },
						   { 1, 0, 1, 20, true },
						   { 2, 1, 2, 30, false },
						   { 2, 2, 3, 40, false } };
	for (size_t i = LW_COUNT_OF(members); i-- > 0;)
		OK(lw_state_pending_member_put(f->state, id, &members[i], &f->e));
	OK(lw_state_pending_member_put(f->state, id, &members[0], &f->e));
	OK(lw_state_pending_seal_add(f->state, id, lw_span_str("seal"), &f->e));
	OK(lw_state_pending_seal_add(f->state, id, lw_span_str("seal"), &f->e));
	OK(lw_state_commit(f->state, &f->e));

	OK(lw_state_pending_get(f->state, &p.digest, &got, &f->e));
	assert_string_equal(got.sender, "acme");
	assert_int_equal(got.sequence, 7);
	assert_int_equal(got.bytes, 5000);
	assert_int_equal(got.expires, 9000);
	assert_int_equal(got.begun, 100);
	assert_int_equal(got.last, 300);
	assert_int_equal(got.volumes, 3);
	assert_int_equal(got.staged_bytes, 80);
	lw_buf_clear(&b);
	OK(lw_state_each_pending_volume(f->state, id, tell_volume, &b, &f->e));
	OK(lw_state_each_pending_member(f->state, id, tell_member, &b, &f->e));
	OK(lw_state_each_pending_seal(f->state, id, tell_seal, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "1:2/2 2:1/3 3:1/4 0.0 1.0k 2.1 2.2 seal");
	OK(lw_state_pending_is_staged(f->state, &p.digest, 2, &staged, &f->e));
	assert_true(staged);
	OK(lw_state_pending_is_staged(f->state, &p.digest, 1, &staged, &f->e));
	assert_false(staged); /* kept */
	OK(lw_state_pending_is_staged(f->state, &other.digest, 2, &staged, &f->e));
	assert_false(staged);

	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_pending_member_remove(f->state, id, 2, 1, &f->e));
	lw_buf_clear(&b);
	OK(lw_state_each_pending_member(f->state, id, tell_member, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "0.0 1.0k 2.2 ");
	OK(lw_state_pending_kept_forget(f->state, &f->e));
	lw_buf_clear(&b);
	OK(lw_state_each_pending_member(f->state, id, tell_member, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "0.0 2.2 ");
	OK(lw_state_pending_remove(f->state, &p.digest, &f->e));
	OK(lw_state_pending_remove(f->state, &p.digest, &f->e));
	lw_buf_clear(&b);
	OK(lw_state_each_pending_volume(f->state, id, tell_volume, &b, &f->e));
	OK(lw_state_each_pending_member(f->state, id, tell_member, &b, &f->e));
	OK(lw_state_each_pending_seal(f->state, id, tell_seal, &b, &f->e));
	OK(lw_state_each_pending(f->state, tell_pending, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "x1 ");
	OK(lw_state_commit(f->state, &f->e));
}

static int tell_need(void *data, const struct lw_digest *d, uint64_t size, bool in,
		     struct lw_error *e)
{
	struct lw_buf *b = data;

	(void)e;
	lw_buf_printf(b, "%02x:%llu%s ", d->sha256[0], (unsigned long long)size,
		      in ? "+" : "-");
	return 0;
}

static int count_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	(void)d;
	(void)size;
	(void)e;
	++*(size_t *)data;
	return 0;
}

/* What a bundle awaits is neither waste nor to be removed, until nobody awaits it. */
static void test_needs(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_state_pending one = { .digest = lw_digest_of(lw_span_str("one")) },
				two = { .digest = lw_digest_of(lw_span_str("two")) };
	const struct lw_state_member brought = { 7, 0, 2, 3, false };
	struct lw_digest blobs[3] = { { { 0x11 } }, { { 0x22 } }, { { 0x33 } } };
	int64_t id = 0, second = 0;
	size_t waste = 0;

	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_pending_put(f->state, &one, &id, &f->e));
	OK(lw_state_pending_put(f->state, &two, &second, &f->e));
	OK(lw_state_blob_add(f->state, &blobs[0], 1, &f->e));
	OK(lw_state_blob_add(f->state, &blobs[1], 2, &f->e));
	OK(lw_state_pending_need_add(f->state, id, 9, &blobs[1], 5, &f->e));
	OK(lw_state_pending_need_add(f->state, id, 4, &blobs[0], 1, &f->e));
	OK(lw_state_pending_need_add(f->state, id, 4, &blobs[0], 1, &f->e)); /* once */
	OK(lw_state_pending_need_add(f->state, id, 7, &blobs[2], 3, &f->e));
	OK(lw_state_pending_need_add(f->state, second, 0, &blobs[0], 1, &f->e));
	OK(lw_state_each_pending_need(f->state, id, tell_need, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "11:1+ 33:3- 22:5- "); /* of that size */
	OK(lw_state_pending_member_put(f->state, id, &brought, &f->e));
	lw_buf_clear(&b);
	OK(lw_state_each_pending_need(f->state, id, tell_need, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "11:1+ 33:3+ 22:5- ");
	OK(lw_state_each_blob(f->state, true, count_blob, &waste, &f->e));
	assert_int_equal(waste, 0);
	assert_int_equal(lw_state_blob_remove(f->state, &blobs[0], &f->e), -LW_E_CONFLICT);
	OK(lw_state_pending_remove(f->state, &one.digest, &f->e));
	OK(lw_state_each_blob(f->state, true, count_blob, &waste, &f->e));
	assert_int_equal(waste, 1); /* the other still awaits one */
	OK(lw_state_pending_remove(f->state, &two.digest, &f->e));
	OK(lw_state_blob_remove(f->state, &blobs[0], &f->e));
	OK(lw_state_commit(f->state, &f->e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_needs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pending, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
