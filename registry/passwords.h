/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_PASSWORDS_H
#define LW_REGISTRY_PASSWORDS_H

/*
 * Who may ask the registry: names and bcrypt hashes, as `htpasswd -B` writes them, read once.
 * The hashes are libcrypt's affair (crypt(5)); this side of the registry alone has them.
 *
 * A password that was right is remembered by a keyed hash, so that who is known costs no second
 * bcrypt and waits for nobody. Every other attempt costs one, whether the name is known or not,
 * and there are only so many a second: those beyond are told to come again.
 */

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

#define LW_MAX_HTPASSWD_BYTES ((size_t)1 << 20)
#define LW_MAX_PASSWORD	      ((size_t)72) /* what bcrypt reads of one; a longer one is wrong */
#define LW_MAX_PASSWORD_COST  12	   /* a check holds up everybody else meanwhile */

/* Fresh checks: one in so many microseconds, or at most a quarter of the time where they take
 * long; as many at once as fit in LW_PASSWORD_BURST_USEC. */
#define LW_PASSWORD_SHARE      4
#define LW_PASSWORD_EVERY_USEC INT64_C(50000)
#define LW_PASSWORD_BURST_USEC INT64_C(2000000)

struct lw_passwords;

/* "name:$2y$05$..." lines and nothing else. LW_E_FORMAT names the line: another kind of hash, a
 * cost above LW_MAX_PASSWORD_COST, a name twice, no name; or no line at all. LW_E_UNSUPPORTED:
 * libcrypt has no bcrypt. */
int lw_passwords_parse(struct lw_span text, struct lw_passwords **ret,
		       struct lw_error *e) LW_WARN_UNUSED;
void lw_passwords_free(struct lw_passwords *p);
size_t lw_passwords_count(const struct lw_passwords *p);

enum lw_password {
	LW_PASSWORD_WRONG, /* or nobody is called so */
	LW_PASSWORD_RIGHT,
	LW_PASSWORD_LATER, /* not looked at: too many at once */
};

/* Time is any clock that only grows. Constant in what it tells of a name by time, as long as
 * all hashes are of one cost. */
enum lw_password lw_passwords_check(struct lw_passwords *p, const char *name,
				    const char *password, int64_t now_usec) LW_WARN_UNUSED;

static inline void lw_auto_passwords_(struct lw_passwords **p)
{
	lw_passwords_free(*p);
}

#endif
