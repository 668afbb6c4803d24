/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_TUF_FORGE_H
#define LW_TESTS_TUF_FORGE_H

/* TUF repositories in memory, signed by the people of tests/lib/people.h: what is served, what
 * a client keeps of it, and documents to change a word in. A key's id is "k" and its seed.
 * Include after cmocka.h. */

#include "base/clock.h"
#include "base/limits.h"
#include "tests/lib/edit.h"
#include "tests/lib/people.h"
#include "verify/tuf_client.h"

#include <stdarg.h>

#define TUF_NOW	    ((int64_t)1800000000) /* 2027-01-15T08:00:00Z */
#define TUF_EXPIRES "2027-06-01T00:00:00Z"

struct tuf_file {
	char *name;
	struct lw_buf bytes;
	struct lw_buf halves; /* of one that is kept */
};

struct tuf_world {
	struct tuf_file served[1024], kept[128];
	size_t n_served, n_kept;
	size_t requests;
	const char *fails; /* this one cannot be read */
	bool boxed;	   /* what was proven of a file is kept beside it */
	int64_t now;
	int (*split)(void *data, struct lw_span file, struct lw_tuf_signed *ret,
		     struct lw_error *e);
	void *split_data;
};

static inline struct tuf_file *tuf_find(struct tuf_file *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].name && strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static inline void tuf_put(struct tuf_file *list, size_t *n, size_t most, const char *name,
			   struct lw_span bytes)
{
	struct tuf_file *f = tuf_find(list, *n, name);

	if (!f) {
		assert_true(*n < most);
		f = &list[(*n)++];
		f->name = lw_strdup(name);
	}
	lw_buf_clear(&f->bytes);
	lw_buf_add(&f->bytes, bytes.p, bytes.n);
}

static inline void tuf_remove(struct tuf_file *list, size_t n, const char *name)
{
	struct tuf_file *f = tuf_find(list, n, name);

	if (!f)
		return;
	free(f->name);
	f->name = NULL;
}

static inline int tuf_fetch(void *data, const char *name, size_t max, struct lw_buf *out,
			    struct lw_error *e)
{
	struct tuf_world *w = data;
	struct tuf_file *f = tuf_find(w->served, w->n_served, name);

	w->requests++;
	if (w->fails && strcmp(w->fails, name) == 0)
		return lw_fail(e, LW_E_IO, "the test says so");
	if (!f)
		return lw_fail(e, LW_E_NOTFOUND, "none");
	if (f->bytes.n > max)
		return lw_fail(e, LW_E_LIMIT, "longer");
	lw_buf_add(out, f->bytes.p, f->bytes.n);
	return 0;
}

static inline int tuf_load(void *data, const char *role, size_t max, struct lw_buf *out,
			   struct lw_tuf_signed *halves, struct lw_error *e)
{
	struct tuf_world *w = data;
	struct tuf_file *f = tuf_find(w->kept, w->n_kept, role);

	if (!f || f->bytes.n > max)
		return lw_fail(e, LW_E_NOTFOUND, "none");
	lw_buf_add(out, f->bytes.p, f->bytes.n);

	struct lw_span kept = lw_buf_span(&f->halves);

	return w->boxed && kept.n > 0 ? lw_tuf_signed_take(&kept, halves, e) : 0;
}

static inline int tuf_save(void *data, const char *role, struct lw_span bytes,
			   const struct lw_tuf_signed *halves, struct lw_error *e)
{
	struct tuf_world *w = data;
	struct tuf_file *f;

	(void)e;
	tuf_put(w->kept, &w->n_kept, LW_COUNT_OF(w->kept), role, bytes);
	f = tuf_find(w->kept, w->n_kept, role);
	lw_buf_clear(&f->halves);
	if (halves)
		lw_tuf_signed_put(halves, &f->halves);
	return 0;
}

static inline int tuf_drop(void *data, const char *role, struct lw_error *e)
{
	struct tuf_world *w = data;

	(void)e;
	tuf_remove(w->kept, w->n_kept, role);
	return 0;
}

