/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/explain.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

/* One line: "label:   value", the value made safe. */
static void line(struct lw_buf *out, const char *label, const char *value)
{
	lw_buf_printf(out, "%-12s ", label);
	lw_text_append(out, lw_span_str(value));
	lw_buf_addc(out, '\n');
}

static void line_digest(struct lw_buf *out, const char *label, const struct lw_digest *d)
{
	char text[LW_DIGEST_TEXT];

	line(out, label, lw_digest_text(d, text));
}

static void line_size(struct lw_buf *out, const char *label, uint64_t bytes)
{
	char human[16];

	lw_buf_printf(out, "%-12s %llu bytes (%s)\n", label, (unsigned long long)bytes,
		      lw_num_human_size(bytes, human));
}

static void statement_lines(const struct lw_explain *x, struct lw_buf *out)
{
	const struct lw_statement *s = x->statement;
	char text[LW_DIGEST_TEXT], time[LW_TIME_TEXT];

	line(out, "marking:", s->marking);
	line_digest(out, "bundle:", &x->digest);
	line(out, "sender:", s->sender);
	lw_buf_printf(out, "%-12s %llu\n", "sequence:", (unsigned long long)s->sequence);
	line(out, "for:", s->any_audience ? "any enclave" : lw_digest_text(&s->audience, text));
	line(out, "created:", lw_time_format(s->created, time));
	line(out, "expires:", lw_time_format(s->expires, time));
	if (s->has_previous)
		line_digest(out, "previous:", &s->previous);
	line_size(out, "size:", s->bytes);
}

static void approval_lines(const struct lw_explain *x, struct lw_buf *out)
{
	char hex[65];

	lw_buf_printf(out, "%-12s %zu%s\n", "approvals:", x->seal->n_signatures,
		      x->seal->n_signatures ? ", by keys (as claimed, not checked here):" : "");
	for (size_t i = 0; i < x->seal->n_signatures; i++)
		lw_buf_printf(out, "  sha256:%s\n",
			      lw_digest_hex(&x->seal->signatures[i].keyid, hex));
}

static void image_lines(const struct lw_image *image, struct lw_buf *out)
{
	char name[LW_MAX_REFERENCE + 1], digest[LW_DIGEST_TEXT];
	unsigned found[LW_MECHANISM_COUNT] = { 0 };

	lw_buf_adds(out, "  ");
	lw_text_append(out, lw_span_str(lw_reference_text(&image->name, name)));
	lw_buf_printf(out, "\n    %s\n", lw_digest_text(&image->digest, digest));
	if (image->n_platforms)
		lw_buf_adds(out, "    platforms:");
	for (size_t i = 0; i < image->n_platforms; i++)
		lw_buf_printf(out, " %s", image->platforms[i]);
	if (image->n_platforms)
		lw_buf_adds(out, "\n");
	if (image->n_omitted)
		lw_buf_printf(out, "    left out by platform: %zu\n", image->n_omitted);
	for (size_t i = 0; i < image->n_evidence; i++)
		found[image->evidence[i].mechanism]++;
	lw_buf_adds(out, "    evidence:");
	for (unsigned m = 0; m < LW_MECHANISM_COUNT; m++) {
		const char *what = lw_mechanism_name((enum lw_mechanism)m);

		if (found[m])
			lw_buf_printf(out, " %s %u", what, found[m]);
		else
			lw_buf_printf(out, " %s absent", what);
		lw_buf_adds(out, m + 1 < LW_MECHANISM_COUNT ? "," : "\n");
	}
}

/* Both lists are in order of their names: one walk tells what came, went and moved. */
static void change_lines(const struct lw_explain *x, struct lw_buf *out)
{
	const struct lw_contents *a = x->previous, *b = x->contents;
	char an[LW_MAX_REFERENCE + 1], bn[LW_MAX_REFERENCE + 1];
	size_t i = 0, k = 0, changes = 0;

	lw_buf_adds(out, "change since the previous bundle:\n");
	while (i < a->n_images || k < b->n_images) {
		int c = i == a->n_images   ? 1
			: k == b->n_images ? -1
					   : strcmp(lw_reference_text(&a->images[i].name, an),
						    lw_reference_text(&b->images[k].name, bn));
		const struct lw_image *show = c < 0 ? &a->images[i] : &b->images[k];
		bool same = c == 0 &&
			    lw_digest_equal(&a->images[i].digest, &b->images[k].digest) &&
			    a->images[i].n_evidence == b->images[k].n_evidence;

		if (!same) {
			lw_buf_adds(out, c < 0 ? "  - " : c > 0 ? "  + " : "  ~ ");
			lw_text_append(out, lw_span_str(lw_reference_text(&show->name, an)));
			lw_buf_addc(out, '\n');
			changes++;
		}
		i += c <= 0;
		k += c >= 0;
	}
	if (changes == 0)
		lw_buf_adds(out, "  none\n");
}

