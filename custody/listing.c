/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/listing.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "image/index.h"
#include "image/reference.h"

#include <stdlib.h>

/* Strings are offsets into one buffer, which moves while it grows; offset 0 is "". */
struct row {
	struct lw_digest digest;
	uint64_t size;
	uint64_t record; /* that accepted it */
	size_t media_type, artifact_type, name;
};

struct listing {
	struct row *rows;
	size_t n, cap;
	struct lw_buf strings;
};

static size_t keep(struct listing *l, const char *s)
{
	size_t at = l->strings.n;

	if (!s || !*s)
		return 0;
	lw_buf_add(&l->strings, s, strlen(s) + 1);
	return at;
}

/* Media types repeat from row to row. */
static size_t keep_again(struct listing *l, size_t before, const char *s)
{
	if (before && s && !strcmp((const char *)l->strings.p + before, s))
		return before;
	return keep(l, s);
}

static struct row *add_row(struct listing *l)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->rows = lw_realloc_array(l->rows, l->cap, sizeof(*l->rows));
	}
	l->rows[l->n] = (struct row){ 0 };
	return &l->rows[l->n++];
}

struct evidence {
	struct lw_digest digest, subject;
	uint64_t size;
	const char *media_type, *artifact_type, *mechanism;
};

#define FIELD(json_, name_, reader_, flags_, max_)                                             \
	{                                                                                      \
		json_, reader_, flags_, offsetof(struct evidence, name_), 0, max_, NULL        \
	}

static int add_evidence(struct listing *l, const struct lw_json *node,
			const struct lw_reference *image, uint64_t record, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		FIELD("artifactType", artifact_type, LW_JSON_READ_PLAIN, 0, LW_MAX_MEDIA_TYPE),
		FIELD("digest", digest, LW_JSON_READ_DIGEST, LW_JSON_REQUIRED, 0),
		FIELD("mechanism", mechanism, LW_JSON_READ_LABEL, LW_JSON_REQUIRED, 0),
		FIELD("mediaType", media_type, LW_JSON_READ_PLAIN, LW_JSON_REQUIRED,
		      LW_MAX_MEDIA_TYPE),
		FIELD("size", size, LW_JSON_READ_U64, LW_JSON_REQUIRED, LW_MAX_BLOB_BYTES),
		FIELD("subject", subject, LW_JSON_READ_DIGEST, LW_JSON_REQUIRED, 0),
	};
	struct evidence v = { 0 };
	enum lw_mechanism mechanism;
	int rc = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			      "evidence", &v, e);

	if (!rc)
		rc = lw_mechanism_parse(lw_span_str(v.mechanism), &mechanism, e);
	if (rc)
		return rc;

	lw_auto_free char *name =
		lw_index_evidence_name(image->repository, mechanism, &v.subject);
	size_t before = l->rows[l->n - 1].media_type;
	size_t before_artifact = l->rows[l->n - 1].artifact_type;
	struct row *row = add_row(l);
	row->digest = v.digest;
	row->size = v.size;
	row->record = record;
	row->media_type = keep_again(l, before, v.media_type);
	row->artifact_type = keep_again(l, before_artifact, v.artifact_type);
	row->name = keep(l, name);
	return 0;
}

static int add_detail(struct listing *l, const struct lw_state_image *image, struct lw_error *e)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_reference name;
	struct {
		const struct lw_json *evidence;
	} top = { 0 };
	static const struct lw_json_field fields[] = {
		{ "evidence", LW_JSON_READ_ARRAY, 0, offsetof(__typeof__(top), evidence), 0, 0,
		  NULL },
	};
	int rc = lw_reference_parse(lw_span_str(image->name), &name, e);

	if (!rc)
		rc = lw_json_parse(lw_span_str(image->detail), &LW_JSON_STRICT, &doc, e);
	if (!rc)
		rc = lw_json_read(lw_json_root(doc), fields, LW_COUNT_OF(fields),
				  LW_JSON_IGNORE_UNKNOWN, "detail", &top, e);
	if (rc || !top.evidence)
		return rc;
	for (const struct lw_json *n = lw_json_first(top.evidence); n && !rc;
	     n = lw_json_next(n))
		rc = add_evidence(l, n, &name, image->record, e);
	return rc;
}

static int add_image(void *data, const struct lw_state_image *image, struct lw_error *e)
{
	struct listing *l = data;

	if (image->superseded || image->pending)
		return 0;

	struct row *row = add_row(l);
	row->digest = image->digest;
	row->size = image->size;
	row->record = image->record;
	row->media_type = keep(l, image->media_type);
	row->name = keep(l, image->name);
	if (image->detail[0] && add_detail(l, image, e) < 0) {
		if (e)
			e->code = LW_E_STATE;
		(void)lw_prefix(e, "state.db: image %s", image->name);
		return -LW_E_STATE;
	}
	return 0;
}

/* By name, then what was accepted last, then by place. */
static int compare_names(const void *a, const void *b, void *data)
{
	const struct listing *l = data;
	const struct row *x = &l->rows[*(const size_t *)a], *y = &l->rows[*(const size_t *)b];
	const char *strings = (const char *)l->strings.p;
	int c = strcmp(strings + x->name, strings + y->name);

	if (c == 0)
		c = (x->record < y->record) - (x->record > y->record);
	return c ? c : (x > y) - (x < y);
}

static void settle_names(struct listing *l)
{
	lw_auto_free size_t *order = lw_alloc_array(l->n, sizeof(*order));
	const char *strings = (const char *)l->strings.p;
	const struct row *holder = NULL;

	for (size_t i = 0; i < l->n; i++)
		order[i] = i;
	qsort_r(order, l->n, sizeof(*order), compare_names, l);
	for (size_t i = 0; i < l->n; i++) {
		struct row *row = &l->rows[order[i]];

		if (!holder || strcmp(strings + holder->name, strings + row->name) != 0)
			holder = row;
		else if (!lw_digest_equal(&holder->digest, &row->digest))
			row->name = 0;
	}
}

int lw_listing_write(struct lw_state *s, struct lw_buf *out, struct lw_error *e)
{
	struct listing l = { 0 };

	lw_buf_addc(&l.strings, '\0');
	int rc = lw_state_each_image(s, add_image, &l, e);
	if (!rc) {
		lw_auto_free struct lw_index_row *rows = lw_alloc_array(l.n, sizeof(*rows));
		const char *strings = (const char *)l.strings.p;

		settle_names(&l);
		for (size_t i = 0; i < l.n; i++)
			rows[i] = (struct lw_index_row){
				.media_type = strings + l.rows[i].media_type,
				.digest = l.rows[i].digest,
				.size = l.rows[i].size,
				.artifact_type = strings + l.rows[i].artifact_type,
				.name = strings + l.rows[i].name,
			};
		lw_index_write(out, rows, lw_index_unique(rows, l.n));
	}
	free(l.rows);
	lw_buf_free(&l.strings);
	return rc;
}
