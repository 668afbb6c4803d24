/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_IMAGE_CATALOG_H
#define LW_IMAGE_CATALOG_H

/*
 * Private to image/: what a layout holds. The catalog is made once per layout, when the first
 * image is gathered: every manifest and index that can be reached from index.json is read once,
 * its bytes held against its digest, and what it points at is kept, without its strings. Then
 * the blobs that nothing points at are looked through for manifests with a `subject`: evidence
 * that nobody listed. Everything refers to blobs by their place in one array, sorted by digest,
 * so that nothing depends on the order in which a folder is read.
 */

#include "base/arena.h"
#include "base/mem.h"
#include "image/gather.h"
#include "image/layout.h"
#include "image/manifest.h"

#define LW_CATALOG_NONE UINT32_MAX

struct lw_catalog_blob {
	struct lw_digest digest;
	uint64_t size;	   /* bytes, as its descriptors say */
	const char *media; /* one of lw_media_constant, where descriptors call it a document */
	uint32_t doc;	   /* LW_CATALOG_NONE until it was read as a document */
	uint32_t stamp;	   /* the walk that has taken it last */
	bool claimed;	   /* some descriptor gave its size */
	bool used;	   /* it is a config or a layer: not looked into */
	bool irregular;	   /* the folder says that it is no regular file */
	bool checked;	   /* its file is regular and has this size */
};

struct lw_catalog_child {
	const char *platform;
	const char *media; /* one of lw_media_constant; NULL: not a document */
	uint32_t blob;
	enum lw_child_role role; /* never LW_CHILD_SUBJECT */
};

struct lw_catalog_doc {
	const char *media; /* one of lw_media_constant */
	const char *artifact_type;
	size_t first_child, n_children;
	uint32_t blob;
	uint32_t stamp;
	bool has_subject;
	struct lw_digest subject;
};

struct lw_catalog {
	/* The first n_present, sorted by digest, have a file; those behind were pointed at, and
	 * have none (one may stand there more than once). */
	struct lw_catalog_blob *blobs;
	size_t n_present, n_blobs, cap_blobs;
	struct lw_catalog_doc *docs;
	size_t n_docs, cap_docs;
	struct lw_catalog_child *children;
	size_t n_children, cap_children;
	uint32_t *top;	      /* the blob of each child of index.json */
	uint32_t *by_subject; /* documents with a subject, sorted by it, then by digest */
	size_t n_by_subject, cap_by_subject;
	struct lw_arena strings;
	uint32_t stamp;
};

/* A name under which a descriptor of index.json can be found. */
struct lw_layout_name {
	const char *text;
	uint32_t child;
	bool tag_of; /* the tag of a full name, not a name by itself */
};

/* A blob that is no file of its own: a range of one. */
struct lw_held {
	struct lw_digest
		digest;	       /* as somebody says: held against the bytes when they are read */
	uint64_t offset, size; /* bytes */
	int fd;		       /* the layout's */
};

struct lw_layout {
	enum lw_source_kind kind;
	char *path;
	int dir;   /* -1: it is no folder */
	int blobs; /* the folder of files called by their digests; -1 where there is none */
	int file;  /* the archive, -1 */
	int made;  /* what was made of other documents, -1 */
	struct lw_held *held; /* sorted by digest */
	size_t n_held, cap_held;
	const struct lw_document_reader *reader;
	struct lw_document *index;
	struct lw_layout_name *names; /* sorted by text, then child */
	size_t n_names;
	struct lw_catalog *catalog; /* NULL until first needed */
};

/* Room for one more behind n elements of `size` bytes. */
static inline void *lw_catalog_grow(void *p, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap ? *cap * 2 : 16;
	return lw_realloc_array(p, *cap, size);
}

/* Makes l->catalog if it is not there. LW_E_DIGEST, LW_E_TRUNCATED, LW_E_FORMAT, LW_E_LIMIT,
 * LW_E_CONFLICT, LW_E_UNSUPPORTED; LW_E_NOTFOUND for what index.json names and is not there.
 * What only an index points at may be missing until it is needed. */
int lw_catalog_make(struct lw_layout *l, struct lw_error *e) LW_WARN_UNUSED;
void lw_catalog_free(struct lw_catalog *c);

/* The documents about `subject`: n of them behind the returned place. */
const uint32_t *lw_catalog_referrers(const struct lw_catalog *c,
				     const struct lw_digest *subject, size_t *ret_n);
static inline bool lw_catalog_is_present(const struct lw_catalog *c, uint32_t blob)
{
	return blob < c->n_present;
}
static inline const struct lw_digest *lw_catalog_digest(const struct lw_catalog *c,
							const struct lw_catalog_doc *d)
{
	return &c->blobs[d->blob].digest;
}
/* Whether a blob's file is there, regular, of the size its descriptor says; asked once. `what`
 * names it in errors. LW_E_NOTFOUND, LW_E_FORMAT, LW_E_TRUNCATED, LW_E_DIGEST, LW_E_IO. */
