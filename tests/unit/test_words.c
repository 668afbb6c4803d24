/* SPDX-License-Identifier: Apache-2.0 */

/* Fingerprints as words. */

#include "base/buf.h"
#include "base/mem.h"
#include "base/words.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* One word: that of a byte. */
static const char *word_of(uint8_t byte, char out[static LW_WORDS_TEXT])
{
	struct lw_digest d = { { byte } };

	*strchr(lw_words_text(&d, out), ' ') = '\0';
	return out;
}

static size_t distance(const char *a, const char *b)
{
	size_t row[9] = { 0 };

	for (size_t j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (size_t i = 1; i <= strlen(a); i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= strlen(b); j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[strlen(b)];
}

static void test_list(void **state)
{
	static char words[256][LW_WORDS_TEXT];

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		const char *w = word_of((uint8_t)i, words[i]);

		assert_in_range(strlen(w), 4, 7);
		assert_int_equal(strspn(w, "abcdefghijklmnopqrstuvwxyz"), strlen(w));
		assert_true(i == 0 || strcmp(words[i - 1], w) < 0);
		for (unsigned k = 0; k < i; k++) {
			assert_int_not_equal(strncmp(words[k], w, 4), 0);
			if (distance(words[k], w) < 3)
				fail_msg("%s is like %s", words[k], w);
		}
	}
}

/* The list never changes: its digest. */
static void test_list_is_fixed(void **state)
{
	LW_AUTO(buf) struct lw_buf all = { 0 };
	char text[LW_WORDS_TEXT], digest[LW_DIGEST_TEXT];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		lw_buf_printf(&all, "%s\n", word_of((uint8_t)i, text));

	struct lw_digest d = lw_digest_of(lw_buf_span(&all));

	assert_string_equal(
		lw_digest_text(&d, digest),
		"sha256:68ed489bb156647ee9f8d6494022bcf5bd68471e898d9a391e5197f261e3e7de");
}

static void test_vectors(void **state)
{
	struct lw_digest low = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255 } }, high, empty;
	char text[LW_WORDS_TEXT];

	(void)state;
	memset(&high, 0xff, sizeof(high));
	empty = lw_digest_of(lw_span(NULL, 0));
	assert_string_equal(
		lw_words_text(&low, text),
		"acorn agent album almond amber anchor animal ankle arctic arrow artist aspen");
	assert_string_equal(lw_words_text(&high, text),
			    "zinc zinc zinc zinc zinc zinc zinc zinc zinc zinc zinc zinc");
	assert_string_equal(
		lw_words_text(&empty, text),
		"tartan panther raven donkey napkin yard bishop basket noodle yacht vulture ribbon");
}

#define W11 "acorn agent album almond amber anchor animal ankle arctic arrow artist"
#define W12 W11 " aspen"

static void test_compare(void **state)
{
	static const struct {
		const char *typed;
		enum lw_words_answer answer;
		size_t n;
		const char *unknown;
	} rows[] = {
		{ W12, LW_WORDS_SAME, 12, NULL },
		{ "  " W12 "\r\n", LW_WORDS_SAME, 12, NULL },
		{ "acorn\tagent\nalbum \v almond\f\ramber anchor animal ankle arctic arrow artist "
		  "aspen",
		  LW_WORDS_SAME, 12, NULL },
		{ "ACORN Agent aLBUM almond AMBE anch anim ankl arct arro arti aspe",
		  LW_WORDS_SAME, 12, NULL },
		{ "acor agen albu almo ambe ancho anima ankl arcti arro artis aspe",
		  LW_WORDS_SAME, 12, NULL },
		{ "", LW_WORDS_COUNT, 0, NULL },
		{ " \n", LW_WORDS_COUNT, 0, NULL },
		{ W11, LW_WORDS_COUNT, 11, NULL },
		{ W12 " aspen", LW_WORDS_COUNT, 13, NULL },
		{ W12 " " W12, LW_WORDS_COUNT, 24, NULL },
		{ "agent acorn album almond amber anchor animal ankle arctic arrow artist aspen",
		  LW_WORDS_OTHER, 12, NULL },
		{ W11 " zinc", LW_WORDS_OTHER, 12, NULL },
		{ W11 " asp", LW_WORDS_UNKNOWN, 11, "asp" },	   /* three letters */
		{ W11 " aspens", LW_WORDS_UNKNOWN, 11, "aspens" }, /* more than the word */
		{ W11 " aspxn", LW_WORDS_UNKNOWN, 11, "aspxn" },
		{ W11 ",aspen", LW_WORDS_UNKNOWN, 10, "artist,aspen" },
		{ W11 "\xc2\xa0"
		      "aspen",
		  LW_WORDS_UNKNOWN, 10,
		  "artist\xc2\xa0"
		  "aspen" },
		{ "\x1b[2J" W12, LW_WORDS_UNKNOWN, 0, "\x1b[2Jacorn" },
		{ "[corn", LW_WORDS_UNKNOWN, 0, "[corn" }, /* a capital's neighbours */
		{ "@corn", LW_WORDS_UNKNOWN, 0, "@corn" },
	};
	struct lw_digest d = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99 } };

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(rows); i++) {
		struct lw_words_typed t = lw_words_compare(lw_span_str(rows[i].typed), &d);

		if (t.answer != rows[i].answer || t.n != rows[i].n)
			fail_msg("row %zu: answer %d, %zu words", i, (int)t.answer, t.n);
		if (rows[i].unknown)
			assert_true(lw_span_is(t.unknown, rows[i].unknown));
	}
	assert_int_equal(lw_words_compare(lw_span("acorn\0", 6), &d).answer, LW_WORDS_UNKNOWN);
}

/* What is written is what is read, whatever the digest; another one's never is. */
static void test_round(void **state)
{
	struct lw_random random = lw_random_from(7);
	struct lw_digest a, b;
	char text[LW_WORDS_TEXT];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		for (size_t k = 0; k < LW_DIGEST_BYTES; k++)
			a.sha256[k] = (uint8_t)lw_random_next(&random);
		b = a;
		b.sha256[i % LW_WORDS] ^= (uint8_t)(1 << i % 8);
		lw_words_text(&a, text);
		assert_int_equal(lw_words_compare(lw_span_str(text), &a).answer, LW_WORDS_SAME);
		assert_int_equal(lw_words_compare(lw_span_str(text), &b).answer,
				 LW_WORDS_OTHER);
		b = a;
		b.sha256[LW_WORDS] ^= 1; /* behind the 96 bits */
		assert_int_equal(lw_words_compare(lw_span_str(text), &b).answer, LW_WORDS_SAME);
	}
	memset(&a, 0, sizeof(a));
	assert_int_equal(lw_words_compare(lw_span(NULL, 0), &a).answer, LW_WORDS_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),	cmocka_unit_test(test_list_is_fixed),
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_compare),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
