/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/limits.h"
#include "custody/record.h"
#include "custody/state_internal.h" /* the database under it, to damage it */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/lib/scratch.h"

#define OK(call)	  assert_int_equal(call, 0)
#define FAILS(code, call) assert_int_equal(call, -(int)(code))

static const struct lw_record_time now = { .utc = 1790000000,
					   .source = "clock",
					   .floor = 1780000000,
					   .boot_sec = 86400,
					   .boot_id = "01234567-89ab-cdef-0123-456789abcdef" };

struct fixture {
	struct scratch at;
	struct lw_state *state;
	struct lw_head head; /* of what was added last */
	struct lw_buf book;  /* the export */
	struct lw_error e;
};

static void fill(struct lw_json_writer *w, const void *data)
{
	lw_json_w_member(w, "note", data);
}

static void add(struct fixture *f, enum lw_event event, const char *result, const char *note)
{
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_record_add(f->state, event, result, "", &now, fill, note, &f->head, &f->e));
	OK(lw_state_commit(f->state, &f->e));
}

static void set_identity(struct lw_state *s, const char *of)
{
	struct lw_digest id = lw_digest_of(lw_span_str(of));
	struct lw_error e;
	char text[LW_DIGEST_TEXT];

	OK(lw_state_begin(s, &e));
	OK(lw_state_set(s, "identity", lw_span_str(lw_digest_text(&id, text)), &e));
	OK(lw_state_commit(s, &e));
}

static int setup(void **state)
{
	struct fixture *f = lw_alloc_array(1, sizeof(*f));

	scratch_make(&f->at);
	OK(lw_state_open(f->at.dir, LW_STATE_CREATE, &f->state, &f->e));
	set_identity(f->state, "enclave");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lw_state_close(f->state);
	lw_buf_free(&f->book);
	scratch_drop(&f->at);
	free(f);
	return 0;
}

/* Six records, exported into f->book. */
#define RECORDS 6

static void export_book(struct fixture *f)
{
	int fd = memfd_create("book", MFD_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0);
	OK(lw_log_export(f->state, fd, &f->e));
	OK(fstat(fd, &st));
	lw_buf_clear(&f->book);
	lw_buf_reserve(&f->book, (size_t)st.st_size);
	assert_int_equal(pread(fd, f->book.p, (size_t)st.st_size, 0), st.st_size);
	f->book.n = (size_t)st.st_size;
	(void)close(fd);
}

static void make_book(struct fixture *f)
{
	add(f, LW_EVENT_INIT, "done", "a new enclave");
	add(f, LW_EVENT_LOAD, "accepted", "\xc3\xa9t\xc3\xa9");
	add(f, LW_EVENT_LOAD, "refused", "\"quoted\" \\ and\ttab");
	add(f, LW_EVENT_VERIFY, "incomplete", "");
	add(f, LW_EVENT_GC, "done", "x");
	add(f, LW_EVENT_ALARM, "alarm", "last");
	export_book(f);
}

static int check(struct lw_span bytes, const struct lw_head *expected, struct lw_log_check *ret)
{
	struct lw_error e = { 0 };
	int fd = memfd_create("book", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	int rc = lw_log_check_file(fd, expected, ret, &e);
	assert_int_equal(rc, -(int)e.code);
	(void)close(fd);
	return rc;
}

/* The lines of a book, LF included. */
static size_t split(const struct lw_buf *book, struct lw_span out[static RECORDS + 1])
{
	const uint8_t *p = book->p, *end = book->p + book->n;
	size_t n = 0;

	while (p < end) {
		const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));

		assert_non_null(lf);
		assert_true(n <= RECORDS);
		out[n++] = lw_span(p, (size_t)(lf + 1 - p));
		p = lf + 1;
	}
	return n;
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(lw_event_name(LW_EVENT_INIT), "init");
	assert_string_equal(lw_event_name(LW_EVENT_TIME_ATTEST), "time-attest");
	assert_string_equal(lw_event_name(LW_EVENT_ALARM), "alarm");
	assert_string_equal(lw_event_name((enum lw_event)99), "unknown");
	assert_string_equal(lw_log_result_name(0), "accepted");
	assert_string_equal(lw_log_result_name(6), "error");
	assert_null(lw_log_result_name(7));
	assert_null(lw_log_result_name(SIZE_MAX));
}

