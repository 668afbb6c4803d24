/* SPDX-License-Identifier: Apache-2.0 */
/* What the book says of an attempt (docs/format/record.md). */
#include "base/mem.h"
#include "base/text.h"
#include "bundle/intake_internal.h"

/* A record holds at most 65,535 bytes: long lists are cut, with their full count beside them;
 * the digest of contents names the rest. */
#define MOST_IMAGES	  32
#define MOST_FINDINGS	  16
#define MOST_TEXT	  240
#define MOST_REPOSITORIES 32
/* Judgements stand in the record itself up to here; of the rest it has the digests. */
#define MOST_JUDGEMENTS 12000

static void member_cut(struct lw_json_writer *w, const char *key, const char *text)
{
	char shown[MOST_TEXT];

	/* The texts are safe already; escaping them again only cuts them. */
	size_t n = strlen(text);

	if (n < sizeof(shown)) {
		lw_json_w_member(w, key, text);
		return;
	}
	n = sizeof(shown) - 4;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(shown, text, n);
	memcpy(shown + n, "...", 4);
	lw_json_w_member(w, key, shown);
}

static void member_digest(struct lw_json_writer *w, const char *key, const struct lw_digest *d)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_member(w, key, lw_digest_text(d, text));
}

static void write_approvals(struct lw_json_writer *w, const struct lw_intake *in)
{
	lw_json_w_key(w, "approvals");
	lw_json_w_array(w);
	for (size_t i = 0; i < in->approvals.n_signers; i++)
		if (in->approvals.by_signer[i] == LW_APPROVAL_GOOD)
			lw_json_w_string(w, in->policy->signers[i].name);
	lw_json_w_end_array(w);
}

static void write_bundle(struct lw_json_writer *w, const struct lw_intake *in)
{
	const struct lw_statement *s = &in->result->statement;
	char time[LW_TIME_TEXT], nonce[LW_NONCE_HEX];

	lw_json_w_key(w, "bundle");
	lw_json_w_object(w);
	if (in->result->proven) {
		member_digest(w, "contents", &s->contents);
		lw_json_w_member(w, "created", lw_time_format(s->created, time));
	}
	member_digest(w, "digest", &in->result->bundle);
	if (in->result->proven) {
		lw_json_w_member(w, "expires", lw_time_format(s->expires, time));
		lw_json_w_member(w, "marking", s->marking);
		if (s->has_nonce)
			lw_json_w_member(w, "nonce", lw_nonce_hex(&s->nonce, nonce));
		lw_json_w_member(w, "sender", s->sender);
		lw_json_w_member_integer(w, "sequence", (int64_t)s->sequence);
	}
	lw_json_w_end_object(w);
}

/* As claimed by whoever typed it. */
void lw_claims_write(struct lw_json_writer *w, const struct lw_custody_claims *c)
{
	const struct {
		const char *key, *text;
	} claims[] = { { "by", c->by },
		       { "courier", c->courier },
		       { "medium", c->medium },
		       { "ticket", c->ticket } };

	lw_json_w_key(w, "claimed");
	lw_json_w_object(w);
	for (size_t i = 0; i < LW_COUNT_OF(claims); i++)
		if (claims[i].text) {
			char safe[MOST_TEXT];

			lw_json_w_member(
				w, claims[i].key,
				lw_text_escape_str(claims[i].text, safe, sizeof(safe)));
		}
	lw_json_w_end_object(w);
}

