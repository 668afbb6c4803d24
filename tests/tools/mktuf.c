/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes a large TUF repository to measure with, all of it signed by one Ed25519 key:
 *
 *	mktuf targets KEY.pem DIR N
 *		N targets in targets.json: n/000000 ...
 *	mktuf bins KEY.pem DIR BITS
 *		2^BITS succinct hashed bins (TAP 15), all empty but that of n/000000
 *
 * DIR must not exist yet. The bytes of n/000000 are its path, and are there.
 */

#include "base/buf.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "keys/private.h"
#include "verify/tuf_metadata.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define COMMON "\"expires\":\"2099-01-01T00:00:00Z\","
#define ASKED  "n/000000"

static struct lw_error error;
static struct lw_private_key *key;
static char public_hex[65];
static int metadata = -1;

static void must(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, error.text);
}

static void write_at(int dir, const char *name, struct lw_span bytes)
{
	lw_auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", name);
	must(lw_fs_write(fd, bytes.p, bytes.n, &error), name);
}

static void sign(const struct lw_buf *body, struct lw_buf *file)
{
	LW_AUTO(buf) struct lw_buf sig = { 0 };
	char hex[129];

	must(lw_private_key_sign(key, lw_buf_span(body), &sig, &error), "signing");
	if (sig.n != 64)
		errx(1, "want a key of type ed25519");
	lw_buf_clear(file);
	lw_buf_printf(file, "{\"signatures\":[{\"keyid\":\"k\",\"sig\":\"%s\"}],\"signed\":",
		      lw_hex_encode(lw_buf_span(&sig), hex));
	lw_buf_add(file, body->p, body->n);
	lw_buf_addc(file, '}');
}

/* The bodies are written in the form that is signed. */
static void put(const char *name, const struct lw_buf *body)
{
	LW_AUTO(buf) struct lw_buf file = { 0 };

	sign(body, &file);
	write_at(metadata, name, lw_buf_span(&file));
}

static void put_keys(struct lw_buf *out)
{
	lw_buf_printf(out,
		      "\"keys\":{\"k\":{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"%s\"},"
		      "\"scheme\":\"ed25519\"}}",
		      public_hex);
}

static void put_root(void)
{
	static const char *const roles[] = { "root", "snapshot", "targets", "timestamp" };
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, "{\"_type\":\"root\",\"consistent_snapshot\":true," COMMON);
	put_keys(&b);
	lw_buf_adds(&b, ",\"roles\":{");
	for (size_t i = 0; i < LW_COUNT_OF(roles); i++)
		lw_buf_printf(&b, "%s\"%s\":{\"keyids\":[\"k\"],\"threshold\":1}", i ? "," : "",
			      roles[i]);
	lw_buf_adds(&b, "},\"spec_version\":\"1.0.34\",\"version\":1}");
	put("1.root.json", &b);
}

static void put_timestamp(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_buf_adds(&b, "{\"_type\":\"timestamp\"," COMMON
			"\"meta\":{\"snapshot.json\":{\"version\":1}},"
			"\"spec_version\":\"1.0.34\",\"version\":1}");
	put("timestamp.json", &b);
}

static void begin_targets(struct lw_buf *b)
{
	lw_buf_adds(b, "{\"_type\":\"targets\",");
}

static void put_target(const char *path, struct lw_buf *out)
{
	struct lw_digest d = lw_digest_of(lw_span_str(path));
	char hex[65];

	lw_buf_printf(out, "\"%s\":{\"hashes\":{\"sha256\":\"%s\"},\"length\":%zu}", path,
		      lw_digest_hex(&d, hex), strlen(path));
}

static void end_targets(struct lw_buf *b)
{
	lw_buf_adds(b, "},\"version\":1}");
}

/* Snapshot of targets and of 2^bits bins, which stand before them. */
static void put_snapshot(const struct lw_tuf_bins *bins)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	unsigned digits = bins ? (bins->bits + 3) / 4 : 0;

	lw_buf_adds(&b, "{\"_type\":\"snapshot\"," COMMON "\"meta\":{");
	for (unsigned i = 0; bins && i < 1u << bins->bits; i++)
		lw_buf_printf(&b, "\"bin-%0*x.json\":{\"version\":1},", (int)digits, i);
	lw_buf_adds(&b, "\"targets.json\":{\"version\":1}},"
			"\"spec_version\":\"1.0.34\",\"version\":1}");
	put("1.snapshot.json", &b);
}

