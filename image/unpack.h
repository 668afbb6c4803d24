/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_UNPACK_H
#define LW_IMAGE_UNPACK_H

/*
 * Private to image/: archives of others. They are read by `landwaiter-unpack`, a jailed process
 * that gets the file's descriptor and can open nothing; what it says is where the members
 * stand. Nothing is ever extracted: whoever packs reads the ranges itself, and hashes them.
 *
 * What passes is a narrow tar (POSIX ustar, pax, old GNU): files and folders with plain names,
 * one after the other, none twice, whatever the case of its letters; a pax header may say times
 * and owners, and the size of what is too large for a header; two blocks of zeros, and nothing
 * but zeros behind them. Links, devices, sparse files, long names, anything a reader would have
 * to interpret refuses the archive, not the member. Headers are read twice, by libarchive and
 * by image/tar.c, which must agree on each.
 *
 * One process serves one job on one descriptor.
 */

#include "base/digest.h"
#include "base/jail.h"

enum lw_unpack_message {
	LW_UNPACK_INFLATE = 1, /* form, the file; answered by BYTES ..., DONE or ERROR */
	LW_UNPACK_LIST,	       /* the file; answered by MEMBERS ..., DONE or ERROR */
	LW_UNPACK_DOCKER,      /* the file; answered by IMAGE ..., DONE or ERROR */
	LW_UNPACK_BYTES = 100,
	LW_UNPACK_MEMBERS, /* n, n * (name, offset, size) */
	LW_UNPACK_IMAGE,   /* n, n * tag; config: offset, size; n, n * (digest, form, offset,
			      size) */
	LW_UNPACK_ERROR,   /* code, text */
	LW_UNPACK_DONE,
};

enum lw_unpack_form {
	LW_UNPACK_PLAIN,
	LW_UNPACK_GZIP,
	LW_UNPACK_ZSTD,
};

/* A file of the archive: a range of its bytes. */
struct lw_member {
	char *name; /* owned; as in a layout, without "./" */
	uint64_t offset, size;
};

struct lw_members {
	struct lw_member *list;
	size_t n, cap;
};
void lw_members_release(struct lw_members *m);
/* NULL: there is none. */
const struct lw_member *lw_members_find(const struct lw_members *m, const char *name);

/* An image of a docker-archive. */
struct lw_docker_layer {
	struct lw_digest digest; /* as the archive says */
	enum lw_unpack_form form;
	uint64_t offset, size;
};

struct lw_docker_image {
	char **tags; /* owned */
	size_t n_tags;
	uint64_t config_offset, config_size;
	struct lw_docker_layer *layers; /* owned */
	size_t n_layers;
};

struct lw_docker_images {
	struct lw_docker_image *list;
	size_t n, cap;
};
void lw_docker_images_release(struct lw_docker_images *m);

/* The parent's side. All of them: LW_E_FORMAT, LW_E_LIMIT, LW_E_UNSUPPORTED, LW_E_CONFLICT,
 * LW_E_TRUNCATED about the archive; LW_E_JAIL. */

/* What a compressed archive holds, written to `out`, at most what LW_MAX_UNPACK_RATIO lets out
 * of `size` bytes. LW_E_NOSPACE, LW_E_IO. */
int lw_unpack_inflate(int fd, uint64_t size, enum lw_unpack_form form, int out,
		      struct lw_error *e) LW_WARN_UNUSED;
/* The files of a plain archive of that size. */
int lw_unpack_list(int fd, uint64_t size, struct lw_members *ret,
		   struct lw_error *e) LW_WARN_UNUSED;
/* The images of one in Docker's form. */
int lw_unpack_docker(int fd, uint64_t size, struct lw_docker_images *ret,
		     struct lw_error *e) LW_WARN_UNUSED;

/* The inside: serves one job on the socket, after the jail was entered. */
int lw_unpack_serve(int socket, struct lw_error *e) LW_WARN_UNUSED;

static inline void lw_auto_members_(struct lw_members *m)
{
	lw_members_release(m);
}

static inline void lw_auto_docker_images_(struct lw_docker_images *m)
{
	lw_docker_images_release(m);
}

#endif
