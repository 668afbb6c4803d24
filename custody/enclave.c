/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/enclave.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "custody/birth.h"
#include "custody/listing.h"
#include "custody/state_pending.h"
#include "custody/sweep.h"

#include <errno.h>
#include <sys/stat.h>

#define REASON_BYTES 1024
#define BY_BYTES     128
#define ALARM	     "alarm.blobs" /* the fingerprint of the faults last recorded */

/* Opening */

static int read_identity(struct lw_enclave *enclave, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };
	LW_AUTO(buf) struct lw_buf known = { 0 };
	char text[LW_DIGEST_TEXT];
	int rc = lw_state_get(enclave->state, "identity", &known, e);

	if (!rc)
		rc = lw_fs_read_beneath(enclave->dir, LW_BIRTH_FILE, LW_BIRTH_FILE_BYTES, &file,
					e);
	if (rc == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_STATE, "the enclave has lost its identity");
	if (rc)
		return rc;
	enclave->identity = lw_digest_of(lw_buf_span(&file));
	if (!lw_span_is(lw_buf_span(&known), lw_digest_text(&enclave->identity, text)))
		return lw_fail(e, LW_E_STATE,
			       LW_BIRTH_FILE " is not the one this enclave was made with");
	return lw_birth_name(lw_buf_span(&file), enclave->name, e);
}

static int no_enclave(const char *path, struct lw_error *e)
{
	char shown[512];

	return lw_fail(
		e, LW_E_NOTFOUND,
		"there is no enclave at %s: 'landwaiter init' makes one, --enclave names "
		"another",
		lw_text_escape_str(path, shown, sizeof(shown)));
}

/* Who else may write there may put another state, store or lock in place of ours. */
static int require_private(const struct lw_enclave *enclave, struct lw_error *e)
{
	char shown[512];
	struct stat st;

	if (fstat(enclave->dir, &st) < 0)
		return lw_fail_errno(e, "the enclave's folder");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return lw_fail(e, LW_E_STATE,
			       "others may write to the enclave's folder (mode %04o): see who "
			       "did, then chmod 0700 %s",
			       (unsigned)st.st_mode & 07777,
			       lw_text_escape_str(enclave->path, shown, sizeof(shown)));
	return lw_state_require_owner(st.st_uid, e);
}

