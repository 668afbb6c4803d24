/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_FORGERIES_H
#define LW_TESTS_LIB_FORGERIES_H

/*
 * What a sender with two careless approvers can make: bundles that are signed as they must be
 * and say something absurd. Each starts from the bundle of `forge layout`: images[0] is an
 * index of two platforms with evidence, images[1] one manifest. With each: the finding that
 * must come.
 */

#include "tests/lib/forgeries_seal.h"

struct forgery {
	const char *name;
	int exit;
	const char *code;
	void (*make)(struct forge *f);
};

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX    "application/vnd.oci.image.index.v1+json"
#define EMPTY_DIGEST                                                                           \
	"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" /* {}               \
									    */

/* ---- contents ---- */

static inline void edit_contents(struct forge *f, const char *old, const char *with)
{
	forge_texts(f);
	forge_edit(&f->contents, old, with);
	f->keep |= FORGE_KEEP_CONTENTS;
}

static inline void value_contents(struct forge *f, const char *key, const char *with)
{
	forge_texts(f);
	forge_value(&f->contents, key, with);
	f->keep |= FORGE_KEEP_CONTENTS;
}

#define CONTENTS_EDIT(id, old, with)                                                           \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		edit_contents(f, old, with);                                                   \
	}
#define CONTENTS_VALUE(id, key, with)                                                          \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		value_contents(f, key, with);                                                  \
	}

CONTENTS_VALUE(co_format, "format", "\"landwaiter-contents/2\"")
CONTENTS_VALUE(co_blobs_zero, "blobs", "0")
CONTENTS_VALUE(co_blobs_one, "blobs", "1")
CONTENTS_VALUE(co_blobs_most, "blobs", "1000000")
CONTENTS_VALUE(co_bytes_zero, "bytes", "0")
CONTENTS_VALUE(co_bytes_one, "bytes", "1")
CONTENTS_VALUE(co_bytes_most, "bytes", "96000000")
CONTENTS_VALUE(co_bytes_over, "bytes", "96000001")
CONTENTS_VALUE(co_bytes_negative, "bytes", "-1")
CONTENTS_VALUE(co_entries_digest, "digest", "\"sha256:" ONES "\"")
CONTENTS_VALUE(co_entries_sha512, "digest", "\"sha512:" ONES ONES "\"")
CONTENTS_VALUE(co_name_traversal, "name", "\"registry.example/../../etc/x:1\"")
CONTENTS_VALUE(co_name_absolute, "name", "\"/etc/shadow:1\"")
CONTENTS_VALUE(co_name_dash, "name", "\"--help\"")
CONTENTS_VALUE(co_name_nul, "name", "\"registry.example/app/multi:1\\u0000x\"")
CONTENTS_VALUE(co_name_escape, "name", "\"registry.example/app/\\u001b]0;x\\u0007:1\"")
CONTENTS_VALUE(co_name_bidi, "name", "\"registry.example/app/\xe2\x80\xaemulti:1\"")
CONTENTS_VALUE(co_name_upper, "name", "\"registry.example/App/multi:1\"")
CONTENTS_VALUE(co_name_pinned, "name", "\"registry.example/app/multi@sha256:" ONES "\"")
CONTENTS_VALUE(co_source_escape, "source", "\"oci:\\u001b[2J\"")
CONTENTS_EDIT(co_digest_upper, "\"digest\":\"sha256:", "\"digest\":\"SHA256:")
CONTENTS_EDIT(co_digest_traversal,
	      "\"images\":[{\"digest\":\"sha256:", "\"images\":[{\"digest\":\"sha256:../../")
CONTENTS_EDIT(co_digest_long,
	      "\"images\":[{\"digest\":\"sha256:", "\"images\":[{\"digest\":\"sha256:0")
CONTENTS_EDIT(co_digest_other,
	      "\"images\":[{\"digest\":\"sha256:", "\"images\":[{\"digest\":\"blake3:")
CONTENTS_EDIT(co_digest_no_algorithm,
	      "\"images\":[{\"digest\":\"sha256:", "\"images\":[{\"digest\":\"")
CONTENTS_EDIT(co_unknown, "\"ledger\":", "\"label\":1,\"ledger\":")
CONTENTS_EDIT(co_duplicate, "\"name\":", "\"name\":\"registry.example/a/b:1\",\"name\":")
CONTENTS_EDIT(co_mechanism, "\"mechanism\":\"referrers\"", "\"mechanism\":\"referrer\"")
CONTENTS_EDIT(co_absent_unknown, "\"absent\":[\"", "\"absent\":[\"cosign\",\"")
CONTENTS_EDIT(co_media_type, "\"mediaType\":\"" OCI_MANIFEST,
	      "\"mediaType\":\"application/vnd.oci.image.manifest.v2+json")
CONTENTS_EDIT(co_artifact_type, "\"artifactType\":\"",
	      "\"artifactType\":\"a \xe2\x80\x9c"
	      "b\xe2\x80\x9d")
CONTENTS_EDIT(co_platform, "\"linux/amd64\"", "\"linux/\\u001bamd64\"")
CONTENTS_EDIT(co_float, "\"size\":", "\"size\":1.0,\"size\":")

static inline void co_no_images(struct forge *f)
{
	forge_texts(f);
	size_t at = forge_find(&f->contents, "\"images\":[", 0) + 10;

	forge_splice(&f->contents, at, f->contents.n - at, lw_span_str("]}"));
	f->keep |= FORGE_KEEP_CONTENTS;
}

static inline void swap_images(struct forge *f)
{
	struct lw_image first = f->c.images[0];

	f->c.images[0] = f->c.images[1];
	f->c.images[1] = first;
}

static inline void co_same_name(struct forge *f)
{
	f->c.images[1].name = f->c.images[0].name;
}

/* Each name stands for the other's image. */
static inline void co_names_swapped(struct forge *f)
{
	struct lw_reference name = f->c.images[0].name;

	f->c.images[0].name = f->c.images[1].name;
	f->c.images[1].name = name;
	swap_images(f); /* which is in order, and well signed: legitimate, if not wise */
	f->c.images[0].size++;
}

static inline void replace_text(char **text, const char *with)
{
	free(*text);
	*text = lw_strdup(with);
}

