/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/binding.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

char *lw_binding_path(const struct lw_repository *r, const char *image)
{
	size_t n = strlen(r->strip);
	const char *tag = strrchr(image, ':');

	if (strncmp(image, r->strip, n) != 0 || !tag || strchr(tag, '/') || tag < image + n)
		return NULL;
	return lw_asprintf("%s%.*s%c%s", r->prefix, (int)(tag - image - (ptrdiff_t)n),
			   image + n, r->tag_by_colon ? ':' : '/', tag + 1);
}

static void say(struct lw_judgement *j, const char *fmt, ...) LW_PRINTF(2, 3);
static void say(struct lw_judgement *j, const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	(void)lw_text_escape_str(text, j->tuf.text, sizeof(j->tuf.text));
}

static void refuse(const struct lw_judged *image, enum lw_finding_id id, const char *expected,
		   struct lw_verdict *v, struct lw_judgement *j)
{
	lw_verdict_add(v, id, image->name, expected, j->tuf.text);
	j->met = false;
}

/* What the target's hashes say, for a person to compare. */
static void describe(const struct lw_tuf_target *t, struct lw_buf *out)
{
	lw_buf_printf(out, "%llu bytes", (unsigned long long)t->file.length);
	for (const struct lw_json *h = t->file.hashes ? lw_json_first(t->file.hashes) : NULL; h;
	     h = lw_json_next(h))
		lw_buf_printf(out, ", %s:%s", lw_json_key(h), lw_json_string(h));
}

static void compare(const struct lw_tuf_client *client, const struct lw_repository *r,
		    const struct lw_judged *image, struct lw_span manifest, const char *path,
		    const struct lw_tuf_target *t, struct lw_verdict *v, struct lw_judgement *j)
{
	const struct lw_tuf_metadata *root = lw_tuf_client_trusted(client, LW_TUF_ROOT);
	const struct lw_tuf_metadata *snapshot = lw_tuf_client_trusted(client, LW_TUF_SNAPSHOT);
	LW_AUTO(buf) struct lw_buf want = { 0 };
	char have[LW_DIGEST_TEXT], expired[LW_TIME_TEXT];
	struct lw_error e = { 0 };

	if (lw_tuf_file_check(&t->file, manifest, &e) < 0) {
		describe(t, &want);
		say(j, "%s, %zu bytes, where %s lists another as '%s': %s",
		    lw_digest_text(&image->digest, have), manifest.n, r->name, path, e.text);
		refuse(image, LW_FINDING_TUF_TARGET_MISMATCH, lw_buf_str(&want), v, j);
		return;
	}
	j->tuf.met = true;
	if (t->expires <= image->now.hi)
		lw_verdict_addf(v, LW_FINDING_TUF_GRACE, image->name,
				"targets that have not expired",
				"%s of %s, or one above it, "
				"expired at %s; taken by policy's grace",
				t->role, r->name, lw_time_format(t->expires, expired));
	say(j, "%s lists it as '%s' (role %s, snapshot %lld, root %lld)", r->name, path,
	    t->role, (long long)snapshot->version, (long long)root->version);
}

int lw_binding_judge(struct lw_tuf_client *client, const struct lw_repository *r,
		     const struct lw_judged *image, struct lw_span manifest,
		     struct lw_verdict *v, struct lw_judgement *j, struct lw_error *e)
{
	lw_auto_free char *path = lw_binding_path(r, image->name);
	enum lw_finding_id reason = LW_FINDING_COUNT;
	struct lw_tuf_target target;
	int rc;

	if (!path) {
		say(j, "its name does not begin with '%s', as those bound to %s do", r->strip,
		    r->name);
		refuse(image, LW_FINDING_TUF_TARGET_UNKNOWN, "a name that policy can look up",
		       v, j);
		return 0;
	}
	rc = lw_tuf_client_find(client, path, &target, &reason, e);
	if (rc < 0 && reason == LW_FINDING_COUNT)
		return rc;
	if (rc < 0) {
		say(j, "%s, '%s': %s", r->name, path, e->text);
		refuse(image, reason, "a target that the repository lists", v, j);
		return 0;
	}
	compare(client, r, image, manifest, path, &target, v, j);
	return 0;
}