static void test_head(void **state)
{
	static const char zeros[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	static const char *const bad[] = {
		"",
		":",
		"1",
		"1:",
		"a:b",
		"01:%s",
		"-1:%s",
		"+1:%s",
		" 1:%s",
		"1:%s ",
		"1:%s0",
		"1 :%s",
		"1:0%s",
		"1::%s",
		"9007199254740993:%s",
		"18446744073709551617:%s",
		"1:sha256:%s",
		"%s",
		"0:%s",
	};
	struct lw_head h = { .count = 12 }, back = { .count = 7 };
	struct lw_error e;
	char text[LW_HEAD_TEXT], form[160];

	(void)state;
	h.digest = lw_digest_of(lw_span_str("x"));
	assert_string_equal(
		lw_head_text(&h, text),
		"12:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++) {
		(void)snprintf(form, sizeof(form), "%.*s%s%s",
			       (int)(strstr(bad[i], "%s") ? strstr(bad[i], "%s") - bad[i]
							  : (long)strlen(bad[i])),
			       bad[i], strstr(bad[i], "%s") ? text + 3 : "",
			       strstr(bad[i], "%s") ? strstr(bad[i], "%s") + 2 : "");
		FAILS(LW_E_FORMAT, lw_head_parse(lw_span_str(form), &back, &e));
	}
	text[3] = 'A';
	FAILS(LW_E_FORMAT, lw_head_parse(lw_span_str(text), &back, &e));
	FAILS(LW_E_FORMAT, lw_head_parse(lw_span(NULL, 0), &back, &e));
	assert_int_equal(back.count, 7);
	OK(lw_head_parse(lw_span_str(lw_head_text(&h, text)), &back, &e));
	assert_int_equal(back.count, 12);
	assert_true(lw_digest_equal(&back.digest, &h.digest));
	(void)snprintf(form, sizeof(form), "0:%s", zeros);
	OK(lw_head_parse(lw_span_str(form), &back, &e));
	assert_int_equal(back.count, 0);
}

/* The test vector of docs/format/record.md. */
static struct lw_record vector(void)
{
	return (struct lw_record){ .index = 1,
				   .id = "000102030405060708090a0b0c0d0e0f",
				   .prev = lw_digest_of(lw_span_str("the record before")),
				   .enclave = lw_digest_of(lw_span_str("identity.json")),
				   .event = LW_EVENT_REMOVE,
				   .result = "done",
				   .reason = "",
				   .time = &now,
				   .fill = fill,
				   .data = "caf\xc3\xa9" };
}

static void test_vector(void **state)
{
	struct lw_record r = vector();
	struct lw_error e;
	LW_AUTO(buf) struct lw_buf leaf = { 0 };
	char hex[65], want[128];

	(void)state;
	OK(lw_record_build(&r, &leaf, &e));
	struct lw_digest d = lw_digest_of(lw_buf_span(&leaf));
	/* The version of the program is part of the record; the document's is fixed. */
	char *version = strstr((char *)leaf.p, "\"version\":\"" LW_VERSION "\"");
	assert_non_null(version);

	lw_auto_free char *doc = scratch_read(AT_FDCWD, "docs/format/record.md", NULL);
	LW_AUTO(buf) struct lw_buf shown = { 0 };
	lw_buf_add(&shown, leaf.p, (size_t)(version - (char *)leaf.p));
	lw_buf_adds(&shown, "\"version\":\"0.1.0\"");
	lw_buf_adds(&shown, version + strlen("\"version\":\"" LW_VERSION "\""));
	if (!strstr(doc, lw_buf_str(&shown)))
		fail_msg("docs/format/record.md lacks %s", lw_buf_str(&shown));
	struct lw_digest vector_digest = lw_digest_of(lw_buf_span(&shown));
	(void)snprintf(want, sizeof(want), "2:%s", lw_digest_hex(&vector_digest, hex));
	if (!strstr(doc, want))
		fail_msg("docs/format/record.md lacks %s", want);
	if (!strcmp(LW_VERSION, "0.1.0"))
		assert_true(lw_digest_equal(&d, &vector_digest));
}

static void fill_length(struct lw_json_writer *w, const void *data)
{
	const size_t *n = data;
	lw_auto_free char *text = lw_alloc(*n + 1);

	memset(text, 'x', *n);
	text[*n] = '\0';
	lw_json_w_member(w, "x", text);
}

static void test_build_refuses(void **state)
{
	struct lw_error e;
	LW_AUTO(buf) struct lw_buf out = { 0 };
	struct lw_record_time time = now;
	char long_reason[66];

	(void)state;
	memset(long_reason, 'r', 65);
	long_reason[65] = '\0';
	static const char *const results[] = { "", "ok", "Accepted", "accepted ", "accept" };
	for (size_t i = 0; i < LW_COUNT_OF(results); i++) {
		struct lw_record r = vector();

		r.result = results[i];
		FAILS(LW_E_INTERNAL, lw_record_build(&r, &out, &e));
	}
	const char *const reasons[] = { long_reason, "Seal", "a b", "a\n", "\xc3\xa9", "a/b" };
	for (size_t i = 0; i < LW_COUNT_OF(reasons); i++) {
		struct lw_record r = vector();

		r.reason = reasons[i];
		FAILS(LW_E_INTERNAL, lw_record_build(&r, &out, &e));
	}
	static const char *const ids[] = { "", "00", "000102030405060708090a0b0c0d0e0F",
					   "000102030405060708090a0b0c0d0e0f0" };
	for (size_t i = 0; i < LW_COUNT_OF(ids); i++) {
		struct lw_record r = vector();

		r.id = ids[i];
		FAILS(LW_E_INTERNAL, lw_record_build(&r, &out, &e));
	}
	for (int i = 0; i < 5; i++) {
		struct lw_record r = vector();

		r.time = &time;
		time = now;
		if (i == 0)
			time.source = "ntp";
		if (i == 1)
			time.boot_id = "0123456789012345678901234567890123456";
		if (i == 2)
			time.boot_id = "a\x1b[0m";
		if (i == 3)
			time.boot_sec = -1;
		if (i == 4)
			r.event = (enum lw_event)99;
		FAILS(LW_E_INTERNAL, lw_record_build(&r, &out, &e));
	}
	assert_int_equal(out.n, 0);

	/* Exactly as long as a record may be, and one byte more. */
	struct lw_record r = vector();
	size_t n = 0;
	r.fill = fill_length;
	r.data = &n;
	OK(lw_record_build(&r, &out, &e));
	n = LW_MAX_RECORD_BYTES - out.n;
	assert_true(n > LW_RECORD_DETAIL_BYTES);
	lw_buf_clear(&out);
	OK(lw_record_build(&r, &out, &e));
	assert_int_equal(out.n, LW_MAX_RECORD_BYTES);
	lw_buf_clear(&out);
	n++;
	FAILS(LW_E_LIMIT, lw_record_build(&r, &out, &e));
	assert_int_equal(out.n, 0);
}

static void test_add(void **state)
{
	struct fixture *f = *state;
	struct lw_log_check sum = { 0 };
	struct lw_head head = { .count = 7 };
	size_t n = LW_MAX_RECORD_BYTES;

	OK(lw_record_head(f->state, &head, &f->e));
	assert_int_equal(head.count, 0);
	FAILS(LW_E_TRUNCATED, lw_log_check_state(f->state, &sum, &f->e));
	FAILS(LW_E_INTERNAL, lw_record_add(f->state, LW_EVENT_INIT, "done", "", &now, NULL,
					   NULL, &head, &f->e));
	OK(lw_state_begin(f->state, &f->e));
	FAILS(LW_E_LIMIT, lw_record_add(f->state, LW_EVENT_INIT, "done", "", &now, fill_length,
					&n, &head, &f->e));
	FAILS(LW_E_INTERNAL, lw_record_add(f->state, LW_EVENT_INIT, "fine", "", &now, NULL,
					   NULL, &head, &f->e));
	assert_int_equal(head.count, 0);
	OK(lw_state_unset(f->state, "identity", &f->e));
	FAILS(LW_E_NOTFOUND, lw_record_add(f->state, LW_EVENT_INIT, "done", "", &now, NULL,
					   NULL, &head, &f->e));
	lw_state_rollback(f->state);

	make_book(f);
	OK(lw_record_head(f->state, &head, &f->e));
	assert_int_equal(head.count, RECORDS);
	assert_true(lw_digest_equal(&head.digest, &f->head.digest));
	OK(lw_log_check_state(f->state, &sum, &f->e));
	assert_int_equal(sum.head.count, RECORDS);
	assert_true(lw_digest_equal(&sum.head.digest, &head.digest));
	assert_int_equal(sum.results[0], 1); /* accepted */
	assert_int_equal(sum.results[1], 1); /* refused */
	assert_int_equal(sum.results[2], 1); /* incomplete */
	assert_int_equal(sum.results[3], 0); /* damaged */
	assert_int_equal(sum.results[4], 2); /* done */
	assert_int_equal(sum.results[5], 1); /* alarm */

	/* Two records of the same moment are still two: their ids differ. */
	struct lw_span lines[RECORDS + 1];
	assert_int_equal(split(&f->book, lines), RECORDS);
	for (size_t i = 1; i < RECORDS; i++)
		assert_memory_not_equal(memmem(lines[i].p, lines[i].n, "\"id\":", 5),
					memmem(lines[i - 1].p, lines[i - 1].n, "\"id\":", 5),
					36);
}

static void test_time_unknown(void **state)
{
	struct fixture *f = *state;
	struct lw_record_time time = now;
	struct lw_log_check sum;

	time.source = "none";
	time.boot_id = "";
	OK(lw_state_begin(f->state, &f->e));
	OK(lw_record_add(f->state, LW_EVENT_INIT, "error", "time.unknown", &time, NULL, NULL,
			 &f->head, &f->e));
	OK(lw_state_commit(f->state, &f->e));
	export_book(f);
	assert_non_null(strstr((char *)f->book.p, "\"source\":\"none\",\"utc\":null}"));
	OK(check(lw_buf_span(&f->book), &f->head, &sum));
	assert_int_equal(sum.results[6], 1);
}

static void test_whole_book(void **state)
{
	struct fixture *f = *state;
	struct lw_log_check sum = { 0 };
	struct lw_span lines[RECORDS + 1];

	make_book(f);
	OK(check(lw_buf_span(&f->book), NULL, &sum));
	assert_int_equal(sum.head.count, RECORDS);
	assert_true(lw_digest_equal(&sum.head.digest, &f->head.digest));
	assert_int_equal(split(&f->book, lines), RECORDS);

	/* Every head the book ever had still holds; any other digest or a future one does not.
	 */
	for (size_t i = 0; i < RECORDS; i++) {
		struct lw_head h = { .count = i + 1,
				     .digest = lw_digest_of(
					     lw_span(lines[i].p, lines[i].n - 1)) };

		OK(check(lw_buf_span(&f->book), &h, &sum));
		for (size_t k = 0; k < LW_DIGEST_BYTES; k++) {
			struct lw_head other = h;

			other.digest.sha256[k] ^= 1;
			FAILS(LW_E_DIGEST, check(lw_buf_span(&f->book), &other, &sum));
		}
		h.count += RECORDS;
		FAILS(LW_E_TRUNCATED, check(lw_buf_span(&f->book), &h, &sum));
		h.count = i + 2;
		assert_true(check(lw_buf_span(&f->book), &h, &sum) < 0);
	}
	struct lw_head none = { 0 };
	OK(check(lw_buf_span(&f->book), &none, &sum));
	struct lw_head far = { .count = UINT64_MAX, .digest = f->head.digest };
	FAILS(LW_E_TRUNCATED, check(lw_buf_span(&f->book), &far, &sum));
}

/* The oracle: with its head, a book is accepted only if every byte is the original. */
static void test_every_byte(void **state)
{
	struct fixture *f = *state;
	struct lw_log_check sum = { 0 };
	static const uint8_t flips[] = { 0x01, 0x20, 0x80 };
	size_t tried = 0;

	make_book(f);
	for (size_t at = 0; at < f->book.n; at++) {
		for (size_t k = 0; k < LW_COUNT_OF(flips); k++) {
			f->book.p[at] ^= flips[k];
			assert_true(check(lw_buf_span(&f->book), &f->head, &sum) < 0);
			f->book.p[at] ^= flips[k];
			tried++;
		}
	}
	for (size_t n = 0; n < f->book.n; n++) {
		int rc = check(lw_span(f->book.p, n), &f->head, &sum);

		assert_true(rc == -LW_E_TRUNCATED);
		tried++;
	}
	print_message("%zu damaged books, all refused\n", tried);
	assert_int_equal(sum.head.count, 0);
	OK(check(lw_buf_span(&f->book), &f->head, &sum));
}

static int check_order(struct lw_span *lines, const size_t *order, size_t n,
		       const struct lw_head *head)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_log_check sum;

	for (size_t i = 0; i < n; i++)
		lw_buf_add(&b, lines[order[i]].p, lines[order[i]].n);
	return check(lw_buf_span(&b), head, &sum);
}