/* CVE-2021-41190: the same bytes as a manifest and as an index. */
static inline void co_manifest_as_index(struct forge *f)
{
	replace_text(&f->c.images[1].media_type, OCI_INDEX);
}

static inline void co_index_as_manifest(struct forge *f)
{
	replace_text(&f->c.images[0].media_type, OCI_MANIFEST);
}

static inline void co_docker_as_oci(struct forge *f)
{
	replace_text(&f->c.images[1].media_type,
		     "application/vnd.docker.distribution.manifest.v2+json");
}

static inline void co_image_size(struct forge *f)
{
	f->c.images[1].size--;
}

static inline void co_image_missing(struct forge *f)
{
	f->c.images[1].digest.sha256[0] ^= 1;
}

static inline struct forge_blob *blob_with(struct forge *f, const char *start)
{
	for (size_t i = 0; i < f->n_blobs; i++)
		if (lw_span_starts(lw_buf_span(&f->blobs[i].bytes), start))
			return &f->blobs[i];
	errx(2, "no blob starts with %s", start);
}

/* The image is what is only a layer. */
static inline void co_image_is_layer(struct forge *f)
{
	const struct forge_blob *layer = blob_with(f, "{\"shared\"");

	f->c.images[1].digest = layer->digest;
	f->c.images[1].size = layer->bytes.n;
	f->c.images[1].subjects[0] = layer->digest;
}

static inline void co_ledger_hole(struct forge *f)
{
	struct lw_image *i = &f->c.images[0];

	for (size_t k = 0; k < i->n_subjects; k++) /* not the one with evidence */
		if (!lw_digest_equal(&i->subjects[k], &i->digest)) {
			memmove(&i->subjects[k], &i->subjects[k + 1],
				(i->n_subjects - k - 1) * sizeof(*i->subjects));
			i->n_subjects--;
			return;
		}
}

static inline void co_ledger_more(struct forge *f)
{
	struct lw_image *i = &f->c.images[1];

	i->subjects = lw_realloc_array(i->subjects, 2, sizeof(*i->subjects));
	memset(&i->subjects[1], 0xff, sizeof(*i->subjects));
	i->n_subjects = 2;
}

static inline void co_ledger_other(struct forge *f)
{
	f->c.images[1].subjects[0].sha256[3] ^= 1;
}

CONTENTS_EDIT(co_ledger_neither, "\"absent\":[\"referrers\",", "\"absent\":[")
CONTENTS_EDIT(co_ledger_order, "\"cosign-att\",\"cosign-sbom\"",
	      "\"cosign-sbom\",\"cosign-att\"")

/* Found, and also absent. */
static inline void co_ledger_both(struct forge *f)
{
	edit_contents(f, "\"absent\":[\"fallback-tag\"",
		      "\"absent\":[\"referrers\",\"fallback-tag\"");
}

/* An omitted lie: the evidence travels, and the list says there was none. */
static inline void co_evidence_hidden(struct forge *f)
{
	struct lw_image *i = &f->c.images[0];

	for (size_t k = 0; k < i->n_evidence; k++) {
		free(i->evidence[k].media_type);
		free(i->evidence[k].artifact_type);
	}
	i->n_evidence = 0;
}

/* Evidence that contents name, taken out of the bundle, which was then sealed anew. */
static inline void co_evidence_taken_out(struct forge *f)
{
	const struct forge_blob *b = forge_blob(f, &f->c.images[0].evidence[0].digest);

	forge_drop_blob(f, (size_t)(b - f->blobs));
}

/* Of a signature's manifest only what it signs with. */
static inline void co_evidence_layer_taken_out(struct forge *f)
{
	const struct forge_blob *manifest = forge_blob(f, &f->c.images[0].evidence[0].digest);

	for (size_t i = 0; i < f->n_blobs; i++) {
		char hex[65];

		lw_digest_hex(&f->blobs[i].digest, hex);
		if (strstr((const char *)manifest->bytes.p, "\"layers\"") &&
		    strstr(strstr((const char *)manifest->bytes.p, "\"layers\""), hex)) {
			forge_drop_blob(f, i);
			return;
		}
	}
	errx(2, "evidence without a layer");
}

/* Evidence about one image, shown as about another. */
static inline void co_evidence_moved(struct forge *f)
{
	struct lw_image *from = &f->c.images[0], *to = &f->c.images[1];

	for (size_t k = 0; k < from->n_evidence; k++)
		if (from->evidence[k].mechanism == LW_MECHANISM_REFERRERS) {
			free(to->evidence);
			to->evidence = lw_alloc_array(1, sizeof(*to->evidence));
			to->evidence[0] = from->evidence[k];
			to->evidence[0].subject = to->digest;
			to->n_evidence = 1;
			memmove(&from->evidence[k], &from->evidence[k + 1],
				(from->n_evidence - k - 1) * sizeof(*from->evidence));
			from->n_evidence--;
			return;
		}
	errx(2, "no referrer");
}

static inline void co_evidence_size(struct forge *f)
{
	f->c.images[0].evidence[0].size++;
}

static inline void co_evidence_kind(struct forge *f)
{
	replace_text(&f->c.images[0].evidence[0].media_type, OCI_INDEX);
}

static inline int compare_evidence(const void *a, const void *b)
{
	return lw_evidence_compare(a, b);
}

static inline void co_evidence_order(struct forge *f)
{
	struct lw_evidence first = f->c.images[0].evidence[0];

	f->c.images[0].evidence[0] = f->c.images[0].evidence[1];
	f->c.images[0].evidence[1] = first;
}

/* A child that is here is said to be left out: then nothing needs it. */
static inline void co_omitted_lie(struct forge *f)
{
	struct lw_image *i = &f->c.images[0];

	i->omitted = lw_realloc_array(i->omitted, 1, sizeof(*i->omitted));
	for (size_t k = 0; k < i->n_subjects; k++)
		if (!lw_digest_equal(&i->subjects[k], &i->digest))
			i->omitted[0] = i->subjects[k];
	i->n_omitted = 1;
}

static inline void omit(struct lw_image *i, const struct lw_digest *d)
{
	i->omitted = lw_realloc_array(i->omitted, i->n_omitted + 1, sizeof(*i->omitted));
	i->omitted[i->n_omitted++] = *d;
}

/* Left out is what the image does not even name. */
static inline void co_omitted_nothing(struct forge *f)
{
	omit(&f->c.images[0], &(struct lw_digest){ { 1 } });
}

