/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/record.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <stdio.h>
#include <sys/random.h>

#define ID_BYTES     16
#define REASON_BYTES 64

static const char *const event_names[] = {
	[LW_EVENT_INIT] = "init",
	[LW_EVENT_VERIFY] = "verify",
	[LW_EVENT_LOAD] = "load",
	[LW_EVENT_REPAIR] = "repair",
	[LW_EVENT_REMOVE] = "remove",
	[LW_EVENT_PROMOTE] = "promote",
	[LW_EVENT_GC] = "gc",
	[LW_EVENT_TIME_ATTEST] = "time-attest",
	[LW_EVENT_TIME_RESET] = "time-reset",
	[LW_EVENT_ALARM] = "alarm",
	[LW_EVENT_TRUST] = "trust-update",
	[LW_EVENT_REJUDGE] = "rejudge",
	[LW_EVENT_CHECK] = "check",
	[LW_EVENT_PUSH] = "push",
	[LW_EVENT_DOOR] = "door",
	[LW_EVENT_DISCARD] = "discard",
	[LW_EVENT_REQUEST] = "request",
	[LW_EVENT_REQUEST_CANCEL] = "request-cancel",
};

const char *lw_event_name(enum lw_event e)
{
	return (size_t)e < LW_COUNT_OF(event_names) ? event_names[e] : "unknown";
}

const char *lw_head_text(const struct lw_head *h, char out[static LW_HEAD_TEXT])
{
	char hex[65];

	(void)snprintf(out, LW_HEAD_TEXT, "%llu:%s", (unsigned long long)h->count,
		       lw_digest_hex(&h->digest, hex));
	return out;
}

int lw_head_parse(struct lw_span text, struct lw_head *ret, struct lw_error *e)
{
	static const struct lw_digest zeros;
	const uint8_t *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	struct lw_head h = { 0 };
	char shown[128];

	if (colon) {
		size_t n = (size_t)(colon - text.p), bytes = (text.n - n - 1) / 2;

		if (lw_num_u64(lw_span(text.p, n), 0, (uint64_t)1 << 53, &h.count, NULL) == 0 &&
		    bytes >= LW_HEAD_MIN_BYTES && bytes <= sizeof(h.digest.sha256) &&
		    lw_hex_decode(lw_span(colon + 1, text.n - n - 1), h.digest.sha256, bytes,
				  NULL) == 0 &&
		    (h.count != 0 || (bytes == sizeof(h.digest.sha256) &&
				      lw_digest_equal(&h.digest, &zeros)))) {
			h.known = bytes < sizeof(h.digest.sha256) ? bytes : 0;
			*ret = h;
			return 0;
		}
	}
	return lw_fail(e, LW_E_FORMAT,
		       "a head is COUNT:64 hex digits, or the first 16 of them, not '%s'",
		       lw_text_escape(text, shown, sizeof(shown)));
}

static bool is_result(const char *result)
{
	for (size_t i = 0; lw_log_result_name(i); i++) {
		if (!strcmp(result, lw_log_result_name(i)))
			return true;
	}
	return false;
}

