/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests into a registry, by digest or tag, and read back by the same name. */
#include "registry/client_internal.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static const char accept_all[] = "Accept: application/vnd.oci.image.index.v1+json, "
				 "application/vnd.oci.image.manifest.v1+json, "
				 "application/vnd.docker.distribution.manifest.list.v2+json, "
				 "application/vnd.docker.distribution.manifest.v2+json";

/* A media type without its parameters. */
static char *media_type_of(const struct lw_http_answer *a)
{
	const char *value = lw_http_header(a, "Content-Type");

	return value ? lw_strndup(value, strcspn(value, "; ")) : lw_strdup("");
}

int lw_client_read_manifest(struct lw_registry_client *c, const char *repository,
			    const char *reference, struct lw_buf *out, char **ret_media_type,
			    struct lw_error *e)
{
	const struct lw_http_sink sink = { lw_client_into_buffer, out };
	lw_auto_free char *what = lw_asprintf("manifests/%s", reference);
	lw_auto_free char *url = lw_client_url(c, repository, what);
	int r = -1;

	for (unsigned attempt = 0; attempt < LW_CLIENT_TRIES; attempt++) {
		LW_AUTO(http_answer) struct lw_http_answer a = { 0 };

		if (attempt > 0)
			lw_client_wait(attempt - 1, &a);
		lw_buf_clear(out);
		r = lw_client_read(c, repository, url, accept_all, LW_MAX_MANIFEST_BYTES, &sink,
				   &a, e);
		if (r == -LW_E_IO && c->reached)
			continue;
		if (r == 0 && a.status == 404)
			r = lw_fail(e, LW_E_NOTFOUND, "the registry does not have it");
		else if (r == 0 && a.status != 200)
			r = lw_client_refused(&a, "reading it back", e);
		else if (r == 0)
			*ret_media_type = media_type_of(&a);
		break;
	}
	return r;
}

/* What the registry gives under that name is what was pushed. */
static int read_back(struct lw_registry_client *c, const struct lw_client_manifest *m,
		     const char *reference, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf have = { 0 };
	lw_auto_free char *media_type = NULL;
	char shown[LW_MAX_MEDIA_TYPE + 1], text[LW_DIGEST_TEXT];
	struct lw_digest digest;
	int r = lw_client_read_manifest(c, m->repository, reference, &have, &media_type, e);

	if (r == -LW_E_NOTFOUND)
		return lw_fail(e, LW_E_FORMAT, "the registry took it and does not have it");
	if (r == -LW_E_LIMIT)
		return lw_fail_as(e, LW_E_DIGEST);
	if (r < 0)
		return r;
	digest = lw_digest_of(lw_buf_span(&have));
	if (!lw_digest_equal(&digest, &m->digest))
		return lw_fail(e, LW_E_DIGEST,
			       "read back: want %zu bytes, have %zu of digest %s", m->bytes.n,
			       have.n, lw_digest_text(&digest, text));
	if (!media_type || strcasecmp(media_type, m->media_type) != 0)
		return lw_fail(
			e, LW_E_DIGEST, "read back as '%s', pushed as '%s'",
			lw_text_escape_str(media_type ? media_type : "", shown, sizeof(shown)),
			m->media_type);
	return 0;
}

struct span_source {
	struct lw_span bytes;
};

static int give(void *data, uint8_t *p, size_t n, uint64_t at, struct lw_error *e)
{
	const struct span_source *s = data;

	(void)e;
	memcpy(p, s->bytes.p + at, n);
	return 0;
}

static int put(struct lw_registry_client *c, const struct lw_client_manifest *m,
	       const char *reference, struct lw_error *e)
{
	const struct lw_client_scope scope = { m->repository, "" };
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	lw_auto_free char *what = lw_asprintf("manifests/%s", reference);
	lw_auto_free char *url = lw_client_url(c, m->repository, what);
	lw_auto_free char *type = lw_asprintf("Content-Type: %s", m->media_type);
	const char *header = type, *have;
	struct span_source source = { m->bytes };
	struct lw_http_request q = { .method = "PUT",
				     .url = url,
				     .headers = &header,
				     .n_headers = 1,
				     .give = give,
				     .data = &source,
				     .bytes = m->bytes.n };
	char text[LW_DIGEST_TEXT], shown[LW_DIGEST_TEXT];
	int r = lw_client_ask(c, &scope, &q, true, &a, e);

	if (r < 0)
		return r;
	if (a.status != 201)
		return lw_client_refused(&a, "pushing it", e);
	have = lw_http_header(&a, "Docker-Content-Digest");
	if (have && strcmp(have, lw_digest_text(&m->digest, text)) != 0)
		return lw_fail(e, LW_E_DIGEST, "the registry calls it %s",
			       lw_text_escape_str(have, shown, sizeof(shown)));
	return 0;
}

static bool has(const struct lw_digest *list, size_t n, const struct lw_digest *d)
{
	for (size_t i = 0; i < n; i++)
		if (lw_digest_equal(&list[i], d))
			return true;
	return false;
}

/* What the registry has under that name already. */
static int look(struct lw_registry_client *c, const struct lw_client_manifest *m,
		const char *reference, bool *ret_there, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf have = { 0 };
	lw_auto_free char *media_type = NULL;
	struct lw_digest digest;
	char text[LW_DIGEST_TEXT];
	int r = lw_client_read_manifest(c, m->repository, reference, &have, &media_type, e);

	if (r == -LW_E_NOTFOUND)
		return 0;
	if (r < 0)
		return r;
	digest = lw_digest_of(lw_buf_span(&have));
	*ret_there = lw_digest_equal(&digest, &m->digest) && media_type &&
		     strcasecmp(media_type, m->media_type) == 0;
	if (!*ret_there && *m->tag)
		*ret_there = has(m->newer, m->n_newer, &digest);
	if (*ret_there)
		return 0;
	if (!*m->tag)
		return lw_fail(e, LW_E_DIGEST,
			       "the registry has other bytes under this digest: %s",
			       lw_digest_text(&digest, text));
	if (!m->move && !has(m->movable, m->n_movable, &digest))
		return lw_fail(e, LW_E_EXISTS,
			       "in the registry the tag stands for %s, which is not what "
			       "this enclave had under this name",
			       lw_digest_text(&digest, text));
	return 0;
}

int lw_client_push_manifest(struct lw_registry_client *c, const struct lw_client_manifest *m,
			    enum lw_client_outcome *ret, struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];
	const char *reference = *m->tag ? m->tag : lw_digest_text(&m->digest, text);
	struct lw_digest own = lw_digest_of(m->bytes);
	bool there = false;
	int r;

	if (!lw_digest_equal(&own, &m->digest))
		return lw_fail(e, LW_E_STATE, "its bytes are not those of %s",
			       lw_digest_text(&m->digest, text));
	r = look(c, m, reference, &there, e);
	if (r == 0 && !there) {
		r = put(c, m, reference, e);
		if (r == 0)
			r = read_back(c, m, reference, e);
	}
	if (r == 0)
		*ret = there ? LW_CLIENT_THERE : LW_CLIENT_PUSHED;
	return r;
}
