/* SPDX-License-Identifier: Apache-2.0 */
#include "udev/commission.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"

#define MOST_STEPS 7

void lw_commission_release(struct lw_commission *c)
{
	free(c->media);
	free(c->hubs);
	free(c->internal);
	lw_json_free(c->doc);
	*c = (struct lw_commission){ 0 };
}

bool lw_port_is(struct lw_span text)
{
	unsigned steps = 0;

	if (text.n >= LW_PORT_TEXT)
		return false;
	for (size_t at = 0, end; at <= text.n; at = end + 1, steps++) {
		uint64_t number;

		for (end = at; end < text.n && text.p[end] >= '0' && text.p[end] <= '9'; end++)
			;
		if (lw_num_u64(lw_span(text.p + at, end - at), 1, 9999, &number, NULL) < 0 ||
		    (end < text.n && text.p[end] != (steps == 0 ? '-' : '.')))
			return false;
	}
	return steps >= 2 && steps <= MOST_STEPS;
}

static int require_port(const char *text, struct lw_error *e)
{
	return text && lw_port_is(lw_span_str(text))
		       ? 0
		       : lw_fail(e, LW_E_FORMAT,
				 "want a port (\"1-2\", behind a hub \"1-2.4\")");
}

static int read_id(const char *text, uint16_t *ret, struct lw_error *e)
{
	uint8_t bytes[2];

	if (lw_hex_decode(lw_span_str(text), bytes, sizeof(bytes), NULL) < 0)
		return lw_fail(e, LW_E_FORMAT, "want 4 hex digits, as lsusb shows them");
	*ret = (uint16_t)(bytes[0] << 8 | bytes[1]);
	return 0;
}

struct fixture_fields {
	const char *port, *vendor, *product;
};

static int read_fixture(const struct lw_json *node, struct lw_fixture *ret, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		{ "port", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  .offset = offsetof(struct fixture_fields, port) },
		{ "product", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  .offset = offsetof(struct fixture_fields, product) },
		{ "vendor", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  .offset = offsetof(struct fixture_fields, vendor) },
	};
	struct fixture_fields f = { 0 };
	int r = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			     "device", &f, e);

	if (r == 0)
		r = require_port(f.port, e);
	if (r == 0)
		r = read_id(f.vendor, &ret->vendor, e);
	if (r == 0)
		r = read_id(f.product, &ret->product, e);
	if (r == 0)
		ret->port = f.port;
	return r;
}

static int read_fixtures(const struct lw_json *list, const char *what, struct lw_fixture **ret,
			 size_t *ret_n, struct lw_error *e)
{
	if (!list)
		return 0;
	*ret = lw_alloc_array(lw_json_count(list), sizeof(**ret));
	for (const struct lw_json *n = lw_json_first(list); n; n = lw_json_next(n)) {
		if (read_fixture(n, &(*ret)[*ret_n], e) < 0)
			return lw_prefix(e, "%s[%zu]", what, *ret_n);
		(*ret_n)++;
	}
	return 0;
}

static int read_media(const struct lw_json *list, struct lw_commission *c, struct lw_error *e)
{
	if (!list)
		return 0;
	c->has_media = true;
	c->media = lw_alloc_array(lw_json_count(list), sizeof(*c->media));
	for (const struct lw_json *n = lw_json_first(list); n; n = lw_json_next(n)) {
		if (require_port(lw_json_string(n), e) < 0)
			return lw_prefix(e, "media[%zu]", c->n_media);
		c->media[c->n_media++] = lw_json_string(n);
	}
	return 0;
}

static bool holds_fixture(const struct lw_commission *c, const char *port)
{
	for (size_t i = 0; i < c->n_hubs; i++)
		if (strcmp(c->hubs[i].port, port) == 0)
			return true;
	for (size_t i = 0; i < c->n_internal; i++)
		if (strcmp(c->internal[i].port, port) == 0)
			return true;
	return false;
}

