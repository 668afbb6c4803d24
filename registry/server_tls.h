/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_SERVER_TLS_H
#define LW_REGISTRY_SERVER_TLS_H

/*
 * TLS of the side that speaks HTTP: what GnuTLS says of the certificate, the key and the CA it
 * is given, and whether a client has shown a certificate of that CA. libmicrohttpd does the
 * rest with the same library. Inside the jail, after lw_server_tls_prepare.
 */

#include "registry/wire.h"

/* TLS 1.3 and 1.2 (RFC 8446, RFC 5246), authenticated ciphers under ephemeral keys alone. */
#define LW_SERVER_TLS_PRIORITIES                                                               \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"        \
	":-MAC-ALL:+AEAD"

/* Before the jail: reads the library's configuration, and what the processor can. */
void lw_server_tls_prepare(void);

/* That the certificate is there, is valid at that time, and is the key's; that the client CA,
 * where there is one, is a CA's. LW_E_FORMAT, LW_E_KEY, LW_E_CONFLICT; *ret_part says of which
 * of them, also on success. ret's level is left alone. */
int lw_server_tls_check(const struct lw_listen *l, int64_t now_sec, struct lw_ready *ret,
			enum lw_listen_part *ret_part, struct lw_error *e) LW_WARN_UNUSED;

/* On a session that begins (a gnutls_session_t): its handshake fails unless the client shows a
 * certificate that the CA signed, valid now, not for another purpose than being a client. */
void lw_server_tls_demand(void *session);
/* Whether that was asked of the session, and came true. NULL: no. */
bool lw_server_tls_is_shown(void *session);

#endif
