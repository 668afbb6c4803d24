/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_CERTIFICATES_H
#define LW_REGISTRY_CERTIFICATES_H

/* Whose certificates vouch for a registry, and what we show it of ourselves, as container tools
 * keep it: a folder of *.crt, and *.cert with its *.key (containers-certs.d(5)). */

#include "base/buf.h"

struct lw_certificates {
	struct lw_buf ca, certificate, key; /* PEM */
};

/* LW_E_NOTFOUND: there is no such folder. LW_E_FORMAT: a certificate without its key, or
 * two, or none in a file.
 * LW_E_IO. Zero-initialise *ret; release it also after an error. */
int lw_certificates_read(const char *folder, struct lw_certificates *ret,
			 struct lw_error *e) LW_WARN_UNUSED;
void lw_certificates_release(struct lw_certificates *c); /* wipes */

static inline void lw_auto_certificates_(struct lw_certificates *c)
{
	lw_certificates_release(c);
}

#endif
