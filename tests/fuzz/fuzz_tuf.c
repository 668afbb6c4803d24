/* SPDX-License-Identifier: Apache-2.0 */

/*
 * TUF role files as they come from a repository, read as each of the types. What is signed must
 * be in the form that is signed, and jansson must see the same in the file; a file is of one
 * type at most; and what is read of it is the same each time, also across a box's wall and out
 * of a file that is made of the signed form. Nothing is proven without signatures.
 */

#include "base/limits.h"
#include "base/mem.h"
#include "tests/lib/json_oracle.h"
#include "verify/tuf_client.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
	if (!promise)
		abort();
}

/* ---- what was read, in words ---- */

static void say_role(const struct lw_tuf_role *role, struct lw_buf *out)
{
	must(role->threshold >= 1 && role->n_keyids <= LW_MAX_TUF_ROLE_KEYS);
	lw_buf_printf(out, "%s %llu %d:", role->name ? role->name : "",
		      (unsigned long long)role->threshold, role->terminating);
	for (size_t i = 0; i < role->n_keyids; i++) {
		must(i == 0 || strcmp(role->keyids[i - 1], role->keyids[i]) < 0);
		lw_buf_printf(out, " %s", role->keyids[i]);
	}
	for (size_t i = 0; i < role->n_paths; i++)
		lw_buf_printf(out, " path %s %d", role->paths[i],
			      lw_tuf_path_matches(role->paths[i], "one/target"));
	for (size_t i = 0; i < role->n_prefixes; i++)
		lw_buf_printf(out, " hash %s", role->prefixes[i]);
	lw_buf_printf(out, " %d\n", lw_tuf_role_covers(role, "one/target"));
}

static void say_file(const struct lw_tuf_metadata *m, const char *name, struct lw_buf *out)
{
	struct lw_tuf_file f;
	struct lw_error e = { 0 };

	must(lw_tuf_file(m, name, &f, &e) == 0);
	must((m->type == LW_TUF_TARGETS) == (f.version == 0));
	must(m->type != LW_TUF_TARGETS || (f.has_length && f.hashes));
	lw_buf_printf(out, "%s %lld %d %llu\n", name, (long long)f.version, f.has_length,
		      (unsigned long long)(f.has_length ? f.length : 0));
	must(lw_tuf_file_check(&f, lw_span_str("some bytes"), &e) == 0 ||
	     e.code == LW_E_DIGEST || e.code == LW_E_UNSUPPORTED);
}

/* A name on its way to where files are. */
static void check_name(const char *role)
{
	LW_AUTO(buf) struct lw_buf quoted = { 0 };

	must(*role && strlen(role) <= LW_MAX_TUF_ROLE);
	lw_tuf_quote(role, &quoted);
	must(!strpbrk(lw_buf_str(&quoted), "/\\ \t\r\n\"'"));
}

static void check_roles(const struct lw_tuf_metadata *m)
{
	static const char *const top[] = { "root", "timestamp", "snapshot", "targets" };

	if (m->type != LW_TUF_ROOT && m->type != LW_TUF_TARGETS)
		must(m->n_roles == 0 && m->n_keys == 0 && m->bins.bits == 0);
	for (size_t i = 0; i < LW_COUNT_OF(top); i++) {
		if (m->type == LW_TUF_ROOT)
			must(lw_tuf_root_role(m, top[i]) != NULL);
		for (size_t k = 0; k < m->n_roles && m->type == LW_TUF_TARGETS; k++)
			must(strcmp(m->roles[k].name, top[i]) != 0);
	}
	for (size_t k = 0; k < m->n_roles && m->type == LW_TUF_TARGETS; k++)
		check_name(m->roles[k].name);
	if (m->bins.bits) {
		char name[LW_MAX_TUF_ROLE + 1];

		must(m->n_roles == 0 && m->bins.bits <= LW_MAX_TUF_BIN_BITS);
		lw_tuf_bin_name(&m->bins, "one/target", name, sizeof(name));
		check_name(name);
	}
}

static void say(const struct lw_tuf_metadata *m, struct lw_buf *out)
{
	check_roles(m);
	must(m->version >= 1 && m->version <= LW_JSON_INTEGER_MAX);
	lw_buf_printf(out, "%s %lld %lld %d\n", lw_tuf_type_name(m->type),
		      (long long)m->version, (long long)m->expires, m->consistent_snapshot);
	for (size_t i = 0; i < m->n_keys; i++) {
		char hex[65];

		lw_buf_printf(out, "key %s %s\n", m->keys[i].keyid,
			      m->keys[i].key
				      ? lw_digest_hex(lw_key_fingerprint(m->keys[i].key), hex)
				      : "-");
	}
	for (size_t i = 0; i < m->n_roles; i++)
		say_role(&m->roles[i], out);
	if (m->bins.bits) {
		lw_buf_printf(out, "bins %u %s ", m->bins.bits, m->bins.prefix);
		say_role(&m->bins.role, out);
	}
	for (size_t i = 0; i < m->n_files; i++) {
		must(i == 0 ||
		     strcmp(lw_json_key(m->files[i - 1]), lw_json_key(m->files[i])) < 0);
		say_file(m, lw_json_key(m->files[i]), out);
	}
}

/* ---- signatures ---- */

