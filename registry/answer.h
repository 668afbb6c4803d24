/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_ANSWER_H
#define LW_REGISTRY_ANSWER_H

/*
 * The side that has the enclave: what the registry answers (OCI distribution 1.1, pull and
 * content discovery). It reads the state, and each blob once before it hands it out for the
 * first time: bytes that are not their digest's are never served.
 */

#include "custody/enclave.h"
#include "registry/passwords.h"
#include "registry/wire.h"

struct lw_answerer;

struct lw_answer_options {
	struct lw_enclave *enclave;	/* borrowed, as what follows */
	struct lw_passwords *passwords; /* NULL: nobody is asked who they are */
	/* Told of a blob that is missing or has other bytes; once for each. */
	void (*alarm)(void *data, const struct lw_digest *d, const char *why);
	void *data;
};

int lw_answerer_open(const struct lw_answer_options *options, struct lw_answerer **ret,
		     struct lw_error *e) LW_WARN_UNUSED;
void lw_answerer_close(struct lw_answerer *a);
size_t lw_answerer_repositories(const struct lw_answerer *a);

/* Always an answer: what cannot be read is 500. The caller releases *ret. */
void lw_answerer_answer(struct lw_answerer *a, const struct lw_question *q,
			struct lw_answer *ret);

static inline void lw_auto_answerer_(struct lw_answerer **a)
{
	lw_answerer_close(*a);
}

#endif
