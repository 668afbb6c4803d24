/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/ask.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "bundle/intake.h"

#include <string.h>

#define REASON_BYTES 1024
#define BY_BYTES     128
#define KEY_BYTES    ((size_t)4096)

/* ---- its key ---- */

static int make_key(struct lw_enclave *enclave, struct lw_buf *pem, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf public = { 0 };
	int r = lw_private_key_generate("ed25519", NULL, pem, &public, e);

	return r < 0 ? r
		     : lw_fs_publish(enclave->dir, LW_REQUEST_KEY, lw_buf_span(pem), 0400, e);
}

/* Before anything is committed: what signs nothing would leave a request that nobody has. */
static int require_kind(const struct lw_private_key *private, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf der = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	int r = lw_private_key_public(private, &der, e);

	if (r == 0)
		r = lw_key_parse(lw_buf_span(&der), &key, e);
	if (r == 0 && strcmp(lw_key_algorithm(key), "Ed25519") != 0)
		r = lw_fail(e, LW_E_KEY,
			    "want an Ed25519 key, have %s: put back the one that senders know, "
			    "or move it away, and the next request makes another",
			    lw_key_algorithm(key));
	return r;
}

static int open_key(struct lw_enclave *enclave, struct lw_private_key **ret, struct lw_error *e)
{
	LW_AUTO(private_key) struct lw_private_key *key = NULL;
	LW_AUTO(buf) struct lw_buf pem = { 0 };
	int r;

	lw_buf_reserve(&pem, KEY_BYTES); /* so that it is never copied on its way */
	r = lw_fs_read_beneath(enclave->dir, LW_REQUEST_KEY, KEY_BYTES - 1, &pem, e);
	if (r == -LW_E_NOTFOUND)
		r = make_key(enclave, &pem, e);
	if (r == 0)
		r = lw_private_key_parse(lw_buf_span(&pem), NULL, &key, e);
	if (pem.p)
		explicit_bzero(pem.p, pem.cap);
	if (r == 0)
		r = require_kind(key, e);
	if (r < 0)
		return lw_prefix(e, LW_REQUEST_KEY);
	*ret = lw_steal(key);
	return 0;
}

int lw_ask_public_key(struct lw_enclave *enclave, struct lw_buf *pem, struct lw_error *e)
{
	LW_AUTO(private_key) struct lw_private_key *key = NULL;
	LW_AUTO(buf) struct lw_buf der = { 0 };
	int r = open_key(enclave, &key, e);

	if (r == 0)
		r = lw_private_key_public(key, &der, e);
	if (r < 0)
		return r;
	lw_buf_adds(pem, "-----BEGIN PUBLIC KEY-----\n");
	lw_base64_encode(pem, lw_buf_span(&der)); /* of Ed25519: less than a line */
	lw_buf_adds(pem, "\n-----END PUBLIC KEY-----\n");
	return 0;
}

/* ---- asking ---- */

static int compare_floors(const void *a, const void *b)
{
	const struct lw_request_floor *x = a, *y = b;

	return strcmp(x->sender, y->sender);
}

static int add_floor(struct lw_state *s, const char *sender, struct lw_request *r,
		     struct lw_error *e)
{
	struct lw_request_floor *floor;

	if (lw_request_floor(r, sender))
		return 0;
	floor = &r->floors[r->n_floors++];
	(void)snprintf(floor->sender, sizeof(floor->sender), "%s", sender);
	return lw_state_sender_floor(s, sender, &floor->sequence, e);
}

static int fill_floors(struct lw_enclave *enclave, const struct lw_ask_options *o,
		       struct lw_request *r, struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	int rc = lw_intake_policy(enclave, &policy, e);

	if (rc < 0)
		return rc;
	r->floors = lw_alloc_array(policy->n_senders, sizeof(*r->floors));
	for (size_t i = 0; i < o->n_senders && rc == 0; i++) {
		const struct lw_sender *s = lw_policy_sender(policy, o->senders[i]);
		char shown[2 * LW_MAX_LABEL];

		if (s)
			rc = add_floor(enclave->state, s->name, r, e);
		else
			rc = lw_fail(e, LW_E_NOTFOUND, "policy knows no sender '%s'",
				     lw_text_escape_str(o->senders[i], shown, sizeof(shown)));
	}
	for (size_t i = 0; i < policy->n_senders && rc == 0 && o->n_senders == 0; i++)
		rc = add_floor(enclave->state, policy->senders[i].name, r, e);
	if (rc == 0)
		lw_sort(r->floors, r->n_floors, sizeof(*r->floors), compare_floors);
	return rc;
}

struct told {
	const struct lw_nonce *nonce;
	int64_t expires; /* 0: not said */
	const char *reason, *by;
};

static void fill(struct lw_json_writer *w, const void *data)
{
	const struct told *t = data;
	char time[LW_TIME_TEXT], nonce[LW_NONCE_HEX];

	if (t->by)
		lw_json_w_member(w, "by", t->by);
	if (t->expires)
		lw_json_w_member(w, "expires", lw_time_format(t->expires, time));
	lw_json_w_member(w, "nonce", lw_nonce_hex(t->nonce, nonce));
	if (t->reason)
		lw_json_w_member(w, "reason", t->reason);
}

