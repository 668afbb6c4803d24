/* SPDX-License-Identifier: Apache-2.0 */
#include "image/destination.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* Whether "host/path" is one. */
static bool is_repository(const char *host, const char *path)
{
	lw_auto_free char *text = lw_asprintf("%s/%s", host, path);
	struct lw_reference ignored;
	struct lw_error e;

	return !strchr(path, ':') && lw_reference_parse(lw_span_str(text), &ignored, &e) == 0;
}

static int add_rename(struct lw_destination *d, const char *rule, struct lw_error *e)
{
	const char *equals = strchr(rule, '=');
	struct lw_rename *to;
	char shown[256];
	size_t n = equals ? (size_t)(equals - rule) : 0;

	(void)lw_text_escape_str(rule, shown, sizeof(shown));
	if (n == 0 || n >= sizeof(to->from) || !equals[1] ||
	    strlen(equals + 1) >= sizeof(to->to))
		return lw_fail(e, LW_E_USAGE, "want FROM=TO, have '%s'", shown);
	d->renames = lw_realloc_array(d->renames, d->n_renames + 1, sizeof(*d->renames));
	to = &d->renames[d->n_renames++];
	(void)snprintf(to->from, sizeof(to->from), "%.*s", (int)n, rule);
	(void)snprintf(to->to, sizeof(to->to), "%s", equals + 1);
	if (to->from[n - 1] == '/' || !is_repository(d->host, to->to))
		return lw_fail(e, LW_E_USAGE,
			       "'%s': want names of repositories, or their beginnings", shown);
	for (size_t i = 0; i + 1 < d->n_renames; i++)
		if (strcmp(d->renames[i].from, to->from) == 0)
			return lw_fail(e, LW_E_USAGE, "two rules about '%s'", to->from);
	return 0;
}

int lw_destination_parse(const char *text, const char *const *renames, size_t n,
			 struct lw_destination *ret, struct lw_error *e)
{
	const char *slash = strchr(text, '/');
	size_t host = slash ? (size_t)(slash - text) : strlen(text);
	char shown[256];

	(void)lw_text_escape_str(text, shown, sizeof(shown));
	if (host == 0 || host >= sizeof(ret->host) ||
	    (slash && strlen(slash + 1) >= sizeof(ret->prefix)))
		return lw_fail(e, LW_E_USAGE, "want HOST[:PORT][/PREFIX], have '%s'", shown);
	(void)snprintf(ret->host, sizeof(ret->host), "%.*s", (int)host, text);
	(void)snprintf(ret->prefix, sizeof(ret->prefix), "%s", slash ? slash + 1 : "");
	/* What has neither dot nor port is a host here, too, as nobody else stands before it.
	 */
	if (!is_repository(ret->host, slash ? ret->prefix : "a"))
		return lw_fail(
			e, LW_E_USAGE,
			"want HOST[:PORT][/PREFIX], the host with a dot or a port, have '%s'",
			shown);
	for (size_t i = 0; i < n; i++) {
		int r = add_rename(ret, renames[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

void lw_destination_release(struct lw_destination *d)
{
	free(d->renames);
	*d = (struct lw_destination){ 0 };
}

bool lw_destination_is_here(const struct lw_destination *d)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < LW_COUNT_OF(names); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(d->host, names[i], n) == 0 && (!d->host[n] || d->host[n] == ':'))
			return true;
	}
	return false;
}

/* The longest rule whose whole components begin the name; NULL: none. */
static const struct lw_rename *find_rule(const struct lw_destination *d, const char *repository)
{
	const struct lw_rename *best = NULL;

	for (size_t i = 0; i < d->n_renames; i++) {
		const struct lw_rename *rule = &d->renames[i];
		size_t n = strlen(rule->from);

		if (strncmp(repository, rule->from, n) == 0 &&
		    (!repository[n] || repository[n] == '/') &&
		    (!best || n > strlen(best->from)))
			best = rule;
	}
	return best;
}

int lw_destination_map(const struct lw_destination *d, const char *repository,
		       char ret[static LW_MAX_REPOSITORY + 1], struct lw_error *e)
{
	const struct lw_rename *rule = find_rule(d, repository);
	lw_auto_free char *below =
		rule ? lw_asprintf("%s%s", rule->to, repository + strlen(rule->from))
		     : lw_strdup(repository);
	lw_auto_free char *path =
		lw_asprintf("%s%s%s", d->prefix, *d->prefix ? "/" : "", below);
	char *colon = strchr(path, ':');

	if (colon)
		*colon = '_';
	if (strlen(d->host) + 1 + strlen(path) > LW_MAX_REPOSITORY)
		return lw_fail(e, LW_E_LIMIT, "%s would be %s/%s, longer than %zu bytes",
			       repository, d->host, path, LW_MAX_REPOSITORY);
	if (!is_repository(d->host, path))
		return lw_fail(e, LW_E_FORMAT,
			       "%s would be %s/%s, which is no name that a registry takes",
			       repository, d->host, path);
	(void)snprintf(ret, LW_MAX_REPOSITORY + 1, "%s", path);
	return 0;
}
