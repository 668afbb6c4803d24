/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/explain.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#define SLIP_COLUMNS   72
#define SLIP_APPROVALS 6
#define SLIP_IMAGES    18 /* lines */

/* One line: "label:   value", the value made safe. */
static void line(struct lw_buf *out, const char *label, const char *value)
{
	lw_buf_printf(out, "%-12s ", label);
	lw_text_append(out, lw_span_str(value));
	lw_buf_addc(out, '\n');
}

/* Where a digest stands: beside its label (84 columns), or below it, for a printer. */
enum shape {
	WIDE,
	PAGE,
};

static void line_digest(struct lw_buf *out, enum shape shape, const char *label,
			const struct lw_digest *d)
{
	char text[LW_DIGEST_TEXT];

	lw_buf_printf(out, shape == WIDE ? "%-12s %s\n" : "%s\n%s\n", label,
		      lw_digest_text(d, text));
}

static void line_size(struct lw_buf *out, const char *label, uint64_t bytes)
{
	char human[16];

	lw_buf_printf(out, "%-12s %llu bytes (%s)\n", label, (unsigned long long)bytes,
		      lw_num_human_size(bytes, human));
}

static void statement_lines(const struct lw_explain *x, enum shape shape, struct lw_buf *out)
{
	const struct lw_statement *s = x->statement;
	char time[LW_TIME_TEXT], nonce[LW_NONCE_TYPED];

	line(out, "marking:", s->marking);
	line_digest(out, shape, "bundle:", &x->digest);
	line(out, "sender:", s->sender);
	lw_buf_printf(out, "%-12s %llu\n", "sequence:", (unsigned long long)s->sequence);
	if (s->any_audience)
		line(out, "for:", "any enclave");
	else
		line_digest(out, shape, "for:", &s->audience);
	line(out, "created:", lw_time_format(s->created, time));
	line(out, "expires:", lw_time_format(s->expires, time));
	if (s->has_nonce)
		line(out, "answers:", lw_nonce_typed(&s->nonce, nonce));
	if (s->has_previous)
		line_digest(out, shape, "previous:", &s->previous);
	line_size(out, "size:", s->bytes);
	if (s->volumes > 1 && x->volume > 0)
		lw_buf_printf(out, "%-12s %llu of %llu\n",
			      "volume:", (unsigned long long)x->volume,
			      (unsigned long long)s->volumes);
	else if (s->volumes > 1)
		lw_buf_printf(out, "%-12s %llu\n", "volumes:", (unsigned long long)s->volumes);
}

/* Who approves an increment approves what is not on its medium, too. */
static void prerequisite_lines(const struct lw_explain *x, enum shape shape, struct lw_buf *out)
{
	const struct lw_contents *c = x->contents;
	char human[16], text[LW_DIGEST_TEXT];

	if (c->have_blobs == 0)
		return;
	if (x->supplement)
		line(out, "supplement:", "it brings some of what does not travel otherwise");
	lw_buf_printf(out, "%-12s %llu of the blobs (%s) do not travel%s\n",
		      "increment:", (unsigned long long)c->have_blobs,
		      lw_num_human_size(c->have_bytes, human),
		      shape == WIDE && c->n_since ? "; it follows:" : "");
	for (size_t i = 0; shape == WIDE && i < c->n_since; i++)
		lw_buf_printf(out, "  %s\n", lw_digest_text(&c->since[i], text));
}

static void approval_lines(const struct lw_explain *x, enum shape shape, struct lw_buf *out)
{
	size_t most = shape == PAGE ? SLIP_APPROVALS : LW_MAX_APPROVALS;
	char hex[65];

	lw_buf_printf(out, "%-12s %zu%s\n", "approvals:", x->seal->n_signatures,
		      x->seal->n_signatures ? ", by keys (as claimed, not checked here):" : "");
	for (size_t i = 0; i < x->seal->n_signatures && i < most; i++)
		lw_buf_printf(out, "%ssha256:%s\n", shape == PAGE ? "" : "  ",
			      lw_digest_hex(&x->seal->signatures[i].keyid, hex));
	if (x->seal->n_signatures > most)
		lw_buf_printf(out, "and %zu more\n", x->seal->n_signatures - most);
}

