/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_FETCH_PLACE_H
#define LW_FETCH_PLACE_H

/*
 * Where a repository's files are, as the user says it: a folder, or a URL below which they
 * stand. What comes from there is nobody's word.
 */

#include "fetch/fetcher.h"
#include "verify/tuf_client.h"

struct lw_place;

/* `where` has "://" in it and is a URL, or is a folder. `fetcher` is for URLs, borrowed,
 * started when it is first needed (*fetcher NULL until then), with ca_file. LW_E_USAGE;
 * LW_E_NOTFOUND, LW_E_IO of a folder; LW_E_STATE. */
int lw_place_open(const char *where, const struct lw_fetch_settings *settings,
		  struct lw_fetcher **fetcher, struct lw_place **ret,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_place_close(struct lw_place *p);

/* A file by its path below the place; a path that leads out of it is LW_E_FORMAT. Else as
 * lw_http_get. */
int lw_place_get(struct lw_place *p, const char *path, uint64_t max,
		 const struct lw_http_sink *sink, struct lw_error *e) LW_WARN_UNUSED;

/* The same, appended to a buffer. */
int lw_place_read(struct lw_place *p, const char *path, uint64_t max, struct lw_buf *out,
		  struct lw_error *e) LW_WARN_UNUSED;

/* For a client's metadata, whose names are quoted already. The place is borrowed. */
struct lw_tuf_transport lw_place_transport(struct lw_place *p);

/* What stands beside a place of metadata: "targets" next to a "metadata", below anything else.
 * Owned by the caller. */
char *lw_place_of_targets(const char *metadata);

LW_DEFINE_AUTO(place, struct lw_place *, lw_place_close);

#endif