/* Left out is a layer of one manifest, which is the other's too. */
static inline void co_omitted_layer(struct forge *f)
{
	omit(&f->c.images[0], &blob_with(f, "{\"shared\"")->digest);
}

/* A signature about what does not travel at all. */
static inline void co_evidence_stray(struct forge *f)
{
	struct lw_image *i = &f->c.images[0];

	for (size_t k = 0; k < i->n_evidence; k++)
		if (i->evidence[k].mechanism == LW_MECHANISM_COSIGN_SIG)
			i->evidence[k].subject = (struct lw_digest){ { 0 } };
	qsort(i->evidence, i->n_evidence, sizeof(*i->evidence), compare_evidence);
}

static inline struct lw_evidence *referrer_row(struct forge *f)
{
	for (size_t k = 0; k < f->c.images[0].n_evidence; k++)
		if (f->c.images[0].evidence[k].mechanism == LW_MECHANISM_REFERRERS)
			return &f->c.images[0].evidence[k];
	errx(2, "no referrer");
}

/* Another kind of evidence than it is. */
static inline void co_evidence_type(struct forge *f)
{
	replace_text(&referrer_row(f)->artifact_type, "application/vnd.example.vex");
}

static inline void co_evidence_no_type(struct forge *f)
{
	replace_text(&referrer_row(f)->artifact_type, "");
}

/* What is about nothing, as if it were about the image. */
static inline void co_evidence_no_subject(struct forge *f)
{
	struct lw_evidence *ev = referrer_row(f);

	ev->digest = f->c.images[1].digest;
	ev->size = f->c.images[1].size;
	replace_text(&ev->artifact_type, "");
}

/* What is about the index, as about one of its manifests; and read before that, as what is
 * found by tag and so need name no subject. */
static inline void co_evidence_read_before(struct forge *f)
{
	struct lw_image *i = &f->c.images[0];
	struct lw_evidence *row = referrer_row(f), twin = *row;
	const size_t last = i->n_subjects - 1;

	twin.media_type = lw_strdup(row->media_type);
	twin.artifact_type = lw_strdup(row->artifact_type);
	twin.mechanism = LW_MECHANISM_COSIGN_ATT;
	twin.subject = i->subjects[0];
	row->subject = i->subjects[last - lw_digest_equal(&i->subjects[last], &i->digest)];
	i->evidence = lw_realloc_array(i->evidence, i->n_evidence + 1, sizeof(*i->evidence));
	i->evidence[i->n_evidence++] = twin;
	qsort(i->evidence, i->n_evidence, sizeof(*i->evidence), compare_evidence);
}

/* One piece of evidence in two rows, of which one gives it another size. */
static inline void co_evidence_two_sizes(struct forge *f)
{
	struct lw_image *i = &f->c.images[0];

	co_evidence_read_before(f);
	for (size_t k = 0; k < i->n_evidence; k++)
		if (i->evidence[k].mechanism == LW_MECHANISM_REFERRERS)
			i->evidence[k].size++;
}

CONTENTS_EDIT(co_platform_other, "\"linux/arm64\"]", "\"linux/riscv64\"]")
CONTENTS_EDIT(co_platform_of_none, "\"platforms\":[]", "\"platforms\":[\"linux/amd64\"]")

/* An image under the name that another image's signature has in a layout. */
static inline void name_as_tag(struct forge *f, const char *ending)
{
	struct lw_reference *name = &f->c.images[1].name;
	char hex[65];

	(void)snprintf(name->repository, sizeof(name->repository), "%s",
		       f->c.images[0].name.repository);
	(void)snprintf(name->tag, sizeof(name->tag), "sha256-%s%s",
		       lw_digest_hex(&f->c.images[0].digest, hex), ending);
}

static inline void co_name_fallback(struct forge *f)
{
	name_as_tag(f, "");
}

static inline void co_name_sig(struct forge *f)
{
	name_as_tag(f, ".sig");
}

static inline void co_name_att(struct forge *f)
{
	name_as_tag(f, ".att");
}

static inline void co_name_sbom(struct forge *f)
{
	name_as_tag(f, ".sbom");
}

/* ---- manifests of evidence ---- */

/* The first piece of evidence, edited; its row and the lists follow. */
static inline void edit_evidence(struct forge *f, const char *old, const char *with)
{
	struct lw_image *image = &f->c.images[0];
	struct lw_evidence *row = &image->evidence[0];
	struct forge_blob *b = forge_blob(f, &row->digest);

	forge_edit(&b->bytes, old, with);
	b->digest = row->digest = lw_digest_of(lw_buf_span(&b->bytes));
	row->size = b->bytes.n;
	qsort(image->evidence, image->n_evidence, sizeof(*image->evidence), compare_evidence);
}

#define EVIDENCE_EDIT(id, with)                                                                \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		edit_evidence(f, "\"layers\":[{", "\"layers\":[{" with ",");                   \
	}

#define SIGNATURE "dev.cosignproject.cosign/signature"
#define NO_WORD	  "\"annotations\":{\"a\":\"b\"}"
/* Said twice, each reader may take another: CVE-2017-12635 is the class. */
EVIDENCE_EDIT(ev_annotations_twice, NO_WORD "," NO_WORD)
EVIDENCE_EDIT(ev_annotation_twice,
	      "\"annotations\":{\"" SIGNATURE "\":\"AA==\",\"" SIGNATURE "\":\"AQ==\"}")
EVIDENCE_EDIT(ev_annotation_twin, "\"annotations\":{\"" SIGNATURE
				  "\":\"AA==\",\"dev.cosignproject.cosign\\/signatur\\u0065"
				  "\":\"AQ==\"}")
EVIDENCE_EDIT(ev_annotations_case, NO_WORD ",\"Annotations\":{}")
EVIDENCE_EDIT(ev_annotation_no_string, "\"annotations\":{\"" SIGNATURE "\":[\"AA==\"]}")

/* ---- entries, and the blobs behind them ---- */

static inline void swap_blobs(struct forge *f, size_t i, size_t k)
{
	struct forge_blob b = f->blobs[i];

	f->blobs[i] = f->blobs[k];
	f->blobs[k] = b;
}

static inline void en_swapped(struct forge *f)
{
	swap_blobs(f, 0, 1);
	f->keep |= FORGE_KEEP_ORDER;
}

