/* SPDX-License-Identifier: Apache-2.0 */
/* `policy import`: a policy of container tools in our words. */
#include "base/fs.h"
#include "base/limits.h"
#include "cmd/command.h"
#include "cmd/policy.h"
#include "verify/policy_import.h"

#include <string.h>

/* The *.yaml files of a folder, in the order of their names. */
struct folder {
	char **names;
	struct lw_buf *bytes;
	struct lw_import_file *files;
	size_t n;
};

static void auto_folder(struct folder *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->names[i]);
		lw_buf_free(&f->bytes[i]);
	}
	free(f->names);
	free(f->bytes);
	free(f->files);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_folder(const char *path, struct folder *f, struct lw_error *e)
{
	lw_auto_dir DIR *dir = opendir(path);

	if (!dir)
		return lw_fail(e, LW_E_USAGE, "%s: %s", path, strerror(errno));
	for (const struct dirent *d; (d = readdir(dir));) {
		size_t n = strlen(d->d_name);

		if (n < 6 || strcmp(d->d_name + n - 5, ".yaml") != 0)
			continue;
		f->names = lw_realloc_array(f->names, f->n + 1, sizeof(*f->names));
		f->names[f->n++] = lw_strdup(d->d_name);
	}
	lw_sort(f->names, f->n, sizeof(*f->names), by_name);
	return 0;
}

static int read_folder(const char *path, struct folder *f, struct lw_error *e)
{
	int r = list_folder(path, f, e);

	f->bytes = lw_alloc_array(f->n, sizeof(*f->bytes));
	f->files = lw_alloc_array(f->n, sizeof(*f->files));
	for (size_t i = 0; i < f->n && r == 0; i++) {
		lw_auto_free char *file = lw_asprintf("%s/%s", path, f->names[i]);

		r = lw_fs_read_path(file, LW_MAX_POLICY_BYTES, &f->bytes[i], e);
		f->files[i] = (struct lw_import_file){ f->names[i], lw_buf_span(&f->bytes[i]) };
	}
	return r;
}

static int put_keys(const struct lw_import *import, const char *folder, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < import->n_keys && r == 0; i++) {
		const struct lw_import_key *k = &import->keys[i];
		lw_auto_free char *to = lw_asprintf("%s/%s", folder, k->file);
		LW_AUTO(buf) struct lw_buf bytes = { 0 };

		if (k->path)
			r = lw_fs_read_path(k->path, LW_MAX_KEY_BYTES, &bytes, e);
		if (r == 0)
			r = lw_fs_create_path(
				to, k->path ? lw_buf_span(&bytes) : lw_buf_span(&k->bytes),
				0644, e);
	}
	return r;
}

static int print_json(const struct lw_import *import, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *policy = NULL;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_json_writer w = { .out = &b, .canonical = true };
	int r = lw_json_parse(lw_buf_span(&import->policy), &LW_JSON_STRICT, &policy, e);

	if (r < 0)
		return r;
	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-policy-import/1");
	lw_json_w_key(&w, "policy");
	lw_json_w_node(&w, lw_json_root(policy));
	lw_write_remarks(&import->remarks, &w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&b));
	return 0;
}

int lw_policy_import_file(const char *file, const char *registries, const char *keys)
{
	struct folder folder __attribute__((cleanup(auto_folder))) = { 0 };
	LW_AUTO(import) struct lw_import import = { 0 };
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	struct lw_error e = { 0 };
	int r = lw_fs_read_path(file, LW_MAX_POLICY_BYTES, &bytes, &e);

	if (r == 0 && registries)
		r = read_folder(registries, &folder, &e);
	if (r == 0) {
		r = lw_policy_import(lw_buf_span(&bytes), folder.files, folder.n, &import, &e);
		if (r < 0)
			r = lw_prefix(&e, "%s", file);
	}
	if (r == 0 && keys)
		r = put_keys(&import, keys, &e);
	if (r == 0 && lw_arg_json)
		r = print_json(&import, &e);
	if (r < 0)
		return lw_command_failed(&e);
	if (!lw_arg_json) {
		(void)printf("%s", lw_buf_str(&import.policy));
		lw_print_remarks(&import.remarks, stderr);
	}
	return lw_remarks_count(&import.remarks, LW_SEVERITY_ERROR) ? LW_EXIT_REFUSED
								    : LW_EXIT_DONE;
}