static void test_records_moved(void **state)
{
	struct fixture *f = *state;
	struct lw_span lines[RECORDS + 1];
	size_t order[RECORDS + 1];

	make_book(f);
	assert_int_equal(split(&f->book, lines), RECORDS);
	for (size_t gone = 0; gone < RECORDS; gone++) {
		size_t n = 0;

		for (size_t i = 0; i < RECORDS; i++)
			if (i != gone)
				order[n++] = i;
		/* Cutting off the end is seen by the head alone. */
		FAILS(gone == RECORDS - 1 ? LW_E_TRUNCATED : LW_E_CONFLICT,
		      check_order(lines, order, n, &f->head));
		assert_int_equal(check_order(lines, order, n, NULL),
				 gone == RECORDS - 1 ? 0 : -(int)LW_E_CONFLICT);
	}
	for (size_t twice = 0; twice < RECORDS; twice++) {
		size_t n = 0;

		for (size_t i = 0; i < RECORDS; i++) {
			order[n++] = i;
			if (i == twice)
				order[n++] = i;
		}
		FAILS(LW_E_CONFLICT, check_order(lines, order, n, NULL));
	}
	for (size_t a = 0; a < RECORDS; a++) {
		for (size_t b = a + 1; b < RECORDS; b++) {
			for (size_t i = 0; i < RECORDS; i++)
				order[i] = i == a ? b : i == b ? a : i;
			FAILS(LW_E_CONFLICT, check_order(lines, order, RECORDS, NULL));
		}
	}
	for (size_t first = 1; first < RECORDS; first++) {
		for (size_t i = first; i < RECORDS; i++)
			order[i - first] = i;
		FAILS(LW_E_CONFLICT, check_order(lines, order, RECORDS - first, NULL));
	}
}