static inline void en_reversed(struct forge *f)
{
	for (size_t i = 0; i < f->n_blobs / 2; i++)
		swap_blobs(f, i, f->n_blobs - 1 - i);
	f->keep |= FORGE_KEEP_ORDER;
}

static inline void en_duplicated(struct forge *f)
{
	const struct forge_blob *last = &f->blobs[f->n_blobs - 1];

	f->blobs[f->n_blobs++] =
		(struct forge_blob){ last->digest, forge_copy(lw_buf_span(&last->bytes)) };
}

/* CVE-2024-24557: one digest twice, with two sizes. */
static inline void en_two_sizes(struct forge *f)
{
	const struct forge_blob *last = &f->blobs[f->n_blobs - 1];

	f->blobs[f->n_blobs] =
		(struct forge_blob){ last->digest, forge_copy(lw_buf_span(&last->bytes)) };
	lw_buf_addc(&f->blobs[f->n_blobs++].bytes, 'x');
}

static inline void en_dropped(struct forge *f)
{
	forge_drop_blob(f, f->n_blobs - 1);
}

/* Out of the list, but not out of the archive. */
static inline void en_hidden(struct forge *f)
{
	const size_t line = 1;

	forge_texts(f);
	size_t at = forge_find(&f->entries, "\n", f->n_blobs - 2) + line;

	f->listed_bytes = 0;
	for (size_t i = 0; i + 1 < f->n_blobs; i++)
		f->listed_bytes += lw_format_member(f->blobs[i].bytes.n);
	forge_splice(&f->entries, at, f->entries.n - at, lw_span(NULL, 0));
	f->keep |= FORGE_KEEP_ENTRIES;
}

static inline void en_added(struct forge *f)
{
	forge_texts(f);
	for (size_t i = 0; i < f->n_blobs; i++)
		f->listed_bytes += lw_format_member(f->blobs[i].bytes.n);
	f->listed_bytes += lw_format_member(LW_MAX_MEMBER_BYTES);
	lw_buf_printf(&f->entries, "sha256:%s %llu\n", ONES,
		      (unsigned long long)LW_MAX_MEMBER_BYTES);
	f->keep |= FORGE_KEEP_ENTRIES;
}

static inline void en_unreferenced(struct forge *f)
{
	(void)forge_add_blob(f, lw_span_str("nobody names these bytes"));
}

static inline void last_size(struct forge *f, const char *with)
{
	forge_texts(f);
	size_t at = forge_find(&f->entries, "\n", f->n_blobs - 2) + 1 + 72;

	forge_splice(&f->entries, at, f->entries.n - at, lw_span_str(with));
	f->keep |= FORGE_KEEP_ENTRIES;
}

#define LAST_SIZE(id, with)                                                                    \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		last_size(f, with);                                                            \
	}

LAST_SIZE(en_size_most, "8589934591\n")
LAST_SIZE(en_size_over, "8589934592\n")
LAST_SIZE(en_size_int64, "9223372036854775807\n")
LAST_SIZE(en_size_wraps, "18446744073709551616\n")
LAST_SIZE(en_size_negative, "-1\n")
LAST_SIZE(en_size_hex, "0x10\n")
LAST_SIZE(en_size_zeros, "00099999\n")
LAST_SIZE(en_size_space, "99999 \n")
LAST_SIZE(en_crlf, "99999\r\n")
LAST_SIZE(en_no_end, "99999")
LAST_SIZE(en_nul, "99999\n\n")

static inline void first_line(struct forge *f, const char *with)
{
	forge_texts(f);
	forge_splice(&f->entries, 0, 0, lw_span_str(with));
	f->keep |= FORGE_KEEP_ENTRIES;
}

#define FIRST_LINE(id, with)                                                                   \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		first_line(f, with);                                                           \
	}

FIRST_LINE(en_volume, "volume 2\n")
FIRST_LINE(en_piece, "piece sha256:" ONES " 1\n")
FIRST_LINE(en_have, "have sha256:" ONES " 1\n")
FIRST_LINE(en_sha512, "sha512:" ONES ONES " 0\n")
FIRST_LINE(en_traversal, "sha256:../../../../etc/shadow 1\n")
FIRST_LINE(en_empty_line, "\n")

static inline void en_none(struct forge *f)
{
	while (f->n_blobs > 0)
		forge_drop_blob(f, f->n_blobs - 1);
}

/* Two blobs of one size, each under the other's name. */
static inline void bl_swapped(struct forge *f)
{
	forge_texts(f); /* in order, listed and signed */
	f->keep |= FORGE_KEEP_ORDER | FORGE_KEEP_ENTRIES;
	for (size_t i = 1; i < f->n_blobs; i++)
		if (f->blobs[i].bytes.n == f->blobs[i - 1].bytes.n) {
			struct lw_buf b = f->blobs[i].bytes;

			f->blobs[i].bytes = f->blobs[i - 1].bytes;
			f->blobs[i - 1].bytes = b;
			return;
		}
	errx(2, "no two blobs of one size");
}

static inline void bl_other_bytes(struct forge *f)
{
	f->blobs[f->n_blobs - 1].bytes.p[0] ^= 1;
}

static inline void bl_index(struct forge *f)
{
	forge_texts(f);
	forge_edit(&f->index, "registry.example/app/multi:1", "registry.example/app/other:1");
	f->keep |= FORGE_KEEP_INDEX;
}

static inline void bl_layout(struct forge *f)
{
	forge_edit(&f->layout, "1.0.0", "2.0.0");
}

/* ---- manifests ---- */

static inline void edit_manifest(struct forge *f, const char *old, const char *with)
{
	struct lw_image *image = &f->c.images[1];
	struct lw_buf bytes = forge_copy(lw_buf_span(&forge_blob(f, &image->digest)->bytes));

	forge_edit(&bytes, old, with);
	forge_manifest(f, image, lw_buf_span(&bytes));
	lw_buf_free(&bytes);
}

#define MANIFEST_EDIT(id, old, with)                                                           \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		edit_manifest(f, old, with);                                                   \
	}