/* A file of a body and, for each digit of `seeds`, that person's signature. */
static inline void tuf_sign(const char *body, const char *seeds, struct lw_buf *out)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	LW_AUTO(buf) struct lw_buf message = { 0 };
	struct lw_error e = { 0 };

	lw_buf_printf(out, "{\"signed\":%s,\"signatures\":[", body);
	if (lw_json_parse(lw_span_str(body), &LW_JSON_FOREIGN, &doc, &e) < 0 ||
	    lw_tuf_canonical(lw_json_root(doc), &message, &e) < 0)
		lw_buf_adds(&message, "not what can be signed");
	for (const char *s = seeds; *s; s++) {
		LW_AUTO(private_key)
		struct lw_private_key *k = people_key((uint8_t)(*s - '0'));
		LW_AUTO(buf) struct lw_buf sig = { 0 };
		char hex[129];

		OK(lw_private_key_sign(k, lw_buf_span(&message), &sig, &e));
		assert_int_equal(sig.n, 64);
		lw_buf_printf(out, "%s{\"keyid\":\"k%c\",\"sig\":\"%s\"}",
			      s == seeds ? "" : ",", *s, lw_hex_encode(lw_buf_span(&sig), hex));
	}
	lw_buf_adds(out, "]}");
}

static inline void tuf_serve(struct tuf_world *w, const char *name, const char *body,
			     const char *seeds)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };

	tuf_sign(body, seeds, &file);
	tuf_put(w->served, &w->n_served, LW_COUNT_OF(w->served), name, lw_buf_span(&file));
}

/* "k1":{...},"k2":{...} */
static inline void tuf_keys(const char *seeds, struct lw_buf *out)
{
	for (const char *s = seeds; *s; s++) {
		LW_AUTO(buf) struct lw_buf der = { 0 };
		char hex[65];

		people_public((uint8_t)(*s - '0'), &der);
		lw_buf_printf(out,
			      "%s\"k%c\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\","
			      "\"keyval\":{\"public\":\"%s\"}}",
			      s == seeds ? "" : ",", *s,
			      lw_hex_encode(lw_span(der.p + der.n - 32, 32), hex));
	}
}

static inline void tuf_role(const char *name, const char *seeds, int threshold,
			    struct lw_buf *out)
{
	lw_buf_printf(out, "\"%s\":{\"keyids\":[", name);
	for (const char *s = seeds; *s; s++)
		lw_buf_printf(out, "%s\"k%c\"", s == seeds ? "" : ",", *s);
	lw_buf_printf(out, "],\"threshold\":%d}", threshold);
}

/* A root of two people out of 1, 2 and 3; the seeds of the other roles, one key each. */
static inline char *tuf_root_of(int version, const char *root, char timestamp, char snapshot,
				char targets)
{
	struct lw_buf b = { 0 };
	char seeds[16], one[2] = { 0 };

	(void)snprintf(seeds, sizeof(seeds), "%s%c%c%c", root, timestamp, snapshot, targets);
	lw_buf_printf(&b,
		      "{\"_type\":\"root\",\"spec_version\":\"1.0.34\",\"version\":%d,"
		      "\"expires\":\"" TUF_EXPIRES "\",\"consistent_snapshot\":true,\"keys\":{",
		      version);
	tuf_keys(seeds, &b);
	lw_buf_adds(&b, "},\"roles\":{");
	tuf_role("root", root, 2, &b);
	lw_buf_addc(&b, ',');
	one[0] = timestamp;
	tuf_role("timestamp", one, 1, &b);
	lw_buf_addc(&b, ',');
	one[0] = snapshot;
	tuf_role("snapshot", one, 1, &b);
	lw_buf_addc(&b, ',');
	one[0] = targets;
	tuf_role("targets", one, 1, &b);
	lw_buf_adds(&b, "}}");
	return (char *)lw_buf_detach(&b);
}

static inline char *tuf_root(int version)
{
	return tuf_root_of(version, "123", '4', '5', '6');
}

static inline char *tuf_timestamp(int version, int snapshot)
{
	return lw_asprintf(
		"{\"_type\":\"timestamp\",\"spec_version\":\"1.0.34\",\"version\":%d,"
		"\"expires\":\"" TUF_EXPIRES
		"\",\"meta\":{\"snapshot.json\":{\"version\":%d}}}",
		version, snapshot);
}

static inline char *tuf_snapshot(int version, const char *meta)
{
	return lw_asprintf("{\"_type\":\"snapshot\",\"spec_version\":\"1.0.34\",\"version\":%d,"
			   "\"expires\":\"" TUF_EXPIRES "\",\"meta\":{%s}}",
			   version, meta);
}