/* A book written anew from some record on: every link holds, only the head tells. */
static void test_rewritten(void **state)
{
	struct fixture *f = *state;
	struct lw_head honest;
	struct lw_log_check sum;
	struct lw_span lines[RECORDS + 1];

	make_book(f);
	honest = f->head;
	assert_int_equal(split(&f->book, lines), RECORDS);
	for (size_t keep = 0; keep < RECORDS; keep++) {
		struct fixture *g;
		void *fresh = NULL;

		OK(setup(&fresh));
		g = fresh;
		OK(lw_state_begin(g->state, &g->e));
		for (size_t i = 0; i < keep; i++)
			OK(lw_state_record_add(g->state, i, lw_span(lines[i].p, lines[i].n - 1),
					       &g->e));
		OK(lw_state_commit(g->state, &g->e));
		for (size_t i = keep; i < RECORDS; i++)
			add(g, LW_EVENT_LOAD, "accepted", "another story");
		export_book(g);
		OK(check(lw_buf_span(&g->book), NULL, &sum));
		OK(check(lw_buf_span(&g->book), &g->head, &sum));
		FAILS(LW_E_DIGEST, check(lw_buf_span(&g->book), &honest, &sum));
		OK(teardown(&fresh));
	}

	/* Half of one enclave's book, half of another's. */
	set_identity(f->state, "another enclave");
	add(f, LW_EVENT_LOAD, "accepted", "a stranger");
	export_book(f);
	FAILS(LW_E_CONFLICT, check(lw_buf_span(&f->book), NULL, &sum));
	FAILS(LW_E_CONFLICT, lw_log_check_state(f->state, &sum, &f->e));
}

