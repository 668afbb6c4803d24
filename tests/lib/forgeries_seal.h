/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_TESTS_LIB_FORGERIES_SEAL_H
#define LW_TESTS_LIB_FORGERIES_SEAL_H

/* The forgeries of statement and seal; tests/lib/forgeries.h has the others, and the table. */

#include "tests/lib/forge.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

/* ---- the statement ---- */

static inline void edit_statement(struct forge *f, const char *old, const char *with)
{
	forge_texts(f);
	forge_edit(&f->statement, old, with);
	f->keep |= FORGE_KEEP_STATEMENT;
}

static inline void value_statement(struct forge *f, const char *key, const char *with)
{
	forge_texts(f);
	forge_value(&f->statement, key, with);
	f->keep |= FORGE_KEEP_STATEMENT;
}

#define STATEMENT_EDIT(id, old, with)                                                          \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		edit_statement(f, old, with);                                                  \
	}
#define STATEMENT_VALUE(id, key, with)                                                         \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		value_statement(f, key, with);                                                 \
	}

STATEMENT_VALUE(st_volumes_two, "volumes", "2")
STATEMENT_VALUE(st_volumes_zero, "volumes", "0")
STATEMENT_EDIT(st_nonce_unknown, "\"sender\"",
	       "\"nonce\":\"000102030405060708090a0b0c0d0e0f\",\"sender\"")
STATEMENT_EDIT(st_nonce_twice, "\"sender\"",
	       "\"nonce\":\"000102030405060708090a0b0c0d0e0f\","
	       "\"nonce\":\"000102030405060708090a0b0c0d0e0f\",\"sender\"")
STATEMENT_EDIT(st_nonce, "\"sender\"", "\"nonce\":\"x\",\"sender\"")
STATEMENT_EDIT(st_checkpoint, "\"contentsBytes\"", "\"checkpoint\":\"x\",\"contentsBytes\"")
STATEMENT_EDIT(st_unknown, "\"volumes\":1", "\"volumes\":1,\"waive\":1")
STATEMENT_VALUE(st_format, "format", "\"landwaiter-bundle/2\"")
STATEMENT_VALUE(st_predicate_type, "predicateType", "\"urn:landwaiter:time:1\"")
STATEMENT_VALUE(st_type, "_type", "\"https://in-toto.io/Statement/v0.1\"")
STATEMENT_EDIT(st_white_space, "\"volumes\":1", "\"volumes\": 1")
STATEMENT_EDIT(st_key_order, "\"volumes\":1}", "\"volumes\":1,\"sequence\":3}")
STATEMENT_EDIT(st_duplicate, "\"marking\":", "\"marking\":\"SECRET\",\"marking\":")
STATEMENT_VALUE(st_marking_nul, "marking", "\"PUBLIC\\u0000SECRET\"")
STATEMENT_VALUE(st_marking_escape, "marking", "\"PUBLIC\\u001b[8m\"")
STATEMENT_VALUE(st_marking_newline, "marking", "\"PUBLIC\\u000aACCEPTED\"")
STATEMENT_VALUE(st_marking_c1, "marking",
		"\"PUBLIC\xc2\x9b"
		"8m\"")
STATEMENT_VALUE(st_marking_bidi, "marking", "\"PUBLIC \xe2\x80\xae TERCES\"")
STATEMENT_VALUE(st_marking_zero_width, "marking", "\"PUB\xe2\x80\x8bLIC\"")
STATEMENT_VALUE(st_marking_not_utf8, "marking", "\"PUBLIC\xff\"")
STATEMENT_VALUE(st_marking_empty, "marking", "\"\"")
STATEMENT_VALUE(st_sender_other, "sender", "\"globex\"")
STATEMENT_VALUE(st_sender_path, "sender", "\"../acme\"")
STATEMENT_EDIT(st_two_subjects, "\"subject\":[",
	       "\"subject\":[{\"digest\":{\"sha256\":\"" ONES
	       "\"},\"name\":\"landwaiter/contents.json\"},")
