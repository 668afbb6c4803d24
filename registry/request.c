/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a request, taken apart. */
#include "base/encode.h"
#include "base/mem.h"
#include "base/num.h"
#include "registry/server.h"
#include "registry/wire.h"

#include <string.h>
#include <strings.h>

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

	if (strcmp(path, "/v2") == 0)
		path = "/v2/";
	if (strncmp(path, "/v2/", 4) != 0)
		return false;
	path += 4;
	n = strlen(path);
	if (n == 0) {
		ret->kind = LW_REGISTRY_BASE;
		return true;
	}
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

/* No control character (RFC 7617 2), no NUL above all. */
static bool is_said(struct lw_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.n < LW_MAX_REGISTRY_WORD;
}

bool lw_server_credentials(const char *value, struct lw_question *ret)
{
	static const char scheme[] = "Basic ";
	LW_AUTO(buf) struct lw_buf plain = { 0 };
	const char *text, *colon = NULL;
	struct lw_error ignored;
	bool good = false;

	if (!value || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0 ||
	    strlen(value) > 2 * LW_MAX_REGISTRY_WORD)
		return false;
	value += sizeof(scheme) - 1;
	value += strspn(value, " ");
	lw_buf_reserve(&plain, strlen(value));
	if (lw_base64_decode(lw_span_str(value), LW_BASE64_STANDARD, &plain, &ignored) < 0)
		return false;
	text = lw_buf_str(&plain);
	colon = memchr(text, ':', plain.n);
	if (colon && colon > text) {
		struct lw_span user = lw_span(text, (size_t)(colon - text));
		struct lw_span password = lw_span(colon + 1, plain.n - user.n - 1);

		good = is_said(user) && is_said(password);
		if (good) {
			ret->user = lw_strndup((const char *)user.p, user.n);
			ret->password = lw_strndup((const char *)password.p, password.n);
		}
	}
	if (plain.p)
		explicit_bzero(plain.p, plain.cap);
	return good;
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