void lw_intake_record_findings(struct lw_json_writer *w, const struct lw_verdict *v)
{
	lw_json_w_member_integer(w, "findingCount", (int64_t)(v->n_findings + v->n_dropped));
	lw_json_w_key(w, "findings");
	lw_json_w_array(w);
	for (size_t i = 0; i < v->n_findings && i < MOST_FINDINGS; i++) {
		const struct lw_finding *f = &v->findings[i];

		lw_json_w_object(w);
		lw_json_w_member(w, "code", lw_finding_kind(f->id)->code);
		member_cut(w, "expected", f->expected);
		member_cut(w, "found", f->found);
		member_cut(w, "object", f->object);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void write_judgement(struct lw_json_writer *w, const char *tree, size_t *room)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_error ignored;
	struct lw_digest digest = lw_digest_of(lw_span_str(tree));
	size_t n = strlen(tree);

	if (n <= *room &&
	    lw_json_parse(lw_span_str(tree), &LW_JSON_STRICT, &doc, &ignored) == 0) {
		*room -= n;
		lw_json_w_key(w, "judgement");
		lw_json_w_node(w, lw_json_root(doc));
	}
	member_digest(w, "judgementDigest", &digest);
}

static void write_images(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	const struct lw_contents *c = &r->contents;
	size_t room = MOST_JUDGEMENTS;

	lw_json_w_member_integer(w, "imageCount", (int64_t)c->n_images);
	lw_json_w_key(w, "images");
	lw_json_w_array(w);
	for (size_t i = 0; i < c->n_images && i < MOST_IMAGES; i++) {
		char name[LW_MAX_REFERENCE + 1];

		lw_json_w_object(w);
		member_digest(w, "digest", &c->images[i].digest);
		if (r->judgements && r->judgements[i])
			write_judgement(w, r->judgements[i], &room);
		lw_json_w_member(w, "name", lw_reference_text(&c->images[i].name, name));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

/* What the load rested on that its medium did not bring. */
static void write_prerequisites(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	lw_json_w_key(w, "prerequisites");
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "blobs", (int64_t)r->contents.have_blobs);
	lw_json_w_member_integer(w, "bytes", (int64_t)r->contents.have_bytes);
	lw_json_w_member_integer(w, "missing", (int64_t)r->n_lacking);
	lw_json_w_key(w, "supplement");
	lw_json_w_bool(w, r->supplement);
	lw_json_w_end_object(w);
}

static void fill(struct lw_json_writer *w, const void *data)
{
	static const struct lw_digest none;
	const struct lw_intake *in = data;

	write_approvals(w, in);
	if (!lw_digest_equal(&in->result->bundle, &none))
		write_bundle(w, in);
	lw_json_w_member_integer(w, "bytesRead", (int64_t)in->result->bytes_read);
	lw_claims_write(w, &in->options->claims);
	if (in->repairing)
		lw_json_w_member_integer(w, "damaged", (int64_t)in->damaged);
	lw_intake_record_findings(w, &in->result->verdict);
	write_images(w, in->result);
	lw_json_w_member(w, "jail",
			 in->jail == LW_JAIL_LANDLOCK  ? "seccomp+landlock"
			 : in->jail == LW_JAIL_SECCOMP ? "seccomp"
						       : "none");
	if (in->result->contents.have_blobs > 0)
		write_prerequisites(w, in->result);
	if (in->repairing)
		lw_json_w_member_integer(w, "repaired", (int64_t)in->repaired);
	lw_json_w_member_integer(w, "trustVersion", in->trust_version);
	if (in->result->n_followed > 0) {
		lw_json_w_key(w, "tuf");
		lw_followed_write(in->result->followed,
				  in->result->n_followed < MOST_REPOSITORIES
					  ? in->result->n_followed
					  : MOST_REPOSITORIES,
				  w);
	}
	if (in->result->statement.volumes > 1 && !in->result->supplement) {
		lw_json_w_key(w, "volume");
		lw_json_w_object(w);
		if (in->result->missing)
			member_cut(w, "missing", in->result->missing);
		lw_json_w_member_integer(w, "number", (int64_t)in->result->volume);
		lw_json_w_member_integer(w, "of", (int64_t)in->result->statement.volumes);
		lw_json_w_end_object(w);
	}
}

int lw_intake_record(struct lw_intake *in, enum lw_event event, struct lw_error *e)
{
	const struct lw_verdict *v = &in->result->verdict;
	const struct lw_finding *reason = lw_verdict_reason(v);
	struct lw_record_time time = lw_intake_record_time(&in->result->interval, &in->clock);
	const char *result = lw_outcome_name(v->outcome);

	if (v->outcome == LW_TIME_UNTRUSTED)
		result = "refused"; /* the book's word; the reason says time */
	else if (in->repairing && v->outcome == LW_ACCEPTED)
		result = in->repaired == in->damaged ? "done" : "incomplete";
	return lw_record_add(in->enclave->state, event, result,
			     reason ? lw_finding_kind(reason->id)->code : "", &time, fill, in,
			     &in->result->head, e);
}
