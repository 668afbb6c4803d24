/* SPDX-License-Identifier: Apache-2.0 */
/* The TUF metadata that contents list. */
#include "bundle/contents_internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

/* ---- writing ---- */

static void write_file(struct lw_json_writer *w, const struct lw_carried_file *f)
{
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(w);
	lw_json_w_member(w, "digest", lw_digest_text(&f->digest, text));
	lw_json_w_member(w, "name", f->name);
	lw_json_w_member_integer(w, "size", (int64_t)f->size);
	lw_json_w_end_object(w);
}

void lw_carried_write(const struct lw_contents *c, struct lw_json_writer *w)
{
	char time[LW_TIME_TEXT];

	if (c->n_carried == 0)
		return;
	lw_json_w_key(w, "tuf");
	lw_json_w_array(w);
	for (size_t i = 0; i < c->n_carried; i++) {
		const struct lw_carried *r = &c->carried[i];

		lw_json_w_object(w);
		lw_json_w_key(w, "files");
		lw_json_w_array(w);
		for (size_t k = 0; k < r->n_files; k++)
			write_file(w, &r->files[k]);
		lw_json_w_end_array(w);
		lw_json_w_member(w, "looked", lw_time_format(r->looked, time));
		lw_json_w_member_integer(w, "newestRoot", r->newest_root);
		lw_json_w_member(w, "repository", r->repository);
		lw_json_w_end_object(w);
	}
	lw_json_w_end_array(w);
}

/* ---- reading ---- */

struct file_fields {
	struct lw_digest digest;
	const char *name;
	uint64_t size;
};

struct repository_fields {
	const struct lw_json *files;
	int64_t looked;
	uint64_t newest_root;
	const char *repository;
};

#define F(field) offsetof(struct file_fields, field)
#define R(field) offsetof(struct repository_fields, field)

static const struct lw_json_field file_table[] = {
	{ .name = "digest",
	  .reader = LW_JSON_READ_DIGEST,
	  .flags = LW_JSON_REQUIRED,
	  .offset = F(digest) },
	{ .name = "name",
	  .reader = LW_JSON_READ_PLAIN,
	  .flags = LW_JSON_REQUIRED,
	  .offset = F(name),
	  .min = 1,
	  .max = LW_MAX_TUF_FILE_NAME },
	{ .name = "size",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = F(size),
	  .min = 2,
	  .max = LW_MAX_TUF_METADATA_BYTES },
};

static const struct lw_json_field repository_table[] = {
	{ .name = "files",
	  .reader = LW_JSON_READ_ARRAY,
	  .flags = LW_JSON_REQUIRED,
	  .offset = R(files),
	  .min = 1,
	  .max = LW_MAX_CARRIED_FILES },
	{ .name = "looked",
	  .reader = LW_JSON_READ_TIME,
	  .flags = LW_JSON_REQUIRED,
	  .offset = R(looked) },
	{ .name = "newestRoot",
	  .reader = LW_JSON_READ_U64,
	  .flags = LW_JSON_REQUIRED,
	  .offset = R(newest_root),
	  .min = 1 },
	{ .name = "repository",
	  .reader = LW_JSON_READ_LABEL,
	  .flags = LW_JSON_REQUIRED,
	  .offset = R(repository) },
};

bool lw_carried_is_name(const char *s)
{
	static const char plain[] =
		"%-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

	return s[0] && s[0] != '.' && s[strspn(s, plain)] == '\0' &&
	       strlen(s) <= LW_MAX_TUF_FILE_NAME;
}

static int parse_file(const struct lw_json *node, struct lw_carried *r, struct lw_error *e)
{
	struct lw_carried_file *f = &r->files[r->n_files];
	struct file_fields fields = { 0 };
	int rc = lw_json_read(node, file_table, LW_COUNT_OF(file_table), LW_JSON_REFUSE_UNKNOWN,
			      "file", &fields, e);

	if (rc == 0 && !lw_carried_is_name(fields.name))
		rc = lw_fail(e, LW_E_FORMAT, "file: '%s' is no file of metadata", fields.name);
	if (rc == 0 && r->n_files > 0 && strcmp(f[-1].name, fields.name) >= 0)
		rc = lw_fail(e, LW_E_FORMAT, "files are out of order");
	if (rc < 0)
		return rc;
	*f = (struct lw_carried_file){ .name = lw_strdup(fields.name),
				       .digest = fields.digest,
				       .size = fields.size };
	r->n_files++;
	return 0;
}

static int parse_repository(const struct lw_json *node, struct lw_carried *r,
			    struct lw_error *e)
{
	struct repository_fields f = { 0 };
	int rc = lw_json_read(node, repository_table, LW_COUNT_OF(repository_table),
			      LW_JSON_REFUSE_UNKNOWN, "repository", &f, e);

	if (rc < 0)
		return rc;
	(void)snprintf(r->repository, sizeof(r->repository), "%s", f.repository);
	r->looked = f.looked;
	r->newest_root = (int64_t)f.newest_root;
	r->files = lw_alloc_array(lw_json_count(f.files), sizeof(*r->files));
	for (const struct lw_json *n = lw_json_first(f.files); n && rc == 0;
	     n = lw_json_next(n))
		rc = parse_file(n, r, e);
	return rc;
}

int lw_carried_parse(const struct lw_json *array, struct lw_contents *c, struct lw_error *e)
{
	c->carried = lw_alloc_array(lw_json_count(array), sizeof(*c->carried));
	for (const struct lw_json *n = lw_json_first(array); n; n = lw_json_next(n)) {
		struct lw_carried *r = &c->carried[c->n_carried++];
		int rc = parse_repository(n, r, e);

		if (rc == 0 && c->n_carried > 1 && strcmp(r[-1].repository, r->repository) >= 0)
			rc = lw_fail(e, LW_E_FORMAT, "repositories are out of order");
		if (rc < 0)
			return lw_prefix(e, "tuf[%zu]", c->n_carried - 1);
	}
	return 0;
}

static int compare_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct lw_carried_file *)file)->name);
}

const struct lw_carried_file *lw_carried_find(const struct lw_carried *c, const char *name)
{
	return c->n_files ? bsearch(name, c->files, c->n_files, sizeof(*c->files), compare_name)
			  : NULL;
}

void lw_carried_release(struct lw_carried *c)
{
	for (size_t i = 0; i < c->n_files; i++)
		free(c->files[i].name);
	free(c->files);
	*c = (struct lw_carried){ 0 };
}
