/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verdict.h"

#include "base/num.h"
#include "base/text.h"
#include "base/json.h"
#include "bundle/trust_update.h"
#include "cmd/command.h"
#include "cmd/judgement.h"
#include "cmd/reporting.h"

#include <string.h>
#include <time.h>

static const char *const words[] = {
	[LW_REFUSED] = "REFUSED",
	[LW_DAMAGED] = "DAMAGED",
	[LW_INCOMPLETE_SO_FAR] = "INCOMPLETE",
	[LW_TIME_UNTRUSTED] = "TIME NOT TRUSTED",
	[LW_FAILED] = "ERROR",
	[LW_ACCEPTED] = "ACCEPTED",
};

/* ---- for people ---- */

static void print_finding(const struct lw_finding *f, FILE *out)
{
	const struct lw_finding_kind *k = lw_finding_kind(f->id);

	(void)fprintf(out, "\n  %s%s\n", k->code, k->gravity == LW_NOTE ? " (note)" : "");
	if (f->object[0])
		(void)fprintf(out, "    object:   %s\n", f->object);
	if (f->expected[0])
		(void)fprintf(out, "    expected: %s\n", f->expected);
	if (f->found[0])
		(void)fprintf(out, "    found:    %s\n", f->found);
	(void)fprintf(out, "    next:     %s\n", k->next);
}

void lw_print_outcome(const struct lw_verdict *v, FILE *out)
{
	const struct lw_finding *reason = lw_verdict_reason(v);

	(void)fprintf(out, "%s", words[v->outcome]);
	if (reason)
		(void)fprintf(out, " at gate %s: %s",
			      lw_gate_name(lw_finding_kind(reason->id)->gate),
			      lw_finding_kind(reason->id)->code);
	(void)fprintf(out, "\n");
}

/* What decided first; notes after it. */
void lw_print_findings(const struct lw_verdict *v, FILE *out)
{
	for (int notes = 0; notes < 2; notes++)
		for (size_t i = 0; i < v->n_findings; i++)
			if ((lw_finding_kind(v->findings[i].id)->gravity == LW_NOTE) ==
			    (notes == 1))
				print_finding(&v->findings[i], out);
	if (v->n_dropped)
		(void)fprintf(out, "\n  and %zu more findings\n", v->n_dropped);
}

static void print_bundle(const struct lw_intake_result *r, FILE *out)
{
	const struct lw_statement *s = &r->statement;
	char digest[LW_DIGEST_TEXT], a[LW_TIME_TEXT], b[LW_TIME_TEXT], shown[600];
	char nonce[LW_NONCE_TYPED];

	if (!r->proven)
		return;
	(void)fprintf(out, "  marking   %s\n  bundle    %s\n  sender    %s, sequence %llu\n",
		      lw_text_escape_str(s->marking, shown, sizeof(shown)),
		      lw_digest_text(&r->bundle, digest), s->sender,
		      (unsigned long long)s->sequence);
	(void)fprintf(out, "  created   %s, expires %s\n", lw_time_format(s->created, a),
		      lw_time_format(s->expires, b));
	if (r->fresh)
		(void)fprintf(out, "  fresh     proven: answers the request of %s, %s\n",
			      lw_time_format(r->asked, a), lw_nonce_typed(&s->nonce, nonce));
	if (r->approvals)
		(void)fprintf(out, "  approved  %s\n", r->approvals);
	if (s->volumes > 1 && r->volume > 0)
		(void)fprintf(out, "  volume    %llu of %llu%s%s\n",
			      (unsigned long long)r->volume, (unsigned long long)s->volumes,
			      r->missing ? "; missing: " : "", r->missing ? r->missing : "");
}

static void print_prerequisites(const struct lw_intake_result *r, FILE *out)
{
	const struct lw_contents *c = &r->contents;
	char size[16], text[LW_DIGEST_TEXT];

	if (c->have_blobs == 0)
		return;
	(void)fprintf(out, "  needs     %llu blobs of earlier bundles (%s)",
		      (unsigned long long)c->have_blobs,
		      lw_num_human_size(c->have_bytes, size));
	if (r->n_lacking > 0)
		(void)fprintf(out, "; missing: %zu", r->n_lacking);
	(void)fprintf(out, "%s\n", r->supplement ? "; this is a supplement" : "");
	for (size_t i = 0; i < c->n_since && r->n_lacking > 0; i++)
		(void)fprintf(out, "            it follows %s\n",
			      lw_digest_text(&c->since[i], text));
}

