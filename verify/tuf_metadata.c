/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/tuf_metadata.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "verify/tuf_key.h"
#include "verify/tuf_signed.h"

#include <string.h>

#define FIELD(type, member, read, ...)                                                         \
	{                                                                                      \
		.name = #member, .reader = (read), .offset = offsetof(type, member),           \
		__VA_ARGS__                                                                    \
	}

static const char *const type_names[] = { "root", "timestamp", "snapshot", "targets" };

const char *lw_tuf_type_name(enum lw_tuf_type type)
{
	return type_names[type];
}

static bool is_top_level(const char *role)
{
	for (size_t i = 0; i < LW_COUNT_OF(type_names); i++)
		if (strcmp(role, type_names[i]) == 0)
			return true;
	return false;
}

int lw_tuf_time_parse(const char *text, int64_t *ret_sec, struct lw_error *e)
{
	static const size_t whole = sizeof("2026-11-23T00:51:00") - 1;
	char seconds[LW_TIME_TEXT], shown[64];
	uint64_t hours = 0, minutes = 0;
	int64_t sec = 0;

	if (strlen(text) <= whole || strlen(text) > 40)
		return lw_fail(e, LW_E_FORMAT, "want a time of RFC 3339, have '%s'",
			       lw_text_escape_str(text, shown, sizeof(shown)));
	(void)snprintf(seconds, sizeof(seconds), "%.*sZ", (int)whole, text);

	int r = lw_time_parse(lw_span_str(seconds), &sec, e);
	const char *at = text + whole;

	if (r < 0)
		return r;
	if (*at == '.') {
		size_t digits = strspn(at + 1, "0123456789");

		at += digits ? 1 + digits : 0;
	}
	if (strcmp(at, "Z") != 0) {
		if ((*at != '+' && *at != '-') || strlen(at) != 6 || at[3] != ':' ||
		    lw_num_u64(lw_span(at + 1, 1), 0, 2, &hours, NULL) < 0 ||
		    lw_num_u64(lw_span(at + 2, 1), 0, 9, &minutes, NULL) < 0)
			return lw_fail(e, LW_E_FORMAT, "want a time of RFC 3339, have '%s'",
				       lw_text_escape_str(text, shown, sizeof(shown)));
		hours = hours * 10 + minutes;

		uint64_t tens = 0, ones = 0;

		if (hours > 23 || lw_num_u64(lw_span(at + 4, 1), 0, 5, &tens, NULL) < 0 ||
		    lw_num_u64(lw_span(at + 5, 1), 0, 9, &ones, NULL) < 0)
			return lw_fail(e, LW_E_FORMAT, "an offset that is none");

		int64_t offset = (int64_t)(hours * 3600 + (tens * 10 + ones) * 60);

		sec += *at == '+' ? -offset : offset;
	}
	*ret_sec = sec;
	return 0;
}

/* ---- lists ---- */

/* An array of strings, each of at most so many bytes. */
static int read_strings(const struct lw_json *array, size_t most, size_t bytes,
			const char ***ret, size_t *ret_n, struct lw_error *e)
{
	size_t n = lw_json_count(array);

	if (n > most)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu, have %zu", most, n);
	*ret = lw_alloc_array(n, sizeof(**ret));
	for (const struct lw_json *x = lw_json_first(array); x; x = lw_json_next(x)) {
		const char *s = lw_json_string(x);

		if (!s || strlen(s) > bytes)
			return lw_fail(e, s ? LW_E_LIMIT : LW_E_FORMAT, "want texts");
		(*ret)[(*ret_n)++] = s;
	}
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts them; none may stand twice. */
static int require_distinct(const char **list, size_t n, const char *what, struct lw_error *e)
{
	lw_sort(list, n, sizeof(*list), compare_texts);
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1], list[i]) == 0)
			return lw_fail(e, LW_E_FORMAT, "%s stands twice", what);
	return 0;
}

/* ---- keys and roles ---- */