#define FROM_LAYERS "\"layers\":["
MANIFEST_EDIT(ma_both, FROM_LAYERS, "\"manifests\":[],\"layers\":[")
MANIFEST_EDIT(ma_neither, FROM_LAYERS, "\"Layer\":[")
MANIFEST_EDIT(ma_case, FROM_LAYERS, "\"Layers\":[],\"layers\":[")
MANIFEST_EDIT(ma_escaped_twin, FROM_LAYERS, "\"layer\\u0073\":[],\"layers\":[")
MANIFEST_EDIT(ma_media_type, "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST,
	      "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX)
MANIFEST_EDIT(ma_schema_1, "\"schemaVersion\":2", "\"schemaVersion\":1")
MANIFEST_EDIT(ma_duplicate_digest,
	      "\"digest\":\"sha256:", "\"digest\":\"sha256:" ONES "\",\"digest\":\"sha256:")
MANIFEST_EDIT(ma_digest_sha512, "\"digest\":\"sha256:", "\"digest\":\"sha512:" ONES)
MANIFEST_EDIT(ma_digest_traversal, "\"digest\":\"sha256:", "\"digest\":\"sha256:../../")
MANIFEST_EDIT(ma_digest_upper, "\"digest\":\"sha256:", "\"digest\":\"sha256:A")
MANIFEST_EDIT(ma_size_more, "\"size\":", "\"size\":1")
MANIFEST_EDIT(ma_size_negative, "\"size\":", "\"size\":-")
MANIFEST_EDIT(ma_size_float, "\"size\":", "\"size\":1.")
MANIFEST_EDIT(ma_size_huge, "\"size\":", "\"size\":922337203685477580")
MANIFEST_EDIT(ma_nul, "{\"schemaVersion\"",
	      "{\"annotations\":{\"a\":\"b\\u0000c\"},\"schemaVersion\"")
MANIFEST_EDIT(ma_bom, "{\"schemaVersion\"", "\xef\xbb\xbf{\"schemaVersion\"")
MANIFEST_EDIT(ma_trailing, "]}", "]}{}")
MANIFEST_EDIT(ma_surrogate, "{\"schemaVersion\"",
	      "{\"annotations\":{\"a\":\"\\ud800\"},\"schemaVersion\"")
MANIFEST_EDIT(
	ma_missing_layer, FROM_LAYERS,
	"\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":"
	"\"sha256:" ONES "\",\"size\":1,\"urls\":[\"http://127.0.0.1/x\"]},")
MANIFEST_EDIT(ma_self, FROM_LAYERS, "\"subject\":{},\"layers\":[")

static inline void ma_empty(struct forge *f)
{
	forge_manifest(f, &f->c.images[1], lw_span_str("[]"));
}

static inline void ma_deep(struct forge *f)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, "{\"annotations\":");
	lw_buf_fill(&b, '[', 100000);
	forge_manifest(f, &f->c.images[1], lw_buf_span(&b));
}

/* The most a manifest may be, and one more. */
static inline void ma_over_cap(struct forge *f)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_fill(&b, ' ', LW_MAX_MANIFEST_BYTES + 1);
	forge_manifest(f, &f->c.images[1], lw_buf_span(&b));
}

static inline void layers_to(struct lw_buf *b, size_t n, const char *digest, size_t size)
{
	lw_buf_printf(
		b,
		"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"artifactType\":\"a/b\",\"config\":{\"mediaType\":"
		"\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:%s\",\"size\":2"
		"},\"layers\":[",
		OCI_MANIFEST, EMPTY_DIGEST);
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(b, "%s{\"mediaType\":\"a/b\",\"digest\":\"%s\",\"size\":%zu}",
			      i ? "," : "", digest, size);
	lw_buf_adds(b, "]}");
}

/* As many descriptors as fit, none of which is there. */
static inline void ma_descriptors(struct forge *f)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	layers_to(&b, 35000, "sha256:" ONES, 1);
	forge_manifest(f, &f->c.images[1], lw_buf_span(&b));
}

/* Rows of one subject, so many that looking each up among the others would take for ever. */
static inline void co_quadratic(struct forge *f)
{
	struct lw_image *image = &f->c.images[1];
	const size_t n = 15000;

	free(image->evidence);
	image->evidence = lw_alloc_array(n, sizeof(*image->evidence));
	for (size_t i = 0; i < n; i++) {
		struct lw_evidence *ev = &image->evidence[image->n_evidence++];

		ev->subject = image->digest;
		ev->mechanism = LW_MECHANISM_REFERRERS;
		ev->digest.sha256[0] = (uint8_t)(i >> 8);
		ev->digest.sha256[1] = (uint8_t)i;
		ev->size = 100;
		ev->media_type = lw_strdup(OCI_MANIFEST);
		ev->artifact_type = lw_strdup("");
	}
}

static inline void index_of(struct lw_buf *b, size_t n, const struct forge_blob *child,
			    const char *media_type)
{
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(b, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[",
		      OCI_INDEX);
	lw_digest_text(&child->digest, text);
	for (size_t i = 0; i < n; i++)
		lw_buf_printf(b, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}",
			      i ? "," : "", media_type, text, child->bytes.n);
	lw_buf_adds(b, "]}");
}

static inline int compare_subjects(const void *a, const void *b)
{
	return lw_digest_compare(a, b);
}

/* An index of indexes of indexes, each naming the next so many times. */
static inline void nest(struct forge *f, size_t levels, size_t wide)
{
	struct lw_image *image = &f->c.images[1];
	const struct forge_blob *child = forge_blob(f, &image->digest);
	const char *type = OCI_MANIFEST;

	image->subjects =
		lw_realloc_array(image->subjects, levels + 1, sizeof(*image->subjects));
	for (size_t i = 0; i < levels; i++) {
		LW_AUTO(buf) struct lw_buf b = { 0 };

		index_of(&b, wide, child, type);
		child = forge_blob(f, forge_add_blob(f, lw_buf_span(&b)));
		image->subjects[image->n_subjects++] = child->digest;
		type = OCI_INDEX;
	}
	image->digest = child->digest;
	image->size = child->bytes.n;
	replace_text(&image->media_type, OCI_INDEX);
	qsort(image->subjects, image->n_subjects, sizeof(*image->subjects), compare_subjects);
}

