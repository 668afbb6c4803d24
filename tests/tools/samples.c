/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mutation test of genuine evidence: bytes of tests/samples/cosign flipped, in what is
 * signed and in what carries it.
 *
 *	samples [-f] [-s K/N] FOLDER
 *
 * Every layer that a judge reads is extracted and heard with all keys of FOLDER/keys, once as
 * cosign made it and then with one bit flipped, in the layer or in the manifest around it. -f:
 * every bit of every byte, not a sample with a fixed seed. -s: every Nth of them, from the Kth.
 *
 * The oracle: what is still good says, byte for byte, what the same signer signed in the
 * original.
 */

#include "base/fs.h"
#include "base/mem.h"
#include "tests/lib/random.h"
#include "verify/testimony.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

#define STRIDE 29

static struct lw_error error;
static struct lw_policy *policy;
static struct lw_random rng;
static bool full;
/* Every `shares`th mutant, the first of them number `share`. */
static unsigned share, shares = 1;
static int keys, blobs;

static void must(int r, const char *what)
{
	if (r < 0)
		errx(2, "%s: %s", what, error.text);
}

/* ---- the policy: a signer for each key ---- */

static int read_key(void *data, const char *name, struct lw_buf *out, struct lw_error *e)
{
	(void)data;
	return lw_fs_read_beneath(keys, name, LW_MAX_KEY_BYTES, out, e);
}

static void make_policy(void)
{
	static const char *const names[] = { "ed25519", "p256",	   "p384",    "p521",
					     "rsa2048", "rsa4096", "stranger" };
	const struct lw_policy_files files = { .read = read_key };
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, "{\"format\":\"landwaiter-policy/1\",\"senders\":{},\"images\":[],"
			"\"signers\":{");
	for (size_t i = 0; i < LW_COUNT_OF(names); i++)
		lw_buf_printf(
			&b,
			"%s\"%s\":{\"keys\":[{\"kind\":\"cosign-key\",\"file\":\"%s.pub\"}]}",
			i ? "," : "", names[i], names[i]);
	lw_buf_adds(&b, "}}");
	must(lw_policy_parse(lw_buf_span(&b), &files, &policy, &error), "policy");
}

/* ---- hearing ---- */

/* What was heard of one signature. */
struct heard {
	enum lw_testimony_state state;
	size_t signer;
	struct lw_digest words; /* of all bytes that were signed */
	struct lw_digest said;	/* of the bytes that were read, and their type */
};

static const struct lw_json *member(const struct lw_json *object, const char *name)
{
	const struct lw_json *m =
		object && lw_json_type(object) == LW_JSON_OBJECT ? lw_json_first(object) : NULL;

	while (m && strcmp(lw_json_key(m), name) != 0)
		m = lw_json_next(m);
	return m;
}

/* Hears a piece's signatures, at most 16. */
static size_t hear(const struct lw_piece *piece, struct heard out[static 16])
{
	static const size_t all[] = { 0, 1, 2, 3, 4, 5, 6 };
	const struct lw_judge *judge = lw_judge_for(piece->media_type);
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf message = { 0 };
	size_t n;

	if (!judge || !judge->extract)
		return 0;
	judge->extract(piece, &x);
	if (x.state == LW_EXTRACTED_SIGNED)
		lw_extracted_message(&x, piece->bytes, &message);
	n = x.n_signatures;
	for (size_t i = 0; i < n; i++) {
		struct lw_testimony t = { 0 };

		lw_testimony_hear(policy, judge, &x, i, piece->bytes, all, LW_COUNT_OF(all),
				  &t);
		out[i] = (struct heard){ .state = t.state,
					 .signer = t.signer,
					 .words = lw_digest_of(lw_buf_span(&message)) };
		if (t.state == LW_TESTIMONY_GOOD)
			out[i].said = lw_digest_of(lw_span_str(t.said.type));
		lw_testimony_release(&t);
	}
	return n;
}

/* ---- mutants ---- */

static struct {
	size_t pieces, signatures, tried, good, unchecked, bad, none, wrong;
} count;

static void compare(const struct lw_piece *piece, const struct heard *original, size_t n,
		    const char *where, size_t at)
{
	struct heard now[16];
	size_t heard = hear(piece, now);

	count.tried++;
	count.none += heard == 0;
	for (size_t i = 0; i < heard; i++) {
		bool same = false;

		count.good += now[i].state == LW_TESTIMONY_GOOD;
		count.unchecked += now[i].state == LW_TESTIMONY_UNCHECKED;
		count.bad += now[i].state == LW_TESTIMONY_BAD;
		for (size_t k = 0; k < n && !same; k++)
			same = original[k].state == LW_TESTIMONY_GOOD &&
			       original[k].signer == now[i].signer &&
			       lw_digest_equal(&original[k].words, &now[i].words) &&
			       lw_digest_equal(&original[k].said, &now[i].said);
		if (now[i].state != LW_TESTIMONY_GOOD || same)
			continue;
		count.wrong++;
		(void)printf("# byte %zu of %s: good, and it says something else\n", at, where);
	}
}

static bool ours(void)
{
	static size_t n;

	return n++ % shares == share;
}

static size_t first(void)
{
	return full ? 0 : lw_random_below(&rng, STRIDE);
}

static size_t step(void)
{
	return full ? 1 : STRIDE;
}

