/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_TUF_FOLLOW_H
#define LW_CMD_TUF_FOLLOW_H

/* What `tuf refresh` and `tuf download` share: following somebody's repository. */

#include "cmd/command.h"
#include "fetch/place.h"

struct lw_tuf_follow_arguments {
	const char *trust, *root, *ca_file;
};
extern struct lw_tuf_follow_arguments lw_tuf_follow_arguments;

#define LW_TUF_FOLLOW_OPTIONS                                                                  \
	{ "trust",                                                                             \
	  0,                                                                                   \
	  LW_OPTION_TEXT,                                                                      \
	  "DIR",                                                                               \
	  &lw_tuf_follow_arguments.trust,                                                      \
	  "the folder with what is trusted of this repository" },                              \
		{ "root",                                                                      \
		  0,                                                                           \
		  LW_OPTION_TEXT,                                                              \
		  "FILE",                                                                      \
		  &lw_tuf_follow_arguments.root,                                               \
		  "the root to begin with, where nothing is trusted yet" },                    \
	{                                                                                      \
		"ca-file", 0, LW_OPTION_TEXT, "FILE", &lw_tuf_follow_arguments.ca_file,        \
			"the certificates that vouch for servers; else the system's"           \
	}

struct lw_tuf_following {
	int trust; /* the folder, locked */
	struct lw_fetcher *fetcher;
	struct lw_place *metadata;
	struct lw_tuf_client *client;
	enum lw_finding_id reason;
};

/* A folder, or a URL with the fetcher that is started for it. */
int lw_tuf_open_place(struct lw_tuf_following *f, const char *where, struct lw_place **ret,
		      struct lw_error *e) LW_WARN_UNUSED;

/* Opens all of it and refreshes. Zero-initialise with LW_TUF_FOLLOWING; release also after an
 * error. */
#define LW_TUF_FOLLOWING                                                                       \
	{                                                                                      \
		.trust = -1, .reason = LW_FINDING_COUNT                                        \
	}
int lw_tuf_follow(struct lw_tuf_following *f, const char *metadata,
		  struct lw_error *e) LW_WARN_UNUSED;
void lw_tuf_following_release(struct lw_tuf_following *f);
static inline void lw_auto_tuf_following_(struct lw_tuf_following *f)
{
	lw_tuf_following_release(f);
}

/* Says what went wrong, by its code where it is a finding; returns the exit code. */
int lw_tuf_follow_failed(const struct lw_tuf_following *f, const struct lw_error *e);

#endif
