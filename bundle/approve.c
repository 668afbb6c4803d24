/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/approve.h"

#include "base/fs.h"
#include "base/mem.h"
#include "bundle/format.h"
#include "bundle/head.h"
#include "bundle/seal.h"

#include <fcntl.h>
#include <sys/file.h>

/* ret_next: where the entries would stand. */
static int read_contents(struct lw_medium *m, struct lw_buf *contents, uint64_t *ret_next,
			 struct lw_error *e)
{
	uint64_t size = 0;
	int r = lw_head_claimed_contents(m, &size, e);

	if (r == 0)
		r = lw_head_read_member(m, lw_format_member(LW_MAX_SEAL_BYTES),
					LW_NAME_CONTENTS, size, contents, ret_next, e);
	return r;
}

static int read_previous(const char *path, struct lw_buf *contents, struct lw_error *e)
{
	struct lw_medium m;
	lw_auto_fd int fd = -1;
	uint64_t next = 0;
	int r = lw_medium_open(path, &m, &fd, e);

	if (r == 0)
		r = read_contents(&m, contents, &next, e);
	return r < 0 ? lw_prefix(e, "previous bundle %s", path) : 0;
}

/* A second descriptor, for writing, must be of the same file that was explained. */
static int reopen_for_writing(int *fd, const char *path, struct lw_error *e)
{
	lw_auto_free char *self = lw_asprintf("/proc/self/fd/%d", *fd);
	int writable = open(self, O_RDWR | O_CLOEXEC);

	if (writable < 0)
		return lw_fail_errno(e, "%s: opening it for writing", path);
	(void)close(*fd);
	*fd = writable;
	/* Two approvers at once would each write over the other's approval. */
	if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
		return lw_fail(e, LW_E_BUSY, "somebody else is approving it now");
	return 0;
}

int lw_approve_open(const char *path, bool write, enum lw_explain_form form,
		    const char *previous, const char *judge, struct lw_approvable *ret,
		    struct lw_error *e)
{
	struct lw_approvable a = { .fd = -1 };
	LW_AUTO(buf) struct lw_buf seal = { 0 };
	LW_AUTO(buf) struct lw_buf before = { 0 };
	LW_AUTO(buf) struct lw_buf mark = { 0 };
	uint64_t next = 0;
	struct lw_medium m;
	int r = lw_medium_open(path, &m, &a.fd, e);

	if (r < 0)
		return r; /* it names the path */
	if (write) {
		r = reopen_for_writing(&a.fd, path, e);
		m.fd = a.fd;
	}
	if (r == 0)
		r = lw_head_read_seal(&m, &seal, e);
	if (r == 0)
		r = read_contents(&m, &a.contents, &next, e);
	if (r == 0)
		lw_head_claimed_mark(&m, next, &mark);
	if (r == 0 && previous)
		r = read_previous(previous, &before, e);
	if (r == 0)
		r = lw_box_explain(judge, form, lw_buf_span(&seal), lw_buf_span(&a.contents),
				   lw_buf_span(&before), lw_buf_span(&mark), &a.explained, e);
	if (r < 0) {
		lw_approve_close(&a);
		return lw_prefix(e, "%s", path);
	}
	a.entries = next;
	a.digest = lw_digest_of(lw_buf_span(&a.explained.seal.payload));
	*ret = a;
	return 0;
}

void lw_approve_close(struct lw_approvable *a)
{
	if (a->fd >= 0)
		(void)close(a->fd);
	lw_buf_free(&a->contents);
	lw_box_explained_release(&a->explained);
	a->fd = -1;
}

