/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/bases.h"

#include "base/fs.h"
#include "base/mem.h"
#include "bundle/contents.h"
#include "image/manifest.h"
#include "image/store.h"

int lw_bases_read(struct lw_enclave *enclave, const struct lw_digest *digest, uint64_t size,
		  size_t max, struct lw_buf *out, struct lw_error *e)
{
	lw_auto_fd int fd = -1;
	struct lw_proven proven;
	char text[LW_DIGEST_TEXT];
	uint64_t kept = 0, found = 0;
	bool has = false;
	int r = lw_state_blob_has(enclave->state, digest, &has, &kept, e);

	if (r == 0 && (!has || kept != size))
		r = lw_fail(e, LW_E_NOTFOUND, "%s is not here", lw_digest_text(digest, text));
	if (r == 0 && size > max)
		r = lw_fail(e, LW_E_LIMIT, "%s: want at most %zu bytes",
			    lw_digest_text(digest, text), max);
	if (r == 0)
		r = lw_store_open_blob(enclave->store, digest, &fd, &found, e);
	if (r == 0 && found != size)
		r = lw_fail(e, LW_E_DIGEST, "%s has another size in the store",
			    lw_digest_text(digest, text));
	if (r < 0)
		return r;
	lw_buf_reserve(out, size);
	r = lw_fs_pread(fd, out->p + out->n, size, 0, e);
	if (r == 0)
		r = lw_prove_by_digest(lw_span(out->p + out->n, size), digest, &proven, e);
	if (r == 0)
		out->n += size;
	return r;
}

static int read_accepted(void *data, const struct lw_digest *digest, uint64_t size, size_t max,
			 struct lw_buf *out, struct lw_error *e)
{
	return lw_bases_read(data, digest, size, max, out, e);
}

int lw_bases_describe(const struct lw_blob_source *source, const struct lw_digest *root,
		      uint64_t root_size, const char *root_media_type,
		      const struct lw_digest *digest, struct lw_base_found *ret,
		      struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *d = NULL;
	LW_AUTO(buf) struct lw_buf bytes = { 0 };

	if (lw_digest_equal(root, digest)) {
		(void)snprintf(ret->media_type, sizeof(ret->media_type), "%s", root_media_type);
		ret->size = root_size;
		return 0;
	}

	int r = source->read(source->data, root, root_size, LW_MAX_MANIFEST_BYTES, &bytes, e);
	if (r == 0)
		r = lw_document_parse(lw_buf_span(&bytes), root_media_type, &d, e);
	for (size_t i = 0; r == 0 && i < d->n_children; i++)
		if (d->children[i].role == LW_CHILD_MANIFEST &&
		    lw_digest_equal(&d->children[i].digest, digest)) {
			(void)snprintf(ret->media_type, sizeof(ret->media_type), "%s",
				       d->children[i].media_type);
			ret->size = d->children[i].size;
			return 0;
		}
	return r < 0 ? r : lw_fail(e, LW_E_NOTFOUND, "it is no manifest of that image");
}

struct search {
	struct lw_enclave *enclave;
	const struct lw_policy *policy;
	const struct lw_digest *digest;
	const char *zone;
	struct lw_base_found *ret;
	bool found;
};

/* Whether it is one of the image's own manifests. */
static int holds(const struct lw_state_image *row, const struct lw_digest *digest, bool *ret,
		 struct lw_error *e)
{
	struct lw_image image = { 0 };
	char text[LW_DIGEST_TEXT];
	int r = 0;

	*ret = lw_digest_equal(&row->digest, digest);
	if (*ret || !strstr(row->detail, lw_digest_text(digest, text)))
		return 0;

	struct lw_proven ours = { .bytes = lw_span_str(row->detail) }; /* of our own state */
	r = lw_contents_parse_image(ours, &image, e);
	for (size_t i = 0; r == 0 && i < image.n_subjects; i++)
		*ret |= lw_digest_equal(&image.subjects[i], digest);
	lw_image_release(&image);
	return r;
}

static int look_at(void *data, const struct lw_state_image *row, struct lw_error *e)
{
	struct search *s = data;
	struct lw_blob_source source = { .read = read_accepted, .data = s->enclave };
	bool is = false;
	int r;

	if (s->found || row->pending ||
	    lw_policy_zone(s->policy, row->zone) < lw_policy_zone(s->policy, s->zone))
		return 0;
	r = holds(row, s->digest, &is, e);
	if (r < 0 || !is)
		return r;
	s->found = true;
	s->ret->met = true;
	(void)snprintf(s->ret->name, sizeof(s->ret->name), "%s", row->name);
	return lw_bases_describe(&source, &row->digest, row->size, row->media_type, s->digest,
				 s->ret, e);
}

int lw_bases_find_accepted(struct lw_enclave *enclave, const struct lw_policy *policy,
			   const struct lw_digest *digest, const char *zone,
			   struct lw_base_found *ret, struct lw_error *e)
{
	struct search s = {
		.enclave = enclave, .policy = policy, .digest = digest, .zone = zone, .ret = ret
	};
	char text[LW_DIGEST_TEXT];
	int r = lw_state_each_image(enclave->state, look_at, &s, e);

	if (r == 0 && !s.found)
		r = lw_fail(e, LW_E_NOTFOUND, "no image %s was accepted here",
			    lw_digest_text(digest, text));
	return r;
}