static void prove(const struct lw_tuf_metadata *m, const struct lw_tuf_role *role,
		  const struct lw_tuf_signed *s)
{
	struct lw_tuf_signed bare = { .message = s->message };
	struct lw_proven proven;
	struct lw_error e = { 0 };

	if (lw_tuf_prove(m, role, s, &proven, &e) == 0)
		must(s->n_signatures >= role->threshold && role->n_keyids >= role->threshold);
	else
		must(e.code == LW_E_SIGNATURE);
	must(lw_tuf_prove(m, role, &bare, &proven, &e) == -LW_E_SIGNATURE);
}

/* ---- the file ---- */

/* The type it is read as, what is said then in out; -1: none. */
static int read_as_any(const struct lw_tuf_signed *s, struct lw_buf *out)
{
	int is = -1;

	for (int type = LW_TUF_ROOT; type <= LW_TUF_TARGETS; type++) {
		LW_AUTO(tuf_metadata) struct lw_tuf_metadata *m = NULL;
		struct lw_error e = { 0 };
		int r = lw_tuf_metadata_parse(lw_unproven_in_the_box(lw_buf_span(&s->message)),
					      (enum lw_tuf_type)type, &m, &e);

		if (r < 0) {
			must(!m && (e.code == LW_E_FORMAT || e.code == LW_E_LIMIT ||
				    e.code == LW_E_UNSUPPORTED));
			continue;
		}
		must(is < 0);
		is = type;
		say(m, out);
		for (size_t i = 0; i < m->n_roles; i++)
			prove(m, &m->roles[i], s);
	}
	return is;
}

static void same_halves(const struct lw_tuf_signed *a, const struct lw_tuf_signed *b)
{
	must(lw_span_equal(lw_buf_span(&a->message), lw_buf_span(&b->message)));
	must(a->n_signatures == b->n_signatures);
	for (size_t i = 0; i < a->n_signatures; i++) {
		must(strcmp(a->signatures[i].keyid, b->signatures[i].keyid) == 0);
		must(lw_span_equal(lw_buf_span(&a->signatures[i].sig),
				   lw_buf_span(&b->signatures[i].sig)));
	}
}

/* As a box hands them out: said the same by who takes them. */
static void cross(const struct lw_tuf_signed *s, int type, struct lw_span said)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed again = { 0 };
	LW_AUTO(buf) struct lw_buf wire = { 0 }, words = { 0 };
	struct lw_error e = { 0 };

	lw_tuf_signed_put(s, &wire);
	struct lw_span body = lw_buf_span(&wire);
	must(lw_tuf_signed_take(&body, &again, &e) == 0 && body.n == 0);
	same_halves(s, &again);
	must(read_as_any(&again, &words) == type && lw_span_equal(lw_buf_span(&words), said));
}

static bool is_sorted(const struct lw_json *node)
{
	const char *before = NULL;

	for (const struct lw_json *c = lw_json_first(node); c; c = lw_json_next(c)) {
		if (!is_sorted(c))
			return false;
		if (lw_json_type(node) != LW_JSON_OBJECT)
			continue;
		if (before && strcmp(before, lw_json_key(c)) >= 0)
			return false;
		before = lw_json_key(c);
	}
	return true;
}

/* The signed form is sorted and a fixed point, and jansson reads the same out of the file. */
static void check_message(struct lw_span file, struct lw_span message)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e = { 0 };
	LW_AUTO(jansson)
	json_t *j = json_loadb((const char *)file.p, file.n, LW_ORACLE_FLAGS, NULL);

	must(lw_tuf_read_canonical(message, &doc, &e) == 0);
	must(is_sorted(lw_json_root(doc)));
	must(lw_tuf_canonical(lw_json_root(doc), &again, &e) == 0);
	must(lw_span_equal(lw_buf_span(&again), message));
	must(j && lw_oracle_same(lw_json_root(doc), json_object_get(j, "signed")));
}

/* A file of the signed form and no signatures. Where a control character stands in it, it is no
 * JSON, and is refused. */
static void read_again(struct lw_span message, int type, struct lw_span said)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed again = { 0 };
	LW_AUTO(buf) struct lw_buf file = { 0 }, words = { 0 };
	struct lw_error e = { 0 };
	bool control = false;

	for (size_t i = 0; i < message.n; i++)
		control = control || message.p[i] < 0x20;
	lw_buf_adds(&file, "{\"signatures\":[],\"signed\":");
	lw_buf_add(&file, message.p, message.n);
	lw_buf_addc(&file, '}');
	must((lw_tuf_split(lw_buf_span(&file), &again, &e) == 0) == !control);
	if (control)
		return;
	must(lw_span_equal(lw_buf_span(&again.message), message) && again.n_signatures == 0);
	must(read_as_any(&again, &words) == type && lw_span_equal(lw_buf_span(&words), said));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed s = { 0 }, twice = { 0 };
	LW_AUTO(buf) struct lw_buf words = { 0 };
	struct lw_span file = lw_span(data, size);
	struct lw_error e = { 0 };
	int type;

	if (lw_tuf_split(file, &s, &e) < 0) {
		must(e.code == LW_E_FORMAT || e.code == LW_E_LIMIT ||
		     e.code == LW_E_UNSUPPORTED);
		return 0;
	}
	must(lw_tuf_split(file, &twice, &e) == 0);
	same_halves(&s, &twice);
	check_message(file, lw_buf_span(&s.message));
	type = read_as_any(&s, &words);
	cross(&s, type, lw_buf_span(&words));
	read_again(lw_buf_span(&s.message), type, lw_buf_span(&words));
	return 0;
}
