/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/dsse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/edit.h"
#include "tests/lib/people.h"

#define KEYID "0101010101010101010101010101010101010101010101010101010101010101"
#define SIGNED(payload, signatures)                                                            \
	"{\"payload\":\"" payload "\",\"payloadType\":\"application/vnd.in-toto+json\","       \
	"\"signatures\":[" signatures "]}"
#define SIGNATURE "{\"keyid\":\"" KEYID "\",\"sig\":\"AAAA\"}"
static const char envelope[] = SIGNED("aGVsbG8=", SIGNATURE);

static void refused(enum lw_code code, const char *text)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_error e = { 0 };
	int r = lw_dsse_parse(lw_span_str(text), &d, &e);

	if (r != -(int)code)
		print_message("%d (%s) for %.300s\n", r, e.text, text);
	assert_int_equal(r, -(int)code);
}

static void taken(const char *text)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e = { 0 };

	OK(lw_dsse_parse(lw_span_str(text), &d, &e));
	lw_dsse_write(&d, &again);
	assert_string_equal(lw_buf_str(&again), text);
}

/* dsse protocol.md, "Test Vectors", and the empty ones. */
static void pae(void **state)
{
	const struct {
		const char *type, *payload, *want;
	} rows[] = {
		{ "http://example.com/HelloWorld", "hello world",
		  "DSSEv1 29 http://example.com/HelloWorld 11 hello world" },
		{ "", "", "DSSEv1 0  0 " },
		{ LW_DSSE_IN_TOTO, "{}", "DSSEv1 28 application/vnd.in-toto+json 2 {}" },
	};
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		lw_buf_clear(&b);
		lw_dsse_pae(rows[i].type, lw_span_str(rows[i].payload), &b);
		assert_string_equal(lw_buf_str(&b), rows[i].want);
	}
	lw_buf_clear(&b);
	lw_dsse_pae("t", lw_span("a\0b\n", 4), &b);
	assert_int_equal(b.n, 17);
	assert_memory_equal(b.p, "DSSEv1 1 t 4 a\0b\n", 17);
}

static void roundtrip(void **state)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_error e;

	(void)state;
	taken(envelope);
	taken(SIGNED("aGVsbG8=", ""));
	taken(SIGNED("aGVsbG8=", SIGNATURE "," SIGNATURE));
	OK(lw_dsse_parse(lw_span_str(envelope), &d, &e));
	assert_true(lw_span_is(lw_buf_span(&d.payload), "hello"));
	assert_int_equal(d.n_signatures, 1);
	assert_int_equal(d.signatures[0].keyid.sha256[31], 1);
	assert_int_equal(d.signatures[0].sig.n, 3);
}

static void members(void **state)
{
	static const char *const all[] = { "\"payload\":\"aGVsbG8=\"",
					   "\"payloadType\":\"application/vnd.in-toto+json\"",
					   "\"signatures\":[" SIGNATURE "]",
					   "\"keyid\":\"" KEYID "\"", "\"sig\":\"AAAA\"" };
	static const char *const wrong[] = { "null", "true", "1",    "{}",
					     "\"\"", "[1]",  "[[]]", "[{}]" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(all); i++) {
		lw_auto_free char *without = edit_remove(envelope, all[i]);
		lw_auto_free char *twice = edit_double(envelope, all[i]);

		refused(LW_E_FORMAT, without);
		refused(LW_E_FORMAT, twice);
		for (size_t w = 0; w < LW_COUNT_OF(wrong); w++) {
			lw_auto_free char *other = edit_value(envelope, all[i], wrong[w]);
			bool text = strcmp(wrong[w], "\"\"") == 0;

			/* too short is a matter of limits */
			refused(text && (i == 0 || i == 4) ? LW_E_LIMIT : LW_E_FORMAT, other);
		}
	}
}

static void unknown_members(void **state)
{
	static const char *const wrong[] = {
		"{\"a\":1,\"payload\"",
		"{\"Payload\":\"aGVsbG8=\",\"payload\"",
		"{\"\":\"\",\"payload\"",
	};
	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
		lw_auto_free char *text = edit(envelope, "{\"payload\"", wrong[i]);

		refused(LW_E_FORMAT, text);
	}

	lw_auto_free char *cert = edit(envelope, "{\"keyid\"", "{\"cert\":\"x\",\"keyid\"");
	lw_auto_free char *last = edit(envelope, "]}", "],\"zzz\":null}");

	refused(LW_E_FORMAT, cert);
	refused(LW_E_FORMAT, last);
}

