/* SPDX-License-Identifier: Apache-2.0 */
/* A document across the wall: how the box hands a source's documents to who packs them. What is
 * loaded is proven, and read without a box. */
#include "image/document.h"

#include "base/ipc.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

void lw_document_put(const struct lw_document *d, struct lw_buf *out)
{
	lw_ipc_put_u32(out, (uint32_t)d->kind);
	lw_ipc_put_str(out, d->media_type);
	lw_ipc_put_str(out, d->artifact_type);
	lw_ipc_put_u32(out, (uint32_t)d->n_children);
	for (size_t i = 0; i < d->n_children; i++) {
		const struct lw_descriptor *c = &d->children[i];

		lw_ipc_put_u32(out, (uint32_t)c->role);
		lw_ipc_put_bytes(out, lw_span(c->digest.sha256, LW_DIGEST_BYTES));
		lw_ipc_put_u64(out, c->size);
		lw_ipc_put_str(out, c->media_type);
		lw_ipc_put_str(out, c->artifact_type);
		lw_ipc_put_str(out, c->platform);
		lw_ipc_put_str(out, c->ref_name);
		lw_ipc_put_str(out, c->full_name);
	}
}

/* The bytes one child takes at least: role, digest, size, five empty strings. */
#define LEAST_CHILD (4 + 4 + LW_DIGEST_BYTES + 8 + 5 * 4)

static int broken(const char *what, struct lw_error *e)
{
	return lw_fail(e, LW_E_JAIL, "document from the box: %s", what);
}

/* A string of printable text of one kind, or (with `optional`) nothing. */
static int take_text(struct lw_document *d, struct lw_span *body, size_t max,
		     bool (*is)(struct lw_span), bool optional, const char **ret,
		     struct lw_error *e)
{
	struct lw_span text;
	int r = lw_ipc_take_bytes(body, max, &text, e);

	if (r < 0)
		return r;
	if ((text.n && memchr(text.p, '\0', text.n)) || (text.n ? !is(text) : !optional))
		return broken("a string that is not what it must be", e);
	*ret = lw_document_string(d, text, *ret);
	return 0;
}

/* `child` holds the strings of the one before. */
static int take_child(struct lw_document *d, struct lw_span *body, struct lw_descriptor *child,
		      struct lw_error *e)
{
	struct lw_span digest;
	uint32_t role;
	int r;

	if ((r = lw_ipc_take_u32(body, &role, e)) < 0 ||
	    (r = lw_ipc_take_bytes(body, LW_DIGEST_BYTES, &digest, e)) < 0 ||
	    (r = lw_ipc_take_u64(body, &child->size, e)) < 0 ||
	    (r = take_text(d, body, LW_MAX_MEDIA_TYPE, lw_document_is_media_type, false,
			   &child->media_type, e)) < 0 ||
	    (r = take_text(d, body, LW_MAX_MEDIA_TYPE, lw_document_is_artifact_type, true,
			   &child->artifact_type, e)) < 0 ||
	    (r = take_text(d, body, 3 * LW_MAX_LABEL + 2, lw_document_is_platform, true,
			   &child->platform, e)) < 0 ||
	    (r = take_text(d, body, LW_MAX_ANNOTATION, lw_text_is_utf8, true, &child->ref_name,
			   e)) < 0 ||
	    (r = take_text(d, body, LW_MAX_ANNOTATION, lw_text_is_utf8, true, &child->full_name,
			   e)) < 0)
		return r;
	if (role < LW_CHILD_CONFIG || role > LW_CHILD_SUBJECT)
		return broken("an unknown role", e);
	if (digest.n != LW_DIGEST_BYTES)
		return broken("a short digest", e);
	if (child->size > LW_MAX_BLOB_BYTES)
		return broken("a size above the limit", e);
	if (*child->platform && role != LW_CHILD_MANIFEST)
		return broken("a platform where none can be", e);
	child->role = (enum lw_child_role)role;
	memcpy(child->digest.sha256, digest.p, LW_DIGEST_BYTES);
	return 0;
}

/* Config, then layers; or manifests; then at most one subject; or nothing at all. */
static bool roles_are_right(const struct lw_document *d)
{
	size_t i = 0, n = d->n_children;
	enum lw_child_role many = LW_CHILD_MANIFEST;

	if (n && d->children[n - 1].role == LW_CHILD_SUBJECT)
		n--;
	if (d->kind == LW_MEDIA_OTHER)
		return d->n_children == 0;
	if (d->kind == LW_MEDIA_MANIFEST) {
		if (n == 0 || d->children[0].role != LW_CHILD_CONFIG)
			return false;
		many = LW_CHILD_LAYER;
		i = 1;
	}
	if (n - i > LW_MAX_DESCRIPTORS)
		return false;
	while (i < n)
		if (d->children[i++].role != many)
			return false;
	return true;
}

static int take_children(struct lw_document *d, struct lw_span *body, size_t n,
			 struct lw_error *e)
{
	struct lw_descriptor child = { .role = LW_CHILD_CONFIG };

	for (size_t i = 0; i < n; i++) {
		int r = take_child(d, body, &child, e);

		if (r < 0)
			return r;
		d->children[d->n_children++] = child;
	}
	return 0;
}

int lw_document_take(struct lw_span *body, struct lw_document **ret, struct lw_error *e)
{
	struct lw_span rest = *body, media_type, artifact_type;
	uint32_t kind, n;
	int r;

	if ((r = lw_ipc_take_u32(&rest, &kind, e)) < 0 ||
	    (r = lw_ipc_take_bytes(&rest, LW_MAX_MEDIA_TYPE, &media_type, e)) < 0 ||
	    (r = lw_ipc_take_bytes(&rest, LW_MAX_MEDIA_TYPE, &artifact_type, e)) < 0 ||
	    (r = lw_ipc_take_u32(&rest, &n, e)) < 0)
		return r;
	if (n > LW_MAX_DESCRIPTORS + 2 || n > rest.n / LEAST_CHILD)
		return broken("more children than it has room for", e);
	if (artifact_type.n && !lw_document_is_artifact_type(artifact_type))
		return broken("its artifact type", e);

	LW_AUTO(document) struct lw_document *d = lw_document_new(n);
	d->media_type = lw_document_string(d, media_type, NULL);
	d->artifact_type = lw_document_string(d, artifact_type, NULL);
	d->kind = lw_media_kind(d->media_type);
	if (!lw_document_is_media_type(media_type) || (uint32_t)d->kind != kind)
		return broken("its media type", e);
	if (d->kind == LW_MEDIA_OTHER && strcmp(d->media_type, LW_MEDIA_TYPE_LAYOUT) != 0)
		return broken("its kind", e);

	r = take_children(d, &rest, n, e);
	if (r < 0)
		return r;
	if (!roles_are_right(d))
		return broken("children that do not make a document", e);
	*body = rest;
	*ret = lw_steal(d);
	return 0;
}
