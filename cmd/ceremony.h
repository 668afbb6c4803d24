/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_CEREMONY_H
#define LW_CMD_CEREMONY_H

/*
 * `init --confirm-words`: who stands here types the words of the first root, which are on paper
 * and never on this screen. Nothing is read out of a root before.
 */

#include "base/words.h"
#include "bundle/own_trust.h"
#include "bundle/roles.h"
#include "cmd/command.h"

/* Open terminals, by their descriptors, on each of which it is asked and said; who answers
 * first is heard. None: standard input, and standard error. */
struct lw_ceremony;
int lw_ceremony_open(const struct lw_list *terminals, struct lw_ceremony **ret,
		     struct lw_error *e) LW_WARN_UNUSED;
void lw_ceremony_close(struct lw_ceremony *c);

/* A line for people, made safe. */
void lw_ceremony_say(struct lw_ceremony *c, const char *fmt, ...) LW_PRINTF(2, 3);

/* Shows the digest, asks for its words, three times at most. *ret is LW_WORDS_SAME if they were
 * typed; LW_E_TRUNCATED: nobody is there to type any more. */
int lw_ceremony_ask(struct lw_ceremony *c, const struct lw_digest *root,
		    enum lw_words_answer *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Shows what follows from that root: who may sign, how many must, versions, until when. */
int lw_ceremony_show(struct lw_ceremony *c, const struct lw_roles *roles,
		     const struct lw_own_trust *trust, int64_t now_sec,
		     struct lw_error *e) LW_WARN_UNUSED;

LW_DEFINE_AUTO(ceremony, struct lw_ceremony *, lw_ceremony_close);

#endif
