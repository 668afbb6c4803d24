/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/server_tls.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <string.h>

struct chain {
	gnutls_x509_crt_t *list;
	unsigned n;
};

static inline void lw_auto_chain_(struct chain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		gnutls_x509_crt_deinit(c->list[i]);
	gnutls_free(c->list);
}

LW_DEFINE_AUTO(credentials, gnutls_certificate_credentials_t,
	       gnutls_certificate_free_credentials);
LW_DEFINE_AUTO(x509_key, gnutls_x509_privkey_t, gnutls_x509_privkey_deinit);

void lw_server_tls_prepare(void)
{
	/* Counted by the library; what fails here fails again when it is used. */
	(void)gnutls_global_init();
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)text,
				 .size = (unsigned)strlen(text) };
}

/* ---- certificates ---- */

static int read_chain(const char *pem, struct chain *ret, struct lw_error *e)
{
	const gnutls_datum_t d = datum(pem);
	int r = gnutls_x509_crt_list_import2(&ret->list, &ret->n, &d, GNUTLS_X509_FMT_PEM, 0);

	if (r < 0)
		return lw_fail(e, LW_E_FORMAT, "want certificates in PEM: %s",
			       gnutls_strerror(r));
	return ret->n > 0 ? 0 : lw_fail(e, LW_E_FORMAT, "want a certificate in PEM, have none");
}

static const char *subject(gnutls_x509_crt_t crt, char out[static 256])
{
	char name[200] = "";
	size_t n = sizeof(name);

	if (gnutls_x509_crt_get_dn(crt, name, &n) < 0)
		name[0] = '\0';
	return lw_text_escape_str(name, out, 256);
}

static int check_time(const struct chain *c, int64_t now_sec, struct lw_error *e)
{
	for (unsigned i = 0; i < c->n; i++) {
		int64_t from = gnutls_x509_crt_get_activation_time(c->list[i]);
		int64_t until = gnutls_x509_crt_get_expiration_time(c->list[i]);
		char times[3][LW_TIME_TEXT], shown[256];

		if (now_sec >= from && now_sec <= until)
			continue;
		return lw_fail(e, LW_E_FORMAT,
			       "the certificate of %s is valid from %s to %s, and it is %s: "
			       "have a new one made%s",
			       subject(c->list[i], shown), lw_time_format(from, times[0]),
			       lw_time_format(until, times[1]),
			       lw_time_format(now_sec, times[2]),
			       now_sec < from ? ", or set the clock" : "");
	}
	return 0;
}

static int check_certificate(const char *pem, int64_t now_sec, struct lw_ready *ret,
			     struct lw_error *e)
{
	LW_AUTO(chain) struct chain chain = { 0 };
	size_t n = LW_DIGEST_BYTES;
	int r = read_chain(pem, &chain, e);

	if (r == 0)
		r = check_time(&chain, now_sec, e);
	if (r < 0)
		return r;
	if (gnutls_x509_crt_get_fingerprint(chain.list[0], GNUTLS_DIG_SHA256,
					    ret->fingerprint.sha256, &n) < 0)
		return lw_fail(e, LW_E_INTERNAL, "no fingerprint");
	ret->until_sec = (uint64_t)gnutls_x509_crt_get_expiration_time(chain.list[0]);
	return 0;
}

static int check_client_ca(const char *pem, int64_t now_sec, struct lw_error *e)
{
	LW_AUTO(chain) struct chain chain = { 0 };
	char shown[256];
	int r = read_chain(pem, &chain, e);

	if (r == 0)
		r = check_time(&chain, now_sec, e);
	for (unsigned i = 0; i < chain.n && r == 0; i++)
		if (gnutls_x509_crt_get_ca_status(chain.list[i], NULL) <= 0)
			r = lw_fail(e, LW_E_FORMAT,
				    "the certificate of %s is not a CA's: give that of who "
				    "signs the clients'",
				    subject(chain.list[i], shown));
	return r;
}

/* ---- the key ---- */

static int check_key(const char *pem, struct lw_error *e)
{
	LW_AUTO(x509_key) gnutls_x509_privkey_t key = NULL;
	const gnutls_datum_t d = datum(pem);
	int r = gnutls_x509_privkey_init(&key);

	if (strstr(pem, "ENCRYPTED"))
		return lw_fail(
			e, LW_E_KEY,
			"the key is encrypted, and nobody is there to say its passphrase "
			"when a service starts: `openssl pkey -in IT -out PLAIN` in a "
			"folder that is yours alone");
	if (r == 0)
		r = gnutls_x509_privkey_import2(key, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
	return r == 0 ? 0
		      : lw_fail(e, LW_E_KEY, "want a private key in PEM: %s",
				gnutls_strerror(r));
}

static int check_pair(const struct lw_listen *l, struct lw_error *e)
{
	LW_AUTO(credentials) gnutls_certificate_credentials_t c = NULL;
	const gnutls_datum_t certificate = datum(l->certificate), key = datum(l->key);
	int r = gnutls_certificate_allocate_credentials(&c);

	if (r == 0)
		r = gnutls_certificate_set_x509_key_mem(c, &certificate, &key,
							GNUTLS_X509_FMT_PEM);
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return lw_fail(e, LW_E_CONFLICT,
			       "the key is not that of the (first) certificate: give the two "
			       "that belong together");
	return r >= 0 ? 0
		      : lw_fail(e, LW_E_FORMAT, "certificate and key: %s", gnutls_strerror(r));
}

int lw_server_tls_check(const struct lw_listen *l, int64_t now_sec, struct lw_ready *ret,
			enum lw_listen_part *ret_part, struct lw_error *e)
{
	int r;

	*ret_part = LW_LISTEN_CERTIFICATE;
	r = check_certificate(l->certificate, now_sec, ret, e);
	if (r < 0)
		return r;
	*ret_part = LW_LISTEN_KEY;
	r = check_key(l->key, e);
	if (r == 0)
		r = check_pair(l, e);
	if (r < 0 || !*l->client_ca)
		return r;
	*ret_part = LW_LISTEN_CLIENT_CA;
	return check_client_ca(l->client_ca, now_sec, e);
}

/* ---- clients ---- */

void lw_server_tls_demand(void *session)
{
	/* What the library does not copy. */
	static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
	static gnutls_typed_vdata_st wanted[] = { { .type = GNUTLS_DT_KEY_PURPOSE_OID,
						    .data = purpose,
						    .size = sizeof(purpose) - 1 } };

	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_cert2(session, wanted, LW_COUNT_OF(wanted), 0);
}

bool lw_server_tls_is_shown(void *session)
{
	/* All bits are set where nothing was verified. */
	return session && gnutls_session_get_verify_cert_status(session) == 0;
}
