/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/birth.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/tree.h"
#include "custody/enclave.h"
#include "verify/freshness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#define FORMAT	     "landwaiter-enclave/1"
#define RANDOM_BYTES 32

static int random_hex(char *out, size_t n, struct lw_error *e)
{
	uint8_t bytes[RANDOM_BYTES];

	if (getrandom(bytes, n, 0) != (ssize_t)n)
		return lw_fail_errno(e, "random bytes");
	lw_hex_encode(lw_span(bytes, n), out);
	return 0;
}

int lw_birth_write(const char *name, const struct lw_clock *now, struct lw_buf *out,
		   struct lw_error *e)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char hex[2 * RANDOM_BYTES + 1], text[LW_TIME_TEXT];
	int rc = random_hex(hex, RANDOM_BYTES, e);

	if (rc)
		return rc;
	lw_json_w_object(&w);
	lw_json_w_member(&w, "created", lw_time_format(now->wall_sec, text));
	lw_json_w_member(&w, "format", FORMAT);
	lw_json_w_member(&w, "name", name);
	lw_json_w_member(&w, "random", hex);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	return 0;
}

int lw_birth_name(struct lw_span file, char out[static 65], struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct {
		const char *name, *random;
		int64_t created;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ "created", LW_JSON_READ_TIME, LW_JSON_REQUIRED,
		  offsetof(__typeof__(f), created), 0, 0, NULL },
		{ "format", LW_JSON_IS, LW_JSON_REQUIRED, 0, 0, 0, FORMAT },
		{ "name", LW_JSON_READ_LABEL, LW_JSON_REQUIRED, offsetof(__typeof__(f), name),
		  0, 0, NULL },
		{ "random", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  offsetof(__typeof__(f), random), 64, 64, NULL },
	};

	if (lw_json_parse(file, &LW_JSON_STRICT, &doc, e) < 0 ||
	    lw_json_require_canonical(doc, file, e) < 0 ||
	    lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			 LW_BIRTH_FILE, &f, e) < 0)
		return lw_fail(e, LW_E_STATE, LW_BIRTH_FILE " is not an enclave's");
	(void)snprintf(out, 65, "%s", f.name);
	return 0;
}

/* Making an enclave: built beside its place, made durable, renamed. */

struct birth {
	const struct lw_birth_options *options;
	const struct lw_clock *now;
	struct lw_buf file; /* identity.json */
	struct lw_digest identity;
	struct lw_head head;
};