/* Writes only what differs from what the seal was: its end. */
static int rewrite_seal(struct lw_approvable *a, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf now = { 0 };
	LW_AUTO(buf) struct lw_buf was = { 0 };
	size_t from = 0, to = LW_MAX_SEAL_BYTES;
	int r = lw_seal_write(&a->explained.seal, &now, e);

	if (r < 0)
		return r;
	lw_buf_reserve(&was, LW_MAX_SEAL_BYTES);
	r = lw_fs_pread(a->fd, was.p, LW_MAX_SEAL_BYTES, LW_TAR_BLOCK, e);
	if (r < 0)
		return r;
	while (from < to && was.p[from] == now.p[from])
		from++;
	while (to > from && was.p[to - 1] == now.p[to - 1])
		to--;
	r = lw_fs_pwrite(a->fd, now.p + from, to - from, LW_TAR_BLOCK + from, e);
	return r < 0 ? r : lw_fs_sync(a->fd, "seal", e);
}

int lw_approve_sign(struct lw_approvable *a, const struct lw_private_key *key,
		    struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(buf) struct lw_buf der = { 0 };
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	struct lw_digest keyid;

	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&a->explained.seal.payload), &message);

	int r = lw_private_key_public(key, &der, e);
	if (r == 0)
		r = lw_private_key_sign(key, lw_buf_span(&message), &sig, e);
	if (r < 0)
		return r;
	keyid = lw_digest_of(lw_buf_span(&der));
	r = lw_seal_add(&a->explained.seal, &keyid, lw_buf_span(&sig), e);
	return r < 0 ? r : rewrite_seal(a, e);
}

int lw_approve_merge(struct lw_approvable *a, const struct lw_approvable *from,
		     size_t *ret_added, struct lw_error *e)
{
	char mine[LW_DIGEST_TEXT], theirs[LW_DIGEST_TEXT];
	size_t added = 0;

	if (!lw_digest_equal(&a->digest, &from->digest))
		return lw_fail(e, LW_E_CONFLICT, "it approves bundle %s, not %s",
			       lw_digest_text(&from->digest, theirs),
			       lw_digest_text(&a->digest, mine));
	for (size_t i = 0; i < from->explained.seal.n_signatures; i++) {
		const struct lw_dsse_signature *s = &from->explained.seal.signatures[i];
		int r = lw_seal_add(&a->explained.seal, &s->keyid, lw_buf_span(&s->sig), e);

		if (r < 0 && r != -LW_E_EXISTS)
			return r;
		added += r == 0;
	}
	*ret_added = added;
	return added ? rewrite_seal(a, e) : 0;
}

static void add_member(struct lw_buf *out, const char *name, struct lw_span bytes)
{
	uint8_t header[LW_TAR_BLOCK];

	lw_format_header(name, bytes.n, header);
	lw_buf_add(out, header, sizeof(header));
	lw_buf_add(out, bytes.p, bytes.n);
	lw_buf_fill(out, 0, lw_format_padding(bytes.n));
}

static int extract(const struct lw_approvable *a, const struct lw_buf *entries,
		   const char *output, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf seal = { 0 };
	LW_AUTO(buf) struct lw_buf out = { 0 };
	int r = lw_seal_write(&a->explained.seal, &seal, e);

	if (r < 0)
		return r;
	add_member(&out, LW_NAME_SEAL, lw_buf_span(&seal));
	add_member(&out, LW_NAME_CONTENTS, lw_buf_span(&a->contents));
	if (entries)
		add_member(&out, LW_NAME_ENTRIES, lw_buf_span(entries));
	lw_buf_fill(&out, 0, LW_TAR_END);
	return lw_fs_create_path(output, lw_buf_span(&out), 0644, e);
}

int lw_approve_extract(const struct lw_approvable *a, const char *output, struct lw_error *e)
{
	return extract(a, NULL, output, e);
}

int lw_approve_extract_lists(const struct lw_approvable *a, const char *output,
			     struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf entries = { 0 };
	struct lw_medium m = { .fd = a->fd, .size = UINT64_MAX };
	uint64_t size = 0, next;
	int r = lw_head_claimed_entries(&m, a->entries, &size, e);

	if (r == 0)
		r = lw_head_read_member(&m, a->entries, LW_NAME_ENTRIES, size, &entries, &next,
					e);
	return r < 0 ? r : extract(a, &entries, output, e);
}
