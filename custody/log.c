/* SPDX-License-Identifier: Apache-2.0 */
#include "custody/record.h"

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Checking and exporting the book. */

#define CHUNK_BYTES  ((size_t)65536)
#define EXPORT_BYTES ((size_t)262144)

static const char *const result_names[] = { "accepted", "refused", "incomplete", "damaged",
					    "done",	"alarm",   "error" };

_Static_assert(LW_COUNT_OF(result_names) <= LW_COUNT_OF(((struct lw_log_check *)NULL)->results),
	       "one counter per result");

const char *lw_log_result_name(size_t i)
{
	return i < LW_COUNT_OF(result_names) ? result_names[i] : NULL;
}

struct checker {
	struct lw_log_check sum;
	struct lw_digest enclave; /* of the first record */
	const struct lw_head *expected;
};

struct fields {
	const struct lw_json *detail, *software, *time;
	struct lw_digest enclave;
	const char *event, *id, *prev, *reason, *result;
	uint64_t index, version;
};

static int read_time(const struct lw_json *node, struct lw_error *e)
{
	struct {
		const char *boot_id, *source;
		uint64_t boot_sec;
		int64_t floor, utc;
		const struct lw_json *utc_node;
	} t = { 0 };
	static const struct lw_json_field fields[] = {
		{ "boot_id", LW_JSON_READ_STRING, LW_JSON_REQUIRED,
		  offsetof(__typeof__(t), boot_id), 0, 36, NULL },
		{ "boot_sec", LW_JSON_READ_U64, LW_JSON_REQUIRED,
		  offsetof(__typeof__(t), boot_sec), 0, 0, NULL },
		{ "floor", LW_JSON_READ_TIME, LW_JSON_REQUIRED, offsetof(__typeof__(t), floor),
		  0, 0, NULL },
		{ "source", LW_JSON_READ_LABEL, LW_JSON_REQUIRED,
		  offsetof(__typeof__(t), source), 0, 0, NULL },
		{ "utc", LW_JSON_READ_ANY, LW_JSON_REQUIRED, offsetof(__typeof__(t), utc_node),
		  0, 0, NULL },
	};
	int rc = lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN, "time",
			      &t, e);

	if (rc)
		return rc;
	if (!lw_record_is_source(t.source))
		return lw_fail(e, LW_E_FORMAT, "time: an unknown source");
	if (!strcmp(t.source, "none"))
		return lw_json_type(t.utc_node) == LW_JSON_NULL
			       ? 0
			       : lw_fail(e, LW_E_FORMAT, "time: known, but without a source");
	if (lw_json_type(t.utc_node) != LW_JSON_STRING)
		return lw_fail(e, LW_E_FORMAT, "time: utc is not a string");
	return lw_time_parse(lw_span_str(lw_json_string(t.utc_node)), &t.utc, e);
}

static int read_software(const struct lw_json *node, struct lw_error *e)
{
	struct {
		const char *name, *version;
	} s = { 0 };
	static const struct lw_json_field fields[] = {
		{ "name", LW_JSON_READ_PLAIN, LW_JSON_REQUIRED, offsetof(__typeof__(s), name),
		  1, 64, NULL },
		{ "version", LW_JSON_READ_PLAIN, LW_JSON_REQUIRED,
		  offsetof(__typeof__(s), version), 1, 64, NULL },
	};

	return lw_json_read(node, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			    "software", &s, e);
}

#define FIELD(name_, reader_, min_, max_)                                                      \
	{                                                                                      \
#name_, reader_, LW_JSON_REQUIRED, offsetof(struct fields, name_), min_, max_, \
			NULL                                                                   \
	}

