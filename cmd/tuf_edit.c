/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `tuf` that edit have in common: whose keys, and how an edit ends. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/words.h"
#include "cmd/tuf.h"
#include "keys/private.h"
#include "tuf/difference.h"

#include <string.h>

const char *lw_tuf_change_file;
struct lw_list lw_tuf_keys, lw_tuf_expires;

int lw_tuf_now(int64_t *ret_sec, struct lw_error *e)
{
	struct lw_clock clock;
	int r = lw_clock_system(&clock, e);

	if (r == 0)
		*ret_sec = clock.wall_sec;
	return r;
}

/* ---- holders ---- */

void lw_tuf_free_holders(struct lw_tuf_holders *h)
{
	for (size_t i = 0; i < h->holders.n; i++) {
		lw_buf_free(&h->files[i]);
		free(h->names[i]);
	}
	free(h->files);
	free(h->names);
	free(h->list);
	*h = (struct lw_tuf_holders){ 0 };
}

/* "alice=keys/a.pub", or "keys/alice.pub". */
static int read_holder(const char *given, char **ret_name, struct lw_buf *file,
		       struct lw_error *e)
{
	const char *equals = strchr(given, '='), *path = equals ? equals + 1 : given;
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	if (!equals && n > 4 && strcmp(base + n - 4, ".pub") == 0)
		n -= 4;
	*ret_name = equals ? lw_strndup(given, (size_t)(equals - given)) : lw_strndup(base, n);
	return lw_fs_read_path(path, LW_MAX_KEY_BYTES, file, e);
}

int lw_tuf_read_holders(const struct lw_list *given, const char *threshold,
			struct lw_tuf_holders *ret, struct lw_error *e)
{
	LW_AUTO(tuf_holders)
	struct lw_tuf_holders h = {
		.list = lw_alloc_array(given->n + 1, sizeof(*h.list)),
		.files = lw_alloc_array(given->n + 1, sizeof(*h.files)),
		.names = lw_alloc_array(given->n + 1, sizeof(*h.names)),
	};

	if (threshold && lw_num_u64(lw_span_str(threshold), 1, LW_MAX_TUF_ROLE_KEYS,
				    &h.holders.threshold, e) < 0)
		return lw_command_misused(e, "threshold");
	for (size_t i = 0; i < given->n; i++) {
		h.holders.n = i + 1;

		int r = read_holder(given->list[i], &h.names[i], &h.files[i], e);
		if (r < 0)
			return r;
		h.list[i] = (struct lw_edit_holder){ h.names[i], lw_buf_span(&h.files[i]) };
	}
	h.holders.list = h.list;
	*ret = h;
	memset(&h, 0, sizeof(h));
	return 0;
}

/* ---- the end of an edit ---- */

static int apply_expires(struct lw_change *c, struct lw_error *e)
{
	for (size_t i = 0; i < lw_tuf_expires.n; i++) {
		const char *given = lw_tuf_expires.list[i], *equals = strchr(given, '=');
		lw_auto_free char *role = lw_strndup(given, strcspn(given, "="));

		if (!equals) {
			(void)lw_fail(e, LW_E_USAGE, "want ROLE=P90D, have '%s'", given);
			return lw_command_misused(e, "--expires");
		}
		if (lw_edit_period(c, role, equals + 1, e) < 0)
			return lw_command_misused(e, "--expires");
	}
	return 0;
}

static int sign_all(struct lw_change *c, struct lw_error *e)
{
	for (size_t i = 0; i < lw_tuf_keys.n; i++) {
		LW_AUTO(private_key) struct lw_private_key *key = NULL;
		size_t n = 0;
		int r = lw_command_key(lw_tuf_keys.list[i], &key, e);

		if (r == 0)
			r = lw_change_sign(c, key, NULL, &n, e);
		if (r < 0)
			return lw_prefix(e, "%s", lw_tuf_keys.list[i]);
	}
	return 0;
}

int lw_tuf_print_pending(struct lw_change *c, const char *file, bool published,
			 struct lw_error *e)
{
	struct lw_digest digest = lw_change_digest(c);
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	char text[LW_DIGEST_TEXT];

	lw_digest_text(&digest, text);
	if (!lw_arg_json) {
		(void)printf("%s\n", text);
		return 0;
	}
	lw_json_w_object(&w);
	lw_json_w_member(&w, "change", text);

	int r = lw_difference_json(c, &w, e);
	if (r < 0)
		return r;
	if (file)
		lw_json_w_member(&w, "file", file);
	lw_json_w_member(&w, "format", "landwaiter-tuf-pending/1");
	lw_json_w_key(&w, "published");
	lw_json_w_bool(&w, published);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
	return 0;
}

void lw_tuf_say_published(const struct lw_change *c)
{
	const struct lw_change_role *root = lw_change_find(c, "root");
	char digest[LW_DIGEST_TEXT], words[LW_WORDS_TEXT];
	LW_AUTO(buf) struct lw_buf file = { 0 };

	lw_command_say("published");
	if (!root || !root->next || lw_metafile_version(root->next) != 1)
		return;
	lw_metafile_print(root->next, &file);

	struct lw_digest d = lw_digest_of(lw_buf_span(&file));

	lw_command_say("The first root, for paper, in two places:");
	lw_command_say("  %s", lw_digest_text(&d, digest));
	lw_command_say("  %s", lw_words_text(&d, words));
}

int lw_tuf_incomplete(struct lw_change *c, const char *file)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_error e = { 0 };

	if (lw_difference_signers(c, LW_DIFFERENCE_MISSING, &text, &e) < 0 ||
	    lw_tuf_print_pending(c, file, false, &e) < 0)
		return lw_command_failed(&e);
	(void)fprintf(stderr, "not published: signatures are missing\n%s", lw_buf_str(&text));
	return LW_EXIT_INCOMPLETE;
}

static int settle(struct lw_staging *s, int64_t now, struct lw_error *e)
{
	int r = apply_expires(&s->change, e);

	if (r == 0)
		r = lw_edit_settle(&s->change, now, e);
	if (r == 0 && s->change.signatures_dropped)
		(void)fprintf(stderr, "signatures dropped with what they were for: %zu\n",
			      s->change.signatures_dropped);
	return r;
}

int lw_tuf_finish(struct lw_staging *s)
{
	struct lw_error e = { 0 };
	bool published = false;
	int64_t now = 0;
	int r = lw_tuf_now(&now, &e);

	if (r == 0)
		r = settle(s, now, &e);
	if (r == 0)
		r = sign_all(&s->change, &e);
	/* What was staged stands for all of it: one that dies after publishing finds it done.
	 */
	if (r == 0 && (s->is_staged || lw_tuf_keys.n == 0))
		r = lw_staging_save(s, &e);
	if (r == 0 && lw_tuf_keys.n)
		r = lw_staging_publish(s, now, &published, &e);
	if (r == 0 && lw_tuf_keys.n && !published && !s->is_staged)
		r = lw_staging_save(s, &e);
	if (r == 0 && lw_tuf_keys.n && !published)
		return lw_tuf_incomplete(&s->change, s->file);
	if (r == 0)
		r = lw_tuf_print_pending(&s->change, published ? NULL : s->file, published, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (published)
		lw_tuf_say_published(&s->change);
	else
		(void)fprintf(stderr, "staged in %s; sign it with `landwaiter tuf sign`\n",
			      s->file);
	return LW_EXIT_DONE;
}