static void one_spelling(void **state)
{
	static const char *const edits[][2] = {
		{ "{\"payload\"", " {\"payload\"" },
		{ "{\"payload\"", "{ \"payload\"" },
		{ "\"payload\":", "\"payload\": " },
		{ "]}", "] }" },
		{ "]}", "]}\n" },
		{ "]}", "]} " },
		{ "]}", "]}{}" },
		{ "]}", "]" },
		{ "]}", "]}," },
		{ "AAAA", "AA\\u0041A" },
		{ "aGVsbG8=", "\\u0061GVsbG8=" },
		{ "vnd.in-toto", "vnd.in\\u002dtoto" },
		{ "application/", "application\\/" },
		{ "\"payload\":", "\"p\\u0061yload\":" },
		{ "in-toto+json", "in-toto+json " },
		{ "in-toto+json", "in-toto+JSON" },
		{ "in-toto+json", "in-toto" },
		{ "application/vnd.in-toto+json", "text/plain" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(edits); i++) {
		lw_auto_free char *text = edit(envelope, edits[i][0], edits[i][1]);

		refused(LW_E_FORMAT, text);
	}
	refused(LW_E_FORMAT, "");
	refused(LW_E_FORMAT, "null");
	refused(LW_E_FORMAT, "[]");
	refused(LW_E_FORMAT, "{}");
	refused(LW_E_FORMAT, "\xef\xbb\xbf" SIGNED("aGVsbG8=", ""));
	/* members in another order */
	refused(LW_E_FORMAT, "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":"
			     "\"aGVsbG8=\",\"signatures\":[]}");
	refused(LW_E_FORMAT, SIGNED("aGVsbG8=", "{\"sig\":\"AAAA\",\"keyid\":\"" KEYID "\"}"));
}

static void base64(void **state)
{
	static const char *const wrong[] = {
		"aGVsbG8",  "aGVsbG8==",	"aGVsbG8= ",	   "aGVs bG8=",
		"aGVsbG9=", "aGVsbG8+=",	"aGVs\\u000abG8=", "aGVsbG-_",
		"aGVsbG.=", "=GVsbG8=",		"aGVsbG==",	   "aGVsbG8=AAAA",
		"====",	    "\xc3\xa9\xc3\xa9", "aGVs%3D==",	   "AAA=AAAA"
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(wrong); i++) {
		lw_auto_free char *payload = edit(envelope, "aGVsbG8=", wrong[i]);
		lw_auto_free char *sig = edit(envelope, "AAAA", wrong[i]);

		refused(LW_E_FORMAT, payload);
		refused(LW_E_FORMAT, sig);
	}
}

/* A key id has one spelling, so that an envelope has. */
static void key_ids_are_hex(void **state)
{
	static const char *const hints[] = { "", "x", "SHA256:abc", "0101", KEYID "0" };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(hints); i++) {
		lw_auto_free char *text = edit(envelope, KEYID, hints[i]);

		refused(strlen(hints[i]) > 64 ? LW_E_LIMIT : LW_E_FORMAT, text);
	}
	/* upper case is another spelling */
	lw_auto_free char *upper = edit(envelope, KEYID,
					"ABABABABABABABABABABABABABABABABABABABABABABABABABABAB"
					"ABABABABAB");

	refused(LW_E_FORMAT, upper);
}

static void build(size_t payload_n, size_t signatures, size_t sig_n, struct lw_buf *out)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	lw_buf_fill(&d.payload, 'p', payload_n);
	d.n_signatures = signatures;
	for (size_t i = 0; i < signatures; i++)
		lw_buf_fill(&d.signatures[i].sig, 's', sig_n);
	lw_dsse_write(&d, out);
}