static bool is_reason(const char *reason)
{
	size_t n = strspn(reason, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n <= REASON_BYTES && reason[n] == '\0';
}

bool lw_record_is_source(const char *source)
{
	return !strcmp(source, "clock") || !strcmp(source, "attested") ||
	       !strcmp(source, "none");
}

/* The caller is one of our own modules: what is wrong here is our bug, and must not abort a
 * process that has to write down why it stops. */
static int require_sane(const struct lw_record *r, struct lw_error *e)
{
	const struct lw_record_time *t = r->time;
	uint8_t id[ID_BYTES];

	if ((size_t)r->event >= LW_COUNT_OF(event_names) || !is_result(r->result) ||
	    !is_reason(r->reason) || !lw_record_is_source(t->source) || t->boot_sec < 0 ||
	    strlen(t->boot_id) > 36 || !lw_text_is_plain(lw_span_str(t->boot_id)) ||
	    lw_hex_decode(lw_span_str(r->id), id, sizeof(id), NULL) < 0)
		return lw_fail(e, LW_E_INTERNAL, "a record that cannot be written");
	return 0;
}

static void write_time(struct lw_json_writer *w, const struct lw_record_time *t)
{
	char text[LW_TIME_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "boot_id", t->boot_id);
	lw_json_w_member_integer(w, "boot_sec", t->boot_sec);
	lw_json_w_member(w, "floor", lw_time_format(t->floor, text));
	lw_json_w_member(w, "source", t->source);
	lw_json_w_key(w, "utc");
	if (!strcmp(t->source, "none"))
		lw_json_w_null(w);
	else
		lw_json_w_string(w, lw_time_format(t->utc, text));
	lw_json_w_end_object(w);
}

int lw_record_build(const struct lw_record *r, struct lw_buf *out, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf leaf = { 0 };
	struct lw_json_writer w = { .out = &leaf, .canonical = true };
	char text[LW_DIGEST_TEXT];
	int rc = require_sane(r, e);

	if (rc)
		return rc;
	lw_json_w_object(&w);
	lw_json_w_key(&w, "detail");
	lw_json_w_object(&w);
	if (r->fill)
		r->fill(&w, r->data);
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "enclave", lw_digest_text(&r->enclave, text));
	lw_json_w_member(&w, "event", lw_event_name(r->event));
	lw_json_w_member(&w, "id", r->id);
	lw_json_w_member_integer(&w, "index", (int64_t)r->index);
	lw_json_w_member(&w, "prev", lw_digest_hex(&r->prev, text));
	lw_json_w_member(&w, "reason", r->reason);
	lw_json_w_member(&w, "result", r->result);
	lw_json_w_key(&w, "software");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "name", "landwaiter");
	lw_json_w_member(&w, "version", LW_VERSION);
	lw_json_w_end_object(&w);
	lw_json_w_key(&w, "time");
	write_time(&w, r->time);
	lw_json_w_member_integer(&w, "v", 1);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);

	if (leaf.n > LW_MAX_RECORD_BYTES)
		return lw_fail(e, LW_E_LIMIT, "a record of %zu bytes, at most %zu", leaf.n,
			       LW_MAX_RECORD_BYTES);
	lw_buf_add(out, leaf.p, leaf.n);
	return 0;
}

int lw_record_head(struct lw_state *s, struct lw_head *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf leaf = { 0 };
	struct lw_head h = { 0 };
	int rc = lw_state_record_count(s, &h.count, e);

	if (!rc && h.count) {
		rc = lw_state_record_get(s, h.count - 1, &leaf, e);
		h.digest = lw_digest_of(lw_buf_span(&leaf));
	}
	if (!rc)
		*ret = h;
	return rc;
}

static int enclave_of(struct lw_state *s, struct lw_digest *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	int rc = lw_state_get(s, "identity", &b, e);

	return rc ? rc : lw_digest_parse(lw_buf_span(&b), ret, e);
}

static int random_id(char out[static 2 * ID_BYTES + 1], struct lw_error *e)
{
	uint8_t id[ID_BYTES];

	if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return lw_fail_errno(e, "random bytes");
	lw_hex_encode(lw_span(id, sizeof(id)), out);
	return 0;
}

int lw_record_add(struct lw_state *s, enum lw_event event, const char *result,
		  const char *reason, const struct lw_record_time *time, lw_record_fill *fill,
		  const void *data, struct lw_head *ret_head, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf leaf = { 0 };
	char id[2 * ID_BYTES + 1];
	struct lw_record r = { .id = id,
			       .event = event,
			       .result = result,
			       .reason = reason,
			       .time = time,
			       .fill = fill,
			       .data = data };
	struct lw_head head = { 0 };
	int rc = lw_record_head(s, &head, e);

	if (!rc)
		rc = enclave_of(s, &r.enclave, e);
	if (!rc)
		rc = random_id(id, e);
	if (!rc) {
		r.index = head.count;
		r.prev = head.digest;
		rc = lw_record_build(&r, &leaf, e);
	}
	if (!rc)
		rc = lw_state_record_add(s, r.index, lw_buf_span(&leaf), e);
	if (rc)
		return lw_prefix(e, "the book");
	ret_head->count = head.count + 1;
	ret_head->digest = lw_digest_of(lw_buf_span(&leaf));
	return 0;
}
