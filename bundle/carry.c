/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/carry.h"

#include "base/mem.h"
#include "bundle/box.h"
#include "bundle/carried_source.h"
#include "bundle/roles.h"

#include <string.h>

struct carrying {
	const struct lw_carry_source *source;
	const struct lw_own_source *own; /* NULL: a vendor's */
	struct lw_carried_bytes *out;	 /* files in the order they were asked for */
	struct lw_box_tuf *box;
	struct lw_roles roles;
	struct lw_tuf_client *client;
	enum lw_finding_id reason;
};

static void auto_carrying(struct carrying *c)
{
	lw_tuf_client_free(c->client);
	lw_roles_release(&c->roles);
	lw_box_tuf_close(c->box);
}

/* ---- each file that is asked for travels ---- */

static const struct lw_buf *known(const struct carrying *c, const char *name)
{
	for (size_t i = 0; i < c->out->carried.n_files; i++)
		if (strcmp(c->out->carried.files[i].name, name) == 0)
			return &c->out->bytes[i];
	return NULL;
}

static void note_file(struct carrying *c, const char *name, struct lw_span bytes)
{
	struct lw_carried *to = &c->out->carried;
	size_t n = to->n_files++;

	to->files = lw_realloc_array(to->files, n + 1, sizeof(*to->files));
	c->out->bytes = lw_realloc_array(c->out->bytes, n + 1, sizeof(*c->out->bytes));
	to->files[n] = (struct lw_carried_file){ .name = lw_strdup(name),
						 .digest = lw_digest_of(bytes),
						 .size = bytes.n };
	c->out->bytes[n] = (struct lw_buf){ 0 };
	lw_buf_add(&c->out->bytes[n], bytes.p, bytes.n);
}

static int take_file(struct carrying *c, const char *name, struct lw_span bytes,
		     struct lw_error *e)
{
	if (!lw_carried_is_name(name))
		return lw_fail(e, LW_E_UNSUPPORTED,
			       "%s: a bundle cannot bring a file of this name", name);
	if (c->out->carried.n_files == LW_MAX_CARRIED_FILES)
		return lw_fail(e, LW_E_LIMIT, "want at most %zu files", LW_MAX_CARRIED_FILES);
	note_file(c, name, bytes);
	return 0;
}

static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	struct carrying *c = data;
	const struct lw_tuf_transport *t = &c->source->transport;
	const struct lw_buf *before = known(c, name);
	size_t at = out->n;
	int r;

	/* One name is one file, for as long as we look. */
	if (before) {
		lw_buf_add(out, before->p, before->n);
		return 0;
	}
	r = t->fetch(t->data, name, max, out, e);
	return r < 0 ? r : take_file(c, name, lw_span(out->p + at, out->n - at), e);
}

/* A target of the enclave's own repository. */
static int fetch_target(void *data, const char *path, uint64_t max, struct lw_buf *out,
			struct lw_error *e)
{
	struct carrying *c = data;
	LW_AUTO(buf) struct lw_buf name = { 0 };
	size_t at = out->n;
	int r = c->own->target(c->own->data, path, max, out, e);

	lw_carried_target_name(path, &name);
	return r < 0 ? r
		     : take_file(c, lw_buf_str(&name), lw_span(out->p + at, out->n - at), e);
}
/* ---- following ---- */

static int begin(struct carrying *c, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };
	LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
	int r = fetch(c, "1.root.json", LW_MAX_TUF_ROOT_BYTES, &file, e);

	if (r < 0)
		return r;
	r = lw_box_tuf_split(c->box, lw_buf_span(&file), &halves, e);
	if (r < 0)
		return lw_prefix(e, "1.root.json");
	lw_roles_save(&c->roles, "root", lw_buf_span(&file), &halves);
	return 0;
}