/* The layer's own bytes. */
static void flip_piece(struct lw_piece piece, const struct heard *original, size_t n,
		       const char *where)
{
	LW_AUTO(buf) struct lw_buf copy = { 0 };

	lw_buf_add(&copy, piece.bytes.p, piece.bytes.n);
	piece.bytes = lw_buf_span(&copy);
	for (size_t i = first(); i < copy.n; i += step())
		for (unsigned bit = full ? 0 : (unsigned)i % 8, k = 0; k < (full ? 8 : 1);
		     k++, bit++) {
			if (!ours())
				continue;
			copy.p[i] ^= (uint8_t)(1u << bit);
			compare(&piece, original, n, where, i);
			copy.p[i] ^= (uint8_t)(1u << bit);
		}
}

static int read_blob(const char *digest, struct lw_buf *out)
{
	return strncmp(digest, "sha256:", 7) == 0 && !strchr(digest, '/')
		       ? lw_fs_read_beneath(blobs, digest + 7, LW_MAX_EVIDENCE_BYTES, out,
					    &error)
		       : -LW_E_NOTFOUND;
}

/* Layer number `number` of a manifest as it stands here; false where there is none such, or no
 * bytes that it names. */
static bool piece_of(const struct lw_json_doc *doc, size_t number, struct lw_buf *bytes,
		     struct lw_piece *ret)
{
	const struct lw_json *layers = member(lw_json_root(doc), "layers"), *layer;
	const char *type, *digest;

	if (!layers || lw_json_type(layers) != LW_JSON_ARRAY)
		return false;
	layer = lw_json_first(layers);
	while (layer && number-- > 0)
		layer = lw_json_next(layer);
	type = member(layer, "mediaType") ? lw_json_string(member(layer, "mediaType")) : NULL;
	digest = member(layer, "digest") ? lw_json_string(member(layer, "digest")) : NULL;
	if (!type || !digest || read_blob(digest, bytes) < 0)
		return false;
	ret->media_type = type;
	ret->bytes = lw_buf_span(bytes);
	ret->annotations = member(layer, "annotations");
	if (ret->annotations && lw_json_type(ret->annotations) != LW_JSON_OBJECT)
		ret->annotations = NULL;
	return true;
}

/* The manifest around it: which annotations, which type, which bytes. */
static void flip_manifest(struct lw_span manifest, size_t number, const struct heard *original,
			  size_t n, const char *where)
{
	LW_AUTO(buf) struct lw_buf copy = { 0 };

	lw_buf_add(&copy, manifest.p, manifest.n);
	for (size_t i = first(); i < copy.n; i += step())
		for (unsigned bit = full ? 0 : (unsigned)i % 8, k = 0; k < (full ? 8 : 1);
		     k++, bit++) {
			LW_AUTO(json) struct lw_json_doc *doc = NULL;
			LW_AUTO(buf) struct lw_buf bytes = { 0 };
			struct lw_piece piece;

			if (!ours())
				continue;
			copy.p[i] ^= (uint8_t)(1u << bit);
			if (lw_json_parse(lw_buf_span(&copy), &LW_JSON_FOREIGN, &doc, &error) ==
				    0 &&
			    piece_of(doc, number, &bytes, &piece)) {
				compare(&piece, original, n, where, i);
			} else {
				count.tried++;
				count.none++;
			}
			copy.p[i] ^= (uint8_t)(1u << bit);
		}
}

static void flip_all(const char *name)
{
	LW_AUTO(buf) struct lw_buf manifest = { 0 };
	LW_AUTO(json) struct lw_json_doc *doc = NULL;

	must(lw_fs_read_beneath(blobs, name, LW_MAX_EVIDENCE_BYTES, &manifest, &error), name);
	if (lw_json_parse(lw_buf_span(&manifest), &LW_JSON_FOREIGN, &doc, &error) < 0)
		return;
	for (size_t number = 0;; number++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		struct lw_piece piece = { 0 };
		struct heard original[16];
		size_t n;

		if (!piece_of(doc, number, &bytes, &piece))
			return;
		n = hear(&piece, original);
		if (n == 0)
			continue;
		count.pieces++;
		for (size_t i = 0; i < n; i++)
			count.signatures += original[i].state == LW_TESTIMONY_GOOD;
		flip_piece(piece, original, n, name);
		flip_manifest(lw_buf_span(&manifest), number, original, n, name);
	}
}

static int open_folder(const char *top, const char *name)
{
	lw_auto_free char *path = lw_asprintf("%s/%s", top, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	lw_auto_free char *path = NULL;
	int n, option;

	while ((option = getopt(argc, argv, "fs:")) != -1) {
		if (option == 'f')
			full = true;
		else if (option != 's' || sscanf(optarg, "%u/%u", &share, &shares) != 2 ||
			 share-- == 0 || share >= shares)
			optind = argc;
	}
	if (argc - optind != 1)
		errx(2, "usage: samples [-f] [-s K/N] FOLDER");
	rng = lw_random_from(20261123);
	keys = open_folder(argv[optind], "keys");
	blobs = open_folder(argv[optind], "layout/blobs/sha256");
	path = lw_asprintf("%s/layout/blobs/sha256", argv[optind]);
	make_policy();
	lw_key_prepare();
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			flip_all(names[i]->d_name);
		free(names[i]);
	}
	free(names);
	(void)printf("# %zu pieces with %zu good signatures; %zu mutants: %zu say nothing, %zu "
		     "bad, %zu unchecked, %zu good as before\n",
		     count.pieces, count.signatures, count.tried, count.none, count.bad,
		     count.unchecked, count.good);
	(void)printf("%s 1 - genuine signatures are good\n",
		     count.signatures >= 50 ? "ok" : "not ok");
	(void)printf("%s 2 - of %zu mutants, what is good says what was signed\n",
		     count.wrong == 0 && count.tried > 0 && count.bad > 0 && count.good > 0
			     ? "ok"
			     : "not ok",
		     count.tried);
	(void)printf("1..2\n");
	lw_policy_free(policy);
	return count.wrong > 0;
}
