/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BUNDLE_PACK_H
#define LW_BUNDLE_PACK_H

/*
 * Packing: from images in layouts to a bundle with an unapproved seal. The archive is written
 * by libarchive in one pass, each blob hashed while it is copied; the file appears under its
 * name only when it is whole and durable. Packing the same inputs twice gives the same bytes
 * after the seal.
 */

#include "bundle/carry.h"
#include "bundle/content.h"
#include "bundle/device.h"
#include "bundle/held.h"
#include "bundle/statement.h"
#include "image/gather.h"

struct lw_pack_source {
	const char *name; /* full reference; NULL: the layout's own */
	const struct lw_source *source;
};

struct lw_pack_options {
	const struct lw_pack_source *sources;
	size_t n_sources;
	struct lw_gather_options gather;
	/* TUF repositories to take along, and more targets to look up in each of them;
	 * ascending by name, none twice. */
	const struct lw_carry_source *repositories;
	size_t n_repositories;
	const char *const *targets;
	size_t n_targets;
	const struct lw_own_source *trust; /* the enclave's own repository; NULL: not */
	/* Told an image's name that none of them lists; may be NULL. */
	void (*unlisted)(const char *image);
	/* What need not travel; NULL: all does. */
	const struct lw_held *held;
	/* Instead of a bundle, a supplement to this one, which is taken apart, with these of
	 * its prerequisites; NULL: none. Of the statement nothing is used then. */
	struct lw_earlier *increment;
	const struct lw_held *lacking;
	/* sender, sequence, audience, created, expires, marking, previous: filled in; the rest
	 * is computed */
	struct lw_statement statement;
	const char *output;
	/* Instead of it: opened, one for each volume, borrowed. They are as many as there are
	 * volumes, or LW_E_USAGE. */
	struct lw_device *const *devices;
	size_t n_devices;
	/* For these, and may be NULL: asked once before the first byte is written, for what
	 * stops it (LW_E_BUSY) when it becomes true; and whenever one is read back. */
	const atomic_bool *(*stoppable)(void);
	struct lw_content_progress (*reading_back)(void);
	/* How large a file may be; 0: as large as it gets. What does not fit into one is
	 * written in several volumes, each called lw_pack_volume_name. LW_E_USAGE: too small.
	 */
	uint64_t volume_bytes;
	struct lw_content_progress progress;
	const char *judge; /* as in struct lw_intake_options */
	/* Called when the bundle is whole and durable, before it gets its name: here its
	 * sequence is used up, so that no two files ever bear the same. Its failure is that of
	 * the packing. May be NULL. */
	int (*made)(void *data, const struct lw_digest *bundle, struct lw_error *e);
	void *made_data;
};

struct lw_pack_result {
	struct lw_digest bundle;
	uint64_t bytes, blobs, images, repositories, volumes;
	uint64_t left_out, left_out_bytes; /* blobs that do not travel */
};

/* "app.2of3.lwb" for "app.lwb"; of one volume the name itself. The caller frees it. */
char *lw_pack_volume_name(const char *output, uint64_t volume, uint64_t volumes);

/* LW_E_EXISTS when the output is there; LW_E_NOSPACE before anything is written when there is
 * not room enough; the gather errors; LW_E_DIGEST naming a blob whose bytes are not its name's.
 * On failure no output is left, but where the last step fails, the sync of its folder: then it
 * is whole, and its durability in doubt. */
int lw_pack(const struct lw_pack_options *options, struct lw_pack_result *ret,
	    struct lw_error *e) LW_WARN_UNUSED;

/* The sender's counter and last bundle, in a folder of its own (--sender-dir): one file per
 * sender, `<sender>.json`. take: the next sequence (`wanted` 0) or the one wanted, which must
 * be higher than every one before; *ret_previous the digest of the last bundle if *ret_has.
 * Holds a lock until done, which records what was packed (bundle NULL: nothing was). */
struct lw_sender_counter;
int lw_sender_counter_take(const char *dir, const char *sender, uint64_t wanted,
			   struct lw_sender_counter **ret, uint64_t *ret_sequence,
			   bool *ret_has, struct lw_digest *ret_previous,
			   struct lw_error *e) LW_WARN_UNUSED;
int lw_sender_counter_done(struct lw_sender_counter *c, const struct lw_digest *bundle,
			   struct lw_error *e) LW_WARN_UNUSED;

#endif
