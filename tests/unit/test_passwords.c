/* SPDX-License-Identifier: Apache-2.0 */

/* Who may ask the registry: what is a list of names and hashes, whose password is right, and
 * how many may be tried. */

#include "base/mem.h"
#include "registry/passwords.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* As htpasswd and crypt(3) of Debian 12 made them. */
#define CAROL "carol:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm"
#define DAVE  "dave:$2y$05$PHR5h3SYBBbg.WOxNKjafexx8gOpzw.7zSLXocYv8K0bGmPxrDR5S"
#define ERIN  "erin:$2b$04$abcdefghijklmnopqrstuubKEiRMbBsl4QKtPuCif5XPg9hD5ak0W"
#define FRANK "frank:$2a$04$ABCDEFGHIJKLMNOPQRSTUOHLAerLU988SKDIfYSEnDP1uVbY5LlIi"
#define X8    "xxxxxxxx"
#define X72   X8 X8 X8 X8 X8 X8 X8 X8 X8

#define EVERYBODY CAROL "\n" DAVE "\n" FRANK "\n" ERIN "\n"

static struct lw_passwords *parse(const char *text)
{
	struct lw_passwords *p = NULL;
	struct lw_error e = { 0 };

	assert_int_equal(lw_passwords_parse(lw_span_str(text), &p, &e), 0);
	assert_non_null(p);
	return p;
}

/* ---- the file ---- */

static void files(void **state)
{
	LW_AUTO(passwords) struct lw_passwords *all = parse(EVERYBODY);
	LW_AUTO(passwords) struct lw_passwords *one = parse(CAROL); /* no line end */

	(void)state;
	assert_int_equal(lw_passwords_count(all), 4);
	assert_int_equal(lw_passwords_count(one), 1);
}

static void files_that_are_none(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "nobody" },
		{ "\n", "line 1:" },
		{ CAROL "\n\n", "line 2:" },
		{ "# people\n" CAROL "\n", "line 1:" },
		{ CAROL "\r\n", "line 1:" },
		{ " " CAROL " \n", "line 1:" },
		{ CAROL "x\n", "line 1:" },
		{ CAROL ":again\n", "line 1:" },
		{ DAVE "\n:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n",
		  "line 2: want NAME" },
		{ "carol\n", "line 1: want NAME" },
		{ "carol:\n", "line 1:" },
		{ "carol:plain\n", "line 1: want a bcrypt hash" },
		{ "\033carol:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n",
		  "line 1:" },
		{ "m:$apr1$2BnEWMH2$YLBF2bVBUrXQMe4jALuUh1\n", "line 1: want a bcrypt hash" },
		{ DAVE "\ns:{SHA}2PRZAyDhNDqRW2OUFwZQqPNdaSY=\n", "line 2: want a bcrypt" },
		{ "d:AgPhhBWXDXmdw\n", "line 1:" },
		{ "x:$5$FwJSGpaNl7AxglFz$PjWNuUCM95AQJQJCkrkuUUmdLtnALv3VWP4rP45MP5A\n",
		  "line 1:" },
		{ "c:$2x$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n",
		  "line 1:" },
		{ "c:$2$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgmm\n",
		  "line 1:" },
		{ "c:$2y$03$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n",
		  "line 1: a cost of 3" },
		{ "c:$2y$13$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n",
		  "line 1: a cost of 13" },
		{ "c:$2y$4x$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n",
		  "line 1:" },
		{ "c:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zg\n",
		  "line 1:" },
		{ "c:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK+bd2Zgm\n",
		  "line 1:" },
		{ CAROL "\n" DAVE "\n" CAROL "\n", "1 and 3: the same name" },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		struct lw_passwords *p = NULL;
		struct lw_error e = { 0 };

		assert_int_equal(lw_passwords_parse(lw_span_str(cases[i].text), &p, &e),
				 -LW_E_FORMAT);
		assert_null(p);
		assert_non_null(strstr(e.text, cases[i].says));
	}
}

static void a_nul_is_no_end(void **state)
{
	static const char text[] = CAROL "\0" DAVE "\n";
	static const char in_name[] =
		"ca\0ol:$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm\n";
	struct lw_passwords *p = NULL;
	struct lw_error e = { 0 };

	(void)state;
	assert_int_equal(lw_passwords_parse(lw_span(text, sizeof(text) - 1), &p, &e),
			 -LW_E_FORMAT);
	assert_int_equal(lw_passwords_parse(lw_span(in_name, sizeof(in_name) - 1), &p, &e),
			 -LW_E_FORMAT);
}

