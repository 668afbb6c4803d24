/* SPDX-License-Identifier: Apache-2.0 */
#include "udev/media_list.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

struct lw_media_list {
	struct lw_json_doc *doc;	/* owns the texts */
	struct lw_listed_medium *media; /* by serial number, then by model */
	const char **labels;
	size_t n;
	bool admits_unlisted;
};

void lw_media_list_free(struct lw_media_list *list)
{
	if (!list)
		return;
	free(list->labels);
	free(list->media);
	lw_json_free(list->doc);
	free(list);
}

static int by_serial(const void *a, const void *b)
{
	const struct lw_listed_medium *x = a, *y = b;
	int order = strcmp(x->serial, y->serial);

	return order ? order : strcmp(x->model, y->model);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_disposition(const char *text, enum lw_disposition *ret, struct lw_error *e)
{
	static const char *const names[] = {
		[LW_MEDIUM_LOST] = "lost",
		[LW_MEDIUM_RETIRED] = "retire",
		[LW_MEDIUM_ADMITTED] = "admit",
	};
	char shown[64];

	for (size_t i = 0; i < LW_COUNT_OF(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum lw_disposition)i;
			return 0;
		}
	return lw_fail(e, LW_E_FORMAT, "disposition: want admit, retire or lost, have '%s'",
		       lw_text_escape_str(text, shown, sizeof(shown)));
}

struct medium_fields {
	const char *serial, *model, *label, *owner, *disposition;
};

static int read_medium(const struct lw_json *node, struct lw_listed_medium *ret,
		       struct lw_error *e)
{
#define TEXT(name, needed)                                                                     \
	{                                                                                      \
#name, LW_JSON_READ_PLAIN, needed,                                             \
			.min = 1, .max = LW_MEDIA_MAX_TEXT,                                    \
			.offset = offsetof(struct medium_fields, name)                         \
	}
	static const struct lw_json_field fields[] = {
		TEXT(serial, LW_JSON_REQUIRED),	     TEXT(model, 0),
		TEXT(label, LW_JSON_REQUIRED),	     TEXT(owner, 0),
		TEXT(disposition, LW_JSON_REQUIRED),
	};
#undef TEXT
	struct medium_fields f = { .model = "", .owner = "" };
	struct lw_listed_medium m = { 0 };
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "medium", &f, e);

	if (r == 0)
		r = read_disposition(f.disposition, &m.disposition, e);
	if (r < 0)
		return r;
	m.serial = f.serial;
	m.model = f.model;
	m.label = f.label;
	m.owner = f.owner;
	*ret = m;
	return 0;
}

/* One device must be one medium, and one label too. */
static int require_distinct(struct lw_media_list *list, struct lw_error *e)
{
	for (size_t i = 0; i < list->n; i++)
		list->labels[i] = list->media[i].label;
	lw_sort(list->media, list->n, sizeof(*list->media), by_serial);
	lw_sort(list->labels, list->n, sizeof(*list->labels), by_text);
	for (size_t i = 1; i < list->n; i++) {
		const struct lw_listed_medium *a = &list->media[i - 1], *b = &list->media[i];

		if (strcmp(list->labels[i - 1], list->labels[i]) == 0)
			return lw_fail(e, LW_E_CONFLICT, "two media are labelled '%s'",
				       list->labels[i]);
		/* The one for any model sorts first. */
		if (strcmp(a->serial, b->serial) == 0 &&
		    (!*a->model || strcmp(a->model, b->model) == 0))
			return lw_fail(e, LW_E_CONFLICT,
				       "serial '%s' stands twice: '%s' and '%s'", a->serial,
				       a->label, b->label);
	}
	return 0;
}

struct list_fields {
	const char *unlisted;
	const struct lw_json *media;
};

static int read_list(struct lw_media_list *list, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		{ "format", LW_JSON_IS, LW_JSON_REQUIRED, .is = "landwaiter-media/1" },
		{ "media", LW_JSON_READ_ARRAY, LW_JSON_REQUIRED, .max = LW_MEDIA_MAX,
		  .offset = offsetof(struct list_fields, media) },
		{ "unlisted", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  .offset = offsetof(struct list_fields, unlisted) },
	};
	struct list_fields f = { 0 };
	int r = lw_json_read(lw_json_root(list->doc), fields, LW_COUNT_OF(fields),
			     LW_JSON_REFUSE_UNKNOWN, "media list", &f, e);

	if (r < 0)
		return r;
	list->admits_unlisted = strcmp(f.unlisted, "admit") == 0;
	if (!list->admits_unlisted && strcmp(f.unlisted, "refuse") != 0)
		return lw_fail(e, LW_E_FORMAT, "unlisted: want admit or refuse");
	list->media = lw_alloc_array(lw_json_count(f.media), sizeof(*list->media));
	list->labels = lw_alloc_array(lw_json_count(f.media), sizeof(*list->labels));
	for (const struct lw_json *m = lw_json_first(f.media); m; m = lw_json_next(m)) {
		if (read_medium(m, &list->media[list->n], e) < 0)
			return lw_prefix(e, "media[%zu]", list->n);
		list->n++;
	}
	return require_distinct(list, e);
}

int lw_media_list_parse(struct lw_span json, struct lw_media_list **ret, struct lw_error *e)
{
	LW_AUTO(media_list) struct lw_media_list *list = lw_alloc_array(1, sizeof(*list));
	int r = lw_json_parse(json, &LW_JSON_STRICT, &list->doc, e);

	if (r == 0)
		r = read_list(list, e);
	if (r < 0)
		return lw_prefix(e, "media.json");
	*ret = lw_steal(list);
	return 0;
}

size_t lw_media_list_count(const struct lw_media_list *list)
{
	return list->n;
}

bool lw_media_list_admits_unlisted(const struct lw_media_list *list)
{
	return list->admits_unlisted;
}

const struct lw_listed_medium *lw_media_list_find(const struct lw_media_list *list,
						  struct lw_span serial, struct lw_span model)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct lw_listed_medium *m = &list->media[i];

		if (lw_span_is(serial, m->serial) &&
		    (!*m->model || lw_span_is(model, m->model)))
			return m;
	}
	return NULL;
}

int lw_media_list_first(struct lw_media_list **ret, struct lw_error *e)
{
	static const char any[] = "{\"format\":\"landwaiter-media/1\",\"media\":[],"
				  "\"unlisted\":\"admit\"}";

	return lw_media_list_parse(lw_span_str(any), ret, e);
}