static int open_parts(struct lw_enclave *enclave, enum lw_state_mode mode, struct lw_error *e)
{
	struct stat st;

	if (stat(enclave->path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return no_enclave(enclave->path, e);
	/* Before opening: another user's folder cannot even be opened, and the reason is this.
	 */
	int rc = stat(enclave->path, &st) < 0 ? 0 : lw_state_require_owner(st.st_uid, e);
	if (!rc)
		rc = lw_fs_open_dir(enclave->path, &enclave->dir, e);
	if (!rc)
		rc = require_private(enclave, e);
	if (!rc)
		rc = lw_state_open(enclave->dir, mode, &enclave->state, e);
	return rc == -LW_E_NOTFOUND ? no_enclave(enclave->path, e) : rc;
}

/* What must stand beside the state. */
static int open_rest(struct lw_enclave *enclave, struct lw_error *e)
{
	int rc = lw_store_open(enclave->dir, false, &enclave->store, e);

	return rc ? rc : read_identity(enclave, e);
}

static void fill_alarm(struct lw_json_writer *w, const void *data)
{
	const struct lw_sweep *sweep = data;
	char text[LW_DIGEST_TEXT];

	lw_json_w_key(w, "blobs");
	lw_json_w_array(w);
	for (size_t i = 0; i < sweep->faults && i < LW_SWEEP_KEPT; i++) {
		const struct lw_sweep_fault *f = &sweep->first[i];

		lw_json_w_object(w);
		lw_json_w_member(w, "digest", lw_digest_text(&f->digest, text));
		lw_json_w_member_integer(w, "expected", (int64_t)f->want);
		lw_json_w_key(w, "found");
		if (f->have == LW_SWEEP_MISSING)
			lw_json_w_null(w);
		else
			lw_json_w_integer(w, (int64_t)f->have);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
	lw_json_w_member_integer(w, "count", (int64_t)sweep->faults);
}

static int add_alarm(struct lw_state *s, const char *finding, const struct lw_clock *now,
		     lw_record_fill *fill, const void *data, struct lw_error *e)
{
	struct lw_record_time time = { .utc = now->wall_sec,
				       .source = "clock",
				       .boot_sec = now->boot_sec,
				       .boot_id = now->boot_id };
	struct lw_head head;
	int rc = lw_state_get_integer(s, "time.floor", &time.floor, e);

	return rc ? rc
		  : lw_record_add(s, LW_EVENT_ALARM, "alarm", finding, &time, fill, data, &head,
				  e);
}

struct found_blob {
	const struct lw_digest *digest;
	const char *why;
};

static void fill_found(struct lw_json_writer *w, const void *data)
{
	const struct found_blob *f = data;
	char text[LW_DIGEST_TEXT], safe[512];

	lw_json_w_member(w, "digest", lw_digest_text(f->digest, text));
	lw_json_w_member(w, "why", lw_text_escape_str(f->why, safe, sizeof(safe)));
}

int lw_enclave_alarm(struct lw_enclave *enclave, const struct lw_digest *d, const char *why,
		     const struct lw_clock *now, struct lw_error *e)
{
	const struct found_blob f = { d, why };
	int rc = lw_state_begin(enclave->state, e);

	if (!rc)
		rc = add_alarm(enclave->state, "store.blob-damaged", now, fill_found, &f, e);
	if (!rc)
		rc = lw_state_commit(enclave->state, e);
	if (rc)
		lw_state_rollback(enclave->state);
	return rc;
}

/* The alarm's record and what it was about, or that there is nothing any more. */
static int change_alarm(struct lw_state *s, const struct lw_sweep *sweep,
			const struct lw_clock *now, struct lw_error *e)
{
	const struct lw_digest *f = &sweep->fingerprint;

	if (sweep->faults == 0)
		return lw_state_unset(s, ALARM, e);
	int rc = add_alarm(s, "store.blob-missing", now, fill_alarm, sweep, e);

	return rc ? rc : lw_state_set(s, ALARM, lw_span(f->sha256, sizeof(f->sha256)), e);
}

static int raise_alarm(struct lw_state *s, const struct lw_sweep *sweep,
		       const struct lw_clock *now, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf known = { 0 };
	const struct lw_digest *f = &sweep->fingerprint;
	struct lw_error why;
	int rc = lw_state_get(s, ALARM, &known, &why);

	if (rc && rc != -LW_E_NOTFOUND)
		return lw_fail(e, why.code, "%s", why.text);
	if (sweep->faults == 0
		    ? rc == -LW_E_NOTFOUND
		    : lw_span_equal(lw_buf_span(&known), lw_span(f->sha256, sizeof(f->sha256))))
		return 0;
	rc = lw_state_begin(s, e);
	if (!rc)
		rc = change_alarm(s, sweep, now, e);
	if (!rc)
		rc = lw_state_commit(s, e);
	if (rc)
		lw_state_rollback(s);
	return rc;
}

static void fill_unusable(struct lw_json_writer *w, const void *data)
{
	const struct lw_error *why = data;

	lw_json_w_member(w, "found", why->text);
}

/* Something else stands there than what was left there; not a fault of this one call. */
static bool is_unusable(const struct lw_error *e)
{
	return e->code == LW_E_NOTFOUND || e->code == LW_E_STATE ||
	       (e->code == LW_E_IO && (e->sys_errno == ELOOP || e->sys_errno == ENOTDIR));
}

/* The book can be written though its enclave cannot be worked in: an attempt leaves its record.
 */
static void record_unusable(struct lw_state *s, const struct lw_clock *now,
			    const struct lw_error *why)
{
	struct lw_error ignored;
	int rc = lw_state_begin(s, &ignored);

	if (!rc)
		rc = add_alarm(s, "store.unusable", now, fill_unusable, why, &ignored);
	if (!rc)
		rc = lw_state_commit(s, &ignored);
	if (rc)
		lw_state_rollback(s);
}

/* What a crash left (docs/format/enclave.md, "After a crash"). */
static int mend(struct lw_enclave *enclave, const struct lw_clock *now, struct lw_error *e)
{
	struct lw_sweep sweep;
	int rc = lw_store_clear_staged(enclave->store, e);

	if (!rc)
		rc = lw_sweep_pending(enclave->state, enclave->store, e);
	if (!rc)
		rc = lw_sweep_store(enclave->state, enclave->store, &sweep, e);
	if (!rc)
		rc = raise_alarm(enclave->state, &sweep, now, e);
	if (rc)
		return rc;
	enclave->alarms = sweep.faults;
	/* Not a failure to open: a disk too full for index.json must not keep anybody from
	 * making room. enclave->pending tells. */
	(void)!lw_enclave_drain(enclave, NULL);
	return 0;
}

int lw_enclave_open(const char *path, enum lw_state_mode mode, const struct lw_clock *now,
		    struct lw_enclave **ret, struct lw_error *e)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = lw_alloc_array(1, sizeof(*enclave));

	enclave->dir = -1;
	enclave->path = lw_strdup(path);
	if (mode == LW_STATE_CREATE || (mode == LW_STATE_WRITE && !now))
		return lw_fail(e, LW_E_INTERNAL,
			       "an enclave is opened to read, or to write with a time");
	int rc = open_parts(enclave, mode, e);
	if (rc)
		return rc;
	rc = open_rest(enclave, e);
	if (rc && mode == LW_STATE_WRITE && is_unusable(e))
		record_unusable(enclave->state, now, e);
	if (!rc && mode == LW_STATE_WRITE)
		rc = mend(enclave, now, e);
	if (rc)
		return rc;
	*ret = lw_steal(enclave);
	return 0;
}

void lw_enclave_close(struct lw_enclave *enclave)
{
	if (!enclave)
		return;
	lw_store_close(enclave->store);
	lw_state_close(enclave->state);
	lw_auto_fd_(&enclave->dir);
	free(enclave->path);
	free(enclave);
}

/* What follows a commit */

static int rewrite_index(struct lw_enclave *enclave, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf index = { 0 };
	int rc = lw_listing_write(enclave->state, &index, e);

	return rc ? rc : lw_store_write_index(enclave->store, lw_buf_span(&index), e);
}

static int work(void *data, const char *what, struct lw_error *e)
{
	struct lw_enclave *enclave = data;
	struct lw_sweep sweep;

	if (!strcmp(what, "index"))
		return rewrite_index(enclave, e);
	if (!strcmp(what, "sweep") && enclave->staging)
		return lw_fail(e, LW_E_BUSY,
			       "files without a row stay until the load has ended");
	if (!strcmp(what, "sweep"))
		return lw_sweep_store(enclave->state, enclave->store, &sweep, e);
	if (!strcmp(what, "pending"))
		return lw_sweep_pending(enclave->state, enclave->store, e);
	return lw_fail(e, LW_E_STATE, "state.db: queued work of an unknown kind");
}

int lw_enclave_drain(struct lw_enclave *enclave, struct lw_error *e)
{
	enclave->pending = (struct lw_error){ 0 };
	int rc = lw_state_queue_drain(enclave->state, work, enclave, &enclave->pending);

	if (rc && e)
		*e = enclave->pending;
	return rc;
}

/* remove, gc */

struct removal {
	const struct lw_state_image *image;
	const char *reason, *by;
};

static void fill_remove(struct lw_json_writer *w, const void *data)
{
	const struct removal *r = data;
	char text[LW_DIGEST_TEXT];

	lw_json_w_member_integer(w, "accepted_by", (int64_t)r->image->record);
	lw_json_w_member(w, "bundle", lw_digest_text(&r->image->bundle, text));
	if (r->by)
		lw_json_w_member(w, "by", r->by);
	lw_json_w_member(w, "digest", lw_digest_text(&r->image->digest, text));
	lw_json_w_member(w, "name", r->image->name);
	lw_json_w_member(w, "reason", r->reason);
}

static int require_plain(const char *what, const char *text, size_t max, struct lw_error *e)
{
	size_t n = strlen(text);

	if (n == 0 || n > max || !lw_text_is_plain(lw_span_str(text)))
		return lw_fail(e, LW_E_USAGE, "%s: 1 to %zu bytes of plain text on one line",
			       what, max);
	return 0;
}

int lw_enclave_remove(struct lw_enclave *enclave, const struct lw_state_image *image,
		      const char *reason, const char *by, const struct lw_record_time *time,
		      struct lw_head *ret_head, struct lw_error *e)
{
	const struct removal removal = { image, reason, by };
	struct lw_state *s = enclave->state;
	struct lw_head head;
	int rc = require_plain("the reason", reason, REASON_BYTES, e);

	if (!rc && by)
		rc = require_plain("the name of who removes it", by, BY_BYTES, e);
	if (!rc)
		rc = lw_state_begin(s, e);
	if (rc)
		return rc;
	rc = lw_state_image_remove(s, image->id, e);
	if (!rc)
		rc = lw_state_queue_add(s, "index", e);
	if (!rc)
		rc = lw_record_add(s, LW_EVENT_REMOVE, "done", "", time, fill_remove, &removal,
				   &head, e);
	if (!rc)
		rc = lw_state_commit(s, e);
	if (rc) {
		lw_state_rollback(s);
		return rc;
	}
	*ret_head = head;
	(void)!lw_enclave_drain(enclave, NULL);
	return 0;
}

struct garbage {
	struct lw_digest *blobs; /* owned */
	size_t cap;
	struct lw_gc_result sum;
};

static int take_garbage(void *data, const struct lw_digest *d, uint64_t size,
			struct lw_error *e)
{
	struct garbage *g = data;

	(void)e;
	if (g->sum.blobs == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 1024;
		g->blobs = lw_realloc_array(g->blobs, g->cap, sizeof(*g->blobs));
	}
	g->blobs[g->sum.blobs++] = *d;
	g->sum.bytes += size;
	return 0;
}

static void fill_gc(struct lw_json_writer *w, const void *data)
{
	const struct lw_gc_result *sum = data;

	lw_json_w_member_integer(w, "blobs", (int64_t)sum->blobs);
	lw_json_w_member_integer(w, "bytes", (int64_t)sum->bytes);
}

/* Everything gc does, up to the commit. */
static int collect(struct lw_state *s, const struct lw_record_time *time, struct garbage *g,
		   struct lw_head *head, struct lw_error *e)
{
	int rc = lw_state_each_blob(s, true, take_garbage, g, e);

	for (size_t i = 0; !rc && i < g->sum.blobs; i++)
		rc = lw_state_blob_remove(s, &g->blobs[i], e);
	if (!rc && g->sum.blobs)
		rc = lw_state_pending_kept_forget(s, e);
	if (!rc && g->sum.blobs)
		rc = lw_state_queue_add(s, "sweep", e);
	if (!rc)
		rc = lw_record_add(s, LW_EVENT_GC, "done", "", time, fill_gc, &g->sum, head, e);
	return rc;
}

int lw_enclave_gc(struct lw_enclave *enclave, const struct lw_record_time *time,
		  struct lw_gc_result *ret, struct lw_head *ret_head, struct lw_error *e)
{
	struct lw_state *s = enclave->state;
	struct garbage g = { 0 };
	struct lw_head head;
	int rc = lw_state_begin(s, e);

	if (rc)
		return rc;
	rc = collect(s, time, &g, &head, e);
	free(g.blobs);
	if (!rc)
		rc = lw_state_commit(s, e);
	if (rc) {
		lw_state_rollback(s);
		return rc;
	}
	*ret = g.sum;
	*ret_head = head;
	(void)!lw_enclave_drain(enclave, NULL);
	return 0;
}
