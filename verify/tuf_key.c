/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/tuf_key.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* A SubjectPublicKeyInfo up to the raw key: how the raw ones of old metadata become one. */
static const struct raw {
	const char *keytype;
	const uint8_t *prefix;
	size_t prefix_n, raw_n;
} raws[] = {
	{ "ed25519", (const uint8_t *)"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12,
	  32 },
	{ "ecdsa-sha2-nistp256",
	  (const uint8_t *)"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a"
			   "\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
	  26, 65 },
	{ "ecdsa-sha2-nistp384",
	  (const uint8_t *)"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b"
			   "\x81\x04\x00\x22\x03\x62\x00",
	  23, 97 },
	{ "ecdsa-sha2-nistp521",
	  (const uint8_t *)"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05"
			   "\x2b\x81\x04\x00\x23\x03\x81\x86\x00",
	  25, 133 },
};

static int spki_of_raw(const char *keytype, const char *hex, struct lw_buf *out,
		       struct lw_error *e)
{
	for (size_t i = 0; i < LW_COUNT_OF(raws); i++) {
		const struct raw *raw = &raws[i];
		uint8_t bytes[133];

		if (strcmp(keytype, raw->keytype) != 0)
			continue;

		int r = lw_hex_decode(lw_span_str(hex), bytes, raw->raw_n, e);
		if (r < 0)
			return r;
		lw_buf_add(out, raw->prefix, raw->prefix_n);
		lw_buf_add(out, bytes, raw->raw_n);
		return 0;
	}
	return lw_fail(e, LW_E_UNSUPPORTED, "a key of this type is PEM");
}

/* "ecdsa" and "rsa", and the names that older metadata has, where the scheme says the rest. */
static bool fits(const char *keytype, const char *scheme)
{
	if (strcmp(keytype, "ed25519") == 0)
		return strcmp(scheme, "ed25519") == 0;
	if (strcmp(keytype, "rsa") == 0)
		return strncmp(scheme, "rsa", 3) == 0;
	if (strcmp(keytype, "ecdsa") == 0)
		return strncmp(scheme, "ecdsa-", 6) == 0;
	return strncmp(keytype, "ecdsa-sha2-nistp", 16) == 0 && strcmp(keytype, scheme) == 0;
}

int lw_tuf_key_make(const char *keytype, const char *scheme, const char *public_value,
		    struct lw_key **ret, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf spki = { 0 };
	int r = 0;

	if (!fits(keytype, scheme))
		return lw_fail(e, LW_E_UNSUPPORTED, "a type and scheme of keys unknown here");
	if (lw_span_starts(lw_span_str(public_value), "-----"))
		lw_buf_adds(&spki, public_value);
	else
		r = spki_of_raw(keytype, public_value, &spki, e);
	return r < 0 ? r : lw_key_parse_tuf(scheme, lw_buf_span(&spki), ret, e);
}

int lw_tuf_key_parse(const struct lw_json *object, struct lw_key **ret, struct lw_error *e)
{
	struct {
		const char *keytype, *scheme, *public_value;
		const struct lw_json *keyval;
	} f = { 0 };
	static const struct lw_json_field fields[] = {
		{ .name = "keytype",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), keytype),
		  .max = 64 },
		{ .name = "scheme",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), scheme),
		  .max = 64 },
		{ .name = "keyval",
		  .reader = LW_JSON_READ_OBJECT,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), keyval) },
	};
	static const struct lw_json_field keyval_fields[] = {
		{ .name = "public",
		  .reader = LW_JSON_READ_STRING,
		  .flags = LW_JSON_REQUIRED,
		  .offset = offsetof(__typeof__(f), public_value),
		  .max = LW_MAX_KEY_BYTES },
	};
	int r = lw_json_read(object, fields, LW_COUNT_OF(fields), LW_JSON_IGNORE_UNKNOWN, "key",
			     &f, e);

	if (r == 0)
		r = lw_json_read(f.keyval, keyval_fields, LW_COUNT_OF(keyval_fields),
				 LW_JSON_IGNORE_UNKNOWN, "keyval", &f, e);
	return r < 0 ? r : lw_tuf_key_make(f.keytype, f.scheme, f.public_value, ret, e);
}