/* The image is this index from now on, which names what it was. */
static inline void becomes_index(struct forge *f, struct lw_image *image, struct lw_span index)
{
	image->digest = *forge_add_blob(f, index);
	image->size = index.n;
	image->subjects = lw_realloc_array(image->subjects, image->n_subjects + 1,
					   sizeof(*image->subjects));
	image->subjects[image->n_subjects++] = image->digest;
	replace_text(&image->media_type, OCI_INDEX);
	qsort(image->subjects, image->n_subjects, sizeof(*image->subjects), compare_subjects);
}

/* One blob, named once as what it is and once as what it is not. */
static inline void ma_two_types(struct forge *f)
{
	struct lw_image *image = &f->c.images[1];
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };

	edit_manifest(f, "\"mediaType\":\"" OCI_MANIFEST "\",", "");
	index_of(&b, 1, forge_blob(f, &image->digest), OCI_MANIFEST);
	index_of(&again, 1, forge_blob(f, &image->digest), OCI_INDEX);
	b.n -= strlen("]}");
	lw_buf_adds(&b, ",");
	lw_buf_adds(&b, lw_buf_str(&again) + forge_find(&again, "[", 0) + 1);

	becomes_index(f, image, lw_buf_span(&b));
}

/* The plain image becomes an index, which also names `more`. */
static inline void index_with(struct forge *f, const char *more)
{
	struct lw_image *image = &f->c.images[1];
	LW_AUTO(buf) struct lw_buf b = { 0 };

	index_of(&b, 1, forge_blob(f, &image->digest), OCI_MANIFEST);
	b.n -= strlen("]}");
	lw_buf_adds(&b, more);
	lw_buf_adds(&b, "]}");

	becomes_index(f, image, lw_buf_span(&b));
}

/* An attestation inside an index, which names no platform, is left out as if by platform. */
static inline void omit_child(struct forge *f, const char *platform)
{
	lw_auto_free char *more =
		lw_asprintf(",{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":9%s}",
			    OCI_MANIFEST, ONES, platform);
	struct lw_digest ones;

	memset(&ones, 0x11, sizeof(ones));
	index_with(f, more);
	omit(&f->c.images[1], &ones);
}

static inline void ma_omitted_no_platform(struct forge *f)
{
	omit_child(f, "");
}