static void print_images(const struct lw_intake_result *r, FILE *out)
{
	const size_t most = 50;

	for (size_t i = 0; i < r->contents.n_images && i < most; i++) {
		const struct lw_image *image = &r->contents.images[i];
		char name[LW_MAX_REFERENCE + 1], digest[LW_DIGEST_TEXT];

		(void)fprintf(out, "  image     %s\n            %s%s%s\n",
			      lw_reference_text(&image->name, name),
			      lw_digest_text(&image->digest, digest),
			      r->moved && r->moved[i]		? " (moved)"
			      : r->new_image && r->new_image[i] ? " (new)"
								: "",
			      image->made ? " (" LW_CONTENTS_MADE ")" : "");
		if (r->judgements)
			lw_print_judgement(r->judgements[i], r->verdict.outcome != LW_ACCEPTED,
					   out);
	}
	if (r->contents.n_images > most)
		(void)fprintf(out, "  and %zu more images\n", r->contents.n_images - most);
}

static void print_repositories(const struct lw_intake_result *r, FILE *out)
{
	for (size_t i = 0; i < r->n_followed; i++) {
		const struct lw_followed *f = &r->followed[i];
		const struct lw_followed_role *first = &f->roles[0];
		char time[LW_TIME_TEXT];

		(void)fprintf(out, "  tuf       %s:", f->repository);
		for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS; t++) {
			(void)fprintf(out, "%s %s %lld", t ? "," : "",
				      lw_tuf_type_name((enum lw_tuf_type)t),
				      (long long)f->roles[t].version);
			if (f->roles[t].expires < first->expires)
				first = &f->roles[t];
		}
		(void)fprintf(out, "; until %s\n", lw_time_format(first->expires, time));
	}
}

/* What the bundle brings of the enclave's own repository. */
static void print_trust(const struct lw_intake_result *r, FILE *out)
{
	const struct lw_trust_updated *t = r->trust;
	char time[LW_TIME_TEXT];

	if (!t || t->verdict.outcome != LW_ACCEPTED)
		return;
	(void)fprintf(out, "  trust     ");
	if (r->trust_record)
		(void)fprintf(out, "taken, record %llu", (unsigned long long)r->trust_record);
	else
		(void)fprintf(out, "%s",
			      t->news ? "newer than what is trusted; `load` takes it"
				      : "as it is here already");
	(void)fprintf(out, "; until %s\n", lw_time_format(t->until, time));
	for (size_t i = 0; i < t->n; i++)
		(void)fprintf(out, "            %s %s\n",
			      lw_trust_change_name(t->list[i].change), t->list[i].name);
	if (t->judged.images)
		(void)fprintf(out, "            images judged again: %zu, withheld: %zu\n",
			      t->judged.images, t->judged.withheld);
}

void lw_print_roles(const struct lw_followed *f)
{
	char time[LW_TIME_TEXT];

	for (unsigned t = LW_TUF_ROOT; t <= LW_TUF_TARGETS; t++)
		(void)printf("  %-9s version %lld, until %s\n",
			     lw_tuf_type_name((enum lw_tuf_type)t),
			     (long long)f->roles[t].version,
			     lw_time_format(f->roles[t].expires, time));
}

static void print_text(const struct lw_intake_result *r, FILE *out)
{
	char head[LW_HEAD_TEXT], size[16];

	lw_print_outcome(&r->verdict, out);
	print_bundle(r, out);
	print_prerequisites(r, out);
	print_images(r, out);
	print_repositories(r, out);
	print_trust(r, out);
	lw_print_findings(&r->verdict, out);
	(void)fprintf(out, "\n  read      %llu bytes (%s) from the medium\n",
		      (unsigned long long)r->bytes_read,
		      lw_num_human_size(r->bytes_read, size));
	(void)fprintf(out, "  record    %llu\n  head      %s\n", (unsigned long long)r->record,
		      lw_head_text(&r->head, head));
}

/* ---- for machines ---- */