/* ---- passwords ---- */

static void right_and_wrong(void **state)
{
	static const struct {
		const char *name, *password;
		enum lw_password is;
	} cases[] = {
		{ "carol", "carols-word", LW_PASSWORD_RIGHT },
		{ "dave",
		  "colon:and sp\xc3\xa4"
		  "ce",
		  LW_PASSWORD_RIGHT },
		{ "erin", "erins-word", LW_PASSWORD_RIGHT },
		{ "frank", X72, LW_PASSWORD_RIGHT },
		{ "frank", X72 "x", LW_PASSWORD_WRONG }, /* bcrypt would not see the last */
		{ "frank", X8 X8, LW_PASSWORD_WRONG },
		{ "carol", "", LW_PASSWORD_WRONG },
		{ "carol", "carols-wor", LW_PASSWORD_WRONG },
		{ "carol", "carols-word ", LW_PASSWORD_WRONG },
		{ "carol", "Carols-word", LW_PASSWORD_WRONG },
		{ "carol", "erins-word", LW_PASSWORD_WRONG },
		{ "carol", "$2y$04$vdINAkDMVE4wWv79aF3OdONYc6pSZzfdTaPI2CNUWEudOK/bd2Zgm",
		  LW_PASSWORD_WRONG },
		{ "Carol", "carols-word", LW_PASSWORD_WRONG },
		{ "caro", "carols-word", LW_PASSWORD_WRONG },
		{ "carol ", "carols-word", LW_PASSWORD_WRONG },
		{ "", "carols-word", LW_PASSWORD_WRONG },
		/* whose hash stands in for those whom nobody knows */
		{ "nobody",
		  "colon:and sp\xc3\xa4"
		  "ce",
		  LW_PASSWORD_WRONG },
	};
	LW_AUTO(passwords) struct lw_passwords *p = parse(EVERYBODY);
	int64_t now = 0;

	(void)state;
	/* once when nobody is known, and once when those are who were right */
	for (size_t i = 0; i < 2 * LW_COUNT_OF(cases); i++) {
		size_t at = i % LW_COUNT_OF(cases);

		now += 10 * LW_PASSWORD_BURST_USEC;
		assert_int_equal(lw_passwords_check(p, cases[at].name, cases[at].password, now),
				 cases[at].is);
	}
}

/* ---- how many ---- */

static size_t wrong_ones(struct lw_passwords *p, const char *name, size_t n, int64_t now)
{
	size_t looked_at = 0;

	for (size_t i = 0; i < n; i++)
		looked_at += lw_passwords_check(p, name, "guess", now) == LW_PASSWORD_WRONG;
	return looked_at;
}

static void guesses_are_few(void **state)
{
	const size_t burst = LW_PASSWORD_BURST_USEC / LW_PASSWORD_EVERY_USEC + 1;
	LW_AUTO(passwords) struct lw_passwords *p = parse(CAROL "\n" ERIN "\n");
	int64_t now = 1000000000;

	(void)state;
	assert_int_equal(lw_passwords_check(p, "carol", "carols-word", now), LW_PASSWORD_RIGHT);
	assert_in_range(wrong_ones(p, "nobody", 500, now), 1, burst);

	/* who is known is not touched by it; who is not, is */
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(lw_passwords_check(p, "carol", "carols-word", now),
				 LW_PASSWORD_RIGHT);
	assert_int_equal(lw_passwords_check(p, "erin", "erins-word", now), LW_PASSWORD_LATER);
	assert_int_equal(lw_passwords_check(p, "carol", "guess", now), LW_PASSWORD_LATER);

	/* a second later there are some more, and not as many as at first */
	assert_in_range(wrong_ones(p, "carol", 500, now + 1000000), 1,
			1000000 / LW_PASSWORD_EVERY_USEC);
	assert_int_equal(lw_passwords_check(p, "carol", "carols-word", now + 1000000),
			 LW_PASSWORD_RIGHT);

	/* and after a silence all of them */
	now += 100 * LW_PASSWORD_BURST_USEC;
	assert_int_equal(lw_passwords_check(p, "erin", "erins-word", now), LW_PASSWORD_RIGHT);
	assert_in_range(wrong_ones(p, "erin", 500, now), 1, burst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),	   cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(a_nul_is_no_end), cmocka_unit_test(right_and_wrong),
		cmocka_unit_test(guesses_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