static int read_fields(const struct lw_json *root, struct fields *f, struct lw_error *e)
{
	static const struct lw_json_field fields[] = {
		FIELD(detail, LW_JSON_READ_OBJECT, 0, 0),
		FIELD(enclave, LW_JSON_READ_DIGEST, 0, 0),
		FIELD(event, LW_JSON_READ_LABEL, 0, 0),
		FIELD(id, LW_JSON_READ_STRING, 32, 32),
		FIELD(index, LW_JSON_READ_U64, 0, 0),
		FIELD(prev, LW_JSON_READ_STRING, 64, 64),
		FIELD(reason, LW_JSON_READ_STRING, 0, 64),
		FIELD(result, LW_JSON_READ_LABEL, 0, 0),
		FIELD(software, LW_JSON_READ_OBJECT, 0, 0),
		FIELD(time, LW_JSON_READ_OBJECT, 0, 0),
		{ "v", LW_JSON_READ_U64, LW_JSON_REQUIRED, offsetof(struct fields, version), 1,
		  1, NULL },
	};
	uint8_t id[16];
	int rc = lw_json_read(root, fields, LW_COUNT_OF(fields), LW_JSON_REFUSE_UNKNOWN,
			      "record", f, e);

	if (!rc && lw_hex_decode(lw_span_str(f->id), id, sizeof(id), NULL) < 0)
		rc = lw_fail(e, LW_E_FORMAT, "id is not 32 hex digits");
	if (!rc)
		rc = read_software(f->software, e);
	if (!rc)
		rc = read_time(f->time, e);
	return rc;
}

static int count_result(struct checker *c, const char *result, struct lw_error *e)
{
	for (size_t i = 0; i < LW_COUNT_OF(result_names); i++) {
		if (!strcmp(result, result_names[i])) {
			c->sum.results[i]++;
			return 0;
		}
	}
	return lw_fail(e, LW_E_FORMAT, "an unknown result");
}

/* The record's place: its number, its predecessor, its enclave. */
static int check_place(struct checker *c, const struct fields *f, struct lw_error *e)
{
	const struct lw_head *before = &c->sum.head;
	char want[65];

	if (f->index != before->count)
		return lw_fail(e, LW_E_CONFLICT, "it says it is record %llu",
			       (unsigned long long)f->index);
	if (strcmp(f->prev, lw_digest_hex(&before->digest, want)) != 0)
		return lw_fail(e, LW_E_DIGEST,
			       "the record before it is not the one it was linked to");
	if (before->count == 0)
		c->enclave = f->enclave;
	if (!lw_digest_equal(&f->enclave, &c->enclave))
		return lw_fail(e, LW_E_CONFLICT, "it is of another enclave");
	return 0;
}

static int check_leaf(struct checker *c, struct lw_span leaf, struct lw_error *e)
{
	struct lw_json_limits limits = LW_JSON_STRICT;
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct fields f = { 0 };

	limits.bytes = LW_MAX_RECORD_BYTES;
	int rc = lw_json_parse(leaf, &limits, &doc, e);
	if (!rc)
		rc = lw_json_require_canonical(doc, leaf, e);
	if (!rc)
		rc = read_fields(lw_json_root(doc), &f, e);
	if (!rc)
		rc = check_place(c, &f, e);
	if (!rc)
		rc = count_result(c, f.result, e);
	if (rc)
		return lw_prefix(e, "record %llu", (unsigned long long)c->sum.head.count);

	c->sum.head.count++;
	c->sum.head.digest = lw_digest_of(leaf);
	if (c->expected && c->expected->count == c->sum.head.count &&
	    memcmp(c->expected->digest.sha256, c->sum.head.digest.sha256,
		   c->expected->known ? c->expected->known : LW_DIGEST_BYTES) != 0) {
		char want[65], have[65];

		return lw_fail(e, LW_E_DIGEST,
			       "record %llu: the head does not hold: want %s, have %s",
			       (unsigned long long)(c->sum.head.count - 1),
			       lw_digest_hex(&c->expected->digest, want),
			       lw_digest_hex(&c->sum.head.digest, have));
	}
	return 0;
}

static int check_end(const struct checker *c, struct lw_error *e)
{
	/* Every book begins with the record of its enclave's making. */
	if (c->sum.head.count == 0)
		return lw_fail(e, LW_E_TRUNCATED, "the book is empty");
	if (c->expected && c->expected->count > c->sum.head.count)
		return lw_fail(e, LW_E_TRUNCATED,
			       "record %llu: missing: the head counts %llu records",
			       (unsigned long long)c->sum.head.count,
			       (unsigned long long)c->expected->count);
	return 0;
}

