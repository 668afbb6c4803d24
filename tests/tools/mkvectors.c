/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the test vectors of docs/format/bundle.md: a small bundle that is the same in every
 * run, its keys (for tests only: their secrets are in the tree), and VECTORS.json with every
 * value on the way; the same again in two volumes, with VOLUMES.json, and as an increment that
 * leaves out the layer, with a supplement that brings it after all, and INCREMENT.json.
 * `mkvectors DIR`; tests/vectors/make calls it.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "bundle/archive.h"
#include "bundle/contents.h"
#include "bundle/entries.h"
#include "bundle/format.h"
#include "bundle/seal.h"
#include "bundle/statement.h"
#include "bundle/volumes.h"

#include <fcntl.h>

#define OK(call)                                                                               \
	do {                                                                                   \
		if ((call) != 0) {                                                             \
			(void)fprintf(stderr, "mkvectors: line %d\n", __LINE__);               \
			exit(1);                                                               \
		}                                                                              \
	} while (0)
#include "tests/lib/people.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"

enum { LAYER, CONFIG, IMAGE, EMPTY, EVIDENCE, N_BLOBS };

static struct lw_buf blobs[N_BLOBS];
static struct lw_error e;

static const struct {
	const char *name;
	uint8_t seed;
} people[] = { { "alice", 1 }, { "bob", 2 } };

static struct lw_digest digest(size_t blob)
{
	return lw_digest_of(lw_buf_span(&blobs[blob]));
}

static void descriptor(struct lw_buf *out, const char *type, size_t blob)
{
	struct lw_digest d = digest(blob);
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(out, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", type,
		      lw_digest_text(&d, text), blobs[blob].n);
}

static void make_blobs(void)
{
	struct lw_digest layer;
	char text[LW_DIGEST_TEXT];
	struct lw_buf *image = &blobs[IMAGE], *evidence = &blobs[EVIDENCE];

	lw_buf_fill(&blobs[LAYER], 0, 1024); /* a tar archive of nothing */
	layer = digest(LAYER);
	lw_buf_printf(&blobs[CONFIG],
		      "{\"architecture\":\"amd64\",\"config\":{},\"os\":\"linux\",\"rootfs\":"
		      "{\"diff_ids\":[\"%s\"],\"type\":\"layers\"}}",
		      lw_digest_text(&layer, text));
	lw_buf_adds(image, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":");
	descriptor(image, "application/vnd.oci.image.config.v1+json", CONFIG);
	lw_buf_adds(image, ",\"layers\":[");
	descriptor(image, "application/vnd.oci.image.layer.v1.tar", LAYER);
	lw_buf_adds(image, "]}");
	lw_buf_adds(&blobs[EMPTY], "{}");
	lw_buf_adds(evidence,
		    "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST
		    "\",\"artifactType\":\"application/vnd.example.note\",\"config\":");
	descriptor(evidence, "application/vnd.oci.empty.v1+json", EMPTY);
	lw_buf_adds(evidence, ",\"layers\":[");
	descriptor(evidence, "application/vnd.oci.empty.v1+json", EMPTY);
	lw_buf_adds(evidence, "],\"subject\":");
	descriptor(evidence, MANIFEST, IMAGE);
	lw_buf_adds(evidence, "}");
}

static int by_size(const void *a, const void *b)
{
	const struct lw_entry *x = a, *y = b;

	return lw_entry_compare(&x->digest, x->size, &y->digest, y->size);
}

/* The largest blob in two pieces, the second of them in a volume of its own. */
static void cut(struct lw_entries *entries)
{
	const size_t at = 600;
	const struct lw_span layer = lw_buf_span(&blobs[LAYER]);
	const uint32_t last = N_BLOBS - 1;
	const struct lw_digest whole = lw_digest_of(layer);

	OK(!lw_digest_equal(&whole, &entries->list[last].digest));
	entries->list[last].flags = LW_ENTRY_CUT;
	entries->pieces = lw_alloc_array(2, sizeof(*entries->pieces));
	entries->n_pieces = 2;
	entries->pieces[0] =
		(struct lw_part){ lw_digest_of(lw_span(layer.p, at)), at, last, 0, 0 };
	entries->pieces[1] =
		(struct lw_part){ lw_digest_of(lw_span(layer.p + at, layer.n - at)),
				  layer.n - at, last, 1, 0 };
	entries->breaks = lw_alloc_array(1, sizeof(*entries->breaks));
	entries->n_breaks = 1;
	entries->breaks[0] = (struct lw_break){ last, 1 };
}

