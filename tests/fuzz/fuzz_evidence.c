/* SPDX-License-Identifier: Apache-2.0 */

/* Evidence: a media type, a line of annotations, then the piece. What a judge makes of it goes
 * across the box's wall and comes back as it was; and jansson finds the same payload type,
 * payload and signatures in the same envelope. With the type "take", the rest is what a box
 * said. */

#include "base/encode.h"
#include "base/mem.h"
#include "tests/lib/json_oracle.h"
#include "verify/judge.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without the line and its end, which are taken from *in. Owned by the caller. */
static char *take_line(struct lw_span *in)
{
	const uint8_t *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = end ? (size_t)(end - in->p) : in->n;
	char *line = lw_strndup((const char *)in->p, n);

	n += end != NULL;
	*in = lw_span(in->p + n, in->n - n);
	return line;
}

static void check_take(struct lw_span said)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_error e = { 0 };
	struct lw_span rest = said;
	int r = lw_extracted_take(&rest, &x, &e);

	if (r < 0) {
		if (r != -LW_E_JAIL || rest.n != said.n || x.payload.p || x.n_signatures)
			abort();
		return;
	}
	lw_extracted_put(&x, &again);
	if (!lw_span_equal(lw_buf_span(&again), lw_span(said.p, said.n - rest.n)))
		abort();
}

/* Whether the text is base64, of some alphabet, of these bytes. */
static bool encodes(const json_t *text, const struct lw_buf *bytes)
{
	LW_AUTO(buf) struct lw_buf want = { 0 };
	const char *s = json_string_value(text);
	size_t n = s ? strlen(s) : 0;

	lw_base64_encode(&want, lw_buf_span(bytes));
	while (want.n > 0 && want.p[want.n - 1] == '=')
		want.n--;
	while (n > 0 && s[n - 1] == '=')
		n--;
	if (n != want.n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (want.p[i] != (s[i] == '-' ? '+' : s[i] == '_' ? '/' : s[i]))
			return false;
	return n > 0;
}

static void check_envelope(const struct lw_extracted *x, struct lw_span piece)
{
	LW_AUTO(jansson)
	json_t *root = json_loadb((const char *)piece.p, piece.n, LW_ORACLE_FLAGS, NULL);
	const json_t *wrapped = json_object_get(root, "dsseEnvelope"),
		     *envelope = wrapped && !json_object_get(root, "payload") ? wrapped : root,
		     *signatures = json_object_get(envelope, "signatures");
	const char *type = json_string_value(json_object_get(envelope, "payloadType"));

	if (!root || !type || strcmp(type, x->payload_type) != 0 ||
	    !encodes(json_object_get(envelope, "payload"), &x->payload) ||
	    json_array_size(signatures) != x->n_signatures)
		abort();
	for (size_t i = 0; i < x->n_signatures; i++)
		if (!encodes(json_object_get(json_array_get(signatures, i), "sig"),
			     &x->signatures[i].sig))
			abort();
}

static void check_extracted(const struct lw_judge *judge, const struct lw_extracted *x,
			    struct lw_span piece)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };
	LW_AUTO(buf) struct lw_buf again = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(extracted) struct lw_extracted y = { 0 };
	LW_AUTO(said) struct lw_said said = { 0 };
	struct lw_error e = { 0 };

	lw_extracted_put(x, &body);

	struct lw_span rest = lw_buf_span(&body);

	if (lw_extracted_take(&rest, &y, &e) != 0 || rest.n != 0)
		abort();
	lw_extracted_put(&y, &again);
	if (!lw_span_equal(lw_buf_span(&body), lw_buf_span(&again)))
		abort();
	if (x->state != LW_EXTRACTED_SIGNED)
		return;
	if (!x->detached)
		check_envelope(x, piece);
	lw_extracted_message(x, piece, &message);
	if (x->detached && !lw_span_equal(piece, lw_buf_span(&message)))
		abort();

	int r = judge->read(
		x->payload_type,
		lw_unproven_in_the_box(x->detached ? piece : lw_buf_span(&x->payload)), &said,
		&e);

	if (r < 0 ? -r != (int)e.code || said.type || e.code == LW_E_INTERNAL : !said.type)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;
	struct lw_span rest = lw_span(data, size);
	lw_auto_free char *media_type = take_line(&rest);
	struct lw_piece piece = { .media_type = media_type };
	struct lw_error e;

	if (strcmp(media_type, "take") == 0) {
		check_take(rest);
		return 0;
	}

	const struct lw_judge *judge = lw_judge_for(media_type);
	lw_auto_free char *annotations = take_line(&rest);

	if (!judge || !judge->extract)
		return 0;
	if (lw_json_parse(lw_span_str(annotations), &LW_JSON_FOREIGN, &doc, &e) == 0 &&
	    lw_json_type(lw_json_root(doc)) == LW_JSON_OBJECT)
		piece.annotations = lw_json_root(doc);
	piece.bytes = rest;
	judge->extract(&piece, &x);
	check_extracted(judge, &x, rest);
	return 0;
}