/* One record in a book of its own, with something replaced. */
static int check_edited(const char *leaf, const char *from, const char *to)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_log_check sum;
	const char *at = strstr(leaf, from);

	if (!at)
		fail_msg("no %s in %s", from, leaf);
	lw_buf_add(&b, leaf, (size_t)(at - leaf));
	lw_buf_adds(&b, to);
	lw_buf_adds(&b, at + strlen(from));
	lw_buf_addc(&b, '\n');
	return check(lw_buf_span(&b), NULL, &sum);
}

static void test_grammar(void **state)
{
	static const struct {
		const char *from, *to;
		int code;
	} rows[] = {
		{ "\"v\":1", "\"v\":1", 0 },
		{ "\"event\":\"remove\"", "\"event\":\"something-new\"", 0 },
		{ "\"v\":1", "\"v\":2", -LW_E_LIMIT },
		{ "\"v\":1", "\"v\":0", -LW_E_LIMIT },
		{ "\"v\":1", "\"v\":1,\"w\":1", -LW_E_FORMAT },
		{ ",\"v\":1", "", -LW_E_FORMAT },
		{ "{\"detail\"", "{ \"detail\"", -LW_E_FORMAT },
		{ "{\"detail\"", "\xef\xbb\xbf{\"detail\"", -LW_E_FORMAT },
		{ "\"v\":1}", "\"v\":1} ", -LW_E_FORMAT },
		{ "\"v\":1}", "\"v\":1}\r", -LW_E_FORMAT },
		{ "\"v\":1}", "\"v\":1}\n", -LW_E_FORMAT },
		{ "\"v\":1}", "\"v\":1}{}", -LW_E_FORMAT },
		{ "\"v\":1", "\"v\":1.0", -LW_E_FORMAT },
		{ "\"v\":1", "\"v\":true", -LW_E_FORMAT },
		{ "caf\xc3\xa9", "caf\\u00e9", -LW_E_FORMAT },
		{ "caf\xc3\xa9", "caf\xe9", -LW_E_FORMAT },
		{ "\"done\"", "\"fine\"", -LW_E_FORMAT },
		{ "\"done\"", "\"\"", -LW_E_FORMAT },
		{ "\"done\"", "7", -LW_E_FORMAT },
		{ "\"index\":0", "\"index\":1", -LW_E_CONFLICT },
		{ "\"index\":0", "\"index\":-1", -LW_E_LIMIT },
		{ "\"index\":0", "\"index\":\"0\"", -LW_E_FORMAT },
		{ "\"prev\":\"0", "\"prev\":\"1", -LW_E_DIGEST },
		{ "\"prev\":\"0", "\"prev\":\"", -LW_E_LIMIT },
		{ "\"prev\":\"0", "\"prev\":\"00", -LW_E_LIMIT },
		{ "\"id\":\"0", "\"id\":\"", -LW_E_LIMIT },
		{ "\"id\":\"00", "\"id\":\"zz", -LW_E_FORMAT },
		{ "\"id\":\"00", "\"id\":\"A0", -LW_E_FORMAT },
		{ "\"enclave\":\"sha256:", "\"enclave\":\"sha512:", -LW_E_FORMAT },
		{ "\"enclave\":\"sha256:", "\"enclave\":\"", -LW_E_FORMAT },
		{ "\"detail\":{", "\"detail\":{\"note\":\"\",", -LW_E_FORMAT },
		{ "\"detail\":{\"note\":\"caf\xc3\xa9\"}", "\"detail\":[]", -LW_E_FORMAT },
		{ "\"source\":\"clock\"", "\"source\":\"none\"", -LW_E_FORMAT },
		{ "\"source\":\"clock\"", "\"source\":\"ntp\"", -LW_E_FORMAT },
		{ "\"utc\":\"2026", "\"utc\":\"202", -LW_E_FORMAT },
		{ "\"utc\":\"2026-09-21T14:13:20Z\"", "\"utc\":null", -LW_E_FORMAT },
		{ "\"utc\":\"2026-09-21T14:13:20Z\"", "\"utc\":1790000000", -LW_E_FORMAT },
		{ "\"boot_sec\":86400,", "", -LW_E_FORMAT },
		{ "\"boot_sec\":86400", "\"boot_sec\":-1", -LW_E_LIMIT },
		{ "\"name\":\"landwaiter\"", "\"name\":\"\"", -LW_E_LIMIT },
		{ "\"name\":\"landwaiter\"", "\"name\":\"a\\u001b\"", -LW_E_FORMAT },
	};
	struct lw_record r = vector();
	struct lw_error e;
	LW_AUTO(buf) struct lw_buf leaf = { 0 };

	(void)state;
	r.index = 0;
	r.prev = (struct lw_digest){ 0 };
	OK(lw_record_build(&r, &leaf, &e));
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		int rc = check_edited(lw_buf_str(&leaf), rows[i].from, rows[i].to);

		if (rc != rows[i].code)
			fail_msg("%s -> %s: %d, not %d", rows[i].from, rows[i].to, rc,
				 rows[i].code);
	}
}

