/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a request, taken apart. */
#include "base/mem.h"
#include "base/num.h"
#include "registry/server.h"
#include "registry/wire.h"

#include <string.h>

static bool is_plain(const char *s, size_t n, const char *more)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') ||
		      strchr(more, s[i])))
			return false;
	return n > 0 && n < LW_MAX_REGISTRY_WORD;
}

/* A repository's name; what is one by these characters and is not here is unknown. */
static bool take_name(const char *s, size_t n, struct lw_question *q)
{
	if (!is_plain(s, n, "._-/") || s[0] == '/' || s[n - 1] == '/')
		return false;
	q->name = lw_strndup(s, n);
	return !strstr(q->name, "//");
}

static bool take_reference(const char *s, struct lw_question *q)
{
	size_t n = strlen(s);

	if (n == 0 || n >= LW_MAX_REGISTRY_WORD ||
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:")])
		return false;
	q->reference = lw_strdup(s);
	return true;
}

bool lw_server_parse(const char *path, struct lw_question *ret)
{
	static const struct {
		const char *word;
		enum lw_registry_kind kind;
	} parts[] = { { "/manifests/", LW_REGISTRY_MANIFEST },
		      { "/blobs/", LW_REGISTRY_BLOB },
		      { "/referrers/", LW_REGISTRY_REFERRERS } };
	static const char tags[] = "/tags/list";
	size_t n;

	if (strncmp(path, "/v2/", 4) != 0)
		return false;
	path += 4;
	n = strlen(path);
	if (strcmp(path, "_catalog") == 0) {
		ret->kind = LW_REGISTRY_CATALOG;
		return true;
	}
	if (n >= sizeof(tags) && strcmp(path + n - (sizeof(tags) - 1), tags) == 0) {
		ret->kind = LW_REGISTRY_TAGS;
		return take_name(path, n - (sizeof(tags) - 1), ret);
	}
	for (size_t i = 0; i < LW_COUNT_OF(parts); i++) {
		const char *last = strrchr(path, '/');
		size_t word = strlen(parts[i].word);

		/* the word stands before the last part: "app/blobs/blobs/sha256:..." is
		 * app/blobs */
		if (!last || (size_t)(last - path) + 1 < word + 1 ||
		    strncmp(last + 1 - word, parts[i].word, word) != 0)
			continue;
		ret->kind = parts[i].kind;
		return take_name(path, (size_t)(last + 1 - word - path), ret) &&
		       take_reference(last + 1, ret);
	}
	return false;
}

int lw_server_range(const char *value, uint64_t size, uint64_t *ret_at, uint64_t *ret_n)
{
	const char *dash = value ? strchr(value, '-') : NULL;
	struct lw_error ignored;
	uint64_t first = 0, last = 0;

	/* Several at once, or another unit: all of it is a right answer. */
	if (!dash || strncmp(value, "bytes=", 6) != 0 || strchr(value, ','))
		return 0;
	value += 6;

	struct lw_span from = lw_span(value, (size_t)(dash - value));
	struct lw_span to = lw_span_str(dash + 1);

	if ((from.n && lw_num_u64(from, 0, UINT64_MAX - 1, &first, &ignored) < 0) ||
	    (to.n && lw_num_u64(to, 0, UINT64_MAX - 1, &last, &ignored) < 0) ||
	    (!from.n && !to.n))
		return 0;
	if (!from.n) { /* the last so many */
		if (last == 0 || size == 0)
			return -1;
		*ret_n = last < size ? last : size;
		*ret_at = size - *ret_n;
		return 1;
	}
	if (to.n && last < first)
		return 0;
	if (first >= size)
		return -1;
	*ret_at = first;
	*ret_n = (to.n && last < size - 1 ? last : size - 1) - first + 1;
	return 1;
}