STATEMENT_VALUE(st_subject_name, "name", "\"landwaiter/content.json\"")
STATEMENT_EDIT(st_subject_sha512, "\"sha256\":", "\"sha512\":")
STATEMENT_EDIT(st_subject_two_digests, "\"sha256\":", "\"sha1\":\"00\",\"sha256\":")
STATEMENT_VALUE(st_audience_other, "audience", "\"sha256:" ONES "\"")
STATEMENT_VALUE(st_audience_any, "audience", "\"any\"")
STATEMENT_VALUE(st_audience_sha512, "audience", "\"sha512:" ONES ONES "\"")
STATEMENT_VALUE(st_sequence_zero, "sequence", "0")
STATEMENT_VALUE(st_sequence_negative, "sequence", "-1")
STATEMENT_VALUE(st_sequence_far, "sequence", "9007199254740991")
STATEMENT_VALUE(st_sequence_2_53, "sequence", "9007199254740993")
STATEMENT_VALUE(st_sequence_int64, "sequence", "9223372036854775807")
STATEMENT_VALUE(st_sequence_wraps, "sequence", "18446744073709551617")
STATEMENT_VALUE(st_created_1970, "created", "\"1970-01-01T00:00:00Z\"")
STATEMENT_VALUE(st_created_9999, "created", "\"9999-12-31T23:59:58Z\"")
STATEMENT_VALUE(st_expires_past, "expires", "\"2000-01-01T00:00:00Z\"")
STATEMENT_VALUE(st_expires_9999, "expires", "\"9999-12-31T23:59:59Z\"")
STATEMENT_VALUE(st_expires_leap, "expires", "\"2027-02-29T00:00:00Z\"")
STATEMENT_VALUE(st_expires_offset, "expires", "\"2027-01-01T00:00:00+14:00\"")
STATEMENT_VALUE(st_bytes_zero, "bytes", "0")
STATEMENT_VALUE(st_bytes_one, "bytes", "1")
STATEMENT_VALUE(st_bytes_2_31, "bytes", "2147483648")
STATEMENT_VALUE(st_bytes_most, "bytes", "9007199254740991")
STATEMENT_VALUE(st_contents_bytes_two, "contentsBytes", "2")
STATEMENT_VALUE(st_contents_bytes_most, "contentsBytes", "8388608")
STATEMENT_VALUE(st_contents_bytes_over, "contentsBytes", "8388609")

static inline void st_depth(struct forge *f)
{
	LW_AUTO(buf) struct lw_buf deep = { 0 };

	lw_buf_adds(&deep, "\"marking\":");
	lw_buf_fill(&deep, '[', 2000);
	edit_statement(f, "\"marking\":", lw_buf_str(&deep));
}

/* 16,384 bytes are the most; here is one more. */
static inline void st_over_cap(struct forge *f)
{
	LW_AUTO(buf) struct lw_buf marking = { 0 };

	forge_texts(f);
	lw_buf_adds(&marking, "\"");
	lw_buf_fill(&marking, 'A', 16385 - f->statement.n + strlen(f->s.marking));
	lw_buf_adds(&marking, "\"");
	forge_value(&f->statement, "marking", lw_buf_str(&marking));
	f->keep |= FORGE_KEEP_STATEMENT;
}

/* ---- the seal ---- */

static inline void sign_first(struct forge *f)
{
	forge_texts(f);
	f->keep |= FORGE_KEEP_SEAL | FORGE_KEEP_STATEMENT;
}

static inline void edit_seal(struct forge *f, const char *old, const char *with)
{
	sign_first(f);
	forge_edit(&f->seal, old, with);
	f->seal.n = LW_MAX_SEAL_BYTES; /* spaces are cut at the end, or were enough */
}

static inline void seal_reread(struct forge *f, struct lw_dsse *d)
{
	struct lw_error e = { 0 };

	forge_must(lw_seal_parse(lw_buf_span(&f->seal), d, &e), "seal", &e);
}

static inline void seal_rewrite(struct forge *f, const struct lw_dsse *d)
{
	struct lw_error e = { 0 };

	lw_buf_clear(&f->seal);
	forge_must(lw_seal_write(d, &f->seal, &e), "seal", &e);
}

static inline void seal_none(struct forge *f)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	sign_first(f);
	seal_reread(f, &d);
	while (d.n_signatures > 0)
		lw_buf_free(&d.signatures[--d.n_signatures].sig);
	seal_rewrite(f, &d);
}