/* Takes the whole lines out of buf; keeps the unfinished rest at its front. */
static int check_lines(struct checker *c, struct lw_buf *buf, struct lw_error *e)
{
	size_t done = 0;

	for (;;) {
		const uint8_t *start = buf->p + done;
		const uint8_t *lf = memchr(start, '\n', buf->n - done);
		size_t n = lf ? (size_t)(lf - start) : buf->n - done;

		if (n > LW_MAX_RECORD_BYTES)
			return lw_fail(e, LW_E_LIMIT, "record %llu: longer than %zu bytes",
				       (unsigned long long)c->sum.head.count,
				       LW_MAX_RECORD_BYTES);
		if (!lf)
			break;
		int rc = check_leaf(c, lw_span(start, n), e);
		if (rc)
			return rc;
		done += n + 1;
	}
	memmove(buf->p, buf->p + done, buf->n - done);
	buf->n -= done;
	return 0;
}

int lw_log_check_file(int fd, const struct lw_head *expected, struct lw_log_check *ret,
		      struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf buf = { 0 };
	struct checker c = { .expected = expected };
	int rc;

	for (;;) {
		lw_buf_reserve(&buf, CHUNK_BYTES);
		ssize_t n = read(fd, buf.p + buf.n, CHUNK_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lw_fail_errno(e, "read the book");
		if (n == 0)
			break;
		buf.n += (size_t)n;
		rc = check_lines(&c, &buf, e);
		if (rc)
			return rc;
	}
	if (buf.n)
		return lw_fail(e, LW_E_TRUNCATED, "record %llu: cut off",
			       (unsigned long long)c.sum.head.count);
	rc = check_end(&c, e);
	if (!rc)
		*ret = c.sum;
	return rc;
}

/* Hands every leaf to `take`, all from one committed state. */
static int each_leaf(struct lw_state *s,
		     int (*take)(void *data, struct lw_span leaf, struct lw_error *e),
		     void *data, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf leaf = { 0 };
	uint64_t count = 0;
	int rc = lw_state_begin(s, e);

	if (rc)
		return rc;
	rc = lw_state_record_count(s, &count, e);
	for (uint64_t i = 0; !rc && i < count; i++) {
		lw_buf_clear(&leaf);
		rc = lw_state_record_get(s, i, &leaf, e);
		if (rc == -LW_E_NOTFOUND)
			rc = lw_fail(e, LW_E_STATE, "record %llu: missing in the book",
				     (unsigned long long)i);
		if (!rc)
			rc = take(data, lw_buf_span(&leaf), e);
	}
	lw_state_rollback(s);
	return rc;
}

static int take_check(void *data, struct lw_span leaf, struct lw_error *e)
{
	return check_leaf(data, leaf, e);
}

int lw_log_check_state(struct lw_state *s, struct lw_log_check *ret, struct lw_error *e)
{
	struct checker c = { 0 };
	int rc = each_leaf(s, take_check, &c, e);

	if (!rc)
		rc = check_end(&c, e);
	if (!rc)
		*ret = c.sum;
	return rc;
}

struct export
{
	struct lw_buf buf;
	int fd;
};

static int take_export(void *data, struct lw_span leaf, struct lw_error *e)
{
	struct export *x = data;
	int rc = 0;

	lw_buf_add(&x->buf, leaf.p, leaf.n);
	lw_buf_addc(&x->buf, '\n');
	if (x->buf.n >= EXPORT_BYTES) {
		rc = lw_fs_write(x->fd, x->buf.p, x->buf.n, e);
		lw_buf_clear(&x->buf);
	}
	return rc;
}

int lw_log_export(struct lw_state *s, int fd, struct lw_error *e)
{
	struct export x = { .fd = fd };
	int rc = each_leaf(s, take_export, &x, e);

	if (!rc && x.buf.n)
		rc = lw_fs_write(fd, x.buf.p, x.buf.n, e);
	lw_buf_free(&x.buf);
	return rc;
}