enum shape { WHOLE, IN_VOLUMES, INCREMENT };

/* The largest blob does not travel. */
static void leave_out(struct lw_contents *c, struct lw_entries *entries,
		      const struct lw_digest *since)
{
	struct lw_entry *layer = &entries->list[N_BLOBS - 1];

	layer->flags = LW_ENTRY_HAVE;
	entries->n_have = c->have_blobs = 1;
	entries->have_bytes = c->have_bytes = layer->size;
	c->since = lw_alloc_array(1, sizeof(*c->since));
	c->since[0] = *since;
	c->n_since = 1;
}

static void make_contents(struct lw_contents *c, struct lw_entries *entries,
			  struct lw_buf *list, enum shape shape, const struct lw_digest *since)
{
	struct lw_image *image;

	entries->list = lw_alloc_array(N_BLOBS, sizeof(*entries->list));
	entries->n = N_BLOBS;
	for (size_t i = 0; i < N_BLOBS; i++)
		entries->list[i] = (struct lw_entry){ .digest = digest(i), .size = blobs[i].n };
	qsort(entries->list, N_BLOBS, sizeof(*entries->list), by_size);
	if (shape == IN_VOLUMES)
		cut(entries);
	if (shape == INCREMENT)
		leave_out(c, entries, since);
	lw_entries_write(entries, list);
	c->entries_blobs = N_BLOBS;
	c->entries_bytes = list->n;
	c->entries_digest = lw_digest_of(lw_buf_span(list));
	c->images = lw_alloc_array(1, sizeof(*c->images));
	c->n_images = 1;
	image = c->images;
	OK(lw_reference_parse(lw_span_str("registry.example/vectors/app:1"), &image->name, &e));
	image->digest = digest(IMAGE);
	image->size = blobs[IMAGE].n;
	image->media_type = lw_strdup(MANIFEST);
	image->source = lw_strdup("oci:vectors:1");
	image->subjects = lw_alloc_array(1, sizeof(*image->subjects));
	image->subjects[0] = image->digest;
	image->n_subjects = 1;
	image->evidence = lw_alloc_array(1, sizeof(*image->evidence));
	image->n_evidence = 1;
	image->evidence[0] = (struct lw_evidence){
		.subject = image->digest,
		.mechanism = LW_MECHANISM_REFERRERS,
		.digest = digest(EVIDENCE),
		.size = blobs[EVIDENCE].n,
		.media_type = lw_strdup(MANIFEST),
		.artifact_type = lw_strdup("application/vnd.example.note"),
	};
}

/* A member of the archive, as written and as told in VECTORS.json. */
static void member(struct lw_json_writer *w, const char *name, uint64_t *at, uint64_t size)
{
	uint8_t header[LW_TAR_BLOCK];
	struct lw_digest d;
	char text[LW_DIGEST_TEXT], checksum[7];

	lw_format_header(name, size, header);
	d = lw_digest_of(lw_span(header, sizeof(header)));
	(void)snprintf(checksum, sizeof(checksum), "%.6s", (const char *)header + 148);
	lw_json_w_object(w);
	lw_json_w_member(w, "checksum", checksum);
	lw_json_w_member_integer(w, "data", (int64_t)(*at + LW_TAR_BLOCK));
	lw_json_w_member_integer(w, "header", (int64_t)*at);
	lw_json_w_member(w, "headerDigest", lw_digest_text(&d, text));
	lw_json_w_member(w, "name", name);
	lw_json_w_member_integer(w, "padding", (int64_t)lw_format_padding(size));
	lw_json_w_member_integer(w, "size", (int64_t)size);
	lw_json_w_end_object(w);
	*at += lw_format_member(size);
}

static void bytes_of(struct lw_json_writer *w, const char *key, const struct lw_buf *b)
{
	struct lw_digest d = lw_digest_of(lw_buf_span(b));
	char text[LW_DIGEST_TEXT];

	lw_json_w_key(w, key);
	lw_json_w_object(w);
	lw_json_w_member_integer(w, "bytes", (int64_t)b->n);
	lw_json_w_member(w, "digest", lw_digest_text(&d, text));
	lw_json_w_member(w, "text", lw_buf_str(b));
	lw_json_w_end_object(w);
}

static void put(int dir, const char *name, struct lw_span bytes)
{
	OK(lw_fs_publish(dir, name, bytes, 0644, &e));
}

