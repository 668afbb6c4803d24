/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/packer.h"

#include "base/mem.h"
#include "bundle/format.h"
#include "bundle/lane.h"
#include "image/layout.h"

#define TELL_BYTES ((uint64_t)16 << 20)

static inline void auto_lane(struct lw_lane **lane)
{
	lw_lane_free(*lane);
}

static int write_archive(void *data, struct lw_span bytes, struct lw_error *e)
{
	return lw_archive_data(data, bytes, e);
}

static int open_blob(const struct lw_packer_job *job, const struct lw_blob *blob, int *ret_fd,
		     struct lw_error *e)
{
	int r = lw_fail(e, LW_E_NOTFOUND, "no source has it");

	for (size_t i = 0; i < job->n_layouts; i++) {
		r = lw_layout_open_blob(job->layouts[i], &blob->digest, blob->size, ret_fd, e);
		if (r != -LW_E_NOTFOUND)
			break;
	}
	return r;
}

/* The bytes of a carried file; they were hashed when it was noted. */
static const struct lw_buf *carried(const struct lw_packer_job *job, const struct lw_blob *blob)
{
	for (size_t i = 0; i < job->n_carried; i++)
		for (size_t k = 0; k < job->carried[i].carried.n_files; k++)
			if (lw_digest_equal(&job->carried[i].carried.files[k].digest,
					    &blob->digest))
				return &job->carried[i].bytes[k];
	return NULL;
}

static int copy_blob(const struct lw_packer_job *job, const struct lw_blob *blob,
		     struct lw_lane *lane, struct lw_archive *archive, struct lw_error *e)
{
	char name[LW_BLOB_NAME], have[LW_DIGEST_TEXT];
	const struct lw_buf *bytes = carried(job, blob);
	lw_auto_fd int fd = -1;
	int r;

	if (bytes)
		return lw_archive_put(archive, lw_format_blob_name(&blob->digest, name),
				      lw_buf_span(bytes), e);
	r = open_blob(job, blob, &fd, e);

	if (r == 0)
		r = lw_archive_member(archive, lw_format_blob_name(&blob->digest, name),
				      blob->size, e);
	if (r < 0)
		return r;

	struct lw_medium medium = { .fd = fd, .size = blob->size, .exact = true };
	struct lw_lane_read read = {
		.medium = &medium, .bytes = blob->size, .write = write_archive, .sink = archive
	};

	r = lw_lane_run(lane, &read, e);
	if (r == 0 && !lw_digest_equal(&read.digest, &blob->digest))
		r = lw_fail(e, LW_E_DIGEST, "its bytes are those of %s",
			    lw_digest_text(&read.digest, have));
	return r;
}

int lw_packer_run(const struct lw_packer_job *job, struct lw_archive *archive,
		  struct lw_error *e)
{
	struct lw_lane *lane __attribute__((cleanup(auto_lane))) = lw_lane_new();
	uint64_t done = 0, total = 0, told = 0;

	for (size_t i = 0; i < job->n_blobs; i++)
		total += job->blobs[i].size;
	for (size_t i = 0; i < job->n_blobs; i++) {
		char text[LW_DIGEST_TEXT];
		int r = copy_blob(job, &job->blobs[i], lane, archive, e);

		if (r < 0)
			return lw_prefix(e, "blob %s",
					 lw_digest_text(&job->blobs[i].digest, text));
		done += job->blobs[i].size;
		if (job->progress.tell &&
		    (done >= told + TELL_BYTES || i + 1 == job->n_blobs)) {
			told = done;
			job->progress.tell(job->progress.data, done, total);
		}
	}
	return 0;
}