static void test_framing(void **state)
{
	struct fixture *f = *state;
	struct lw_log_check sum;
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_record r = vector();
	size_t n = 0;

	FAILS(LW_E_TRUNCATED, check(lw_span("", 0), NULL, &sum));
	FAILS(LW_E_FORMAT, check(lw_span("\n", 1), NULL, &sum));
	FAILS(LW_E_FORMAT, check(lw_span("\0\n", 2), NULL, &sum));
	FAILS(LW_E_FORMAT, check(lw_span_str("{}\n"), NULL, &sum));
	FAILS(LW_E_FORMAT, check(lw_span_str("[]\n"), NULL, &sum));
	FAILS(LW_E_TRUNCATED, check(lw_span_str("{}"), NULL, &sum));

	/* The longest record passes, one byte more does not, and endless lines end early. */
	r.index = 0;
	r.prev = (struct lw_digest){ 0 };
	r.fill = fill_length;
	r.data = &n;
	OK(lw_record_build(&r, &b, &f->e));
	n = LW_MAX_RECORD_BYTES - b.n;
	lw_buf_clear(&b);
	OK(lw_record_build(&r, &b, &f->e));
	lw_buf_addc(&b, '\n');
	OK(check(lw_buf_span(&b), NULL, &sum));
	lw_buf_clear(&b);
	lw_buf_fill(&b, '{', LW_MAX_RECORD_BYTES + 1);
	FAILS(LW_E_LIMIT, check(lw_buf_span(&b), NULL, &sum));
	lw_buf_addc(&b, '\n');
	FAILS(LW_E_LIMIT, check(lw_buf_span(&b), NULL, &sum));
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_true(zero >= 0);
	FAILS(LW_E_LIMIT, lw_log_check_file(zero, NULL, &sum, &f->e));
	(void)close(zero);

	/* Nothing to read from. */
	int dir = open(f->at.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FAILS(LW_E_IO, lw_log_check_file(dir, NULL, &sum, &f->e));
	(void)close(dir);
}

struct drip {
	struct lw_span bytes;
	int fd;
};

static void *drip(void *data)
{
	const struct drip *d = data;

	for (size_t i = 0; i < d->bytes.n;) {
		size_t n = i % 7 + 1;

		if (n > d->bytes.n - i)
			n = d->bytes.n - i;
		if (write(d->fd, d->bytes.p + i, n) != (ssize_t)n)
			break;
		i += n;
	}
	(void)close(d->fd);
	return NULL;
}

static void test_pipe(void **state)
{
	struct fixture *f = *state;
	struct lw_log_check sum = { 0 };
	pthread_t thread;
	int ends[2];

	/* A book larger than any buffer here, in small bites. */
	add(f, LW_EVENT_INIT, "done", "x");
	OK(lw_state_begin(f->state, &f->e));
	for (size_t i = 0; i < 8; i++) {
		const size_t n = LW_RECORD_DETAIL_BYTES;

		OK(lw_record_add(f->state, LW_EVENT_VERIFY, "damaged", "content.digest", &now,
				 fill_length, &n, &f->head, &f->e));
	}
	OK(lw_state_commit(f->state, &f->e));
	export_book(f);
	assert_true(f->book.n > 500000);
	OK(pipe(ends));
	struct drip d = { lw_buf_span(&f->book), ends[1] };
	OK(pthread_create(&thread, NULL, drip, &d));
	OK(lw_log_check_file(ends[0], &f->head, &sum, &f->e));
	OK(pthread_join(thread, NULL));
	(void)close(ends[0]);
	assert_int_equal(sum.head.count, 9);
	assert_int_equal(sum.results[3], 8);
}

/* The same checks find what somebody did to the database. */
static void test_damaged_state(void **state)
{
	static const struct {
		const char *sql;
		int check, export;
	} rows[] = {
		{ "UPDATE record SET leaf = replace(leaf, 'quoted', 'Quoted') WHERE idx = 2",
		  -LW_E_FORMAT, 0 }, /* a text now, not a blob: refused by the table */
		{ "UPDATE record SET leaf = cast(replace(leaf, 'quoted', 'Quoted') AS BLOB) "
		  "WHERE idx = 2",
		  -LW_E_DIGEST, 0 },
		{ "UPDATE record SET leaf = cast(leaf || ' ' AS BLOB) WHERE idx = 3",
		  -LW_E_FORMAT, 0 },
		{ "DELETE FROM record WHERE idx = 3", -LW_E_STATE, -LW_E_STATE },
		{ "DELETE FROM record WHERE idx = 0", -LW_E_STATE, -LW_E_STATE },
		{ "DELETE FROM record WHERE idx = 2; UPDATE record SET idx = idx - 1 "
		  "WHERE idx > 2",
		  -LW_E_CONFLICT, 0 },
		{ "DELETE FROM record", -LW_E_TRUNCATED, 0 },
	};

	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct fixture *f;
		struct lw_log_check sum;
		void *fresh = NULL;

		OK(setup(&fresh));
		f = fresh;
		make_book(f);
		int done = sqlite3_exec(f->state->db, rows[i].sql, NULL, NULL, NULL);
		assert_int_equal(done == SQLITE_OK, i != 0);
		if (done == SQLITE_OK) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			assert_int_equal(lw_log_check_state(f->state, &sum, &f->e),
					 rows[i].check);
			assert_int_equal(lw_log_export(f->state, null, &f->e), rows[i].export);
			(void)close(null);
		}
		OK(teardown(&fresh));
	}
	(void)state;
}

