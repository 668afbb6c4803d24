/* SPDX-License-Identifier: Apache-2.0 */
/* A threshold of signatures (TUF 1.0.34 section 5.1, "signed by a threshold of keys"). */
#include "base/limits.h"
#include "verify/tuf_client.h"

#include <string.h>

static const struct lw_key *key_of(const struct lw_tuf_metadata *m, const char *keyid)
{
	for (size_t i = 0; i < m->n_keys; i++)
		if (strcmp(m->keys[i].keyid, keyid) == 0)
			return m->keys[i].key;
	return NULL;
}

static const struct lw_tuf_signature *signature_of(const struct lw_tuf_signed *s,
						   const char *keyid)
{
	for (size_t i = 0; i < s->n_signatures; i++)
		if (strcmp(s->signatures[i].keyid, keyid) == 0)
			return &s->signatures[i];
	return NULL;
}

int lw_tuf_prove(const struct lw_tuf_metadata *keys, const struct lw_tuf_role *role,
		 const struct lw_tuf_signed *s, struct lw_proven *ret, struct lw_error *e)
{
	/* One public key counts once, whatever ids it has. */
	const struct lw_digest *counted[LW_MAX_TUF_ROLE_KEYS];
	uint64_t n = 0;

	for (size_t i = 0; i < role->n_keyids && n < role->threshold; i++) {
		const struct lw_key *key = key_of(keys, role->keyids[i]);
		const struct lw_tuf_signature *x = signature_of(s, role->keyids[i]);
		bool again = false;

		if (!key || !x ||
		    lw_key_confirm(key, lw_buf_span(&s->message), lw_buf_span(&x->sig)) !=
			    LW_KEY_GOOD)
			continue;
		for (size_t k = 0; k < n && !again; k++)
			again = lw_digest_equal(counted[k], lw_key_fingerprint(key));
		if (!again)
			counted[n++] = lw_key_fingerprint(key);
	}
	if (n < role->threshold || role->threshold == 0)
		return lw_fail(e, LW_E_SIGNATURE, "want %llu of %zu keys, have %llu",
			       (unsigned long long)role->threshold, role->n_keyids,
			       (unsigned long long)n);
	ret->bytes = lw_buf_span(&s->message);
	return 0;
}