static int read_keys(struct lw_tuf_metadata *m, const struct lw_json *keys, struct lw_error *e)
{
	size_t n = lw_json_count(keys);

	if (n > LW_MAX_TUF_KEYS)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu keys, have %zu",
			       LW_MAX_TUF_KEYS, n);
	m->keys = lw_alloc_array(n, sizeof(*m->keys));
	for (const struct lw_json *k = lw_json_first(keys); k; k = lw_json_next(k)) {
		struct lw_tuf_key *key = &m->keys[m->n_keys++];
		struct lw_error unusable = { 0 };

		if (lw_json_type(k) != LW_JSON_OBJECT)
			return lw_fail(e, LW_E_FORMAT, "want keys as objects");
		key->keyid = lw_json_key(k);
		/* One that cannot be read is signed by nobody, which its threshold shows. */
		(void)!lw_tuf_key_parse(k, &key->key, &unusable);
	}
	return 0;
}

struct role_fields {
	const char *name, *name_prefix;
	const struct lw_json *keyids, *paths, *path_hash_prefixes;
	uint64_t threshold, bit_length;
	bool terminating;
};

static int read_signers(const struct role_fields *f, struct lw_tuf_role *role,
			struct lw_error *e)
{
	int r = read_strings(f->keyids, LW_MAX_TUF_ROLE_KEYS, LW_MAX_TUF_KEYID, &role->keyids,
			     &role->n_keyids, e);

	role->threshold = f->threshold;
	return r < 0 ? r : require_distinct(role->keyids, role->n_keyids, "a key id", e);
}

static const struct lw_json_field signers_fields[] = {
	FIELD(struct role_fields, keyids, LW_JSON_READ_ARRAY, .flags = LW_JSON_REQUIRED),
	FIELD(struct role_fields, threshold, LW_JSON_READ_U64, .flags = LW_JSON_REQUIRED,
	      .min = 1),
};

static int read_root_roles(struct lw_tuf_metadata *m, const struct lw_json *roles,
			   struct lw_error *e)
{
	m->roles = lw_alloc_array(LW_COUNT_OF(type_names), sizeof(*m->roles));
	for (const struct lw_json *x = lw_json_first(roles); x; x = lw_json_next(x)) {
		struct role_fields f = { 0 };

		if (!is_top_level(lw_json_key(x)))
			continue; /* "mirrors", of old */

		struct lw_tuf_role *role = &m->roles[m->n_roles++];
		int r = lw_json_read(x, signers_fields, LW_COUNT_OF(signers_fields),
				     LW_JSON_IGNORE_UNKNOWN, lw_json_key(x), &f, e);

		role->name = lw_json_key(x);
		if (r == 0)
			r = read_signers(&f, role, e);
		if (r < 0)
			return r;
	}
	return m->n_roles == LW_COUNT_OF(type_names)
		       ? 0
		       : lw_fail(e, LW_E_FORMAT, "roles: want the four top-level ones");
}

/* What clients read differently: sets, and the backslash. */
static int check_patterns(const struct lw_tuf_role *role, struct lw_error *e)
{
	for (size_t i = 0; i < role->n_paths; i++)
		if (strpbrk(role->paths[i], "[]\\"))
			return lw_fail(e, LW_E_UNSUPPORTED,
				       "a path pattern with '[', ']' or '\\'");
	for (size_t i = 0; i < role->n_prefixes; i++)
		if (strlen(role->prefixes[i]) == 0 || strlen(role->prefixes[i]) > 64 ||
		    role->prefixes[i][strspn(role->prefixes[i], "0123456789abcdef")])
			return lw_fail(e, LW_E_FORMAT, "a path hash prefix that is no hex");
	return 0;
}

