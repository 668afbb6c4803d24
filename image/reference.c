/* SPDX-License-Identifier: Apache-2.0 */
#include "image/reference.h"

#include "base/num.h"
#include "base/text.h"

#include <arpa/inet.h>

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

static struct lw_span cut(struct lw_span s, size_t from, size_t to)
{
	return lw_span(s.p + from, to - from);
}

/* The place of the first `c`, or s.n. */
static size_t find(struct lw_span s, char c)
{
	const uint8_t *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

/* What may stand between two runs of letters and digits: ".", "_", "__" or any number of "-".
 * Its length, 0 if it is something else. */
static size_t separator(struct lw_span s)
{
	size_t n = 0;

	if (s.p[0] == '.')
		return 1;
	while (n < s.n && s.p[n] == s.p[0])
		n++;
	if (s.p[0] == '-' || (s.p[0] == '_' && n <= 2))
		return n;
	return 0;
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* */
static bool is_path_component(struct lw_span s)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (i < s.n && is_lower(s.p[i]))
			i++;
		if (i == start)
			return false;
		if (i == s.n)
			return true;

		size_t n = separator(cut(s, i, s.n));
		if (n == 0)
			return false;
		i += n;
	}
}

static bool is_path(struct lw_span s)
{
	for (;;) {
		size_t slash = find(s, '/');

		if (!is_path_component(cut(s, 0, slash)))
			return false;
		if (slash == s.n)
			return true;
		s = cut(s, slash + 1, s.n);
	}
}

static bool is_domain_label(struct lw_span s)
{
	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool is_domain(struct lw_span s)
{
	for (;;) {
		size_t dot = find(s, '.');

		if (!is_domain_label(cut(s, 0, dot)))
			return false;
		if (dot == s.n)
			return true;
		s = cut(s, dot + 1, s.n);
	}
}

/* An IPv6 address in its one canonical spelling (RFC 5952), without the brackets. */
static bool is_ipv6(struct lw_span s)
{
	char text[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 &&
	       inet_ntop(AF_INET6, &address, again, sizeof(again)) && strcmp(text, again) == 0;
}

static bool is_port(struct lw_span s)
{
	uint64_t port;

	return lw_num_u64(s, 1, 65535, &port, NULL) == 0;
}

/*
 * host[:port]. What stands before the first slash is a host only if it cannot be the first
 * component of a path, as container tools decide it: it has a dot, a port, brackets, or is
 * "localhost".
 */
static bool is_host(struct lw_span s)
{
	size_t end = find(s, ':');

	if (s.n && s.p[0] == '[') {
		size_t close = find(s, ']');

		if (close == s.n || !is_ipv6(cut(s, 1, close)))
			return false;
		end = close + 1;
	} else if (!is_domain(cut(s, 0, end)) ||
		   (end == s.n && find(s, '.') == s.n && !lw_span_is(s, "localhost"))) {
		return false;
	}
	return end == s.n || (s.p[end] == ':' && is_port(cut(s, end + 1, s.n)));
}

bool lw_reference_is_tag(struct lw_span s)
{
	if (s.n == 0 || s.n > LW_MAX_TAG || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!is_lower(c) && !(c >= 'A' && c <= 'Z') && c != '_' && c != '.' && c != '-')
			return false;
	}
	return true;
}

/* The refusal of a name, with the name. */
static int refuse(struct lw_span text, const char *why, struct lw_error *e)
{
	char shown[160];

	return lw_fail(e, LW_E_FORMAT, "image name '%s': %s",
		       lw_text_escape(text, shown, sizeof(shown)), why);
}

/* Container tools take "index.docker.io" for "docker.io", and "docker.io/x" for
 * "docker.io/library/x" (distribution/reference): under two names one image could have two
 * rules. */
static bool is_alias(struct lw_span host, struct lw_span path)
{
	return lw_span_is(host, "index.docker.io") ||
	       (lw_span_is(host, "docker.io") && find(path, '/') == path.n);
}

int lw_reference_parse(struct lw_span text, struct lw_reference *ret, struct lw_error *e)
{
	if (text.n > LW_MAX_REFERENCE)
		return refuse(text, "longer than an image name can be", e);
	if (find(text, '@') != text.n)
		return refuse(text, "a digest cannot stand in a name", e);

	size_t slash = find(text, '/');
	if (slash == text.n)
		return refuse(text, "want host/path[:tag], have no host", e);

	size_t colon = slash + find(cut(text, slash, text.n), ':');
	struct lw_span tag = colon < text.n ? cut(text, colon + 1, text.n) : lw_span(NULL, 0);

	if (!is_host(cut(text, 0, slash)))
		return refuse(text,
			      "want host/path[:tag], and the part before the first slash is "
			      "no host (lower case, with a dot or a port, or localhost)",
			      e);
	if (!is_path(cut(text, slash + 1, colon)))
		return refuse(text, "a path is lower-case letters, digits and single '.', '_'",
			      e);
	if (is_alias(cut(text, 0, slash), cut(text, slash + 1, colon)))
		return refuse(text, "want Docker Hub's one spelling: docker.io/library/x for x",
			      e);
	if (colon > LW_MAX_REPOSITORY)
		return refuse(text, "host and path are longer than 255 bytes", e);
	if (colon < text.n && !lw_reference_is_tag(tag))
		return refuse(text, "a tag is [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", e);

	*ret = (struct lw_reference){ 0 };
	memcpy(ret->repository, text.p, colon);
	if (tag.n)
		memcpy(ret->tag, tag.p, tag.n);
	return 0;
}

const char *lw_reference_text(const struct lw_reference *r,
			      char out[static LW_MAX_REFERENCE + 1])
{
	size_t n = strnlen(r->repository, LW_MAX_REPOSITORY);
	size_t tag = strnlen(r->tag, LW_MAX_TAG);

	memcpy(out, r->repository, n);
	if (tag) {
		out[n++] = ':';
		memcpy(out + n, r->tag, tag);
		n += tag;
	}
	out[n] = '\0';
	return out;
}
