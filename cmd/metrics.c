/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/metrics.h"

#include "base/fs.h"

#include <stdint.h>

static void family(struct lw_buf *b, const char *name, const char *help)
{
	lw_buf_printf(b, "# HELP landwaiter_%s %s\n# TYPE landwaiter_%s gauge\n", name, help,
		      name);
}

static void gauge(struct lw_buf *b, const char *name, const char *help, int64_t value)
{
	family(b, name, help);
	lw_buf_printf(b, "landwaiter_%s %lld\n", name, (long long)value);
}

static void images(struct lw_buf *b, const struct lw_checked *c)
{
	size_t damaged = 0; /* of those that hold: each image is counted once */

	for (size_t i = 0; i < c->n; i++)
		damaged += c->list[i].holds && c->list[i].damaged;
	family(b, "images", "Accepted images at the last check, by what it found.");
	lw_buf_printf(b,
		      "landwaiter_images{state=\"holds\"} %zu\n"
		      "landwaiter_images{state=\"withheld\"} %zu\n"
		      "landwaiter_images{state=\"damaged\"} %zu\n",
		      c->n - c->withheld - damaged, c->withheld, damaged);
}

/* Names of signers are labels: there is nothing to escape. */
static void signers(struct lw_buf *b, const struct lw_policy *p)
{
	family(b, "signer_expires_timestamp_seconds",
	       "Until when what a signer of the policy signs counts.");
	for (size_t i = 0; i < p->n_signers; i++)
		if (p->signers[i].valid_until != INT64_MAX)
			lw_buf_printf(
				b,
				"landwaiter_signer_expires_timestamp_seconds{signer=\"%s\"} "
				"%lld\n",
				p->signers[i].name, (long long)p->signers[i].valid_until);
}

int lw_metrics_write(struct lw_enclave *enclave, const struct lw_checked *c, const char *path,
		     struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	lw_auto_fd int dir = -1;
	const char *name = NULL;
	int64_t until = 0;
	int r = lw_intake_policy(enclave, &policy, e);

	if (r == 0)
		r = lw_state_get_integer(enclave->state, "trust.until", &until, e);
	if (r == 0)
		r = lw_fs_open_parent(path, &dir, &name, e);
	if (r < 0)
		return lw_prefix(e, "%s", path);
	gauge(&b, "blob_bytes", "Bytes of accepted blobs that the last check hashed.",
	      (int64_t)c->bytes);
	gauge(&b, "blobs", "Accepted blobs that the last check hashed.", (int64_t)c->blobs);
	gauge(&b, "blobs_damaged", "Of those, blobs that are missing or have other bytes.",
	      (int64_t)c->damaged_blobs);
	gauge(&b, "check_judged",
	      "Whether there was a time and a trust to judge by at the last check.",
	      c->verdict.outcome == LW_ACCEPTED);
	gauge(&b, "check_timestamp_seconds", "When the last check was, by the enclave's time.",
	      c->at);
	images(&b, c);
	gauge(&b, "records", "Records in the book.", (int64_t)c->head.count);
	signers(&b, policy);
	if (until)
		gauge(&b, "trust_expires_timestamp_seconds",
		      "When the first part of the enclave's own trust expires.", until);
	r = lw_fs_publish(dir, name, lw_buf_span(&b), 0644, e);
	return r < 0 ? lw_prefix(e, "%s", path) : 0;
}