static void test_export_fails(void **state)
{
	struct fixture *f = *state;

	make_book(f);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(full >= 0);
	FAILS(LW_E_NOSPACE, lw_log_export(f->state, full, &f->e));
	(void)close(full);
	OK(lw_state_begin(f->state, &f->e)); /* and no transaction is left behind */
	lw_state_rollback(f->state);
}

/* The recipe of docs/format/record.md, as it stands there: sh, jq and sha256sum alone. */
static char *recipe(void)
{
	lw_auto_free char *doc = scratch_read(AT_FDCWD, "docs/format/record.md", NULL);
	char *from = strstr(doc, "```sh\n");

	assert_non_null(from);
	from += 6;
	char *end = strstr(from, "```\n");
	assert_non_null(end);
	return lw_strndup(from, (size_t)(end - from));
}

static int run_recipe(struct fixture *f, char *out, size_t size)
{
	char command[1200];

	scratch_write(f->at.dir, "book.jsonl", lw_buf_span(&f->book));
	(void)snprintf(command, sizeof(command), "cd '%s' && sh recipe.sh book.jsonl 2>&1",
		       f->at.path);
	FILE *p = popen(command, "re");
	assert_non_null(p);
	size_t n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	return pclose(p);
}

static void test_recipe(void **state)
{
	struct fixture *f = *state;
	lw_auto_free char *text = recipe();
	char out[4096], head[LW_HEAD_TEXT];

	make_book(f);
	scratch_write_str(f->at.dir, "recipe.sh", text);
	assert_int_equal(run_recipe(f, out, sizeof(out)), 0);
	out[strcspn(out, "\n")] = '\0';
	assert_string_equal(out, lw_head_text(&f->head, head));

	/* It finds a changed record too: the next one, or the head, no longer fits. */
	struct lw_span lines[RECORDS + 1];
	assert_int_equal(split(&f->book, lines), RECORDS);
	for (size_t i = 0; i < RECORDS; i++) {
		const uint8_t *id = memmem(lines[i].p, lines[i].n, "\"id\":\"", 6);
		uint8_t *byte = f->book.p + (id - f->book.p) + 6;

		uint8_t was = *byte;
		*byte = was == '0' ? '1' : '0';
		int rc = run_recipe(f, out, sizeof(out));
		out[strcspn(out, "\n")] = '\0';
		assert_true(rc != 0 || strcmp(out, head) != 0);
		assert_int_equal(rc == 0, i == RECORDS - 1);
		*byte = was;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_vector),
		cmocka_unit_test(test_build_refuses),
		TEST(test_add),
		TEST(test_time_unknown),
		TEST(test_whole_book),
		TEST(test_every_byte),
		TEST(test_records_moved),
		TEST(test_rewritten),
		cmocka_unit_test(test_grammar),
		TEST(test_framing),
		TEST(test_pipe),
		TEST(test_damaged_state),
		TEST(test_export_fails),
		TEST(test_recipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
