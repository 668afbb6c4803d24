/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/delegation.h"

#include "base/mem.h"
#include "tuf/path.h"
#include "verify/tuf_metadata.h"

#include <string.h>

#define MAX_BITS 32 /* TAP 15 */

static struct lw_value *delegations(const struct lw_metafile *m)
{
	return lw_value_get_object(m->body, "delegations");
}

static bool is_root(const struct lw_metafile *m)
{
	const char *type = lw_value_get_string(m->body, "_type");

	return type && strcmp(type, "root") == 0;
}

size_t lw_delegation_count(const struct lw_metafile *m)
{
	const struct lw_value *in = is_root(m) ? NULL : delegations(m);
	const struct lw_value *roles = lw_value_get_array(in, "roles");

	if (lw_value_get_object(in, "succinct_roles"))
		return 1;
	return roles ? roles->n : 0;
}

struct lw_delegation lw_delegation_at(const struct lw_metafile *m, size_t i)
{
	const struct lw_value *in = delegations(m);
	struct lw_value *keys = lw_value_get_object(in, "keys");
	struct lw_value *succinct = lw_value_get_object(in, "succinct_roles");

	if (succinct)
		return (struct lw_delegation){ keys, succinct, true };
	return (struct lw_delegation){ keys, lw_value_get_array(in, "roles")->list[i], false };
}

const char *lw_delegation_name(const struct lw_delegation *d)
{
	const char *name = lw_value_get_string(d->role, d->succinct ? "name_prefix" : "name");

	return name ? name : "";
}

uint64_t lw_delegation_roles(const struct lw_delegation *d)
{
	int64_t bits = lw_value_get_integer(d->role, "bit_length");

	if (!d->succinct)
		return 1;
	return bits < 1 || bits > MAX_BITS ? 0 : (uint64_t)1 << bits;
}

/* How many hexadecimal digits a bin's number has. */
static int digits(const struct lw_delegation *d)
{
	return (int)((lw_value_get_integer(d->role, "bit_length") + 3) / 4);
}

void lw_delegation_role_name(const struct lw_delegation *d, uint64_t i, struct lw_buf *out)
{
	lw_buf_adds(out, lw_delegation_name(d));
	if (d->succinct)
		lw_buf_printf(out, "-%0*llx", digits(d), (unsigned long long)i);
}

void lw_delegation_bin(const struct lw_delegation *d, const char *path, struct lw_buf *out)
{
	struct lw_digest digest = lw_digest_of(lw_span_str(path));
	const uint8_t *b = digest.sha256;
	uint32_t head =
		(uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	int64_t bits = lw_value_get_integer(d->role, "bit_length");

	lw_delegation_role_name(d, bits < 1 || bits > MAX_BITS ? 0 : head >> (MAX_BITS - bits),
				out);
}

/* A bin is named with the prefix, a hyphen, and a number that is one. */
static bool is_bin(const struct lw_delegation *d, const char *role)
{
	const char *prefix = lw_delegation_name(d);
	size_t n = strlen(prefix), length = (size_t)digits(d);
	uint64_t number = 0;

	if (lw_delegation_roles(d) == 0 || strncmp(role, prefix, n) != 0 || role[n] != '-' ||
	    strlen(role + n + 1) != length ||
	    strspn(role + n + 1, "0123456789abcdef") != length)
		return false;
	for (const char *p = role + n + 1; *p; p++)
		number = number << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
	return number < lw_delegation_roles(d);
}

bool lw_delegation_find(const struct lw_metafile *m, const char *role,
			struct lw_delegation *ret)
{
	if (is_root(m)) {
		struct lw_value *found =
			lw_path_is_top_level(role)
				? lw_value_get_object(lw_value_get_object(m->body, "roles"),
						      role)
				: NULL;

		*ret = (struct lw_delegation){ lw_value_get_object(m->body, "keys"), found,
					       false };
		return found != NULL;
	}
	for (size_t i = 0; i < lw_delegation_count(m); i++) {
		*ret = lw_delegation_at(m, i);
		if (ret->succinct ? is_bin(ret, role)
				  : strcmp(lw_delegation_name(ret), role) == 0)
			return true;
	}
	return false;
}

bool lw_delegation_covers(const struct lw_delegation *d, const char *name, const char *path)
{
	const struct lw_value *paths = lw_value_get_array(d->role, "paths");
	const struct lw_value *prefixes = lw_value_get_array(d->role, "path_hash_prefixes");
	struct lw_digest digest = lw_digest_of(lw_span_str(path));
	char hex[65];

	if (d->succinct) {
		LW_AUTO(buf) struct lw_buf bin = { 0 };

		lw_delegation_bin(d, path, &bin);
		return strcmp(lw_buf_str(&bin), name) == 0;
	}
	lw_digest_hex(&digest, hex);
	for (size_t i = 0; prefixes && i < prefixes->n; i++)
		if (prefixes->list[i]->type == LW_JSON_STRING &&
		    strncmp(hex, prefixes->list[i]->string,
			    strlen(prefixes->list[i]->string)) == 0)
			return true;
	for (size_t i = 0; paths && i < paths->n; i++)
		if (paths->list[i]->type == LW_JSON_STRING &&
		    lw_tuf_path_matches(paths->list[i]->string, path))
			return true;
	return false;
}

/* ---- keys that nobody has ---- */

static bool names_key(const struct lw_value *role, const char *keyid)
{
	const struct lw_value *ids = lw_value_get_array(role, "keyids");

	for (size_t i = 0; ids && i < ids->n; i++)
		if (ids->list[i]->type == LW_JSON_STRING &&
		    strcmp(ids->list[i]->string, keyid) == 0)
			return true;
	return false;
}

static bool is_used(const struct lw_metafile *m, const char *keyid)
{
	const struct lw_value *roles = lw_value_get_object(m->body, "roles");

	if (is_root(m)) {
		for (size_t i = 0; roles && i < roles->n; i++)
			if (names_key(roles->list[i], keyid))
				return true;
		return false;
	}
	for (size_t i = 0; i < lw_delegation_count(m); i++)
		if (names_key(lw_delegation_at(m, i).role, keyid))
			return true;
	return false;
}

void lw_delegation_forget_keys(struct lw_metafile *m)
{
	struct lw_value *keys =
		lw_value_get_object(is_root(m) ? m->body : delegations(m), "keys");

	for (size_t i = keys ? keys->n : 0; i-- > 0;)
		if (!is_used(m, keys->list[i]->key))
			lw_value_take_out(keys, i);
}
