/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/passwords.h"

#include "base/mem.h"
#include "base/text.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH_TEXT ((size_t)60) /* "$2y$05$", 22 characters of salt, 31 of hash */
#define TAG_BYTES 32

struct person {
	char *name;
	char hash[HASH_TEXT + 1];
	size_t line;
	uint8_t tag[TAG_BYTES]; /* of the password that was right */
	bool is_known;
};

struct lw_passwords {
	struct person *list; /* ascending by name */
	size_t n;
	const char *dearest;	/* a hash of the highest cost: for those whom nobody knows */
	int64_t every_usec;	/* between two checks, in the long run */
	int64_t due_usec;	/* when the next one would come, if they came evenly */
	struct crypt_data room; /* 32 KiB, of libcrypt; wiped after each check */
	uint8_t key[crypto_generichash_KEYBYTES];
};

/* ---- bcrypt ---- */

static bool is_hash(struct lw_span s)
{
	static const char digits[] = "0123456789";

	if (s.n != HASH_TEXT || memcmp(s.p, "$2", 2) != 0 || !memchr("aby", s.p[2], 3) ||
	    s.p[3] != '$' || s.p[6] != '$' || !memchr(digits, s.p[4], 10) ||
	    !memchr(digits, s.p[5], 10))
		return false;
	for (size_t i = 7; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		      (s.p[i] >= '.' && s.p[i] <= '9')))
			return false;
	return true;
}

static int cost_of(const char *hash)
{
	return (hash[4] - '0') * 10 + hash[5] - '0';
}

/* Whether the password has that hash. What libcrypt cannot do has none. */
static bool is_of(struct lw_passwords *p, const char *hash, const char *password)
{
	const char *got = crypt_rn(password, hash, &p->room, sizeof(p->room));
	bool same = got && strlen(got) == HASH_TEXT && sodium_memcmp(got, hash, HASH_TEXT) == 0;

	explicit_bzero(&p->room, sizeof(p->room));
	return same;
}

/* ---- the file ---- */

static int compare_people(const void *a, const void *b)
{
	return strcmp(((const struct person *)a)->name, ((const struct person *)b)->name);
}

static int take_line(struct lw_passwords *p, struct lw_span line, size_t number,
		     struct lw_error *e)
{
	const uint8_t *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
	struct lw_span name = { 0 }, hash = { 0 };

	if (colon) {
		name = lw_span(line.p, (size_t)(colon - line.p));
		hash = lw_span(colon + 1, line.n - name.n - 1);
	}
	if (name.n == 0 || name.n > 255 || !lw_text_is_plain(name))
		return lw_fail(e, LW_E_FORMAT,
			       "line %zu: want NAME:HASH, as `htpasswd -B` has it", number);
	if (!is_hash(hash))
		return lw_fail(e, LW_E_FORMAT,
			       "line %zu: want a bcrypt hash ($2y$, $2b$ or $2a$): "
			       "`htpasswd -B`; others are too cheap to guess",
			       number);

	struct person one = { .line = number };

	memcpy(one.hash, hash.p, HASH_TEXT);
	if (cost_of(one.hash) < 4 || cost_of(one.hash) > LW_MAX_PASSWORD_COST)
		return lw_fail(e, LW_E_FORMAT,
			       "line %zu: a cost of %d: want 4 to %d (10 is good)", number,
			       cost_of(one.hash), LW_MAX_PASSWORD_COST);
	one.name = lw_strndup((const char *)name.p, name.n);
	p->list = lw_realloc_array(p->list, p->n + 1, sizeof(*p->list));
	p->list[p->n++] = one;
	return 0;
}

static int take_lines(struct lw_passwords *p, struct lw_span text, struct lw_error *e)
{
	int r = 0;

	for (size_t number = 1; text.n > 0 && r == 0; number++) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) : text.n;

		r = take_line(p, lw_span(text.p, n), number, e);
		n += end ? 1 : 0;
		text = lw_span(text.p + n, text.n - n);
	}
	if (r == 0 && p->n == 0)
		r = lw_fail(e, LW_E_FORMAT, "nobody in it: `htpasswd -B` adds people");
	lw_sort(p->list, p->n, sizeof(*p->list), compare_people);
	for (size_t i = 1; i < p->n && r == 0; i++)
		if (strcmp(p->list[i - 1].name, p->list[i].name) == 0)
			r = lw_fail(e, LW_E_FORMAT, "lines %zu and %zu: the same name",
				    p->list[i - 1].line, p->list[i].line);
	return r;
}

