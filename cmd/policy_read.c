/* SPDX-License-Identifier: Apache-2.0 */
/* The policy that `policy check` and `policy test` are about. */
#include "base/fs.h"
#include "base/limits.h"
#include "cmd/command.h"
#include "cmd/policy.h"
#include "cmd/verdict.h"

#include <string.h>

/* Where the key files of a policy that is a file are. */
struct beside {
	const char *file;
	const struct lw_list *trust;
};

static int read_key_file(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	const struct beside *b = data;
	const char *slash = strrchr(b->file, '/');
	size_t n = strlen(name);
	lw_auto_free char *path =
		lw_asprintf("%.*s%s", slash ? (int)(slash - b->file) + 1 : 0, b->file, name);

	for (size_t i = 0; i < b->trust->n; i++)
		if (strncmp(b->trust->list[i], name, n) == 0 && b->trust->list[i][n] == '=')
			return lw_fs_read_path(b->trust->list[i] + n + 1, LW_MAX_KEY_BYTES, out,
					       e);
	return lw_fs_read_path(path, LW_MAX_KEY_BYTES, out, e);
}

static int from_file(struct beside *b, struct lw_policy **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_policy_files files = { .read = read_key_file, .data = b };
	int r = lw_fs_read_path(b->file, LW_MAX_POLICY_BYTES, &bytes, e);

	if (r == -LW_E_NOTFOUND)
		return lw_fail_as(e, LW_E_USAGE); /* a slip, and nothing about the policy */
	return r < 0 ? r : lw_policy_parse(lw_buf_span(&bytes), &files, ret, e);
}

static int from_enclave(struct lw_policy **ret, struct lw_error *e, int *ret_exit)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;

	*ret_exit = lw_command_enclave(LW_STATE_READ, &enclave);
	return *ret_exit == LW_EXIT_DONE ? lw_intake_policy(enclave, ret, e) : 0;
}

int lw_policy_read(const char *file, const struct lw_list *trust, struct lw_policy **ret,
		   int *ret_exit, struct lw_error *e)
{
	struct beside beside = { file, trust };

	*ret_exit = LW_EXIT_DONE;
	return file ? from_file(&beside, ret, e) : from_enclave(ret, e, ret_exit);
}
