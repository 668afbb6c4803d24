/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tuf_follow.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/text.h"
#include "cmd/tuf.h"
#include "fetch/folder.h"

#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct lw_tuf_follow_arguments lw_tuf_follow_arguments;

/* A folder in which others may write says nothing about whom we trust. */
static int own(int folder, const char *path, struct lw_error *e)
{
	struct stat st;

	if (fstat(folder, &st) < 0)
		return lw_fail_errno(e, "%s", path);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022))
		return lw_fail(e, LW_E_STATE, "%s: others may write there (chmod go-w)", path);
	if (flock(folder, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? lw_fail(e, LW_E_BUSY, "%s: another process refreshes it", path)
			       : lw_fail_errno(e, "%s", path);
	return 0;
}

/* The first root is what the user says it is; with one there, nothing else can be. */
static int begin(int folder, const char *root, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	lw_auto_fd int there = -1;
	int r = lw_fs_open_beneath(folder, "root.json", &there, NULL, e);

	if (r != -LW_E_NOTFOUND)
		return r;
	if (!root)
		return lw_fail(e, LW_E_USAGE, "nothing is trusted yet: give --root");
	r = lw_fs_read_path(root, LW_MAX_TUF_ROOT_BYTES, &bytes, e);
	return r < 0 ? r : lw_fs_publish(folder, "root.json", lw_buf_span(&bytes), 0644, e);
}

static int open_trust(const char *path, const char *root, int *ret, struct lw_error *e)
{
	lw_auto_fd int parent = -1;
	lw_auto_fd int folder = -1;
	const char *name = NULL;
	bool there = access(path, F_OK) == 0;
	int r = 0;

	if (!there && !root)
		return lw_fail(e, LW_E_USAGE,
			       "--trust: %s: nothing is trusted yet: give --root", path);
	if (!there) {
		r = lw_fs_open_parent(path, &parent, &name, e);
		if (r == 0)
			r = lw_fs_ensure_dir(parent, name, 0755, e);
	}
	if (r == 0)
		r = lw_fs_open_dir(path, &folder, e);
	if (r == 0)
		r = own(folder, path, e);
	if (r == 0)
		r = begin(folder, root, e);
	if (r == 0)
		*ret = lw_steal_fd(&folder);
	return r < 0 ? lw_prefix(e, "--trust") : 0;
}

int lw_tuf_open_place(struct lw_tuf_following *f, const char *where, struct lw_place **ret,
		      struct lw_error *e)
{
	struct lw_fetch_settings settings = { .ca_file = lw_tuf_follow_arguments.ca_file };

	lw_command_proxies(&settings.proxies);
	return lw_place_open(where, &settings, &f->fetcher, ret, e);
}

int lw_tuf_follow(struct lw_tuf_following *f, const char *metadata, struct lw_error *e)
{
	const struct lw_tuf_follow_arguments *a = &lw_tuf_follow_arguments;
	struct lw_tuf_options options = { 0 };
	int r;

	if (!a->trust)
		return lw_fail(e, LW_E_USAGE, "give --trust");
	r = lw_tuf_now(&options.now, e);
	if (r == 0)
		r = lw_tuf_open_place(f, metadata, &f->metadata, e);
	if (r == 0)
		r = open_trust(a->trust, a->root, &f->trust, e);
	if (r < 0)
		return r;
	options.transport = lw_place_transport(f->metadata);
	options.store = lw_folder_store(&f->trust);
	r = lw_tuf_client_open(&options, &f->client, &f->reason, e);
	return r < 0 ? r : lw_tuf_client_refresh(f->client, &f->reason, e);
}

void lw_tuf_following_release(struct lw_tuf_following *f)
{
	lw_tuf_client_free(f->client);
	lw_place_close(f->metadata);
	lw_fetcher_close(f->fetcher);
	if (f->trust >= 0)
		(void)close(f->trust);
	*f = (struct lw_tuf_following)LW_TUF_FOLLOWING;
}

static int exit_of(enum lw_gravity gravity)
{
	switch (gravity) {
	case LW_NOTE:
		return LW_EXIT_DONE;
	case LW_INCOMPLETE:
		return LW_EXIT_INCOMPLETE;
	case LW_ERROR:
		return LW_EXIT_SYSTEM;
	case LW_DAMAGE:
		return LW_EXIT_DAMAGED;
	case LW_TIME:
		return LW_EXIT_TIME;
	case LW_REFUSAL:
		break;
	}
	return LW_EXIT_REFUSED;
}

int lw_tuf_follow_failed(const struct lw_tuf_following *f, const struct lw_error *e)
{
	const struct lw_finding_kind *k;
	char shown[1200];

	/* A URL that may not be fetched is the user's, whatever the client calls it. */
	if (f->reason == LW_FINDING_COUNT || e->code == LW_E_USAGE)
		return lw_command_failed(e);
	k = lw_finding_kind(f->reason);
	(void)fprintf(stderr, "landwaiter %s: %s: %s\n  next: %s\n", lw_command_name, k->code,
		      lw_text_settle(e->text, shown, sizeof(shown)), k->next);
	return exit_of(k->gravity);
}