static void json_approvals(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	static const char *const states[] = {
		[LW_APPROVAL_ABSENT] = "absent",
		[LW_APPROVAL_GOOD] = "good",
		[LW_APPROVAL_UNSUPPORTED] = "unsupported",
	};

	lw_json_w_key(w, "approvals");
	lw_json_w_array(w);
	for (size_t i = 0; i < r->n_approvers; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "owner", r->approvers[i].owner);
		lw_json_w_member(w, "signer", r->approvers[i].signer);
		lw_json_w_member(w, "state", states[r->approvers[i].approval]);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void json_bundle(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	const struct lw_statement *s = &r->statement;
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT];

	lw_json_w_key(w, "bundle");
	if (!r->proven) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	json_approvals(w, r);
	lw_json_w_member(w, "audience",
			 s->any_audience ? "any" : lw_digest_text(&s->audience, text));
	lw_json_w_member(w, "created", lw_time_format(s->created, time));
	lw_json_w_member(w, "digest", lw_digest_text(&r->bundle, text));
	lw_json_w_member(w, "expires", lw_time_format(s->expires, time));
	lw_json_w_member(w, "marking", s->marking);
	lw_json_w_member(w, "sender", s->sender);
	lw_json_w_member_integer(w, "sequence", (int64_t)s->sequence);
	lw_json_w_member_integer(w, "threshold", (int64_t)r->threshold);
	lw_json_w_end_object(w);
}

/* Whether it is proven to be new, and what it says that it answers. */
static void json_freshness(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	char nonce[LW_NONCE_TYPED], time[LW_TIME_TEXT];

	lw_json_w_key(w, "freshness");
	if (!r->proven) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	lw_json_w_key(w, "asked");
	if (r->asked)
		lw_json_w_string(w, lw_time_format(r->asked, time));
	else
		lw_json_w_null(w);
	lw_json_w_key(w, "nonce");
	if (r->statement.has_nonce)
		lw_json_w_string(w, lw_nonce_typed(&r->statement.nonce, nonce));
	else
		lw_json_w_null(w);
	lw_json_w_key(w, "proven");
	lw_json_w_bool(w, r->fresh);
	lw_json_w_end_object(w);
}

void lw_json_findings(struct lw_json_writer *w, const struct lw_verdict *v)
{
	lw_json_w_key(w, "findings");
	lw_json_w_array(w);
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct lw_finding *f = &v->findings[i];
		const struct lw_finding_kind *k = lw_finding_kind(f->id);

		lw_json_w_object(w);
		lw_json_w_member(w, "code", k->code);
		lw_json_w_member(w, "expected", f->expected);
		lw_json_w_member(w, "found", f->found);
		lw_json_w_member(w, "gate", lw_gate_name(k->gate));
		lw_json_w_member(w, "next", k->next);
		lw_json_w_member(w, "object", f->object);
		lw_json_w_member(w, "severity", lw_gravity_name(k->gravity));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

void lw_json_judgement(struct lw_json_writer *w, const char *tree)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_error ignored;

	lw_json_w_key(w, "judgement");
	if (tree && lw_json_parse(lw_span_str(tree), &LW_JSON_STRICT, &doc, &ignored) == 0)
		lw_json_w_node(w, lw_json_root(doc));
	else
		lw_json_w_null(w);
}