static int require_plain(const char *what, const char *text, size_t max, struct lw_error *e)
{
	size_t n = text ? strlen(text) : 1;

	if (n == 0 || n > max || (text && !lw_text_is_plain(lw_span_str(text))))
		return lw_fail(e, LW_E_USAGE, "%s: 1 to %zu bytes of plain text on one line",
			       what, max);
	return 0;
}

static int require_room(struct lw_state *s, int64_t now, struct lw_error *e)
{
	uint64_t open = 0;
	int r = lw_state_request_count(s, now, &open, e);

	if (r == 0 && open >= LW_MAX_REQUESTS)
		r = lw_fail(e, LW_E_LIMIT,
			    "%llu requests are open, and no more may be: `landwaiter request "
			    "list`, then cancel those that nobody will answer",
			    (unsigned long long)open);
	return r;
}

/* Nonce, row and record: committed before anybody sees the nonce. */
static int commit(struct lw_enclave *enclave, const struct lw_ask_options *o,
		  const struct lw_record_time *time, struct lw_request *r,
		  struct lw_head *ret_head, struct lw_error *e)
{
	const struct told told = { .nonce = &r->nonce, .expires = r->expires, .by = o->by };
	struct lw_state_request row = { .nonce = r->nonce,
					.asked = r->created,
					.expires = r->expires };
	struct lw_state *s = enclave->state;
	int rc = lw_state_begin(s, e);

	if (rc < 0)
		return rc;
	rc = require_room(s, r->created, e);
	if (rc == 0)
		rc = fill_floors(enclave, o, r, e);
	if (rc == 0)
		rc = lw_record_add(s, LW_EVENT_REQUEST, "done", "", time, fill, &told, &r->head,
				   e);
	if (rc == 0) {
		row.record = r->head.count - 1;
		rc = lw_state_request_add(s, &row, e);
	}
	if (rc == 0)
		rc = lw_state_commit(s, e);
	if (rc < 0) {
		lw_state_rollback(s);
		return rc;
	}
	*ret_head = r->head;
	return 0;
}

int lw_ask(struct lw_enclave *enclave, const struct lw_ask_options *o,
	   const struct lw_record_time *time, struct lw_request *ret, struct lw_buf *file,
	   struct lw_head *ret_head, struct lw_error *e)
{
	LW_AUTO(private_key) struct lw_private_key *key = NULL;
	/* By a clock that is behind it would have expired when that is mended. */
	int64_t now = time->utc > time->floor ? time->utc : time->floor;
	LW_AUTO(request)
	struct lw_request r = { .enclave = enclave->identity,
				.created = now,
				.expires = now + o->valid_sec };
	int rc = require_plain("the name of who asks", o->by, BY_BYTES, e);

	if (rc == 0 && (o->valid_sec <= 0 || o->valid_sec > LW_MAX_REQUEST_SEC))
		rc = lw_fail(e, LW_E_USAGE, "a request is open for at most %lld days",
			     (long long)(LW_MAX_REQUEST_SEC / 86400));
	(void)snprintf(r.name, sizeof(r.name), "%s", enclave->name);
	if (rc == 0 && file)
		rc = open_key(enclave, &key, e);
	if (rc == 0)
		rc = lw_nonce_make(&r.nonce, e);
	if (rc == 0)
		rc = commit(enclave, o, time, &r, ret_head, e);
	if (rc == 0 && file)
		rc = lw_request_sign(&r, key, file, e);
	if (rc < 0)
		return rc;
	*ret = r;
	r = (struct lw_request){ 0 };
	return 0;
}

/* ---- taking it back ---- */

int lw_ask_cancel(struct lw_enclave *enclave, const struct lw_nonce *nonce, const char *reason,
		  const char *by, const struct lw_record_time *time, struct lw_head *ret_head,
		  struct lw_error *e)
{
	const struct told told = { .nonce = nonce, .reason = reason, .by = by };
	struct lw_state *s = enclave->state;
	struct lw_state_request row;
	struct lw_head head = { 0 };
	int r = require_plain("the reason", reason, REASON_BYTES, e);

	if (r == 0)
		r = require_plain("the name of who cancels it", by, BY_BYTES, e);
	if (r == 0)
		r = lw_state_begin(s, e);
	if (r < 0)
		return r;
	r = lw_state_request_get(s, nonce, &row, e);
	if (r == 0)
		r = lw_record_add(s, LW_EVENT_REQUEST_CANCEL, "done", "", time, fill, &told,
				  &head, e);
	if (r == 0)
		r = lw_state_request_close(s, nonce, LW_REQUEST_CANCELLED, head.count - 1, e);
	if (r == 0)
		r = lw_state_commit(s, e);
	if (r < 0) {
		lw_state_rollback(s);
		return r;
	}
	*ret_head = head;
	return 0;
}
