/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/evaluation.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/tree.h"
#include "keys/private.h"
#include "tuf/edit.h"
#include "tuf/path.h"
#include "tuf/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define PREFIX	".landwaiter-new-" /* like an enclave that is being made */
#define LASTING "P3650D"	   /* nobody renews it */

/* ---- its folder ---- */

static int make_folder(const char *enclave, struct lw_evaluation *v, struct lw_error *e)
{
	const char *place = NULL;
	char name[sizeof(PREFIX) + 16];
	struct stat st;
	int r = lw_fs_open_parent(enclave, &v->parent, &place, e);

	if (r < 0)
		return r;
	lw_tree_clear_dead(v->parent, PREFIX, "");
	if (fstatat(v->parent, place, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return lw_fail(e, LW_E_EXISTS, "something is there already");
	r = lw_tree_make_claimed(v->parent, PREFIX, name, sizeof(name), &v->dir, e);
	if (r == 0)
		v->folder = lw_asprintf("%.*s%s", (int)(place - enclave), enclave, name);
	return r;
}

void lw_evaluation_close(struct lw_evaluation *v)
{
	struct lw_error ignored;

	if (v->dir >= 0)
		(void)close(v->dir);
	if (v->folder)
		(void)!lw_tree_remove(v->parent, strrchr(v->folder, '.'), &ignored);
	if (v->parent >= 0)
		(void)close(v->parent);
	free(v->folder);
	free(v->root);
	free(v->repository);
}

/* ---- what is in it ---- */

/* files/<name>, its folders made. */
static int write_file(const struct lw_evaluation *v, const struct lw_trust_file *f,
		      char **ret_path, struct lw_error *e)
{
	lw_auto_free char *path = lw_asprintf("%s/files/%s", v->folder, f->name);

	for (char *slash = strchr(path + strlen(v->folder) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return lw_fail_errno(e, "%s", path);
		*slash = '/';
	}

	int r = lw_fs_create_path(path, f->bytes, 0644, e);
	if (r == 0)
		*ret_path = lw_steal(path);
	return r;
}

static int add_file(const struct lw_evaluation *v, struct lw_staging *s,
		    const struct lw_trust_file *f, struct lw_error *e)
{
	lw_auto_free char *path = NULL;
	struct lw_digest digest;
	uint64_t length = 0;
	int r = lw_path_check_target(f->name, e); /* before it is a path here */

	if (r == 0)
		r = write_file(v, f, &path, e);
	if (r == 0)
		r = lw_repository_put_target(s->repository, f->name, path, &digest, &length, e);
	return r < 0 ? r : lw_edit_add(&s->change, "targets", f->name, &digest, length, e);
}

static int make_owner(const struct lw_evaluation *v, struct lw_private_key **ret,
		      struct lw_buf *public, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf private = { 0 };
	lw_auto_free char *key = lw_asprintf("%s/owner.key", v->folder);
	lw_auto_free char *pub = lw_asprintf("%s/owner.pub", v->folder);
	int r = lw_private_key_generate("ed25519", NULL, &private, public, e);

	if (r == 0)
		r = lw_private_key_parse(lw_buf_span(&private), NULL, ret, e);
	if (r == 0)
		r = lw_fs_create_path(key, lw_buf_span(&private), 0600, e);
	if (private.p)
		explicit_bzero(private.p, private.cap);
	return r < 0 ? r : lw_fs_create_path(pub, lw_buf_span(public), 0644, e);
}

static int write_readme(const struct lw_evaluation *v, struct lw_error *e)
{
	static const char text[] =
		"What this enclave believes is the TUF repository in repository/. It has one owner,\n"
		"whose key, owner.key, lies here without a passphrase: for evaluation. To change what\n"
		"it believes, edit files/policy.json, and here:\n"
		"\n"
		"  landwaiter tuf add repository policy.json=files/policy.json --key owner.key\n"
		"  landwaiter trust diff repository --enclave ..\n"
		"  landwaiter trust update repository --enclave ..\n"
		"\n"
		"For a real enclave several people make a repository whose keys never meet, and\n"
		"`landwaiter init --root FILE --repository DIR` is told its first root.\n";
	lw_auto_free char *path = lw_asprintf("%s/README", v->folder);

	return lw_fs_create_path(path, lw_span_str(text), 0644, e);
}

static int edit(struct lw_change *c, const struct lw_buf *public, struct lw_error *e)
{
	static const char *const roles[] = { "root", "targets", "snapshot", "timestamp" };
	const struct lw_edit_holder owner = { "owner", lw_buf_span(public) };
	const struct lw_edit_holders one = { &owner, 1, 1 };
	int r = lw_edit_init(c, &one, &one, &one, &one, e);

	for (size_t i = 0; i < LW_COUNT_OF(roles) && r == 0; i++)
		r = lw_edit_period(c, roles[i], LASTING, e);
	return r;
}

static int publish(struct lw_staging *s, const struct lw_private_key *key, int64_t now,
		   struct lw_error *e)
{
	size_t n = 0;
	bool published = false;
	int r = lw_edit_settle(&s->change, now, e);

	if (r == 0)
		r = lw_change_sign(&s->change, key, NULL, &n, e);
	if (r == 0)
		r = lw_staging_publish(s, now, &published, e);
	return r == 0 && !published ? lw_fail(e, LW_E_STATE, "its owner could not publish it")
				    : r;
}

int lw_evaluation_make(const char *enclave, const struct lw_trust_file *files, size_t n,
		       const struct lw_clock *now, struct lw_evaluation *ret,
		       struct lw_error *e)
{
	LW_AUTO(private_key) struct lw_private_key *key = NULL;
	LW_AUTO(buf) struct lw_buf public = { 0 };
	LW_AUTO(staging) struct lw_staging s = { 0 };
	int r;

	r = make_folder(enclave, ret, e);
	if (r == 0)
		r = make_owner(ret, &key, &public, e);
	if (r == 0)
		r = write_readme(ret, e);
	if (r < 0)
		return lw_prefix(e, "enclave %s", enclave);
	ret->repository = lw_asprintf("%s/repository", ret->folder);
	ret->root = lw_asprintf("%s/metadata/1.root.json", ret->repository);
	r = lw_repository_create(ret->repository, e);
	if (r == 0)
		r = lw_staging_open(ret->repository, NULL, &s, e);
	if (r == 0)
		r = edit(&s.change, &public, e);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_file(ret, &s, &files[i], e);
	if (r == 0)
		r = publish(&s, key, now->wall_sec, e);
	return r;
}
