/* SPDX-License-Identifier: Apache-2.0 */
/* The vendors' TUF repositories that a policy knows ("tuf"). */
#include "verify/policy_internal.h"

#include "base/num.h"
#include "base/text.h"
#include "verify/tuf_client.h"

struct repository_fields {
	const char *root, *path, *strip, *prefix, *grace;
};

/* A store that has the first root and nothing else. */
static int load(void *data, const char *role, size_t max, struct lw_buf *file,
		struct lw_tuf_signed *halves, struct lw_error *e)
{
	const struct lw_repository *r = data;

	(void)halves;
	if (strcmp(role, "root") != 0)
		return lw_fail(e, LW_E_NOTFOUND, "%s", role);
	if (r->root.n > max)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu bytes, have %zu", max,
			       r->root.n);
	lw_buf_add(file, r->root.p, r->root.n);
	return 0;
}

/* It must be a root that vouches for itself. Whether it has expired does not matter: it
 * authenticates its successor. */
static int check_root(struct lw_repository *r, struct lw_error *e)
{
	LW_AUTO(tuf_client) struct lw_tuf_client *client = NULL;
	LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
	struct lw_tuf_options options = { .store = { .load = load, .data = r } };
	enum lw_finding_id reason;

	if (lw_tuf_client_open(&options, &client, &reason, e) < 0 ||
	    lw_tuf_split(lw_buf_span(&r->root), &halves, e) < 0)
		return lw_fail_as(e, LW_E_FORMAT);
	r->root_version = lw_tuf_client_trusted(client, LW_TUF_ROOT)->version;
	r->root_signed = lw_digest_of(lw_buf_span(&halves.message));
	return 0;
}

int lw_policy_read_repository(struct lw_policy *p, const struct lw_json *node,
			      const struct lw_policy_files *files, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		LW_POLICY_FIELD(struct repository_fields, grace, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct repository_fields, path, LW_JSON_READ_STRING),
		LW_POLICY_FIELD(struct repository_fields, prefix, LW_JSON_READ_PLAIN, .min = 1,
				.max = LW_MAX_REFERENCE),
		LW_POLICY_FIELD(struct repository_fields, root, LW_JSON_READ_STRING,
				.flags = LW_JSON_REQUIRED, .min = 1, .max = 255),
		LW_POLICY_FIELD(struct repository_fields, strip, LW_JSON_READ_PLAIN, .min = 1,
				.max = LW_MAX_REFERENCE),
	};
	struct lw_repository *repository = &p->repositories[p->n_repositories++];
	struct repository_fields f = { .path = "repository/tag", .strip = "", .prefix = "" };
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "repository", &f, e);

	repository->name = lw_json_key(node);
	if (r == 0 && !lw_text_is_label(lw_span_str(repository->name)))
		r = lw_fail(e, LW_E_FORMAT, "its name is not a label");
	if (r == 0 && strcmp(repository->name, "enclave") == 0)
		r = lw_fail(e, LW_E_FORMAT, "that is the enclave's own");
	repository->tag_by_colon = r == 0 && strcmp(f.path, "repository:tag") == 0;
	if (r == 0 && !repository->tag_by_colon && strcmp(f.path, "repository/tag") != 0)
		r = lw_fail(e, LW_E_FORMAT,
			    "path: want \"repository/tag\" or \"repository:tag\"");
	if (r == 0 && f.grace)
		r = lw_num_duration(lw_span_str(f.grace), &repository->grace_sec, e);
	if (r < 0)
		return r;
	repository->strip = f.strip;
	repository->prefix = f.prefix;
	r = files->read(files->data, f.root, &repository->root, e);
	return r < 0 ? r : check_root(repository, e);
}