static int refresh(struct carrying *c, int64_t now, struct lw_error *e)
{
	const struct lw_tuf_options options = {
		.transport = { .fetch = fetch, .data = c },
		.store = lw_roles_store(&c->roles),
		.split = lw_box_tuf_split,
		.split_data = c->box,
		.now = now,
	};
	int r = lw_tuf_client_open(&options, &c->client, &c->reason, e);

	if (r == 0)
		r = lw_tuf_client_refresh(c->client, &c->reason, e);
	if (r == 0)
		c->out->carried.newest_root =
			lw_tuf_client_trusted(c->client, LW_TUF_ROOT)->version;
	return r;
}

/* ---- looking up ---- */

/* Whether it is listed; that it is not is no error. */
static int look_up(struct carrying *c, const char *path, bool *ret, struct lw_error *e)
{
	struct lw_tuf_target target;
	int r = lw_tuf_client_find(c->client, path, &target, &c->reason, e);

	*ret = r == 0;
	return r < 0 && c->reason == LW_FINDING_TUF_TARGET_UNKNOWN ? 0 : r;
}

/* Policy says there what the target is called (docs/format/policy.md): here all its forms are
 * tried. One that cannot be looked up is an error where no other lists the image. */
static int look_up_image(struct carrying *c, const struct lw_image *image, bool *ret,
			 struct lw_error *e)
{
	char full[LW_MAX_REFERENCE + 1];
	enum lw_finding_id reason = LW_FINDING_COUNT;
	struct lw_error bad = { 0 };
	int worst = 0;

	lw_reference_text(&image->name, full);
	for (unsigned form = 0; form < 4; form++) {
		const char *from = form & 1 ? strchr(full, '/') + 1 : full;
		const char *tag = strrchr(from, ':');
		lw_auto_free char *path = lw_asprintf("%.*s%c%s", (int)(tag - from), from,
						      form & 2 ? ':' : '/', tag + 1);
		bool listed = false;
		int r = look_up(c, path, &listed, &bad);

		*ret |= listed;
		if (r < 0 && worst == 0) {
			worst = r;
			reason = c->reason;
			*e = bad;
			(void)lw_prefix(e, "looking up %s", path);
		}
	}
	c->reason = reason;
	return *ret ? 0 : worst;
}

static int look_up_all(struct carrying *c, const struct lw_carry_options *o, struct lw_error *e)
{
	int r = 0;

	c->out->listed = lw_alloc_array(o->n_images, sizeof(*c->out->listed));
	for (size_t i = 0; i < o->n_images && r == 0; i++)
		r = look_up_image(c, &o->images[i], &c->out->listed[i], e);
	for (size_t i = 0; i < o->n_targets && r == 0; i++) {
		bool ignored;

		r = look_up(c, o->targets[i], &ignored, e);
	}
	return r;
}

/* Where they are few all delegated roles travel: the enclave may hold images that these list,
 * and judges them again by what is current. What is not there is missed by whoever asks for it.
 */
static int take_roles(struct carrying *c, struct lw_error *e)
{
	const struct lw_tuf_metadata *root = lw_tuf_client_trusted(c->client, LW_TUF_ROOT);
	const struct lw_tuf_metadata *s = lw_tuf_client_trusted(c->client, LW_TUF_SNAPSHOT);
	int r = 0;

	for (size_t i = 0; s->n_files <= LW_MAX_CARRIED_ROLES && i < s->n_files && r == 0;
	     i++) {
		const char *key = lw_json_key(s->files[i]);
		size_t n = strlen(key) - strlen(".json");
		lw_auto_free char *role = lw_strndup(key, n);
		LW_AUTO(buf) struct lw_buf name = { 0 }, file = { 0 };
		struct lw_tuf_file said;

		r = lw_tuf_file(s, key, &said, e);
		if (r == 0 && root->consistent_snapshot)
			lw_buf_printf(&name, "%lld.", (long long)said.version);
		lw_tuf_quote(role, &name);
		lw_buf_adds(&name, ".json");
		if (r == 0)
			r = fetch(c, lw_buf_str(&name), LW_MAX_TUF_METADATA_BYTES, &file, e);
		if (r == -LW_E_NOTFOUND)
			r = 0;
	}
	return r;
}

