/* SPDX-License-Identifier: Apache-2.0 */
/* `export trust`: for other tools in the enclave. */
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/tree.h"
#include "cmd/policy.h"
#include "cmd/verbs.h"
#include "cmd/verdict.h"
#include "verify/policy_export.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *arg_registry, *arg_zone, *arg_keys_in;

static const struct lw_option options[] = {
	{ "registry", 0, LW_OPTION_TEXT, "HOST[:PORT][/PATH]", &arg_registry,
	  "where the images are in the enclave; else under their own names" },
	{ "zone", 0, LW_OPTION_TEXT, "Z", &arg_zone,
	  "by the rules of this zone; else, for each name, of the first that has one" },
	{ "keys-in", 0, LW_OPTION_TEXT, "DIR", &arg_keys_in,
	  "where the keys will be for those who read the policy; else DIR/keys, as it is now" },
	{ 0 },
};

static int write_keys(int dir, const struct lw_policy_export *x, struct lw_error *e)
{
	int r = 0;

	for (size_t i = 0; i < x->n_keys && r == 0; i++) {
		lw_auto_free char *name = lw_asprintf("%s.pub", x->keys[i].signer);

		r = lw_fs_publish(dir, name, lw_buf_span(&x->keys[i].pem), 0644, e);
	}
	return r;
}

static int open_below(int dir, const char *name, int *ret, struct lw_error *e)
{
	if (mkdirat(dir, name, 0755) < 0)
		return lw_fail_errno(e, "%s", name);
	*ret = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? lw_fail_errno(e, "%s", name) : 0;
}

static int write_files(int dir, const struct lw_policy_export *x, struct lw_error *e)
{
	lw_auto_fd int keys = -1, registries = -1;
	int r = lw_fs_publish(dir, "policy.json", lw_buf_span(&x->policy), 0644, e);

	if (r == 0)
		r = open_below(dir, "registries.d", &registries, e);
	if (r == 0)
		r = lw_fs_publish(registries, "landwaiter.yaml", lw_buf_span(&x->registries),
				  0644, e);
	if (r == 0)
		r = open_below(dir, "keys", &keys, e);
	if (r == 0)
		r = write_keys(keys, x, e);
	return r == 0 && fchmod(dir, 0755) < 0 ? lw_fail_errno(e, "mode of the folder") : r;
}

/* All of it, or nothing. */
static int make(const char *path, const struct lw_policy_export *x, struct lw_error *e)
{
	char temporary[64];
	lw_auto_fd int parent = -1, dir = -1;
	const char *name = NULL;
	struct lw_error ignored;
	int r = lw_fs_open_parent(path, &parent, &name, e);

	if (r < 0)
		return r;
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return lw_fail(e, LW_E_EXISTS,
			       "something is there already; an export never overwrites");
	lw_tree_clear_dead(parent, ".landwaiter-export-", "");
	r = lw_tree_make_claimed(parent, ".landwaiter-export-", temporary, sizeof(temporary),
				 &dir, e);
	if (r < 0)
		return r;
	r = write_files(dir, x, e);
	if (r == 0 && renameat2(parent, temporary, parent, name, RENAME_NOREPLACE) < 0)
		r = lw_fail_errno(e, "naming it");
	if (r == 0)
		return lw_fs_sync(parent, "folder", e);
	(void)!lw_tree_remove(parent, temporary, &ignored);
	return r;
}

/* What the policy will call the folder of keys: an absolute path. */
static char *keys_folder(const char *path)
{
	char here[PATH_MAX];

	if (arg_keys_in)
		return lw_strdup(arg_keys_in);
	return path[0] == '/' || !getcwd(here, sizeof(here))
		       ? lw_asprintf("%s/keys", path)
		       : lw_asprintf("%s/%s/keys", here, path);
}

static int check_words(const struct lw_policy *p, const char *keys, struct lw_error *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789.:/_-";
	size_t n = arg_registry ? strlen(arg_registry) : 1;

	if (n == 0 || n > LW_MAX_REPOSITORY ||
	    (arg_registry &&
	     (arg_registry[strspn(arg_registry, plain)] || strstr(arg_registry, "//") ||
	      arg_registry[0] == '/' || arg_registry[n - 1] == '/')))
		return lw_fail(e, LW_E_USAGE, "--registry: want HOST[:PORT][/PATH]");
	if (arg_zone && lw_policy_zone(p, arg_zone) == 0)
		return lw_fail(e, LW_E_USAGE, "--zone: policy has no such zone");
	if (keys[0] != '/' || !lw_text_is_utf8(lw_span_str(keys)))
		return lw_fail(e, LW_E_USAGE, "--keys-in: want an absolute path");
	return 0;
}

static void print(const char *path, const struct lw_policy_export *x)
{
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_json_writer w = { .out = &text, .canonical = true };

	if (!lw_arg_json) {
		lw_print_remarks(&x->remarks, stdout);
		lw_command_say("%s: policy.json, registries.d, keys: %zu", path, x->n_keys);
		return;
	}
	lw_json_w_object(&w);
	lw_json_w_member(&w, "format", "landwaiter-export-trust/1");
	lw_json_w_member_integer(&w, "keys", (int64_t)x->n_keys);
	lw_write_remarks(&x->remarks, &w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	(void)printf("%s\n", lw_buf_str(&text));
}

struct names {
	char **list; /* owned */
	size_t n;
};

static void auto_names(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->list[i]);
	free(n->list);
}

static int add_name(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct names *n = data;

	(void)e;
	if (image->superseded || image->pending)
		return 0;
	n->list = lw_realloc_array(n->list, n->n + 1, sizeof(*n->list));
	n->list[n->n++] = lw_strdup(image->name);
	return 0;
}

static int run(int n, char **objects)
{
	LW_AUTO(enclave) struct lw_enclave *enclave = NULL;
	LW_AUTO(policy) struct lw_policy *policy = NULL;
	LW_AUTO(policy_export) struct lw_policy_export x = { 0 };
	lw_auto_free char *keys = keys_folder(objects[0]);
	struct names names __attribute__((cleanup(auto_names))) = { 0 };
	struct lw_error e = { 0 };
	struct lw_interval now = { 0 };
	struct lw_clock clock = { 0 };
	int code = lw_command_enclave(LW_STATE_READ, &enclave), r;

	(void)n;
	if (code != LW_EXIT_DONE)
		return code;
	r = lw_intake_policy(enclave, &policy, &e);
	if (r == 0)
		r = lw_clock_system(&clock, &e);
	if (r == 0)
		r = lw_intake_interval(enclave, policy, &clock, &now, &e);
	if (r == 0)
		r = check_words(policy, keys, &e);
	if (r == 0)
		r = lw_state_each_image(enclave->state, add_name, &names, &e);
	if (r == 0) {
		const struct lw_policy_export_options o = {
			.registry = arg_registry,
			.zone = arg_zone,
			.lo = now.lo,
			.hi = now.source == LW_HI_UNKNOWN ? INT64_MAX - 1
			      : now.behind		  ? now.lo
							  : now.hi,
			.images = (const char *const *)names.list,
			.n_images = names.n,
			.keys = keys,
		};

		lw_policy_export(policy, &o, &x);
		r = make(objects[0], &x, &e);
		if (r < 0)
			r = lw_prefix(&e, "%s", objects[0]);
	}
	if (r < 0)
		return lw_command_failed(&e);
	print(objects[0], &x);
	return LW_EXIT_DONE;
}

const struct lw_verb lw_verb_export_trust = {
	"export trust",
	"DIR",
	"A policy and keys for container tools, to look at the vendors' signatures again.",
	options,
	1,
	1,
	run,
};
