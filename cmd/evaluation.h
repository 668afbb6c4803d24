/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_CMD_EVALUATION_H
#define LW_CMD_EVALUATION_H

/*
 * What an enclave for evaluation believes: a TUF repository of its own, like a real one's, but
 * of one person, whose key lies beside it. The folder LW_EVALUATION_FOLDER in the enclave has
 * owner.key (no passphrase), owner.pub, files/ (the trust files, to be edited) and repository/.
 */

#include "base/clock.h"
#include "custody/enclave.h"

struct lw_evaluation {
	char *folder;		 /* owned: where it was made, beside the enclave's place */
	char *root, *repository; /* owned: paths in there */
	int parent, dir;	 /* private */
};

/* Makes it of these trust files. LW_E_EXISTS: something is at the enclave's place. What is not
 * moved away until it is closed is removed. Initialise with LW_EVALUATION_NONE; close also
 * after an error. */
#define LW_EVALUATION_NONE                                                                     \
	{                                                                                      \
		.parent = -1, .dir = -1                                                        \
	}
int lw_evaluation_make(const char *enclave, const struct lw_trust_file *files, size_t n,
		       const struct lw_clock *now, struct lw_evaluation *ret,
		       struct lw_error *e) LW_WARN_UNUSED;
void lw_evaluation_close(struct lw_evaluation *v);

static inline void lw_auto_evaluation_(struct lw_evaluation *v)
{
	lw_evaluation_close(v);
}

#endif