void lw_explain_text(const struct lw_explain *x, struct lw_buf *out)
{
	statement_lines(x, out);
	approval_lines(x, out);
	lw_buf_printf(out, "%-12s %zu, in %llu blobs\n", "images:", x->contents->n_images,
		      (unsigned long long)x->contents->entries_blobs);
	for (size_t i = 0; i < x->contents->n_images; i++)
		image_lines(&x->contents->images[i], out);
	if (x->previous)
		change_lines(x, out);
}

static void centred(struct lw_buf *out, const char *text)
{
	LW_AUTO(buf) struct lw_buf safe = { 0 };

	lw_text_append(&safe, lw_span_str(text));
	if (safe.n < 72)
		lw_buf_fill(out, ' ', (72 - safe.n) / 2);
	lw_buf_add(out, safe.p, safe.n);
	lw_buf_addc(out, '\n');
}

void lw_explain_slip(const struct lw_explain *x, struct lw_buf *out)
{
	static const char rule[] =
		"------------------------------------------------------------------------\n";
	const size_t most = 20; /* one page */
	char name[LW_MAX_REFERENCE + 1];

	centred(out, x->statement->marking);
	lw_buf_adds(out, rule);
	centred(out, "LANDWAITER TRANSFER SLIP");
	lw_buf_adds(out, rule);
	statement_lines(x, out);
	approval_lines(x, out);
	lw_buf_printf(out, "%-12s %zu\n", "images:", x->contents->n_images);
	for (size_t i = 0; i < x->contents->n_images && i < most; i++) {
		lw_buf_adds(out, "  ");
		lw_text_append(out, lw_span_str(lw_reference_text(&x->contents->images[i].name,
								  name)));
		lw_buf_addc(out, '\n');
	}
	if (x->contents->n_images > most)
		lw_buf_printf(out, "  and %zu more\n", x->contents->n_images - most);
	lw_buf_adds(out, rule);
	lw_buf_adds(out,
		    "medium no. ______________  ticket ______________  copies ____________\n\n"
		    "packed by  __________________________  date ______________________\n\n"
		    "courier    __________________________  date ______________________\n\n"
		    "received   __________________________  date ______________________\n\n"
		    "verdict    ______________  record no. ________  head _____________\n");
	lw_buf_adds(out, rule);
	centred(out, x->statement->marking);
}

/* Both were parsed before: they pass the gate again. */
static void write_again(struct lw_json_writer *w, struct lw_span bytes)
{
	LW_AUTO(json) struct lw_json_doc *doc = NULL;

	if (lw_json_parse(bytes, &LW_JSON_STRICT, &doc, NULL) < 0)
		abort();
	lw_json_w_node(w, lw_json_root(doc));
}

void lw_explain_json(const struct lw_explain *x, struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf contents = { 0 };
	struct lw_json_writer w = { .out = out, .canonical = true };
	char text[LW_DIGEST_TEXT];

	lw_json_w_object(&w);
	lw_json_w_key(&w, "approvals");
	lw_json_w_array(&w);
	for (size_t i = 0; i < x->seal->n_signatures; i++)
		lw_json_w_string(&w, lw_digest_text(&x->seal->signatures[i].keyid, text));
	lw_json_w_end_array(&w);
	lw_json_w_member(&w, "bundle", lw_digest_text(&x->digest, text));
	lw_json_w_key(&w, "contents");
	lw_contents_write(x->contents, &contents);
	write_again(&w, lw_buf_span(&contents));
	lw_json_w_member(&w, "format", "landwaiter-inspect/1");
	lw_json_w_key(&w, "statement");
	write_again(&w, lw_buf_span(&x->seal->payload));
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(out, '\n');
}