static int read_delegated(const struct lw_json *node, struct lw_tuf_role *role,
			  struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		FIELD(struct role_fields, name, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED,
		      .min = 1, .max = LW_MAX_TUF_ROLE),
		FIELD(struct role_fields, keyids, LW_JSON_READ_ARRAY,
		      .flags = LW_JSON_REQUIRED),
		FIELD(struct role_fields, threshold, LW_JSON_READ_U64,
		      .flags = LW_JSON_REQUIRED, .min = 1),
		FIELD(struct role_fields, terminating, LW_JSON_READ_BOOL,
		      .flags = LW_JSON_REQUIRED),
		FIELD(struct role_fields, paths, LW_JSON_READ_ARRAY),
		FIELD(struct role_fields, path_hash_prefixes, LW_JSON_READ_ARRAY),
	};
	struct role_fields f = { 0 };
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "delegated role", &f, e);

	if (r < 0)
		return r;
	if (is_top_level(f.name))
		return lw_fail(e, LW_E_FORMAT, "a delegated role called %s", f.name);
	if (!f.paths == !f.path_hash_prefixes)
		return lw_fail(e, LW_E_FORMAT, "want either paths or path_hash_prefixes");
	role->name = f.name;
	role->terminating = f.terminating;
	r = read_signers(&f, role, e);
	if (r == 0 && f.paths)
		r = read_strings(f.paths, LW_MAX_TUF_PATTERNS, LW_MAX_TUF_PATH, &role->paths,
				 &role->n_paths, e);
	if (r == 0 && f.path_hash_prefixes)
		r = read_strings(f.path_hash_prefixes, LW_MAX_TUF_PATTERNS, LW_MAX_TUF_PATH,
				 &role->prefixes, &role->n_prefixes, e);
	return r < 0 ? r : check_patterns(role, e);
}

static int read_roles(struct lw_tuf_metadata *m, const struct lw_json *roles,
		      struct lw_error *e)
{
	size_t n = lw_json_count(roles);
	int r = 0;

	if (n > LW_MAX_TUF_ROLES)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu roles, have %zu",
			       LW_MAX_TUF_ROLES, n);

	lw_auto_free const char **names = lw_alloc_array(n, sizeof(*names));

	m->roles = lw_alloc_array(n, sizeof(*m->roles));
	for (const struct lw_json *x = lw_json_first(roles); x && r == 0; x = lw_json_next(x)) {
		r = read_delegated(x, &m->roles[m->n_roles++], e);
		names[m->n_roles - 1] = m->roles[m->n_roles - 1].name;
	}
	return r < 0 ? r : require_distinct(names, n, "a delegated role", e);
}

static int read_bins(struct lw_tuf_metadata *m, const struct lw_json *node, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		FIELD(struct role_fields, keyids, LW_JSON_READ_ARRAY,
		      .flags = LW_JSON_REQUIRED),
		FIELD(struct role_fields, threshold, LW_JSON_READ_U64,
		      .flags = LW_JSON_REQUIRED, .min = 1),
		FIELD(struct role_fields, bit_length, LW_JSON_READ_U64,
		      .flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_TUF_BIN_BITS),
		FIELD(struct role_fields, name_prefix, LW_JSON_READ_STRING,
		      .flags = LW_JSON_REQUIRED, .min = 1, .max = LW_MAX_TUF_ROLE - 16),
	};
	struct role_fields f = { 0 };
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "succinct_roles", &f, e);

	if (r < 0)
		return r;
	m->bins.bits = (unsigned)f.bit_length;
	m->bins.prefix = f.name_prefix;
	return read_signers(&f, &m->bins.role, e);
}

static int read_delegations(struct lw_tuf_metadata *m, const struct lw_json *node,
			    struct lw_error *e)
{
	struct delegations {
		const struct lw_json *keys, *roles, *succinct_roles;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		FIELD(struct delegations, keys, LW_JSON_READ_OBJECT, .flags = LW_JSON_REQUIRED),
		FIELD(struct delegations, roles, LW_JSON_READ_ARRAY),
		FIELD(struct delegations, succinct_roles, LW_JSON_READ_OBJECT),
	};
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "delegations", &f, e);

	if (r < 0)
		return r;
	if (!f.roles == !f.succinct_roles)
		return lw_fail(e, LW_E_FORMAT, "want either roles or succinct_roles");
	r = read_keys(m, f.keys, e);
	if (r == 0 && f.roles)
		r = read_roles(m, f.roles, e);
	if (r == 0 && f.succinct_roles)
		r = read_bins(m, f.succinct_roles, e);
	return r < 0 ? lw_prefix(e, "delegations") : 0;
}