static void image_lines(const struct lw_image *image, struct lw_buf *out)
{
	char name[LW_MAX_REFERENCE + 1], digest[LW_DIGEST_TEXT];
	unsigned found[LW_MECHANISM_COUNT] = { 0 };

	lw_buf_adds(out, "  ");
	lw_text_append(out, lw_span_str(lw_reference_text(&image->name, name)));
	lw_buf_printf(out, "\n    %s\n", lw_digest_text(&image->digest, digest));
	if (image->made)
		lw_buf_adds(out, "    " LW_CONTENTS_MADE
				 ": the sender made the manifest, of a docker-archive\n");
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

/* What is carried of it is the same: where it came from is only information. */
static bool same_image(const struct lw_image *a, const struct lw_image *b)
{
	bool same = lw_digest_equal(&a->digest, &b->digest) && a->n_omitted == b->n_omitted &&
		    a->n_evidence == b->n_evidence;

	for (size_t i = 0; same && i < a->n_omitted; i++)
		same = lw_digest_equal(&a->omitted[i], &b->omitted[i]);
	for (size_t i = 0; same && i < a->n_evidence; i++) {
		const struct lw_evidence *x = &a->evidence[i], *y = &b->evidence[i];

		same = x->mechanism == y->mechanism &&
		       lw_digest_equal(&x->digest, &y->digest) &&
		       lw_digest_equal(&x->subject, &y->subject);
	}
	return same;
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

		if (c != 0 || !same_image(&a->images[i], &b->images[k])) {
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

static void carried_lines(const struct lw_contents *c, struct lw_buf *out)
{
	char time[LW_TIME_TEXT];

	for (size_t i = 0; i < c->n_carried; i++)
		lw_buf_printf(out, "%-12s %s: files %zu, roots up to %lld, looked for at %s\n",
			      i ? "" : "tuf:", c->carried[i].repository, c->carried[i].n_files,
			      (long long)c->carried[i].newest_root,
			      lw_time_format(c->carried[i].looked, time));
}

void lw_explain_text(const struct lw_explain *x, struct lw_buf *out)
{
	statement_lines(x, WIDE, out);
	approval_lines(x, WIDE, out);
	lw_buf_printf(out, "%-12s %zu, in %llu blobs\n", "images:", x->contents->n_images,
		      (unsigned long long)x->contents->entries_blobs);
	prerequisite_lines(x, WIDE, out);
	for (size_t i = 0; i < x->contents->n_images; i++)
		image_lines(&x->contents->images[i], out);
	carried_lines(x->contents, out);
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

/* As many images as there are lines for; a printer folds a long name. */
static void slip_images(const struct lw_contents *c, size_t lines, struct lw_buf *out)
{
	char name[LW_MAX_REFERENCE + 1];
	size_t i = 0;

	lw_buf_printf(out, "%-12s %zu\n", "images:", c->n_images);
	for (; i < c->n_images; i++) {
		size_t n = strlen(lw_reference_text(&c->images[i].name, name));
		size_t takes = (n + 2 + SLIP_COLUMNS - 1) / SLIP_COLUMNS;

		if (takes > lines)
			break;
		lines -= takes;
		lw_buf_adds(out, "  ");
		lw_text_append(out, lw_span_str(name));
		lw_buf_addc(out, '\n');
	}
	if (i < c->n_images)
		lw_buf_printf(out, "  and %zu more\n", c->n_images - i);
}

/* One page: at most 60 lines, of which some 35 are taken by what is always there. */
void lw_explain_slip(const struct lw_explain *x, struct lw_buf *out)
{
	static const char rule[] =
		"------------------------------------------------------------------------\n";

	centred(out, x->statement->marking);
	lw_buf_adds(out, rule);
	centred(out, "LANDWAITER TRANSFER SLIP");
	lw_buf_adds(out, rule);
	statement_lines(x, PAGE, out);
	prerequisite_lines(x, PAGE, out);
	approval_lines(x, PAGE, out);
	slip_images(x->contents, SLIP_IMAGES, out);
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
	if (x->supplement) {
		lw_json_w_key(&w, "supplement");
		lw_json_w_bool(&w, true);
	}
	if (x->volume > 0)
		lw_json_w_member_integer(&w, "volume", (int64_t)x->volume);
	lw_json_w_end_object(&w);
	lw_json_w_finish(&w);
	lw_buf_addc(out, '\n');
}