static void many_targets(unsigned long n)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	begin_targets(&b);
	lw_buf_adds(&b, COMMON "\"spec_version\":\"1.0.34\",\"targets\":{");
	for (unsigned long i = 0; i < n; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "n/%06lu", i);
		lw_buf_adds(&b, i ? "," : "");
		put_target(path, &b);
	}
	end_targets(&b);
	put("1.targets.json", &b);
	put_snapshot(NULL);
}

static void bin_file(bool full, struct lw_buf *file)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	begin_targets(&b);
	lw_buf_adds(&b, COMMON "\"spec_version\":\"1.0.34\",\"targets\":{");
	if (full)
		put_target(ASKED, &b);
	end_targets(&b);
	sign(&b, file);
}

static void many_bins(unsigned bits)
{
	const struct lw_tuf_bins bins = { .bits = bits, .prefix = "bin" };
	LW_AUTO(buf) struct lw_buf b = { 0 }, empty = { 0 }, full = { 0 };
	char its[LW_MAX_TUF_ROLE + 1];

	begin_targets(&b);
	lw_buf_adds(&b, "\"delegations\":{");
	put_keys(&b);
	lw_buf_printf(&b,
		      ",\"succinct_roles\":{\"bit_length\":%u,\"keyids\":[\"k\"],"
		      "\"name_prefix\":\"bin\",\"threshold\":1}},",
		      bits);
	lw_buf_adds(&b, COMMON "\"spec_version\":\"1.0.34\",\"targets\":{");
	end_targets(&b);
	put("1.targets.json", &b);
	put_snapshot(&bins);
	bin_file(false, &empty);
	bin_file(true, &full);
	lw_tuf_bin_name(&bins, ASKED, its, sizeof(its));
	for (unsigned i = 0; i < 1u << bits; i++) {
		lw_auto_free char *name = lw_asprintf("bin-%0*x", (int)(bits + 3) / 4, i);
		lw_auto_free char *file = lw_asprintf("1.%s.json", name);

		write_at(metadata, file, lw_buf_span(strcmp(name, its) == 0 ? &full : &empty));
	}
}

static void open_all(const char *pem, const char *dir)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 }, der = { 0 };
	lw_auto_free char *file = NULL;
	struct lw_digest d = lw_digest_of(lw_span_str(ASKED));
	lw_auto_fd int top = -1, n = -1;
	char hex[65];

	must(lw_fs_read_path(pem, LW_MAX_KEY_BYTES, &bytes, &error), pem);
	must(lw_private_key_parse(lw_buf_span(&bytes), NULL, &key, &error), pem);
	must(lw_private_key_public(key, &der, &error), pem);
	if (der.n != 44)
		errx(1, "%s: want a key of type ed25519", pem);
	(void)lw_hex_encode(lw_span(der.p + 12, 32), public_hex);
	if (mkdir(dir, 0755) < 0)
		err(1, "%s", dir);
	must(lw_fs_open_dir(dir, &top, &error), dir);
	if (mkdirat(top, "metadata", 0755) < 0 || mkdirat(top, "targets", 0755) < 0 ||
	    mkdirat(top, "targets/n", 0755) < 0)
		err(1, "%s", dir);
	metadata = openat(top, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = openat(top, "targets/n", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = lw_asprintf("%s.%s", lw_digest_hex(&d, hex), ASKED + 2);
	write_at(n, file, lw_span_str(ASKED));
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
	bool bins = argc == 5 && strcmp(argv[1], "bins") == 0;

	if (n == 0 || n > (bins ? LW_MAX_TUF_BIN_BITS : 1000000) ||
	    (!bins && strcmp(argv[1], "targets") != 0))
		errx(2, "want targets|bins KEY.pem DIR N");
	open_all(argv[2], argv[3]);
	put_root();
	put_timestamp();
	if (bins)
		many_bins((unsigned)n);
	else
		many_targets(n);
	lw_private_key_free(key);
	(void)close(metadata);
	return 0;
}
