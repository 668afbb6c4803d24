/* SPDX-License-Identifier: Apache-2.0 */
/* The enclave's requests, as the state has them; and a state from before there were any. */
#include "custody/state_requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "custody/state_pending.h"
#include "custody/state_internal.h" /* the database under it, to make it older */
#include "tests/lib/state_fixture.h"

#define OK(call)	  assert_int_equal(call, 0)
#define FAILS(code, call) assert_int_equal(call, -(int)(code))

static int reopen(struct fixture *f, enum lw_state_mode mode)
{
	lw_state_close(lw_steal(f->state));
	return lw_state_open(f->at.dir, mode, &f->state, &f->e);
}

static void sql(struct fixture *f, const char *statements)
{
	sqlite3 *db = NULL;
	char name[64];

	lw_state_close(lw_steal(f->state));
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d/state.db", f->at.dir);
	OK(sqlite3_open(name, &db));
	OK(sqlite3_exec(db, statements, NULL, NULL, NULL));
	OK(sqlite3_close(db));
}

static struct lw_state_request request(uint8_t n)
{
	struct lw_state_request r = { .asked = 100, .expires = 200, .record = n };

	memset(r.nonce.bytes, n, sizeof(r.nonce.bytes));
	return r;
}

static int tell(void *data, const struct lw_state_request *r, struct lw_error *e)
{
	(void)e;
	lw_buf_printf(data, "%u:%u/%llu ", r->nonce.bytes[0], (unsigned)r->state,
		      (unsigned long long)r->closed);
	return 0;
}

static void all(struct fixture *f, const char *want)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	OK(lw_state_each_request(f->state, tell, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), want);
}

static void test_once(void **state)
{
	struct fixture *f = *state;
	struct lw_state_request one = request(1), two = request(2), never = request(3), got;
	uint64_t open = 9;

	FAILS(LW_E_INTERNAL, lw_state_request_add(f->state, &one, &f->e));
	FAILS(LW_E_NOTFOUND, lw_state_request_get(f->state, &one.nonce, &got, &f->e));
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_request_add(f->state, &two, &f->e));
	OK(lw_state_request_add(f->state, &one, &f->e));
	OK(lw_state_commit(f->state, &f->e));
	all(f, "1:0/0 2:0/0 ");
	OK(lw_state_request_get(f->state, &one.nonce, &got, &f->e));
	assert_int_equal(got.asked, 100);
	assert_int_equal(got.expires, 200);
	assert_int_equal(got.record, 1);
	OK(lw_state_request_count(f->state, 200, &open, &f->e));
	assert_int_equal(open, 2);
	OK(lw_state_request_count(f->state, 201, &open, &f->e));
	assert_int_equal(open, 0);

	/* What is given up is open as before. */
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_request_close(f->state, &one.nonce, LW_REQUEST_ANSWERED, 7, &f->e));
	lw_state_rollback(f->state);
	all(f, "1:0/0 2:0/0 ");

	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_request_close(f->state, &one.nonce, LW_REQUEST_ANSWERED, 7, &f->e));
	FAILS(LW_E_CONFLICT,
	      lw_state_request_close(f->state, &one.nonce, LW_REQUEST_ANSWERED, 8, &f->e));
	FAILS(LW_E_CONFLICT,
	      lw_state_request_close(f->state, &one.nonce, LW_REQUEST_CANCELLED, 8, &f->e));
	FAILS(LW_E_CONFLICT,
	      lw_state_request_close(f->state, &never.nonce, LW_REQUEST_CANCELLED, 8, &f->e));
	OK(lw_state_request_close(f->state, &two.nonce, LW_REQUEST_CANCELLED, 8, &f->e));
	OK(lw_state_commit(f->state, &f->e));
	OK(reopen(f, LW_STATE_READ));
	all(f, "1:1/7 2:2/8 ");
	OK(lw_state_request_count(f->state, 0, &open, &f->e));
	assert_int_equal(open, 0);
}

static void test_bad_rows(void **state)
{
	struct fixture *f = *state;
	struct lw_state_request one = request(1), late = request(2);

	late.expires = late.asked;
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_request_add(f->state, &one, &f->e));
	FAILS(LW_E_STATE, lw_state_request_add(f->state, &one, &f->e)); /* never twice */
	FAILS(LW_E_STATE, lw_state_request_add(f->state, &late, &f->e));
	FAILS(LW_E_STATE,
	      lw_state_request_close(f->state, &one.nonce, LW_REQUEST_ANSWERED, 0, &f->e));
}

#define TO_5 "DROP TABLE request; PRAGMA user_version = 5"
#define TO_4                                                                                   \
	"DROP TABLE request; DROP TABLE pending_need; DROP TABLE pending_volume; "             \
	"CREATE TABLE pending_volume ("                                                        \
	"pending INTEGER NOT NULL REFERENCES pending (id) ON DELETE CASCADE, "                 \
	"volume INTEGER NOT NULL CHECK (volume >= 1), "                                        \
	"members INTEGER NOT NULL CHECK (members >= 1), "                                      \
	"PRIMARY KEY (pending, volume)"                                                        \
	") STRICT, WITHOUT ROWID; PRAGMA user_version = 4"