int lw_catalog_check_file(struct lw_layout *l, uint32_t blob, const char *what,
			  struct lw_error *e) LW_WARN_UNUSED;

/* layout.c */

/* An empty one, to be filled in by whoever knows its kind. Released with lw_layout_close. */
struct lw_layout *lw_layout_new(enum lw_source_kind kind, const char *path,
				const struct lw_document_reader *reader);
/* One more range; call lw_layout_hold_done after the last: LW_E_CONFLICT (one digest for two
 * ranges of different sizes). */
void lw_layout_hold(struct lw_layout *l, const struct lw_held *held);
int lw_layout_hold_done(struct lw_layout *l, struct lw_error *e) LW_WARN_UNUSED;
/* Bytes of our own making, or copied, held too, under their digest. LW_E_IO. */
int lw_layout_hold_bytes(struct lw_layout *l, struct lw_span bytes, struct lw_digest *ret,
			 struct lw_error *e) LW_WARN_UNUSED;
const struct lw_held *lw_layout_held(const struct lw_layout *l, const struct lw_digest *d);
/* Wherever it is, of whatever size. LW_E_NOTFOUND, LW_E_FORMAT, LW_E_IO. */
int lw_layout_reach(struct lw_layout *l, const struct lw_digest *d, int *ret_fd,
		    uint64_t *ret_offset, uint64_t *ret_size,
		    struct lw_error *e) LW_WARN_UNUSED;

#define LW_LAYOUT_HEADER "oci-layout"
#define LW_LAYOUT_INDEX	 "index.json"
/* These two files of a layout, through its reader. */
int lw_layout_take_header(struct lw_layout *l, struct lw_span bytes,
			  struct lw_error *e) LW_WARN_UNUSED;
int lw_layout_take_index(struct lw_layout *l, struct lw_span bytes,
			 struct lw_error *e) LW_WARN_UNUSED;

/* archived.c and dir.c, for lw_layout_open_source */
int lw_layout_open_archive(const struct lw_source *s, int room,
			   const struct lw_document_reader *reader, struct lw_layout **ret,
			   struct lw_error *e) LW_WARN_UNUSED;
int lw_layout_open_dir(const char *path, const struct lw_document_reader *reader,
		       struct lw_layout **ret, struct lw_error *e) LW_WARN_UNUSED;

/* A document of which nobody has said what it is: as what it says, else by its shape. *ret
 * stays NULL if it is something else. Errors of the reader. */
int lw_catalog_read_untyped(const struct lw_document_reader *reader, struct lw_span bytes,
			    struct lw_document **ret, struct lw_error *e) LW_WARN_UNUSED;

/* names.c */

void lw_names_build(struct lw_layout *l);

/* The complete reference a descriptor of index.json carries; false if it carries none. */
bool lw_names_full(const struct lw_descriptor *d, struct lw_reference *ret);

/* The descriptors (places in l->index->children, owned by the caller) that `ref` means; all of
 * them name the same content. "": all that are no evidence; needs the catalog. LW_E_NOTFOUND,
 * LW_E_CONFLICT. */
int lw_names_find(struct lw_layout *l, const char *ref, uint32_t **ret, size_t *ret_n,
		  struct lw_error *e) LW_WARN_UNUSED;

/* The name of an image that was found as `ref` in these descriptors. LW_E_USAGE when they have
 * no full name, LW_E_CONFLICT when they have several. */
int lw_names_choose(const struct lw_layout *l, const char *ref, const uint32_t *found, size_t n,
		    struct lw_reference *ret, struct lw_error *e) LW_WARN_UNUSED;

/* The descriptor with this tag in one of these repositories (sorted), or with this tag alone;
 * LW_CATALOG_NONE when there is none. LW_E_CONFLICT when there are two. */
int lw_names_tag(const struct lw_layout *l, const char *tag, char *const *repositories,
		 size_t n_repositories, uint32_t *ret, struct lw_error *e) LW_WARN_UNUSED;

/* referrers.c */

struct lw_referrer {
	enum lw_mechanism mechanism;
	uint32_t doc;
};

struct lw_referrers {
	struct lw_referrer *v; /* owned */
	size_t n, cap;
};

/* Everything attached to one digest, under every mechanism; appended. An index that claims to
 * be a referrers fallback and is not one is LW_E_CONFLICT. */
int lw_referrers_find(struct lw_layout *l, const struct lw_digest *subject,
		      char *const *repositories, size_t n_repositories,
		      struct lw_referrers *out, struct lw_error *e) LW_WARN_UNUSED;

/* Whether a tag is one under which evidence is kept: sha256-<64 hex>, alone or with one of
 * cosign's endings. */

/* gathered.c */

/* Takes over *image (which becomes empty) and copies the blobs. On failure *g and *image are as
 * they were. LW_E_LIMIT. */
int lw_gathered_add(struct lw_gathered *g, struct lw_image *image, const struct lw_blob *blobs,
		    size_t n_blobs, struct lw_error *e) LW_WARN_UNUSED;

#endif
