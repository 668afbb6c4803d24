/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_TUF_H
#define LW_CMD_TUF_H

/* What the parts of `landwaiter tuf` share that edit a repository (cmd/tuf_*.c). */

#include "cmd/command.h"
#include "tuf/edit.h"
#include "tuf/staging.h"

extern const char *lw_tuf_change_file;
extern struct lw_list lw_tuf_keys, lw_tuf_expires;

#define LW_TUF_EDIT_OPTIONS                                                                    \
	{ "change",                                                                            \
	  'c',                                                                                 \
	  LW_OPTION_TEXT,                                                                      \
	  "FILE",                                                                              \
	  &lw_tuf_change_file,                                                                 \
	  "stage the change there; else change.lwc in REPOSITORY" },                           \
		{ "expires",	   0,                                                          \
		  LW_OPTION_LIST,  "ROLE=P90D",                                                \
		  &lw_tuf_expires, "from now on, versions of ROLE last that long" },           \
		{ "key",	  0,                                                           \
		  LW_OPTION_LIST, "FILE",                                                      \
		  &lw_tuf_keys,	  "sign with this private key and publish, all at once" },     \
		LW_PASSPHRASE_OPTIONS

/* Holders given as [NAME=]FILE, and a threshold. Free with lw_tuf_free_holders. */
struct lw_tuf_holders {
	struct lw_edit_holders holders;
	struct lw_edit_holders like; /* what they are taken for; borrowed, not freed */
	struct lw_edit_holder *list;
	struct lw_buf *files;
	char **names;
};
int lw_tuf_read_holders(const struct lw_list *given, const char *threshold,
			struct lw_tuf_holders *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_tuf_free_holders(struct lw_tuf_holders *h);
static inline void lw_auto_tuf_holders_(struct lw_tuf_holders *h)
{
	lw_tuf_free_holders(h);
}

/* After an edit: applies --expires, draws what follows, and stages it or, with --key, publishes
 * it. Says what happened; returns the exit code. */
int lw_tuf_finish(struct lw_staging *s);

/* Says that a change was published; of the first root, what is to be written on paper. */
void lw_tuf_say_published(const struct lw_change *c);

/* One object in JSON: "landwaiter-tuf-pending/1". */
int lw_tuf_print_pending(struct lw_change *c, const char *file, bool published,
			 struct lw_error *e) LW_WARN_UNUSED;

/* Exit 5, and who is missing. */
int lw_tuf_incomplete(struct lw_change *c, const char *file);

int lw_tuf_now(int64_t *ret_sec, struct lw_error *e) LW_WARN_UNUSED;

#endif