/* Of this thread: what else the machine does is no matter. */
static int64_t processor_usec(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* What a check takes here; and that libcrypt can do it at all. */
static int measure(struct lw_passwords *p, struct lw_error *e)
{
	int64_t began = processor_usec(), took;
	const char *got = crypt_rn("", p->dearest, &p->room, sizeof(p->room));

	if (!got || strlen(got) != HASH_TEXT)
		return lw_fail(e, LW_E_UNSUPPORTED, "libcrypt here knows no bcrypt");
	took = processor_usec() - began;
	p->every_usec = LW_PASSWORD_SHARE * took > LW_PASSWORD_EVERY_USEC
				? LW_PASSWORD_SHARE * took
				: LW_PASSWORD_EVERY_USEC;
	return 0;
}

int lw_passwords_parse(struct lw_span text, struct lw_passwords **ret, struct lw_error *e)
{
	LW_AUTO(passwords) struct lw_passwords *p = lw_alloc_array(1, sizeof(*p));
	int r = take_lines(p, text, e);

	if (r == 0 && sodium_init() < 0)
		r = lw_fail(e, LW_E_INTERNAL, "no randomness");
	if (r < 0)
		return r;
	crypto_generichash_keygen(p->key);
	p->dearest = p->list[0].hash;
	for (size_t i = 1; i < p->n; i++)
		if (cost_of(p->list[i].hash) > cost_of(p->dearest))
			p->dearest = p->list[i].hash;
	r = measure(p, e);
	if (r == 0)
		*ret = lw_steal(p);
	return r;
}

void lw_passwords_free(struct lw_passwords *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i].name);
	free(p->list);
	explicit_bzero(p, sizeof(*p));
	free(p);
}

size_t lw_passwords_count(const struct lw_passwords *p)
{
	return p->n;
}

/* ---- who asks ---- */

static void make_tag(const struct lw_passwords *p, const struct person *who,
		     const char *password, uint8_t out[static TAG_BYTES])
{
	crypto_generichash_state s;
	static const uint8_t zero = 0;

	if (crypto_generichash_init(&s, p->key, sizeof(p->key), TAG_BYTES) != 0 ||
	    crypto_generichash_update(&s, (const uint8_t *)who->name, strlen(who->name)) != 0 ||
	    crypto_generichash_update(&s, &zero, 1) != 0 ||
	    crypto_generichash_update(&s, (const uint8_t *)password, strlen(password)) != 0 ||
	    crypto_generichash_final(&s, out, TAG_BYTES) != 0)
		abort();
	sodium_memzero(&s, sizeof(s));
}

/* Whether a check may be made now; it is then counted. */
static bool is_due(struct lw_passwords *p, int64_t now_usec)
{
	if (p->due_usec < now_usec)
		p->due_usec = now_usec;
	if (p->due_usec - now_usec > LW_PASSWORD_BURST_USEC)
		return false;
	p->due_usec += p->every_usec;
	return true;
}

enum lw_password lw_passwords_check(struct lw_passwords *p, const char *name,
				    const char *password, int64_t now_usec)
{
	const struct person wanted = { .name = (char *)(uintptr_t)name };
	struct person *who = bsearch(&wanted, p->list, p->n, sizeof(*p->list), compare_people);
	uint8_t tag[TAG_BYTES] = { 0 };
	bool is_right = false;

	if (strlen(password) > LW_MAX_PASSWORD)
		return LW_PASSWORD_WRONG;
	if (who)
		make_tag(p, who, password, tag);
	if (who && who->is_known && sodium_memcmp(tag, who->tag, TAG_BYTES) == 0)
		return LW_PASSWORD_RIGHT;
	if (!is_due(p, now_usec))
		return LW_PASSWORD_LATER;
	is_right = is_of(p, who ? who->hash : p->dearest, password);
	if (!who || !is_right)
		return LW_PASSWORD_WRONG;
	memcpy(who->tag, tag, TAG_BYTES);
	who->is_known = true;
	return LW_PASSWORD_RIGHT;
}