static void json_images(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	lw_json_w_key(w, "images");
	lw_json_w_array(w);
	for (size_t i = 0; i < r->contents.n_images; i++) {
		const struct lw_image *image = &r->contents.images[i];
		char name[LW_MAX_REFERENCE + 1], text[LW_DIGEST_TEXT];

		lw_json_w_object(w);
		lw_json_w_member(w, "digest", lw_digest_text(&image->digest, text));
		lw_json_judgement(w, r->judgements ? r->judgements[i] : NULL);
		lw_json_w_key(w, "made");
		lw_json_w_bool(w, image->made);
		lw_json_w_key(w, "moved");
		lw_json_w_bool(w, r->moved && r->moved[i]);
		lw_json_w_member(w, "name", lw_reference_text(&image->name, name));
		lw_json_w_key(w, "new");
		lw_json_w_bool(w, r->new_image && r->new_image[i]);
		lw_json_w_key(w, "platforms");
		lw_json_w_array(w);
		for (size_t k = 0; k < image->n_platforms; k++)
			lw_json_w_string(w, image->platforms[k]);
		lw_json_w_end_array(w);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

void lw_json_trust_changes(struct lw_json_writer *w, const struct lw_trust_updated *t)
{
	lw_json_w_key(w, "changes");
	lw_json_w_array(w);
	for (size_t i = 0; i < t->n; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "change", lw_trust_change_name(t->list[i].change));
		lw_json_w_member(w, "name", t->list[i].name);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void json_trust(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	const struct lw_trust_updated *t = r->trust;
	char time[LW_TIME_TEXT];

	lw_json_w_key(w, "trust");
	if (!t || t->verdict.outcome != LW_ACCEPTED) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	lw_json_trust_changes(w, t);
	lw_json_w_member_integer(w, "images", (int64_t)t->judged.images);
	lw_json_w_key(w, "new");
	lw_json_w_bool(w, t->news);
	lw_json_w_key(w, "record");
	if (r->trust_record)
		lw_json_w_integer(w, (int64_t)r->trust_record);
	else
		lw_json_w_null(w);
	lw_json_w_key(w, "tuf");
	lw_followed_write(&t->now, 1, w);
	lw_json_w_member(w, "until", lw_time_format(t->until, time));
	lw_json_w_member_integer(w, "withheld", (int64_t)t->judged.withheld);
	lw_json_w_end_object(w);
}

/* Of an increment: what is missing is what `pack --only` takes. */
static void json_prerequisites(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	const struct lw_contents *c = &r->contents;
	char text[LW_DIGEST_TEXT];

	lw_json_w_key(w, "prerequisites");
	if (c->have_blobs == 0) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "blobs", (int64_t)c->have_blobs);
	lw_json_w_member_integer(w, "bytes", (int64_t)c->have_bytes);
	lw_json_w_key(w, "missing");
	lw_json_w_array(w);
	for (size_t i = 0; i < r->n_lacking; i++) {
		lw_json_w_object(w);
		lw_json_w_member(w, "digest", lw_digest_text(&r->lacking[i].digest, text));
		lw_json_w_member_integer(w, "size", (int64_t)r->lacking[i].size);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	lw_json_w_key(w, "since");
	lw_json_w_array(w);
	for (size_t i = 0; i < c->n_since; i++)
		lw_json_w_string(w, lw_digest_text(&c->since[i], text));
	lw_json_w_end_array(w);
	lw_json_w_key(w, "supplement");
	lw_json_w_bool(w, r->supplement);
	lw_json_w_end_object(w);
}

/* Of several: which it is, and which are not in. */
static void json_volume(struct lw_json_writer *w, const struct lw_intake_result *r)
{
	lw_json_w_key(w, "volume");
	if (r->statement.volumes < 2 || r->volume == 0) {
		lw_json_w_null(w);
		return;
	}
	lw_json_w_object(w);
	lw_json_w_key(w, "missing");
	if (r->missing)
		lw_json_w_string(w, r->missing);
	else
		lw_json_w_null(w);
	lw_json_w_member_integer(w, "number", (int64_t)r->volume);
	lw_json_w_member_integer(w, "of", (int64_t)r->statement.volumes);
	lw_json_w_end_object(w);
}

static void print_json(const struct lw_intake_result *r, FILE *out)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char head[LW_HEAD_TEXT];

	lw_json_w_object(&w);
	json_bundle(&w, r);
	lw_json_w_member_integer(&w, "bytesRead", (int64_t)r->bytes_read);
	lw_json_w_member_integer(&w, "exit", lw_outcome_exit(r->verdict.outcome));
	lw_json_findings(&w, &r->verdict);
	lw_json_w_member(&w, "format", "landwaiter-verdict/1");
	json_freshness(&w, r);
	json_images(&w, r);
	json_prerequisites(&w, r);
	lw_json_w_key(&w, "record");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "head", lw_head_text(&r->head, head));
	lw_json_w_member_integer(&w, "index", (int64_t)r->record);
	lw_json_w_end_object(&w);
	json_trust(&w, r);
	lw_json_w_key(&w, "tuf");
	lw_followed_write(r->followed, r->n_followed, &w);
	lw_json_w_member(&w, "verdict", lw_outcome_name(r->verdict.outcome));
	json_volume(&w, r);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)fprintf(out, "%s\n", lw_buf_str(&b));
}

void lw_print_verdict(const struct lw_intake_result *r, FILE *out)
{
	if (lw_arg_json)
		print_json(r, out);
	else
		print_text(r, out);
}

/* ---- what verbs share ---- */