/* A state of an older version is read as it is, and taken over by the first who writes. */
static void take_over(struct fixture *f, const char *older, int64_t version,
		      enum lw_state_mode writer)
{
	struct lw_state_request one = request(1), got;
	uint64_t open = 1;

	sql(f, older);
	OK(reopen(f, LW_STATE_READ));
	assert_int_equal(f->state->version, version);
	all(f, "");
	FAILS(LW_E_NOTFOUND, lw_state_request_get(f->state, &one.nonce, &got, &f->e));
	OK(lw_state_request_count(f->state, 0, &open, &f->e));
	assert_int_equal(open, 0);
	OK(reopen(f, LW_STATE_READ)); /* who looks changes nothing */
	assert_int_equal(f->state->version, version);
	OK(reopen(f, writer));
	assert_int_equal(f->state->version, LW_STATE_VERSION);
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_state_request_add(f->state, &one, &f->e));
	OK(lw_state_commit(f->state, &f->e));
	OK(reopen(f, LW_STATE_READ));
	all(f, "1:0/0 ");
}

static void test_older(void **state)
{
	struct fixture *f = *state;

	take_over(f, TO_5, 5, LW_STATE_WRITE);
	take_over(f, TO_5, 5, LW_STATE_BOOK);
	take_over(f, TO_4, 4, LW_STATE_WRITE);
	take_over(f, TO_4, 4, LW_STATE_BOOK);
}

static int tell_volume(void *data, uint64_t volume, uint64_t members, uint64_t in,
		       struct lw_error *e)
{
	(void)e;
	lw_buf_printf(data, "%llu:%llu/%llu ", (unsigned long long)volume,
		      (unsigned long long)in, (unsigned long long)members);
	return 0;
}

static int no_need(void *data, const struct lw_digest *d, uint64_t size, bool in,
		   struct lw_error *e)
{
	(void)data;
	(void)d;
	(void)size;
	(void)in;
	return lw_fail(e, LW_E_INTERNAL, "nothing was needed then");
}

/* What was begun before can be looked at, and goes on. */
static void test_rows_stay(void **state)
{
	struct fixture *f = *state;
	LW_AUTO(buf) struct lw_buf b = { 0 };

	sql(f, TO_4 "; INSERT INTO pending VALUES (3, zeroblob(32), 'acme', 7, 5, 9, 1, 1); "
		    "INSERT INTO pending_volume VALUES (3, 1, 4), (3, 2, 5)");
	OK(reopen(f, LW_STATE_READ));
	OK(lw_state_each_pending_need(f->state, 3, no_need, NULL, &f->e));
	OK(reopen(f, LW_STATE_WRITE));
	OK(lw_state_each_pending_volume(f->state, 3, tell_volume, &b, &f->e));
	assert_string_equal(lw_buf_str(&b), "1:0/4 2:0/5 ");
	OK(reopen(f, LW_STATE_WRITE));
}

/* One that cannot be finished leaves what was there. */
static void test_not_halfway(void **state)
{
	struct fixture *f = *state;

	sql(f, TO_5);
	OK(reopen(f, LW_STATE_READ));
	f->state->mode = LW_STATE_WRITE;
	FAILS(LW_E_IO, lw_state_schema_raise(f->state, &f->e)); /* it may not write */
	OK(reopen(f, LW_STATE_READ));
	assert_int_equal(f->state->version, 5);
}

/* Taking over is no way around the comparison of tables. */
static void test_none_of_ours(void **state)
{
	static const char *const statements[] = {
		"PRAGMA user_version = 5",
		"PRAGMA user_version = 4",
		"DROP TABLE request",
		"PRAGMA user_version = 7",
		"DROP TABLE request; PRAGMA user_version = 3",
		"DROP TABLE request; PRAGMA user_version = 4",
		TO_4 "; PRAGMA user_version = 5",
		TO_5 "; DROP TABLE queue",
		TO_5 "; CREATE TABLE request (x)",
		TO_5 "; CREATE TABLE other (x)",
		TO_4 "; CREATE TABLE kept (x)",
	};

	for (size_t i = 0; i < LW_COUNT_OF(statements); i++) {
		void *fresh = NULL;
		struct fixture *f;

		OK(setup(&fresh));
		f = fresh;
		sql(f, statements[i]);
		FAILS(LW_E_STATE, reopen(f, LW_STATE_READ));
		FAILS(LW_E_STATE, reopen(f, LW_STATE_WRITE));
		FAILS(LW_E_STATE, reopen(f, LW_STATE_BOOK));
		OK(teardown(&fresh));
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_older, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_halfway, setup, teardown),
		cmocka_unit_test(test_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
