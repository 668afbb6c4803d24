/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_ANSWER_H
#define LW_REGISTRY_ANSWER_H

/*
 * The side that has the enclave: what the registry answers (OCI distribution 1.1, pull and
 * content discovery), from the state as it is then, and from the store (registry/blobs.h).
 */

#include "custody/enclave.h"
#include "registry/blobs.h"
#include "registry/passwords.h"
#include "registry/wire.h"

struct lw_answerer;

struct lw_answer_options {
	struct lw_enclave *enclave;	/* borrowed, as what follows */
	struct lw_passwords *passwords; /* NULL: nobody is asked who they are */
	lw_blobs_alarm *alarm;		/* may be NULL */
	void *data;
};

int lw_answerer_open(const struct lw_answer_options *options, struct lw_answerer **ret,
		     size_t *ret_repositories, struct lw_error *e) LW_WARN_UNUSED;
void lw_answerer_close(struct lw_answerer *a);

/* What cannot be read is an answer, too: 500. LW_E_STATE: the enclave is another than the one
 * that was opened, and nothing is answered any more. The caller releases *ret. */
int lw_answerer_answer(struct lw_answerer *a, const struct lw_question *q,
		       struct lw_answer *ret, struct lw_error *e) LW_WARN_UNUSED;

/* After an answer was sent: gets ready for the next, where that can be foreseen. */
void lw_answerer_idle(struct lw_answerer *a);

static inline void lw_auto_answerer_(struct lw_answerer **a)
{
	lw_answerer_close(*a);
}

#endif
