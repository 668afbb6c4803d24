/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document.h"

#include "base/limits.h"
#include "base/mem.h"

struct lw_document *lw_document_new(size_t max_children)
{
	struct lw_document *d = lw_alloc(sizeof(*d));
	struct lw_arena *arena = lw_alloc(sizeof(*arena));

	*arena = (struct lw_arena){ 0 };
	*d = (struct lw_document){
		.media_type = "",
		.artifact_type = "",
		.children = lw_alloc_array(max_children, sizeof(*d->children)),
		.strings = arena,
	};
	return d;
}

void lw_document_free(struct lw_document *d)
{
	if (!d)
		return;
	lw_arena_free(d->strings);
	free(d->strings);
	free(d->children);
	free(d);
}

const char *lw_document_string(struct lw_document *d, struct lw_span text, const char *last)
{
	if (text.n == 0)
		return "";
	if (last && lw_span_is(text, last))
		return last;

	char *copy = lw_arena_alloc(d->strings, text.n + 1);

	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return copy;
}

const struct lw_descriptor *lw_document_child(const struct lw_document *d,
					      enum lw_child_role role)
{
	for (size_t i = 0; i < d->n_children; i++)
		if (d->children[i].role == role)
			return &d->children[i];
	return NULL;
}

static bool is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* restricted-name, RFC 6838 4.2; its length, 0 for none. */
static size_t restricted_name(struct lw_span s)
{
	size_t n = 0;

	if (s.n == 0 || !is_alnum(s.p[0]))
		return 0;
	while (n < s.n && (is_alnum(s.p[n]) || (s.p[n] && strchr("!#$&-^_.+", s.p[n]))))
		n++;
	return n;
}

bool lw_document_is_media_type(struct lw_span s)
{
	size_t type = restricted_name(s);

	if (type == 0 || type == s.n || s.p[type] != '/' || s.n > LW_MAX_MEDIA_TYPE)
		return false;

	struct lw_span rest = lw_span(s.p + type + 1, s.n - type - 1);
	size_t subtype = restricted_name(rest);

	if (subtype == 0 || (subtype < rest.n && rest.p[subtype] != ';'))
		return false;
	for (size_t i = subtype; i < rest.n; i++)
		if (rest.p[i] < ' ' || rest.p[i] > '~')
			return false;
	return true;
}

bool lw_document_is_artifact_type(struct lw_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0 && s.n <= LW_MAX_MEDIA_TYPE;
}

bool lw_document_is_platform(struct lw_span s)
{
	size_t parts = 1, length = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '/') {
			if (length == 0)
				return false;
			parts++;
			length = 0;
		} else if (!(is_alnum(s.p[i]) || s.p[i] == '.' || s.p[i] == '_' ||
			     s.p[i] == '-') ||
			   ++length > LW_MAX_LABEL) {
			return false;
		}
	}
	return length > 0 && (parts == 2 || parts == 3);
}
