/* SPDX-License-Identifier: Apache-2.0 */
/* The idle picture: who the enclave is, what it believes and until when. It is read as anybody
 * of its owner's may, without its lock; a load that is at work is not kept waiting. */
#include "base/mem.h"
#include "base/num.h"
#include "bundle/intake.h"
#include "cmd/status_present.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define SET(to, from) lw_report_set(to, sizeof(to), from)

#define NO_ENCLAVE "there is none: the data partition is missing, or nothing was made there"
#define SOON_SEC   ((int64_t)30 * 86400)

bool lw_present_is_own(const char *source)
{
	return strcmp(source, "disk") == 0 || strcmp(source, "evaluation") == 0;
}

/* ---- the disk ---- */

static void look_at_disk(struct lw_present *p, const char *enclave)
{
	struct statvfs fs = { 0 };
	char text[LW_REPORT_TEXT], size[16];
	uint64_t room;

	if (statvfs(enclave, &fs) < 0) {
		lw_present_notice(p, "disk", NULL, NULL); /* the enclave itself says why */
		return;
	}
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (fs.f_flag & ST_RDONLY) {
		lw_present_notice(p, "disk",
				  "THE DATA PARTITION IS READ-ONLY: nothing can be loaded",
				  "the disk may be failing: have it looked at, keep this one");
	} else if (room < LW_HEADROOM_BYTES) {
		(void)snprintf(text, sizeof(text),
			       "THE DATA PARTITION IS FULL: %s left, nothing can be loaded",
			       lw_num_human_size(room, size));
		lw_present_notice(p, "disk", text, "landwaiter gc, or a larger disk");
	} else {
		lw_present_notice(p, "disk", NULL, NULL);
	}
}

/* ---- what expires ---- */

static void add_expiry(struct lw_status_enclave *x, const char *what, int64_t until)
{
	size_t n = x->n_expires < LW_MAX_STATUS_EXPIRES ? x->n_expires : LW_MAX_STATUS_EXPIRES;
	size_t at = n;

	while (at > 0 && x->expires[at - 1].until > until)
		at--;
	x->n_expires++;
	if (at == LW_MAX_STATUS_EXPIRES)
		return;
	if (n == LW_MAX_STATUS_EXPIRES)
		n--;
	memmove(&x->expires[at + 1], &x->expires[at], (n - at) * sizeof(x->expires[0]));
	SET(x->expires[at].what, what);
	x->expires[at].until = until;
}

static void look_at_expiry(struct lw_status_enclave *x, const struct lw_policy *policy,
			   const struct lw_interval *now)
{
	int64_t soon = now->hi + SOON_SEC;

	if (now->source == LW_HI_UNKNOWN)
		return;
	if (x->trust_until && x->trust_until <= soon)
		add_expiry(x, "the enclave's trust", x->trust_until);
	for (size_t i = 0; i < policy->n_signers; i++) {
		char what[LW_REPORT_WORD];

		if (policy->signers[i].valid_until > soon)
			continue;
		(void)snprintf(what, sizeof(what), "signer %s", policy->signers[i].name);
		add_expiry(x, what, policy->signers[i].valid_until);
	}
}

/* ---- the enclave ---- */

static int count_image(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	struct lw_status_enclave *x = data;

	(void)e;
	if (!i->superseded) {
		x->images++;
		x->withheld += i->pending;
	}
	return 0;
}

/* Nothing changes an image without a record. */
static int look_at_images(struct lw_enclave *enclave, const struct lw_status_enclave *before,
			  struct lw_status_enclave *x, struct lw_error *e)
{
	if (before->known && strcmp(before->head, x->head) == 0) {
		x->images = before->images;
		x->withheld = before->withheld;
		return 0;
	}
	return lw_state_each_image(enclave->state, count_image, x, e);
}

static int look_at_trust(struct lw_enclave *enclave, struct lw_status_enclave *x,
			 struct lw_error *e)
{
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	struct lw_interval now = { 0 };
	struct lw_clock clock;
	int64_t version = 0;
	int r = lw_clock_system(&clock, e);

	if (r == 0)
		r = lw_state_get_integer(enclave->state, "trust.version", &version, e);
	if (r == 0)
		r = lw_state_get_integer(enclave->state, "trust.until", &x->trust_until, e);
	if (r == 0)
		r = lw_intake_policy(enclave, &policy, e);
	if (r == 0)
		r = lw_intake_interval(enclave, policy, &clock, &now, e);
	if (r < 0)
		return r;
	x->trust_version = (uint64_t)version;
	SET(x->time, now.source == LW_HI_UNKNOWN ? "unknown"
		     : now.behind		 ? "behind-floor"
						 : "trusted");
	look_at_expiry(x, policy, &now);
	SET(x->trust, lw_intake_is_expired(x->trust_until, &now) ? "expired"
		      : x->trust_until && now.source != LW_HI_UNKNOWN &&
				      x->trust_until <= now.hi + SOON_SEC
			      ? "expires-soon"
			      : "holds");
	return 0;
}

static int look(const char *path, const struct lw_status_enclave *before,
		struct lw_status_enclave *x, bool *ret_evaluation, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	struct lw_head head = { 0 };
	int r = lw_enclave_open(path, LW_STATE_READ, NULL, &enclave, e);

	if (r == 0)
		r = lw_record_head(enclave->state, &head, e);
	if (r < 0)
		return r;
	*ret_evaluation =
		faccessat(enclave->dir, LW_EVALUATION_FOLDER, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	x->identity = enclave->identity;
	SET(x->name, enclave->name);
	x->records = head.count;
	(void)lw_head_text(&head, x->head);
	r = look_at_trust(enclave, x, e);
	if (r == 0)
		r = look_at_images(enclave, before, x, e);
	return r;
}

void lw_present_look(struct lw_present *p, const char *enclave)
{
	struct lw_status_enclave x = { 0 };
	struct lw_error e = { 0 };
	bool evaluation = false;

	look_at_disk(p, enclave);
	if (look(enclave, &p->status.enclave, &x, &evaluation, &e) == 0) {
		x.known = true;
	} else {
		x = (struct lw_status_enclave){ 0 };
		SET(x.why, e.code == LW_E_NOTFOUND ? NO_ENCLAVE : e.text);
	}
	p->status.enclave = x;
	lw_present_notice(
		p, "evaluation",
		evaluation ? "EVALUATION ONLY: the key that decides all lies here, too" : NULL,
		NULL);
}