/* ---- files ---- */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(lw_json_key(*(const struct lw_json *const *)a),
		      lw_json_key(*(const struct lw_json *const *)b));
}

/* Sorted, and each of them read once: a fault in one is a fault of the document. */
static int read_files(struct lw_tuf_metadata *m, const struct lw_json *files,
		      struct lw_error *e)
{
	char shown[96];

	m->files = lw_alloc_array(lw_json_count(files), sizeof(*m->files));
	for (const struct lw_json *f = lw_json_first(files); f; f = lw_json_next(f))
		m->files[m->n_files++] = f;
	lw_sort(m->files, m->n_files, sizeof(*m->files), compare_keys);
	for (size_t i = 0; i < m->n_files; i++) {
		struct lw_tuf_file ignored;
		const char *name = lw_json_key(m->files[i]);
		int r = lw_tuf_file(m, name, &ignored, e);

		if (r < 0)
			return lw_prefix(e, "'%s'",
					 lw_text_escape_str(name, shown, sizeof(shown)));
	}
	return 0;
}

static int check_hashes(const struct lw_json *hashes, struct lw_error *e)
{
	if (lw_json_count(hashes) == 0)
		return lw_fail(e, LW_E_FORMAT, "hashes, and none of them");
	for (const struct lw_json *h = lw_json_first(hashes); h; h = lw_json_next(h))
		if (!lw_json_string(h))
			return lw_fail(e, LW_E_FORMAT, "want hashes as texts");
	return 0;
}

int lw_tuf_file(const struct lw_tuf_metadata *m, const char *name, struct lw_tuf_file *ret,
		struct lw_error *e)
{
	struct file_fields {
		uint64_t version, length;
		const struct lw_json *hashes, *custom;
	} f = { .length = UINT64_MAX };
	static const struct lw_json_field of_targets[] = {
		FIELD(struct file_fields, length, LW_JSON_READ_U64, .flags = LW_JSON_REQUIRED),
		FIELD(struct file_fields, hashes, LW_JSON_READ_OBJECT,
		      .flags = LW_JSON_REQUIRED),
		FIELD(struct file_fields, custom, LW_JSON_READ_ANY),
	};
	static const struct lw_json_field of_metadata[] = {
		FIELD(struct file_fields, version, LW_JSON_READ_U64, .flags = LW_JSON_REQUIRED,
		      .min = 1),
		FIELD(struct file_fields, length, LW_JSON_READ_U64),
		FIELD(struct file_fields, hashes, LW_JSON_READ_OBJECT),
	};
	bool targets = m->type == LW_TUF_TARGETS;
	size_t low = 0, high = m->n_files;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(lw_json_key(m->files[middle]), name);

		if (order == 0) {
			int r = lw_json_read(m->files[middle],
					     targets ? of_targets : of_metadata, 3,
					     LW_JSON_IGNORE_UNKNOWN, "file", &f, e);
			if (r == 0 && f.hashes)
				r = check_hashes(f.hashes, e);
			if (r < 0)
				return r;
			*ret = (struct lw_tuf_file){ .version = (int64_t)f.version,
						     .has_length = f.length != UINT64_MAX,
						     .length = f.length,
						     .hashes = f.hashes,
						     .custom = f.custom };
			return 0;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return lw_fail(e, LW_E_NOTFOUND, "not listed");
}

/* ---- the document ---- */

struct top {
	const char *_type, *spec_version, *expires;
	uint64_t version;
	bool consistent_snapshot;
	const struct lw_json *keys, *roles, *meta, *targets, *delegations;
};

/* "1.0.34", and "1.0" as it was written once. */
static bool is_specification_1(const char *version)
{
	size_t parts = 0;

	if (strncmp(version, "1.", 2) != 0)
		return false;
	for (version++; *version == '.' && parts < 3; parts++) {
		size_t digits = strspn(version + 1, "0123456789");

		if (digits == 0)
			return false;
		version += 1 + digits;
	}
	return *version == '\0' && parts < 3;
}

static int read_top(const struct lw_json *root, enum lw_tuf_type type, struct top *t,
		    struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		FIELD(struct top, _type, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED),
		FIELD(struct top, spec_version, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED),
		FIELD(struct top, version, LW_JSON_READ_U64, .flags = LW_JSON_REQUIRED,
		      .min = 1),
		FIELD(struct top, expires, LW_JSON_READ_STRING, .flags = LW_JSON_REQUIRED),
		FIELD(struct top, consistent_snapshot, LW_JSON_READ_BOOL),
		FIELD(struct top, keys, LW_JSON_READ_OBJECT),
		FIELD(struct top, roles, LW_JSON_READ_OBJECT),
		FIELD(struct top, meta, LW_JSON_READ_OBJECT),
		FIELD(struct top, targets, LW_JSON_READ_OBJECT),
		FIELD(struct top, delegations, LW_JSON_READ_OBJECT),
	};
	char shown[64];
	int r = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN,
			     "metadata", t, e);

	if (r < 0)
		return r;
	if (strcmp(t->_type, type_names[type]) != 0)
		return lw_fail(e, LW_E_FORMAT, "want metadata of type %s, have '%s'",
			       type_names[type],
			       lw_text_escape_str(t->_type, shown, sizeof(shown)));
	if (!is_specification_1(t->spec_version))
		return lw_fail(e, LW_E_UNSUPPORTED, "want specification 1, have '%s'",
			       lw_text_escape_str(t->spec_version, shown, sizeof(shown)));
	return 0;
}