/* One person's signature, twice and under another's key id. */
static inline void seal_doubled(struct forge *f)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	sign_first(f);
	seal_reread(f, &d);
	forge_set(&d.signatures[1].sig, d.signatures[0].sig.p, d.signatures[0].sig.n);
	d.signatures[1].keyid = d.signatures[0].keyid;
	seal_rewrite(f, &d);
}

static inline void seal_relabelled(struct forge *f)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	sign_first(f);
	seal_reread(f, &d);
	forge_set(&d.signatures[1].sig, d.signatures[0].sig.p, d.signatures[0].sig.n);
	d.signatures[1].keyid = (struct lw_digest){ { 1 } };
	seal_rewrite(f, &d);
}

/* Signed over another statement: the first one, before it was altered. */
static inline void seal_moved(struct forge *f)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	sign_first(f);
	seal_reread(f, &d);
	forge_value(&f->statement, "marking", "\"OTHER\"");
	forge_set(&d.payload, f->statement.p, f->statement.n);
	seal_rewrite(f, &d);
}

static inline void strangers(struct forge *f, size_t n)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };

	sign_first(f);
	seal_reread(f, &d);
	struct lw_buf good = forge_copy(lw_buf_span(&d.signatures[0].sig));

	for (size_t i = 0; i < n; i++) {
		struct lw_dsse_signature *s = &d.signatures[i];

		if (i >= d.n_signatures)
			d.n_signatures = i + 1;
		forge_set(&s->sig, good.p, good.n);
		s->sig.p[0] ^= (uint8_t)(i + 1);
		s->keyid = (struct lw_digest){ { (uint8_t)i } };
	}
	lw_buf_free(&good);
	seal_rewrite(f, &d);
}

static inline void seal_strangers(struct forge *f)
{
	strangers(f, LW_MAX_APPROVALS);
}

static inline void seal_33(struct forge *f)
{
	strangers(f, LW_MAX_APPROVALS);
	forge_edit(&f->seal, "\"signatures\":[",
		   "\"signatures\":[{\"keyid\":\"00\",\"sig\":\"AAAA\"},");
	f->seal.n = LW_MAX_SEAL_BYTES;
}

/* Far more than can be: what counts is that it is cheap to say no. */
static inline void seal_thousands(struct forge *f)
{
	LW_AUTO(buf) struct lw_buf many = { 0 };

	lw_buf_adds(&many, "\"signatures\":[");
	for (size_t i = 0; i < 8000; i++)
		lw_buf_adds(&many, "{\"keyid\":\"\",\"sig\":\"AAAA\"},");
	edit_seal(f, "\"signatures\":[", lw_buf_str(&many));
}

static inline void seal_all_open(struct forge *f)
{
	sign_first(f);
	memset(f->seal.p, '[', f->seal.n);
}

static inline void seal_all_zero(struct forge *f)
{
	sign_first(f);
	memset(f->seal.p, 0, f->seal.n);
}

#define SEAL_EDIT(id, old, with)                                                               \
	static inline void id(struct forge *f)                                                 \
	{                                                                                      \
		edit_seal(f, old, with);                                                       \
	}

SEAL_EDIT(seal_type, "application/vnd.in-toto+json", "application/vnd.in-toto+jsom")
SEAL_EDIT(seal_type_ours, "application/vnd.in-toto+json", "application/json")
SEAL_EDIT(seal_extra, "{\"payload\"", "{\"extra\":1,\"payload\"")
SEAL_EDIT(seal_two_payloads, "\"payloadType\"", "\"payload\":\"e30=\",\"payloadType\"")
SEAL_EDIT(seal_sig_cert, "\"sig\":", "\"cert\":\"x\",\"sig\":")
SEAL_EDIT(seal_base64_space, "\"payload\":\"", "\"payload\":\" ")
SEAL_EDIT(seal_base64_url, "\"sig\":\"", "\"sig\":\"-_")
SEAL_EDIT(seal_after, "]}", "]}{}")
SEAL_EDIT(seal_tab, "]} ", "]}\t")

#endif