static int open_once(enum lw_state_mode mode, struct lw_enclave **ret, struct lw_error *e)
{
	struct lw_clock now;
	int r = lw_clock_system(&now, e);

	return r == 0 ? lw_enclave_open(lw_arg_enclave, mode, &now, ret, e) : r;
}

/* Where somebody else writes to it, that long it is tried again. */
static int open_enclave(enum lw_state_mode mode, uint64_t wait_sec, struct lw_enclave **ret,
			struct lw_error *e)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	int r = open_once(mode, ret, e);

	for (uint64_t left = wait_sec * 10; r == -LW_E_BUSY && left > 0; left--) {
		(void)nanosleep(&pause, NULL);
		r = open_once(mode, ret, e);
	}
	if (r < 0 || !*ret)
		return lw_command_failed(e);
	if ((*ret)->alarms)
		(void)fprintf(stderr,
			      "landwaiter: ALARM: %llu blobs of accepted images are missing or "
			      "short here; `landwaiter repair BUNDLE` brings them back\n",
			      (unsigned long long)(*ret)->alarms);
	return LW_EXIT_DONE;
}

int lw_command_enclave(enum lw_state_mode mode, struct lw_enclave **ret)
{
	struct lw_error e = { 0 };

	return open_enclave(mode, 0, ret, &e);
}

void lw_print_pending(const struct lw_enclave *enclave)
{
	if (enclave->pending.code != LW_OK)
		(void)fprintf(stderr, "landwaiter: done; left for the next start: %s\n",
			      enclave->pending.text);
}

/* Without a verdict: what is told of a load, and the exit code. */
static int no_verdict(const struct lw_intake_options *o, int code, const struct lw_error *e)
{
	const char *next = e->code == LW_E_BUSY ? "wait until the other one is done, "
						  "then plug the medium in again"
			   : e->code == LW_E_NOSPACE
				   ? "make room for the enclave (landwaiter gc)"
				   : "mend what is named, then load again";

	if (o->purpose == LW_INTAKE_LOAD)
		lw_reporting_failed(e->text, next);
	return code;
}

int lw_command_intake(const struct lw_intake_options *options, struct lw_intake_end *ret)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(intake_result) struct lw_intake_result result = { 0 };
	struct lw_intake_options o = *options;
	struct lw_clock clock;
	struct lw_error e = { 0 };
	int code = open_enclave(LW_STATE_WRITE, options->wait_sec, &enclave, &e);

	if (!enclave)
		return no_verdict(&o, code, &e);
	if (lw_clock_system(&clock, &e) < 0)
		return no_verdict(&o, lw_command_failed(&e), &e);
	if (o.purpose == LW_INTAKE_LOAD)
		lw_reporting_watch(&o);

	int r = lw_intake_run(enclave, &clock, &o, &result, &e);

	lw_command_progress_end();
	if (r < 0) {
		code = lw_command_failed(&e);
		return no_verdict(&o, code == LW_EXIT_USAGE ? code : LW_EXIT_SYSTEM, &e);
	}
	lw_print_verdict(&result, stdout);
	if (o.purpose == LW_INTAKE_LOAD)
		lw_reporting_verdict(&result);
	if (ret)
		*ret = (struct lw_intake_end){ result.bundle, lw_intake_is_late(&result),
					       lw_intake_has_parts(&result),
					       result.n_lacking > 0,
					       result.statement.sequence };
	/* What follows a commit may be done again later: it takes nothing back. */
	if (result.verdict.outcome == LW_ACCEPTED)
		(void)!lw_enclave_drain(enclave, &e);
	lw_print_pending(enclave);
	return lw_outcome_exit(result.verdict.outcome);
}

void lw_print_record(const struct lw_head *head)
{
	char text[LW_HEAD_TEXT];

	if (lw_arg_json)
		(void)printf(
			"{\"format\":\"landwaiter-record/1\",\"head\":\"%s\",\"index\":%llu}\n",
			lw_head_text(head, text), (unsigned long long)(head->count - 1));
	else
		lw_print_head(head);
}

void lw_print_head(const struct lw_head *head)
{
	char text[LW_HEAD_TEXT];

	(void)fflush(stdout);
	(void)fprintf(stderr, "record %llu, head %s\n", (unsigned long long)(head->count - 1),
		      lw_head_text(head, text));
}