static void fill_init(struct lw_json_writer *w, const void *data)
{
	const struct lw_birth_options *o = ((const struct birth *)data)->options;
	char text[LW_DIGEST_TEXT];

	lw_json_w_member(w, "name", o->name);
	if (o->roles)
		lw_json_w_member(w, "root", lw_digest_text(&o->root, text));
	lw_json_w_key(w, "trust");
	lw_json_w_array(w);
	for (size_t i = 0; i < o->n_trust; i++) {
		struct lw_digest d = lw_digest_of(o->trust[i].bytes);

		lw_json_w_object(w);
		lw_json_w_member(w, "digest", lw_digest_text(&d, text));
		lw_json_w_member(w, "name", o->trust[i].name);
		lw_json_w_member_integer(w, "size", (int64_t)o->trust[i].bytes.n);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static int add_trust(struct lw_state *s, const struct lw_trust_file *file, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf there = { 0 };

	if (lw_state_trust_get(s, file->name, &there, NULL) == 0)
		return lw_fail(e, LW_E_USAGE, "trust file '%s' is given twice", file->name);
	return lw_state_trust_set(s, file->name, file->bytes, e);
}

static int add_repository(struct lw_state *s, const struct lw_birth_options *o,
			  struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];
	int rc;

	if (!o->roles)
		return 0;
	rc = lw_state_set(s, "trust.root", lw_span_str(lw_digest_text(&o->root, text)), e);
	if (!rc)
		rc = lw_state_set_integer(s, "trust.until", o->until, e);
	for (size_t i = 0; !rc && i < o->n_roles; i++)
		rc = lw_state_tuf_set(s, LW_OWN_REPOSITORY, &o->root, o->roles[i].role,
				      o->roles[i].file, o->roles[i].halves, e);
	return rc;
}

static int first_transaction(struct lw_state *s, struct birth *b, struct lw_error *e)
{
	const struct lw_record_time time = { .utc = b->now->wall_sec,
					     .source = "clock",
					     .floor = lw_released(),
					     .boot_sec = b->now->boot_sec,
					     .boot_id = b->now->boot_id };
	char text[LW_DIGEST_TEXT];
	int rc = lw_state_begin(s, e);

	lw_digest_text(&b->identity, text);
	if (!rc)
		rc = lw_state_set(s, "identity", lw_span_str(text), e);
	for (size_t i = 0; !rc && i < b->options->n_trust; i++)
		rc = add_trust(s, &b->options->trust[i], e);
	if (!rc)
		rc = add_repository(s, b->options, e);
	if (!rc)
		rc = lw_state_set_integer(s, "time.floor", time.floor, e);
	if (!rc)
		rc = lw_record_add(s, LW_EVENT_INIT, "done", "", &time, fill_init, b, &b->head,
				   e);
	return rc ? rc : lw_state_commit(s, e);
}

static int build(int dir, struct birth *b, struct lw_error *e)
{
	LW_AUTO(state) struct lw_state *state = NULL;
	LW_AUTO(store) struct lw_store *store = NULL;
	int rc = lw_birth_write(b->options->name, b->now, &b->file, e);

	if (rc)
		return rc;
	b->identity = lw_digest_of(lw_buf_span(&b->file));
	rc = lw_fs_publish(dir, LW_BIRTH_FILE, lw_buf_span(&b->file), 0444, e);
	if (!rc)
		rc = lw_store_open(dir, true, &store, e);
	if (!rc)
		rc = lw_state_open(dir, LW_STATE_CREATE, &state, e);
	if (!rc)
		rc = first_transaction(state, b, e);
	if (rc)
		return rc;
	if (b->options->evaluation &&
	    renameat(AT_FDCWD, b->options->evaluation, dir, LW_EVALUATION_FOLDER) < 0)
		return lw_fail_errno(e, "move " LW_EVALUATION_FOLDER " into place");
	/* Closing folds the log into state.db; then all of it down to the disk. */
	lw_state_close(lw_steal(state));
	if (syncfs(dir) < 0)
		return lw_fail_errno(e, "make the enclave durable");
	return lw_fs_sync(dir, "the enclave's folder", e);
}

static int move_into_place(int parent, const char *from, const char *to, struct lw_error *e)
{
	int rc = renameat2(parent, from, parent, to, RENAME_NOREPLACE);

	/* Some file systems cannot say "not over anything"; there, at worst an empty folder
	 * that came up since we looked is replaced. */
	if (rc < 0 && errno == EINVAL)
		rc = renameat(parent, from, parent, to);
	if (rc < 0) {
		if (errno == EEXIST || errno == ENOTEMPTY)
			return lw_fail(e, LW_E_EXISTS, "something is there already");
		return lw_fail_errno(e, "move the enclave into place");
	}
	return lw_fs_sync(parent, "the folder of the enclave", e);
}

static int create_beside(int parent, const char *place, struct birth *b, struct lw_error *e)
{
	static const char prefix[] = ".landwaiter-new-";
	char temporary[64];
	lw_auto_fd int dir = -1;
	struct stat st;
	int rc;

	lw_tree_clear_dead(parent, prefix, "");
	if (fstatat(parent, place, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return lw_fail(e, LW_E_EXISTS, "something is there already");
	rc = lw_tree_make_claimed(parent, prefix, temporary, sizeof(temporary), &dir, e);
	if (rc)
		return rc;
	rc = build(dir, b, e);
	if (!rc)
		rc = move_into_place(parent, temporary, place, e);
	if (rc)
		(void)!lw_tree_remove(parent, temporary, NULL);
	return rc;
}

int lw_enclave_create(const char *path, const struct lw_birth_options *options,
		      const struct lw_clock *now, struct lw_digest *ret_identity,
		      struct lw_head *ret_head, struct lw_error *e)
{
	struct birth b = { .options = options, .now = now };
	lw_auto_fd int parent = -1;
	const char *place = NULL;
	char shown[512];

	if (!lw_text_is_label(lw_span_str(options->name)))
		return lw_fail(
			e, LW_E_USAGE,
			"an enclave's name is 1 to 64 of a-z, 0-9, '.', '_' and '-', and "
			"begins with a letter or digit");
	int rc = lw_fs_open_parent(path, &parent, &place, e);
	if (!rc)
		rc = create_beside(parent, place, &b, e);
	lw_buf_free(&b.file);
	if (rc)
		return lw_prefix(e, "enclave %s",
				 lw_text_escape_str(path, shown, sizeof(shown)));
	*ret_identity = b.identity;
	*ret_head = b.head;
	return 0;
}
