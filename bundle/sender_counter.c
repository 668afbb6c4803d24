/* SPDX-License-Identifier: Apache-2.0 */
/* The sender's memory between bundles: `<sender>.json`, canonical, one line. */
#include "bundle/pack.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

struct lw_sender_counter {
	int dir, lock;
	char *file; /* "<sender>.json" */
	char sender[LW_MAX_LABEL + 1];
	uint64_t sequence;
};

static void counter_free(struct lw_sender_counter *c)
{
	if (!c)
		return;
	if (c->lock >= 0)
		(void)close(c->lock);
	if (c->dir >= 0)
		(void)close(c->dir);
	free(c->file);
	free(c);
}

LW_DEFINE_AUTO(counter, struct lw_sender_counter *, counter_free);

struct counter_fields {
	const char *sender;
	uint64_t sequence;
	struct lw_digest bundle;
};

static int read_counter(struct lw_sender_counter *c, struct counter_fields *f,
			struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		{ .name = "bundle",
		  .reader = LW_JSON_READ_DIGEST,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct counter_fields, bundle) },
		{ .name = "sender",
		  .reader = LW_JSON_READ_LABEL,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct counter_fields, sender) },
		{ .name = "sequence",
		  .reader = LW_JSON_READ_U64,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(struct counter_fields, sequence),
		  .min = 1 },
	};
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	int r = lw_fs_read_beneath(c->dir, c->file, 4096, &bytes, e);

	if (r == -LW_E_NOTFOUND)
		return 0; /* the first bundle of this sender */
	if (r < 0)
		return r; /* it names the file */
	r = lw_json_parse(lw_buf_span(&bytes), &LW_JSON_STRICT, &doc, e);
	if (r == 0)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_REFUSE_UNKNOWN, "counter", f, e);
	if (r == 0 && strcmp(f->sender, c->sender) != 0)
		r = lw_fail(e, LW_E_STATE, "it is another sender's");
	f->sender = NULL; /* it dies with the document */
	if (r < 0) {
		e->code = LW_E_STATE; /* it is ours, whatever is wrong with it */
		return lw_prefix(e, "%s", c->file);
	}
	return 0;
}

static int open_counter(struct lw_sender_counter *c, const char *dir, struct lw_error *e)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return lw_fail_errno(e, "sender folder %s", dir);

	int r = lw_fs_open_dir(dir, &c->dir, e);
	if (r < 0)
		return r;
	c->lock = openat(c->dir, "lock", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock < 0)
		return lw_fail_errno(e, "%s/lock", dir);
	if (flock(c->lock, LOCK_EX | LOCK_NB) < 0)
		return lw_fail(e, LW_E_BUSY, "%s: another pack is at work there", dir);
	return 0;
}

int lw_sender_counter_take(const char *dir, const char *sender, uint64_t wanted,
			   struct lw_sender_counter **ret, uint64_t *ret_sequence,
			   bool *ret_has, struct lw_digest *ret_previous, struct lw_error *e)
{
	LW_AUTO(counter) struct lw_sender_counter *c = lw_alloc_array(1, sizeof(*c));
	struct counter_fields f = { 0 };

	c->dir = c->lock = -1;
	if (!lw_text_is_label(lw_span_str(sender)))
		return lw_fail(e, LW_E_USAGE, "sender: want [a-z0-9][a-z0-9._-]{0,63}");
	(void)snprintf(c->sender, sizeof(c->sender), "%s", sender);
	c->file = lw_asprintf("%s.json", sender);

	int r = open_counter(c, dir, e);
	if (r == 0)
		r = read_counter(c, &f, e);
	if (r < 0)
		return r;
	if (wanted && wanted <= f.sequence)
		return lw_fail(e, LW_E_USAGE, "sequence: want one above %llu, have %llu",
			       (unsigned long long)f.sequence, (unsigned long long)wanted);
	/* No enclave takes more at once: it would be a slip that uses up the numbers. */
	if (wanted && f.sequence && wanted - f.sequence > LW_MAX_SEQUENCE_STEP)
		return lw_fail(e, LW_E_USAGE,
			       "sequence: want at most %llu above %llu, have %llu",
			       (unsigned long long)LW_MAX_SEQUENCE_STEP,
			       (unsigned long long)f.sequence, (unsigned long long)wanted);
	c->sequence = wanted ? wanted : f.sequence + 1;
	if (c->sequence >= LW_MAX_SEQUENCE)
		return lw_fail(e, LW_E_STATE, "%s/%s: no number is left above %llu", dir,
			       c->file, (unsigned long long)f.sequence);
	*ret_sequence = c->sequence;
	*ret_has = f.sequence > 0;
	*ret_previous = f.bundle;
	*ret = lw_steal(c);
	return 0;
}

int lw_sender_counter_done(struct lw_sender_counter *c, const struct lw_digest *bundle,
			   struct lw_error *e)
{
	LW_AUTO(counter) struct lw_sender_counter *mine = c;
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_json_writer w = { .out = &out, .canonical = true };
	char text[LW_DIGEST_TEXT];

	if (!bundle)
		return 0;
	lw_json_w_object(&w);
	lw_json_w_member(&w, "bundle", lw_digest_text(bundle, text));
	lw_json_w_member(&w, "sender", mine->sender);
	lw_json_w_member_integer(&w, "sequence", (int64_t)mine->sequence);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(&out, '\n');
	return lw_fs_publish(mine->dir, mine->file, lw_buf_span(&out), 0600, e);
}
