/* SPDX-License-Identifier: Apache-2.0 */
/* What `pack` answers: a request, or its nonce alone. In landwaiter-pack. */
#include "cmd/pack_request.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "cmd/pack.h"

#include <string.h>

static const struct lw_pack_arguments *const arg = &lw_pack_arguments;

static int open_pinned(struct lw_key **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	int r;

	if (!arg->request_key)
		return 0;
	r = lw_fs_read_path(arg->request_key, LW_MAX_KEY_BYTES, &bytes, e);
	if (r == 0)
		r = lw_key_parse(lw_buf_span(&bytes), ret, e);
	return r < 0 ? lw_prefix(e, "--request-key %s", arg->request_key) : 0;
}

static void say_key(const struct lw_request *r, const struct lw_key *key)
{
	char text[LW_DIGEST_TEXT];

	lw_command_say(
		"the request says that it is of %s, signed by key %s: nothing vouches "
		"for that; compare it once with `landwaiter request key` there, and give "
		"that key with --request-key",
		r->name, lw_digest_text(lw_key_fingerprint(key), text));
}

static int read_request(struct lw_request *ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	LW_AUTO(key) struct lw_key *pinned = NULL, *key = NULL;
	int r = open_pinned(&pinned, e);

	if (r < 0)
		return r;
	r = lw_fs_read_path(arg->request, LW_MAX_REQUEST_BYTES, &bytes, e);
	if (r == 0)
		r = lw_request_open(lw_buf_span(&bytes), pinned, ret, &key, e);
	if (r < 0)
		return lw_prefix(e, "%s", arg->request);
	if (!pinned && key)
		say_key(ret, key);
	return 0;
}

/* Who signed it with a key that was compared may name the enclave; others must be told. */
static int settle_audience(const struct lw_request *r, struct lw_statement *st,
			   struct lw_error *e)
{
	char want[LW_DIGEST_TEXT], have[LW_DIGEST_TEXT];

	if (!arg->audience && !arg->request_key)
		return lw_fail(e, LW_E_USAGE,
			       "want --audience FP, or --request-key FILE to take the "
			       "request's word for it");
	if (!arg->audience) {
		st->audience = r->enclave;
		return 0;
	}
	if (st->any_audience || !lw_digest_equal(&st->audience, &r->enclave))
		return lw_fail(e, LW_E_CONFLICT,
			       "%s: a request of enclave %s, and --audience is %s: pack an "
			       "answer for each enclave",
			       arg->request, lw_digest_text(&r->enclave, want),
			       st->any_audience ? "any" : lw_digest_text(&st->audience, have));
	return 0;
}

int lw_pack_answer(struct lw_statement *st, struct lw_request *ret, struct lw_error *e)
{
	char until[LW_TIME_TEXT];
	int r;

	if (arg->nonce && arg->request)
		return lw_fail(e, LW_E_USAGE, "want --request or --nonce, not both");
	if (arg->request_key && !arg->request)
		return lw_fail(e, LW_E_USAGE, "--request-key says who signed --request");
	if (arg->nonce) {
		st->has_nonce = true;
		if (st->any_audience)
			return lw_fail(e, LW_E_USAGE,
				       "--nonce: want the enclave that asked as --audience");
		return lw_nonce_read(arg->nonce, &st->nonce, e) < 0
			       ? lw_command_misused(e, "--nonce")
			       : 0;
	}
	if (!arg->request)
		return 0;
	r = read_request(ret, e);
	if (r == 0)
		r = settle_audience(ret, st, e);
	if (r < 0)
		return r;
	if (ret->expires < st->created)
		return lw_fail(e, LW_E_CONFLICT,
			       "%s: it takes answers until %s: ask %s for a new one",
			       arg->request, lw_time_format(ret->expires, until), ret->name);
	st->has_nonce = true;
	st->nonce = ret->nonce;
	return 0;
}

int lw_pack_check_floor(const struct lw_request *r, const struct lw_statement *st,
			struct lw_error *e)
{
	const struct lw_request_floor *floor =
		arg->request ? lw_request_floor(r, st->sender) : NULL;

	if (arg->request && !floor) {
		lw_command_say("the request tells no floor of %s: does %s admit it?",
			       st->sender, r->name);
		return 0;
	}
	if (!floor)
		return 0;
	if (st->sequence <= floor->sequence)
		return lw_fail(
			e, LW_E_CONFLICT,
			"sequence %llu: %s has accepted %llu of %s: want --sequence %llu "
			"or more",
			(unsigned long long)st->sequence, r->name,
			(unsigned long long)floor->sequence, st->sender,
			(unsigned long long)floor->sequence + 1);
	if (st->sequence - floor->sequence > LW_MAX_SEQUENCE_STEP)
		return lw_fail(
			e, LW_E_CONFLICT,
			"sequence %llu: %s has accepted %llu of %s, and takes no step of "
			"more than %llu",
			(unsigned long long)st->sequence, r->name,
			(unsigned long long)floor->sequence, st->sender,
			(unsigned long long)LW_MAX_SEQUENCE_STEP);
	return 0;
}
