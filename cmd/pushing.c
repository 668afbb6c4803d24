/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pushing.h"

#include "base/json.h"
#include "base/num.h"
#include "cmd/reach.h"
#include "cmd/verdict.h"

#include <string.h>
#include <time.h>

#define BUSY_SEC 60 /* another writer is waited for, for the record */

/* ---- printing ---- */

static size_t count_queued(const struct lw_pushed *p)
{
	size_t queued = 0;

	for (size_t i = 0; i < p->n; i++)
		queued += p->list[i].state == LW_PUSHED_NOT;
	return queued;
}

static void print_json(const struct lw_pushed *p)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char text[LW_DIGEST_TEXT], head[LW_HEAD_TEXT];

	lw_json_w_object(&w);
	lw_json_w_member_integer(&w, "bytes", (int64_t)p->bytes);
	lw_json_w_member_integer(&w, "exit", lw_outcome_exit(p->verdict.outcome));
	lw_json_findings(&w, &p->verdict);
	lw_json_w_member(&w, "format", "landwaiter-push/1");
	lw_json_w_member(&w, "head", lw_head_text(&p->head, head));
	lw_json_w_key(&w, "images");
	lw_json_w_array(&w);
	for (size_t i = 0; i < p->n; i++) {
		const struct lw_pushed_image *image = &p->list[i];

		lw_json_w_object(&w);
		lw_json_w_member(&w, "digest", lw_digest_text(&image->queued.digest, text));
		lw_json_w_member_integer(&w, "mounted", (int64_t)image->mounted);
		lw_json_w_member(&w, "name", image->queued.name);
		lw_json_w_member(&w, "registry", image->queued.registry);
		lw_json_w_member(&w, "repository", image->queued.repository);
		lw_json_w_member_integer(&w, "sent", (int64_t)image->sent);
		lw_json_w_member(&w, "state", lw_pushed_state_name(image->state));
		lw_json_w_member(&w, "tag", image->tag);
		lw_json_w_member_integer(&w, "there", (int64_t)image->there);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_member_integer(&w, "queued", (int64_t)count_queued(p));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
}

static void print_text(const struct lw_pushed *p)
{
	char text[LW_DIGEST_TEXT], size[16];

	for (size_t i = 0; i < p->n; i++) {
		const struct lw_pushed_image *image = &p->list[i];

		(void)printf("%s %s/%s%s%s\n", lw_pushed_state_name(image->state),
			     image->queued.registry, image->queued.repository,
			     *image->tag ? ":" : "", image->tag);
		(void)printf("  %s\n", lw_digest_text(&image->queued.digest, text));
	}
	lw_print_findings(&p->verdict, stdout);
	(void)printf("images %zu, in the registry %zu, still queued %zu; %s sent\n", p->n,
		     lw_pushed_count(p), count_queued(p), lw_num_human_size(p->bytes, size));
}

/* ---- steps ---- */

/* Who writes in the enclave meanwhile is waited for: what was sent is to be in the book. */
static int open_to_write(struct lw_enclave **ret, struct lw_error *e)
{
	const struct timespec second = { .tv_sec = 1 };
	struct lw_clock now;
	int r = lw_clock_system(&now, e);

	for (unsigned waited = 0; r == 0; waited++) {
		r = lw_enclave_open(lw_arg_enclave, LW_STATE_BOOK, &now, ret, e);
		if (r != -LW_E_BUSY || waited == BUSY_SEC)
			break;
		(void)nanosleep(&second, NULL);
		r = 0;
	}
	return r;
}

static int queue(const struct lw_push_options *o, struct lw_pushed *p, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	int r;

	if (!o->destination || o->queued_only)
		return 0;
	r = open_to_write(&enclave, e);
	return r == 0 ? lw_push_queue(enclave, o, p, e) : r;
}

static int send_queued(const struct lw_push_options *o, struct lw_pushed *p, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	int r = lw_enclave_open(lw_arg_enclave, LW_STATE_READ, NULL, &enclave, e);

	return r == 0 ? lw_push_send(enclave, o, p, e) : r;
}

static int end(struct lw_pushed *p, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_record_time time;
	struct lw_clock clock;
	int r = open_to_write(&enclave, e);

	if (r == 0)
		r = lw_command_record_time(enclave, &clock, &time, e);
	return r == 0 ? lw_push_end(enclave, &clock, &time, p, e) : r;
}

int lw_command_push(const struct lw_push_options *options)
{
	LW_AUTO(reach) struct lw_reach reach = { 0 };
	LW_AUTO(pushed) struct lw_pushed p = { 0 };
	struct lw_push_options o = *options;
	struct lw_error e = { 0 };
	int r;

	o.reach = lw_reach_registry;
	o.data = &reach;
	o.progress = lw_command_progress("push");
	o.stop = lw_command_stoppable();
	r = queue(&o, &p, &e);
	if (r == 0)
		r = send_queued(&o, &p, &e);
	lw_command_progress_end();
	if (r < 0 && lw_pushed_count(&p) > 0) { /* what was sent is to be in the book */
		lw_verdict_add(&p.verdict, LW_FINDING_SYSTEM_ERROR, "push", "", e.text);
		r = 0;
	}
	if (r == 0)
		r = end(&p, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (lw_arg_json)
		print_json(&p);
	else
		print_text(&p);
	lw_print_head(&p.head);
	return lw_outcome_exit(p.verdict.outcome);
}
