/* SPDX-License-Identifier: Apache-2.0 */
#include "image/index.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>

static const char *suffix(enum lw_mechanism mechanism)
{
	switch (mechanism) {
	case LW_MECHANISM_FALLBACK_TAG:
		return "";
	case LW_MECHANISM_COSIGN_SIG:
		return ".sig";
	case LW_MECHANISM_COSIGN_ATT:
		return ".att";
	case LW_MECHANISM_COSIGN_SBOM:
		return ".sbom";
	case LW_MECHANISM_REFERRERS:
	case LW_MECHANISM_COUNT:
		break;
	}
	return NULL;
}

char *lw_index_evidence_name(const char *repository, enum lw_mechanism mechanism,
			     const struct lw_digest *subject)
{
	char hex[65];

	if (!suffix(mechanism))
		return lw_strdup("");
	return lw_asprintf("%s:sha256-%s%s", repository, lw_digest_hex(subject, hex),
			   suffix(mechanism));
}

static int compare(const void *a, const void *b, void *data)
{
	const struct lw_index_row *rows = data;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int c = lw_digest_compare(&rows[i].digest, &rows[j].digest);

	if (c == 0)
		c = strcmp(rows[i].name, rows[j].name);
	return c ? c : (i > j) - (i < j);
}

size_t lw_index_unique(struct lw_index_row *rows, size_t n)
{
	lw_auto_free size_t *order = lw_alloc_array(n, sizeof(*order));
	lw_auto_free bool *again = lw_alloc_array(n, sizeof(*again));
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare, rows);
	for (size_t i = 1; i < n; i++) {
		const struct lw_index_row *a = &rows[order[i - 1]], *b = &rows[order[i]];

		again[order[i]] =
			lw_digest_equal(&a->digest, &b->digest) && !strcmp(a->name, b->name);
	}
	for (size_t i = 0; i < n; i++) {
		if (!again[i])
			rows[kept++] = rows[i];
	}
	return kept;
}

static void write_row(struct lw_json_writer *w, const struct lw_index_row *row)
{
	char digest[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	if (row->name[0]) {
		lw_json_w_key(w, "annotations");
		lw_json_w_object(w);
		lw_json_w_member(w, "io.containerd.image.name", row->name);
		lw_json_w_member(w, "org.opencontainers.image.ref.name", row->name);
		lw_json_w_end_object(w);
	}
	if (row->artifact_type[0])
		lw_json_w_member(w, "artifactType", row->artifact_type);
	lw_json_w_member(w, "digest", lw_digest_text(&row->digest, digest));
	lw_json_w_member(w, "mediaType", row->media_type);
	lw_json_w_member_integer(w, "size", (int64_t)row->size);
	lw_json_w_end_object(w);
}

void lw_index_write(struct lw_buf *out, const struct lw_index_row *rows, size_t n)
{
	struct lw_json_writer w = { .out = out, .canonical = true };

	lw_json_w_object(&w);
	lw_json_w_key(&w, "manifests");
	lw_json_w_array(&w);
	for (size_t i = 0; i < n; i++)
		write_row(&w, &rows[i]);
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
	lw_json_w_member_integer(&w, "schemaVersion", 2);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}
