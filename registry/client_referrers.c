/* SPDX-License-Identifier: Apache-2.0 */
/* That what is attached to an image is found there (distribution-spec 1.1, "Listing Referrers",
 * "Referrers tag schema"). */
#include "registry/client_internal.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "fetch/url.h"
#include "image/manifest.h"

#include <string.h>
#include <strings.h>

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MOST_PAGES 100
#define MOST_TIMES 3 /* that a list is looked at until it shows what was pushed */

static int is_listed(struct lw_span index, const struct lw_digest *d, bool *ret,
		     struct lw_error *e)
{
	LW_AUTO(document) struct lw_document *doc = NULL;
	int r = lw_document_parse(index, INDEX_TYPE, &doc, e);

	if (r < 0)
		return lw_fail_as(e, LW_E_FORMAT);
	for (size_t i = 0; i < doc->n_children; i++)
		*ret |= lw_digest_equal(&doc->children[i].digest, d);
	return 0;
}

/* ---- the API ---- */

/* "<path>; rel="next"" leads to another page; NULL: none. Owned. */
static int next_page(const struct lw_http_answer *a, const char *url, char **ret,
		     struct lw_error *e)
{
	const char *link = lw_http_header(a, "Link"), *end = link ? strchr(link, '>') : NULL;
	int r;

	if (!link || link[0] != '<' || !end || !strstr(end, "next"))
		return 0;
	lw_auto_free char *target = lw_strndup(link + 1, (size_t)(end - link) - 1);

	r = lw_url_resolve(url, target, ret, e);
	if (r == 0 && !lw_url_is_same_origin(*ret, url)) {
		free(lw_steal(*ret));
		r = lw_fail(e, LW_E_FORMAT, "the next page of a list is elsewhere");
	}
	return r;
}

static int read_page(struct lw_registry_client *c, const char *repository, const char *url,
		     struct lw_buf *page, char **ret_next, struct lw_error *e)
{
	const struct lw_client_scope scope = { repository, "" };
	const struct lw_http_sink sink = { lw_client_into_buffer, page };
	const char *accept = "Accept: " INDEX_TYPE, *type;
	struct lw_http_request q = { .method = "GET",
				     .url = url,
				     .headers = &accept,
				     .n_headers = 1,
				     .most = LW_MAX_MANIFEST_BYTES,
				     .sink = &sink };
	LW_AUTO(http_answer) struct lw_http_answer a = { 0 };
	int r = lw_client_ask(c, &scope, &q, false, &a, e);

	if (r < 0)
		return r;
	/* What a registry without the API says. */
	if (a.status == 404 || a.status == 405 || a.status == 501)
		return lw_fail(e, LW_E_NOTFOUND, "the registry has no referrers API");
	if (a.status != 200)
		return lw_client_refused(&a, "the list of referrers", e);
	type = lw_http_header(&a, "Content-Type");
	if (!type || strncasecmp(type, INDEX_TYPE, strlen(INDEX_TYPE)) != 0)
		return lw_fail(e, LW_E_FORMAT, "the list of referrers is no index");
	return next_page(&a, url, ret_next, e);
}

/* LW_E_NOTFOUND: there is no such API. */
static int ask_api(struct lw_registry_client *c, const char *repository,
		   const struct lw_digest *subject, const struct lw_digest *d, bool *ret,
		   struct lw_error *e)
{
	char text[LW_DIGEST_TEXT];
	lw_auto_free char *what = lw_asprintf("referrers/%s", lw_digest_text(subject, text));
	lw_auto_free char *url = lw_client_url(c, repository, what);

	for (unsigned pages = 0; pages < MOST_PAGES; pages++) {
		LW_AUTO(buf) struct lw_buf page = { 0 };
		char *next = NULL;
		int r = read_page(c, repository, url, &page, &next, e);

		if (r == 0)
			r = is_listed(lw_buf_span(&page), d, ret, e);
		free(url);
		url = next;
		if (r < 0 || *ret || !next)
			return r;
	}
	return lw_fail(e, LW_E_LIMIT, "the list of referrers has more than %d pages",
		       MOST_PAGES);
}

/* ---- the tag ---- */

struct described {
	const struct lw_client_manifest *m;
	const char *artifact_type;
	const struct lw_json *annotations;
};

/* What a list says of it: its artifactType, else its config's media type. */
static int describe(const struct lw_client_manifest *m, struct lw_json_doc **ret_doc,
		    struct described *ret, struct lw_error *e)
{
	struct {
		const char *artifact_type, *config_type;
		const struct lw_json *annotations, *config;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ "annotations", LW_JSON_READ_OBJECT, 0, offsetof(__typeof__(f), annotations),
		  0, 0, NULL },
		{ "artifactType", LW_JSON_READ_STRING, 0,
		  offsetof(__typeof__(f), artifact_type), 0, 0, NULL },
		{ "config", LW_JSON_READ_OBJECT, 0, offsetof(__typeof__(f), config), 0, 0,
		  NULL },
	};
	static const struct lw_json_field config_fields[] = {
		{ "mediaType", LW_JSON_READ_STRING, 0, offsetof(__typeof__(f), config_type), 0,
		  0, NULL },
	};
	int r = lw_json_parse(m->bytes, &LW_JSON_STRICT, ret_doc, e);

	if (r == 0)
		r = lw_json_read(lw_json_root(*ret_doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "manifest", &f, e);
	if (r == 0 && f.config)
		r = lw_json_read(f.config, config_fields, LW_COUNT_OF(config_fields),
				 LW_JSON_IGNORE_UNKNOWN, "config", &f, e);
	if (r < 0)
		return lw_fail_as(e, LW_E_STATE);
	*ret = (struct described){ m,
				   f.artifact_type && *f.artifact_type ? f.artifact_type
				   : f.config_type		       ? f.config_type
								       : "",
				   f.annotations };
	return 0;
}