static void write_keys(int dir, struct lw_json_writer *w)
{
	lw_json_w_key(w, "keys");
	lw_json_w_array(w);
	for (size_t i = 0; i < LW_COUNT_OF(people); i++) {
		LW_AUTO(buf) struct lw_buf private = { 0 };
		LW_AUTO(buf) struct lw_buf der = { 0 };
		LW_AUTO(buf) struct lw_buf pem = { 0 };
		struct lw_digest id;
		char name[64], hex[65];
		lw_auto_free char *spki = NULL;

		people_pem(people[i].seed, &private);
		people_public(people[i].seed, &der);
		id = lw_digest_of(lw_buf_span(&der));
		lw_buf_adds(&pem, "-----BEGIN PUBLIC KEY-----\n");
		lw_base64_encode(&pem, lw_buf_span(&der));
		lw_buf_adds(&pem, "\n-----END PUBLIC KEY-----\n");
		spki = lw_alloc(2 * der.n + 1);
		lw_hex_encode(lw_buf_span(&der), spki);
		(void)snprintf(name, sizeof(name), "%s.test-only.key", people[i].name);
		put(dir, name, lw_buf_span(&private));
		lw_json_w_object(w);
		lw_json_w_member(w, "keyid", lw_digest_hex(&id, hex));
		lw_json_w_member(w, "private", name);
		(void)snprintf(name, sizeof(name), "%s.pub", people[i].name);
		put(dir, name, lw_buf_span(&pem));
		lw_json_w_member(w, "public", name);
		lw_json_w_member(w, "spki", spki);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

static void write_signatures(struct lw_json_writer *w, const struct lw_dsse *d)
{
	lw_json_w_key(w, "signatures");
	lw_json_w_array(w);
	for (size_t i = 0; i < d->n_signatures; i++) {
		LW_AUTO(buf) struct lw_buf text = { 0 };
		char hex[65];

		lw_base64_encode(&text, lw_buf_span(&d->signatures[i].sig));
		lw_json_w_object(w);
		lw_json_w_member(w, "keyid", lw_digest_hex(&d->signatures[i].keyid, hex));
		lw_json_w_member(w, "sig", lw_buf_str(&text));
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

struct parts {
	struct lw_buf contents, list, index, statement, pae, seal, envelope;
	struct lw_entries entries;
	struct lw_dsse dsse;
	bool marked; /* each file says which it is */
};

static const struct lw_buf *blob_of(const struct lw_entry *entry)
{
	for (size_t i = 0; i < N_BLOBS; i++) {
		struct lw_digest d = digest(i);

		if (lw_digest_equal(&d, &entry->digest))
			return &blobs[i];
	}
	abort();
}

static uint64_t volumes_of(const struct parts *p)
{
	return lw_volumes_count(&p->entries);
}

static uint64_t head_bytes(const struct parts *p)
{
	return lw_format_member(LW_MAX_SEAL_BYTES) + lw_format_member(p->contents.n) +
	       lw_format_member(p->list.n) + lw_format_member(strlen(LW_OCI_LAYOUT)) +
	       lw_format_member(p->index.n) +
	       (p->marked ? lw_format_member(LW_VOLUME_MARK) : 0);
}

/* Every member of a volume, in order; of the supplement (0), which brings all there is. */
static void each_member(const struct parts *p, uint64_t volume,
			void (*found)(void *data, const char *name, struct lw_span bytes),
			void *data)
{
	const struct lw_extent x = volume ? lw_volumes_extent(&p->entries, volume)
					  : lw_volumes_supplement(&p->entries);
	char mark[LW_VOLUME_MARK + 1], name[LW_NAME_MAX];

	lw_format_volume_mark(volume, volumes_of(p), mark);
	found(data, LW_NAME_SEAL, lw_buf_span(&p->seal));
	found(data, LW_NAME_CONTENTS, lw_buf_span(&p->contents));
	found(data, LW_NAME_ENTRIES, lw_buf_span(&p->list));
	found(data, LW_NAME_OCI_LAYOUT, lw_span_str(LW_OCI_LAYOUT));
	found(data, LW_NAME_INDEX, lw_buf_span(&p->index));
	if (p->marked)
		found(data, LW_NAME_VOLUME, lw_span_str(mark));
	if (volume == 0)
		found(data, LW_NAME_SUPPLEMENT, lw_span_str("1\n"));
	for (size_t i = x.first; i < x.end; i++) {
		const struct lw_entry *entry = &p->entries.list[i];
		struct lw_span bytes = lw_buf_span(blob_of(entry));
		size_t first, k, end;

		if (!lw_extent_has(&p->entries, &x, i))
			continue;
		lw_entries_pieces(&p->entries, i, &first, &end);
		lw_extent_pieces(&p->entries, &x, i, &k, &end);
		if (!(entry->flags & LW_ENTRY_CUT))
			found(data, lw_format_blob_name(&entry->digest, name), bytes);
		for (; first < k; first++)
			bytes = lw_span(bytes.p + p->entries.pieces[first].size,
					bytes.n - p->entries.pieces[first].size);
		for (; k < end; k++) {
			const struct lw_part *piece = &p->entries.pieces[k];

			found(data, lw_format_piece_name(&entry->digest, piece->number, name),
			      lw_span(bytes.p, piece->size));
			bytes = lw_span(bytes.p + piece->size, bytes.n - piece->size);
		}
	}
}

static void put_member(void *data, const char *name, struct lw_span bytes)
{
	OK(lw_archive_put(data, name, bytes, &e));
}

static void write_volume(int dir, const char *name, const struct parts *p, uint64_t volume)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct lw_archive *a = NULL;

	OK(fd < 0);
	OK(lw_archive_new(fd, &a, &e));
	each_member(p, volume, put_member, a);
	OK(lw_archive_finish(a, &e));
	lw_archive_free(a);
	(void)close(fd);
}

/* since: the digest of the whole bundle's statement, for an increment to it. */
static void make_parts(struct parts *p, enum shape shape, const struct lw_digest *since)
{
	struct lw_contents c = { 0 };
	struct lw_statement s = { .any_audience = true,
				  .marking = "UNCLASSIFIED",
				  .sender = "vectors",
				  .sequence = shape == INCREMENT ? 2 : 1 };

	make_contents(&c, &p->entries, &p->list, shape, since);
	p->marked = lw_contents_is_marked(&c, volumes_of(p));
	lw_contents_write(&c, &p->contents);
	lw_contents_write_index(&c, &p->index);
	lw_contents_release(&c);
	s.contents = lw_digest_of(lw_buf_span(&p->contents));
	s.contents_bytes = p->contents.n;
	s.volumes = volumes_of(p);
	s.bytes = lw_volumes_bytes(&p->entries, head_bytes(p));
	OK(lw_time_parse(lw_span_str("2026-11-23T00:00:00Z"), &s.created, &e));
	OK(lw_time_parse(lw_span_str("2027-02-21T00:00:00Z"), &s.expires, &e));
	lw_statement_write(&s, &p->statement);
	lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&p->statement), &p->pae);
	lw_buf_add(&p->dsse.payload, p->statement.p, p->statement.n);
	for (size_t i = 0; i < LW_COUNT_OF(people); i++) {
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		struct lw_digest id = people_id(people[i].seed);

		people_sign(people[i].seed, lw_buf_span(&p->statement), &sig);
		OK(lw_seal_add(&p->dsse, &id, lw_buf_span(&sig), &e));
	}
	lw_dsse_write(&p->dsse, &p->envelope);
	OK(lw_seal_write(&p->dsse, &p->seal, &e));
}

struct told {
	struct lw_json_writer *w;
	uint64_t at;
};

static void tell_member(void *data, const char *name, struct lw_span bytes)
{
	struct told *t = data;

	member(t->w, name, &t->at, bytes.n);
}

static void write_members(struct lw_json_writer *w, const struct parts *p, uint64_t volume)
{
	struct told t = { .w = w };

	lw_json_w_key(w, "members");
	lw_json_w_array(w);
	each_member(p, volume, tell_member, &t);
	lw_json_w_end_array(w);
}

static void release(struct parts *p)
{
	lw_buf_free(&p->contents);
	lw_buf_free(&p->list);
	lw_buf_free(&p->index);
	lw_buf_free(&p->statement);
	lw_buf_free(&p->pae);
	lw_buf_free(&p->seal);
	lw_buf_free(&p->envelope);
	lw_entries_release(&p->entries);
	lw_dsse_release(&p->dsse);
}

static void write_file(int dir, struct lw_json_writer *w, const char *name)
{
	LW_AUTO(buf) struct lw_buf whole = { 0 };
	struct lw_digest d;
	char text[LW_DIGEST_TEXT];

	OK(lw_fs_read_beneath(dir, name, 1 << 20, &whole, &e));
	d = lw_digest_of(lw_buf_span(&whole));
	lw_json_w_member_integer(w, "bytes", (int64_t)whole.n);
	lw_json_w_member(w, "file", name);
	lw_json_w_member(w, "fileDigest", lw_digest_text(&d, text));
}

static void make_volumes(int dir)
{
	struct parts p = { 0 };
	LW_AUTO(buf) struct lw_buf json = { 0 };
	struct lw_json_writer w = { .out = &json, .canonical = true };

	make_parts(&p, IN_VOLUMES, NULL);
	lw_json_w_object(&w);
	bytes_of(&w, "contents", &p.contents);
	bytes_of(&w, "entries", &p.list);
	lw_json_w_member(&w, "format", "landwaiter-vectors-volumes/1");
	write_signatures(&w, &p.dsse);
	bytes_of(&w, "statement", &p.statement);
	lw_json_w_key(&w, "volumes");
	lw_json_w_array(&w);
	for (uint64_t v = 1; v <= volumes_of(&p); v++) {
		lw_auto_free char *name =
			lw_asprintf("volume.%lluof%llu.lwb", (unsigned long long)v,
				    (unsigned long long)volumes_of(&p));

		write_volume(dir, name, &p, v);
		lw_json_w_object(&w);
		write_file(dir, &w, name);
		write_members(&w, &p, v);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(&json, '\n');
	put(dir, "VOLUMES.json", lw_buf_span(&json));
	release(&p);
}

static void make_increment(int dir, const struct lw_digest *since)
{
	static const char *const names[] = { "increment.supplement.lwb", "increment.lwb" };
	struct parts p = { 0 };
	LW_AUTO(buf) struct lw_buf json = { 0 };
	struct lw_json_writer w = { .out = &json, .canonical = true };

	make_parts(&p, INCREMENT, since);
	p.entries.list[N_BLOBS - 1].flags |= LW_ENTRY_HERE; /* in the supplement */
	lw_json_w_object(&w);
	bytes_of(&w, "contents", &p.contents);
	bytes_of(&w, "entries", &p.list);
	lw_json_w_key(&w, "files");
	lw_json_w_array(&w);
	for (uint64_t v = 2; v-- > 0;) {
		write_volume(dir, names[v], &p, v);
		lw_json_w_object(&w);
		write_file(dir, &w, names[v]);
		write_members(&w, &p, v);
		lw_json_w_end_object(&w);
	}
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "format", "landwaiter-vectors-increment/1");
	write_signatures(&w, &p.dsse);
	bytes_of(&w, "statement", &p.statement);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(&json, '\n');
	put(dir, "INCREMENT.json", lw_buf_span(&json));
	release(&p);
}

int main(int argc, char **argv)
{
	struct parts p = { 0 };
	LW_AUTO(buf) struct lw_buf json = { 0 };
	struct lw_json_writer w = { .out = &json, .canonical = true };
	struct lw_digest d;
	char text[LW_DIGEST_TEXT];
	int dir = -1;

	OK(argc != 2);
	OK(lw_fs_open_dir(argv[1], &dir, &e));
	make_blobs();
	make_volumes(dir);
	make_parts(&p, WHOLE, NULL);
	d = lw_digest_of(lw_buf_span(&p.statement));
	make_increment(dir, &d);
	write_volume(dir, "bundle.lwb", &p, 1);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "bundle");
	lw_json_w_object(&w);
	write_file(dir, &w, "bundle.lwb");
	lw_json_w_end_object(&w);
	bytes_of(&w, "contents", &p.contents);
	bytes_of(&w, "entries", &p.list);
	lw_json_w_member(&w, "format", "landwaiter-vectors/1");
	bytes_of(&w, "index", &p.index);
	write_keys(dir, &w);
	write_members(&w, &p, 1);
	bytes_of(&w, "pae", &p.pae);
	lw_json_w_key(&w, "seal");
	lw_json_w_object(&w);
	d = lw_digest_of(lw_buf_span(&p.seal));
	lw_json_w_member(&w, "digest", lw_digest_text(&d, text));
	lw_json_w_member_integer(&w, "envelopeBytes", (int64_t)p.envelope.n);
	lw_json_w_end_object(&w);
	write_signatures(&w, &p.dsse);
	bytes_of(&w, "statement", &p.statement);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(&json, '\n');
	put(dir, "VECTORS.json", lw_buf_span(&json));
	(void)close(dir);
	release(&p);
	for (size_t i = 0; i < N_BLOBS; i++)
		lw_buf_free(&blobs[i]);
	return 0;
}
