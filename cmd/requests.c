/* SPDX-License-Identifier: Apache-2.0 */
/* `request list`, `request cancel`, `request key`. */
#include "base/json.h"
#include "bundle/ask.h"
#include "cmd/reason.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"

#include <string.h>

/* ---- list ---- */

struct listing {
	struct lw_json_writer *w; /* NULL: in words */
	int64_t now;
	size_t n;
};

static const char *state_name(const struct lw_state_request *r, int64_t now)
{
	switch (r->state) {
	case LW_REQUEST_ANSWERED:
		return "answered";
	case LW_REQUEST_CANCELLED:
		return "cancelled";
	case LW_REQUEST_OPEN:
	default:
		return r->expires < now ? "expired" : "open";
	}
}

static void print_one(struct lw_json_writer *w, const struct lw_state_request *r,
		      const char *state)
{
	char nonce[LW_NONCE_TYPED], time[LW_TIME_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "asked", lw_time_format(r->asked, time));
	lw_json_w_key(w, "closed");
	if (r->state == LW_REQUEST_OPEN)
		lw_json_w_null(w);
	else
		lw_json_w_integer(w, (int64_t)r->closed);
	lw_json_w_member(w, "expires", lw_time_format(r->expires, time));
	lw_json_w_member(w, "nonce", lw_nonce_typed(&r->nonce, nonce));
	lw_json_w_member_integer(w, "record", (int64_t)r->record);
	lw_json_w_member(w, "state", state);
	lw_json_w_end_object(w);
}

static int list_one(void *data, const struct lw_state_request *r, struct lw_error *e)
{
	struct listing *l = data;
	const char *state = state_name(r, l->now);
	char nonce[LW_NONCE_TYPED], asked[LW_TIME_TEXT], until[LW_TIME_TEXT];

	(void)e;
	l->n++;
	if (l->w) {
		print_one(l->w, r, state);
		return 0;
	}
	(void)printf("%s  %-9s asked %s (record %llu), ", lw_nonce_typed(&r->nonce, nonce),
		     state, lw_time_format(r->asked, asked), (unsigned long long)r->record);
	if (r->state == LW_REQUEST_OPEN)
		(void)printf("until %s\n", lw_time_format(r->expires, until));
	else
		(void)printf("closed by record %llu\n", (unsigned long long)r->closed);
	return 0;
}

static int run_list(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	struct listing l = { .w = lw_arg_json ? &w : NULL };
	struct lw_record_time time;
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		l.now = time.utc;
	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-requests/1");
	lw_json_w_key(&w, "requests");
	lw_json_w_array(&w);
	if (r == 0)
		r = lw_state_each_request(enclave->state, list_one, &l, &e);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	if (r < 0)
		return lw_command_failed(&e);
	if (lw_arg_json)
		(void)printf("%s\n", lw_buf_str(&b));
	else if (l.n == 0)
		(void)fprintf(stderr, "nothing was asked for yet\n");
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_request_list = {
	"request list", "", "The requests that were made, and what became of them.", NULL, 0, 0,
	run_list,
};

/* ---- cancel ---- */

static const struct lw_option cancel_options[] = {
	LW_REASON_OPTIONS("who cancels it"),
	{ 0 },
};

static int run_cancel(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_record_time time;
	struct lw_nonce nonce;
	struct lw_clock clock;
	struct lw_head head;
	struct lw_error e = { 0 };
	int code, r;

	(void)n;
	code = lw_command_require_reason();
	if (code != LW_EXIT_DONE)
		return code;
	if (lw_nonce_parse(lw_span_str(objects[0]), &nonce, &e) < 0 &&
	    lw_nonce_read(objects[0], &nonce, &e) < 0)
		return lw_command_usage("%s", e.text);
	code = lw_command_enclave(LW_STATE_BOOK, &enclave);
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_command_record_time(enclave, &clock, &time, &e);
	if (r == 0)
		r = lw_ask_cancel(enclave, &nonce, lw_arg_reason, lw_arg_by, &time, &head, &e);
	if (r < 0)
		return lw_command_failed(&e);
	lw_print_record(&head);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_request_cancel = {
	"request cancel", "NONCE", "Take an open request back: no answer to it loads.",
	cancel_options,	  1,	   1,
	run_cancel,
};

/* ---- key ---- */

static int print_key(const struct lw_buf *pem, struct lw_error *e)
{
	LW_AUTO(key) struct lw_key *key = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char text[LW_DIGEST_TEXT];
	int r = lw_key_parse(lw_buf_span(pem), &key, e);

	if (r < 0)
		return r;
	lw_digest_text(lw_key_fingerprint(key), text);
	if (!lw_arg_json) {
		(void)fputs(lw_buf_str(pem), stdout);
		lw_command_say("fingerprint %s", text);
		return 0;
	}
	lw_json_w_object(&w);
	lw_json_w_member(&w, "fingerprint", text);
	lw_json_w_member(&w, "format", "landwaiter-request-key/1");
	lw_json_w_member(&w, "key", lw_buf_str(pem));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
	return 0;
}

static int run_key(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(buf) struct lw_buf pem = { 0 };
	struct lw_error e = { 0 };
	int code = lw_command_enclave(LW_STATE_BOOK, &enclave), r;

	(void)n;
	(void)objects;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_ask_public_key(enclave, &pem, &e);
	if (r == 0)
		r = print_key(&pem, &e);
	return r < 0 ? lw_command_failed(&e) : LW_EXIT_DONE;
}

const struct lw_verb lw_verb_request_key = {
	"request key",
	"",
	"Print the public key that requests are signed with, for senders to pin.",
	NULL,
	0,
	0,
	run_key,
};
