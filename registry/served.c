/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/served.h"

#include "base/mem.h"
#include "bundle/contents.h"
#include "image/index.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

char *lw_served_repository(const char *served)
{
	char *name = lw_strdup(served);
	char *slash = strchr(name, '/'), *port = strchr(name, '_');

	if (slash && port && port < slash)
		*port = ':';
	return name;
}

static void add_name(struct lw_names *n, const char *name, size_t length)
{
	if (n->n > 0 && strncmp(n->list[n->n - 1], name, length) == 0 &&
	    !n->list[n->n - 1][length])
		return;
	n->list = lw_realloc_array(n->list, n->n + 1, sizeof(*n->list));
	n->list[n->n++] = lw_strndup(name, length);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void settle(struct lw_names *names)
{
	size_t n = 0;

	lw_sort(names->list, names->n, sizeof(*names->list), compare_names);
	for (size_t i = 0; i < names->n; i++)
		if (n > 0 && strcmp(names->list[n - 1], names->list[i]) == 0)
			free(names->list[i]);
		else
			names->list[n++] = names->list[i];
	names->n = n;
}

static int add_repository(void *data, const char *name, struct lw_error *e)
{
	const char *slash = strchr(name, '/');

	(void)e;
	if (slash && name[0] != '[')
		add_name(data, name, (size_t)(slash - name) + strcspn(slash, ":"));
	return 0;
}

int lw_served_names(struct lw_state *s, struct lw_names *ret, struct lw_error *e)
{
	int r = lw_state_each_served_name(s, add_repository, ret, e);

	for (size_t i = 0; i < ret->n; i++) {
		char *port = strchr(ret->list[i], ':');

		if (port)
			*port = '_';
	}
	settle(ret);
	return r;
}

/* ---- what is in an image's row ---- */

/* Of so many images that need a manifest the first says what it is, or none does. */
#define ENOUGH_ROWS 16
#define ENOUGH	    1

struct looking {
	const char *repository;
	/* of evidence: that with this tag, this digest, about this subject */
	const char *tag;
	const struct lw_digest *digest, *subject;
	struct lw_names *tags;
	struct lw_referrers *referrers;
	struct lw_served *found;
	uint64_t record; /* that accepted what was found */
	size_t rows;	 /* looked at */
};

static void take(struct looking *l, const struct lw_digest *d, const char *media_type,
		 uint64_t record)
{
	if (l->found->media_type && record <= l->record)
		return;
	lw_served_release(l->found);
	*l->found = (struct lw_served){ .digest = *d, .media_type = lw_strdup(media_type) };
	l->record = record;
}

static void add_referrer(struct lw_referrers *r, struct lw_evidence *v)
{
	r->list = lw_realloc_array(r->list, r->n + 1, sizeof(*r->list));
	r->list[r->n++] = *v;
	v->media_type = v->artifact_type = NULL;
}

static void look_at_evidence(struct looking *l, const struct lw_state_image *row,
			     struct lw_evidence *v)
{
	/* What a newer image replaced keeps what is found by digest alone. */
	lw_auto_free char *name =
		row->superseded
			? lw_strdup("")
			: lw_index_evidence_name(l->repository, v->mechanism, &v->subject);
	const char *tag = *name ? strrchr(name, ':') + 1 : NULL;

	if (l->tags && tag)
		add_name(l->tags, tag, strlen(tag));
	if ((l->tag && tag && strcmp(l->tag, tag) == 0) ||
	    (l->digest && lw_digest_equal(l->digest, &v->digest)))
		take(l, &v->digest, v->media_type, row->record);
	if (l->subject && v->mechanism == LW_MECHANISM_REFERRERS &&
	    lw_digest_equal(l->subject, &v->subject))
		add_referrer(l->referrers, v);
}

static int look_at(void *data, const struct lw_state_image *row, struct lw_error *e)
{
	struct looking *l = data;
	struct lw_proven ours = { .bytes = lw_span_str(row->detail) }; /* of our own state */
	struct lw_image image = { 0 };
	int rc = lw_contents_parse_image(ours, &image, e);

	l->rows++;
	if (rc == 0 && l->tags && !row->superseded && image.name.tag[0])
		add_name(l->tags, image.name.tag, strlen(image.name.tag));
	if (rc == 0 && l->digest && lw_digest_equal(l->digest, &row->digest))
		take(l, &row->digest, row->media_type, row->record);
	for (size_t i = 0; i < image.n_evidence && rc == 0; i++)
		look_at_evidence(l, row, &image.evidence[i]);
	lw_image_release(&image);
	if (rc < 0)
		return lw_fail(e, LW_E_STATE, "state.db: image %s", row->name);
	return l->digest && (l->found->media_type || l->rows == ENOUGH_ROWS) ? ENOUGH : 0;
}

/* ---- looking up ---- */

int lw_served_tags(struct lw_state *s, const char *repository, struct lw_names *ret,
		   struct lw_error *e)
{
	struct looking l = { .repository = repository, .tags = ret };
	int r = lw_state_each_served(s, repository, NULL, look_at, &l, e);

	settle(ret);
	return r;
}

/* "sha256-<hex>", and what may follow: the subject of evidence that is found by tag. */
static bool subject_of(const char *tag, struct lw_digest *ret)
{
	lw_auto_free char *text = lw_asprintf("sha256:%.64s", tag + strlen("sha256-"));
	struct lw_error ignored;

	return lw_digest_parse(lw_span_str(text), ret, &ignored) == 0;
}

int lw_served_tag(struct lw_state *s, const char *repository, const char *tag,
		  struct lw_served *ret, struct lw_error *e)
{
	lw_auto_free char *name = lw_asprintf("%s:%s", repository, tag);
	struct lw_state_image image = { 0 };
	struct looking l = { .repository = repository, .tag = tag, .found = ret };
	struct lw_digest subject;
	int r = lw_state_served_get(s, name, &image, e);

	if (r == 0)
		take(&l, &image.digest, image.media_type, image.record);
	lw_state_image_release(&image);
	/* A tag means one thing: of evidence that two images bring under it, what was accepted
	 * last, as in the store's index (custody/listing.h). */
	if (r == -LW_E_NOTFOUND && strncmp(tag, "sha256-", strlen("sha256-")) == 0 &&
	    subject_of(tag, &subject)) {
		r = lw_state_each_served(s, repository, &subject, look_at, &l, e);
		if (r == 0 && !ret->media_type)
			r = lw_fail(e, LW_E_NOTFOUND, "no such tag");
	}
	return r;
}

int lw_served_digest(struct lw_state *s, const char *repository, const struct lw_digest *d,
		     struct lw_served *ret, struct lw_error *e)
{
	struct looking l = { .repository = repository, .digest = d, .found = ret };
	int r;

	ret->digest = *d;
	r = lw_state_each_served(s, repository, d, look_at, &l, e);
	r = r == ENOUGH ? 0 : r;
	return r == 0 && l.rows == 0 ? lw_fail(e, LW_E_NOTFOUND, "no such digest") : r;
}

static int compare_referrers(const void *a, const void *b)
{
	return lw_digest_compare(&((const struct lw_evidence *)a)->digest,
				 &((const struct lw_evidence *)b)->digest);
}

int lw_served_referrers(struct lw_state *s, const char *repository,
			const struct lw_digest *subject, struct lw_referrers *ret,
			struct lw_error *e)
{
	struct looking l = { .repository = repository, .subject = subject, .referrers = ret };
	int r = lw_state_each_served(s, repository, subject, look_at, &l, e);

	lw_sort(ret->list, ret->n, sizeof(*ret->list), compare_referrers);
	return r;
}

/* ---- releasing ---- */

void lw_names_release(struct lw_names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->list[i]);
	free(n->list);
	*n = (struct lw_names){ 0 };
}

void lw_served_release(struct lw_served *s)
{
	free(s->media_type);
	*s = (struct lw_served){ 0 };
}

void lw_referrers_release(struct lw_referrers *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->list[i].media_type);
		free(r->list[i].artifact_type);
	}
	free(r->list);
	*r = (struct lw_referrers){ 0 };
}
