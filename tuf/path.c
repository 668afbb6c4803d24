/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/path.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "verify/tuf_client.h"

static int refuse(struct lw_error *e, const char *path, const char *why)
{
	char shown[128];

	return lw_fail(e, LW_E_FORMAT, "'%s': %s",
		       lw_text_escape_str(path, shown, sizeof(shown)), why);
}

static const char *odd_component(const char *p, size_t n)
{
	if (n == 0)
		return "an empty component";
	if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
		return "a component of dots";
	if (n > LW_TUF_COMPONENT_BYTES)
		return "a component of more than 180 bytes";
	if (strncmp(p, LW_FS_TEMP_PREFIX, strlen(LW_FS_TEMP_PREFIX)) == 0)
		return "a component that begins like our temporary files";
	return NULL;
}

int lw_path_check_target(const char *path, struct lw_error *e)
{
	struct lw_span whole = lw_span_str(path);

	if (whole.n == 0)
		return lw_fail(e, LW_E_FORMAT, "an empty path");
	if (whole.n > LW_MAX_TUF_PATH)
		return lw_fail(e, LW_E_LIMIT, "a path of %zu bytes, want at most %zu", whole.n,
			       LW_MAX_TUF_PATH);
	if (!lw_text_is_plain(whole))
		return refuse(e, path, "control, invisible or ill-formed characters");
	if (strchr(path, '\\'))
		return refuse(e, path, "a backslash");
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");
		const char *why = odd_component(p, n);

		if (why)
			return refuse(e, path, why);
		p += n;
		if (!*p)
			return 0;
	}
}

int lw_path_check_pattern(const char *pattern, struct lw_error *e)
{
	if (strpbrk(pattern, "[]{}"))
		return refuse(e, pattern, "clients differ over brackets; want * and ? only");
	return lw_path_check_target(pattern, e);
}

int lw_path_check_hash_prefix(const char *prefix, struct lw_error *e)
{
	size_t n = strlen(prefix);

	if (n < 1 || n > 64 || strspn(prefix, "0123456789abcdef") != n)
		return refuse(e, prefix, "want 1 to 64 lower-case hexadecimal digits");
	return 0;
}

bool lw_path_is_top_level(const char *role)
{
	return strcmp(role, "root") == 0 || strcmp(role, "targets") == 0 ||
	       strcmp(role, "snapshot") == 0 || strcmp(role, "timestamp") == 0;
}

int lw_path_check_role(const char *name, struct lw_error *e)
{
	if (!lw_text_is_label(lw_span_str(name)))
		return refuse(e, name,
			      "want a role name of a-z, 0-9, '.', '_' and '-', at most 64");
	if (lw_path_is_top_level(name) || strcmp(name, "mirrors") == 0)
		return refuse(e, name, "the name of a top-level role");
	return 0;
}

void lw_path_metadata(const char *role, int64_t version, struct lw_buf *out)
{
	if (strcmp(role, "timestamp") != 0)
		lw_buf_printf(out, "%lld.", (long long)version);
	lw_tuf_quote(role, out);
	lw_buf_adds(out, ".json");
}

void lw_path_target(const char *path, const struct lw_digest *digest, struct lw_buf *out)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char hex[65];

	lw_buf_add(out, path, (size_t)(name - path));
	lw_buf_printf(out, "%s.%s", lw_digest_hex(digest, hex), name);
}