/* A port holds one thing: what is plugged in where something else belongs has no excuse. */
static int require_distinct(const struct lw_commission *c, struct lw_error *e)
{
	for (size_t i = 0; i < c->n_media; i++) {
		bool twice = holds_fixture(c, c->media[i]) ||
			     (c->keyboard && strcmp(c->keyboard, c->media[i]) == 0);

		for (size_t k = 0; k < i; k++)
			twice = twice || strcmp(c->media[k], c->media[i]) == 0;
		if (twice)
			return lw_fail(e, LW_E_CONFLICT, "port %s is to hold two things",
				       c->media[i]);
	}
	if (c->keyboard && holds_fixture(c, c->keyboard))
		return lw_fail(e, LW_E_CONFLICT, "port %s is to hold two things", c->keyboard);
	for (size_t i = 0; i < c->n_hubs; i++) {
		struct lw_commission before = { .hubs = c->hubs,
						.n_hubs = i,
						.internal = c->internal,
						.n_internal = c->n_internal };

		if (holds_fixture(&before, c->hubs[i].port))
			return lw_fail(e, LW_E_CONFLICT, "port %s is to hold two things",
				       c->hubs[i].port);
	}
	return 0;
}

struct commission_fields {
	const char *keyboard;
	const struct lw_json *hubs, *internal, *media;
};

static int read_all(struct lw_commission *c, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		{ "format", LW_JSON_IS, LW_JSON_REQUIRED, .is = "landwaiter-door/1" },
		{ "hubs", LW_JSON_READ_ARRAY, .max = LW_DOOR_MAX_PORTS,
		  .offset = offsetof(struct commission_fields, hubs) },
		{ "internal", LW_JSON_READ_ARRAY, .max = LW_DOOR_MAX_PORTS,
		  .offset = offsetof(struct commission_fields, internal) },
		{ "keyboard", LW_JSON_READ_STRING,
		  .offset = offsetof(struct commission_fields, keyboard) },
		{ "media", LW_JSON_READ_ARRAY, .max = LW_DOOR_MAX_PORTS,
		  .offset = offsetof(struct commission_fields, media) },
	};
	struct commission_fields f = { 0 };
	int r = lw_json_read(lw_json_root(c->doc), fields, LW_COUNT_OF(fields),
			     LW_JSON_REFUSE_UNKNOWN, "commissioning", &f, e);

	c->keyboard = f.keyboard;
	if (r == 0 && c->keyboard && require_port(c->keyboard, e) < 0)
		r = lw_prefix(e, "keyboard");
	if (r == 0)
		r = read_fixtures(f.hubs, "hubs", &c->hubs, &c->n_hubs, e);
	if (r == 0)
		r = read_fixtures(f.internal, "internal", &c->internal, &c->n_internal, e);
	if (r == 0)
		r = read_media(f.media, c, e);
	return r == 0 ? require_distinct(c, e) : r;
}

int lw_commission_parse(struct lw_span json, struct lw_commission *ret, struct lw_error *e)
{
	LW_AUTO(commission) struct lw_commission c = { 0 };
	int r = lw_json_parse(json, &LW_JSON_STRICT, &c.doc, e);

	if (r == 0)
		r = read_all(&c, e);
	if (r < 0)
		return lw_prefix(e, "door.json");
	*ret = c;
	c = (struct lw_commission){ 0 };
	return 0;
}

bool lw_commission_has_media_port(const struct lw_commission *c, const char *port)
{
	if (holds_fixture(c, port) || (c->keyboard && strcmp(c->keyboard, port) == 0))
		return false;
	for (size_t i = 0; i < c->n_media; i++)
		if (strcmp(c->media[i], port) == 0)
			return true;
	return !c->has_media;
}

bool lw_commission_has_fixture(const struct lw_fixture *list, size_t n, const char *port,
			       uint16_t vendor, uint16_t product)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].port, port) == 0 && list[i].vendor == vendor &&
		    list[i].product == product)
			return true;
	return false;
}

int lw_commission_first(struct lw_commission *ret, struct lw_error *e)
{
	int r = lw_commission_parse(lw_span_str("{\"format\":\"landwaiter-door/1\"}"), ret, e);

	if (r == 0)
		ret->any_keyboard = true;
	return r;
}
