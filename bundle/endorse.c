/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/endorse.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/box.h"
#include "image/attach.h"
#include "image/gather.h"
#include "verify/dsse.h"
#include "verify/said.h"

#include <sys/file.h>

#define ENVELOPE "application/vnd.dsse.envelope.v1+json"

static void auto_gathered(struct lw_gathered *g)
{
	lw_gathered_free(g);
}

void lw_endorse_statement(const char *name, const struct lw_digest *digest, int64_t created,
			  int64_t expires, const char *zone, struct lw_buf *out)
{
	struct lw_json_writer w = { .out = out, .canonical = true };
	char time[LW_TIME_TEXT], hex[2 * LW_DIGEST_BYTES + 1];

	lw_json_w_object(&w);
	lw_json_w_member(&w, "_type", "https://in-toto.io/Statement/v1");
	lw_json_w_key(&w, "predicate");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "created", lw_time_format(created, time));
	if (expires)
		lw_json_w_member(&w, "expires", lw_time_format(expires, time));
	if (zone)
		lw_json_w_member(&w, "zone", zone);
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "predicateType", LW_TYPE_ENDORSEMENT);
	lw_json_w_key(&w, "subject");
	lw_json_w_array(&w);
	lw_json_w_object(&w);
	lw_json_w_key(&w, "digest");
	lw_json_w_object(&w);
	lw_json_w_member(&w, "sha256",
			 lw_hex_encode(lw_span(digest->sha256, sizeof(digest->sha256)), hex));
	lw_json_w_end_object(&w);
	lw_json_w_member(&w, "name", name);
	lw_json_w_end_object(&w);
	lw_json_w_end_array(&w);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
}

static int make_envelope(const struct lw_private_key *key, struct lw_span statement,
			 struct lw_buf *out, struct lw_error *e)
{
	LW_AUTO(dsse) struct lw_dsse d = { .n_signatures = 1 };
	LW_AUTO(buf) struct lw_buf message = { 0 }, der = { 0 };
	int r = lw_private_key_public(key, &der, e);

	lw_buf_add(&d.payload, statement.p, statement.n);
	lw_dsse_pae(LW_DSSE_IN_TOTO, statement, &message);
	if (r == 0)
		r = lw_private_key_sign(key, lw_buf_span(&message), &d.signatures[0].sig, e);
	if (r < 0)
		return r;
	d.signatures[0].keyid = lw_digest_of(lw_buf_span(&der));
	lw_dsse_write(&d, out);
	return 0;
}

/* blobs/sha256 of a layout that was just read from. */
static int open_blobs(int dir, int *ret, struct lw_error *e)
{
	lw_auto_free char *self = lw_asprintf("/proc/self/fd/%d/blobs/sha256", dir);

	return lw_fs_open_dir(self, ret, e);
}

static int put_blob(int blobs, struct lw_span bytes, struct lw_digest *ret, struct lw_error *e)
{
	char hex[2 * LW_DIGEST_BYTES + 1];

	*ret = lw_digest_of(bytes);
	return lw_fs_publish(blobs,
			     lw_hex_encode(lw_span(ret->sha256, sizeof(ret->sha256)), hex),
			     bytes, 0644, e);
}

/* The blobs first, then the index that names them. */
static int attach(const struct lw_endorse_options *o, const struct lw_image *image,
		  struct lw_span envelope, struct lw_digest *ret, struct lw_error *e)
{
	struct lw_attach a = {
		.subject = image->digest,
		.subject_size = image->size,
		.subject_media_type = image->media_type,
		.artifact_type = ENVELOPE,
		.layer = envelope,
		.layer_media_type = ENVELOPE,
		.annotation = "predicateType",
		.annotation_value = LW_TYPE_ENDORSEMENT,
	};
	LW_AUTO(buf) struct lw_buf manifest = { 0 }, index = { 0 }, longer = { 0 };
	lw_auto_fd int dir = -1, blobs = -1;
	struct lw_digest ignored;
	int r = lw_fs_open_dir(o->dir, &dir, e);

	if (r == 0 && flock(dir, LOCK_EX) < 0)
		r = lw_fail_errno(e, "%s", o->dir);
	if (r == 0)
		r = open_blobs(dir, &blobs, e);
	lw_attach_manifest(&a, &manifest);
	if (r == 0)
		r = lw_fs_read_beneath(dir, "index.json", LW_MAX_INDEX_BYTES, &index, e);
	*ret = lw_digest_of(lw_buf_span(&manifest));
	if (r == 0)
		r = lw_box_attach(o->judge, lw_buf_span(&index), ret, manifest.n, ENVELOPE,
				  &longer, e);
	if (r == 0)
		r = put_blob(blobs, lw_span_str(LW_ATTACH_EMPTY), &ignored, e);
	if (r == 0)
		r = put_blob(blobs, envelope, &ignored, e);
	if (r == 0)
		r = put_blob(blobs, lw_buf_span(&manifest), ret, e);
	if (r == 0)
		r = lw_fs_publish(dir, "index.json", lw_buf_span(&longer), 0644, e);
	return r;
}

static int find_image(const struct lw_endorse_options *o, struct lw_gathered *g,
		      struct lw_error *e)
{
	LW_AUTO(box_documents) struct lw_box_documents *box = NULL;
	LW_AUTO(layout) struct lw_layout *layout = NULL;
	struct lw_document_reader reader = { .read = lw_box_document_read };
	struct lw_gather_options all = { 0 };
	struct lw_reference name;
	int r = o->name ? lw_reference_parse(lw_span_str(o->name), &name, e) : 0;

	if (r == 0)
		r = lw_box_documents_open(o->judge, &box, e);
	reader.data = box;
	if (r == 0)
		r = lw_layout_open(o->dir, &reader, &layout, e);
	if (r == 0)
		r = lw_gather_image(layout, o->ref, o->name ? &name : NULL, &all, g, e);
	return r;
}

int lw_endorse(const struct lw_endorse_options *o, struct lw_endorsed *ret, struct lw_error *e)
{
	struct lw_gathered g __attribute__((cleanup(auto_gathered))) = { 0 };
	LW_AUTO(buf) struct lw_buf statement = { 0 }, envelope = { 0 };
	int r = find_image(o, &g, e);

	if (r < 0 || g.n_images == 0)
		return r;
	lw_reference_text(&g.images[0].name, ret->name);
	ret->image = g.images[0].digest;
	lw_endorse_statement(ret->name, &ret->image, o->created, o->expires, o->zone,
			     &statement);
	r = make_envelope(o->key, lw_buf_span(&statement), &envelope, e);
	if (r == 0)
		r = attach(o, &g.images[0], lw_buf_span(&envelope), &ret->manifest, e);
	return r;
}