static inline void ma_omitted_unknown(struct forge *f)
{
	omit_child(f, ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
}

static inline void ma_nested(struct forge *f)
{
	nest(f, 12, 1);
}

static inline void ma_nested_bomb(struct forge *f)
{
	nest(f, 12, 500);
}

static const struct forgery forgeries[] = {
	{ "statement-volumes-two", 4, "content.list", st_volumes_two },
	{ "statement-volumes-zero", 3, "seal.statement", st_volumes_zero },
	{ "statement-nonce", 3, "seal.statement", st_nonce },
	{ "statement-nonce-unknown", 3, "freshness.nonce-unknown", st_nonce_unknown },
	{ "statement-nonce-twice", 3, "seal.statement", st_nonce_twice },
	{ "statement-checkpoint", 3, "seal.statement", st_checkpoint },
	{ "statement-unknown-member", 3, "seal.statement", st_unknown },
	{ "statement-format", 3, "seal.statement", st_format },
	{ "statement-predicate-type", 3, "seal.statement", st_predicate_type },
	{ "statement-type", 3, "seal.statement", st_type },
	{ "statement-white-space", 3, "seal.statement", st_white_space },
	{ "statement-key-order", 3, "seal.statement", st_key_order },
	{ "statement-duplicate-key", 3, "seal.statement", st_duplicate },
	{ "statement-deep", 3, "seal.statement", st_depth },
	{ "cve-2021-43860-marking-nul", 3, "seal.statement", st_marking_nul },
	{ "cwe-150-marking-escape", 3, "seal.statement", st_marking_escape },
	{ "cwe-150-marking-newline", 3, "seal.statement", st_marking_newline },
	{ "cwe-150-marking-c1", 3, "seal.statement", st_marking_c1 },
	{ "cve-2021-42574-marking-bidi", 3, "seal.statement", st_marking_bidi },
	{ "marking-zero-width", 3, "seal.statement", st_marking_zero_width },
	{ "marking-not-utf8", 3, "seal.statement", st_marking_not_utf8 },
	{ "marking-empty", 3, "seal.statement", st_marking_empty },
	{ "statement-sender-other", 3, "seal.sender", st_sender_other },
	{ "statement-sender-path", 3, "seal.statement", st_sender_path },
	{ "statement-two-subjects", 3, "seal.statement", st_two_subjects },
	{ "statement-subject-name", 3, "seal.statement", st_subject_name },
	{ "statement-subject-sha512", 3, "seal.statement", st_subject_sha512 },
	{ "statement-subject-two-digests", 3, "seal.statement", st_subject_two_digests },
	{ "statement-audience-other", 3, "seal.audience", st_audience_other },
	{ "statement-audience-any", 3, "seal.audience", st_audience_any },
	{ "statement-audience-sha512", 3, "seal.statement", st_audience_sha512 },
	{ "statement-sequence-zero", 3, "seal.statement", st_sequence_zero },
	{ "statement-sequence-negative", 3, "seal.statement", st_sequence_negative },
	{ "fast-forward-sequence", 3, "freshness.sequence-jump", st_sequence_far },
	{ "fast-forward-sequence-2-53", 3, "seal.statement", st_sequence_2_53 },
	{ "fast-forward-sequence-int64", 3, "seal.statement", st_sequence_int64 },
	{ "statement-sequence-wraps", 3, "seal.statement", st_sequence_wraps },
	{ "statement-created-1970", 3, "freshness.too-long", st_created_1970 },
	{ "statement-created-9999", 3, "freshness.implausible", st_created_9999 },
	{ "statement-expires-past", 3, "freshness.implausible", st_expires_past },
	{ "statement-expires-9999", 3, "freshness.too-long", st_expires_9999 },
	{ "statement-expires-leap", 3, "seal.statement", st_expires_leap },
	{ "statement-expires-offset", 3, "seal.statement", st_expires_offset },
	{ "statement-bytes-zero", 3, "seal.statement", st_bytes_zero },
	{ "statement-bytes-one", 4, "content.size", st_bytes_one },
	{ "statement-bytes-2-31", 4, "content.size", st_bytes_2_31 },
	{ "statement-bytes-most", 4, "content.size", st_bytes_most },
	{ "statement-contents-bytes-two", 4, "content.header", st_contents_bytes_two },
	{ "statement-contents-bytes-most", 4, "content.header", st_contents_bytes_most },
	{ "statement-contents-bytes-over", 3, "seal.statement", st_contents_bytes_over },
	{ "statement-over-cap", 3, "seal.format", st_over_cap },

	{ "cve-2020-10759-no-signature", 3, "seal.unapproved", seal_none },
	{ "cve-2026-49834-one-signature-twice", 5, "seal.threshold", seal_doubled },
	{ "one-signature-under-two-key-ids", 5, "seal.threshold", seal_relabelled },
	{ "cve-2025-67903-signature-of-another", 3, "seal.signature-bad", seal_moved },
	{ "signatures-of-strangers", 3, "seal.unapproved", seal_strangers },
	{ "cve-2020-6173-33-signatures", 3, "seal.format", seal_33 },
	{ "cve-2023-33957-thousands-of-signatures", 3, "seal.format", seal_thousands },
	{ "seal-all-brackets", 3, "seal.format", seal_all_open },
	{ "seal-all-zero", 3, "seal.format", seal_all_zero },
	{ "seal-payload-type", 3, "seal.format", seal_type },
	{ "seal-payload-type-json", 3, "seal.format", seal_type_ours },
	{ "seal-unknown-member", 3, "seal.format", seal_extra },
	{ "seal-two-payloads", 3, "seal.format", seal_two_payloads },
	{ "cve-2025-24976-key-in-signature", 3, "seal.format", seal_sig_cert },
	{ "seal-base64-space", 3, "seal.format", seal_base64_space },
	{ "seal-base64-url", 3, "seal.format", seal_base64_url },
	{ "seal-bytes-after", 3, "seal.format", seal_after },
	{ "seal-padding-tab", 3, "seal.format", seal_tab },

	{ "contents-format", 4, "content.list", co_format },
	{ "contents-no-images", 4, "content.list", co_no_images },
	{ "contents-blobs-zero", 4, "content.list", co_blobs_zero },
	{ "contents-blobs-one", 4, "content.list", co_blobs_one },
	{ "contents-blobs-most", 4, "content.list", co_blobs_most },
	{ "contents-bytes-zero", 4, "content.list", co_bytes_zero },
	{ "contents-bytes-one", 4, "content.header", co_bytes_one },
	{ "contents-bytes-most", 4, "content.header", co_bytes_most },
	{ "contents-bytes-over", 4, "content.list", co_bytes_over },
	{ "contents-bytes-negative", 4, "content.list", co_bytes_negative },
	{ "contents-entries-digest", 4, "content.digest", co_entries_digest },
	{ "contents-entries-sha512", 4, "content.list", co_entries_sha512 },
	{ "contents-images-swapped", 4, "content.list", swap_images },
	{ "contents-name-twice", 4, "content.list", co_same_name },
	{ "contents-names-swapped-size", 4, "content.missing", co_names_swapped },
	{ "cve-2026-29064-name-traversal", 4, "content.list", co_name_traversal },
	{ "name-absolute", 4, "content.list", co_name_absolute },
	{ "cve-2019-6690-name-is-an-option", 4, "content.list", co_name_dash },
	{ "cve-2021-43860-name-nul", 4, "content.list", co_name_nul },
	{ "cwe-150-name-escape", 4, "content.list", co_name_escape },
	{ "cwe-150-source-escape", 4, "content.list", co_source_escape },
	{ "cwe-150-platform-escape", 4, "content.list", co_platform },
	{ "cve-2021-42574-name-bidi", 4, "content.list", co_name_bidi },
	{ "name-upper-case", 4, "content.list", co_name_upper },
	{ "name-with-digest", 4, "content.list", co_name_pinned },
	{ "cve-2024-3727-digest-upper", 4, "content.list", co_digest_upper },
	{ "cve-2024-3727-digest-traversal", 4, "content.list", co_digest_traversal },
	{ "cve-2024-3727-digest-65", 4, "content.list", co_digest_long },
	{ "cve-2024-3727-digest-algorithm", 4, "content.list", co_digest_other },
	{ "cve-2024-3727-digest-bare", 4, "content.list", co_digest_no_algorithm },
	{ "contents-unknown-member", 4, "content.list", co_unknown },
	{ "contents-duplicate-key", 4, "content.list", co_duplicate },
	{ "contents-float", 4, "content.list", co_float },
	{ "contents-mechanism", 4, "content.list", co_mechanism },
	{ "contents-media-type", 4, "content.list", co_media_type },
	{ "contents-artifact-type", 4, "content.list", co_artifact_type },
	{ "cve-2021-41190-manifest-as-index", 4, "content.document", co_manifest_as_index },
	{ "cve-2021-41190-index-as-manifest", 4, "content.document", co_index_as_manifest },
	{ "cve-2021-41190-oci-as-docker", 4, "content.document", co_docker_as_oci },
	{ "contents-image-size", 4, "content.missing", co_image_size },
	{ "contents-image-missing", 4, "content.missing", co_image_missing },
	{ "contents-image-is-a-layer", 4, "content.document", co_image_is_layer },
	{ "ledger-hole", 3, "evidence.ledger", co_ledger_hole },
	{ "ledger-more", 3, "evidence.ledger", co_ledger_more },
	{ "ledger-other", 3, "evidence.ledger", co_ledger_other },
	{ "ledger-neither", 4, "content.list", co_ledger_neither },
	{ "ledger-both", 4, "content.list", co_ledger_both },
	{ "ledger-order", 4, "content.list", co_ledger_order },
	{ "ledger-unknown-mechanism", 4, "content.list", co_absent_unknown },
	{ "evidence-taken-out", 3, "evidence.missing", co_evidence_taken_out },
	{ "evidence-layer-taken-out", 3, "evidence.missing", co_evidence_layer_taken_out },
	{ "evidence-hidden", 4, "content.unreferenced", co_evidence_hidden },
	{ "cve-2023-33959-evidence-moved", 4, "content.document", co_evidence_moved },
	{ "evidence-size", 3, "evidence.missing", co_evidence_size },
	{ "evidence-kind", 4, "content.document", co_evidence_kind },
	{ "evidence-order", 4, "content.list", co_evidence_order },
	{ "omitted-lie", 3, "evidence.ledger", co_omitted_lie },
	{ "omitted-nothing", 3, "evidence.ledger", co_omitted_nothing },
	{ "omitted-layer", 3, "evidence.ledger", co_omitted_layer },
	{ "omitted-without-a-platform", 4, "content.missing", ma_omitted_no_platform },
	{ "omitted-unknown-platform", 4, "content.missing", ma_omitted_unknown },
	{ "evidence-stray", 3, "evidence.ledger", co_evidence_stray },
	{ "evidence-of-another-type", 3, "evidence.ledger", co_evidence_type },
	{ "evidence-of-no-type", 3, "evidence.ledger", co_evidence_no_type },
	{ "evidence-without-a-subject", 4, "content.document", co_evidence_no_subject },
	{ "evidence-read-before", 4, "content.document", co_evidence_read_before },
	{ "evidence-of-two-sizes", 3, "evidence.missing", co_evidence_two_sizes },
	{ "platform-of-another", 3, "evidence.ledger", co_platform_other },
	{ "platform-of-a-manifest", 3, "evidence.ledger", co_platform_of_none },
	{ "name-of-a-referrers-list", 4, "content.list", co_name_fallback },
	{ "name-of-a-signature", 4, "content.list", co_name_sig },
	{ "name-of-an-attestation", 4, "content.list", co_name_att },
	{ "name-of-a-bill-of-materials", 4, "content.list", co_name_sbom },
	{ "quadratic-evidence", 3, "evidence.missing", co_quadratic },

	{ "entries-swapped", 4, "content.list", en_swapped },
	{ "entries-reversed", 4, "content.list", en_reversed },
	{ "entries-duplicated", 4, "content.list", en_duplicated },
	{ "cve-2024-24557-one-digest-two-sizes", 4, "content.digest", en_two_sizes },
	{ "entries-dropped", 3, "evidence.missing", en_dropped },
	{ "entries-hidden", 4, "content.trailing", en_hidden },
	{ "entries-added", 4, "content.truncated", en_added },
	{ "entries-unreferenced", 4, "content.unreferenced", en_unreferenced },
	{ "entries-none", 4, "content.list", en_none },
	{ "entries-size-most", 4, "content.size", en_size_most },
	{ "entries-size-over", 4, "content.list", en_size_over },
	{ "entries-size-int64", 4, "content.list", en_size_int64 },
	{ "entries-size-wraps", 4, "content.list", en_size_wraps },
	{ "entries-size-negative", 4, "content.list", en_size_negative },
	{ "entries-size-hex", 4, "content.list", en_size_hex },
	{ "entries-size-zeros", 4, "content.list", en_size_zeros },
	{ "entries-size-space", 4, "content.list", en_size_space },
	{ "entries-crlf", 4, "content.list", en_crlf },
	{ "entries-no-end", 4, "content.list", en_no_end },
	{ "entries-empty-last-line", 4, "content.list", en_nul },
	{ "entries-empty-first-line", 4, "content.list", en_empty_line },
	{ "entries-reserved-volume", 4, "content.list", en_volume },
	{ "entries-reserved-piece", 4, "content.list", en_piece },
	{ "entries-reserved-have", 4, "content.list", en_have },
	{ "entries-sha512", 4, "content.list", en_sha512 },
	{ "cve-2018-1002207-entries-traversal", 4, "content.list", en_traversal },
	{ "blobs-swapped", 4, "content.digest", bl_swapped },
	{ "blob-other-bytes", 4, "content.digest", bl_other_bytes },
	{ "index-json-altered", 4, "content.digest", bl_index },
	{ "oci-layout-altered", 4, "content.digest", bl_layout },

	{ "cve-2021-41190-layers-and-manifests", 4, "content.document", ma_both },
	{ "cve-2021-41190-neither", 4, "content.document", ma_neither },
	{ "cve-2021-41190-media-type", 4, "content.document", ma_media_type },
	{ "cve-2017-12635-evidence-annotations-twice", 4, "content.document",
	  ev_annotations_twice },
	{ "evidence-annotation-twice", 4, "content.document", ev_annotation_twice },
	{ "evidence-annotation-escaped-twin", 4, "content.document", ev_annotation_twin },
	{ "evidence-annotations-of-another-case", 4, "content.document", ev_annotations_case },
	{ "evidence-annotation-no-string", 4, "content.document", ev_annotation_no_string },
	{ "manifest-key-of-another-case", 4, "content.document", ma_case },
	{ "manifest-escaped-twin-key", 4, "content.document", ma_escaped_twin },
	{ "manifest-schema-1", 4, "content.document", ma_schema_1 },
	{ "manifest-duplicate-digest", 4, "content.document", ma_duplicate_digest },
	{ "manifest-digest-sha512", 4, "content.document", ma_digest_sha512 },
	{ "cve-2014-9356-manifest-digest-traversal", 4, "content.document",
	  ma_digest_traversal },
	{ "cve-2024-3727-manifest-digest-upper", 4, "content.document", ma_digest_upper },
	{ "manifest-names-another-size", 4, "content.missing", ma_size_more },
	{ "cve-2014-9862-manifest-size-negative", 4, "content.document", ma_size_negative },
	{ "manifest-size-float", 4, "content.document", ma_size_float },
	{ "manifest-size-huge", 4, "content.document", ma_size_huge },
	{ "cve-2021-43860-manifest-nul", 4, "content.document", ma_nul },
	{ "manifest-byte-order-mark", 4, "content.document", ma_bom },
	{ "manifest-bytes-after", 4, "content.document", ma_trailing },
	{ "manifest-lone-surrogate", 4, "content.document", ma_surrogate },
	{ "cve-2020-15157-foreign-layer-urls", 4, "content.missing", ma_missing_layer },
	{ "manifest-subject-empty", 4, "content.document", ma_self },
	{ "manifest-empty", 4, "content.document", ma_empty },
	{ "manifest-deep", 4, "content.document", ma_deep },
	{ "cve-2023-25153-manifest-over-cap", 4, "content.list", ma_over_cap },
	{ "quadratic-descriptors", 4, "content.missing", ma_descriptors },
	{ "cve-2021-41190-one-blob-two-types", 4, "content.document", ma_two_types },
	{ "index-nested", 4, "content.document", ma_nested },
	{ "index-nested-bomb", 4, "content.document", ma_nested_bomb },
};

#endif