static int read_body(struct lw_tuf_metadata *m, const struct top *t, struct lw_error *e)
{
	const struct lw_json *files = m->type == LW_TUF_TARGETS ? t->targets : t->meta;
	int r;

	if (m->type == LW_TUF_ROOT) {
		if (!t->keys || !t->roles)
			return lw_fail(e, LW_E_FORMAT, "a root without keys or roles");
		m->consistent_snapshot = t->consistent_snapshot;
		r = read_keys(m, t->keys, e);
		return r < 0 ? r : read_root_roles(m, t->roles, e);
	}
	if (!files)
		return lw_fail(e, LW_E_FORMAT, "%s without its list of files",
			       type_names[m->type]);
	r = read_files(m, files, e);
	if (r == 0 && m->type == LW_TUF_TARGETS && t->delegations)
		r = read_delegations(m, t->delegations, e);
	if (r == 0 && m->type == LW_TUF_TIMESTAMP && m->n_files != 1)
		r = lw_fail(e, LW_E_FORMAT, "a timestamp of %zu files", m->n_files);
	return r;
}

int lw_tuf_metadata_parse(struct lw_proven message, enum lw_tuf_type type,
			  struct lw_tuf_metadata **ret, struct lw_error *e)
{
	LW_AUTO(tuf_metadata)
	struct lw_tuf_metadata *m = lw_alloc_array(1, sizeof(*m));
	struct top t = { 0 };
	int r = lw_tuf_read_canonical(message.bytes, &m->doc, e);

	m->type = type;
	if (r == 0)
		r = read_top(lw_json_root(m->doc), type, &t, e);
	if (r == 0)
		r = lw_tuf_time_parse(t.expires, &m->expires, e);
	m->version = (int64_t)t.version;
	if (r == 0)
		r = read_body(m, &t, e);
	if (r == 0)
		*ret = lw_steal(m);
	return r;
}

static void release_role(struct lw_tuf_role *role)
{
	free(role->keyids);
	free(role->paths);
	free(role->prefixes);
}

void lw_tuf_metadata_free(struct lw_tuf_metadata *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_keys; i++)
		lw_key_free(m->keys[i].key);
	free(m->keys);
	for (size_t i = 0; i < m->n_roles; i++)
		release_role(&m->roles[i]);
	free(m->roles);
	release_role(&m->bins.role);
	free(m->files);
	lw_json_free(m->doc);
	free(m);
}

const struct lw_tuf_role *lw_tuf_root_role(const struct lw_tuf_metadata *root, const char *name)
{
	for (size_t i = 0; i < root->n_roles; i++)
		if (strcmp(root->roles[i].name, name) == 0)
			return &root->roles[i];
	return NULL;
}