static void limits(void **state)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	(void)state;
	build(LW_MAX_STATEMENT_BYTES, 1, 64, &b);
	taken(lw_buf_str(&b));
	lw_buf_clear(&b);
	build(LW_MAX_STATEMENT_BYTES + 1, 1, 64, &b);
	refused(LW_E_LIMIT, lw_buf_str(&b));
	lw_buf_clear(&b);
	build(LW_MAX_STATEMENT_BYTES + 3000, 1, 64, &b);
	refused(LW_E_LIMIT, lw_buf_str(&b));
	lw_buf_clear(&b);
	build(1, 1, LW_MAX_SIGNATURE_BYTES, &b);
	taken(lw_buf_str(&b));
	lw_buf_clear(&b);
	build(1, 1, LW_MAX_SIGNATURE_BYTES + 3, &b);
	refused(LW_E_LIMIT, lw_buf_str(&b));
	lw_buf_clear(&b);
	build(1, LW_MAX_APPROVALS, 64, &b);
	taken(lw_buf_str(&b));

	lw_auto_free char *one_more =
		edit(lw_buf_str(&b), "\"signatures\":[", "\"signatures\":[" SIGNATURE ",");

	refused(LW_E_LIMIT, one_more);
}

/* Of every byte changed to every other: refused, or read as exactly those bytes say. The signed
 * bytes change only where the payload's own characters do, and then no signature fits. */
static void every_mutation(void **state)
{
	LW_AUTO(dsse) struct lw_dsse good = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	LW_AUTO(buf) struct lw_buf public = { 0 };
	LW_AUTO(key) struct lw_key *key = NULL;
	struct lw_error e;
	size_t read = 0, refusals = 0;
	const char *sigs;

	(void)state;
	lw_buf_adds(&good.payload, "{\"a\":1}");
	good.n_signatures = 1;
	good.signatures[0].keyid = people_id(1);
	people_sign(1, lw_buf_span(&good.payload), &good.signatures[0].sig);
	people_public(1, &public);
	OK(lw_key_parse(lw_buf_span(&public), &key, &e));
	lw_dsse_write(&good, &text);
	sigs = strstr(lw_buf_str(&text), "\"signatures\"");
	for (size_t i = 0; i < text.n; i++)
		for (unsigned c = 0; c < 256; c++) {
			LW_AUTO(dsse) struct lw_dsse d = { 0 };
			LW_AUTO(buf) struct lw_buf again = { 0 };
			LW_AUTO(buf) struct lw_buf message = { 0 };
			uint8_t was = text.p[i];
			int r;

			if (c == was)
				continue;
			text.p[i] = (uint8_t)c;
			r = lw_dsse_parse(lw_buf_span(&text), &d, &e);
			if (r == 0) {
				read++;
				assert_int_equal(d.n_signatures, 1);
				lw_dsse_write(&d, &again);
				/* one spelling: the parent holds what was read against the
				 * bytes */
				assert_true(
					lw_span_equal(lw_buf_span(&again), lw_buf_span(&text)));

				bool same = lw_span_equal(lw_buf_span(&d.payload),
							  lw_buf_span(&good.payload));

				assert_int_equal(same, (char *)text.p + i > sigs);
				lw_dsse_pae(LW_DSSE_IN_TOTO, lw_buf_span(&d.payload), &message);
				if (!same)
					assert_int_equal(
						lw_key_verify(
							key, lw_buf_span(&message),
							lw_buf_span(&d.signatures[0].sig)),
						LW_KEY_BAD);
			} else {
				refusals++;
				assert_true(r == -LW_E_FORMAT || r == -LW_E_LIMIT);
			}
			text.p[i] = was;
		}
	assert_true(read > 1000 && refusals > 30000);
	for (size_t n = 0; n < text.n; n++) {
		LW_AUTO(dsse) struct lw_dsse d = { 0 };

		assert_true(lw_dsse_parse(lw_span(text.p, n), &d, &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pae),
		cmocka_unit_test(roundtrip),
		cmocka_unit_test(members),
		cmocka_unit_test(unknown_members),
		cmocka_unit_test(one_spelling),
		cmocka_unit_test(base64),
		cmocka_unit_test(key_ids_are_hex),
		cmocka_unit_test(limits),
		cmocka_unit_test(every_mutation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