/* `delegations` is "" or ,"delegations":{...} */
static inline char *tuf_targets(int version, const char *targets, const char *delegations)
{
	return lw_asprintf("{\"_type\":\"targets\",\"spec_version\":\"1.0.34\",\"version\":%d,"
			   "\"expires\":\"" TUF_EXPIRES "\",\"targets\":{%s}%s}",
			   version, targets, delegations);
}

/* "path":{...} of a target whose bytes are its path. */
static inline char *tuf_target(const char *path)
{
	struct lw_digest d = lw_digest_of(lw_span_str(path));
	char hex[65];

	return lw_asprintf("\"%s\":{\"length\":%zu,\"hashes\":{\"sha256\":\"%s\"}}", path,
			   strlen(path), lw_digest_hex(&d, hex));
}

static inline void tuf_give(struct tuf_world *w, const char *name, char *body,
			    const char *seeds)
{
	tuf_serve(w, name, body, seeds);
	free(body);
}

/* Root 1 trusted; root 1, timestamp 1, snapshot 1, targets 1 with one/target served. */
static inline struct tuf_world *tuf_world(void)
{
	struct tuf_world *w = lw_alloc_array(1, sizeof(*w));
	lw_auto_free char *target = tuf_target("one/target");
	struct tuf_file *root;
	struct lw_error e = { 0 };

	w->now = TUF_NOW;
	tuf_give(w, "1.root.json", tuf_root(1), "12");
	tuf_give(w, "timestamp.json", tuf_timestamp(1, 1), "4");
	tuf_give(w, "1.snapshot.json", tuf_snapshot(1, "\"targets.json\":{\"version\":1}"),
		 "5");
	tuf_give(w, "1.targets.json", tuf_targets(1, target, ""), "6");
	root = tuf_find(w->served, w->n_served, "1.root.json");
	OK(tuf_save(w, "root", lw_buf_span(&root->bytes), NULL, &e));
	return w;
}

static inline void tuf_world_free(struct tuf_world *w)
{
	for (size_t i = 0; i < w->n_served; i++) {
		free(w->served[i].name);
		lw_buf_free(&w->served[i].bytes);
	}
	for (size_t i = 0; i < w->n_kept; i++) {
		free(w->kept[i].name);
		lw_buf_free(&w->kept[i].bytes);
		lw_buf_free(&w->kept[i].halves);
	}
	free(w);
}

static inline struct lw_tuf_options tuf_options(struct tuf_world *w)
{
	return (struct lw_tuf_options){ .transport = { tuf_fetch, w },
					.store = { tuf_load, tuf_save, tuf_drop, w },
					.split = w->split,
					.split_data = w->split_data,
					.now = w->now };
}

/* A refresh by a new client and, where path is not NULL, a search; the code of the finding that
 * refused it, "" for none, "error" for what is no finding. */
static inline const char *tuf_try(struct tuf_world *w, const char *path)
{
	struct lw_tuf_options options = tuf_options(w);
	LW_AUTO(tuf_client) struct lw_tuf_client *c = NULL;
	enum lw_finding_id reason = LW_FINDING_COUNT;
	struct lw_tuf_target target;
	struct lw_error e = { 0 };
	int r = lw_tuf_client_open(&options, &c, &reason, &e);

	if (r == 0)
		r = lw_tuf_client_refresh(c, &reason, &e);
	if (r == 0 && path)
		r = lw_tuf_client_find(c, path, &target, &reason, &e);
	if (r == 0)
		return "";
	assert_true(e.text[0] != '\0');
	return reason == LW_FINDING_COUNT ? "error" : lw_finding_kind(reason)->code;
}

/* The version that is kept of a role; 0: none. */
static inline int tuf_kept(struct tuf_world *w, const char *role)
{
	const struct tuf_file *f = tuf_find(w->kept, w->n_kept, role);
	const char *at = f ? strstr(lw_buf_str(&f->bytes), "\"version\":") : NULL;

	return at ? atoi(at + strlen("\"version\":")) : 0;
}

static inline void auto_tuf_world(struct tuf_world **w)
{
	tuf_world_free(*w);
}
#define TUF_WORLD(w) struct tuf_world *w __attribute__((cleanup(auto_tuf_world))) = tuf_world()

#endif
