/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What our TUF client makes of a repository in which one file is another:
 *
 *	tuftry METADATA-FOLDER TARGET
 *
 * reads "NAME BYTES\n" and the bytes of a file from standard input, again and again, and
 *answers each with a line of JSON: a client that trusts the folder's 1.root.json and nothing
 *else refreshes from the folder, where NAME is the file that came, and looks for TARGET.
 *
 *	{"code": "" or the finding that refused it, "text": why,
 *	 "versions", "expires": of root, timestamp, snapshot, targets, "thresholds": of root,
 *	 "found": {"length", "hashes"} or null,
 *	 "canonical": what is signed in NAME, as it is signed, in hex, or null}
 */

#include "base/clock.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "verify/tuf_client.h"

#include <err.h>
#include <jansson.h>
#include <string.h>

#define KEPT 80

struct world {
	int folder;
	char name[256]; /* of the file that is another */
	struct lw_buf other;
	struct kept {
		char role[LW_MAX_TUF_ROLE + 1];
		struct lw_buf file;
	} kept[KEPT];
	size_t n;
};

static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	const struct world *w = data;

	if (strcmp(name, w->name) != 0)
		return lw_fs_read_beneath(w->folder, name, max, out, e);
	if (w->other.n > max)
		return lw_fail(e, LW_E_LIMIT, "%zu bytes", w->other.n);
	lw_buf_add(out, w->other.p, w->other.n);
	return 0;
}

static int load(void *data, const char *role, size_t max, struct lw_buf *file,
		struct lw_tuf_signed *halves, struct lw_error *e)
{
	const struct world *w = data;

	(void)halves;
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->kept[i].role, role) == 0 && w->kept[i].file.n <= max) {
			lw_buf_add(file, w->kept[i].file.p, w->kept[i].file.n);
			return 0;
		}
	return lw_fail(e, LW_E_NOTFOUND, "none");
}

static int save(void *data, const char *role, struct lw_span file,
		const struct lw_tuf_signed *halves, struct lw_error *e)
{
	struct world *w = data;
	size_t i = 0;

	(void)halves;
	while (i < w->n && strcmp(w->kept[i].role, role) != 0)
		i++;
	if (i == KEPT)
		return lw_fail(e, LW_E_INTERNAL, "want fewer roles");
	if (i == w->n)
		(void)snprintf(w->kept[w->n++].role, sizeof(w->kept[0].role), "%s", role);
	lw_buf_clear(&w->kept[i].file);
	lw_buf_add(&w->kept[i].file, file.p, file.n);
	return 0;
}

static int drop(void *data, const char *role, struct lw_error *e)
{
	struct world *w = data;

	(void)e;
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->kept[i].role, role) == 0)
			w->kept[i].role[0] = '\0';
	return 0;
}

static json_t *numbers(const struct lw_tuf_client *c, bool expires)
{
	json_t *list = json_array();

	for (int type = LW_TUF_ROOT; type <= LW_TUF_TARGETS; type++) {
		const struct lw_tuf_metadata *m =
			lw_tuf_client_trusted(c, (enum lw_tuf_type)type);

		(void)json_array_append_new(list, json_integer(!m	 ? 0
							       : expires ? m->expires
									 : m->version));
	}
	return list;
}

static json_t *thresholds(const struct lw_tuf_metadata *root)
{
	json_t *list = json_array();

	for (int type = LW_TUF_ROOT; type <= LW_TUF_TARGETS; type++)
		(void)json_array_append_new(
			list,
			json_integer((json_int_t)lw_tuf_root_role(
					     root, lw_tuf_type_name((enum lw_tuf_type)type))
					     ->threshold));
	return list;
}

static json_t *found(const struct lw_tuf_target *t)
{
	json_t *hashes = json_object();

	for (const struct lw_json *h = lw_json_first(t->file.hashes); h; h = lw_json_next(h))
		(void)json_object_set_new(hashes, lw_json_key(h),
					  json_string(lw_json_string(h)));
	return json_pack("{sIso}", "length", (json_int_t)t->file.length, "hashes", hashes);
}

static json_t *canonical(const struct world *w)
{
	LW_AUTO(tuf_signed) struct lw_tuf_signed s = { 0 };
	struct lw_error ignored = { 0 };

	if (lw_tuf_split(lw_buf_span(&w->other), &s, &ignored) < 0)
		return json_null();

	lw_auto_free char *hex = lw_alloc(s.message.n * 2 + 1);

	return json_string(lw_hex_encode(lw_buf_span(&s.message), hex));
}

static void answer(struct world *w, const char *path, int64_t now)
{
	struct lw_tuf_options options = { .transport = { fetch, w },
					  .store = { load, save, drop, w },
					  .now = now };
	LW_AUTO(tuf_client) struct lw_tuf_client *c = NULL;
	LW_AUTO(buf) struct lw_buf root = { 0 };
	enum lw_finding_id reason = LW_FINDING_COUNT;
	struct lw_tuf_target target;
	struct lw_error e = { 0 };
	json_t *line = json_object();
	int r = lw_fs_read_beneath(w->folder, "1.root.json", LW_MAX_TUF_ROOT_BYTES, &root, &e);

	w->n = 0;
	if (r == 0)
		r = save(w, "root", lw_buf_span(&root), NULL, &e);
	if (r == 0)
		r = lw_tuf_client_open(&options, &c, &reason, &e);
	if (r == 0)
		r = lw_tuf_client_refresh(c, &reason, &e);
	if (r == 0)
		r = lw_tuf_client_find(c, path, &target, &reason, &e);
	(void)json_object_set_new(line, "code",
				  json_string(r == 0 ? ""
					      : reason < LW_FINDING_COUNT
						      ? lw_finding_kind(reason)->code
						      : lw_code_name(e.code)));
	(void)json_object_set_new(line, "text", r ? json_string(e.text) : json_string(""));
	(void)json_object_set_new(line, "canonical", canonical(w));
	(void)json_object_set_new(line, "found", r ? json_null() : found(&target));
	if (c) {
		(void)json_object_set_new(line, "versions", numbers(c, false));
		(void)json_object_set_new(line, "expires", numbers(c, true));
		(void)json_object_set_new(line, "thresholds",
					  thresholds(lw_tuf_client_trusted(c, LW_TUF_ROOT)));
	}
	(void)json_dumpf(line, stdout, JSON_COMPACT);
	(void)printf("\n");
	(void)fflush(stdout);
	json_decref(line);
}

int main(int argc, char **argv)
{
	lw_auto_free struct world *w = lw_alloc_array(1, sizeof(*w));
	struct lw_clock clock;
	struct lw_error e = { 0 };
	size_t bytes;

	if (argc != 3)
		errx(2, "want METADATA-FOLDER TARGET");
	if (lw_fs_open_dir(argv[1], &w->folder, &e) < 0 || lw_clock_system(&clock, &e) < 0)
		errx(1, "%s", e.text);
	while (scanf("%255s %zu", w->name, &bytes) == 2) {
		lw_buf_clear(&w->other);
		lw_buf_reserve(&w->other, bytes + 1);
		if (getchar() != '\n' || fread(w->other.p, 1, bytes, stdin) != bytes)
			errx(1, "%s: fewer than %zu bytes", w->name, bytes);
		w->other.n = bytes;
		answer(w, argv[2], clock.wall_sec);
	}
	for (size_t i = 0; i < KEPT; i++)
		lw_buf_free(&w->kept[i].file);
	lw_buf_free(&w->other);
	return 0;
}
