/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/own_trust.h"

#include "base/limits.h"
#include "base/mem.h"
#include "bundle/box.h"
#include "udev/commission.h"
#include "udev/media_list.h"

#include <string.h>

/* One target, held against what signed metadata says of it, and kept under its path. */
struct reading {
	const struct lw_own_source *source;
	struct lw_own_trust *to;
};

static void keep(struct lw_own_trust *t, const char *path, struct lw_buf *bytes)
{
	size_t n = t->n_files++;

	t->files = lw_realloc_array(t->files, n + 1, sizeof(*t->files));
	t->bytes = lw_realloc_array(t->bytes, n + 1, sizeof(*t->bytes));
	t->names = lw_realloc_array(t->names, n + 1, sizeof(*t->names));
	t->names[n] = lw_strdup(path);
	t->bytes[n] = *bytes;
	*bytes = (struct lw_buf){ 0 };
	/* The arrays move, what they point to does not. */
	t->files[n] = (struct lw_trust_file){ t->names[n], lw_buf_span(&t->bytes[n]) };
}

static int read_target(struct reading *r, const char *path, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf name = { 0 };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_own_trust *t = r->to;
	struct lw_tuf_target target;
	int rc = lw_tuf_client_find(t->client, path, &target, &t->reason, e);

	if (rc < 0)
		return rc;
	lw_tuf_client_target_name(t->client, path, &target, &name);
	rc = target.file.length > LW_MAX_POLICY_BYTES
		     ? lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %llu",
			       LW_MAX_POLICY_BYTES, (unsigned long long)target.file.length)
		     : r->source->target(r->source->data, lw_buf_str(&name), target.file.length,
					 &bytes, e);
	if (rc < 0) {
		t->reason = rc == -LW_E_NOTFOUND ? LW_FINDING_TUF_MISSING
			    : rc == -LW_E_LIMIT	 ? LW_FINDING_TUF_LIMIT
						 : LW_FINDING_TUF_FETCH;
		return lw_prefix(e, "target %s", path);
	}
	rc = lw_tuf_file_check(&target.file, lw_buf_span(&bytes), e);
	if (rc < 0) {
		t->reason = LW_FINDING_TUF_TARGET_MISMATCH;
		return lw_prefix(e, "target %s", path);
	}
	if (target.expires < t->until)
		t->until = target.expires;
	keep(t, path, &bytes);
	return 0;
}

/* For the policy's reader: a file that it names. */
static int read_file(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	struct reading *r = data;
	struct lw_own_trust *t = r->to;
	int rc = 0;
	size_t i = 0;

	while (i < t->n_files && strcmp(t->files[i].name, name) != 0)
		i++;
	if (i == t->n_files)
		rc = read_target(r, name, e);
	if (rc == 0)
		lw_buf_add(out, t->files[i].bytes.p, t->files[i].bytes.n);
	return rc;
}

static int read_policy(struct reading *r, struct lw_error *e)
{
	const struct lw_policy_files files = { .read = read_file, .data = r };
	struct lw_own_trust *t = r->to;
	int rc = read_target(r, "policy.json", e);

	if (rc < 0)
		return rc;

	struct lw_span policy = t->files[0].bytes;

	rc = lw_policy_parse(policy, &files, &t->policy, e);
	for (size_t i = 0; rc == 0 && i < t->policy->n_signers; i++)
		if (t->policy->signers[i].n_unsupported)
			rc = lw_fail(e, LW_E_UNSUPPORTED,
				     "signer '%s': a key of an unsupported kind",
				     t->policy->signers[i].name);
	/* What the search for a file was refused for is the better reason. */
	if (rc < 0 && t->reason == LW_FINDING_COUNT)
		t->reason = LW_FINDING_TRUST_POLICY;
	return rc;
}

static int check_door(struct lw_span file, struct lw_error *e)
{
	LW_AUTO(commission) struct lw_commission c = { 0 };

	return lw_commission_parse(file, &c, e);
}

static int check_media(struct lw_span file, struct lw_error *e)
{
	LW_AUTO(media_list) struct lw_media_list *list = NULL;

	return lw_media_list_parse(file, &list, e);
}

/* What is trust without the policy naming it: what the door goes by (docs/format/media.md). A
 * repository need not have it. */
static int read_door(struct reading *r, struct lw_error *e)
{
	static const struct {
		const char *name;
		int (*check)(struct lw_span file, struct lw_error *e);
	} files[] = { { "door.json", check_door }, { "media.json", check_media } };
	struct lw_own_trust *t = r->to;

	for (size_t i = 0; i < LW_COUNT_OF(files); i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };
		int rc = read_file(r, files[i].name, &b, e);

		if (rc < 0 && t->reason == LW_FINDING_TUF_TARGET_UNKNOWN) {
			t->reason = LW_FINDING_COUNT;
			continue;
		}
		if (rc < 0)
			return rc;
		rc = files[i].check(lw_buf_span(&b), e);
		if (rc < 0) {
			t->reason = LW_FINDING_TRUST_POLICY;
			return rc;
		}
	}
	return 0;
}

/* A box that breaks is not what the file is like. */
static int split(void *data, struct lw_span file, struct lw_tuf_signed *ret, struct lw_error *e)
{
	struct lw_own_trust *t = data;
	int r = lw_box_tuf_split(t->box, file, ret, e);

	t->broken = r == -LW_E_JAIL;
	return r;
}

/* The reason that counts: for a fault of ours there is none. */
static int failed(struct lw_own_trust *t, int r, const struct lw_error *e)
{
	if (r < 0 && t->reason != LW_FINDING_COUNT && (t->broken || e->code == LW_E_JAIL))
		t->reason = LW_FINDING_EVIDENCE_BOX;
	else if (r < 0 && e->code == LW_E_STATE)
		t->reason = LW_FINDING_COUNT;
	return r;
}

int lw_own_trust_read(const struct lw_own_source *source, const struct lw_tuf_store *store,
		      int64_t now, struct lw_own_trust *ret, struct lw_error *e)
{
	struct reading reading = { .source = source, .to = ret };
	int r = lw_box_tuf_open(source->program, &ret->box, e);
	const struct lw_tuf_options options = {
		.transport = source->metadata,
		.store = *store,
		.split = split,
		.split_data = ret,
		.now = now,
	};

	ret->reason = LW_FINDING_COUNT;
	ret->until = INT64_MAX;
	if (r == 0)
		r = lw_tuf_client_open(&options, &ret->client, &ret->reason, e);
	if (r == 0)
		r = lw_tuf_client_refresh(ret->client, &ret->reason, e);
	for (unsigned i = LW_TUF_ROOT; r == 0 && i <= LW_TUF_TARGETS; i++) {
		const struct lw_tuf_metadata *m =
			lw_tuf_client_trusted(ret->client, (enum lw_tuf_type)i);

		if (m->expires < ret->until)
			ret->until = m->expires;
	}
	if (r == 0)
		r = read_policy(&reading, e);
	return failed(ret, r == 0 ? read_door(&reading, e) : r, e);
}

void lw_own_trust_release(struct lw_own_trust *t)
{
	for (size_t i = 0; i < t->n_files; i++) {
		lw_buf_free(&t->bytes[i]);
		free(t->names[i]);
	}
	free(t->files);
	free(t->bytes);
	free(t->names);
	lw_policy_free(t->policy);
	lw_tuf_client_free(t->client);
	lw_box_tuf_close(t->box);
}