static void write_row(struct lw_json_writer *w, const struct described *row)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	if (row->annotations && lw_json_first(row->annotations)) {
		lw_json_w_key(w, "annotations");
		lw_json_w_node(w, row->annotations);
	}
	if (*row->artifact_type)
		lw_json_w_member(w, "artifactType", row->artifact_type);
	lw_json_w_member(w, "digest", lw_digest_text(&row->m->digest, text));
	lw_json_w_member(w, "mediaType", row->m->media_type);
	lw_json_w_member_integer(w, "size", (int64_t)row->m->bytes.n);
	lw_json_w_end_object(w);
}

/* The list that is there, whose rows stay as they are, and one more. */
static int extend(struct lw_span old, const struct described *row, struct lw_buf *out,
		  struct lw_error *e)
{
	struct {
		const struct lw_json *manifests;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ "manifests", LW_JSON_READ_ARRAY, 0, offsetof(__typeof__(f), manifests), 0, 0,
		  NULL },
	};
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_json_writer w = { .out = out, .canonical = true };
	int r = old.n ? lw_json_parse(old, &LW_JSON_STRICT, &doc, e) : 0;

	if (r == 0 && doc)
		r = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				 LW_JSON_IGNORE_UNKNOWN, "list", &f, e);
	if (r < 0)
		return lw_fail_as(e, LW_E_FORMAT);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "manifests");
	lw_json_w_array(&w);
	for (const struct lw_json *at = f.manifests ? lw_json_first(f.manifests) : NULL; at;
	     at = lw_json_next(at))
		lw_json_w_node(&w, at);
	write_row(&w, row);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "mediaType", INDEX_TYPE);
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	return 0;
}

/* The list as it is now. Some registries give the subject itself under this tag. */
static int read_list(struct lw_registry_client *c, const char *repository, const char *tag,
		     const struct lw_client_manifest *m, struct lw_buf *list, bool *ret_listed,
		     struct lw_error *e)
{
	lw_auto_free char *media_type = NULL;
	struct lw_digest digest;
	char hex[65];
	int r = lw_client_read_manifest(c, repository, tag, list, &media_type, e);

	*ret_listed = false;
	if (r == -LW_E_NOTFOUND) {
		lw_buf_clear(list);
		return 0;
	}
	if (r < 0)
		return r;
	digest = lw_digest_of(lw_buf_span(list));
	if (strcmp(tag + strlen("sha256-"), lw_digest_hex(&digest, hex)) == 0)
		return lw_fail(e, LW_E_FORMAT,
			       "the registry takes the tag %s for the image itself", tag);
	r = is_listed(lw_buf_span(list), &m->digest, ret_listed, e);
	return r < 0 ? lw_prefix(e, "what the registry has under the tag %s", tag) : 0;
}

static int list_by_tag(struct lw_registry_client *c, const struct lw_client_manifest *m,
		       const struct lw_digest *subject, enum lw_client_outcome *ret,
		       struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	char hex[65];
	lw_auto_free char *tag = lw_asprintf("sha256-%s", lw_digest_hex(subject, hex));
	struct described row = { 0 };
	int r = describe(m, &doc, &row, e);

	/* Another writer may have put its own list there in between. */
	for (unsigned times = 0; times < MOST_TIMES && r == 0; times++) {
		LW_AUTO(buf) struct lw_buf old = { 0 };
		LW_AUTO(buf) struct lw_buf list = { 0 };
		struct lw_client_manifest as = { .repository = m->repository,
						 .media_type = INDEX_TYPE,
						 .tag = tag,
						 .move = true };
		enum lw_client_outcome ignored;
		bool listed = false;

		r = read_list(c, m->repository, tag, m, &old, &listed, e);
		if (r == 0 && listed) {
			*ret = times > 0 ? LW_CLIENT_PUSHED : LW_CLIENT_THERE;
			return 0;
		}
		if (r == 0)
			r = extend(lw_buf_span(&old), &row, &list, e);
		as.bytes = lw_buf_span(&list);
		as.digest = lw_digest_of(as.bytes);
		if (r == 0)
			r = lw_client_push_manifest(c, &as, &ignored, e);
		if (r == -LW_E_DIGEST)
			r = 0; /* somebody else's: look again */
	}
	return r < 0 ? r : lw_fail(e, LW_E_IO, "the list under the tag %s does not stay", tag);
}

int lw_client_list_referrer(struct lw_registry_client *c, const struct lw_client_manifest *m,
			    const struct lw_digest *subject, enum lw_client_outcome *ret,
			    struct lw_error *e)
{
	const struct lw_http_answer none = { 0 };
	bool listed = false;
	int r = 0;

	for (unsigned times = 0; times < MOST_TIMES && r == 0; times++) {
		if (times > 0)
			lw_client_wait(times - 1, &none);
		r = ask_api(c, m->repository, subject, &m->digest, &listed, e);
		if (r == 0)
			c->lists = true;
		if (r == 0 && listed) {
			*ret = LW_CLIENT_THERE;
			return 0;
		}
	}
	if (r == -LW_E_NOTFOUND && !c->lists)
		return list_by_tag(c, m, subject, ret, e);
	return r < 0 ? r
		     : lw_fail(e, LW_E_FORMAT,
			       "the registry's list of referrers leaves it out");
}