/* ---- the whole ---- */

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct lw_carried_file *)a)->name,
		      ((const struct lw_carried_file *)b)->name);
}

/* The files by name, each with its bytes. */
static void sort_files(struct lw_carried_bytes *c)
{
	size_t n = c->carried.n_files;
	struct pair {
		struct lw_carried_file file; /* first: what is compared */
		struct lw_buf bytes;
	} *pairs = lw_alloc_array(n, sizeof(*pairs));

	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct pair){ c->carried.files[i], c->bytes[i] };
	lw_sort(pairs, n, sizeof(*pairs), compare_files);
	for (size_t i = 0; i < n; i++) {
		c->carried.files[i] = pairs[i].file;
		c->bytes[i] = pairs[i].bytes;
	}
	free(pairs);
}

static int start(struct carrying *c, const struct lw_carry_options *options, struct lw_error *e)
{
	struct lw_carried *to = &c->out->carried;
	int r = lw_box_tuf_open(options->program, &c->box, e);

	(void)snprintf(to->repository, sizeof(to->repository), "%s", c->source->repository);
	to->looked = options->now;
	return r < 0 ? r : begin(c, e);
}

/* How it ended, in words. */
static int finish(struct carrying *c, int r, struct lw_error *e)
{
	const char *name = c->source->repository;

	if (r == 0)
		sort_files(c->out);
	if (r == 0)
		return 0;
	if (c->reason == LW_FINDING_COUNT)
		return lw_prefix(e, "repository %s", name);
	if (r == -LW_E_NOTFOUND) /* of the repository, not of what the user said */
		(void)lw_fail_as(e, LW_E_CONFLICT);
	return lw_prefix(e, "repository %s: %s", name, lw_finding_kind(c->reason)->code);
}

int lw_carry(const struct lw_carry_source *source, const struct lw_carry_options *options,
	     struct lw_carried_bytes *ret, struct lw_error *e)
{
	struct carrying c __attribute__((cleanup(
		auto_carrying))) = { .source = source, .out = ret, .reason = LW_FINDING_COUNT };
	int r = start(&c, options, e);

	if (r == 0)
		r = refresh(&c, options->now, e);
	if (r == 0)
		r = look_up_all(&c, options, e);
	if (r == 0)
		r = take_roles(&c, e);
	return finish(&c, r, e);
}

int lw_carry_own(const struct lw_own_source *source, const struct lw_carry_options *options,
		 struct lw_carried_bytes *ret, struct lw_error *e)
{
	const struct lw_carry_source metadata = { LW_OWN_REPOSITORY, source->metadata };
	struct carrying c __attribute__((cleanup(auto_carrying))) = {
		.source = &metadata, .own = source, .out = ret, .reason = LW_FINDING_COUNT
	};
	const struct lw_own_source noting = { .metadata = { .fetch = fetch, .data = &c },
					      .target = fetch_target,
					      .data = &c,
					      .program = options->program };
	LW_AUTO(own_trust) struct lw_own_trust trust = { 0 };
	int r = start(&c, options, e);

	if (r == 0) {
		const struct lw_tuf_store store = lw_roles_store(&c.roles);

		r = lw_own_trust_read(&noting, &store, options->now, &trust, e);
		c.reason = trust.reason;
	}
	if (r == 0)
		ret->carried.newest_root =
			lw_tuf_client_trusted(trust.client, LW_TUF_ROOT)->version;
	return finish(&c, r, e);
}

void lw_carried_bytes_release(struct lw_carried_bytes *c)
{
	for (size_t i = 0; i < c->carried.n_files; i++)
		lw_buf_free(&c->bytes[i]);
	free(c->bytes);
	free(c->listed);
	lw_carried_release(&c->carried);
}
