/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/reach.h"

#include "base/num.h"

#include <string.h>

const char *lw_arg_authfile, *lw_arg_cert_dir, *lw_arg_chunk_size;
bool lw_arg_plain_http;

#define MOST_FILES 4

void lw_reach_release(struct lw_reach *r)
{
	free(r->host);
	lw_credential_release(&r->credential);
	lw_certificates_release(&r->certificates);
	*r = (struct lw_reach){ 0 };
}

/* ---- credentials ---- */

struct files {
	char *list[MOST_FILES]; /* owned */
	size_t n;
	bool required;
};

static void auto_files(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->list[i]);
}

static void add_below(struct files *f, const char *folder, const char *name)
{
	if (folder && *folder)
		f->list[f->n++] = lw_asprintf("%s/%s", folder, name);
}

/* In the order in which podman looks (containers-auth.json(5)). */
static void list_files(struct files *f)
{
	const char *given = lw_arg_authfile ? lw_arg_authfile : getenv("REGISTRY_AUTH_FILE");
	const char *docker = getenv("DOCKER_CONFIG"), *home = getenv("HOME"),
		   *config = getenv("XDG_CONFIG_HOME");

	if (given && *given) {
		f->list[f->n++] = lw_strdup(given);
		f->required = true;
		return;
	}
	add_below(f, getenv("XDG_RUNTIME_DIR"), "containers/auth.json");
	if (config && *config)
		add_below(f, config, "containers/auth.json");
	else
		add_below(f, home, ".config/containers/auth.json");
	if (docker && *docker)
		add_below(f, docker, "config.json");
	else
		add_below(f, home, ".docker/config.json");
}

static int find_credential(const char *host, const char *repository, struct lw_credential *ret,
			   struct lw_error *e)
{
	struct files f __attribute__((cleanup(auto_files))) = { 0 };
	lw_auto_free char *where = lw_asprintf("%s/%s", host, repository);

	list_files(&f);
	return lw_credentials_find((const char *const *)f.list, f.n, f.required, where,
				   lw_credential_helper_run, ret, e);
}

/* ---- certificates ---- */

/* The first folder that is there, as containers-certs.d(5) has it. */
static int find_certificates(const char *host, struct lw_certificates *ret, struct lw_error *e)
{
	const char *home = getenv("HOME");
	lw_auto_free char *own =
		lw_asprintf("%s/.config/containers/certs.d/%s", home ? home : "", host);
	lw_auto_free char *system = lw_asprintf("/etc/containers/certs.d/%s", host);
	lw_auto_free char *docker = lw_asprintf("/etc/docker/certs.d/%s", host);
	const char *const folders[] = { own, system, docker };

	if (lw_arg_cert_dir)
		return lw_certificates_read(lw_arg_cert_dir, ret, e);
	for (size_t i = home && *home ? 0 : 1; i < LW_COUNT_OF(folders); i++) {
		int r = lw_certificates_read(folders[i], ret, e);

		if (r != -LW_E_NOTFOUND)
			return r;
	}
	return 0;
}

/* ---- both ---- */

static int take_chunk_size(struct lw_client_settings *c, struct lw_error *e)
{
	int r = 0;

	if (lw_arg_chunk_size)
		r = lw_num_size(lw_span_str(lw_arg_chunk_size), &c->chunk_bytes, e);
	if (r == 0 && lw_arg_chunk_size && c->chunk_bytes == 0)
		r = lw_fail(e, LW_E_USAGE, "want more than nothing");
	return r < 0 ? lw_command_misused(e, "--chunk-size") : 0;
}

int lw_reach_check(const struct lw_destination *d, struct lw_error *e)
{
	struct lw_client_settings ignored = { 0 };

	if (lw_arg_plain_http && !lw_destination_is_here(d))
		return lw_fail(e, LW_E_USAGE,
			       "--plain-http: only to localhost, 127.0.0.1 or [::1]; have %s",
			       d->host);
	return take_chunk_size(&ignored, e);
}

static void fill(const struct lw_reach *reach, const char *host, struct lw_pusher_settings *ret)
{
	struct lw_client_settings *c = &ret->client;

	c->host = host;
	c->plain = lw_arg_plain_http;
	c->ca = lw_buf_span(&reach->certificates.ca);
	c->certificate = lw_buf_span(&reach->certificates.certificate);
	c->key = lw_buf_span(&reach->certificates.key);
	c->username = reach->credential.username;
	c->password = reach->credential.password;
	c->identity_token = reach->credential.identity_token;
	lw_command_proxies(&ret->proxies);
}

/* What is in the user's files is the user's to mend. */
static int not_ours(struct lw_error *e)
{
	if (e->code != LW_E_IO && e->code != LW_E_STATE)
		(void)!lw_fail_as(e, LW_E_USAGE);
	return lw_prefix(e, "to reach the registry");
}

/* A helper may give another password for the same place, an hour later. */
static bool is_same(const struct lw_credential *a, const struct lw_credential *b)
{
	return strcmp(a->username, b->username) == 0 && strcmp(a->password, b->password) == 0 &&
	       strcmp(a->identity_token, b->identity_token) == 0;
}

int lw_reach_registry(void *data, const char *host, const char *repository,
		      struct lw_pusher_settings *ret, struct lw_error *e)
{
	struct lw_reach *reach = data;
	LW_AUTO(credential) struct lw_credential credential = { 0 };
	LW_AUTO(certificates) struct lw_certificates certificates = { 0 };
	int r = find_credential(host, repository, &credential, e);

	if (r < 0)
		return not_ours(e);
	if (reach->host && strcmp(reach->host, host) == 0 &&
	    is_same(&reach->credential, &credential))
		return lw_fail(e, LW_E_EXISTS, "as the time before");
	r = find_certificates(host, &certificates, e);
	if (r < 0)
		return not_ours(e);
	r = take_chunk_size(&ret->client, e);
	if (r < 0)
		return r;
	lw_reach_release(reach);
	reach->host = lw_strdup(host);
	reach->credential = credential;
	credential = (struct lw_credential){ 0 };
	reach->certificates = certificates;
	certificates = (struct lw_certificates){ 0 };
	fill(reach, host, ret);
	return 0;
}
