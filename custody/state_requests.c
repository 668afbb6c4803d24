/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/state_requests.h"

#include "custody/state_internal.h"

#define COLUMNS "nonce, asked, expires, record, state, closed"
#define SINCE	6 /* the version of the tables that has them */

static struct lw_arg nonce_arg(const struct lw_nonce *nonce)
{
	return lw_arg_blob(lw_span(nonce->bytes, sizeof(nonce->bytes)));
}

static int read_request(sqlite3_stmt *st, struct lw_state_request *ret, struct lw_error *e)
{
	struct lw_span nonce = lw_state_column_blob(st, 0);
	struct lw_state_request r = {
		.asked = sqlite3_column_int64(st, 1),
		.expires = sqlite3_column_int64(st, 2),
		.record = (uint64_t)sqlite3_column_int64(st, 3),
		.closed = (uint64_t)sqlite3_column_int64(st, 5),
	};
	int64_t state = sqlite3_column_int64(st, 4);

	if (nonce.n != sizeof(r.nonce.bytes) || state < LW_REQUEST_OPEN ||
	    state > LW_REQUEST_CANCELLED)
		return lw_fail(e, LW_E_STATE, "state.db: a request that is none");
	memcpy(r.nonce.bytes, nonce.p, sizeof(r.nonce.bytes));
	r.state = (enum lw_request_state)state;
	*ret = r;
	return 0;
}

int lw_state_request_get(struct lw_state *s, const struct lw_nonce *nonce,
			 struct lw_state_request *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = 0;

	if (s->version >= SINCE)
		rc = lw_state_find(s, "SELECT " COLUMNS " FROM request WHERE nonce = ?1",
				   LW_ARGS(nonce_arg(nonce)), &st, &row, e);
	if (rc)
		return rc;
	if (!row)
		return lw_fail(e, LW_E_NOTFOUND, "this enclave never made that request");
	return read_request(st, ret, e);
}

int lw_state_request_add(struct lw_state *s, const struct lw_state_request *r,
			 struct lw_error *e)
{
	return lw_state_change(s,
			       "INSERT INTO request (" COLUMNS ") "
			       "VALUES (?1, ?2, ?3, ?4, 0, 0)",
			       LW_ARGS(nonce_arg(&r->nonce), lw_arg_integer(r->asked),
				       lw_arg_integer(r->expires),
				       lw_arg_integer((int64_t)r->record)),
			       NULL, e);
}

int lw_state_request_close(struct lw_state *s, const struct lw_nonce *nonce,
			   enum lw_request_state state, uint64_t record, struct lw_error *e)
{
	int changed = 0;
	int rc = lw_state_change(s,
				 "UPDATE request SET state = ?2, closed = ?3 "
				 "WHERE nonce = ?1 AND state = 0",
				 LW_ARGS(nonce_arg(nonce), lw_arg_integer(state),
					 lw_arg_integer((int64_t)record)),
				 &changed, e);

	if (!rc && changed != 1)
		rc = lw_fail(e, LW_E_CONFLICT, "that request is not open");
	return rc;
}

int lw_state_request_count(struct lw_state *s, int64_t now, uint64_t *ret, struct lw_error *e)
{
	LW_AUTO(reset) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc = 0;

	if (s->version >= SINCE)
		rc = lw_state_find(s,
				   "SELECT count(*) FROM request "
				   "WHERE state = 0 AND expires >= ?1",
				   LW_ARGS(lw_arg_integer(now)), &st, &row, e);
	if (!rc)
		*ret = row ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	return rc;
}

int lw_state_each_request(struct lw_state *s,
			  int (*found)(void *data, const struct lw_state_request *r,
				       struct lw_error *e),
			  void *data, struct lw_error *e)
{
	LW_AUTO(statement) sqlite3_stmt *st = NULL;
	bool row = false;
	int rc;

	if (s->version < SINCE)
		return 0;
	rc = lw_state_walk(s, "SELECT " COLUMNS " FROM request ORDER BY record, nonce", NULL, 0,
			   &st, e);
	while (!rc) {
		struct lw_state_request r = { 0 };

		rc = lw_state_step(s, st, &row, e);
		if (rc || !row)
			break;
		rc = read_request(st, &r, e);
		if (!rc)
			rc = found(data, &r, e);
	}
	return rc;
}
